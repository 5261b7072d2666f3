"""Notes what ran: outcomes by behaviour, storages by how they were had, and skips, which fail.

A pytest plugin, loaded by tests/conftest.py. Workers attach the markers to each report; only the
controlling process counts, so it works with and without pytest-xdist.
"""

import json
import os
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import final

import pytest

from scripts import behaviours
from tests.servers import provision

# What a run in CI may not do without.
REQUIRED = ("memory", "sqlite", "redis")


@final
@dataclass(slots=True)
class Run:
    """What a run came to.

    Attributes:
        full: nothing was selected by hand, so that gaps are faults.
        covers: outcome of each test, by the id it covers.
        stores: number of outcomes, by storage.
        skipped: tests that were skipped, with the reason.
        counts: number of tests by outcome.
        faults: what makes the run fail beyond failed tests.
    """

    full: bool
    covers: dict[str, dict[str, str]] = field(default_factory=dict)
    stores: dict[str, Counter[str]] = field(default_factory=dict)
    skipped: list[tuple[str, str]] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def note(self, report: pytest.TestReport) -> None:
        """Count one phase of one test; a test passes only if all its phases do."""
        xfailed = hasattr(report, "wasxfail")
        if report.skipped and not xfailed:
            reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else ""
            self.skipped.append((report.nodeid, reason.removeprefix("Skipped: ")))
        if report.passed and (report.when != "call" or xfailed):
            return
        outcome = "xfailed" if xfailed else report.outcome
        self.counts[outcome] += 1
        for name, value in report.user_properties:
            if name == "covers":
                seen = self.covers.setdefault(str(value), {})
                if seen.get(report.nodeid) != "failed":
                    seen[report.nodeid] = outcome
            elif name == "store":
                self.stores.setdefault(str(value), Counter())[outcome] += 1


def faults(run: Run, table: behaviours.Table, *, tier: str, ci: bool) -> list[str]:
    """Return what is wrong with *run* although no test may have failed."""
    found = [f"skipped: {test} ({reason})" for test, reason in run.skipped]
    if not run.full:
        return found
    for identifier, outcomes in sorted(run.covers.items()):
        row = table.rows.get(identifier)
        if row and row.step is None and "passed" not in outcomes.values():
            found.append(f"{identifier} is said to be built, but none of its tests passed")
    if ci and tier == "quick":
        found.extend(
            f"CI must test {name}, but no test of it passed"
            for name in REQUIRED
            if not run.stores.get(name, Counter())["passed"]
        )
    return found


def table_of_stores(run: Run) -> list[str]:
    """Return a line for each storage: how it was had, and what ran on it."""
    lines = []
    for name in provision.REGISTRY:
        had = provision.obtain(name)
        counts = run.stores.get(name, Counter())
        ran = ", ".join(f"{number} {outcome}" for outcome, number in sorted(counts.items()))
        if had.how != "not run" and not ran:
            lines.append(f"{name:<12} not run     no test of this run uses it")
        else:
            lines.append(f"{name:<12} {had.how:<11} {had.detail:<18} {ran}".rstrip())
    return lines


def _is_full(config: pytest.Config) -> bool:
    narrowed = any(config.getoption(name, None) for name in ("keyword", "markexpr", "lf"))
    from_ini = config.args_source is pytest.Config.ArgsSource.TESTPATHS
    return from_ini and not narrowed and not config.getoption("collectonly")


class Reporter:
    """The plugin of the controlling process."""

    def __init__(self, config: pytest.Config) -> None:
        self.run = Run(full=_is_full(config))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.run.note(report)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if session.config.getoption("collectonly"):
            return
        tier = os.environ.get("UPSHOT_TIER", "quick")
        run, table = self.run, behaviours.load()
        run.faults = faults(run, table, tier=tier, ci=os.environ.get("CI") == "true")
        if run.faults and session.exitstatus in {
            pytest.ExitCode.OK,
            pytest.ExitCode.NO_TESTS_COLLECTED,
        }:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        default = session.config.rootpath / ".pytest_cache" / "upshot-report.json"
        path = Path(os.environ.get("UPSHOT_REPORT") or default)
        path.parent.mkdir(parents=True, exist_ok=True)
        content = {
            "tier": tier,
            "full": run.full,
            "exit": int(session.exitstatus),
            "counts": run.counts,
            "covers": run.covers,
            "stores": {
                name: {
                    "how": provision.obtain(name).how,
                    "detail": provision.obtain(name).detail,
                    "tests": run.stores.get(name, {}),
                }
                for name in provision.REGISTRY
            },
            "faults": run.faults,
        }
        path.write_text(json.dumps(content, indent=1, sort_keys=True), encoding="utf-8")

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self.run.full:
            terminalreporter.section("stores")
            for line in table_of_stores(self.run):
                terminalreporter.write_line(line)
        if self.run.faults:
            terminalreporter.section("not acceptable", red=True, bold=True)
            for line in self.run.faults:
                terminalreporter.write_line(line)


def stores_of(item: pytest.Item) -> set[str]:
    """Return the storages *item* uses: by marker, fixture, parameter, or place in tests/stores."""
    said = {str(name) for mark in item.iter_markers("store") for name in mark.args}
    said |= {name.split("_", 1)[0] for name in getattr(item, "fixturenames", ())}
    call = getattr(item, "callspec", None)
    said |= {value for value in call.params.values() if isinstance(value, str)} if call else set()
    tests = Path(__file__).parents[1]
    if item.path.is_relative_to(tests / "stores"):
        place = item.path.relative_to(tests / "stores").with_suffix("")
        said |= {word for part in place.parts for word in part.split("_")}
    return said & provision.REGISTRY.keys()


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Reporter(config), "upshot-reporter")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        for mark in item.iter_markers("covers"):
            item.user_properties += [("covers", name) for name in mark.args]
        item.user_properties += [("store", name) for name in sorted(stores_of(item))]
