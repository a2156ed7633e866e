"""Finds out the media type of a file, and whether the file is complete."""

from __future__ import annotations

from handlers.journal.image_formats import gif, heic, jpeg, pdf, png, webp
from handlers.journal.image_formats.reading import Reader, ReadRange
from handlers.journal.images import GIF, HEIC, JPEG, MOST_BYTES, PDF, PNG, WEBP, ImageRejected, Rejection

# Enough bytes to tell the media type.
_HEAD_BYTES = 16

CHECKS = {
    PNG: ("The PNG image", png.check),
    JPEG: ("The JPEG image", jpeg.check),
    GIF: ("The GIF image", gif.check),
    WEBP: ("The WebP image", webp.check),
    HEIC: ("The HEIC image", heic.check),
    PDF: ("The PDF document", pdf.check),
}


def examine(read_range: ReadRange, size: int) -> str:
    """The media type of a file of `size` bytes. Raises ImageRejected, and what reading a range raises.

    Only the bytes count: neither a name nor the type that was announced.
    """
    if size > MOST_BYTES:
        raise ImageRejected(Rejection.TOO_LARGE, f"The file is larger than {MOST_BYTES} bytes.")
    reader = Reader(read_range, size)
    media_type = media_type_of(reader.take(min(size, _HEAD_BYTES)))
    if media_type is None:
        raise ImageRejected(
            Rejection.UNKNOWN_TYPE,
            "The file is neither a PNG, JPEG, WebP, GIF or HEIC image nor a PDF document: "
            "it does not begin as one of them does.",
        )
    reader.subject, check = CHECKS[media_type]
    reader.seek(0)
    check(reader)
    return media_type


def media_type_of(head: bytes) -> str | None:
    """The media type that a file's first bytes tell; None for any other file."""
    if head.startswith(png.SIGNATURE):
        return PNG
    if head.startswith(jpeg.SIGNATURE):
        return JPEG
    if head.startswith(gif.SIGNATURES):
        return GIF
    if head.startswith(webp.SIGNATURE) and head[8:12] == webp.FORM:
        return WEBP
    if head[4:8] == heic.SIGNATURE and head[8:12] in heic.BRANDS:
        return HEIC
    if head.startswith(pdf.SIGNATURE):
        return PDF
    return None
