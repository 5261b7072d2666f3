"""The `upshot` command; this package alone uses click and rich, and only once it runs."""

from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    Args:
        argv: the arguments after the program's name; None takes those of the process.
    """
    from upshot.cli.app import run

    return run(argv)
