"""Two stubs of the storage that answer at once: one replaces the network, the other botocore's clients."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from typing import Any

from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders

from benchmarks.requests.events import TRADE, TRADE_ID, USER

SETTINGS = {
    "AWS_ACCESS_KEY_ID": "nobody",
    "AWS_SECRET_ACCESS_KEY": "nothing",  # pragma: allowlist secret - of nobody
    "AWS_DEFAULT_REGION": "eu-central-1",
    "AWS_REGION": "eu-central-1",
    "TRADES_TABLE": "trades",
}
PAGE = 20


class Body:
    """The body of a response, with urllib3's interface."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self) -> list[bytes]:
        """The whole body in one piece."""
        return [self._content]


def answer(body: str, **headers: str) -> AWSResponse:
    """A response with the interface of botocore's transport."""
    given = HTTPHeaders()
    for name, value in headers.items():
        given[name] = value
    return AWSResponse("https://stub", 200, given, Body(body.encode()))


def instead_of_network() -> None:
    """Answer for DynamoDB and the secret in place of the network: botocore still serializes, signs and parses."""
    from handlers.storage import clients

    item = json.dumps(_item())
    answers = {
        "TransactWriteItems": "{}",
        "Query": json.dumps({"Items": [json.loads(item)], "Count": 1}),
    }
    page = f'{{"Items":[{",".join([item] * PAGE)}],"Count":{PAGE}}}'

    def respond(request: Any, **_: Any) -> AWSResponse:
        operation = request.headers["X-Amz-Target"].decode().rpartition(".")[2]
        return answer(page if b"IndexName" in request.body else answers[operation])

    hooks: Any = clients.dynamodb().meta.events
    hooks.register_first("before-send.dynamodb", respond)
    if "PAGE_TOKEN_SECRET_ARN" in os.environ:
        hooks = clients.secrets().meta.events
        hooks.register_first("before-send.secrets-manager", lambda **_: answer('{"SecretString":"sealing"}'))


def instead_of_clients() -> None:
    """Answer in place of botocore's clients: only the function's own work is left of a request."""
    from handlers.storage import clients

    item = _item()
    one, page = {"Items": [item], "Count": 1}, {"Items": [item] * PAGE, "Count": PAGE}

    def respond(_operation: str, asked: Any) -> Any:
        return page if "IndexName" in asked else one

    client: Any = clients.dynamodb()
    client._make_api_call = respond


def _item() -> Any:
    """The trade of the events, as a stored item."""
    from decimal import Decimal

    from handlers.documents import inputs
    from handlers.storage.trade_items import trade_item

    values = {
        "symbol": TRADE["symbol"],
        "side": TRADE["side"],
        "open_date": datetime.fromisoformat(TRADE["openDate"]),
        **{name: TRADE[of] for name, of in (("setup_type", "setupType"), ("confidence", "confidence"))},
        **{
            name: Decimal(TRADE[of])
            for name, of in (("quantity", "quantity"), ("entry_price", "entryPrice"), ("stop_loss", "stopLoss"))
        },
        "psychology": TRADE["psychology"],
        "pre_trade_notes": TRADE["preTradeNotes"],
        "tags": TRADE["tags"],
        "closes": [
            {
                "quantity": Decimal(close["quantity"]),
                "price": Decimal(close["price"]),
                "closed_at": datetime.fromisoformat(close["closedAt"]),
            }
            for close in TRADE["closes"]
        ],
    }
    now = datetime(2026, 1, 5, 20, tzinfo=UTC)
    item = trade_item(inputs.trade_from_values(values, user=USER, idempotency_key=None, now=now))
    return {**item, "tradeId": {"S": TRADE_ID}}
