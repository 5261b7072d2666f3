import pytest

from tests.servers.provision import DECLARED, REGISTRY, obtain, refusal


@pytest.mark.parametrize(
    ("environ", "root", "apt", "why"),
    [
        ({"UPSHOT_NO_INSTALL": "1"}, True, True, "UPSHOT_NO_INSTALL=1 forbids"),
        ({}, True, False, "no apt"),
        ({}, False, True, "only root"),
    ],
)
def test_a_store_that_may_not_be_installed_says_why(
    environ: dict[str, str], root: bool, apt: bool, why: str
) -> None:
    assert why in str(refusal(environ, root=root, apt=apt))


def test_root_with_apt_may_install() -> None:
    assert refusal({"UPSHOT_NO_INSTALL": "0"}, root=True, apt=True) is None


def test_every_store_says_how_it_is_had() -> None:
    for name in REGISTRY:
        provided = obtain(name)
        assert provided.name == name
        assert provided.detail
        assert name in DECLARED
