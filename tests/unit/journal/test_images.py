"""What may be uploaded, what a file must be, and how an image enters and leaves its trade."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from handlers.journal.errors import ImageNotFound, StateForbids
from handlers.journal.images import MOST_BYTES, Upload, allow_upload, fault_of, file_name, media_type_of
from handlers.journal.trades import attach_image, detach_image
from tests.storage.examples import NOW, a_trade, an_image

LATER = NOW + timedelta(minutes=1)
HEADS = {
    "image/png": b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR",
    "image/jpeg": b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00",
    "image/webp": b"RIFF\x24\x00\x00\x00WEBPVP8 ",
    "image/gif": b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00",
}
NO_IMAGES = [
    b"",
    b"\x89PNG",
    b"\x89PNG\n\x1a\n",
    b"\xff\xd8",
    b"GIF88a",
    b"RIFF\x24\x00\x00\x00WAVE",
    b"<svg xmlns='http:",
    b"<!doctype html>",
    b" \x89PNG\r\n\x1a\n",
]


def pending(count: int) -> list[Upload]:
    return [Upload(image_id=f"p-{number}", content_type="image/png", created_at=NOW) for number in range(count)]


def rejected(count: int) -> list[Upload]:
    return [
        Upload(image_id=f"r-{number}", content_type="image/png", created_at=NOW, reason="No image.")
        for number in range(count)
    ]


@pytest.mark.parametrize("content_type", HEADS)
def test_a_file_is_the_image_that_was_announced_and_no_other(content_type: str) -> None:
    for other, head in HEADS.items():
        assert (fault_of(content_type, 48213, head) is None) == (other == content_type)


def test_the_old_kind_of_gif_is_one_too() -> None:
    assert media_type_of(b"GIF87a") == "image/gif"


@pytest.mark.parametrize("head", NO_IMAGES)
def test_what_begins_like_no_image_is_none(head: bytes) -> None:
    assert media_type_of(head) is None
    assert fault_of("image/webp", len(head), head) == "The file is not a WebP image."


def test_a_file_may_have_ten_megabytes_and_not_a_byte_more() -> None:
    assert fault_of("image/png", MOST_BYTES, HEADS["image/png"]) is None
    assert fault_of("image/png", MOST_BYTES + 1, HEADS["image/png"]) == "The file is larger than 10485760 bytes."


def test_a_file_is_saved_under_a_name_that_fits_its_type() -> None:
    assert [file_name("i", content_type) for content_type in HEADS] == ["i.png", "i.jpg", "i.webp", "i.gif"]


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
    trade = detach_image(a_trade(images=(an_image("1"), an_image("2"))), "1", LATER)
    assert [image.image_id for image in trade.images] == ["2"]
    assert (trade.version, trade.updated_at) == (2, LATER)


def test_what_is_not_attached_cannot_be_detached() -> None:
    with pytest.raises(ImageNotFound):
        detach_image(a_trade(images=(an_image("1"),)), "2", LATER)


@pytest.mark.parametrize(
    ("ready", "uploads", "allowed"),
    [
        (0, [], True),
        (19, [], True),
        (20, [], False),
        (10, pending(9), True),
        (10, pending(10), False),
        (0, pending(20), False),
        (19, rejected(60), True),
        (0, rejected(79), True),
        (0, rejected(80), False),
    ],
)
def test_images_and_pending_uploads_are_twenty_at_most_and_rejected_ones_eighty(
    ready: int, uploads: Sequence[Upload], allowed: bool
) -> None:
    trade = a_trade(images=tuple(an_image(str(number)) for number in range(ready)))
    if allowed:
        allow_upload(trade, uploads)
    else:
        with pytest.raises(StateForbids):
            allow_upload(trade, uploads)
