"""Turns a trade that was recorded by hand into one that follows from executions: one for each entry and close."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from handlers.journal.errors import RuleBroken, StateForbids
from handlers.journal.executions import Execution, ExecutionSource, Instrument, RecordedExecution
from handlers.journal.settings import MAIN
from handlers.journal.trade import Close, Entry, Trade, TradeSource
from handlers.storage import trades as storage
from handlers.storage.errors import PreconditionFailed, VersionMismatch
from handlers.storage.retry import retry_overtaken
from handlers.usecases.position_changes import PositionChanges, Recorded

if TYPE_CHECKING:
    from handlers.usecases.trades import Precondition

# Each execution takes two actions of a transaction.
MOST_PARTS = 40


def convert(user: str, trade_id: str, allowed: Precondition) -> Trade:
    """Record an execution for each entry and close of a trade, which follows from them from then on.

    Its id, figures, notes and images stay. Each execution has the id of the entry or close that it stands for. A trade
    that follows from executions already is returned as it is. Raises StateForbids when the executions would not make
    this very trade; TradeNotFound, PreconditionFailed, AccountClosing, AccountErased, Busy.
    """

    def attempt() -> Trade:
        now = datetime.now(UTC)
        trade = storage.get(user, trade_id)
        if not allowed(trade.version):
            raise PreconditionFailed(trade_id)
        if trade.source is TradeSource.LEDGER:
            return trade
        _check(trade)

        def is_this_trade(recorded: Recorded | None) -> None:
            if recorded is None or not recorded.settled:
                raise StateForbids(
                    "The position's trades are being worked out, or it has too many executions for this."
                )
            if recorded.execution.trade_ids != (trade_id,):
                raise _another_trade()
            [made] = recorded.trades
            if made.version != trade.version + 1:
                raise VersionMismatch(trade_id)
            if made.splits or made.symbol != trade.symbol:
                raise StateForbids("Corporate actions of its symbol would change the trade.")
            if _parts_of(made) != _parts_of(trade):
                raise _another_trade()

        plan = PositionChanges(user, now)
        first, *others = executions_of(trade)
        _, account, _ = plan.in_account(first, None, named=True)
        if account is None:
            raise StateForbids("The account that the trade lies in is gone.")
        instrument = Instrument(multiplier=trade.multiplier, currency=trade.currency or account.currency)

        def add(one: Execution, opens: str | None = None) -> RecordedExecution:
            one = replace(one, instrument=instrument)
            return plan.add(one, names_instrument=True, source=ExecutionSource.MANUAL, opens=opens, with_dust=False)

        opening = add(first, opens=trade_id)
        for one in others:
            add(one)
        recorded, _ = plan.write(opening.execution_id, into=account, check=is_this_trade)
        if recorded is None:
            raise AssertionError("what is added is there")
        [made] = recorded.trades
        return made

    def refusing() -> Trade:
        try:
            return attempt()
        except RuleBroken as error:  # the request has no field to name
            [first, *_] = error.errors
            raise StateForbids(
                f"The trade cannot become executions: its {first.path[-1]} {first.fault.detail}."
            ) from None

    return retry_overtaken(refusing)


def _check(trade: Trade) -> None:
    """Raise StateForbids if executions cannot express the trade."""
    detail = None
    if trade.cancelled:
        detail = "The trade is cancelled: nothing was executed."
    elif trade.entry_price is None:
        detail = "The trade has no entry price: give it one first."
    elif trade.events:
        detail = "The trade has events, and a trade that follows from executions has none: record them as cash first."
    elif trade.splits:
        detail = "The trade has splits, and those of executions are corporate actions: take them back first."
    elif len(trade.entered) + len(trade.closes) > MOST_PARTS:
        detail = f"The trade has more than {MOST_PARTS} entries and closes."
    if detail is not None:
        raise StateForbids(detail)


def _another_trade() -> StateForbids:
    return StateForbids(
        "The executions would not make this trade: it is flat between its entries, others of its account and symbol "
        "lie between them, or corporate actions of its symbol."
    )


def executions_of(trade: Trade) -> Iterator[Execution]:
    """The entries and closes in the order in which the trade takes them: at one instant, entries come first."""
    parts: list[Entry | Close] = [*trade.entered, *trade.closes]
    parts.sort(key=lambda part: part.entered_at if isinstance(part, Entry) else part.closed_at)
    common: dict[str, Any] = {
        "account_id": trade.account_id or MAIN,
        "symbol": trade.symbol,
        "instrument": Instrument(),
    }
    for part in parts:
        is_entry = isinstance(part, Entry)
        yield Execution(
            execution_id=part.entry_id if isinstance(part, Entry) else part.close_id,
            side=trade.side if is_entry else trade.side.opposite,
            quantity=part.quantity,
            price=part.price,
            executed_at=part.entered_at if isinstance(part, Entry) else part.closed_at,
            commission=part.commission,
            fees=part.fees,
            **common,
        )


def _parts_of(trade: Trade) -> list[Entry | Close]:
    """The entries and closes without the fields that differ between trades by hand and trades of the ledger."""
    return [
        *(replace(entry, entry_id="", sequence=None) for entry in trade.entered),
        *(replace(close, close_id="", sequence=None) for close in trade.closes),
    ]
