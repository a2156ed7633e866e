"""The queues of work that goes on behind an answer. Messages are JSON."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

from handlers.storage.clients import sqs
from handlers.storage.errors import Unavailable
from handlers.storage.retry import attempts

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

_MOST_AT_ONCE = 10  # messages of a request

# Longer than a request lasts. The first message, which is sent in case the request breaks off, arrives after it.
IN_CASE = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue, by its address."""

    url: str

    def send(self, message: Mapping[str, Any], delay: timedelta = timedelta(0)) -> None:
        """Send a message that nobody receives before the delay is over."""
        sqs().send_message(QueueUrl=self.url, MessageBody=json.dumps(message), DelaySeconds=int(delay.total_seconds()))

    def send_all(self, messages: Iterable[Mapping[str, Any]], client: SQSClient | None = None) -> int:
        """Send many messages, ten in a request; those that are refused are sent again. Returns how many there were.

        client: the client to send with, in place of this process's own. Raises Unavailable when some of ten are refused
        to the end; those before them are sent.
        """
        sent = 0
        rest = iter(messages)
        while batch := list(islice(rest, _MOST_AT_ONCE)):
            entries: Any = [{"Id": str(number), "MessageBody": json.dumps(body)} for number, body in enumerate(batch)]
            tries = attempts(at_the_end=Unavailable)
            while entries:
                next(tries)
                answer = (client or sqs()).send_message_batch(QueueUrl=self.url, Entries=entries)
                failed = {failure["Id"] for failure in answer.get("Failed", ())}
                entries = [entry for entry in entries if entry["Id"] in failed]
            sent += len(batch)
        return sent


@dataclass(frozen=True, slots=True)
class OrderedQueue:
    """A FIFO queue, by its address: of each group, one message at a time is received."""

    url: str

    def send(self, message: Mapping[str, Any], group: Sequence[str], version: int) -> None:
        """Send a message of the group; one of the same version that was sent within five minutes is enough.

        Group and version are sent as hashes: AWS takes 128 characters of few kinds, and shows them in its console.
        """
        sqs().send_message(
            QueueUrl=self.url,
            MessageBody=json.dumps(message),
            MessageGroupId=_hash(group),
            MessageDeduplicationId=_hash([*group, str(version)]),
        )


def _hash(parts: Sequence[str]) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def erasure_queue() -> Queue:
    """The queue of the accounts that are being erased."""
    return Queue(os.environ["ERASURE_QUEUE_URL"])


def export_queue() -> Queue:
    """The queue of the accounts whose export takes longer than a request."""
    return Queue(os.environ["EXPORT_QUEUE_URL"])


def restore_queue() -> Queue:
    """The queue of the archives that are checked and restored."""
    return Queue(os.environ["RESTORE_QUEUE_URL"])


def sign_out_queue() -> Queue:
    """The queue of the users whose sessions are still to be ended."""
    return Queue(os.environ["SIGN_OUT_QUEUE_URL"])


def tag_queue() -> Queue:
    """The queue of the tags that are being changed in all trades of a user."""
    return Queue(os.environ["TAG_QUEUE_URL"])


def import_queue() -> Queue:
    """The queue of the imports whose files are to be read."""
    return Queue(os.environ["IMPORT_QUEUE_URL"])


def import_apply_queue() -> Queue:
    """The queue of the imports that are being committed or undone."""
    return Queue(os.environ["IMPORT_APPLY_QUEUE_URL"])


def rebuild_queue() -> Queue:
    """The queue of the users whose statistics are compared with their trades, and of the searches for them."""
    return Queue(os.environ["REBUILD_QUEUE_URL"])


def settle_queue() -> OrderedQueue:
    """The queue of the positions whose trades are to follow."""
    return OrderedQueue(os.environ["SETTLE_QUEUE_URL"])


def sweep_queue() -> Queue:
    """The queue of the sweep through the images' files."""
    return Queue(os.environ["SWEEP_QUEUE_URL"])
