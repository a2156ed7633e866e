"""Writes and removes the corporate actions of an import."""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal
from fractions import Fraction

from handlers.imports.record import Phase, Remark
from handlers.imports.rows import Action
from handlers.journal import money
from handlers.journal.errors import RuleBroken, StateForbids
from handlers.journal.executions import CorporateAction, symbol_key
from handlers.journal.money import ZERO
from handlers.journal.regrouping import open_after
from handlers.storage import corporate_actions as storage
from handlers.storage import executions
from handlers.storage.errors import ActionNotFound
from handlers.storage.executions import PositionKey
from handlers.usecases import corporate_actions
from handlers.usecases.import_contents import Contents, FiledAction
from handlers.usecases.import_work import Work


def write(work: Work, contents: Contents) -> None:
    """Record all actions that are not recorded yet, for the import's account alone. Their positions are settled after
    this.

    Raises Paused, Overtaken, NoSuchAccount, AccountClosing, AccountErased, Busy.
    """
    total = len(contents.actions)
    for filed in contents.actions[work.done(Phase.ACTIONS) :]:
        work.check_time()
        counted, remarks = _record(work, filed)
        done = work.done(Phase.ACTIONS) + 1
        work.checkpoint(work.advanced(Phase.ACTIONS, done, total, remarks, **counted))


def _record(work: Work, filed: FiledAction) -> tuple[dict[str, int], list[Remark]]:
    """Record one action, unless it is there; returns what to count, and what there is to say."""
    action_id = filed.decided.action_id
    with suppress(ActionNotFound):
        is_own = storage.get(work.user, action_id).import_id == work.one.import_id
        return {"actions" if is_own else "present": 1}, []
    try:
        given = _given(work, action_id, filed.decided.action)
        corporate_actions.record(work.user, given, None, import_id=work.one.import_id, behind=True)
    except (RuleBroken, StateForbids) as error:
        return {}, [Remark(line=filed.line, detail=f"left out: {error}")]
    return {"actions": 1}, []


def _given(work: Work, action_id: str, action: Action) -> CorporateAction:
    """The action as it is recorded. Raises StateForbids for a split of nothing."""
    new, old = action.new, action.old
    if action.added is not None:
        new, old = _ratio(_held(work, action), action.added)
    return CorporateAction(
        action_id=action_id,
        type=action.type,
        symbol=action.symbol,
        effective_at=action.at,
        account_id=work.account_id,
        new=new,
        old=old,
        new_symbol=action.new_symbol,
        cash_per_share=action.cash_per_share,
        cost_share=action.cost_share,
        quantity=action.quantity,
    )


def _held(work: Work, action: Action) -> Decimal:
    """How much of the symbol the account held when the action took effect."""
    key = PositionKey(work.account_id, symbol_key(action.symbol), None)
    held = executions.several_positions(work.user, [key]).get(key)
    if held is None:
        return ZERO
    earlier = [one for one in executions.all_of(held) or () if one.executed_at < action.at]
    position = open_after(action.symbol, earlier, [one for one in held.actions if one.effective_at < action.at])
    return ZERO if position is None else position.open_quantity


def _ratio(held: Decimal, added: Decimal) -> tuple[Decimal, Decimal]:
    """New and old units of a split that added so much to what was held, in lowest terms."""
    after = money.total((held, added))
    if held <= ZERO or after <= ZERO:
        raise StateForbids("a split adds to what is held, and nothing is")
    ratio = Fraction(after) / Fraction(held)
    return Decimal(ratio.numerator), Decimal(ratio.denominator)


def remove(work: Work, contents: Contents) -> None:
    """Delete the actions that came with the import; their positions follow without them already, or are settled after
    this. Raises Paused, Overtaken, AccountErased, Busy.
    """
    total = len(contents.actions)
    for filed in contents.actions[work.done(Phase.ACTIONS) :]:
        work.check_time()
        with suppress(ActionNotFound):
            action = storage.get(work.user, filed.decided.action_id)
            if action.import_id == work.one.import_id:
                corporate_actions.delete(work.user, action.action_id, lambda _: True, behind=True)
        done = work.done(Phase.ACTIONS) + 1
        work.checkpoint(work.advanced(Phase.ACTIONS, done, total))
