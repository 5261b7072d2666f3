import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

# None of these may be paid for by somebody who only looks at results in SQLite.
UNWANTED = ("sqlalchemy", "redis", "hiredis", "kombu", "celery", "pydantic")

REPORT = """
import json, sys
code = 0
try:
    {what}
except SystemExit as end:
    code = end.code
print()
print(json.dumps([code, sorted({{name.partition(".")[0] for name in sys.modules}})]))
"""

STORE = """
import sys, upshot
backend = upshot.connect(sys.argv[1])
backend.mark_as_done("a-task", {"lines": 3})
backend.mark_as_failure("another", ValueError("no lines"))
backend.close()
"""


def run(code: str, *arguments: str, backend: str = "") -> str:
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env=os.environ | {"UPSHOT_BACKEND": backend},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def loaded(what: str, *arguments: str, backend: str = "") -> tuple[str, set[str]]:
    *lines, last = run(REPORT.format(what=what), *arguments, backend=backend).splitlines()
    code, names = json.loads(last)
    assert not code
    return "\n".join(lines), set(names)


def test_importing_the_package_loads_no_driver_and_no_interface() -> None:
    _, names = loaded("import upshot")
    assert not names & {*UNWANTED, "rich", "click"}
    assert "upshot" in names


def test_help_loads_no_driver() -> None:
    said, names = loaded("import upshot.cli; upshot.cli.main()", "--help")
    assert "demo" in said
    assert not names & set(UNWANTED)


@pytest.mark.store("sqlite")
def test_listing_a_sqlite_store_loads_no_driver_and_no_codec_library(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/results.db"
    run(STORE, url)
    said, names = loaded("import upshot.cli; upshot.cli.main()", "list", "--json", backend=url)
    assert "a-task" in said
    assert "another" in said
    assert not names & set(UNWANTED)
