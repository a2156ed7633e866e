"""The operations on tags in all trades: parse, call the use case, reply."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from starlette.responses import Response

from handlers.documents.fields import time_text
from handlers.faults import Fault, FieldCode
from handlers.journal.facets import Facet
from handlers.journal.tags import normal_form, wrong_tag
from handlers.storage import tag_changes
from handlers.storage.tag_changes import TagChange
from handlers.usecases import change_tags, list_facets
from handlers.web.contract import base_path
from handlers.web.problems import NOT_FOUND, BadField, FieldPlace, Problem, rule_broken
from handlers.web.responses import reply

# The seconds after which a client may ask for a change's progress again.
RETRY_AFTER_SECONDS = 2
# A facet shows at most this many values, the most frequent ones.
MOST_VALUES = 1000


async def rename_tag(tag: str, document: Any, user: str) -> Response:
    """Begin to rename a tag in all trades."""
    name: str = document["name"]
    _check([("path", "/tag", tag), ("body", "/name", name)])
    if normal_form(name) == normal_form(tag):
        fault = Fault(FieldCode.SAME_AS, "is the tag's present name", {"property": "tag"})
        raise rule_broken([BadField("body", "/name", fault)])
    return _begun(change_tags.begin(user, normal_form(tag), normal_form(name), datetime.now(UTC)))


async def delete_tag(tag: str, user: str) -> Response:
    """Begin to remove a tag from all trades."""
    _check([("path", "/tag", tag)])
    return _begun(change_tags.begin(user, normal_form(tag), None, datetime.now(UTC)))


async def get_tag_change(user: str) -> Response:
    """Show the progress of the last change of a tag."""
    change = tag_changes.last(user)
    if change is None:
        raise Problem(NOT_FOUND, "No tag was renamed or deleted yet.")
    return reply(200, _document(change))


async def get_facets(user: str) -> Response:
    """Show the symbols, tags, setup types and accounts of the user's trades, with counts."""
    found, is_exact = list_facets.list_facets(user, datetime.now(UTC).date())
    name = "count" if is_exact else "countIsAtLeast"

    def shown(values: Sequence[Facet]) -> list[dict[str, Any]]:
        return [{"value": facet.value, name: facet.count} for facet in values[:MOST_VALUES]]

    lists = {"symbols": found.symbols, "tags": found.tags, "setupTypes": found.setup_types, "accounts": found.accounts}
    is_complete = is_exact and all(len(values) <= MOST_VALUES for values in lists.values())
    return reply(200, {**{key: shown(values) for key, values in lists.items()}, "isComplete": is_complete})


def _check(given: Sequence[tuple[FieldPlace, str, str]]) -> None:
    wrong = [BadField(place, pointer, fault) for place, pointer, tag in given if (fault := wrong_tag(tag)) is not None]
    if wrong:
        raise rule_broken(wrong)


def _begun(change: TagChange) -> Response:
    headers = {"Location": f"{base_path()}/tag-change", "Retry-After": str(RETRY_AFTER_SECONDS)}
    return reply(202, _document(change), headers)


def _document(change: TagChange) -> dict[str, Any]:
    """The change as the contract's TagChange."""
    document: dict[str, Any] = {"status": "WORKING" if change.finished_at is None else "DONE", "tag": change.tag}
    if change.name is not None:
        document["name"] = change.name
    document |= {"tradesChanged": change.trades_changed, "startedAt": time_text(change.started_at)}
    if change.finished_at is not None:
        document["finishedAt"] = time_text(change.finished_at)
    return document
