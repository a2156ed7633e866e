"""Two stubs of the storage that answer at once: one replaces the network, the other botocore's clients."""

from __future__ import annotations

import json
import os
from typing import Any

from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders

SETTINGS = {
    "AWS_ACCESS_KEY_ID": "nobody",
    "AWS_SECRET_ACCESS_KEY": "nothing",  # pragma: allowlist secret - of nobody
    "AWS_DEFAULT_REGION": "eu-central-1",
    "AWS_REGION": "eu-central-1",
    "TRADES_TABLE": "trades",
}
PAGE = 20
# The variable that holds the stored trade, as JSON. A process cannot make it: some bundles lack what that takes.
STORED = "STORED_TRADE"


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

    item = os.environ[STORED]
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

    item = json.loads(os.environ[STORED])
    one, page = {"Items": [item], "Count": 1}, {"Items": [item] * PAGE, "Count": PAGE}

    def respond(_operation: str, asked: Any) -> Any:
        return page if "IndexName" in asked else one

    client: Any = clients.dynamodb()
    client._make_api_call = respond
