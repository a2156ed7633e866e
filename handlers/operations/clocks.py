"""Reads a clock and included trades from parameters."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import time

from handlers.faults import UNKNOWN_TIME_ZONE
from handlers.journal.stats.clock import Clock, UnknownTimeZone, Weekday, time_zone
from handlers.web.problems import BadField, rule_broken


def clock_of(zone: str | None, day_starts_at: str, week_starts_on: str = Weekday.MONDAY) -> Clock:
    """The clock of the parameters timeZone, dayStartsAt, weekStartsOn. Raises Problem for an unknown time zone."""
    try:
        found = None if zone is None else time_zone(zone)
    except UnknownTimeZone:
        raise rule_broken([BadField("query", "/timeZone", UNKNOWN_TIME_ZONE)]) from None
    return Clock(zone=found, day_starts_at=time.fromisoformat(day_starts_at), week_starts_on=Weekday(week_starts_on))


def included_trades(includes: Iterable[str]) -> frozenset[str]:
    """The ids in the parameter `includes`, whose items are `<tradeId>@<version>`."""
    return frozenset(each.partition("@")[0].lower() for each in includes)
