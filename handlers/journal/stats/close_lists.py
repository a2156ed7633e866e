"""Lists of trades by when they were closed, from entries: one day of the calendar, or the trades of a range, ranked."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from handlers.journal.money import canonical
from handlers.journal.stats.entries import BookEntry, entries
from handlers.journal.stats.questions import Question, Selected, select
from handlers.journal.trade import Trade


class SortBy(StrEnum):
    """What such a list is sorted by. CLOSE_DATE is the last close, of those that count."""

    OPEN_DATE = "OPEN_DATE"
    CLOSE_DATE = "CLOSE_DATE"
    NET_PNL = "NET_PNL"
    R_MULTIPLE = "R_MULTIPLE"
    SYMBOL = "SYMBOL"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """A trade of the list, and what it is sorted by: an instant in UTC, an amount, a text; None where it has none."""

    trade_id: str
    value: datetime | Decimal | str | None


def ranked(
    stored: Iterable[tuple[date, BookEntry]], question: Question, sort: SortBy, *, flat: bool, descending: bool
) -> list[Ranked]:
    """The trades that fit, in order; those without a value come last, equal ones by their ids.

    With `flat`, the trades that became flat on the question's days, else those that realized money on them.
    """
    latest: dict[str, tuple[datetime, Selected]] = {}
    for one in select(question, stored):
        at = _closed_at(one, flat=flat)
        if at is not None and (one.entry.trade_id not in latest or latest[one.entry.trade_id][0] < at):
            latest[one.entry.trade_id] = at, one
    found = [Ranked(trade_id=trade_id, value=_value(sort, one.entry, at)) for trade_id, (at, one) in latest.items()]
    return sorted(found, key=lambda each: rank(each, descending=descending), reverse=descending)


def rank(each: Ranked, *, descending: bool) -> tuple[bool, Any, str]:
    """What a list is sorted by; a descending list is then reversed."""
    has_none = each.value is None
    return has_none is not descending, "" if has_none else each.value, each.trade_id


def still_fits(trade: Trade, question: Question, *, flat: bool) -> bool:
    """Whether the trade belongs to the list as it is now: its entry may be older."""
    return any(_closed_at(one, flat=flat) is not None for one in select(question, entries(trade).items()))


def text_of(each: Ranked) -> str:
    """The value as a text, from which `ranked_from` makes it again. Empty for none."""
    value = each.value
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return "=" + canonical(value)
    return "=" + (value.isoformat() if isinstance(value, datetime) else value)


def ranked_from(trade_id: str, text: str, sort: SortBy) -> Ranked:
    """The trade with the value that `text_of` wrote as this text."""
    if not text:
        return Ranked(trade_id=trade_id, value=None)
    if sort is SortBy.SYMBOL:
        return Ranked(trade_id=trade_id, value=text[1:])
    is_amount = sort in (SortBy.NET_PNL, SortBy.R_MULTIPLE)
    return Ranked(trade_id=trade_id, value=Decimal(text[1:]) if is_amount else datetime.fromisoformat(text[1:]))


def _closed_at(one: Selected, *, flat: bool) -> datetime | None:
    if flat:
        return None if one.result_day is None or one.entry.result is None else one.entry.result.at
    return max((gain.at for _, gain in one.gains), default=None)


def _value(sort: SortBy, entry: BookEntry, at: datetime) -> datetime | Decimal | str | None:
    if sort is SortBy.OPEN_DATE:
        return entry.opened_at.astimezone(UTC)
    if sort is SortBy.CLOSE_DATE:
        return at.astimezone(UTC)
    if sort is SortBy.SYMBOL:
        return entry.symbol
    return entry.net if sort is SortBy.NET_PNL else entry.r
