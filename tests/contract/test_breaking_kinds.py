"""Kinds of changes that are rare in contracts, or that our own words bring: each is judged right.

The contract is tests/contract/library.yaml with what it lacks, such as callbacks, webhooks and links; for our own words
it is openapi.yaml.
"""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from openapi.breaking import breaks
from openapi.generate import contract
from tests.contract.changes import Change, append, at, drop, put, remove, rename, replace, several, turn

BREAKS, HARMLESS = True, False

SENT, GIVEN, SCHEMAS = (
    "/components/schemas/BookInput/properties",
    "/components/schemas/Book/properties",
    "/components/schemas",
)
ADD, LIST = "/paths/~1books/post", "/paths/~1books/get"
GET, COVER = "/paths/~1books~1{bookId}/get", "/paths/~1books~1{bookId}/put"
CALLBACK = f"{ADD}/callbacks/added/{{$request.body#~1hook}}/post"
WEBHOOK = "/webhooks/gone/post/requestBody/content/application~1json/schema/properties"
TEXT = {"schema": {"type": "string"}}


def _json(schema: dict[str, Any]) -> dict[str, Any]:
    return {"content": {"application/json": {"schema": schema}}}


def _library() -> dict[str, Any]:
    made: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("library.yaml").read_text("utf-8"))
    book = {
        "type": "object",
        "required": ["id"],
        "properties": {"id": {"type": "string"}, "state": {"type": "string", "enum": ["A", "B"]}},
    }
    ok = {"description": "Taken."}
    called = {"requestBody": {"required": True, **_json(book)}, "responses": {"200": ok, "204": ok}}
    gone = {"type": "object", "properties": {"id": {"type": "string"}}}
    size = {"name": "size", "in": "query", "schema": {"type": "integer"}}
    own_host = {"url": "https://{host}/v1", "variables": {"host": {"default": "a.example.com"}}}
    identity = {"type": "openIdConnect", "openIdConnectUrl": "https://a/.well-known"}
    several(
        put(f"{GET}/tags", ["books", "reading"]),
        put(f"{ADD}/callbacks", {"added": {"{$request.body#/hook}": {"post": called}}}),
        put(f"{ADD}/responses/201/links", {"read": {"operationId": "getBook"}}),
        put("/components/parameters", {"Unused": {"name": "u", "in": "query", **TEXT}, "Size": size}),
        append(f"{LIST}/parameters", {"$ref": "#/components/parameters/Size"}),
        put("/webhooks", {"gone": {"post": {"requestBody": _json(gone), "responses": {"200": ok}}}}),
        append("/servers", own_host),
        put("/components/securitySchemes/oidc", identity),
        put(f"{SENT}/lang", {"type": "string", "default": "en"}),
        put(f"{SENT}/mode", {"allOf": [{"type": "string", "enum": ["X", "Y"]}], "default": "X"}),
        put(f"{SENT}/level", {"type": "integer", "enum": [1, 2]}),
        put(f"{GIVEN}/level", {"type": "integer", "enum": [1, 2]}),
        put(f"{GIVEN}/dates", {"type": "array", "items": {"type": "string", "format": "date"}}),
        put(f"{GIVEN}/xmlish", {"type": "string"}),
    )(made)
    return made


LIBRARY, OWN = _library(), contract()


def _in_the_guide(old: str, new: str) -> Change:
    """Write another text into the contract's description."""
    return lambda document: document["info"].update(description=document["info"]["description"].replace(old, new))


def _without_line(text: str) -> Change:
    """Take the line with this text out of the contract's description."""

    def change(document: dict[str, Any]) -> None:
        lines = document["info"]["description"].splitlines()
        document["info"]["description"] = "\n".join(line for line in lines if text not in line)

    return change


KINDS: dict[str, tuple[bool, Change]] = {
    "unused parameter component removed": (HARMLESS, drop("/components/parameters/Unused")),
    "used parameter component renamed": (
        HARMLESS,
        several(replace('parameters/Size"', 'parameters/PageSize"'), rename("/components/parameters/Size", "PageSize")),
    ),
    "response component renamed": (
        HARMLESS,
        several(
            replace('responses/Problem"', 'responses/Failure"'), rename("/components/responses/Problem", "Failure")
        ),
    ),
    "operationId in another case": (BREAKS, put(f"{GET}/operationId", "getbook")),
    "operation loses its second tag": (BREAKS, put(f"{GET}/tags", ["books"])),
    "first tag renamed everywhere": (BREAKS, replace('"books"', '"volumes"')),
    "a further tag's object removed": (HARMLESS, lambda d: d.update(tags=[])),
    "request text must not be empty": (BREAKS, put(f"{SENT}/notes/minLength", 1)),
    "answer text must not be empty": (HARMLESS, put(f"{GIVEN}/xmlish/minLength", 1)),
    "request integer gets int32": (BREAKS, put(f"{SENT}/merged/allOf/1/properties/age/format", "int32")),
    "answer loses int32": (BREAKS, drop(f"{GIVEN}/pages/format")),
    "nullable added to enum in request": (HARMLESS, put(f"{SENT}/genre/nullable", True)),
    "nullable added to enum in answer": (BREAKS, put(f"{GIVEN}/state/nullable", True)),
    "parameter deprecated": (HARMLESS, put(f"{LIST}/parameters/0/deprecated", True)),
    "property deprecated": (HARMLESS, put(f"{GIVEN}/pages/deprecated", True)),
    "schema deprecated": (HARMLESS, put(f"{SCHEMAS}/Reader/deprecated", True)),
    "request media type gets a version parameter": (
        BREAKS,
        rename(f"{ADD}/requestBody/content/application~1json", "application/json; version=2"),
    ),
    "answer's media type gets a profile": (
        HARMLESS,
        rename(f"{ADD}/responses/201/content/application~1json", "application/json; profile=book"),
    ),
    "201 becomes 2XX": (BREAKS, rename(f"{ADD}/responses/201", "2XX")),
    "404 becomes default": (HARMLESS, rename(f"{GET}/responses/404", "default")),
    "404 becomes 4XX": (HARMLESS, rename(f"{GET}/responses/404", "4XX")),
    "default removed, nothing in its place": (BREAKS, drop(f"{LIST}/responses/default")),
    "200 gives way to default": (
        BREAKS,
        lambda d: at(d, f"{GET}/responses").update(default=at(d, f"{GET}/responses").pop("200")),
    ),
    "204 added beside default": (BREAKS, put(f"{LIST}/responses/204", {"description": "None."})),
    "links removed": (HARMLESS, drop(f"{ADD}/responses/201/links")),
    "link's operation changed": (HARMLESS, put(f"{ADD}/responses/201/links/read/operationId", "listBooks")),
    "callback removed": (BREAKS, drop(f"{ADD}/callbacks")),
    "callback's property removed": (
        BREAKS,
        drop(f"{CALLBACK}/requestBody/content/application~1json/schema/properties/state"),
    ),
    "callback's property added": (
        HARMLESS,
        put(f"{CALLBACK}/requestBody/content/application~1json/schema/properties/more", {"type": "string"}),
    ),
    "callback's value added": (
        BREAKS,
        append(f"{CALLBACK}/requestBody/content/application~1json/schema/properties/state/enum", "C"),
    ),
    "callback's value removed": (
        HARMLESS,
        remove(f"{CALLBACK}/requestBody/content/application~1json/schema/properties/state/enum", "B"),
    ),
    "callback's body in another media type": (
        BREAKS,
        rename(f"{CALLBACK}/requestBody/content/application~1json", "application/xml"),
    ),
    "callback sent by another method": (BREAKS, rename(CALLBACK, "put")),
    "callback's answer 204 no longer taken": (BREAKS, drop(f"{CALLBACK}/responses/204")),
    "callback's answer 202 taken too": (HARMLESS, put(f"{CALLBACK}/responses/202", {"description": "ok"})),
    "callback renamed": (HARMLESS, rename(f"{ADD}/callbacks/added", "created")),
    "callback's address is another": (
        BREAKS,
        rename(f"{ADD}/callbacks/added/{{$request.body#~1hook}}", "{$request.body#/url}"),
    ),
    "callback added": (
        HARMLESS,
        put(f"{GET}/callbacks", {"read": {"{$request.query.hook}": {"post": {"responses": {}}}}}),
    ),
    "webhook removed": (BREAKS, drop("/webhooks/gone")),
    "webhook's property removed": (BREAKS, drop(f"{WEBHOOK}/id")),
    "webhook added": (HARMLESS, put("/webhooks/new", {"post": {"responses": {}}})),
    "operation deprecated with sunset": (
        HARMLESS,
        several(put(f"{GET}/deprecated", True), put(f"{GET}/x-sunset", "2030-01-01")),
    ),
    "cookie parameter removed": (BREAKS, lambda d: at(d, f"{LIST}/parameters").__delitem__(6)),
    "cookie renamed in case": (BREAKS, put(f"{LIST}/parameters/6/name", "Page")),
    "server's default host changed": (BREAKS, put("/servers/2/variables/host/default", "b.example.com")),
    "server's host in capitals": (HARMLESS, put("/servers/1/url", "HTTPS://{region}.EXAMPLE.com/v1")),
    "openid address changed": (
        BREAKS,
        put("/components/securitySchemes/oidc/openIdConnectUrl", "https://b/.well-known"),
    ),
    "path ends with a slash": (BREAKS, rename("/paths/~1books", "/books/")),
    "items of an answer's array become anything": (BREAKS, put(f"{GIVEN}/dates/items", {})),
    "items of an answer's array lose their format": (BREAKS, drop(f"{GIVEN}/dates/items/format")),
    "items of a request's array become anything": (HARMLESS, put(f"{SENT}/tags/items", {})),
    "answer's body removed": (BREAKS, drop(f"{GET}/responses/200/content")),
    "body added to a 204": (BREAKS, put(f"{COVER}/responses/204/content", {"application/json": TEXT})),
    "xml name of a sent property changed": (BREAKS, put(f"{SENT}/notes/xml", {"name": "remark"})),
    "xml attribute instead of element": (BREAKS, put(f"{SENT}/level/xml", {"attribute": True})),
    "xml name of what travels as JSON alone": (HARMLESS, put(f"{GIVEN}/pages/xml", {"name": "p"})),
    "request's enum values become texts": (BREAKS, put(f"{SENT}/level", {"type": "string", "enum": ["1", "2"]})),
    "enum spelled as floats": (HARMLESS, put(f"{SENT}/level/maximum", 2.0)),
    "request gets a const": (BREAKS, put(f"{SENT}/checked/const", True)),
    "answer gets a const": (HARMLESS, put(f"{GIVEN}/xmlish/const", "x")),
    "unknown keyword added to a request (patternProperties)": (
        BREAKS,
        put(f"{SENT}/anything/patternProperties", {"^a": {"type": "integer"}}),
    ),
    "unknown keyword added to a request (dependentRequired)": (
        BREAKS,
        put(f"{SENT}/anything/dependentRequired", {"known": ["b"]}),
    ),
    "unknown keyword: $comment": (HARMLESS, put(f"{SENT}/anything/$comment", "x")),
    "body property's default changed": (BREAKS, put(f"{SENT}/lang/default", "de")),
    "body property's default removed": (BREAKS, drop(f"{SENT}/lang/default")),
    "body property's default added": (HARMLESS, put(f"{SENT}/notes/default", "")),
    "default beside an allOf changed": (BREAKS, put(f"{SENT}/mode/default", "Y")),
    "nullable removed from request": (BREAKS, drop(f"{SENT}/notes/nullable")),
    "empty schema in allOf": (HARMLESS, append(f"{SENT}/merged/allOf", {})),
    "title of a schema": (HARMLESS, put(f"{SCHEMAS}/Person/title", "P")),
    "type list of 3.1 for nullable": (HARMLESS, put(f"{SENT}/notes", {"type": ["string", "null"]})),
    "openapi 3.0.4": (HARMLESS, put("/openapi", "3.0.4")),
    "tags list reversed": (BREAKS, turn(f"{GET}/tags")),
    "recursive answer gets a deeper nullable": (BREAKS, put(f"{SCHEMAS}/Outline/properties/parts/nullable", True)),
    "recursive request needs a heading": (BREAKS, put(f"{SCHEMAS}/Chapter/required", ["heading"])),
    "discriminator removed": (HARMLESS, drop(f"{SENT}/one/discriminator")),
    "discriminator's mapping to another": (
        BREAKS,
        put(f"{SENT}/one/discriminator/mapping/human", "#/components/schemas/Company"),
    ),
    "minProperties of an answer dropped is unseen": (HARMLESS, put(f"{GIVEN}/counts/minProperties", 1)),
    "path item behind a reference": (
        HARMLESS,
        lambda d: (
            d["components"].update(pathItems={"b": d["paths"]["/books"]}),
            d["paths"].update({"/books": {"$ref": "#/components/pathItems/b"}}),
        ),
    ),
    "head operation added": (HARMLESS, put("/paths/~1books/head", {"operationId": "headBooks", "responses": {}})),
    "external example": (
        HARMLESS,
        put(f"{ADD}/requestBody/content/application~1json/examples", {"a": {"externalValue": "https://x"}}),
    ),
    "request body description": (HARMLESS, put(f"{ADD}/requestBody/description", "x")),
    "problem's media type renamed": (
        BREAKS,
        rename("/components/responses/Problem/content/application~1problem+json", "application/json"),
    ),
    "field code in another case": (BREAKS, replace("TOO_LONG", "TooLong")),
    "param order in header list": (HARMLESS, turn(f"{LIST}/parameters")),
    "request maxLength in an inline copy of allOf": (BREAKS, put(f"{SENT}/subtitle/maxLength", 50)),
}

OWN_KINDS: dict[str, tuple[bool, Change]] = {
    "field code row removed": (BREAKS, _without_line("`TOO_LONG`")),
    "field code's param renamed": (BREAKS, _in_the_guide("| `TOO_LONG` | `maxLength` |", "| `TOO_LONG` | `limit` |")),
    "field code's param becomes optional": (
        BREAKS,
        _in_the_guide("| `TOO_LONG` | `maxLength` |", "| `TOO_LONG` | `maxLength?` |"),
    ),
    "field code's param becomes certain": (
        HARMLESS,
        _in_the_guide("| `NOT_JSON` | `line?` `column?` |", "| `NOT_JSON` | `line` `column?` |"),
    ),
    "field code gets a param": (
        HARMLESS,
        _in_the_guide("| `TOO_LONG` | `maxLength` |", "| `TOO_LONG` | `maxLength` `length` |"),
    ),
    "head removed": (BREAKS, drop("/paths/~1docs/head")),
    "unknown parameters no longer ignored": (BREAKS, drop("/paths/~1docs/get/x-unknown-query-parameters")),
    "case no longer ignored": (BREAKS, drop("/components/schemas/ImageType/x-ignore-case")),
    "304 removed": (BREAKS, drop("/paths/~1docs/get/responses/304")),
}


@pytest.mark.parametrize("name", KINDS)
def test_a_rare_kind_of_change_is_judged_right(name: str) -> None:
    expected, change = KINDS[name]
    assert bool(found(LIBRARY, change)) == expected


@pytest.mark.parametrize("name", OWN_KINDS)
def test_a_change_of_our_own_words_is_judged_right(name: str) -> None:
    expected, change = OWN_KINDS[name]
    assert bool(found(OWN, change)) == expected


def found(old: dict[str, Any], change: Change) -> list[Any]:
    """What breaks by the change, which has to be one."""
    new = copy.deepcopy(old)
    change(new)
    assert new != old
    return list(breaks(old, new))
