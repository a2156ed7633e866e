"""What stops a row, and what stops a whole file.

Refusal
├── Unreadable    one row cannot be read; the others can
└── FileRefused   nothing of the file is read
"""

from __future__ import annotations

from enum import StrEnum

from handlers.imports.rows import RowReason


class FileReason(StrEnum):
    """Why a file is refused."""

    EMPTY = "EMPTY"
    BINARY = "BINARY"
    ARCHIVE = "ARCHIVE"
    SPREADSHEET = "SPREADSHEET"
    ENCODING = "ENCODING"
    BROKEN_XML = "BROKEN_XML"
    UNSAFE_XML = "UNSAFE_XML"
    NO_TABLE = "NO_TABLE"
    NOT_THIS_FORMAT = "NOT_THIS_FORMAT"
    TOO_LARGE = "TOO_LARGE"
    TOO_MANY_COLUMNS = "TOO_MANY_COLUMNS"
    TOO_MANY_ROWS = "TOO_MANY_ROWS"


class Refusal(Exception):
    """What stops a row or a file; `detail` says it in words for the file's owner."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class Unreadable(Refusal):
    """A row cannot be read, for this reason."""

    def __init__(self, reason: RowReason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


class FileRefused(Refusal):
    """A file cannot be read, for this reason."""

    def __init__(self, reason: FileReason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
