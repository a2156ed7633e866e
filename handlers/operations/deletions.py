"""The operations on deleted trades."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from starlette.responses import Response

from handlers.documents import trades as documents
from handlers.documents.fields import as_json
from handlers.storage import deleted_trades, page_tokens
from handlers.storage.deleted_trades import DeletedFilter
from handlers.storage.errors import ExternalIdTaken
from handlers.usecases import trades as usecase
from handlers.web.etags import etag
from handlers.web.problems import external_id_taken
from handlers.web.responses import reply, reply_text


async def list_deleted_trades(user: str, limit: int, next_token: str | None = None) -> Response:
    """List the trades that were deleted within the last 30 days, a page at a time."""
    sealing: dict[str, Any] = {
        "user_id": user,
        "wanted": DeletedFilter(),
        "newest_first": True,
        "secret": page_tokens.signing_secret(),
    }
    after = None if next_token is None else page_tokens.open_token(next_token, **sealing)
    page = deleted_trades.list_deleted(user, limit=limit, now=datetime.now(UTC), after=after)
    answer: dict[str, Any] = {"items": [documents.deleted_trade_document(each) for each in page.trades]}
    if page.next:
        answer["nextToken"] = page_tokens.seal(page.next, **sealing)
    return reply(200, answer)


async def restore_trade(trade_id: str, user: str) -> Response:
    """Bring a deleted trade back."""
    try:
        trade = usecase.restore(user, trade_id.lower())
    except ExternalIdTaken as error:
        raise external_id_taken(error, in_body=False) from error
    return reply_text(200, as_json(documents.trade_document(trade)), {"ETag": etag(trade.version)})
