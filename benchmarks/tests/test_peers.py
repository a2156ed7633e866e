"""The product and its peers give the same answers to the same requests, in the same table."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import pytest
from moto import mock_aws

from benchmarks.requests.events import CREATE, TRADE, Event, event
from handlers.entry.http import serve
from handlers.storage import clients, page_tokens
from handlers.web.connexion.app import create_app
from handlers.web.contract import contract
from tests.template_file import properties

Handler = Callable[[Event, Any], dict[str, Any]]

PEERS = ("bare", "with_fastapi", "with_powertools")
A_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
NOW = re.compile(r"2[0-9]{3}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.[0-9]{6}Z")


@pytest.fixture(autouse=True)
def table(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The trades' table and the secret, empty for every test."""
    settings = {"AWS_DEFAULT_REGION": "eu-central-1", "TRADES_TABLE": "trades", "FILES_BUCKET": "files"}
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    with mock_aws():
        clients.clear()
        page_tokens.signing_secret.cache_clear()
        wanted = ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "BillingMode")
        of_template = {name: value for name, value in properties("TradesTable").items() if name in wanted}
        clients.dynamodb().create_table(TableName="trades", **of_template)
        secret = clients.secrets().create_secret(Name="page-tokens", SecretString="s" * 64)
        monkeypatch.setenv("PAGE_TOKEN_SECRET_ARN", secret["ARN"])
        yield
    clients.clear()


def handler_of(peer: str, monkeypatch: pytest.MonkeyPatch) -> Handler:
    """The peer's handler. The import creates the peer's client, so each test imports it again for its own table."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    if peer == "product":
        return serve(create_app(["createTrade", "listTrades", "getTrade"]))
    module = __import__(f"benchmarks.peers.{peer}", fromlist=["handler"])
    handler: Handler = module.handler
    return handler


def without(**changes: Any) -> dict[str, Any]:
    changed = copy.deepcopy(TRADE) | changes
    return {name: value for name, value in changed.items() if value is not ...}


OTHER_USER = "11111111-aaaa-4bbb-8ccc-000000000002"
ENTERED = "2026-01-05T09:31:04-05:00"
ENTRIES = [{"quantity": "60", "price": "185.25", "enteredAt": ENTERED, "fees": "0.1"}] * 2
# The fields that a trade with entries must not have.
WITH_ENTRIES = dict.fromkeys(("quantity", "openDate", "entryPrice", "commission", "fees"), ...)
GOOD_TRADES = {
    "closed in two parts": TRADE,
    "open": without(closes=...),
    "with entries": without(**WITH_ENTRIES, entries=ENTRIES, lotMethod="FIFO"),
    "with no entries listed": without(entries=[]),
    "with all that names and risks it": without(
        externalId="broker 1", initialStopLoss="180", initialRiskAmount="525", riskAmount="200"
    ),
    "a tag written twice": without(tags=["a", " a ", "b"]),
    "with eighteen decimals": without(quantity="100.000000000000000001", closes=...),
    "closed in short": without(closes=..., exitPrice="187.25", closeDate="2026-01-05T11:02:00-05:00"),
}
BAD_TRADES = {
    "no symbol": without(symbol=...),
    "empty": {},
    "unknown property": without(surprise=1),
    "a number for a text": without(symbol=5),
    "a text for a number": without(confidence="7"),
    "a float for an integer": without(confidence=7.5),
    "true for an integer": without(confidence=True),
    "out of range": without(confidence=11),
    "null": without(notes=..., stopLoss=None),
    "null for a list": without(tags=None),
    "nothing of a quantity": without(quantity="0"),
    "a quantity with nineteen decimals": without(quantity="1.1234567890123456789"),
    "a price in words": without(entryPrice="1e3"),
    "a price with a sign": without(entryPrice="+1"),
    "a price as a number": without(entryPrice=185.25),
    "a time without an offset": without(openDate="2026-01-05T09:31:04"),
    "a day that is none": without(openDate="2026-02-30T09:31:04Z"),
    "a side in small letters": without(side="buy"),
    "a word too long": without(setupType="x" * 51),
    "an empty word": without(setupType=""),
    "a tag of blanks": without(tags=["a", " \u200b "]),
    "an empty tag": without(tags=["a", ""]),
    "too many tags": without(tags=[str(n) for n in range(31)]),
    "another mood": without(psychology={"fomo": True, "boredom": True}),
    "no quantity": without(quantity=...),
    "no time": without(openDate=...),
    "an external id with a blank at its end": without(externalId="broker-1 "),
    "another order of lots": without(lotMethod="HIFO"),
    "entries beside those of one entry": without(entries=ENTRIES),
    "an entry without a price": without(**WITH_ENTRIES, entries=[{"quantity": "1", "enteredAt": ENTERED}]),
    "a first risk in words": without(initialRiskAmount="much", initialStopLoss="0x1"),
    "half a mood": without(psychology={"fomo": "yes"}),
    "a close without a price": without(closes=[{"quantity": "1", "closedAt": "2026-01-05T11:02:00Z"}]),
    "several": without(symbol="", quantity="-1", tags="gap", closes=[{}]),
    # Rules of the journal, not of the contract.
    "more closed than there is": without(quantity="10"),
    "closed before it was opened": without(openDate="2026-01-06T09:31:04-05:00"),
    "closed and cancelled": without(status="CANCELLED"),
}
BAD_QUERIES = (
    *("limit=0", "limit=101", "limit=x", "order=up", "status=open", "openFrom=2026-02-30", "surprise=1", "tag="),
    *("status=OPEN&status=open", "&".join(["status=OPEN"] * 5), "hasImages=yes", "externalId=%20a"),
    *("symbol=", "limit=x&order=up", "nextToken=forged", "side=BOTH", "idempotencyKey=%20"),
)
GOOD_QUERIES = (
    *("", "limit=2", "symbol=AAPL&order=asc", "tag=gap&tag=earnings", "status=CLOSED&side=BUY"),
    *("status=OPEN&status=CLOSED", "hasImages=false", "hasImages=true", "externalId=none", "symbol=aapl&tag=%20gap"),
    *("openFrom=2026-01-05&openTo=2026-01-05", "setupType=breakout&limit=1", "symbol=TSLA"),
)


def told(answer: dict[str, Any]) -> Any:
    """The answer without random values and times. Of bad fields only the pointers are kept, sorted.

    The number and the texts of a field's errors differ between the libraries.
    """
    headers = {name.lower(): value for name, value in answer["headers"].items()}
    headers.pop("content-length", None)
    headers["content-type"] = headers.get("content-type", "").partition(";")[0] if answer.get("body") else ""
    text = NOW.sub("now", A_UUID.sub("id", answer.get("body") or ""))
    document = json.loads(text) if text else None
    if document and "errors" in document:
        document.pop("detail")
        document["errors"] = sorted({(error["in"], _pointer(error)) for error in document["errors"]})
    if document and "nextToken" in document:
        document["nextToken"] = "sealed"
    headers = {name: A_UUID.sub("id", value) for name, value in headers.items()}
    return int(answer["statusCode"]), headers, document


def _pointer(error: dict[str, str]) -> str:
    """The error's pointer; a header's name in lower case, since header names are case-insensitive."""
    return error["pointer"].lower() if error["in"] == "header" else error["pointer"]


def assert_alike(request: Event, peer: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    expected = told(handler_of("product", monkeypatch)(copy.deepcopy(request), None))
    assert told(handler_of(peer, monkeypatch)(copy.deepcopy(request), None)) == expected
    return expected


def test_the_peers_know_every_field_of_a_trade() -> None:
    schemas = contract()["components"]["schemas"]
    bare, models = import_module("benchmarks.peers.bare"), import_module("benchmarks.peers.models")
    fields = schemas["TradeInput"]["properties"].keys()
    assert {*bare.TRADE, *bare.PARTS, "psychology"} == fields
    assert {field.alias for field in models.TradeInput.model_fields.values()} == fields
    for name, part in (("entries", "EntryInput"), ("closes", "InitialCloseInput")):
        assert bare.PARTS[name].keys() == schemas[part]["properties"].keys()


@pytest.mark.parametrize("peer", PEERS)
@pytest.mark.parametrize("name", sorted(GOOD_TRADES))
def test_a_trade_is_recorded_alike(name: str, peer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    request, of_another = event("POST", "/trades", document=GOOD_TRADES[name]), copy.deepcopy(CREATE)
    of_another["body"] = request["body"]
    of_another["requestContext"]["authorizer"]["jwt"]["claims"]["sub"] = OTHER_USER
    status, headers, document = told(handler_of("product", monkeypatch)(of_another, None))
    assert (status, headers["etag"]) == (201, '"1"')
    assert told(handler_of(peer, monkeypatch)(request, None)) == (status, headers, document)


@pytest.mark.parametrize("peer", PEERS)
def test_an_external_id_that_is_taken_is_refused_alike(peer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    request = event("POST", "/trades", document=without(externalId="broker 1"))
    assert handler_of("product", monkeypatch)(copy.deepcopy(request), None)["statusCode"] == 201
    status, _, document = assert_alike(request, peer, monkeypatch)
    assert (status, document["tradeId"]) == (409, "id")


@pytest.mark.parametrize("peer", PEERS)
@pytest.mark.parametrize("name", sorted(BAD_TRADES))
def test_a_bad_trade_is_refused_alike(name: str, peer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    status, _, document = assert_alike(event("POST", "/trades", document=BAD_TRADES[name]), peer, monkeypatch)
    assert status in (400, 422)
    assert document["errors"]


@pytest.mark.parametrize("peer", PEERS)
def test_an_identity_token_is_refused_alike(peer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for request in (event("POST", "/trades", document=TRADE, token_use="id"), event("GET", "/trades", token_use="id")):
        assert assert_alike(request, peer, monkeypatch)[0] == 401


@pytest.mark.parametrize("peer", PEERS)
def test_a_retry_gets_the_first_answer_alike(peer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    handler, product = handler_of(peer, monkeypatch), handler_of("product", monkeypatch)
    for key, serving in (("own", handler), ("products", product)):
        request = event("POST", "/trades", document=TRADE, headers={"idempotency-key": key})
        first, second = (serving(copy.deepcopy(request), None) for _ in range(2))
        assert second["body"] == first["body"]
        assert {name.lower() for name in second["headers"]} - {name.lower() for name in first["headers"]} == {
            "idempotent-replayed"
        }
        other = event("POST", "/trades", document={**TRADE, "quantity": "200"}, headers={"idempotency-key": key})
        assert serving(other, None)["statusCode"] == 422


@pytest.mark.parametrize("peer", PEERS)
def test_trades_are_listed_alike(peer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    product = handler_of("product", monkeypatch)
    for number in range(3):
        given = {**TRADE, "openDate": f"2026-01-0{5 - number}T09:31:04-05:00"}
        assert product(event("POST", "/trades", document=given), None)["statusCode"] == 201
    for query in GOOD_QUERIES:
        status, _, document = assert_alike(event("GET", "/trades", query=query), peer, monkeypatch)
        assert status == 200
        assert bool(document["items"]) == (query not in ("symbol=TSLA", "hasImages=true", "externalId=none"))
    first = json.loads(product(event("GET", "/trades", query="limit=2"), None)["body"])
    status, _, document = assert_alike(
        event("GET", "/trades", query=f"limit=2&nextToken={first['nextToken']}"), peer, monkeypatch
    )
    assert (status, len(document["items"])) == (200, 1)


@pytest.mark.parametrize("peer", PEERS)
@pytest.mark.parametrize("query", BAD_QUERIES)
def test_a_bad_query_is_refused_alike(query: str, peer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert assert_alike(event("GET", "/trades", query=query), peer, monkeypatch)[0] == 400


@pytest.mark.parametrize("peer", PEERS)
def test_a_trade_is_read_alike(peer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made = handler_of("product", monkeypatch)(copy.deepcopy(CREATE), None)
    trade_id = json.loads(made["body"])["tradeId"]
    for path, headers, wanted in (
        (trade_id, {}, 200),
        (trade_id.upper(), {}, 200),
        (trade_id, {"if-none-match": '"1"'}, 304),
        (trade_id, {"if-none-match": '"2"'}, 200),
        (trade_id, {"if-none-match": "1"}, 400),
        (trade_id[:-1] + ("0" if trade_id[-1] != "0" else "1"), {}, 404),
        ("none", {}, 400),
    ):
        request = event("GET", f"/trades/{path}", route="/trades/{tradeId}", headers=headers)
        assert assert_alike(request, peer, monkeypatch)[0] == wanted
