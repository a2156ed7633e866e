"""The rows of a table that a user's mapping explains."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial

from handlers.imports.checks import check_amount
from handlers.imports.date_tokens import moment_by
from handlers.imports.format import Format, FormatKind, Need
from handlers.imports.instruments import Named, future, option_in, stock
from handlers.imports.mapping import CellComparison, ColumnMapping, CostSign, RowKind, SkipWhen
from handlers.imports.moves import cash_move, cash_type
from handlers.imports.pairs import Pairs, WholeTrade
from handlers.imports.records import Found, Record, Records, Skipped, checked_symbol
from handlers.imports.refusals import Unreadable
from handlers.imports.rows import CashMove, ReportedFill, Row, RowReason
from handlers.imports.values import Moment, side_and_effect
from handlers.journal.cash import CashType
from handlers.journal.executions import InstrumentKind, PositionEffect
from handlers.journal.money import ZERO, minus, product, ratio, total
from handlers.journal.positions import Side

_FUTURES = frozenset({InstrumentKind.FUTURE, InstrumentKind.FUTURE_OPTION})
_KINDS = {
    RowKind.FILL: FormatKind.FILLS,
    RowKind.TRADE: FormatKind.TRADES,
    RowKind.CASH: FormatKind.CASH,
    RowKind.MIXED: FormatKind.MIXED,
}


def format_of(mapping: ColumnMapping) -> Format:
    """The mapping as a format, whose id is `mapping`."""
    return Format(
        id="mapping",
        broker=mapping.name,
        kind=_KINDS[mapping.row_kind],
        columns=mapping.names,
        rows=partial(_rows, mapping),
        how_to_export="",
        needs=() if mapping.time_zone else (Need.TIME_ZONE,),
        date_order=mapping.date_order,
    )


def _rows(mapping: ColumnMapping, records: Records) -> Iterator[Row]:
    reader = _Reader(mapping, Pairs())
    for record in records:
        # A row that is to be skipped may have any number of cells.
        if any(_passes(record, skip) for skip in mapping.skip_when):
            yield record.skip("skipped by the mapping")
        else:
            yield record.row(reader.read)


def _passes(record: Record, skip: SkipWhen) -> bool:
    cell, text = record.text(skip.column).casefold(), skip.text.strip().casefold()
    if skip.comparison is CellComparison.IS:
        return cell == text
    return cell.startswith(text) if skip.comparison is CellComparison.STARTS_WITH else text in cell


@dataclass(frozen=True, slots=True)
class _Reader:
    mapping: ColumnMapping
    pairs: Pairs

    def read(self, record: Record) -> Found | tuple[Found, ...]:
        """What the row says, by the mapping's kind or by the row's own type."""
        kind, word = str(self.mapping.row_kind), self._text(record, "type")
        if self.mapping.row_kind is RowKind.MIXED:
            kind = self._type(record, word)
        if kind == "SKIP":
            raise Skipped(f"a row of the type {word}"[:60])
        if kind == RowKind.TRADE:
            return self.pairs.fills(record, self._trade(record))
        if kind == RowKind.FILL:
            return self._fill(record)
        cash_kind = CashType(kind) if kind in CashType.__members__ else self._cash_type(word)
        return self._cash(record, cash_kind)

    def _type(self, record: Record, word: str) -> str:
        named = _named_by(self.mapping.types, word)
        if named is not None:
            return named
        has_fill = self._has(record, "quantity") and self._has(record, "symbol")
        return "FILL" if has_fill and self._has(record, "price") else "CASH"

    def _cash_type(self, word: str) -> CashType:
        named = _named_by(self.mapping.types, word)
        if named in CashType.__members__:
            return CashType(str(named))
        # Money of no type is the owner's: a deposit, or by its sign a withdrawal.
        return cash_type(word) if word else CashType.DEPOSIT

    def _cash(self, record: Record, kind: CashType) -> CashMove:
        return cash_move(
            kind,
            self._number(record, "amount"),
            self._moment(record, "time"),
            currency=self._currency(record),
            symbol=checked_symbol(self._text(record, "symbol")) if self._has(record, "symbol") else None,
            external_id=record.reference(*self._names("external_id")),
            note=record.note(*self._names("note")),
        )

    def _fill(self, record: Record) -> ReportedFill:
        symbol, instrument = self._named(record)
        signed = self._amount(record, "quantity")
        quantity = product(signed.copy_abs(), self.mapping.lot_size)
        if not quantity:
            raise Unreadable(RowReason.NUMBER, f"{self.mapping.columns['quantity']}: the quantity is 0")
        side, effect = self._side(record, signed)
        commission, fees = self._costs(record)
        amount, price = self._number(record, "amount"), self._number(record, "price")
        if price is None:
            if amount is None:
                raise Unreadable(RowReason.NUMBER, "there is neither a price nor an amount")
            # The amount is taken as quantity times price, as nothing says what else is in it.
            price = ratio(amount.copy_abs(), product(quantity, instrument.multiplier))
            amount = None
        moment = self._moment(record, "time")
        fill = ReportedFill(
            symbol=symbol,
            instrument=instrument,
            side=side,
            quantity=quantity,
            price=price,
            at=moment.at,
            day_only=moment.day_only,
            commission=commission,
            fees=fees,
            position_effect=effect,
            order_id=record.reference(*self._names("order_id")),
            external_id=record.reference(*self._names("external_id")),
            note=record.note(*self._names("note")),
        )
        return check_amount(record, fill, amount, with_costs=None)

    def _trade(self, record: Record) -> WholeTrade:
        symbol, instrument = self._named(record)
        side, _ = self._side(record, ZERO)
        entry = self._moment(record, "entry_time" if "entry_time" in self.mapping.columns else "time")
        commission, fees = self._costs(record)
        return WholeTrade(
            symbol=symbol,
            instrument=instrument,
            side=side,
            quantity=product(self._amount(record, "quantity").copy_abs(), self.mapping.lot_size),
            entry=entry,
            exit=self._moment(record, "exit_time") if self._has(record, "exit_time") else entry,
            entry_price=self._amount(record, "entry_price"),
            exit_price=self._amount(record, "exit_price"),
            commission=commission,
            fees=fees,
            profit=self._number(record, "profit"),
            profit_is_net=self.mapping.profit_is_net,
            trade_id=record.reference(*self._names("external_id")),
            note=record.note(*self._names("note")),
        )

    def _named(self, record: Record) -> Named:
        text, currency = self._text(record, "symbol"), self._currency(record)
        multiplier, kind = self._number(record, "multiplier"), self.mapping.instrument_kind
        named = option_in(text, currency) if kind in (None, InstrumentKind.OPTION) else None
        if named is None:
            symbol = checked_symbol(text)
            if kind in _FUTURES and kind is not None:
                return symbol, replace(future(symbol, currency, multiplier), kind=kind)
            named = symbol, stock(currency, kind or InstrumentKind.OTHER)
        return named[0], replace(named[1], multiplier=multiplier or named[1].multiplier)

    def _side(self, record: Record, signed: Decimal) -> tuple[Side, PositionEffect]:
        if "side" not in self.mapping.columns:
            return Side.BUY if signed > ZERO else Side.SELL, PositionEffect.AUTO
        word = self._text(record, "side")
        named = _named_by(self.mapping.sides, word)
        return (Side(named), PositionEffect.AUTO) if named else side_and_effect(word)

    def _costs(self, record: Record) -> tuple[Decimal, Decimal]:
        """Commission and fees: what was paid above 0."""
        fees = total(self._cost(record.number(name)) for name in self.mapping.fees)
        return self._cost(self._number(record, "commission")), fees

    def _cost(self, amount: Decimal | None) -> Decimal:
        if amount is None:
            return ZERO
        sign = self.mapping.cost_sign
        if sign is CostSign.AS_SHOWN:
            return amount.copy_abs()
        return amount if sign is CostSign.POSITIVE_IS_COST else minus(ZERO, amount)

    def _moment(self, record: Record, field: str) -> Moment:
        if field == "time" and "time" not in self.mapping.columns:
            day, clock = self._text(record, "date"), self._text(record, "clock")
            if self.mapping.date_formats:
                text = f"{day} {clock}".strip()
                return self._by_formats(text, day, clock, record)
            return record.notation.at(day, clock)
        text = self._text(record, field)
        if not text:
            raise Unreadable(RowReason.DATE, f"{self.mapping.columns[field]}: there is no date")
        return moment_by(self.mapping.date_formats, text) if self.mapping.date_formats else record.notation.moment(text)

    def _by_formats(self, text: str, day: str, clock: str, record: Record) -> Moment:
        """The time of two cells, of which the formats may be for both together, or for the day alone."""
        try:
            return moment_by(self.mapping.date_formats, text)
        except Unreadable:
            found = moment_by(self.mapping.date_formats, day)
        return record.notation.at(found.at.date().isoformat(), clock)

    def _currency(self, record: Record) -> str | None:
        return record.currency(*self._names("currency"))

    def _names(self, field: str) -> tuple[str, ...]:
        name = self.mapping.columns.get(field)
        return (name,) if name else ()

    def _text(self, record: Record, field: str) -> str:
        return record.text(*self._names(field))

    def _has(self, record: Record, field: str) -> bool:
        return record.has(*self._names(field))

    def _number(self, record: Record, field: str) -> Decimal | None:
        return record.number(*self._names(field))

    def _amount(self, record: Record, field: str) -> Decimal:
        found = self._number(record, field)
        if found is None:
            raise Unreadable(RowReason.NUMBER, f"{self.mapping.columns[field]}: there is no number")
        return found


def _named_by(words: Mapping[str, tuple[str, ...]], word: str) -> str | None:
    """The key of the words that have this one, whatever its letters."""
    low = word.casefold()
    return next((key for key, own in words.items() if any(low == one.strip().casefold() for one in own)), None)
