"""A second opinion, independent of Connexion: openapi-core holds requests and answers to the contract.

What the contract does not declare is forbidden: statuses, headers, media types, properties.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from jsonschema_path import SchemaPath
from jsonschema_path.accessors import SchemaAccessor
from openapi_core import Config, OpenAPI
from openapi_core.casting.schemas import oas30_read_schema_casters_factory, oas30_write_schema_casters_factory
from openapi_core.casting.schemas.factories import SchemaCastersFactory
from openapi_core.datatypes import RequestParameters
from openapi_core.deserializing.styles import StyleDeserializersFactory, style_deserializers
from openapi_core.deserializing.styles.deserializers import StyleDeserializer
from openapi_core.templating.paths.datatypes import PathOperationServer
from openapi_core.templating.paths.finders import APICallPathFinder
from openapi_core.validation.schemas import (
    oas30_read_schema_validators_factory,
    oas30_write_schema_validators_factory,
)
from openapi_core.validation.schemas.factories import SchemaValidatorsFactory
from openapi_core.validation.schemas.validators import SchemaValidator
from openapi_schema_validator import OAS30Validator
from werkzeug.datastructures import Headers, ImmutableMultiDict

from handlers.web import input_forms, strict_json
from handlers.web.contract import ITEMS_ALONE, contract, items_alone, slice_of
from tests.events import Route
from tests.untraced import untraced

HOST = "https://api.example"

# HTTP's own, which say how the body travels; OpenAPI has no place for the first and needs none for the others.
OF_HTTP = {"content-type", "content-length", "content-encoding", "vary"}
OF_EVERY_ANSWER = {"x-request-id", "x-content-type-options", "cache-control"}
# A request that got one of these followed the contract, or the API was wrong to answer so.
FOR_VALID_REQUESTS = {404, 409, 412, 422}


@dataclass(frozen=True)
class Request:
    """A request to an operation: the path with the stage, unquoted; header names in any case."""

    method: str
    path: str
    query: Sequence[tuple[str, str]]
    headers: Mapping[str, str]
    body: bytes | None


@dataclass(frozen=True)
class Response:
    """An answer, with header names in lower case and the body decompressed."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass
class _CoreRequest:
    host_url: str
    path: str
    method: str
    body: bytes | None
    content_type: str
    parameters: RequestParameters


@dataclass(frozen=True)
class _CoreResponse:
    status_code: int
    content_type: str
    headers: Any
    data: bytes


class _Lookups(SchemaAccessor):
    """Looks up each path of the contract once, also those where nothing is: openapi-core asks for the same ones for
    every request and answer, a sixth of the API tests.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._found: dict[tuple[Any, ...], Any] = {}

    def get_resolved(self, parts: Sequence[Any]) -> Any:
        """What lies at the path."""
        place = tuple(parts)
        if place not in self._found:
            try:
                self._found[place] = super().get_resolved(place)
            except KeyError:
                self._found[place] = None
        if (found := self._found[place]) is None:
            raise KeyError(place[-1])
        return found


class _Validators(SchemaValidatorsFactory):
    """Makes a schema's validator once: openapi-core makes one for every value, a fifth of the API tests."""

    def __init__(self, factory: SchemaValidatorsFactory) -> None:
        super().__init__(factory.schema_validator_cls, factory.format_checker)
        self._made: dict[Any, SchemaValidator] = {}

    def create(self, spec: SchemaPath, schema: SchemaPath, *args: Any, **kwargs: Any) -> SchemaValidator:
        """The validator of the schema at this path of the contract."""
        place = tuple(schema.parts)
        if place not in self._made:
            self._made[place] = super().create(spec, schema, *args, **kwargs)
        return self._made[place]


class _Readers(StyleDeserializersFactory):
    """Makes what reads a parameter or a header once."""

    def __init__(self, casters: SchemaCastersFactory) -> None:
        super().__init__(casters, style_deserializers)
        self._made: dict[Any, StyleDeserializer] = {}

    def create(self, spec: SchemaPath, schema: SchemaPath, style: str, explode: bool, name: str) -> StyleDeserializer:
        """What reads the parameter or header with the schema at this path of the contract."""
        place = (tuple(schema.parts), style, explode, name)
        if place not in self._made:
            self._made[place] = super().create(spec, schema, style, explode, name)
        return self._made[place]


class _Finder(APICallPathFinder):
    """Finds the operation of an address once: openapi-core tries all paths of the contract for each request."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._found: dict[tuple[str, str], PathOperationServer] = {}

    def find(self, method: str, name: str) -> PathOperationServer:
        """The operation of the address, and what its path holds."""
        if (method, name) not in self._found:
            self._found[method, name] = super().find(method, name)
        return self._found[method, name]


# What openapi-core checks requests and answers with: readOnly and writeOnly mean other things to each.
_REQUESTS = oas30_write_schema_validators_factory, oas30_write_schema_casters_factory
_ANSWERS = oas30_read_schema_validators_factory, oas30_read_schema_casters_factory


def _with_any_items(node: Any) -> Any:
    """The contract without the schemas of items that are validated individually: a request may hold wrong ones."""
    if isinstance(node, dict):
        kept = node.keys() - ({"items"} if node.get(ITEMS_ALONE) else set())
        return {key: _with_any_items(value) for key, value in node.items() if key in kept}
    return [_with_any_items(value) for value in node] if isinstance(node, list) else node


@cache
def _items_of(operation_id: str) -> Mapping[str, OAS30Validator]:
    """The validator of an item, for each property of the body whose items are validated individually."""
    [item] = slice_of([operation_id])["paths"].values()
    [operation] = [held for held in item.values() if isinstance(held, dict)]
    return {
        name: OAS30Validator(schema)
        for content in operation.get("requestBody", {}).get("content", {}).values()
        for name, schema in items_alone(content["schema"]).items()
    }


def _hold_items_to_contract(operation_id: str, request: bytes, answer: bytes) -> None:
    """Fail unless there is a result for each item, and no item was served that does not follow the contract."""
    for name, validator in _items_of(operation_id).items():
        items, results = json.loads(request)[name], json.loads(answer)["results"]
        assert len(items) == len(results)
        for item, result in zip(items, results, strict=True):
            if result["status"] < 400 or result["status"] in FOR_VALID_REQUESTS:
                validator.validate(item)


@cache
def _judge(validators: SchemaValidatorsFactory, casters: SchemaCastersFactory) -> OpenAPI:
    text = dict.fromkeys(("application/yaml", "text/html"), lambda data, **_: data.decode())
    as_json = dict.fromkeys(("application/problem+json", "application/merge-patch+json"), json.loads)
    return OpenAPI(
        SchemaPath(_Lookups.from_schema(_with_any_items(contract()))),
        config=Config(
            additional_properties_default_policy="forbid",
            extra_media_type_deserializers={**text, **as_json},
            schema_validators_factory=_Validators(validators),
            style_deserializers_factory=_Readers(casters),
            path_finder_cls=_Finder,
        ),
    )


@cache
def _readers(operation_id: str) -> Mapping[str, Any]:
    """What brings a body of the operation into one form, by media type: openapi-core knows neither leap seconds nor
    values whose case does not count.
    """
    [item] = slice_of([operation_id])["paths"].values()
    [operation] = [held for held in item.values() if isinstance(held, dict)]
    content = operation.get("requestBody", {}).get("content", {})
    return {media_type: input_forms.reader(held["schema"]) for media_type, held in content.items()}


def _in_one_form(operation_id: str, media_type: str, body: bytes | None) -> bytes | None:
    try:
        # openapi-core takes 7.0 for no integer.
        document = json.loads(body or b"", parse_float=strict_json.number)
    except (ValueError, RecursionError):
        return body
    reader = _readers(operation_id).get(media_type)
    return json.dumps(reader(document) if reader else document).encode()


def _whole_numbers(query: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """The query with integers in the form that openapi-core reads: 7 for 7.0."""
    written = re.compile(r"[0-9]{1,18}(\.[0-9]{1,18}([eE][+-]?[0-9]{1,2})?|[eE][+-]?[0-9]{1,2})")

    def read(value: str) -> str:
        number = strict_json.number(value) if written.fullmatch(value) else None
        return str(number) if isinstance(number, int) else value

    return [(name, read(value)) for name, value in query]


@untraced
def hold_to_contract(
    route: Route, request: Request, response: Response, also_sent: frozenset[str] = frozenset()
) -> None:
    """Fail unless the contract allows this answer to this operation, and the request that it answers.

    `also_sent` are headers that what stands in front of the functions adds, in lower case.
    """
    asked = _asked(route, request)
    answered = _CoreResponse(
        response.status, response.headers.get("content-type", ""), Headers(dict(response.headers)), response.body
    )
    _judge(*_ANSWERS).validate_response(asked, answered)
    declared = _declared(route, response.status)
    undeclared = response.headers.keys() - {name.lower() for name in declared["headers"]} - OF_HTTP - also_sent
    assert not undeclared, f"{route.operation_id} {response.status} sent undeclared headers {undeclared}"
    if "content" not in declared:
        assert not response.body
    if response.status < 400 or response.status in FOR_VALID_REQUESTS:
        _judge(*_REQUESTS).validate_request(asked)
    if response.status == 200 and asked.body is not None:
        _hold_items_to_contract(route.operation_id, asked.body, response.body)


@untraced
def assert_valid_request(route: Route, request: Request) -> None:
    """Fail unless the contract allows this request to this operation."""
    _judge(*_REQUESTS).validate_request(_asked(route, request))


def _asked(route: Route, request: Request) -> _CoreRequest:
    headers = {name.lower(): value.strip(" \t") for name, value in request.headers.items()}
    media_type = headers.get("content-type", "").partition(";")[0]
    return _CoreRequest(
        host_url=HOST,
        path=request.path,
        method=route.method.lower(),
        body=_in_one_form(route.operation_id, media_type.strip().lower(), request.body),
        content_type=media_type,
        parameters=RequestParameters(query=ImmutableMultiDict(_whole_numbers(request.query)), header=Headers(headers)),
    )


def _declared(route: Route, status: int) -> Mapping[str, Any]:
    declared: Mapping[str, Any] = route.operation["responses"][str(status)]
    if "$ref" in declared:
        declared = contract()["components"]["responses"][declared["$ref"].rpartition("/")[2]]
    return declared
