"""Functions that resume from one snapshot get different random numbers."""

from __future__ import annotations

import importlib
import random
import sys
from collections.abc import Callable
from types import ModuleType

import pytest

from handlers.entry import snapshot


@pytest.fixture
def hooks(monkeypatch: pytest.MonkeyPatch) -> list[Callable[[], object]]:
    """What is done after waking up, as Lambda's runtime is told when a function starts."""
    told: list[Callable[[], object]] = []
    runtime = ModuleType("snapshot_restore_py")
    runtime.register_after_restore = told.append  # type: ignore[attr-defined] # made up
    monkeypatch.setitem(sys.modules, "snapshot_restore_py", runtime)
    importlib.reload(snapshot)
    return told


def test_random_numbers_differ_after_waking_up(hooks: list[Callable[[], object]]) -> None:
    frozen = random.getstate()

    def woken() -> tuple[float, ...]:
        random.setstate(frozen)
        for hook in hooks:
            hook()
        return tuple(random.random() for _ in range(4))

    assert hooks
    assert len({woken() for _ in range(10)}) == 10


def test_a_runtime_without_snapshots_needs_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "snapshot_restore_py", None)
    importlib.reload(snapshot)
