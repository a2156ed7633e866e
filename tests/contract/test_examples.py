"""Everything in the contract has an example, and every example is valid, with correct figures."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from jsonschema import FormatChecker
from openapi_schema_validator import OAS30Validator, oas30_format_checker

from generated import models
from handlers.documents import inputs, stats, stats_views
from handlers.documents import trades as documents
from handlers.documents.fields import as_json, pointer
from handlers.documents.stats import Frame
from handlers.journal import changes
from handlers.journal.errors import RuleBroken, StateForbids
from handlers.journal.rates import Rates
from handlers.journal.settings import Settings
from handlers.journal.stats.breakdown import breakdown
from handlers.journal.stats.calendar import calendar
from handlers.journal.stats.clock import Clock
from handlers.journal.stats.currencies import Conversion
from handlers.journal.stats.equity import GroupBy, equity_curve
from handlers.journal.stats.folding import fold
from handlers.journal.stats.questions import Attribute, Question
from handlers.journal.trade import Entry, Trade
from handlers.journal.trading_accounts import SettingsAndAccounts
from handlers.web.problems import problem_of
from openapi.generate import contract, operations
from tests.events import route_of
from tests.unit.journal.stats.asking import selected

CONTRACT = contract()
COMPONENTS = CONTRACT["components"]
SCALARS = {"string", "integer", "number", "boolean"}


def resolved(node: Any) -> Any:
    """The node with every reference replaced by what it points to."""
    if isinstance(node, dict):
        if "$ref" in node:
            target: Any = CONTRACT
            for step in node["$ref"].removeprefix("#/").split("/"):
                target = target[step]
            return resolved(target)
        return {key: resolved(value) for key, value in node.items()}
    return [resolved(value) for value in node] if isinstance(node, list) else node


def checker() -> FormatChecker:
    formats = FormatChecker(formats=())
    formats.checkers = dict(oas30_format_checker.checkers)
    formats.checks("date-time", raises=ValueError)(lambda text: bool(datetime.fromisoformat(text)))
    return formats


def strict(node: Any) -> Any:
    """The schema with unknown properties forbidden: an example must not name what the contract does not."""
    if isinstance(node, dict):
        closed = {key: strict(value) for key, value in node.items()}
        if "properties" in node:
            closed.setdefault("additionalProperties", False)
        return closed
    return [strict(value) for value in node] if isinstance(node, list) else node


def assert_follows(example: Any, schema: Any) -> None:
    # ECMA 262's `$` is the very end, Python's also the place before a last line feed.
    OAS30Validator(strict(schema), format_checker=checker()).validate(example)


def schemas(node: Any, where: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every schema that stands somewhere itself and is no reference."""
    if isinstance(node, dict):
        is_schema = isinstance(node.get("type"), str) and ("schema" in where or "/components/schemas/" in where)
        if is_schema and "/example" not in where and not where.endswith("/properties"):
            yield where, node
        for key, value in node.items():
            if key not in ("example", "examples"):
                yield from schemas(value, f"{where}/{key}")
    elif isinstance(node, list):
        for number, value in enumerate(node):
            yield from schemas(value, f"{where}/{number}")


ALL_SCHEMAS = dict(schemas(CONTRACT))


def contents() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every request's and response's content, by operation, place and media type."""
    for _, _, operation in operations(CONTRACT):
        name = operation["operationId"]
        for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
            yield f"{name} request {media_type}", resolved(content)
        for status, response in operation["responses"].items():
            for media_type, content in resolved(response).get("content", {}).items():
                yield f"{name} {status} {media_type}", resolved(content)


CONTENTS = dict(contents())


def test_the_walk_finds_the_schemas_it_is_meant_to_find() -> None:
    assert "/components/schemas/TradeId" in ALL_SCHEMAS
    assert "/components/schemas/Psychology/properties/greed" in ALL_SCHEMAS
    assert "/components/parameters/Limit/schema" in ALL_SCHEMAS
    assert "/components/headers/ETag/schema" in ALL_SCHEMAS


@pytest.mark.parametrize("where", [where for where, schema in ALL_SCHEMAS.items() if schema["type"] in SCALARS])
def test_a_scalar_schema_has_an_example(where: str) -> None:
    assert "example" in ALL_SCHEMAS[where]


@pytest.mark.parametrize("where", [where for where, schema in ALL_SCHEMAS.items() if "example" in schema])
def test_a_schemas_example_follows_it(where: str) -> None:
    assert_follows(ALL_SCHEMAS[where]["example"], resolved(ALL_SCHEMAS[where]))


@pytest.mark.parametrize("where", [where for where, schema in ALL_SCHEMAS.items() if "pattern" in schema])
def test_a_pattern_holds_the_whole_value(where: str) -> None:
    assert re.match(r"\^.*\$$", ALL_SCHEMAS[where]["pattern"])


@pytest.mark.parametrize("where", CONTENTS)
def test_a_request_and_a_response_have_examples_that_follow_their_schema(where: str) -> None:
    examples = CONTENTS[where]["examples"]
    assert examples
    for example in examples.values():
        assert_follows(example["value"], CONTENTS[where]["schema"])


def test_every_named_example_is_used() -> None:
    used = {each["$ref"].rpartition("/")[2] for each in references(CONTRACT) if "/examples/" in each["$ref"]}
    assert set(COMPONENTS["examples"]) == used


def references(node: Any) -> Iterator[dict[str, str]]:
    if isinstance(node, dict):
        if "$ref" in node:
            yield node
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


# They describe files that no operation answers, and members of them.
OF_FILES = {
    *("AccountExportFile", "ExportManifest", "ExportedAccount", "ExportedTrade", "ExportedGroup"),
    *("ExportedExecution", "ExportedAction"),
}


@pytest.mark.parametrize("kind", ["schemas", "parameters", "headers", "responses", "links", "examples"])
def test_every_component_is_used(kind: str) -> None:
    used = {each["$ref"] for each in references(CONTRACT)}
    of_files = OF_FILES if kind == "schemas" else set()
    assert {f"#/components/{kind}/{name}" for name in COMPONENTS[kind]} - used == {
        f"#/components/{kind}/{name}" for name in of_files
    }


def example(name: str) -> Any:
    return COMPONENTS["examples"][name]["value"]


def opened(name: str) -> Trade:
    given = models.TradeInput.model_validate(example(name))
    return inputs.new_trade(given, user="dana", idempotency_key=None, now=datetime.fromisoformat(_RECORDED))


_RECORDED = "2026-01-05T14:31:10+00:00"
_AS_OF = "2026-01-07T21:05:14+00:00"


def closed(trade: Trade, name: str, shown: str) -> Trade:
    """The trade after the close of an example, recorded when another example says so."""
    values = models.CloseInput.model_validate(example(name)).model_dump(exclude_none=True)
    close_id = example(shown)["partialCloses"][-1]["closeId"]
    now = datetime.fromisoformat(example(shown)["updatedAt"])
    return changes.close(trade, close_id=close_id, now=now, **values)


def as_shown(trade: Trade) -> dict[str, Any]:
    named = replace(trade, trade_id=example("OpenTrade")["tradeId"])  # from which the id of its only entry follows
    shown: dict[str, Any] = json.loads(as_json(documents.trade_document(named)))
    return shown


def test_the_trade_in_the_examples_is_what_the_journal_makes_of_the_requests_in_the_examples() -> None:
    trade = opened("OpenTradeInput")
    assert as_shown(trade) == example("OpenTrade")
    trade = closed(trade, "PartialCloseInput", "PartlyClosedTrade")
    assert as_shown(trade) == example("PartlyClosedTrade")
    trade = closed(trade, "FinalCloseInput", "ClosedTrade")
    assert as_shown(trade) == example("ClosedTrade")


def test_the_entries_and_corrections_in_the_examples_are_what_the_journal_makes_of_them() -> None:
    trade = replace(opened("OpenTradeInput"), trade_id=example("OpenTrade")["tradeId"])
    shown = example("TradeWithEntries")
    given = models.EntryInput.model_validate(example("EntryInput")).model_dump(exclude_none=True)
    entry = Entry(entry_id=shown["entries"][1]["entryId"], **given)
    added = changes.add_entry(trade, entry, datetime.fromisoformat(shown["updatedAt"]))
    assert {**as_shown(added), "createdAt": shown["createdAt"]} == shown
    assert example("Entry") == example("OpenTrade")["entries"][0]
    assert example("Close") == example("PartlyClosedTrade")["partialCloses"][0]
    assert example("CorrectEntry")["price"] == shown["entries"][0]["price"]
    assert example("CorrectClose")["price"] == example("Close")["price"]


def test_the_page_in_the_examples_holds_the_open_trade() -> None:
    assert example("TradePage") == {"items": [example("OpenTrade")]}


def test_the_trade_closed_at_once_in_the_examples_earns_what_the_text_book_says() -> None:
    assert opened("ClosedTradeInput").net_pnl == Decimal("98.9")


def test_the_patches_in_the_examples_can_be_applied() -> None:
    trade = opened("OpenTradeInput")
    for name in ("MoveStop", "CancelTrade"):
        given = models.TradeUpdateInput.model_validate(example(name))
        changed = changes.revise(trade, inputs.changed_fields(given, trade), trade.created_at)
        assert changed.version == 2


@pytest.fixture(scope="module")
def everyday() -> list[Trade]:
    """The trades of the examples as they are in the end: one closed in two parts, one at once, one recorded in bulk."""
    aapl = closed(
        closed(opened("OpenTradeInput"), "PartialCloseInput", "PartlyClosedTrade"), "FinalCloseInput", "ClosedTrade"
    )
    return [aapl, opened("ClosedTradeInput"), in_bulk()]


def in_bulk() -> Trade:
    item, shown = example("BulkTradesInput")["items"][0], example("BulkResults")["results"][0]["trade"]
    given = models.TradeInput.model_validate(item["trade"])
    now = datetime.fromisoformat(shown["createdAt"])
    trade = inputs.new_trade(given, user="dana", idempotency_key=item["idempotencyKey"], now=now)
    return replace(trade, trade_id=shown["tradeId"])


def test_the_trade_recorded_in_bulk_is_what_the_journal_makes_of_the_request() -> None:
    recorded, refused = example("BulkResults")["results"]
    shown = json.loads(as_json(documents.trade_document(in_bulk())))
    given = {"partialCloses": recorded["trade"]["partialCloses"]}
    assert recorded == {"status": 201, "trade": {**shown, **given}}
    own, made = given["partialCloses"][0], shown["partialCloses"][0]
    assert {**own, "closeId": ""} == {**made, "closeId": ""}
    wrong = models.TradeInput.model_validate(example("BulkTradesInput")["items"][1]["trade"])
    with pytest.raises(RuleBroken) as broken:
        inputs.new_trade(
            wrong,
            user="dana",
            idempotency_key=None,
            now=datetime.fromisoformat(_RECORDED),
        )
    problem = problem_of(broken.value)
    assert refused == {"status": 422, "problem": problem.document(refused["problem"]["requestId"])}


def frame(trades: Sequence[Trade] = ()) -> Frame:
    """The repeated part of statistics' answers, for a user without settings and the sums of these trades."""
    conversion = Conversion(SettingsAndAccounts(settings=Settings(user_id="dana")), Question(), Rates)
    list(conversion(selected(trades)))
    return Frame(question=Question(), tolerance="0", as_of=datetime.fromisoformat(_AS_OF), conversion=conversion)


FRAME = frame()


def test_the_statistics_in_the_examples_are_those_of_the_trades_in_the_examples(everyday: list[Trade]) -> None:
    shown = example("Stats")
    opening = Decimal(example("EquityCurve")["openingBalance"])
    assert shown == stats.stats_document(fold(selected(everyday)), opening, frame(everyday))
    assert Decimal(shown["netPnl"]) == sum(trade.net_pnl or 0 for trade in everyday)
    assert datetime.fromisoformat(shown["asOf"]) > max(trade.updated_at for trade in everyday)


def test_the_curve_in_the_examples_is_that_of_the_trades_in_the_examples(everyday: list[Trade]) -> None:
    shown = example("EquityCurve")
    opening = Decimal(shown["openingBalance"])
    assert shown == stats_views.curve_document(equity_curve(selected(everyday), opening), opening, GroupBy.DAY, FRAME)


def test_the_calendar_in_the_examples_is_that_of_the_trades_in_the_examples(everyday: list[Trade]) -> None:
    shown = example("Calendar")
    first, last = (date.fromisoformat(shown["total"][end]) for end in ("from", "to"))
    known = calendar(selected(everyday, Question(first=first, last=last)), first, last, Clock())
    assert shown == stats_views.calendar_document(known, FRAME)
    assert COMPONENTS["schemas"]["CalendarMonthName"]["example"] == f"{first:%Y-%m}"


def test_the_breakdown_in_the_examples_is_that_of_the_trades_in_the_examples(everyday: list[Trade]) -> None:
    shown = example("Breakdown")
    known = breakdown([Attribute(name) for name in shown["by"]], Question(), selected(everyday))
    assert shown == stats_views.breakdown_document(known, FRAME)


def values_of(name: str, node: Any) -> Iterator[Any]:
    """Every value of a property of this name, however deep."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key == name:
                yield value
            yield from values_of(name, value)
    elif isinstance(node, list):
        for value in node:
            yield from values_of(name, value)


def test_one_trader_tells_all_the_examples() -> None:
    examples = [each["value"] for each in COMPONENTS["examples"].values()]
    assert set(values_of("email", examples)) == {COMPONENTS["schemas"]["EmailAddress"]["example"]}
    (signed_up, logged_in) = (example(name)["password"] for name in ("ConfirmSignUpInput", "LogInInput"))
    assert signed_up == logged_in != example("ConfirmForgotPasswordInput")["password"]
    assert set(values_of("refreshToken", examples)) == {example("Tokens")["refreshToken"]}
    assert set(values_of("requestId", examples)) == {COMPONENTS["headers"]["XRequestId"]["schema"]["example"]}


def test_ids_versions_and_times_in_the_examples_follow_each_other() -> None:
    story = [example(name) for name in ("OpenTrade", "PartlyClosedTrade", "ClosedTrade")]
    (first,) = {trade["tradeId"] for trade in story}
    assert [trade["version"] for trade in story] == [1, 2, 3]
    times = [trade["updatedAt"] for trade in story]
    assert times == sorted(times)
    assert story[2]["partialCloses"][:1] == story[1]["partialCloses"]
    other = example("BulkResults")["results"][0]["trade"]["tradeId"]
    assert example("BulkDeletionInput")["tradeIds"] == [first, other]
    schemas, headers = COMPONENTS["schemas"], COMPONENTS["headers"]
    assert schemas["TradeId"]["example"] == first
    assert schemas["CloseId"]["example"] == story[1]["partialCloses"][0]["closeId"]
    assert schemas["ImageId"]["example"] == example("ImageUpload")["imageId"]
    assert headers["Location"]["schema"]["example"] == f"/v1/trades/{first}"
    assert headers["ETag"]["schema"]["example"] == schemas["EntityTags"]["example"] == '"1"'
    assert f"{first}" in CONTRACT["info"]["description"]


def test_the_conflict_in_the_examples_is_that_of_the_partly_closed_trade() -> None:
    trade = closed(opened("OpenTradeInput"), "PartialCloseInput", "PartlyClosedTrade")
    at = datetime.fromisoformat(example("FinalCloseInput")["closedAt"])
    with pytest.raises(StateForbids) as refused:
        changes.close(trade, close_id="x", quantity=Decimal(61), price=Decimal(188), closed_at=at, now=trade.updated_at)
    shown = example("Conflict")
    assert [(bad["pointer"], bad["code"], bad["params"], bad["detail"]) for bad in shown["errors"]] == [
        (pointer(error.path), error.fault.code, error.fault.params, error.fault.detail)
        for error in refused.value.errors
    ]


OPERATIONS = {operation["operationId"]: operation for _, _, operation in operations(CONTRACT)}


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_says_what_it_does_when_it_fails_and_what_to_do_then(name: str) -> None:
    words = re.sub(r"```.*?```", "", OPERATIONS[name]["description"], flags=re.DOTALL)
    assert len(re.findall(r"[.:](?=\s)", words + " ")) >= 2, "the description has fewer than two sentences"
    assert re.search(r"\b(4\d\d|503)\b", words), (
        "the description names no status (4xx or 503) that the operation fails with"
    )


COMMANDS = re.findall(r"```\n(.*?)```", CONTRACT["info"]["description"], flags=re.DOTALL)


@pytest.mark.parametrize(
    "topic",
    ["Authentication", "Your own account", "Idempotency", "Concurrency", "Paging", "Errors", "Versions", "Limits"],
)
def test_the_introduction_explains(topic: str) -> None:
    assert f"**{topic}" in CONTRACT["info"]["description"]


def test_the_bodies_of_the_commands_follow_the_contract() -> None:
    sent = 0
    for command in re.split(r"\n(?=curl|export)", "\n".join(COMMANDS).replace("\\\n", " ")):
        body = re.search(r"-d '(\{.*\})'", command)
        if not body:
            continue
        path = re.search(r'"\$API(/[^"]*)"', command)
        assert path
        method = "PATCH" if "-X PATCH" in command else "POST"
        route = route_of(method, path.group(1))
        assert route
        media_type = re.search(r'Content-Type: ([^"]+)"', command)
        assert media_type
        schema = route.operation["requestBody"]["content"][media_type.group(1)]["schema"]
        assert_follows(json.loads(body.group(1)), resolved(schema))
        sent += 1
    assert sent == 7
