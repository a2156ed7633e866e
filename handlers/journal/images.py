"""Images on their way into a trade: which files may be uploaded, and why one is rejected.

The checks of files are in image_formats, which only the function that checks files loads.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from math import ceil

from handlers.journal.errors import StateForbids, UploadsFull
from handlers.journal.trade import Trade

MOST_IMAGES = 20  # of a trade
MOST_BYTES = 10 * 1024 * 1024
# A viewer takes four bytes of memory a pixel, however small the file is.
MOST_PIXELS = 100_000_000
# The limit of libpng, and so of browsers.
LONGEST_SIDE = 1_000_000
# Pending and rejected ones: enough for a trader who tries again and again, few enough for one answer.
MOST_UPLOADS = 80

TIME_TO_SEND = timedelta(minutes=5)
# The form's own time, and some for the file to be checked.
PENDING_FOR = TIME_TO_SEND + timedelta(hours=1)
REJECTED_FOR = timedelta(days=7)

PNG, JPEG, WEBP, GIF, HEIC, PDF = (
    "image/png",
    "image/jpeg",
    "image/webp",
    "image/gif",
    "image/heic",
    "application/pdf",
)
_EXTENSIONS = {PNG: "png", JPEG: "jpg", WEBP: "webp", GIF: "gif", HEIC: "heic", PDF: "pdf"}


class Rejection(StrEnum):
    """Why a file did not become part of its trade. The contract's ImageRejection has the same values."""

    TOO_LARGE = "TOO_LARGE"
    UNKNOWN_TYPE = "UNKNOWN_TYPE"
    TRUNCATED = "TRUNCATED"
    MALFORMED = "MALFORMED"
    NO_PICTURE = "NO_PICTURE"
    BAD_DIMENSIONS = "BAD_DIMENSIONS"
    TRADE_FULL = "TRADE_FULL"


class ImageRejected(Exception):
    """Raised when a file cannot become part of its trade. The detail names the rule, and nothing of what is in it."""

    def __init__(self, code: Rejection, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """An image that is not part of its trade: its file is awaited, or was rejected for a reason.

    content_type is what was announced. reason_code is absent from uploads that were rejected before there were codes.
    """

    image_id: str
    content_type: str
    created_at: datetime
    reason: str | None = None
    reason_code: str | None = None

    @property
    def is_pending(self) -> bool:
        """Whether its file may still come and be checked."""
        return self.reason is None

    @property
    def forgotten_at(self) -> datetime:
        """When it expires at the latest; an upload that becomes an image ends before."""
        return self.created_at + (PENDING_FOR if self.is_pending else PENDING_FOR + REJECTED_FOR)


def allow_upload(trade: Trade, uploads: Sequence[Upload], now: datetime) -> None:
    """Check that a trade with these uploads may get another one.

    Raises StateForbids when the trade has the most images that it may have; UploadsFull when its pending uploads could
    make it so many, or when too many uploads were rejected.
    """
    if len(trade.images) >= MOST_IMAGES:
        raise StateForbids(f"The trade has {MOST_IMAGES} images already.")
    pending = [upload for upload in uploads if upload.is_pending]
    if len(trade.images) + len(pending) >= MOST_IMAGES:
        detail = (
            f"With the files that are awaited, the trade could have more than {MOST_IMAGES} images: delete some "
            "uploads, or wait."
        )
        raise UploadsFull(detail, _seconds_until_one_is_forgotten(pending, now))
    if len(uploads) >= MOST_UPLOADS:
        detail = "Too many uploads of the trade were rejected: delete some of them, or wait."
        raise UploadsFull(detail, _seconds_until_one_is_forgotten(uploads, now))


def _seconds_until_one_is_forgotten(uploads: Sequence[Upload], now: datetime) -> int:
    first = min(upload.forgotten_at for upload in uploads)
    return max(1, ceil((first - now).total_seconds()))


def file_name(image_id: str, content_type: str) -> str:
    """The name under which a browser saves the image; nothing in it comes from the user."""
    return f"{image_id}.{_EXTENSIONS[content_type]}"


def disposition(image_id: str, content_type: str) -> str:
    """The Content-Disposition that a browser is given: pictures are shown, documents are only saved.

    A PDF can hold scripts, forms and links. Saved, it is opened by whoever wants to, and not by the page that links it.
    """
    way = "attachment" if content_type == PDF else "inline"
    return f'{way}; filename="{file_name(image_id, content_type)}"'
