"""Opening, closing and revising a trade, and its figures afterwards."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from handlers.faults import Fault, FieldCode
from handlers.journal.changes import close, open_trade, revise, take_back_close
from handlers.journal.errors import CloseNotFound, DerivedFromExecutions, FieldError, RuleBroken, StateForbids
from handlers.journal.rules import within_bounds
from handlers.journal.trade import Close, JournalNotes, Side, Status, Trade, TradeSource

D = Decimal
NEW_YORK = timezone(timedelta(hours=-5))
OPENED = datetime(2026, 1, 2, 9, 30, tzinfo=NEW_YORK)
NOW = datetime(2026, 2, 1, tzinfo=UTC)
LATER = NOW + timedelta(days=1)


def a_trade(**given: Any) -> Trade:
    return Trade(
        **{
            "user_id": "user-1",
            "trade_id": "trade-1",
            "symbol": "AAPL",
            "side": Side.BUY,
            "quantity": D(100),
            "open_date": OPENED,
            "entry_price": D(10),
            "created_at": NOW,
            "updated_at": NOW,
            **given,
        }
    )


def a_close(quantity: str = "40", price: str = "11", *, hours: float = 1, **given: Any) -> Close:
    return Close(
        **{
            "close_id": f"close-{quantity}-{hours}",
            "quantity": D(quantity),
            "price": D(price),
            "closed_at": OPENED + timedelta(hours=hours),
            **given,
        }
    )


def closed(trade: Trade, quantity: str | None = None, price: str = "11", *, hours: float = 1, **given: Any) -> Trade:
    return close(
        trade,
        **{
            "quantity": None if quantity is None else D(quantity),
            "price": D(price),
            "closed_at": OPENED + timedelta(hours=hours),
            "close_id": f"close-{len(trade.closes)}",
            "now": LATER,
            **given,
        },
    )


def errors_of(error: pytest.ExceptionInfo[RuleBroken] | pytest.ExceptionInfo[StateForbids]) -> set[str]:
    return {".".join(map(str, field.path)) for field in error.value.errors}


# What a trade earned: the reference figures of docs/statistics.md


def test_two_partial_closes_realize_what_the_reference_says() -> None:
    trade = a_trade(commission=D("1.00"), fees=D("0.10"))
    trade = closed(trade, "40", "11", commission=D("0.44"))
    assert trade.status is Status.PARTIAL
    assert trade.remaining_quantity == 60
    assert trade.realized_partial_pnl == D("39.12")
    not_yet_flat = (trade.gross_pnl, trade.net_pnl, trade.r_multiple, trade.close_date, trade.holding_seconds)
    assert not_yet_flat == (None,) * 5
    assert trade.exit_price == 11

    trade = closed(trade, None, "12", hours=2, fees=D("0.66"))
    assert trade.status is Status.CLOSED
    assert [part.realized_pnl for part in trade.realized] == [D("39.12"), D("118.68")]
    assert [part.entry_cost_share for part in trade.realized] == [D("0.44"), D("0.66")]
    assert trade.gross_pnl == 160
    assert trade.net_pnl == D("157.80")
    assert trade.exit_price == D("11.6")
    assert trade.close_date == OPENED + timedelta(hours=2)
    assert trade.holding_seconds == 7200


@pytest.mark.parametrize(
    ("side", "quantity", "entry", "exit_", "multiplier", "costs", "net"),
    [
        (Side.BUY, "100", "10", "12", "1", "2.25", "197.75"),
        (Side.SELL, "50", "20", "18", "1", "1.10", "98.90"),
        (Side.BUY, "3", "4500", "4504", "5", "7.20", "52.80"),
        (Side.BUY, "2", "-37.63", "10.01", "1000", "0", "95280"),
        (Side.SELL, "2", "-37.63", "10.01", "1000", "0", "-95280"),
        (Side.BUY, "100", "10", "12", "1", "-1.5", "201.50"),
    ],
)
def test_one_full_close_realizes_what_the_reference_says(
    side: Side, quantity: str, entry: str, exit_: str, multiplier: str, costs: str, net: str
) -> None:
    trade = a_trade(
        side=side, quantity=D(quantity), entry_price=D(entry), multiplier=D(multiplier), commission=D(costs)
    )
    assert closed(trade, None, exit_).net_pnl == D(net)


def test_a_break_even_sale_with_costs_is_a_loss_of_its_costs() -> None:
    trade = closed(a_trade(commission=D("0.5")), None, "10", fees=D("0.25"))
    assert trade.gross_pnl == 0
    assert trade.net_pnl == D("-0.75")


# Risk


def test_the_given_risk_amount_is_the_risk() -> None:
    trade = closed(open_trade(a_trade(risk_amount=D(40), stop_loss=D(9))), None, "11")
    assert trade.risk == 40
    assert trade.r_multiple == D("2.5")


@pytest.mark.parametrize(("side", "stop", "risk"), [(Side.BUY, "9.5", "100"), (Side.SELL, "10.5", "100")])
def test_a_stop_on_the_losing_side_makes_the_risk(side: Side, stop: str, risk: str) -> None:
    assert open_trade(a_trade(side=side, stop_loss=D(stop), multiplier=D(2))).risk == D(risk)


@pytest.mark.parametrize(("side", "stop"), [(Side.BUY, "10"), (Side.BUY, "11"), (Side.SELL, "9")])
def test_a_stop_that_protects_a_profit_makes_no_risk_and_no_r(side: Side, stop: str) -> None:
    trade = closed(open_trade(a_trade(side=side, stop_loss=D(stop))), None, "11")
    assert trade.risk is None
    assert trade.r_multiple is None


def test_a_risk_that_rounds_to_nothing_is_none() -> None:
    trade = open_trade(a_trade(entry_price=D("1.00000001"), stop_loss=D(1), quantity=D("0.00000001")))
    assert closed(trade).r_multiple is None


@pytest.mark.parametrize(
    ("side", "stop", "target", "expected"),
    [
        (Side.BUY, "9", "13", D(3)),
        (Side.SELL, "11", "8", D(2)),
        (Side.BUY, "7", "11", D("0.33333333")),
        (Side.BUY, "11", "13", None),
        (Side.BUY, "9", "9.5", None),
        (Side.BUY, "9", "10", None),
        (Side.BUY, "10", "13", None),
        (Side.SELL, "11", "12", None),
    ],
)
def test_reward_to_risk_needs_stop_and_target_on_the_right_sides(
    side: Side, stop: str, target: str, expected: Decimal | None
) -> None:
    trade = open_trade(a_trade(side=side, stop_loss=D(stop), take_profit=D(target)))
    assert trade.risk_reward_ratio == expected


def test_without_entry_stop_or_target_there_is_no_ratio() -> None:
    assert a_trade().risk_reward_ratio is None
    for given in (
        {"stop_loss": D(9)},
        {"take_profit": D(12)},
        {"entry_price": None, "stop_loss": D(9), "take_profit": D(12)},
    ):
        assert open_trade(a_trade(**given)).risk_reward_ratio is None


# Days and order


def test_a_day_is_that_of_the_times_own_offset() -> None:
    late = datetime(2026, 1, 2, 23, 30, tzinfo=NEW_YORK)
    assert a_trade(open_date=late).open_day == date(2026, 1, 2)
    assert a_close(closed_at=late).day == date(2026, 1, 2)


def test_closes_stand_in_the_order_of_their_instants_and_ties_in_the_order_recorded() -> None:
    tie = (OPENED + timedelta(hours=2)).astimezone(UTC)
    trade = closed(a_trade(), "10", hours=2, close_id="first of a tie")
    trade = closed(trade, "10", closed_at=tie, close_id="second of a tie")
    trade = closed(trade, "10", hours=1, close_id="recorded late")
    assert [close.close_id for close in trade.closes] == ["recorded late", "first of a tie", "second of a tie"]


def test_the_last_close_by_instant_takes_what_is_left_of_the_entry_costs() -> None:
    trade = a_trade(quantity=D(3), commission=D("0.00000001"))
    for hours in (3, 2, 1):
        trade = closed(trade, "1", "10", hours=hours)
    assert [part.entry_cost_share for part in trade.realized] == [0, 0, D("0.00000001")]


# Opening


def test_a_new_trade_is_open_at_version_one() -> None:
    trade = open_trade(a_trade())
    assert trade.version == 1
    assert trade.status is Status.OPEN
    assert trade.realized == ()
    assert trade.realized_partial_pnl == 0
    assert trade.exit_price is None


def test_a_trade_may_be_opened_with_closes_in_any_order() -> None:
    trade = open_trade(a_trade(), [a_close("60", hours=2), a_close("40", hours=1)])
    assert trade.status is Status.CLOSED
    assert [close.quantity for close in trade.closes] == [40, 60]


def test_everything_wrong_with_a_new_trade_is_said_at_once_and_points_to_the_closes_as_given() -> None:
    with pytest.raises(RuleBroken) as error:
        open_trade(
            a_trade(entry_price=None, cancelled=True, multiplier=D(0), risk_amount=D(-1), fees=D("1E15")),
            [a_close("60", hours=2), a_close("50", hours=1), a_close("0", hours=-1), a_close("1", price="1E-19")],
        )
    assert errors_of(error) == {
        "entry_price",
        "cancelled",
        "multiplier",
        "risk_amount",
        "fees",
        "closes.1.quantity",
        "closes.2.quantity",
        "closes.2.closed_at",
        "closes.3.price",
    }
    assert str(error.value).count("closes.1.quantity closes more than the quantity of the trade") == 1


def test_the_close_that_exceeds_the_quantity_is_named_and_no_later_one() -> None:
    with pytest.raises(RuleBroken) as error:
        open_trade(a_trade(), [a_close("60"), a_close("40", hours=2), a_close("1", hours=3), a_close("1", hours=4)])
    assert errors_of(error) == {"closes.2.quantity"}


def test_a_trade_cannot_be_opened_with_more_than_two_hundred_closes() -> None:
    closes = [a_close("0.1", hours=n) for n in range(201)]
    assert open_trade(a_trade(), closes[1:]).status is Status.PARTIAL
    with pytest.raises(RuleBroken) as error:
        open_trade(a_trade(), closes)
    assert errors_of(error) == {"closes"}


def test_a_time_that_has_no_utc_instant_is_refused() -> None:
    first = datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14)))
    with pytest.raises(RuleBroken) as error:
        open_trade(a_trade(open_date=first), [a_close(closed_at=first)])
    assert errors_of(error) == {"open_date", "closes.0.closed_at"}
    for each in error.value.errors:
        assert each.fault.code is FieldCode.YEAR_OUT_OF_RANGE
        assert each.fault.params == {"minimum": 1, "maximum": 9999}


@pytest.mark.parametrize(
    ("given", "figure"),
    [
        ({"stop_loss": D("-900000000000000")}, "the risk"),
        ({"closes": [a_close("100", "900000000000000")]}, "the gross P&L"),
        (
            {"closes": [a_close("50", "90000000000000"), a_close("50", "-90000000000000", hours=2)]},
            "the gross P&L of a close",
        ),
        ({"closes": [a_close("1", "999999999999999", commission=D("-999999999999999"))]}, "the realized P&L"),
    ],
)
def test_a_figure_longer_than_fifteen_digits_is_refused_by_name(given: dict[str, Any], figure: str) -> None:
    closes = given.pop("closes", ())
    with pytest.raises(RuleBroken, match=f"quantity makes {figure} longer than 15 digits"):
        open_trade(a_trade(**given), closes)


@pytest.mark.parametrize(
    ("given", "figure"),
    [
        ({"quantity": D(10**8), "entry_price": D(-(10**7))}, "the cost"),
        ({"quantity": D(10**7), "entry_price": D(10**6), "multiplier": D(100)}, "the cost"),
        ({"commission": D(999_999_999_999_999), "fees": D(1)}, "the costs"),
    ],
)
def test_cost_and_costs_of_a_position_have_fifteen_digits_at_most(given: dict[str, Any], figure: str) -> None:
    """A trade that is recorded by hand shows neither."""
    trade = a_trade(trade_id=str(UUID(int=1)), **given)
    assert within_bounds(trade) is trade
    with pytest.raises(RuleBroken, match=f"quantity makes {figure} longer than 15 digits"):
        within_bounds(replace(trade, source=TradeSource.LEDGER))


# Closing


def test_a_close_raises_the_version_and_keeps_the_trade_it_came_from() -> None:
    trade = a_trade()
    after = closed(trade, "40")
    assert trade.closes == ()
    assert after.version == 2
    assert after.updated_at == LATER
    assert after.created_at == NOW


def test_no_more_can_be_closed_than_remains() -> None:
    with pytest.raises(StateForbids, match=r"Only 59\.5 of the trade remains") as error:
        closed(closed(a_trade(), "40.50"), "60")
    assert error.value.errors == (
        FieldError(
            ("quantity",),
            Fault(FieldCode.MORE_THAN_HELD, "is more than the 59.5 that remains", {"held": "59.5"}),
        ),
    )


@pytest.mark.parametrize(
    "trade",
    [
        a_trade(cancelled=True),
        a_trade(entry_price=None),
        closed(a_trade()),
        a_trade(closes=tuple(a_close("0.1", hours=n) for n in range(200))),
    ],
    ids=["cancelled", "without an entry price", "flat", "with two hundred closes"],
)
def test_such_a_trade_cannot_be_closed(trade: Trade) -> None:
    with pytest.raises(StateForbids):
        closed(trade, "1")


def test_a_close_comes_no_earlier_than_the_entry_and_takes_something() -> None:
    with pytest.raises(RuleBroken) as error:
        closed(a_trade(), "0", hours=-0.001)
    assert errors_of(error) == {"quantity", "closed_at"}
    assert closed(a_trade(), hours=0).holding_seconds == 0


def test_a_close_can_be_taken_back() -> None:
    trade = closed(closed(a_trade(), "40", close_id="a"), "40", close_id="c", hours=2)
    for taken, left in (("a", "c"), ("c", "a")):
        assert [close.close_id for close in take_back_close(trade, "".join(taken), LATER).closes] == [left]
    with pytest.raises(CloseNotFound):
        take_back_close(trade, "b", LATER)


def test_the_only_close_can_be_taken_back_once() -> None:
    trade = closed(a_trade(), "40", close_id="wrong")
    restored = take_back_close(trade, "wrong", LATER)
    assert restored.status is Status.OPEN
    assert restored.version == 3
    with pytest.raises(CloseNotFound):
        take_back_close(restored, "wrong", LATER)


# Revising


def test_fields_of_the_trade_and_of_its_notes_are_revised_alike() -> None:
    trade = a_trade(notes=JournalNotes(tags=("gap",), lessons="wait"))
    revised = revise(trade, {"symbol": "MSFT", "tags": ("trend",), "confidence": 7}, LATER)
    assert revised == replace(
        trade,
        symbol="MSFT",
        notes=JournalNotes(tags=("trend",), lessons="wait", confidence=7),
        version=2,
        updated_at=LATER,
    )


def test_none_takes_a_field_back_to_none_or_to_its_default() -> None:
    trade = a_trade(stop_loss=D(9), multiplier=D(5), commission=D(1), notes=JournalNotes(tags=("gap",), lessons="wait"))
    gone = dict.fromkeys(("stop_loss", "multiplier", "commission", "tags", "lessons", "psychology"))
    assert revise(trade, gone, LATER) == a_trade(version=2, updated_at=LATER)


def test_what_follows_from_executions_may_be_repeated_and_not_be_changed() -> None:
    trade = a_trade(trade_id=str(UUID(int=1)), source=TradeSource.LEDGER)
    noted = revise(trade, {"symbol": "AAPL", "quantity": D("100.0"), "tags": ("gap", "late", "gap")}, LATER)
    assert (noted.version, noted.notes.tags) == (2, ("gap", "late"))
    with pytest.raises(DerivedFromExecutions) as error:
        revise(trade, {"symbol": "MSFT", "entry_price": D(10), "quantity": D(99), "tags": ()}, LATER)
    assert set(error.value.names) == {"symbol", "quantity"}


def test_what_a_trade_must_have_cannot_be_removed() -> None:
    with pytest.raises(RuleBroken) as error:
        revise(a_trade(), dict.fromkeys(("symbol", "side", "quantity", "open_date")), LATER)
    assert errors_of(error) == {"symbol", "side", "quantity", "open_date"}


def test_revised_values_keep_the_rules_of_a_new_trade() -> None:
    with pytest.raises(RuleBroken) as error:
        revise(closed(a_trade()), {"quantity": D(0), "risk_amount": D(0), "take_profit": D("1E15")}, LATER)
    assert errors_of(error) == {"quantity", "risk_amount", "take_profit"}


def test_changes_that_the_closes_forbid_are_named_all_at_once() -> None:
    changes = {
        "quantity": D(39),
        "entry_price": None,
        "cancelled": True,
        "open_date": OPENED + timedelta(hours=1, seconds=1),
    }
    with pytest.raises(StateForbids) as error:
        revise(closed(a_trade(), "40"), changes, LATER)
    assert errors_of(error) == {"quantity", "entry_price", "cancelled", "open_date"}
    assert revise(a_trade(), changes, LATER).cancelled


def test_an_entry_cannot_be_moved_behind_the_first_close() -> None:
    trade = closed(closed(a_trade(), "40"), "40", hours=3)
    with pytest.raises(StateForbids) as error:
        revise(trade, {"open_date": OPENED + timedelta(hours=2)}, LATER)
    assert errors_of(error) == {"open_date"}


@pytest.mark.parametrize("same", [{}, {"symbol": "AAPL"}, {"quantity": D("100.0")}, {"tags": ()}])
def test_a_revision_that_changes_nothing_is_the_same_trade(same: dict[str, Any]) -> None:
    trade = a_trade()
    assert revise(trade, same, LATER) is trade


@pytest.mark.parametrize("hours", [-6, -4, 0, 9])
def test_the_same_instant_in_another_offset_is_another_entry(hours: int) -> None:
    moved = OPENED.astimezone(timezone(timedelta(hours=hours)))
    revised = revise(a_trade(), {"open_date": moved}, LATER)
    assert (revised.version, revised.open_date.utcoffset()) == (2, timedelta(hours=hours))


@pytest.mark.parametrize("change", [{"quantity": D(150)}, {"quantity": D(40)}, {"entry_price": D("11")}])
def test_a_revision_rewrites_nothing_that_closes_realized_but_says_what_does(change: dict[str, Any]) -> None:
    trade = closed(a_trade(), "40")
    with pytest.raises(StateForbids) as error:
        revise(trade, change, LATER)
    [field] = error.value.errors
    assert field.path == tuple(change)
    assert "updateEntry" in field.fault.detail
    assert "addEntry" in field.fault.detail
    assert revise(a_trade(), change, LATER).version == 2


def test_a_correction_of_what_money_follows_from_is_still_made() -> None:
    trade = revise(closed(a_trade(), "40"), {"side": Side.SELL, "multiplier": D(2), "commission": D(10)}, LATER)
    assert trade.realized_partial_pnl == D("-84")  # -40 x 2 and 40 % of the costs
    assert revise(trade, {"quantity": D("100.0"), "entry_price": D("10.00")}, LATER) is trade


def test_an_untouched_trade_can_be_cancelled_and_taken_up_again() -> None:
    cancelled = revise(a_trade(), {"cancelled": True}, LATER)
    assert cancelled.status is Status.CANCELLED
    assert revise(cancelled, {"cancelled": False}, LATER).status is Status.OPEN


def test_a_revision_that_makes_a_figure_too_long_is_refused() -> None:
    with pytest.raises(RuleBroken, match="the realized P&L longer"):
        revise(closed(a_trade(), "40"), {"multiplier": D("1E14"), "commission": D("-999999999999999")}, LATER)


def test_fields_that_no_trader_revises_are_a_type_error() -> None:
    with pytest.raises(TypeError, match="version"):
        revise(a_trade(), {"version": 9}, LATER)
