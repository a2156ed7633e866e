"""What goes on behind the answers about executions: the stream of LedgerTable, and SettleQueue."""

from __future__ import annotations

from typing import Any

from handlers.entry.ledger import after_ledger_change, settle_positions
from handlers.storage import clients
from tests.api.user_data import messages_of


class Context:
    """Lambda's context of a call that has all of its time left."""

    def get_remaining_time_in_millis(self) -> int:
        return 300_000


class Behind:
    """What goes on behind the answers: the stream of LedgerTable, and SettleQueue."""

    def __init__(self) -> None:
        self.queue = clients.sqs().create_queue(QueueName="settle.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
        self._seen: dict[str, Any] = {}

    def records(self) -> list[dict[str, Any]]:
        """What the stream tells of the items that changed since it was read last."""
        pages = clients.dynamodb().get_paginator("scan").paginate(TableName="ledger")
        now = {f"{item['userId']['S']}|{item['item']['S']}": item for page in pages for item in page["Items"]}
        made = [
            {"dynamodb": {"SequenceNumber": str(number), "NewImage": item, "OldImage": self._seen.get(key, {})}}
            for number, (key, item) in enumerate(now.items())
            if item != self._seen.get(key)
        ]
        self._seen = now
        return made

    def tell(self) -> list[Any]:
        """Have the stream read; returns the records that failed."""
        failed: list[Any] = after_ledger_change({"Records": self.records()}, None)["batchItemFailures"]
        return failed

    def work(self) -> tuple[int, list[Any]]:
        """Have the queue's messages worked on once; returns how many there were, and those that failed."""
        messages = messages_of(self.queue)
        return len(messages), settle_positions({"Records": messages}, Context())["batchItemFailures"]

    def settle(self) -> int:
        """Have all that was marked settled; returns the number of messages."""
        assert self.tell() == []
        handled = 0
        while True:
            number, failed = self.work()
            assert failed == []
            if not number:
                return handled
            handled += number
