"""Builds the answers that show one trade after it was read, created or changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, TypeVar
from uuid import uuid4

from handlers.documents import trades as documents
from handlers.documents.fields import as_json
from handlers.journal.trade import TradeSource, part_id
from handlers.web.contract import base_path
from handlers.web.etags import etag
from handlers.web.etags import if_match as allowed_by
from handlers.web.idempotency import kept_reply, keyed
from handlers.web.responses import reply_text

if TYPE_CHECKING:
    from pydantic import BaseModel
    from starlette.responses import Response

    from handlers.journal.trade import Trade
    from handlers.usecases.trades import CreatedTrade, Keyed, Precondition

Given = TypeVar("Given", bound="BaseModel")
Asked = TypeVar("Asked", contravariant=True)


class Recorder(Protocol[Asked]):
    """A use case that adds a part with a given id to a trade."""

    def __call__(
        self, user: str, trade_id: str, part_id: str, given: Asked, /, *, allowed: Precondition, keyed: Keyed | None
    ) -> CreatedTrade: ...


def shown(trade: Trade, location: str | None = None) -> tuple[str, dict[str, str]]:
    """The body and the headers of an answer that shows the trade. `location`: the path of the created resource."""
    headers = {"ETag": etag(trade.version)}
    if location is not None:
        headers["Location"] = base_path() + location
    return as_json(documents.trade_document(trade)), headers


def shown_as_new(trade: Trade) -> tuple[str, dict[str, str]]:
    """The body and the headers of the answer to a create."""
    return shown(trade, f"/trades/{trade.trade_id}")


def part_made(
    record: Recorder[Given],
    given: Given,
    *,
    user: str,
    trade_id: str,
    parts: str,
    operation_id: str,
    idempotency_key: str | None,
    if_match: str | None,
) -> Response:
    """Call `record` to add a part to a trade, and answer the trade with the part's address.

    parts: the path segment of the kind of part, such as closes.
    """
    trade_id, own_id = trade_id.lower(), str(uuid4())

    def show(trade: Trade) -> tuple[str, dict[str, str]]:
        # Of a trade that follows from executions, what is made is one with this id.
        made = part_id(trade_id, own_id) if trade.source is TradeSource.LEDGER else own_id
        return shown(trade, f"/trades/{trade_id}/{parts}/{made}")

    request = keyed(idempotency_key, operation_id, given, show, tradeId=trade_id)
    return created(record(user, trade_id, own_id, given, allowed=allowed_by(if_match), keyed=request), show)


def created(outcome: CreatedTrade, show: Callable[[Trade], tuple[str, dict[str, str]]]) -> Response:
    """The answer to a request that creates something: the kept answer if there is one, else a new one."""
    trade, kept, is_new = outcome
    if kept is not None:
        return kept_reply(kept, repeated=trade is None)
    if trade is None:
        raise AssertionError("without a key, no request is a repeated one")
    return reply_text(201 if is_new else 200, *show(trade))
