"""The names of fields in camelCase, as the contract and the stored items have them."""

from __future__ import annotations


def camel_case(name: str) -> str:
    """A field's name in camelCase: open_date is openDate."""
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)
