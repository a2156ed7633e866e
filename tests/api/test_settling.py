"""Positions whose trades follow behind the answer: marked in the request, told of by the stream, settled by a queue."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from handlers.entry.ledger import after_ledger_change, settle_positions
from handlers.storage import clients, dynamo, erasure_marks, executions
from handlers.storage.errors import Unavailable
from tests.api.behind import Behind, Context
from tests.api.client import DANA, Answer, Client
from tests.api.test_executions import fill, nets, put, trades
from tests.api.test_faults import KINDS, Aws, Mode
from tests.api.test_faults import failing as failing
from tests.api.user_data import messages_of


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:

    def limit(most: int) -> None:
        monkeypatch.setattr("handlers.usecases.position_changes.MOST_READ", most)

    return limit


def accepted(answer: Answer) -> dict[str, Any]:
    assert answer.status == 202, answer.json
    shown: dict[str, Any] = answer.json
    return shown


def is_settled(client: Client, execution: dict[str, Any]) -> bool:
    path = f"/executions/{execution['execution']['executionId']}"
    return bool(client.get(path).json["settled"])


Limit = Callable[[int], None]


def test_a_fill_of_a_large_position_is_recorded_at_once_and_settled_behind_the_answer(
    dana: Client, behind: Behind, small: Limit
) -> None:
    made = put(dana, *[fill("BUY", "1", "10", n) for n in range(3)])
    assert made[-1]["execution"]["settled"] is True
    small(2)
    answer = dana.post("/executions", fill("BUY", "2", "13", 3), headers={"Idempotency-Key": "k"})
    shown = accepted(answer)
    assert (shown["trades"], shown["execution"]["settled"]) == ([], False)
    assert answer.headers["location"].endswith(shown["execution"]["executionId"])
    again = dana.post("/executions", fill("BUY", "2", "13", 3), headers={"Idempotency-Key": "k"})
    assert (again.status, again.json, again.headers["idempotent-replayed"]) == (202, shown, "true")
    assert (is_settled(dana, made[0]), is_settled(dana, shown)) == (True, False)
    [position] = dana.get("/positions").json["items"]
    assert position.pop("asOf")
    assert position == {
        "accountId": shown["execution"]["accountId"],
        "symbol": "AAPL",
        "currency": "USD",
        "side": "BUY",
        "quantity": "5",
        "settled": False,
    }
    assert [trade["quantity"] for trade in trades(dana)] == ["3"]
    assert behind.settle() == 1
    assert is_settled(dana, shown)
    [trade] = trades(dana)
    assert (trade["quantity"], trade["entryPrice"], len(trade["entries"])) == ("5", "11.2", 4)
    [position] = dana.get("/positions").json["items"]
    assert position["settled"] is True
    assert (position["costBasis"], position["tradeId"]) == ("56", trade["tradeId"])
    assert behind.settle() == 0


def test_a_burst_that_flips_a_large_position_has_its_trades_in_the_end(
    dana: Client, behind: Behind, small: Limit
) -> None:
    put(dana, *[fill("BUY", "1", "10", n) for n in range(3)])
    small(2)
    burst = [
        fill("SELL", "5", "12", 10),
        fill("SELL", "1", "12", 10),
        fill("BUY", "3", "11", 11, positionEffect="CLOSE"),
        fill("BUY", "1", "9", 12),
    ]
    made = [accepted(dana.post("/executions", each)) for each in burst]
    # Sequences of one instant, and the trades that the settler will make, are known at once.
    [opened] = {trade_id for each in made[1:3] for trade_id in each["execution"]["tradeIds"]}
    assert [len(each["execution"]["tradeIds"]) for each in made] == [2, 1, 1, 1]
    too_much = dana.post("/executions", fill("SELL", "2", "9", 13, positionEffect="CLOSE"))
    assert (too_much.status, too_much.kind) == (409, "/problems/position-too-small")
    assert dana.get("/positions").json["items"][0]["quantity"] == "1"
    assert behind.settle() == 1  # those that were marked again are left to the last message
    assert nets(dana) == ["6", "3", None]
    assert trades(dana)[1]["tradeId"] == opened
    for execution in dana.get("/executions").json["items"]:
        assert set(execution["tradeIds"]) <= {trade["tradeId"] for trade in trades(dana)}
    small(2_000)
    again = put(dana, fill("SELL", "1", "10", 14))
    assert again[0]["trades"][0]["netPnl"] == "1"


def test_a_late_fill_in_a_large_position_regroups_its_trades_and_notes_follow(
    dana: Client, behind: Behind, small: Limit
) -> None:
    put(dana, fill("BUY", "1", "10", 1), fill("SELL", "1", "11", 2), fill("BUY", "1", "10", 5))
    for trade, text in zip(trades(dana), ("first", "second"), strict=True):
        dana.patch(f"/trades/{trade['tradeId']}", {"lessons": text})
    small(1)
    late = accepted(dana.post("/executions", fill("BUY", "1", "9", 0)))
    assert late["execution"]["tradeIds"] == []
    assert [trade["lessons"] for trade in trades(dana)] == ["first", "second"]
    behind.settle()
    [joined] = trades(dana)
    assert (joined["lessons"], joined["remainingQuantity"]) == ("first\n\n---\n\nsecond", "2")
    executions_ = dana.get("/executions").json["items"]
    assert {tuple(each["tradeIds"]) for each in executions_} == {(joined["tradeId"],)}
    # Taken back, also behind the answer: the trades are two again.
    answer = dana.delete(f"/executions/{late['execution']['executionId']}")
    assert (answer.status, answer.body) == (202, b"")
    behind.settle()
    assert [trade["status"] for trade in trades(dana)] == ["CLOSED", "OPEN"]
    assert dana.get("/deleted-trades").json["items"] == []


def test_a_correction_in_a_large_position_is_settled_behind_the_answer_unless_it_is_of_words(
    dana: Client, behind: Behind, small: Limit
) -> None:
    first, *_ = put(dana, *[fill("BUY", "1", "10", n) for n in range(3)])
    small(2)
    path = f"/executions/{first['execution']['executionId']}"
    noted = dana.patch(path, {"note": "typo"})
    assert (noted.status, noted.json["execution"]["settled"], len(noted.json["trades"])) == (200, True, 1)
    corrected = dana.patch(path, {"price": "13", "quantity": "2"}, headers={"If-Match": '"2"'})
    shown = accepted(corrected)
    assert (shown["execution"]["price"], shown["trades"], corrected.headers["etag"]) == ("13", [], '"3"')
    assert dana.patch(path, {"price": "13.0"}).status == 202  # nothing changes, and the trades still follow
    assert dana.patch(path, {"note": "again"}).status == 202
    behind.settle()
    assert (trades(dana)[0]["quantity"], trades(dana)[0]["entryPrice"]) == ("4", "11.5")
    moved = accepted(dana.patch(path, {"executedAt": "2026-01-05T11:00:00Z", "side": "SELL"}))
    assert dana.get("/positions").json["items"] == []  # flat, and it follows
    behind.settle()
    assert nets(dana) == ["6"]
    assert is_settled(dana, moved)
    assert dana.patch(path, {"price": "13.0"}).status == 200


def test_what_a_large_position_cannot_say_at_once_has_to_be_given(dana: Client, behind: Behind, small: Limit) -> None:
    put(dana, *[fill("BUY", "1", "10", n) for n in range(1, 4)])
    small(2)
    at = "2026-01-05T12:00:00Z"
    out = {"symbol": "AAPL", "kind": "TRANSFER_OUT", "quantity": "1", "executedAt": at}
    assert dana.post("/executions", out).kind == "/problems/state-forbids"
    late = {"symbol": "AAPL", "kind": "EXPIRY", "executedAt": "2026-01-05T10:00:00Z"}
    assert dana.post("/executions", late).kind == "/problems/state-forbids"
    other = dana.post("/executions", fill("BUY", "1", "10", 4, instrument={"multiplier": "5", "currency": "USD"}))
    assert (other.status, ("body", "/instrument/multiplier") in other.bad_fields) == (422, True)
    # A late one that takes more than was open is found behind the answer, and says so.
    accepted(dana.post("/executions", {**late, "side": "SELL", "quantity": "1"}))
    expired = accepted(dana.post("/executions", {"symbol": "AAPL", "kind": "EXPIRY", "executedAt": at}))
    assert (expired["execution"]["side"], expired["execution"]["quantity"]) == ("SELL", "2")
    behind.settle()
    short, long = trades(dana)
    assert (short["warnings"], short["status"]) == (["CLOSING_FILL_OPENED"], "CLOSED")
    assert long["status"] == "CLOSED"


def test_more_trades_than_a_transaction_holds_change_behind_the_answer(
    dana: Client, behind: Behind, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(dana, fill("BUY", "1", "10", 1), *[fill("SELL" if n % 2 else "BUY", "2", "10", 1 + n) for n in range(1, 6)])
    before = trades(dana)
    assert len(before) == 6
    for number, trade in enumerate(before):
        dana.patch(f"/trades/{trade['tradeId']}", {"lessons": f"note {number}"})
    monkeypatch.setattr(executions, "MOST_WRITTEN", 6)
    late = accepted(dana.post("/executions", fill("BUY", "1", "10", 0)))
    assert {trade["tradeId"] for trade in trades(dana)} == {trade["tradeId"] for trade in before}
    assert behind.settle() == 1  # several parts raise the position's version, and mark it once
    assert [(trade["quantity"], trade["netPnl"]) for trade in trades(dana)] == [("2", "0")] * 3
    written = " ".join(trade["lessons"] for trade in trades(dana))
    assert all(f"note {number}" in written for number in range(6))
    assert is_settled(dana, late)


def test_images_that_cannot_be_handed_over_behind_the_answer_stay(dana: Client, behind: Behind, small: Limit) -> None:
    put(dana, fill("BUY", "1", "10", 1), fill("SELL", "1", "11", 2), fill("BUY", "1", "10", 5))
    _, second = trades(dana)
    dana.patch(f"/trades/{second['tradeId']}", {"lessons": "x" * 9_999})
    dana.patch(f"/trades/{trades(dana)[0]['tradeId']}", {"lessons": "y" * 9_999})
    small(1)
    accepted(dana.post("/executions", fill("BUY", "1", "9", 0)))
    behind.settle()
    aside = dana.get(f"/trades/{second['tradeId']}").json
    assert (aside["status"], aside["lessons"], aside.get("source")) == ("CANCELLED", "x" * 9_999, None)
    assert dana.delete(f"/trades/{second['tradeId']}").status == 204


def test_a_message_that_comes_again_or_late_changes_nothing(dana: Client, behind: Behind, small: Limit) -> None:
    put(dana, *[fill("BUY", "1", "10", n) for n in range(3)])
    small(2)
    accepted(dana.post("/executions", fill("BUY", "1", "10", 3)))
    behind.tell()
    messages = messages_of(behind.queue)
    for _ in range(2):
        assert settle_positions({"Records": messages}, Context()) == {"batchItemFailures": []}
    [trade] = trades(dana)
    assert (trade["quantity"], trade["version"]) == ("4", 4)
    accepted(dana.post("/executions", fill("BUY", "1", "10", 4)))
    assert settle_positions({"Records": messages}, Context()) == {"batchItemFailures": []}
    assert trades(dana)[0]["quantity"] == "4"  # it is left to the later message
    behind.settle()
    assert trades(dana)[0]["quantity"] == "5"


def test_a_message_that_cannot_be_sent_or_handled_comes_again(
    dana: Client, behind: Behind, small: Limit, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(dana, *[fill("BUY", "1", "10", n) for n in range(3)])
    small(2)
    accepted(dana.post("/executions", fill("BUY", "1", "10", 3)))
    records = behind.records()

    def refuse(**_: object) -> None:
        raise Unavailable("no queue")

    with monkeypatch.context() as patch:
        patch.setattr(clients.sqs(), "send_message", refuse)
        failed = after_ledger_change({"Records": records}, None)["batchItemFailures"]
    assert len(failed) == 1
    for _ in range(2):
        assert after_ledger_change({"Records": records}, None) == {"batchItemFailures": []}
    messages = messages_of(behind.queue)
    assert len(messages) == 1  # the second one is the same to the queue
    with monkeypatch.context() as patch:
        patch.setattr(dynamo, "transact", refuse)
        failed = settle_positions({"Records": messages}, Context())["batchItemFailures"]
    assert failed == [{"itemIdentifier": messages[0]["messageId"]}]
    assert settle_positions({"Records": messages}, Context()) == {"batchItemFailures": []}
    assert trades(dana)[0]["quantity"] == "4"


def test_nothing_is_written_for_an_account_that_is_being_erased(dana: Client, behind: Behind, small: Limit) -> None:
    put(dana, *[fill("BUY", "1", "10", n) for n in range(3)])
    small(2)
    accepted(dana.post("/executions", fill("BUY", "1", "10", 3)))
    erasure_marks.begin(DANA, datetime.now(UTC))
    assert behind.settle() == 1
    assert trades(dana)[0]["quantity"] == "3"


def test_a_position_remembers_the_trades_of_so_many_deleted_executions(
    dana: Client, behind: Behind, small: Limit, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = put(dana, *[fill("BUY", "1", "10", n) for n in range(4)])
    small(1)
    monkeypatch.setattr(executions, "_MOST_GONE", 2)
    paths = [f"/executions/{each['execution']['executionId']}" for each in made]
    assert [dana.delete(path).status for path in paths[:2]] == [202, 202]
    assert dana.delete(paths[2]).status == 429
    behind.settle()
    assert dana.delete(paths[2]).status == 202


@pytest.mark.parametrize("mode", ["once", "lasting"])
@pytest.mark.parametrize("kind", KINDS)
def test_settling_survives_every_fault_at_every_call(
    failing: Aws, dana: Client, behind: Behind, monkeypatch: pytest.MonkeyPatch, kind: str, mode: Mode
) -> None:
    """What breaks at any call of the settler is mended when the message comes again."""
    at, was_reached = 0, True
    while was_reached:
        at += 1
        symbol = {"symbol": f"S{at}"}
        put(dana, *[fill(side, "1", "10", n + 1, **symbol) for n, side in enumerate(("BUY", "SELL", "BUY", "SELL"))])
        own = [trade for trade in trades(dana) if trade["symbol"] == f"S{at}"]
        for number, trade in enumerate(own):
            dana.patch(f"/trades/{trade['tradeId']}", {"lessons": f"note {number}"})
        with monkeypatch.context() as patch:
            patch.setattr(executions, "MOST_WRITTEN", 5)  # several parts, and too much for a request
            accepted(dana.post("/executions", fill("BUY", "2", "10", 0, **symbol)))
            assert behind.tell() == []
            messages = messages_of(behind.queue)
            failing.fail(kind, mode, at)
            failed = settle_positions({"Records": messages}, Context())["batchItemFailures"]
            was_reached = failing.calls >= at
            failing.work()
            if failed:
                assert settle_positions({"Records": messages}, Context()) == {"batchItemFailures": []}
        [trade] = [trade for trade in trades(dana) if trade["symbol"] == f"S{at}"]
        assert (trade["remainingQuantity"], len(trade["entries"]), len(trade["partialCloses"])) == ("2", 3, 2)
        assert trade["lessons"].count("note") == 2
    assert at > 5


def test_many_executions_of_a_large_position_are_recorded_together(dana: Client, behind: Behind, small: Limit) -> None:
    put(dana, *[fill("BUY", "1", "10", n) for n in range(3)])
    small(2)
    fills = [
        fill("SELL", "2", "11", 5),
        fill("BUY", "1", "9", 0),  # a late one
        fill("SELL", "4", "12", 5),
        {"symbol": "AAPL", "kind": "EXPIRY", "executedAt": "2026-01-05T12:00:00Z"},
        {"symbol": "AAPL", "kind": "EXPIRY", "executedAt": "2026-01-05T12:00:00Z"},
    ]
    results = dana.post("/executions/bulk", {"items": [{"execution": each} for each in fills]}).json["results"]
    assert [result["status"] for result in results] == [202, 202, 202, 202, 409]
    assert results[3]["recorded"]["execution"]["quantity"] == "2"
    assert behind.settle() == 1
    assert [trade["status"] for trade in trades(dana)] == ["CLOSED", "CLOSED"]


def test_a_request_that_reads_all_of_a_marked_position_settles_it(dana: Client, behind: Behind, small: Limit) -> None:
    put(dana, fill("BUY", "1", "10", 1), fill("SELL", "1", "11", 2))
    small(1)
    late = accepted(dana.post("/executions", fill("BUY", "2", "9", 0)))
    gone = accepted(dana.post("/executions", fill("SELL", "5", "9", 3)))
    assert dana.delete(f"/executions/{gone['execution']['executionId']}").status == 202
    small(2_000)
    [made] = put(dana, fill("SELL", "2", "12", 4))
    assert made["trades"][0]["netPnl"] == "7"  # 11 + 24 - 28
    assert (len(trades(dana)), is_settled(dana, late)) == (1, True)
    assert behind.settle() == 0  # nothing is marked any more
    assert len(trades(dana)) == 1


def test_trades_that_are_one_now_are_one_behind_the_answer_and_in_the_list(
    dana: Client, behind: Behind, small: Limit
) -> None:
    put(dana, fill("BUY", "1", "10", 1), fill("SELL", "1", "11", 2), fill("BUY", "1", "10", 5))
    small(1)
    accepted(dana.post("/executions", fill("BUY", "1", "9", 0)))
    behind.settle()
    [trade] = trades(dana)
    assert trade["remainingQuantity"] == "2"


def test_a_settler_that_is_overtaken_leaves_it_to_the_next_message(
    dana: Client, behind: Behind, small: Limit, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(dana, *[fill("BUY", "1", "10", n) for n in range(3)])
    small(2)
    accepted(dana.post("/executions", fill("BUY", "1", "10", 3)))
    assert behind.tell() == []
    messages = messages_of(behind.queue)
    read, later = executions.since_flat, [fill("BUY", "1", "10", 4)]

    def then_overtaken(*args: Any) -> Any:
        found = read(*args)
        if later:
            accepted(dana.post("/executions", later.pop()))
        return found

    monkeypatch.setattr(executions, "since_flat", then_overtaken)
    assert settle_positions({"Records": messages}, Context()) == {"batchItemFailures": []}
    assert trades(dana)[0]["quantity"] == "3"
    behind.settle()
    assert trades(dana)[0]["quantity"] == "5"


def test_what_is_too_much_together_is_recorded_one_by_one(dana: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executions, "MOST_WRITTEN", 6)
    items = [{"execution": fill("BUY", "1", "10", n)} for n in range(4)]
    results = dana.post("/executions/bulk", {"items": items}).json["results"]
    assert [result["status"] for result in results] == [201] * 4
    assert trades(dana)[0]["quantity"] == "4"


def test_what_is_open_in_a_large_position_has_all_of_its_digits(dana: Client, small: Limit) -> None:
    put(dana, fill("BUY", "1", "10", 0))
    small(0)
    accepted(dana.post("/executions", fill("SELL", "1.000000000000000001", "10", 1)))
    quantity = "123456789012345.123456789012345678"
    accepted(dana.post("/executions", fill("SELL", quantity, "1", 2)))
    [position] = dana.get("/positions").json["items"]
    assert (position["side"], position["quantity"]) == ("SELL", f"{quantity[:-1]}9")
