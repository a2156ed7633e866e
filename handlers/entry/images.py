"""The background functions for images: check what was uploaded, delete files that belong to no trade."""

from __future__ import annotations

from dataclasses import astuple
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote_plus

from handlers.entry import runtime
from handlers.entry.batches import Event, each_change, each_message
from handlers.log import logger
from handlers.metrics import count
from handlers.storage.image_files import Span, SweepPosition, spans
from handlers.storage.queues import sweep_queue
from handlers.usecases import image_intake
from handlers.usecases.image_intake import Fate

# The longest time that a step may take. With less time left, the function leaves the rest to the next call.
STEP_MILLISECONDS = 60_000

_COUNTED_AS = {
    Fate.READY: "ImagesAttached",
    Fate.RESTORED: "ImagesRestored",
    Fate.REJECTED: "ImagesRefused",
    Fate.UNWANTED: "ImagesUnwanted",
}


def check_image(event: Event, _: Any) -> Event:
    """Check uploaded files and attach them to their trades. Called by ImageUploadQueue with the bucket's notices."""

    def check(notice: Any) -> None:
        for record in notice.get("Records", ()):  # none in the test that S3 makes when the notification is set up
            file = record["s3"]["object"]
            key = unquote_plus(file["key"])
            fate = image_intake.check(key, file["versionId"])
            logger.info("image checked", key=key, fate=fate)
            count(**{_COUNTED_AS[fate]: 1})

    return each_message(event, check)


def remove_images(event: Event, _: Any) -> Event:
    """Delete the files of images that trades no longer have. Called by TradesTable's stream."""

    def remove(change: Any) -> None:
        removed = image_intake.remove(change["OldImage"], change.get("NewImage", {}))
        logger.info("image files removed", versions=removed)

    return each_change(event, remove)


def sweep_images(event: Event, context: Any) -> Event:
    """Delete files that belong to no trade and no upload. Called by ImageSweepQueue.

    The schedule's message begins a sweep: this function sends a message for each span of the keys, and several calls
    then sweep the spans at once. A call that runs out of time sends a message with its position in the span.
    """

    def sweep(message: Any) -> None:
        if "span" not in message:
            sweep_queue().send_all({"span": astuple(span)} for span in spans())
            logger.info("sweep of images begun")
            count(ImageSweeps=1)
            return
        span = Span(*message["span"])
        after = SweepPosition(*message["after"]) if message.get("after") else None
        seen, deleted = message.get("seen", 0), message.get("deleted", 0)
        while True:
            looked_at, unwanted, after = image_intake.sweep(span, after, datetime.now(UTC))
            seen, deleted = seen + looked_at, deleted + unwanted
            if after is None:
                logger.info("images swept", span=span.after or "first", versions=seen, deleted=deleted)
                count(ImageSpansSwept=1, ImageVersionsSeen=seen, ImageVersionsSwept=deleted)
                return
            if context.get_remaining_time_in_millis() < STEP_MILLISECONDS:
                rest = {"span": astuple(span), "after": astuple(after), "seen": seen, "deleted": deleted}
                sweep_queue().send(rest)
                return

    return each_message(event, sweep)


runtime.ready()
