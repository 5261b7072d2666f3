"""`upshot list`: what the store holds, newest first."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from upshot.cli.options import Shared, at_least, json_option, pass_shared, shared_options

if TYPE_CHECKING:
    from upshot.cli.listing import Listing, Row

COLUMNS = ("ID", "STATE", "TASK", "AGE", "TOOK", "WORKER")


@click.command("list", short_help="List results, newest first.")
@click.option("--state", "states", multiple=True, metavar="S", help="Only this state; repeatable.")
@click.option("--name", metavar="N", help="Only tasks of this name.")
@click.option("--group", metavar="ID", help="Only members of this group.")
@click.option("--worker", metavar="W", help="Only tasks that this worker ran.")
@click.option("--since", metavar="WHEN", help="Only what changed since 10m, 2h, 7d ago or a time.")
@click.option(
    "-n", "--limit", type=at_least(1), metavar="N", default=20, show_default=True, help="Most rows."
)
@json_option
@shared_options
@pass_shared
def command(
    shared: Shared,
    *,
    states: tuple[str, ...],
    name: str | None,
    group: str | None,
    worker: str | None,
    since: str | None,
    limit: int,
    as_json: bool,
) -> None:
    """List results, newest first, without their values.

    A store without an index is walked through, which takes a moment when it holds many records.
    With --json the output is an array of objects; a record that cannot be read has the state null
    and says why under "unreadable".
    """
    from upshot.cli.listing import collect
    from upshot.cli.store import opened
    from upshot.cli.text import parse_since
    from upshot.stores.contract import Filter

    now = datetime.now(UTC)
    try:
        begin = None if since is None else parse_since(since, now)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--since") from None
    wanted = Filter(
        states=frozenset(map(_known, states)) or None,
        name=name,
        group=group,
        worker=worker,
        since=begin,
    )
    with opened(shared) as records:
        found = collect(records, wanted, limit)
    if as_json:
        from upshot.cli.screen import document

        document([_json(row) for row in found.rows])
    else:
        _print(found, now, narrowed=wanted != Filter())


def _known(state: str) -> str:
    """Return *state* as it is stored: upshot's own names are understood in lower case too."""
    from upshot import states

    upper = state.upper()
    return upper if upper in states.READY_STATES | states.UNREADY_STATES else state


def _json(row: "Row") -> object:
    from upshot.cli.shape import summary_json, unreadable_json
    from upshot.errors import UpshotError

    return unreadable_json(row) if isinstance(row, UpshotError) else summary_json(row)


def _print(found: "Listing", now: datetime, *, narrowed: bool) -> None:
    from upshot.cli.screen import note, say, table

    if not found.rows:
        say("nothing matches" if narrowed else "no results yet; `upshot demo` makes some")
    else:
        rows = [_cells(row, now) for row in found.rows]
        table(COLUMNS, rows, right=("AGE", "TOOK"), cut=("TASK", "WORKER"))
    if found.cut:
        from upshot.cli.listing import WALK_LIMIT

        note(f"only the first {WALK_LIMIT} records that the store gave were looked at")
    elif found.more:
        note(f"there are more than these {len(found.rows)}; --limit shows more")


def _cells(row: "Row", now: datetime) -> tuple[str, ...]:
    from upshot.cli.listing import last_change
    from upshot.cli.text import age, duration
    from upshot.errors import UpshotError

    if isinstance(row, UpshotError):
        return (getattr(row, "task_id", None) or "?", "unreadable", type(row).__name__, "", "", "")
    when = last_change(row)
    took = ""
    if row.started is not None and (row.done is not None or row.state == "STARTED"):
        took = duration(((row.done or now) - row.started).total_seconds())
    known = bool(row.done or row.started or row.created)
    return (
        row.id,
        row.state,
        row.name or "",
        age(when, now) if known else "",
        took,
        row.worker or "",
    )
