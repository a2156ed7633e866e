"""Writes the executions of an import, position by position, with the trades that follow from them.

Positions of which the file has few executions are settled in the transaction that writes these, several positions in
one. The executions of other positions take several transactions. Until all are there, such a position is held back: it
is marked, so that nobody takes its trades for settled, but the settler does not hear of it. So trades that exist are
never regrouped by the half of a file, which could move their notes for good.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from typing import NamedTuple

from handlers.imports.record import Import, Phase, Remark
from handlers.journal import money
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
from handlers.storage.errors import NoSuchAccount
from handlers.storage.executions import MOST_READ, Place, PositionKey, StoredPosition, TooMuchAtOnce, Written
from handlers.usecases import settling
from handlers.usecases.import_contents import Contents, Filed, trade_id
from handlers.usecases.import_settling import action_symbols
from handlers.usecases.import_work import Work
from handlers.usecases.position_changes import mean_cost, recorded_of

# Actions of a transaction that a batch is planned to take, and the most executions of one: each takes two actions, the
# position and the import one each.
MOST_PLANNED = 94
MOST_AT_ONCE = 46


class Batch(NamedTuple):
    """Executions that are written together; they end with the `end`-th of the import.

    Those that are to be `settled` are all that the file has of their positions. Of others, there is one position, and
    it is `last` when these are its last ones.
    """

    fills: tuple[tuple[PositionKey, Sequence[Filed]], ...]
    end: int
    settled: bool
    last: bool = True

    @property
    def one_by_one(self) -> Iterator[Batch]:
        """The same positions, each marked with its executions and left to the settler."""
        end = self.end - sum(len(fills) for _, fills in self.fills)
        for position in self.fills:
            end += len(position[1])
            yield Batch((position,), end, settled=False)


def write(work: Work, contents: Contents) -> None:
    """Write all executions that are not written yet. Those that exist already are left as they are, and counted.

    Raises Paused, Overtaken, NoSuchAccount, AccountClosing, AccountErased, Busy.
    """
    awaited = action_symbols(contents)
    apart = {key for key in contents.fills if key.symbol in awaited}
    total = contents.number_of_fills
    for batch in batches(contents.fills, apart, work.done(Phase.EXECUTIONS)):
        work.check_time()
        try:
            work.attempt(partial(_write, work, batch, total, apart))
        except TooMuchAtOnce:
            for each in batch.one_by_one:
                work.attempt(partial(_write, work, each, total, apart))


def batches(
    fills: Mapping[PositionKey, Sequence[Filed]], apart: Container[PositionKey], begin: int = 0
) -> Iterator[Batch]:
    """The executions in batches, always the same ones, without those before the `begin`-th.

    apart: positions that are not settled yet, since corporate actions follow.
    """
    end, planned = 0, 0
    together: list[tuple[PositionKey, Sequence[Filed]]] = []
    for key, own in fills.items():
        size = _actions(len(own))
        is_small = size <= MOST_PLANNED and key not in apart
        if together and (planned + size > MOST_PLANNED or not is_small):
            yield Batch(tuple(together), end, settled=True)
            together, planned = [], 0
        if is_small:
            end += len(own)
            if end > begin:
                together.append((key, own))
                planned += size
            continue
        for first in range(0, len(own), MOST_AT_ONCE):
            some = own[first : first + MOST_AT_ONCE]
            end += len(some)
            if end > begin:
                yield Batch(((key, some),), end, settled=False, last=end_of(own, first))
    if together:
        yield Batch(tuple(together), end, settled=True)


def end_of(own: Sequence[Filed], first: int) -> bool:
    """Whether the executions from the `first` on fit into one batch."""
    return first + MOST_AT_ONCE >= len(own)


def _actions(number: int) -> int:
    """About how many actions a position takes that is settled with so many executions: these, their refs, trades."""
    return 2 + 2 * number + number // 2


def _write(work: Work, batch: Batch, total: int, apart: Container[PositionKey]) -> Import:
    now = datetime.now(UTC)
    ids = [each.execution.execution_id for _, fills in batch.fills for each in fills]
    present = storage.places_of(work.user, ids)
    account = None
    written: list[Written] = []
    remarks: list[Remark] = []
    for key, fills in batch.fills:
        place = storage.place(work.user, key, fills[0].execution.symbol, answer_for=None, now=now)
        account = place.account
        if account is None:
            raise NoSuchAccount(key.account_id)
        absent = [each for each in fills if each.execution.execution_id not in present]
        if not absent:
            continue
        place = place._replace(position=_in_its_instrument(place.position, account, absent))
        new, said = _recorded(work, place.position, absent, now)
        remarks += said
        if new:
            own = _settled(place, new, now) if batch.settled else None
            written.append(own or _marked(place.position, new, is_whole=batch.last and key not in apart))
    changed = work.advanced(
        Phase.EXECUTIONS,
        batch.end,
        total,
        remarks,
        executions=sum(len(one.new) for one in written),
        present=len(present),
    )
    storage.write(work.user, written, None, now, into=account, also=[work.writing(changed)])
    return changed


def _settled(place: Place, new: Sequence[RecordedExecution], now: datetime) -> Written | None:
    """The write of a position with new executions and all trades that follow; None if it is too long for that, or
    linked with others.
    """
    held = place.position
    first = new[0].executed_at, new[0].sequence, new[0].execution_id
    before = None if held.executions > MOST_READ else _since_flat(held, first)
    if before is None or not settling.stands_alone(held, before, new[0].executed_at):
        return None
    part = settling.Part(place, held, before, in_order([*before, *new]), held.actions)
    [(written, _)] = settling.written([part], settling.settled([part], now, behind=True))
    return written._replace(new=_ids(new))


def _since_flat(held: StoredPosition, first: tuple[datetime, int, str]) -> list[RecordedExecution] | None:
    return storage.since_flat(held, first, MOST_READ) if held.version else []


def _marked(held: StoredPosition, new: Sequence[RecordedExecution], *, is_whole: bool) -> Written:
    """The write of a position with new executions that is marked, and held back unless it is whole."""
    marked = held.marked(money.total(map(storage.moved, new)), *(one.executed_at for one in new))
    marked = replace(marked, executions=held.executions + len(new))
    if not is_whole:
        marked = marked.held_back()
    return Written(position=marked, put=new, removed=[], trades=(), vanished=(), new=_ids(new))


def _ids(executions: Sequence[RecordedExecution]) -> frozenset[str]:
    return frozenset(one.execution_id for one in executions)


def _recorded(
    work: Work, held: StoredPosition, fills: Sequence[Filed], now: datetime
) -> tuple[list[RecordedExecution], list[Remark]]:
    """The executions as they are stored, in their order, and what there is to say.

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
        if (price := price_of(held, execution, made)) is None:
            remarks.append(Remark(line=line, detail="left out: its price cannot be told from what is open"))
            continue
        recorded = recorded_of(work.user, execution, now)
        made.append(
            replace(
                recorded,
                price=price,
                opens=trade_id(execution.execution_id),
                source=ExecutionSource.IMPORT,
                import_id=work.one.import_id,
            )
        )
    return in_order(made), remarks


def _differs(held: StoredPosition, fills: Sequence[Filed]) -> bool:
    """Whether a fill is in another instrument than the position."""
    own = held.instrument
    return any(
        given.multiplier != own.multiplier or given.currency not in (None, own.currency)
        for given in (each.execution.instrument for each in fills)
    )


def _in_its_instrument(held: StoredPosition, account: TradingAccount, fills: Sequence[Filed]) -> StoredPosition:
    """The position with its instrument: until it has an execution, that of the first fill, in the account's currency if
    it names none.
    """
    if held.version and not (_differs(held, fills) and storage.last_until(held) is None):
        return held
    instrument = fills[0].execution.instrument
    if instrument.currency is None:
        instrument = replace(instrument, currency=account.currency)
    return replace(held, instrument=instrument)


def price_of(held: StoredPosition, execution: Execution, made: Sequence[RecordedExecution]) -> Decimal | None:
    """The execution's price; without one, the mean cost of what is open then, by what is stored and by what is `made`
    before it. None if nothing is, or too much would have to be read.
    """
    if execution.price is not None:
        return execution.price
    if execution.kind in WORTHLESS | COMES_IN:
        return ZERO
    at = execution.executed_at
    stored = _since_flat(held, (at, execution.sequence, execution.execution_id))
    if stored is None:
        return None
    earlier = in_order([one for one in (*stored, *made) if one.executed_at <= at])
    position = open_after(execution.symbol, earlier, [one for one in held.actions if one.effective_at <= at])
    return None if position is None or not position.open_quantity else mean_cost(position, held.instrument.multiplier)


def _words(errors: Sequence[FieldError]) -> str:
    """What is wrong, in words."""
    return "; ".join(f"{error.path[-1]} {error.fault.detail}" for error in errors)
