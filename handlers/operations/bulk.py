"""Bulk requests: each item served on its own, as if it had come alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from starlette.responses import Response

from handlers import deadline
from handlers.web.problems import BadField, Problem, invalid_request, not_begun, problem_of
from handlers.web.responses import reply

BadItems = Mapping[int, Sequence[BadField]]

# The seconds that an item of a bulk request may take. None is begun with less time left.
ITEM_SECONDS = 10


def as_alone(field: BadField, part: str) -> BadField:
    """A field of that part of a bulk item, by the pointer that it has in a request of its own."""
    inside = field.pointer.startswith(f"/{part}/")
    return replace(field, pointer=field.pointer.removeprefix(f"/{part}")) if inside else field


def one_by_one(
    items: Sequence[Any], serve: Callable[[Any], dict[str, Any]], request_id: str, bad_items: BadItems
) -> Response:
    """Serve each item on its own; one that fails is told so in its place, and so are those that time leaves over.

    `bad_items`: what the validation found wrong, by the item's position.
    """

    def result(number: int, item: Any) -> dict[str, Any]:
        if number in bad_items:
            return refused(invalid_request(bad_items[number]))
        if deadline.seconds_left() < ITEM_SECONDS:
            return refused(not_begun())
        try:
            with deadline.within(ITEM_SECONDS):
                return serve(item)
        except Exception as error:  # noqa: BLE001 the table logs what it does not know
            return refused(problem_of(error))

    def refused(problem: Problem) -> dict[str, Any]:
        return {"status": problem.kind.status, "problem": problem.document(request_id)}

    return reply(200, {"results": [result(number, item) for number, item in enumerate(items)]})
