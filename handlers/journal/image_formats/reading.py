"""Reads a file from its beginning on, block by block, and turns what is missing or wrong into a rejection."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from handlers.journal.images import LONGEST_SIDE, MOST_PIXELS, ImageRejected, Rejection

# Reads a number of bytes from a position: (position, count). Each call may be a request to the store.
ReadRange = Callable[[int, int], bytes]

# How much is read, and kept in memory, at once: all of most screenshots.
BLOCK = 1024 * 1024
# Chunks, segments, boxes. A GIF of 10 MB in sub-blocks of full length has 41 000.
MOST_PARTS = 100_000
_NO_PADDING = re.compile(rb"[^\0\r\n]")


class Reader:
    """A file that is being checked, and the position in it.

    `subject` begins the sentences that say what is wrong ("The PNG image"). Each method that reads raises ImageRejected
    with TRUNCATED if the file ends too early, and what reading a range raises.
    """

    def __init__(self, read_range: ReadRange, size: int) -> None:
        self._read_range = read_range
        self._block, self._block_start = b"", 0
        self._parts = 0
        self.size = size
        self.subject = "The file"
        self.position = 0

    @property
    def left(self) -> int:
        """How many bytes follow."""
        return self.size - self.position

    def take(self, count: int) -> bytes:
        """The next bytes: a block at most."""
        start = self._load(count)
        self.position += count
        return self._block[start : start + count]

    def number(self, count: int) -> int:
        """The next bytes as an unsigned number, the highest byte first."""
        return int.from_bytes(self.take(count), "big")

    def pieces(self, count: int) -> Iterator[bytes]:
        """The next bytes, of which a block at most is in memory at once."""
        if count > self.left:
            raise self.truncated()
        while count:
            start = self._load(1)
            data = self._block[start : start + count]
            self.position += len(data)
            count -= len(data)
            yield data

    def skip(self, count: int) -> None:
        """Go on behind the next bytes."""
        if count > self.left:
            raise self.truncated()
        self.position += count

    def seek(self, position: int) -> None:
        """Go on at this position."""
        self.position = position

    def find(self, pattern: re.Pattern[bytes], length: int) -> bool:
        """Go to the first match of the pattern, which has `length` bytes; without one, to the end, and return False."""
        while self.left >= length:
            start = self._load(length)
            if match := pattern.search(self._block, start):
                self.position = self._block_start + match.start()
                return True
            # What begins in this block and ends in the next is not found yet.
            self.position = self._block_start + len(self._block) - (length - 1)
        self.position = self.size
        return False

    def _load(self, count: int) -> int:
        """Load the next bytes into memory. Returns where in the block they begin."""
        if count > self.left:
            raise self.truncated()
        start = self.position - self._block_start
        if not 0 <= start <= len(self._block) - count:
            self._block = self._read_range(self.position, min(BLOCK, self.left))
            self._block_start, start = self.position, 0
        return start

    def count_part(self) -> None:
        """Count one more part: a file has only so many, so that no file keeps the check busy for long."""
        self._parts += 1
        if self._parts > MOST_PARTS:
            raise self.malformed(f"has more than {MOST_PARTS} parts")

    def nothing_but_padding(self) -> None:
        """The image has ended: zero bytes and line ends may follow it, but no file that hides behind it."""
        if self.find(_NO_PADDING, 1):
            raise self.malformed("is followed by other data")

    def dimensions(self, width: int, height: int) -> None:
        """Raise ImageRejected if width or height, in pixels, is 0 or too large to be shown."""
        if not (0 < width <= LONGEST_SIDE and 0 < height <= LONGEST_SIDE and width * height <= MOST_PIXELS):
            raise ImageRejected(
                Rejection.BAD_DIMENSIONS,
                f"{self.subject} has {width} x {height} pixels. Each side must have 1 to {LONGEST_SIDE} pixels, "
                f"and the image {MOST_PIXELS} at most.",
            )

    def truncated(self) -> ImageRejected:
        """The file ends too early."""
        return ImageRejected(Rejection.TRUNCATED, f"{self.subject} is incomplete: the file ends too early.")

    def malformed(self, what: str) -> ImageRejected:
        """The file breaks a rule of its format: `what` completes the sentence."""
        return ImageRejected(Rejection.MALFORMED, f"{self.subject} is damaged: it {what}.")

    def without_picture(self, what: str) -> ImageRejected:
        """The file has a header and nothing to show: `what` completes the sentence."""
        return ImageRejected(Rejection.NO_PICTURE, f"{self.subject} shows nothing: it {what}.")
