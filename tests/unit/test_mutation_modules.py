"""`make mutation` covers every module of the domain, and knows the tests of each."""

from pathlib import Path

import pytest

from tests.mutation.modules import NOT_CHANGED, TESTS

ROOT = Path(__file__).parents[2]
DOMAIN = ROOT / "handlers" / "journal"
UNIT_TESTS = ROOT / "tests" / "unit" / "journal"


def test_every_module_of_the_domain_is_changed() -> None:
    modules = (str(path.relative_to(DOMAIN)) for path in DOMAIN.rglob("*.py") if path.name != "__init__.py")
    assert set(TESTS) == {f"handlers/journal/{name}" for name in modules if not name.startswith(NOT_CHANGED)}


@pytest.mark.parametrize("module", TESTS)
def test_the_tests_of_a_module_are_unit_tests_of_the_domain(module: str) -> None:
    """The environment of cosmic-ray has neither boto3 nor Connexion: tests of the API cannot run there."""
    for name in TESTS[module]:
        path = (UNIT_TESTS / name.partition("::")[0]).resolve()
        assert path.exists(), name
        assert path.is_relative_to(UNIT_TESTS), name
