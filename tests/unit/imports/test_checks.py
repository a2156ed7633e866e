"""Amounts and profits that do not follow from the prices; whole trades as two fills; actions of two rows; cash."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal

import pytest

from handlers.imports.checks import check_amount, check_profit, with_costs_in
from handlers.imports.halves import Half, Halves
from handlers.imports.moves import cash_move, cash_type
from handlers.imports.pairs import Pairs, WholeTrade
from handlers.imports.records import Columns, Record, Skipped
from handlers.imports.refusals import Unreadable
from handlers.imports.rows import ReportedFill, RowReason
from handlers.imports.values import Moment, Notation
from handlers.journal.cash import CashType
from handlers.journal.executions import ActionType, Instrument
from handlers.journal.positions import Side

AT = Moment(datetime.fromisoformat("2024-01-05T09:30"), False)


def record() -> Record:
    return Record(Columns([]), [], Notation(), line=1)


def fill(side: Side = Side.BUY, commission: str = "1", price: str = "10") -> ReportedFill:
    return ReportedFill(
        symbol="A",
        instrument=Instrument(),
        side=side,
        quantity=Decimal(100),
        price=Decimal(price),
        at=AT.at,
        commission=Decimal(commission),
    )


@pytest.mark.parametrize(
    ("of", "amount", "with_costs", "warnings"),
    [
        (fill(), "-1001", True, 0),
        (fill(Side.SELL), "999", True, 0),
        (fill(), "1000", False, 0),
        (fill(), "1000", None, 0),
        (fill(), "1001", None, 0),
        (fill(), "1001.005", True, 0),
        (fill(), "1001.006", True, 1),
        (fill(), "1002.001", True, 1),
        (replace(fill(price="0.01"), commission=Decimal(0)), "1.01", True, 1),
    ],
)
def test_an_amount_may_differ_by_a_cent_or_a_thousandth(
    of: ReportedFill, amount: str, with_costs: bool | None, warnings: int
) -> None:
    row = record()
    assert check_amount(row, of, Decimal(amount), with_costs=with_costs) == of
    assert len(row.row(lambda _record: ()).warnings) == warnings


def test_an_amount_that_differs_more_is_wrong() -> None:
    with pytest.raises(Unreadable) as wrong:
        check_amount(record(), fill(), Decimal(1003))
    assert wrong.value.reason is RowReason.AMOUNT_MISMATCH


def test_without_an_amount_or_a_price_there_is_nothing_to_check() -> None:
    of = replace(fill(), price=None)
    assert check_amount(record(), fill(), None) == fill()
    assert check_amount(record(), of, Decimal(5)) == of
    assert with_costs_in(record(), of, Decimal(5), Decimal(1)) == of


@pytest.mark.parametrize(("side", "amount"), [(Side.BUY, "1000.5"), (Side.SELL, "999.5")])
def test_what_an_amount_has_more_than_the_price_is_a_cost(side: Side, amount: str) -> None:
    assert with_costs_in(record(), fill(side, "0"), Decimal(amount), Decimal(1)).fees == Decimal("0.5")


def test_more_than_any_cost_is_checked() -> None:
    with pytest.raises(Unreadable):
        with_costs_in(record(), fill(commission="0"), Decimal(1100), Decimal(1))


def test_a_profit_of_another_sign_is_wrong() -> None:
    check_profit(record(), Decimal(400), None)
    with pytest.raises(Unreadable) as wrong:
        check_profit(record(), Decimal(400), Decimal(-400))
    assert wrong.value.reason is RowReason.PNL_MISMATCH


def trade(profit: str | None = None, *, net: bool = False, trade_id: str | None = None) -> WholeTrade:
    return WholeTrade(
        symbol="A",
        instrument=Instrument(multiplier=Decimal(2)),
        side=Side.SELL,
        quantity=Decimal(3),
        entry=AT,
        exit=AT,
        entry_price=Decimal(10),
        exit_price=Decimal(8),
        commission=Decimal("0.78"),
        profit=None if profit is None else Decimal(profit),
        profit_is_net=net,
        trade_id=trade_id,
    )


@pytest.mark.parametrize(
    ("of", "commission"),
    [(trade(), "0.78"), (trade("12"), "0.78"), (trade("12", net=True), "0.78"), (trade("10.1", net=True), "1.9")],
)
def test_a_trade_is_two_fills_of_which_the_second_has_the_costs(of: WholeTrade, commission: str) -> None:
    opening, closing = Pairs().fills(record(), of)
    assert (opening.side, opening.price, opening.commission) == (Side.SELL, Decimal(10), Decimal(0))
    assert (closing.side, closing.price, closing.commission) == (Side.BUY, Decimal(8), Decimal(commission))


def test_a_net_profit_that_the_prices_do_not_make_is_wrong() -> None:
    with pytest.raises(Unreadable) as wrong:
        Pairs().fills(record(), trade("-500", net=True))
    assert wrong.value.reason is RowReason.PNL_MISMATCH


def test_equal_trades_are_kept_apart_and_are_the_same_in_every_file() -> None:
    pairs, again = Pairs(), Pairs()
    ids = [pairs.fills(record(), trade())[0].pair_id for _ in range(2)]
    assert len(set(ids)) == 2
    assert [again.fills(record(), trade())[1].pair_id for _ in range(2)] == ids


def test_the_id_of_a_trade_names_its_fills() -> None:
    opening, closing = Pairs().fills(record(), trade(trade_id="7"))
    assert (opening.pair_id, opening.external_id, closing.external_id) == ("7", "7/in", "7/out")


def test_two_rows_of_an_action_are_joined_in_either_order() -> None:
    out, come = Half("A", Decimal(-10)), Half("A", Decimal(20))
    for first, second in ((out, come), (come, out)):
        halves = Halves()
        with pytest.raises(Skipped):
            halves.split("key", first, AT)
        action = halves.split("key", second, AT)
        assert (action.type, action.symbol, action.new, action.old) == (ActionType.SPLIT, "A", Decimal(20), Decimal(10))


def test_rows_that_go_the_same_way_do_not_make_an_action() -> None:
    halves = Halves()
    for _ in range(2):
        with pytest.raises(Skipped):
            halves.joined("key", Half("A", Decimal(1)))


def test_as_many_units_of_another_symbol_are_a_new_name() -> None:
    halves = Halves()
    with pytest.raises(Skipped):
        halves.split("key", Half("FB", Decimal(-5)), AT)
    action = halves.split("key", Half("META", Decimal(5)), AT)
    assert (action.type, action.symbol, action.new_symbol) == (ActionType.RENAME, "FB", "META")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Qualified Dividend", CashType.DIVIDEND),
        ("Foreign Tax Withholding", CashType.TAX),
        ("Margin Interest", CashType.INTEREST),
        ("ADR Mgmt Fee", CashType.FEE),
        ("Funding", CashType.FUNDING),
        ("Currency conversion", CashType.CONVERSION),
        ("Payout", CashType.PAYOUT),
        ("Wire Sent", CashType.DEPOSIT),
        ("Something else", CashType.ADJUSTMENT),
    ],
)
def test_a_word_tells_the_type_of_cash(text: str, kind: CashType) -> None:
    assert cash_type(text) is kind


@pytest.mark.parametrize(
    ("kind", "amount", "is_"),
    [
        (CashType.DEPOSIT, "-1", CashType.WITHDRAWAL),
        (CashType.WITHDRAWAL, "1", CashType.DEPOSIT),
        (CashType.PAYOUT, "1", CashType.DEPOSIT),
        (CashType.PAYOUT, "-1", CashType.PAYOUT),
        (CashType.FEE, "1", CashType.FEE),
    ],
)
def test_the_sign_tells_a_deposit_from_a_withdrawal(kind: CashType, amount: str, is_: CashType) -> None:
    assert cash_move(kind, Decimal(amount), AT).type is is_


@pytest.mark.parametrize("amount", [None, Decimal(0)])
def test_no_money_is_no_row(amount: Decimal | None) -> None:
    with pytest.raises(Skipped):
        cash_move(CashType.FEE, amount, AT)
