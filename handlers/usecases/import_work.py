"""The work on an import that a queue's function carries on, call by call: its checkpoint, its time, its interruptions.

What has been done stands in the import's own record, which is written in the same transaction as what was done. So
nothing is done twice after a crash, and of two calls that work on one import at once, one finds the record changed and
stops.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from handlers.imports.record import MOST_NAMED, Import, ImportApplied, Phase, Progress, Remark
from handlers.storage import account_locks, executions, imports
from handlers.storage.errors import VersionMismatch
from handlers.storage.retry import retry_overtaken

# Seconds that a call keeps for what it has begun.
SECONDS_FOR_THE_REST = 60
# How long others, such as the settler, are waited for.
WAIT = timedelta(seconds=3)


class Paused(Exception):
    """Raised when the rest of the work is another call's, which begins after `delay`."""

    def __init__(self, delay: timedelta = timedelta(0)) -> None:
        super().__init__()
        self.delay = delay


class Overtaken(Exception):
    """Raised when another call has gone on with the same import."""


class Work:
    """The work on one import. `one` is the import as it stands."""

    def __init__(self, one: Import, seconds_left: Callable[[], float]) -> None:
        self.one = one
        self._seconds_left = seconds_left

    @property
    def user(self) -> str:
        """The import's user."""
        return self.one.user_id

    @property
    def account_id(self) -> str:
        """The account of which the file tells."""
        return self.one.options.account_id

    def done(self, phase: Phase) -> int:
        """How many things of a phase are done already."""
        now = self.one.progress
        return now.done if now is not None and now.phase == phase else 0

    def is_past(self, phase: Phase) -> bool:
        """Whether a later phase has begun."""
        order = [*Phase]
        return self.one.progress is not None and order.index(Phase(self.one.progress.phase)) > order.index(phase)

    def check_time(self) -> None:
        """Raise Paused when no time is left to begin anything more."""
        if self._seconds_left() < SECONDS_FOR_THE_REST:
            raise Paused

    def advanced(self, phase: Phase, done: int, total: int, remarks: Sequence[Remark] = (), **counted: int) -> Import:
        """The import with its new progress. counted: by how much each count of `ImportApplied` rises."""
        one = self.one
        sums = {own.name: getattr(one.applied, own.name) + counted.get(own.name, 0) for own in fields(ImportApplied)}
        return replace(
            one,
            version=one.version + 1,
            progress=Progress(phase=phase, done=done, total=total),
            applied=ImportApplied(**sums),
            remarks=(*one.remarks, *remarks)[:MOST_NAMED],
            remarks_made=one.remarks_made + len(remarks),
            updated_at=datetime.now(UTC),
        )

    def writing(self, changed: Import) -> Any:
        """The write of the changed import as a part of a transaction."""
        return imports.replacing(changed, self.one)

    def checkpoint(self, changed: Import) -> None:
        """Write the changed import alone. Raises Overtaken, AccountErased, Busy."""

        def write() -> Import:
            imports.replace(changed, self.one)
            return changed

        self.attempt(write)

    def attempt(self, change: Callable[[], Import]) -> None:
        """Make a change that also writes the import, and returns the import as written; repeat it if anything else that
        it reads was changed meanwhile. Raises Overtaken if the import itself was, Busy, and other errors of `change`.
        """
        self.one = retry_overtaken(lambda: self._once(change))

    def _once(self, change: Callable[[], Import]) -> Import:
        try:
            return change()
        except VersionMismatch:
            if imports.get(self.user, self.one.import_id).version != self.one.version:
                raise Overtaken from None
            raise

    def finish(self, changed: Import) -> None:
        """Write the import as it is in the end, and give its account back. Raises Overtaken, AccountErased, Busy."""

        def write() -> Import:
            give_back = account_locks.giving_back(self.user, self.account_id, self.one.import_id)
            executions.write(self.user, [], None, changed.updated_at, also=[self.writing(changed), give_back])
            return changed

        self.attempt(write)
