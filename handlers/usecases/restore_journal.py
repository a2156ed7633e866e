"""Writes what a checked archive holds into a journal, as it was planned.

Members are written one after the other, each in its order, in transactions that leave alone what is stored already. So
after a crash at any point the same is done again, and what is missing is written. Ids, versions and times are those of
the archive. What replaces something is written by itself, at the next version, unless it has been changed since.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime

from handlers.journal.executions import symbol_key
from handlers.journal.images import MOST_BYTES
from handlers.journal.merges import RestorePlan
from handlers.journal.restoring import Annotations
from handlers.journal.settings import MAIN
from handlers.journal.trade import Image, Trade
from handlers.storage import (
    cash,
    corporate_actions,
    executions,
    groups,
    image_files,
    ledger,
    mappings,
    rates,
    reconciliations,
    restores,
    trading_accounts,
    uploads,
)
from handlers.storage import trades as trade_storage
from handlers.storage.clients import ledger_table, trades_table
from handlers.storage.executions import position_key
from handlers.storage.image_files import ImagePlace
from handlers.storage.restores import Unit
from handlers.storage.trade_items import external_item, trade_item
from handlers.usecases import merge_positions
from handlers.usecases import restore_replacing as replacing
from handlers.usecases.archive_check import CheckedArchive
from handlers.usecases.archive_positions import Derived
from handlers.usecases.export_archive import IMAGES
from handlers.usecases.journal_things import SETTINGS
from handlers.usecases.merge_positions import Wanted
from handlers.usecases.restore_comparison import position_name

# Limits of one transaction: actions for documents, which leaves room for the checks of the user and of accounts;
# accounts to check; characters of items, of which DynamoDB takes 4 MB.
_MOST_ACTIONS, _MOST_ACCOUNTS, _MOST_CHARACTERS = 90, 8, 1_500_000

# Called after each transaction with the phase and how many of its documents are written; whether to go on.
Tell = Callable[[str, int], bool]


def write(checked: CheckedArchive, plan: RestorePlan, begun: tuple[str, int] | None, tell: Tell) -> bool:
    """Write what is planned of the archive, from where it was left off. Returns whether all of it is written.

    begun: the phase that was being written, and how many of its documents were. Raises VersionMismatch when something
    else was written into the journal meanwhile; AccountErased, Busy.
    """
    phases = _phases(checked, plan)
    names = [name for name, _ in phases]
    name, skipped = (names[0], 0) if begun is None else begun
    for place in range(names.index(name), len(phases)):
        name, units = phases[place]
        for written in _written(checked.user_id, units(), skipped):
            if not tell(name, written):
                return False
        skipped = 0
        if name != names[-1] and not tell(names[place + 1], 0):
            return False
    return True


def _phases(checked: CheckedArchive, plan: RestorePlan) -> list[tuple[str, Callable[[], Iterator[Unit | None]]]]:
    """What is written, in its order: each thing comes after those that it names."""
    writing = _Writing(checked, plan)
    return [
        ("accounts", writing.accounts),
        ("settings", writing.settings),
        ("fx", writing.rates),
        ("actions", writing.actions),
        ("groups", writing.groups),
        ("trades", writing.trades),
        ("executions", writing.positions),
        ("cash", writing.cash),
        ("reconciliations", writing.reconciliations),
        ("memberships", writing.memberships),
        ("mappings", writing.mappings),
    ]


def _written(user_id: str, units: Iterable[Unit | None], skipped: int) -> Iterator[int]:
    """Write the units, many in a transaction. Yields after each how many documents are written."""
    some: list[Unit] = []
    actions = characters = number = 0
    accounts: set[str] = set()
    for number, unit in enumerate(units, start=1):
        if number <= skipped or unit is None:
            continue
        own = {unit.account_id} - {None, *accounts}
        if some and (
            actions + unit.actions > _MOST_ACTIONS
            or len(accounts) + len(own) > _MOST_ACCOUNTS
            or characters + unit.size > _MOST_CHARACTERS
        ):
            restores.write(user_id, some)
            yield number - 1
            some, actions, characters = [], 0, 0
            accounts = set()
        some.append(unit)
        actions, characters = actions + unit.actions, characters + unit.size
        if unit.account_id is not None:
            accounts.add(unit.account_id)
    if some:
        restores.write(user_id, some)
        yield number


class _Writing:
    """The units of each phase. One that is None is written by itself, or has nothing to write."""

    def __init__(self, checked: CheckedArchive, plan: RestorePlan) -> None:
        self._checked = checked
        self._plan = plan
        self._user = checked.user_id
        self._group_of = self._groups_of_new_trades()

    def _groups_of_new_trades(self) -> dict[str, str]:
        """The group of each trade that comes: one that is planned, or a stored one that names it."""
        planned = {group.group_id for group in self._checked.groups if self._plan.of("groups", group.group_id)}
        others = [group.group_id for group in self._checked.groups if group.group_id not in planned]
        named = {trade_id: one.group_id for one in groups.several(self._user, others) for trade_id in one.trade_ids}
        own = {trade_id: one for trade_id, one in self._checked.group_of().items() if one in planned}
        return named | own

    def accounts(self) -> Iterator[Unit | None]:
        under = trading_accounts.settings(self._user)
        stored = {account.account_id: account for account in trading_accounts.every(self._user)}
        for account in self._checked.accounts.values():
            own = stored.get(account.account_id)
            in_use = account.account_id in self._checked.in_use
            if self._plan.is_new("accounts", account.account_id):
                trading_accounts.restore(dataclasses.replace(account, in_use=in_use), under)
            elif (change := self._plan.of("accounts", account.account_id)) is not None and own is not None:
                replacing.account(change, account, own, under)
            yield None
        for account_id in self._checked.in_use & stored.keys() - {MAIN}:
            trading_accounts.set_in_use(self._user, account_id)
        trading_accounts.set_made(self._user, sum(not one.is_main for one in trading_accounts.every(self._user)))

    def settings(self) -> Iterator[Unit | None]:
        change = self._plan.of(SETTINGS, SETTINGS)
        if change is not None:
            stored = trading_accounts.settings(self._user)
            replacing.settings(change, self._checked.settings, stored, exactly=self._plan.into_empty)
        yield None

    def rates(self) -> Iterator[Unit | None]:
        for rate in self._checked.documents("fx.ndjson"):
            rate_id = "|".join((rate.from_, rate.to, rate.day.isoformat()))
            if self._plan.is_new("fx", rate_id):
                yield _in_ledger(rates.rate_item(self._user, rate))
            else:
                if self._plan.of("fx", rate_id) is not None:
                    list(rates.put(self._user, [rate]))
                yield None

    def actions(self) -> Iterator[Unit | None]:
        coming: dict[str, set[str]] = {}
        for action in self._checked.actions:
            is_new = self._plan.is_new("actions", action.action_id)
            for symbol in corporate_actions.symbols(action) if is_new else ():
                coming.setdefault(ledger.folded(symbol), set()).add(action.action_id)
            yield _in_ledger(*corporate_actions.items_of(action)) if is_new else None
        for symbol, ids in coming.items():
            stored = {action.action_id for action in corporate_actions.every(self._user, symbol)}
            corporate_actions.set_count(self._user, symbol, len(stored | ids))

    def groups(self) -> Iterator[Unit | None]:
        for group in self._checked.groups:
            item = groups.group_item(group)
            is_new = self._plan.is_new("groups", group.group_id)
            yield Unit([(trades_table(), item)], size=len(str(item))) if is_new else None

    def memberships(self) -> Iterator[Unit | None]:
        """Replace groups, and let trades join that were there before their groups."""
        for group in self._checked.groups:
            if (change := self._plan.of("groups", group.group_id)) is not None:
                replacing.group(self._user, change, group)
            yield None

    def trades(self) -> Iterator[Unit | None]:
        for trade in self._checked.documents("trades.ndjson"):
            # What follows from executions is written with them.
            if isinstance(trade, Trade) and self._plan.is_new("trades", trade.trade_id):
                yield self._trade(trade)
            else:
                if isinstance(trade, Trade) and (change := self._plan.of("trades", trade.trade_id)) is not None:
                    replacing.trade(self._user, change, trade, self._images)
                yield None

    def positions(self) -> Iterator[Unit | None]:
        now = datetime.now(UTC)
        covered: set[str] = set()
        for derived in self._checked.positions().derived(self._checked.annotations, now):
            covered.update(position_name(position_key(one)) for one in derived.executions)
            if self._is_untouched(derived):
                yield from self._position(derived)
            else:
                self._merge(derived)
                yield None
        # Corporate actions also change positions of which the archive has nothing.
        new = [action for action in self._checked.actions if self._plan.is_new("actions", action.action_id)]
        symbols = {symbol_key(symbol) for action in new for symbol in corporate_actions.symbols(action)}
        if symbols:
            for held in list(executions.positions(self._user)):
                if symbol_key(held.symbol) in symbols and position_name(position_key(held)) not in covered:
                    merge_positions.bring(self._user, position_key(held), held.symbol, Wanted())

    def cash(self) -> Iterator[Unit | None]:
        for row in self._checked.documents("cash.ndjson"):
            cash_id = f"{row.cash_id}|{row.account_id}"
            if self._plan.is_new("cash", cash_id):
                external = [] if row.external_id is None else [cash.external_item(row)]
                yield _in_ledger(cash.cash_item(row), *external, account_id=row.account_id)
            else:
                if (change := self._plan.of("cash", cash_id)) is not None:
                    replacing.cash_row(self._user, change, row)
                yield None

    def reconciliations(self) -> Iterator[Unit | None]:
        for made in self._checked.documents("reconciliations.ndjson"):
            is_new = self._plan.is_new("reconciliations", made.reconciliation_id)
            yield _in_ledger(*reconciliations.items_of(made), account_id=made.account_id) if is_new else None

    def mappings(self) -> Iterator[Unit | None]:
        there = {stored.mapping_id for stored in mappings.every(self._user)}
        for made in self._checked.mappings:
            change = self._plan.of("mappings", made.mapping_id)
            if change is not None and change.before is not None:
                replacing.mapping(self._user, change, made)
            elif change is not None and made.mapping_id not in there:
                mappings.restore(made)
            yield None

    def _is_untouched(self, derived: Derived) -> bool:
        """Whether the journal had nothing of the positions, nor corporate actions of their symbols of its own."""
        keys = [*map(position_key, derived.positions), *map(position_key, derived.executions)]
        return all(
            position_name(key) not in self._plan.positions and key.symbol not in self._plan.symbols for key in keys
        ) and all(self._plan.is_new("executions", one.execution_id) for one in derived.executions)

    def _merge(self, derived: Derived) -> None:
        """Bring what is planned of the positions into those that are stored."""
        plan = self._plan
        coming = [one for one in derived.executions if plan.of("executions", one.execution_id) is not None]
        # trade_ids stay empty: settling derives them from all executions that are stored.
        coming = [dataclasses.replace(one, trade_ids=()) for one in coming]
        annotations: dict[str, Annotations] = {}
        arriving: dict[str, list[Image]] = {}
        for trade in derived.trades:
            own = self._checked.annotations.get(trade.trade_id)
            if own is not None and plan.of("trades", trade.trade_id) is not None:
                arriving[trade.trade_id] = self._own_images(trade)
                annotations[trade.trade_id] = dataclasses.replace(own, images=tuple(self._images(trade)))

        wanted = Wanted(
            executions=coming,
            annotations=annotations,
            group_of=self._group_of,
            arriving=arriving,
        )
        for key in dict.fromkeys(map(position_key, derived.executions)):
            merge_positions.bring(self._user, key, key.symbol, wanted)

    def _position(self, derived: Derived) -> Iterator[Unit]:
        """The units of a position: a single one, if it fits into a transaction; else, the position comes last."""
        trades = [self._trade(trade) for trade in derived.trades]
        fills = [
            _in_ledger(executions.execution_item(one), executions.ref_item(one), account_id=one.account_id)
            for one in derived.executions
        ]
        positions = [_in_ledger(executions.position_item(held)) for held in derived.positions]
        # Executions come first: by the first item, it is seen whether the unit is stored already.
        units = [*fills, *trades, *positions]
        size = sum(unit.size for unit in units)
        if sum(unit.actions for unit in units) <= _MOST_ACTIONS and size <= _MOST_CHARACTERS:
            yield Unit(
                [item for unit in units for item in unit.items],
                [action for unit in units for action in unit.also],
                fills[0].account_id,
                size,
            )
        else:
            yield from (*trades, *fills, *positions)

    def _trade(self, trade: Trade) -> Unit:
        """The unit of a trade in its group. The files of its images are written at once."""
        images = self._images(trade)
        group_id = self._group_of.get(trade.trade_id)
        written = dataclasses.replace(trade, group_id=group_id, images=tuple(images))
        items = [(trades_table(), trade_item(written))]
        if trade.external_id is not None:
            items.append((trades_table(), external_item(self._user, trade.external_id, trade.trade_id)))
        also = uploads.end_restoring(self._user, trade.trade_id, self._own_images(trade))
        # The same, however often it is written: by it, the documents that are written are counted.
        size = len(str(trade_item(trade)))
        return Unit(items, also, _account(trade.account_id), size)

    def _own_images(self, trade: Trade) -> list[Image]:
        """The images of the trade whose files the archive has."""
        return [image for image in trade.images if image.image_id not in self._checked.missing_images]

    def _images(self, trade: Trade) -> list[Image]:
        """The images of a trade, those that are stored first. Files that are not stored yet are written."""
        images = self._own_images(trade)
        stored = trade_storage.several(self._user, [trade.trade_id]) if images else []
        kept = [image for own in stored for image in own.images]
        known = {image.image_id for image in kept}
        arriving = [image for image in images if image.image_id not in known]
        if arriving:
            uploads.begin_restoring(self._user, trade.trade_id, arriving, datetime.now(UTC))
        return [*kept, *(self._file(trade, image) for image in arriving)]

    def _file(self, trade: Trade, image: Image) -> Image:
        """Write the file of an image. Returns the image with the version of its file."""
        content = self._checked.archive.whole(f"{IMAGES}{image.image_id}", MOST_BYTES)
        place = ImagePlace(self._user, trade.trade_id, image.image_id)
        return dataclasses.replace(image, file_version=image_files.write(place, image.content_type, content))


def _in_ledger(*items: ledger.Item, account_id: str | None = None) -> Unit:
    size = sum(len(str(item)) for item in items)
    return Unit([(ledger_table(), item) for item in items], (), _account(account_id), size)


def _account(account_id: str | None) -> str | None:
    """The account whose existence is checked: the one that every user has is always there."""
    return None if account_id == MAIN else account_id


def forget_left_over_positions(user_id: str) -> None:
    """Delete the positions of which no execution is left, and which a journal that is empty may have. Raises
    VersionMismatch, AccountErased, Busy.
    """
    for held in executions.positions(user_id):
        if not ledger.has_any(user_id, ledger.fills(held.account_id, held.symbol, held.pair_id)):
            executions.delete_position(held)
