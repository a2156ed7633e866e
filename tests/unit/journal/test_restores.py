"""A restore: how long it is kept, when it can be undone, how it moves on."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from handlers.journal.restores import (
    AT_WORK,
    AWAITS_ARCHIVE,
    CAN_BE_UNDONE,
    KEPT_FOR,
    MOST_BYTES,
    MOST_PROBLEMS,
    MOST_RESTORES,
    TIME_TO_SEND,
    Restore,
    RestoreProblem,
    RestoreStatus,
)

MADE = datetime(2026, 1, 5, 10, tzinfo=UTC)
WRITTEN = MADE + timedelta(hours=2)
RESTORE = Restore(user_id="user", restore_id="r", created_at=MADE, updated_at=MADE)


def test_the_limits_are_those_of_the_contract() -> None:
    assert (timedelta(days=1), timedelta(days=7), timedelta(hours=1)) == (KEPT_FOR, CAN_BE_UNDONE, TIME_TO_SEND)
    assert (MOST_BYTES, MOST_RESTORES, MOST_PROBLEMS) == (5_000_000_000, 20, 100)


def test_a_restore_is_kept_for_a_day_and_once_written_until_it_cannot_be_undone() -> None:
    assert RESTORE.expires_at == MADE + KEPT_FOR
    assert replace(RESTORE, written_at=WRITTEN).expires_at == WRITTEN + CAN_BE_UNDONE


@pytest.mark.parametrize("status", RestoreStatus)
def test_what_was_written_can_be_undone_for_seven_days(status: RestoreStatus) -> None:
    written = replace(RESTORE, status=status, written_at=WRITTEN)
    last = written.expires_at - timedelta(microseconds=1)
    assert written.can_be_undone(last) == (status in (RestoreStatus.RESTORED, RestoreStatus.FAILED))
    assert not written.can_be_undone(written.expires_at)
    assert not written.can_be_undone(written.expires_at + timedelta(days=1))
    assert not replace(written, written_at=None).can_be_undone(MADE)


def test_a_restore_that_moves_on_begins_its_next_status_anew() -> None:
    problem = RestoreProblem(code="MALFORMED", detail="is none")
    before = replace(RESTORE, phase="trades", done=7, problems=(problem,), version=3, counts={"trades": 9})
    moved = before.moved(RestoreStatus.CHECKING, WRITTEN)
    assert (moved.status, moved.phase, moved.done, moved.problems) == (RestoreStatus.CHECKING, None, 0, ())
    assert (moved.version, moved.updated_at, moved.counts) == (4, WRITTEN, {"trades": 9})
    assert before.moved(RestoreStatus.FAILED, WRITTEN, problems=(problem,)).problems == (problem,)


def test_a_function_claims_a_restore_for_a_while() -> None:
    claimed = replace(RESTORE, version=3).claimed(WRITTEN)
    assert (claimed.worked_until, claimed.version) == (WRITTEN + timedelta(minutes=15), 4)
    assert replace(claimed, worked_until=None, version=1) == RESTORE


def test_a_status_says_whether_an_archive_may_still_come_and_whether_work_is_done() -> None:
    assert {RestoreStatus.AWAITING_FILE, RestoreStatus.PREVIEW, RestoreStatus.FAILED} == AWAITS_ARCHIVE
    assert {RestoreStatus.CHECKING, RestoreStatus.RESTORING, RestoreStatus.UNDOING} == AT_WORK


def test_a_new_restore_has_written_nothing() -> None:
    assert (RESTORE.done, RESTORE.version, RESTORE.status) == (0, 1, RestoreStatus.AWAITING_FILE)
    assert (RESTORE.only_check, RESTORE.is_planned, RESTORE.is_converted) == (False, False, False)
