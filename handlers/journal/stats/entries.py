"""An entry says what one trade did on one calendar day: the only facts from which statistics are computed.

The day is the calendar day of each close and event in its own UTC offset. A close, partial or last, makes a gain on its
day, and so does a dated event. The trade counts once, on the day of its last close, when it is flat
(docs/statistics.md, "Trade P&L").
An entry also holds everything of the trade that a filter or a breakdown can name.

A group of trades has an entry too, on the day on which its last trade became flat, with its result and without gains:
the money is that of its trades (docs/statistics.md, "Groups").

Stored entries outlive deployments. A new fact therefore gets a default here, which entries stored before it have until
they are compared with their trades.

Entries, gains and results are named tuples: a statistic over a long journal makes three of these for each trade, and
frozen dataclasses take three times as long to make.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from heapq import merge
from itertools import chain
from operator import itemgetter
from typing import NamedTuple

from handlers.journal import groups, money
from handlers.journal.groups import Group
from handlers.journal.money import ZERO
from handlers.journal.trade import Trade

# The first position of events' gains, behind those of all closes: a trade has fewer.
EVENTS_FROM = 1_000

# The entry of a group has this prefix and the group's id as its trade_id.
GROUP = "group|"


class Gain(NamedTuple):
    """The net money that one close realized, or the amount of one event.

    `position` is the close's place among the closes of its trade, from 0, or the event's among its events, from
    EVENTS_FROM.
    """

    at: datetime
    position: int
    amount: Decimal


class Result(NamedTuple):
    """The trade became flat, at the instant of its last close.

    `costs` are those of the entry and of all closes; `events` is the sum of the events' amounts, which are not costs.
    `holding_seconds` counts from the entry to the last close.
    """

    at: datetime
    costs: Decimal
    holding_seconds: int
    events: Decimal = ZERO


class BookEntry(NamedTuple):
    """What one trade did on one day: its gains of the day, and its result if it became flat then.

    `version` is that of the trade from which the entry was made. `recorded` is when the trade was recorded. `opened_at`
    keeps the offset in which it was given. `tags` are sorted, each once. `risk` is the amount that the trade risks,
    None if that is unknown. `net` is what the trade earned after all its costs, None until it is flat; the entries of
    earlier days have it too, so that a filter by the result finds their gains. `group` is the id of the group that the
    trade belongs to.

    The entry of a group has an attribute (symbol, side, ...) if all its trades have the same one; its tags are those of
    any of its trades, its quantity, net and risk are sums, and it was opened with the first of them.
    """

    trade_id: str
    version: int
    recorded: datetime
    symbol: str | None
    side: str | None
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
    def is_of_group(self) -> bool:
        """Whether this is the entry of a group, and not of a trade."""
        return self.trade_id.startswith(GROUP)

    @property
    def r(self) -> Decimal | None:
        """The net result in units of the risk, rounded to 8 decimals; None without a result or a known risk."""
        return None if self.net is None or self.risk is None else money.ratio(self.net, self.risk)


def entries(trade: Trade) -> dict[date, BookEntry]:
    """The trade's entries by day; none for a cancelled trade, for one without closes and events, and for one whose
    result is unknown.
    """
    if trade.cancelled or not trade.is_known:
        return {}
    gains: dict[date, list[Gain]] = {}
    for position, part in enumerate(trade.realized):
        gain = Gain(at=part.close.closed_at, position=position, amount=part.realized_pnl)
        gains.setdefault(part.close.day, []).append(gain)
    for position, event in enumerate(trade.events, start=EVENTS_FROM):
        gains.setdefault(event.day, []).append(Gain(at=event.at, position=position, amount=event.amount))
    last_day = trade.closes[-1].day if trade.is_flat else None
    return {
        day: BookEntry(
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
            account=trade.account_id,
            currency=trade.currency,
            group=trade.group_id,
            risk=trade.risk,
            net=trade.net_pnl,
            gains=tuple(of_day),
            result=_result(trade) if day == last_day else None,
        )
        for day, of_day in gains.items()
    }


def group_entry(group: Group, trades: Iterable[Trade]) -> tuple[date, BookEntry] | None:
    """The group's entry and its day; None without a result. Trades that are not in the group are ignored."""
    of_group = groups.members(group, trades)
    result = groups.result(of_group)
    if result is None:
        return None
    flat = groups.counted(of_group)
    costs, events = zip(*((one.costs, one.events) for one in map(_result, flat)), strict=True)
    opened_at = min(trade.open_date for trade in flat)
    entry = BookEntry(
        trade_id=GROUP + group.group_id,
        version=group.version,
        recorded=max(trade.created_at for trade in flat),
        symbol=_shared(trade.symbol for trade in flat),
        side=_shared(str(trade.side) for trade in flat),
        quantity=money.total(trade.quantity for trade in flat),
        opened_at=opened_at,
        tags=tuple(sorted({tag for trade in flat for tag in trade.notes.tags})),
        setup_type=_shared(trade.notes.setup_type for trade in flat),
        trading_session=_shared(trade.notes.trading_session for trade in flat),
        trade_grade=_shared(trade.notes.trade_grade for trade in flat),
        account=_shared(trade.account_id for trade in flat),
        currency=_shared(trade.currency for trade in flat),
        group=group.group_id,
        risk=result.risk,
        net=result.net,
        result=Result(
            at=result.closed_at,
            costs=money.total(costs),
            holding_seconds=int((result.closed_at - opened_at).total_seconds()),
            events=money.total(events),
        ),
    )
    return result.closed_at.date(), entry


def touches_group(old: Trade | None, new: Trade | None) -> set[str]:
    """The ids of the groups whose result may differ between the old and the new trade; for None see `touched_days`."""
    ids = {trade.group_id for trade in (old, new) if trade is not None and trade.group_id is not None}
    if not ids or old is None or new is None:
        return ids
    is_same = (old.group_id, old.cancelled) == (new.group_id, new.cancelled) and not touched_days(old, new)
    return set() if is_same else ids


def touched_days(old: Trade | None, new: Trade | None) -> set[date]:
    """The days whose entry differs between the old and the new trade in more than the version.

    None stands for the trade before it is recorded, and after it is deleted.
    """
    before: Mapping[date, BookEntry] = {} if old is None else entries(old)
    after: Mapping[date, BookEntry] = {} if new is None else entries(new)
    return {day for day in before.keys() | after.keys() if not same_facts(before.get(day), after.get(day))}


def in_place_of_stored(
    stored: Iterable[tuple[date, BookEntry]],
    trade_ids: Collection[str],
    trades: Iterable[Trade],
    of_groups: Iterable[tuple[Group, Iterable[Trade]]] = (),
) -> Iterator[tuple[date, BookEntry]]:
    """The stored entries, where those of the trades with these ids are replaced by the entries of the trades as given.

    A trade that is not among `trades`, since it was deleted, makes none. The entries of the groups are replaced
    likewise; each comes with its trades. The entries stay in the order of their days.
    """
    whole = [(group, list(of_group)) for group, of_group in of_groups]
    replaced = {*trade_ids, *(GROUP + group.group_id for group, _ in whole)}
    others = (each for each in stored if each[1].trade_id not in replaced)
    made = (group_entry(group, of_group) for group, of_group in whole)
    own = sorted(
        chain(*(entries(trade).items() for trade in trades), (each for each in made if each is not None)),
        key=itemgetter(0),
    )
    return merge(others, own, key=itemgetter(0))


def same_facts(a: BookEntry | None, b: BookEntry | None) -> bool:
    """Whether two entries are equal except for the version. None, for no entry, equals only None.

    Python calls two datetimes of one instant equal whatever their offsets; here the offsets have to be equal too, since
    they decide on days and hours.
    """
    if a is None or b is None:
        return a is b
    return a._replace(version=b.version) == b and _offsets(a) == _offsets(b)


def _result(trade: Trade) -> Result:
    last = trade.closes[-1]
    own_costs = (close.costs for close in trade.closes)
    return Result(
        at=last.closed_at,
        costs=money.total((trade.commission, trade.fees, *own_costs)),
        holding_seconds=int((last.closed_at - trade.open_date).total_seconds()),
        events=trade.event_pnl or ZERO,
    )


def _shared(values: Iterable[str | None]) -> str | None:
    """The value that all have; None if they differ."""
    distinct = set(values)
    return distinct.pop() if len(distinct) == 1 else None


def _offsets(entry: BookEntry) -> list[timedelta | None]:
    moments = [entry.opened_at, *(gain.at for gain in entry.gains)]
    if entry.result is not None:
        moments.append(entry.result.at)
    return [moment.utcoffset() for moment in moments]
