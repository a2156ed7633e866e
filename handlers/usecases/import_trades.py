"""The trades that an import would make or change: a dry run by the engine that settles positions.

Nothing is written. Each position that the file concerns is read since it was flat last before the file's first fill,
and is settled as it would be with the fills that are to be imported.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from itertools import islice
from typing import NamedTuple

from handlers.imports.decided import DecidedFill, Decision, RowOutcome, Same
from handlers.imports.findings import Finding, Running, number_fills
from handlers.imports.record import Import
from handlers.imports.rows import Action, ReportedFill
from handlers.journal.executions import (
    ActionType,
    CorporateAction,
    Execution,
    ExecutionSource,
    Instrument,
    RecordedExecution,
    in_order,
    symbol_key,
)
from handlers.journal.money import ZERO
from handlers.journal.settings import Settings
from handlers.journal.trade import Trade, TradeSource
from handlers.journal.trading_accounts import TradingAccount
from handlers.storage import corporate_actions, trades
from handlers.storage import executions as storage
from handlers.storage.executions import PositionInAccount, PositionKey, StoredPosition
from handlers.usecases import settling
from handlers.usecases.convert_trade import executions_of
from handlers.usecases.import_contents import Filed, execution_of_fill, opening_of, trade_id
from handlers.usecases.import_links import corrections, with_content
from handlers.usecases.import_recording import price_or_mean_cost
from handlers.usecases.position_changes import recorded_of

# Positions that are read in one request.
_AT_ONCE = 100


class Effect(StrEnum):
    """What an import does to a trade. MERGE: it takes over the notes of others, which vanish."""

    CREATE = "CREATE"
    UPDATE = "UPDATE"
    MERGE = "MERGE"
    DELETE = "DELETE"


class TradeChange(NamedTuple):
    """A trade as it would be, and as it was; of one that vanishes, as it was."""

    effect: Effect
    trade: Trade
    before: Trade | None


@dataclass(slots=True)
class ImportedPosition:
    """A position that the file concerns: as it is stored, what it has since it was flat, and what the file adds."""

    place: PositionInAccount
    before: list[RecordedExecution]
    fills: list[Finding]
    actions: tuple[CorporateAction, ...]
    stands_alone: bool = True

    @property
    def held(self) -> StoredPosition:
        """The position as it is stored."""
        return self.place.position


class DryRun:
    """The positions that an import concerns, judged and settled one after the other."""

    def __init__(
        self, one: Import, account: TradingAccount, settings: Settings, findings: Iterable[Finding], now: datetime
    ) -> None:
        self._one = one
        self._account = account
        self._settings = settings
        self._now = now
        self._fills: dict[PositionKey, list[Finding]] = {}
        self._symbols: dict[PositionKey, str] = {}
        self._actions: list[CorporateAction] = []
        for finding in findings:
            if isinstance(finding.what, ReportedFill):
                key = PositionKey(account.account_id, symbol_key(finding.what.symbol), finding.what.pair_id)
                self._fills.setdefault(key, []).append(finding)
                self._symbols.setdefault(key, finding.what.symbol)
            elif isinstance(finding.what, Action) and finding.is_taken:
                self._actions += self._action(finding, finding.what)
        self._stored_actions: list[CorporateAction] | None = None

    def changes(self, tell: Callable[[int], None]) -> Iterator[TradeChange]:
        """Judge the fills, which finds orphans, and yield each trade that differs. `tell` is called with how many fills
        are settled so far. Raises Busy.
        """
        keys = sorted(self._fills, key=lambda key: (key.symbol, key.pair_id or ""))
        settled: set[PositionKey] = set()
        done = 0
        rest = iter(keys)
        while some := list(islice(rest, _AT_ONCE)):
            stored = storage.several_positions(self._one.user_id, some)
            for key in some:
                if key in settled:
                    continue
                positions = self._together(key, stored.get(key))
                settled.update(storage.position_key(each.held) for each in positions)
                yield from self._settled(positions)
                done += sum(len(each.fills) for each in positions)
                tell(done)

    def _together(self, key: PositionKey, held: StoredPosition | None) -> list[ImportedPosition]:
        """The position, and those with which corporate actions link it."""
        read: dict[PositionKey, StoredPosition] = {}

        def position(other: PositionKey, symbol: str) -> StoredPosition:
            if other not in read:
                found = held if other == key else self._read(other)
                read[other] = self._with_actions(found or self._empty(other, symbol))
            return read[other]

        keys = settling.linked(key, self._symbols[key], position)
        return [self._position(read[each], alone=len(keys) == 1) for each in keys]

    def _read(self, key: PositionKey) -> StoredPosition | None:
        return storage.several_positions(self._one.user_id, [key]).get(key)

    def _empty(self, key: PositionKey, symbol: str) -> StoredPosition:
        stored = tuple(each for each in self._of_symbols() if self._concerns(each, key))
        return StoredPosition(
            user_id=self._one.user_id, account_id=key.account_id, symbol=symbol, pair_id=key.pair_id, actions=stored
        )

    def _of_symbols(self) -> list[CorporateAction]:
        """All corporate actions that are stored, read once."""
        if self._stored_actions is None:
            self._stored_actions = [each.alone for each in corporate_actions.every(self._one.user_id)]
        return self._stored_actions

    def _with_actions(self, held: StoredPosition) -> StoredPosition:
        own = [each for each in self._actions if self._concerns(each, storage.position_key(held))]
        return replace(held, actions=(*held.actions, *own)) if own else held

    def _concerns(self, action: CorporateAction, key: PositionKey) -> bool:
        symbols = map(symbol_key, corporate_actions.symbols(action))
        return action.account_id in (None, key.account_id) and key.symbol in symbols

    def _position(self, held: StoredPosition, *, alone: bool) -> ImportedPosition:
        key = storage.position_key(held)
        fills = sorted(self._fills.get(key, ()), key=lambda each: (each.what.at, each.order))
        number_fills(fills)
        if not held.version and fills:
            held = replace(held, instrument=self._instrument(fills))
        place = PositionInAccount(held, self._account, self._settings)
        if not held.version:
            before: list[RecordedExecution] = []
        elif alone and fills:
            before = storage.since_flat(held, (fills[0].what.at, -1, "")) or []
        else:
            before = storage.all_of(held) or []
        return ImportedPosition(place, before, fills, held.actions, stands_alone=alone)

    def _instrument(self, fills: Sequence[Finding]) -> Instrument:
        """That of the first fill, in the account's currency if it has none."""
        [own, *_] = (one.what.instrument for one in fills if isinstance(one.what, ReportedFill))
        return own if own.currency is not None else replace(own, currency=self._account.currency)

    def _settled(self, positions: Sequence[ImportedPosition]) -> Iterator[TradeChange]:
        for each in positions:
            if each.stands_alone:
                self._judge(each)
        if not any(self._is_touched(each) for each in positions):
            return
        parts = [self._part(each) for each in positions]
        if len(parts) > 1:
            yield from self._changes(parts)
            return
        for span in settling.spans(parts.pop()):
            yield from self._changes([span])

    def _changes(self, parts: Sequence[settling.PositionToSettle]) -> Iterator[TradeChange]:
        is_stored = any(part.before or part.held.version for part in parts)
        result = settling.settled(parts, self._now, behind=True, known=None if is_stored else {}).regrouping
        handed = {trade_id for others in result.handed.values() for trade_id in others}
        for new, old in result.changed:
            effect = Effect.MERGE if result.handed.get(new.trade_id) else Effect.UPDATE
            yield TradeChange(Effect.CREATE if old is None else effect, new, old)
        for trade in result.vanished:
            if trade.trade_id not in handed:
                yield TradeChange(Effect.DELETE, trade, None)

    def _judge(self, position: ImportedPosition) -> None:
        """Find the orphans among the fills, and what fills close that close whatever is open."""
        running = Running(self._one.options.orphan_policy, position.actions)
        waiting = deque(position.before)
        for one in position.fills:
            if one.outcome is RowOutcome.DUPLICATE or not isinstance(one.what, ReportedFill):
                continue
            while waiting and (waiting[0].executed_at, waiting[0].sequence) <= (one.what.at, one.sequence):
                running.take(waiting.popleft())
            running.judge(one, one.what)

    def _is_touched(self, position: ImportedPosition) -> bool:
        """Whether the import changes anything of the position."""
        return any(one.is_taken for one in position.fills) or any(one in self._actions for one in position.actions)

    def _part(self, position: ImportedPosition) -> settling.PositionToSettle:
        before = list(position.before)
        after = {one.execution_id: one for one in before}
        links: dict[str, list[Filed]] = {}
        made: list[RecordedExecution] = []
        for one in position.fills:
            decided = one.decided()
            if not one.is_taken or not isinstance(decided, DecidedFill) or decided.fill.quantity is None:
                continue
            execution = replace(execution_of_fill(self._one, decided), instrument=position.held.instrument)
            of = decided.of or Same()
            if one.decision is Decision.LINK and of.trade_id is not None:
                links.setdefault(of.trade_id, []).append(Filed(one.line, execution))
            elif decided.outcome is RowOutcome.CHANGED and of.execution_id in after:
                after[of.execution_id] = with_content(after[of.execution_id], execution, self._now)
            else:
                if decided.opening is not None:
                    made.append(self._recorded(opening_of(execution, decided), ZERO))
                price = price_or_mean_cost(position.held, execution, made)
                if price is not None:
                    made.append(self._recorded(execution, price))
        for trade in self._by_hand(links):
            were, are = self._linked(trade, links[trade.trade_id], position.held.instrument)
            before += were
            made += are
        return settling.PositionToSettle(
            position.place, position.held, in_order(before), in_order([*after.values(), *made]), position.actions
        )

    def _by_hand(self, links: Mapping[str, object]) -> list[Trade]:
        """Those of the trades that are still recorded by hand."""
        found = trades.several(self._one.user_id, list(links)) if links else []
        return [trade for trade in found if trade.source is not TradeSource.LEDGER]

    def _linked(
        self, trade: Trade, fills: Sequence[Filed], instrument: Instrument
    ) -> tuple[list[RecordedExecution], list[RecordedExecution]]:
        """The executions that the trade turns into, before and after they have the content of their fills."""
        were: list[RecordedExecution] = []
        for execution in executions_of(trade):
            own = self._recorded(replace(execution, instrument=instrument), execution.price or ZERO)
            opens = own.opens if were else trade.trade_id
            were.append(replace(own, opens=opens, trade_ids=(trade.trade_id,)))
        found = {each.execution_id: each.filed.execution for each in corrections(trade, fills)[0]}
        are = [
            with_content(one, found[one.execution_id], self._now) if one.execution_id in found else one for one in were
        ]
        return were, are

    def _recorded(self, execution: Execution, price: Decimal) -> RecordedExecution:
        recorded = recorded_of(self._one.user_id, execution, self._now)
        opens = trade_id(execution.execution_id)
        return replace(recorded, price=price, opens=opens, source=ExecutionSource.IMPORT, import_id=self._one.import_id)

    def _action(self, finding: Finding, action: Action) -> Iterator[CorporateAction]:
        """The action, unless it is a split whose ratio follows from what is open: that is known when it is recorded."""
        if action.added is None:
            yield CorporateAction(
                action_id=finding.id,
                type=action.type,
                symbol=action.symbol,
                effective_at=action.at,
                account_id=self._account.account_id,
                new=action.new,
                old=action.old,
                new_symbol=action.new_symbol,
                cash_per_share=action.cash_per_share,
                cost_share=action.cost_share,
                quantity=action.quantity,
            )
        elif action.type is ActionType.SPLIT:
            yield CorporateAction(
                action_id=finding.id,
                type=ActionType.SHARE_DIVIDEND,
                symbol=action.symbol,
                effective_at=action.at,
                account_id=self._account.account_id,
                quantity=action.added,
            )
