"""The operations that read statistics: fold the day rows that are asked for, and show what follows from them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

from starlette.responses import Response

from handlers.documents.stats import breakdown_document, curve_document, month_document, stats_document
from handlers.journal.breakdown import Grouping, breakdown, dimension_of
from handlers.journal.calendar import days_in, month_of
from handlers.journal.equity import equity_curve
from handlers.journal.rows import Dimension
from handlers.journal.statistics import statistics_of
from handlers.journal.summaries import DaySummary
from handlers.storage import statistics as storage
from handlers.storage.statistics import Standing
from handlers.web.etags import etag, fits_if_none_match
from handlers.web.problems import RULE_BROKEN, BadField, Problem
from handlers.web.responses import reply

# The filters of the contract, and what the rows are kept by.
FILTERS = {
    "symbol": Dimension.SYMBOL,
    "side": Dimension.SIDE,
    "tag": Dimension.TAG,
    "setupType": Dimension.SETUP_TYPE,
}


async def get_stats(
    user: str,
    from_: str | None = None,
    to: str | None = None,
    symbol: str | None = None,
    side: str | None = None,
    tag: str | None = None,
    setup_type: str | None = None,
    opening_balance: str | None = None,
    if_none_match: str | None = None,
) -> Response:
    """getStats."""
    part = _part_of_journal(symbol=symbol, side=side, tag=tag, setupType=setup_type)

    def document(standing: Standing) -> dict[str, Any]:
        days = _days(user, part, from_, to)
        return stats_document(statistics_of(days, _balance(opening_balance)), standing)

    return _answer(user, if_none_match, document)


async def get_equity_curve(
    user: str,
    from_: str | None = None,
    to: str | None = None,
    symbol: str | None = None,
    side: str | None = None,
    tag: str | None = None,
    setup_type: str | None = None,
    opening_balance: str | None = None,
    if_none_match: str | None = None,
) -> Response:
    """getEquityCurve."""
    part = _part_of_journal(symbol=symbol, side=side, tag=tag, setupType=setup_type)

    def document(_: Standing) -> dict[str, Any]:
        return curve_document(equity_curve(_days(user, part, from_, to), _balance(opening_balance)))

    return _answer(user, if_none_match, document)


async def get_calendar(user: str, month: str, if_none_match: str | None = None) -> Response:
    """getCalendar."""
    year, number = (int(part) for part in month.split("-"))

    def document(_: Standing) -> dict[str, Any]:
        span = days_in(year, number)
        return month_document(month_of(year, number, storage.days(user, first=span[0], last=span[-1])))

    return _answer(user, if_none_match, document)


async def get_breakdown(
    user: str, by: str, from_: str | None = None, to: str | None = None, if_none_match: str | None = None
) -> Response:
    """getBreakdown."""
    grouping = Grouping(by)

    def document(_: Standing) -> dict[str, Any]:
        rows = storage.rows(user, dimension_of(grouping), first=_day(from_), last=_day(to))
        return breakdown_document(breakdown(grouping, rows))

    return _answer(user, if_none_match, document)


def _answer(user: str, if_none_match: str | None, document: Callable[[Standing], dict[str, Any]]) -> Response:
    """What the document shows, or 304 when it would show what the client has. Nothing is folded for a 304."""
    standing = storage.standing(user)
    headers = {"ETag": etag(standing.version)}
    if if_none_match is not None and fits_if_none_match(if_none_match, standing.version):
        return reply(304, headers=headers)
    return reply(200, {"basis": "NET", **document(standing)}, headers)


def _part_of_journal(**filters: str | None) -> tuple[Dimension, str | None]:
    """The rows that the filters ask for: rows of two dimensions at once are not kept."""
    given = {name: value for name, value in filters.items() if value is not None}
    if len(given) > 1:
        fields = [BadField("query", f"/{name}", "cannot be combined with another filter") for name in given]
        raise Problem(RULE_BROKEN, "Ask for one symbol, side, tag or setup type, or for none.", fields)
    return next(((FILTERS[name], value) for name, value in given.items()), (Dimension.JOURNAL, None))


def _days(user: str, part: tuple[Dimension, str | None], first: str | None, last: str | None) -> dict[date, DaySummary]:
    dimension, value = part
    return storage.days(user, dimension=dimension, value=value, first=_day(first), last=_day(last))


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def _balance(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
