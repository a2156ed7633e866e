"""The export of an account: one gzip-compressed JSON document of all that its user has, written as it is read.

Neither the document nor any part of it that grows with the account is ever held in memory. A request has half a minute;
an account that takes longer is exported by a queue's function. Until it is done, requests get its progress.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from handlers.documents import trades as documents
from handlers.documents.fields import as_json, time_text
from handlers.documents.groups import group_document
from handlers.documents.ledger import (
    account_document,
    cash_document,
    rate_document,
    reconciliation_document,
    settings_document,
)
from handlers.documents.recorded_executions import action_document, execution_document
from handlers.documents.stats import Frame, stats_document
from handlers.journal.stats.folding import fold
from handlers.journal.trade import Image, Trade
from handlers.storage import (
    accounts,
    bucket,
    cash,
    corporate_actions,
    deleted_trades,
    erasure_marks,
    executions,
    image_files,
    rates,
    reconciliations,
    trade_queries,
    trading_accounts,
)
from handlers.storage.accounts import Account
from handlers.storage.errors import AccountErased
from handlers.storage.image_files import ImagePlace
from handlers.storage.queues import export_queue
from handlers.usecases import groups, statistics
from handlers.usecases.file_writing import NoTimeToWrite, in_larger_pieces, now_and_then, within_a_request

ACCOUNT_FORMAT_VERSION = 1
VALID_FOR = timedelta(minutes=10)
# The file itself is compressed, and not its transfer: a browser saves it as it is.
MEDIA_TYPE = "application/gzip"

# The files of a user's exports: the last one that a request wrote, the last one that the queue's function wrote, and
# that function's progress. The bucket's lifecycle deletes them after a day.
AT_ONCE, PREPARED, PROGRESS = "export.json.gz", "prepared.json.gz", "progress.json"

_GZIP = 31  # zlib's number for gzip's format

# How long a file of the queue's function is given to requests, and how long after its last progress that function
# counts as still writing.
PREPARED_FOR = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class AccountExportFile:
    """A file that was written: its address, its size in bytes, and when the address expires."""

    url: str
    size: int
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class UnderWay:
    """A file that the queue's function is writing: when it was asked for, and how many trades are written."""

    started_at: datetime
    trades_written: int


def export(account: Account, now: datetime) -> AccountExportFile | UnderWay:
    """Write the account into a file, or return the file that was just prepared.

    An account that takes too long for a request is exported by the queue's function. Raises AccountErased, Busy,
    Throttled.
    """
    if erasure_marks.has_begun(account.user_id):
        raise AccountErased(account.user_id)
    found = {name: file for name, file in _files(account).items() if file.changed_at > now - PREPARED_FOR}
    if PREPARED in found:
        return _export_of(account, PREPARED, found[PREPARED].size, now)
    if PROGRESS in found:
        return _progress(account) or UnderWay(found[PROGRESS].changed_at, 0)
    try:
        size = _write(account, AT_ONCE, within_a_request(text_of(account, now)))
    except NoTimeToWrite:
        # Send the message first: if progress were written and the message not sent, later requests would wait for
        # nothing.
        export_queue().send({"userId": account.user_id, "username": account.username})
        return _write_progress(account, UnderWay(now, 0))
    return _export_of(account, AT_ONCE, size, now)


def prepare(account: Account, now: datetime) -> int:
    """Write the account into a file for the next request, and the progress beside it. Returns the file's size in bytes.

    Raises AccountErased, Busy, Throttled.
    """
    asked = _progress(account)
    started_at = now if asked is None else asked.started_at
    count = now_and_then(lambda written: _write_progress(account, UnderWay(started_at, written)))
    return _write(account, PREPARED, text_of(account, now, count))


def _write(account: Account, name: str, text: Iterable[str]) -> int:
    return bucket.write(_key(account, name), compressed(text), MEDIA_TYPE)


def _write_progress(account: Account, progress: UnderWay) -> UnderWay:
    text = as_json({"startedAt": progress.started_at.isoformat(), "tradesWritten": progress.trades_written})
    bucket.write_whole(_key(account, PROGRESS), text.encode())
    return progress


def _progress(account: Account) -> UnderWay | None:
    """The progress that was written last; None without one."""
    content = bucket.read_whole(_key(account, PROGRESS))
    if content is None:
        return None
    stored = json.loads(content)
    return UnderWay(datetime.fromisoformat(stored["startedAt"]), stored["tradesWritten"])


def _export_of(account: Account, name: str, size: int, now: datetime) -> AccountExportFile:
    saved_as = f"trading-journal-{now:%Y-%m-%d}.json.gz"
    url = bucket.address(_key(account, name), name=saved_as, media_type=MEDIA_TYPE, valid_for=VALID_FOR)
    return AccountExportFile(url=url, size=size, expires_at=now + VALID_FOR)


def _files(account: Account) -> Mapping[str, bucket.StoredFile]:
    return bucket.found(_key(account, ""))


def _key(account: Account, name: str) -> str:
    return f"{bucket.EXPORTS}{account.user_id}/{name}"


def text_of(account: Account, now: datetime, count: Callable[[int], None] = lambda _: None) -> Iterator[str]:
    """The export's document in pieces. `count` is called with the number of trades so far.

    Raises AccountErased at the end when the erasure of the account has begun meanwhile.
    """
    yield f'{{"formatVersion":{ACCOUNT_FORMAT_VERSION},"exportedAt":{as_json(time_text(now))}'
    for name, section in SECTIONS:
        yield f",\n{as_json(name)}:"
        yield from section(account, count)
    yield "}\n"
    if erasure_marks.has_begun(account.user_id):
        raise AccountErased(account.user_id)


def compressed(text: Iterable[str]) -> Iterator[bytes]:
    """The text compressed with gzip, in pieces."""
    compressor = zlib.compressobj(wbits=_GZIP)
    for written in in_larger_pieces(text):
        if piece := compressor.compress(written.encode()):
            yield piece
    yield compressor.flush()


def _profile(account: Account, _: object) -> Iterator[str]:
    profile = accounts.profile(account)
    yield as_json({"sub": account.user_id, "email": profile.email, "createdAt": time_text(profile.created_at)})


def _list(documents: Iterable[Any]) -> Iterator[str]:
    """A list, each document on a line of its own."""
    separator = "[\n"
    for document in documents:
        yield separator + as_json(document)
        separator = ",\n"
    yield "[]" if separator == "[\n" else "\n]"


def _trades(account: Account, count: Callable[[int], None]) -> Iterator[str]:
    """As getTrade shows them."""
    return _list(_shown_trades(account.user_id, count))


def _shown_trades(user_id: str, count: Callable[[int], None]) -> Iterator[Any]:
    for number, trade in enumerate(trade_queries.every_trade(user_id), start=1):
        document = documents.trade_document(trade)
        if trade.images:
            document["images"] = documents.shown_images(trade, (), partial(_address, trade))
        yield document
        count(number)


def _deleted_trades(account: Account, _: object) -> Iterator[str]:
    """As listDeletedTrades shows them."""
    deleted = deleted_trades.every_deleted(account.user_id, datetime.now(UTC))
    return _list(map(documents.deleted_trade_document, deleted))


def _corporate_actions(account: Account, _: object) -> Iterator[str]:
    """The corporate actions, by symbol and time."""
    return _list(map(action_document, corporate_actions.every(account.user_id)))


def _executions(account: Account, _: object) -> Iterator[str]:
    """As getExecution shows them."""
    return _list(map(execution_document, executions.every(account.user_id)))


def _groups(account: Account, _: object) -> Iterator[str]:
    """As getGroup shows them."""
    return _list(group_document(shown.group, shown.trades) for shown in groups.every(account.user_id))


def _settings(account: Account, _: object) -> Iterator[str]:
    """As getSettings shows them."""
    yield as_json(settings_document(trading_accounts.settings(account.user_id)))


def _trading_accounts(account: Account, _: object) -> Iterator[str]:
    """As listTradingAccounts shows them."""
    yield as_json([account_document(each) for each in trading_accounts.every(account.user_id)])


def _cash(account: Account, _: object) -> Iterator[str]:
    """As getCash shows it."""
    return _list(map(cash_document, cash.every(account.user_id)))


def _reconciliations(account: Account, _: object) -> Iterator[str]:
    """As getReconciliation shows them."""
    return _list(map(reconciliation_document, reconciliations.every(account.user_id)))


def _rates(account: Account, _: object) -> Iterator[str]:
    """As listRates shows them."""
    return _list(map(rate_document, rates.stored(account.user_id)))


def _statistics(account: Account, _: object) -> Iterator[str]:
    """As getStats shows them, of the whole journal."""
    opened = statistics.opened(account.user_id, None, None, statistics.of_everything)
    journal = fold(opened.selected())
    frame = Frame(
        question=opened.question,
        tolerance=opened.settings_and_accounts.settings.breakeven_tolerance,
        as_of=opened.reading.last_updated,
        conversion=opened.conversion,
    )
    yield as_json(stats_document(journal, None, frame))


def _address(trade: Trade, image: Image) -> str:
    return image_files.address(ImagePlace(trade.user_id, trade.trade_id, image.image_id), image)


# What the document holds beyond its version and its time, by name.
SECTIONS: tuple[tuple[str, Callable[[Account, Callable[[int], None]], Iterator[str]]], ...] = (
    ("profile", _profile),
    ("trades", _trades),
    ("deletedTrades", _deleted_trades),
    ("groups", _groups),
    ("executions", _executions),
    ("corporateActions", _corporate_actions),
    ("settings", _settings),
    ("tradingAccounts", _trading_accounts),
    ("cash", _cash),
    ("reconciliations", _reconciliations),
    ("rates", _rates),
    ("statistics", _statistics),
)
