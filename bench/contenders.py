"""Who is measured: each stores one value under one id, and reads one back, as directly as it can."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

TTL = 86400


@final
@dataclass(frozen=True, slots=True)
class Contender:
    """One way to keep results.

    Attributes:
        name: "upshot", "celery" or "raw".
        store: stores a finished result: id, value.
        fetch: reads what stands under an id, from the storage and not from a cache.
        close: releases what it opened.
    """

    name: str
    store: Callable[[str, Any], object]
    fetch: Callable[[str], object]
    close: Callable[[], object]


def upshot(url: str) -> Contender:
    """Return upshot's backend over *url*, through the names Celery calls."""
    from upshot import connect

    backend: Any = connect(url)
    return Contender(
        "upshot",
        backend.mark_as_done,
        lambda task_id: backend.get_task_meta(task_id, cache=False),
        backend.close,
    )


def celery(url: str) -> Contender:
    """Return Celery's own backend over *url*."""
    from celery import Celery

    app = Celery("bench", broker="memory://", backend=url, set_as_current=False)
    backend: Any = app.backend
    return Contender(
        "celery",
        backend.mark_as_done,
        lambda task_id: backend.get_task_meta(task_id, cache=False),
        app.close,
    )


def _document(task_id: str, value: Any) -> bytes:
    return json.dumps({"status": "SUCCESS", "result": value, "task_id": task_id}).encode()


def raw_redis(url: str) -> Contender:
    """Return redis-py alone: one pipeline that sets, expires and announces; no guard."""
    import redis

    client = redis.Redis.from_url(url)

    def store(task_id: str, value: Any) -> None:
        document = _document(task_id, value)
        with client.pipeline(transaction=True) as pipeline:
            pipeline.set("raw-" + task_id, document, ex=TTL)
            pipeline.publish("raw-" + task_id, document)
            pipeline.execute()

    return Contender("raw", store, lambda task_id: client.get("raw-" + task_id), client.close)


def raw_sqlite(path: Path) -> Contender:
    """Return sqlite3 alone: one statement a write in WAL mode; no guard."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.execute("CREATE TABLE results (id TEXT PRIMARY KEY, document BLOB) WITHOUT ROWID")
    insert = (
        "INSERT INTO results VALUES (?, ?) ON CONFLICT DO UPDATE SET document=excluded.document"
    )

    def fetch(task_id: str) -> object:
        rows: AbstractContextManager[sqlite3.Cursor] = closing(
            connection.execute("SELECT document FROM results WHERE id = ?", (task_id,))
        )
        with rows as cursor:
            return cursor.fetchone()

    return Contender(
        "raw",
        lambda task_id, value: connection.execute(insert, (task_id, _document(task_id, value))),
        fetch,
        connection.close,
    )
