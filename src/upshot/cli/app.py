"""The click group: finds commands on first use, and turns every error into a code and a line."""

import io
import logging
import os
import sys
import traceback
from collections.abc import Sequence
from difflib import get_close_matches
from importlib import import_module
from typing import Final

import click

from upshot.cli import exits
from upshot.cli.options import Shared, shared_options

COMMANDS: Final = ("demo", "get", "list", "check", "settings")


class _Lazy(click.Group):
    """A group whose commands are modules, imported when they are named."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"upshot.cli.commands.{cmd_name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if self.get_command(ctx, name) is None:
            near = get_close_matches(name, COMMANDS, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(COMMANDS)}"
            raise click.UsageError(f"no such command {name!r}; {hint}", ctx)
        return super().resolve_command(ctx, args)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        with formatter.section("Exit codes"):
            formatter.write_dl([(str(code), meaning) for code, meaning in exits.TABLE])


def _show_version(ctx: click.Context, _param: click.Parameter, wanted: bool) -> None:  # noqa: FBT001 click's own signature
    if wanted and not ctx.resilient_parsing:
        from importlib.metadata import version

        click.echo(f"upshot {version('upshot')}")
        ctx.exit()


@click.group(
    cls=_Lazy,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_version,
    help="Show the version and exit.",
)
@shared_options
def cli() -> None:
    """Keep what your tasks return, and read it back from anywhere.

    Start with `upshot demo`: it runs a real job and shows where the results lie. Every command
    reads the same store: the one --backend names, else the one UPSHOT_BACKEND names, else an
    SQLite file in your state directory.
    """


def run(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    Args:
        argv: the arguments after the program's name; None takes those of the process.
    """
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure:
            reconfigure(errors="backslashreplace")
    shared = Shared()
    log = logging.getLogger("upshot")
    handler = _DebugLog(shared)
    log.addHandler(handler)
    try:
        code = _invoke(argv, shared)
        sys.stdout.flush()
    except BrokenPipeError:
        _silence_stdout()
        return exits.BROKEN_PIPE
    finally:
        log.removeHandler(handler)
    return code


class _DebugLog(logging.Handler):
    """Shows what the library logs, with --debug; otherwise a command says what matters itself."""

    def __init__(self, shared: Shared) -> None:
        super().__init__()
        self._shared = shared
        self.setFormatter(logging.Formatter("%(name)s: %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        if self._shared.debug:
            _complain_raw(self.format(record))


def _invoke(argv: Sequence[str] | None, shared: Shared) -> int:
    from upshot.cli.screen import complain

    given = sys.argv[1:] if argv is None else argv
    try:
        # Not `cli.main`, which ends the process itself when a pipe closes.
        with cli.make_context("upshot", list(given), obj=shared) as ctx:
            answer = cli.invoke(ctx)
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.UsageError as error:
        return _misused(error)
    except (click.Abort, KeyboardInterrupt):
        complain("interrupted")
        return exits.INTERRUPTED
    except click.ClickException as error:
        complain(exits.worded(ValueError(error.format_message())))
        return exits.BUG
    except Exception as error:  # the last line of defence: a person never sees a bare traceback
        if isinstance(error, BrokenPipeError) and exits.code_of(error) == exits.BUG:
            raise
        if shared.debug:
            show_chain(error)
        complain(exits.worded(error))
        return exits.code_of(error)
    return answer if isinstance(answer, int) else exits.OK


def _misused(error: click.UsageError) -> int:
    from upshot.cli.screen import complain
    from upshot.cli.text import one_line

    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        click.echo(error.format_message())
        return exits.USAGE
    path = error.ctx.command_path if error.ctx else "upshot"
    text = one_line(_wording(error)).removesuffix(".")
    complain(f"{text[:1].lower()}{text[1:]} (see `{path} --help`)")
    return exits.USAGE


def _wording(error: click.UsageError) -> str:
    if not isinstance(error, click.NoSuchOption):
        return error.format_message()
    # Releases of click differ in what they propose.
    known = [] if error.ctx is None else [o for p in error.ctx.command.params for o in p.opts]
    near = get_close_matches(error.option_name, [*known, "--help"], n=1)
    hint = f"; did you mean {near[0]}?" if near else ""
    return f"no such option {error.option_name}{hint}"


def show_chain(error: BaseException) -> None:
    """Print the whole chain of causes of *error* on stderr, secrets masked."""
    _complain_raw("".join(traceback.format_exception(error)).rstrip("\n"))


def _complain_raw(text: str) -> None:
    from upshot.cli.text import clean
    from upshot.urls import mask

    sys.stderr.write(f"{clean(mask(text))}\n")


def _silence_stdout() -> None:
    """Point stdout at nothing, as Python's manual asks: the flush at exit must find a reader."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError):
        sys.stdout = io.StringIO()
