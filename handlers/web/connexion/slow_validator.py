"""Lists everything that is wrong with a value, by jsonschema.

It is imported when a process first has a request with a fault: jsonschema takes a tenth of a start, and the fast
validator accepts the other requests (handlers/web/connexion/fast_validator.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from jsonschema import Draft4Validator, ValidationError
from jsonschema.validators import extend

from handlers.web.connexion.formats import fits_format
from handlers.web.connexion.schema_faults import pattern_of

Rule = Callable[[Any, Any, Any, Mapping[str, Any]], Iterator[ValidationError]]


def _or_null(name: str) -> Rule:
    """Draft 4's rule of this name, which accepts null where the schema is nullable (OpenAPI 3.0)."""
    rule: Rule = Draft4Validator.VALIDATORS[name]

    def check(validator: Any, wanted: Any, instance: Any, schema: Mapping[str, Any]) -> Iterator[ValidationError]:
        if instance is not None or not schema.get("nullable"):
            yield from rule(validator, wanted, instance, schema)

    return check


def _pattern(_: Any, pattern: str, instance: Any, __: Mapping[str, Any]) -> Iterator[ValidationError]:
    if isinstance(instance, str) and not pattern_of(pattern).search(instance):
        yield ValidationError("does not match the pattern")


def _format(_: Any, name: str, instance: Any, __: Mapping[str, Any]) -> Iterator[ValidationError]:
    if not fits_format(instance, name):
        yield ValidationError("is not of the format")


Validator: type[Draft4Validator] = extend(  # type: ignore[no-untyped-call] # jsonschema does not type it
    Draft4Validator, {"type": _or_null("type"), "enum": _or_null("enum"), "pattern": _pattern, "format": _format}
)


def errors(schema: Mapping[str, Any], value: Any) -> Iterator[Any]:
    """All errors that jsonschema finds. They are Any, since jsonschema types their attributes as possibly unset."""
    return Validator(schema).iter_errors(value)
