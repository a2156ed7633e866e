"""The queues of work that goes on behind an answer. Messages are JSON."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from handlers.storage.clients import sqs


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue, by its address."""

    url: str

    def send(self, message: Mapping[str, Any], delay: timedelta = timedelta(0)) -> None:
        """Send a message that nobody receives before the delay is over."""
        sqs().send_message(QueueUrl=self.url, MessageBody=json.dumps(message), DelaySeconds=int(delay.total_seconds()))


def erasure_queue() -> Queue:
    """The queue of the accounts that are being erased."""
    return Queue(os.environ["ERASURE_QUEUE_URL"])


def export_queue() -> Queue:
    """The queue of the accounts whose export takes longer than a request."""
    return Queue(os.environ["EXPORT_QUEUE_URL"])


def sweep_queue() -> Queue:
    """The queue of the sweep through the images' files."""
    return Queue(os.environ["SWEEP_QUEUE_URL"])
