"""Files that a user asked for: written within the request or, of a long journal, by the queue's function.

The request's parameters and the progress are stored beside the file, since the queue's message names only the file. The
bucket's lifecycle deletes both after a day.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple
from uuid import NAMESPACE_OID, UUID, uuid4, uuid5

from handlers.storage import bucket, erasure_marks, kept_answers, ledger
from handlers.storage.accounts import Account
from handlers.storage.errors import AccountErased, ExportNotFound
from handlers.storage.queues import export_queue
from handlers.storage.trade_items import KeptAnswer
from handlers.usecases import export_archive, export_table
from handlers.usecases.file_writing import NoTimeToWrite, now_and_then, within_a_request
from handlers.usecases.keyed import KeyedRequest

VALID_FOR = timedelta(minutes=10)
# How long after its last progress a file counts as still being written.
GIVEN_UP_AFTER = timedelta(minutes=20)
# How many files are listed.
MOST_LISTED = 20


class ExportFormat(StrEnum):
    """What a file is: a table of closes, or an archive of the whole journal."""

    CSV = "CSV"
    ZIP = "ZIP"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportRequest:
    """A file that was asked for, and the number of rows or lines that are written so far.

    Of a table: the first and last day of its closes, and the accounts of its trades (all if empty).
    """

    export_id: str
    created_at: datetime
    format: ExportFormat
    first: date | None = None
    last: date | None = None
    account_ids: tuple[str, ...] = ()
    rows_written: int = 0

    @property
    def _begins(self) -> str:
        return "closes" if self.format is ExportFormat.CSV else "journal"

    @property
    def saved_as(self) -> str:
        """The name under which a browser saves the file."""
        return f"{self._begins}-{self.created_at:%Y-%m-%d}.{self.format.lower()}"

    @property
    def media_type(self) -> str:
        """The media type of the file."""
        return export_table.MEDIA_TYPE if self.format is ExportFormat.CSV else export_archive.MEDIA_TYPE


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportFile:
    """The address of a finished file, which is valid for ten minutes, and its size in bytes."""

    url: str
    expires_at: datetime
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """The file was given up: nothing has been written for GIVEN_UP_AFTER."""


State = ExportFile | Stopped | None


class Export(NamedTuple):
    """A file that was asked for, and where it is; `written` is None while it is being written."""

    asked: ExportRequest
    written: ExportFile | None


def new_id(user_id: str, keyed: KeyedRequest[Export] | None) -> str:
    """An id for a file: that of the same request, if it has an idempotency key, so that two at once write one file."""
    if keyed is None:
        return str(uuid4())
    return str(uuid5(NAMESPACE_OID, "|".join((user_id, keyed.fingerprint, keyed.key))))


def create(
    account: Account, asked: ExportRequest, now: datetime, keyed: KeyedRequest[Export] | None = None
) -> tuple[Export | None, KeptAnswer | None]:
    """Write the file, unless the same request did before; if that takes too long, queue it.

    Returns it, or the answer kept for the earlier request. Raises KeyReused, AccountErased, Busy.
    """
    user = account.user_id
    if keyed is not None and (earlier := kept_answers.for_key(user, keyed.key, keyed.fingerprint, now)) is not None:
        return None, earlier
    if erasure_marks.has_begun(user):
        raise AccountErased(user)
    made = Export(asked, _written_or_queued(account, asked, now))
    if keyed is not None:
        earlier, _ = ledger.write_once(user, [], keyed.answer(made), now)
        if earlier is not None:
            return None, earlier
    return made, None


def _written_or_queued(account: Account, asked: ExportRequest, now: datetime) -> ExportFile | None:
    try:
        size = _write(account, asked, within_a_request(_content(account, asked)))
    except NoTimeToWrite:
        # Stored before the message is sent, which names only the file.
        _keep(account, asked)
        export_queue().send({"userId": account.user_id, "username": account.username, "exportId": asked.export_id})
        return None
    _keep(account, asked)
    return _written(account, asked, size, now)


def state(account: Account, export_id: str, now: datetime) -> tuple[ExportRequest, State]:
    """The file of that id as it was asked for, and where it is, or that it was given up; None while it is being
    written.

    Raises ExportNotFound, Busy.
    """
    return _state(account, export_id, bucket.found(_prefix(account, export_id)), now)


def newest(account: Account, now: datetime) -> list[tuple[ExportRequest, State]]:
    """The files that were asked for last, at most MOST_LISTED of the day that they are kept, the newest first.

    Raises Busy.
    """
    found: dict[str, dict[str, bucket.StoredFile]] = {}
    for name, file in bucket.found(_prefix(account)).items():
        export_id, _, extension = name.partition(".")
        found.setdefault(export_id, {})[f".{extension}"] = file
    asked_for = [each for each, files in found.items() if ".json" in files]
    asked_for.sort(key=lambda each: found[each][".json"].changed_at, reverse=True)
    shown = [_state(account, each, found[each], now) for each in asked_for[:MOST_LISTED]]
    return sorted(shown, key=lambda each: (each[0].created_at, each[0].export_id), reverse=True)


def write(account: Account, export_id: str) -> int:
    """Write the file of that id. Returns its size in bytes.

    Raises ExportNotFound, AccountErased, Busy.
    """
    asked = _kept(account, export_id)
    tell = now_and_then(lambda rows: _keep(account, replace(asked, rows_written=rows)))
    return _write(account, asked, _content(account, asked, tell))


def _content(account: Account, asked: ExportRequest, tell: Callable[[int], None] = lambda _: None) -> Iterator[bytes]:
    if asked.format is ExportFormat.ZIP:
        return export_archive.content(account.user_id, tell)
    wanted = export_table.Table(first=asked.first, last=asked.last, account_ids=asked.account_ids)
    return export_table.content(account.user_id, wanted, tell)


def _write(account: Account, asked: ExportRequest, content: Iterable[bytes]) -> int:
    return bucket.write(_file(account, asked), content, asked.media_type)


def _state(
    account: Account, export_id: str, found: dict[str, bucket.StoredFile], now: datetime
) -> tuple[ExportRequest, State]:
    asked = _kept(account, export_id)
    if file := found.get(f".{asked.format.lower()}"):
        return asked, _written(account, asked, file.size, now)
    progress = found.get(".json")
    if progress is None or progress.changed_at < now - GIVEN_UP_AFTER:
        return asked, Stopped()
    return asked, None


def _written(account: Account, asked: ExportRequest, size: int, now: datetime) -> ExportFile:
    key = _file(account, asked)
    url = bucket.address(key, name=asked.saved_as, media_type=asked.media_type, valid_for=VALID_FOR)
    return ExportFile(url=url, expires_at=now + VALID_FOR, size=size)


def _keep(account: Account, asked: ExportRequest) -> None:
    content = json.dumps(asdict(asked), default=str).encode()
    bucket.write_whole(_prefix(account, asked.export_id) + ".json", content)


def _kept(account: Account, export_id: str) -> ExportRequest:
    content = bucket.read_whole(_prefix(account, export_id) + ".json")
    if content is None:
        raise ExportNotFound(export_id)
    stored = json.loads(content)
    days = {name: date.fromisoformat(stored[name]) for name in ("first", "last") if stored[name]}
    return ExportRequest(
        export_id=stored["export_id"],
        created_at=datetime.fromisoformat(stored["created_at"]),
        format=ExportFormat(stored.get("format", ExportFormat.CSV)),  # absent from those of earlier releases
        account_ids=tuple(stored["account_ids"]),
        rows_written=stored["rows_written"],
        **days,
    )


def _file(account: Account, asked: ExportRequest) -> str:
    return f"{_prefix(account, asked.export_id)}.{asked.format.lower()}"


def _prefix(account: Account, export_id: str | None = None) -> str:
    # Sorts after the files of the account's own export, of which only the first page is listed.
    prefix = f"{bucket.EXPORTS}{account.user_id}/tables/"
    return prefix if export_id is None else f"{prefix}{UUID(export_id)}"
