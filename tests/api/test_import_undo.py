"""Committed imports are undone behind the answer: what came with them goes, and all else is as it was."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest

from handlers.entry.import_commits import apply_imports
from handlers.imports.decided import RowOutcome, Same
from handlers.imports.record import Import, ImportStatus
from handlers.journal.errors import StateForbids
from handlers.storage import clients, executions, import_edits, import_files, imports
from handlers.usecases import apply_import, convert_trade, import_contents, settling
from handlers.usecases.position_changes import PositionChanges
from tests.api.applying import Applying
from tests.api.client import DANA, Answer, Client
from tests.api.import_files import Part, a_fill, a_preview, an_action, an_id, at, rows_of, some_cash
from tests.api.test_convert_trade import closed, hand_made
from tests.api.test_erase_account import Kill, Killed
from tests.api.test_executions import MAIN, fill, nets, put, refused, trades
from tests.api.test_import_commits import committed, once_paused, positions
from tests.api.uploading import Context
from tests.api.user_data import messages_of

pytestmark = pytest.mark.usefixtures("bucket")


def ask(client: Client, one: Import, headers: dict[str, str] | None = None, **given: str) -> Answer:
    return client.post(f"/imports/{one.import_id}/undo", given, headers=headers or {})


def undone(client: Client, applying: Applying, one: Import, **given: str) -> Import:
    answer = ask(client, one, None, **given)
    assert answer.status == 202, answer.json
    done = applying.run(one)
    assert done.status is ImportStatus.UNDONE
    return done


def journal(client: Client) -> dict[str, Any]:
    """All trades, executions, actions and cash as the API shows them."""
    paths = ("/trades", "/executions", "/corporate-actions", "/positions", f"/accounts/{MAIN}/cash")
    found = {path: client.get(path).json for path in paths}
    for each in found["/positions"]["items"]:
        each.pop("asOf")
    return found


def like_before(found: Any) -> Any:
    """The journal without what tells when, and how often, something was written."""
    if isinstance(found, dict):
        kept = {name: value for name, value in found.items() if name not in ("version", "updatedAt")}
        return {name: like_before(value) for name, value in kept.items()}
    return [like_before(each) for each in found] if isinstance(found, list) else found


def test_an_undone_import_leaves_nothing_and_can_come_again(dana: Client, applying: Applying) -> None:
    put(dana, fill("BUY", "1", "90", 1), fill("SELL", "1", "95", 2))
    before = journal(dana)
    parts: list[Part] = [
        a_fill("BUY", "10", "100", 10),
        a_fill("SELL", "10", "102", 15),
        a_fill("BUY", "3", "7", 15, symbol="TSLA"),
        some_cash("DEPOSIT", "1000", 0, external_id="d-1"),
        an_action("SPLIT", 20, new="2", old="1", symbol="TSLA"),
    ]
    done = committed(dana, applying, a_preview(DANA, rows_of(parts)))
    assert (done.applied.executions, done.applied.cash, done.applied.actions) == (3, 1, 1)
    assert positions(dana) == {"TSLA": "6"}
    while_there = journal(dana)
    done = undone(dana, applying, done)
    assert journal(dana) == before
    assert "leftOverNotes" not in dana.get(f"/imports/{done.import_id}").json
    again = committed(dana, applying, a_preview(DANA, rows_of(parts)))
    assert again.applied.present == 0
    assert [each["tradeId"] for each in journal(dana)["/trades"]["items"]] == [
        each["tradeId"] for each in while_there["/trades"]["items"]
    ]


def test_it_begins_at_once_and_is_repeated_by_its_key(dana: Client, applying: Applying) -> None:
    one = a_preview(DANA, rows_of([a_fill("BUY", "1", "1", 0)]))
    assert refused(ask(dana, one)) == (409, "/problems/import-not-ready")
    done = committed(dana, applying, one)
    first = ask(dana, done, {"Idempotency-Key": "k"})
    assert (first.status, first.json["status"]) == (202, "UNDOING")
    applying.run(done)
    again = ask(dana, done, {"Idempotency-Key": "k"})
    assert (again.status, again.json, again.headers["idempotent-replayed"]) == (202, first.json, "true")
    assert refused(ask(dana, done)) == (409, "/problems/import-not-ready")


def test_a_trade_that_the_import_changed_is_what_it_was(dana: Client, applying: Applying) -> None:
    put(dana, fill("BUY", "5", "10", 5), fill("SELL", "5", "12", 20))
    [trade] = trades(dana)
    assert dana("PATCH", f"/trades/{trade['tradeId']}", {"lessons": "mine", "tags": ["gap"]}).status == 200
    before = journal(dana)
    parts: list[Part] = [a_fill("BUY", "2", "9", 0), a_fill("SELL", "2", "13", 25)]
    done = committed(dana, applying, a_preview(DANA, rows_of(parts)))
    assert (trades(dana)[0]["quantity"], trades(dana)[0]["lessons"]) == ("7", "mine")
    undone(dana, applying, done)
    assert like_before(journal(dana)) == like_before(before)


@pytest.mark.parametrize("most", [97, 12])
def test_a_position_of_any_size_is_undone(
    dana: Client, applying: Applying, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    put(dana, fill("BUY", "1", "90", 30), fill("SELL", "1", "95", 31))
    before = journal(dana)
    parts: list[Part] = [a_fill("BUY" if n % 2 == 0 else "SELL", "1", str(20 + n), n) for n in range(20)]
    done = committed(dana, applying, a_preview(DANA, rows_of(parts)))
    assert len(trades(dana)) == 11
    monkeypatch.setattr(executions, "MOST_WRITTEN", most)
    undone(dana, applying, done)
    assert journal(dana) == before


@pytest.mark.parametrize("span", [1, 3, 1000])
@pytest.mark.parametrize("policy", ["KEEP", "REMOVE"])
def test_a_long_position_has_the_same_trades_however_its_undoing_is_cut(
    dana: Client, applying: Applying, monkeypatch: pytest.MonkeyPatch, span: int, policy: str
) -> None:
    monkeypatch.setattr(settling, "SPAN", span)
    # What is there crosses the file's trades: it opens one of them, joins two, and stays open in the end.
    stored = [("BUY", 2), ("SELL", 13), ("BUY", 21), ("SELL", 26), ("BUY", 59)]
    put(dana, *(fill(side, "1", str(minute), minute) for side, minute in stored))
    [first, *_] = trades(dana)
    assert dana("PATCH", f"/trades/{first['tradeId']}", {"lessons": "mine"}).status == 200
    ids = {each["executionId"] for each in journal(dana)["/executions"]["items"]}
    own = [("BUY", 5), ("SELL", 7), *((("BUY", "SELL")[minute % 2], minute) for minute in range(20, 50))]
    parts: list[Part] = [a_fill(side, "1", str(minute), minute) for side, minute in own]
    done = committed(dana, applying, a_preview(DANA, rows_of(parts)))
    noted = next(each for each in trades(dana) if each["openDate"].startswith("2026-01-05T10:40"))
    assert dana("PATCH", f"/trades/{noted['tradeId']}", {"lessons": "of the file"}).status == 200
    [edited] = [one for one in dana.get("/executions", query="limit=100").json["items"] if one["price"] == "49"]
    assert dana("PATCH", f"/executions/{edited['executionId']}", {"executedAt": at(1).isoformat()}).status == 200
    monkeypatch.setattr(executions, "MOST_WRITTEN", 14)
    done = undone(dana, applying, done, edited=policy)
    shown = [(each["side"], each.get("lessons"), each["netPnl"]) for each in trades(dana) if "netPnl" in each]
    assert (shown, positions(dana)) == FOLLOWING[policy]
    left = import_files.left_over(import_files.ImportFolder(DANA, done.import_id))
    assert [each["lessons"] for each in left] == ["of the file"]
    [held] = executions.positions(DANA)
    assert (held.dirty_since, held.is_stale) == (None, None)
    if policy == "REMOVE":
        assert {each["executionId"] for each in journal(dana)["/executions"]["items"]} == ids


# What is kept is a sale before all others, which turns each trade around.
FOLLOWING = {
    "KEEP": ([("SELL", "mine", "47"), ("SELL", None, "-8"), ("SELL", None, "-33")], {}),
    "REMOVE": ([("BUY", "mine", "11"), ("BUY", None, "5")], {"AAPL": "1"}),
}


def test_an_undoing_goes_on_where_a_call_had_no_time_left(
    dana: Client, applying: Applying, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settling, "SPAN", 1)
    monkeypatch.setattr(executions, "MOST_WRITTEN", 12)
    put(dana, fill("BUY", "1", "90", 30), fill("SELL", "1", "95", 31))
    before = journal(dana)
    parts: list[Part] = [a_fill("BUY" if n % 2 == 0 else "SELL", "1", str(20 + n), n) for n in range(20)]
    done = committed(dana, applying, a_preview(DANA, rows_of(parts)))
    assert ask(dana, done).status == 202
    left: list[int] = []
    while once_paused(applying, done).status is ImportStatus.UNDOING:
        left.append(len([*executions.every(DANA)]))
        assert len(left) < 40
    assert left == sorted(left, reverse=True)
    assert len(set(left)) > 3
    assert journal(dana) == before


@pytest.mark.parametrize("span", [1, 1000])
@pytest.mark.parametrize("own_id", [{"externalId": "mine"}, {}])
def test_a_linked_trade_comes_back_whole_where_the_file_is_flat_within_it(
    dana: Client, applying: Applying, monkeypatch: pytest.MonkeyPatch, own_id: dict[str, str], span: int
) -> None:
    monkeypatch.setattr(settling, "SPAN", span)
    by_hand = hand_made(
        dana, closed("2", "12", 50), quantity="2", entryPrice="10", symbol="NVDA", openDate=OPENED, **own_id
    )
    before = journal(dana)
    parts: list[Part] = [
        a_fill("BUY", "2", "10", 300, symbol="NVDA", name="in", **linked(by_hand)),
        a_fill("SELL", "2", "11", 310, symbol="NVDA"),
        a_fill("BUY", "2", "11", 320, symbol="NVDA"),
        a_fill("SELL", "2", "12", 350, symbol="NVDA", name="out", **linked(by_hand)),
    ]
    done = committed(dana, applying, a_preview(DANA, rows_of(parts)))
    assert len(trades(dana)) == 2
    undone(dana, applying, done)
    assert like_before(journal(dana)) == like_before(before)


OPENED = "2026-01-05T15:00:00Z"


@pytest.mark.parametrize("at_call", [10, 12, 13, 14, 15, 17])
def test_what_is_left_of_a_trade_by_a_crash_is_no_place_to_cut(
    dana: Client, applying: Applying, monkeypatch: pytest.MonkeyPatch, at_call: int
) -> None:
    monkeypatch.setattr(settling, "SPAN", 1)
    stored = [("BUY", 2), ("SELL", 13), ("BUY", 21), ("SELL", 26), ("BUY", 55)]
    put(dana, *(fill(side, "1", str(minute), minute) for side, minute in stored))
    [noted] = [each for each in trades(dana) if each["openDate"].startswith("2026-01-05T10:21")]
    assert dana("PATCH", f"/trades/{noted['tradeId']}", {"lessons": "mine"}).status == 200
    before = journal(dana)
    # They make one long trade of it all, whose executions go one after the other.
    own = (5, 7, 8, 9, 14, 15, 16, 17, 28, 29, 30, 31, 33, 35, 37, 40, 41, 42, 43, 60, 61)
    parts: list[Part] = [a_fill(("BUY", "SELL")[minute % 2], "1", str(5 + minute), minute) for minute in own]
    done = committed(dana, applying, a_preview(DANA, rows_of(parts)))
    assert [each.get("lessons") for each in trades(dana)].count("mine") == 1
    monkeypatch.setattr(executions, "MOST_WRITTEN", 14)
    assert ask(dana, done).status == 202
    kill = Kill()
    kill.left = at_call
    for message in messages_of(applying.queue):
        with suppress(Killed), kill.watching():
            apply_imports({"Records": [message]}, Context())
    applying.send(done)
    assert applying.run(done).status is ImportStatus.UNDONE
    assert like_before(journal(dana)) == like_before(before)


def test_only_one_call_works_on_an_import_at_a_time(
    dana: Client, applying: Applying, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = committed(dana, applying, a_preview(DANA, rows_of([a_fill("BUY", "1", "10", 0)])))
    assert ask(dana, done).status == 202
    [in_case, at_once] = messages_of(applying.queue)
    contents_of = import_contents.contents_of
    told: list[Any] = []

    def beside(one: Import) -> Any:
        if not told:  # the message comes that was sent in case that the request broke off
            told.append(True)
            told.append(apply_imports({"Records": [in_case]}, Context()))
        told.append(one.version)
        return contents_of(one)

    monkeypatch.setattr(apply_import, "contents_of", beside)
    assert apply_imports({"Records": [at_once]}, Context()) == {"batchItemFailures": []}
    assert told[1] == {"batchItemFailures": []}
    assert len(told) == 3
    assert imports.get(DANA, done.import_id).status is ImportStatus.UNDONE


def test_what_was_edited_since_is_named_and_stays_or_goes(dana: Client, applying: Applying) -> None:
    parts: list[Part] = [
        a_fill("BUY", "1", "10", 0, name="edited"),
        a_fill("BUY", "2", "10", 1, name="other"),
        some_cash("DEPOSIT", "5", 0),
        some_cash("DEPOSIT", "6", 1),
    ]
    done = committed(dana, applying, a_preview(DANA, rows_of(parts)))
    execution = an_id("edited")
    assert dana("PATCH", f"/executions/{execution}", {"note": "mine"}).status == 200
    [cash, *_] = dana.get(f"/accounts/{MAIN}/cash").json["items"]
    path = f"/accounts/{MAIN}/cash/{cash['cashId']}"
    assert dana("PATCH", path, {"note": "mine"}).status == 200
    answer = ask(dana, done)
    assert refused(answer) == (409, "/problems/edited-since")
    assert (answer.json["executionIds"], answer.json["cashIds"]) == ([execution], [cash["cashId"]])
    undone(dana, applying, done, edited="KEEP")
    assert positions(dana) == {"AAPL": "1"}
    assert [each["cashId"] for each in dana.get(f"/accounts/{MAIN}/cash").json["items"]] == [cash["cashId"]]
    again = committed(dana, applying, a_preview(DANA, rows_of(parts)))
    assert (again.applied.executions, again.applied.cash, again.applied.present) == (1, 1, 2)


def test_what_was_edited_since_goes_if_it_is_to_be_removed(dana: Client, applying: Applying) -> None:
    other = dana.post("/accounts", {"name": "b", "kind": "LIVE", "currency": "USD"}).json["accountId"]
    parts: list[Part] = [a_fill("BUY", "1", "10", 0, name="edited"), some_cash("TRANSFER", "-5", 0)]
    done = committed(dana, applying, a_preview(DANA, rows_of(parts)))
    assert dana("PATCH", f"/executions/{an_id('edited')}", {"price": "11"}).status == 200
    [cash] = dana.get(f"/accounts/{MAIN}/cash").json["items"]
    counter = {"counter": {"amount": "5", "currency": "USD", "accountId": other}}
    assert dana("PATCH", f"/accounts/{MAIN}/cash/{cash['cashId']}", counter).status == 200
    undone(dana, applying, done, edited="REMOVE")
    assert positions(dana) == {}
    for account_id in (MAIN, other):
        assert dana.get(f"/accounts/{account_id}/cash").json["items"] == []


def test_what_was_edited_and_is_gone_since_is_no_obstacle(dana: Client, applying: Applying) -> None:
    parts: list[Part] = [a_fill("BUY", "1", "10", 0, name="edited"), some_cash("DEPOSIT", "5", 0)]
    done = committed(dana, applying, a_preview(DANA, rows_of(parts)))
    [cash] = dana.get(f"/accounts/{MAIN}/cash").json["items"]
    paths = (f"/executions/{an_id('edited')}", f"/accounts/{MAIN}/cash/{cash['cashId']}")
    for path in paths:
        assert dana("PATCH", path, {"note": "mine"}).status == 200
    assert import_edits.first(DANA, done.import_id, 2) == ([an_id("edited")], [cash["cashId"]])
    assert import_edits.first(DANA, done.import_id, 1) == ([], [cash["cashId"]])
    for path in paths:
        assert dana("DELETE", path).status == 204
    assert import_edits.first(DANA, done.import_id, 2) == ([], [])
    undone(dana, applying, done)


def test_what_was_edited_is_found_by_one_request_however_much_the_account_holds(
    dana: Client, applying: Applying, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts: list[Part] = [a_fill("BUY", "1", "10", n, name=n) for n in range(40)]
    done = committed(dana, applying, a_preview(DANA, rows_of(parts)))
    for name in range(3):
        assert dana("PATCH", f"/executions/{an_id(name)}", {"note": "mine"}).status == 200
    monkeypatch.setattr(apply_import, "MOST_NAMED", 2)
    scanned = []
    query = clients.dynamodb().query

    def counted(**given: Any) -> Any:
        answer = query(**given)
        scanned.append(answer["ScannedCount"])
        return answer

    monkeypatch.setattr(clients.dynamodb(), "query", counted)
    answer = ask(dana, done)
    assert refused(answer) == (409, "/problems/edited-since")
    assert answer.json["executionIds"] == sorted(an_id(name) for name in range(3))[:2]
    assert scanned == [2]


def test_executions_and_actions_that_are_gone_already_are_no_obstacle(dana: Client, applying: Applying) -> None:
    split = an_action("SPLIT", 5, new="2", old="1", symbol="MSFT")
    parts: list[Part] = [
        a_fill("BUY", "1", "10", 0, name="gone"),
        a_fill("BUY", "1", "10", 0, symbol="MSFT"),
        an_action("SPLIT", 5, new="2", old="1"),
        split,
    ]
    done = committed(dana, applying, a_preview(DANA, rows_of(parts)))
    assert dana.delete(f"/executions/{an_id('gone')}").status == 204
    assert dana.delete(f"/corporate-actions/{split.action_id}").status in (202, 204)
    applying.settle()
    undone(dana, applying, done)
    assert (positions(dana), dana.get("/corporate-actions").json["items"]) == ({}, [])


def test_an_action_of_another_import_stays(dana: Client, applying: Applying) -> None:
    action = an_action("SPLIT", 5, new="2", old="1")
    put(dana, fill("BUY", "1", "10", 0))
    committed(dana, applying, a_preview(DANA, rows_of([action])))
    second = committed(dana, applying, a_preview(DANA, rows_of([action])))
    undone(dana, applying, second)
    assert len(dana.get("/corporate-actions").json["items"]) == 1


def test_an_action_goes_with_the_positions_of_its_symbol(dana: Client, applying: Applying) -> None:
    put(dana, fill("BUY", "4", "10", 0, symbol="OLD"))
    before = journal(dana)
    parts: list[Part] = [
        a_fill("BUY", "1", "7", 1, symbol="OLD"),
        an_action("RENAME", 6, symbol="OLD", new_symbol="NEW"),
        an_action("SPLIT", 7, symbol="NEW", new="2", old="1"),
    ]
    done = committed(dana, applying, a_preview(DANA, rows_of(parts)))
    assert positions(dana) == {"NEW": "10"}
    undone(dana, applying, done)
    assert like_before(journal(dana)) == like_before(before)


def test_notes_of_trades_that_vanish_are_kept_in_a_file(dana: Client, applying: Applying) -> None:
    parts: list[Part] = [a_fill("BUY", "1", "10", 0), a_fill("BUY", "1", "7", 0, symbol="MSFT")]
    done = committed(dana, applying, a_preview(DANA, rows_of(parts)))
    for trade in trades(dana):
        assert dana("PATCH", f"/trades/{trade['tradeId']}", {"lessons": f"of {trade['symbol']}"}).status == 200
    done = undone(dana, applying, done)
    assert trades(dana) == []
    left = import_files.left_over(import_files.ImportFolder(DANA, done.import_id))
    assert [(each["symbol"], each["lessons"]) for each in left] == [("AAPL", "of AAPL"), ("MSFT", "of MSFT")]
    shown = dana.get(f"/imports/{done.import_id}").json["leftOverNotes"]
    assert shown["trades"] == 2
    assert "left-over-notes" in shown["url"]


def linked(trade: dict[str, Any]) -> dict[str, Any]:
    return {"outcome": RowOutcome.MATCHES_MANUAL, "of": Same(trade_id=trade["tradeId"])}


def a_trade_by_hand(client: Client, **others: Any) -> dict[str, Any]:
    close = closed("2", "12", 5, commission="1")
    return hand_made(client, close, quantity="2", entryPrice="10", commission="0", fees="0", symbol="NVDA", **others)


def test_a_linked_trade_keeps_what_was_written_and_gets_the_money_of_the_file(dana: Client, applying: Applying) -> None:
    trade = a_trade_by_hand(dana, externalId="mine", tags=["gap"])
    before = journal(dana)
    of = linked(trade)
    parts: list[Part] = [
        a_fill("BUY", "2", "10.01", 0, symbol="NVDA", name="in", **of),
        a_fill("SELL", "2", "12", 305, symbol="NVDA", name="out", **of),
    ]
    done = committed(dana, applying, a_preview(DANA, rows_of(parts)))
    assert (done.applied.linked, done.applied.executions, done.remarks) == (2, 0, ())
    [now] = trades(dana)
    assert (now["tradeId"], now["source"], now["netPnl"]) == (trade["tradeId"], "LEDGER", "3.98")
    assert (now["lessons"], now["tags"], now["externalId"]) == ("wait", ["gap"], "mine")
    found = dana.get("/executions", query=f"importId={done.import_id}").json["items"]
    assert {each["source"] for each in found} == {"IMPORT"}
    assert dana("PATCH", f"/trades/{trade['tradeId']}", {"lessons": "wait longer"}).status == 200
    undone(dana, applying, done)
    [back] = trades(dana)
    assert back.pop("lessons") == "wait longer"
    [former] = before["/trades"]["items"]
    former.pop("lessons")
    assert like_before(back) == like_before(former)
    assert dana.get("/executions").json["items"] == []


def test_a_trade_that_became_a_part_of_another_comes_back(dana: Client, applying: Applying) -> None:
    trade = a_trade_by_hand(dana, externalId="mine")
    before = journal(dana)
    parts: list[Part] = [
        a_fill("BUY", "2", "10", 0, symbol="NVDA", name="in", **linked(trade)),
        a_fill("BUY", "1", "9", -5, symbol="NVDA"),
    ]
    done = committed(dana, applying, a_preview(DANA, rows_of(parts)))
    assert len(trades(dana)) == 1
    undone(dana, applying, done)
    assert like_before(journal(dana)) == like_before(before)


def test_a_linked_trade_that_was_edited_since_stays_linked(dana: Client, applying: Applying) -> None:
    trade = a_trade_by_hand(dana)
    parts: list[Part] = [
        a_fill("BUY", "2", "10", 0, symbol="NVDA", name="in", **linked(trade)),
        a_fill("BUY", "1", "9", 0),
    ]
    done = committed(dana, applying, a_preview(DANA, rows_of(parts)))
    [execution] = dana.get("/executions", query=f"importId={done.import_id}&symbol=NVDA").json["items"]
    assert dana("PATCH", f"/executions/{execution['executionId']}", {"price": "10.5"}).status == 200
    undone(dana, applying, done, edited="KEEP")
    [now] = trades(dana)
    assert (now["tradeId"], now["source"], now["entryPrice"]) == (trade["tradeId"], "LEDGER", "10.5")


def test_a_linked_trade_to_which_something_was_added_stays_linked(dana: Client, applying: Applying) -> None:
    trade = hand_made(dana, quantity="2", entryPrice="10", symbol="NVDA")
    part = a_fill("BUY", "2", "10.01", 0, symbol="NVDA", name="in", **linked(trade))
    done = committed(dana, applying, a_preview(DANA, rows_of([part])))
    put(dana, fill("SELL", "2", "12", 400 % 60, symbol="NVDA", executedAt="2026-01-06T10:00:00Z"))
    undone(dana, applying, done)
    [now] = trades(dana)
    assert (now["source"], now["status"]) == ("LEDGER", "CLOSED")


def test_a_linked_trade_whose_executions_are_gone_stays_gone(dana: Client, applying: Applying) -> None:
    trade = hand_made(dana, quantity="2", entryPrice="10", symbol="NVDA", lessons="")
    part = a_fill("BUY", "2", "10.01", 0, symbol="NVDA", name="in", **linked(trade))
    done = committed(dana, applying, a_preview(DANA, rows_of([part])))
    [execution] = dana.get("/executions").json["items"]
    dana("PATCH", f"/trades/{trade['tradeId']}", {"lessons": None})
    assert dana.delete(f"/executions/{execution['executionId']}").status == 204
    undone(dana, applying, done)
    assert trades(dana) == []


def test_what_cannot_be_linked_is_left_out_and_said(dana: Client, applying: Applying) -> None:
    gone = hand_made(dana, quantity="2", entryPrice="10", symbol="GONE")
    with_event = hand_made(dana, quantity="2", entryPrice="10", symbol="EVENT")
    event = {"type": "FUNDING", "amount": "-1", "at": "2026-01-05T12:00:00Z"}
    assert dana.post(f"/trades/{with_event['tradeId']}/events", event).status == 201
    other = hand_made(dana, quantity="2", entryPrice="10", symbol="OTHER")
    parts: list[Part] = [
        a_fill("BUY", "2", "10", 0, symbol="GONE", **linked(gone)),
        a_fill("BUY", "2", "10", 0, symbol="EVENT", **linked(with_event)),
        a_fill("BUY", "3", "10", 0, symbol="OTHER", **linked(other)),
    ]
    one = a_preview(DANA, rows_of(parts))
    assert dana.delete(f"/trades/{gone['tradeId']}").status == 204
    done = committed(dana, applying, one)
    assert [each.line for each in done.remarks] == [2, 3, 4]
    assert done.applied.linked == 0
    undone(dana, applying, done)
    assert [each.get("source", "MANUAL") for each in trades(dana)] == ["MANUAL"] * 2


def test_a_row_that_differs_from_an_execution_corrects_it_until_it_is_undone(dana: Client, applying: Applying) -> None:
    first, second = put(dana, fill("BUY", "2", "10", 0), fill("SELL", "2", "12", 5))
    before = journal(dana)
    of: dict[str, Any] = {"outcome": RowOutcome.CHANGED, "of": Same(execution_id=first["execution"]["executionId"])}
    lost: dict[str, Any] = {"outcome": RowOutcome.CHANGED, "of": Same(execution_id=an_id("lost"))}
    wrong: dict[str, Any] = {"outcome": RowOutcome.CHANGED, "of": Same(execution_id=second["execution"]["executionId"])}
    parts: list[Part] = [
        a_fill("BUY", "2", "11", 0, **of),
        a_fill("BUY", "2", "11", 1, **lost),
        a_fill("SELL", "2", "0." + "1" * 30, 5, **wrong),
    ]
    done = committed(dana, applying, a_preview(DANA, rows_of(parts)))
    assert nets(dana) == ["2"]
    assert (done.applied.linked, [each.line for each in done.remarks]) == (1, [3, 4])
    undone(dana, applying, done)
    assert like_before(journal(dana)) == like_before(before)


def test_an_execution_that_was_edited_after_its_correction_stays(dana: Client, applying: Applying) -> None:
    [first] = put(dana, fill("BUY", "2", "10", 0))
    of: dict[str, Any] = {"outcome": RowOutcome.CHANGED, "of": Same(execution_id=first["execution"]["executionId"])}
    done = committed(dana, applying, a_preview(DANA, rows_of([a_fill("BUY", "2", "11", 0, **of)])))
    path = f"/executions/{first['execution']['executionId']}"
    assert dana("PATCH", path, {"price": "13"}).status == 200
    undone(dana, applying, done)
    assert dana.get(path).json["price"] == "13"


def test_a_correction_that_cannot_be_taken_back_stays_and_is_said(
    dana: Client, applying: Applying, monkeypatch: pytest.MonkeyPatch
) -> None:
    [first] = put(dana, fill("BUY", "2", "10", 0))
    of: dict[str, Any] = {"outcome": RowOutcome.CHANGED, "of": Same(execution_id=first["execution"]["executionId"])}
    parts: list[Part] = [a_fill("BUY", "2", "11", 0, **of)]
    done = committed(dana, applying, a_preview(DANA, rows_of(parts)))

    def refuse(*_: Any) -> Any:
        raise StateForbids("no")

    monkeypatch.setattr(PositionChanges, "change", refuse)
    done = undone(dana, applying, done)
    assert [each.detail for each in done.remarks] == ["the execution stays corrected: no"]
    again = a_preview(DANA, rows_of([a_fill("BUY", "2", "12", 0, **of)]))
    done = committed(dana, applying, again)
    assert [each.detail for each in done.remarks] == ["the execution stays as it was: no"]


def test_a_trade_that_changes_while_it_is_linked_is_linked_as_it_is_then(
    dana: Client, applying: Applying, monkeypatch: pytest.MonkeyPatch
) -> None:
    trade = hand_made(dana, quantity="2", entryPrice="10", symbol="NVDA")
    changes = ["first", "second"]

    def in_between(*given: Any) -> Any:
        if changes:
            assert dana("PATCH", f"/trades/{trade['tradeId']}", {"lessons": changes.pop()}).status == 200
        return convert_trade.convert(*given)

    monkeypatch.setattr("handlers.usecases.import_links.convert", in_between)
    part = a_fill("BUY", "2", "10.01", 0, symbol="NVDA", **linked(trade))
    done = committed(dana, applying, a_preview(DANA, rows_of([part])))
    assert (trades(dana)[0]["lessons"], done.applied.linked) == ("first", 1)
    undone(dana, applying, done)
    assert (trades(dana)[0]["lessons"], trades(dana)[0].get("source")) == ("first", None)


def test_a_trade_that_is_deleted_while_it_is_linked_is_left_out(
    dana: Client, applying: Applying, monkeypatch: pytest.MonkeyPatch
) -> None:
    trade = hand_made(dana, quantity="2", entryPrice="10", symbol="NVDA")
    part = a_fill("BUY", "2", "10.01", 0, symbol="NVDA", **linked(trade))
    keep = import_files.keep_for_undo

    def in_between(*given: Any) -> None:
        keep(*given)
        assert dana.delete(f"/trades/{trade['tradeId']}").status == 204

    monkeypatch.setattr(import_files, "keep_for_undo", in_between)
    done = committed(dana, applying, a_preview(DANA, rows_of([part])))
    assert (done.applied.linked, done.remarks_made) == (0, 1)


def test_a_trade_whose_position_is_being_settled_is_linked_after_that(
    dana: Client, applying: Applying, monkeypatch: pytest.MonkeyPatch
) -> None:
    trade = hand_made(dana, quantity="2", entryPrice="10", symbol="NVDA")
    limit = "handlers.usecases.position_changes.MOST_READ"
    monkeypatch.setattr(limit, -1)
    early = "2026-01-01T10:00:00Z"
    for side in ("BUY", "SELL"):
        answer = dana.post("/executions", fill(side, "1", "9", 0, symbol="NVDA", executedAt=early))
        assert answer.status == 202
    part = a_fill("BUY", "2", "10.01", 0, symbol="NVDA", **linked(trade))
    one = a_preview(DANA, rows_of([part]))
    assert dana.post(f"/imports/{one.import_id}/commit", {}, headers={"If-Match": '"2"'}).status == 202
    applying.once()
    assert (trades(dana)[0].get("source"), imports.get(DANA, one.import_id).remarks) == (None, ())
    monkeypatch.setattr(limit, 2_000)
    assert applying.run(one).applied.linked == 1


def test_a_trade_to_which_the_money_of_the_file_cannot_be_given_keeps_its_own(dana: Client, applying: Applying) -> None:
    trade = a_trade_by_hand(dana)
    before = journal(dana)
    part = a_fill("SELL", "2", "0." + "1" * 30, 305, symbol="NVDA", **linked(trade))
    done = committed(dana, applying, a_preview(DANA, rows_of([part])))
    [said] = done.remarks
    assert (done.applied.linked, said.detail.startswith("the trade keeps its own money: price ")) == (0, True)
    assert [each["netPnl"] for each in trades(dana)] == [trade["netPnl"]]
    undone(dana, applying, done)
    assert like_before(journal(dana)) == like_before(before)


@pytest.mark.parametrize("span", [1, 1000])
@pytest.mark.parametrize("own_id", [{"externalId": "late"}, {}])
def test_a_trade_that_vanished_by_the_import_comes_back(
    dana: Client, applying: Applying, monkeypatch: pytest.MonkeyPatch, own_id: dict[str, str], span: int
) -> None:
    monkeypatch.setattr(settling, "SPAN", span)
    early = hand_made(
        dana, closed("1", "11", 1), quantity="1", entryPrice="10", symbol="NVDA", commission="0", fees="0"
    )
    late = hand_made(dana, quantity="2", entryPrice="12", symbol="NVDA", openDate="2026-01-06T10:00:00Z", **own_id)
    parts: list[Part] = [
        a_fill("BUY", "1", "10.01", 0, symbol="NVDA", name="a", **linked(early)),
        a_fill("BUY", "2", "12.01", 24 * 60, symbol="NVDA", name="b", **linked(late)),
        a_fill("BUY", "5", "11", 1, symbol="NVDA", name="between"),
        a_fill("BUY", "1", "9", -20, symbol="NVDA"),
        a_fill("SELL", "1", "9", -10, symbol="NVDA"),
    ]
    done = committed(dana, applying, a_preview(DANA, rows_of(parts)))
    assert len(trades(dana)) == 2
    undone(dana, applying, done)
    found = {each["tradeId"]: each for each in trades(dana)}
    assert found.keys() == {early["tradeId"], late["tradeId"]}
    assert {each.get("source") for each in found.values()} == {None}
    assert found[late["tradeId"]].get("externalId") == own_id.get("externalId")
    assert dana.get("/executions").json["items"] == []


def test_a_trade_that_comes_back_leaves_its_external_id_to_who_has_it_now(dana: Client, applying: Applying) -> None:
    early = hand_made(dana, closed("1", "11", 1), quantity="1", entryPrice="10", symbol="NVDA")
    late = hand_made(
        dana, quantity="2", entryPrice="12", symbol="NVDA", openDate="2026-01-06T10:00:00Z", externalId="late"
    )
    parts: list[Part] = [
        a_fill("BUY", "1", "10.01", 0, symbol="NVDA", name="a", **linked(early)),
        a_fill("BUY", "2", "12.01", 24 * 60, symbol="NVDA", name="b", **linked(late)),
        a_fill("BUY", "5", "11", 1, symbol="NVDA", name="between"),
    ]
    done = committed(dana, applying, a_preview(DANA, rows_of(parts)))
    hand_made(dana, symbol="ELSE", externalId="late")
    undone(dana, applying, done)
    assert dana.get(f"/trades/{late['tradeId']}").json.get("externalId") is None


def test_a_trade_that_is_executions_already_is_only_corrected(
    dana: Client, applying: Applying, monkeypatch: pytest.MonkeyPatch
) -> None:
    trade = hand_made(dana, quantity="2", entryPrice="10", symbol="NVDA")
    part = a_fill("BUY", "2", "10.01", 0, symbol="NVDA", **linked(trade))
    keep = import_files.keep_for_undo

    def in_between(*given: Any) -> None:
        keep(*given)
        assert dana.post(f"/trades/{trade['tradeId']}/to-executions").status == 200

    monkeypatch.setattr(import_files, "keep_for_undo", in_between)
    done = committed(dana, applying, a_preview(DANA, rows_of([part])))
    assert (trades(dana)[0]["entryPrice"], done.applied.linked) == ("10.01", 1)


def test_a_correction_that_was_made_already_is_not_made_again(dana: Client, applying: Applying) -> None:
    [first] = put(dana, fill("BUY", "2", "10", 0))
    of: dict[str, Any] = {"outcome": RowOutcome.CHANGED, "of": Same(execution_id=first["execution"]["executionId"])}
    parts: list[Part] = [a_fill("BUY", "2", "11", 0, **of)]
    for _ in range(2):
        assert committed(dana, applying, a_preview(DANA, rows_of(parts))).applied.linked == 1
        [execution] = dana.get("/executions").json["items"]
        assert (execution["price"], execution["version"]) == ("11", 2)


def test_a_long_position_that_was_renamed_is_undone(
    dana: Client, applying: Applying, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(dana, fill("BUY", "1", "10", 0, symbol="OLD"), fill("SELL", "1", "11", 1, symbol="OLD"))
    rename = {"type": "RENAME", "symbol": "OLD", "newSymbol": "NEW", "effectiveAt": "2026-01-05T10:30:00Z"}
    assert dana.post("/corporate-actions", rename).status == 201
    before = journal(dana)
    parts: list[Part] = [a_fill("BUY" if n % 2 == 0 else "SELL", "1", "9", 10 + n, symbol="OLD") for n in range(10)]
    done = committed(dana, applying, a_preview(DANA, rows_of(parts)))
    assert len(trades(dana)) == 6
    monkeypatch.setattr(executions, "MOST_WRITTEN", 12)
    undone(dana, applying, done)
    assert like_before(journal(dana)) == like_before(before)
