"""The operations on images: parse, call the use case, reply."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from generated import models
from handlers.documents import trades as documents
from handlers.usecases import images as usecase
from handlers.web.responses import reply


async def create_image_upload(trade_id: str, document: Any, user: str) -> Response:
    """Answer a form with which a client uploads an image to the bucket."""
    given = models.ImageUploadInput.model_validate(document)
    upload, url, fields = usecase.allow(user, trade_id.lower(), given.content_type.value)
    return reply(201, documents.upload_document(upload, url, fields))


async def delete_image(trade_id: str, image_id: str, user: str) -> Response:
    """Remove an image, or an upload that has not become an image yet."""
    usecase.remove(user, trade_id.lower(), image_id.lower())
    return reply(204)
