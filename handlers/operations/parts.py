"""The operations on a trade's entries, closes, events and splits: parse, call the use case, reply."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from generated import models
from handlers.documents.trades import close_document, entry_document, event_document, split_document
from handlers.journal.changes import close_of, entry_of, event_of, split_of
from handlers.operations.trade_answers import part_made, shown
from handlers.storage import trades
from handlers.usecases import closes, entries, events, splits
from handlers.web.etags import etag
from handlers.web.etags import if_match as allowed_by
from handlers.web.responses import reply, reply_text


async def get_entry(trade_id: str, entry_id: str, user: str) -> Response:
    """Show one entry."""
    trade = trades.get(user, trade_id.lower())
    return reply(200, entry_document(entry_of(trade, entry_id.lower())), {"ETag": etag(trade.version)})


async def add_entry(
    trade_id: str,
    document: Any,
    user: str,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Response:
    """Record a further entry of a trade."""
    given = models.EntryInput.model_validate(document)
    return part_made(
        entries.record,
        given,
        user=user,
        trade_id=trade_id,
        parts="entries",
        operation_id="addEntry",
        idempotency_key=idempotency_key,
        if_match=if_match,
    )


async def update_entry(trade_id: str, entry_id: str, document: Any, user: str, if_match: str | None = None) -> Response:
    """Correct an entry by a JSON merge patch."""
    given = models.EntryUpdateInput.model_validate(document)
    trade = entries.correct(user, trade_id.lower(), entry_id.lower(), given, allowed=allowed_by(if_match))
    return reply_text(200, *shown(trade))


async def delete_entry(trade_id: str, entry_id: str, user: str, if_match: str | None = None) -> Response:
    """Delete an entry."""
    trade = entries.take_back(user, trade_id.lower(), entry_id.lower(), allowed=allowed_by(if_match))
    return reply_text(200, *shown(trade))


async def get_close(trade_id: str, close_id: str, user: str) -> Response:
    """Show one close."""
    trade = trades.get(user, trade_id.lower())
    close = close_of(trade, close_id.lower())
    [part] = [part for part in trade.realized if part.close is close]
    return reply(200, close_document(part), {"ETag": etag(trade.version)})


async def update_close(trade_id: str, close_id: str, document: Any, user: str, if_match: str | None = None) -> Response:
    """Correct a close by a JSON merge patch."""
    given = models.CloseUpdateInput.model_validate(document)
    trade = closes.correct(user, trade_id.lower(), close_id.lower(), given, allowed=allowed_by(if_match))
    return reply_text(200, *shown(trade))


async def delete_close(trade_id: str, close_id: str, user: str, if_match: str | None = None) -> Response:
    """Delete a close."""
    trade = closes.take_back(user, trade_id.lower(), close_id.lower(), allowed=allowed_by(if_match))
    return reply_text(200, *shown(trade))


async def list_events(trade_id: str, user: str) -> Response:
    """List the events of a trade."""
    trade = trades.get(user, trade_id.lower())
    document = {"items": [event_document(event) for event in trade.events]}
    return reply(200, document, {"ETag": etag(trade.version)})


async def get_event(trade_id: str, event_id: str, user: str) -> Response:
    """Show one event."""
    trade = trades.get(user, trade_id.lower())
    event = event_of(trade, event_id.lower())
    return reply(200, event_document(event), {"ETag": etag(trade.version)})


async def create_event(
    trade_id: str,
    document: Any,
    user: str,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Response:
    """Record a dated event of a trade."""
    given = models.TradeEventInput.model_validate(document)
    return part_made(
        events.record,
        given,
        user=user,
        trade_id=trade_id,
        parts="events",
        operation_id="createEvent",
        idempotency_key=idempotency_key,
        if_match=if_match,
    )


async def update_event(trade_id: str, event_id: str, document: Any, user: str, if_match: str | None = None) -> Response:
    """Correct an event by a JSON merge patch."""
    given = models.TradeEventUpdateInput.model_validate(document)
    trade = events.correct(user, trade_id.lower(), event_id.lower(), given, allowed=allowed_by(if_match))
    return reply_text(200, *shown(trade))


async def delete_event(trade_id: str, event_id: str, user: str, if_match: str | None = None) -> Response:
    """Delete an event."""
    trade = events.take_back(user, trade_id.lower(), event_id.lower(), allowed=allowed_by(if_match))
    return reply_text(200, *shown(trade))


async def list_splits(trade_id: str, user: str) -> Response:
    """List the splits of a trade."""
    trade = trades.get(user, trade_id.lower())
    document = {"items": [split_document(split) for split in trade.splits]}
    return reply(200, document, {"ETag": etag(trade.version)})


async def get_split(trade_id: str, split_id: str, user: str) -> Response:
    """Show one split."""
    trade = trades.get(user, trade_id.lower())
    split = split_of(trade, split_id.lower())
    return reply(200, split_document(split), {"ETag": etag(trade.version)})


async def create_split(
    trade_id: str,
    document: Any,
    user: str,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Response:
    """Record a split of a trade."""
    given = models.TradeSplitInput.model_validate(document)
    return part_made(
        splits.record,
        given,
        user=user,
        trade_id=trade_id,
        parts="splits",
        operation_id="createSplit",
        idempotency_key=idempotency_key,
        if_match=if_match,
    )


async def delete_split(trade_id: str, split_id: str, user: str, if_match: str | None = None) -> Response:
    """Delete a split."""
    trade = splits.take_back(user, trade_id.lower(), split_id.lower(), allowed=allowed_by(if_match))
    return reply_text(200, *shown(trade))
