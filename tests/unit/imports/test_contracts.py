"""What a lot makes: by convention, or by the profit that the file shows."""

from decimal import Decimal

import pytest

from handlers.imports.formats._contracts import contract_by_profit, currencies_of, instrument_of, lot_of
from handlers.journal.executions import Instrument, InstrumentKind
from handlers.journal.money import ONE, product
from handlers.journal.positions import Side


@pytest.mark.parametrize(
    ("symbol", "currencies"),
    [
        ("EURUSD", ("EUR", "USD")),
        ("eurusd.m", ("EUR", "USD")),
        ("XAU/USD", ("XAU", "USD")),
        ("#GBPJPYpro", ("GBP", "JPY")),
        ("US30", ("", "")),
        ("BTCUSD", ("", "")),
        ("USDXAU", ("", "")),
    ],
)
def test_the_currencies_of_a_pair_are_found_whatever_a_broker_adds(symbol: str, currencies: tuple[str, str]) -> None:
    assert currencies_of(symbol) == currencies


def test_a_lot_is_of_100_000_units_and_of_a_metal_of_its_ounces() -> None:
    assert lot_of("EURUSD") == Instrument(kind=InstrumentKind.FOREX, multiplier=Decimal(100_000), currency="USD")
    assert lot_of("XAGUSD") == Instrument(kind=InstrumentKind.CFD, multiplier=Decimal(5_000), currency="USD")
    assert lot_of("AAPL") is None


def _multiplier(symbol: str, entry: str, exit_: str, profit: str | None, quantity: str = "1") -> Decimal:
    shown = None if profit is None else Decimal(profit)
    return contract_by_profit(symbol, Side.BUY, Decimal(quantity), Decimal(entry), Decimal(exit_), shown).multiplier


@pytest.mark.parametrize(
    ("symbol", "entry", "exit_", "profit", "multiplier"),
    [
        ("EURUSD", "1.10000", "1.10100", "100.00", 100_000),
        ("GER40", "18000.0", "18010.5", "10.50", 1),
        ("GER40", "18000.0", "18010.5", "262.50", 25),
        ("USOIL", "80.00", "80.50", "500.00", 1_000),
        ("XAUUSD", "2000.00", "2001.00", "10.00", 10),
    ],
)
def test_the_size_of_a_contract_is_the_one_that_makes_the_profit(
    symbol: str, entry: str, exit_: str, profit: str, multiplier: int
) -> None:
    assert _multiplier(symbol, entry, exit_, profit) == multiplier


def test_a_profit_in_another_currency_than_the_price_is_made_exactly() -> None:
    multiplier = _multiplier("GBPCAD", "1.87629", "1.87529", "-70.25")
    assert round(product(Decimal("-0.00100"), multiplier), 8) == Decimal("-70.25")


@pytest.mark.parametrize("profit", [None, "0.00", "-5.00"])
def test_without_a_profit_that_the_prices_could_make_a_lot_is_the_usual_one(profit: str | None) -> None:
    assert _multiplier("EURUSD", "1.10000", "1.10100", profit) == 100_000
    assert _multiplier("TSLA", "200", "201", profit) == ONE


def test_where_the_price_has_not_moved_a_lot_is_the_usual_one() -> None:
    assert _multiplier("EURUSD", "1.10000", "1.10000", "5.00") == 100_000


def test_the_currency_is_left_to_the_account_as_profits_are_in_it() -> None:
    assert contract_by_profit("USDJPY", Side.SELL, ONE, Decimal(150), Decimal(149), Decimal("671.14")).currency is None


@pytest.mark.parametrize(
    ("text", "kind", "multiplier"),
    [
        ("ESZ5", InstrumentKind.FUTURE, 50),
        ("mesh26", InstrumentKind.FUTURE, 5),
        ("NQ1!", InstrumentKind.FUTURE, 20),
        ("ES", InstrumentKind.STOCK, 1),
        ("XYZZ5", InstrumentKind.STOCK, 1),
        ("AAPL 01/19/2024 150.00 C", InstrumentKind.OPTION, 100),
    ],
)
def test_a_future_is_known_by_its_month_and_a_root_alone_is_a_share(
    text: str, kind: InstrumentKind, multiplier: int
) -> None:
    instrument = instrument_of(text)[1]
    assert (instrument.kind, instrument.multiplier) == (kind, Decimal(multiplier))
