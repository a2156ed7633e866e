"""Reads JSON strictly by RFC 8259; the standard library accepts more.

It refuses duplicate names, NaN and Infinity, numbers out of range, lone surrogates, a byte order mark, invalid UTF-8
and deep nesting. The error names the rule and never repeats the input.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

from handlers.faults import Fault, FieldCode


class NotJson(ValueError):
    """Raised for a text that is not JSON. `fault` tells the client why."""

    def __init__(self, code: FieldCode, detail: str, params: Mapping[str, Any] | None = None) -> None:
        super().__init__(detail)
        self.fault = Fault(code, detail, params or {})


def parse(text: bytes) -> Any:
    """Parse the text. Raises NotJson."""
    try:
        decoded = text.decode("utf-8")
    except UnicodeDecodeError:
        raise NotJson(FieldCode.NOT_UTF_8, "is not UTF-8") from None
    try:
        document = _decode(decoded)
    except NotJson:
        raise
    except json.JSONDecodeError as error:
        place = {"line": error.lineno, "column": error.colno}
        detail = f"is not JSON: {error.msg} at line {error.lineno}, column {error.colno}"
        raise NotJson(FieldCode.NOT_JSON, detail, place) from None
    except RecursionError:
        raise NotJson(FieldCode.NESTED_TOO_DEEPLY, "is nested too deeply") from None
    except ValueError:  # an integer of more digits than Python converts
        raise NotJson(FieldCode.NUMBER_TOO_LARGE, "holds a number out of range") from None
    # A lone surrogate can only be written as an escape, since the text itself is valid UTF-8.
    if "\\u" in decoded:
        _refuse_lone_surrogates(document)
    return document


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) != len(pairs):
        raise NotJson(FieldCode.DUPLICATE_PROPERTY, "names a property twice")
    return document


def _constant(_: str) -> NoReturn:
    raise NotJson(FieldCode.NOT_JSON, "holds a number that JSON does not have")


def number(text: str) -> int | float:
    """The value of a number in JSON: an int if the value is integral, also for 7.0 and 1e1; else a float.

    Raises NotJson for a number out of range.
    """
    found = float(text)
    if math.isinf(found):
        raise NotJson(FieldCode.NUMBER_TOO_LARGE, "holds a number out of range")
    if not found.is_integer():
        return found
    try:
        exact = Decimal(text)  # a float may have lost the digits after the point
        whole = int(exact)
    except (InvalidOperation, OverflowError):
        return found
    return whole if whole == exact else found


_decode = json.JSONDecoder(object_pairs_hook=_pairs, parse_constant=_constant, parse_float=number).decode


def _refuse_lone_surrogates(document: Any) -> None:
    unseen = [document]
    while unseen:
        node = unseen.pop()
        if isinstance(node, dict):
            unseen += node.keys()
            unseen += node.values()
        elif isinstance(node, list):
            unseen += node
        elif isinstance(node, str):
            try:
                node.encode("utf-8")
            except UnicodeEncodeError:
                raise NotJson(FieldCode.LONE_SURROGATE, "holds half of a surrogate pair") from None
