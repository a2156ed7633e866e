"""Invents journals of any length, for all measurements of growth and cost.

A longer journal has as many trades a day as a shorter one, and goes further back.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import islice
from random import Random
from typing import Any

from handlers.journal.changes import open_trade
from handlers.journal.trade import Close, JournalNotes, Side, Trade
from handlers.storage import clients

TODAY = datetime(2026, 1, 30, 15, tzinfo=UTC)
SYMBOLS = ("AAPL", "MSFT", "TSLA", "ES", "NQ", "EURUSD", "BTC", "AMD")
WORDS = """above below the premarket high low on rising falling volume risk first second pullback sold bought half too
early late rest at target waited for confirmation but spread was wide news moved it fast stopped out again patience"""
_MOST_OF_A_BATCH = 25


def journal(user: str, count: int, *, a_day: int, open_: int = 0) -> Iterator[Trade]:
    """Yield `count` trades, from today backwards. The newest `open_` of them are open, all others are closed."""
    chance = Random(count)
    for number in range(count):
        yield _trade(
            user, number, chance, TODAY - timedelta(days=number // a_day, minutes=number % a_day), number < open_
        )


def trade_id(number: int) -> str:
    """The id of the trade with this number, 0 for the newest. Like the product's own ids, they are in no order."""
    return str(uuid.UUID(bytes=hashlib.sha256(b"%d" % number).digest()[:16], version=4))


def _trade(user: str, number: int, chance: Random, closed: datetime, is_open: bool) -> Trade:
    opened = closed - timedelta(hours=2)
    side = chance.choice(list(Side))
    words = WORDS.split()
    gain = Decimal(chance.randint(-300, 400)) / 100
    trade = Trade(
        user_id=user,
        trade_id=trade_id(number),
        symbol=SYMBOLS[number % len(SYMBOLS)],
        side=side,
        quantity=Decimal(100),
        open_date=opened,
        entry_price=Decimal(185),
        stop_loss=Decimal(183 if side is Side.BUY else 187),
        commission=Decimal("1.25"),
        notes=JournalNotes(
            setup_type=chance.choice(("gap", "breakout", "pullback")),
            trading_session=chance.choice(("London", "New York")),
            pre_trade_notes=" ".join(chance.choices(words, k=30)),
            tags=tuple(chance.sample(("a+", "news", "plan", "late"), 2)),
        ),
        created_at=opened,
        updated_at=opened,
        idempotency_key=f"key-{number}",
    )
    close = Close(close_id=f"close-{number}", quantity=Decimal(100), price=185 + gain, closed_at=closed)
    return open_trade(trade, [] if is_open else [close])


def store(table: str, items: Iterable[Any]) -> None:
    """Put items into a table directly."""
    rest = iter(items)
    while requests := [{"PutRequest": {"Item": item}} for item in islice(rest, _MOST_OF_A_BATCH)]:
        asked: Any = {table: requests}
        while asked:
            asked = clients.dynamodb().batch_write_item(RequestItems=asked).get("UnprocessedItems")
