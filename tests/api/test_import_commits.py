"""Imports are committed behind the answer: executions, cash and actions as their preview showed them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from handlers.entry.import_commits import apply_imports
from handlers.imports.decided import Decision, RowOutcome
from handlers.imports.record import MOST_WORKING, Import, ImportApplied, ImportReading, ImportStatus, Progress
from handlers.journal.executions import ExecutionKind, Instrument, PositionEffect
from handlers.storage import account_locks, clients, erasure_marks, executions, imports
from handlers.storage.errors import Contended
from handlers.usecases import (
    apply_import,
    import_batches,
    import_executions,
    import_recording,
    import_settling,
    settling,
)
from tests.api.applying import Applying
from tests.api.client import DANA, Answer, Client
from tests.api.import_files import Part, a_fill, a_preview, an_action, an_id, at, rows_of, some_cash
from tests.api.test_executions import MAIN, fill, nets, put, refused, trades
from tests.api.test_trading_accounts import make
from tests.api.uploading import Context
from tests.api.user_data import messages_of

pytestmark = pytest.mark.usefixtures("bucket")


def ask(client: Client, one: Import, headers: dict[str, str] | None = None, **given: str) -> Answer:
    """Ask to commit the import as it is at the version of its preview."""
    return client.post(
        f"/imports/{one.import_id}/commit", given, headers={"If-Match": f'"{one.version}"', **(headers or {})}
    )


def committed(client: Client, applying: Applying, one: Import) -> Import:
    answer = ask(client, one)
    assert answer.status == 202, answer.json
    done = applying.run(one)
    assert done.status is ImportStatus.COMMITTED
    return done


def positions(client: Client) -> dict[str, str]:
    return {each["symbol"]: each["quantity"] for each in client.get("/positions").json["items"]}


def test_fills_become_trades(dana: Client, applying: Applying) -> None:
    parts: list[Part] = [
        a_fill("BUY", "10", "100", 0, commission=Decimal(1), note="from the file", external_id="x-1", order_id="o-1"),
        a_fill("SELL", "4", "5", 1, symbol="MSFT"),
        a_fill("SELL", "10", "102", 5),
    ]
    one = a_preview(DANA, rows_of(parts), in_a_file=2)
    done = committed(dana, applying, one)
    assert nets(dana) == ["19", None]
    assert (done.applied.executions, done.applied.present, done.remarks) == (3, 0, ())
    listed = dana.get("/executions", query=f"importId={one.import_id}&order=asc").json["items"]
    assert {each["source"] for each in listed} == {"IMPORT"}
    assert (listed[0]["note"], listed[0]["externalId"], listed[0]["orderId"]) == ("from the file", "x-1", "o-1")
    shown = dana.get(f"/imports/{one.import_id}").json
    assert (shown["status"], shown["applied"]["executions"], shown["remarksMade"]) == ("COMMITTED", 3, 0)
    assert shown["expiresAt"] > shown["committedAt"]
    assert "progress" not in shown


def test_it_begins_at_once_and_is_repeated_by_its_key(dana: Client, applying: Applying) -> None:
    one = a_preview(DANA, rows_of([a_fill("BUY", "1", "1", 0)]))
    first = ask(dana, one, {"Idempotency-Key": "k"})
    assert (first.status, first.json["status"], first.headers["etag"]) == (202, "COMMITTING", '"3"')
    assert first.headers["retry-after"] == "2"
    applying.run(one)
    again = ask(dana, one, {"Idempotency-Key": "k"})
    assert (again.status, again.json, again.headers["idempotent-replayed"]) == (202, first.json, "true")
    assert refused(ask(dana, one, {"Idempotency-Key": "k"}, undecided="SKIP")) == (
        422,
        "/problems/idempotency-key-reused",
    )
    assert len(trades(dana)) == 1


def test_what_was_looked_at_is_what_is_committed(dana: Client, applying: Applying) -> None:
    one = a_preview(DANA, rows_of([a_fill("BUY", "1", "1", 0)]))
    path = f"/imports/{one.import_id}/commit"
    for headers in ({}, {"If-Match": "*"}):
        assert refused(dana.post(path, {}, headers=headers)) == (428, "/problems/precondition-required")
    assert refused(dana.post(path, {}, headers={"If-Match": '"1"'})) == (412, "/problems/version-mismatch")
    assert ask(dana, one).status == 202
    assert refused(dana.post(path, {}, headers={"If-Match": '"3"'})) == (409, "/problems/import-not-ready")
    assert dana.post(f"/imports/{an_id('nothing')}/commit", {}, headers={"If-Match": '"1"'}).status == 404
    assert applying.once()


@pytest.mark.usefixtures("bucket")
def test_what_the_file_leaves_open_has_to_be_said_first(dana: Client) -> None:
    one = a_preview(DANA, rows_of([a_fill("BUY", "1", "1", 0)]), reading=ImportReading(needs=("TIME_ZONE",)))
    answer = ask(dana, one)
    assert refused(answer) == (409, "/problems/import-not-ready")
    assert "TIME_ZONE" in answer.json["detail"]


def test_no_more_imports_are_worked_on_than_may_be(dana: Client, applying: Applying) -> None:
    ones = [a_preview(DANA, rows_of([a_fill("BUY", "1", "1", n)])) for n in range(MOST_WORKING + 1)]
    assert [ask(dana, one).status for one in ones] == [202] * MOST_WORKING + [429]
    assert applying.once()


def test_rows_without_a_decision_refuse_it_or_are_left_out(dana: Client, applying: Applying) -> None:
    orphan = a_fill("SELL", "1", "5", 1, outcome=RowOutcome.ORPHAN, symbol="MSFT")
    one = a_preview(DANA, rows_of([a_fill("BUY", "1", "1", 0), orphan], {3: None}))
    answer = ask(dana, one)
    assert refused(answer) == (409, "/problems/undecided-rows")
    assert answer.json["lines"] == [3]
    assert ask(dana, one, undecided="SKIP").status == 202
    applying.run(one)
    assert positions(dana) == {"AAPL": "1"}


def test_an_execution_that_is_there_is_left_as_it_is(dana: Client, applying: Applying) -> None:
    first = a_fill("BUY", "1", "10", 0)
    parts: list[Part] = [first, a_fill("SELL", "1", "12", 1)]
    committed(dana, applying, a_preview(DANA, rows_of(parts)))
    assert dana("PATCH", f"/executions/{first.execution_id}", {"price": "11"}).status == 200
    done = committed(dana, applying, a_preview(DANA, rows_of([*parts, a_fill("BUY", "2", "5", 2)])))
    assert (done.applied.executions, done.applied.present) == (1, 2)
    assert nets(dana) == ["1", None]


def test_a_duplicate_comes_only_if_its_row_was_decided_so(dana: Client, applying: Applying) -> None:
    one = a_preview(DANA, rows_of([a_fill("BUY", "1", "10", 0, outcome=RowOutcome.DUPLICATE)], {2: None}))
    done = committed(dana, applying, one)
    assert done.applied.executions == 0
    done = committed(
        dana, applying, a_preview(DANA, rows_of([a_fill("BUY", "1", "10", 0, outcome=RowOutcome.DUPLICATE)]))
    )
    assert done.applied.executions == 1


def test_a_position_that_takes_several_transactions_is_settled_once_it_is_whole(
    dana: Client, applying: Applying, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_batches, "MOST_PLANNED", 8)
    monkeypatch.setattr(executions, "MOST_WRITTEN", 11)
    put(dana, fill("BUY", "1", "10", 30), fill("SELL", "1", "11", 40))
    [kept] = trades(dana)
    path = f"/trades/{kept['tradeId']}"
    assert dana("PATCH", path, {"lessons": "mine"}).status == 200
    before = dana.get(path).json
    parts: list[Part] = [a_fill("BUY" if n < 4 else "SELL", "1", str(20 + n), n) for n in range(8)]
    one = a_preview(DANA, rows_of(parts))
    assert ask(dana, one).status == 202
    done, settled = [], []
    while imports.get(DANA, one.import_id).status is ImportStatus.COMMITTING:
        [*_, message] = messages_of(applying.queue)
        # A transaction a call: the first time is the deadline's, the others the checks'.
        assert apply([message], Context([300_000, 300_000, 1_000])) == {"batchItemFailures": []}
        applying.behind.tell()
        assert messages_of(applying.behind.queue) == []  # the settler hears of nothing
        assert dana.get(path).json == before
        found = imports.get(DANA, one.import_id)
        done.append(found.applied.executions)
        [held] = executions.positions(DANA)
        settled.append(held.dirty_since is None)
    assert done == [3, 7, 8, 8]
    assert settled == [False, False, True, True]
    assert nets(dana) == ["16", "1"]


def test_a_long_position_that_was_written_in_part_says_all_there_is_to_say(
    dana: Client, applying: Applying, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_batches, "MOST_PLANNED", 8)
    monkeypatch.setattr(executions, "MOST_WRITTEN", 11)
    committed(dana, applying, a_preview(DANA, rows_of([a_fill("BUY", "1", "19", 0, name="there")])))
    in_pounds: dict[str, Any] = {"instrument": Instrument(currency="GBP")}
    parts: list[Part] = [
        a_fill("BUY", "1", "19", 0, name="there"),
        *(a_fill("BUY", "1", "20", n, **(in_pounds if n in (1, 7) else {})) for n in range(1, 8)),
        a_fill("BUY", "1", "3", 9, kind=ExecutionKind.EXPIRY),
    ]
    one = a_preview(DANA, rows_of(parts))
    assert ask(dana, one).status == 202
    [*_, message] = messages_of(applying.queue)
    assert apply([message], Context([300_000, 300_000, 1_000])) == {"batchItemFailures": []}
    begun = imports.get(DANA, one.import_id)
    assert begun.progress == Progress(phase="EXECUTIONS", done=3, total=9)
    assert (begun.applied.executions, begun.remarks_made) == (3, 0)
    applying.send(one)
    done = applying.run(one)
    assert (done.applied.executions, done.applied.present) == (7, 1)
    assert [each.line for each in done.remarks] == [3, 9, 10]
    assert positions(dana) == {"AAPL": "8"}


def once_paused(applying: Applying, one: Import) -> Import:
    """Have one transaction of the import written; returns it as it is then. The rest is left to another call."""
    [*_, message] = messages_of(applying.queue)
    assert apply([message], Context([300_000, 300_000, 1_000])) == {"batchItemFailures": []}
    applying.send(one)
    return imports.get(DANA, one.import_id)


def test_a_long_position_of_which_all_new_executions_are_written_is_still_finished(
    dana: Client, applying: Applying, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_batches, "MOST_PLANNED", 0)
    monkeypatch.setattr(executions, "MOST_WRITTEN", 8)
    sides = ("BUY", "SELL", "BUY", "SELL")
    put(dana, *(fill(side, "1", str(n), 10 * n) for n, side in enumerate(sides, start=1)))
    assert nets(dana) == ["1", "1"]
    one = a_preview(DANA, rows_of([a_fill("BUY", "1", "5", 0)]))
    assert ask(dana, one).status == 202
    assert once_paused(applying, one).applied.executions == 1
    [held] = executions.positions(DANA)
    assert (held.dirty_since is None, held.dirty_version) == (False, None)
    done = applying.run(one)
    assert (done.status, done.applied) == (ImportStatus.COMMITTED, ImportApplied(executions=1))
    [only] = trades(dana)
    assert {tuple(each.trade_ids) for each in executions.every(DANA)} == {(only["tradeId"],)}
    assert positions(dana) == {"AAPL": "1"}


def test_a_long_position_of_which_all_is_there_stays_as_it_is(
    dana: Client, applying: Applying, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_batches, "MOST_PLANNED", 0)
    parts: list[Part] = [a_fill("BUY", "1", "10", 0), a_fill("SELL", "1", "12", 1)]
    committed(dana, applying, a_preview(DANA, rows_of(parts)))
    before = [*executions.positions(DANA)], trades(dana)
    done = committed(dana, applying, a_preview(DANA, rows_of(parts)))
    assert done.applied == ImportApplied(present=2)
    assert ([*executions.positions(DANA)], trades(dana)) == before


def test_a_call_that_goes_on_reads_what_is_not_settled_yet(
    dana: Client, applying: Applying, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_batches, "MOST_PLANNED", 0)
    monkeypatch.setattr(executions, "MOST_WRITTEN", 11)
    monkeypatch.setattr(settling, "SPAN", 1)
    parts: list[Part] = [a_fill("SELL" if n % 2 else "BUY", "1", str(10 + n), n) for n in range(20)]
    one = a_preview(DANA, rows_of(parts))
    assert ask(dana, one).status == 202
    marked: list[datetime] = []
    read: list[int] = []
    since_flat = executions.since_flat

    def counted(*given: Any) -> Any:
        found = since_flat(*given)
        read.append(len(found or ()))
        return found

    monkeypatch.setattr(executions, "since_flat", counted)
    while once_paused(applying, one).status is ImportStatus.COMMITTING:
        [held] = executions.positions(DANA)
        marked += [held.dirty_since] if held.dirty_since else []
    assert marked[0] == at(2)
    assert marked == sorted({*marked})
    assert len(marked) > 5
    assert max(read) <= 4, read
    assert nets(dana) == ["1"] * 10


@pytest.mark.parametrize("span", [1, 3, 100])
def test_a_long_position_has_the_same_trades_however_it_is_cut(
    dana: Client, applying: Applying, monkeypatch: pytest.MonkeyPatch, span: int
) -> None:
    monkeypatch.setattr(import_batches, "MOST_PLANNED", 0)
    monkeypatch.setattr(settling, "SPAN", span)
    # Three trades: the file adds to the first, joins the others, and closes what is open in the end.
    stored = [("BUY", 10), ("SELL", 12), ("BUY", 20), ("SELL", 22), ("BUY", 30), ("SELL", 32), ("BUY", 40)]
    put(dana, *(fill(side, "1", str(minute), minute) for side, minute in stored))
    ids = [each["tradeId"] for each in trades(dana)]
    for number, trade_id in enumerate(ids):
        assert dana("PATCH", f"/trades/{trade_id}", {"lessons": f"lesson {number}"}).status == 200
    added = [("BUY", 11), ("SELL", 13), ("BUY", 21), ("SELL", 33), ("SELL", 41), ("BUY", 50), ("SELL", 51)]
    parts: list[Part] = [a_fill(side, "1", str(minute), minute) for side, minute in added]
    committed(dana, applying, a_preview(DANA, rows_of(parts)))
    shown = [(each["tradeId"] in ids, each.get("lessons"), each["netPnl"]) for each in trades(dana)]
    assert shown == [
        (True, "lesson 0", "4"),
        (True, "lesson 1\n\n---\n\nlesson 2", "16"),
        (True, "lesson 3", "1"),
        (False, None, "1"),
    ]
    assert positions(dana) == {}
    [held] = executions.positions(DANA)
    assert (held.dirty_since, held.open_quantity, held.executions) == (None, Decimal(0), 0)


def test_a_long_position_that_was_renamed_is_marked_until_it_is_whole(
    dana: Client, applying: Applying, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_batches, "MOST_PLANNED", 0)
    monkeypatch.setattr(import_executions, "MOST_MARKED", 2)
    put(dana, fill("BUY", "1", "10", 0, symbol="OLD"))
    rename = {"type": "RENAME", "symbol": "OLD", "newSymbol": "NEW", "effectiveAt": "2026-01-05T10:30:00Z"}
    assert dana.post("/corporate-actions", rename).status == 201
    parts: list[Part] = [a_fill("BUY", "1", str(10 + n), n, symbol="OLD") for n in range(1, 6)]
    one = a_preview(DANA, rows_of(parts))
    assert ask(dana, one).status == 202
    assert once_paused(applying, one).applied.executions == 2
    done = applying.run(one)
    assert (done.status, done.applied) == (ImportStatus.COMMITTED, ImportApplied(executions=5))
    assert positions(dana) == {"NEW": "6"}


def apply(messages: list[dict[str, Any]], context: Any) -> dict[str, Any]:
    return apply_imports({"Records": messages}, context)


def test_a_position_without_executions_takes_the_instrument_of_the_file(dana: Client, applying: Applying) -> None:
    def es(minute: int, multiplier: str, currency: str | None = None) -> Part:
        of = Instrument(multiplier=Decimal(multiplier), currency=currency)
        return a_fill("BUY", "1", "10", minute, symbol="ES", instrument=of, name=(minute, multiplier))

    [made] = put(dana, fill("BUY", "1", "9", 0, symbol="ES"))
    assert dana.delete(f"/executions/{made['execution']['executionId']}").status == 204
    done = committed(dana, applying, a_preview(DANA, rows_of([es(0, "50")])))
    assert done.remarks == ()
    assert trades(dana)[0]["multiplier"] == "50"
    done = committed(dana, applying, a_preview(DANA, rows_of([es(1, "5", "EUR"), es(2, "50", "USD")])))
    assert [(each.line, each.detail) for each in done.remarks] == [
        (2, "taken with the multiplier 50 of ES in the account"),
        (2, "taken with the currency USD of ES in the account"),
    ]
    assert trades(dana)[0]["quantity"] == "3"


def test_what_leaves_without_a_price_leaves_at_its_cost(dana: Client, applying: Applying) -> None:
    leaves: dict[str, Any] = {"kind": ExecutionKind.TRANSFER_OUT}
    parts: list[Part] = [
        a_fill("BUY", "1", "10", 0),
        a_fill("BUY", "1", "12", 1),
        a_fill("SELL", "2", None, 2, **leaves),
        a_fill("SELL", "2", None, 3, symbol="MSFT", **leaves),
        a_fill("BUY", "3", None, 4, symbol="TSLA", kind=ExecutionKind.TRANSFER_IN),
        a_fill("SELL", "3", None, 5, symbol="TSLA", kind=ExecutionKind.EXPIRY),
    ]
    done = committed(dana, applying, a_preview(DANA, rows_of(parts)))
    assert trades(dana)[0]["netPnl"] == "0"
    assert [(each.line, each.detail) for each in done.remarks] == [
        (5, "left out: its price cannot be told from what is open")
    ]
    stored = executions.several(DANA, [an_id("later")])
    assert stored == {}
    later = a_preview(DANA, rows_of([a_fill("BUY", "1", "20", 10), a_fill("SELL", "1", None, 11, **leaves)]))
    assert committed(dana, applying, later).remarks == ()


def test_a_long_position_that_leaves_without_a_price_is_left_out(
    dana: Client, applying: Applying, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(dana, fill("BUY", "1", "10", 0), fill("BUY", "1", "10", 1))
    monkeypatch.setattr(import_recording, "MOST_READ", 1)
    monkeypatch.setattr(import_executions, "MOST_READ", 1)
    leaving = a_fill("SELL", "2", None, 2, kind=ExecutionKind.TRANSFER_OUT)
    done = committed(dana, applying, a_preview(DANA, rows_of([leaving, a_fill("BUY", "1", "11", 3)])))
    assert (done.applied.executions, done.remarks_made) == (1, 1)
    assert positions(dana) == {"AAPL": "3"}


def test_an_execution_that_breaks_a_rule_is_left_out_and_said(dana: Client, applying: Applying) -> None:
    wrong = a_fill("BUY", "1", "3", 0, kind=ExecutionKind.EXPIRY)
    done = committed(dana, applying, a_preview(DANA, rows_of([wrong, a_fill("BUY", "1", "1", 1)])))
    [said] = done.remarks
    assert (said.line, said.detail.startswith("left out: price ")) == (2, True)
    assert positions(dana) == {"AAPL": "1"}
    assert dana.get(f"/imports/{done.import_id}").json["remarks"] == [{"line": 2, "detail": said.detail}]


def test_an_opening_fill_comes_before_a_close_of_what_was_never_opened(dana: Client, applying: Applying) -> None:
    orphan = a_fill(
        "SELL", "5", "9", 0, outcome=RowOutcome.ORPHAN, opening=Decimal(5), position_effect=PositionEffect.CLOSE
    )
    done = committed(dana, applying, a_preview(DANA, rows_of([orphan])))
    assert done.applied.executions == 2
    [trade] = trades(dana)
    assert (trade["status"], trade["side"], trade["warnings"]) == ("CLOSED", "BUY", ["BASIS_UNKNOWN"])


def test_a_split_that_adds_units_has_the_ratio_of_what_is_held(dana: Client, applying: Applying) -> None:
    parts: list[Part] = [
        a_fill("BUY", "10", "100", 0),
        an_action("SPLIT", 5, added="30"),
        an_action("SPLIT", 6, added="5", symbol="MSFT"),
        an_action("SPLIT", 7, new="0", old="1"),
    ]
    done = committed(dana, applying, a_preview(DANA, rows_of(parts)))
    assert positions(dana) == {"AAPL": "40"}
    assert [each.line for each in done.remarks] == [4, 5]
    [action] = dana.get("/corporate-actions").json["items"]
    assert (action["new"], action["old"], action["importId"]) == ("4", "1", done.import_id)
    put(dana, fill("SELL", "40", "30", 50))
    none_held = a_preview(DANA, rows_of([an_action("SPLIT", 55, added="1"), an_action("SPLIT", 5, added="30")]))
    done = committed(dana, applying, none_held)
    assert (done.applied.actions, done.applied.present, done.remarks_made) == (0, 1, 1)


def test_an_action_is_applied_with_all_fills_of_its_symbol(dana: Client, applying: Applying) -> None:
    parts: list[Part] = [
        a_fill("BUY", "10", "100", 0),
        a_fill("SELL", "20", "51", 10),
        an_action("SPLIT", 5, new="2", old="1"),
        a_fill("BUY", "1", "7", 0, symbol="OLD"),
        an_action("RENAME", 6, symbol="OLD", new_symbol="NEW"),
    ]
    committed(dana, applying, a_preview(DANA, rows_of(parts)))
    assert nets(dana) == ["20", None]
    assert positions(dana) == {"NEW": "1"}


def test_two_cash_rows_of_one_id_are_two(dana: Client, applying: Applying) -> None:
    path = f"/accounts/{MAIN}/cash"
    theirs = {"type": "DEPOSIT", "amount": "5", "at": "2026-01-05T10:00:00Z", "externalId": "there"}
    assert dana.post(path, theirs).status == 201
    parts: list[Part] = [
        some_cash("DIVIDEND", "10", 0, external_id="one", symbol="AAPL"),
        some_cash("TAX", "-2", 0, external_id="one", symbol="AAPL"),
        some_cash("DEPOSIT", "5", 0, external_id="there"),
        some_cash("FEE", "-1", 0, external_id="there"),
        some_cash("WITHDRAWAL", "1", 0),
    ]
    done = committed(dana, applying, a_preview(DANA, rows_of(parts)))
    assert (done.applied.cash, done.applied.present) == (3, 1)
    assert [(each.line, each.detail.startswith("left out: amount")) for each in done.remarks] == [(6, True)]
    items = dana.get(path).json["items"]
    found = {(each["type"], each.get("externalId"), each.get("importId")) for each in items}
    assert found == {
        ("DEPOSIT", "there", None),
        ("DIVIDEND", "one", one_id(done)),
        ("TAX", None, one_id(done)),
        ("FEE", None, one_id(done)),
    }
    done = committed(dana, applying, a_preview(DANA, rows_of(parts[:2])))
    assert (done.applied.cash, done.applied.present) == (0, 2)


def one_id(one: Import) -> str:
    return one.import_id


def test_all_of_it_comes_into_the_account_of_the_import(dana: Client, applying: Applying) -> None:
    own = make(dana)["accountId"]
    parts: list[Part] = [
        a_fill("BUY", "1", "1", 0),
        some_cash("DEPOSIT", "5", 0),
        an_action("SPLIT", 5, new="2", old="1"),
    ]
    committed(dana, applying, a_preview(DANA, rows_of(parts), account_id=own))
    [position] = dana.get("/positions").json["items"]
    assert (position["accountId"], position["quantity"]) == (own, "2")
    assert len(dana.get(f"/accounts/{own}/cash").json["items"]) == 1


def test_imports_of_one_account_are_committed_one_after_the_other(dana: Client, applying: Applying) -> None:
    first = a_preview(DANA, rows_of([a_fill("BUY", "1", "1", 0)]))
    second = a_preview(DANA, rows_of([a_fill("BUY", "1", "1", 0), a_fill("BUY", "2", "1", 1)]))
    assert account_locks.take(DANA, MAIN, first.import_id, datetime.now(UTC))
    assert ask(dana, second).status == 202
    for _ in range(3):
        applying.once()
    assert imports.get(DANA, second.import_id).progress is None
    assert trades(dana) == []
    committed(dana, applying, first)  # which gives the account back
    done = applying.run(second)
    assert (done.applied.executions, done.applied.present) == (1, 1)


def test_a_lease_that_was_not_given_back_ends(dana: Client, applying: Applying) -> None:
    long_ago = datetime.now(UTC) - account_locks.LEASE - timedelta(minutes=1)
    assert account_locks.take(DANA, MAIN, "another", long_ago)
    committed(dana, applying, a_preview(DANA, rows_of([a_fill("BUY", "1", "1", 0)])))


def test_a_call_that_another_one_has_overtaken_stops(
    dana: Client, applying: Applying, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = a_preview(DANA, rows_of([a_fill("BUY", "1", "1", 0)]))
    assert ask(dana, one).status == 202
    places = executions.places
    inner: list[bool] = []

    def in_between(*given: Any, **named: Any) -> Any:
        found = places(*given, **named)
        if not inner:
            inner.append(True)
            applying.run(one)
        return found

    messages = messages_of(applying.queue)
    monkeypatch.setattr(executions, "places", in_between)
    applying.send(one)
    assert apply(messages[:1], Context()) == {"batchItemFailures": []}
    assert (nets(dana), imports.get(DANA, one.import_id).applied.executions) == ([None], 1)


def test_a_change_of_the_position_meanwhile_is_taken_into_account(
    dana: Client, applying: Applying, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = a_preview(DANA, rows_of([a_fill("BUY", "1", "1", 0)]))
    assert ask(dana, one).status == 202
    places = executions.places
    inner: list[bool] = []

    def in_between(*given: Any, **named: Any) -> Any:
        found = places(*given, **named)
        if not inner:
            inner.append(True)
            put(dana, fill("BUY", "5", "1", 2))
        return found

    monkeypatch.setattr(executions, "places", in_between)
    assert applying.run(one).status is ImportStatus.COMMITTED
    assert positions(dana) == {"AAPL": "6"}


def test_nothing_is_written_once_the_account_is_being_erased(dana: Client, applying: Applying) -> None:
    one = a_preview(DANA, rows_of([a_fill("BUY", "1", "1", 0)]))
    assert ask(dana, one).status == 202
    erasure_marks.begin(DANA, datetime.now(UTC))
    assert applying.once()
    assert applying.once() == 0
    assert clients.dynamodb().scan(TableName="trades", FilterExpression="attribute_exists(openDate)")["Count"] == 0


def test_an_import_into_an_account_that_is_being_deleted_fails(
    dana: Client, applying: Applying, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = make(dana)["accountId"]
    ones = [
        a_preview(DANA, rows_of(parts), account_id=own)
        for parts in ([a_fill("BUY", "1", "1", 0)], [some_cash("DEPOSIT", "5", 0)], [a_fill("BUY", "1", "1", 0)])
    ]
    monkeypatch.setenv("ERASURE_QUEUE_URL", clients.sqs().create_queue(QueueName="erasures")["QueueUrl"])
    assert all(ask(dana, one).status == 202 for one in ones[:2])
    assert dana.delete(f"/accounts/{own}", query="with=everything").status == 202
    for one in ones[:2]:
        done = applying.run(one)
        assert (done.status, done.failure) == (ImportStatus.FAILED, "NO_SUCH_ACCOUNT")
    missing = an_id("no account")
    cash = a_preview(DANA, rows_of([some_cash("DEPOSIT", "5", 0)]))
    for one, account_id in ((ones[2], own), (ones[2], missing), (cash, missing)):
        ones[2] = imports.get(DANA, one.import_id)
        gone = replace(ones[2], options=replace(ones[2].options, account_id=account_id))
        gone = replace(gone, status=ImportStatus.COMMITTING, version=gone.version + 1)
        imports.replace(gone, ones[2])
        ones[2] = gone
        clients.dynamodb().delete_item(TableName="ledger", Key={"userId": {"S": DANA}, "item": {"S": f"account|{own}"}})
        applying.send(gone)
        done = applying.run(gone)
        assert done.failure == "NO_SUCH_ACCOUNT"


def test_a_message_for_nothing_is_nothing(dana: Client, applying: Applying) -> None:
    one = a_preview(DANA, rows_of([a_fill("BUY", "1", "1", 0)]))
    applying.send(one)
    assert applying.once() == 1
    imports.delete(one)
    applying.send(one)
    assert applying.once() == 1
    assert trades(dana) == []


@pytest.mark.parametrize(
    ("symbol", "found"), [("AAPL", {"AAPL": "1", "MSFT": "2"}), ("MSFT", {"MSFT": "4"})], ids=["another", "its own"]
)
def test_the_settler_is_not_waited_for_without_end(
    dana: Client, applying: Applying, monkeypatch: pytest.MonkeyPatch, symbol: str, found: dict[str, str]
) -> None:
    monkeypatch.setattr(import_batches, "MOST_PLANNED", 0)
    parts: list[Part] = [
        a_fill("BUY", "1", "1", 0, symbol=symbol),
        an_action("SPLIT", 5, new="2", old="1", symbol="MSFT"),
    ]
    put(dana, fill("BUY", "1", "1", 0, symbol="MSFT"))
    one = a_preview(DANA, rows_of(parts))
    assert ask(dana, one).status == 202
    applying.once()
    assert imports.get(DANA, one.import_id).status is ImportStatus.COMMITTING
    monkeypatch.setattr(import_settling, "_SOON", timedelta(0))
    applying.once()
    monkeypatch.setattr(import_settling, "_LONGEST_WAIT", timedelta(0))
    applying.once()
    done = imports.get(DANA, one.import_id)
    assert (done.status, set(done.warnings)) == (ImportStatus.COMMITTED, {import_settling.NOT_SETTLED})
    applying.settle()
    assert positions(dana) == found


def test_work_is_taken_up_again_while_something_is_in_the_way(
    dana: Client, applying: Applying, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = a_preview(DANA, rows_of([a_fill("BUY", "1", "1", 0)]))
    assert ask(dana, one).status == 202
    places = executions.places

    def busy(*_: Any) -> Any:
        raise Contended

    monkeypatch.setattr(executions, "places", busy)
    assert [applying.once() for _ in range(2)] == [2, 2]
    monkeypatch.setattr(apply_import, "MOST_TRIES", 0)
    [message, *_] = messages_of(applying.queue)
    assert apply([message], Context()) == {"batchItemFailures": [{"itemIdentifier": message["messageId"]}]}
    monkeypatch.setattr(executions, "places", places)
    applying.send(one)
    assert applying.run(one).status is ImportStatus.COMMITTED


def test_positions_that_are_too_much_together_are_written_one_by_one(
    dana: Client, applying: Applying, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts: list[Part] = [
        a_fill("BUY" if n < 2 else "SELL", "1", "10", n, symbol=symbol) for symbol in ("A", "B") for n in range(3)
    ]
    one = a_preview(DANA, rows_of(parts))
    monkeypatch.setattr(executions, "MOST_WRITTEN", 10)
    assert ask(dana, one).status == 202
    assert applying.once()
    monkeypatch.setattr(executions, "MOST_WRITTEN", 97)
    assert applying.run(one).applied.executions == 6
    assert positions(dana) == {"A": "1", "B": "1"}
    assert [each["status"] for each in trades(dana)] == ["PARTIAL"] * 2


def test_pairs_of_one_symbol_stay_apart(dana: Client, applying: Applying) -> None:
    us = Instrument(currency="USD")
    parts: list[Part] = [
        a_fill(side, "1", price, minute, pair_id=pair, instrument=us)
        for pair, side, price, minute in (
            ("1", "BUY", "10", 0),
            ("2", "SELL", "11", 1),
            ("1", "SELL", "12", 2),
            ("2", "BUY", "10", 3),
        )
    ]
    committed(dana, applying, a_preview(DANA, rows_of(parts)))
    assert nets(dana) == ["2", "1"]


def test_actions_that_differ_between_positions_of_one_write_are_read_again(
    dana: Client, applying: Applying, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = executions.places
    inner: list[bool] = []

    def in_between(*given: Any, **named: Any) -> Any:
        found = places(*given, **named)
        if not inner:
            inner.append(True)
            split = {"type": "SPLIT", "symbol": "AAPL", "effectiveAt": "2026-01-05T10:05:00Z", "new": "2", "old": "1"}
            assert dana.post("/corporate-actions", split).status == 201
        return found

    parts: list[Part] = [a_fill("BUY", "1", "10", 0, pair_id=pair, name=pair) for pair in ("1", "2")]
    one = a_preview(DANA, rows_of(parts))
    assert ask(dana, one).status == 202
    monkeypatch.setattr(executions, "places", in_between)
    applying.run(one)
    assert [each["quantity"] for each in dana.get("/positions").json["items"]] == ["2", "2"]


def test_an_import_of_what_is_there_changes_nothing(dana: Client, applying: Applying) -> None:
    parts: list[Part] = [a_fill("BUY", "1", "10", 0), a_fill("SELL", "1", "12", 1)]
    committed(dana, applying, a_preview(DANA, rows_of(parts)))
    [before] = trades(dana)
    done = committed(dana, applying, a_preview(DANA, rows_of(parts)))
    assert (done.applied.executions, done.applied.present) == (0, 2)
    assert trades(dana) == [before]


def test_rows_that_are_skipped_stay_out(dana: Client, applying: Applying) -> None:
    parts: list[Part] = [
        some_cash("DEPOSIT", "5", 0),
        an_action("SPLIT", 5, new="2", old="1"),
        a_fill("BUY", "1", "1", 0),
    ]
    skipped = dict.fromkeys(range(2, 5), Decision.SKIP)
    done = committed(dana, applying, a_preview(DANA, rows_of(parts, skipped)))
    assert done.applied == ImportApplied()


def test_a_position_whose_action_is_refused_is_settled_all_the_same(dana: Client, applying: Applying) -> None:
    parts: list[Part] = [a_fill("BUY", "1", "10", 0), an_action("SPLIT", 5, new="0", old="1")]
    done = committed(dana, applying, a_preview(DANA, rows_of(parts)))
    assert (done.applied.actions, [each.line for each in done.remarks]) == (0, [3])
    assert positions(dana) == {"AAPL": "1"}
    assert len(trades(dana)) == 1
