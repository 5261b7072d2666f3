"""`upshot check`: whether a store can be used, step by step."""

from typing import TYPE_CHECKING, Any

import click

from upshot.cli import exits
from upshot.cli.options import Shared, json_option, pass_shared, shared_options

if TYPE_CHECKING:
    from upshot.ops.health import Step

_STYLES = {"ok": None, "failed": "red", "skipped": "dim"}
_WIDTHS = (10, 8)


@click.command("check", short_help="Try a store step by step.")
@json_option
@shared_options
@pass_shared
def command(shared: Shared, *, as_json: bool) -> int:
    """Try a store: address, driver, connection, writing, reading back, listing, push, deleting.

    The first step that fails is named with its reason. What is written for the check is removed
    again. With --json the output is an object with "ok", "backend" and "steps".
    """
    from upshot.cli.screen import aligned, document, say
    from upshot.cli.store import address
    from upshot.ops.health import check
    from upshot.settings import Settings
    from upshot.urls import mask

    url = address(shared)
    if not as_json:
        say(f"checking {mask(url)}")
    steps = []
    for step in check(url, Settings.from_mapping(None)):
        steps.append(step)
        if not as_json:
            aligned((step.name, step.status, _detail(step)), _WIDTHS, style=_STYLES[step.status])
    failed = steps[-1] if steps[-1].status == "failed" else None
    if as_json:
        document({"ok": failed is None, "backend": mask(url), "steps": [_json(s) for s in steps]})
    if failed is None:
        if not as_json:
            say("this store works")
        return exits.OK
    return _fail(failed, shared)


def _fail(failed: "Step", shared: Shared) -> int:
    from upshot.cli.app import show_chain
    from upshot.cli.screen import complain
    from upshot.cli.text import one_line

    error = failed.error
    if shared.debug and error is not None:
        show_chain(error)
    complain(one_line(f"the step {failed.name!r} failed ({failed.reason}): {failed.detail}"))
    code = exits.BUG if error is None else exits.code_of(error)
    return exits.STORE if code == exits.FAILED else code


def _detail(step: "Step") -> str:
    from upshot.cli.text import one_line

    return step.reason or "" if step.status == "failed" else one_line(step.detail)


def _json(step: "Step") -> dict[str, Any]:
    from upshot.cli.text import one_line

    return {
        "name": step.name,
        "status": step.status,
        "reason": step.reason,
        "detail": one_line(step.detail),
        "seconds": round(step.seconds, 6),
    }
