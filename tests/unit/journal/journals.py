"""Journals to compute statistics of: dataset A of docs/statistics.md, and generated ones."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from handlers.journal.changes import open_trade
from handlers.journal.trade import Close, EventType, JournalNotes, Side, Trade, TradeEvent

D = Decimal
NOW = datetime(2026, 2, 1, tzinfo=UTC)
EARLY = datetime(2020, 1, 1, 9, tzinfo=UTC)

DATASET_A = (
    ("2025-01-02", "-100", "100"),
    ("2025-01-02", "-50", "100"),
    ("2025-01-03", "250", "100"),
    ("2025-01-06", "0", "100"),
    ("2025-01-07", "120", "60"),
    ("2025-01-07", "-80", "80"),
    ("2025-01-09", "300", "150"),
    ("2025-01-10", "-200", "100"),
    ("2025-01-13", "0", "50"),
    ("2025-01-14", "-60", "60"),
    ("2025-01-15", "90", "90"),
    ("2025-01-16", "180", "90"),
)


def a_trade(trade_id: str, closes: Sequence[tuple[datetime, str, str]], **given: Any) -> Trade:
    """A trade bought at 1000, with closes (when, quantity, gain per unit), of all their quantity unless it is given."""
    return open_trade(
        Trade(
            **{
                "user_id": "user",
                "trade_id": trade_id,
                "symbol": "AAPL",
                "side": Side.BUY,
                "quantity": sum((D(quantity) for _, quantity, _ in closes), D(0)) or D(1),
                "open_date": EARLY,
                "entry_price": D(1000),
                "created_at": NOW,
                "updated_at": NOW,
                **given,
            }
        ),
        [
            Close(close_id=str(n), quantity=D(quantity), price=1000 + D(gain), closed_at=at)
            for n, (at, quantity, gain) in enumerate(closes)
        ],
    )


def a_flat_trade(trade_id: str, day: str, net: str, **given: Any) -> Trade:
    """A trade that became flat at noon of the day with this net P&L."""
    return a_trade(trade_id, [(_at(day, 12), "1", net)], **given)


def _at(day: str, hour: int) -> datetime:
    return datetime.combine(date.fromisoformat(day), time(hour), UTC)


def dataset_a() -> list[Trade]:
    return [
        a_flat_trade(f"{n:02}", day, net, risk_amount=D(risk), open_date=_at(day, 9))
        for n, (day, net, risk) in enumerate(DATASET_A)
    ]


def results(*nets: str) -> list[Trade]:
    """One trade a day from Wednesday, 1 January 2025, on."""
    first = date(2025, 1, 1)
    return [a_flat_trade(f"{n:03}", (first + timedelta(n)).isoformat(), net) for n, net in enumerate(nets)]


# Few different days, hours, amounts and tags, so that ties, break-evens and runs are common.

offsets = st.integers(-12, 14).map(lambda hours: timezone(timedelta(hours=hours)))
moments = st.builds(
    lambda day, hour, offset: datetime(2025, 1, 1, hour, tzinfo=offset) + timedelta(days=day),
    st.integers(0, 16),
    st.sampled_from([0, 1, 12, 23]),
    offsets,
)
gains = st.sampled_from(["-30", "-20", "-10", "0", "10", "20", "30"]) | st.integers(-(10**10), 10**10).map(
    lambda n: f"{n}E-8"
)
quantities = st.sampled_from(["1", "2", "0.5", "0.00000003"])
some_notes = st.builds(
    JournalNotes,
    setup_type=st.sampled_from([None, "breakout", "pullback"]),
    trading_session=st.sampled_from([None, "LONDON"]),
    trade_grade=st.sampled_from([None, "A", "F"]),
    tags=st.lists(st.sampled_from(["a", "b", "c"]), max_size=3).map(tuple),
)


some_events = st.lists(
    st.builds(
        lambda number, kind, amount, at: TradeEvent(event_id=f"event-{number}", type=kind, amount=D(amount), at=at),
        st.integers(0, 9),
        st.sampled_from(EventType),
        gains,
        moments,
    ),
    max_size=3,
    unique_by=lambda event: event.event_id,
).map(tuple)


@st.composite
def trades(draw: st.DrawFn, trade_id: str = "trade") -> Trade:
    """A trade in any state: open, closed in part, flat, cancelled."""
    closes = draw(st.lists(st.tuples(moments, quantities, gains), max_size=4))
    closed = sum((D(quantity) for _, quantity, _ in closes), D(0))
    left = draw(st.sampled_from([0, 0, 0, 1]))
    events = draw(st.just(()) | some_events)
    return a_trade(
        trade_id,
        closes,
        symbol=draw(st.sampled_from(["AAPL", "CL"])),
        side=draw(st.sampled_from(Side)),
        quantity=closed + left or D(1),
        commission=D(draw(st.sampled_from(["0", "0", "1.10", "-0.00000007"]))),
        risk_amount=draw(st.sampled_from([None, D(10), D("33.3")])),
        cancelled=not closes and not events and draw(st.booleans()),
        events=events,
        open_date=draw(st.sampled_from([EARLY, EARLY + timedelta(hours=3)])),
        notes=draw(some_notes),
        group_id=draw(st.sampled_from([None, None, "g1", "g2"])),
        created_at=NOW + timedelta(seconds=draw(st.integers(0, 2))),
    )


@st.composite
def journals(draw: st.DrawFn, most: int = 8) -> list[Trade]:
    """Trades with ids of their own, in any order."""
    ids = draw(st.lists(st.integers(0, 99), max_size=most, unique=True))
    return [draw(trades(f"{trade_id:02}")) for trade_id in ids]
