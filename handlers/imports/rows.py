"""What a row of a broker's file says, in the journal's terms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from handlers.journal.cash import CashType
from handlers.journal.executions import ActionType, ExecutionKind, Instrument, PositionEffect
from handlers.journal.money import ZERO
from handlers.journal.positions import Side


class RowReason(StrEnum):
    """Why a row cannot be read (the first eight), or what was noticed when it was."""

    DATE = "DATE"
    NUMBER = "NUMBER"
    SIDE = "SIDE"
    SYMBOL = "SYMBOL"
    COLUMN_COUNT = "COLUMN_COUNT"
    TOO_LONG = "TOO_LONG"
    AMOUNT_MISMATCH = "AMOUNT_MISMATCH"
    PNL_MISMATCH = "PNL_MISMATCH"
    ROUNDING = "ROUNDING"
    TIME_MOVED = "TIME_MOVED"
    UNPRICED_COST = "UNPRICED_COST"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedFill:
    """A fill as its file has it. `at` without an offset is in the time zone of the import.

    If the file has a day and no time, `day_only` is set and `at` is midnight of that day. A cost is >= 0 and a rebate
    < 0, in `fee_currency`, or without one in the instrument's. `pair_id` keeps the two fills of a row that is a whole
    trade apart from all other fills.
    """

    symbol: str
    instrument: Instrument
    side: Side | None = None
    quantity: Decimal | None = None
    price: Decimal | None = None
    at: datetime
    day_only: bool = False
    commission: Decimal = ZERO
    fees: Decimal = ZERO
    fee_currency: str | None = None
    fee_price: Decimal | None = None
    kind: ExecutionKind = ExecutionKind.TRADE
    position_effect: PositionEffect = PositionEffect.AUTO
    order_id: str | None = None
    external_id: str | None = None
    pair_id: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CashMove:
    """Money that came in (amount > 0) or went out, apart from trades. `at` and `day_only` are those of a fill."""

    type: CashType
    amount: Decimal
    currency: str | None = None
    at: datetime
    day_only: bool = False
    symbol: str | None = None
    external_id: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """A corporate action; its fields are those of `journal.executions.CorporateAction`. `at` is that of a fill.

    A SPLIT of which the file has no ratio has `added` instead: the units by which what is open grew, or shrank.
    """

    type: ActionType
    symbol: str
    at: datetime
    day_only: bool = False
    new: Decimal | None = None
    old: Decimal | None = None
    new_symbol: str | None = None
    cash_per_share: Decimal | None = None
    cost_share: Decimal | None = None
    quantity: Decimal | None = None
    added: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Noticed:
    """What was noticed in a row that was read."""

    reason: RowReason
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row of the file: where it is, its cells, and what it says.

    `line` counts from 1; `lines` is more than 1 where a quoted cell spans several. `raw` has each cell by the name of
    its column, cut to 200 characters. A row that says nothing to record has `skipped`, the reason in words; one that
    cannot be read has `error`, and `detail` in words.
    """

    line: int
    lines: int = 1
    raw: Mapping[str, str]
    found: tuple[ReportedFill | CashMove | Action, ...] = ()
    skipped: str | None = None
    error: RowReason | None = None
    detail: str | None = None
    warnings: tuple[Noticed, ...] = field(default=())
