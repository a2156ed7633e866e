"""Log lines name the request, message or stream record that they belong to."""

from __future__ import annotations

from typing import Any

import pytest

from handlers.entry import streams
from handlers.entry.batches import each_change, each_message
from handlers.log import logger
from handlers.storage.stats import comparing
from tests.api.client import Client
from tests.api.conftest import LogLines
from tests.api.uploading import Context, messages


def keys(log_lines: LogLines, name: str) -> list[Any]:
    return [record.get(name) for record in log_lines.records]


def test_a_request_is_found_by_the_id_that_its_answer_has(dana: Client, log_lines: LogLines) -> None:
    answers = [dana.get("/trades"), dana.post("/trades", {"symbol": 1})]
    assert keys(log_lines, "request_id") == [answer.headers["x-request-id"] for answer in answers]


def test_every_line_about_a_message_has_its_id(log_lines: LogLines) -> None:
    told: list[Any] = []

    def handle(body: Any) -> None:
        logger.info("at work")
        told.append(body)
        if body == "bad":
            raise RuntimeError

    answer = each_message(messages("good", "bad", "better"), handle)
    assert told == ["good", "bad", "better"]
    assert answer == {"batchItemFailures": [{"itemIdentifier": "1"}]}
    assert keys(log_lines, "message_id") == ["0", "1", "1", "2"]


def test_every_line_about_a_change_has_its_number(log_lines: LogLines) -> None:
    def handle(change: Any) -> None:
        logger.info("at work")
        if change["SequenceNumber"] == "200":
            raise RuntimeError

    changes = {"Records": [{"dynamodb": {"SequenceNumber": number}} for number in ("100", "200", "300")]}
    assert each_change(changes, handle) == {"batchItemFailures": [{"itemIdentifier": "200"}]}
    assert keys(log_lines, "sequence_number") == ["100", "200", "200"]


def test_a_failed_rebuild_is_found_by_its_message(log_lines: LogLines, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr(comparing, "compare", broken)
    answer = streams.rebuild_stats(messages({"user": "somebody"}), Context())
    assert answer == {"batchItemFailures": [{"itemIdentifier": "0"}]}
    assert keys(log_lines, "message_id") == ["0"]
    # What is written next is about something else.
    logger.info("next")
    assert "message_id" not in log_lines.records[-1]
