"""The headers of every answer, and what failures tell the client and the log."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from handlers.operations import executions as operations
from handlers.operations import formats
from handlers.storage import (
    accounts,
    bucket,
    cash,
    corporate_actions,
    deleted_trades,
    erasure_marks,
    execution_lists,
    executions,
    groups,
    imports,
    mappings,
    rates,
    reconciliations,
    sign_in,
    tag_changes,
    trade_queries,
    trading_accounts,
    uploads,
)
from handlers.storage import trades as storage
from handlers.storage.errors import Unavailable
from handlers.storage.stats import books
from handlers.usecases import change_tags, erase_account, export_account, restores
from tests.api.client import Answer, Client, a_trade
from tests.api.conftest import LogLines
from tests.api.importing import MAPPING
from tests.events import function, routes

BULK = ("createExecutions", "createTrades", "updateTrades", "deleteTrades")
NEVER = "99999999-0000-4000-8000-000000000000"
CLOSE = {"price": "11", "closedAt": "2026-01-05T11:00:00-05:00"}
ENTRY = {"quantity": "1", "price": "11", "enteredAt": "2026-01-05T10:00:00-05:00"}
EVENT = {"type": "DIVIDEND", "amount": "24", "at": "2026-01-09T09:00:00-05:00"}
SPLIT = {"new": "4", "old": "1", "at": "2026-01-10T09:30:00-05:00"}
STATEMENT = {"statementBalance": "5", "at": "2026-01-05T12:00:00Z"}
CASH = {"type": "DEPOSIT", "amount": "5", "at": "2026-01-05T12:00:00Z"}
RATE = {"from": "USD", "to": "EUR", "day": "2026-01-05", "rate": "0.92"}
ACTION = {"type": "SPLIT", "symbol": "AAPL", "effectiveAt": "2026-01-06T00:00:00Z", "new": "2", "old": "1"}
FILL = {"symbol": "AAPL", "side": "BUY", "quantity": "1", "price": "11", "executedAt": "2026-01-05T10:00:00-05:00"}
PASSWORD = "Breakout-2026!"
CREDENTIALS = {"email": "dana@example.com", "password": PASSWORD}
ADDRESS = {"email": "dana@example.com"}
CODE = {"email": "dana@example.com", "code": "402719"}

EVERY: dict[str, Callable[[Client], Answer]] = {
    "createTrade": lambda client: client.post("/trades", a_trade()),
    "listTrades": lambda client: client.get("/trades"),
    "getTrade": lambda client: client.get(f"/trades/{NEVER}"),
    "updateTrade": lambda client: client.patch(f"/trades/{NEVER}", {"symbol": "MSFT"}),
    "closeTrade": lambda client: client.post(f"/trades/{NEVER}/closes", CLOSE),
    "getClose": lambda client: client.get(f"/trades/{NEVER}/closes/{NEVER}"),
    "updateClose": lambda client: client.patch(f"/trades/{NEVER}/closes/{NEVER}", {"price": "11"}),
    "addEntry": lambda client: client.post(f"/trades/{NEVER}/entries", ENTRY),
    "getEntry": lambda client: client.get(f"/trades/{NEVER}/entries/{NEVER}"),
    "updateEntry": lambda client: client.patch(f"/trades/{NEVER}/entries/{NEVER}", {"price": "11"}),
    "deleteEntry": lambda client: client.delete(f"/trades/{NEVER}/entries/{NEVER}"),
    "deleteClose": lambda client: client.delete(f"/trades/{NEVER}/closes/{NEVER}"),
    "listEvents": lambda client: client.get(f"/trades/{NEVER}/events"),
    "createEvent": lambda client: client.post(f"/trades/{NEVER}/events", EVENT),
    "getEvent": lambda client: client.get(f"/trades/{NEVER}/events/{NEVER}"),
    "updateEvent": lambda client: client.patch(f"/trades/{NEVER}/events/{NEVER}", {"amount": "1"}),
    "deleteEvent": lambda client: client.delete(f"/trades/{NEVER}/events/{NEVER}"),
    "listSplits": lambda client: client.get(f"/trades/{NEVER}/splits"),
    "createSplit": lambda client: client.post(f"/trades/{NEVER}/splits", SPLIT),
    "getSplit": lambda client: client.get(f"/trades/{NEVER}/splits/{NEVER}"),
    "deleteSplit": lambda client: client.delete(f"/trades/{NEVER}/splits/{NEVER}"),
    "convertTrade": lambda client: client.post(f"/trades/{NEVER}/to-executions"),
    "getLegs": lambda client: client.get(f"/trades/{NEVER}/legs"),
    "listGroups": lambda client: client.get("/groups"),
    "getGroup": lambda client: client.get(f"/groups/{NEVER}"),
    "putGroup": lambda client: client("PUT", f"/groups/{NEVER}", {"name": "pair", "tradeIds": [NEVER]}),
    "deleteGroup": lambda client: client.delete(f"/groups/{NEVER}"),
    "listExecutions": lambda client: client.get("/executions"),
    "createExecution": lambda client: client.post("/executions", FILL),
    "createExecutions": lambda client: client.post("/executions/bulk", {"items": [{"execution": FILL}]}),
    "getExecution": lambda client: client.get(f"/executions/{NEVER}"),
    "updateExecution": lambda client: client.patch(f"/executions/{NEVER}", {"price": "1"}),
    "deleteExecution": lambda client: client.delete(f"/executions/{NEVER}"),
    "listPositions": lambda client: client.get("/positions"),
    "listActions": lambda client: client.get("/corporate-actions"),
    "createAction": lambda client: client.post("/corporate-actions", ACTION),
    "getAction": lambda client: client.get(f"/corporate-actions/{NEVER}"),
    "deleteAction": lambda client: client.delete(f"/corporate-actions/{NEVER}"),
    "matchExecutions": lambda client: client.post("/executions/match", {"executions": [FILL]}),
    "getSettings": lambda client: client.get("/settings"),
    "updateSettings": lambda client: client.patch("/settings", {"baseCurrency": "EUR"}),
    "listTradingAccounts": lambda client: client.get("/accounts"),
    "createTradingAccount": lambda client: client.post("/accounts", {"name": "IBKR", "currency": "EUR"}),
    "listCash": lambda client: client.get(f"/accounts/{NEVER}/cash"),
    "createCash": lambda client: client.post(f"/accounts/{NEVER}/cash", CASH),
    "getCash": lambda client: client.get(f"/accounts/{NEVER}/cash/{NEVER}"),
    "updateCash": lambda client: client.patch(f"/accounts/{NEVER}/cash/{NEVER}", {"amount": "1"}),
    "listReconciliations": lambda client: client.get(f"/accounts/{NEVER}/reconciliations"),
    "reconcile": lambda client: client.post(f"/accounts/{NEVER}/reconciliations", STATEMENT),
    "getReconciliation": lambda client: client.get(f"/accounts/{NEVER}/reconciliations/{NEVER}"),
    "deleteReconciliation": lambda client: client.delete(f"/accounts/{NEVER}/reconciliations/{NEVER}"),
    "deleteCash": lambda client: client.delete(f"/accounts/{NEVER}/cash/{NEVER}"),
    "getBalance": lambda client: client.get(f"/accounts/{NEVER}/balance"),
    "getReturns": lambda client: client.get(f"/accounts/{NEVER}/returns"),
    "listRates": lambda client: client.get("/fx-rates", query="from=USD&to=EUR"),
    "putRates": lambda client: client("PUT", "/fx-rates", {"rates": [RATE]}),
    "getTradingAccount": lambda client: client.get(f"/accounts/{NEVER}"),
    "updateTradingAccount": lambda client: client.patch(f"/accounts/{NEVER}", {"name": "IBKR"}),
    "deleteTradingAccount": lambda client: client.delete(f"/accounts/{NEVER}"),
    "deleteTrade": lambda client: client.delete(f"/trades/{NEVER}"),
    "listRestores": lambda client: client.get("/restores"),
    "createRestore": lambda client: client.post("/restores", {"mode": "EMPTY_ONLY"}),
    "getRestore": lambda client: client.get(f"/restores/{NEVER}"),
    "commitRestore": lambda client: client.post(f"/restores/{NEVER}/commit", headers={"If-Match": '"1"'}),
    "undoRestore": lambda client: client.post(f"/restores/{NEVER}/undo", {"edited": "REFUSE"}),
    "deleteRestore": lambda client: client.delete(f"/restores/{NEVER}"),
    "listExports": lambda client: client.get("/exports"),
    "createExport": lambda client: client.post("/exports", {"format": "CSV"}),
    "getExport": lambda client: client.get(f"/exports/{NEVER}"),
    "listDeletedTrades": lambda client: client.get("/deleted-trades"),
    "restoreTrade": lambda client: client.post(f"/deleted-trades/{NEVER}/restore"),
    "createTrades": lambda client: client.post("/trades/bulk", {"items": [{"trade": a_trade()}]}),
    "updateTrades": lambda client: client.post(
        "/trades/bulk-update", {"items": [{"tradeId": NEVER, "changes": {"symbol": "MSFT"}}]}
    ),
    "renameTag": lambda client: client.patch("/tags/fomo", {"name": "FOMO"}),
    "deleteTag": lambda client: client.delete("/tags/fomo"),
    "getFacets": lambda client: client.get("/facets"),
    "getTagChange": lambda client: client.get("/tag-change"),
    "deleteTrades": lambda client: client.post("/trades/bulk-delete", {"tradeIds": [NEVER]}),
    "createImageUpload": lambda client: client.post(f"/trades/{NEVER}/images", {"contentType": "image/png"}),
    "deleteImage": lambda client: client.delete(f"/trades/{NEVER}/images/{NEVER}"),
    "getStats": lambda client: client.get("/stats"),
    "getEquityCurve": lambda client: client.get("/stats/equity-curve"),
    "getCalendar": lambda client: client.get("/stats/calendar", query="month=2026-01"),
    "getBreakdown": lambda client: client.get("/stats/breakdown", query="by=TAG"),
    "signUp": lambda client: client.post("/auth/signup", ADDRESS),
    "confirmSignUp": lambda client: client.post("/auth/confirm-signup", {**CODE, "password": PASSWORD}),
    "logIn": lambda client: client.post("/auth/login", CREDENTIALS),
    "refreshSession": lambda client: client.post("/auth/refresh", {"refreshToken": "abc"}),
    "resendConfirmationCode": lambda client: client.post("/auth/resend-code", ADDRESS),
    "forgotPassword": lambda client: client.post("/auth/forgot-password", ADDRESS),
    "confirmForgotPassword": lambda client: client.post(
        "/auth/confirm-forgot-password", {**CODE, "password": PASSWORD}
    ),
    "getProfile": lambda client: client.get("/auth/profile"),
    "changePassword": lambda client: client.post(
        "/auth/change-password", {"currentPassword": PASSWORD, "newPassword": PASSWORD}
    ),
    "changeEmail": lambda client: client.post("/auth/change-email", CREDENTIALS),
    "confirmChangeEmail": lambda client: client.post("/auth/confirm-change-email", {"code": "402719"}),
    "logOut": lambda client: client.post("/auth/logout", {"refreshToken": "abc"}),
    "logOutAll": lambda client: client.post("/auth/logout-all"),
    "exportAccount": lambda client: client.get("/auth/export"),
    "deleteAccount": lambda client: client.delete("/auth/account"),
    "listImports": lambda client: client.get("/imports"),
    "createImport": lambda client: client.post("/imports", {"fileName": "a.csv"}),
    "getImport": lambda client: client.get(f"/imports/{NEVER}"),
    "updateImport": lambda client: client.patch(f"/imports/{NEVER}", {"orphanPolicy": "SKIP"}),
    "deleteImport": lambda client: client.delete(f"/imports/{NEVER}"),
    "commitImport": lambda client: client.post(f"/imports/{NEVER}/commit", {}, headers={"If-Match": '"1"'}),
    "undoImport": lambda client: client.post(f"/imports/{NEVER}/undo", {}),
    "listImportRows": lambda client: client.get(f"/imports/{NEVER}/rows"),
    "listImportTrades": lambda client: client.get(f"/imports/{NEVER}/trades"),
    "listMappings": lambda client: client.get("/import-mappings"),
    "createMapping": lambda client: client.post("/import-mappings", MAPPING),
    "getMapping": lambda client: client.get(f"/import-mappings/{NEVER}"),
    "replaceMapping": lambda client: client("PUT", f"/import-mappings/{NEVER}", MAPPING),
    "deleteMapping": lambda client: client.delete(f"/import-mappings/{NEVER}"),
    "listImportFormats": lambda client: client.get("/import-formats"),
    "detectFormat": lambda client: client.post("/import-formats/detect", {"text": "Symbol"}),
    "getOpenApi": lambda client: client.get("/openapi.yaml"),
    "headOpenApi": lambda client: client.head("/openapi.yaml"),
    "getProblem": lambda client: client.get("/problems/not-found"),
    "headProblem": lambda client: client.head("/problems/not-found"),
    "getDocs": lambda client: client.get("/docs"),
    "headDocs": lambda client: client.head("/docs"),
}
BROKEN = (
    (storage, "create"),
    (storage, "get"),
    (storage, "replace"),
    (storage, "delete"),
    *((executions, name) for name in ("get", "get_with_position", "positions", "place")),
    *((corporate_actions, name) for name in ("get", "page", "count")),
    (execution_lists, "listed"),
    (operations, "settle_all"),
    (imports, "get"),
    (imports, "create"),
    (imports, "newest_first"),
    (mappings, "get"),
    (mappings, "create"),
    (mappings, "every"),
    (formats, "_formats"),
    (formats, "detect"),
    (trade_queries, "list_trades"),
    (groups, "get"),
    (groups, "page"),
    *(
        (trading_accounts, name)
        for name in ("settings", "every", "create", "get", "with_settings", "settings_and_accounts")
    ),
    (cash, "get"),
    (cash, "write"),
    (reconciliations, "get"),
    (reconciliations, "delete"),
    (rates, "put"),
    (rates, "page"),
    (books, "read_up_to"),
    (books, "read_from"),
    (uploads, "read"),
    (uploads, "await_file"),
    (books, "read"),
    (erase_account, "begin"),
    (export_account, "export"),
    *((restores, name) for name in ("create", "commit", "undo", "delete", "every", "get")),
    (sign_in, "resend_code"),
    (sign_in, "forgot_password"),
    (sign_in, "reset_password"),
    (accounts, "sign_out_everywhere"),
    (sign_in, "sign_up"),
    (sign_in, "confirm_sign_up"),
    (sign_in, "log_in"),
    (sign_in, "log_out"),
    (sign_in, "change_password"),
    (sign_in, "change_email"),
    (sign_in, "confirm_change_email"),
    (accounts, "profile"),
    (deleted_trades, "list_deleted"),
    (change_tags, "begin"),
    (tag_changes, "last"),
    (erasure_marks, "has_begun"),
    (bucket, "read_whole"),
    (sign_in, "refresh"),
)


def test_these_are_all_operations() -> None:
    assert set(EVERY) == {route.operation_id for route in routes()}


class Surprise(Exception):
    """An unexpected error, whose message must not reach a client."""


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make every use case and storage function raise an unexpected error."""

    def breaks(*_: Any, **__: Any) -> None:
        raise Surprise("table arn:aws:dynamodb:secret-of-the-house")

    for module, name in BROKEN:
        monkeypatch.setattr(module, name, breaks)
    monkeypatch.setattr("handlers.web.public_documents.serve", breaks)


@pytest.mark.usefixtures("broken")
# A bulk request says of each item what became of it; test_bulk.py has its own test of this.
@pytest.mark.parametrize("operation_id", [name for name in EVERY if name not in BULK])
def test_an_unexpected_error_tells_the_client_nothing_but_the_request_id(dana: Client, operation_id: str) -> None:
    answer = EVERY[operation_id](dana)
    assert answer.status == 500
    assert operation_id.startswith("head") or answer.json == {
        "type": "/v1/problems/internal-error",
        "title": "Internal error",
        "status": 500,
        "requestId": answer.headers["x-request-id"],
    }


@pytest.mark.usefixtures("broken")
def test_an_unexpected_error_is_logged_with_its_traceback_and_the_request_id(dana: Client, log_lines: LogLines) -> None:
    answer = dana.get("/trades")
    [record] = [record for record in log_lines.records if record["level"] == "ERROR"]
    assert answer.headers["x-request-id"] in record.values()
    assert "Traceback" in record["exception"]
    assert "Surprise" in record["exception"]


def test_an_error_of_aws_is_not_shown(dana: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(*_: Any) -> None:
        response: Any = {"Error": {"Code": "AccessDeniedException", "Message": "User: arn:aws:sts::123:role/x"}}
        raise ClientError(response, "GetItem")

    monkeypatch.setattr(uploads, "read", denied)
    answer = dana.get(f"/trades/{NEVER}")
    assert answer.status == 500
    assert "arn" not in answer.body.decode()


def test_a_throttled_table_asks_for_patience(dana: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def throttled(*_: Any, **__: Any) -> None:
        raise Unavailable

    monkeypatch.setattr(uploads, "read", throttled)
    answer = dana.get(f"/trades/{NEVER}")
    assert (answer.status, answer.kind, answer.headers["retry-after"]) == (503, "/problems/unavailable", "1")


@pytest.mark.parametrize("name", ["X-Request-Id", "X-Content-Type-Options", "Cache-Control", "Content-Type"])
def test_an_answer_that_connexion_never_saw_carries_the_headers_too(name: str) -> None:
    for event in ({}, Client().event("POST", "/trades") | {"body": "%", "isBase64Encoded": True}):
        answer = function("createTrade")(event, None)
        assert answer["statusCode"] >= 400
        assert answer["headers"][name]


def test_one_line_is_logged_of_a_request_that_went_well(dana: Client, log_lines: LogLines) -> None:
    answer = dana.get("/trades")
    [record] = log_lines.records
    assert (record["level"], record["status"], record["route"]) == ("INFO", 200, "GET /trades")
    assert answer.headers["x-request-id"] in record.values()


def test_an_answer_that_cannot_be_made_is_a_500_that_says_nothing(
    dana: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_: object) -> None:
        raise RuntimeError("secret words")

    monkeypatch.setattr("awsgi.response", breaks)
    answer = function("listTrades")(dana.event("GET", "/trades"), None)
    assert answer["statusCode"] == 500
    assert "secret" not in answer["body"]
    assert json.loads(answer["body"])["type"] == "/v1/problems/internal-error"
