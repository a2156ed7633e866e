"""Converts jsonschema's errors into faults. Their codes, texts and params come from the contract, not the input."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from handlers.faults import AT_SIGN_MISSING, Fault, FieldCode
from handlers.web.connexion.formats import fits_format
from handlers.web.contract import DERIVED

FIRST_YEAR, LAST_YEAR = 1, 9999

UNKNOWN_PROPERTY = Fault(FieldCode.UNKNOWN_PROPERTY, "is no property of this object")
REQUIRED = Fault(FieldCode.REQUIRED, "is required")
_DERIVED_PROPERTY = Fault(FieldCode.DERIVED_PROPERTY, "is computed and cannot be given")


def faults_of(error: Any) -> Iterator[tuple[Sequence[str | int], Fault]]:
    """The faults that an error of jsonschema stands for, each with the path to the field."""
    path = tuple(error.absolute_path)
    if error.validator == "required":
        # jsonschema reports one error for each missing name, and only the message tells which.
        missing = (name for name in error.validator_value if name not in error.instance)
        yield (*path, next(name for name in missing if repr(name) in error.message)), REQUIRED
    elif error.validator == "additionalProperties":
        derived = error.schema.get(DERIVED, ())
        for name in sorted(error.instance.keys() - error.schema.get("properties", {}).keys()):
            yield (*path, name), _DERIVED_PROPERTY if name in derived else UNKNOWN_PROPERTY
    elif error.validator == "pattern":
        if not error.instance and error.schema.get("minLength"):
            return  # jsonschema also reports the empty text as too short
        for fault in _of_pattern(error.instance, error.validator_value, error.schema["example"]):
            yield path, fault
    elif error.validator in _SIMPLE:
        yield path, _SIMPLE[error.validator](error.validator_value, error)
    else:
        yield path, Fault(FieldCode.MALFORMED, "does not follow the contract", {"example": error.schema.get("example")})


def wrong_type(name: str) -> Fault:
    """The fault of a value that does not have this JSON type."""
    return Fault(FieldCode.WRONG_TYPE, f"is not {'an' if name[0] in 'aio' else 'a'} {name}", {"type": name})


def _limit(code: FieldCode, param: str, words: str) -> Callable[[Any, Any], Fault]:
    return lambda limit, _: Fault(code, words.format(limit), {param: limit})


def _out_of_range(words: str) -> Callable[[Any, Any], Fault]:
    def fault(limit: Any, error: Any) -> Fault:
        bounds = {name: error.schema[name] for name in ("minimum", "maximum") if name in error.schema}
        return Fault(FieldCode.OUT_OF_RANGE, words.format(limit), bounds)

    return fault


def _not_one_of(values: Sequence[Any], _: Any) -> Fault:
    allowed = [value for value in values if value is not None]
    return Fault(FieldCode.NOT_ONE_OF, "is none of " + ", ".join(map(str, allowed)), {"allowed": allowed})


def _of_format(name: str, error: Any) -> Fault:
    if name == "email":
        return AT_SIGN_MISSING
    example = error.schema["example"]
    if name == "date-time" and fits_format(f"{error.instance}Z", name):
        return Fault(FieldCode.OFFSET_MISSING, f"has no UTC offset; write it like {example}")
    # Year 0 is the only year of four digits that datetime lacks. It would be a leap year, as 2000 is.
    if name == "date-time" and fits_format(re.sub("^0000", "2000", error.instance), name):
        years = {"minimum": FIRST_YEAR, "maximum": LAST_YEAR}
        return Fault(FieldCode.YEAR_OUT_OF_RANGE, f"is outside the years {FIRST_YEAR} to {LAST_YEAR}", years)
    codes = {
        "date": FieldCode.NOT_A_DATE,
        "date-time": FieldCode.NOT_A_DATE_TIME,
        "uuid": FieldCode.NOT_A_UUID,
    }
    return Fault(codes[name], f"is no valid {name}; write it like {example}")


_SIMPLE: Mapping[str, Callable[[Any, Any], Fault]] = {
    "type": lambda name, _: wrong_type(name),
    "enum": _not_one_of,
    "format": _of_format,
    "minLength": _limit(FieldCode.TOO_SHORT, "minLength", "is shorter than {}"),
    "maxLength": _limit(FieldCode.TOO_LONG, "maxLength", "is longer than {}"),
    "minimum": _out_of_range("is below {}"),
    "maximum": _out_of_range("is above {}"),
    "minItems": _limit(FieldCode.TOO_FEW_ITEMS, "minItems", "holds fewer than {} items"),
    "maxItems": _limit(FieldCode.TOO_MANY_ITEMS, "maxItems", "holds more than {} items"),
    "uniqueItems": lambda *_: Fault(FieldCode.DUPLICATE_ITEM, "holds an item twice"),
    "minProperties": _limit(FieldCode.TOO_FEW_PROPERTIES, "minProperties", "has fewer than {} properties"),
}


def pattern_of(pattern: str) -> re.Pattern[str]:
    """The pattern by ECMA 262, the contract's dialect: unlike in Python, `$` does not match before a final newline."""
    return re.compile(re.sub(r"\$\Z", r"\\Z", pattern))


_NUMBER = re.compile(r"(?P<minus>-?)(?P<whole>0|[1-9][0-9]*)(\.(?P<decimals>[0-9]+))?")
_MOST_TRIED = 40
# The kinds of values that patterns describe: code, words, and two examples. A pattern is of the kind if it accepts the
# first and refuses the second.
_KINDS = (
    (FieldCode.NOT_A_DATE, "no day", "2026-02-28", "2026-02-30"),
    (FieldCode.NOT_A_MONTH, "no month", "2026-12", "2026-13"),
    (FieldCode.NOT_A_TIME_OF_DAY, "no time of day", "23:59", "24:00"),
)


class _Decimals:
    """The limits of a pattern of decimal numbers, found by trying examples."""

    def __init__(self, takes: Callable[[str], object]) -> None:
        counts = range(1, _MOST_TRIED)
        self.most_digits = max(count for count in counts if takes("1" * count))
        self.most_decimals = max(count for count in counts if takes(f"1.{'1' * count}"))
        self.takes_zero, self.takes_negative = bool(takes("0")), bool(takes("-1"))

    def faults(self, text: str, example: str) -> Iterator[Fault]:
        """All rules that the text breaks."""
        number = _NUMBER.fullmatch(text)
        if number is None:
            yield Fault(FieldCode.NOT_A_DECIMAL, f"is no plain decimal number; write it like {example}")
            return
        if len(number["whole"]) > self.most_digits:
            detail = f"has more than {self.most_digits} digits before the point"
            yield Fault(FieldCode.TOO_MANY_DIGITS, detail, {"maxDigits": self.most_digits})
        if len(number["decimals"] or "") > self.most_decimals:
            detail = f"has more than {self.most_decimals} digits after the point"
            yield Fault(FieldCode.TOO_MANY_DECIMALS, detail, {"maxDecimals": self.most_decimals})
        is_zero = not text.strip("-0.")
        if not self.takes_zero and (is_zero or number["minus"]):
            yield Fault(FieldCode.NOT_POSITIVE, "must be more than 0")
        elif number["minus"] and not self.takes_negative:
            yield Fault(FieldCode.NEGATIVE, "must not be below 0")


@cache
def _decimals_of(pattern: str) -> _Decimals | None:
    """The limits of the pattern, or None if it does not describe decimal numbers."""
    takes = pattern_of(pattern).search
    is_decimal = all(map(takes, ("1", "0.25"))) and not any(map(takes, ("one", "1.2.3", "1e2", "")))
    return _Decimals(takes) if is_decimal else None


def _of_pattern(text: str, pattern: str, example: str) -> list[Fault]:
    """The rules that a text breaks by not matching the pattern."""
    takes = pattern_of(pattern).search
    if (decimals := _decimals_of(pattern)) is not None:
        # A tolerance in parts of the risk ends in R, such as 0.05R.
        number = text.removesuffix("R") if takes("1R") else text
        if faults := list(decimals.faults(number, example)):
            return faults
    for code, words, right, wrong in _KINDS:
        if takes(right) and not takes(wrong):
            return [Fault(code, f"is {words}; write it like {example}")]
    if takes("a") and takes("z1") and not takes("\n"):
        detail = f"has a character that is not allowed there; write it like {example}"
        return [Fault(FieldCode.INVALID_CHARACTERS, detail, {"example": example})]
    return [Fault(FieldCode.MALFORMED, f"is malformed; write it like {example}", {"example": example})]
