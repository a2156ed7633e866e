"""Values as DynamoDB's attributes, and back: what boto3's resources do, for the types that the items have.

A number is a Decimal or an int and comes back as a Decimal; one that DynamoDB could not keep to the last digit raises.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Clamped, Context, Decimal, Inexact, Overflow, Rounded, Underflow
from typing import Any

# DynamoDB's numbers: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
_NUMBER = Context(Emin=-128, Emax=126, prec=38, traps=[Clamped, Inexact, Overflow, Rounded, Underflow])


def attribute(value: Any) -> Any:
    """The attribute that holds the value. Raises TypeError for a type that no item has; ArithmeticError."""
    try:
        write = _WRITE[type(value)]
    except KeyError:
        raise TypeError(f"no attribute holds a {type(value).__name__}") from None
    return write(value)


def value(attribute: Any) -> Any:
    """The value that the attribute holds; lists and maps with all that is in them."""
    [(kind, held)] = attribute.items()
    return _READ[kind](held)


def _number(number: Decimal | int) -> dict[str, str]:
    return {"N": str(_NUMBER.create_decimal(number))}


_WRITE: dict[type, Callable[[Any], Any]] = {
    str: lambda text: {"S": text},
    bool: lambda truth: {"BOOL": truth},
    int: _number,
    Decimal: _number,
    bytes: lambda data: {"B": data},
    list: lambda items: {"L": [attribute(item) for item in items]},
    tuple: lambda items: {"L": [attribute(item) for item in items]},
    dict: lambda items: {"M": {name: attribute(item) for name, item in items.items()}},
}

_READ: dict[str, Callable[[Any], Any]] = {
    "S": str,
    "BOOL": bool,
    "N": _NUMBER.create_decimal,
    "B": bytes,
    "L": lambda held: [value(item) for item in held],
    "M": lambda held: {name: value(item) for name, item in held.items()},
}
