"""Request validation, in place of Connexion's own validators.

These validators report every bad field of a request at once, check the formats and patterns that Connexion does not
check, read numbers and JSON strictly, and pass the values that they have read to the operation, so that nothing is
parsed twice. Everything that depends only on the contract is prepared once, at start.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, unquote

from jsonschema import Draft4Validator, FormatChecker, ValidationError
from jsonschema.validators import extend

from handlers.web import contract, strict_json
from handlers.web.connexion.fast_validator import acceptance
from handlers.web.connexion.imports import (
    AbstractRequestBodyValidator,
    Draft4RequestValidator,
    ParameterValidator,
    RequestValidationAPI,
    RequestValidationMiddleware,
    RequestValidationOperation,
    pythonic,
)
from handlers.web.problems import BadField, Place, invalid_request

INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,17})")
# As RFC 3339 has it, to the microsecond. The years leave room for what a UTC offset adds or takes.
DATE_TIME = re.compile(
    r"[12][0-9]{3}-[0-9]{2}-[0-9]{2}T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,6})?"
    r"(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])"
)
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)

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

formats = FormatChecker(formats=())


@formats.checks("date", raises=ValueError)
def _is_date(value: object) -> bool:
    return not isinstance(value, str) or bool(date.fromisoformat(value))


@formats.checks("date-time", raises=ValueError)
def _is_date_time(value: object) -> bool:
    return not isinstance(value, str) or bool(DATE_TIME.fullmatch(value) and datetime.fromisoformat(value))


@formats.checks("email")
def _is_email(value: object) -> bool:
    # The rest is judged by handlers/web/credentials.py, which names the rule that an address breaks.
    return not isinstance(value, str) or "@" in value


@formats.checks("uuid")
def _is_uuid(value: object) -> bool:
    return not isinstance(value, str) or bool(UUID.fullmatch(value))


def _pattern(_: Any, pattern: str, instance: Any, schema: Mapping[str, Any]) -> Iterator[ValidationError]:
    # In Python a final `$` also matches before a trailing newline; in the contract, which speaks ECMA 262, it does not.
    if isinstance(instance, str) and not re.search(re.sub(r"\$\Z", r"\\Z", pattern), instance):
        yield ValidationError(f"is malformed; write it like {schema['example']}")


Validator: type[Draft4Validator] = extend(  # type: ignore[no-untyped-call] # jsonschema does not type it
    Draft4RequestValidator, {"pattern": _pattern}, format_checker=formats
)


class OperationChecks:
    """The compiled checks of one operation: its parameters, and its body by media type."""

    def __init__(self, operation: Mapping[str, Any]) -> None:
        self.names = {parameter["name"]: pythonic(parameter["name"]) for parameter in operation.get("parameters", ())}
        if not _OF_THE_REQUEST.isdisjoint(self.names.values()):
            raise ValueError("a parameter has a name that the verified user or the like goes by")
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
            (parameter["in"], parameter["name"]): Checked(parameter["schema"])
            for parameter in operation.get("parameters", ())
        }
        body = operation.get("requestBody", {})
        self.has_body = bool(body)
        self.ignores_unknown = operation.get(contract.UNKNOWN_QUERY_PARAMETERS) == "ignored"
        schemas = {media_type: content["schema"] for media_type, content in body.get("content", {}).items()}
        self.body_validators = {
            media_type: Checked(contract.without_items(schema)) for media_type, schema in schemas.items()
        }
        self.item_validators = {
            media_type: {name: Checked(of_item) for name, of_item in contract.items_alone(schema).items()}
            for media_type, schema in schemas.items()
        }


class Checked:
    """The compiled checks of one schema: whether a value is right, at once, and if not, all that is wrong with it."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self.accepts = acceptance(schema, formats)
        self._validator = Validator(schema, format_checker=formats)

    def errors(self, value: Any) -> Iterator[Any]:
        """All errors that jsonschema finds. They are Any, since jsonschema types their attributes as possibly unset."""
        return iter(()) if self.accepts(value) else self._validator.iter_errors(value)


class CheckedOperation(RequestValidationOperation):
    """Validates requests without negotiating the media type, which the guard has done, and caches the body's schema."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._operation.body_definition = cache(self._operation.body_definition)

    def extract_content_type(self, headers: list[tuple[bytes, bytes]]) -> tuple[str, str]:
        """The media type that the guard has put there, if the operation has a body; it is always in UTF-8."""
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
    """What Connexion takes as its `validator_map`, for the operations with these checks by operationId."""

    def checks_of(scope: Mapping[str, Any]) -> OperationChecks:
        return checks[scope["extensions"]["connexion_routing"]["operation_id"]]

    class Parameters(ParameterValidator):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            """Nothing is prepared here: Connexion makes a validator for every request."""

        def validate(self, scope: Any) -> None:
            operation, context = checks_of(scope), scope["extensions"]["connexion_context"]
            context.update(operation.defaults)
            bad = list(_bad_parameters(operation, scope, context))
            # All of them together, for an operation with too many to name each as an argument.
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
                document = strict_json.parse(message["body"])
            except strict_json.NotJson as error:
                raise invalid_request([*bad, BadField("body", "", str(error))]) from None
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
    """The errors of the parameters; their values go into the context, for the operation's function."""
    given: dict[str, list[str]] = {}
    query = scope["query_string"].decode("latin-1")
    try:
        errors = "replace" if operation.ignores_unknown else "strict"
        for name, value in parse_qsl(query, keep_blank_values=True, encoding="utf-8", errors=errors):
            given.setdefault(name, []).append(value)
    except ValueError:
        yield BadField("query", "", "is not percent-encoded UTF-8")
    known = {parameter["name"] for parameter in operation.parameters["query"]}
    for name in () if operation.ignores_unknown else given.keys() - known:
        yield BadField("query", "/" + _escaped(name)[:100], "is not known here")
    sources: dict[Place, Callable[[str], list[str] | None]] = {
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
                yield BadField(place, "/" + name, "is not percent-encoded UTF-8")
                continue
            if raw is None:
                if parameter.get("required"):
                    yield BadField(place, "/" + name, "is required")
                continue
            value, bad = _parameter_value(parameter, raw)
            details = [bad] if bad else [d for _, d in _details(operation.parameter_validators[place, name], value)]
            for detail in details:
                yield BadField(place, "/" + name, detail)
            context[operation.names[name]] = value


def _parameter_value(parameter: Mapping[str, Any], raw: list[str]) -> tuple[Any, str | None]:
    """Parse the texts of a parameter. Returns its value, and what is wrong with them or None.

    An array is a repeated parameter. With `explode: false` it is a list with commas; repeated, it is taken too, since
    some generated clients know no other way.
    """
    kind = parameter["schema"]["type"]
    if kind == "array":
        return raw if parameter.get("explode", True) else ",".join(raw).split(","), None
    if len(raw) > 1:
        return None, "is given more than once"
    if kind == "boolean":
        return (raw[0] == "true", None) if raw[0] in ("true", "false") else (None, "is neither true nor false")
    if kind == "integer":
        return (int(raw[0]), None) if INTEGER.fullmatch(raw[0]) else (None, "is not an integer")
    return raw[0], None


def _header(scope: Any, name: str) -> list[str]:
    wanted = name.lower().encode("latin-1")
    # Blanks around a field's value are no part of it (RFC 9110, section 5.5).
    return [value.decode("latin-1").strip(" \t") for key, value in scope["headers"] if key == wanted]


def _bad_fields(checked: Checked, document: Any) -> Iterator[BadField]:
    """Every field of the document that does not follow the schema."""
    for pointer, detail in _details(checked, document):
        yield BadField("body", pointer, detail)


def _details(checked: Checked, instance: Any) -> Iterator[tuple[str, str]]:
    """Pointer and words for everything that is wrong; the words come from the contract, never from the request."""
    for error in checked.errors(instance):
        pointer = "".join(f"/{_escaped(str(step))}" for step in error.absolute_path)
        if error.validator == "required":
            # One error for each missing name, all alike but for the message.
            missing = (name for name in error.validator_value if name not in error.instance)
            name = next(name for name in missing if repr(name) in error.message)
            yield f"{pointer}/{_escaped(name)}", "is required"
        elif error.validator == "additionalProperties":
            for name in sorted(error.instance.keys() - error.schema.get("properties", {}).keys()):
                yield f"{pointer}/{_escaped(name)[:100]}", "is not known here"
        else:
            yield pointer, _WORDS.get(error.validator, lambda _: "does not follow the contract")(error)


def _escaped(step: str) -> str:
    """A step of a JSON pointer (RFC 6901)."""
    return step.replace("~", "~0").replace("/", "~1")


_WORDS: dict[str, Callable[[Any], str]] = {
    "type": lambda error: f"is not {'an' if error.validator_value[0] in 'aio' else 'a'} {error.validator_value}",
    "enum": lambda error: "is none of " + ", ".join(str(value) for value in error.validator_value if value is not None),
    "format": lambda error: (
        "has no @"
        if error.validator_value == "email"
        else f"is no valid {error.validator_value}; write it like {error.schema['example']}"
    ),
    "pattern": lambda error: error.message,
    "minLength": lambda error: f"is shorter than {error.validator_value}",
    "maxLength": lambda error: f"is longer than {error.validator_value}",
    "minimum": lambda error: f"is below {error.validator_value}",
    "maximum": lambda error: f"is above {error.validator_value}",
    "minItems": lambda error: f"holds fewer than {error.validator_value} items",
    "maxItems": lambda error: f"holds more than {error.validator_value} items",
    "uniqueItems": lambda _: "holds an item twice",
    "minProperties": lambda error: f"has fewer than {error.validator_value} properties",
}
