"""Bulk requests, whose items are served one by one, as if each were a request of its own.

The result of an item is JSON text, since a kept answer is: it becomes a part of the body as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from starlette.responses import Response

from handlers import deadline
from handlers.documents.fields import as_json
from handlers.web.problems import BadField, Problem, invalid_request, item_not_begun, problem_of
from handlers.web.responses import reply_text

BadItems = Mapping[int, Sequence[BadField]]

# The seconds that an item of a bulk request may take. No item is begun with less time left.
ITEM_SECONDS = 10


def as_alone(field: BadField, part: str) -> BadField:
    """The field error of a bulk item's part, with its pointer relative to the part, as in a request for one item."""
    inside = field.pointer.startswith(f"/{part}/")
    return replace(field, pointer=field.pointer.removeprefix(f"/{part}")) if inside else field


def one_by_one(items: Sequence[Any], serve: Callable[[Any], str], request_id: str, bad_items: BadItems) -> Response:
    """Serve each item on its own. An item that fails, or for which no time is left, has a problem as its result.

    bad_items: the errors of the validation, by the item's position.
    """

    def serve_one(numbers: Sequence[int]) -> list[str]:
        return [serve(items[number]) for number in numbers]

    alone = ([number] for number in range(len(items)) if number not in bad_items)
    return in_batches(len(items), alone, serve_one, request_id, bad_items)


def in_batches(
    count: int,
    batches: Iterable[Sequence[int]],
    serve: Callable[[Sequence[int]], Sequence[str | Exception]],
    request_id: str,
    bad_items: BadItems,
) -> Response:
    """Serve items in batches of their numbers; `serve` returns for each its result, or why it is refused.

    What `serve` raises refuses a whole batch. `bad_items` are in no batch.
    """
    results = {number: _refused(invalid_request(fields), request_id) for number, fields in bad_items.items()}
    for numbers in batches:
        if deadline.seconds_left() < ITEM_SECONDS:
            results.update((number, _refused(item_not_begun(), request_id)) for number in numbers)
            continue
        try:
            with deadline.within(ITEM_SECONDS):
                served = serve(numbers)
        except Exception as error:  # noqa: BLE001 problem_of logs errors without a row in its table
            served = [error] * len(numbers)
        for number, made in zip(numbers, served, strict=True):
            results[number] = _refused(problem_of(made), request_id) if isinstance(made, Exception) else made
    return reply_text(200, f'{{"results":[{",".join(results[number] for number in range(count))}]}}')


def result(status: int, name: str, body: str) -> str:
    """The result of an item that was served. name: the property that holds its answer, whose body is JSON text."""
    return f'{{"status":{status},"{name}":{body}}}'


def _refused(problem: Problem, request_id: str) -> str:
    return result(problem.kind.status, "problem", as_json(problem.document(request_id)))
