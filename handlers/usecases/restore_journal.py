"""Writes what a checked archive holds into an empty journal.

Members are written one after the other, each in its order, in transactions that leave alone what is stored already. So
after a crash at any point the same is done again, and what is missing is written. Ids, versions and times are those of
the archive.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime

from handlers.journal.images import MOST_BYTES
from handlers.journal.settings import MAIN
from handlers.journal.trade import Image, Trade
from handlers.storage import (
    cash,
    corporate_actions,
    executions,
    groups,
    image_files,
    ledger,
    rates,
    reconciliations,
    restores,
    trading_accounts,
    uploads,
)
from handlers.storage import trades as trade_storage
from handlers.storage.clients import ledger_table, trades_table
from handlers.storage.image_files import Place
from handlers.storage.restores import Unit
from handlers.storage.trade_items import external_item, trade_item
from handlers.usecases.archive_check import Checked
from handlers.usecases.archive_positions import Derived
from handlers.usecases.export_archive import IMAGES

# Of a transaction: actions, of which others are the checks of the user and of at most so many accounts; and characters
# of items, of which DynamoDB takes 4 MB.
_MOST_ACTIONS, _MOST_ACCOUNTS, _MOST_CHARACTERS = 90, 8, 1_500_000

# Called after each transaction with the phase and how many of its documents are written; whether to go on.
Tell = Callable[[str, int], bool]


def write(checked: Checked, begun: tuple[str, int] | None, tell: Tell) -> bool:
    """Write the archive, from where it was left off. Returns whether all of it is written.

    begun: the phase that was being written, and how many of its documents were. Raises VersionMismatch when something
    else was written into the journal meanwhile; AccountErased, Busy.
    """
    phases = _phases(checked)
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


def _phases(checked: Checked) -> list[tuple[str, Callable[[], Iterator[Unit | None]]]]:
    """What is written, in its order: each thing comes after those that it names."""
    writing = _Writing(checked)
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

    def __init__(self, checked: Checked) -> None:
        self._checked = checked
        self._user = checked.user_id
        self._group_of = checked.group_of()

    def accounts(self) -> Iterator[Unit | None]:
        under = trading_accounts.settings(self._user)
        for account in self._checked.accounts.values():
            in_use = account.account_id in self._checked.in_use
            trading_accounts.restore(dataclasses.replace(account, in_use=in_use), under)
            yield None
        trading_accounts.set_made(self._user, len(self._checked.accounts.keys() - {MAIN}))

    def settings(self) -> Iterator[Unit | None]:
        former, wanted = trading_accounts.settings(self._user), self._checked.settings
        if former != wanted and wanted.updated_at is not None:
            trading_accounts.put_settings(wanted, former)
        yield None

    def rates(self) -> Iterator[Unit | None]:
        for rate in self._checked.documents("fx.ndjson"):
            yield _in_ledger(rates.rate_item(self._user, rate))

    def actions(self) -> Iterator[Unit | None]:
        counts: dict[str, int] = {}
        for action in self._checked.actions:
            for symbol in corporate_actions.symbols(action):
                counts[ledger.folded(symbol)] = counts.get(ledger.folded(symbol), 0) + 1
            yield _in_ledger(*corporate_actions.items_of(action))
        for symbol, count in counts.items():
            corporate_actions.set_count(self._user, symbol, count)

    def groups(self) -> Iterator[Unit | None]:
        for group in self._checked.groups:
            item = groups.group_item(group)
            yield Unit([(trades_table(), item)], size=len(str(item)))

    def trades(self) -> Iterator[Unit | None]:
        for trade in self._checked.documents("trades.ndjson"):
            # What follows from executions is written with them.
            yield self._trade(trade) if isinstance(trade, Trade) else None

    def positions(self) -> Iterator[Unit | None]:
        now = datetime.now(UTC)
        for derived in self._checked.positions().derived(self._checked.annotations, now):
            yield from self._position(derived)

    def cash(self) -> Iterator[Unit | None]:
        for row in self._checked.documents("cash.ndjson"):
            external = [] if row.external_id is None else [cash.external_item(row)]
            yield _in_ledger(cash.cash_item(row), *external, account_id=row.account_id)

    def reconciliations(self) -> Iterator[Unit | None]:
        for made in self._checked.documents("reconciliations.ndjson"):
            yield _in_ledger(*reconciliations.items_of(made), account_id=made.account_id)

    def _position(self, derived: Derived) -> Iterator[Unit]:
        """The units of a position: a single one, if it fits into a transaction; else, the position comes last."""
        trades = [self._trade(trade) for trade in derived.trades]
        fills = [
            _in_ledger(executions.execution_item(one), executions.ref_item(one), account_id=one.account_id)
            for one in derived.executions
        ]
        positions = [_in_ledger(executions.position_item(held)) for held in derived.positions]
        units = [*positions, *trades, *fills]
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
        images = [image for image in trade.images if image.image_id not in self._checked.missing_images]
        also = uploads.end_restoring(self._user, trade.trade_id, images)
        written = dataclasses.replace(
            trade, group_id=self._group_of.get(trade.trade_id), images=tuple(self._files(trade, images))
        )
        items = [(trades_table(), trade_item(written))]
        if trade.external_id is not None:
            items.append((trades_table(), external_item(self._user, trade.external_id, trade.trade_id)))
        # The same, however often it is written: by it, the documents that are written are counted.
        size = len(str(trade_item(trade)))
        return Unit(items, also, _account(trade.account_id), size)

    def _files(self, trade: Trade, images: list[Image]) -> Iterator[Image]:
        """Write the files of a trade that is not stored yet. Yields each image with the version of its file."""
        if not images or trade_storage.several(self._user, [trade.trade_id]):
            return
        uploads.begin_restoring(self._user, trade.trade_id, images, datetime.now(UTC))
        for image in images:
            content = self._checked.archive.whole(f"{IMAGES}{image.image_id}", MOST_BYTES)
            place = Place(self._user, trade.trade_id, image.image_id)
            version = image_files.write(place, image.content_type, content)
            yield dataclasses.replace(image, file_version=version)


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
