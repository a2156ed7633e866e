"""A tag is renamed or deleted in all trades exactly once, also after failures, and no other change is lost."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import pytest
from botocore.client import BaseClient

from handlers.entry.tags import change_tag
from handlers.storage import dynamo, erasure_marks, tag_changes, trades
from handlers.storage.errors import TagChangeOver, Unavailable
from handlers.usecases import change_tags
from tests.api.client import DANA, Answer, Client
from tests.api.test_stats import settle
from tests.api.user_data import messages_of, new_queue


class Context:
    """Lambda's context of a call that has so many seconds left at each look."""

    def __init__(self, *seconds: float) -> None:
        self._seconds: Iterator[float] = iter(seconds)

    def get_remaining_time_in_millis(self) -> int:
        return int(next(self._seconds, 300) * 1000)


@pytest.fixture(autouse=True)
def queue(monkeypatch: pytest.MonkeyPatch) -> str:
    url = new_queue("tags")
    monkeypatch.setenv("TAG_QUEUE_URL", url)
    return url


def work(queue: str, *seconds: float) -> list[Any]:
    """Have the queue's messages worked on once; returns those that failed."""
    messages = messages_of(queue)
    failed: list[Any] = change_tag({"Records": messages}, Context(*seconds))["batchItemFailures"]
    return failed


def work_off(queue: str) -> int:
    calls = 0
    while messages := messages_of(queue):
        assert change_tag({"Records": messages}, Context()) == {"batchItemFailures": []}
        calls += 1
    return calls


def rename(client: Client, tag: str, name: str) -> Answer:
    return client.patch(f"/tags/{quote(tag, safe='')}", {"name": name})


def tags_of(client: Client) -> dict[str, list[str]]:
    return {trade["tradeId"]: trade["tags"] for trade in client.get("/trades", query=[("limit", "100")]).json["items"]}


def test_a_tag_is_renamed_in_all_trades_that_have_it(dana: Client, erin: Client, queue: str) -> None:
    one = dana.new_trade(tags=["gap", "fomo"])
    both = dana.new_trade(tags=["late", "fomo", "FOMO", "gap"])
    other = dana.new_trade(tags=["gap"])
    hers = erin.new_trade(tags=["fomo"])
    begun = rename(dana, " fomo", "FOMO")
    assert begun.status == 202
    assert begun.headers["location"] == "/v1/tag-change"
    assert begun.headers["retry-after"]
    assert (begun.json["status"], begun.json["tag"], begun.json["name"]) == ("WORKING", "fomo", "FOMO")
    assert dana.get("/tag-change").json == begun.json
    work_off(queue)
    assert tags_of(dana) == {
        one["tradeId"]: ["gap", "FOMO"],
        both["tradeId"]: ["late", "FOMO", "gap"],
        other["tradeId"]: ["gap"],
    }
    assert tags_of(erin) == {hers["tradeId"]: ["fomo"]}
    done = dana.get("/tag-change").json
    assert (done["status"], done["tradesChanged"]) == ("DONE", 2)
    assert done["finishedAt"] >= done["startedAt"]
    changed = dana.get(f"/trades/{one['tradeId']}")
    assert (changed.json["version"], changed.headers["etag"]) == (2, '"2"')
    assert changed.json["updatedAt"] > one["updatedAt"]
    assert dana.get(f"/trades/{other['tradeId']}").json == other


def test_a_tag_is_taken_from_all_trades(dana: Client, queue: str) -> None:
    trade = dana.new_trade(tags=["gap", "fomo"])["tradeId"]
    begun = dana.delete("/tags/fomo")
    assert (begun.status, "name" in begun.json) == (202, False)
    work_off(queue)
    assert tags_of(dana) == {trade: ["gap"]}


@pytest.mark.parametrize(
    "tag", ["a/b", "/", "100%", "%2F", "ä ö", "a+b", "?x=1", "#", "👩\u200d🚀", "..", "a\\b", "tag-change"]
)
def test_a_tag_of_any_characters_is_named_in_the_path(dana: Client, queue: str, tag: str) -> None:
    trade = dana.new_trade(tags=["gap", tag])["tradeId"]
    assert rename(dana, tag, "renamed").json["tag"] == tag
    work_off(queue)
    assert tags_of(dana) == {trade: ["gap", "renamed"]}
    assert rename(dana, "renamed", tag).status == 202
    work_off(queue)
    assert dana.delete(f"/tags/{quote(tag, safe='')}").json["tag"] == tag
    work_off(queue)
    assert tags_of(dana) == {trade: ["gap"]}


def test_slashes_that_the_gateway_has_decoded_are_the_tags(dana: Client) -> None:
    event = dana.event("DELETE", "/tags/a%2Fb") | {"rawPath": "/v1/tags/a/b"}
    assert dana.send(event).json["tag"] == "a/b"


def test_a_name_that_is_none_is_refused(dana: Client) -> None:
    refused = rename(dana, "\u200b", " ")
    assert (refused.status, refused.bad_fields) == (422, {("path", "/tag"), ("body", "/name")})
    same = rename(dana, "fomo", " fomo\u200b")
    assert (same.status, same.bad_fields) == (422, {("body", "/name")})
    assert dana.delete("/tags/%E2%80%8B").status == 422
    wrong = dana.delete("/tags/%ff")
    assert (wrong.status, wrong.bad_fields) == (400, {("path", "/tag")})
    long = dana.patch(f"/tags/{'x' * 51}", {"name": "y" * 51, "more": 1})
    assert (long.status, long.bad_fields) == (400, {("path", "/tag"), ("body", "/name"), ("body", "/more")})
    assert dana.get("/tag-change").status == 404


def test_one_tag_is_changed_at_a_time(dana: Client, erin: Client, queue: str) -> None:
    trade = dana.new_trade(tags=["fomo", "gap"])["tradeId"]
    first = rename(dana, "fomo", "FOMO")
    for refused in (rename(dana, "fomo", "other"), rename(dana, "gap", "FOMO"), dana.delete("/tags/fomo")):
        assert (refused.status, refused.kind) == (429, "/problems/contended")
        assert refused.headers["retry-after"] == "10"
    again = rename(dana, "fomo ", "FOMO")
    assert (again.status, again.json) == (202, first.json)
    assert erin.delete("/tags/fomo").status == 202
    work_off(queue)
    assert tags_of(dana) == {trade: ["FOMO", "gap"]}
    assert dana.get("/tag-change").json["tradesChanged"] == 1
    assert dana.delete("/tags/gap").status == 202


def test_a_change_goes_on_where_its_time_ended(dana: Client, queue: str) -> None:
    for _ in range(5):
        dana.new_trade(tags=["fomo"])
    rename(dana, "fomo", "FOMO")
    assert work(queue, 300, 300, 10) == []
    under_way = dana.get("/tag-change").json
    assert (under_way["status"], under_way["tradesChanged"]) == ("WORKING", 2)
    assert sorted(tags_of(dana).values()) == [["FOMO"]] * 2 + [["fomo"]] * 3
    assert work_off(queue) == 1
    done = dana.get("/tag-change").json
    assert (done["status"], done["tradesChanged"]) == ("DONE", 5)


class Killed(BaseException):
    """The function's process ended."""


# The calls to AWS of a change of two trades: begin, send, read, find, get and write twice, finish; and one more.
@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("step", range(10))
def test_a_kill_before_or_after_any_step_is_mended_by_repeating(
    dana: Client, queue: str, monkeypatch: pytest.MonkeyPatch, step: int, after: bool
) -> None:
    for _ in range(2):
        dana.new_trade(tags=["fomo", "gap"])
    calls = 0
    clients: Any = BaseClient
    original = clients._make_api_call

    def killed(self: Any, name: str, params: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == step + 1 and not after:
            raise Killed
        answer = original(self, name, params)
        if calls == step + 1:
            raise Killed
        return answer

    messages: list[Any] = []
    with monkeypatch.context() as patched:
        patched.setattr(clients, "_make_api_call", killed)
        try:
            change = change_tags.begin(DANA, "fomo", "FOMO", datetime.now(UTC))
            messages = [{"messageId": "1", "body": f'{{"userId":"{DANA}","changeId":"{change.change_id}"}}'}]
            change_tag({"Records": messages}, Context())
        except Killed:
            pass
    # What Lambda and the client do then: the message is delivered again, or the request is repeated.
    if not messages:
        rename(dana, "fomo", "FOMO")
        work_off(queue)
    else:
        assert change_tag({"Records": messages}, Context()) == {"batchItemFailures": []}
    assert list(tags_of(dana).values()) == [["FOMO", "gap"]] * 2
    assert [trade["version"] for trade in dana.get("/trades").json["items"]] == [2, 2]
    done = dana.get("/tag-change").json
    assert (done["status"], done["tradesChanged"]) == ("DONE", 2)


def test_a_message_that_comes_twice_changes_each_trade_once(dana: Client, queue: str) -> None:
    for _ in range(3):
        dana.new_trade(tags=["fomo"])
    rename(dana, "fomo", "FOMO")
    messages = messages_of(queue)
    for _ in range(2):
        change_tag({"Records": messages}, Context())
    assert dana.get("/tag-change").json["tradesChanged"] == 3
    assert {trade["version"] for trade in dana.get("/trades").json["items"]} == {2}


def test_a_late_worker_of_an_earlier_change_writes_nothing(dana: Client, queue: str) -> None:
    trade_id = dana.new_trade(tags=["fomo"])["tradeId"]
    rename(dana, "fomo", "FOMO")
    old = tag_changes.last(DANA)
    assert old is not None
    work_off(queue)
    rename(dana, "FOMO", "fomo")
    work_off(queue)
    stored = trades.get(DANA, trade_id)
    change_tags.proceed(DANA, old.change_id, lambda: 300)
    with pytest.raises(TagChangeOver):
        tag_changes.write(stored, stored.version, old)
    assert trades.get(DANA, trade_id) == stored


def test_a_change_of_the_trade_at_the_same_time_is_kept(
    dana: Client, queue: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    trade_id = dana.new_trade(tags=["fomo"])["tradeId"]
    rename(dana, "fomo", "FOMO")
    write = tag_changes.write

    def overtaken(*given: Any) -> None:
        monkeypatch.setattr(tag_changes, "write", write)
        dana.patch(f"/trades/{trade_id}", {"lessons": "wait"})
        write(*given)

    monkeypatch.setattr(tag_changes, "write", overtaken)
    work_off(queue)
    changed = dana.get(f"/trades/{trade_id}").json
    assert (changed["lessons"], changed["tags"], changed["version"]) == ("wait", ["FOMO"], 3)


def test_a_trade_that_is_deleted_meanwhile_is_passed_over(
    dana: Client, queue: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(2):
        dana.new_trade(tags=["fomo"])
    rename(dana, "fomo", "FOMO")
    get = trades.get

    def deleted(user: str, trade_id: str) -> Any:
        monkeypatch.setattr(trades, "get", get)
        dana.delete(f"/trades/{trade_id}")
        return get(user, trade_id)

    monkeypatch.setattr(trades, "get", deleted)
    work_off(queue)
    assert list(tags_of(dana).values()) == [["FOMO"]]
    assert dana.get("/tag-change").json["status"] == "DONE"


def test_a_failure_of_aws_brings_the_message_back(dana: Client, queue: str, monkeypatch: pytest.MonkeyPatch) -> None:
    dana.new_trade(tags=["fomo"])
    rename(dana, "fomo", "FOMO")
    messages = messages_of(queue)

    def down(*_: Any) -> None:
        raise Unavailable

    with monkeypatch.context() as patched:
        patched.setattr(tag_changes, "write", down)
        failed = change_tag({"Records": messages}, Context())["batchItemFailures"]
    assert failed == [{"itemIdentifier": messages[0]["messageId"]}]
    assert change_tag({"Records": messages}, Context()) == {"batchItemFailures": []}
    assert list(tags_of(dana).values()) == [["FOMO"]]


def test_nothing_is_changed_of_an_account_that_is_being_erased(dana: Client, queue: str) -> None:
    dana.new_trade(tags=["fomo"])
    rename(dana, "fomo", "FOMO")
    erasure_marks.begin(DANA, datetime.now(UTC))
    assert work(queue) == []
    assert list(tags_of(dana).values()) == [["fomo"]]
    refused = dana.delete("/tags/gap")
    assert refused.status in (409, 429)


def test_statistics_follow(dana: Client, queue: str) -> None:
    dana.new_trade(tags=["fomo"], exitPrice="12", closeDate="2026-01-05T15:00:00Z")
    rename(dana, "fomo", "FOMO")
    work_off(queue)
    settle()
    [bucket] = dana.get("/stats/breakdown", query=[("by", "TAG")]).json["buckets"]
    assert bucket["keys"] == [{"attribute": "TAG", "value": "FOMO"}]


def test_a_worker_that_another_one_has_overtaken_stops(
    dana: Client, queue: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(2):
        dana.new_trade(tags=["fomo"])
    rename(dana, "fomo", "FOMO")
    messages = messages_of(queue)
    write = tag_changes.write

    def overtaken(*given: Any) -> None:
        monkeypatch.setattr(tag_changes, "write", write)
        change_tag({"Records": messages}, Context())  # another worker, from beginning to end
        write(*given)

    monkeypatch.setattr(tag_changes, "write", overtaken)
    assert change_tag({"Records": messages}, Context()) == {"batchItemFailures": []}
    assert [trade["version"] for trade in dana.get("/trades").json["items"]] == [2, 2]
    assert dana.get("/tag-change").json["tradesChanged"] == 2


def test_a_change_that_is_over_is_not_finished_again(dana: Client, queue: str) -> None:
    rename(dana, "fomo", "FOMO")
    old = tag_changes.last(DANA)
    assert old is not None
    work_off(queue)
    done = dana.get("/tag-change").json
    tag_changes.finish(old, datetime.now(UTC))
    assert dana.get("/tag-change").json == done


def test_a_write_in_conflict_with_another_is_made_again(
    dana: Client, queue: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    dana.new_trade(tags=["fomo"])
    rename(dana, "fomo", "FOMO")
    transact = dynamo.transact

    def in_conflict(actions: Any, **_: Any) -> Any:
        monkeypatch.setattr(tag_changes, "transact", transact)
        return [{"Code": dynamo.CONFLICT}, *({} for _ in actions[1:])]

    monkeypatch.setattr(tag_changes, "transact", in_conflict)
    work_off(queue)
    assert list(tags_of(dana).values()) == [["FOMO"]]
