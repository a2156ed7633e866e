"""The trade of the events as it is stored, for the stub of the storage."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache

from benchmarks.requests.events import TRADE, TRADE_ID, USER
from handlers.documents import inputs
from handlers.storage.trade_items import trade_item


@cache
def stored_trade() -> str:
    """The item of the trade, as JSON."""
    values = {
        "symbol": TRADE["symbol"],
        "side": TRADE["side"],
        "open_date": datetime.fromisoformat(TRADE["openDate"]),
        **{name: TRADE[of] for name, of in (("setup_type", "setupType"), ("confidence", "confidence"))},
        **{
            name: Decimal(TRADE[of])
            for name, of in (("quantity", "quantity"), ("entry_price", "entryPrice"), ("stop_loss", "stopLoss"))
        },
        "psychology": TRADE["psychology"],
        "pre_trade_notes": TRADE["preTradeNotes"],
        "tags": TRADE["tags"],
        "closes": [
            {
                "quantity": Decimal(close["quantity"]),
                "price": Decimal(close["price"]),
                "closed_at": datetime.fromisoformat(close["closedAt"]),
            }
            for close in TRADE["closes"]
        ],
    }
    now = datetime(2026, 1, 5, 20, tzinfo=UTC)
    item = trade_item(inputs.trade_from_values(values, user=USER, idempotency_key=None, now=now))
    return json.dumps({**item, "tradeId": {"S": TRADE_ID}})
