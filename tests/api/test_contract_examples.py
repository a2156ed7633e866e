"""Each example of a request, and each of a parameter, is accepted by the operation that it describes."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import pytest

from handlers.imports.record import ImportStatus
from handlers.journal.merges import RestorePlan
from handlers.journal.restores import RestoreStatus
from handlers.storage import imports, restores
from handlers.storage.clients import s3
from openapi.generate import contract, operations
from tests.api.client import Answer, Client
from tests.api.importing import Importing, a_file
from tests.api.test_own_account import Own
from tests.api.user_data import Stores, new_queue
from tests.events import claims_of
from tests.user_pool import UserPool

CONTRACT = contract()
EXAMPLES = {name: example["value"] for name, example in CONTRACT["components"]["examples"].items()}
EMAIL, PASSWORD = EXAMPLES["LogInInput"]["email"], EXAMPLES["LogInInput"]["password"]


def found(node: Any) -> Any:
    """The target of a reference, or the node itself."""
    while "$ref" in node:
        target: Any = CONTRACT
        for step in node["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        node = target
    return node


OPERATIONS = {operation["operationId"]: (path, method, operation) for path, method, operation in operations(CONTRACT)}


def parameters_of(operation_id: str) -> dict[tuple[str, str], Any]:
    """The parameters of an operation by place and name."""
    path, _, operation = OPERATIONS[operation_id]
    given = [*CONTRACT["paths"][path].get("parameters", ()), *operation.get("parameters", ())]
    return {(each["in"], each["name"]): each for each in map(found, given)}


def example_of(parameter: Mapping[str, Any]) -> Any:
    """The example of a parameter: its own, or its schema's."""
    schema = parameter["schema"]
    return parameter.get("example", schema.get("example", found(schema).get("example")))


def bodies() -> Iterator[tuple[str, str, str]]:
    """Operation, media type and name of each example of a request's body."""
    for operation_id, (_, _, operation) in OPERATIONS.items():
        for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
            for example in content["examples"].values():
                yield operation_id, media_type, example["$ref"].rpartition("/")[2]


BODIES = list(bodies())
PARAMETERS = [
    (operation_id, place, name)
    for operation_id in OPERATIONS
    for place, name in parameters_of(operation_id)
    if place != "path"
]


class World:
    """Dana, who is logged in, and what the examples speak of: a trade with a part of each kind, a group, an account."""

    def __init__(self, client: Client, own: Own, pool: UserPool, importing: Importing) -> None:
        self.client = client
        self.importing = importing
        self.own = own
        self.pool = pool
        self.trade = client.post("/trades", EXAMPLES["OpenTradeInput"]).json
        self.ids = {"tradeId": self.trade["tradeId"], "tag": "earnings", "problemType": "not-found"}
        self.ids["entryId"] = self.trade["entries"][0]["entryId"]

    def post(self, path: str, document: Any, name: str) -> None:
        """Add a part, whose id becomes that of the paths."""
        answer = self.client.post(path.format(**self.ids), document)
        assert answer.status in (200, 201), answer.body
        self.ids[name] = answer.headers["location"].rpartition("/")[2]

    def path(self, operation_id: str) -> str:
        """The operation's path, with the ids of what is there."""
        path, method, _ = OPERATIONS[operation_id]
        trade = "/trades/{tradeId}"
        if "{closeId}" in path:
            self.post(f"{trade}/closes", EXAMPLES["PartialCloseInput"], "closeId")
        if "{eventId}" in path:
            self.post(f"{trade}/events", EXAMPLES["DividendInput"], "eventId")
        if "{splitId}" in path:
            self.post(f"{trade}/splits", EXAMPLES["SplitInput"], "splitId")
        if "{accountId}" in path:
            self.post("/accounts", EXAMPLES["EuroAccountInput"], "accountId")
        if "/cash" in path:
            self.post("/accounts/{accountId}/cash", EXAMPLES["DepositInput"], "cashId")
        if "{reconciliationId}" in path:
            path_of_all = "/accounts/{accountId}/reconciliations"
            self.post(path_of_all, EXAMPLES["ReconciliationInput"], "reconciliationId")
        if "{executionId}" in path:
            self.post("/executions", EXAMPLES["ExecutionInput"], "executionId")
        if "{actionId}" in path:
            self.post("/corporate-actions", EXAMPLES["ActionInput"], "actionId")
        if "{exportId}" in path:
            self.post("/exports", EXAMPLES["ExportInput"], "exportId")
        if "{importId}" in path:
            self.ids["importId"] = self._import(operation_id)
        if "{restoreId}" in path:
            self._restore(operation_id)
        if "{mappingId}" in path:
            self.post("/import-mappings", EXAMPLES["ImportMappingInput"], "mappingId")
        if operation_id == "deleteEntry":
            self.post(f"{trade}/entries", EXAMPLES["EntryInput"], "entryId")
        if "{imageId}" in path:
            upload = self.client.post(f"/trades/{self.ids['tradeId']}/images", EXAMPLES["ImageUploadInput"])
            self.ids["imageId"] = upload.json["imageId"]
        if "{groupId}" in path:
            self.ids["groupId"] = "7e1d0c9b-8a7f-4e6d-b5c4-3a2b1c0d9e8f"
            if method != "put":
                group = {"name": "pair", "tradeIds": [self.ids["tradeId"]]}
                assert self.client("PUT", f"/groups/{self.ids['groupId']}", group).status == 201
        if operation_id == "restoreTrade":
            assert self.client.delete(f"/trades/{self.ids['tradeId']}").status == 204
        return path.format(**self.ids)

    def _restore(self, operation_id: str) -> None:
        """A restore whose archive has been sent, and a journal without trades; to be undone, one that is written."""
        assert self.client.delete(f"/trades/{self.ids['tradeId']}").status == 204
        made = self.client.post("/restores", EXAMPLES["RestoreInput"]).json
        self.ids["restoreId"] = made["restore"]["restoreId"]
        s3().put_object(Bucket="files", Key=made["upload"]["fields"]["key"], Body=b"PK")
        if operation_id == "undoRestore":
            now = datetime.now(UTC)
            former = restores.get(self.own.user.sub, self.ids["restoreId"], now)
            written = replace(former, status=RestoreStatus.RESTORED, is_planned=True, written_at=now)
            restores.write_plan(written, RestorePlan(changes={}))
            restores.replace(written, former)

    def _import(self, operation_id: str) -> str:
        """An import with a preview of two trades, or a committed one, at its first version."""
        import_id = self._preview()
        former = imports.get(self.own.user.sub, import_id)
        status = ImportStatus.COMMITTED if operation_id == "undoImport" else former.status
        imports.replace(replace(former, version=1, status=status), former)
        return import_id

    def _preview(self) -> str:
        content = a_file("1 Buy 5 AAPL 10", "2 Buy 5 MSFT 10")
        made = self.importing.imported(self.client, content, timeZone="America/New_York")
        return str(made["importId"])

    def body(self, operation_id: str, name: str) -> Any:
        """The example, with this world's ids, codes and tokens in the places of the story's."""
        value: dict[str, Any] = EXAMPLES[name]
        other = self.client.new_trade()["tradeId"]
        if name == "BulkUpdatesInput":  # the second item names a version that was overtaken
            items = [
                {**item, "tradeId": own} for item, own in zip(value["items"], (self.ids["tradeId"], other), strict=True)
            ]
            assert self.client.patch(f"/trades/{other}", {"timeframe": "5m"}).json["version"] > items[1]["version"]
            return {"items": items}
        if name == "BulkDeletionInput":  # the second trade is gone already
            return {"tradeIds": [self.ids["tradeId"], value["tradeIds"][1]]}
        own = {
            "code": self._code(operation_id),
            "refreshToken": self.own.tokens["RefreshToken"],
            "tradeIds": [self.ids["tradeId"], other],
        }
        return {key: own.get(key, held) for key, held in value.items()}

    def _code(self, operation_id: str) -> str:
        """The code that the operation waits for."""
        if operation_id == "confirmSignUp":
            self.pool.users.clear()
            Client(None).post("/auth/signup", {"email": EMAIL})
        elif operation_id == "confirmForgotPassword":
            Client(None).post("/auth/forgot-password", {"email": EMAIL})
        elif operation_id == "confirmChangeEmail":
            self.own.ask("POST", "/auth/change-email", EXAMPLES["ChangeEmailInput"])
            return self.pool.newest_code(EXAMPLES["ChangeEmailInput"]["email"])
        else:
            return ""
        return self.pool.newest_code(EMAIL)

    def ask(self, operation_id: str, path: str, **given: Any) -> Answer:
        """Send the request as the user of the pool whose tokens are those of the world."""
        _, method, _ = OPERATIONS[operation_id]
        needed = {"If-Match": '"1"'} if operation_id in ("commitImport", "commitRestore") else {}
        headers = {"Authorization": f"Bearer {self.own.tokens['AccessToken']}", **needed, **given.pop("headers", {})}
        claims = claims_of(self.own.user.sub, username=self.own.user.username)
        return self.client(method.upper(), path, headers=headers, claims=claims, **given)


@pytest.fixture
def world(stores: Stores, user_pool: UserPool, monkeypatch: pytest.MonkeyPatch) -> World:  # noqa: ARG001 made first
    monkeypatch.setenv("TAG_QUEUE_URL", new_queue("tags"))
    own = Own(user_pool, user_pool.new_user(EMAIL, PASSWORD))
    monkeypatch.setenv("IMPORT_APPLY_QUEUE_URL", new_queue("import-applies"))
    return World(Client(own.user.sub), own, user_pool, Importing(monkeypatch))


@pytest.mark.parametrize(("operation_id", "media_type", "name"), BODIES)
def test_an_example_of_a_body_is_accepted(world: World, operation_id: str, media_type: str, name: str) -> None:
    path = world.path(operation_id)
    body = json.dumps(world.body(operation_id, name)).encode()
    answer = world.ask(operation_id, path, headers={"Content-Type": media_type}, body=body)
    assert answer.status < 300, answer.body
    if name.startswith("Bulk"):
        shown = {
            "BulkTradesInput": "BulkResults",
            "BulkUpdatesInput": "BulkUpdateResults",
            "BulkExecutionsInput": "BulkExecutionResults",
        }
        wanted = EXAMPLES[shown.get(name, "BulkDeletionResults")]["results"]
        assert [result["status"] for result in answer.json["results"]] == [result["status"] for result in wanted]


def times(value: Any) -> Iterator[tuple[Any, Any]]:
    """Where the times of a document stand: what holds each, and its key or index there."""
    for key, held in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        if isinstance(held, str) and re.match(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T", held):
            yield value, key
        else:
            yield from times(held)


TIMED = [each for each in BODIES if any(times(EXAMPLES[each[2]]))]


@pytest.mark.parametrize("beyond", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"])
@pytest.mark.parametrize(("operation_id", "media_type", "name"), TIMED)
def test_a_time_beyond_the_years_of_utc_is_refused_or_kept(
    world: World, operation_id: str, media_type: str, name: str, beyond: str
) -> None:
    path = world.path(operation_id)
    document = world.body(operation_id, name)
    for number in range(len(list(times(document)))):
        changed = copy.deepcopy(document)
        place, key = list(times(changed))[number]
        place[key] = beyond
        body = json.dumps(changed).encode()
        answer = world.ask(operation_id, path, headers={"Content-Type": media_type}, body=body)
        assert answer.status < 500, (key, answer.body)
        if name.startswith("Bulk"):
            assert {result["status"] for result in answer.json["results"]} < set(range(500)), (key, answer.body)


# Parameters that mean something only together with others.
CLOSED = {"closeFrom": "2026-01-01", "closeTo": "2026-01-31"}
RANGE = {"from": "2026-01-05", "to": "2026-01-05"}
TOGETHER: dict[str, dict[str, dict[str, str]]] = {
    "listTrades": dict.fromkeys(("closeFrom", "closeTo", "sort", "timeZone", "dayStartsAt", "includes"), CLOSED),
    "getCalendar": {"from": RANGE, "to": RANGE, "month": {}},
    "getEquityCurve": {"weekStartsOn": {"groupBy": "WEEK"}},
}


@pytest.mark.parametrize(("operation_id", "place", "name"), PARAMETERS)
def test_an_example_of_a_parameter_is_accepted(world: World, operation_id: str, place: str, name: str) -> None:
    parameters = parameters_of(operation_id)
    example = example_of(parameters[place, name])
    assert example is not None
    path = world.path(operation_id)
    query = {key: example_of(each) for (at, key), each in parameters.items() if at == "query" and each.get("required")}
    if name == "nextToken":  # made by the API: the example shows what one looks like
        world.client.new_trade()
        example = next_token(world, path, query)
    others = {"month": "2026-01"} if operation_id == "getCalendar" else {}
    query |= TOGETHER.get(operation_id, {}).get(name, others)
    headers = {}
    if place == "query":
        query[name] = example
        if name == "nextToken":
            query["limit"] = 1
    else:
        headers[name] = example
    example_bodies = [each for each in BODIES if each[0] == operation_id]
    given: dict[str, Any] = {}
    if example_bodies:
        _, headers["Content-Type"], body = example_bodies[0]
        document = world.body(operation_id, body)
        if name == "onExisting":
            document["externalId"] = EXAMPLES["ClosedTradeInput"].get("externalId", "1")
        given["body"] = json.dumps(document).encode()
        if operation_id == "putGroup" and name == "If-Match":
            assert world.ask(operation_id, path, headers=headers | {"If-Match": "*"}, **given).status == 412
            assert world.client("PUT", path, {"name": "pair", "tradeIds": [world.ids["tradeId"]]}).status == 201
    answer = world.ask(operation_id, path, headers=headers, query=query_of(parameters, query), **given)
    if name == "If-Match" and not is_first_version(operation_id):
        assert answer.status == 412  # the example names the first version
    else:
        assert answer.status < 400, answer.body


def is_first_version(operation_id: str) -> bool:
    """Whether the example of If-Match names the present version of what the operation changes."""
    path = OPERATIONS[operation_id][0]
    return not any(part in path for part in ("{closeId}", "{eventId}", "{splitId}")) and operation_id != "deleteEntry"


def next_token(world: World, path: str, query: Mapping[str, Any]) -> str:
    """A token of a page with one item."""
    if path == "/imports":
        for _ in range(2):
            assert world.client.post(path, EXAMPLES["ImportInput"]).status == 201
    if path == "/fx-rates":
        assert world.client("PUT", path, EXAMPLES["DollarRatesInput"]).status == 200
    if path.endswith("/cash"):
        assert world.client.post(path, EXAMPLES["DepositInput"]).status == 201
    if path.endswith("/reconciliations"):
        for _ in range(2):
            assert world.client.post(path, EXAMPLES["ReconciliationInput"]).status == 201
    if path == "/executions":
        for _ in range(2):
            assert (
                world.client.post(
                    path, {key: held for key, held in EXAMPLES["ExecutionInput"].items() if key != "externalId"}
                ).status
                == 201
            )
    if path == "/groups":
        for group in ("a", "b"):
            document = {"name": "pair", "tradeIds": [world.client.new_trade()["tradeId"]]}
            world.client("PUT", f"/groups/{group * 8}-0000-4000-8000-000000000000", document)
    if path == "/deleted-trades":
        for _ in range(2):
            world.client.delete(f"/trades/{world.client.new_trade()['tradeId']}")
    if path == "/corporate-actions":
        for _ in range(2):
            assert world.client.post(path, EXAMPLES["ActionInput"]).status == 201
    if path.endswith("/legs"):
        close = {"quantity": "1", "price": "186", "closedAt": "2026-01-05T11:02:00-05:00"}
        assert world.client.post(path.replace("/legs", "/closes"), close).status == 201
    return str(world.client.get(path, query=[*query.items(), ("limit", "1")]).json["nextToken"])


def query_of(parameters: Mapping[tuple[str, str], Any], values: Mapping[str, Any]) -> str:
    """The query with these values, each written as its parameter says."""
    pairs: list[tuple[str, str]] = []
    for name, value in values.items():
        texts = [text_of(each) for each in (value if isinstance(value, list) else [value])]
        exploded = parameters["query", name].get("explode", True)
        pairs += [(name, text) for text in (texts if exploded else [",".join(texts)])]
    return urlencode(pairs)


def text_of(value: Any) -> str:
    """A value as it stands in a query."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def test_every_operation_with_a_body_has_an_example() -> None:
    with_bodies = {name for name, (_, _, operation) in OPERATIONS.items() if "requestBody" in operation}
    assert {operation_id for operation_id, _, _ in BODIES} == with_bodies
    assert len(PARAMETERS) > 100
