"""PDF (ISO 32000): a version at the beginning, objects, a catalog of the pages among them, a mark at the end."""

from __future__ import annotations

import re

from handlers.journal.image_formats.reading import Reader

SIGNATURE = b"%PDF-"

_VERSION = re.compile(rb"%PDF-(1\.[0-7]|2\.0)[ \t]{0,4}[\r\n%]")
# Viewers look for the end in the last 1 024 bytes.
_TAIL = 1024
_END = b"%%EOF"
_OBJECT = re.compile(rb"\d[ \t\r\n]obj\b")
# The trailer, or an object that takes its place, names the catalog.
_CATALOG = re.compile(rb"/Root\b")


def check(reader: Reader) -> None:
    """Raises ImageRejected unless the document has its beginning, its end, objects, and a catalog.

    The table of the objects is not read: where it is wrong, viewers make another from the objects.
    """
    if not _VERSION.match(reader.take(min(reader.size, 13))):
        raise reader.malformed("does not begin with a version from 1.0 to 2.0")
    if not reader.find(_OBJECT, 5):
        raise reader.without_picture("has no objects")
    tail = max(0, reader.size - _TAIL)
    reader.seek(tail)
    end = reader.take(reader.left)
    if _END not in end:
        raise reader.truncated()
    # Mostly the catalog is named at the end, but it may be named anywhere.
    if not _CATALOG.search(end):
        reader.seek(0)
        if not reader.find(_CATALOG, 6):
            raise reader.without_picture("has no catalog of its pages")
