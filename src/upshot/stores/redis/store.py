"""Results in Redis: one string a record, under Celery's keys and in Celery's documents.

A write is one round trip: a script compares the order that stands with the one that arrives,
sets the record with its time to live, and publishes it on the channel of the same name. A key of
another type under a record's name reads as absent and gives way to the next write. So does a
document that does not begin with its state, such as a plain Celery's in YAML.
"""

import logging
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final, final

from upshot.errors import Damaged, Misconfigured
from upshot.stores.contract import Envelope, Listener, Page, Saved, Traits
from upshot.stores.keyvalue import CHORD_SUFFIXES, Keys, envelope_of
from upshot.stores.redis.calls import Calls
from upshot.stores.redis.client import ClientSource
from upshot.stores.redis.link import Command, Source
from upshot.stores.redis.listener import RedisListener
from upshot.stores.redis.options import Options, options_from
from upshot.stores.redis.pool import Borrowed, Links, Pool
from upshot.stores.redis.writes import (
    MAX_VALUE,
    SAVE,
    check_size,
    chunks,
    milliseconds,
    names_of,
    trips,
    write,
)

_log = logging.getLogger(__name__)

_BEAT: Final = 15.0
_SCANS: Final = 10
_WIDE_SCAN: Final = 1000
_TRAITS: Final = Traits(
    form="document",
    guard="atomic",
    expiry="native",
    strong=True,
    max_value=MAX_VALUE,
    survives_restart=False,
)


def from_url(url: str, settings: Mapping[str, Any]) -> "RedisStore":
    """Open the Redis of *url*; the first call connects.

    Args:
        url: such as `redis://user:password@host:6379/0?socket_timeout=5`.
        settings: the settings in force.

    Raises:
        Misconfigured: the URL or one of its options is wrong.
    """
    transport = settings["result_backend_transport_options"]
    return RedisStore(
        options=options_from(url, settings), global_keyprefix=transport.get("global_keyprefix")
    )


@final
class RedisStore:
    """Keeps records, tombstones and small documents in one Redis.

    Args:
        client: a `redis.Redis` of the caller's, whose connections are used and which stays open.
        options: how Redis is reached, where no client is given.
        global_keyprefix: stands before every key and channel.
    """

    def __init__(
        self,
        client: Any = None,
        *,
        options: Options | None = None,
        global_keyprefix: str | None = None,
    ) -> None:
        links: Links
        source: Source
        if client is not None:
            source = ClientSource(client)
            links, patient, self._beat = Borrowed(client, source.where), False, _BEAT
        elif options is not None:
            source, patient, self._beat = options, options.patient, options.health or _BEAT
            links = Pool(
                options,
                limit=options.limit,
                patience=options.timeout,
                health=options.health,
            )
        else:
            raise Misconfigured("a Redis store needs a client, or options made from a URL")
        self._source = source
        self._calls = Calls(links, patient=patient)
        self._keys = Keys.under(global_keyprefix)
        self._silenced = False

    def __repr__(self) -> str:
        return f"<RedisStore {self._source.where}>"

    @property
    def traits(self) -> Traits:
        """See `Store`."""
        return _TRAITS

    def save(self, envelope: Envelope) -> Saved:
        """See `Store.save`."""
        answers = self._calls.run(write(self._keys, envelope), script=SAVE, writes=True)
        return self._saved(answers[-1])

    def save_many(self, envelopes: Sequence[Envelope]) -> Sequence[Saved]:
        """See `Batches.save_many`; very many, or very large ones, take several trips."""
        saved: list[Saved] = []
        for trip in trips([write(self._keys, envelope) for envelope in envelopes]):
            commands = [command for one in trip for command in one]
            answers = iter(self._calls.run(commands, script=SAVE, writes=True))
            for one in trip:
                answer = [next(answers) for _ in one][-1]
                saved.append(self._saved(answer))
        return saved

    def load(self, ids: Collection[str]) -> Mapping[str, Envelope | Damaged]:
        """See `Store.load`; one trip for every 500 ids."""
        found: dict[str, Envelope | Damaged] = {}
        for chunk in chunks(ids):
            names = [self._keys.task(one) for one in chunk]
            (documents,) = self._calls.run([("MGET", *names)])
            for one, document in zip(chunk, documents, strict=True):
                if document is not None:
                    found[one] = envelope_of(one, document)
        return found

    def delete(self, ids: Collection[str]) -> None:
        """See `Store.delete`; one trip for every 500 ids."""
        for chunk in chunks(ids):
            names = [name for one in chunk for name in names_of(self._keys, one)]
            self._calls.run([("UNLINK", *names)], writes=True)

    def close(self) -> None:
        """See `Store.close`; a client that was given stays open."""
        self._calls.links.close()

    def expired(self, ids: Collection[str]) -> frozenset[str]:
        """See `Remembers.expired`; one trip for every 500 ids."""
        gone: set[str] = set()
        for chunk in chunks(ids):
            names = [names_of(self._keys, one) for one in chunk]
            # The tombstones first: one that is seen proves that the record was written before.
            marks, *standing = self._calls.run(
                [
                    ("MGET", *(tombstone for _, tombstone in names)),
                    *(("EXISTS", key) for key, _ in names),
                ]
            )
            gone.update(
                one
                for one, mark, there in zip(chunk, marks, standing, strict=True)
                if mark is not None and not there
            )
        return frozenset(gone)

    def put(
        self, kind: str, key: str, data: bytes, ttl: float | None, *, new: bool = False
    ) -> bool:
        """See `Keeps.put`."""
        check_size(data, f"the {kind} {key!r}")
        command: Command = ("SET", self._keys.kept(kind, key), data)
        if ttl is not None:
            command += ("PX", milliseconds(ttl))
        if new:
            command += ("NX",)
        (answer,) = self._calls.run([command], writes=True, repeat=not new)
        return answer is not None

    def get(self, kind: str, key: str) -> bytes | None:
        """See `Keeps.get`."""
        # Unlike GET this is no error for a key of another type.
        ((data,),) = self._calls.run([("MGET", self._keys.kept(kind, key))])
        return None if data is None else bytes(data)

    def drop(self, kind: str, key: str) -> None:
        """See `Keeps.drop`."""
        self._calls.run([("UNLINK", self._keys.kept(kind, key))], writes=True)

    def scan(self, cursor: str | None, limit: int) -> Page[Envelope | Damaged]:
        """See `Lists.scan`; a few trips a page, the fewer the more of the database is ours."""
        start = self._keys.task("")
        names, following = self._walk(start, cursor, limit)
        if not names:
            return Page((), following)
        (documents,) = self._calls.run([("MGET", *names)])
        items: list[Envelope | Damaged] = []
        for name, document in zip(names, documents, strict=True):
            task_id = name.decode(errors="replace").removeprefix(start)
            if document is None or not task_id:
                continue
            if "\N{REPLACEMENT CHARACTER}" in task_id:
                items.append(Damaged(f"the key {name!r} holds no readable id"))
            else:
                items.append(envelope_of(task_id, document))
        return Page(items, following)

    def names(self, kind: str, prefix: str, cursor: str | None, limit: int) -> Page[str]:
        """See `Lists.names`; a group id that ends like Celery's chord keys is not listed."""
        start = self._keys.kept_prefix(kind)
        found, following = self._walk(start + prefix, cursor, limit)
        keys = [name.decode(errors="replace").removeprefix(start) for name in found]
        chords = CHORD_SUFFIXES if kind == "group" else ()
        return Page([key for key in keys if not key.endswith(chords)], following)

    def listen(self) -> Listener:
        """See `Listens.listen`."""
        listener = RedisListener(self._source, self._keys, beat=self._beat)
        try:
            listener.open()
        except BaseException:
            listener.close()
            raise
        return listener

    def _saved(self, answer: Sequence[Any]) -> Saved:
        accepted, order, *silenced = answer
        if silenced and not self._silenced:
            self._silenced = True
            _log.warning(
                "Redis at %s stores results but does not announce them, so waiters learn of them "
                "late: allow this user PUBLISH on the channels %s* (the server said: %s)",
                self._source.where,
                self._keys.task(""),
                silenced[0].decode(errors="replace"),
            )
        return Saved(bool(accepted), int(order))

    def _walk(self, start: str, cursor: str | None, limit: int) -> tuple[list[bytes], str | None]:
        """Return some keys that begin with *start*, and where to go on."""
        at = cursor or "0"
        if not at.isdecimal():
            raise Misconfigured(f"{cursor!r} is no cursor of a Redis store: begin with None")
        pattern = "".join(f"\\{one}" if one in "\\*?[]" else one for one in start) + "*"
        found: dict[bytes, None] = {}
        count = max(limit, 1)
        for _ in range(_SCANS):
            ((following, names),) = self._calls.run(
                [("SCAN", at, "MATCH", pattern, "COUNT", count)]
            )
            found.update(dict.fromkeys(names))
            at = following.decode()
            if found or at == "0":
                break
            count = max(count, _WIDE_SCAN)
        return list(found), None if at == "0" else at
