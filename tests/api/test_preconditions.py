"""ETag, If-Match and If-None-Match."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from handlers.entry import http
from handlers.storage import trades as storage
from handlers.storage.errors import VersionMismatch
from tests.api.client import Answer, Client

NEVER = "99999999-0000-4000-8000-000000000000"
CLOSE = {"quantity": "40", "price": "11", "closedAt": "2026-01-05T11:00:00-05:00"}
ENTRY = {"quantity": "1", "price": "11", "enteredAt": "2026-01-05T10:00:00-05:00"}
EVENT = {"type": "FUNDING", "amount": "-1.25", "at": "2026-01-05T16:00:00Z"}


@pytest.fixture
def path(dana: Client) -> str:
    """A trade at version 3, with one close and one event."""
    path = f"/trades/{dana.new_trade()['tradeId']}"
    dana.post(f"{path}/events", EVENT)
    dana.post(f"{path}/closes", CLOSE)
    return path


def every_change(client: Client, path: str, if_match: str) -> list[Answer]:
    """Each operation that takes If-Match, the deletion last."""
    trade = client.get(path).json
    entry = trade["entries"][0]["entryId"]
    close, event = trade["partialCloses"][0]["closeId"], f"{path}/events/{trade['events'][0]['eventId']}"
    headers = {"If-Match": if_match}
    return [
        client.patch(path, {"symbol": "TSLA"}, headers=headers),
        client.post(f"{path}/closes", CLOSE, headers=headers),
        client.patch(f"{path}/closes/{close}", {"price": "12"}, headers=headers),
        client.delete(f"{path}/closes/{close}", headers=headers),
        client.post(f"{path}/entries", ENTRY, headers=headers),
        client.patch(f"{path}/entries/{entry}", {"price": "11"}, headers=headers),
        client.delete(f"{path}/entries/{entry}", headers=headers),
        client.post(f"{path}/events", EVENT, headers=headers),
        client.patch(event, {"amount": "1"}, headers=headers),
        client.delete(event, headers=headers),
        client.delete(path, headers=headers),
    ]


@pytest.mark.parametrize("tags", ['"2"', 'W/"3"', '"1", "2"', '""', 'W/"2",W/"3"', '"3 "'.replace(" ", "!")])
def test_no_change_is_made_to_another_version(dana: Client, path: str, tags: str) -> None:
    before = dana.get(path).json
    answers = every_change(dana, path, tags)
    assert {(answer.status, answer.kind) for answer in answers} == {(412, "/problems/version-mismatch")}
    assert dana.get(path).json == before


@pytest.mark.parametrize(
    "tags",
    [
        '"3"',
        "*",
        '"1", "3"',
        '"1" , W/"2","3"',
        '"3",',
        ',, "3"',
        '"1",\t,"3"\t,',
        ' "3"',
        '\t"3" ',
        " * ",
        '"3"' + "," * 1000,
    ],
)
def test_a_change_is_made_to_the_version_that_was_meant(dana: Client, path: str, tags: str) -> None:
    answer = dana.patch(path, {"symbol": "TSLA"}, headers={"If-Match": tags})
    assert (answer.status, answer.headers["etag"]) == (200, '"4"')


def test_a_close_is_made_and_taken_back_with_the_version_that_was_meant(dana: Client, path: str) -> None:
    made = dana.post(f"{path}/closes", CLOSE, headers={"If-Match": '"3"'})
    close = made.json["partialCloses"][1]["closeId"]
    taken_back = dana.delete(f"{path}/closes/{close}", headers={"If-Match": made.headers["etag"]})
    assert (made.status, taken_back.status) == (201, 200)


@pytest.mark.parametrize("tags", ['"3"', "*"])
def test_a_trade_is_deleted_at_the_version_that_was_meant(dana: Client, path: str, tags: str) -> None:
    assert dana.delete(path, headers={"If-Match": tags}).status == 204


@pytest.mark.parametrize(
    "tags", ["3", '"3', "", "W/*", '"3" "4"', '*, "3"', ",", " , ,", '"3";"4"', 'w/"3"', '"ü"', '"' + "x" * 2000 + '"']
)
def test_what_is_no_list_of_entity_tags_is_refused(dana: Client, path: str, tags: str) -> None:
    answer = dana.patch(path, {"symbol": "TSLA"}, headers={"If-Match": tags})
    assert (answer.status, answer.bad_fields) == (400, {("header", "/If-Match")})


def test_nothing_matches_a_trade_that_does_not_exist(dana: Client) -> None:
    for if_match in ("*", '"1"'):
        assert dana.patch(f"/trades/{NEVER}", {"symbol": "A"}, headers={"If-Match": if_match}).status == 404
        assert dana.delete(f"/trades/{NEVER}", headers={"If-Match": if_match}).status == 404


@pytest.mark.parametrize("tags", ['"3"', 'W/"3"', "*", '"1", "3"', ',"3",', '"1",,\tW/"3" ,', " * "])
def test_an_unchanged_trade_is_not_sent_again(dana: Client, path: str, tags: str) -> None:
    answer = dana.get(path, headers={"If-None-Match": tags})
    assert (answer.status, answer.body, answer.headers["etag"]) == (304, b"", '"3"')
    assert "content-type" not in answer.headers


@pytest.mark.parametrize("tags", ['"2"', 'W/"2"', '"1", "2"'])
def test_a_changed_trade_is_sent(dana: Client, path: str, tags: str) -> None:
    answer = dana.get(path, headers={"If-None-Match": tags})
    assert (answer.status, answer.json["version"]) == (200, 3)


def test_a_change_without_if_match_is_made_to_the_version_that_overtook_it(
    dana: Client, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    overtake(dana, path, monkeypatch)
    answer = dana.delete(f"{path}/closes/{dana.get(path).json['partialCloses'][0]['closeId']}")
    assert (answer.status, answer.json["version"], answer.json["lessons"]) == (200, 5, "wait")


def test_a_change_with_if_match_is_refused_when_it_was_overtaken(
    dana: Client, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    close = dana.get(path).json["partialCloses"][0]["closeId"]
    overtake(dana, path, monkeypatch)
    answer = dana.delete(f"{path}/closes/{close}", headers={"If-Match": '"3"'})
    assert answer.status == 412
    assert dana.get(path).json["partialCloses"]


def test_a_change_that_is_overtaken_as_long_as_it_has_time_is_told_when_to_come_back(
    dana: Client, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def always_overtaken(trade: Any, *_: Any, **__: Any) -> None:
        raise VersionMismatch(trade.trade_id)

    monkeypatch.setattr(storage, "replace", always_overtaken)
    monkeypatch.setattr(http, "USUAL_SECONDS", 1.1)
    answer = dana.patch(path, {"symbol": "TSLA"})
    assert (answer.status, answer.kind, answer.headers["retry-after"]) == (429, "/problems/contended", "1")


def overtake(client: Client, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the next change's read and its write, make another change."""
    replace = storage.replace

    def overtaken(*given: Any, **named: Any) -> Any:
        monkeypatch.setattr(storage, "replace", replace)
        with ThreadPoolExecutor(1) as pool:  # another operation's function, on its own thread and event loop
            pool.submit(client.patch, path, {"lessons": "wait"}).result()
        return replace(*given, **named)

    monkeypatch.setattr(storage, "replace", overtaken)
