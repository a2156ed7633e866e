"""No log line holds a token, an address, a note or a password, for any request and any failure."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from typing import Any

import pytest
from botocore.exceptions import ClientError, ParamValidationError
from botocore.stub import ANY, Stubber
from pydantic import TypeAdapter, ValidationError

from handlers.entry import streams
from handlers.entry.accounts import erase_account
from handlers.entry.exports import write_export
from handlers.entry.images import check_image, remove_images
from handlers.log import logger
from handlers.web.connexion.slow_validator import Validator
from handlers.web.contract import slice_of, without_items
from tests.api import uploading
from tests.api.client import DANA, Client, a_trade
from tests.api.conftest import LogLines
from tests.events import Route, claims_of, routes

CANARY = "Canary7"
NEVER = "99999999-0000-4000-8000-000000000000"
# Where schemas say less than the rules of addresses, of passwords, and of symbols, of which an action needs two.
CANARIES = {"timeZone": (), "email": (f"{CANARY}@example.com",), "newSymbol": (f"{CANARY}-2",)} | dict.fromkeys(
    ("password", "currentPassword", "newPassword"), (f"{CANARY}-Breakout!",)
)
HEADERS = {"Authorization": f"Bearer {CANARY}", "X-Other": CANARY, "Cookie": f"session={CANARY}"}
CLAIMS = claims_of(DANA, email=f"{CANARY}@example.com", origin_jti=CANARY)
NOTES = {"lessons": CANARY, "preTradeNotes": CANARY, "tags": [CANARY], "symbol": CANARY, "newsEvents": [CANARY]}

in_every_operation = pytest.mark.parametrize("route", routes(), ids=lambda route: route.operation_id)


@pytest.fixture(autouse=True)
def nothing_is_told(log_lines: LogLines, caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Whatever a test of this file does, lines were logged, and they are clean of it; other loggers' lines too."""
    with caplog.at_level(logging.INFO):
        yield
    assert log_lines.records
    assert CANARY.lower() not in (log_lines.text + caplog.text).lower()


# Requests are made from the contract, so that a new operation is among them.


def declared(route: Route) -> Mapping[str, Any]:
    """The operation, its references resolved."""
    [item] = slice_of([route.operation_id])["paths"].values()
    [operation] = item.values()
    found: Mapping[str, Any] = operation
    return found


def sown(document: Any, is_valid: Callable[[Any], bool] = lambda _: True) -> Any:
    """The document with a canary in place of each string that may be any text, an address or a password."""
    made = {"document": deepcopy(document)}

    def sow(parent: Any, key: Any) -> None:
        value = parent[key]
        if isinstance(value, dict | list):
            for inner in list(value) if isinstance(value, dict) else range(len(value)):
                sow(value, inner)
        elif isinstance(value, str) and key != "code":  # a code holds digits alone
            for canary in CANARIES.get(key, (CANARY,)):
                parent[key] = canary
                if is_valid(made["document"]):
                    return
            parent[key] = value

    sow(made, "document")
    return made["document"]


def good_body(route: Route) -> dict[str, Any]:
    """A body that follows the contract, with canaries wherever it lets them be; nothing where none is declared."""
    if "requestBody" not in declared(route):
        return {}
    media_type = next(iter(declared(route)["requestBody"]["content"].values()))
    is_valid = Validator(without_items(media_type["schema"])).is_valid
    bodies = [sown(example["value"], is_valid) for example in media_type["examples"].values()]
    return {"document": max(bodies, key=lambda body: json.dumps(body).count(CANARY))}


def send(route: Route, path: str, **request: Any) -> int:
    """The status of the answer to it."""
    headers = {
        parameter["name"]: f"{CANARY}-key" if parameter["name"] == "Idempotency-Key" else f'"{CANARY}"'
        for parameter in declared(route)["parameters"]
        if parameter["in"] == "header"
    }
    return Client()(route.method, path, headers=HEADERS | headers, claims=CLAIMS, **request).status


def path_of(route: Route, text: str) -> str:
    """The operation's path with this in place of each parameter."""
    return "/".join(text if step.startswith("{") else step for step in route.path.split("/"))


def test_canaries_are_wherever_a_body_may_hold_a_users_words_or_secrets() -> None:
    sowed = {route.operation_id for route in routes() if CANARY in json.dumps(good_body(route))}
    logger.info("every test here logs")
    without_body = {route.operation_id for route in routes() if not good_body(route)}
    without_words = {
        "updateTrade",
        "closeTrade",
        "addEntry",
        "updateEntry",
        "updateClose",
        "createExport",
        "createImageUpload",
        "createSplit",
        "confirmChangeEmail",
        "updateSettings",
        "updateTradingAccount",
        "createCash",
        "updateCash",
        "putRates",
        "reconcile",
        "updateExecution",
        "updateImport",
        "commitImport",
        "undoImport",
        "createRestore",
        "undoRestore",
    }  # their examples hold numbers, dates and names that others gave
    assert sowed == {route.operation_id for route in routes()} - without_body - without_words


@in_every_operation
def test_of_a_request_that_breaks_the_contract(route: Route) -> None:
    query = [(name, CANARY) for name in ("tag", "symbol", "nextToken", "limit", "openedFrom", "by", "month", CANARY)]
    body = {"document": sown(good_body(route)["document"]) | {CANARY: CANARY}} if good_body(route) else {}
    statuses = {
        send(route, path_of(route, CANARY), query=query, **body),
        send(route, path_of(route, NEVER), body=f'{{"{CANARY}'.encode()),
        send(route, path_of(route, NEVER) + f"/{CANARY}/{CANARY}"),
    }
    assert 404 in statuses
    if good_body(route):
        assert 400 in statuses


def _canary_error() -> ValidationError:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(int).validate_python(CANARY)
    return caught.value


ERRORS = [
    ClientError({"Error": {"Code": "ValidationException", "Message": f"{CANARY} is no number"}}, "PutItem"),
    ParamValidationError(report=f"Invalid type for parameter Item.lessons, value: {CANARY}"),
    KeyError(CANARY),
    _canary_error(),
]


def breaks_with(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    """From here on every call of AWS raises it, with a cause and a note that hold canaries, too."""

    def breaks(*_: Any) -> None:
        error.add_note(CANARY)
        raise error from RuntimeError(CANARY)

    monkeypatch.setattr("botocore.client.BaseClient._make_api_call", breaks)


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
@in_every_operation
def test_of_a_request_under_which_aws_breaks(route: Route, error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    breaks_with(error, monkeypatch)
    # Without a month or days the calendar is refused before AWS is called.
    query = {"query": [("month", "2026-01")]} if route.operation_id == "getCalendar" else {}
    # These call nothing of AWS, and refuse the canaries for what they are.
    refused = {"getProblem": 404, "headProblem": 404, "matchExecutions": 422}.get(route.operation_id, 500)
    assert send(route, path_of(route, NEVER), **query, **good_body(route)) in (200, 202, 204, 400, 401, refused)


def test_of_the_story_of_a_trade(dana: Client) -> None:
    headers = HEADERS | {"Idempotency-Key": f"{CANARY}-1"}
    close = {"price": "11", "closedAt": "2026-01-05T11:00:00-05:00"}
    trade = dana.post("/trades", a_trade(**NOTES), headers=headers)
    path = f"/trades/{trade.json['tradeId']}"
    answers = [
        trade,
        dana.post("/trades", a_trade(**NOTES, exitPrice="1"), headers=headers),
        dana.get("/trades", query=[("tag", CANARY), ("symbol", CANARY)], headers=headers),
        dana.get(path, headers=headers),
        dana.patch(path, NOTES, headers=headers | {"If-Match": f'"{CANARY}"'}),
        dana.patch(path, NOTES | {"lessons": f"{CANARY}, again"}, headers=headers),
        closed := dana.post(f"{path}/closes", close, headers=headers | {"Idempotency-Key": f"{CANARY}-2"}),
        dana.delete(f"{path}/closes/{closed.json['partialCloses'][0]['closeId']}", headers=headers),
        dana.delete(path, headers=headers),
    ]
    assert [answer.status for answer in answers] == [201, 422, 200, 200, 412, 200, 201, 200, 204]


def test_of_the_story_of_an_account(nobody: Client, cognito: Stubber) -> None:
    tokens = {"AccessToken": CANARY, "IdToken": CANARY, "RefreshToken": CANARY, "ExpiresIn": 900}
    code = {"ClientId": "client-1", "Username": ANY, "ConfirmationCode": "402719"}
    cognito.add_response("sign_up", {"UserConfirmed": False, "UserSub": NEVER})
    cognito.add_client_error("confirm_sign_up", "CodeMismatchException", f"{CANARY} is wrong", expected_params=code)
    cognito.add_response("initiate_auth", {"AuthenticationResult": tokens})
    cognito.add_client_error("initiate_auth", "NotAuthorizedException", f"{CANARY} is wrong")
    cognito.add_response("get_tokens_from_refresh_token", {"AuthenticationResult": tokens})
    address = {"email": f"{CANARY}@example.com"}
    credentials = address | {"password": f"{CANARY}-Breakout!"}
    answers = [
        nobody.post("/auth/signup", address),
        nobody.post("/auth/signup", {"email": f"{CANARY}@"}),
        nobody.post("/auth/confirm-signup", credentials | {"code": "402719"}),
        nobody.post("/auth/confirm-signup", credentials | {"code": CANARY, "password": CANARY}),
        nobody.post("/auth/login", credentials),
        nobody.post("/auth/login", credentials),
        nobody.post("/auth/refresh", {"refreshToken": CANARY}),
    ]
    assert [answer.status for answer in answers] == [201, 422, 422, 422, 200, 401, 200]


def a_change() -> dict[str, Any]:
    """A trade full of canaries, and with an image, that was deleted: as the table's stream tells it."""
    made = Client().post("/trades", a_trade(**NOTES, exitPrice="11", closeDate="2026-01-05T11:00:00-05:00")).json
    uploading.illustrate(Client(), made["tradeId"])
    item = uploading.item_of(made["tradeId"])
    assert CANARY in json.dumps(item)
    keys = {name: item[name] for name in ("userId", "tradeId")}
    return {"Records": [{"eventName": "REMOVE", "dynamodb": {"Keys": keys, "OldImage": item, "SequenceNumber": "0"}}]}


IMAGE = uploading.Arrival(f"images/{DANA}/{NEVER}/{NEVER}", "1")
ACCOUNT = {"userId": DANA, "username": CANARY}


@pytest.mark.usefixtures("stores")
@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize(
    ("function", "event"),
    [
        (streams.update_stats, None),
        (streams.rebuild_stats, uploading.messages({"user": DANA})),
        (remove_images, None),
        (check_image, uploading.messages(IMAGE.notice)),
        (erase_account, uploading.messages(ACCOUNT | {"isLastLook": False})),
        (write_export, uploading.messages(ACCOUNT)),
    ],
    ids=lambda given: getattr(given, "__name__", ""),
)
def test_of_work_behind_the_answers_under_which_aws_breaks(
    function: Callable[[Any, Any], Any],
    event: Mapping[str, Any] | None,
    error: Exception,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    event = event or a_change()
    breaks_with(error, monkeypatch)
    assert function(event, uploading.Context()) == {"batchItemFailures": [{"itemIdentifier": "0"}]}
