"""Takes back what a restore has written: what it created is deleted, and what it replaced comes back.

The plan of the restore says both. A thing is its own as long as it has the content that was written; what was edited
since stays, unless it is to go, too. What is deleted or back already is left alone, so all of it can be repeated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

from handlers.documents import exported, restored
from handlers.documents.import_mappings import mapping_document
from handlers.documents.ledger import cash_document, rate_document, reconciliation_document, settings_document
from handlers.journal.errors import StateForbids
from handlers.journal.merges import DocumentChange, RestorePlan
from handlers.journal.restoring import Annotations
from handlers.journal.settings import MAIN, Settings
from handlers.journal.trade import Image, Trade, TradeSource
from handlers.journal.undoing import EditedPolicy
from handlers.storage import (
    cash,
    corporate_actions,
    executions,
    groups,
    ledger,
    mappings,
    rates,
    reconciliations,
    trades,
    trading_accounts,
)
from handlers.storage.errors import (
    ActionNotFound,
    CashNotFound,
    GroupNotFound,
    MappingNotFound,
    TradeNotFound,
    TradingAccountNotFound,
    VersionMismatch,
)
from handlers.storage.executions import PositionKey, position_key
from handlers.storage.retry import retry_overtaken
from handlers.usecases import merge_positions
from handlers.usecases import restore_replacing as replacing
from handlers.usecases import trading_accounts as accounts
from handlers.usecases.journal_things import SETTINGS, Document, content_hash
from handlers.usecases.merge_positions import Wanted

FIRST_PHASE = "groups"
_AT_ONCE = 100
# Called after each step with the phase and how many of its steps are taken; whether to go on.
Tell = Callable[[str, int], bool]


def plan_as_written(user: str, plan: RestorePlan) -> RestorePlan:
    """The plan with trades of executions as they are once all is written: they may have got notes of others, with which
    they became one. Raises Busy.
    """
    changes = dict(plan.changes)
    planned = [change for change in changes.values() if change.name == "trades"]
    for begin in range(0, len(planned), _AT_ONCE):
        some = [change.id for change in planned[begin : begin + _AT_ONCE]]
        for stored in trades.several(user, some):
            if stored.source is TradeSource.LEDGER:
                key = "trades", stored.trade_id
                changes[key] = replace(changes[key], after=content_hash(exported.exported_trade(stored)))
    return replace(plan, changes=changes)


def undo(user: str, plan: RestorePlan, policy: EditedPolicy, begun: tuple[str, int] | None, tell: Tell) -> bool:
    """Take back all that was written, from where it was left off. Returns whether all of it is.

    policy: what becomes of what was edited since; with REFUSE, it stays. begun: the phase, and how many of its steps
    are taken. Raises VersionMismatch when something is changed again and again meanwhile; AccountErased, Busy.
    """
    undoing = _Undoing(user, plan, policy)
    phases: list[tuple[str, Callable[[], Iterator[Callable[[], None]]]]] = [
        (FIRST_PHASE, partial(undoing.each, "groups", undoing.group)),
        ("cash", partial(undoing.each, "cash", undoing.cash)),
        ("reconciliations", undoing.reconciliations),
        ("actions", partial(undoing.each, "actions", undoing.action)),
        ("executions", undoing.positions),
        ("trades", partial(undoing.each, "trades", undoing.trade)),
        ("fx", partial(undoing.each, "fx", undoing.rate)),
        (SETTINGS, partial(undoing.each, SETTINGS, undoing.settings)),
        ("accounts", partial(undoing.each, "accounts", undoing.account)),
        ("mappings", partial(undoing.each, "mappings", undoing.mapping)),
    ]
    names = [name for name, _ in phases]
    first, skipped = (names[0], 0) if begun is None else begun
    for place in range(names.index(first), len(phases)):
        name, steps = phases[place]
        for number, step in enumerate(steps(), start=1):
            # Which positions there are follows from what is left: each is a step again.
            if number > skipped or name == "executions":
                retry_overtaken(step)
                if not tell(name, number):
                    return False
        skipped = 0
        if name != names[-1] and not tell(names[place + 1], 0):
            return False
    return True


class _Undoing:
    def __init__(self, user: str, plan: RestorePlan, policy: EditedPolicy) -> None:
        self._user = user
        self._plan = plan
        self._policy = policy

    def each(self, name: str, step: Callable[[DocumentChange], None]) -> Iterator[Callable[[], None]]:
        """A step for each change of a member."""
        for change in self._plan.changes.values():
            if change.name == name:
                yield partial(step, change)

    def _goes(self, change: DocumentChange, stored: Document) -> bool:
        """Whether the stored thing is to be deleted or replaced: not if it is back already, or was edited and stays."""
        found = content_hash(stored)
        if found == change.after:
            return True
        return found != change.before_hash and self._policy is EditedPolicy.REMOVE

    def _back(self, change: DocumentChange, stored: Document) -> DocumentChange:
        """The change that brings back what was replaced, from what is stored."""
        return DocumentChange(
            name=change.name, id=change.id, after=str(change.before_hash), before_hash=content_hash(stored)
        )

    def group(self, change: DocumentChange) -> None:
        try:
            stored = groups.get(self._user, change.id)
        except GroupNotFound:
            return
        found = groups.memberships(self._user, stored.trade_ids)
        own = {trade_id: one for trade_id, one in found.items() if one.group_id == stored.group_id}
        document = exported.exported_group(stored, dict.fromkeys(own, stored.group_id))
        if not self._goes(change, document):
            return
        if change.before is not None:
            back = replace(self._back(change, document), before=change.before)
            replacing.group(self._user, back, restored.group(change.before.encode(), self._user))
        else:
            leaving = {trade_id: one.version for trade_id, one in own.items()}
            groups.delete(stored, leaving=leaving, now=datetime.now(UTC))

    def cash(self, change: DocumentChange) -> None:
        cash_id, account_id = change.id.split("|")
        try:
            stored = cash.get(self._user, account_id, cash_id)
        except CashNotFound:
            return
        if not self._goes(change, cash_document(stored)):
            return
        if change.before is not None:
            back = self._back(change, cash_document(stored))
            replacing.cash_row(self._user, back, restored.cash(change.before.encode(), self._user))
        else:
            cash.write(self._user, [cash.CashChange(None, stored)])

    def reconciliations(self) -> Iterator[Callable[[], None]]:
        """One step: reconciliations are found by their accounts."""

        def step() -> None:
            for made in list(reconciliations.every(self._user)):
                change = self._plan.of("reconciliations", made.reconciliation_id)
                if change is not None and self._goes(change, reconciliation_document(made)):
                    reconciliations.delete(self._user, made.account_id, made.reconciliation_id)

        if any(change.name == "reconciliations" for change in self._plan.changes.values()):
            yield step

    def action(self, change: DocumentChange) -> None:
        try:
            stored = corporate_actions.get(self._user, change.id)
        except ActionNotFound:
            return
        counted = [corporate_actions.count(self._user, symbol) for symbol in corporate_actions.symbols(stored)]
        if any(ledger.write(self._user, corporate_actions.remove(stored, counted))):
            raise VersionMismatch(change.id)

    def positions(self) -> Iterator[Callable[[], None]]:
        """A step for each position that has anything of the restore: executions, trades or corporate actions."""
        planned = {(change.name, change.id) for change in self._plan.changes.values()}
        if not any(name in ("executions", "actions", "trades") for name, _ in planned):
            return
        keys: dict[PositionKey, str] = {}
        going, back = [], []
        for one in executions.every(self._user):
            change = self._plan.of("executions", one.execution_id)
            if change is not None or any(("trades", trade_id) in planned for trade_id in one.trade_ids):
                keys[position_key(one)] = one.symbol
            if change is not None and self._goes(change, exported.exported_execution(one)):
                if change.before is None:
                    going.append(one.execution_id)
                else:
                    back.append(restored.execution(change.before.encode(), self._user))
        for held in executions.positions(self._user):
            if any(("actions", action.action_id) in planned for action in (*held.actions, *held.former_actions)):
                keys[position_key(held)] = held.symbol
        annotations, trades_going = self._written_about()
        wanted = Wanted(executions=back, executions_going=frozenset(going), annotations=annotations, going=trades_going)
        for key, symbol in keys.items():
            yield partial(merge_positions.bring, self._user, key, symbol, wanted)

    def _written_about(self) -> tuple[dict[str, Annotations], set[str]]:
        """What was written about trades of executions before, by their ids, and such trades that the restore made."""
        annotations: dict[str, Annotations] = {}
        going: set[str] = set()
        changes = [change for change in self._plan.changes.values() if change.name == "trades"]
        for begin in range(0, len(changes), _AT_ONCE):
            some = {change.id: change for change in changes[begin : begin + _AT_ONCE]}
            for stored in trades.several(self._user, sorted(some)):
                change = some[stored.trade_id]
                if stored.source is not TradeSource.LEDGER or not self._goes(change, exported.exported_trade(stored)):
                    continue
                if change.before is None:
                    going.add(stored.trade_id)
                else:
                    own = restored.trade(change.before.encode(), self._user)
                    if isinstance(own, Annotations):
                        annotations[stored.trade_id] = replace(own, images=tuple(_images_of(stored, own)))
        return annotations, going

    def trade(self, change: DocumentChange) -> None:
        """One that was recorded by hand; of others, their positions take care."""
        try:
            stored = trades.get(self._user, change.id)
        except TradeNotFound:
            return
        if stored.source is TradeSource.LEDGER or not self._goes(change, exported.exported_trade(stored)):
            return
        if change.before is None:
            if any(ledger.write(self._user, list(executions.delete_trade(stored)))):
                raise VersionMismatch(change.id)
            return
        own = restored.trade(change.before.encode(), self._user)
        if isinstance(own, Trade):
            back = self._back(change, exported.exported_trade(stored))
            replacing.trade(self._user, back, own, partial(_images_of, stored))

    def rate(self, change: DocumentChange) -> None:
        from_, to, day = change.id.split("|")
        item = ledger.get(self._user, f"{ledger.rate(from_, to)}{day}")
        if not item or not self._goes(change, rate_document(rates.rate_of(item))):
            return
        if change.before is not None:
            list(rates.put(self._user, [restored.rate(change.before.encode(), self._user)]))
        else:
            ledger.write(self._user, [ledger.delete(self._user, item["item"]["S"])], retry_conflicts=True)

    def settings(self, change: DocumentChange) -> None:
        stored = trading_accounts.settings(self._user)
        if not self._goes(change, settings_document(stored)):
            return
        if change.before is not None:
            back = self._back(change, settings_document(stored))
            wanted = restored.settings(change.before.encode(), self._user)
            replacing.settings(back, wanted, stored, exactly=False)
        else:  # they were never set, and cannot be so again
            never = Settings(user_id=self._user, version=stored.version + 1, updated_at=datetime.now(UTC))
            trading_accounts.put_settings(never, stored)

    def account(self, change: DocumentChange) -> None:
        """Accounts in which something lies stay. The one that every user has is as if it had never been changed."""
        try:
            stored, under = trading_accounts.with_settings(self._user, change.id)
        except TradingAccountNotFound:
            return
        if not self._goes(change, exported.exported_account(stored)):
            return
        if change.before is not None:
            back = self._back(change, exported.exported_account(stored))
            replacing.account(back, restored.account(change.before.encode(), self._user), stored, under)
        else:
            with suppress(StateForbids, TradingAccountNotFound):
                if change.id == MAIN:
                    accounts.forget_main(self._user)
                else:
                    accounts.delete(self._user, change.id, lambda _: True)

    def mapping(self, change: DocumentChange) -> None:
        try:
            stored = mappings.get(self._user, change.id)
        except MappingNotFound:
            return
        if not self._goes(change, mapping_document(stored)):
            return
        if change.before is not None:
            back = self._back(change, mapping_document(stored))
            replacing.mapping(self._user, back, restored.mapping(change.before.encode(), self._user))
        else:
            mappings.delete(stored)


def _images_of(stored: Trade, own: Trade | Annotations) -> list[Image]:
    """The images that the trade had, with the versions of their files: a restore takes no image away."""
    wanted = {image.image_id for image in own.images}
    return [image for image in stored.images if image.image_id in wanted]
