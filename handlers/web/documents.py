"""Trades as the contract writes them, and as the journal holds them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from decimal import Context, Decimal
from enum import StrEnum
from typing import Any
from uuid import uuid4

from handlers.journal.errors import FieldError, RuleBroken
from handlers.journal.images import MOST_BYTES, TIME_TO_SEND, Upload
from handlers.journal.money import canonical
from handlers.journal.trades import Close, Image, JournalNotes, Realized, Side, Trade, open_trade

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
    return open_trade(trade, closes, exit_in_short=in_short)


def changes(given: Mapping[str, Any], trade: Trade) -> dict[str, Any]:
    """What a JSON merge patch (RFC 7396), by the journal's names, changes in the trade; None removes."""
    values = dict(given)
    if "status" in values:
        values["cancelled"] = values.pop("status") is not None
    if values.get("side") is not None:
        values["side"] = Side(values["side"])
    if values.get("psychology") is not None:
        merged = {**trade.notes.psychology, **values["psychology"]}
        values["psychology"] = {name: moved for name, moved in merged.items() if moved is not None}
    return _notes(values)


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
        errors.append(FieldError("/exitPrice", "is required with closeDate"))
    if close_date is None:
        errors.append(FieldError("/closeDate", "is required with exitPrice"))
    if closes:
        errors.append(FieldError("/closes", "cannot be given together with exitPrice and closeDate"))
    return errors


def trade_document(trade: Trade) -> dict[str, Any]:
    """The contract's Trade. What the trade does not have is absent."""
    notes = trade.notes
    document = {
        "tradeId": trade.trade_id,
        "symbol": trade.symbol,
        "side": trade.side,
        "status": trade.status,
        "quantity": _decimal(trade.quantity),
        "remainingQuantity": _decimal(trade.remaining_quantity),
        "openDate": time_text(trade.open_date),
        "closeDate": time_text(trade.close_date),
        "entryPrice": _decimal(trade.entry_price),
        "exitPrice": _decimal(trade.exit_price),
        "stopLoss": _decimal(trade.stop_loss),
        "takeProfit": _decimal(trade.take_profit),
        "multiplier": _decimal(trade.multiplier),
        "commission": _decimal(trade.commission),
        "fees": _decimal(trade.fees),
        "riskAmount": _decimal(trade.risk_amount),
        "setupType": notes.setup_type,
        "timeframe": notes.timeframe,
        "marketCondition": notes.market_condition,
        "tradingSession": notes.trading_session,
        "tradeGrade": notes.trade_grade,
        "confidence": notes.confidence,
        "setupQuality": notes.setup_quality,
        "execution": notes.execution,
        "emotionalState": notes.emotional_state,
        "psychology": dict(notes.psychology) or None,
        "preTradeNotes": notes.pre_trade_notes,
        "postTradeNotes": notes.post_trade_notes,
        "mistakes": notes.mistakes,
        "lessons": notes.lessons,
        "newsEvents": notes.news_events or None,
        "economicEvents": notes.economic_events or None,
        "tags": notes.tags,
        "images": [image_document(image) for image in trade.images] or None,
        "partialCloses": [_close_document(part) for part in trade.realized],
        "realizedPartialPnl": _decimal(trade.realized_partial_pnl),
        "pnl": _decimal(trade.pnl),
        "netPnl": _decimal(trade.net_pnl),
        "rMultiple": _ratio(trade.r_multiple),
        "riskRewardRatio": _ratio(trade.risk_reward_ratio),
        "holdingSeconds": trade.holding_seconds,
        "idempotencyKey": trade.idempotency_key,
        "version": trade.version,
        "createdAt": time_text(trade.created_at),
        "updatedAt": time_text(trade.updated_at),
    }
    return {name: value for name, value in document.items() if value is not None}


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
        "createdAt": time_text(upload.created_at),
    }
    return {name: value for name, value in document.items() if value is not None}


def image_document(image: Image) -> dict[str, Any]:
    """The contract's Image, of one that is part of a trade; without an address to show it."""
    return {
        "imageId": image.image_id,
        "status": "READY",
        "contentType": image.content_type,
        "size": image.size,
        "createdAt": time_text(image.created_at),
    }


def _close_document(part: Realized) -> dict[str, Any]:
    return {
        "closeId": part.close.close_id,
        "quantity": canonical(part.close.quantity),
        "price": canonical(part.close.price),
        "closedAt": time_text(part.close.closed_at),
        "commission": canonical(part.close.commission),
        "fees": canonical(part.close.fees),
        "realizedPnl": canonical(part.realized_pnl),
    }


def _decimal(value: Decimal | None) -> str | None:
    return None if value is None else canonical(value)


def _ratio(value: Decimal | None) -> float | None:
    return None if value is None else float(value.quantize(_RATIO_STEP, context=_RATIO_CONTEXT))


def time_text(moment: datetime | None) -> str | None:
    """RFC 3339, with the offset that the moment was given with; Z for none."""
    if moment is None:
        return None
    text = moment.isoformat()
    return text.removesuffix("+00:00") + "Z" if text.endswith("+00:00") else text
