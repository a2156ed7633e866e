"""The rows that statistics are kept in and read from: one DaySummary for each dimension, value and day.

The whole journal is one dimension, and each symbol, side, tag, ... is a value of another: a filter by one of them folds
that value's days just as the whole journal's are folded, a breakdown folds each value of its dimension. What is read
thus grows with the days and values asked for, never with the trades. Weekday and month need no rows of their own: they
group the journal's days. What would need rows for pairs of dimensions (a symbol within a tag) is not served.

A change of a trade is the difference of the shares that it had and has, row by row: `touched_rows` names the rows to
rebuild, each from all shares of its day, so nothing is ever added to what is there. A change that moves no money and
no dimension touches nothing.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from handlers.journal.summaries import DaySummary, Share, shares, summary_of
from handlers.journal.trade import Trade


class Dimension(StrEnum):
    """By what trades are told apart. HOUR is the hour of the entry, in the entry's own UTC offset, from 00 to 23."""

    JOURNAL = "JOURNAL"
    SYMBOL = "SYMBOL"
    SIDE = "SIDE"
    TAG = "TAG"
    SETUP_TYPE = "SETUP_TYPE"
    TRADING_SESSION = "TRADING_SESSION"
    HOUR = "HOUR"


class RowKey(NamedTuple):
    """What a row is about. The value is None for the whole journal, and for trades without the attribute."""

    dimension: Dimension
    value: str | None
    day: date


def dimensions(trade: Trade) -> frozenset[tuple[Dimension, str | None]]:
    """Every dimension and value to which the trade belongs: one value of each, but as many tags as it has."""
    tags: Iterable[str | None] = trade.notes.tags or (None,)
    return frozenset(
        (
            (Dimension.JOURNAL, None),
            (Dimension.SYMBOL, trade.symbol),
            (Dimension.SIDE, str(trade.side)),
            (Dimension.SETUP_TYPE, trade.notes.setup_type),
            (Dimension.TRADING_SESSION, trade.notes.trading_session),
            (Dimension.HOUR, f"{trade.open_date.hour:02}"),
            *((Dimension.TAG, tag) for tag in tags),
        )
    )


def row_shares(trade: Trade) -> dict[RowKey, Share]:
    """What the trade contributes to each row that it belongs to."""
    of_trade = dimensions(trade)
    return {
        RowKey(dimension, value, day): share for day, share in shares(trade).items() for dimension, value in of_trade
    }


def rows(trades: Iterable[Trade]) -> dict[RowKey, DaySummary]:
    """All rows, from the trades alone."""
    collected: dict[RowKey, list[Share]] = {}
    for trade in trades:
        for key, share in row_shares(trade).items():
            collected.setdefault(key, []).append(share)
    return {key: summary_of(of_row) for key, of_row in collected.items()}


def touched_rows(old: Trade | None, new: Trade | None) -> set[RowKey]:
    """The rows that are not what they were once the old trade has become the new one.

    None stands for the trade before it is made, and once it is gone.
    """
    before = {} if old is None else row_shares(old)
    after = {} if new is None else row_shares(new)
    return {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}


def touched_days(old: Trade | None, new: Trade | None) -> set[date]:
    """The days of all rows that the change touches."""
    return {key.day for key in touched_rows(old, new)}


def days_of(
    kept: Mapping[RowKey, DaySummary], dimension: Dimension = Dimension.JOURNAL, value: str | None = None
) -> dict[date, DaySummary]:
    """The days of one value, or of the whole journal, from among the rows."""
    return {key.day: summary for key, summary in kept.items() if (key.dimension, key.value) == (dimension, value)}
