"""Bulk requests, whose items are served one by one, as if each were a request of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from starlette.responses import Response

from handlers import deadline
from handlers.web.problems import BadField, Problem, invalid_request, not_begun, problem_of
from handlers.web.responses import reply

BadItems = Mapping[int, Sequence[BadField]]

# The seconds that an item of a bulk request may take. No item is begun with less time left.
ITEM_SECONDS = 10


def as_alone(field: BadField, part: str) -> BadField:
    """The field error of a bulk item's part, with its pointer relative to the part, as in a request for one item."""
    inside = field.pointer.startswith(f"/{part}/")
    return replace(field, pointer=field.pointer.removeprefix(f"/{part}")) if inside else field


def one_by_one(
    items: Sequence[Any], serve: Callable[[Any], dict[str, Any]], request_id: str, bad_items: BadItems
) -> Response:
    """Serve each item on its own. An item that fails, or for which no time is left, has a problem as its result.

    bad_items: the errors of the validation, by the item's position.
    """

    def result(number: int, item: Any) -> dict[str, Any]:
        if number in bad_items:
            return refused(invalid_request(bad_items[number]))
        if deadline.seconds_left() < ITEM_SECONDS:
            return refused(not_begun())
        try:
            with deadline.within(ITEM_SECONDS):
                return serve(item)
        except Exception as error:  # noqa: BLE001 problem_of logs errors without a row in its table
            return refused(problem_of(error))

    def refused(problem: Problem) -> dict[str, Any]:
        return {"status": problem.kind.status, "problem": problem.document(request_id)}

    return reply(200, {"results": [result(number, item) for number, item in enumerate(items)]})
