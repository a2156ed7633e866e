"""The operations on trades: parse, call the journal and the storage, reply."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

from starlette.responses import Response

from generated import models
from handlers import deadline
from handlers.documents import trades as documents
from handlers.documents.fields import as_json
from handlers.journal import trade as journal
from handlers.journal.errors import RuleBroken, StateForbids
from handlers.journal.trade import Side, Status, Trade
from handlers.metrics import count
from handlers.storage import image_files, page_tokens, trade_queries
from handlers.storage import trades as storage
from handlers.storage import uploads as images
from handlers.storage.errors import TradeNotFound, VersionMismatch
from handlers.storage.image_files import Place
from handlers.storage.retry import attempts
from handlers.storage.trade_items import KeptAnswer
from handlers.web import idempotency
from handlers.web.contract import base_path
from handlers.web.etags import etag, fits_if_match, fits_if_none_match
from handlers.web.problems import BadField, Problem, invalid_request, not_begun, problem_of
from handlers.web.responses import reply, reply_text

BadItems = Mapping[int, Sequence[BadField]]

# The seconds that an item of a bulk request may take. None is begun with less time left.
ITEM_SECONDS = 10


async def create_trade(document: Any, user: str, idempotency_key: str | None = None) -> Response:
    """createTrade."""
    return reply_text(201, *_recorded(document, user, idempotency_key))


async def create_trades(document: Any, user: str, request_id: str, bad_items: BadItems) -> Response:
    """createTrades."""

    def create(item: Any) -> dict[str, Any]:
        body, _ = _recorded(item["trade"], user, item.get("idempotencyKey"))
        return {"status": 201, "trade": json.loads(body)}

    bad_trades = {number: [_of_the_trade(field) for field in bad] for number, bad in bad_items.items()}
    return _one_by_one(document["items"], create, request_id, bad_trades)


def _of_the_trade(field: BadField) -> BadField:
    """A field of a bulk item's trade by the pointer that it has in POST /trades."""
    inside = field.pointer.startswith("/trade/")
    return replace(field, pointer=field.pointer.removeprefix("/trade")) if inside else field


async def list_trades(
    user: str,
    order: str,
    limit: int,
    symbol: str | None = None,
    status: str | None = None,
    side: str | None = None,
    tag: Sequence[str] = (),
    setup_type: str | None = None,
    start_date: str | None = None,
    end_date: str | None = None,
    idempotency_key: str | None = None,
    next_token: str | None = None,
) -> Response:
    """listTrades."""
    wanted = trade_queries.TradeFilter(
        symbol=symbol,
        status=Status(status) if status else None,
        side=Side(side) if side else None,
        tags=tuple(tag),
        setup_type=setup_type,
        start_date=date.fromisoformat(start_date) if start_date else None,
        end_date=date.fromisoformat(end_date) if end_date else None,
        idempotency_key=idempotency_key,
    )
    newest_first = order == "desc"
    secret = page_tokens.signing_secret()
    after = None
    if next_token is not None:
        after = page_tokens.open_token(
            next_token, user_id=user, wanted=wanted, newest_first=newest_first, secret=secret
        )
    page = trade_queries.list_trades(user, wanted, limit=limit, newest_first=newest_first, after=after)
    answer: dict[str, Any] = {"items": [documents.trade_document(trade) for trade in page.trades]}
    if page.next:
        answer["nextToken"] = page_tokens.seal(
            page.next, user_id=user, wanted=wanted, newest_first=newest_first, secret=secret
        )
    return reply(200, answer)


async def get_trade(trade_id: str, user: str, if_none_match: str | None = None) -> Response:
    """getTrade."""
    trade, uploads = images.read(user, trade_id.lower(), datetime.now(UTC))
    if trade.images or uploads:  # shown anew each time: addresses expire, and uploads change without the trade
        shown = documents.shown_images(
            trade, uploads, lambda image: image_files.address(Place(user, trade.trade_id, image.image_id), image)
        )
        document = {**documents.trade_document(trade), "images": shown}
        return reply(200, document, {"ETag": etag(trade.version, with_images=True)})
    if if_none_match is not None and fits_if_none_match(if_none_match, trade.version):
        return reply(304, headers={"ETag": etag(trade.version)})
    return reply_text(200, *_shown(trade))


async def update_trade(trade_id: str, document: Any, user: str, if_match: str | None = None) -> Response:
    """updateTrade."""
    given = models.TradeUpdateInput.model_validate(document).model_dump(exclude_unset=True)
    return _changed(
        user,
        trade_id,
        if_match,
        lambda trade, now: journal.revise(trade, documents.changes(given, trade), now),
    )


async def delete_close(trade_id: str, close_id: str, user: str, if_match: str | None = None) -> Response:
    """deleteClose."""
    return _changed(user, trade_id, if_match, lambda trade, now: _without_close(trade, close_id.lower(), now))


def _without_close(trade: Trade, close_id: str, now: datetime) -> Trade:
    try:
        return journal.take_back_close(trade, close_id, now)
    except RuleBroken:  # the request has no field to blame: it is the other closes that add up to too much
        raise StateForbids("Without this close the trade's figures are too long to be written down.") from None


async def close_trade(
    trade_id: str,
    document: Any,
    user: str,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Response:
    """closeTrade."""
    trade_id, close_id = trade_id.lower(), str(uuid4())
    values = models.CloseInput.model_validate(document).model_dump(exclude_none=True)
    location = f"/trades/{trade_id}/closes/{close_id}"
    fingerprint = idempotency.fingerprint("closeTrade", values, tradeId=trade_id)
    for _ in attempts():
        now = datetime.now(UTC)
        trade, earlier = _read(user, trade_id, idempotency_key, fingerprint, now)
        if earlier:
            return reply_text(201, *idempotency.replayed(earlier))
        if trade is None:
            raise TradeNotFound(trade_id)
        _check(if_match, trade)
        closed = journal.close(trade, close_id=close_id, now=now, **values)
        body, headers = _shown(closed, location)
        answer = idempotency.kept(idempotency_key, fingerprint, body, headers) if idempotency_key else None
        try:
            earlier = storage.replace(closed, trade.version, answer)
        except VersionMismatch:
            continue
        if earlier:
            return reply_text(201, *idempotency.replayed(earlier))
        count(TradesClosed=int(closed.status is Status.CLOSED), Closes=1)
        return reply_text(201, body, headers)
    raise AssertionError("attempts end by raising")


async def delete_trades(document: Any, user: str, request_id: str, bad_items: BadItems) -> Response:
    """deleteTrades."""

    def delete(item: str) -> dict[str, Any]:
        storage.delete(user, item.lower())
        return {"status": 204}

    return _one_by_one(document["tradeIds"], delete, request_id, bad_items)


async def delete_trade(trade_id: str, user: str, if_match: str | None = None) -> Response:
    """deleteTrade."""
    trade_id = trade_id.lower()
    if if_match is None or if_match == "*":
        storage.delete(user, trade_id)
    else:
        trade = storage.get(user, trade_id)
        _check(if_match, trade)
        storage.delete(user, trade_id, trade.version)
    return reply(204)


def _recorded(document: Any, user: str, idempotency_key: str | None) -> tuple[str, dict[str, str]]:
    """Body and headers of the answer to a new trade: it is recorded now, or was by an earlier request with the key."""
    given = models.TradeInput.model_validate(document).model_dump(exclude_none=True)
    trade = documents.opened_trade(given, user=user, idempotency_key=idempotency_key, now=datetime.now(UTC))
    body, headers = _shown(trade, f"/trades/{trade.trade_id}")
    answer = None
    if idempotency_key is not None:
        fingerprint = idempotency.fingerprint("createTrade", given)
        answer = idempotency.kept(idempotency_key, fingerprint, body, headers)
    earlier = storage.create(trade, answer)
    if earlier:
        return idempotency.replayed(earlier)
    count(TradesCreated=1, TradesClosed=int(trade.status is Status.CLOSED))
    return body, headers


def _one_by_one(
    items: Sequence[Any], serve: Callable[[Any], dict[str, Any]], request_id: str, bad_items: BadItems
) -> Response:
    """Serve each item on its own; one that fails is told so in its place, and so are those that time leaves over.

    `bad_items`: what the validation found wrong, by the item's position.
    """

    def result(number: int, item: Any) -> dict[str, Any]:
        if number in bad_items:
            return refused(invalid_request(bad_items[number]))
        if deadline.seconds_left() < ITEM_SECONDS:
            return refused(not_begun())
        try:
            with deadline.within(ITEM_SECONDS):
                return serve(item)
        except Exception as error:  # noqa: BLE001 the table logs what it does not know
            return refused(problem_of(error))

    def refused(problem: Problem) -> dict[str, Any]:
        return {"status": problem.kind.status, "problem": problem.document(request_id)}

    return reply(200, {"results": [result(number, item) for number, item in enumerate(items)]})


def _changed(user: str, trade_id: str, if_match: str | None, change: Callable[[Trade, datetime], Trade]) -> Response:
    for _ in attempts():
        trade = storage.get(user, trade_id.lower())
        _check(if_match, trade)
        changed = change(trade, datetime.now(UTC))
        try:
            if changed is not trade:  # else nothing changes, and version and ETag stay
                storage.replace(changed, trade.version)
        except VersionMismatch:
            continue  # somebody was faster; with If-Match, the check above then says so
        return reply_text(200, *_shown(changed))
    raise AssertionError("attempts end by raising")


def _read(
    user: str, trade_id: str, key: str | None, fingerprint: str, now: datetime
) -> tuple[Trade | None, KeptAnswer | None]:
    if key is None:
        return storage.get(user, trade_id), None
    return storage.get_with_answer(user, trade_id, key=key, fingerprint=fingerprint, now=now)


def _check(if_match: str | None, trade: Trade) -> None:
    if if_match is not None and not fits_if_match(if_match, trade.version):
        raise VersionMismatch(trade.trade_id)


def _shown(trade: Trade, location: str | None = None) -> tuple[str, dict[str, str]]:
    """The body and the headers of an answer that shows the trade."""
    headers = {"ETag": etag(trade.version)}
    if location is not None:
        headers["Location"] = base_path() + location
    return as_json(documents.trade_document(trade)), headers
