"""A trade to store, in full and in short."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from handlers.journal.changes import open_trade
from handlers.journal.trade import Close, Image, JournalNotes, Side, Trade

NOW = datetime(2026, 2, 1, 12, tzinfo=UTC)
OPENED = datetime(2026, 1, 2, 23, 30, tzinfo=timezone(timedelta(hours=-5)))


def a_trade(**given: Any) -> Trade:
    return Trade(
        **{
            "user_id": "user-1",
            "trade_id": "trade-1",
            "symbol": "AAPL",
            "side": Side.BUY,
            "quantity": Decimal(100),
            "open_date": OPENED,
            "entry_price": Decimal(10),
            "created_at": NOW,
            "updated_at": NOW,
            **given,
        }
    )


def an_image(image_id: str, **given: Any) -> Image:
    return Image(
        **{
            "image_id": image_id,
            "content_type": "image/png",
            "size": 48213,
            "created_at": NOW,
            "file_version": f"version-of-{image_id}",
            **given,
        }
    )


def a_full_trade() -> Trade:
    """A trade with everything that a trade can have."""
    return open_trade(
        a_trade(
            quantity=Decimal("999999999999999.99999999"),
            entry_price=Decimal("-37.63"),
            stop_loss=Decimal("-38.00000001"),
            take_profit=Decimal("0.00000001"),
            multiplier=Decimal("0.1"),
            commission=Decimal("-0.5"),
            fees=Decimal("1.10"),
            risk_amount=Decimal(50),
            notes=JournalNotes(
                setup_type="gap",
                timeframe="5m",
                market_condition="trending",
                trading_session="London",
                trade_grade="A",
                confidence=0,
                setup_quality=10,
                execution=5,
                emotional_state="",
                psychology={"greed": False, "fomo": True},
                pre_trade_notes="häßlich \U0001f4c8",
                post_trade_notes="after",
                mistakes="none",
                lessons="wait",
                news_events=("CPI",),
                economic_events=("FOMC", "NFP"),
                tags=("a", "b|c"),
            ),
            images=(an_image("image-1"), an_image("image-2", content_type="image/gif", size=1)),
            idempotency_key="key-1",
        ),
        [
            Close(
                close_id="close-1",
                quantity=Decimal(40),
                price=Decimal("-36"),
                closed_at=OPENED + timedelta(seconds=0.000001),
                commission=Decimal("0.44"),
            )
        ],
    )
