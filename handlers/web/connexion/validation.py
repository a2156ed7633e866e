"""Request validation, in place of Connexion's own validators.

These validators report every bad field of a request at once, check the formats and patterns that Connexion does not
check, read numbers and JSON strictly, and pass the values that they have read to the operation, so that nothing is
parsed twice. Everything that depends only on the contract is prepared once, at start.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, unquote

from handlers.faults import Fault, FieldCode
from handlers.web import contract, input_forms, strict_json
from handlers.web.connexion.fast_validator import acceptance
from handlers.web.connexion.lean import (
    AbstractRequestBodyValidator,
    ParameterValidator,
    RequestValidationAPI,
    RequestValidationMiddleware,
    RequestValidationOperation,
    pythonic,
)
from handlers.web.connexion.schema_faults import REQUIRED, faults_of, wrong_type
from handlers.web.problems import BadField, FieldPlace, invalid_request

# A number as JSON writes it, of no more digits than an integer of the contract can have.
NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,18})?([eE][+-]?[0-9]{1,2})?")
# The longest part of an unknown name that an error repeats.
MOST_OF_A_NAME = 100

NOT_UTF_8 = Fault(FieldCode.NOT_UTF_8, "is not percent-encoded UTF-8")
UNKNOWN_PARAMETER = Fault(FieldCode.UNKNOWN_PARAMETER, "is no parameter of this operation")
GIVEN_TWICE = Fault(FieldCode.GIVEN_TWICE, "is given more than once")

# Names in the context that no parameter may have: a parameter must not replace the verified `user`, for instance.
_OF_THE_REQUEST = {
    "access_token",
    "bad_items",
    "bad_parameters",
    "claims",
    "document",
    "parameters",
    "request_id",
    "user",
    "username",
}


class OperationChecks:
    """The compiled checks of one operation: its parameters, and its body by media type."""

    def __init__(self, operation: Mapping[str, Any]) -> None:
        self.names = {parameter["name"]: pythonic(parameter["name"]) for parameter in operation.get("parameters", ())}
        if not _OF_THE_REQUEST.isdisjoint(self.names.values()):
            raise ValueError("a parameter has a name that is reserved, such as user")
        self.defaults = {
            self.names[parameter["name"]]: parameter["schema"]["default"]
            for parameter in operation.get("parameters", ())
            if "default" in parameter["schema"]
        }
        self.parameters = {
            place: [parameter for parameter in operation.get("parameters", ()) if parameter["in"] == place]
            for place in ("query", "path", "header")
        }
        self.parameter_validators = {
            (parameter["in"], parameter["name"]): SchemaChecks(parameter["schema"])
            for parameter in operation.get("parameters", ())
        }
        body = operation.get("requestBody", {})
        self.has_body = bool(body)
        self.ignores_unknown = operation.get(contract.UNKNOWN_QUERY_PARAMETERS) == "ignored"
        schemas = {media_type: content["schema"] for media_type, content in body.get("content", {}).items()}
        self.body_validators = {
            media_type: SchemaChecks(contract.without_items(schema)) for media_type, schema in schemas.items()
        }
        # These convert the whole body, including the items that are validated one by one.
        self.body_readers = {
            media_type: input_forms.reader(schema) or _as_it_is for media_type, schema in schemas.items()
        }
        self.item_validators = {
            media_type: {name: SchemaChecks(of_item) for name, of_item in contract.items_alone(schema).items()}
            for media_type, schema in schemas.items()
        }


def _as_it_is(value: Any) -> Any:
    return value


class SchemaChecks:
    """The checks of one schema: a fast test whether a value is valid, compiled, and jsonschema to list all errors.

    `read` converts a value into the form that is checked and kept.
    """

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self.read = input_forms.reader(schema) or _as_it_is
        self.accepts = acceptance(schema)
        self._schema = schema

    def errors(self, value: Any) -> Iterator[Any]:
        """All errors of a value, as `slow_validator.errors` has them; of a valid one none, and without jsonschema."""
        if self.accepts(value):
            return iter(())
        from handlers.web.connexion import slow_validator  # it takes a tenth of a start

        return slow_validator.errors(self._schema, value)


class CheckedOperation(RequestValidationOperation):
    """Validates requests without negotiating the media type, which the guard has done, and caches the body's schema."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._operation.body_definition = cache(self._operation.body_definition)

    def extract_content_type(self, headers: list[tuple[bytes, bytes]]) -> tuple[str, str]:
        """The media type that the guard has set, empty for an operation without a body; the encoding is UTF-8."""
        return dict(headers).get(b"content-type", b"").decode(), "utf-8"

    def validate_mime_type(self, mime_type: str) -> None:
        """Do nothing: the guard has refused all other media types."""


class CheckedApi(RequestValidationAPI):
    """Uses CheckedOperation in place of Connexion's own class."""

    def make_operation(self, operation: Any) -> CheckedOperation:
        """The validator of the operation's requests."""
        return CheckedOperation(self.next_app, operation=operation, validator_map=self.validator_map)


class Validation(RequestValidationMiddleware):
    """Uses CheckedApi in place of Connexion's own class."""

    api_cls = CheckedApi


def validator_map(checks: Mapping[str, OperationChecks]) -> dict[str, Any]:
    """Connexion's `validator_map` for these operations. checks: by operationId."""

    def checks_of(scope: Mapping[str, Any]) -> OperationChecks:
        return checks[scope["extensions"]["connexion_routing"]["operation_id"]]

    class Parameters(ParameterValidator):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            """Nothing is prepared here: Connexion makes a validator for every request."""

        def validate(self, scope: Any) -> None:
            operation, context = checks_of(scope), scope["extensions"]["connexion_context"]
            context.update(operation.defaults)
            bad = list(_bad_parameters(operation, scope, context))
            # An operation with many parameters takes them all as the one argument `parameters`.
            context["parameters"] = {name: context[name] for name in operation.names.values() if name in context}
            if bad and not operation.has_body:
                raise invalid_request(bad)
            context["bad_parameters"] = bad  # reported together with the body's

    class JsonBody(AbstractRequestBodyValidator):
        def __init__(self, **kwargs: Any) -> None:
            """Nothing is prepared here: Connexion makes a validator for every request."""

        async def wrap_receive(self, receive: Any, *, scope: Any) -> tuple[Any, Any]:
            context = scope["extensions"]["connexion_context"]
            bad: list[BadField] = context.pop("bad_parameters")
            message = await receive()  # the guard has put the body into one message
            operation, media_type = checks_of(scope), _header(scope, "content-type")[0]
            try:
                document = operation.body_readers[media_type](strict_json.parse(message["body"]))
            except strict_json.NotJson as error:
                raise invalid_request([*bad, BadField("body", "", error.fault)]) from None
            bad += _bad_fields(operation.body_validators[media_type], document)
            if bad:
                raise invalid_request(bad)
            context["document"] = document
            context["bad_items"] = {
                number: wrong
                for name, validator in operation.item_validators[media_type].items()
                for number, item in enumerate(document[name])
                if (wrong := list(_bad_fields(validator, item)))
            }
            return receive, scope

    return {"parameter": Parameters, "body": defaultdict(lambda: JsonBody)}


def _bad_parameters(operation: OperationChecks, scope: Any, context: dict[str, Any]) -> Iterator[BadField]:
    """The errors of the parameters. Their values are put into the context, for the operation's function."""
    given: dict[str, list[str]] = {}
    query = scope["query_string"].decode("latin-1")
    try:
        errors = "replace" if operation.ignores_unknown else "strict"
        for name, value in parse_qsl(query, keep_blank_values=True, encoding="utf-8", errors=errors):
            given.setdefault(name, []).append(value)
    except ValueError:
        yield BadField("query", "", NOT_UTF_8)
    known = {parameter["name"] for parameter in operation.parameters["query"]}
    for name in () if operation.ignores_unknown else given.keys() - known:
        yield BadField("query", "/" + _escaped(name)[:MOST_OF_A_NAME], UNKNOWN_PARAMETER)
    sources: dict[FieldPlace, Callable[[str], list[str] | None]] = {
        "query": given.get,
        "path": lambda name: [unquote(scope["path_params"][name], errors="strict")],
        "header": lambda name: _header(scope, name) or None,
    }
    for place, values in sources.items():
        for parameter in operation.parameters[place]:
            name = parameter["name"]
            try:
                raw = values(name)
            except UnicodeDecodeError:
                yield BadField(place, "/" + name, NOT_UTF_8)
                continue
            if raw is None:
                if parameter.get("required"):
                    yield BadField(place, "/" + name, REQUIRED)
                continue
            value, bad = _parameter_value(parameter, raw)
            checked = operation.parameter_validators[place, name]
            value = checked.read(value)
            faults = [bad] if bad else [f for _, f in _faults(checked, value)]
            for fault in faults:
                yield BadField(place, "/" + name, fault)
            context[operation.names[name]] = value


def _parameter_value(parameter: Mapping[str, Any], raw: list[str]) -> tuple[Any, Fault | None]:
    """Parse the texts of a parameter. Returns its value, and its fault or None.

    An array is a repeated parameter. With `explode: false` it is a list with commas; the repeated form is accepted too,
    since some generated clients send nothing else.
    """
    kind = parameter["schema"]["type"]
    if kind == "array":
        return raw if parameter.get("explode", True) else ",".join(raw).split(","), None
    if len(raw) > 1:
        return None, GIVEN_TWICE
    if kind == "boolean":
        return (raw[0] == "true", None) if raw[0] in ("true", "false") else (None, wrong_type("boolean"))
    if kind == "integer":
        number = strict_json.number(raw[0]) if NUMBER.fullmatch(raw[0]) else None
        return (number, None) if isinstance(number, int) else (None, wrong_type("integer"))
    return raw[0], None


def _header(scope: Any, name: str) -> list[str]:
    wanted = name.lower().encode("latin-1")
    # Blanks around a header's value do not belong to it (RFC 9110, section 5.5).
    return [value.decode("latin-1").strip(" \t") for key, value in scope["headers"] if key == wanted]


def _bad_fields(checked: SchemaChecks, document: Any) -> Iterator[BadField]:
    """The errors of all fields that do not follow the schema."""
    for pointer, fault in _faults(checked, document):
        yield BadField("body", pointer, fault)


def _faults(checked: SchemaChecks, instance: Any) -> Iterator[tuple[str, Fault]]:
    """The pointer and the fault of each error."""
    for error in checked.errors(instance):
        for path, fault in faults_of(error):
            yield "".join(f"/{_escaped(str(step))[:MOST_OF_A_NAME]}" for step in path), fault


def _escaped(step: str) -> str:
    """A step of a JSON pointer (RFC 6901)."""
    return step.replace("~", "~0").replace("/", "~1")
