"""What runs the pages notices when a page is wrong."""

from pathlib import Path

import pytest

from tests.docs.pages import blocks
from tests.docs.program import run
from tests.docs.shell import same

RIGHT = """\
# Title

```python
# made.py
WORDS = "here I am"
```

```python
import made
print(made.WORDS)
```

```text
here ... am
```

```console
$ python -c 'import made; print(made.WORDS)'
here I am
$ false
$ echo $?
1
```
"""
WRONG = {
    "output": ("here ... am", "there I am", "line 13"),
    "terminal": ("here I am\n$", "there I am\n$", "line 17"),
    "exit code": ("$ echo $?\n1\n", "", "unmentioned"),
    "error": ("print(made.WORDS)\n```\n\n```text", "1 / 0\n```\n\n```text", "line 10"),
}


def test_a_right_page_passes(tmp_path: Path) -> None:
    assert run(RIGHT, tmp_path, {}) == (0, "")


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_page_fails_and_says_where(what: str, tmp_path: Path) -> None:
    right, wrong, where = WRONG[what]
    assert right in RIGHT
    code, said = run(RIGHT.replace(right, wrong, 1), tmp_path, {})
    assert code == 1
    assert where in said


@pytest.mark.parametrize("text", ["```python\nprint(1)\n", "- a list\n  ```python\n  1\n  ```\n"])
def test_a_block_that_would_not_run_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="line"):
        blocks(text)


@pytest.mark.parametrize(
    ("expected", "said"),
    [("a ... c", "a b c"), ("...\nc", "c"), ("...\nc", "a\nb\nc\n"), ("", ""), ("a", "a  \n")],
)
def test_what_is_the_same(expected: str, said: str) -> None:
    same(expected, said, "here")


@pytest.mark.parametrize(
    ("expected", "said"),
    [("a.c", "abc"), ("a ... c", "a b\nb c"), ("", "a"), ("a", ""), ("a", "a\nb"), ("...c", "d")],
)
def test_what_is_not(expected: str, said: str) -> None:
    with pytest.raises(AssertionError, match="here"):
        same(expected, said, "here")
