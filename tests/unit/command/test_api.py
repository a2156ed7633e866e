"""How the command asks the journal, and what it makes of a refusal."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from openapi.clients.command.api import LONGEST_STANDSTILL, LONGEST_WAIT, MOST_TRIES, Refused
from tests.unit.command.fake_journal import FILES, FakeJournal, problem

WAIT = {"Retry-After": "7"}


@pytest.fixture
def fake() -> FakeJournal:
    return FakeJournal()


def test_a_request_is_sent_again_as_long_as_the_api_wants_to_wait(fake: FakeJournal) -> None:
    busy = httpx.Response(429, json={"message": "Too Many Requests"}, headers=WAIT)
    fake.on("POST /imports", busy, httpx.ConnectError("no route"), httpx.Response(201, json={"a": 1}))
    answer = fake.journal().ask("POST", "/imports", {"b": 2}, Idempotency_Key="k")
    assert (answer.status, answer.document) == (201, {"a": 1})
    assert fake.slept == [7, 1]
    assert {request.headers["Idempotency-Key"] for request in fake.seen} == {"k"}


def test_the_last_refusal_is_told_after_several_tries(fake: FakeJournal) -> None:
    fake.on("GET /imports", problem(503, "unavailable", requestId="r-1"))
    with pytest.raises(Refused, match=r"unavailable\n  Quote r-1 when you report it\.") as refusal:
        fake.journal().ask("GET", "/imports")
    assert (refusal.value.status, refusal.value.kind) == (503, "unavailable")
    assert len(fake.seen) == MOST_TRIES
    assert max(fake.slept) <= LONGEST_WAIT


def test_no_network_is_told_in_words(fake: FakeJournal) -> None:
    fake.on("GET /imports", httpx.ConnectError("no route"))
    with pytest.raises(Refused, match="The journal cannot be reached: no route"):
        fake.journal().ask("GET", "/imports")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (
            problem(422, "invalid", detail="2 fields.", errors=[{"pointer": "/a", "detail": "is none"}]),
            "2 fields.\n  /a",
        ),
        (httpx.Response(401, json={"message": "Unauthorized"}), "Run: trading-journal login"),
        (problem(401, "wrong-credentials", detail="Wrong."), "^Wrong.$"),
        (httpx.Response(403, text="<html>"), "^HTTP 403$"),
        (httpx.Response(404, json=[]), "^HTTP 404$"),
    ],
)
def test_a_refusal_is_told_in_words_and_not_sent_again(fake: FakeJournal, answer: httpx.Response, words: str) -> None:
    fake.on("GET /imports", answer)
    with pytest.raises(Refused, match=words):
        fake.journal().ask("GET", "/imports")
    assert len(fake.seen) == 1


def test_a_list_is_read_page_by_page(fake: FakeJournal) -> None:
    fake.on("GET /imports", {"items": [{"n": 1}], "nextToken": "t"}, {"items": []})
    assert list(fake.journal().pages("/imports", {"limit": "1"})) == [{"n": 1}]
    assert [dict(each.url.params) for each in fake.seen] == [{"limit": "1"}, {"limit": "1", "nextToken": "t"}]


def test_a_document_is_read_until_it_is_over(fake: FakeJournal) -> None:
    fake.on("GET /x", httpx.Response(200, json={"n": 1}, headers=WAIT), {"n": 2})
    told: list[object] = []
    assert fake.journal().followed("/x", lambda one: one["n"] == 2, told.append) == {"n": 2}
    assert told == [{"n": 1}, {"n": 2}]
    assert fake.slept == [0.2]


def test_a_document_that_does_not_change_is_given_up(fake: FakeJournal) -> None:
    fake.on("GET /x", *({"n": number} for number in range(5)))
    with pytest.raises(Refused, match="quarter of an hour") as refusal:
        fake.journal().followed("/x", lambda _one: False, lambda _one: None)
    assert refusal.value.passes
    assert LONGEST_STANDSTILL <= sum(fake.slept) < LONGEST_STANDSTILL + 10


def test_a_file_is_sent_by_its_form_without_the_token(fake: FakeJournal, tmp_path: Path) -> None:
    file = tmp_path / "fills.csv"
    file.write_text("a,b\n")
    fake.on("POST files", httpx.Response(204), httpx.Response(403), httpx.ConnectError(""))
    told: list[tuple[int, int]] = []
    form = {"url": FILES, "fields": {"key": "imports/1"}}
    journal = fake.journal()
    journal.send_file(form, file, lambda *done: told.append(done))
    [request] = fake.seen
    assert "Authorization" not in request.headers
    assert request.content.index(b"imports/1") < request.content.index(b"a,b\n")
    assert told[-1] == (4, 4)
    for words in ("the storage answered 403", "ConnectError"):
        with pytest.raises(Refused, match=words):
            journal.send_file(form, file, lambda *_done: None)


def test_a_file_is_fetched_whole_or_not_at_all(fake: FakeJournal, tmp_path: Path) -> None:
    target = tmp_path / "export.zip"
    fake.on(
        "GET files", httpx.Response(200, stream=httpx.ByteStream(b"1234")), httpx.Response(404), httpx.ReadError("cut")
    )
    journal = fake.journal()
    with pytest.raises(Refused, match="4 bytes of 5"):
        journal.fetch_file(FILES, target, 5, lambda *_done: None)
    for words in ("answered 404", "cut"):
        with pytest.raises(Refused, match=words):
            journal.fetch_file(FILES, target, 4, lambda *_done: None)
    fake.on("GET files", httpx.Response(200, stream=httpx.ByteStream(b"1234")))
    journal.fetch_file(FILES, target, 4, lambda *_done: None)
    assert target.read_bytes() == b"1234"
