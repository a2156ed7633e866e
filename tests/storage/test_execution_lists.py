"""Lists of executions."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from handlers.journal.settings import MAIN
from handlers.storage.execution_lists import ExecutionFilter, ExecutionPage, listed

EARLY, LATE = datetime(2026, 1, 5, tzinfo=UTC), datetime(2026, 1, 6, tzinfo=UTC)


@pytest.mark.usefixtures("table")
@pytest.mark.parametrize(("newest_first", "after"), [(False, "2026-01-07"), (True, "2026-01-04")])
def test_a_page_that_would_begin_behind_the_bounds_is_empty(newest_first: bool, after: str) -> None:
    # What bounds the list may have changed since the page before.
    found = listed(
        "user", ExecutionFilter(), [MAIN], first=EARLY, last=LATE, newest_first=newest_first, limit=1, after=after
    )
    assert found == ExecutionPage([], None)
