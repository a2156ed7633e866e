"""Derives the positions and trades of an archive from its executions and corporate actions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from handlers.journal.executions import RecordedAction, RecordedExecution, in_order, symbol_key
from handlers.journal.regrouping import ANY, walked
from handlers.journal.restoring import Annotations, as_written
from handlers.journal.settings import Settings
from handlers.journal.trade import Trade
from handlers.journal.trading_accounts import TradingAccount
from handlers.storage import corporate_actions
from handlers.storage.executions import PositionInAccount, PositionKey, StoredPosition, position_key
from handlers.usecases import settling
from handlers.usecases.settling import PositionToSettle


@dataclass(frozen=True, slots=True)
class Derived:
    """Positions that corporate actions link, or one alone: with their executions, and the trades that follow."""

    positions: Sequence[StoredPosition]
    executions: Sequence[RecordedExecution]
    trades: Sequence[Trade]


class ArchivePositions:
    """All positions of an archive."""

    def __init__(
        self,
        settings: Settings,
        accounts: Mapping[str, TradingAccount],
        executions: Mapping[PositionKey, Sequence[RecordedExecution]],
        actions: Iterable[RecordedAction],
    ) -> None:
        self._settings = settings
        self._accounts = accounts
        self._executions = executions
        self._actions: dict[str, list[RecordedAction]] = {}
        for action in sorted(actions, key=lambda each: (each.effective_at, each.action_id)):
            for symbol in corporate_actions.symbols(action):
                self._actions.setdefault(symbol_key(symbol), []).append(action)

    def derived(self, annotations: Mapping[str, Annotations], now: datetime) -> Iterator[Derived]:
        """The positions and all that follows from them, those that are linked together, always in the same order.

        A position of which nothing is left is none: its executions name corporate actions that do not make them.

        annotations: what was written about trades, by their ids. A trade without any is as old as its first execution.
        """
        seen: set[PositionKey] = set()
        for key in sorted(self._executions, key=lambda each: (each.account_id, each.symbol, each.pair_id or "")):
            if key not in seen:
                keys = settling.linked(key, self._executions[key][0].symbol, self._position)
                seen.update(keys)
                derived = self._derive(keys, annotations, now)
                if derived.executions:
                    yield derived

    def _derive(self, keys: Sequence[PositionKey], annotations: Mapping[str, Annotations], now: datetime) -> Derived:
        account = self._accounts.get(keys[0].account_id)
        parts = []
        for key in keys:
            executions = in_order(self._executions.get(key, ()))
            held = self._position(key, key.symbol)
            parts.append(
                PositionToSettle(
                    PositionInAccount(held, account, self._settings), held, executions, executions, held.actions
                )
            )
        executions = in_order(one for part in parts for one in part.after)
        actions = {action.action_id: action for part in parts for action in part.actions}.values()
        groups, made = walked(executions, ANY, actions)
        if made:  # the cost that they take along depends on the lot methods of the trades
            usual = (account and account.lot_method) or self._settings.lot_method
            methods = {
                group.first.execution_id: own.lot_method if (own := annotations.get(group.trade_id)) else usual
                for group in groups
            }
            groups, made = walked(executions, ANY, actions, methods)
        user_id = self._settings.user_id
        known = {
            group.trade_id: annotations[group.trade_id].on(group, user_id)
            for group in groups
            if group.trade_id in annotations
        }
        outcome = settling.settled(parts, now, behind=True, known=known)
        return Derived(
            positions=[
                replace(position, version=1)
                for part, position, own in zip(parts, outcome.positions, outcome.executions, strict=True)
                if own or position != part.held
            ],
            executions=[one for own in outcome.executions for one in own],
            trades=[as_written(trade, annotations) for trade, _ in outcome.regrouping.changed],
        )

    def _position(self, key: PositionKey, symbol: str) -> StoredPosition:
        """The position before any of its executions."""
        first = next(iter(self._executions.get(key, ())), None)
        actions = self._actions.get(symbol_key(symbol), ())
        empty = StoredPosition(
            user_id=self._settings.user_id,
            account_id=key.account_id,
            symbol=symbol if first is None else first.symbol,
            pair_id=key.pair_id,
            actions=tuple(each.alone for each in actions if each.account_id in (None, key.account_id)),
        )
        return empty if first is None else replace(empty, instrument=first.instrument)


def by_position(executions: Iterable[RecordedExecution]) -> dict[PositionKey, list[RecordedExecution]]:
    """The executions by their positions."""
    found: dict[PositionKey, list[RecordedExecution]] = {}
    for one in executions:
        found.setdefault(position_key(one), []).append(one)
    return found
