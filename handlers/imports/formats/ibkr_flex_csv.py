"""Interactive Brokers: a Flex query's report as CSV.

Its owner chooses the columns, so few are sure. A file can hold several sections, each with its own header, and the
trades on several levels of detail: executions, the orders that they belong to, closed lots, sums of a symbol.
"""

from __future__ import annotations

from collections.abc import Iterator

from handlers.imports.format import Format, FormatKind, Need
from handlers.imports.formats._ibkr import flex_cash, flex_fill, transfer
from handlers.imports.formats._ibkr_levels import one_level
from handlers.imports.records import Columns, Found, Record, Records, Skipped, each
from handlers.imports.rows import Row

# What begins the rows that mark where the file, an account and a section begin and end.
_MARKS = frozenset({"BOF", "BOA", "BOS", "EOS", "EOA", "EOF"})


def rows(records: Records) -> Iterator[Row]:
    """A row for each row below a header."""
    return each(one_level(_with_own_header(records), "LevelOfDetail", ("execution", "order")), _row)


def _with_own_header(records: Records) -> Iterator[Record]:
    """The records, each with the header of its section; a header begins with the name of the first column.

    Marks, and what comes before the first header, are left out.
    """
    columns: Columns | None = None
    for record in records:
        if record.fault is None and record.cells[0] in _MARKS:
            continue
        if record.fault is None and record.cells[0] == record.columns.cells[0]:
            columns = Columns(record.cells)
        elif columns is not None:
            yield Record(
                columns,
                record.cells,
                record.notation,
                line=record.line,
                lines=record.lines,
                section=record.section,
                fault=record.fault,
                skipped=record.skipped,
            )


def _row(record: Record) -> Found:
    if record.columns.has("Buy/Sell"):
        return flex_fill(record)
    if record.columns.has("Direction"):
        return transfer(record)
    if record.columns.has("Type") and record.columns.has("Amount"):
        return flex_cash(record)
    raise Skipped("a section of neither trades, transfers nor cash")


FORMAT = Format(
    id="ibkr_flex_csv",
    broker="Interactive Brokers",
    kind=FormatKind.MIXED,
    columns=("Buy/Sell", "Quantity", "TradePrice", "DateTime|Date/Time|TradeDate"),
    rows=rows,
    how_to_export="Performance & Reports > Flex Queries > Activity Flex Query with Trades (Execution) > Run, as CSV",
    needs=(Need.TIME_ZONE,),
    family="ibkr",
    ragged=True,
    own_headers=True,
    version=2,
)
