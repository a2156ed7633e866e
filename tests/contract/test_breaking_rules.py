"""A corpus of changes to a small contract: for each kind, changes that break a client and changes that do not."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from openapi.breaking import breaks
from tests.contract.changes import Change, append, at, drop, put, remove, rename, rename_schema, replace, several, turn

LIBRARY: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "library.yaml").read_text(encoding="utf-8"))

ADD, LIST = "/paths/~1books/post", "/paths/~1books/get"
GET, COVER = "/paths/~1books~1{bookId}/get", "/paths/~1books~1{bookId}/put"
SCHEMAS = "/components/schemas"
SENT, GIVEN = f"{SCHEMAS}/BookInput/properties", f"{SCHEMAS}/Book/properties"
JSON_BODY = f"{ADD}/requestBody/content/application~1json"
JSON_ANSWER = f"{ADD}/responses/201/content/application~1json"
PERSON, READER, TITLE = ({"$ref": f"#/components/schemas/{name}"} for name in ("Person", "Reader", "Title"))
TEXT = {"schema": {"type": "string"}}


def parameter(name: str) -> str:
    """The pointer of a parameter of listBooks."""
    names = [one["name"] for one in at(LIBRARY, f"{LIST}/parameters")]
    return f"{LIST}/parameters/{names.index(name)}"


def wrap(pointer: str, keyword: str, *others: Any) -> Change:
    """Put a schema into an allOf, anyOf or oneOf, before others."""
    return lambda document: put(pointer, {keyword: [at(document, pointer), *others]})(document)


def move_parameters_to_the_path(document: dict[str, Any]) -> None:
    item = at(document, "/paths/~1books~1{bookId}")
    item["parameters"] = [item["get"]["parameters"].pop(0)]
    item["put"].pop("parameters")


def move_the_version_into_the_paths(document: dict[str, Any]) -> None:
    for item in document["paths"].values():
        for operation in item.values():
            if isinstance(operation, dict) and "servers" in operation:
                operation["servers"] = [{"url": "https://files.example.com"}]
    document["servers"] = [{"url": "/"}, {**document["servers"][1], "url": "https://{region}.example.com"}]
    document["paths"] = {f"/v1{path}": item for path, item in document["paths"].items()}


BREAKING: dict[str, tuple[Change, str]] = {
    # Paths, operations, names
    "path removed": (drop("/paths/~1books~1{bookId}"), "/paths/~1books~1{bookId}"),
    "path renamed": (rename("/paths/~1books", "/volumes"), "/paths/~1books"),
    "path gets a prefix": (rename("/paths/~1books", "/all/books"), "/paths/~1books"),
    "method removed": (drop(GET), GET),
    "method changed": (rename(COVER, "patch"), COVER),
    "operationId renamed": (put(f"{GET}/operationId", "readBook"), f"{GET}/operationId"),
    "operationId removed": (drop(f"{GET}/operationId"), f"{GET}/operationId"),
    "operation moves to another module": (put(f"{GET}/tags", ["reading", "books"]), f"{GET}/tags"),
    "schema renamed": (rename_schema("Reader", "Borrower"), f"{SCHEMAS}/Reader"),
    "schema removed that is referred to": (drop(f"{SCHEMAS}/Outline"), f"{SCHEMAS}/Outline"),
    "answer removed that is referred to": (drop("/components/responses/Problem"), "/components/responses/Problem"),
    "path parameter renamed": (
        several(
            rename("/paths/~1books~1{bookId}", "/books/{id}"),
            put("/paths/~1books~1{id}/get/parameters/0/name", "id"),
            put("/paths/~1books~1{id}/put/parameters/0/name", "id"),
        ),
        f"{GET}/parameters/bookId",
    ),
    # Servers
    "server removed": (drop("/servers/0"), "/servers"),
    "server moves to another version": (put("/servers/0/url", "/v2"), "/servers"),
    "all servers removed": (drop("/servers"), "/servers"),
    "server's variable loses a value": (remove("/servers/1/variables/region/enum", "us"), "/servers"),
    "operation's own server changed": (put(f"{COVER}/servers/0/url", "https://cdn.example.com/v1"), f"{COVER}/servers"),
    "operation's own server removed": (drop(f"{COVER}/servers"), f"{COVER}/servers"),
    "operation moves to a server of its own": (put(f"{GET}/servers", [{"url": "https://b.example.com"}]), "/servers"),
    "path moves to a server of its own": (
        put("/paths/~1books/servers", [{"url": "https://b.example.com"}]),
        "/servers",
    ),
    # Security
    "public operation wants a token": (drop(f"{GET}/security"), f"{GET}/security"),
    "alternative removed": (drop("/security/1"), f"{ADD}/security"),
    "alternative wants two credentials": (put("/security", [{"token": [], "key": []}]), f"{ADD}/security"),
    "more scopes wanted": (put(f"{LIST}/security/0/oauth", ["read", "write"]), f"{LIST}/security"),
    "another scheme wanted": (put(f"{LIST}/security", [{"oauth": ["read"]}]), f"{LIST}/security"),
    "key moves to the query": (put("/components/securitySchemes/key/in", "query"), "/components/securitySchemes/key"),
    "key gets another name": (put("/components/securitySchemes/key/name", "X-Api"), "/components/securitySchemes/key"),
    "tokens from another address": (
        put("/components/securitySchemes/oauth/flows/clientCredentials/tokenUrl", "https://example.org/token"),
        "/components/securitySchemes/oauth",
    ),
    "a scope removed": (
        drop("/components/securitySchemes/oauth/flows/clientCredentials/scopes/read"),
        "/components/securitySchemes/oauth",
    ),
    # Parameters
    "parameter removed": (drop(parameter("sort")), f"{LIST}/parameters/sort"),
    "path's parameter removed": (drop("/paths/~1books/parameters"), f"{ADD}/parameters/trace"),
    "parameter renamed": (put(f"{parameter('sort')}/name", "by"), f"{LIST}/parameters/sort"),
    "query parameter renamed in case": (put(f"{parameter('sort')}/name", "Sort"), f"{LIST}/parameters/sort"),
    "parameter moves to a header": (put(f"{parameter('sort')}/in", "header"), f"{LIST}/parameters/sort"),
    "parameter becomes required": (put(f"{parameter('sort')}/required", True), f"{LIST}/parameters/sort"),
    "required parameter added": (
        append(f"{LIST}/parameters", {"name": "x", "in": "query", "required": True, **TEXT}),
        f"{LIST}/parameters/x",
    ),
    "required parameter added to the path": (
        append("/paths/~1books/parameters", {"name": "x", "in": "header", "required": True, **TEXT}),
        f"{ADD}/parameters/x",
    ),
    "list is joined by commas": (put(f"{parameter('genre')}/explode", False), f"{LIST}/parameters/genre/explode"),
    "list is joined by pipes": (put(f"{parameter('genre')}/style", "pipeDelimited"), f"{LIST}/parameters/genre/style"),
    "object is written otherwise": (put(f"{GET}/parameters/1/style", "form"), f"{GET}/parameters/parts/style"),
    "path parameter is written as a matrix": (
        put(f"{GET}/parameters/0/style", "matrix"),
        f"{GET}/parameters/bookId/style",
    ),
    "reserved characters have to be escaped": (
        put(f"{parameter('raw')}/allowReserved", False),
        f"{LIST}/parameters/raw/allowReserved",
    ),
    "empty value refused": (drop(f"{parameter('raw')}/allowEmptyValue"), f"{LIST}/parameters/raw/allowEmptyValue"),
    "content narrowed": (
        put(f"{parameter('filter')}/content/application~1json/schema/properties/year/minimum", 1900),
        f"{LIST}/parameters/filter/content/application~1json/schema/properties/year/minimum",
    ),
    "content of another type": (
        rename(f"{parameter('filter')}/content/application~1json", "text/plain"),
        f"{LIST}/parameters/filter/content/application~1json",
    ),
    "content gives way to a schema": (
        several(drop(f"{parameter('filter')}/content"), put(f"{parameter('filter')}/schema", {"type": "object"})),
        f"{LIST}/parameters/filter/content",
    ),
    "schema gives way to content": (
        several(drop(f"{parameter('sort')}/schema"), put(f"{parameter('sort')}/content", {"application/json": TEXT})),
        f"{LIST}/parameters/sort/content",
    ),
    "parameter's default changed": (
        put(f"{parameter('limit')}/schema/default", 50),
        f"{LIST}/parameters/limit/schema/default",
    ),
    "parameter's default removed": (
        drop(f"{parameter('limit')}/schema/default"),
        f"{LIST}/parameters/limit/schema/default",
    ),
    "parameter's maximum lowered": (
        put(f"{parameter('limit')}/schema/maximum", 50),
        f"{LIST}/parameters/limit/schema/maximum",
    ),
    "parameter's value removed": (
        remove(f"{parameter('sort')}/schema/enum", "year"),
        f"{LIST}/parameters/sort/schema/enum",
    ),
    "cookie becomes required": (put(f"{parameter('page')}/required", True), f"{LIST}/parameters/page"),
    # Bodies and media types of requests
    "body removed": (drop(f"{ADD}/requestBody"), f"{ADD}/requestBody"),
    "optional body becomes required": (put(f"{COVER}/requestBody/required", True), f"{COVER}/requestBody"),
    "required body added": (
        put(f"{LIST}/requestBody", {"required": True, "content": {"text/plain": TEXT}}),
        f"{LIST}/requestBody",
    ),
    "request's media type removed": (
        drop(f"{ADD}/requestBody/content/application~1xml"),
        f"{ADD}/requestBody/content/application~1xml",
    ),
    "request's media type replaced": (rename(JSON_BODY, "application/vnd.book+json"), JSON_BODY),
    "one media type's schema narrowed": (
        put(f"{JSON_BODY}/schema", {"allOf": [{"$ref": "#/components/schemas/BookInput"}, {"required": ["pages"]}]}),
        f"{JSON_BODY}/schema/required",
    ),
    "form's part of another type": (
        put(f"{COVER}/requestBody/content/multipart~1form-data/encoding/file/contentType", "image/png"),
        f"{COVER}/requestBody/content/multipart~1form-data/encoding",
    ),
    # Objects of requests
    "property removed from a request": (drop(f"{SENT}/checked"), f"{SENT}/checked"),
    "property of an open request removed": (
        drop(f"{SENT}/anything/properties/known"),
        f"{SENT}/anything/properties/known",
    ),
    "property renamed in a request": (rename(f"{SENT}/checked", "verified"), f"{SENT}/checked"),
    "property becomes required in a request": (
        append(f"{SCHEMAS}/BookInput/required", "pages"),
        f"{SCHEMAS}/BookInput/required",
    ),
    "required property added to a request": (
        several(put(f"{SENT}/year", {"type": "integer"}), append(f"{SCHEMAS}/BookInput/required", "year")),
        f"{SCHEMAS}/BookInput/required",
    ),
    "property of a request becomes readOnly": (put(f"{SENT}/notes/readOnly", True), f"{SENT}/notes"),
    "property becomes readOnly behind a reference": (
        put(f"{SENT}/title", {"allOf": [TITLE], "readOnly": True}),
        f"{SENT}/title",
    ),
    "property becomes readOnly where it is defined": (put(f"{SCHEMAS}/Title/readOnly", True), f"{SENT}/title"),
    "required property no longer readOnly": (
        several(append(f"{SCHEMAS}/BookInput/required", "madeBy"), drop(f"{SENT}/madeBy/readOnly")),
        f"{SCHEMAS}/BookInput/required",
    ),
    "open request is closed": (
        put(f"{SENT}/anything/additionalProperties", False),
        f"{SENT}/anything/additionalProperties",
    ),
    "open request takes texts alone": (
        put(f"{SENT}/anything/additionalProperties", {"type": "string"}),
        f"{SENT}/anything/additionalProperties/type",
    ),
    "map is closed": (put(f"{SENT}/extra/additionalProperties", False), f"{SENT}/extra/additionalProperties"),
    "map's values narrowed": (
        put(f"{SENT}/extra/additionalProperties/maxLength", 10),
        f"{SENT}/extra/additionalProperties/maxLength",
    ),
    "map declares a narrower property": (
        put(f"{SENT}/extra/properties", {"a": {"type": "integer"}}),
        f"{SENT}/extra/additionalProperties/type",
    ),
    "fewer properties taken": (put(f"{SENT}/extra/maxProperties", 5), f"{SENT}/extra/maxProperties"),
    "more properties wanted": (put(f"{SENT}/extra/minProperties", 1), f"{SENT}/extra/minProperties"),
    # Values of requests
    "request's type changed": (put(f"{SENT}/checked/type", "string"), f"{SENT}/checked/type"),
    "request's number becomes an integer": (put(f"{SENT}/weight/type", "integer"), f"{SENT}/weight/type"),
    "request refuses null": (drop(f"{SENT}/notes/nullable"), f"{SENT}/notes/nullable"),
    "request's text gets shorter": (put(f"{SCHEMAS}/Title/maxLength", 100), f"{SCHEMAS}/Title/maxLength"),
    "request's text gets a least length": (put(f"{SENT}/notes/minLength", 1), f"{SENT}/notes/minLength"),
    "request's pattern narrowed": (put(f"{SCHEMAS}/Title/pattern", "^[A-Z][a-z]{0,10}$"), f"{SCHEMAS}/Title/pattern"),
    "request's pattern replaced": (put(f"{SCHEMAS}/Title/pattern", "^[0-9]+$"), f"{SCHEMAS}/Title/pattern"),
    "request's pattern is anchored": (
        several(put(f"{SCHEMAS}/Title/pattern", "^[A-Z][a-z]{0,20}$"), put(f"{SENT}/notes/pattern", "^a")),
        f"{SENT}/notes/pattern",
    ),
    "request gets a format": (put(f"{SENT}/notes/format", "date"), f"{SENT}/notes/format"),
    "request's value removed": (remove(f"{SENT}/genre/enum", "NOVEL"), f"{SENT}/genre/enum"),
    "request's value renamed": (put(f"{SENT}/genre/enum", ["NOVEL", "Poetry"]), f"{SENT}/genre/enum"),
    "request gets an enumeration": (put(f"{SENT}/notes/enum", ["a", "b"]), f"{SENT}/notes/enum"),
    "values become texts": (put(f"{SENT}/pages", {"type": "integer", "enum": ["2", "4"]}), f"{SENT}/pages/enum"),
    "boolean may only be true": (put(f"{SENT}/checked/enum", [True]), f"{SENT}/checked/enum"),
    "enumeration of a request has to match a pattern": (put(f"{SENT}/genre/pattern", "^N"), f"{SENT}/genre/enum"),
    "request's minimum raised": (put(f"{SENT}/pages/minimum", 2.5), f"{SENT}/pages/minimum"),
    "request's maximum lowered": (put(f"{SENT}/pages/maximum", 100), f"{SENT}/pages/maximum"),
    "request's maximum excluded": (put(f"{SENT}/pages/exclusiveMaximum", True), f"{SENT}/pages/maximum"),
    "request gets a maximum": (put(f"{SENT}/weight/maximum", 100), f"{SENT}/weight/maximum"),
    "request's multiples are rarer": (put(f"{SENT}/pages/multipleOf", 4), f"{SENT}/pages/multipleOf"),
    "request's multiples are others": (put(f"{SENT}/pages/multipleOf", 3), f"{SENT}/pages/multipleOf"),
    "request takes fewer items": (put(f"{SENT}/tags/maxItems", 3), f"{SENT}/tags/maxItems"),
    "request wants more items": (put(f"{SENT}/tags/minItems", 2), f"{SENT}/tags/minItems"),
    "request refuses equal items": (put(f"{SENT}/tags/uniqueItems", True), f"{SENT}/tags/uniqueItems"),
    "request's items narrowed": (put(f"{SENT}/tags/items/maxLength", 5), f"{SENT}/tags/items/maxLength"),
    "request excludes values": (put(f"{SENT}/notes/not", {"enum": ["x"]}), f"{SENT}/notes/not"),
    "request excludes more values": (append(f"{SENT}/isbn/not/enum", "2"), f"{SENT}/isbn/not"),
    "request's default added and changed": (
        put(f"{parameter('limit')}/schema/default", "20"),
        f"{LIST}/parameters/limit/schema/default",
    ),
    # Combined schemas of requests
    "allOf narrows a length": (
        put(f"{SENT}/subtitle/allOf", [TITLE, {"maxLength": 20}]),
        f"{SENT}/subtitle/maxLength",
    ),
    "allOf narrows an enumeration": (wrap(f"{SENT}/genre", "allOf", {"enum": ["NOVEL"]}), f"{SENT}/genre/enum"),
    "allOf requires a property": (append(f"{SENT}/merged/allOf", {"required": ["age"]}), f"{SENT}/merged/required"),
    "allOf closes an object": (
        append(f"{SENT}/merged/allOf", {"type": "object", "additionalProperties": False}),
        f"{SENT}/merged/properties/name",
    ),
    "part of an allOf narrows a property": (
        append(f"{SENT}/merged/allOf", {"properties": {"age": {"maximum": 99}}}),
        f"{SENT}/merged/properties/age/maximum",
    ),
    "part of an allOf excludes": (append(f"{SENT}/merged/allOf", {"not": {"required": ["age"]}}), f"{SENT}/merged/not"),
    "property of a part of an allOf removed": (
        put(f"{SENT}/merged/allOf/1", {"type": "object"}),
        f"{SENT}/merged/properties/age",
    ),
    "anyOf of a request loses a member": (drop(f"{SENT}/any/anyOf/0"), f"{SENT}/any/anyOf"),
    "anyOf of a request replaces a member": (put(f"{SENT}/any/anyOf/1", {"type": "boolean"}), f"{SENT}/any/anyOf"),
    "member of an anyOf narrowed": (
        put(f"{SCHEMAS}/Person/properties/name/maxLength", 9),
        f"{SCHEMAS}/Person/properties/name/maxLength",
    ),
    "member of an anyOf narrowed, and reordered": (
        several(turn(f"{SENT}/any/anyOf"), put(f"{SENT}/any/anyOf/2", {"type": "string", "maxLength": 5})),
        f"{SENT}/any/anyOf",
    ),
    "request takes only certain variants": (
        put(f"{SENT}/notes", {"anyOf": [{"type": "string", "maxLength": 5}, {"type": "integer"}]}),
        f"{SENT}/notes/anyOf",
    ),
    "oneOf of a request loses a member": (drop(f"{SENT}/one/oneOf/1"), f"{SENT}/one/oneOf"),
    "oneOf of a request gets a member that takes all": (
        append(f"{SENT}/one/oneOf", {"type": "object"}),
        f"{SENT}/one/oneOf",
    ),
    "anyOf that overlaps becomes oneOf": (
        put(f"{SENT}/any", {"oneOf": [{"type": "string"}, {"type": "integer"}, {"type": "number"}, PERSON]}),
        f"{SENT}/any/anyOf",
    ),
    "discriminator is another property": (
        put(f"{SENT}/one/discriminator/propertyName", "type"),
        f"{SENT}/one/discriminator",
    ),
    "discriminator loses a name": (
        drop(f"{SENT}/one/discriminator/mapping/human"),
        f"{SENT}/one/discriminator/mapping",
    ),
    "schema that holds itself narrowed": (
        put(f"{SCHEMAS}/Chapter/properties/heading/maxLength", 50),
        f"{SCHEMAS}/Chapter/properties/heading/maxLength",
    ),
    # Statuses, headers and media types of answers
    "second success added": (put(f"{GET}/responses/206", {"description": "A part."}), f"{GET}/responses/206"),
    "range of successes added": (put(f"{GET}/responses/2XX", {"description": "Other."}), f"{GET}/responses/2XX"),
    "redirect added": (put(f"{GET}/responses/302", {"description": "Elsewhere."}), f"{GET}/responses/302"),
    "success removed": (drop(f"{ADD}/responses/202"), f"{ADD}/responses/202"),
    "success replaced": (rename(f"{ADD}/responses/201", "200"), f"{ADD}/responses/201"),
    "error removed": (drop(f"{GET}/responses/404"), f"{GET}/responses/404"),
    "default answer removed": (drop(f"{LIST}/responses/default"), f"{LIST}/responses/default"),
    "error answers otherwise than its range": (
        put(f"{ADD}/responses/409", {"description": "x", "content": {"text/plain": TEXT}}),
        f"{ADD}/responses/4XX/content/text~1plain",
    ),
    "header removed": (drop(f"{ADD}/responses/201/headers/Location"), f"{ADD}/responses/201/headers/Location"),
    "coding's header removed": (
        drop(f"{ADD}/responses/201/headers/Content-Encoding"),
        f"{ADD}/responses/201/headers/Content-Encoding",
    ),
    "optional header removed": (drop(f"{ADD}/responses/201/headers/Labels"), f"{ADD}/responses/201/headers/Labels"),
    "header becomes optional": (
        put(f"{ADD}/responses/201/headers/Location/required", False),
        f"{ADD}/responses/201/headers/Location",
    ),
    "header of another type": (
        put(f"{ADD}/responses/201/headers/Labels/schema/items/type", "integer"),
        f"{ADD}/responses/201/headers/Labels/schema/items/type",
    ),
    "header's list written otherwise": (
        put(f"{ADD}/responses/201/headers/Labels/schema", {"type": "object"}),
        f"{ADD}/responses/201/headers/Labels/schema/type",
    ),
    "answer's media type removed": (
        drop(f"{ADD}/responses/201/content/text~1plain"),
        f"{ADD}/responses/201/content/text~1plain",
    ),
    "answer's media type added": (
        put(f"{ADD}/responses/201/content/text~1csv", TEXT),
        f"{ADD}/responses/201/content/text~1csv",
    ),
    "answer's content removed": (drop(f"{ADD}/responses/201/content"), JSON_ANSWER),
    "answer's media type becomes a range": (
        rename(JSON_ANSWER, "application/*"),
        f"{ADD}/responses/201/content/application~1*",
    ),
    "answer gets a body": (
        put(f"{ADD}/responses/202/content", {"text/plain": TEXT}),
        f"{ADD}/responses/202/content/text~1plain",
    ),
    # Objects of answers
    "property removed from an answer": (drop(f"{GIVEN}/pages"), f"{GIVEN}/pages"),
    "property renamed in an answer": (rename(f"{GIVEN}/pages", "pageCount"), f"{GIVEN}/pages"),
    "required property of an answer may be absent": (
        remove(f"{SCHEMAS}/Book/required", "title"),
        f"{SCHEMAS}/Book/required",
    ),
    "required property of a part may be absent": (drop(f"{GIVEN}/lent/allOf/1/required"), f"{GIVEN}/lent/required"),
    "property of an answer becomes writeOnly": (put(f"{GIVEN}/pages/writeOnly", True), f"{GIVEN}/pages"),
    "closed answer gets a property": (
        put(f"{GIVEN}/closed/properties/b", {"type": "string"}),
        f"{GIVEN}/closed/additionalProperties",
    ),
    "closed answer is opened": (drop(f"{GIVEN}/closed/additionalProperties"), f"{GIVEN}/closed/additionalProperties"),
    "map of an answer has any values": (
        drop(f"{GIVEN}/counts/additionalProperties"),
        f"{GIVEN}/counts/additionalProperties/type",
    ),
    "map of an answer has other values": (
        put(f"{GIVEN}/counts/additionalProperties/type", "string"),
        f"{GIVEN}/counts/additionalProperties/type",
    ),
    "map of an answer gets another property": (
        put(f"{GIVEN}/counts/properties", {"a": {"type": "string"}}),
        f"{GIVEN}/counts/additionalProperties/type",
    ),
    # Values of answers
    "answer's type changed": (put(f"{GIVEN}/pages/type", "string"), f"{GIVEN}/pages/type"),
    "answer's type removed": (drop(f"{SCHEMAS}/Shown/type"), f"{SCHEMAS}/Shown/type"),
    "answer's integer becomes a number": (
        put(f"{GIVEN}/pages", {"type": "number", "minimum": 1, "maximum": 5000}),
        f"{GIVEN}/pages/type",
    ),
    "answer may be null": (put(f"{GIVEN}/pages/nullable", True), f"{GIVEN}/pages/nullable"),
    "answer of references may be null": (put(f"{GIVEN}/lent/nullable", True), f"{GIVEN}/lent/nullable"),
    "enumerated answer may be null": (put(f"{GIVEN}/state/nullable", True), f"{GIVEN}/state/nullable"),
    "answer gets longer": (put(f"{SCHEMAS}/Shown/maxLength", 300), f"{SCHEMAS}/Shown/maxLength"),
    "answer of any length": (drop(f"{SCHEMAS}/Shown/maxLength"), f"{SCHEMAS}/Shown/maxLength"),
    "answer's pattern widened": (put(f"{GIVEN}/notes/pattern", "^[a-z0-9]*$"), f"{GIVEN}/notes/pattern"),
    "answer's pattern removed": (drop(f"{GIVEN}/notes/pattern"), f"{GIVEN}/notes/pattern"),
    "answer's format removed": (drop(f"{GIVEN}/bookId/format"), f"{GIVEN}/bookId/format"),
    "answer's format changed": (put(f"{GIVEN}/bookId/format", "uri"), f"{GIVEN}/bookId/format"),
    "answer's number gets wider": (put(f"{GIVEN}/pages/format", "int64"), f"{GIVEN}/pages/format"),
    "answer's value added": (append(f"{GIVEN}/state/enum", "LOST"), f"{GIVEN}/state/enum"),
    "answer's enumeration removed": (drop(f"{GIVEN}/state/enum"), f"{GIVEN}/state/enum"),
    "answer's enumeration declared open with a new value": (
        several(append(f"{GIVEN}/state/enum", "LOST"), put(f"{GIVEN}/state/description", "Values may be added.")),
        f"{GIVEN}/state/enum",
    ),
    "answer's minimum lowered": (put(f"{GIVEN}/pages/minimum", 0), f"{GIVEN}/pages/minimum"),
    "answer's maximum raised": (put(f"{GIVEN}/rating/maximum", 10), f"{GIVEN}/rating/maximum"),
    "answer's maximum removed": (drop(f"{GIVEN}/rating/maximum"), f"{GIVEN}/rating/maximum"),
    "answer's multiples are finer": (put(f"{GIVEN}/rating/multipleOf", 0.1), f"{GIVEN}/rating/multipleOf"),
    "answer has more items": (put(f"{GIVEN}/names/maxItems", 20), f"{GIVEN}/names/maxItems"),
    "answer may have no item": (drop(f"{GIVEN}/names/minItems"), f"{GIVEN}/names/minItems"),
    "answer's items may be equal": (put(f"{GIVEN}/names/uniqueItems", False), f"{GIVEN}/names/uniqueItems"),
    "answer's items of another type": (put(f"{GIVEN}/names/items/type", "integer"), f"{GIVEN}/names/items/type"),
    "answer's list becomes one": (
        put(f"{LIST}/responses/200/content/application~1json/schema", {"$ref": "#/components/schemas/Book"}),
        f"{LIST}/responses/200/content/application~1json/schema/type",
    ),
    "answer excludes less": (drop(f"{GIVEN}/never/not"), f"{GIVEN}/never/not"),
    "answer excludes other values": (put(f"{GIVEN}/never/not/enum", ["nothing"]), f"{GIVEN}/never/not"),
    # Combined schemas of answers
    "part of an answer's allOf removed": (drop(f"{GIVEN}/lent/allOf/1"), f"{GIVEN}/lent/properties/until"),
    "anyOf of an answer gets a member": (append(f"{GIVEN}/owner/anyOf", {"type": "string"}), f"{GIVEN}/owner/anyOf"),
    "answer becomes one of two": (wrap(f"{SCHEMAS}/Shown", "anyOf", {"type": "integer"}), f"{SCHEMAS}/Shown/anyOf"),
    "answer's anyOf removed": (put(f"{GIVEN}/owner", {}), f"{GIVEN}/owner/anyOf"),
    "member of an answer's anyOf loses a property": (
        several(drop(f"{SCHEMAS}/Shop/properties/shop"), put(f"{SCHEMAS}/Shop/required", [])),
        f"{SCHEMAS}/Shop/properties/shop",
    ),
    "answer that holds itself widened": (
        remove(f"{SCHEMAS}/Outline/required", "heading"),
        f"{SCHEMAS}/Outline/required",
    ),
    # Problems
    "problem type removed from its table": (
        replace("| `/problems/invalid-request` | the request is malformed |\\n", ""),
        "/info/description",
    ),
    "problem type renamed": (replace("/problems/not-found", "/problems/missing"), "/info/description"),
    "field code removed from its table": (replace("| TOO_LONG | the text is too long |", ""), "/info/description"),
    "field code removed from its enumeration": (
        remove(f"{SCHEMAS}/FieldCode/enum", "TOO_LONG"),
        f"{SCHEMAS}/FieldCode/enum",
    ),
}

HARMLESS: dict[str, Change] = {
    "nothing": lambda _: None,
    # Words and order
    "description changed": put(f"{ADD}/description", "Adds one."),
    "description of a schema changed": put(f"{SCHEMAS}/Title/description", "A title."),
    "summary changed": put(f"{ADD}/summary", "Add"),
    "example added": put(f"{SCHEMAS}/Title/example", "Emma"),
    "title of the contract changed": put("/info/title", "Books"),
    "tag's description changed": put("/tags/0/description", "All books."),
    "tag added": several(append("/tags", {"name": "lists"}), append(f"{GET}/tags", "lists")),
    "operation deprecated": put(f"{GET}/deprecated", True),
    "external docs added": put(f"{GET}/externalDocs", {"url": "https://example.com"}),
    "extension added": put(f"{SENT}/pages/x-unit", "pages"),
    "paths reordered": lambda document: document.update(paths=dict(reversed(document["paths"].items()))),
    "properties reordered": lambda document: at(document, f"{SCHEMAS}/Book").update(
        properties=dict(reversed(at(document, GIVEN).items()))
    ),
    "parameters reordered": turn(f"{LIST}/parameters"),
    "required reordered": turn(f"{SCHEMAS}/Book/required"),
    "enumeration reordered": turn(f"{GIVEN}/state/enum"),
    "servers reordered": turn("/servers"),
    # Paths
    "path added": put("/paths/~1shelves", {"get": {"operationId": "listShelves", "responses": {}}}),
    "operation added": put("/paths/~1books/delete", {"operationId": "deleteBooks", "responses": {}}),
    "version moves from the server into the paths": move_the_version_into_the_paths,
    "path's parameter moves to the path item": move_parameters_to_the_path,
    "schema added": put(f"{SCHEMAS}/New", {"type": "string"}),
    # Servers
    "server added": append("/servers", {"url": "https://books.example.com/v1"}),
    "server's value added": append("/servers/1/variables/region/enum", "ap"),
    "server with a slash": put("/servers/0/url", "/v1/"),
    "servers written out at an operation": put(f"{GET}/servers", LIBRARY["servers"]),
    "server's description": put("/servers/0/description", "Here."),
    # Security
    "operation becomes public": put(f"{LIST}/security", []),
    "alternative added": append(f"{LIST}/security", {"key": []}),
    "credentials become optional": append("/security", {}),
    "fewer scopes wanted": put(f"{LIST}/security/0/oauth", []),
    "fewer credentials wanted": put(f"{LIST}/security/1", {"token": []}),
    "security written out at an operation": put(f"{ADD}/security", [{"token": []}, {"key": []}]),
    "security reordered": turn("/security"),
    "no security written as an empty alternative": put(f"{GET}/security", [{}]),
    "scheme's words changed": put("/components/securitySchemes/token/bearerFormat", "opaque"),
    "scheme in capitals": put("/components/securitySchemes/token/scheme", "Bearer"),
    "scope added": put("/components/securitySchemes/oauth/flows/clientCredentials/scopes/admin", "All"),
    "scheme added": put("/components/securitySchemes/basic", {"type": "http", "scheme": "basic"}),
    # Parameters
    "optional parameter added": append(f"{LIST}/parameters", {"name": "x", "in": "query", **TEXT}),
    "parameter's spelled-out defaults": several(
        put(f"{parameter('genre')}/style", "form"),
        put(f"{parameter('genre')}/explode", True),
        put(f"{parameter('genre')}/required", False),
        put(f"{parameter('genre')}/allowReserved", False),
        put(f"{parameter('genre')}/deprecated", False),
    ),
    "explode of a single value": put(f"{parameter('sort')}/explode", False),
    "header parameter in other case": put(f"{parameter('If-None-Match')}/name", "if-none-match"),
    "ignored header parameter": append(
        f"{LIST}/parameters", {"name": "Accept", "in": "header", "required": True, **TEXT}
    ),
    "parameter behind a reference": several(
        put("/components/parameters", {"Trace": {"name": "trace", "in": "header", **TEXT}}),
        put("/paths/~1books/parameters/0", {"$ref": "#/components/parameters/Trace"}),
    ),
    "parameter's maximum raised": put(f"{parameter('limit')}/schema/maximum", 200),
    "parameter's value added": append(f"{parameter('sort')}/schema/enum", "pages"),
    "parameter's default documented": put(f"{parameter('sort')}/schema/default", "title"),
    "default spelled as a float": put(f"{parameter('limit')}/schema/default", 20.0),
    "content widened": put(f"{parameter('filter')}/content/application~1json/schema/properties/year/type", "number"),
    "reserved characters allowed": put(f"{parameter('sort')}/allowReserved", True),
    # Bodies
    "body becomes optional": put(f"{ADD}/requestBody/required", False),
    "optional body added": put(f"{LIST}/requestBody", {"content": {"text/plain": TEXT}}),
    "required: false spelled out": put(f"{COVER}/requestBody/required", False),
    "body behind a reference": lambda document: (
        document["components"].update(requestBodies={"Book": at(document, f"{ADD}/requestBody")}),
        put(f"{ADD}/requestBody", {"$ref": "#/components/requestBodies/Book"})(document),
    ),
    "request's media type added": put(f"{ADD}/requestBody/content/text~1plain", TEXT),
    "request's media type becomes a range": rename(JSON_BODY, "application/*"),
    "request's media type with its charset": rename(JSON_BODY, "application/json; charset=utf-8"),
    "request's media type in capitals": rename(JSON_BODY, "Application/JSON"),
    # Objects of requests
    "optional property added to a request": put(f"{SENT}/year", {"type": "integer"}),
    "property of a request becomes optional": put(f"{SCHEMAS}/BookInput/required", []),
    "request is opened": drop(f"{SCHEMAS}/BookInput/additionalProperties"),
    "additionalProperties spelled out": put(f"{SENT}/anything/additionalProperties", True),
    "additionalProperties spelled out as a schema": put(f"{SENT}/anything/additionalProperties", {}),
    "map takes any values": put(f"{SENT}/extra/additionalProperties", True),
    "map's values widened": put(f"{SENT}/extra/additionalProperties/maxLength", 100),
    "map declares a property as it was": put(f"{SENT}/extra/properties", {"a": {"type": "string", "maxLength": 50}}),
    "readOnly dropped": drop(f"{SENT}/madeBy/readOnly"),
    "readOnly property removed from a request": drop(f"{SENT}/madeBy"),
    "readOnly property narrowed in a request": put(f"{SENT}/madeBy/maxLength", 5),
    "readOnly property required": append(f"{SCHEMAS}/BookInput/required", "madeBy"),
    "request's property becomes writeOnly": put(f"{SENT}/notes/writeOnly", True),
    "readOnly: false spelled out": put(f"{SENT}/notes/readOnly", False),
    "more properties taken": put(f"{SENT}/extra/maxProperties", 20),
    # Values of requests
    "request's integer becomes a number": put(f"{SENT}/pages/type", "number"),
    "request's type removed": drop(f"{SENT}/checked/type"),
    "request takes null": put(f"{SENT}/pages/nullable", True),
    "nullable: false spelled out": put(f"{SENT}/pages/nullable", False),
    "request's text gets longer": put(f"{SCHEMAS}/Title/maxLength", 300),
    "minLength: 0 spelled out": put(f"{SENT}/notes/minLength", 0),
    "minItems: 0 and uniqueItems: false spelled out": several(
        put(f"{SENT}/tags/uniqueItems", False), put(f"{SENT}/extra/minProperties", 0)
    ),
    "request's pattern widened": put(f"{SCHEMAS}/Title/pattern", "^[A-Z][a-z0-9]{0,40}$"),
    "request's pattern written otherwise": put(f"{SCHEMAS}/Title/pattern", "^(?:[A-Z])([a-z]{0,20})$"),
    "request's pattern removed": drop(f"{SCHEMAS}/Title/pattern"),
    "pattern that takes all": put(f"{SENT}/notes/pattern", "^.*$"),
    "request's value added": append(f"{SENT}/genre/enum", "DRAMA"),
    "request's enumeration removed": drop(f"{SENT}/genre/enum"),
    "enumeration of both booleans": put(f"{SENT}/checked/enum", [True, False]),
    "enumeration gets a length that it has": put(f"{SENT}/genre/maxLength", 6),
    "request's bounds widened": several(put(f"{SENT}/pages/minimum", 0), drop(f"{SENT}/pages/maximum")),
    "bound of an integer written otherwise": several(
        put(f"{SENT}/pages/minimum", 0), put(f"{SENT}/pages/exclusiveMinimum", True)
    ),
    "bound is taken in": put(f"{SENT}/weight/exclusiveMinimum", False),
    "exclusiveMaximum: false spelled out": put(f"{SENT}/pages/exclusiveMaximum", False),
    "bounds as floats": put(f"{SENT}/pages/maximum", 5000.0),
    "request's multiples are closer": put(f"{SENT}/pages/multipleOf", 1),
    "keyword of another type": put(f"{SENT}/pages/maxLength", 3),
    "format for a password": put(f"{SENT}/secret/format", "password"),
    "request takes more items": put(f"{SENT}/tags/maxItems", 50),
    "request excludes fewer values": remove(f"{SENT}/isbn/not/enum", "1"),
    "request excludes nothing": drop(f"{SENT}/isbn/not"),
    "request excludes what it never took": put(f"{SENT}/isbn/not", {"type": "integer"}),
    # Combined schemas
    "reference wrapped in an allOf": put(f"{SENT}/title", {"allOf": [TITLE]}),
    "allOf unwrapped": put(f"{SENT}/subtitle", TITLE),
    "reference written out": lambda document: put(f"{SENT}/title", copy.deepcopy(at(document, f"{SCHEMAS}/Title")))(
        document
    ),
    "schema moves behind a reference": several(
        put(f"{SCHEMAS}/Notes", {"type": "string", "nullable": True}),
        put(f"{SENT}/notes", {"$ref": "#/components/schemas/Notes"}),
    ),
    "reference to a schema that allows all": several(
        put(f"{SCHEMAS}/Anything", {}), put(f"{SENT}/year", {"$ref": "#/components/schemas/Anything"})
    ),
    "reference to a reference": several(
        put(f"{SCHEMAS}/Heading", TITLE), put(f"{SENT}/title", {"$ref": "#/components/schemas/Heading"})
    ),
    "allOf widens": put(f"{SENT}/merged/allOf/1/properties/age/maximum", 200),
    "allOf reordered": turn(f"{SENT}/merged/allOf"),
    "allOf says again what holds": append(f"{SENT}/merged/allOf", {"required": ["name"]}),
    "allOf merged by hand": lambda document: put(
        f"{SENT}/merged",
        {
            "type": "object",
            "required": ["name", "kind"],
            "properties": {
                **at(document, f"{SCHEMAS}/Person/properties"),
                "age": {"type": "integer", "maximum": 150},
            },
        },
    )(document),
    "anyOf reordered in a request": turn(f"{SENT}/any/anyOf"),
    "anyOf reordered in an answer": turn(f"{GIVEN}/owner/anyOf"),
    "oneOf reordered": turn(f"{SENT}/one/oneOf"),
    "anyOf of a request gets a member": append(f"{SENT}/any/anyOf", {"type": "boolean"}),
    "anyOf of a request gets a member in front": lambda document: at(document, f"{SENT}/any/anyOf").insert(
        0, {"type": "boolean"}
    ),
    "member widened": put(f"{SENT}/any/anyOf/1", {"type": "number"}),
    "member that another one takes in is removed": several(
        put(f"{SENT}/any/anyOf", [{"type": "number"}, {"type": "string"}, PERSON])
    ),
    "oneOf of a request gets another kind": append(f"{SENT}/one/oneOf", {"type": "string"}),
    "anyOf of distinct types becomes oneOf": several(
        put(f"{SENT}/any", {"oneOf": [{"type": "string"}, {"type": "integer"}, PERSON]})
    ),
    "oneOf becomes anyOf in a request": rename(f"{SENT}/one/oneOf", "anyOf"),
    "request becomes one of two": wrap(f"{SENT}/checked", "anyOf", {"type": "string"}),
    "anyOf of one member unwrapped": put(f"{GIVEN}/owner", READER),
    "answer's anyOf loses a member": drop(f"{GIVEN}/owner/anyOf/1"),
    "enumeration split into variants": put(f"{SENT}/genre", {"anyOf": [{"enum": ["NOVEL"]}, {"enum": ["POETRY"]}]}),
    "nullable split into variants": put(
        f"{SENT}/notes", {"anyOf": [{"type": "string"}, {"type": "integer", "nullable": True}]}
    ),
    "discriminator gets a name": put(f"{SENT}/one/discriminator/mapping/firm", "#/components/schemas/Company"),
    "discriminator's implied names spelled out": put(
        f"{SENT}/one/discriminator/mapping/Person", "#/components/schemas/Person"
    ),
    "schema that holds itself widened in requests": put(f"{SCHEMAS}/Chapter/properties/heading/maxLength", 500),
    "schema that holds itself written out once": lambda document: put(
        f"{SENT}/chapter", copy.deepcopy(at(document, f"{SCHEMAS}/Chapter"))
    )(document),
    "answer that holds itself narrowed": put(f"{SCHEMAS}/Outline/properties/heading/maxLength", 50),
    # Answers
    "error added": put(f"{GET}/responses/403", {"$ref": "#/components/responses/Problem"}),
    "server's error added": put(f"{GET}/responses/500", {"description": "Broken."}),
    "range of errors added": put(f"{GET}/responses/5XX", {"description": "Broken."}),
    "default answer added": put(f"{GET}/responses/default", {"$ref": "#/components/responses/Problem"}),
    "error of a known range described": put(f"{ADD}/responses/409", {"$ref": "#/components/responses/Problem"}),
    "error described by its range": drop(f"{ADD}/responses/400"),
    "range gives way to one of it": drop(f"{ADD}/responses/4XX"),
    "304 where nobody can ask for it": put(f"{GET}/responses/304", {"description": "The same."}),
    "header added": put(f"{ADD}/responses/201/headers/ETag", TEXT),
    "header becomes certain": put(f"{ADD}/responses/201/headers/Labels/required", True),
    "coding that clients ask for": put(f"{ADD}/responses/201/headers/Content-Encoding/schema/enum", ["br", "gzip"]),
    "header in other case": rename(f"{ADD}/responses/201/headers/Location", "location"),
    "header's style spelled out": put(f"{ADD}/responses/201/headers/Labels/style", "simple"),
    "links added": put(f"{ADD}/responses/201/links", {"read": {"operationId": "getBook"}}),
    "answer's range gives way to a media type": rename(
        f"{GET}/responses/200/content/application~1*", "application/json"
    ),
    "property added to an answer": put(f"{GIVEN}/year", {"type": "integer"}),
    "required property added to an answer": several(
        put(f"{GIVEN}/year", {"type": "integer"}), append(f"{SCHEMAS}/Book/required", "year")
    ),
    "property of an answer becomes certain": append(f"{SCHEMAS}/Book/required", "pages"),
    "property of an answer becomes readOnly": put(f"{GIVEN}/pages/readOnly", True),
    "writeOnly property removed from an answer": drop(f"{GIVEN}/password"),
    "writeOnly property changed in an answer": put(f"{GIVEN}/password/type", "integer"),
    "writeOnly dropped in an answer": drop(f"{GIVEN}/password/writeOnly"),
    "map of an answer is closed": put(f"{GIVEN}/counts/additionalProperties", False),
    "map of an answer declares a property": put(f"{GIVEN}/counts/properties", {"a": {"type": "integer"}}),
    "open answer has values of one type": put(f"{SCHEMAS}/Reader/additionalProperties", {"type": "string"}),
    "answer's number becomes an integer": put(f"{GIVEN}/rating/type", "integer"),
    "answer gets shorter": put(f"{SCHEMAS}/Shown/maxLength", 100),
    "answer gets a least length": put(f"{SCHEMAS}/Shown/minLength", 1),
    "answer's pattern narrowed": put(f"{GIVEN}/notes/pattern", "^[a-y]*$"),
    "answer gets a pattern": put(f"{SCHEMAS}/Shown/pattern", "^[A-Z]"),
    "answer gets a format": put(f"{SCHEMAS}/Shown/format", "uri"),
    "answer's bounds narrowed": several(put(f"{GIVEN}/pages/minimum", 2), put(f"{GIVEN}/pages/maximum", 10)),
    "answer's multiples are rarer": put(f"{GIVEN}/rating/multipleOf", 1),
    "answer has fewer values": remove(f"{GIVEN}/state/enum", "LENT"),
    "answer gets an enumeration": put(f"{GIVEN}/notes/enum", ["a", "b"]),
    "open enumeration of an answer gets a value": append(f"{GIVEN}/reason/enum", "STOLEN"),
    "open enumeration of an answer becomes any text": drop(f"{GIVEN}/reason/enum"),
    "field code added": several(
        append(f"{SCHEMAS}/FieldCode/enum", "TOO_SHORT"),
        replace("| TOO_LONG |", "| TOO_SHORT | the text is too short |\\n| TOO_LONG |"),
    ),
    "problem type added": replace("| code | rule |", "| `/problems/new` | new |\\n\\n| code | rule |"),
    "field code's words changed": replace("the text is too long", "the text has too many characters"),
    "answer has fewer items": put(f"{GIVEN}/names/maxItems", 5),
    "answer excludes more": append(f"{GIVEN}/never/not/enum", "nothing"),
    "answer gets an exclusion": put(f"{SCHEMAS}/Shown/not", {"enum": ["x"]}),
    "answer's allOf gets a part": append(f"{GIVEN}/lent/allOf", {"required": ["name"]}),
    "answer's default changed": put(f"{GIVEN}/pages/default", 100),
}


def changed(change: Change) -> dict[str, Any]:
    """The library's contract with a change, which has to be one."""
    new = copy.deepcopy(LIBRARY)
    change(new)
    return new


@pytest.mark.parametrize("name", BREAKING)
def test_a_change_that_breaks_a_client_is_found_and_named(name: str) -> None:
    change, pointer = BREAKING[name]
    assert pointer in {broken.pointer for broken in breaks(LIBRARY, changed(change))}


@pytest.mark.parametrize("name", HARMLESS)
def test_a_change_that_breaks_no_client_passes(name: str) -> None:
    assert [str(broken) for broken in breaks(LIBRARY, changed(HARMLESS[name]))] == []


@pytest.mark.parametrize("name", [name for name in (*BREAKING, *HARMLESS) if name != "nothing"])
def test_each_change_changes_something(name: str) -> None:
    change = BREAKING[name][0] if name in BREAKING else HARMLESS[name]
    order_counts = yaml.safe_dump(changed(change), sort_keys=False) != yaml.safe_dump(LIBRARY, sort_keys=False)
    assert order_counts


def test_the_corpus_is_large_enough() -> None:
    assert len(BREAKING) >= 100
    assert len(HARMLESS) >= 100
