"""Markets of two coins, fees in coins, and trades that a file tells in several rows."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from handlers.imports.formats._cells import beginning_with
from handlers.imports.formats._coins import coin, gathered, is_price_of, market_of, unit_price, with_fee
from handlers.imports.records import Columns, Record
from handlers.imports.refusals import Unreadable
from handlers.imports.rows import ReportedFill, RowReason
from handlers.imports.values import Moment, Notation, in_utc
from handlers.journal.executions import ExecutionKind
from handlers.journal.money import product
from handlers.journal.positions import Side

COLUMNS = Columns(["id", "what"])
AT = datetime(2024, 5, 6, 7, 8, tzinfo=UTC)


def _record(line: int, key: str = "", what: str = "") -> Record:
    return Record(COLUMNS, [key, what], Notation(), line=line)


def _fill(side: Side) -> ReportedFill:
    return ReportedFill(
        symbol="BTCUSDT",
        instrument=coin("USDT"),
        side=side,
        quantity=Decimal("0.05"),
        price=Decimal(42_000),
        at=AT,
        external_id="7",
    )


@pytest.mark.parametrize(
    ("market", "coins"),
    [
        ("SOLBUSD", ("SOL", "BUSD")),
        ("ethbtc", ("ETH", "BTC")),
        ("BTCUSDT", ("BTC", "USDT")),
        ("XTZEUR", ("XTZ", "EUR")),
        ("ETH/BTC", ("ETH", "BTC")),
        ("XLM-EUR", ("XLM", "EUR")),
    ],
)
def test_a_market_is_a_coin_and_what_it_is_priced_in(market: str, coins: tuple[str, str]) -> None:
    assert market_of(market) == coins


@pytest.mark.parametrize("market", ["", "USDT", "ABCXYZ", "/USD"])
def test_other_texts_are_no_markets(market: str) -> None:
    with pytest.raises(Unreadable) as raised:
        market_of(market)
    assert raised.value.reason is RowReason.SYMBOL


def test_of_two_coins_money_is_the_price_then_what_is_worth_money_then_bitcoin() -> None:
    assert is_price_of("EUR", "USDT")
    assert is_price_of("USDC", "BTC")
    assert is_price_of("BTC", "ETH")
    assert not is_price_of("PEPE", "BTC")
    assert not is_price_of("PEPE", "WIF")


def test_times_are_in_utc_unless_they_have_an_offset() -> None:
    here = datetime(2024, 5, 6, 7, 8, tzinfo=timezone(timedelta(hours=2)))
    assert in_utc(Moment(AT.replace(tzinfo=None), False)).at == AT
    assert in_utc(Moment(here, False)).at.utcoffset() == timedelta(hours=2)


def test_a_price_without_end_makes_the_money_again() -> None:
    price = unit_price(Decimal(-300), Decimal("0.007"))
    assert round(product(price, Decimal("0.007")), 8) == 300


def test_a_price_of_too_many_digits_is_refused() -> None:
    with pytest.raises(Unreadable) as raised:
        unit_price(Decimal("1E15"), Decimal("0.1"))
    assert raised.value.reason is RowReason.NUMBER


def test_a_fee_in_the_price_is_a_cost() -> None:
    (fill,) = with_fee(_record(1), _fill(Side.BUY), "BTC", "USDT", Decimal("2.1"), "USDT")
    assert (fill.fees, fill.fee_currency) == (Decimal("2.1"), None)


def test_a_fee_in_the_coin_that_is_bought_gives_that_much_away() -> None:
    bought, paid = with_fee(_record(1), _fill(Side.BUY), "BTC", "USDT", Decimal("0.001"), "BTC")
    assert bought.fees == 0
    assert (paid.kind, paid.side, paid.quantity, paid.price) == (
        ExecutionKind.FEE_IN_KIND,
        Side.SELL,
        Decimal("0.001"),
        None,
    )
    assert paid.external_id == "7/fee"


@pytest.mark.parametrize(("side", "fee"), [(Side.SELL, "0.001"), (Side.BUY, "-0.001")])
def test_a_fee_in_the_coin_that_is_sold_and_a_rebate_are_costs_at_the_price(side: Side, fee: str) -> None:
    (fill,) = with_fee(_record(1), _fill(side), "BTC", "USDT", Decimal(fee), "BTC")
    assert (fill.fees, fill.fee_currency, fill.fee_price) == (Decimal(fee), "BTC", Decimal(42_000))


def test_a_fee_in_a_third_coin_is_noticed() -> None:
    record = _record(1)
    (fill,) = with_fee(record, _fill(Side.BUY), "BTC", "USDT", Decimal("0.01"), "BNB")
    row = record.row(lambda _: fill)
    assert (fill.fee_currency, fill.fee_price) == ("BNB", None)
    assert [notice.reason for notice in row.warnings] == [RowReason.UNPRICED_COST]


def _lines(*records: Record) -> list[list[int]]:
    """The lines that are gathered: of two rows of a trade, and of a third one behind them that is its fee."""

    def complete(held: Sequence[Record]) -> bool | None:
        return False if len(held) < 2 else True if len(held) > 2 else None

    groups = gathered(records, lambda record: record.text("id"), complete)
    return [[record.line for record in group] for group in groups]


def test_rows_of_one_trade_come_together_wherever_they_stand() -> None:
    assert _lines(_record(1, "a"), _record(2, "b"), _record(3, "a"), _record(4, "a"), _record(5, "b")) == [
        [1, 3, 4],
        [2, 5],
    ]


def test_a_trade_without_a_fee_ends_where_another_one_begins() -> None:
    assert _lines(_record(1, "a"), _record(2, "a"), _record(3, "b"), _record(4, "b"), _record(5, "b")) == [
        [1, 2],
        [3, 4, 5],
    ]


def test_rows_without_a_trade_come_alone_and_so_do_those_that_cannot_be_read() -> None:
    broken = Record(COLUMNS, ["a"], Notation(), line=2, fault=Unreadable(RowReason.COLUMN_COUNT, "has 1 cell"))
    text = Record(COLUMNS, ["a", ""], Notation(), line=3, skipped="a line of text")
    assert _lines(_record(1), broken, text, _record(4, "a")) == [[1], [2], [3], [4]]


def test_a_column_is_found_by_the_beginning_of_its_name() -> None:
    columns = Columns(["Opening Time (UTC+2)", "Net USD"])
    assert beginning_with(columns, "gross ", "net ") == "Net USD"
    assert beginning_with(columns, "Closing") == ""
