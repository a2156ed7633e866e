"""The statement of the demo journal, and how it comes into it."""

from __future__ import annotations

import http.server
import threading
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest

from handlers.imports.reading import open_file
from handlers.imports.rows import CashMove, ReportedFill
from handlers.journal.positions import Side
from local import demo_import
from local.demo_import import FILE_NAME, commit_statement, demo_statement, send_statement

TODAY = date(2026, 3, 2)


@pytest.mark.parametrize("today", [date(2024, 2, 29), TODAY])
def test_the_statement_is_read_without_an_error_and_lies_in_the_past(today: date) -> None:
    reading = open_file([demo_statement(today).encode()])
    rows = list(reading.rows())
    assert reading.format is not None
    assert reading.format.id == "schwab"
    assert [(row.line, row.detail) for row in rows if row.error or row.warnings] == []
    found = [each for row in rows for each in row.found]
    assert all(each.at.replace(tzinfo=UTC) < datetime(today.year, today.month, today.day, tzinfo=UTC) for each in found)
    assert sum(isinstance(each, ReportedFill) for each in found) == 7
    assert [each.amount for each in found if isinstance(each, CashMove)] == [42, 12000]
    held: Counter[str] = Counter()
    for each in found:
        if isinstance(each, ReportedFill):
            held[each.symbol] += int(each.quantity or 0) * (1 if each.side is Side.BUY else -1)
    assert held == {"INTC": 60, "DIS": 0, "PFE": 0, "CSCO": 0}


class Journal:
    """An API that takes the import; it says these statuses, one after the other."""

    def __init__(self, url: str, *statuses: str) -> None:
        """With a form for this address."""
        self.url, self.statuses = url, list(statuses)
        self.sent: list[tuple[str, str, Any, Any]] = []

    def send(self, method: str, path: str, body: Any, headers: Any) -> dict[str, Any]:
        """Answer a request."""
        self.sent.append((method, path, body, headers))
        if path == "/accounts":
            return {"accountId": "a-1"}
        if method == "GET":
            status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
            return {"status": status, "version": 3}
        return {"import": {"importId": "i-1"}, "upload": {"url": self.url, "fields": {"key": "k"}}}


@pytest.fixture
def bucket() -> Iterator[tuple[str, list[bytes]]]:
    """A bucket that takes forms: its address, and what was sent to it."""
    taken: list[bytes] = []

    class Bucket(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            taken.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_message: object) -> None:
            """Say nothing."""

    with http.server.HTTPServer(("127.0.0.1", 0), Bucket) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/", taken
        server.shutdown()
        thread.join()


def test_the_statement_is_sent_by_its_form_once(
    bucket: tuple[str, list[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("no_proxy", "*")
    url, taken = bucket
    journal = Journal(url, "AWAITING_FILE", "PARSING")
    assert [send_statement(journal.send, TODAY) for _ in range(2)] == ["i-1", "i-1"]
    [body] = taken
    assert b'name="key"\r\n\r\nk\r\n' in body
    assert body.index(b'name="key"') < body.index(f'name="file"; filename="{FILE_NAME}"'.encode())  # as S3 wants it
    assert f"\r\n\r\n{demo_statement(TODAY)}\r\n".encode() in body
    made = [(body, headers) for method, path, body, headers in journal.sent if (method, path) == ("POST", "/imports")]
    own = {"fileName": FILE_NAME, "accountId": "a-1"}
    assert made == [(own, {"Idempotency-Key": "demo-2026-03-02-statement"})] * 2


def test_the_statement_is_committed_as_soon_as_it_is_read_and_once() -> None:
    journal = Journal("", "PARSING", "PREVIEW", "COMMITTED")
    commit_statement(journal.send, "i-1")
    commit_statement(journal.send, "i-1")
    commits = [sent for sent in journal.sent if sent[0] == "POST"]
    assert commits == [("POST", "/imports/i-1/commit", {"undecided": "REFUSE"}, {"If-Match": '"3"'})]


def test_a_statement_that_nobody_reads_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo_import, "PATIENCE", 0.0)
    with pytest.raises(TimeoutError, match="still AWAITING_FILE"):
        commit_statement(Journal("", "AWAITING_FILE").send, "i-1")
