"""`make restore` brings trades back from an earlier table, but none of erased users."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest

from handlers.storage import clients, erasure_marks, image_files, trades
from ops import restore as restoring
from ops.restore import Restored, restore
from tests.api.client import Client, a_trade
from tests.api.uploading import ask, check, send
from tests.api.user_data import Stores, new_client

EARLIER = "trades-as-they-were"
Restore = Callable[..., Restored]


@pytest.fixture
def owner(stores: Stores) -> Client:
    """Somebody with an account in the pool."""
    return new_client(stores.pool, "owner@example.com")


class Calls:
    """Makes clients that note what is asked of them; a scan's pages have one item each."""

    def __init__(self) -> None:
        self.made: list[tuple[str, dict[str, Any]]] = []

    def __call__(self, service: str) -> Any:
        client: Any = boto3.client(service)  # type: ignore[call-overload] # any service
        client.meta.events.register("before-parameter-build", self._note)
        return client

    def _note(self, params: dict[str, Any], model: Any, **_: Any) -> None:
        self.made.append((model.name, dict(params)))
        if model.name == "Scan":
            params["Limit"] = 1

    def of(self, operation: str) -> list[dict[str, Any]]:
        """What was asked of this operation."""
        return [params for name, params in self.made if name == operation]


@pytest.fixture
def calls() -> Calls:
    return Calls()


@pytest.fixture
def put_back(stores: Stores, calls: Calls) -> Restore:
    """The restore from the earlier table."""
    outputs = {"TradesTableName": "trades", "UserFilesName": "files", "UserPoolId": stores.pool}
    return lambda **how: restore(calls, outputs, EARLIER, **how)


def restore_to_now() -> None:
    """Have DynamoDB make a table of how things are at this moment."""
    dynamodb = clients.dynamodb()
    dynamodb.restore_table_to_point_in_time(
        SourceTableName="trades", TargetTableName=EARLIER, UseLatestRestorableTime=True
    )
    dynamodb.get_waiter("table_exists").wait(TableName=EARLIER)


def trade_ids(client: Client) -> set[str]:
    return {trade["tradeId"] for trade in client.get("/trades").json["items"]}


def lose(owner: Client, trade: dict[str, Any]) -> None:
    """The trade's item is gone, without its owner's doing."""
    key: Any = {"userId": {"S": str(owner.user)}, "tradeId": {"S": trade["tradeId"]}}
    clients.dynamodb().delete_item(TableName="trades", Key=key)


def test_what_was_lost_comes_back_as_it_was(owner: Client, put_back: Restore) -> None:
    made = [owner.new_trade() for _ in range(3)]
    restore_to_now()
    for trade in made[:2]:
        lose(owner, trade)
    assert put_back() == Restored(returned=2, untouched=1)
    assert [owner.get(f"/trades/{trade['tradeId']}").json for trade in made] == made


def test_what_its_owner_deleted_comes_back_as_it_was_then(owner: Client, put_back: Restore) -> None:
    trade = owner.new_trade()
    path = f"/trades/{trade['tradeId']}"
    restore_to_now()
    changed = owner.patch(path, {"tags": ["new"]}).json
    owner.delete(path)
    assert put_back() == Restored(returned=1)
    assert owner.get(path).json["tags"] == changed["tags"]
    assert owner.get("/deleted-trades").json == {"items": []}
    owner.delete(path)
    assert put_back(replacing=True) == Restored(returned=1, replaced=1)
    assert owner.get(path).json["tags"] == []
    owner.delete(path)
    assert put_back(replacing=True) == Restored(returned=1)


def test_an_external_id_that_another_trade_has_by_now_stays_there(owner: Client, put_back: Restore) -> None:
    lost, changed = (owner.new_trade(externalId=name)["tradeId"] for name in ("lost", "changed"))
    kept = owner.new_trade(externalId="kept")["tradeId"]
    restore_to_now()
    owner.delete(f"/trades/{lost}")
    owner.patch(f"/trades/{changed}", {"externalId": None, "lessons": "wait"})
    owner.patch(f"/trades/{kept}", {"externalId": "elsewhere"})
    takers = [owner.new_trade(externalId=name)["tradeId"] for name in ("lost", "changed")]
    assert put_back(replacing=True) == Restored(returned=1, replaced=2, untouched=0)
    ids = {trade["tradeId"]: trade.get("externalId") for trade in owner.get("/trades").json["items"]}
    assert ids == {lost: None, changed: None, kept: "kept", takers[0]: "lost", takers[1]: "changed"}
    assert owner.post("/trades", a_trade(externalId="elsewhere")).status == 201


def test_a_second_run_finds_nothing_to_do(owner: Client, put_back: Restore) -> None:
    trade = owner.new_trade()
    restore_to_now()
    owner.delete(f"/trades/{trade['tradeId']}")
    put_back(replacing=True)
    assert put_back(replacing=True) == Restored(untouched=1)


def test_what_has_changed_since_stays_unless_it_is_to_be_replaced(owner: Client, put_back: Restore) -> None:
    trade = owner.new_trade(symbol="AAPL")
    path = f"/trades/{trade['tradeId']}"
    restore_to_now()
    changed = owner.patch(path, {"symbol": "MSFT"}).json
    assert put_back() == Restored(untouched=1)
    assert owner.get(path).json == changed
    assert put_back(replacing=True) == Restored(replaced=1)
    again = owner.get(path).json
    assert again["symbol"] == "AAPL"
    # Whoever has read it meanwhile does not overwrite it unseen.
    assert again["version"] > changed["version"] > trade["version"]


def test_nothing_comes_back_of_a_deleted_account(stores: Stores, owner: Client, put_back: Restore) -> None:
    leaver = new_client(stores.pool, "leaver@example.com")
    owner.new_trade()
    leaver.new_trade()
    restore_to_now()
    clients.cognito_admin().admin_delete_user(UserPoolId=stores.pool, Username=str(leaver.user))
    clients.dynamodb().delete_item(
        TableName="trades",
        Key={"userId": {"S": str(leaver.user)}, "tradeId": {"S": next(iter(trade_ids(leaver)))}},
    )
    assert put_back(replacing=True) == Restored(untouched=1, of_erased_users=1)
    assert trade_ids(leaver) == set()


def test_nothing_comes_back_of_an_account_that_is_being_erased(owner: Client, put_back: Restore) -> None:
    trade = owner.new_trade()
    restore_to_now()
    owner.delete(f"/trades/{trade['tradeId']}")
    erasure_marks.begin(str(owner.user), datetime.now(UTC))
    assert put_back() == Restored(of_erased_users=1)


def test_kept_answers_and_marks_of_that_time_stay_there(owner: Client, put_back: Restore) -> None:
    owner.post("/trades", a_trade(), headers={"Idempotency-Key": "once"})
    restore_to_now()
    before = clients.dynamodb().scan(TableName="trades")["Count"]
    assert put_back(replacing=True) == Restored(untouched=1)
    assert clients.dynamodb().scan(TableName="trades")["Count"] == before


def test_an_image_comes_back_if_its_file_is_still_there(owner: Client, put_back: Restore) -> None:
    trade = owner.new_trade()
    kept, lost = ask(owner, trade["tradeId"]), ask(owner, trade["tradeId"])
    arrivals = [send(trade["tradeId"], image_id, user=str(owner.user)) for image_id in (kept, lost)]
    assert check(*arrivals) == []
    restore_to_now()
    lose(owner, trade)
    image_files.delete(arrivals[1].key, arrivals[1].version)
    assert put_back() == Restored(returned=1, lost_images=1)
    assert [image["imageId"] for image in owner.get(f"/trades/{trade['tradeId']}").json["images"]] == [kept]


def test_only_those_are_served_who_are_named(stores: Stores, owner: Client, put_back: Restore, calls: Calls) -> None:
    other = new_client(stores.pool, "other@example.com")
    mine, theirs = owner.new_trade(), other.new_trade()
    restore_to_now()
    owner.delete(f"/trades/{mine['tradeId']}")
    other.delete(f"/trades/{theirs['tradeId']}")
    assert put_back(users=[str(other.user)]) == Restored(returned=1)
    assert (trade_ids(owner), trade_ids(other)) == (set(), {theirs["tradeId"]})
    # And nobody else's trades are read.
    assert calls.of("Scan") == []
    assert {query["ExpressionAttributeValues"][":user"]["S"] for query in calls.of("Query")} == {str(other.user)}
    assert len(calls.of("ListUsers")) == 1


def test_a_user_is_looked_up_once_for_many_trades(owner: Client, put_back: Restore, calls: Calls) -> None:
    for _ in range(5):
        owner.new_trade()
    restore_to_now()
    assert put_back(users=[str(owner.user), str(owner.user)]) == Restored(untouched=5)
    assert len(calls.of("ListUsers")) == 1


def checkpoints() -> list[Any]:
    found = clients.dynamodb().scan(TableName=EARLIER)["Items"]
    return [item for item in found if item["userId"]["S"] == "restore"]


def test_a_run_through_the_whole_table_goes_on_where_it_was_cut_off(
    owner: Client, put_back: Restore, calls: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(restoring, "SEGMENTS", 1)
    made = [owner.new_trade() for _ in range(6)]
    restore_to_now()
    for trade in made:
        lose(owner, trade)
    create = trades.create
    created: list[str] = []

    def cut_off(trade: Any) -> Any:
        if len(created) == 4:
            raise ConnectionError("the machine lost its network")
        created.append(trade.trade_id)
        return create(trade)

    with monkeypatch.context() as while_cut:
        while_cut.setattr(trades, "create", cut_off)
        with pytest.raises(ConnectionError):
            put_back()
    before = len(calls.of("Scan"))
    assert put_back() == Restored(returned=6)
    # The first run's pages are not read again, but for the one in which it broke off.
    items = clients.dynamodb().scan(TableName=EARLIER)["Count"]
    assert len(calls.of("Scan")) - before <= items - 4 + 1
    assert "ExclusiveStartKey" in calls.of("Scan")[before]
    assert trade_ids(owner) == {trade["tradeId"] for trade in made}
    assert checkpoints() == []


def test_a_finished_run_may_be_made_again_from_the_beginning(owner: Client, put_back: Restore) -> None:
    trade = owner.new_trade()
    restore_to_now()
    assert put_back() == Restored(untouched=1)
    owner.delete(f"/trades/{trade['tradeId']}")
    assert put_back() == Restored(returned=1)


def test_a_run_with_another_rule_does_not_go_on_from_it(
    owner: Client, put_back: Restore, monkeypatch: pytest.MonkeyPatch
) -> None:
    trade = owner.new_trade(symbol="AAPL")
    restore_to_now()
    owner.patch(f"/trades/{trade['tradeId']}", {"symbol": "MSFT"})
    with monkeypatch.context() as kept:
        # The run ends, but its checkpoints stay, as if it had been killed right before they went.
        kept.setattr(restoring._Run, "_forget", lambda *_: None)
        assert put_back() == Restored(untouched=1)
    assert checkpoints()
    assert put_back() == Restored(untouched=1)
    assert put_back(replacing=True) == Restored(replaced=1)


def test_the_parts_of_the_table_are_the_whole_of_it(stores: Stores, put_back: Restore) -> None:
    everybody = [new_client(stores.pool, f"user-{number}@example.com") for number in range(12)]
    for user in everybody:
        user.new_trade()
    restore_to_now()
    assert put_back() == Restored(untouched=12)


def test_the_journals_own_table_is_refused(stores: Stores) -> None:
    outputs = {"TradesTableName": "trades", "UserFilesName": "files", "UserPoolId": stores.pool}
    with pytest.raises(SystemExit, match="is the journal's own table"):
        restore(Calls(), outputs, "trades")
