"""Charles Schwab: the history of an account's transactions.

A day can be `07/15/2024 as of 07/12/2024`: it happened on the latter. A footer has the total. Prices are rounded, so
that Amount differs by cents from quantity times price. A split's quantity is the shares that were added; a reverse
split is two rows of a day, of which the one of what goes out names a CUSIP. So is a merger for cash: money, and shares.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from handlers.imports.checks import check_amount
from handlers.imports.days import days, exchanges
from handlers.imports.format import Format, FormatKind
from handlers.imports.halves import Half
from handlers.imports.instruments import bond_of_cusip, share_or_option
from handlers.imports.moves import cash_move, cash_type
from handlers.imports.records import Found, Record, Records, Skipped
from handlers.imports.refusals import Unreadable
from handlers.imports.rows import Action, ReportedFill, Row, RowReason
from handlers.imports.values import SIDES, DateOrder, Moment, side_and_effect
from handlers.journal.executions import ActionType, ExecutionKind, InstrumentKind
from handlers.journal.money import MOST_DECIMALS, ZERO, ratio
from handlers.journal.positions import Side

_ENDS = {
    "expired": ExecutionKind.EXPIRY,
    "assigned": ExecutionKind.ASSIGNMENT,
    "exchange or exercise": ExecutionKind.EXERCISE,
    "exercised": ExecutionKind.EXERCISE,
}
_SIDES = {"reinvest shares": "buy", "buy to cover": "buy to cover"}


def rows(records: Records) -> Iterator[Row]:
    """A row for each transaction."""
    for of_day in days(records, "Date"):
        day = _Day(of_day)
        yield from (record.row(day.row) for record in of_day)


def _action(record: Record) -> str:
    return record.text("Action").casefold()


def _reverse_split(record: Record) -> tuple[str, Half] | None:
    """The company and the units of a row of a reverse split."""
    if _action(record) != "reverse split" or not record.has("Quantity"):
        return None
    company = record.text("Description").partition(" XXX")[0].strip()
    return company, Half(record.symbol("Symbol"), record.amount("Quantity"))


class _Day:
    """The transactions of a day, of which some belong to another one."""

    def __init__(self, records: Sequence[Record]) -> None:
        self._splits = exchanges(records, _reverse_split)
        # The line of the shares that a merger for cash took, by their symbol.
        self._merged: dict[str, int] = {}
        self._paid: dict[str, Record] = {}
        for record in records:
            if _action(record) == "cash merger adj":
                self._merged.setdefault(record.text("Symbol"), record.line)
            elif _action(record) == "cash merger":
                self._paid.setdefault(record.text("Symbol"), record)

    def row(self, record: Record) -> Found:
        """What the row says. Raises Skipped and Unreadable."""
        action = _action(record)
        if not action or "total" in record.text("Date").casefold():
            raise Skipped("a footer")
        moment = record.notation.moment(record.text("Date").rpartition(" as of ")[2])
        if (split := self._splits.get(record.line)) is not None:
            split.check(record)
            new, old = split.come.units, split.out.units.copy_abs()
            symbol = split.come.symbol
            return Action(type=ActionType.SPLIT, symbol=symbol, at=moment.at, day_only=True, new=new, old=old)
        return self._merger(record, moment) or _row(record, action, moment)

    def _merger(self, record: Record, moment: Moment) -> Action | None:
        """The merger for cash of which the row has the shares. Raises Skipped for the row of its money."""
        symbol = record.text("Symbol")
        line, paid = self._merged.get(symbol), self._paid.get(symbol)
        if line is None or paid is None:
            return None
        if record is paid:
            raise Skipped(f"a part of the corporate action in line {line}")
        if record.line != line:
            return None
        per_share = ratio(paid.amount("Amount"), record.quantity("Quantity"), MOST_DECIMALS)
        if per_share < ZERO:
            raise Unreadable(RowReason.NUMBER, "Amount: a merger for cash that takes money")
        symbol = record.symbol("Symbol")
        return Action(type=ActionType.MERGER_CASH, symbol=symbol, at=moment.at, day_only=True, cash_per_share=per_share)


def _row(record: Record, action: str, moment: Moment) -> Found:
    if action in _ENDS:
        return _without_price(record, action, moment)
    if "split" in action and record.has("Quantity"):
        symbol, quantity = record.symbol("Symbol"), record.amount("Quantity")
        return Action(type=ActionType.SPLIT, symbol=symbol, at=moment.at, day_only=moment.day_only, added=quantity)
    word = _SIDES.get(action, action)
    if record.has("Quantity") and record.has("Price") and word.split()[0] in SIDES:
        return _fill(record, word, moment)
    if action.startswith("cancel"):
        raise Skipped("a cancellation")
    if record.has("Quantity") and not record.number("Amount"):
        # Grants, transfers, spin-offs and mergers: what comes in has an unknown cost.
        return _without_price(record, action, moment)
    return cash_move(
        cash_type(action),
        record.number("Amount"),
        moment,
        currency="USD",
        symbol=record.symbol("Symbol") if record.has("Symbol") else None,
        note=record.note("Description"),
    )


def _fill(record: Record, word: str, moment: Moment) -> ReportedFill:
    side, effect = side_and_effect(word)
    symbol, instrument = share_or_option(record.text("Symbol"), "USD")
    fill = ReportedFill(
        symbol=symbol,
        instrument=bond_of_cusip(symbol, "USD") or instrument,
        side=side,
        quantity=record.quantity("Quantity"),
        price=record.amount("Price"),
        at=moment.at,
        day_only=moment.day_only,
        fees=record.paid("Fees & Comm"),
        position_effect=effect,
    )
    return check_amount(record, fill, record.number("Amount"))


def _without_price(record: Record, action: str, moment: Moment) -> ReportedFill:
    symbol, instrument = share_or_option(record.text("Symbol"), "USD")
    quantity, kind, side = record.amount("Quantity"), _ENDS.get(action), None
    if kind is None or instrument.kind is not InstrumentKind.OPTION:
        kind = ExecutionKind.TRANSFER_IN if quantity > ZERO else ExecutionKind.TRANSFER_OUT
        side = Side.BUY if quantity > ZERO else Side.SELL
    return ReportedFill(
        symbol=symbol,
        instrument=instrument,
        side=side,
        quantity=quantity.copy_abs(),
        price=None,
        at=moment.at,
        day_only=moment.day_only,
        kind=kind,
    )


FORMAT = Format(
    id="schwab",
    broker="Charles Schwab",
    kind=FormatKind.MIXED,
    columns=("Date", "Action", "Symbol", "Description", "Quantity", "Price", "Fees & Comm", "Amount"),
    rows=rows,
    how_to_export="Accounts > History > choose the account and the dates > Export > CSV",
    date_order=DateOrder.MDY,
    newest_first=True,
    ragged=True,
    version=2,
)
