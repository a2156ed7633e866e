"""Executions: recorded, corrected and deleted, with the positions and trades that follow from them.

position_changes.py computes and writes each change. If another write came first, the change is repeated, as long as
there is time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import uuid4

from handlers.documents.recorded_executions import changed_fields
from handlers.journal.errors import PositionTooSmall, RuleBroken, StateForbids
from handlers.journal.executions import (
    MADE_BY_ACTIONS,
    MAKES_SHARES,
    Execution,
    execution_errors,
    share_fill,
    share_fill_errors,
    without_costs,
)
from handlers.journal.money import ZERO
from handlers.journal.replaying import as_of
from handlers.journal.settings import MAIN
from handlers.journal.tags import unique
from handlers.journal.trade import Trade
from handlers.storage import execution_lists, kept_answers, trading_accounts
from handlers.storage import executions as storage
from handlers.storage import trades as trade_storage
from handlers.storage.errors import AccountClosing, KeyReused, LedgerChanged, NoSuchAccount
from handlers.storage.execution_lists import ExecutionFilter, ExecutionPage
from handlers.storage.executions import StoredPosition, TooMuchAtOnce
from handlers.storage.retry import retry_overtaken
from handlers.storage.trade_items import KeptAnswer
from handlers.usecases.keyed import KeyedRequest
from handlers.usecases.position_changes import PositionChanges, Recorded

if TYPE_CHECKING:
    from generated import models

Precondition = Callable[[int], bool]


class NewExecution(NamedTuple):
    """An execution to record, and the request for it.

    names_account: whether the request names the account; else it is the default account of the settings.
    names_instrument: whether the request has an instrument; else it is the position's. with_shares: whether an option
    that becomes shares also makes the fill in its underlying.
    """

    given: Execution
    keyed: KeyedRequest[Recorded] | None
    names_account: bool
    names_instrument: bool
    with_shares: bool

    @property
    def makes_shares(self) -> bool:
        """Whether it makes a fill in another position."""
        return self.given.kind in MAKES_SHARES and self.with_shares


def record(user: str, new: NewExecution) -> tuple[Recorded | None, KeptAnswer | None]:
    """Record an execution and, for an option that becomes shares, the fill in its underlying.

    Returns None and the kept answer when the same request did before. Raises RuleBroken, PositionTooSmall,
    StateForbids, NoSuchAccount, AccountClosing, KeyReused, AccountErased, Busy.
    """
    _check(new.given)
    share_id = str(uuid4())

    def attempt() -> tuple[Recorded | None, KeptAnswer | None]:
        now = datetime.now(UTC)
        plan = PositionChanges(user, now)
        placed, account, earlier = plan.in_account(new.given, new.keyed, named=new.names_account)
        if earlier is not None:
            return None, earlier
        if account is None:
            raise NoSuchAccount(placed.account_id)
        made = [placed]
        if new.makes_shares:
            option = placed if new.names_instrument else plan.with_its_instrument(placed)
            if errors := share_fill_errors(option):
                raise RuleBroken(errors)
            made = [without_costs(option), share_fill(option, share_id)]
        added = [
            plan.add(execution, names_instrument=new.names_instrument or number > 0)
            for number, execution in enumerate(made)
        ]
        recorded, earlier = plan.write(added[0].execution_id, new.keyed, into=account)
        return (None, earlier) if earlier is not None else (recorded, None)

    return retry_overtaken(attempt)


Result = Recorded | KeptAnswer | Exception


def record_together(user: str, news: Sequence[NewExecution]) -> list[Result]:
    """Record executions of one position in their order, each as `record` does it alone, but all in one transaction.

    Returns for each what was recorded, with its trades after the last one, the answer that is kept for the same
    request, or why it is refused. Where the position refuses them together, none is written and they are recorded one
    by one. None of them makes shares, and no two have the same idempotency key. Raises what makes all of them fail:
    AccountErased, Busy.
    """
    first = news[0].given

    def attempt() -> list[Result]:
        now = datetime.now(UTC)
        plan = PositionChanges(user, now)
        placed, account, _ = plan.in_account(first, None, named=news[0].names_account)
        if account is None:
            raise NoSuchAccount(placed.account_id)
        kept = kept_answers.several(user, [new.keyed.key for new in news if new.keyed is not None], now)
        plan.open(placed, [new.given.executed_at for new in news])
        results: list[Result | None] = []
        ids: list[str | None] = []
        for new in news:
            added = None
            try:
                answer = None
                if new.keyed is not None:
                    answer = kept_answers.of_the_same_request(kept.get(new.keyed.key), new.keyed.fingerprint)
                if answer is None:
                    _check(new.given)
                    given = replace(new.given, account_id=placed.account_id)
                    added = plan.add(given, names_instrument=new.names_instrument).execution_id
            except (KeyReused, RuleBroken, PositionTooSmall, StateForbids) as error:
                results.append(error)
            else:
                results.append(answer)
            ids.append(added)
        wanted = [(id_, new.keyed) for id_, new in zip(ids, news, strict=True) if id_ is not None]
        if wanted:
            recorded, _ = plan.write_all(wanted, into=account)
            made = iter(recorded)
            results = [result if id_ is None else next(made) for id_, result in zip(ids, results, strict=True)]
        return [result for result in results if result is not None]

    if len(news) > 1:
        with suppress(RuleBroken, PositionTooSmall, StateForbids, NoSuchAccount, AccountClosing, TooMuchAtOnce):
            return retry_overtaken(attempt)
    return [_alone(user, new) for new in news]


def _alone(user: str, new: NewExecution) -> Result:
    try:
        recorded, kept = record(user, new)
    except Exception as error:  # noqa: BLE001 the answer says what it is
        return error
    found = recorded or kept
    if found is None:
        raise AssertionError("an execution is recorded, or was before")
    return found


def _check(given: Execution) -> None:
    """Raise RuleBroken if a new execution is wrong in itself."""
    if errors := execution_errors(given):
        raise RuleBroken(errors)


def _check_own(execution: Execution) -> None:
    """Raise StateForbids for an execution that a corporate action made, and would make again."""
    if execution.kind in MADE_BY_ACTIONS:
        raise StateForbids(f"This execution follows from the corporate action {execution.linked_to}: delete that.")


def correct(user: str, execution_id: str, given: models.ExecutionUpdateInput, allowed: Precondition) -> Recorded:
    """Change fields of an execution; None clears one. Its position is settled again.

    Raises ExecutionNotFound, LedgerChanged, RuleBroken, PositionTooSmall, StateForbids, AccountErased, Busy.
    """
    changes = changed_fields(given)

    def attempt() -> Recorded:
        now = datetime.now(UTC)
        old = storage.get(user, execution_id)
        _check_own(old)
        if not allowed(old.version):
            raise LedgerChanged(execution_id)
        new = replace(old, **{name: _value(name, value) for name, value in changes.items()})
        if "price" in changes:
            new = replace(new, basis_unknown=False)
        if errors := execution_errors(new):
            raise RuleBroken(errors)
        new = replace(new, tags=unique(new.tags))
        if new == old and new.executed_at.utcoffset() == old.executed_at.utcoffset():
            _, held = storage.get_with_position(user, execution_id)
            if not held.is_settled(old):
                return Recorded(old, (), settled=False)
            return Recorded(old, tuple(trade_storage.several(user, old.trade_ids)))
        plan = PositionChanges(user, now)
        plan.change(old, replace(new, version=old.version + 1, updated_at=now))
        recorded, _ = plan.write(execution_id)
        if recorded is None:
            raise AssertionError("what is corrected is still there")
        return recorded

    return retry_overtaken(attempt)


def delete(user: str, execution_id: str, allowed: Precondition) -> bool:
    """Delete an execution, with the fills that were recorded with it: its dust, or the shares that an option became.

    Its position is settled again. Returns whether that is done; if not, SettlePositions does it after the answer.

    Raises ExecutionNotFound, LedgerChanged, PositionTooSmall, StateForbids, AccountErased, Busy.
    """

    def attempt() -> bool:
        now = datetime.now(UTC)
        old = storage.get(user, execution_id)
        _check_own(old)
        if not allowed(old.version):
            raise LedgerChanged(execution_id)
        plan = PositionChanges(user, now)
        for made in plan.made_with(old):
            plan.change(made, None)
        plan.change(old, None)
        try:
            plan.write(execution_id)
        except RuleBroken:  # the request has no field to name
            raise StateForbids("Without this execution, figures of a trade have too many digits.") from None
        return plan.is_settled

    return retry_overtaken(attempt)


class OpenPosition(NamedTuple):
    """A position, and its trade as it was at the instant asked for. The trade is None while the position is
    marked as not settled.
    """

    position: StoredPosition
    trade: Trade | None


def open_positions(user: str, account_ids: Sequence[str] = (), at: datetime | None = None) -> list[OpenPosition]:
    """The positions that are open now, or were at the instant, by account and symbol; in these accounts or in all.

    Raises Busy. At an instant, the trade of the last execution up to it is the one that may be open.
    """
    positions = chain.from_iterable(storage.positions(user, each) for each in account_ids or (None,))
    if at is None:
        named = [(each, each.trade_id) for each in positions if each.open_quantity]
    else:
        last = ((each, storage.last_until(each, at)) for each in positions)
        named = [(each, one.trade_ids[-1]) for each, one in last if one is not None and one.trade_ids]
    ids = {trade_id for _, trade_id in named if trade_id}
    trades = {trade.trade_id: trade for trade in trade_storage.several(user, sorted(ids))}
    found = []
    for position, trade_id in named:
        trade = trades.pop(trade_id or "", None)  # a trade is in two positions where its symbol was renamed
        if at is None and position.dirty_since is not None:
            found.append(OpenPosition(position, None))
            continue
        if trade is not None and at is not None:
            trade = as_of(trade, at)
        if trade is not None:
            found.append(OpenPosition(position, trade))
    return found


def listed(user: str, wanted: ExecutionFilter, *, newest_first: bool, limit: int, after: str | None) -> ExecutionPage:
    """A page of executions by time. Raises Busy."""
    first = last = None
    account_ids: Sequence[str] = wanted.account_ids
    if wanted.trade_id is not None:  # its executions lie between its first and its last one, in its account
        trades = trade_storage.several(user, [wanted.trade_id])
        own = {trade.account_id or MAIN for trade in trades}
        account_ids = [each for each in own if not account_ids or each in account_ids]
        for trade in trades:
            first, last = trade.open_date, trade.close_date
    elif not account_ids:
        account_ids = trading_accounts.ids_in_use(user)
    return execution_lists.listed(
        user, wanted, account_ids, first=first, last=last, newest_first=newest_first, limit=limit, after=after
    )


_EMPTY: Mapping[str, Any] = {"commission": ZERO, "fees": ZERO, "tags": (), "cost_details": ()}


def _value(name: str, value: Any) -> Any:
    """The value that a merge patch gives a field; None clears it."""
    if value is None:
        return _EMPTY.get(name)
    return tuple(value) if name == "tags" else value
