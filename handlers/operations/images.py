"""The operations on images: parse, call the journal and the storage, reply."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from starlette.responses import Response

from generated import models
from handlers.documents import trades as documents
from handlers.journal.images import Upload, allow_upload
from handlers.journal.trade import detach_image
from handlers.storage import image_files
from handlers.storage import trades as storage
from handlers.storage import uploads as images
from handlers.storage.errors import VersionMismatch
from handlers.storage.image_files import Place
from handlers.storage.retry import attempts
from handlers.web.responses import reply


async def create_image_upload(trade_id: str, document: Any, user: str) -> Response:
    """createImageUpload."""
    given = models.ImageUploadInput.model_validate(document)
    trade_id, now = trade_id.lower(), datetime.now(UTC)
    upload = Upload(image_id=str(uuid4()), content_type=given.content_type.value, created_at=now)
    images.await_file(user, trade_id, upload, allow_upload)
    url, fields = image_files.form(Place(user, trade_id, upload.image_id), upload.content_type)
    return reply(201, documents.upload_document(upload, url, fields))


async def delete_image(trade_id: str, image_id: str, user: str) -> Response:
    """deleteImage."""
    trade_id, image_id = trade_id.lower(), image_id.lower()
    for _ in attempts():
        now = datetime.now(UTC)
        trade, uploads = images.read(user, trade_id, now)
        try:
            if any(upload.image_id == image_id for upload in uploads):
                if not images.forget(user, trade_id, image_id):
                    continue  # the file has been checked in between: the image may be part of the trade now
            else:
                storage.replace(detach_image(trade, image_id, now), trade.version)
        except VersionMismatch:
            continue  # somebody was faster
        return reply(204)
    raise AssertionError("attempts end by raising")
