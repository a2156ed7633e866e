"""The operations on what a trade is made of beside its closes: parse, call the use case, reply."""

from __future__ import annotations

from functools import partial
from typing import Any

from starlette.responses import Response

from generated import models
from handlers.documents.trades import event_document
from handlers.journal.changes import event_of
from handlers.operations.trade_answers import created, shown
from handlers.storage import trades
from handlers.usecases import events
from handlers.usecases.trades import new_part_id
from handlers.web.etags import etag
from handlers.web.etags import if_match as allowed_by
from handlers.web.idempotency import keyed
from handlers.web.responses import reply, reply_text


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
    trade_id, event_id = trade_id.lower(), new_part_id()
    given = models.TradeEventInput.model_validate(document)
    show = partial(shown, location=f"/trades/{trade_id}/events/{event_id}")
    request = keyed(idempotency_key, "createEvent", given, show, tradeId=trade_id)
    outcome = events.record(user, trade_id, event_id, given, allowed=allowed_by(if_match), keyed=request)
    return created(outcome, show)


async def update_event(trade_id: str, event_id: str, document: Any, user: str, if_match: str | None = None) -> Response:
    """Correct an event by a JSON merge patch."""
    given = models.TradeEventUpdateInput.model_validate(document)
    trade = events.correct(user, trade_id.lower(), event_id.lower(), given, allowed=allowed_by(if_match))
    return reply_text(200, *shown(trade))


async def delete_event(trade_id: str, event_id: str, user: str, if_match: str | None = None) -> Response:
    """Take an event back."""
    trade = events.take_back(user, trade_id.lower(), event_id.lower(), allowed=allowed_by(if_match))
    return reply_text(200, *shown(trade))
