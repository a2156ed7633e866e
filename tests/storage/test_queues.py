"""Queues: messages that are refused, whichever they are."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from handlers.storage import clients
from handlers.storage.errors import Unavailable
from handlers.storage.queues import Queue

MESSAGES = [{"number": number} for number in range(35)]


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[list[int]]:
    """The numbers in the messages of each batch, with no waits between the batches."""
    monkeypatch.setattr("time.sleep", lambda _: None)
    return []


def refusing(sent: list[list[int]], refused: Callable[[int, int], bool]) -> Callable[..., Any]:
    """A queue that refuses some messages, by the number of the batch, from 1, and the place in it."""

    def send(QueueUrl: str, Entries: list[Any]) -> Any:
        assert QueueUrl == "https://queue"
        sent.append([json.loads(entry["MessageBody"])["number"] for entry in Entries])
        failed = [entry for place, entry in enumerate(Entries) if refused(len(sent), place)]
        return {"Failed": [{"Id": entry["Id"], "Code": "InternalError"} for entry in failed]} if failed else {}

    return send


def test_what_is_refused_is_sent_again(sent: list[list[int]], monkeypatch: pytest.MonkeyPatch) -> None:
    send = refusing(sent, lambda batch, place: (batch, place) in ((3, 2), (3, 7), (4, 1)))
    monkeypatch.setattr(clients.sqs(), "send_message_batch", send)
    assert Queue("https://queue").send_all(iter(MESSAGES)) == 35
    of_third = list(range(20, 30))
    assert sent == [list(range(10)), list(range(10, 20)), of_third, [22, 27], [27], list(range(30, 35))]


def test_what_is_refused_to_the_end_is_an_error_and_nothing_behind_it_is_sent(
    sent: list[list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    send = refusing(sent, lambda batch, place: batch > 2 or (batch == 2 and place == 4))
    monkeypatch.setattr(clients.sqs(), "send_message_batch", send)
    with pytest.raises(Unavailable):
        Queue("https://queue").send_all(MESSAGES)
    assert sent[:2] == [list(range(10)), list(range(10, 20))]
    assert sent[2:] == [[14]] * 5
