"""Background work on image files: they are checked when they arrive, and deleted when no trade needs them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import cache, partial
from typing import Any

from handlers.journal.changes import attach_image
from handlers.journal.errors import StateForbids
from handlers.journal.image_formats.examine import examine
from handlers.journal.images import ImageRejected, Rejection, Upload
from handlers.journal.trade import Image, Trade
from handlers.storage import image_files, uploads
from handlers.storage.errors import AccountErased, TradeNotFound
from handlers.storage.image_files import File, ImagePlace, Span, SweepPosition
from handlers.storage.retry import retry_overtaken
from handlers.storage.trade_items import image_ids_of, is_trade

# The most attempts to attach an image to a trade that others change meanwhile: twenty images may arrive at once, and a
# message that fails is delivered again only minutes later.
MOST_ATTEMPTS = 12
# A file of that age has been checked, or its upload has expired.
UNWANTED_AFTER = timedelta(days=1)


class Fate(StrEnum):
    """What becomes of a file that has arrived."""

    READY = "ready"  # the image is part of its trade
    RESTORED = "restored"  # a restore has checked and written it, for a trade that it stores
    REJECTED = "rejected"  # the file is not an image, and its upload says why
    UNWANTED = "unwanted"  # its trade or upload is gone, or another file came first


def check(key: str, version: str) -> Fate:
    """Attach the file that has arrived to its trade if it is an image of any known type; otherwise delete it.

    The first file of an upload decides. Safe to repeat, also after a crash at any point: an image is attached only
    after its file is excluded from the bucket's lifecycle, and a file is deleted only after no trade can take it. A
    repetition or the sweep removes what a crash leaves. Raises Busy.
    """
    place = image_files.place_of(key)
    fate = Fate.UNWANTED if place is None else _fate_of(place, version)
    if fate not in (Fate.READY, Fate.RESTORED):
        # This version only: every other one has an event of its own.
        image_files.delete(key, version)
    return fate


def _fate_of(place: ImagePlace, version: str) -> Fate:
    # The bytes of a version never change, so they are read once for all attempts.
    finding = cache(partial(_finding, place, version))

    def attempt() -> Fate:
        now = datetime.now(UTC)
        try:
            trade, waiting = uploads.read(place.user_id, place.trade_id, now)
            if image := next((image for image in trade.images if image.image_id == place.image_id), None):
                return Fate.READY if image.file_version == version else Fate.UNWANTED
            upload = next((upload for upload in waiting if upload.image_id == place.image_id), None)
            if upload is None:
                return _without_upload(place, version)
            if not upload.is_pending:
                return Fate.REJECTED
            return _settle(place, version, trade, upload, finding(), now)
        except TradeNotFound:
            return _without_upload(place, version)
        except AccountErased:
            return Fate.UNWANTED

    return retry_overtaken(attempt, MOST_ATTEMPTS)


def _without_upload(place: ImagePlace, version: str) -> Fate:
    """The fate of a file that no form was made for: it stays if a restore has written it for a trade to come."""
    if uploads.is_restoring(place.user_id, place.trade_id, place.image_id):
        return Fate.RESTORED
    # The trade may have come since it was looked for.
    kept = uploads.kept_images(place.user_id, place.trade_id) or ()
    return Fate.RESTORED if (place.image_id, version) in kept else Fate.UNWANTED


def _finding(place: ImagePlace, version: str) -> tuple[str, int] | ImageRejected:
    """Media type and size of the file, or why it is not an image."""
    size = image_files.size_of(place, version)
    try:
        return examine(partial(image_files.read_range, place, version), size), size
    except ImageRejected as rejected:
        return rejected


def _settle(
    place: ImagePlace, version: str, trade: Trade, upload: Upload, found: tuple[str, int] | ImageRejected, now: datetime
) -> Fate:
    if not isinstance(found, ImageRejected):
        content_type, size = found
        image = Image(
            image_id=upload.image_id,
            content_type=content_type,
            size=size,
            created_at=upload.created_at,
            file_version=version,
        )
        try:
            illustrated = attach_image(trade, image, now)
        except StateForbids as error:
            found = ImageRejected(Rejection.TRADE_FULL, error.detail)
    if isinstance(found, ImageRejected):
        rejected = replace(upload, reason=found.detail, reason_code=found.code.value)
        uploads.reject(place.user_id, place.trade_id, rejected, now)
        return Fate.REJECTED
    image_files.keep(place, version)
    uploads.attach(illustrated, trade.version, image.image_id)
    return Fate.READY


def remove(before: Mapping[str, Any], after: Mapping[str, Any]) -> int:
    """Delete the files of the images that a change of a trade removed, or all files that a deleted trade leaves.

    before, after: the stored items of the trade or of the deleted trade. `after` is empty when the item of a deleted
    trade is gone: its 30 days are over, or the trade was restored and has its images again. Returns the number of
    versions of files that were deleted. Raises Busy.
    """
    user_id, (trade_id, _, _) = before["userId"]["S"], before["tradeId"]["S"].partition("|")
    if is_trade(after):
        removed = image_ids_of(before) - image_ids_of(after)
        return sum(image_files.delete_all(ImagePlace(user_id, trade_id, image_id).key) for image_id in removed)
    if uploads.kept_images(user_id, trade_id) is not None:
        return 0
    return image_files.delete_all(image_files.prefix_of(user_id, trade_id))


def sweep(span: Span, after: SweepPosition | None, now: datetime) -> tuple[int, int, SweepPosition | None]:
    """Delete those of the next files of the span that are older than a day and belong to no trade and no pending
    upload.

    Returns how many versions it looked at, how many it deleted, and where to go on, or None at the end. Most files
    belong to trades; a hundred of these are looked up in one request. Every other file is looked up once more, by
    itself, before it is deleted. Raises Busy.
    """
    files, following = image_files.page_of_files(span, after)
    if after is not None and after.is_unwanted:
        image_files.delete(after.key, after.version)
    old = sorted((file for file in files if file.changed_at < now - UNWANTED_AFTER), key=lambda file: file.key)
    places = {file.key: image_files.place_of(file.key) for file in old}
    attached = uploads.attached({(place.user_id, place.trade_id) for place in places.values() if place})
    deleted = 0
    trade = ""
    is_wanted: Callable[[File], bool] = _nothing
    for file in old:
        place = places[file.key]
        if place and (place.image_id, file.version) in attached.get((place.user_id, place.trade_id), ()):
            continue
        if (of_trade := file.key.rpartition("/")[0]) != trade:
            trade, is_wanted = of_trade, _wanted(place, now)
        if is_wanted(file):
            continue
        deleted += 1
        if following is not None and (file.key, file.version) == (following.key, following.version):
            following = replace(following, is_unwanted=True)
        else:
            image_files.delete(file.key, file.version)
    return len(files), deleted, following


def _wanted(place: ImagePlace | None, now: datetime) -> Callable[[File], bool]:
    """A test for the files of one trade: whether the file is to stay."""
    if place is None:
        return _nothing
    try:
        _, waiting = uploads.read(place.user_id, place.trade_id, now)
    except TradeNotFound:
        waiting = ()
    # Read after the uploads: one that becomes an image in between is seen there or here.
    kept = uploads.kept_images(place.user_id, place.trade_id)

    def key(image_id: str) -> str:
        return ImagePlace(place.user_id, place.trade_id, image_id).key

    attached = {(key(image_id), version) for image_id, version in kept or ()}
    awaited = {key(upload.image_id) for upload in waiting if upload.is_pending}
    return lambda file: (file.key, file.version) in attached or file.key in awaited


def _nothing(_: File) -> bool:
    return False
