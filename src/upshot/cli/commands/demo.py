"""`upshot demo`: a real job whose results can be looked at afterwards."""

from pathlib import Path

import click

from upshot.cli.options import Shared, at_least, pass_shared, shared_options


@click.command("demo", short_help="Run a real job and watch it.")
@click.argument("directory", required=False, type=click.Path(readable=False, path_type=Path))
@click.option("--limit", type=at_least(1), metavar="N", help="Measure at most N files.")
@shared_options
@pass_shared
def command(shared: Shared, *, directory: Path | None, limit: int | None) -> int:
    """Measure every file of a directory, one task a file, and join the results in a report.

    Python files are compiled, never run: lines, words, functions, longest line. Any other file is
    hashed. Files that cannot be read or compiled are failures, kept like every other result; they
    do not change the exit code. Without a DIRECTORY it is Python's own standard library. Links
    are not followed, and installed packages and caches are left out.
    """
    from upshot.cli.demo import run

    return run(shared, directory, limit)
