"""Working state of the rows of a file, until the outcome of each is decided."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from handlers.imports.decided import DecidedAction, DecidedCash, DecidedFill, DecidedRow, Decision, RowOutcome, Same
from handlers.imports.record import OrphanPolicy
from handlers.imports.rows import Action, CashMove, ReportedFill, Row
from handlers.journal import money
from handlers.journal.errors import RuleBroken
from handlers.journal.executions import CLOSING, ActionType, CorporateAction, PositionEffect, RecordedExecution, in_turn
from handlers.journal.ledger import split_by_action
from handlers.journal.money import ZERO
from handlers.journal.positions import Side, open_after_split

# Where an outcome needs none of the user. CHANGED and ORPHAN have no decision of their own.
_BY_ITSELF = {
    RowOutcome.NEW: Decision.IMPORT,
    RowOutcome.DUPLICATE: Decision.SKIP,
    RowOutcome.MATCHES_MANUAL: Decision.LINK,
    RowOutcome.CASH: Decision.IMPORT,
    RowOutcome.ACTION: Decision.IMPORT,
}
# What a row says that matters most comes first.
_WEIGHT = (
    RowOutcome.CHANGED,
    RowOutcome.ORPHAN,
    RowOutcome.MATCHES_MANUAL,
    RowOutcome.NEW,
    RowOutcome.ACTION,
    RowOutcome.CASH,
    RowOutcome.DUPLICATE,
)
_CANNOT_LINK = "this account has no trade by hand with an entry or close of this quantity to link it with"


@dataclass(slots=True)
class Finding:
    """One thing that a row says. `at` of what it says has an offset.

    order: its place in the file among those of one instant. wanted: what the user decided of its row; linked: the trade
    that LINK means; cannot_link: whether there is no such trade, or nothing of it that the fill can be.
    sequence: its place among the fills of its position and instant. opening: what an OPENING fill before it has to
    bring.
    """

    line: int
    order: int
    what: ReportedFill | CashMove | Action
    id: str
    outcome: RowOutcome
    of: Same | None = None
    wanted: Decision | None = None
    linked: str | None = None
    cannot_link: bool = False
    sequence: int = 0
    opening: Decimal | None = None

    @property
    def decision(self) -> Decision | None:
        """What becomes of it; None while that is for the user to say."""
        if self.outcome is RowOutcome.DUPLICATE:
            return Decision.SKIP
        if self.cannot_link:
            return None
        return self.wanted or _BY_ITSELF.get(self.outcome)

    @property
    def is_taken(self) -> bool:
        """Whether it comes into the journal."""
        return self.decision in (Decision.IMPORT, Decision.LINK)

    def decided(self) -> DecidedFill | DecidedCash | DecidedAction:
        """It as the report has it."""
        if isinstance(self.what, ReportedFill):
            return DecidedFill(
                outcome=self.outcome,
                execution_id=self.id,
                sequence=self.sequence,
                fill=self.what,
                of=self.of,
                opening=self.opening,
            )
        if isinstance(self.what, CashMove):
            return DecidedCash(outcome=self.outcome, cash_id=self.id, cash=self.what, of=self.of)
        return DecidedAction(outcome=self.outcome, action_id=self.id, action=self.what, of=self.of)


def sharing(what: ReportedFill | CashMove | Action, shared: dict[Any, Any]) -> ReportedFill | CashMove | Action:
    """The same, with the values that others have too: so 200 000 fills take half of the memory."""
    for name in _SHARED[type(what)]:
        held = getattr(what, name)
        object.__setattr__(what, name, shared.setdefault((name, held), held))
    return what


_SHARED: Mapping[type, tuple[str, ...]] = {
    ReportedFill: ("symbol", "instrument", "quantity", "price", "commission", "fees", "note"),
    CashMove: ("currency", "symbol", "note"),
    Action: (),
}


def outcome_of(findings: Sequence[Finding]) -> RowOutcome:
    """The outcome of a row that says these things: that of the one that matters most."""
    return min((one.outcome for one in findings), key=_WEIGHT.index)


def decided_row(row: Row, findings: Sequence[Finding]) -> DecidedRow:
    """The row with what becomes of it. `findings` are what it says."""
    fills: list[DecidedFill] = []
    cash: list[DecidedCash] = []
    actions: list[DecidedAction] = []
    for one in findings:
        decided = one.decided()
        if isinstance(decided, DecidedFill):
            fills.append(decided)
        elif isinstance(decided, DecidedCash):
            cash.append(decided)
        else:
            actions.append(decided)
    outcome = RowOutcome.ERROR if row.error is not None else RowOutcome.SKIPPED
    decision = None
    if findings:
        outcome = outcome_of(findings)
        [*open_ones] = (one.decision for one in findings if one.outcome is not RowOutcome.DUPLICATE)
        decision = Decision.SKIP if not open_ones else None if None in open_ones else open_ones[0]
    return DecidedRow(
        line=row.line,
        lines=row.lines,
        outcome=outcome,
        decision=decision,
        reason=row.error,
        detail=row.detail or row.skipped or (_CANNOT_LINK if any(one.cannot_link for one in findings) else None),
        raw=row.raw,
        fills=tuple(fills),
        cash=tuple(cash),
        actions=tuple(actions),
        warnings=row.warnings,
    )


def number_fills(findings: Iterable[Finding]) -> None:
    """Give the fills of one position, which are in their order, their places among those of one instant."""
    last, sequence = None, 0
    for one in findings:
        sequence = sequence + 1 if one.what.at == last else 0
        last, one.sequence = one.what.at, sequence


class Running:
    """What is open in a position while its executions, actions and the fills of a file are taken in their order."""

    def __init__(self, policy: OrphanPolicy, actions: Iterable[CorporateAction]) -> None:
        self._policy = policy
        self._actions = sorted(actions, key=in_turn)
        self._next = 0
        self._held = ZERO

    def take(self, stored: RecordedExecution) -> None:
        """Take an execution that is there already."""
        self._act_until(stored.executed_at)
        self._move(stored.side, stored.quantity)

    def judge(self, one: Finding, fill: ReportedFill) -> None:
        """Take a new fill, if it is to be imported. A close of what was never opened becomes an ORPHAN.

        Side and quantity of a fill that closes whatever is open become known.
        """
        self._act_until(fill.at)
        closable = self._held.copy_abs()
        side = fill.side
        if side is None and self._held:
            side = Side.SELL if self._held > ZERO else Side.BUY
        is_against = bool(self._held) and side is not (Side.BUY if self._held > ZERO else Side.SELL)
        can_close = closable if is_against else ZERO
        quantity = fill.quantity or can_close
        may_only_close = fill.kind in CLOSING or fill.position_effect is PositionEffect.CLOSE
        if (side, quantity) != (fill.side, fill.quantity) and side is not None and quantity:
            fill = replace(fill, side=side, quantity=quantity)
        if may_only_close and (side is None or not quantity or quantity > can_close):
            one.outcome = RowOutcome.ORPHAN
            fill = self._orphaned(one, fill, can_close)
        one.what = fill
        if one.is_taken and fill.side is not None and fill.quantity is not None:
            if one.opening is not None:
                self._move(fill.side.opposite, one.opening)
            self._move(fill.side, fill.quantity)

    def _orphaned(self, one: Finding, fill: ReportedFill, can_close: Decimal) -> ReportedFill:
        """The close as it is imported, if it is: it opens a short position, or comes after an opening fill."""
        decided = one.wanted
        if decided is None and self._policy is not OrphanPolicy.ASK:
            decided = Decision.SKIP if self._policy is OrphanPolicy.SKIP else Decision.IMPORT
        if fill.side is None or not fill.quantity:  # nothing says what it closed
            decided = Decision.SKIP
        one.wanted = decided
        if decided is not Decision.IMPORT or fill.quantity is None:
            return fill
        if self._policy is OrphanPolicy.OPENING or fill.kind in CLOSING:  # such a fill never opens anything
            one.opening = money.minus(fill.quantity, can_close)
            return fill
        return replace(fill, position_effect=PositionEffect.AUTO)

    def _move(self, side: Side, quantity: Decimal) -> None:
        moved = quantity if side is Side.BUY else quantity.copy_negate()
        self._held = money.plus(self._held, moved)

    def _act_until(self, at: datetime) -> None:
        while self._next < len(self._actions) and self._actions[self._next].effective_at <= at:
            self._act(self._actions[self._next])
            self._next += 1

    def _act(self, action: CorporateAction) -> None:
        """Change what is open. What cannot be applied changes nothing, as when it is settled."""
        size = self._held.copy_abs()
        if not size:
            return
        if action.type in (ActionType.MERGER_CASH, ActionType.RENAME, ActionType.MERGER_SHARES):
            size = ZERO
        elif action.type is not ActionType.SPINOFF and (split := split_by_action(action, size)) is not None:
            try:
                size = open_after_split(size, split)
            except RuleBroken:
                return
        self._held = size if self._held > ZERO else size.copy_negate()
