"""The times of rows in the time zone of their import."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple
from zoneinfo import ZoneInfo

from handlers.imports.moments import Instant, instant_of
from handlers.imports.refusals import Unreadable
from handlers.imports.rows import Action, CashMove, Noticed, ReportedFill, Row, RowReason


class Placed(NamedTuple):
    """A row whose times all have an offset, and the instant of each thing that it says."""

    row: Row
    instants: tuple[Instant, ...]


def placed(row: Row, zone: ZoneInfo) -> Placed:
    """The row with its times in the zone, where they say none; a row with an error if one has no instant."""
    try:
        instants = tuple([instant_of(what.at, zone, day_only=what.day_only) for what in row.found])
    except Unreadable as error:
        return Placed(replace(row, found=(), error=error.reason, detail=error.detail), ())
    moved = [Noticed(RowReason.TIME_MOVED, each.moved) for each in instants if each.moved is not None]
    found = tuple(map(_at, row.found, instants))
    return Placed(replace(row, found=found, warnings=(*row.warnings, *moved)), instants)


def _at(what: ReportedFill | CashMove | Action, when: Instant) -> ReportedFill | CashMove | Action:
    return what if what.at == when.at and what.at.tzinfo is not None else replace(what, at=when.at)
