"""What an import is to write: the rows of its report that are decided so, in the journal's terms."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import UUID, uuid5

from handlers.imports.decided import DecidedAction, DecidedCash, DecidedFill, DecidedRow, Decision, RowOutcome
from handlers.imports.record import Import
from handlers.journal.cash import Cash
from handlers.journal.executions import Execution, ExecutionKind, PositionEffect
from handlers.storage import executions as storage
from handlers.storage import import_files
from handlers.storage.executions import PositionKey


class Filed(NamedTuple):
    """An execution of a line of the file."""

    line: int
    execution: Execution


class FiledCash(NamedTuple):
    """A cash row of a line of the file."""

    line: int
    cash: Cash


class FiledAction(NamedTuple):
    """A corporate action of a line of the file."""

    line: int
    decided: DecidedAction


@dataclass(slots=True)
class Contents:
    """What an import is to write.

    `fills` by their positions, in the order of the file. `links`: fills that stand in manual trades, by the ids of
    these trades. `changes`: fills whose content takes the place of that of a stored execution, by the ids of these.
    """

    fills: dict[PositionKey, list[Filed]] = field(default_factory=dict)
    links: dict[str, list[Filed]] = field(default_factory=dict)
    changes: dict[str, Filed] = field(default_factory=dict)
    cash: list[FiledCash] = field(default_factory=list)
    actions: list[FiledAction] = field(default_factory=list)

    @property
    def number_of_fills(self) -> int:
        """How many executions are to be written anew."""
        return sum(map(len, self.fills.values()))


def contents_of(one: Import) -> Contents:
    """All that the import's report says is to be written. Raises Unavailable."""
    found = Contents()
    for row in _rows(one):
        for fill in row.fills:
            if _is_taken(row, fill):
                _put_fill(found, one, row, fill)
        for cash in row.cash:
            if _is_taken(row, cash):
                found.cash.append(FiledCash(row.line, _cash(one, cash)))
        for action in row.actions:
            if _is_taken(row, action):
                found.actions.append(FiledAction(row.line, action))
    return found


def _rows(one: Import) -> Iterator[DecidedRow]:
    if one.report is None:
        raise AssertionError("what is committed was read")
    place = import_files.ImportFolder(one.user_id, one.import_id)
    for number in range(one.rows_files):
        yield from import_files.read_rows(place, one.report, number)


def _is_taken(row: DecidedRow, part: DecidedFill | DecidedCash | DecidedAction) -> bool:
    """Whether a part of the row is to be written: a duplicate is only if the user decided so for the whole row."""
    if row.decision not in (Decision.IMPORT, Decision.LINK):
        return False
    return part.outcome is not RowOutcome.DUPLICATE or row.outcome is RowOutcome.DUPLICATE


def _put_fill(to: Contents, one: Import, row: DecidedRow, decided: DecidedFill) -> None:
    filed = Filed(row.line, execution_of_fill(one, decided))
    of = decided.of
    if (
        row.decision is Decision.LINK
        and decided.outcome is RowOutcome.MATCHES_MANUAL
        and of is not None
        and of.trade_id
    ):
        to.links.setdefault(of.trade_id, []).append(filed)
    elif decided.outcome is RowOutcome.CHANGED and of is not None and of.execution_id is not None:
        to.changes[of.execution_id] = filed
    else:
        own = to.fills.setdefault(storage.position_key(filed.execution), [])
        if decided.opening is not None:
            own.append(Filed(row.line, opening_of(filed.execution, decided)))
        own.append(filed)


def execution_of_fill(one: Import, decided: DecidedFill) -> Execution:
    """The fill as an execution. Between two fills of one instant there is room for an opening one."""
    fill = decided.fill
    return Execution(
        execution_id=decided.execution_id,
        account_id=one.options.account_id,
        symbol=fill.symbol,
        instrument=fill.instrument,
        side=fill.side,
        quantity=fill.quantity,
        price=fill.price,
        executed_at=fill.at,
        sequence=2 * decided.sequence + 1,
        commission=fill.commission,
        fees=fill.fees,
        fee_currency=fill.fee_currency,
        fee_price=fill.fee_price,
        kind=fill.kind,
        position_effect=fill.position_effect,
        order_id=fill.order_id,
        external_id=fill.external_id,
        pair_id=fill.pair_id,
        note=fill.note,
    )


def opening_of(closing: Execution, decided: DecidedFill) -> Execution:
    """The fill of unknown cost that a close of what was never opened needs before it."""
    if closing.side is None:
        raise AssertionError("the side of a fill that is imported is known")
    return Execution(
        execution_id=opening_id(closing.execution_id),
        account_id=closing.account_id,
        symbol=closing.symbol,
        instrument=closing.instrument,
        side=closing.side.opposite,
        quantity=decided.opening,
        price=None,
        executed_at=closing.executed_at,
        sequence=2 * decided.sequence,
        kind=ExecutionKind.OPENING,
        position_effect=PositionEffect.AUTO,
        pair_id=closing.pair_id,
    )


def opening_id(execution_id: str) -> str:
    """The id of the OPENING fill before an execution of that id."""
    return str(uuid5(UUID(execution_id), "opening"))


def trade_id(execution_id: str) -> str:
    """The id of the trade that an imported execution opens, if it opens one: the same each time that it is imported."""
    return str(uuid5(UUID(execution_id), "trade"))


def _cash(one: Import, decided: DecidedCash) -> Cash:
    cash = decided.cash
    return Cash(
        user_id=one.user_id,
        account_id=one.options.account_id,
        cash_id=decided.cash_id,
        type=cash.type,
        amount=cash.amount,
        currency=cash.currency,
        at=cash.at,
        symbol=cash.symbol,
        external_id=cash.external_id,
        note=cash.note,
        import_id=one.import_id,
        created_at=one.updated_at,
        updated_at=one.updated_at,
    )
