"""Corporate actions: recorded and deleted, with the trades that follow from them.

An action is written together with all positions of its symbol, each with what it makes of its trades, in one
transaction. Where that is too much for a request, the positions are marked, and their trades follow behind the answer
(settling.py). So at every moment a position either has the action with all that follows, or is marked, or has not.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from handlers.journal.errors import ActionImpossible, PositionTooSmall, RuleBroken, StateForbids
from handlers.journal.executions import CorporateAction, RecordedAction, action_errors, symbol_key
from handlers.journal.money import ZERO
from handlers.storage import corporate_actions as storage
from handlers.storage import executions, kept_answers, trading_accounts
from handlers.storage.errors import LedgerChanged, NoSuchAccount, TradingAccountNotFound
from handlers.storage.executions import MOST_READ, Place, StoredPosition, TooMuchAtOnce, Written
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


class Applied(NamedTuple):
    """An action, and whether all that follows from it is written."""

    action: RecordedAction
    settled: bool


def record(
    user: str, given: CorporateAction, keyed: KeyedRequest[Applied] | None
) -> tuple[Applied | None, KeptAnswer | None]:
    """Record an action, and apply it to all positions that it is about.

    Returns None and the kept answer when the same request did before. Raises RuleBroken, StateForbids, NoSuchAccount,
    KeyReused, AccountErased, Busy.
    """
    if errors := action_errors(given):
        raise RuleBroken(errors)

    def attempt() -> tuple[Applied | None, KeptAnswer | None]:
        now = datetime.now(UTC)
        if keyed is not None and (earlier := kept_answers.for_key(user, keyed.key, keyed.fingerprint, now)) is not None:
            return None, earlier
        accounts = _Accounts(user)
        if given.account_id is not None:
            accounts.require(given.account_id)
        action = RecordedAction(
            **{name: getattr(given, name) for name in CorporateAction.__dataclass_fields__},
            user_id=user,
            created_at=now,
            updated_at=now,
        )
        counted = storage.count(user, given.symbol)
        if counted.actions >= MOST_ACTIONS:
            raise StateForbids(f"{given.symbol} has {MOST_ACTIONS} corporate actions already.")
        changes = [(each, (*each.actions, given)) for each in _positions(user, given)]
        if len(changes) > MOST_POSITIONS:
            raise StateForbids(f"{given.symbol} has more than {MOST_POSITIONS} positions: name an account.")
        also = storage.put(action, counted)
        applied, earlier = _write(action, changes, accounts, keyed, now, also)
        return (None, earlier) if earlier is not None else (applied, None)

    return retry_overtaken(attempt)


def delete(user: str, action_id: str, allowed: Precondition) -> bool:
    """Delete an action; everything is as it was without it: at once, or else the answer is False.

    Raises ActionNotFound, LedgerChanged, StateForbids, AccountErased, Busy.
    """

    def attempt() -> bool:
        now = datetime.now(UTC)
        action = storage.get(user, action_id)
        if not allowed(action.version):
            raise LedgerChanged("corporate action")
        changes = [
            (each, tuple(one for one in each.actions if one.action_id != action_id))
            for each in _positions(user, action)
        ]
        changes = [(position, actions) for position, actions in changes if actions != position.actions]
        also = storage.remove(action, storage.count(user, action.symbol))
        return _write(action, changes, _Accounts(user), None, now, also)[0].settled

    return retry_overtaken(attempt)


Change = tuple[StoredPosition, tuple[CorporateAction, ...]]


def _positions(user: str, action: CorporateAction) -> list[StoredPosition]:
    """The positions of the action's symbol and account, flat ones too: a late execution may open them then."""
    symbol = symbol_key(action.symbol)
    return [
        each
        for each in executions.positions(user)
        if symbol_key(each.symbol) == symbol and action.account_id in (None, each.account_id)
    ]


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

    def place(self, held: StoredPosition) -> Place:
        """Where a position lies."""
        return Place(held, *self.require(held.account_id))


def _write(
    action: RecordedAction,
    changes: Sequence[Change],
    accounts: _Accounts,
    keyed: KeyedRequest[Applied] | None,
    now: datetime,
    also: Sequence[TransactWriteItemTypeDef],
) -> tuple[Applied, KeptAnswer | None]:
    """Write the positions with these actions, each with what follows or marked, and `also`."""
    try:
        written = [_settled(action, *change, accounts, now) for change in changes]
    except ActionImpossible as error:
        if error.action_id == action.action_id:
            raise RuleBroken([error.error]) from None
        raise
    except PositionTooSmall as error:
        raise StateForbids(
            "A later execution that may only close would take more than is open then: correct it first "
            f"({error.execution_id})."
        ) from None
    while True:
        applied = Applied(action, all(one.position.dirty_since is None for one in written))
        try:
            answer = None if keyed is None else keyed.answer(applied)
            return applied, executions.write(action.user_id, written, answer, now, also=also)
        except TooMuchAtOnce:
            written = [_marked(action, *change) for change in changes]


def _settled(
    action: CorporateAction,
    held: StoredPosition,
    actions: tuple[CorporateAction, ...],
    accounts: _Accounts,
    now: datetime,
) -> Written:
    """The position with these actions, and what they make of its trades; marked when it is too long for a request."""
    fills = None
    if held.executions <= MOST_READ:
        fills = executions.since_flat(held, (action.effective_at, -1, ""), MOST_READ)
    if fills is None:
        return _marked(action, held, actions)
    outcome = settling.settled(accounts.place(held), held, fills, fills, now, actions=actions)
    return Written(
        position=outcome.position,
        put=[one for one, was in zip(outcome.executions, fills, strict=True) if one != was],
        removed=[],
        trades=outcome.regrouping.changed,
        vanished=outcome.regrouping.vanished,
    )


def _marked(action: CorporateAction, held: StoredPosition, actions: tuple[CorporateAction, ...]) -> Written:
    position = replace(held, actions=actions, is_stale=True).marked(ZERO, action.effective_at)
    return Written(position=position, put=[], removed=[], trades=(), vanished=())
