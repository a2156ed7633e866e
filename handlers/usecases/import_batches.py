"""Divides the executions of an import into batches, which are written one after the other."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from typing import NamedTuple

from handlers.storage.executions import PositionKey
from handlers.usecases.import_contents import Filed

# Actions of a transaction that a batch of whole positions is planned to take.
MOST_PLANNED = 94


class Batch(NamedTuple):
    """All executions that the file has of some positions; they end with the `end`-th of the import.

    One that `is_long` has one position, which takes several transactions. Others fit into one as a rule.
    """

    fills: tuple[tuple[PositionKey, Sequence[Filed]], ...]
    end: int
    is_long: bool

    @property
    def begin(self) -> int:
        """How many executions of the import come before."""
        return self.end - sum(len(fills) for _, fills in self.fills)

    @property
    def one_by_one(self) -> Iterator[Batch]:
        """The same positions, each as a long one."""
        end = self.begin
        for position in self.fills:
            end += len(position[1])
            yield Batch((position,), end, is_long=True)


def batches(
    fills: Mapping[PositionKey, Sequence[Filed]], apart: Container[PositionKey], begin: int = 0
) -> Iterator[Batch]:
    """The executions in batches, always the same ones, without positions that end before the `begin`-th one.

    apart: positions that are not settled yet, since corporate actions follow: each is a batch of its own.
    """
    end, planned = 0, 0
    together: list[tuple[PositionKey, Sequence[Filed]]] = []
    for key, own in fills.items():
        size = _actions(len(own))
        is_long = size > MOST_PLANNED or key in apart
        if together and (planned + size > MOST_PLANNED or is_long):
            yield Batch(tuple(together), end, is_long=False)
            together, planned = [], 0
        end += len(own)
        if end <= begin:
            continue
        if is_long:
            yield Batch(((key, own),), end, is_long=True)
        else:
            together.append((key, own))
            planned += size
    if together:
        yield Batch(tuple(together), end, is_long=False)


def _actions(number: int) -> int:
    """About how many actions a position takes that is settled with so many executions: these, their refs, trades."""
    return 2 + 2 * number + number // 2
