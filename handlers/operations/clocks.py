"""Reads a clock and included trades from parameters."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import time

from handlers.journal.stats.clock import Clock, Weekday, time_zone, wrong_zone
from handlers.web.problems import BadField, rule_broken


def clock_of(zone: str | None, day_starts_at: str, week_starts_on: str = Weekday.MONDAY) -> Clock:
    """The clock of the parameters timeZone, dayStartsAt, weekStartsOn. Raises Problem for an unknown time zone."""
    if (fault := wrong_zone(zone)) is not None:
        raise rule_broken([BadField("query", "/timeZone", fault)])
    found = None if zone is None else time_zone(zone)
    return Clock(zone=found, day_starts_at=time.fromisoformat(day_starts_at), week_starts_on=Weekday(week_starts_on))


def included_trades(includes: Iterable[str]) -> frozenset[str]:
    """The ids in the parameter `includes`, whose items are `<tradeId>@<version>`."""
    return frozenset(each.partition("@")[0].lower() for each in includes)
