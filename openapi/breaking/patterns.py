"""Whether every text that one pattern allows is allowed by another one, decided on finite automata by greenery."""

from __future__ import annotations

import re
from functools import cache

# Automata of patterns with large counts take minutes; such patterns are only equal when they are written equally.
_LARGEST_COUNT = 80
_LONGEST = 600
_UNIVERSAL = frozenset({"", "^", "$", "^.*", ".*", "^.*$", ".*$", "^[\\s\\S]*$", "[\\s\\S]*"})


def allows_all(pattern: str) -> bool:
    """Whether a pattern refuses no text."""
    return pattern in _UNIVERSAL


@cache
def within(narrow: str, wide: str) -> bool:
    """Whether each text that matches `narrow` matches `wide`; False also where that cannot be decided."""
    if narrow == wide or allows_all(wide):
        return True
    anchored = [_anchored(pattern) for pattern in (narrow, wide)]
    if None in anchored:
        return False
    from greenery import parse  # takes a tenth of a second, and few changes concern a pattern

    try:
        one, other = (parse(pattern) for pattern in anchored if pattern is not None)
        return bool(one.to_fsm().issubset(other.to_fsm()))
    except Exception:  # noqa: BLE001 what greenery cannot read cannot be compared
        return False


def _anchored(pattern: str) -> str | None:
    """The pattern for the whole text, as greenery reads it; None where that is not known to be possible."""
    counts = [int(count) for count in re.findall(r"\{(?:\d+,)?(\d+)\}", pattern)]
    if len(pattern) > _LONGEST or max(counts, default=0) > _LARGEST_COUNT or "(?" in pattern.replace("(?:", ""):
        return None
    whole = pattern.removeprefix("^") if pattern.startswith("^") else f".*({pattern})"
    ends = whole.endswith("$") and not whole.endswith("\\$")
    whole = whole.removesuffix("$") if ends else f"({whole}).*"
    # An anchor binds closer than `|`: `^a|b$` is not anchored as a whole.
    if _has_open_alternative(whole) or re.search(r"(?<![\\\[])\^|(?<!\\)\$", re.sub(r"\[[^\]]*\]", "", whole)):
        return None
    return whole.replace("(?:", "(").replace("-]", "\\-]").replace("\\\\-]", "\\-]")


def _has_open_alternative(pattern: str) -> bool:
    """Whether a `|` stands outside of all groups."""
    depth = 0
    for sign in re.sub(r"\\.|\[(?:\\.|[^\]])*\]", "", pattern):
        depth += {"(": 1, ")": -1}.get(sign, 0)
        if sign == "|" and depth == 0:
            return True
    return False
