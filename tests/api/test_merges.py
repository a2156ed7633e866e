"""An archive is merged with a journal: what would become of it is shown first, and exactly that is done."""

from __future__ import annotations

from typing import Any

from handlers.journal.settings import MAIN
from handlers.storage import import_edits
from tests.api import journals
from tests.api.client import Client, a_trade
from tests.api.journals import documents_of, exported, file_of, made
from tests.api.restoring import archive, changed, commit, compared, everything, merged, work
from tests.api.restoring import dana as dana
from tests.api.restoring import erin as erin
from tests.api.restoring import queue as queue
from tests.api.test_restores import ZIP, same


def backup(client: Client) -> bytes:
    return file_of(client.post("/exports", ZIP))


def outcomes(shown: Any) -> dict[str, tuple[int, int, int]]:
    """New, duplicate and changed documents by member, where there are any."""
    found = {each["name"]: (each["new"], each["duplicate"], each["changed"]) for each in shown["preview"]["members"]}
    return {name: numbers for name, numbers in found.items() if any(numbers)}


def fill(client: Client, symbol: str, side: str, quantity: str, minute: int, **given: Any) -> Any:
    at = f"2026-01-05T10:{minute:02}:00Z"
    given = {"symbol": symbol, "side": side, "quantity": quantity, "price": "10", "executedAt": at, **given}
    return made(client.post("/executions", given))


def test_merging_with_an_empty_journal_makes_an_equal_one(dana: Client, erin: Client, queue: str) -> None:
    journals.keep(dana)
    shown = merged(erin, queue, backup(dana))
    assert shown["status"] == "RESTORED", shown
    assert same(exported(erin), exported(dana))
    assert everything(erin) == everything(dana)


def test_merging_the_same_archive_again_adds_nothing(dana: Client, queue: str) -> None:
    journals.keep(dana)
    before, kept = exported(dana), everything(dana)
    shown = merged(dana, queue, backup(dana))
    assert (shown["status"], shown["preview"]["changed"]) == ("RESTORED", [])
    assert all(new == 0 and differing == 0 for new, _, differing in outcomes(shown).values())
    assert outcomes(shown)["trades"] == (0, 16, 0)
    assert same(exported(dana), before)
    assert everything(dana) == kept


def test_what_was_deleted_comes_back(dana: Client, queue: str) -> None:
    journals.keep(dana)
    file, before, kept = backup(dana), exported(dana), everything(dana)
    trades = dana.get("/trades", query="limit=100").json["items"]
    for trade in trades:
        if trade.get("source") != "LEDGER":
            assert dana.delete(f"/trades/{trade['tradeId']}").status == 204
    for account in (MAIN, *(each["accountId"] for each in dana.get("/accounts").json["items"])):
        for row in dana.get(f"/accounts/{account}/cash").json["items"]:
            dana.delete(f"/accounts/{account}/cash/{row['cashId']}")
    for group in documents_of(before, "groups"):
        assert dana.delete(f"/groups/{group['groupId']}").status == 204
    shown = merged(dana, queue, file)
    assert shown["status"] == "RESTORED", shown
    assert outcomes(shown)["groups"] == (1, 0, 0)
    assert same(exported(dana), before)
    assert everything(dana) == kept


def test_executions_that_were_deleted_come_back_with_their_trades(dana: Client, queue: str) -> None:
    bought = fill(dana, "A", "BUY", "10", 0)
    fill(dana, "A", "SELL", "4", 1, price="12")
    fill(dana, "A", "SELL", "6", 2, price="13")
    again = fill(dana, "A", "BUY", "3", 3)
    [trade] = bought["trades"]
    made(dana.patch(f"/trades/{trade['tradeId']}", {"lessons": "wait", "stopLoss": "9"}))
    made(dana.patch(f"/trades/{again['trades'][0]['tradeId']}", {"lessons": "hold"}))
    file, kept = backup(dana), everything(dana)
    executions = dana.get("/executions").json["items"]
    for one in executions[1:2]:
        assert dana.delete(f"/executions/{one['executionId']}").status == 204
    assert everything(dana)["trades"] != kept["trades"]
    shown = merged(dana, queue, file, conflicts="REPLACE")
    assert shown["status"] == "RESTORED", shown
    assert outcomes(shown)["executions"] == (1, 3, 0)
    assert money(everything(dana)) == money(kept)
    assert everything(dana)["statistics"] == kept["statistics"]


def money(document: Any) -> Any:
    names = ("tradeId", "symbol", "side", "status", "quantity", "netPnl", "lessons", "stopLoss", "entries")
    return [{name: trade.get(name) for name in names} for trade in document["trades"]]


def a_journal_of_two_halves(one: Client, other: Client) -> bytes:
    """Executions of one position in two journals. Returns the archive of the first."""
    fill(one, "A", "BUY", "10", 0)
    fill(one, "A", "SELL", "10", 5, price="12")
    [trade] = one.get("/trades").json["items"]
    made(one.patch(f"/trades/{trade['tradeId']}", {"lessons": "of one", "tags": ["one"]}))
    fill(other, "A", "BUY", "5", 2, price="11")
    fill(other, "A", "BUY", "1", 8, price="11")
    for trade in other.get("/trades").json["items"]:
        made(other.patch(f"/trades/{trade['tradeId']}", {"preTradeNotes": "of the other"}))
    return backup(one)


def test_halves_of_a_position_become_one(dana: Client, erin: Client, queue: str) -> None:
    shown = merged(erin, queue, a_journal_of_two_halves(dana, erin))
    assert shown["status"] == "RESTORED", shown
    whole = everything(erin)
    # As if all executions had been recorded in one journal: 15 bought, 10 sold, 1 bought.
    [trade] = whole["trades"]
    assert (trade["maxQuantity"], trade["remainingQuantity"], trade["lessons"]) == ("15", "6", "of one")
    assert trade["preTradeNotes"] == "of the other"
    position = erin.get("/positions").json["items"][0]
    assert (position["quantity"], position["settled"]) == ("6", True)
    again = merged(erin, queue, backup(dana), conflicts="KEEP")
    assert outcomes(again)["executions"] == (0, 2, 0)
    assert everything(erin) == whole


def test_an_edited_execution_of_an_import_is_known_as_edited(dana: Client, erin: Client, queue: str) -> None:
    a_journal_of_two_halves(dana, erin)

    def imported(documents: list[dict[str, Any]]) -> None:
        for number, document in enumerate(documents):
            documents[number] = {}
            for name, value in document.items():
                documents[number] |= {name: value, **({"importId": MAIN} if name == "source" else {})}
            documents[number]["version"] = 2 - number

    members = changed(exported(dana), "executions", imported)
    assert merged(erin, queue, archive(members))["status"] == "RESTORED"
    edited = import_edits.first(str(erin.user), MAIN, 9)
    assert edited.executions == [documents_of(members, "executions")[0]["executionId"]]


def test_corporate_actions_of_the_archive_change_what_is_held(dana: Client, erin: Client, queue: str) -> None:
    fill(dana, "A", "BUY", "10", 0)
    split = {"type": "SPLIT", "symbol": "A", "effectiveAt": "2026-01-06T10:00:00Z", "new": "2", "old": "1"}
    made(dana.post("/corporate-actions", split))
    spin = {"type": "SPINOFF", "symbol": "B", "newSymbol": "C", "effectiveAt": "2026-01-06T11:00:00Z"}
    fill(dana, "B", "BUY", "1", 0)
    made(dana.post("/corporate-actions", {**spin, "new": "1", "old": "1", "costShare": "0.5"}))
    fill(erin, "A", "BUY", "1", 1)
    fill(erin, "B", "BUY", "2", 1)
    fill(erin, "C", "BUY", "1", 1, pairId="apart")
    shown = merged(erin, queue, backup(dana))
    assert shown["status"] == "RESTORED", shown
    held = {(each["symbol"], each.get("pairId")): each["quantity"] for each in erin.get("/positions").json["items"]}
    assert held == {("A", None): "22", ("B", None): "3", ("C", None): "3", ("C", "apart"): "1"}
    assert all(each["settled"] for each in erin.get("/positions").json["items"])
    assert merged(erin, queue, backup(dana), conflicts="KEEP")["status"] == "RESTORED"


def edit(client: Client) -> None:
    """Change something of every kind that can be changed."""
    trades = {trade["symbol"].upper(): trade for trade in client.get("/trades", query="limit=100").json["items"]}
    for symbol in ("AAPL", "FLIP"):
        made(client.patch(f"/trades/{trades[symbol]['tradeId']}", {"lessons": "edited"}))
    made(client.patch("/settings", {"timeZone": "Asia/Tokyo"}))
    account = next(each for each in client.get("/accounts").json["items"] if each["accountId"] != MAIN)
    made(client.patch(f"/accounts/{account['accountId']}", {"broker": "edited"}))
    [row, *_] = client.get(f"/accounts/{MAIN}/cash").json["items"]
    made(client.patch(f"/accounts/{MAIN}/cash/{row['cashId']}", {"note": "edited"}))
    made(client("PUT", "/fx-rates", {"rates": [{"from": "EUR", "to": "USD", "day": "2026-01-05", "rate": "9"}]}))
    execution = next(each for each in client.get("/executions").json["items"] if each["symbol"] == "GE")
    made(client.patch(f"/executions/{execution['executionId']}", {"price": "11", "executedAt": "2026-01-05T12:00:00Z"}))
    [group] = client.get("/groups").json["items"]
    made(client("PUT", f"/groups/{group['groupId']}", {"name": "edited", "tradeIds": group["tradeIds"][:1]}))
    [mapping, *_] = client.get("/import-mappings").json["items"]
    given = {name: mapping[name] for name in ("rowKind", "columns")}
    made(client("PUT", f"/import-mappings/{mapping['mappingId']}", {**given, "name": "edited"}))


CHANGED = ["settings", "accounts", "trades", "trades", "groups", "executions", "cash", "fx", "mappings"]


def test_what_differs_is_named_and_refused(dana: Client, queue: str) -> None:
    journals.keep(dana)
    file = backup(dana)
    edit(dana)
    kept = exported(dana)
    offer = compared(dana, file)
    shown = offer["restore"]
    assert (shown["status"], shown["conflicts"]) == ("PREVIEW", "REFUSE")
    assert [each["name"] for each in shown["preview"]["changed"]] == CHANGED
    refused = commit(dana, offer, f'"{shown["version"]}"')
    assert (refused.status, refused.kind) == (409, "/problems/state-forbids")
    assert refused.json["detail"].startswith("9 documents differ")
    assert dana.get(f"/restores/{shown['restoreId']}").json == shown
    assert commit(dana, offer, f'"{shown["version"]}"', "conflicts=KEEP").status == 202
    assert work(queue) == []
    assert dana.get(f"/restores/{shown['restoreId']}").json["status"] == "RESTORED"
    assert same(exported(dana), kept)


def test_what_differs_is_replaced(dana: Client, queue: str) -> None:
    journals.keep(dana)
    file, before, mappings = backup(dana), everything(dana), dana.get("/import-mappings").json
    edit(dana)
    shown = merged(dana, queue, file, conflicts="REPLACE")
    assert shown["status"] == "RESTORED", shown
    again = merged(dana, queue, file)
    assert again["preview"]["changed"] == []
    after = everything(dana)
    for name in ("statistics", "rates", "cash"):
        assert without_versions(after[name]) == without_versions(before[name]), name
    for name in ("trades", "groups", "settings", "tradingAccounts", "executions"):
        assert without_versions(after[name]) == without_versions(before[name]), name
    assert without_versions(dana.get("/import-mappings").json) == without_versions(mappings)


def without_versions(value: Any) -> Any:
    """The document without versions and times of the last change."""
    if isinstance(value, dict):
        return {name: without_versions(each) for name, each in value.items() if name not in ("version", "updatedAt")}
    return [without_versions(each) for each in value] if isinstance(value, list) else value


def test_a_trade_that_comes_into_a_stored_position_takes_its_external_id(
    dana: Client, erin: Client, queue: str
) -> None:
    trade = f"/trades/{dana.new_trade(symbol='A', externalId='x', openDate='2026-01-05T11:00:00Z')['tradeId']}"
    made(dana.post(f"{trade}/to-executions"))
    fill(erin, "A", "BUY", "1", 0)
    fill(erin, "A", "SELL", "1", 1)
    assert merged(erin, queue, backup(dana))["status"] == "RESTORED"
    assert made(erin.get(trade))["externalId"] == "x"
    assert erin.post("/trades", a_trade(externalId="x")).kind == "/problems/external-id-taken"
