"""The levels of detail of Interactive Brokers' reports: a trade can be there as executions, as their order, in sums."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, islice

from handlers.imports.records import Record, Records

_SEEN_AHEAD = 1_000
# What rows have that are not of several levels.
_ALONE = frozenset({"", "detail", "transfer"})


def one_level(records: Records, name: str, levels: Sequence[str]) -> Iterator[Record]:
    """The records of one level; those of others are skipped.

    name: the column of the level. levels: in small letters, the better one first; the first one that the first 1 000
        records have is read.
    """
    left = iter(records)
    first = list(islice(left, _SEEN_AHEAD))
    seen = {record.text(name).casefold() for record in first}
    level = next((level for level in levels if level in seen), levels[0])
    for record in chain(first, left):
        own = record.text(name).casefold()
        if own != level and own not in _ALONE:
            record.skipped = "another level of detail"
        yield record
