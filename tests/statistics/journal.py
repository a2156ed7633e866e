"""Journals whose trades change in every way a trade can, and what the statistics of such a journal have to be."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import NamedTuple

from hypothesis import strategies as st

from handlers.journal.changes import close, open_trade, revise, take_back_close
from handlers.journal.errors import JournalError
from handlers.journal.rows import RowKey, days_of, rows
from handlers.journal.summaries import DaySummary, Totals, fold, totals
from handlers.journal.trade import JournalNotes, Side, Trade
from handlers.storage.stat_items import DECADES, ROWS, TOTALS, YEARS, Item, rows_in, unpack
from handlers.storage.trade_items import is_trade, trade_item, trade_key, trade_of
from tests.statistics.fake_dynamodb import FakeDynamoDB

USERS = ("user-1", "user-2")
# Around a new year that is the new year of a decade too; half of the entries in another offset.
START = datetime(2029, 12, 30, 9, tzinfo=UTC)
NEW_YORK = timezone(timedelta(hours=-5))


class Step(NamedTuple):
    """Somebody does something with one of a few trades; what exactly, the number says."""

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
    "label",
    "correct",
    "write",
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
    """Do it, if the trade as it stands allows it; in the way storage does, with all of the trade written anew."""
    item = db.items("trades", step.user).get(step.trade)
    trade = None if item is None else trade_of(item)
    if step.deed == "delete":
        db.delete_item(TableName="trades", Key=trade_key(step.user, step.trade))
    elif trade is None and step.deed == "create":
        _put(db, _created(step))
    elif trade is not None:
        try:
            _put(db, _changed(trade, step))
        except JournalError:
            return


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


def wanted(db: FakeDynamoDB, user: str) -> dict[RowKey, DaySummary]:
    """The rows, from the trades alone."""
    return rows(trade_of(item) for item in db.items("trades", user).values() if is_trade(item))


def stored(db: FakeDynamoDB, user: str) -> dict[RowKey, DaySummary]:
    """The rows as they are stored."""
    return {
        row: unpack(packed)
        for name, item in db.items("stats", user).items()
        if name.startswith(ROWS)
        for row, packed in rows_in(item).items()
    }


def stored_totals(db: FakeDynamoDB, user: str) -> Totals | None:
    """The base set as it is stored; none before the first."""
    item = db.items("stats", user).get(TOTALS)
    if item is None:
        return None

    def number(name: str) -> Decimal | None:
        return Decimal(item[name]["N"]) if name in item else None

    sums = [number(name) or Decimal(0) for name in ("realizedPnL", "sumWinPnL", "sumLossPnL")]
    return Totals(
        trade_count=int(item["tradeCount"]["N"]),
        realized_pnl=sums[0],
        wins=int(item["wins"]["N"]),
        losses=int(item["losses"]["N"]),
        best_win=number("bestWin"),
        worst_loss=number("worstLoss"),
        sum_win_pnl=sums[1],
        sum_loss_pnl=sums[2],
    )


def folds(db: FakeDynamoDB, user: str) -> dict[str, Item]:
    """The stored years, decades and what the totals are made of."""
    of_user = db.items("stats", user)
    found = {name: item for name, item in of_user.items() if name.startswith((YEARS, DECADES))}
    return found | {TOTALS: {"parts": of_user[TOTALS]["parts"]}} if TOTALS in of_user else found


def shares_stored(db: FakeDynamoDB, user: str) -> dict[str, Item]:
    """The stored shares."""
    return {name: item for name, item in db.items("stats", user).items() if name.startswith("share|")}


def assert_right(db: FakeDynamoDB, user: str) -> None:
    """All that is stored is what the trades say, to the last digit."""
    right = wanted(db, user)
    assert stored(db, user) == right
    base = stored_totals(db, user)
    if base is not None or right:
        assert base == totals(fold(days_of(right)))
