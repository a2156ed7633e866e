"""A corpus of breaking and harmless changes to the contract: each is judged correctly, with its place."""

from __future__ import annotations

import copy
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from openapi.breaking import breaks
from openapi.breaking.__main__ import main
from openapi.generate import ROOT, contract
from tests.contract.changes import Change, append, at, drop, put, remove, rename, rename_schema

RELEASED = contract()

POST, LIST, ONE = "/paths/~1trades/post", "/paths/~1trades/get", "/paths/~1trades~1{tradeId}"
SCHEMAS = "/components/schemas"
QUERY = {"name": "color", "in": "query", "schema": {"type": "string"}}

# Each with the pointer that the report has to name.
BREAKING: dict[str, tuple[Change, str]] = {
    "a path is removed": (drop("/paths/~1docs"), "/paths/~1docs"),
    "a path is renamed": (rename("/paths/~1docs", "/documentation"), "/paths/~1docs"),
    "an operation is removed": (drop(f"{ONE}/delete"), f"{ONE}/delete"),
    "an operationId is renamed": (put(f"{POST}/operationId", "addTrade"), f"{POST}/operationId"),
    "a tag is changed": (put(f"{POST}/tags", ["journal"]), f"{POST}/tags"),
    "an operation becomes protected": (drop("/paths/~1docs/get/security"), "/paths/~1docs/get/security"),
    "the tokens are sent in another way": (
        put("/components/securitySchemes/bearerAuth/scheme", "basic"),
        "/components/securitySchemes/bearerAuth",
    ),
    "a request body takes fewer properties": (
        put(f"{SCHEMAS}/TradeInput/maxProperties", 5),
        f"{SCHEMAS}/TradeInput/maxProperties",
    ),
    "an output header takes more values": (
        append("/components/headers/CacheControl/schema/enum", "private"),
        f"{POST}/responses/201/headers/Cache-Control/schema/enum",
    ),
    "the address changes": (put("/servers", [{"url": "/v2"}]), "/servers"),
    "a parameter is removed": (
        lambda document: at(document, f"{LIST}/parameters").pop(0),
        f"{LIST}/parameters/symbol",
    ),
    "a parameter is renamed": (put("/components/parameters/Limit/name", "size"), f"{LIST}/parameters/limit"),
    "a parameter moves to a header": (put("/components/parameters/Limit/in", "header"), f"{LIST}/parameters/limit"),
    "a parameter becomes required": (put("/components/parameters/Limit/required", True), f"{LIST}/parameters/limit"),
    "a required parameter is added": (
        append(f"{LIST}/parameters", {**QUERY, "required": True}),
        f"{LIST}/parameters/color",
    ),
    "a repeated parameter is joined": (
        put("/components/parameters/TagFilter/explode", False),
        f"{LIST}/parameters/tag/explode",
    ),
    "a parameter's maximum is lowered": (
        put("/components/parameters/Limit/schema/maximum", 50),
        f"{LIST}/parameters/limit/schema/maximum",
    ),
    "a parameter's default is changed": (
        put("/components/parameters/Limit/schema/default", 10),
        f"{LIST}/parameters/limit/schema/default",
    ),
    "a body's media type is removed": (
        drop(f"{ONE}/patch/requestBody/content/application~1json"),
        f"{ONE}/patch/requestBody/content/application~1json",
    ),
    "a body is required where there was none": (
        put(f"{ONE}/delete/requestBody", {"required": True, "content": {}}),
        f"{ONE}/delete/requestBody",
    ),
    "a body is removed": (drop(f"{POST}/requestBody"), f"{POST}/requestBody"),
    "an input property is removed": (
        drop(f"{SCHEMAS}/TradeInput/properties/lessons"),
        f"{SCHEMAS}/TradeInput/properties/lessons",
    ),
    "an input property is renamed": (
        rename(f"{SCHEMAS}/TradeInput/properties/stopLoss", "stop"),
        f"{SCHEMAS}/TradeInput/properties/stopLoss",
    ),
    "an input property becomes required": (
        append(f"{SCHEMAS}/TradeInput/required", "entryPrice"),
        f"{SCHEMAS}/TradeInput/required",
    ),
    "a required input property is added": (
        lambda document: (
            at(document, f"{SCHEMAS}/CloseInput/properties").update(reason={"type": "string"}),
            at(document, f"{SCHEMAS}/CloseInput/required").append("reason"),
        ),
        f"{SCHEMAS}/CloseInput/required",
    ),
    "an input's type is changed": (put(f"{SCHEMAS}/Quantity/type", "number"), f"{SCHEMAS}/Quantity/type"),
    "an input's length is narrowed": (put(f"{SCHEMAS}/Note/maxLength", 100), f"{SCHEMAS}/Note/maxLength"),
    "an input gets a least length": (put(f"{SCHEMAS}/Note/minLength", 1), f"{SCHEMAS}/Note/minLength"),
    "an input's range is narrowed": (put(f"{SCHEMAS}/Score/maximum", 5), f"{SCHEMAS}/Score/maximum"),
    "an input's pattern is changed": (
        put(f"{SCHEMAS}/TradingSymbol/pattern", "^[A-Z]+$"),
        f"{SCHEMAS}/TradingSymbol/pattern",
    ),
    "an input gets a pattern": (put(f"{SCHEMAS}/Label/pattern", "^[a-z]+$"), f"{SCHEMAS}/Label/pattern"),
    "an input gets a format": (put(f"{SCHEMAS}/Label/format", "date"), f"{SCHEMAS}/Label/format"),
    "an input's enum is narrowed": (remove(f"{SCHEMAS}/Side/enum", "SELL"), f"{SCHEMAS}/Side/enum"),
    "an input takes fewer items": (put(f"{SCHEMAS}/Tags/maxItems", 3), f"{SCHEMAS}/Tags/maxItems"),
    "an input no longer takes null": (put(f"{SCHEMAS}/PriceOrNull/nullable", False), f"{SCHEMAS}/PriceOrNull/nullable"),
    "an output's status is removed": (drop(f"{POST}/responses/409"), f"{POST}/responses/409"),
    "an output's header is removed": (
        drop(f"{POST}/responses/201/headers/Location"),
        f"{POST}/responses/201/headers/Location",
    ),
    "an output's header becomes optional": (
        put("/components/headers/ETag/required", False),
        f"{POST}/responses/201/headers/ETag",
    ),
    "an output's media type is changed": (
        rename(f"{POST}/responses/201/content/application~1json", "application/vnd.trade+json"),
        f"{POST}/responses/201/content/application~1json",
    ),
    "an output gets another media type": (
        put(f"{POST}/responses/201/content/text~1csv", {"schema": {"type": "string"}}),
        f"{POST}/responses/201/content/text~1csv",
    ),
    "an output property is removed": (
        drop(f"{SCHEMAS}/Trade/properties/grossPnl"),
        f"{SCHEMAS}/Trade/properties/grossPnl",
    ),
    "an output property may be absent": (remove(f"{SCHEMAS}/Trade/required", "version"), f"{SCHEMAS}/Trade/required"),
    "an output's enum is widened": (append(f"{SCHEMAS}/TradeStatus/enum", "EXPIRED"), f"{SCHEMAS}/TradeStatus/enum"),
    "an output may be null": (
        put(f"{SCHEMAS}/Trade/properties/holdingSeconds/nullable", True),
        f"{SCHEMAS}/Trade/properties/holdingSeconds/nullable",
    ),
    "an output's type is changed": (
        put(f"{SCHEMAS}/Ratio/type", "string"),
        f"{SCHEMAS}/Ratio/type",
    ),
    "an output integer becomes a number": (
        put(f"{SCHEMAS}/Trade/properties/version/type", "number"),
        f"{SCHEMAS}/Trade/properties/version/type",
    ),
    "an output gets a variant": (
        lambda document: at(document, f"{SCHEMAS}/Problem/properties").update(
            detail={"oneOf": [{"type": "string"}, {"type": "object"}]}
        ),
        f"{SCHEMAS}/Problem/properties/detail/oneOf",
    ),
    "an output's range is widened": (
        put(f"{SCHEMAS}/Problem/properties/status/maximum", 999),
        f"{SCHEMAS}/Problem/properties/status/maximum",
    ),
    "a schema is renamed": (rename_schema("TradePage", "TradeList"), f"{SCHEMAS}/TradePage"),
}

HARMLESS: dict[str, Change] = {
    "nothing": lambda _: None,
    "an operation becomes public": put(f"{LIST}/security", []),
    "a path is added": put("/paths/~1journals", {"get": {"operationId": "listJournals", "responses": {}}}),
    "an operation is added": put(f"{ONE}/put", {"operationId": "putTrade", "responses": {}}),
    "an optional parameter is added": append(f"{LIST}/parameters", QUERY),
    "a status is added": put(f"{LIST}/responses/403", {"description": "Forbidden."}),
    "a header is added": put(f"{POST}/responses/201/headers/X-New", {"schema": {"type": "string"}}),
    "an optional input property is added": put(f"{SCHEMAS}/TradeInput/properties/broker", {"type": "string"}),
    "an output property is added": put(f"{SCHEMAS}/Trade/properties/broker", {"type": "string"}),
    "an output property becomes certain": append(f"{SCHEMAS}/Trade/required", "idempotencyKey"),
    "an input property becomes optional": remove(f"{SCHEMAS}/TradeInput/required", "symbol"),
    "an input's length is widened": put(f"{SCHEMAS}/NoteOrNull/maxLength", 20000),
    "an input's range is widened": put(f"{SCHEMAS}/ScoreOrNull/maximum", 100),
    "an input loses its pattern": drop(f"{SCHEMAS}/PriceOrNull/pattern"),
    "an input takes null": put(f"{SCHEMAS}/Password/nullable", True),
    "an input takes more values": append(f"{SCHEMAS}/TradeInput/properties/status/enum", "EXPIRED"),
    "an output has fewer values": remove(f"{SCHEMAS}/SignUpState/enum", "CONFIRMED"),
    "an output number becomes an integer": put(f"{SCHEMAS}/Ratio/type", "integer"),
    "a body's media type is added": put(
        f"{POST}/requestBody/content/application~1vnd.trade+json", {"schema": {"type": "object"}}
    ),
    "the words on the tokens are changed": put("/components/securitySchemes/bearerAuth/description", "A token."),
    "a body becomes optional": put(f"{POST}/requestBody/required", False),
    "words are changed": put(f"{POST}/description", "Something else."),
    "an example is changed": put(f"{SCHEMAS}/Label/example", "pullback"),
    "a summary is changed": put(f"{POST}/summary", "Add a trade"),
    "a schema is added": put(f"{SCHEMAS}/Broker", {"type": "string"}),
    "a server is added": append("/servers", {"url": "https://api.example.com/v1"}),
    "a required parameter becomes optional": put("/components/parameters/CloseIdInPath/required", False),
}


@pytest.mark.parametrize("name", BREAKING)
def test_what_can_break_a_client_is_found_and_named(name: str) -> None:
    change, pointer = BREAKING[name]
    new = copy.deepcopy(RELEASED)
    change(new)
    assert pointer in {broken.pointer for broken in breaks(RELEASED, new)}


@pytest.mark.parametrize("name", HARMLESS)
def test_what_cannot_break_a_client_passes(name: str) -> None:
    new = copy.deepcopy(RELEASED)
    HARMLESS[name](new)
    assert breaks(RELEASED, new) == []


def test_the_removal_of_an_input_variant_is_found() -> None:
    old = copy.deepcopy(RELEASED)
    put(f"{SCHEMAS}/TradeInput/properties/symbol", {"anyOf": [{"type": "string"}, {"type": "integer"}]})(old)
    new = copy.deepcopy(old)
    at(new, f"{SCHEMAS}/TradeInput/properties/symbol/anyOf").pop()
    assert [broken.pointer for broken in breaks(old, new)] == [f"{SCHEMAS}/TradeInput/properties/symbol/anyOf"]


def test_a_change_is_named_once_however_often_it_is_used() -> None:
    new = copy.deepcopy(RELEASED)
    put(f"{SCHEMAS}/Note/maxLength", 100)(new)
    found = breaks(RELEASED, new)
    assert [str(broken) for broken in found] == [
        "/components/schemas/Note/maxLength: maxLength was changed from 10000 to 100 (request of createTrade)"
    ]


def told(tmp_path: Path, version: str, change: Change, *arguments: str) -> int:
    """The exit status if the contract has changed in this way since its release as 1.4.0."""
    old, new = copy.deepcopy(RELEASED), copy.deepcopy(RELEASED)
    old["info"]["version"], new["info"]["version"] = "1.4.0", version
    change(new)
    released, judged = tmp_path / "released", tmp_path / "openapi.yaml"
    released.mkdir(exist_ok=True)
    (released / "1.4.0.yaml").write_text(yaml.dump(old, Dumper=yaml.CSafeDumper))
    judged.write_text(yaml.dump(new, Dumper=yaml.CSafeDumper))
    return main(["--released", str(released), "--contract", str(judged), *arguments])


def test_only_a_new_major_version_may_break_clients(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    breaks_clients = drop(f"{ONE}/delete")
    assert told(tmp_path, "1.5.0", breaks_clients) == 1
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == f"{ONE}/delete: the operation was removed (request of deleteTrade)"
    assert printed[-1] == "1 change since 1.4.0 can break a client."
    assert told(tmp_path, "2.0.0", breaks_clients) == 0
    assert "the major version was raised" in capsys.readouterr().out
    assert told(tmp_path, "1.4.1", HARMLESS["an optional parameter is added"]) == 0
    assert capsys.readouterr().out == "No changes since 1.4.0 can break a client.\n"


def test_the_newest_release_is_the_one_to_compare_with(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told(tmp_path, "1.10.0", HARMLESS["nothing"])
    for version in ("1.9.0", "1.10.0"):
        document = {**RELEASED, "info": {**RELEASED["info"], "version": version}}
        (tmp_path / "released" / f"{version}.yaml").write_text(yaml.dump(document, Dumper=yaml.CSafeDumper))
    capsys.readouterr()
    assert main(["--released", str(tmp_path / "released"), "--contract", str(tmp_path / "openapi.yaml")]) == 0
    assert capsys.readouterr().out == "No changes since 1.10.0 can break a client.\n"


def test_without_a_release_nothing_passes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for folder in (tmp_path, tmp_path / "missing"):
        assert main(["--released", str(folder)]) == 2
        told_so = capsys.readouterr()
        assert "make breaking compared nothing. No contract has been released" in told_so.err
        assert "make release VERSION=1.0.0" in told_so.err
        assert not told_so.out


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("latest.yaml", "openapi: 3.0.3", "is not named by a version"),
        ("1.0.0.yaml", "{openapi: 3.0.3, info: {version: 1.1.0}, paths: {}}", "is the contract of version 1.1.0"),
        ("1.0.0.yaml", "{", "is no YAML document"),
        ("1.0.0.yaml", "", "is no OpenAPI document"),
    ],
)
def test_a_release_that_cannot_be_trusted_is_not_compared_with(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, text: str, reason: str
) -> None:
    (tmp_path / name).write_text(text)
    assert main(["--released", str(tmp_path)]) == 2
    assert reason in capsys.readouterr().err


def test_make_passes_the_exit_status_on(tmp_path: Path) -> None:
    told(tmp_path, "1.5.0", drop(f"{ONE}/delete"))
    base = tmp_path / "released" / "1.4.0.yaml"
    for judged, status in ((tmp_path / "openapi.yaml", 1), (base, 0), (tmp_path / "none.yaml", 2)):
        command = [sys.executable, "-m", "openapi.breaking", str(base), "--contract", str(judged)]
        assert subprocess.run(command, cwd=ROOT, check=False, capture_output=True).returncode == status


def test_a_revision_without_a_contract_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["no-such-revision"]) == 2
    assert "no contract at no-such-revision" in capsys.readouterr().err
