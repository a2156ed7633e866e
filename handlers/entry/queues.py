"""The entry points of the background functions, except those for statistics, which are in streams.py.

A queue or a stream calls each of them with a batch. The function handles the batch's messages or changes one by one,
and its answer names those that failed, so that Lambda delivers only these again.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import astuple
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote_plus

from handlers import deadline
from handlers.entry import runtime
from handlers.log import logger
from handlers.metrics import count
from handlers.storage import accounts
from handlers.storage.accounts import Account
from handlers.storage.errors import AccountErased, ExportNotFound
from handlers.storage.executions import PositionKey, marked_position
from handlers.storage.image_files import Span, SweepPosition, spans
from handlers.storage.queues import settle_queue, sweep_queue
from handlers.usecases import change_tags, export_account, export_table, image_intake, settling
from handlers.usecases import erase_account as account_erasure
from handlers.usecases.image_intake import Fate

Event = dict[str, Any]

# The longest time that a step may take. With less time left, the function leaves the rest to the next call.
STEP_MILLISECONDS = 60_000
# What is kept of a function's time for its answer.
SECONDS_TO_ANSWER = 5

_COUNTED_AS = {
    Fate.READY: "ImagesAttached",
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


def erase_account(event: Event, context: Any) -> Event:
    """Erase an account for as long as the call may take, then queue the rest. Called by ErasureQueue."""

    def erase(message: Any) -> None:
        finished = account_erasure.proceed(
            Account(message["userId"], message["username"]),
            is_last_look=message["isLastLook"],
            seconds_left=lambda: context.get_remaining_time_in_millis() / 1000,
            now=datetime.now(UTC),
        )
        logger.info("account erased" if finished else "account partly erased", last_look=message["isLastLook"])
        if finished and not message["isLastLook"]:
            count(AccountsErased=1)

    return each_message(event, erase)


def change_tag(event: Event, context: Any) -> Event:
    """Change a tag in a user's trades for as long as the call may take, then queue the rest. Called by TagQueue."""

    def change(message: Any) -> None:
        try:
            finished = change_tags.proceed(
                message["userId"], message["changeId"], lambda: context.get_remaining_time_in_millis() / 1000
            )
        except AccountErased:
            logger.info("tag not changed, as its account is being erased")
        else:
            logger.info("tag changed" if finished else "tag partly changed")

    return each_message(event, change)


def after_ledger_change(event: Event, _: Any) -> Event:
    """Send each position that was marked as not settled to SettleQueue. Called by LedgerTable's stream."""

    def tell(change: Any) -> None:
        marked = marked_position(change.get("OldImage", {}), change.get("NewImage", {}))
        if marked is not None:
            user, key, version = marked
            message = {"userId": user, "position": list(key), "version": version}
            settle_queue().send(message, [user, *(str(part) for part in key)], version)

    return each_change(event, tell)


def settle_positions(event: Event, context: Any) -> Event:
    """Settle marked positions, so that their trades follow from their executions. Called by SettleQueue."""

    def settle(message: Any) -> None:
        try:
            with deadline.within(context.get_remaining_time_in_millis() / 1000 - SECONDS_TO_ANSWER):
                of = settling.settle(message["userId"], PositionKey(*message["position"]), message["version"])
        except AccountErased:
            logger.info("position not settled, as the account is being erased")
        else:
            logger.info("position settled", executions=of)
            count(PositionsSettled=int(of is not None))

    return each_message(event, settle)


def end_sessions(event: Event, _: Any) -> Event:
    """End the sessions of users for whom Cognito failed to do so when the password changed. Called by SignOutQueue."""

    def end(message: Any) -> None:
        accounts.end_sessions_of(message["username"])
        logger.info("sessions ended")

    return each_message(event, end)


def write_export(event: Event, _: Any) -> Event:
    """Write exports that take longer than a request: of accounts and of tables. Called by ExportQueue."""

    def write(message: Any) -> None:
        account, table = Account(message["userId"], message["username"]), message.get("exportId")
        try:
            if table is None:
                size = export_account.prepare(account, datetime.now(UTC))
            else:
                size = export_table.write(account, table)
        except AccountErased:
            logger.info("not exported, as it is being erased")
        except ExportNotFound:
            logger.info("not written, as what was asked for is deleted", export_id=table)
        else:
            logger.info("account exported" if table is None else "table written", size=size)
            count(**{"AccountsExported" if table is None else "TablesWritten": 1})

    return each_message(event, write)


def each_message(event: Event, handle: Callable[[Any], None]) -> Event:
    """Handle a queue's messages, which are JSON. The answer names those that failed, so Lambda delivers them again."""
    failed = []
    for record in event["Records"]:
        with logger.append_context_keys(message_id=record["messageId"]):
            try:
                handle(json.loads(record["body"]))
            except Exception:  # noqa: BLE001 the other messages are handled after any error
                logger.exception("message failed")
                failed.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failed}


def each_change(event: Event, handle: Callable[[Any], None]) -> Event:
    """Handle a stream's changes in order, up to the first that fails. The answer names it: Lambda delivers it and all
    later ones again.
    """
    for record in event["Records"]:
        change = record["dynamodb"]
        with logger.append_context_keys(sequence_number=change["SequenceNumber"]):
            try:
                handle(change)
            except Exception:  # noqa: BLE001 the changes before it are not delivered again
                logger.exception("change failed")
                return {"batchItemFailures": [{"itemIdentifier": change["SequenceNumber"]}]}
    return {"batchItemFailures": []}


runtime.ready()
