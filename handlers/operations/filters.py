"""Filters that lists and statistics share, from parameters."""

from __future__ import annotations

from collections.abc import Sequence

from handlers.journal.tags import unique, wrong_tag
from handlers.web.problems import BadField, rule_broken


def wanted_tags(name: str, given: Sequence[str]) -> tuple[str, ...]:
    """The tags of the parameter of that name, in the form in which trades have them. Raises Problem for one of which
    nothing is left.
    """
    wrong = [detail for tag in given if (detail := wrong_tag(tag)) is not None]
    if wrong:
        raise rule_broken([BadField("query", f"/{name}", detail) for detail in dict.fromkeys(wrong)])
    return unique(given)
