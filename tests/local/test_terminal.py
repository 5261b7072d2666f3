import sys
from pathlib import Path

import pexpect

from tests.local.scripts import HEAD

BAR = """
from rich.progress import Progress
with Progress() as bar, app:
    shown = bar.add_task("working", total=100)
    for _ in range(10):
        held.delay()
    bar.advance(shown, 1)
    time.sleep(99)
"""


def test_ctrl_c_leaves_a_clean_terminal(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(HEAD + BAR)
    key = tmp_path / "key"
    store = f"sqlite:///{tmp_path / 'results.db'}"
    child = pexpect.spawn(
        sys.executable,
        [str(program), store, str(key)],
        env={"TERM": "xterm"},
        encoding="utf-8",
        timeout=60,
    )
    child.expect_exact("running")
    child.sendintr()
    key.touch()
    child.expect(pexpect.EOF)
    child.close()

    assert child.exitstatus == 130
    assert isinstance(child.before, str)
    assert "Traceback" not in child.before
    assert child.before.rfind("\x1b[?25h") > child.before.rfind("\x1b[?25l")
