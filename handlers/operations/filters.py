"""Reads the filters that lists and statistics share from parameters."""

from __future__ import annotations

from collections.abc import Sequence

from handlers.journal.tags import unique, wrong_tag
from handlers.web.problems import BadField, rule_broken


def wanted_tags(name: str, given: Sequence[str]) -> tuple[str, ...]:
    """The tags in their normal form. Raises Problem for a tag whose normal form is empty.

    name: of the parameter. given: its values.
    """
    wrong = [fault for tag in given if (fault := wrong_tag(tag)) is not None]
    if wrong:
        raise rule_broken([BadField("query", f"/{name}", fault) for fault in dict.fromkeys(wrong)])
    return unique(given)
