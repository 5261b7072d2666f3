"""`upshot get`: one result, or the members of a group."""

import click

from upshot.cli.options import Shared, at_least, json_option, pass_shared, shared_options


@click.command("get", short_help="Show one result, or a group.")
@click.argument("task_id", metavar="ID")
@click.option("--wait", is_flag=True, help="Wait until it is finished, however long that takes.")
@click.option(
    "--timeout", type=at_least(0, float), metavar="S", help="Wait at most this many seconds."
)
@click.option("--traceback", is_flag=True, help="Show the traceback of a failed task.")
@json_option
@shared_options
@pass_shared
def command(
    shared: Shared,
    *,
    task_id: str,
    wait: bool,
    timeout: float | None,
    traceback: bool,
    as_json: bool,
) -> int:
    """Show the result of a task, or the members of a group.

    Ends with 0 when the task succeeded, 1 when it failed, 3 when it is not finished, 4 when the
    store does not know it. With --wait or --timeout an id that is not known yet is waited for.

    With --json the output is one object: "result" holds the value, "error" the exception. That of
    a group has "counts" and "members" instead.
    """
    from upshot.cli.lookup import members_of, task_of
    from upshot.cli.show import show_group, show_task
    from upshot.cli.store import opened
    from upshot.record import check_id

    try:
        task_id = check_id(task_id)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="ID") from None
    patience = timeout if timeout is not None else None if wait else 0.0
    with opened(shared) as records:
        group = members_of(records, task_id, patience)
        if group is not None:
            return show_group(task_id, group, as_json=as_json)
        record = task_of(records, task_id, patience)
    return show_task(record, as_json=as_json, traceback=traceback)
