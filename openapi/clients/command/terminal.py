"""What the command says and asks, on a terminal or into a pipe."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TextIO

BAR = 30  # characters


class Terminal:
    """Speaks on `out`, complains on `errors`, asks on `source`.

    Progress is drawn, and questions are asked, only where a person sees them. Text of files and of the API is shown
    without characters that could steer the terminal.
    """

    def __init__(self, out: TextIO, errors: TextIO, source: TextIO) -> None:
        """A terminal of these streams."""
        self._out, self._errors, self._source = out, errors, source
        self._bar = ""

    def say(self, text: str = "") -> None:
        """Print a line, or several."""
        self.end_progress()
        self._out.write(f"{printable(text)}\n")
        self._out.flush()

    def complain(self, text: str) -> None:
        """Print what went wrong."""
        self.end_progress()
        self._errors.write(f"{printable(text)}\n")
        self._errors.flush()

    def table(self, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        """Print rows below their heads, each column as wide as its widest cell."""
        lines = [heads, *([printable(cell).replace("\n", " ") for cell in row] for row in rows)]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        for line in lines:
            self.say("  ".join(f"{cell:{width}}" for cell, width in zip(line, widths, strict=True)).rstrip())

    def progress(self, doing: str, done: int, total: int | None) -> None:
        """Draw how much is done; nothing in a pipe. `total` is None as long as nobody knows it."""
        if not self._out.isatty():
            return
        drawn = bar(doing, done, total)
        self._out.write("\r" + drawn.ljust(len(self._bar)))
        self._out.flush()
        self._bar = drawn

    def end_progress(self) -> None:
        """Take the bar away."""
        if self._bar:
            self._out.write("\r" + " " * len(self._bar) + "\r")
            self._out.flush()
            self._bar = ""

    def can_ask(self) -> bool:
        """Whether somebody can answer."""
        return self._source.isatty()

    def agrees(self, question: str) -> bool:
        """Ask; only a yes is one. Nobody to answer is a no."""
        self.end_progress()
        if not self.can_ask():
            return False
        self._out.write(f"{printable(question)} [y/N] ")
        self._out.flush()
        return self._source.readline().strip().lower() in ("y", "yes")


def printable(text: str) -> str:
    """The text without control characters, but for line feeds."""
    return "".join(letter if letter.isprintable() or letter == "\n" else "\N{REPLACEMENT CHARACTER}" for letter in text)


def bar(doing: str, done: int, total: int | None) -> str:
    """A line that shows how much is done."""
    if not total:
        return f"{doing} {done}" if done else f"{doing} ..."
    full = BAR * min(done, total) // total
    return f"{doing} [{'#' * full}{'.' * (BAR - full)}] {100 * min(done, total) // total:3} %"
