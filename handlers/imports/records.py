"""Records: the rows of a file of any layout, whose cells are read by the names of their columns."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal

from handlers.imports.pence import in_pounds
from handlers.imports.refusals import FileReason, FileRefused, Unreadable
from handlers.imports.rows import Action, CashMove, Noticed, ReportedFill, Row, RowReason
from handlers.imports.values import NOTHING, Moment, Notation, shown, side_and_effect
from handlers.journal import money
from handlers.journal.executions import PositionEffect
from handlers.journal.money import ZERO
from handlers.journal.positions import Side

MOST_COLUMNS = 256
LONGEST_RAW = 200
LONGEST_TEXT = 500
LONGEST_SYMBOL = 32
LONGEST_REFERENCE = 255
LONGEST_NOTE = 200
_SYMBOL = re.compile("[!-{}~]([ -{}~]*[!-{}~])?")
_REFERENCE = re.compile("[!-~]([ -~]*[!-~])?")
_CURRENCY = re.compile("[A-Z0-9]{3,10}")

Found = ReportedFill | CashMove | Action


def plain(name: str) -> str:
    """The name of a column as names are compared: in small letters, without blanks around it and double ones in it."""
    return " ".join(name.replace("\ufeff", "").casefold().split())


class _Places(dict[str, int | None]):
    """The places of columns by their names. Each spelling that is asked for is kept, so that it is compared once."""

    def __missing__(self, name: str) -> int | None:
        place = self[name] = self.get(plain(name))
        return place


class Columns:
    """The names of a table's columns, in order.

    A name that comes again has a number behind it ("Price", "Price 2"); a column without a name is, for instance,
    "column 5".
    """

    def __init__(self, cells: Sequence[str]) -> None:
        if len(cells) > MOST_COLUMNS:
            raise FileRefused(FileReason.TOO_MANY_COLUMNS, f"has more than {MOST_COLUMNS} columns")
        self.cells = list(cells)
        self.names: list[str] = []
        self.places = _Places()
        for place, cell in enumerate(cells):
            name = own = " ".join(cell.replace("\ufeff", "").split())[:LONGEST_RAW] or f"column {place + 1}"
            again = 2
            while plain(name) in self.places:
                name, again = f"{own} {again}", again + 1
            self.names.append(name)
            self.places[plain(name)] = place

    def place(self, name: str) -> int | None:
        """Where the column of this name is, whatever its letters and blanks; None without one."""
        return self.places[name]

    def has(self, name: str) -> bool:
        """Whether there is such a column; `A|B` is one of two."""
        return any(self.place(one) is not None for one in name.split("|"))


class Skipped(Exception):  # says that a row holds nothing to record, which is no error
    """A row says nothing to record, for this reason in words."""


class Record:
    """A row of a file: its line, how many lines it takes, its cells, and the section of the file that it is in.

    `fault` is why the row cannot be read, and `skipped` why it says nothing to record, if either is known by its form.
    """

    __slots__ = ("_noticed", "cells", "columns", "fault", "line", "lines", "notation", "section", "skipped")

    def __init__(
        self,
        columns: Columns,
        cells: Sequence[str],
        notation: Notation,
        *,
        line: int,
        lines: int = 1,
        section: str = "",
        fault: Unreadable | None = None,
        skipped: str | None = None,
    ) -> None:
        self.columns = columns
        self.cells = cells
        self.notation = notation
        self.line = line
        self.lines = lines
        self.section = section
        self.fault = fault
        self.skipped = skipped
        self._noticed: list[Noticed] = []

    def text(self, *names: str) -> str:
        """The first cell of these columns that holds something, without blanks around it; "" if none does.

        It is cut to 500 characters, so that patterns for descriptions are quick whatever a file holds.
        """
        places, cells = self.columns.places, self.cells
        for name in names:
            place = places[name]
            if place is not None and place < len(cells) and (cell := cells[place].strip()):
                # Brokers write ="123" so that a spreadsheet takes it for a text.
                return cell[2:-1] if cell.startswith('="') and cell.endswith('"') else cell[:LONGEST_TEXT]
        return ""

    def has(self, *names: str) -> bool:
        """Whether one of these columns says something: not blank, and no "--" or the like."""
        return any(self.text(name).casefold() not in NOTHING for name in names)

    def number(self, *names: str) -> Decimal | None:
        """The number in the first of these columns that holds something; None for nothing."""
        cell = self.text(*names)
        if not cell:
            return None
        try:
            return self.notation.number(cell)
        except Unreadable as error:
            raise Unreadable(error.reason, f"{names[0]}: {error.detail}") from None

    def amount(self, *names: str) -> Decimal:
        """The number of these columns. Raises Unreadable without one."""
        found = self.number(*names)
        if found is None:
            raise Unreadable(RowReason.NUMBER, f"{names[0]}: there is no number")
        return found

    def quantity(self, *names: str) -> Decimal:
        """The size of the number of these columns, whatever its sign. Raises Unreadable for none, and for 0."""
        found = self.amount(*names).copy_abs()
        if not found:
            raise Unreadable(RowReason.NUMBER, f"{names[0]}: the quantity is 0")
        return found

    def paid(self, *names: str) -> Decimal:
        """The cost in these columns, of a broker that shows what is paid above 0; 0 for nothing."""
        return self.number(*names) or ZERO

    def taken(self, *names: str) -> Decimal:
        """The cost in these columns, of a broker that shows what is paid below 0; 0 for nothing."""
        return money.minus(ZERO, self.paid(*names))

    def moment(self, *names: str) -> Moment:
        """The time or the day in the first of these columns that holds something."""
        cell = self.text(*names)
        if not cell:
            raise Unreadable(RowReason.DATE, f"{names[0]}: there is no date")
        return self.notation.moment(cell)

    def at(self, day: str, clock: str) -> Moment:
        """The time that a column of days and one of times name together; a day alone if the latter is blank."""
        if not self.text(day):
            raise Unreadable(RowReason.DATE, f"{day}: there is no date")
        return self.notation.at(self.text(day), self.text(clock))

    def side(self, *names: str) -> tuple[Side, PositionEffect]:
        """The side that these columns name, and whether it opens or closes."""
        return side_and_effect(self.text(*names))

    def symbol(self, *names: str) -> str:
        """The symbol in these columns, with single blanks in it."""
        return checked_symbol(self.text(*names))

    def currency(self, *names: str) -> str | None:
        """The currency's code in these columns, in capitals; None without one. Raises Unreadable for what is none."""
        cell = self.text(*names)
        if cell.casefold() in NOTHING:
            return None
        if not _CURRENCY.fullmatch(cell.upper()):
            raise Unreadable(RowReason.SYMBOL, f"{names[0]}: {shown(cell)} is not a currency")
        return cell.upper()

    def reference(self, *names: str) -> str | None:
        """The id in these columns, such as that of an order; None without one, and for one that cannot be kept."""
        cell = self.text(*names)
        if cell.casefold() in NOTHING or len(cell) > LONGEST_REFERENCE or not _REFERENCE.fullmatch(cell):
            return None
        return cell

    def note(self, *names: str) -> str | None:
        """The text in these columns, on one line, cut to 200 characters; None without one."""
        return " ".join(self.text(*names).split())[:LONGEST_NOTE].strip() or None

    def notice(self, reason: RowReason, detail: str) -> None:
        """Add a warning to the row."""
        self._noticed.append(Noticed(reason, detail))

    def row(self, read: Callable[[Record], Found | tuple[Found, ...]]) -> Row:
        """The row with what `read` finds in it; skipped, or with its error, if `read` raises so."""
        try:
            if self.fault is not None:
                raise self.fault
            if self.skipped is not None:
                return self.skip(self.skipped)
            found = read(self)
            found = tuple(map(in_pounds, found if isinstance(found, tuple) else (found,)))
            for one in found:
                _check_amounts(one)
        except Skipped as reason:
            return self._row(skipped=str(reason))
        except Unreadable as error:
            return self._row(error=error.reason, detail=error.detail)
        return self._row(found=found)

    def skip(self, reason: str) -> Row:
        """The row as one that says nothing to record."""
        return self._row(skipped=reason)

    def _row(
        self,
        *,
        found: tuple[Found, ...] = (),
        skipped: str | None = None,
        error: RowReason | None = None,
        detail: str | None = None,
    ) -> Row:
        names, cells = self.columns.names, self.cells
        raw = {name: cell[:LONGEST_RAW] for name, cell in zip(names, cells, strict=False)}
        for place in range(len(names), min(len(cells), MOST_COLUMNS)):
            raw[f"column {place + 1}"] = cells[place][:LONGEST_RAW]
        return Row(
            line=self.line,
            lines=self.lines,
            raw=raw,
            found=found,
            skipped=skipped,
            error=error,
            detail=detail,
            warnings=tuple(self._noticed),
        )


# Amounts may be sums and products of what cells hold, and then have more digits than any cell.
_AMOUNTS: dict[type[Found], tuple[str, ...]] = {
    ReportedFill: ("quantity", "price", "commission", "fees", "fee_price"),
    CashMove: ("amount",),
    Action: ("new", "old", "cash_per_share", "cost_share", "quantity", "added"),
}


def _check_amounts(found: Found) -> None:
    """Raise Unreadable for an amount that the journal cannot keep, and for a fill of nothing, or that makes nothing."""
    amounts = [getattr(found, name) for name in _AMOUNTS[type(found)]]
    if isinstance(found, ReportedFill):
        amounts += (found.instrument.multiplier, found.instrument.strike)
        if found.instrument.multiplier <= ZERO or (found.quantity is not None and found.quantity <= ZERO):
            raise Unreadable(RowReason.NUMBER, "the quantity, or the money for a point, is not more than 0")
    for amount in amounts:
        if amount is not None and amount is not ZERO and not _fits(amount):
            raise Unreadable(RowReason.NUMBER, f"an amount has more than {money.MOST_DIGITS} digits")


def _fits(amount: Decimal) -> bool:
    """Whether the journal can keep the amount. Most are so short that their text tells, which is ten times as quick."""
    text = str(amount)
    return (len(text) <= money.MOST_DIGITS and "E" not in text) or money.fits(amount)


Records = Iterable[Record]


def each(records: Records, read: Callable[[Record], Found | tuple[Found, ...]]) -> Iterator[Row]:
    """A row for each record; `read` says what is in one, and raises Skipped or Unreadable."""
    for record in records:
        yield record.row(read)


def checked_symbol(text: str) -> str:
    """The symbol with single blanks in it. Raises Unreadable for none, and for one that the journal cannot have."""
    symbol = " ".join(text.split())
    if symbol.casefold() in NOTHING:
        raise Unreadable(RowReason.SYMBOL, "there is no symbol")
    if len(symbol) > LONGEST_SYMBOL:
        raise Unreadable(RowReason.SYMBOL, f"{shown(symbol)} is longer than {LONGEST_SYMBOL} characters")
    if not _SYMBOL.fullmatch(symbol):
        raise Unreadable(RowReason.SYMBOL, f"{shown(symbol)} has characters that no symbol has")
    return symbol
