"""Images on their way into a trade: what may be uploaded, and what a file must be to become part of the trade."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from handlers.journal.errors import StateForbids
from handlers.journal.trades import MOST_IMAGES, Trade

MOST_BYTES = 10 * 1024 * 1024
# Rejected ones included: so many that a trader who tries again is never stopped, so few that they fit into one answer.
MOST_UPLOADS = 80
# How many of a file's first bytes tell its type.
HEAD_BYTES = 16

TIME_TO_SEND = timedelta(minutes=5)
# The form's own time, and some for the file to be checked.
PENDING_FOR = TIME_TO_SEND + timedelta(hours=1)
REJECTED_FOR = timedelta(days=7)

_NAMES = {"image/png": "PNG", "image/jpeg": "JPEG", "image/webp": "WebP", "image/gif": "GIF"}
_EXTENSIONS = {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp", "image/gif": "gif"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """An image that is not part of its trade: its file is awaited, or was rejected for a reason."""

    image_id: str
    content_type: str
    created_at: datetime
    reason: str | None = None

    @property
    def is_pending(self) -> bool:
        """Whether its file may still come and be checked."""
        return self.reason is None


def allow_upload(trade: Trade, uploads: Sequence[Upload]) -> None:
    """Raises StateForbids when the trade has as many images as it may have, or could come to have them."""
    pending = sum(upload.is_pending for upload in uploads)
    if len(trade.images) + pending >= MOST_IMAGES:
        raise StateForbids(f"The trade has {MOST_IMAGES} images already, with those whose upload is pending.")
    if len(uploads) >= MOST_UPLOADS:
        raise StateForbids("Too many uploads of the trade were rejected: delete some of them.")


def media_type_of(head: bytes) -> str | None:
    """The media type that a file's first bytes tell; none for what is none of the four."""
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    return None


def fault_of(content_type: str, size: int, head: bytes) -> str | None:
    """Why a file is not the image that was announced; none when it is."""
    if size > MOST_BYTES:
        return f"The file is larger than {MOST_BYTES} bytes."
    if media_type_of(head) != content_type:
        return f"The file is not a {_NAMES[content_type]} image."
    return None


def file_name(image_id: str, content_type: str) -> str:
    """Under which name a browser saves the image: nothing in it comes from the user."""
    return f"{image_id}.{_EXTENSIONS[content_type]}"
