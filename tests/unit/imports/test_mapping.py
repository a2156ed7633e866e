"""A user's mapping reads an unknown table, and says of a row what it cannot read."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from handlers.imports.date_tokens import compiled, moment_by
from handlers.imports.format import FormatKind, Need
from handlers.imports.mapped import format_of
from handlers.imports.mapping import CellComparison, ColumnMapping, CostSign, RowKind, SkipWhen, mapping_errors
from handlers.imports.proposals import proposal
from handlers.imports.reading import ReadingOptions, open_file
from handlers.imports.refusals import FileReason, FileRefused, Refusal, Unreadable
from handlers.imports.rows import CashMove, ReportedFill, Row, RowReason
from handlers.imports.values import DateOrder, DecimalMark
from handlers.journal.cash import CashType
from handlers.journal.executions import InstrumentKind
from handlers.journal.positions import Side

FILLS = ColumnMapping(
    name="Mine",
    row_kind=RowKind.FILL,
    columns={"time": "When", "symbol": "What", "quantity": "Units", "price": "Price"},
)


def rows(mapping: ColumnMapping, text: str) -> list[Row]:
    assert mapping_errors(mapping) == []
    return list(open_file([text.encode()], ReadingOptions(mapping=mapping)).rows())


def fill(mapping: ColumnMapping, text: str) -> ReportedFill:
    (row,) = rows(mapping, text)
    assert (row.error, row.detail) == (None, None)
    (found,) = row.found
    assert isinstance(found, ReportedFill)
    return found


def columns(**more: str) -> dict[str, str]:
    return {**FILLS.columns, **more}


def test_a_fill_without_a_side_is_a_sale_below_0() -> None:
    text = "When,What,Units,Price\n2024-01-05 09:30,A,{},2.5\n"
    bought, sold = (fill(FILLS, text.format(units)) for units in ("10", "-10"))
    assert (bought.side, sold.side, sold.quantity, sold.price) == (Side.BUY, Side.SELL, Decimal(10), Decimal("2.5"))
    assert bought.instrument.kind is InstrumentKind.OTHER


def test_words_of_the_user_name_the_side() -> None:
    mapping = replace(FILLS, columns=columns(side="Do"), sides={"SELL": ("Weg ",), "BUY": ("Her",)})
    text = "When,What,Units,Price,Do\n2024-01-05,A,10,2.5,{}\n"
    assert [fill(mapping, text.format(word)).side for word in ("weg", "HER", "sell")] == [
        Side.SELL,
        Side.BUY,
        Side.SELL,
    ]
    (row,) = rows(mapping, text.format("?"))
    assert row.error is RowReason.SIDE


@pytest.mark.parametrize(
    ("sign", "commission", "fees"),
    [
        (CostSign.AS_SHOWN, "1", "0.5"),
        (CostSign.POSITIVE_IS_COST, "-1", "0.5"),
        (CostSign.NEGATIVE_IS_COST, "1", "-0.5"),
    ],
)
def test_the_sign_of_costs_is_the_mappings(sign: CostSign, commission: str, fees: str) -> None:
    mapping = replace(FILLS, columns=columns(commission="C"), fees=("F", "G"), cost_sign=sign)
    found = fill(mapping, "When,What,Units,Price,C,F,G\n2024-01-05,A,10,2.5,-1,0.5,\n")
    assert (found.commission, found.fees) == (Decimal(commission), Decimal(fees))


def test_lots_are_units_of_a_size() -> None:
    assert fill(replace(FILLS, lot_size=Decimal(100)), "When,What,Units,Price\n2024-01-05,A,1.5,2\n").quantity == 150


def test_an_amount_makes_a_price_that_is_not_there() -> None:
    mapping = replace(FILLS, columns=columns(amount="Sum"))
    text = "When,What,Units,Price,Sum\n2024-01-05,A,4,{}\n"
    assert fill(mapping, text.format(",-10")).price == Decimal("2.5")
    assert [row.error for row in rows(mapping, text.format("2.5,-20"))] == [RowReason.AMOUNT_MISMATCH]
    assert [row.error for row in rows(mapping, text.format(","))] == [RowReason.NUMBER]


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        (",A,1,2", RowReason.DATE),
        ("2024-01-05,A,,2", RowReason.NUMBER),
        ("2024-01-05,A,0,2", RowReason.NUMBER),
        ("2024-01-05,,1,2", RowReason.SYMBOL),
        ("2024-01-05,A,1", RowReason.COLUMN_COUNT),
    ],
)
def test_a_row_that_lacks_something_says_what(cells: str, reason: RowReason) -> None:
    assert [row.error for row in rows(FILLS, f"When,What,Units,Price\n{cells}\n")] == [reason]


def test_rows_are_skipped_when_a_cell_says_so_whatever_their_width() -> None:
    skips = (
        SkipWhen(column="What", comparison=CellComparison.IS, text="sum"),
        SkipWhen(column="when", comparison=CellComparison.STARTS_WITH, text="To"),
        SkipWhen(column="Price", comparison=CellComparison.CONTAINS, text="x"),
    )
    text = "When,What,Units,Price\n1,SUM,1,2\nTotal 1,000,000\n2024-01-05,A,1,2x2\n2024-01-05,A,1,2\n"
    assert [row.skipped is None for row in rows(replace(FILLS, skip_when=skips), text)] == [False, False, False, True]


def test_lines_before_the_header_are_counted() -> None:
    text = "When,What,Units,Price\nnot,the,real,header\nWhen,What,Units,Price\n2024-01-05,A,1,2\n"
    assert [row.line for row in rows(replace(FILLS, skip_lines=2), text)] == [4]


def test_a_header_without_the_columns_is_refused() -> None:
    with pytest.raises(FileRefused) as refused:
        rows(FILLS, "When,What,Units\n1,2,3\n")
    assert refused.value.reason is FileReason.NOT_THIS_FORMAT


@pytest.mark.parametrize(
    ("formats", "cells", "at", "day_only"),
    [
        ((), "5.1.2024,09:30", "2024-01-05T09:30:00", False),
        ((), "5.1.2024,", "2024-01-05T00:00:00", True),
        (("DD.MM.YYYY HH:mm",), "5.1.2024,09:30", "2024-01-05T09:30:00", False),
        (("DD.MM.YYYY",), "5.1.2024,09:30", "2024-01-05T09:30:00", False),
        (("YYYY", "DD.MM.YYYY")[1:], "5.1.2024,", "2024-01-05T00:00:00", True),
    ],
)
def test_a_day_and_a_time_can_be_two_columns(formats: tuple[str, ...], cells: str, at: str, day_only: bool) -> None:
    own = {**FILLS.columns, "date": "When", "clock": "Clock"}
    own.pop("time")
    mapping = replace(FILLS, columns=own, date_formats=formats, date_order=DateOrder.DMY)
    found = fill(mapping, f"When,Clock,What,Units,Price\n{cells},A,1,2\n")
    assert (found.at.isoformat(), found.day_only) == (at, day_only)


def test_two_notations_of_days_in_one_file_are_read() -> None:
    mapping = replace(FILLS, date_formats=("YYYY-MM-DD", "DD/MM/YY hh:mm A"))
    text = "When,What,Units,Price\n2024-01-05,A,1,2\n06/01/24 01:30 pm,A,1,2\n05.01.2024,A,1,2\n"
    found = rows(mapping, text)
    assert [row.found[0].at.isoformat() if row.found else row.error for row in found] == [
        "2024-01-05T00:00:00",
        "2024-01-06T13:30:00",
        RowReason.DATE,
    ]


def test_the_mapping_names_the_notation_of_numbers() -> None:
    text = "When;What;Units;Price\n2024-01-05;A;1;1.234\n"
    assert fill(replace(FILLS, decimal_mark=DecimalMark.POINT), text).price == Decimal("1.234")
    assert fill(FILLS, text).price == 1234


def test_what_is_traded_is_the_mappings_or_the_symbols() -> None:
    text = "When,What,Units,Price,M\n2024-01-05,{},1,2,{}\n"
    own = replace(FILLS, columns=columns(multiplier="M"))
    future = replace(own, instrument_kind=InstrumentKind.FUTURE)
    assert fill(own, text.format("AAPL240119C00150000", "10")).instrument.multiplier == 10
    assert fill(own, text.format("AAPL240119C00150000", "")).symbol == "AAPL 240119C00150000"
    assert fill(replace(own, instrument_kind=InstrumentKind.STOCK), text.format("ESZ5", "")).instrument.multiplier == 1
    assert fill(future, text.format("ESZ5", "")).instrument.multiplier == 50


def test_a_trade_is_two_fills() -> None:
    mapping = ColumnMapping(
        name="Trades",
        row_kind=RowKind.TRADE,
        columns={
            "entry_time": "In",
            "exit_time": "Out",
            "symbol": "S",
            "side": "D",
            "quantity": "Q",
            "entry_price": "P1",
            "exit_price": "P2",
            "profit": "PnL",
            "external_id": "Id",
        },
        profit_is_net=True,
    )
    text = "In,Out,S,D,Q,P1,P2,PnL,Id\n2024-01-05 09:30,{},A,Long,2,10,11,1.5,7\n"
    (row,) = rows(mapping, text.format("2024-01-05 10:00"))
    opening, closing = row.found
    assert isinstance(opening, ReportedFill)
    assert isinstance(closing, ReportedFill)
    assert (opening.at.minute, closing.at.hour, closing.commission, closing.pair_id) == (30, 10, Decimal("0.5"), "7")
    (row,) = rows(mapping, text.format(""))
    assert row.found[0].at == row.found[1].at
    by_time = {**mapping.columns, "time": "In"}
    by_time.pop("entry_time")
    (row,) = rows(replace(mapping, columns=by_time), text.format(""))
    assert row.found[0].at.minute == 30


def cash(mapping: ColumnMapping, text: str) -> CashMove:
    (row,) = rows(mapping, text)
    (found,) = row.found
    assert isinstance(found, CashMove)
    return found


def test_a_row_of_cash_has_a_type_by_its_word() -> None:
    mapping = ColumnMapping(
        name="Cash",
        row_kind=RowKind.CASH,
        columns={"date": "D", "amount": "A", "type": "T", "currency": "C", "symbol": "S", "note": "N"},
        types={"PAYOUT": ("Gewinn",)},
    )
    text = "D,A,T,C,S,N\n2024-01-05,{},eur,X,why\n"
    assert cash(mapping, text.format("-5,Gewinn")).type is CashType.PAYOUT
    assert cash(mapping, text.format("5,dividend")).type is CashType.DIVIDEND
    found = cash(mapping, text.format("-5,"))
    assert (found.type, found.currency, found.symbol, found.note) == (CashType.WITHDRAWAL, "EUR", "X", "why")


def test_the_type_of_a_row_tells_what_it_is_in_a_mixed_table() -> None:
    mapping = replace(
        FILLS,
        row_kind=RowKind.MIXED,
        columns=columns(type="T", amount="A"),
        types={"FILL": ("trade",), "SKIP": ("note",), "FEE": ("cost",)},
    )
    text = (
        "When,What,Units,Price,T,A\n2024-01-05,A,1,2,Trade,\n2024-01-05,A,1,2,other,\n2024-01-05,,,,note,\n"
        "2024-01-05,,,,Cost,-1\n2024-01-05,,,,interest,1\n"
    )
    found = rows(mapping, text)
    kinds = [type(row.found[0]).__name__ if row.found else row.skipped for row in found]
    assert kinds == ["ReportedFill", "ReportedFill", "a row of the type note", "CashMove", "CashMove"]
    cash = [what.type for row in found for what in row.found if isinstance(what, CashMove)]
    assert cash == [CashType.FEE, CashType.INTEREST]


def test_a_mapping_is_a_format() -> None:
    of = format_of(replace(FILLS, match=("When", "More")))
    assert (of.id, of.kind, of.columns, of.needs) == ("mapping", FormatKind.FILLS, ("When", "More"), (Need.TIME_ZONE,))
    assert format_of(replace(FILLS, time_zone="Europe/Berlin")).needs == ()


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"name": " "}, ("name",)),
        ({"columns": {"time": "a", "symbol": "b", "quantity": "c"}}, ("columns", "price")),
        ({"columns": {"symbol": "b", "quantity": "c", "price": "d"}}, ("columns", "time")),
        ({"columns": {**FILLS.columns, "colour": "x"}}, ("columns", "colour")),
        ({"columns": {**FILLS.columns, "note": " "}}, ("columns", "note")),
        ({"columns": {**FILLS.columns, "clock": "x"}}, ("columns", "date")),
        ({"row_kind": RowKind.TRADE}, ("columns", "side")),
        ({"row_kind": RowKind.CASH}, ("columns", "amount")),
        ({"row_kind": RowKind.MIXED}, ("columns", "type")),
        ({"fees": ("a", "")}, ("fees", 1)),
        ({"sides": {"HOLD": ("x",)}}, ("sides", "HOLD")),
        ({"sides": {"BUY": ("x",), "SELL": ("X ",)}}, ("sides", "SELL")),
        ({"types": {"FEE": ("x",) * 51}}, ("types", "FEE")),
        ({"skip_lines": 61}, ("skip_lines",)),
        ({"lot_size": Decimal(0)}, ("lot_size",)),
        ({"date_formats": ("YYYY-MM-DD",) * 5}, ("date_formats",)),
        ({"date_formats": ("YYYY-MM-DD", "soon")}, ("date_formats", 1)),
        (
            {"skip_when": (SkipWhen(column="a", comparison=CellComparison.CONTAINS, text=" "),)},
            ("skip_when", 0, "text"),
        ),
        ({"skip_when": (SkipWhen(column="a", comparison=CellComparison.IS, text=""),) * 21}, ("skip_when",)),
    ],
)
def test_what_is_wrong_with_a_mapping_has_a_path(changes: dict[str, Any], path: tuple[str | int, ...]) -> None:
    assert path in [error[0] for error in mapping_errors(replace(FILLS, **changes))]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "YYYY",
        "YYYY YY MM DD",
        "MM/DD",
        "DD.MM.YYYY DD",
        "YYYY-MM-DD HH",
        "YYYY-MM-DD ss",
        "YYYY-MM-DD hh HH:mm",
        "YYYY-MM-DD" + " " * 40,
    ],
)
def test_a_format_of_dates_without_a_whole_day_is_wrong(text: str) -> None:
    with pytest.raises(Refusal):
        compiled(text)


@pytest.mark.parametrize(
    ("form", "text", "at"),
    [
        ("YYYY.MM.DD HH:mm:ss", "2024.01.05 09:30:15.250", "2024-01-05T09:30:15"),
        ("DD/MM/YY hh:mm A", "5/1/24 12:30 a.m.", "2024-01-05T00:30:00"),
        ("(DD)MM*YYYY", "(05)01*2024", "2024-01-05T00:00:00"),
    ],
)
def test_tokens_read_a_date(form: str, text: str, at: str) -> None:
    assert moment_by((form,), text).at.isoformat() == at


@pytest.mark.parametrize("text", ["30.02.2024", "2024-01-05", "05.01.2024 "[:5]])
def test_a_date_in_another_format_is_wrong(text: str) -> None:
    with pytest.raises(Unreadable):
        moment_by(("DD.MM.YYYY",), text)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (
            "Buchungstag;Uhrzeit;Wertpapier;Kauf/Verkauf;Stück;Kurs;Provision;Gebühren;Betrag;Währung",
            {
                "date": "Buchungstag",
                "clock": "Uhrzeit",
                "symbol": "Wertpapier",
                "side": "Kauf/Verkauf",
                "quantity": "Stück",
                "price": "Kurs",
                "commission": "Provision",
                "amount": "Betrag",
                "currency": "Währung",
            },
        ),
        (
            "Fecha y hora;Valor;Operación;Cantidad;Precio;Comisión;Gebühren",
            {
                "time": "Fecha y hora",
                "symbol": "Valor",
                "side": "Operación",
                "quantity": "Cantidad",
                "price": "Precio",
                "commission": "Comisión",
            },
        ),
        (
            "trade_id;tradeDate;Time;ticker;Action;Qty;fill_price;ECN Fee;Gebühren",
            {
                "external_id": "trade_id",
                "date": "tradeDate",
                "clock": "Time",
                "symbol": "ticker",
                "side": "Action",
                "quantity": "Qty",
                "price": "fill_price",
            },
        ),
    ],
)
def test_a_mapping_is_proposed_by_the_names_of_columns(header: str, expected: dict[str, str]) -> None:
    found = proposal(header.split(";"), [["1,5", "13.01.2024"]])
    assert found.columns == expected
    assert (found.row_kind, found.decimal_mark, found.date_order) == (RowKind.FILL, DecimalMark.COMMA, DateOrder.DMY)
    assert "Gebühren" in found.fees
    assert mapping_errors(replace(found, name="x")) == []


def test_whole_trades_and_cash_are_proposed_as_such() -> None:
    trades = proposal(["Symbol", "Side", "Qty", "Entry Time", "Exit Time", "Entry Price", "Exit Price", "PnL"], [])
    assert (trades.row_kind, trades.columns["profit"]) == (RowKind.TRADE, "PnL")
    cash = proposal(["Date", "Amount", "Entry Time"], [])
    assert (cash.row_kind, cash.columns) == (RowKind.CASH, {"date": "Date", "amount": "Amount"})
    assert proposal(["x", "y"], []).row_kind is RowKind.FILL
    assert proposal(["Timestamp", "Date", "Symbol", "Qty", "Price"], []).columns["time"] == "Timestamp"
