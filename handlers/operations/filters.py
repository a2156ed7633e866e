"""Filters that lists and statistics share, from parameters."""

from __future__ import annotations

from collections.abc import Sequence

from handlers.journal.tags import unique, wrong_tag
from handlers.web.problems import BadField, rule_broken


def wanted_tags(name: str, given: Sequence[str]) -> tuple[str, ...]:
    """The tags of the parameter of that name, in the form in which trades have them. Raises Problem for one of which
    nothing is left.
    """
    wrong = [fault for tag in given if (fault := wrong_tag(tag)) is not None]
    if wrong:
        raise rule_broken([BadField("query", f"/{name}", fault) for fault in dict.fromkeys(wrong)])
    return unique(given)
