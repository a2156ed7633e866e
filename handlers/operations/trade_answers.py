"""The answers that show one trade after it was read, made or changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from handlers.documents import trades as documents
from handlers.documents.fields import as_json
from handlers.web.contract import base_path
from handlers.web.etags import etag
from handlers.web.idempotency import kept_reply
from handlers.web.responses import reply_text

if TYPE_CHECKING:
    from starlette.responses import Response

    from handlers.journal.trade import Trade
    from handlers.usecases.trades import Outcome


def shown(trade: Trade, location: str | None = None) -> tuple[str, dict[str, str]]:
    """The body and the headers of an answer that shows the trade. `location` is the path of what was made."""
    headers = {"ETag": etag(trade.version)}
    if location is not None:
        headers["Location"] = base_path() + location
    return as_json(documents.trade_document(trade)), headers


def shown_as_new(trade: Trade) -> tuple[str, dict[str, str]]:
    """The body and the headers of the answer to a create."""
    return shown(trade, f"/trades/{trade.trade_id}")


def created(outcome: Outcome, show: Callable[[Trade], tuple[str, dict[str, str]]]) -> Response:
    """The answer to a request that makes something: the kept one if it came with a key, else a new one."""
    trade, kept, is_new = outcome
    if kept is not None:
        return kept_reply(kept, repeated=trade is None)
    if trade is None:
        raise AssertionError("without a key, no request is a repeated one")
    return reply_text(201 if is_new else 200, *show(trade))
