"""The levels of detail of a Flex report: one trade can be in it as executions, as their order, and in sums."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice

from handlers.imports.records import Record, Records

_SEEN_AHEAD = 1_000
_NAME = "LevelOfDetail"
_TAKEN = frozenset({"", "execution", "detail"})


def one_level(records: Records) -> Iterator[Record]:
    """The records, where those of other levels than executions are skipped.

    A report without executions among its first 1 000 rows is read by its orders.
    """
    left = iter(records)
    first = list(islice(left, _SEEN_AHEAD))
    levels = {record.text(_NAME).casefold() for record in first}
    taken = _TAKEN | {"order"} if "execution" not in levels else _TAKEN
    for record in chain(first, left):
        if record.text(_NAME).casefold() not in taken:
            record.skipped = "another level of detail"
        yield record
