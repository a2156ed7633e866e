"""What the reports of MetaTrader 4 and 5 have in common: the parts of a report, rows of trades, and rows of cash."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from decimal import Decimal

from handlers.imports.formats._cells import quantity_in
from handlers.imports.formats._contracts import contract_by_profit
from handlers.imports.moves import cash_move, cash_type
from handlers.imports.names import names
from handlers.imports.pairs import Pairs, WholeTrade
from handlers.imports.records import Columns, Record, Records, Skipped, plain
from handlers.imports.rows import CashMove, ReportedFill
from handlers.imports.tables import lone_text
from handlers.imports.values import Moment
from handlers.journal.cash import CashType
from handlers.journal.money import ZERO, total
from handlers.journal.positions import Side

# Texts in a line of their own that begin another part of a report. Comments stand in such lines, too.
_TITLES = frozenset(
    names(
        "positions,orders,deals,open positions,results,closed transactions,open trades,working orders,summary,balance"
    )
)
# The headers of MetaTrader 5. In other languages their names are others, and these stay: S / L, T / P and Swap.
_POSITIONS = names("Time,Position,Symbol,Type,Volume,Price,S / L,T / P,Time,Price,Commission,Swap,Profit")
_DEALS = names("Time,Deal,Symbol,Type,Direction,Volume,Price,Order,Commission,Fee,Swap,Profit,Balance,Comment")
_DEALS_SWAP = _DEALS.index("Swap")
SIDES = {"buy": Side.BUY, "sell": Side.SELL}
_CASH = {
    "balance": CashType.DEPOSIT,
    "credit": CashType.ADJUSTMENT,
    "correction": CashType.ADJUSTMENT,
    "bonus": CashType.ADJUSTMENT,
    "charge": CashType.FEE,
    "commission": CashType.FEE,
}


def positions_in_english(cells: Sequence[str]) -> Sequence[str] | None:
    """The header of the positions of MetaTrader 5 in English, of one in any language; None for another header."""
    low = [plain(cell).replace(" ", "") for cell in cells]
    twice = len(low) >= len(_POSITIONS) and low[0] == low[8] and low[5] == low[9]
    return _POSITIONS if twice and low[6:8] == ["s/l", "t/p"] and low[11] == "swap" else None


def _deals_in_english(cells: Sequence[str]) -> Sequence[str] | None:
    """The header of the deals of MetaTrader 5 in English, of one in any language; None for another row."""
    low = [plain(cell) for cell in cells]
    return _DEALS if len(low) >= len(_DEALS) and low[_DEALS_SWAP] == "swap" and all(low[: len(_DEALS)]) else None


def parts_of_translated(records: Records) -> Iterator[tuple[str, Record]]:
    """Each record of a report in another language with its part, as `parts` gives them.

    The titles of parts are not known: a text alone ends the positions, and the header of the deals begins these.
    """
    part, columns = "positions", Columns(_POSITIONS)
    for record in records:
        if (deals := _deals_in_english(record.cells)) is not None:
            part, columns = "deals", Columns(deals)
            yield "", record
        elif lone_text(record.cells):
            part = ""
            yield "", record
        else:
            yield part, Record(columns, record.cells, record.notation, line=record.line, lines=record.lines)


def parts(records: Records, first: str) -> Iterator[tuple[str, Record]]:
    """Each record with the part of the report that it is in, under the columns of that part.

    first: the part whose header has been found. Titles and headers are in the part "".
    """
    part, columns, header_follows = first, None, False
    for record in records:
        title = plain(lone_text(record.cells)).rstrip(":")
        if title in _TITLES:
            part, header_follows = title, True
            yield "", record
        elif header_follows:
            columns, header_follows = Columns(record.cells), False
            yield "", record
        elif columns is None:
            yield part, record
        else:
            yield part, Record(columns, record.cells, record.notation, line=record.line, lines=record.lines)


def side_of(record: Record) -> Side:
    """The side of a row that is a purchase or a sale. Raises Skipped for orders, totals and open trades."""
    side = SIDES.get(plain(record.text("Type")))
    if side is None:
        raise Skipped("an order, a total, or nothing that was traded")
    return side


def lots(record: Record, column: str) -> Decimal:
    """The volume that was traded, of one such as `0.05 / 0.10`: traded, and ordered."""
    return quantity_in(record, record.text(column).partition("/")[0])


def cost(record: Record, *names: str) -> Decimal:
    """What the columns cost together. These reports show costs below 0, and what is paid to the trader above."""
    return total(record.taken(name) for name in names)


class PositionRows:
    """Makes the fills of rows that are closed positions, each of which its number keeps apart."""

    def __init__(self) -> None:
        self._pairs = Pairs()
        self._numbers: Counter[str] = Counter()

    def fills(
        self, record: Record, *, entry: Moment, exit_: Moment, number: str | None, symbol: str, size: str
    ) -> tuple[ReportedFill, ReportedFill]:
        """The fills of a position. number: its own, if the report has one; symbol, size: the columns of these."""
        side, quantity = side_of(record), lots(record, size)
        prices = record.amount("Price", "Open Price"), record.amount("Price 2", "Close Price")
        profit, name = record.number("Profit"), record.symbol(symbol)
        if number is not None:
            # Parts of a position that were closed apart may have its number in several rows.
            self._numbers[number] += 1
            number += f"#{self._numbers[number]}" if self._numbers[number] > 1 else ""
        return self._pairs.fills(
            record,
            WholeTrade(
                symbol=name,
                instrument=contract_by_profit(name, side, quantity, *prices, profit),
                side=side,
                quantity=quantity,
                entry=entry,
                exit=exit_,
                entry_price=prices[0],
                exit_price=prices[1],
                commission=cost(record, "Commission"),
                fees=cost(record, "Swap", "Taxes", "Fee"),
                profit=profit,
                trade_id=number,
                note=record.note("Comment"),
            ),
        )


def money(record: Record, moment: Moment, number: str | None, note: str | None = None) -> CashMove:
    """Money that moved apart from trades: the amount is the profit of the row, else its last cell.

    Raises Skipped for none.
    """
    word = plain(record.text("Type"))
    if not word or word in SIDES:
        raise Skipped("a total, or a trade that is shown as a position, too")
    text = record.text("Profit") or next((cell for cell in reversed(record.cells) if cell.strip()), "")
    costs = cost(record, "Commission", "Fee", "Swap") if record.has("Deal") else ZERO
    amount = total((record.notation.number(text) or ZERO, costs.copy_negate()))
    return cash_move(_CASH.get(word) or cash_type(word), amount, moment, external_id=number, note=note)
