"""The product's journal and storage, which all peers share, with boto3's own clients.

What only one of the operations needs is imported by it: the product's bundles hold no other operation's modules.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

import boto3
from botocore.config import Config

from handlers.documents import trades as documents
from handlers.faults import Fault, FieldCode
from handlers.journal.trade import Side, Status
from handlers.log import logger
from handlers.storage import clients, trades
from handlers.storage.trade_items import KeptAnswer
from handlers.web.etags import etag, fits_if_none_match
from handlers.web.problems import BadField, FieldPlace

# The headers of every answer.
HEADERS = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}

as_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode

Made = tuple[str, dict[str, str]]


def boto3_client(service: Any, config: Config = clients._CONFIG, region: str | None = None) -> Any:
    """A client made as boto3's documentation shows."""
    return boto3.client(service, region, config=config)


clients.new_client = boto3_client
clients.make_ready(os.environ)  # at init, as the product does


def bad_field(place: FieldPlace, pointer: str, detail: str) -> BadField:
    """The error of a field that does not follow the contract, in the words of the peer's own checks."""
    return BadField(place, pointer, Fault(FieldCode.MALFORMED, detail))


def record(values: Mapping[str, Any], user: str, key: str | None, fingerprint: str) -> Made:
    """Record a trade. Returns body and headers of the answer."""
    from handlers.documents import inputs

    trade = inputs.trade_from_values(dict(values), user=user, idempotency_key=key, now=datetime.now(UTC))
    body = as_json(documents.trade_document(trade))
    headers = {"ETag": etag(trade.version), "Location": f"/v1/trades/{trade.trade_id}"}
    answer = KeptAnswer(key=key, fingerprint=fingerprint, body=body, headers=headers) if key else None
    earlier = trades.create(trade, answer)
    return (earlier.body, {**earlier.headers, "Idempotent-Replayed": "true"}) if earlier else (body, headers)


def read(user: str, trade_id: str, known: str | None) -> tuple[str | None, dict[str, str]]:
    """Read a trade. Returns body and headers of the answer; the body is None if the client has this version."""
    from handlers.storage import image_files
    from handlers.storage import uploads as images

    trade, uploads = images.read(user, trade_id.lower(), datetime.now(UTC))
    document = documents.trade_document(trade)
    if trade.images or uploads:
        shown = documents.shown_images(
            trade,
            uploads,
            lambda image: image_files.address(image_files.ImagePlace(user, trade.trade_id, image.image_id), image),
        )
        return as_json({**document, "images": shown}), {"ETag": etag(trade.version, with_images=True)}
    fresh = known is None or not fits_if_none_match(known, trade.version)
    return as_json(document) if fresh else None, {"ETag": etag(trade.version)}


def page(user: str, asked: Mapping[str, Any]) -> str:
    """The body of the answer that lists trades. asked: the parameters, by the contract's names."""
    from handlers.operations.filters import wanted_tags
    from handlers.storage import page_tokens, trade_queries

    wanted = trade_queries.TradeFilter(
        symbol=asked.get("symbol"),
        statuses=tuple(dict.fromkeys(map(Status, asked.get("status") or ()))),
        side=Side(asked["side"]) if asked.get("side") else None,
        tags=wanted_tags("tag", asked.get("tag") or ()),
        setup_type=asked.get("setupType"),
        open_from=_day(asked.get("openFrom")),
        open_to=_day(asked.get("openTo")),
        has_images=asked["hasImages"] == "true" if asked.get("hasImages") else None,
        external_id=asked.get("externalId"),
        idempotency_key=asked.get("idempotencyKey"),
    )
    newest_first, secret = asked["order"] == "desc", page_tokens.signing_secret()
    after = None
    if token := asked.get("nextToken"):
        after = page_tokens.open_token(token, user_id=user, wanted=wanted, newest_first=newest_first, secret=secret)
    found = trade_queries.list_trades(user, wanted, limit=asked["limit"], newest_first=newest_first, after=after)
    answer: dict[str, Any] = {"items": [documents.trade_document(trade) for trade in found.trades]}
    if found.next:
        answer["nextToken"] = page_tokens.seal(
            found.next, user_id=user, wanted=wanted, newest_first=newest_first, secret=secret
        )
    return as_json(answer)


def log(request_id: str, route: str, status: int) -> None:
    """Log the line that the product logs for each request."""
    logger.append_keys(request_id=request_id, operation="")
    logger.info("answered", route=route, status=status)


def _day(given: date | str | None) -> date | None:
    return date.fromisoformat(given) if isinstance(given, str) else given
