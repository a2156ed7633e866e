"""Trades as the contract writes them, and as the journal holds them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from datetime import datetime
from decimal import Context, Decimal
from enum import StrEnum
from typing import Any
from uuid import uuid4

from handlers.documents.fields import columns_of, document, time_text
from handlers.journal.errors import FieldError, RuleBroken
from handlers.journal.images import MOST_BYTES, TIME_TO_SEND, Upload
from handlers.journal.money import canonical
from handlers.journal.trade import Close, Image, JournalNotes, Realized, Side, Trade, open_trade

# The largest amount over the smallest has 24 digits before the point: with 6 after it, more than the default's 28.
_RATIO_STEP, _RATIO_CONTEXT = Decimal("1E-6"), Context(prec=50)

_NOTES = tuple(note.name for note in fields(JournalNotes))


def opened_trade(given: Mapping[str, Any], *, user: str, idempotency_key: str | None, now: datetime) -> Trade:
    """The trade that a client asks to record: the values of a TradeInput, by the journal's names. Raises RuleBroken."""
    values = dict(given)
    closes = [_close(close) for close in values.pop("closes", [])]
    status, exit_price, close_date = (values.pop(name, None) for name in ("status", "exit_price", "close_date"))
    in_short = exit_price is not None or close_date is not None
    if in_short:
        if errors := _short_exit_errors(exit_price, close_date, closes):
            raise RuleBroken(errors)
        closes = [_close({"quantity": values["quantity"], "price": exit_price, "closed_at": close_date})]
    notes = _notes({name: values.pop(name) for name in _NOTES if name in values})
    trade = Trade(
        user_id=user,
        trade_id=str(uuid4()),
        side=Side(values.pop("side")),
        cancelled=status is not None,
        notes=JournalNotes(**notes),
        idempotency_key=idempotency_key,
        created_at=now,
        updated_at=now,
        **values,
    )
    try:
        return open_trade(trade, closes)
    except RuleBroken as error:
        if not in_short:
            raise
        raise RuleBroken(_of_short_exit(error.errors)) from None


def _of_short_exit(errors: Sequence[FieldError]) -> list[FieldError]:
    """The errors, those of the one close at the fields by which it was given. Trade and close share the quantity."""
    renamed = {"price": "exit_price", "closed_at": "close_date"}
    moved = [
        replace(error, path=(renamed.get(str(error.path[2]), error.path[2]),)) if len(error.path) > 2 else error
        for error in errors
    ]
    return list(dict.fromkeys(moved))


def changes(given: Mapping[str, Any], trade: Trade) -> dict[str, Any]:
    """What a JSON merge patch (RFC 7396), by the journal's names, changes in the trade; None removes."""
    values = dict(given)
    if "status" in values:
        values["cancelled"] = values.pop("status") is not None
    if values.get("psychology") is not None:
        merged = {**trade.notes.psychology, **values["psychology"]}
        values["psychology"] = {name: moved for name, moved in merged.items() if moved is not None}
    values = _notes(values)
    if values.get("side") is not None:
        values["side"] = Side(values["side"])
    return values


def _notes(values: dict[str, Any]) -> dict[str, Any]:
    """The values with the types that the journal keeps: tuples for lists, plain text for the grade."""
    return {
        name: tuple(value) if isinstance(value, list) else str(value) if isinstance(value, StrEnum) else value
        for name, value in values.items()
    }


def _close(values: Mapping[str, Any]) -> Close:
    return Close(close_id=str(uuid4()), **values)


def _short_exit_errors(
    exit_price: Decimal | None, close_date: datetime | None, closes: list[Close]
) -> list[FieldError]:
    errors = []
    if exit_price is None:
        errors.append(FieldError(("exit_price",), "is required with closeDate"))
    if close_date is None:
        errors.append(FieldError(("close_date",), "is required with exitPrice"))
    if closes:
        errors.append(FieldError(("closes",), "cannot be given together with exitPrice and closeDate"))
    return errors


def trade_document(trade: Trade) -> dict[str, Any]:
    """The contract's Trade. What the trade does not have is absent."""
    return document(_TRADE, trade)


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


def _close_document(part: Realized) -> dict[str, Any]:
    return {**document(_CLOSE, part.close), "realizedPnl": canonical(part.realized_pnl)}


def _ratio(value: Decimal) -> float:
    return float(value.quantize(_RATIO_STEP, context=_RATIO_CONTEXT))


_CLOSE = columns_of(Close)
_IMAGE = columns_of(Image, without=["file_version"])
# A trade's own fields, by their types, then what follows from them.
_TRADE = columns_of(
    Trade,
    # closes are shown with what they realized, and cancelled as the status
    without=["user_id", "closes", "cancelled"],
    also=[
        "status",
        "remaining_quantity",
        "realized",
        "realized_partial_pnl",
        "pnl",
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
        "realized": lambda realized: [_close_document(part) for part in realized],
        "r_multiple": _ratio,
        "risk_reward_ratio": _ratio,
    },
)
