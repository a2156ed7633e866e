"""Deleting a trading account with all that it holds, interrupted at every point: nothing of it is left."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, Literal

import pytest

from handlers.entry import accounts as account_functions
from handlers.journal.settings import MAIN
from handlers.storage import account_contents, cash, clients, erasure_marks, trading_accounts
from handlers.storage.errors import AccountErased
from handlers.usecases import delete_trading_account as usecase
from handlers.usecases import trading_accounts as plain
from tests.api.client import DANA, Client, a_trade
from tests.api.contention import at_once, statuses
from tests.api.contention import one_call_at_a_time as one_call_at_a_time
from tests.api.test_cash import of, pay
from tests.api.test_currencies import account
from tests.api.test_erase_account import Kill, Killed
from tests.api.test_erase_account import delays as delays
from tests.api.test_executions import fill, put
from tests.api.test_reconciliations import reconcile
from tests.api.test_stats import record, settle
from tests.api.uploading import Context
from tests.api.user_data import Stores, message_of, messages_of

GROUP = "7e1d0c9b-8a7f-4e6d-b5c4-3a2b1c0d9e8f"
pytestmark = pytest.mark.usefixtures("delays")


def furnished(client: Client, group: str = GROUP, name: str = "1") -> str:
    """An account with data of every kind."""
    own = account(client, currency="USD")
    trade = record(client, "2026-01-05", "100", accountId=own, externalId=f"t-{name}")
    second = client.new_trade(accountId=own)
    trades = [trade["tradeId"], second["tradeId"]]
    assert client("PUT", f"/groups/{group}", {"name": "pair", "tradeIds": trades}).status == 201
    gone = client.new_trade(accountId=own)["tradeId"]
    assert client.delete(f"/trades/{gone}").status == 204
    for symbol in ("AAPL", "MSFT"):
        put(client, fill("BUY", "2", "10", 0, accountId=own, symbol=symbol))
    put(client, fill("SELL", "1", "12", 1, accountId=own))
    split = {"type": "SPLIT", "symbol": "AAPL", "effectiveAt": "2026-01-06T00:00:00Z", "new": "2", "old": "1"}
    assert client.post("/corporate-actions", {**split, "accountId": own}).status == 201
    pay(client, own, "DEPOSIT", "5", "2026-01-05", externalId="c-1")
    counter = {"amount": "7", "currency": "USD", "accountId": MAIN}
    pay(client, own, "TRANSFER", "-7", "2026-01-05", counter=counter)
    reconcile(client, own, "1", "2026-01-31T00:00:00Z")
    settle()
    return own


def work(stores: Stores, context: Context | None = None, most: int = 200) -> None:
    """Handle the queue's messages until none is left."""
    while records := messages_of(stores.erasure_queue):
        for record_ in records:
            most -= 1
            assert most
            answer = account_functions.erase_account({"Records": [record_]}, context or Context())
            assert answer == {"batchItemFailures": []}


def named(account_id: str) -> list[str]:
    """What of all tables names the account, once the statistics have followed: the sort keys."""
    settle()
    return [
        item[key]["S"]
        for table, key in (("trades", "tradeId"), ("ledger", "item"), ("stats", "statKey"))
        for item in clients.dynamodb().scan(TableName=table)["Items"]
        if account_id in json.dumps(item, default=str)
    ]


def everything(client: Client, account_id: str) -> dict[str, Any]:
    """What an account shows."""
    asked = f"accountId={account_id}"
    return {
        "account": client.get(f"/accounts/{account_id}").json,
        "cash": of(client, account_id, "cash"),
        "reconciliations": of(client, account_id, "reconciliations"),
        "balance": of(client, account_id, "balance"),
        "trades": client.get("/trades", query=asked).json,
        "executions": client.get("/executions", query=asked).json,
        "positions": [each | {"asOf": ""} for each in client.get("/positions", query=asked).json["items"]],
        "stats": client.get("/stats", query=asked).json["netPnl"],
    }


def test_an_account_goes_with_all_that_it_holds_and_the_others_stay(
    dana: Client, erin: Client, stores: Stores, delays: list[int]
) -> None:
    own, other, hers = furnished(dana), furnished(dana, GROUP.replace("7", "6"), "2"), furnished(erin)
    before = everything(dana, other), everything(erin, hers)
    begun = dana.delete(f"/accounts/{own.upper()}", query="with=everything", headers={"If-Match": '"1"'})
    assert (begun.status, begun.json["accountId"], begun.json["closing"]) == (202, own, True)
    assert dana.get(f"/accounts/{own}").json == begun.json
    work(stores)
    settle()
    assert delays == [30, 0, 10, 10]  # both messages, of which the first would find nothing
    assert dana.get(f"/accounts/{own}").status == 404
    assert dana.delete(f"/accounts/{own}", query="with=everything").status == 404
    assert named(own) == []
    for client, account_id, shown in ((dana, other, before[0]), (erin, hers, before[1])):
        now = everything(client, account_id)
        assert {name: now[name] for name in shown if now[name] != shown[name]} == {}
    assert dana.get(f"/groups/{GROUP}").status == 404
    assert dana.get(f"/groups/{GROUP.replace('7', '6')}").status == 200
    # Nothing of it comes back, and its external id is free again.
    [still] = dana.get("/deleted-trades").json["items"]
    assert still["trade"]["accountId"] == other
    assert dana.post("/trades", a_trade(externalId="t-1")).status == 201
    # The money that came from it stays where it came to.
    rows = [row for row in of(dana, MAIN, "cash")["items"] if "counter" not in row]
    assert [(row["type"], row["amount"]) for row in rows] == [("TRANSFER", "7")]
    assert dana.get("/stats").json["netPnl"] == before[0]["stats"]


def test_nothing_is_put_into_it_meanwhile(dana: Client, stores: Stores) -> None:
    own = furnished(dana)
    deleted = dana.get("/deleted-trades").json["items"][0]["trade"]["tradeId"]
    movable = dana.new_trade()["tradeId"]
    assert dana.delete(f"/accounts/{own}", query="with=everything").status == 202
    at = "2026-01-05T08:00:00Z"
    counter = {"amount": "5", "currency": "USD", "accountId": own}
    action = {"type": "SPLIT", "symbol": "MSFT", "effectiveAt": at, "new": "2", "old": "1", "accountId": own}
    for refused in (
        dana.post("/trades", a_trade(accountId=own)),
        dana.patch(f"/trades/{movable}", {"accountId": own}),
        dana.post(f"/deleted-trades/{deleted}/restore"),
        dana.post("/executions", fill("BUY", "1", "10", 5, accountId=own)),
        dana.post(f"/accounts/{own}/cash", {"type": "DEPOSIT", "amount": "5", "at": at}),
        dana.post(f"/accounts/{MAIN}/cash", {"type": "TRANSFER", "amount": "-5", "at": at, "counter": counter}),
        dana.post(f"/accounts/{own}/reconciliations", {"statementBalance": "5", "at": at}),
        dana.post("/corporate-actions", action),
        dana.delete(f"/accounts/{own}"),
        dana.patch("/settings", {"defaultAccountId": own}),
    ):
        assert (refused.status, refused.kind) == (409, "/problems/state-forbids"), refused.json
    assert dana.delete(f"/accounts/{own}", query="with=everything").json["closing"] is True
    work(stores)
    assert named(own) == []
    assert dana.get(f"/trades/{movable}").status == 200


@pytest.mark.parametrize("query", ["", "with=everything"])
def test_what_everybody_has_and_what_is_the_default_stay(dana: Client, query: str) -> None:
    own = account(dana)
    dana.patch("/settings", {"defaultAccountId": own})
    for path in (f"/accounts/{MAIN}", f"/accounts/{own}"):
        refused = dana.delete(path, query=query)
        assert (refused.status, refused.kind) == (409, "/problems/state-forbids")
    assert dana.delete(f"/accounts/{own}", query=query, headers={"If-Match": '"7"'}).status == 412
    wrong = dana.delete(f"/accounts/{own}", query="with=all")
    assert (wrong.status, wrong.bad_fields) == (400, {("query", "/with")})
    assert "closing" not in dana.get(f"/accounts/{own}").json


def test_the_erasure_of_all_goes_before(dana: Client) -> None:
    own = furnished(dana)
    erasure_marks.begin(DANA, datetime.now(UTC))
    with pytest.raises(AccountErased):
        list(account_contents.delete_trades(DANA, own, datetime.now(UTC)))


def test_an_empty_account_goes_likewise(dana: Client, stores: Stores) -> None:
    own = account(dana)
    assert dana.delete(f"/accounts/{own}", query="with=everything").status == 202
    work(stores)
    assert dana.get(f"/accounts/{own}").status == 404


def test_a_deletion_that_was_given_up_is_not_taken_for_one_with_everything(dana: Client, stores: Stores) -> None:
    """A message without the mark: the request was interrupted before it had any effect, or the account is gone."""
    own = furnished(dana)
    for account_id in (own, GROUP):
        usecase._go_on(DANA, account_id)
    work(stores)
    assert dana.get(f"/accounts/{own}").status == 200
    assert of(dana, own, "cash")["items"]


def test_a_plain_deletion_that_began_before_does_not_take_it_back(
    dana: Client, stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = furnished(dana)

    looked = plain._holds_anything

    def and_begun(user: str, account_id: str) -> bool:
        monkeypatch.setattr(plain, "_holds_anything", looked)
        assert dana.delete(f"/accounts/{own}", query="with=everything").status == 202
        return looked(user, account_id)

    monkeypatch.setattr(plain, "_holds_anything", and_begun)
    refused = dana.delete(f"/accounts/{own}")
    assert (refused.status, refused.kind) == (409, "/problems/state-forbids")
    assert trading_accounts.get(DANA, own).erasing
    work(stores)
    assert named(own) == []


def test_a_call_without_time_goes_on_in_the_next(dana: Client, stores: Stores, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(account_contents, "_BATCH", 1)
    own = furnished(dana)
    dana.delete(f"/accounts/{own}", query="with=everything")
    for _ in range(3):
        for one in messages_of(stores.erasure_queue):
            assert message_of(one)["accountId"] == own
            account_functions.erase_account({"Records": [one]}, Context([29_999]))
    assert dana.get(f"/accounts/{own}").json["closing"] is True
    work(stores, Context([29_999]))
    assert named(own) == []


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_deletion_that_is_killed_at_any_call_goes_on_by_itself(
    dana: Client, stores: Stores, when: Literal["before", "after"]
) -> None:
    kill = Kill()
    kill.when = when
    calls = 0
    for number in range(1, 80, 2):  # behind one call is before the next: both cases together are every place
        own = furnished(dana, GROUP.replace("7e1d", f"{number:04}"), str(number))
        kill.left = number
        killed = False
        try:
            with kill.watching():
                dana.delete(f"/accounts/{own}", query="with=everything")
        except Killed:
            killed = True
            kill.left = -1
        begun = trading_accounts.get(DANA, own).erasing
        while records := messages_of(stores.erasure_queue):
            for one in records:
                try:
                    with kill.watching():
                        account_functions.erase_account({"Records": [one]}, Context())
                except Killed:
                    killed = True
                    kill.left = -1
                    account_functions.erase_account({"Records": [one]}, Context())  # the queue gives it again
        if begun:
            assert named(own) == [], number
        else:  # nothing has happened: the caller has no answer and asks again
            assert dana.delete(f"/accounts/{own}", query="with=everything").status == 202
            work(stores)
            assert named(own) == []
        calls = number
        if not killed:
            break
    assert 15 < calls < 79


def test_what_is_changed_meanwhile_is_found_by_another_search(
    dana: Client, stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = furnished(dana)
    dana.delete(f"/accounts/{own}", query="with=everything")
    trade = next(
        each for each in dana.get("/trades", query=f"accountId={own}").json["items"] if each.get("groupId") is None
    )
    [row] = [row for row in of(dana, own, "cash")["items"] if "counter" not in row]
    [sent] = [row for row in of(dana, own, "cash")["items"] if "counter" in row]
    steps = usecase.STEPS
    changed: list[str] = []

    def once(step: Any) -> Any:
        def changing(user: str, account_id: str, now: Any) -> Any:
            if step.__name__ not in changed:
                changed.append(step.__name__)
                found = {
                    "delete_trades": (account_contents, "trades_in"),
                    "delete_cash": (cash, "every"),
                }.get(step.__name__)
                if found is not None:
                    read = getattr(*found)

                    def and_changed(*given: Any) -> Any:
                        items = list(read(*given))
                        monkeypatch.setattr(*found, read)
                        path = f"/accounts/{own}/cash"
                        dana.patch(f"/trades/{trade['tradeId']}", {"mistakes": "late"})
                        dana.patch(f"{path}/{row['cashId']}", {"note": "late"})
                        dana.patch(f"{path}/{sent['cashId']}", {"note": "late"})
                        return iter(items)

                    monkeypatch.setattr(*found, and_changed)
            return step(user, account_id, now)

        return changing

    monkeypatch.setattr(usecase, "STEPS", tuple(map(once, steps)))
    work(stores)
    assert named(own) == []


def test_a_transfer_that_somebody_deletes_meanwhile_is_gone(
    dana: Client, stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = furnished(dana)
    dana.delete(f"/accounts/{own}", query="with=everything")
    [sent] = [row for row in of(dana, own, "cash")["items"] if "counter" in row]
    read = cash.every

    def and_deleted(*given: Any) -> Any:
        rows = list(read(*given))
        monkeypatch.setattr(cash, "every", read)
        assert dana.delete(f"/accounts/{own}/cash/{sent['cashId']}").status == 204
        return iter(rows)

    monkeypatch.setattr(cash, "every", and_deleted)
    work(stores)
    assert named(own) == []


def test_a_group_of_another_account_that_a_deleted_trade_was_in_stays(dana: Client, stores: Stores) -> None:
    own = account(dana, currency="USD")
    trade, other = dana.new_trade(accountId=own)["tradeId"], dana.new_trade()["tradeId"]
    dana("PUT", f"/groups/{GROUP}", {"name": "pair", "tradeIds": [trade]})
    dana.delete(f"/trades/{trade}")
    assert dana("PUT", f"/groups/{GROUP}", {"name": "pair", "tradeIds": [trade, other]}).status == 200
    dana.delete(f"/accounts/{own}", query="with=everything")
    work(stores)
    assert dana.get(f"/trades/{other}").json["groupId"] == GROUP
    assert named(own) == []


def test_it_ends_where_its_user_is_being_erased(dana: Client, stores: Stores) -> None:

    own = furnished(dana)
    dana.delete(f"/accounts/{own}", query="with=everything")
    erasure_marks.begin(DANA, datetime.now(UTC))
    work(stores)
    assert trading_accounts.get(DANA, own).erasing


@pytest.mark.usefixtures("one_call_at_a_time")
def test_trades_that_are_recorded_at_the_same_moment_are_refused_or_go(dana: Client, stores: Stores) -> None:
    own = account(dana, currency="USD")
    dana.new_trade(accountId=own)
    made = at_once(4, "createTrade", "/trades", lambda _: a_trade(accountId=own))
    assert statuses(made) == {201: 4}
    dana.delete(f"/accounts/{own}", query="with=everything")
    made = at_once(4, "createTrade", "/trades", lambda _: a_trade(accountId=own))
    assert statuses(made) == {409: 4}
    work(stores)
    assert named(own) == []
