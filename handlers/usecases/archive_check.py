"""Checks an archive before anything of it is written: members, hashes, documents, and what documents say of others."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from generated import models
from handlers.documents import restored
from handlers.documents.exported import ARCHIVE_FORMAT_VERSION
from handlers.documents.restored import BadDocument
from handlers.journal.cash import Cash
from handlers.journal.executions import RecordedAction, RecordedExecution, instrument_errors
from handlers.journal.groups import Group
from handlers.journal.image_formats.examine import examine
from handlers.journal.images import MOST_BYTES, ImageRejected
from handlers.journal.reconciling import Reconciliation
from handlers.journal.restores import MOST_PROBLEMS, RestoreProblem
from handlers.journal.restoring import Annotations, is_written_about
from handlers.journal.rules import trade_errors
from handlers.journal.settings import MAIN, Settings
from handlers.journal.trade import Trade
from handlers.journal.trading_accounts import MOST_ACCOUNTS, TradingAccount
from handlers.storage.executions import sharing
from handlers.storage.mappings import MOST_MAPPINGS, StoredMapping
from handlers.usecases.archive_positions import ArchivePositions, by_position
from handlers.usecases.export_archive import IMAGES, MANIFEST
from handlers.usecases.zip_reading import BadArchive, ZipReading

# The members with a document a line: what reads a line, and what the lines are sorted by.
_PARSERS: dict[str, tuple[Callable[[bytes, str], Any], Callable[[Any], Any]]] = {
    "accounts.ndjson": (restored.account, lambda each: each.account_id),
    "groups.ndjson": (restored.group, lambda each: each.group_id),
    "trades.ndjson": (restored.trade, lambda each: each.trade_id),
    "executions.ndjson": (restored.execution, lambda each: each.execution_id),
    "actions.ndjson": (restored.action, lambda each: each.action_id),
    "cash.ndjson": (restored.cash, lambda each: (each.cash_id, each.account_id)),
    "reconciliations.ndjson": (restored.reconciliation, lambda each: each.reconciliation_id),
    "fx.ndjson": (restored.rate, lambda each: (each.from_, each.to, each.day)),
    "mappings.ndjson": (restored.mapping, lambda each: each.mapping_id),
}
_SETTINGS = "settings.json"
_MOST_SMALL = 64 * 1024 * 1024


def read_document(name: str, document: bytes, user_id: str) -> Any:
    """A document of the member of that name, or the settings, as the journal has it. Raises BadDocument."""
    parse, _ = _PARSERS.get(f"{name}.ndjson", (restored.settings, None))
    return parse(document, user_id)


class NotRestorable(Exception):
    """Raised for an archive that is not restored; `problems` say why."""

    def __init__(self, problems: tuple[RestoreProblem, ...]) -> None:
        super().__init__(f"{len(problems)} problems, the first: {problems[0].code}")
        self.problems = problems


class _OfImage(NamedTuple):
    """What a trade says about an image, and the line that says so."""

    line: int
    content_type: str
    size: int


@dataclass(slots=True)
class CheckedArchive:
    """An archive that can be restored: what has to be held of it to write the rest as it is read once more."""

    archive: ZipReading
    user_id: str
    settings: Settings
    accounts: dict[str, TradingAccount] = field(default_factory=dict)
    groups: list[Group] = field(default_factory=list)
    annotations: dict[str, Annotations] = field(default_factory=dict)
    executions: list[RecordedExecution] = field(default_factory=list)
    actions: list[RecordedAction] = field(default_factory=list)
    mappings: list[StoredMapping] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    # The accounts in which something lies, and the images whose files are not in the archive.
    in_use: set[str] = field(default_factory=set)
    missing_images: frozenset[str] = frozenset()
    # Trades of executions that none opens, and what is to be known of the archive.
    left_out: set[str] = field(default_factory=set)
    warnings: list[RestoreProblem] = field(default_factory=list)

    def documents(self, member: str) -> Iterator[Any]:
        """The documents of a member once more, in their order."""
        parse, _ = _PARSERS[member]
        return (parse(line, self.user_id) for line in self.archive.lines(member))

    def positions(self) -> ArchivePositions:
        """The positions of the executions."""
        return ArchivePositions(self.settings, self.accounts, by_position(self.executions), self.actions)

    def group_of(self) -> dict[str, str]:
        """The group of each trade that is in one."""
        return {trade_id: group.group_id for group in self.groups for trade_id in group.trade_ids}


def check_archive(archive: ZipReading, user_id: str, now: datetime) -> CheckedArchive:
    """Check the whole archive. Raises NotRestorable with what is wrong, 100 things at most."""
    checking = _Checking(archive, user_id)
    try:
        checked = checking.all(now)
    except _Enough:
        pass
    else:
        if not checking.problems:
            return checked
    raise NotRestorable(tuple(checking.problems))


class _Enough(Exception):
    """Raised when no more has to be looked at."""


class _Checking:
    def __init__(self, archive: ZipReading, user_id: str) -> None:
        self.problems: list[RestoreProblem] = []
        self._archive = archive
        self._user = user_id
        self._hashes: dict[str, str] = {}
        self._trades: dict[str, tuple[int, tuple[str | None, str | None] | None]] = {}
        self._images: dict[str, _OfImage] = {}
        self._external_ids: set[tuple[str, str]] = set()

    def all(self, now: datetime) -> CheckedArchive:
        manifest = self._manifest()
        settings = self._settings()
        checked = CheckedArchive(self._archive, self._user, settings)
        checked.missing_images = frozenset(str(each) for each in manifest.missing_images or ())
        self._accounts(checked)
        self._read(checked, "groups.ndjson", lambda _, group: checked.groups.append(group))
        self._read(checked, "trades.ndjson", lambda line, trade: self._trade(checked, line, trade))
        self._members_of_groups(checked)
        shared: dict[Any, Any] = {}
        self._read(
            checked,
            "executions.ndjson",
            lambda line, one: self._execution(checked, line, sharing(one, shared)),
        )
        self._read(checked, "actions.ndjson", lambda line, action: self._action(checked, line, action))
        self._read(checked, "reconciliations.ndjson", lambda line, made: self._reconciliation(checked, line, made))
        self._cash(checked)
        self._read(checked, "fx.ndjson", lambda *_: None)
        self._read(checked, "mappings.ndjson", lambda line, made: self._mapping(checked, line, made))
        self._derive(checked, now)
        self._files(checked)
        return checked

    def _note(self, code: str, detail: str, member: str | None = None, line: int | None = None) -> None:
        self.problems.append(RestoreProblem(code=code, detail=detail, member=member, line=line))
        if len(self.problems) >= MOST_PROBLEMS:
            raise _Enough

    def _manifest(self) -> models.ExportManifest:
        try:
            manifest = restored.manifest(self._archive.whole(MANIFEST, _MOST_SMALL))
        except BadArchive as error:
            self._note_bad(error)
            raise _Enough from None
        except BadDocument as error:
            self._note(error.code, error.detail, MANIFEST)
            raise _Enough from None
        if manifest.format_version != ARCHIVE_FORMAT_VERSION:
            self._note("FORMAT_VERSION", f"is of another format version than {ARCHIVE_FORMAT_VERSION}", MANIFEST)
            raise _Enough
        named = {member.name: member for member in manifest.members}
        for name in sorted({_SETTINGS, *_PARSERS} - named.keys()):
            self._note("MISSING_MEMBER", "is not in the manifest", name)
        for name in sorted(named.keys() ^ (set(self._archive.names) - {MANIFEST})):
            where = "in the archive" if name in named else "in the manifest"
            self._note("MISSING_MEMBER" if name in named else "UNKNOWN_MEMBER", f"is not {where}", name[:200])
        for name in named.keys() & set(self._archive.names) - {_SETTINGS, *_PARSERS}:
            if not name.startswith(IMAGES):
                self._note("UNKNOWN_MEMBER", "is none that a restore knows", name[:200])
        for name, member in named.items():
            if name in self._archive.names and self._archive.size_of(name) != member.size:
                self._note("HASH_DIFFERS", "has another size than the manifest says", name[:200])
            self._hashes[name] = member.sha256
        if self.problems:
            raise _Enough
        return manifest

    def _settings(self) -> Settings:
        try:
            content = self._archive.verified(_SETTINGS, _MOST_SMALL, self._hashes[_SETTINGS])
            return restored.settings(content, self._user)
        except BadArchive as error:
            self._note_bad(error)
        except BadDocument as error:
            self._note(error.code, error.detail, _SETTINGS)
        raise _Enough

    def _read(self, checked: CheckedArchive, member: str, take: Callable[[int, Any], object]) -> None:
        """Have each document of a member taken, with the number of its line."""
        parse, key_of = _PARSERS[member]
        last = None
        number = 0
        try:
            for number, line in enumerate(self._archive.lines(member, self._hashes[member]), start=1):
                try:
                    document = parse(line, self._user)
                except BadDocument as error:
                    self._note(error.code, error.detail, member, number)
                    continue
                key = key_of(document)
                if last is not None and key <= last:
                    self._note("NOT_IN_ORDER", "does not come behind the line before it, by its id", member, number)
                last = key
                take(number, document)
        except BadArchive as error:
            self._note_bad(error)
        checked.counts[member.removesuffix(".ndjson")] = number

    def _note_bad(self, error: BadArchive) -> None:
        self._note(error.code, error.detail, error.member, error.line)

    def _accounts(self, checked: CheckedArchive) -> None:
        def take(line: int, account: TradingAccount) -> None:
            checked.accounts[account.account_id] = account
            if len(checked.accounts.keys() - {MAIN}) > MOST_ACCOUNTS:
                self._note("TOO_MANY_ITEMS", f"is one of more than {MOST_ACCOUNTS} accounts", "accounts.ndjson", line)

        self._read(checked, "accounts.ndjson", take)
        if not self._is_account(checked, checked.settings.default_account_id):
            self._note("UNKNOWN_ACCOUNT", "/defaultAccountId is none of the accounts", _SETTINGS)

    def _is_account(self, checked: CheckedArchive, account_id: str) -> bool:
        return account_id == MAIN or account_id in checked.accounts

    def _in_account(self, checked: CheckedArchive, account_id: str | None, member: str, line: int) -> None:
        if account_id is None:
            return
        checked.in_use.add(account_id)
        if not self._is_account(checked, account_id):
            self._note("UNKNOWN_ACCOUNT", "/accountId is none of the accounts", member, line)

    def _take_external_id(self, owner: str, external_id: str | None, member: str, line: int) -> None:
        if external_id is None:
            return
        if (owner, external_id) in self._external_ids:
            self._note("ALREADY_TAKEN", "/externalId is that of another line", member, line)
        self._external_ids.add((owner, external_id))

    def _trade(self, checked: CheckedArchive, line: int, trade: Trade | Annotations) -> None:
        member = "trades.ndjson"
        if isinstance(trade, Annotations):
            checked.annotations[trade.trade_id] = trade
            self._trades[trade.trade_id] = line, None
        else:
            self._in_account(checked, trade.account_id, member, line)
            self._trades[trade.trade_id] = line, (trade.account_id, trade.currency)
        self._take_external_id(member, trade.external_id, member, line)
        for image in trade.images:
            if image.image_id in self._images:
                self._note("DUPLICATE_ITEM", "/images has an image of another line", member, line)
            self._images[image.image_id] = _OfImage(line, image.content_type, image.size)

    def _members_of_groups(self, checked: CheckedArchive) -> None:
        grouped: set[str] = set()
        for line, group in enumerate(checked.groups, start=1):
            for trade_id in group.trade_ids:
                if trade_id not in self._trades:
                    self._note("UNKNOWN_TRADE", "/tradeIds has an id of no trade", "groups.ndjson", line)
                if trade_id in grouped:
                    self._note(
                        "IN_ANOTHER_GROUP", "/tradeIds has a trade twice, or of another group", "groups.ndjson", line
                    )
                grouped.add(trade_id)

    def _execution(self, checked: CheckedArchive, line: int, execution: RecordedExecution) -> None:
        self._in_account(checked, execution.account_id, "executions.ndjson", line)
        checked.executions.append(execution)

    def _action(self, checked: CheckedArchive, line: int, action: RecordedAction) -> None:
        self._in_account(checked, action.account_id, "actions.ndjson", line)
        checked.actions.append(action)

    def _reconciliation(self, checked: CheckedArchive, line: int, made: Reconciliation) -> None:
        self._in_account(checked, made.account_id, "reconciliations.ndjson", line)

    def _mapping(self, checked: CheckedArchive, line: int, made: StoredMapping) -> None:
        checked.mappings.append(made)
        if len(checked.mappings) > MOST_MAPPINGS:
            self._note("TOO_MANY_ITEMS", f"is one of more than {MOST_MAPPINGS} mappings", "mappings.ndjson", line)

    def _cash(self, checked: CheckedArchive) -> None:
        member = "cash.ndjson"
        # Of each row of a transfer, the line and the other row.
        sides: dict[tuple[str, str], tuple[int, tuple[str, str]]] = {}

        def take(line: int, row: Cash) -> None:
            self._in_account(checked, row.account_id, member, line)
            self._take_external_id(row.account_id, row.external_id, member, line)
            other = row.counter
            if other is not None and (other.account_id is None) is not (other.cash_id is None):
                self._note("REQUIRED_WITH", "/counter has accountId and cashId or neither", member, line)
            elif other is not None and other.account_id is not None and other.cash_id is not None:
                sides[row.account_id, row.cash_id] = line, (other.account_id, other.cash_id)

        self._read(checked, member, take)
        for key, (line, other) in sides.items():
            if other not in sides or sides[other][1] != key:
                self._note("UNKNOWN_ITEM", "/counter names no row that names this one", member, line)

    def _derive(self, checked: CheckedArchive, now: datetime) -> None:
        """Derive all positions, so that nothing is wrong with them when they are written."""
        if self.problems:
            return
        left = dict(checked.annotations)
        accounts: dict[str, tuple[str | None, str | None]] = {}
        for derived in checked.positions().derived(checked.annotations, now):
            first = derived.executions[0]
            if instrument_errors(derived.executions):
                detail = f"has executions of {first.symbol} in other multipliers or currencies"
                self._note("DIFFERS_FROM_INSTRUMENT", detail, "executions.ndjson")
            for trade in derived.trades:
                left.pop(trade.trade_id, None)
                line, by_hand = self._trades.get(trade.trade_id, (None, None))
                if by_hand is not None or trade.trade_id in accounts:
                    self._note("ALREADY_TAKEN", "/tradeId is that of a trade of executions, too", "trades.ndjson", line)
                accounts[trade.trade_id] = trade.account_id, trade.currency
                for error in trade_errors(trade)[:1]:
                    detail = f"/{error.path[0]} of the trade that follows {error.fault.detail}"
                    self._note(str(error.fault.code), detail, "trades.ndjson", line)
        self._leave_out(checked, left)
        self._one_account_a_group(checked, accounts)

    def _leave_out(self, checked: CheckedArchive, unopened: Mapping[str, Annotations]) -> None:
        """Leave out trades of executions that none opens: an export that is written while a position is being settled
        has trades that are about to vanish, or to be made. Notes that would be lost are told.
        """
        for trade_id, own in unopened.items():
            del checked.annotations[trade_id]
            checked.left_out.add(trade_id)
            if is_written_about(own) and len(checked.warnings) < MOST_PROBLEMS:
                line, _ = self._trades[trade_id]
                detail = "is a trade of executions, of which none opens it: what was written about it is left out"
                warning = RestoreProblem(code="NOT_OPENED", detail=detail, member="trades.ndjson", line=line)
                checked.warnings.append(warning)

    def _one_account_a_group(
        self, checked: CheckedArchive, derived: Mapping[str, tuple[str | None, str | None]]
    ) -> None:
        for line, group in enumerate(checked.groups, start=1):
            there = [trade_id for trade_id in group.trade_ids if trade_id not in checked.left_out]
            members = {derived.get(trade_id) or self._trades[trade_id][1] for trade_id in there}
            if len(members) > 1:
                self._note("OTHER_CURRENCY", "/tradeIds has trades of several accounts", "groups.ndjson", line)

    def _files(self, checked: CheckedArchive) -> None:
        """Compare the images' files with what the trades say of them."""
        names = {name for name in self._archive.names if name.startswith(IMAGES)}
        wanted = {f"{IMAGES}{image_id}" for image_id in self._images.keys() - checked.missing_images}
        for name in sorted(names - wanted):
            self._note("UNKNOWN_MEMBER", "is an image of no trade", name)
        for name in sorted(wanted - names):
            line = self._images[name.removeprefix(IMAGES)].line
            self._note("MISSING_MEMBER", "/images has one that is not in the archive", "trades.ndjson", line)
        for name in sorted(names & wanted):
            try:
                self._file(name, self._images[name.removeprefix(IMAGES)])
            except BadArchive as error:
                self._note_bad(error)
        checked.counts["images"] = len(names)

    def _file(self, name: str, said: _OfImage) -> None:
        content = self._archive.verified(name, MOST_BYTES, self._hashes[name])
        try:
            found = examine(lambda start, count: content[start : start + count], len(content))
        except ImageRejected as error:
            raise BadArchive("MALFORMED", f"is no image: {error.detail}", name) from None
        if (found, len(content)) != (said.content_type, said.size):
            raise BadArchive("DIFFERS_FROM_TRADE", "is not of the type or size that its trade says", name)
