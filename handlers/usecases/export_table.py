"""The content of a table of closes: CSV, written as the trades are read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date

from handlers.documents import csv_rows
from handlers.journal.settings import MAIN
from handlers.storage import erasure_marks, trade_queries, trading_accounts
from handlers.storage.errors import AccountErased
from handlers.usecases.file_writing import in_larger_pieces

MEDIA_TYPE = "text/csv; charset=utf-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """What a table holds: the first and last day of its closes, and the accounts of its trades (all if empty)."""

    first: date | None = None
    last: date | None = None
    account_ids: tuple[str, ...] = ()


def content(user_id: str, table: Table, tell: Callable[[int], None]) -> Iterator[bytes]:
    """The table: its header, then the rows of one trade after the other. `tell` is called with the number of rows so
    far. Raises AccountErased at the end when the erasure of the account has begun meanwhile; Busy.
    """
    return (piece.encode() for piece in in_larger_pieces(_text(user_id, table, tell)))


def _text(user_id: str, table: Table, tell: Callable[[int], None]) -> Iterator[str]:
    yield csv_rows.header()
    written = 0
    settings_and_accounts = trading_accounts.settings_and_accounts(user_id)
    for trade in trade_queries.by_entry(user_id):
        if table.account_ids and (trade.account_id or MAIN) not in table.account_ids:
            continue
        rows = list(csv_rows.rows(trade, table.first, table.last, settings_and_accounts))
        yield "".join(rows)
        written += len(rows)
        tell(written)
    if erasure_marks.has_begun(user_id):
        raise AccountErased(user_id)
