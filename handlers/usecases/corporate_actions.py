"""Corporate actions: recorded and deleted, with the trades that follow from them.

An action is written in one transaction with all positions of its symbol and the trades that it changes. If that is too
much for a request, the positions are marked, and settling.py updates their trades after the answer. So a position
always has the action with all its effects, or is marked, or does not have the action.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from handlers.journal.errors import ActionImpossible, PositionTooSmall, RuleBroken, StateForbids
from handlers.journal.executions import ActionType, CorporateAction, RecordedAction, action_errors, symbol_key
from handlers.journal.money import ZERO
from handlers.storage import corporate_actions as storage
from handlers.storage import executions, kept_answers, trading_accounts
from handlers.storage.errors import AccountClosing, LedgerChanged, NoSuchAccount, TradingAccountNotFound
from handlers.storage.executions import (
    MOST_READ,
    PositionInAccount,
    PositionKey,
    PositionWrite,
    StoredPosition,
    TooMuchAtOnce,
)
from handlers.storage.retry import retry_overtaken
from handlers.storage.trade_items import KeptAnswer
from handlers.usecases import settling
from handlers.usecases.keyed import KeyedRequest

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

    from handlers.journal.settings import Settings
    from handlers.journal.trading_accounts import TradingAccount

Precondition = Callable[[int], bool]

# Each position is written in the transaction of the action.
MOST_POSITIONS = 90
MOST_ACTIONS = 100

# The field of each type on which the figures of trades depend.
_CHANGES_FIGURES = {
    ActionType.SPLIT: "new",
    ActionType.SHARE_DIVIDEND: "quantity",
    ActionType.MERGER_CASH: "cash_per_share",
    ActionType.RENAME: "new_symbol",
    ActionType.MERGER_SHARES: "new",
    ActionType.SPINOFF: "new",
}


class AppliedAction(NamedTuple):
    """An action, and whether its effects on all trades are written."""

    action: RecordedAction
    settled: bool


def record(
    user: str,
    given: CorporateAction,
    keyed: KeyedRequest[AppliedAction] | None,
    *,
    import_id: str | None = None,
    behind: bool = False,
) -> tuple[AppliedAction | None, KeptAnswer | None]:
    """Record an action, and apply it to all positions that it concerns.

    import_id: the import that it comes with. behind: whether all positions are settled after this, whatever their size.
    Returns None and the kept answer when the same request did before. Raises RuleBroken, StateForbids, NoSuchAccount,
    KeyReused, AccountErased, Busy.
    """
    if errors := action_errors(given):
        raise RuleBroken(errors)

    def attempt() -> tuple[AppliedAction | None, KeptAnswer | None]:
        now = datetime.now(UTC)
        if keyed is not None and (earlier := kept_answers.for_key(user, keyed.key, keyed.fingerprint, now)) is not None:
            return None, earlier
        accounts = _Accounts(user)
        if given.account_id is not None:
            account, _ = accounts.require(given.account_id)
            if account.closing:
                raise AccountClosing(given.account_id)
        action = RecordedAction(
            **{name: getattr(given, name) for name in CorporateAction.__dataclass_fields__ if name != "sequence"},
            sequence=int(now.timestamp() * 1_000_000),
            user_id=user,
            import_id=import_id,
            created_at=now,
            updated_at=now,
        )
        counted = [storage.count(user, symbol) for symbol in storage.symbols(given)]
        if any(one.actions >= MOST_ACTIONS for one in counted):
            raise StateForbids(f"{given.symbol} has {MOST_ACTIONS} corporate actions already.")
        change = _ActionChange(user, action, accounts, now)
        change.add()
        if len(change.actions) > MOST_POSITIONS:
            raise StateForbids(f"{given.symbol} has more than {MOST_POSITIONS} positions: name an account.")
        applied, earlier = change.write(keyed, storage.put(action, counted), behind=behind)
        return (None, earlier) if earlier is not None else (applied, None)

    return retry_overtaken(attempt)


def delete(user: str, action_id: str, allowed: Precondition, *, behind: bool = False) -> bool:
    """Delete an action, and settle its positions without it. Returns whether they are settled already.

    behind: whether all of them are settled after this, whatever their size. Raises ActionNotFound, LedgerChanged,
    StateForbids, AccountErased, Busy.
    """

    def attempt() -> bool:
        now = datetime.now(UTC)
        action = storage.get(user, action_id)
        if not allowed(action.version):
            raise LedgerChanged("corporate action")
        change = _ActionChange(user, action, _Accounts(user), now)
        change.take_back()
        counted = [storage.count(user, symbol) for symbol in storage.symbols(action)]
        return change.write(None, storage.remove(action, counted), behind=behind)[0].settled

    return retry_overtaken(attempt)


class _Accounts:
    """The trading accounts of positions, each read once, with the settings."""

    def __init__(self, user: str) -> None:
        self._user = user
        self._read: dict[str, tuple[TradingAccount, Settings]] = {}

    def require(self, account_id: str) -> tuple[TradingAccount, Settings]:
        """The account and the settings. Raises NoSuchAccount."""
        if account_id not in self._read:
            try:
                self._read[account_id] = trading_accounts.with_settings(self._user, account_id)
            except TradingAccountNotFound:
                raise NoSuchAccount(account_id) from None
        return self._read[account_id]

    def place(self, held: StoredPosition) -> PositionInAccount:
        """A position with its account and the settings."""
        return PositionInAccount(held, *self.require(held.account_id))


class _ActionChange:
    """The changes of positions when an action is recorded or deleted. `actions` are those that each will have."""

    def __init__(self, user: str, action: RecordedAction, accounts: _Accounts, now: datetime) -> None:
        self.actions: dict[PositionKey, tuple[CorporateAction, ...]] = {}
        self._user = user
        self._action = action
        self._accounts = accounts
        self._now = now
        self._held: dict[PositionKey, StoredPosition] = {}
        self._is_new = False
        self._symbols = {symbol_key(symbol): symbol for symbol in storage.symbols(action)}

    def add(self) -> None:
        """Add the action to all positions of its symbols, also to flat ones, which a late execution may open."""
        self._is_new = True
        own = self._positions()
        for key, held in list(own.items()):
            for name, symbol in self._symbols.items():  # what is moved goes on in a position that may be new
                other = key._replace(symbol=name)
                if other not in own:
                    own[other] = replace(self._position(other, symbol), instrument=held.instrument)
                elif _differ(own[other], held):
                    raise StateForbids(f"{held.symbol} and {symbol} are in another multiplier or currency.")
        self._held.update(own)
        self.actions = {key: (*held.actions, self._action.alone) for key, held in own.items()}

    def take_back(self) -> None:
        """Remove the action from all positions that have it."""
        for key, held in self._positions().items():
            left = tuple(one for one in held.actions if one.action_id != self._action.action_id)
            if left != held.actions:
                self._held[key], self.actions[key] = held, left

    def _positions(self) -> dict[PositionKey, StoredPosition]:
        found = {}
        for held in executions.positions(self._user):
            key = executions.position_key(held)
            if key.symbol in self._symbols and self._action.account_id in (None, held.account_id):
                found[key] = held
        return found

    def _position(self, key: PositionKey, symbol: str) -> StoredPosition:
        if key not in self._held:
            self._held[key] = executions.place(self._user, key, symbol, answer_for=None, now=self._now).position
        return self._held[key]

    def write(
        self,
        keyed: KeyedRequest[AppliedAction] | None,
        also: Sequence[TransactWriteItemTypeDef],
        *,
        behind: bool = False,
    ) -> tuple[AppliedAction, KeptAnswer | None]:
        """Write the positions, each settled or, if that is too much or to come `behind`, marked; and `also`, in one
        transaction.
        """
        try:
            if behind:
                written = [self._marked(key) for key in self.actions]
            else:
                written = [one for keys in self._together() for one in self._settled(keys)]
        except ActionImpossible as error:
            if error.error is not None and error.action_id == self._action.action_id:
                raise RuleBroken([error.error]) from None
            raise
        except RuleBroken as error:  # figures of a trade are too long then
            if not self._is_new:
                raise StateForbids("Without this action, figures of a trade have too many digits.") from None
            path = (_CHANGES_FIGURES[self._action.type],)
            raise RuleBroken([replace(each, path=path) for each in error.errors]) from None
        except PositionTooSmall as error:
            raise StateForbids(
                "A later execution that may only close would take more than is open then: correct it first "
                f"({error.execution_id})."
            ) from None
        while True:
            applied = AppliedAction(self._action, all(one.position.dirty_since is None for one in written))
            answer = None if keyed is None else keyed.answer(applied)
            try:
                return applied, executions.write(self._user, written, answer, self._now, also=also)
            except TooMuchAtOnce:
                written = [self._marked(key) for key in self.actions]

    def _together(self) -> list[tuple[PositionKey, ...]]:
        """The positions; linked ones are in one tuple."""
        found: dict[PositionKey, tuple[PositionKey, ...]] = {}
        for key in self.actions:
            if key not in found:
                keys = tuple(settling.linked(key, self._held[key].symbol, self._with_all_actions))
                found |= dict.fromkeys(keys, keys)
        return list(dict.fromkeys(found.values()))

    def _with_all_actions(self, key: PositionKey, symbol: str) -> StoredPosition:
        held = self._position(key, symbol)
        return replace(held, actions=(*held.actions, *self.actions.get(key, ())))

    def _settled(self, keys: Sequence[PositionKey]) -> list[PositionWrite]:
        """The positions with their actions, settled with their trades; marked if they are too long for a request."""
        parts = []
        for key in keys:
            held = self._held[key]
            fills = None
            if held.executions <= MOST_READ and len(keys) > 1:
                fills = executions.all_of(held, MOST_READ)
            elif held.executions <= MOST_READ:
                fills = executions.since_flat(held, (self._action.effective_at, -1, ""), MOST_READ)
            if fills is None:
                return [self._marked(one) for one in keys if one in self.actions]
            actions = self.actions.get(key, held.actions)
            parts.append(settling.PositionToSettle(self._accounts.place(held), held, fills, fills, actions))
        return [
            one._replace(
                is_gone=len(parts) > 1 and bool(one.position.version) and not fills and not one.position.actions,
                is_counted=symbol_key(one.position.symbol) in self._symbols,
            )
            for one, fills in settling.written(parts, settling.settled(parts, self._now))
        ]

    def _marked(self, key: PositionKey) -> PositionWrite:
        held, actions = self._held[key], self.actions[key]
        gone = tuple(action for action in held.actions if action not in actions)
        position = replace(held, actions=actions, former_actions=(*held.former_actions, *gone), is_stale=True)
        marked = position.marked(ZERO, self._action.effective_at)
        return PositionWrite(position=marked, put=[], removed=[], trades=(), vanished=(), is_counted=True)


def _differ(one: StoredPosition, other: StoredPosition) -> bool:
    return any(getattr(one.instrument, name) != getattr(other.instrument, name) for name in ("multiplier", "currency"))
