"""Makes the executions that are stored of the fills of an import."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from handlers.imports.record import Remark
from handlers.journal.errors import FieldError
from handlers.journal.executions import (
    COMES_IN,
    WORTHLESS,
    Execution,
    ExecutionSource,
    RecordedExecution,
    execution_errors,
    in_order,
)
from handlers.journal.money import ZERO
from handlers.journal.regrouping import open_after
from handlers.journal.trading_accounts import TradingAccount
from handlers.storage import executions as storage
from handlers.storage.executions import MOST_READ, StoredPosition
from handlers.usecases.import_contents import Filed, trade_id
from handlers.usecases.import_work import Work
from handlers.usecases.position_changes import mean_cost, recorded_of


def recorded(
    work: Work, held: StoredPosition, fills: Sequence[Filed], now: datetime
) -> tuple[list[RecordedExecution], list[Remark]]:
    """The executions as they are stored, in their order, and what there is to say. Raises Busy.

    The instrument of the position counts.
    """
    remarks: list[Remark] = []
    made: list[RecordedExecution] = []
    for line, execution in fills:
        given = execution.instrument
        for name in ("multiplier", "currency"):
            own = getattr(held.instrument, name)
            if getattr(given, name) not in (None, own):
                remarks.append(Remark(line=line, detail=f"taken with the {name} {own} of {held.symbol} in the account"))
        execution = replace(execution, instrument=held.instrument)
        if errors := execution_errors(execution):
            remarks.append(Remark(line=line, detail=f"left out: {_words(errors)}"))
            continue
        if (price := price_or_mean_cost(held, execution, made)) is None:
            remarks.append(Remark(line=line, detail="left out: its price cannot be told from what is open"))
            continue
        made.append(
            replace(
                recorded_of(work.user, execution, now),
                price=price,
                opens=trade_id(execution.execution_id),
                source=ExecutionSource.IMPORT,
                import_id=work.one.import_id,
            )
        )
    return in_order(made), remarks


def in_its_instrument(held: StoredPosition, account: TradingAccount, fills: Sequence[Filed]) -> StoredPosition:
    """The position with its instrument: until it has an execution, that of the first fill, in the account's currency if
    it names none. Raises Busy.
    """
    if held.version and not (_differs(held, fills) and storage.last_until(held) is None):
        return held
    instrument = fills[0].execution.instrument
    if instrument.currency is None:
        instrument = replace(instrument, currency=account.currency)
    return replace(held, instrument=instrument)


def _differs(held: StoredPosition, fills: Sequence[Filed]) -> bool:
    """Whether a fill is in another instrument than the position."""
    own = held.instrument
    return any(
        given.multiplier != own.multiplier or given.currency not in (None, own.currency)
        for given in (each.execution.instrument for each in fills)
    )


def price_or_mean_cost(held: StoredPosition, execution: Execution, made: Sequence[RecordedExecution]) -> Decimal | None:
    """The execution's price; without one, the mean cost of what is open then, by what is stored and by what is `made`
    before it. None if nothing is, or too much would have to be read. Raises Busy.
    """
    if execution.price is not None:
        return execution.price
    if execution.kind in WORTHLESS | COMES_IN:
        return ZERO
    at = execution.executed_at
    before = (at, execution.sequence, execution.execution_id)
    stored = storage.since_flat(held, before, MOST_READ) if held.version else []
    if stored is None:
        return None
    earlier = in_order([one for one in (*stored, *made) if one.executed_at <= at])
    position = open_after(execution.symbol, earlier, [one for one in held.actions if one.effective_at <= at])
    return None if position is None or not position.open_quantity else mean_cost(position, held.instrument.multiplier)


def _words(errors: Sequence[FieldError]) -> str:
    """What is wrong, in words."""
    return "; ".join(f"{error.path[-1]} {error.fault.detail}" for error in errors)
