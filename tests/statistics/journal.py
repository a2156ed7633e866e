"""Journals whose trades change in every possible way, and the statistics that must follow from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, NamedTuple

from hypothesis import strategies as st

from handlers.journal.changes import add_event, close, open_trade, remove_event, revise, take_back_close
from handlers.journal.errors import JournalError
from handlers.journal.groups import Group
from handlers.journal.stats.entries import BookEntry, entries, group_entry
from handlers.journal.trade import EventType, JournalNotes, Side, Trade, TradeEvent
from handlers.storage.groups import group_item, group_key, group_of, is_group
from handlers.storage.stats.book_items import BOOKS, GROUPS, Item, book_of, number_of_parts, row_of
from handlers.storage.stats.group_results import day_in
from handlers.storage.trade_items import is_trade, trade_item, trade_key, trade_of
from tests.statistics.fake_dynamodb import FakeDynamoDB

USERS = ("user-1", "user-2")
# Around a new year that is the new year of a decade too; half of the entries in another offset.
START = datetime(2029, 12, 30, 9, tzinfo=UTC)
NEW_YORK = timezone(timedelta(hours=-5))


class Step(NamedTuple):
    """A change of one of a few trades. The number determines which."""

    user: str
    trade: str
    deed: str
    number: int


DEEDS = (
    "create",
    "close part",
    "close rest",
    "close rest",
    "take back",
    "pay",
    "pay back",
    "label",
    "correct",
    "write",
    "group",
    "group",
    "disband",
    "cancel",
    "delete",
)
steps = st.builds(
    Step,
    st.sampled_from(USERS),
    st.sampled_from(["trade-1", "trade-2", "trade-3"]),
    st.sampled_from(DEEDS),
    st.integers(0, 23),
)


def do(db: FakeDynamoDB, step: Step) -> None:
    """Make the change if the trade allows it. As in storage, the whole trade is written."""
    item = db.items("trades", step.user).get(step.trade)
    trade = None if item is None else trade_of(item)
    if step.deed == "group":
        _group(db, step)
    elif step.deed == "disband":
        _disband(db, step)
    elif step.deed == "delete":
        db.delete_item(TableName="trades", Key=trade_key(step.user, step.trade))
    elif trade is None and step.deed == "create":
        _put(db, _created(step))
    elif trade is not None:
        try:
            _put(db, _changed(trade, step))
        except JournalError:
            return


def _trades_of(db: FakeDynamoDB, user: str) -> list[Trade]:
    return [trade_of(item) for item in db.items("trades", user).values() if is_trade(item)]


def _groups_of(db: FakeDynamoDB, user: str) -> list[Group]:
    return [group_of(item) for item in db.items("trades", user).values() if is_group(item)]


def _group(db: FakeDynamoDB, step: Step) -> None:
    """Some trades that are in no other group become the group, all of it in one transaction as in storage."""
    group_id, now = f"group-{step.number % 2}", START + timedelta(seconds=next(_clock))
    groups = {group.group_id: group for group in _groups_of(db, step.user)}
    taken = {trade_id for group in groups.values() if group.group_id != group_id for trade_id in group.trade_ids}
    trades = {trade.trade_id: trade for trade in _trades_of(db, step.user)}
    wanted = tuple(trade_id for place, trade_id in enumerate(sorted(trades)) if step.number >> place + 1 & 1)
    wanted = tuple(trade_id for trade_id in wanted if trade_id not in taken or trades[trade_id].group_id is None)
    if not wanted:
        return
    old = groups.get(group_id)
    named = () if old is None else old.trade_ids
    new = Group(
        user_id=step.user,
        group_id=group_id,
        name=f"of {step.number}",
        trade_ids=wanted,
        version=1 if old is None else old.version + 1,
        created_at=START,
        updated_at=now,
    )
    moved = [
        replace(trade, group_id=group_id if trade_id in wanted else None, version=trade.version + 1, updated_at=now)
        for trade_id, trade in trades.items()
        if (trade_id in wanted and (trade_id not in named or trade.group_id != group_id))
        or (trade_id in named and trade_id not in wanted and trade.group_id == group_id)
    ]
    items = [group_item(new), *map(trade_item, moved)]
    db.transact_write_items(TransactItems=[{"Put": {"TableName": "trades", "Item": item}} for item in items])


def _disband(db: FakeDynamoDB, step: Step) -> None:
    now = START + timedelta(seconds=next(_clock))
    for group in _groups_of(db, step.user)[: step.number % 2 + 1]:
        leaving = [
            replace(trade, group_id=None, version=trade.version + 1, updated_at=now)
            for trade in _trades_of(db, step.user)
            if trade.group_id == group.group_id and trade.trade_id in group.trade_ids
        ]
        gone: Any = {"Delete": {"TableName": "trades", "Key": group_key(step.user, group.group_id)}}
        puts = [{"Put": {"TableName": "trades", "Item": trade_item(trade)}} for trade in leaving]
        db.transact_write_items(TransactItems=[gone, *puts])


def _put(db: FakeDynamoDB, trade: Trade) -> None:
    db.put_item(TableName="trades", Item=trade_item(trade))


def _at(number: int) -> datetime:
    moment = START + timedelta(days=number % 4, hours=number)
    return moment if number % 2 else moment.astimezone(NEW_YORK)


def _created(step: Step) -> Trade:
    number = step.number
    trade = Trade(
        user_id=step.user,
        trade_id=step.trade,
        symbol="AB|C%"[: number % 5 + 1],
        side=Side.BUY if number % 3 else Side.SELL,
        quantity=Decimal(3),
        open_date=_at(0 if number % 2 else 1) - timedelta(days=1, hours=number),
        entry_price=Decimal(100),
        stop_loss=Decimal(99) if number % 4 else None,
        commission=Decimal("1.1"),
        notes=JournalNotes(tags=("x", "y")[: number % 3]),
        # One that was deleted comes back as it was: with a group that may be gone or name it no more.
        group_id="group-0" if number % 5 == 0 else None,
        created_at=START,
        # Made anew, a trade has the versions of the one that was deleted, but not its times.
        updated_at=START + timedelta(seconds=next(_clock)),
    )
    return _changed(open_trade(trade), step._replace(deed="close rest")) if number > 11 else trade


_clock = iter(range(10**9))


def _changed(trade: Trade, step: Step) -> Trade:
    number, now = step.number, START + timedelta(seconds=next(_clock))
    price = Decimal(95 + number % 11)
    close_id = f"close-{trade.version}"
    match step.deed:
        case "close part":
            return close(trade, close_id=close_id, price=price, closed_at=_at(number), now=now, quantity=Decimal(1))
        case "close rest":
            return close(trade, close_id=close_id, price=price, closed_at=_at(number), now=now)
        case "take back" if trade.closes:
            return take_back_close(trade, trade.closes[number % len(trade.closes)].close_id, now)
        case "pay":
            kind = list(EventType)[number % len(EventType)]
            amount = Decimal(number - 7) / 8
            event = TradeEvent(event_id=f"event-{trade.version}", type=kind, amount=amount, at=_at(number))
            return add_event(trade, event, now)
        case "pay back" if trade.events:
            return remove_event(trade, trade.events[number % len(trade.events)].event_id, now)
        case "label":
            tags = ("x", "y", "z|%7C")[number % 3 :]
            return revise(trade, {"tags": tags, "setup_type": "gap" if number % 2 else None}, now)
        case "correct":
            return revise(trade, {"entry_price": price, "symbol": "ABC"[number % 3]}, now)
        case "write":
            return revise(trade, {"lessons": f"wait {number}"}, now)
        case "cancel":
            return revise(trade, {"cancelled": not trade.cancelled}, now)
    return replace(trade, version=trade.version + 1, updated_at=now)


def wanted(db: FakeDynamoDB, user: str) -> dict[tuple[date, str], BookEntry]:
    """The entries, by day and trade or group, from trades and groups alone."""
    trades = _trades_of(db, user)
    of_trades = {(day, trade.trade_id): entry for trade in trades for day, entry in entries(trade).items()}
    made = (group_entry(group, trades) for group in _groups_of(db, user))
    return of_trades | {(each[0], each[1].trade_id): each[1] for each in made if each is not None}


def books(db: FakeDynamoDB, user: str) -> dict[str, Item]:
    """The stored books and parts, by key."""
    return {name: item for name, item in db.items("stats", user).items() if name.startswith(BOOKS)}


def stored(db: FakeDynamoDB, user: str) -> dict[tuple[date, str], BookEntry]:
    """The entries as they are stored, each once."""
    found: dict[tuple[date, str], BookEntry] = {}
    for item in books(db, user).values():
        book = book_of(item)
        assert not book.entries.keys() & {trade_id for day, trade_id in found if day == book.day}
        found.update({(book.day, trade_id): entry for trade_id, entry in book.entries.items()})
    return found


def facts(found: Mapping[tuple[date, str], BookEntry]) -> dict[tuple[date, str], str]:
    """The entries without the versions of their trades; the offset of a time is a fact too."""
    return {place: str(row_of(entry._replace(version=0))) for place, entry in found.items()}


def assert_right(db: FakeDynamoDB, user: str) -> None:
    """Check that all stored entries agree with the trades, to the last digit."""
    assert facts(stored(db, user)) == facts(wanted(db, user))
    places = {name: day_in(item) for name, item in db.items("stats", user).items() if name.startswith(GROUPS)}
    assert {name: day for name, day in places.items() if day is not None} == {
        trade_id: day for day, trade_id in wanted(db, user) if trade_id.startswith(GROUPS)
    }
    of_user = books(db, user)
    for item in of_user.values():
        book = book_of(item)
        assert book.has_right_base
        head = of_user[f"{BOOKS}{book.day}"]
        assert number_of_parts(item) == number_of_parts(head)
        assert not (book.entries and book.part is None and number_of_parts(head) > 1)
    assert ("books" in db.items("stats", user)) == bool(of_user)
