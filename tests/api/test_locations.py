"""GET answers every address in a Location header or in a problem's `location`."""

from collections.abc import Callable
from typing import Any

import pytest

from handlers.journal.settings import MAIN
from handlers.usecases import corporate_actions, file_writing
from handlers.web.contract import base_path, contract
from tests.api.client import Answer, Client, a_trade
from tests.api.importing import MAPPING
from tests.api.user_data import Stores, new_client, new_queue
from tests.events import routes

CLOSE = {"quantity": "1", "price": "11", "closedAt": "2026-01-06T10:00:00Z"}
ENTRY = {"quantity": "1", "price": "11", "enteredAt": "2026-01-05T15:00:00Z"}
EVENT = {"type": "DIVIDEND", "amount": "24", "at": "2026-01-06T10:00:00Z"}
SPLIT = {"new": "4", "old": "1", "at": "2026-01-06T10:00:00Z"}
GROUP = "0b9f2f0a-6c1e-4a55-9d8e-3a4b5c6d7e8f"
COMPLETE = "onExisting=COMPLETE"

Asked = Callable[[Client, Any], Answer]


def added(part: str, document: Any) -> Asked:
    return lambda client, trade: client.post(f"/trades/{trade['tradeId']}/{part}", document)


def complete(client: Client, _: Any) -> Answer:
    client.post("/trades", a_trade(externalId="x"))
    return client.post("/trades", a_trade(externalId="x", closes=[CLOSE]), query=COMPLETE)


def exported(client: Client, _: Any) -> Answer:
    return client.post("/exports", {"format": "CSV"})


def large_export(client: Client, trade: Any) -> Answer:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(file_writing, "AT_ONCE_SECONDS", -1)
        patched.setattr(file_writing, "PROGRESS_SECONDS", -1)
        return exported(client, trade)


ACTION = {"type": "SPLIT", "symbol": "AAPL", "effectiveAt": "2026-01-06T09:30:00-05:00", "new": "4", "old": "1"}


def marked_action(client: Client, _: Any) -> Answer:
    client.post("/executions", EXECUTION)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(corporate_actions, "MOST_READ", -1)
        return client.post("/corporate-actions", ACTION)


CASH = {"type": "DEPOSIT", "amount": "100", "at": "2026-01-05T09:00:00-05:00"}
EXECUTION = {"symbol": "AAPL", "side": "BUY", "quantity": "1", "price": "10", "executedAt": "2026-01-05T09:31:00-05:00"}


def large_position(client: Client, _: Any) -> Answer:
    client.post("/executions", EXECUTION)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("handlers.usecases.position_changes.MOST_READ", 0)
        return client.post("/executions", EXECUTION)


# How each answer that names an address comes about, by its operation and status.
ANSWERS: dict[tuple[str, int], Asked] = {
    ("createTrade", 200): complete,
    ("createTrade", 201): lambda client, _: client.post("/trades", a_trade()),
    ("closeTrade", 201): added("closes", CLOSE),
    ("addEntry", 201): added("entries", ENTRY),
    ("createEvent", 201): added("events", EVENT),
    ("createSplit", 201): added("splits", SPLIT),
    ("putGroup", 201): lambda client, trade: client(
        "PUT", f"/groups/{GROUP}", {"name": "pair", "tradeIds": [trade["tradeId"]]}
    ),
    ("createTradingAccount", 201): lambda client, _: client.post("/accounts", {"name": "IBKR", "currency": "EUR"}),
    ("createCash", 201): lambda client, _: client.post(f"/accounts/{MAIN}/cash", CASH),
    ("reconcile", 201): lambda client, _: client.post(
        f"/accounts/{MAIN}/reconciliations", {"statementBalance": "5", "at": CASH["at"]}
    ),
    ("createExecution", 201): lambda client, _: client.post("/executions", EXECUTION),
    ("createExecution", 202): large_position,
    ("createAction", 201): lambda client, _: client.post("/corporate-actions", ACTION),
    ("createAction", 202): marked_action,
    ("createImport", 201): lambda client, _: client.post("/imports", {"fileName": "a.csv"}),
    ("createMapping", 201): lambda client, _: client.post("/import-mappings", MAPPING),
    ("renameTag", 202): lambda client, _: client.patch("/tags/fomo", {"name": "calm"}),
    ("deleteTag", 202): lambda client, _: client.delete("/tags/fomo"),
    ("createExport", 201): exported,
    ("createRestore", 201): lambda client, _: client.post("/restores", {"mode": "EMPTY_ONLY"}),
    ("createExport", 202): large_export,
}


@pytest.fixture
def dana(stores: Stores, monkeypatch: pytest.MonkeyPatch) -> Client:
    monkeypatch.setenv("TAG_QUEUE_URL", new_queue("tags"))
    return new_client(stores.pool, "dana@example.com")


def test_these_are_all_answers_with_an_address() -> None:
    components = contract()["components"]["responses"]
    answers = [
        (route.operation_id, int(status), components[each["$ref"].rpartition("/")[2]] if "$ref" in each else each)
        for route in routes()
        for status, each in route.operation["responses"].items()
    ]
    with_address = {(name, status) for name, status, answer in answers if "Location" in answer.get("headers", {})}
    assert with_address == set(ANSWERS)


@pytest.mark.parametrize(("operation_id", "status"), ANSWERS)
def test_an_address_in_an_answer_can_be_followed(dana: Client, operation_id: str, status: int) -> None:
    answer = ANSWERS[operation_id, status](dana, dana.new_trade(tags=["fomo"]))
    assert answer.status == status, answer.body
    followed = dana.get(answer.headers["location"].removeprefix(base_path()))
    assert followed.status in ((200, 202) if status == 202 else (200,))


def test_an_address_in_a_problem_can_be_followed(dana: Client) -> None:
    dana.post("/trades", a_trade(externalId="x"))
    for query in ("", COMPLETE):
        answer = dana.post("/trades", a_trade(externalId="x", symbol="TSLA"), query=query)
        assert answer.status == 409
        assert dana.get(answer.json["location"].removeprefix(base_path())).json["externalId"] == "x"
