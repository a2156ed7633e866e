"""Images: allowed uploads, the shown status, and how an image joins and leaves its trade."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from handlers.journal.changes import attach_image, detach_image
from handlers.journal.errors import ImageNotFound, StateForbids, UploadsFull
from handlers.journal.image_formats.examine import CHECKS
from handlers.journal.images import (
    GIF,
    HEIC,
    JPEG,
    LONGEST_SIDE,
    MOST_BYTES,
    MOST_IMAGES,
    MOST_PIXELS,
    PDF,
    PENDING_FOR,
    PNG,
    REJECTED_FOR,
    TIME_TO_SEND,
    WEBP,
    Rejection,
    Upload,
    allow_upload,
    disposition,
    file_name,
)
from handlers.web.contract import contract
from tests.storage.examples import NOW, a_trade, an_image

LATER = NOW + timedelta(minutes=1)


def pending(count: int) -> list[Upload]:
    return [Upload(image_id=f"p-{number}", content_type="image/png", created_at=NOW) for number in range(count)]


def rejected(count: int) -> list[Upload]:
    return [
        Upload(image_id=f"r-{number}", content_type="image/png", created_at=NOW, reason="No image.")
        for number in range(count)
    ]


def schema(name: str) -> Any:
    return contract()["components"]["schemas"][name]


def test_the_contract_names_every_type_that_is_taken() -> None:
    assert schema("ImageType")["enum"] == [PNG, JPEG, WEBP, GIF, HEIC, PDF]
    assert sorted(CHECKS) == sorted(schema("ImageType")["enum"])


def test_the_contract_names_every_reason_for_a_rejection() -> None:
    assert schema("ImageRejection")["enum"] == list(Rejection)
    rows = re.findall(r"^\| ([A-Z_]+) \|", schema("ImageRejection")["description"], re.MULTILINE)
    assert rows == list(Rejection)


def test_the_contract_names_the_limits() -> None:
    assert schema("ImageUploadInput")["properties"]["size"]["maximum"] == MOST_BYTES
    rules = schema("ImageRejection")["description"]
    for limit in (MOST_BYTES, LONGEST_SIDE, MOST_PIXELS, MOST_IMAGES):
        assert re.search(rf"\b{limit:,}\b".replace(",", " "), rules), limit


def test_a_file_is_saved_under_a_name_that_fits_its_type() -> None:
    names = [file_name("i", content_type) for content_type in (PNG, JPEG, WEBP, GIF, HEIC, PDF)]
    assert names == ["i.png", "i.jpg", "i.webp", "i.gif", "i.heic", "i.pdf"]


def test_a_picture_is_shown_and_a_document_is_saved() -> None:
    ways = {content_type: disposition("i", content_type) for content_type in (PNG, JPEG, WEBP, GIF, HEIC, PDF)}
    assert ways.pop(PDF) == 'attachment; filename="i.pdf"'
    assert {way.partition(";")[0] for way in ways.values()} == {"inline"}


def test_a_form_lasts_five_minutes_its_record_an_hour_longer_and_a_rejection_a_week() -> None:
    assert timedelta(minutes=5) == TIME_TO_SEND
    assert timedelta(hours=1, minutes=5) == PENDING_FOR
    assert timedelta(days=7) == REJECTED_FOR
    [awaited], [refused] = pending(1), rejected(1)
    assert awaited.forgotten_at - awaited.created_at == timedelta(hours=1, minutes=5)
    assert refused.forgotten_at - refused.created_at == timedelta(days=7, hours=1, minutes=5)


def test_an_attached_image_is_the_last_and_raises_the_version() -> None:
    trade = attach_image(a_trade(images=(an_image("1"),)), an_image("2"), LATER)
    assert [image.image_id for image in trade.images] == ["1", "2"]
    assert (trade.version, trade.updated_at) == (2, LATER)


def test_attaching_an_image_again_changes_nothing() -> None:
    trade = a_trade(images=(an_image("1"),))
    assert attach_image(trade, an_image("1"), LATER) is trade


def test_a_trade_takes_twenty_images() -> None:
    trade = a_trade(images=tuple(an_image(str(number)) for number in range(19)))
    full = attach_image(trade, an_image("19"), LATER)
    with pytest.raises(StateForbids):
        attach_image(full, an_image("20"), LATER)


def test_a_detached_image_is_gone_and_raises_the_version() -> None:
    both = a_trade(images=(an_image("1"), an_image("2")))
    assert [image.image_id for image in detach_image(both, "2", LATER).images] == ["1"]
    trade = detach_image(both, "1", LATER)
    assert [image.image_id for image in trade.images] == ["2"]
    assert (trade.version, trade.updated_at) == (2, LATER)


def test_what_is_not_attached_cannot_be_detached() -> None:
    with pytest.raises(ImageNotFound):
        detach_image(a_trade(images=(an_image("1"),)), "2", LATER)


@pytest.mark.parametrize(
    ("ready", "uploads", "refusal"),
    [
        (0, [], None),
        (19, [], None),
        (20, [], StateForbids),
        (20, pending(1), StateForbids),
        (10, pending(9), None),
        (10, pending(10), UploadsFull),
        (10, pending(11), UploadsFull),
        (0, pending(20), UploadsFull),
        (19, rejected(60), None),
        (0, rejected(79), None),
        (0, rejected(80), UploadsFull),
        (0, rejected(81), UploadsFull),
    ],
)
def test_images_and_pending_uploads_are_twenty_at_most_and_rejected_ones_eighty(
    ready: int, uploads: Sequence[Upload], refusal: type[Exception] | None
) -> None:
    trade = a_trade(images=tuple(an_image(str(number)) for number in range(ready)))
    if refusal is None:
        allow_upload(trade, uploads, LATER)
    else:
        with pytest.raises(refusal):
            allow_upload(trade, uploads, LATER)


def test_whoever_is_refused_for_uploads_is_told_when_the_first_of_them_is_forgotten() -> None:
    first, *others = pending(20)
    late = [replace(upload, created_at=first.created_at + timedelta(minutes=1)) for upload in others]
    with pytest.raises(UploadsFull) as refused:
        allow_upload(a_trade(), [*late, first], first.created_at + timedelta(minutes=5, milliseconds=1))
    assert refused.value.seconds == 3600
    with pytest.raises(UploadsFull) as refused:
        allow_upload(a_trade(), rejected(80), first.created_at + PENDING_FOR + REJECTED_FOR)
    assert refused.value.seconds == 1
