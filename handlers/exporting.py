"""The export of an account: one gzip-compressed JSON document of all that its user has, written as it is read.

Neither the document nor any part of it that grows with the account is ever held in memory.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from uuid import uuid4

from handlers import documents
from handlers.journal.trades import Image, Trade
from handlers.replies import as_json
from handlers.storage import accounts, erasure, files, image_files, listing
from handlers.storage.accounts import Account
from handlers.storage.errors import AccountErased
from handlers.storage.image_files import Place

FORMAT_VERSION = 1
VALID_FOR = timedelta(minutes=10)
# A file that happens to be compressed, and not a document in transfer: the browser is to save it as it is.
MEDIA_TYPE = "application/gzip"

_WRITTEN_AT_ONCE = 64 * 1024
_GZIP = 31  # zlib's number for gzip's format


@dataclass(frozen=True, slots=True)
class Export:
    """A file that was written, and for how long it can be had."""

    url: str
    size: int
    expires_at: datetime


def export(account: Account, now: datetime) -> Export:
    """Write the account into a file. Raises AccountErased, Busy, Throttled."""
    key = f"{files.EXPORTS}{account.user_id}/{uuid4()}.json.gz"
    size = files.write(key, compressed(text_of(account, now)), MEDIA_TYPE)
    url = files.address(key, name=f"trading-journal-{now:%Y-%m-%d}.json.gz", media_type=MEDIA_TYPE, valid_for=VALID_FOR)
    return Export(url=url, size=size, expires_at=now + VALID_FOR)


def text_of(account: Account, now: datetime) -> Iterator[str]:
    """The document, in pieces. Raises AccountErased also at its end, for an erasing that has begun meanwhile."""
    if erasure.has_begun(account.user_id):
        raise AccountErased(account.user_id)
    yield f'{{"formatVersion":{FORMAT_VERSION},"exportedAt":{as_json(documents.time_text(now))}'
    for name, section in SECTIONS:
        yield f",\n{as_json(name)}:"
        yield from section(account)
    yield "}\n"
    if erasure.has_begun(account.user_id):
        raise AccountErased(account.user_id)


def compressed(text: Iterable[str]) -> Iterator[bytes]:
    """The text as gzip writes it, in pieces of its own size."""
    compressor = zlib.compressobj(wbits=_GZIP)
    for written in _gathered(text):
        if piece := compressor.compress(written.encode()):
            yield piece
    yield compressor.flush()


def _gathered(text: Iterable[str]) -> Iterator[str]:
    """The same text in fewer pieces."""
    pieces, size = [], 0
    for piece in text:
        pieces.append(piece)
        size += len(piece)
        if size >= _WRITTEN_AT_ONCE:
            yield "".join(pieces)
            pieces, size = [], 0
    yield "".join(pieces)


def _profile(account: Account) -> Iterator[str]:
    profile = accounts.profile(account)
    yield as_json(
        {"sub": account.user_id, "email": profile.email, "createdAt": documents.time_text(profile.created_at)}
    )


def _trades(account: Account) -> Iterator[str]:
    """Each on a line of its own, as getTrade shows it."""
    separator = "[\n"
    for trade in listing.every_trade(account.user_id):
        document = documents.trade_document(trade)
        if trade.images:
            document["images"] = documents.shown_images(trade, (), partial(_address, trade))
        yield separator + as_json(document)
        separator = ",\n"
    yield "[]" if separator == "[\n" else "\n]"


def _address(trade: Trade, image: Image) -> str:
    return image_files.address(Place(trade.user_id, trade.trade_id, image.image_id), image)


# What the document holds beyond its version and its time, by name.
SECTIONS: tuple[tuple[str, Callable[[Account], Iterator[str]]], ...] = (
    ("profile", _profile),
    ("trades", _trades),
)
