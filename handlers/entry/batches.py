"""What the background functions share: a queue or a stream calls each of them with a batch.

A function handles the batch's messages or changes one by one, and its answer names those that failed, so that Lambda
delivers only these again.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from handlers.log import logger

Event = dict[str, Any]

# The part of a function's time that is left for its answer.
SECONDS_TO_ANSWER = 5


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
