"""Queues: messages that are refused, whichever they are."""

from __future__ import annotations

from typing import Any

import pytest

from handlers.storage import clients
from handlers.storage.queues import Queue


def test_messages_are_sent_ten_at_a_time_until_one_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[int] = []

    def refuse_the_third_batch(QueueUrl: str, Entries: list[Any]) -> Any:
        assert QueueUrl == "https://queue"
        sent.append(len(Entries))
        return {"Failed": [{"Id": "2", "Code": "InternalError"}]} if len(sent) == 3 else {}

    monkeypatch.setattr(clients.sqs(), "send_message_batch", refuse_the_third_batch)
    with pytest.raises(RuntimeError, match="1 messages were refused, the first for InternalError"):
        Queue("https://queue").send_all({"number": number} for number in range(35))
    assert sent == [10, 10, 10]
