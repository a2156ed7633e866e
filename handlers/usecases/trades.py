"""Trades: recorded, changed, deleted and restored; and the common steps for adding, changing and removing their parts.

A change reads the trade and writes it on the condition that it still has the version that was read. If another write
came first, the change is repeated on the stored trade, as long as there is time.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from handlers.documents import inputs
from handlers.faults import Fault, FieldCode
from handlers.journal import changes
from handlers.journal.completing import completed
from handlers.journal.errors import FieldError, RuleBroken, StateForbids
from handlers.journal.trade import Status, Trade
from handlers.metrics import count
from handlers.storage import trade_defaults
from handlers.storage import trades as storage
from handlers.storage.errors import ExternalIdTaken, PreconditionFailed, TradeNotFound, VersionMismatch
from handlers.storage.retry import retry_overtaken
from handlers.storage.trade_defaults import Taken
from handlers.storage.trade_items import KeptAnswer
from handlers.usecases.keyed import KeyedRequest

if TYPE_CHECKING:
    from generated import models

_OF_THE_GROUP = Fault(FieldCode.FIXED_IN_GROUP, "is fixed by the trade's group")

# Whether a client allows the change to a trade of that version.
Precondition = Callable[[int], bool]


Keyed = KeyedRequest[Trade]


class CreatedTrade(NamedTuple):
    """The trade that the request made, or None when the same request had made it before; the answer that is kept for
    the request's key, or None without a key; and whether the request made something new.
    """

    trade: Trade | None
    answer: KeptAnswer | None
    is_new: bool = True


def record(
    user: str, given: models.TradeInput, keyed: Keyed | None = None, *, completing: bool = False
) -> CreatedTrade:
    """Record a new trade, unless the same request did before.

    completing: if the user has a trade with the same external id, which is then required, add the closes that it lacks
    instead of raising ExternalIdTaken. Raises RuleBroken, ExternalIdTaken, TradeDiffers, StateForbids, KeyReused,
    AccountErased, Busy.
    """
    if completing and given.external_id is None:
        fault = Fault(FieldCode.REQUIRED_WITH, "is required with onExisting", {"properties": ["onExisting"]})
        raise RuleBroken([FieldError(("external_id",), fault)])
    now, named = datetime.now(UTC), inputs.named_fields(given)
    as_given = inputs.new_trade(given, user=user, idempotency_key=keyed.key if keyed else None, now=now)

    def attempt() -> CreatedTrade:
        defaults = trade_defaults.remembered(user, as_given.account_id)
        trade = changes.with_defaults(as_given, defaults, named)
        answer = keyed.answer(trade) if keyed else None
        own = Taken(defaults, account="account_id" not in named, lot_method="lot_method" not in named)
        try:
            earlier = storage.create(trade, answer, own)
        except ExternalIdTaken as taken:
            if not completing:
                raise
            return _complete(taken.trade_id, trade, named, keyed)
        if earlier:
            return CreatedTrade(None, earlier)
        count(TradesCreated=1, TradesClosed=int(trade.status is Status.CLOSED))
        return CreatedTrade(trade, answer)

    return retry_overtaken(attempt)


def _complete(trade_id: str, again: Trade, named: Collection[str], keyed: Keyed | None) -> CreatedTrade:
    """Add the closes that the trade of that id lacks. Raises VersionMismatch when it was changed or deleted meanwhile,
    and what `record` raises.
    """
    try:
        trade = storage.get(again.user_id, trade_id)
    except TradeNotFound:
        raise VersionMismatch(trade_id) from None  # its external id is free again
    changed = completed(trade, again, named, datetime.now(UTC))
    answer = replace(keyed.answer(changed), status=200) if keyed else None
    if changed is not trade:
        earlier = storage.replace(changed, trade.version, answer)
    else:
        earlier = storage.keep_answer(trade, answer) if answer else None
    if earlier:
        return CreatedTrade(None, earlier)
    if changed is not trade:
        count(TradesClosed=int(changed.status is Status.CLOSED), Closes=len(changed.closes) - len(trade.closes))
    return CreatedTrade(changed, answer, is_new=False)


def add(
    user: str,
    trade_id: str,
    added: Callable[[Trade, datetime], Trade],
    *,
    allowed: Precondition,
    keyed: Keyed | None = None,
) -> CreatedTrade:
    """Add something to a trade, unless the same request did before. `added` makes the changed trade.

    Raises TradeNotFound, PreconditionFailed, KeyReused, AccountErased, Busy, and whatever `added` raises.
    """

    def attempt() -> CreatedTrade:
        now = datetime.now(UTC)
        trade, earlier = _read(user, trade_id, keyed, now)
        if earlier:
            return CreatedTrade(None, earlier)
        if trade is None:
            raise TradeNotFound(trade_id)
        _check(allowed, trade)
        changed = added(trade, now)
        answer = keyed.answer(changed) if keyed else None
        if earlier := storage.replace(changed, trade.version, answer):
            return CreatedTrade(None, earlier)
        return CreatedTrade(changed, answer)

    return retry_overtaken(attempt)


def update(user: str, trade_id: str, given: models.TradeUpdateInput, *, allowed: Precondition) -> Trade:
    """Change fields of a trade. Raises RuleBroken, StateForbids, TradeNotFound, PreconditionFailed, AccountErased,
    Busy.
    """

    def revised(trade: Trade, now: datetime) -> Trade:
        new = changes.revise(trade, inputs.changed_fields(given, trade), now)
        moved = [name for name in ("account_id", "currency") if getattr(new, name) != getattr(trade, name)]
        if moved and trade.group_id is not None:
            detail = "The trades of a group have one account and one currency. Take the trade out of its group first."
            raise StateForbids(detail, [FieldError((name,), _OF_THE_GROUP) for name in moved])
        return new

    return change(user, trade_id, allowed, revised)


def delete(user: str, trade_id: str, *, allowed: Precondition) -> None:
    """Delete a trade; it is kept among the deleted ones for 30 days.

    Raises DerivedFromExecutions, TradeNotFound, PreconditionFailed, AccountErased, Busy.
    """

    def attempt() -> None:
        trade = storage.get(user, trade_id)
        _check(allowed, trade)
        changes.check_is_manual(trade)
        storage.delete(trade, datetime.now(UTC))

    retry_overtaken(attempt)


def restore(user: str, trade_id: str) -> Trade:
    """Bring a deleted trade back. Raises DeletedTradeNotFound, AccountErased, Busy."""
    return retry_overtaken(lambda: storage.restore(user, trade_id, datetime.now(UTC)))


def change(user: str, trade_id: str, allowed: Precondition, changed: Callable[[Trade, datetime], Trade]) -> Trade:
    """Change a trade that exists. `changed` makes the new trade, or returns the same one if nothing is to change.

    Raises TradeNotFound, PreconditionFailed, AccountErased, Busy, and whatever `changed` raises.
    """

    def attempt() -> Trade:
        trade = storage.get(user, trade_id)
        _check(allowed, trade)
        new = changed(trade, datetime.now(UTC))
        if new is not trade:  # else nothing changes, and version and ETag stay
            storage.replace(new, trade.version, former=trade)
        return new

    return retry_overtaken(attempt)


def take_back(
    user: str, trade_id: str, allowed: Precondition, kind: str, removed: Callable[[Trade, datetime], Trade]
) -> Trade:
    """Remove a part from a trade. `removed` makes the changed trade; `kind` is the part's name in errors.

    Raises StateForbids when what is left has figures that are too long, and what `change` raises.
    """

    def without(trade: Trade, now: datetime) -> Trade:
        try:
            return removed(trade, now)
        except RuleBroken:  # the request has no field to name
            raise StateForbids(f"Without this {kind}, figures of the trade have too many digits.") from None

    return change(user, trade_id, allowed, without)


def _read(user: str, trade_id: str, keyed: Keyed | None, now: datetime) -> tuple[Trade | None, KeptAnswer | None]:
    if keyed is None:
        return storage.get(user, trade_id), None
    return storage.get_with_answer(user, trade_id, key=keyed.key, fingerprint=keyed.fingerprint, now=now)


def _check(allowed: Precondition, trade: Trade) -> None:
    if not allowed(trade.version):
        raise PreconditionFailed(trade.trade_id)
