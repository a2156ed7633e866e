"""Trades, closes and images as the documents that the API answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Context, Decimal
from typing import Any

from handlers.documents.fields import columns_of, document, time_text
from handlers.journal.deletions import DeletedTrade
from handlers.journal.images import MOST_BYTES, TIME_TO_SEND, Upload
from handlers.journal.legs import LegMatch
from handlers.journal.money import canonical
from handlers.journal.trade import Close, Entry, Image, Realized, Trade, TradeEvent, TradeSplit

# The largest amount over the smallest has 33 digits before the point: with 6 after it, more than the default's 28.
_RATIO_STEP, _RATIO_CONTEXT = Decimal("1E-6"), Context(prec=50)


def trade_document(trade: Trade) -> dict[str, Any]:
    """The contract's Trade. What the trade does not have is absent."""
    return document(_TRADE, trade)


def deleted_trade_document(deleted: DeletedTrade) -> dict[str, Any]:
    """The contract's DeletedTrade."""
    return {
        "trade": trade_document(deleted.trade),
        "deletedAt": time_text(deleted.deleted_at),
        "restorableUntil": time_text(deleted.restorable_until),
    }


def shown_images(trade: Trade, uploads: Sequence[Upload], address: Callable[[Image], str]) -> list[dict[str, Any]]:
    """The contract's Images as one trade shows them: with addresses, and with the uploads that are no images yet."""
    shown = [{**image_document(image), "url": address(image)} for image in trade.images]
    shown += [_waiting_document(upload) for upload in uploads]
    return sorted(shown, key=lambda image: str(image["createdAt"]))


def upload_document(upload: Upload, url: str, fields: Mapping[str, str]) -> dict[str, Any]:
    """The contract's ImageUpload."""
    return {
        "imageId": upload.image_id,
        "url": url,
        "fields": dict(fields),
        "maxBytes": MOST_BYTES,
        "expiresAt": time_text(upload.created_at + TIME_TO_SEND),
    }


def _waiting_document(upload: Upload) -> dict[str, Any]:
    document = {
        "imageId": upload.image_id,
        "status": "PENDING" if upload.is_pending else "REJECTED",
        "contentType": upload.content_type,
        "reason": upload.reason,
        "reasonCode": upload.reason_code,
        "createdAt": time_text(upload.created_at),
    }
    return {name: value for name, value in document.items() if value is not None}


def image_document(image: Image) -> dict[str, Any]:
    """The contract's Image, of one that is part of a trade; without an address to show it."""
    return {**document(_IMAGE, image), "status": "READY"}


def entry_document(entry: Entry) -> dict[str, Any]:
    """The contract's Entry."""
    return document(_ENTRY, entry)


def close_document(part: Realized) -> dict[str, Any]:
    """The contract's Close."""
    return {**document(_CLOSE, part.close), "realizedPnl": canonical(part.realized_pnl)}


def legs_document(legs: Sequence[Entry | Realized | LegMatch]) -> dict[str, Any]:
    """The contract's TradeLegs."""
    return {
        "entries": [entry_document(leg) for leg in legs if isinstance(leg, Entry)],
        "closes": [close_document(leg) for leg in legs if isinstance(leg, Realized)],
        "matches": [document(_MATCH, leg) for leg in legs if isinstance(leg, LegMatch)],
    }


def event_document(event: TradeEvent) -> dict[str, Any]:
    """The contract's TradeEvent."""
    return document(_EVENT, event)


def split_document(split: TradeSplit) -> dict[str, Any]:
    """The contract's TradeSplit."""
    return document(_SPLIT, split)


def ratio_of(value: Decimal) -> float:
    """A ratio of a trade or a group, to six decimals; never -0.0."""
    return float(value.quantize(_RATIO_STEP, context=_RATIO_CONTEXT)) + 0.0


_ENTRY = columns_of(Entry, without=["sequence"])
_CLOSE = columns_of(Close, without=["sequence"])
_MATCH = columns_of(LegMatch, also=["net"])
_EVENT = columns_of(TradeEvent)
_SPLIT = columns_of(TradeSplit, without=["sequence"])
_IMAGE = columns_of(Image, without=["file_version"])
# A trade's own fields, by their types, then what follows from them.
_TRADE = columns_of(
    Trade,
    # entries are shown when there is one only, too, closes with what they realized, and cancelled as the status
    without=["user_id", "entries", "closes", "cancelled"],
    also=[
        "status",
        "entered",
        "max_quantity",
        "remaining_quantity",
        "realized",
        "event_pnl",
        "realized_partial_pnl",
        "gross_pnl",
        "net_pnl",
        "exit_price",
        "close_date",
        "holding_seconds",
        "r_multiple",
        "risk_reward_ratio",
    ],
    writers={
        "tags": list,  # shown when there is none, too
        "images": lambda images: [image_document(image) for image in images] or None,
        "events": lambda events: [event_document(event) for event in events] or None,
        "splits": lambda splits: [split_document(split) for split in splits] or None,
        "entered": lambda entries: [entry_document(entry) for entry in entries],
        "realized": lambda realized: [close_document(part) for part in realized],
        "r_multiple": ratio_of,
        "risk_reward_ratio": ratio_of,
    },
)
