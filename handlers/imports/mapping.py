"""A user's mapping: which column of an unknown table is what, and how its rows are to be read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from handlers.imports.date_tokens import compiled
from handlers.imports.names import names
from handlers.imports.notation import DateOrder, DecimalMark
from handlers.imports.refusals import Refusal
from handlers.journal.cash import CashType
from handlers.journal.executions import InstrumentKind
from handlers.journal.money import ONE, ZERO

MOST_DATE_FORMATS = 4
MOST_SKIPS = 20
MOST_SKIPPED_LINES = 60
MOST_VALUES = 50


class RowKind(StrEnum):
    """What a row is; MIXED tables have a column `type` that tells."""

    FILL = "FILL"
    TRADE = "TRADE"
    CASH = "CASH"
    MIXED = "MIXED"


class CostSign(StrEnum):
    """What the sign of a cost says. AS_SHOWN: nothing, its size is what was paid."""

    AS_SHOWN = "AS_SHOWN"
    POSITIVE_IS_COST = "POSITIVE_IS_COST"
    NEGATIVE_IS_COST = "NEGATIVE_IS_COST"


class CellComparison(StrEnum):
    """How a cell is compared, whatever its letters."""

    IS = "is"
    STARTS_WITH = "startsWith"
    CONTAINS = "contains"


@dataclass(frozen=True, slots=True, kw_only=True)
class SkipWhen:
    """Rows whose cell of this column compares so with the text are skipped."""

    column: str
    comparison: CellComparison
    text: str


# The fields that a column can be, and of each kind of rows, the sets of which one must be complete.
FIELDS = frozenset(
    names(
        "time,date,clock,symbol,side,quantity,price,commission,amount,currency,external_id,order_id,"
        "entry_time,exit_time,entry_price,exit_price,profit,type,multiplier,note"
    )
)
_WHEN = (("time",), ("date",))
_NEEDED: Mapping[RowKind, Sequence[Sequence[tuple[str, ...]]]] = {
    RowKind.FILL: (_WHEN, (("symbol",),), (("quantity",),), (("price",), ("amount",))),
    RowKind.TRADE: (
        (("entry_time",), ("time",), ("date",)),
        (("symbol",),),
        (("side",),),
        (("quantity",),),
        (("entry_price",),),
        (("exit_price",),),
    ),
    RowKind.CASH: (_WHEN, (("amount",),)),
    RowKind.MIXED: (_WHEN, (("type",),), (("amount",), ("price",))),
}
# What the words of the column `type` can stand for.
TYPES = frozenset({"FILL", "TRADE", "SKIP", *CashType})
SIDES = frozenset({"BUY", "SELL"})
MappingError = tuple[tuple[str | int, ...], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnMapping:
    """How to read a table of no known format.

    match: the names of columns by which a later file of the same kind is recognized; by default those that are read.
    skip_lines: lines before the header that are left out.
    columns: the name of the column of each field. Without `side`, the quantity's sign is the side.
    fees: the columns of further costs.
    sides, types: the words of the columns `side` and `type` for each side and type; others are read as usual.
    date_formats: with the tokens YYYY, YY, MM, DD, HH, hh, mm, ss, A; by default dates are read in the file's order.
    lot_size: units in one of the table's quantities.
    profit_is_net: whether profits are after costs; then costs are what the prices make more.
    """

    name: str
    row_kind: RowKind
    columns: Mapping[str, str]
    fees: tuple[str, ...] = ()
    match: tuple[str, ...] = ()
    skip_lines: int = 0
    sides: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    types: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    date_formats: tuple[str, ...] = ()
    date_order: DateOrder | None = None
    decimal_mark: DecimalMark | None = None
    time_zone: str | None = None
    cost_sign: CostSign = CostSign.AS_SHOWN
    profit_is_net: bool = False
    lot_size: Decimal = ONE
    instrument_kind: InstrumentKind | None = None
    skip_when: tuple[SkipWhen, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The columns that a header must have: those to match, else those that are read."""
        return self.match or tuple(dict.fromkeys((*self.columns.values(), *self.fees)))


def mapping_errors(mapping: ColumnMapping) -> list[MappingError]:
    """What is wrong with a mapping: the path of each field, as the dataclass names it, and a message."""
    return [*_column_errors(mapping), *_value_errors(mapping), *_other_errors(mapping)]


def _column_errors(mapping: ColumnMapping) -> Iterator[MappingError]:
    for name, column in mapping.columns.items():
        if name not in FIELDS:
            yield ("columns", name), "is no field of a row"
        elif not column.strip():
            yield ("columns", name), "must name a column"
    for needed in _NEEDED[mapping.row_kind]:
        if not any(all(name in mapping.columns for name in names) for names in needed):
            choice = " or ".join(names[0] for names in needed)
            yield ("columns", needed[0][0]), f"is required for rows of the kind {mapping.row_kind}: {choice}"
    if "clock" in mapping.columns and "date" not in mapping.columns:
        yield ("columns", "date"), "is required with clock"
    for place, column in enumerate(mapping.fees):
        if not column.strip():
            yield ("fees", place), "must name a column"


def _value_errors(mapping: ColumnMapping) -> Iterator[MappingError]:
    for name, known, given in (("sides", SIDES, mapping.sides), ("types", TYPES, mapping.types)):
        seen: dict[str, str] = {}
        for key, words in given.items():
            if key not in known:
                yield (name, key), f"must be one of {', '.join(sorted(known))}"
            if len(words) > MOST_VALUES:
                yield (name, key), f"must have at most {MOST_VALUES} words"
            for word in words:
                other = seen.setdefault(word.strip().casefold(), key)
                if other != key:
                    yield (name, key), f"has a word that {other} has, too"


def _other_errors(mapping: ColumnMapping) -> Iterator[MappingError]:
    if not mapping.name.strip():
        yield ("name",), "must not be blank"
    if not 0 <= mapping.skip_lines <= MOST_SKIPPED_LINES:
        yield ("skip_lines",), f"must be from 0 to {MOST_SKIPPED_LINES}"
    if mapping.lot_size <= ZERO:
        yield ("lot_size",), "must be more than 0"
    if len(mapping.date_formats) > MOST_DATE_FORMATS:
        yield ("date_formats",), f"must be at most {MOST_DATE_FORMATS}"
    for place, text in enumerate(mapping.date_formats):
        try:
            compiled(text)
        except Refusal as refusal:
            yield ("date_formats", place), refusal.detail
    if len(mapping.skip_when) > MOST_SKIPS:
        yield ("skip_when",), f"must be at most {MOST_SKIPS}"
    for place, skip in enumerate(mapping.skip_when):
        if not skip.text.strip() and skip.comparison is not CellComparison.IS:
            yield ("skip_when", place, "text"), "must not be blank"
