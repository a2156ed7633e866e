"""One option has one symbol in the notations of all brokers; a future has its point value."""

from datetime import date
from decimal import Decimal

import pytest

from handlers.imports.instruments import future, future_or_other, option, option_in, share_or_option, stock
from handlers.imports.refusals import Unreadable
from handlers.imports.rows import RowReason
from handlers.journal.executions import Instrument, InstrumentKind, Right


@pytest.mark.parametrize(
    "text",
    [
        "AAPL  240119C00150000",
        "AAPL240119C00150000",
        ".AAPL240119C00150000",
        "aapl 240119C00150000",
        "AAPL 19JAN24 150 C",
        "AAPL 19 JAN 24 150 CALL",
        "AAPL 01/19/2024 150.00 C",
        "AAPL 1/19/24 Call $150.00",
        "AAPL 2024-01-19 C 150",
    ],
)
def test_an_option_has_one_symbol_in_all_notations(text: str) -> None:
    instrument = Instrument(
        kind=InstrumentKind.OPTION,
        multiplier=Decimal(100),
        currency="USD",
        underlying="AAPL",
        expiry=date(2024, 1, 19),
        strike=Decimal(150),
        right=Right.CALL,
    )
    assert option_in(text, "USD") == ("AAPL 240119C00150000", instrument)


@pytest.mark.parametrize(
    ("strike", "symbol"),
    [("62.5", "X 240119P00062500"), ("0.0625", "X 240119P0.0625"), ("1250000", "X 240119P1250000")],
)
def test_a_strike_that_the_symbol_has_no_digits_for_is_written_out(strike: str, symbol: str) -> None:
    assert option("X", date(2024, 1, 19), Decimal(strike), Right.PUT)[0] == symbol


@pytest.mark.parametrize("text", ["AAPL", "", "AAPL CALL", "JAN 12 125 CALL"])
def test_other_texts_name_no_option(text: str) -> None:
    assert option_in(text) is None


def test_an_option_of_no_day_is_wrong() -> None:
    with pytest.raises(Unreadable) as wrong:
        option_in("AAPL 241399C00150000")
    assert wrong.value.reason is RowReason.DATE


def test_what_is_no_option_is_a_share() -> None:
    assert share_or_option("BRK  B", "USD") == ("BRK B", stock("USD"))


@pytest.mark.parametrize(("symbol", "value"), [("ESZ5", 50), ("MNQ MAR24", 2), ("ES 12-25", 50), ("MES 17DEC21", 5)])
def test_a_future_has_the_point_value_of_its_root(symbol: str, value: int) -> None:
    assert (future(symbol).multiplier, future(symbol).currency) == (Decimal(value), "USD")
    assert future_or_other(symbol).kind is InstrumentKind.FUTURE


def test_a_future_of_an_unknown_root_needs_a_multiplier() -> None:
    assert future("QQX 12-25", "EUR", Decimal(7)).multiplier == 7
    with pytest.raises(Unreadable) as wrong:
        future_or_other("QQX 12-25")
    assert wrong.value.reason is RowReason.SYMBOL


def test_a_symbol_without_a_month_is_no_future() -> None:
    assert future_or_other("EURUSD").kind is InstrumentKind.OTHER
