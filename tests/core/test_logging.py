"""What the library says, and to whom."""

import subprocess
import sys


def test_the_library_is_silent_unless_the_program_listens() -> None:
    script = "import upshot, logging; logging.getLogger('upshot.core').error('for nobody')"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout == done.stderr == ""
