"""Each contender's process answers each measured operation. `make bench` builds the processes first."""

from __future__ import annotations

import pytest

from benchmarks.requests.processes import CONTENDERS, OPERATIONS, run


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("name", [one.name for one in CONTENDERS])
def test_a_new_process_answers(name: str, operation: str) -> None:
    [contender] = [one for one in CONTENDERS if one.name == name]
    figures = run(contender, operation)
    assert all(figures[kind] > 0 for kind in ("clock", "cold", "warm", "memory"))
