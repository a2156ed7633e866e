"""MetaTrader 4: the statement of an account as HTML, and the same table as CSV.

Two columns are named Price. `balance` rows stand among the trades, with a text over ten columns; cancelled orders and
open trades do, too. Times are those of the broker's server. Profit is in the account's currency, before costs.
"""

from __future__ import annotations

from collections.abc import Iterator

from handlers.imports.format import Format, FormatKind, Need
from handlers.imports.formats._metatrader import SIDES, PositionRows, money, parts
from handlers.imports.records import Found, Record, Records, Skipped, plain
from handlers.imports.rows import Row
from handlers.imports.values import DateOrder


def rows(records: Records) -> Iterator[Row]:
    """A row for each line of the table; only those of closed transactions say something."""
    positions = PositionRows()

    def read(record: Record) -> Found | tuple[Found, ...]:
        word, number = plain(record.text("Type")), record.reference("Ticket")
        if not word:
            raise Skipped("a total, or a comment")
        if word in SIDES:
            if not record.has("Close Time"):
                raise Skipped("an open trade")
            return positions.fills(
                record,
                entry=record.moment("Open Time"),
                exit_=record.moment("Close Time"),
                number=number,
                symbol="Item" if record.has("Item") else "Symbol",
                size="Size" if record.has("Size") else "Volume",
            )
        if " " in word:
            raise Skipped("an order that was not filled")
        # In a statement a text stands where the other rows have their size.
        text = record.note("Size", "Volume")
        note = text if text and any(map(str.isalpha, text)) else record.note("Comment")
        return money(record, record.moment("Open Time"), number, note)

    for part, record in parts(records, "closed transactions"):
        if part == "closed transactions":
            yield record.row(read)
        else:
            yield record.skip("no closed transaction")


FORMAT = Format(
    id="mt4",
    broker="MetaTrader 4",
    kind=FormatKind.MIXED,
    columns=(
        "Ticket",
        "Open Time",
        "Type",
        "Size|Volume",
        "Item|Symbol",
        "Price|Open Price",
        "Close Time",
        "Price 2|Close Price",
        "Profit",
    ),
    rows=rows,
    how_to_export="Terminal > Account History > right click > All History, then Save as Detailed Report",
    needs=(Need.TIME_ZONE,),
    date_order=DateOrder.YMD,
    ragged=True,
)
