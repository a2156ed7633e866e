"""Interactive Brokers: the activity statement as CSV, of many sections.

The rows `Order` of the section Trades are the fills, or without any the rows `Trade`; others say the same again in
other parts. Sums have `Total` for a currency.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial

from handlers.imports.checks import check_amount
from handlers.imports.format import Format, FormatKind, Layout, Need
from handlers.imports.formats._ibkr import ENDS, Actions, kind_of, named, transfer
from handlers.imports.formats._ibkr_levels import one_level
from handlers.imports.moves import cash_move
from handlers.imports.names import names
from handlers.imports.records import Found, Record, Records, Skipped
from handlers.imports.rows import CashMove, ReportedFill, Row
from handlers.journal.cash import CashType
from handlers.journal.executions import ExecutionKind, InstrumentKind
from handlers.journal.money import ZERO
from handlers.journal.positions import Side


def rows(records: Records) -> Iterator[Row]:
    """A row for each trade, transfer, movement of cash and corporate action."""
    sections: Mapping[str, Callable[[Record], Found]] = {
        "trades": _fill,
        "deposits & withdrawals": partial(_cash, CashType.DEPOSIT),
        "dividends": partial(_cash, CashType.DIVIDEND),
        "payment in lieu of dividends": partial(_cash, CashType.DIVIDEND),
        "withholding tax": partial(_cash, CashType.TAX),
        "interest": partial(_cash, CashType.INTEREST),
        "broker interest paid": partial(_cash, CashType.INTEREST),
        "broker interest received": partial(_cash, CashType.INTEREST),
        "fees": partial(_cash, CashType.FEE),
        "other fees": partial(_cash, CashType.FEE),
        "transaction fees": partial(_cash, CashType.FEE),
        "transfers": transfer,
        "corporate actions": partial(_action, Actions()),
    }
    for record in one_level(records, "DataDiscriminator", ("order", "trade")):
        if record.fault is not None:
            yield record.row(_fill)
        elif record.section in sections:
            yield record.row(sections[record.section])


def _fill(record: Record) -> ReportedFill:
    kind = kind_of(record.text("Asset Category"))
    currency = record.currency("Currency")
    symbol, instrument = named(record.text("Symbol"), kind, currency)
    moment, signed = record.moment("Date/Time"), record.amount("Quantity")
    # The costs of currencies are in the base currency, which the column's name has: "Comm in USD".
    own = next((name for name in record.columns.names if name.casefold().startswith("comm in ")), None)
    end = next((ENDS[code] for code in record.text("Code").split(";") if code in ENDS), None)
    price = record.amount("T. Price")
    ends = end is not None and not price and kind in (InstrumentKind.OPTION, InstrumentKind.FUTURE_OPTION)
    fill = ReportedFill(
        symbol=symbol,
        instrument=instrument,
        side=Side.BUY if signed > ZERO else Side.SELL,
        quantity=record.quantity("Quantity"),
        price=price,
        at=moment.at,
        day_only=moment.day_only,
        commission=record.taken("Comm/Fee", *([own] if own else [])),
        fee_currency=own.split()[-1].upper() if own and own.split()[-1].upper() != currency else None,
        kind=end if ends and end is not None else ExecutionKind.TRADE,
    )
    amount = None if kind in (InstrumentKind.FUTURE, InstrumentKind.FUTURE_OPTION) else record.number("Proceeds")
    return check_amount(record, fill, amount, with_costs=False)


def _cash(kind: CashType, record: Record) -> CashMove:
    if not record.has("Date", "Settle Date", "Date/Time"):
        raise Skipped("a sum")
    description = record.text("Description")
    return cash_move(
        kind,
        record.amount("Amount"),
        record.moment("Date", "Settle Date", "Date/Time"),
        currency=record.currency("Currency"),
        symbol=_symbol_in(description),
        note=record.note("Description"),
    )


def _symbol_in(description: str) -> str | None:
    """The symbol of a text such as `AAPL(US0378331005) Cash Dividend ...`."""
    head, bracket, _ = description.partition("(")
    return head.strip() if bracket and head.strip().isalnum() else None


def _action(actions: Actions, record: Record) -> Found:
    if not record.has("Date/Time", "Report Date"):
        raise Skipped("a sum")
    return actions.action(record, record.moment("Date/Time", "Report Date"))


FORMAT = Format(
    id="ibkr_activity",
    broker="Interactive Brokers",
    kind=FormatKind.MIXED,
    columns=names(
        "DataDiscriminator,Asset Category,Currency,Symbol,Date/Time,Quantity,T. Price,Proceeds,Comm/Fee,"
        "Basis,Realized P/L,Code"
    ),
    opening=("Statement,Data,Title,Activity|Trades,Header,DataDiscriminator",),
    layout=Layout.SECTIONS,
    rows=rows,
    how_to_export="Performance & Reports > Statements > Activity > choose the dates > CSV",
    needs=(Need.TIME_ZONE,),
    version=2,
)
