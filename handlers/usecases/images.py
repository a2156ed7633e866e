"""Images, as their owner asks for them: an upload is allowed, an image or an upload is removed."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from uuid import uuid4

from handlers.journal.changes import detach_image
from handlers.journal.images import Upload, allow_upload
from handlers.storage import image_files, trades, uploads
from handlers.storage.errors import VersionMismatch
from handlers.storage.image_files import ImagePlace
from handlers.storage.retry import retry_overtaken


def allow(user: str, trade_id: str, content_type: str) -> tuple[Upload, str, dict[str, str]]:
    """Record an upload. Returns it with the address and the fields of the form that sends the file.

    Raises StateForbids at the limit of images, UploadsFull at that of uploads, TradeNotFound, AccountErased, Busy.
    """
    now = datetime.now(UTC)
    upload = Upload(image_id=str(uuid4()), content_type=content_type, created_at=now)
    retry_overtaken(lambda: uploads.await_file(user, trade_id, upload, partial(allow_upload, now=now)))
    url, fields = image_files.form(ImagePlace(user, trade_id, upload.image_id), content_type)
    return upload, url, fields


def remove(user: str, trade_id: str, image_id: str) -> None:
    """Remove an image from its trade, or an upload that has not become one.

    Raises ImageNotFound, TradeNotFound, AccountErased, Busy.
    """

    def attempt() -> None:
        now = datetime.now(UTC)
        trade, waiting = uploads.read(user, trade_id, now)
        if any(upload.image_id == image_id for upload in waiting):
            if not uploads.forget(user, trade_id, image_id):
                raise VersionMismatch(trade_id)  # the file was checked meanwhile: it may be part of the trade now
        else:
            trades.replace(detach_image(trade, image_id, now), trade.version)

    retry_overtaken(attempt)
