import subprocess
import sys
from pathlib import Path

from upshot.local.naming import task_name

SOURCE = """
from upshot.local import App
app = App(backend="memory://")

class Shop:
    @staticmethod
    def sell(): ...

def outer():
    def inner(): ...
    return inner

print(app.task(outer).name, app.task(Shop.sell).name, app.task(outer()).name)
"""


def run(*args: str, cwd: Path, text: str = "") -> str:
    done = subprocess.run(
        [sys.executable, *args], cwd=cwd, input=text, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_a_module_gives_its_name() -> None:
    assert task_name(subprocess.run) == "subprocess.run"
    assert task_name(subprocess.Popen.wait) == "subprocess.Popen.wait"


def test_a_script_gives_the_stem_of_its_file(tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(SOURCE)

    told = run("shop.py", cwd=tmp_path)

    assert told == "shop.outer shop.Shop.sell shop.outer.<locals>.inner"


def test_a_module_run_by_name_is_called_as_if_it_were_imported(tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "__init__.py").touch()
    (tmp_path / "store" / "shop.py").write_text(SOURCE)

    assert run("-m", "store.shop", cwd=tmp_path).startswith("store.shop.outer ")


def test_typed_in_code_stays_main(tmp_path: Path) -> None:
    assert run("-", cwd=tmp_path, text=SOURCE).startswith("__main__.outer ")
