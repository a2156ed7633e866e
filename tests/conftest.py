"""Fixtures of all tests: no test has a time limit, and functions may call AWS only as their roles allow."""

import sys
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import settings

settings.register_profile("untimed", settings(), deadline=None)
settings.load_profile("untimed")

# The folders whose tests, together, make every function do all that it can do.
WHOLE = {"tests/api", "tests/statistics"}
# What functions used in the processes of this run, as tests/rights.py records it.
_used: set[tuple[str, str]] = set()
_unused: list[str] = []


@pytest.fixture(autouse=True)
def calls_are_allowed() -> Iterator[None]:
    """Fail a test in which a function did what its role does not allow."""
    yield
    if (rights := sys.modules.get("tests.rights")) and (refused := rights.RECORDER.take_refused()):
        pytest.fail("\n".join(refused), pytrace=False)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Add the rights that a worker's tests have used."""
    _used.update(map(tuple, getattr(node, "workeroutput", {}).get("used_rights", ())))


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail a whole run in which a function used less than its role allows."""
    if rights := sys.modules.get("tests.rights"):
        _used.update(rights.RECORDER.used)
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["used_rights"] = sorted(_used)
    elif _is_whole(session) and not session.testsfailed:
        from tests.rights import unused

        _unused.extend(unused(_used))
        if _unused:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Name the rights and settings that no function used."""
    if _unused:
        terminalreporter.section("rights and settings that no call of the tests has used", red=True)
        for line in _unused:
            terminalreporter.line(line, red=True)


def _is_whole(session: pytest.Session) -> bool:
    given = {argument.rstrip("/") for argument in session.config.args}
    option = session.config.option
    return given >= WHOLE and not (option.keyword or option.markexpr or option.deselect or getattr(option, "lf", False))
