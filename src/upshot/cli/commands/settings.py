"""`upshot settings`: every setting with its kind, default, unit and meaning."""

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

import click

from upshot.cli.options import json_option, shared_options

if TYPE_CHECKING:
    from upshot.settings import Setting

COLUMNS = ("SETTING", "KIND", "DEFAULT", "UNIT", "MEANING")


@click.command("settings", short_help="Show every setting and what it means.")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@json_option
@shared_options
def command(*, names: tuple[str, ...], as_json: bool) -> None:
    """Show settings: their kind, default, unit and meaning.

    A NAME may hold the wildcards * and ?, as in 'redis_*'; a single one is shown in full. With
    --json the output is an array of objects.
    """
    from upshot.settings import table as every

    chosen = _chosen(every(), names)
    if as_json:
        from upshot.cli.screen import document

        document([_json(setting) for setting in chosen])
    elif len(chosen) == 1:
        from upshot.cli.screen import pairs

        pairs(_details(chosen[0]))
    else:
        from upshot.cli.screen import table

        table(COLUMNS, [_cells(setting) for setting in chosen], fold=("DEFAULT", "MEANING"))


def _chosen(settings: "tuple[Setting, ...]", names: tuple[str, ...]) -> "list[Setting]":
    from upshot.errors import Misconfigured
    from upshot.settings.names import nearest

    known = {setting.name: setting for setting in settings}
    if not names:
        return list(settings)
    chosen: dict[str, Setting] = {}
    for name in names:
        found = [key for key in known if fnmatchcase(key, name.lower())]
        if not found:
            near = nearest(name.lower(), known)
            hint = f"did you mean {near}?" if near else "`upshot settings` lists all of them"
            raise Misconfigured(f"{name!r} is not a setting; {hint}")
        chosen.update((key, known[key]) for key in found)
    return list(chosen.values())


def _cells(setting: "Setting") -> tuple[str, ...]:
    meaning = setting.meaning
    if setting.planned:
        meaning = f"{meaning} (not yet: {setting.planned})"
    return setting.name, setting.kind, _default(setting), setting.unit, meaning


def _details(setting: "Setting") -> dict[str, str]:
    from upshot.settings import UNSET, shown_value

    details = {
        "setting": setting.name,
        "kind": setting.kind + (", or None" if setting.nullable else ""),
        "choices": ", ".join(setting.choices),
        "default": " ".join(filter(None, (_default(setting), setting.unit))),
        "for": setting.scope,
        "meaning": setting.meaning,
        "not yet": setting.planned or "",
    }
    if setting.celery_default is not UNSET:
        details["in Celery"] = shown_value(setting.name, setting.celery_default)
    return {name: text for name, text in details.items() if text}


def _default(setting: "Setting") -> str:
    from upshot.settings import shown_value

    return shown_value(setting.name, setting.default)


def _json(setting: "Setting") -> dict[str, Any]:
    from upshot.cli.shape import plain
    from upshot.settings import UNSET

    celery = setting.default if setting.celery_default is UNSET else setting.celery_default
    return {
        "name": setting.name,
        "kind": setting.kind,
        "default": plain(setting.default),
        "celery_default": plain(celery),
        "unit": setting.unit or None,
        "nullable": setting.nullable,
        "choices": list(setting.choices),
        "scope": setting.scope,
        "meaning": setting.meaning,
        "planned": setting.planned,
    }
