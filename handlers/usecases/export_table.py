"""Tables of closes: files that are written within the request or, for a long journal, by the queue's function.

The request's parameters and the progress are stored beside the file, since the queue's message names only the file. The
bucket's lifecycle deletes both after a day.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from uuid import UUID

from handlers.documents import csv_rows
from handlers.journal.settings import MAIN
from handlers.storage import bucket, erasure_marks, trade_queries, trading_accounts
from handlers.storage.accounts import Account
from handlers.storage.errors import AccountErased, ExportNotFound
from handlers.storage.queues import export_queue
from handlers.usecases.file_writing import OutOfTime, gathered, now_and_then, within_a_request

VALID_FOR = timedelta(minutes=10)
MEDIA_TYPE = "text/csv; charset=utf-8"
# How long after its last progress a file counts as still being written.
GIVEN_UP_AFTER = timedelta(minutes=20)


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A requested table: the first and last day of its closes, the accounts of its trades (all if empty), and the
    number of rows written so far.
    """

    export_id: str
    created_at: datetime
    first: date | None = None
    last: date | None = None
    account_ids: tuple[str, ...] = ()
    rows_written: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """The address of a finished table, which is valid for ten minutes, and its size in bytes."""

    url: str
    expires_at: datetime
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """The table was given up: nothing has been written for GIVEN_UP_AFTER."""


def create(account: Account, table: Table, now: datetime) -> Written | None:
    """Write the table; if that takes too long, queue it and return None. Raises AccountErased, Busy."""
    if erasure_marks.has_begun(account.user_id):
        raise AccountErased(account.user_id)
    try:
        size = _write(account, table.export_id, within_a_request(_text_of(account, table)))
    except OutOfTime:
        # Stored before the message is sent, which names only the file.
        _keep(account, table)
        export_queue().send({"userId": account.user_id, "username": account.username, "exportId": table.export_id})
        return None
    _keep(account, table)
    return _written(account, table, size, now)


def state(account: Account, export_id: str, now: datetime) -> tuple[Table, Written | Stopped | None]:
    """The table of that id, and its file, or that it was given up; None while it is being written.

    Raises ExportNotFound, Busy.
    """
    table = _kept(account, export_id)
    found = bucket.found(_prefix(account, export_id))
    if file := found.get(".csv"):
        return table, _written(account, table, file.size, now)
    progress = found.get(".json")
    if progress is None or progress.changed_at < now - GIVEN_UP_AFTER:
        return table, Stopped()
    return table, None


def write(account: Account, export_id: str) -> int:
    """Write the table of that id. Returns its size in bytes.

    Raises ExportNotFound, AccountErased, Busy.
    """
    table = _kept(account, export_id)
    tell = now_and_then(lambda rows: _keep(account, replace(table, rows_written=rows)))
    return _write(account, export_id, _text_of(account, table, tell))


def _write(account: Account, export_id: str, text: Iterable[str]) -> int:
    pieces = (piece.encode() for piece in gathered(text))
    return bucket.write(_file(account, export_id), pieces, MEDIA_TYPE)


def _text_of(account: Account, table: Table, tell: Callable[[int], None] = lambda _: None) -> Iterator[str]:
    """The table: its header, then the rows of one trade after the other. `tell` is called with the number of rows so
    far.
    """
    yield csv_rows.header()
    written = 0
    standing = trading_accounts.standing(account.user_id)
    for trade in trade_queries.by_entry(account.user_id):
        if table.account_ids and (trade.account_id or MAIN) not in table.account_ids:
            continue
        rows = list(csv_rows.rows(trade, table.first, table.last, standing))
        yield "".join(rows)
        written += len(rows)
        tell(written)
    if erasure_marks.has_begun(account.user_id):
        raise AccountErased(account.user_id)


def _written(account: Account, table: Table, size: int, now: datetime) -> Written:
    saved_as = f"closes-{table.created_at:%Y-%m-%d}.csv"
    key = _file(account, table.export_id)
    url = bucket.address(key, name=saved_as, media_type=MEDIA_TYPE, valid_for=VALID_FOR)
    return Written(url=url, expires_at=now + VALID_FOR, size=size)


def _keep(account: Account, table: Table) -> None:
    bucket.write_whole(_prefix(account, table.export_id) + ".json", json.dumps(asdict(table), default=str).encode())


def _kept(account: Account, export_id: str) -> Table:
    content = bucket.read_whole(_prefix(account, export_id) + ".json")
    if content is None:
        raise ExportNotFound(export_id)
    stored = json.loads(content)
    days = {name: date.fromisoformat(stored[name]) for name in ("first", "last") if stored[name]}
    return Table(
        export_id=stored["export_id"],
        created_at=datetime.fromisoformat(stored["created_at"]),
        account_ids=tuple(stored["account_ids"]),
        rows_written=stored["rows_written"],
        **days,
    )


def _file(account: Account, export_id: str) -> str:
    return _prefix(account, export_id) + ".csv"


def _prefix(account: Account, export_id: str) -> str:
    # Sorts after the files of the account's own export, of which only the first page is listed.
    return f"{bucket.EXPORTS}{account.user_id}/tables/{UUID(export_id)}"
