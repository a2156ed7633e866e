"""Helpers for writing files of any size: a time limit for requests, larger pieces, and reports of the progress."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

Piece = TypeVar("Piece", str, bytes)

# Seconds that a request spends on writing a file at most, of the 30 that the gateway gives it.
AT_ONCE_SECONDS = 18
# Seconds between two writings of the progress.
PROGRESS_SECONDS = 5

_WRITTEN_AT_ONCE = 64 * 1024


class NoTimeToWrite(Exception):
    """Raised when a request has no more time for writing a file."""


def within_a_request(pieces: Iterable[Piece]) -> Iterator[Piece]:
    """The same pieces. Raises NoTimeToWrite when they take longer than a request has."""
    deadline = time.monotonic() + AT_ONCE_SECONDS
    for piece in pieces:
        if time.monotonic() > deadline:
            raise NoTimeToWrite
        yield piece


def in_larger_pieces(text: Iterable[str]) -> Iterator[str]:
    """The same text in fewer pieces."""
    pieces, size = [], 0
    for piece in text:
        pieces.append(piece)
        size += len(piece)
        if size >= _WRITTEN_AT_ONCE:
            yield "".join(pieces)
            pieces, size = [], 0
    yield "".join(pieces)


def now_and_then(tell: Callable[[int], object]) -> Callable[[int], None]:
    """A function that passes its number on to `tell` once every few seconds, however often it is called."""
    told_at = time.monotonic()

    def count(number: int) -> None:
        nonlocal told_at
        if time.monotonic() > told_at + PROGRESS_SECONDS:
            tell(number)
            told_at = time.monotonic()

    return count
