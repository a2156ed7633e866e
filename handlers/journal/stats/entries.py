"""An entry says what one trade did on one calendar day: the only facts from which statistics are computed.

The day is the calendar day of each close and event in its own UTC offset. A close, partial or last, makes a gain on its
day, and so does a dated event. The trade counts once, on the day of its last close, when it is flat
(docs/statistics.md, "Trade P&L").
An entry also holds everything of the trade that a filter or a breakdown can name.

Stored entries outlive deployments. A new fact therefore gets a default here, which entries stored before it have until
they are compared with their trades.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from heapq import merge
from itertools import chain
from operator import itemgetter

from handlers.journal import money
from handlers.journal.money import ZERO
from handlers.journal.trade import Trade

# Positions of the gains of events: after those of all closes, of which a trade has fewer.
EVENTS_FROM = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Gain:
    """The net money that one close realized, or the amount of one event.

    `position` is the close's place among the closes of its trade, from 0, or the event's among its events, from
    EVENTS_FROM.
    """

    at: datetime
    position: int
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The trade became flat, at the instant of its last close.

    `costs` are those of the entry and of all closes, `events` is the sum of the events' amounts, which are no costs.
    `holding_seconds` counts from the entry to the last close.
    """

    at: datetime
    costs: Decimal
    holding_seconds: int
    events: Decimal = ZERO


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What one trade did on one day: its gains of the day, and its result if it became flat then.

    `version` is that of the trade from which the entry was made. `recorded` is when the trade was recorded. `opened_at`
    keeps the offset in which it was given. `tags` are sorted, each once. `risk` is the amount that the trade risks,
    None if that is unknown. `net` is what the trade earned after all its costs, None until it is flat; the entries of
    earlier days have it too, so that a filter by the result finds their gains.
    """

    trade_id: str
    version: int
    recorded: datetime
    symbol: str
    side: str
    quantity: Decimal
    opened_at: datetime
    tags: tuple[str, ...] = ()
    setup_type: str | None = None
    trading_session: str | None = None
    trade_grade: str | None = None
    account: str | None = None
    currency: str | None = None
    group: str | None = None
    risk: Decimal | None = None
    net: Decimal | None = None
    gains: tuple[Gain, ...] = ()
    result: Result | None = None

    @property
    def r(self) -> Decimal | None:
        """The net result in units of the risk, rounded to 8 decimals; None without a result or a known risk."""
        return None if self.net is None or self.risk is None else money.ratio(self.net, self.risk)


def entries(trade: Trade) -> dict[date, Entry]:
    """The trade's entries by day; none for a cancelled trade and for one without closes and events."""
    if trade.cancelled:
        return {}
    gains: dict[date, list[Gain]] = {}
    for position, part in enumerate(trade.realized):
        gain = Gain(at=part.close.closed_at, position=position, amount=part.realized_pnl)
        gains.setdefault(part.close.day, []).append(gain)
    for position, event in enumerate(trade.events, start=EVENTS_FROM):
        gains.setdefault(event.day, []).append(Gain(at=event.at, position=position, amount=event.amount))
    last_day = trade.closes[-1].day if trade.is_flat else None
    return {
        day: Entry(
            trade_id=trade.trade_id,
            version=trade.version,
            recorded=trade.created_at,
            symbol=trade.symbol,
            side=str(trade.side),
            quantity=trade.quantity,
            opened_at=trade.open_date,
            tags=tuple(sorted(set(trade.notes.tags))),
            setup_type=trade.notes.setup_type,
            trading_session=trade.notes.trading_session,
            trade_grade=trade.notes.trade_grade,
            risk=trade.risk,
            net=trade.net_pnl,
            gains=tuple(of_day),
            result=_result(trade) if day == last_day else None,
        )
        for day, of_day in gains.items()
    }


def touched_days(old: Trade | None, new: Trade | None) -> set[date]:
    """The days whose entry differs between the old and the new trade in more than the version.

    None stands for the trade before it is recorded, and after it is deleted.
    """
    before: Mapping[date, Entry] = {} if old is None else entries(old)
    after: Mapping[date, Entry] = {} if new is None else entries(new)
    return {day for day in before.keys() | after.keys() if not same_facts(before.get(day), after.get(day))}


def in_place_of_stored(
    stored: Iterable[tuple[date, Entry]], trade_ids: Collection[str], trades: Iterable[Trade]
) -> Iterator[tuple[date, Entry]]:
    """The stored entries with those of the trades of these ids replaced by what the trades, as they are now, make.

    A trade that is not among `trades`, since it was deleted, makes none. The entries stay in the order of their days.
    """
    others = (each for each in stored if each[1].trade_id not in trade_ids)
    own = sorted(chain.from_iterable(entries(trade).items() for trade in trades), key=itemgetter(0))
    return merge(others, own, key=itemgetter(0))


def same_facts(a: Entry | None, b: Entry | None) -> bool:
    """Whether two entries are equal except for the version. None, for no entry, equals only None.

    Python calls two datetimes of one instant equal whatever their offsets; here the offsets have to be equal too, since
    they decide on days and hours.
    """
    if a is None or b is None:
        return a is b
    return replace(a, version=b.version) == b and _offsets(a) == _offsets(b)


def _result(trade: Trade) -> Result:
    last = trade.closes[-1]
    own_costs = (close.costs for close in trade.closes)
    return Result(
        at=last.closed_at,
        costs=money.total((trade.commission, trade.fees, *own_costs)),
        holding_seconds=int((last.closed_at - trade.open_date).total_seconds()),
        events=trade.event_pnl or ZERO,
    )


def _offsets(entry: Entry) -> list[timedelta | None]:
    moments = [entry.opened_at, *(gain.at for gain in entry.gains)]
    if entry.result is not None:
        moments.append(entry.result.at)
    return [moment.utcoffset() for moment in moments]
