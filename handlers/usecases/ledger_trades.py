"""closeTrade and addEntry for trades that follow from executions: both record an execution."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from handlers.journal.changes import nothing_remains, trade_is_closed
from handlers.journal.errors import RuleBroken, StateForbids
from handlers.journal.executions import Execution, ExecutionSource, PositionEffect
from handlers.journal.rules import close_errors, entry_errors
from handlers.journal.settings import MAIN
from handlers.journal.trade import Close, Entry, Trade
from handlers.storage import executions as storage
from handlers.storage import trades as trade_storage
from handlers.storage.errors import PreconditionFailed, TradeNotFound, VersionMismatch
from handlers.storage.executions import StoredPosition
from handlers.storage.retry import retry_overtaken
from handlers.usecases.keyed import KeyedRequest
from handlers.usecases.position_changes import PositionChanges, Recorded
from handlers.usecases.trades import CreatedTrade, Keyed, Precondition


def close(
    user: str,
    trade_id: str,
    close: Close,
    *,
    quantity: Decimal | None,
    allowed: Precondition,
    keyed: Keyed | None,
) -> CreatedTrade:
    """Close a part of the trade, or all that is open at that instant, by an execution with the id of `close`.

    Raises PositionTooSmall when less is open, RuleBroken, StateForbids, TradeNotFound, PreconditionFailed, KeyReused,
    AccountErased, Busy.
    """

    def execution(trade: Trade, position: StoredPosition) -> Execution:
        if errors := close_errors(trade, close):
            raise RuleBroken(errors)
        return _fill_in(
            position,
            close,
            execution_id=close.close_id,
            side=trade.side.opposite,
            quantity=quantity,
            executed_at=close.closed_at,
            position_effect=PositionEffect.CLOSE,
        )

    return _add(user, trade_id, execution, allowed, keyed, of_a_flat_trade=nothing_remains())


def enter(user: str, trade_id: str, entry: Entry, *, allowed: Precondition, keyed: Keyed | None) -> CreatedTrade:
    """Add to the trade by an execution with the id of `entry`. Raises what `close` does, but PositionTooSmall."""

    def execution(trade: Trade, position: StoredPosition) -> Execution:
        if errors := entry_errors(entry):
            raise RuleBroken(errors)
        return _fill_in(
            position,
            entry,
            execution_id=entry.entry_id,
            side=trade.side,
            quantity=entry.quantity,
            executed_at=entry.entered_at,
        )

    return _add(user, trade_id, execution, allowed, keyed, of_a_flat_trade=trade_is_closed())


def _fill_in(position: StoredPosition, part: Close | Entry, **own: Any) -> Execution:
    """An execution of the position, at the price and the costs of a part of its trade."""
    return Execution(
        account_id=position.account_id,
        symbol=position.symbol,
        instrument=position.instrument,
        pair_id=position.pair_id,
        price=part.price,
        commission=part.commission,
        fees=part.fees,
        **own,
    )


def _of_execution(keyed: Keyed) -> KeyedRequest[Recorded]:
    """The request as one for an execution, whose answer shows the one trade."""
    return KeyedRequest(
        key=keyed.key, fingerprint=keyed.fingerprint, answer=lambda recorded: keyed.answer(recorded.trades[0])
    )


def _in_place(recorded: Recorded | None) -> Recorded:
    if recorded is None:
        raise AssertionError("what is added is there")
    return recorded


def _add(
    user: str,
    trade_id: str,
    execution: Callable[[Trade, StoredPosition], Execution],
    allowed: Precondition,
    keyed: Keyed | None,
    *,
    of_a_flat_trade: StateForbids,
) -> CreatedTrade:
    request = None if keyed is None else _of_execution(keyed)

    def fits(recorded: Recorded | None) -> None:
        own = _in_place(recorded)
        if not own.settled:
            raise StateForbids("The position has too many executions for this. Record it by POST /executions.")
        if own.execution.trade_ids != (trade_id,):
            raise StateForbids(
                "At that instant it would be a part of another trade. Record it by POST /executions, if that is right."
            )

    def attempt() -> CreatedTrade:
        now = datetime.now(UTC)
        if keyed is None:
            trade, earlier = trade_storage.get(user, trade_id), None
        else:
            found, earlier = trade_storage.get_with_answer(
                user, trade_id, key=keyed.key, fingerprint=keyed.fingerprint, now=now
            )
            if earlier is not None:
                return CreatedTrade(None, earlier)
            if found is None:
                raise TradeNotFound(trade_id)
            trade = found
        if not allowed(trade.version):
            raise PreconditionFailed(trade_id)
        if trade.is_flat:
            raise of_a_flat_trade
        position = storage.position_of(user, trade.account_id or MAIN, trade.symbol, trade_id)
        if position is None:  # the trade has become flat since it was read, or is gone
            raise VersionMismatch(trade_id)
        plan = PositionChanges(user, now)
        added = plan.add(execution(trade, position), names_instrument=False, source=ExecutionSource.MANUAL)
        recorded, earlier = plan.write(added.execution_id, request, check=fits)
        if earlier is not None:
            return CreatedTrade(None, earlier)
        [changed] = _in_place(recorded).trades
        return CreatedTrade(changed, None if keyed is None else keyed.answer(changed))

    return retry_overtaken(attempt)
