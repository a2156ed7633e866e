"""The account as a whole: logged out everywhere, exported, deleted."""

from __future__ import annotations

import gzip
import json
import os
import weakref
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from handlers.entry.exports import write_export
from handlers.journal.settings import MAIN
from handlers.storage import bucket, clients, erasure_marks, trade_queries
from handlers.usecases import export_account, file_writing
from tests.api.client import Client, a_trade
from tests.api.test_currencies import account
from tests.api.uploading import ask, check, messages, send
from tests.api.user_data import Stores, messages_of, new_client
from tests.contract.test_examples import assert_follows, resolved

pytestmark = pytest.mark.usefixtures("stores")

NOW = datetime(2026, 2, 1, 12, tzinfo=UTC)


@pytest.fixture
def dana(stores: Stores) -> Client:
    """Somebody who has an account in the pool."""
    return new_client(stores.pool, "dana@example.com")


def exported(client: Client) -> tuple[Any, Any]:
    """The answer to an export, and the document in the file that it leads to."""
    answer = client.get("/auth/export")
    assert answer.status == 200, answer.body
    key = urlsplit(answer.json["url"]).path.removeprefix("/")
    content = clients.s3().get_object(Bucket="files", Key=key)["Body"].read()
    assert len(content) == answer.json["size"]
    document = json.loads(gzip.decompress(content))
    assert_follows(document, resolved({"$ref": "#/components/schemas/AccountExportFile"}))
    return answer.json, document


# Logging out


def test_logging_out_everywhere_signs_out_the_verified_user(dana: Client, calls: list[tuple[str, Any]]) -> None:
    assert dana.post("/auth/logout-all").status == 204
    assert [(name, given["Username"]) for name, given in calls if name == "AdminUserGlobalSignOut"] == [
        ("AdminUserGlobalSignOut", dana.user)
    ]


def test_logging_out_a_user_who_is_gone_is_no_error() -> None:
    assert Client("99999999-aaaa-4bbb-8ccc-000000000009").post("/auth/logout-all").status == 204


def test_who_came_through_google_is_called_by_the_pools_name(dana: Client, calls: list[tuple[str, Any]]) -> None:
    assert dana.user is not None
    # The name belongs to another account by now: the old token reaches neither.
    claims = {"sub": "88888888-aaaa-4bbb-8ccc-000000000008", "token_use": "access", "username": dana.user}
    assert dana.post("/auth/logout-all", claims=claims).status == 204
    assert [name for name, _ in calls] == ["AdminGetUser"]


# Exporting


def test_an_export_of_a_new_account_holds_its_profile(dana: Client) -> None:
    answer, document = exported(dana)
    assert answer["formatVersion"] == document["formatVersion"] == 1
    assert document["profile"]["email"] == "dana@example.com"
    assert document["profile"]["sub"] == dana.user
    assert datetime.fromisoformat(document["profile"]["createdAt"]) <= datetime.now(UTC)
    assert document["trades"] == document["groups"] == []


def test_an_export_holds_every_trade_as_it_is_read(dana: Client) -> None:
    closed = dana.new_trade(closes=[{"quantity": "40", "price": "11", "closedAt": "2026-01-05T11:00:00-05:00"}])
    noted = dana.new_trade(preTradeNotes='"quoted"\n häßlich 📈', tags=["gap"], psychology={"fomo": True})
    dana.post("/trades", a_trade(), headers={"Idempotency-Key": "k-1"})
    _, document = exported(dana)
    by_id = {trade["tradeId"]: trade for trade in document["trades"]}
    assert len(by_id) == len(document["trades"]) == 3
    for trade in (closed, noted):
        assert by_id[trade["tradeId"]] == dana.get(f"/trades/{trade['tradeId']}").json


def test_an_export_holds_every_execution(dana: Client) -> None:
    fill = {"symbol": "AAPL", "side": "BUY", "quantity": "1", "price": "10", "executedAt": "2026-01-05T10:00:00Z"}
    made = [dana.post("/executions", {**fill, "symbol": symbol}).json["execution"] for symbol in ("AAPL", "MSFT")]
    split = {"type": "SPLIT", "symbol": "AAPL", "effectiveAt": "2026-01-06T10:00:00Z", "new": "2", "old": "1"}
    action = dana.post("/corporate-actions", split).json
    _, document = exported(dana)
    for each in made:  # what is about to follow is no part of the data
        assert each.pop("settled") is True
    assert document["executions"] == made
    assert document["corporateActions"] == [action]
    assert {trade["source"] for trade in document["trades"]} == {"LEDGER"}


def test_an_export_holds_accounts_their_cash_and_rates(dana: Client) -> None:
    own = account(dana)
    deposit = {"type": "DEPOSIT", "amount": "5", "at": "2026-01-05T08:00:00Z"}
    paid = [dana.post(f"/accounts/{each}/cash", deposit).json for each in (MAIN, own)]
    given = [{"from": "USD", "to": to, "day": "2026-01-05", "rate": "2"} for to in ("EUR", "JPY")]
    assert dana("PUT", "/fx-rates", {"rates": given}).status == 200
    document = exported(dana)[1]
    assert [each["accountId"] for each in document["tradingAccounts"]] == [MAIN, own]
    assert sorted(document["cash"], key=str) == sorted(paid, key=str)
    assert document["rates"] == given


def test_an_export_holds_every_event_and_group(dana: Client, stores: Stores, monkeypatch: pytest.MonkeyPatch) -> None:
    trade_id = dana.new_trade()["tradeId"]
    dana.post(f"/trades/{trade_id}/events", {"type": "SWAP", "amount": "-0.4", "at": "2026-01-06T22:00:00Z"})
    group_ids = ["7e1d0c9b-8a7f-4e6d-b5c4-3a2b1c0d9e8f", "8f2e1d0c-9b8a-4f7e-a6d5-4b3c2d1e0f9a"]
    for group_id, member in zip(group_ids, (trade_id, dana.new_trade()["tradeId"]), strict=True):
        dana("PUT", f"/groups/{group_id}", {"name": "pair", "tradeIds": [member]})
    monkeypatch.setattr("handlers.usecases.groups.ENOUGH_TRADES", 1)
    _, document = exported(dana)
    monkeypatch.setattr(file_writing, "AT_ONCE_SECONDS", -1)
    dana.get("/auth/export")
    assert write_export({"Records": messages_of(stores.export_queue)}, None) == {"batchItemFailures": []}
    _, prepared = exported(dana)
    for file in (document, prepared):
        assert file["groups"] == [dana.get(f"/groups/{group_id}").json for group_id in group_ids]
        by_id = {trade["tradeId"]: trade for trade in file["trades"]}
        assert by_id[trade_id] == dana.get(f"/trades/{trade_id}").json


def test_an_export_holds_the_deleted_trades_as_they_are_listed(dana: Client) -> None:
    for _ in range(2):
        dana.delete(f"/trades/{dana.new_trade()['tradeId']}")
    _, document = exported(dana)
    assert document["deletedTrades"] == dana.get("/deleted-trades").json["items"]
    assert document["trades"] == []


def test_an_export_holds_nothing_of_others(dana: Client, stores: Stores) -> None:
    erin = new_client(stores.pool, "erin@example.com")
    erin.new_trade(symbol="ERIN")
    dana.new_trade()
    _, document = exported(dana)
    assert [trade["symbol"] for trade in document["trades"]] == ["AAPL"]
    assert "erin" not in json.dumps(document).lower()


def test_the_address_of_an_export_saves_a_file_for_ten_minutes(dana: Client) -> None:
    answer, _ = exported(dana)
    query = parse_qs(urlsplit(answer["url"]).query)
    assert query["X-Amz-Expires"] == ["600"]
    assert query["response-content-type"] == ["application/gzip"]
    [disposition] = query["response-content-disposition"]
    assert disposition.startswith("attachment; filename=")
    assert datetime.fromisoformat(answer["expiresAt"]) - datetime.now(UTC) < timedelta(minutes=10)


def test_an_export_is_refused_while_the_account_is_being_erased(dana: Client) -> None:
    assert dana.user is not None
    erasure_marks.begin(dana.user, NOW)
    answer = dana.get("/auth/export")
    assert (answer.status, answer.kind) == (409, "/problems/account-erased")
    assert "Contents" not in clients.s3().list_objects_v2(Bucket="files")


def test_an_export_that_the_erasing_overtakes_leaves_no_file(dana: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    assert dana.user is not None
    every_trade = trade_queries.every_trade

    def overtaken(user_id: str) -> Any:
        yield from every_trade(user_id)
        erasure_marks.begin(user_id, NOW)

    monkeypatch.setattr(trade_queries, "every_trade", overtaken)
    assert dana.get("/auth/export").kind == "/problems/account-erased"
    assert "Contents" not in clients.s3().list_objects_v2(Bucket="files")
    assert "Uploads" not in clients.s3().list_multipart_uploads(Bucket="files")


def test_an_export_says_where_images_are(dana: Client, stores: Stores, monkeypatch: pytest.MonkeyPatch) -> None:
    trade_id = dana.new_trade()["tradeId"]
    image_id = ask(dana, trade_id)
    assert check(send(trade_id, image_id, user=str(dana.user))) == []
    _, document = exported(dana)
    [image] = document["trades"][0]["images"]
    assert urlsplit(image["url"]).path == f"/images/{dana.user}/{trade_id}/{image_id}"
    monkeypatch.setattr(file_writing, "AT_ONCE_SECONDS", -1)
    dana.get("/auth/export")
    assert write_export({"Records": messages_of(stores.export_queue)}, None) == {"batchItemFailures": []}
    _, prepared = exported(dana)
    assert urlsplit(prepared["trades"][0]["images"][0]["url"]).path == urlsplit(image["url"]).path


def test_an_export_behind_the_answer_that_fails_leaves_nothing_and_is_tried_again(
    dana: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    dana.new_trade()
    # The message outlived the progress that was written with it.
    event = messages({"userId": dana.user, "username": dana.user})
    with monkeypatch.context() as patch:
        patch.setattr(trade_queries, "every_trade", broken)
        assert write_export(event, None)["batchItemFailures"]
    assert "Uploads" not in clients.s3().list_multipart_uploads(Bucket="files")
    assert write_export(event, None) == {"batchItemFailures": []}
    _, document = exported(dana)
    assert len(document["trades"]) == 1


def broken(*_: Any) -> Any:
    raise RuntimeError("DynamoDB is gone")


def test_a_large_account_is_exported_behind_the_answer(
    dana: Client, stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    dana.new_trade()
    monkeypatch.setattr(file_writing, "AT_ONCE_SECONDS", -1)
    first = dana.get("/auth/export")
    assert (first.status, first.headers["retry-after"]) == (202, "10")
    assert first.json.keys() == {"status", "formatVersion", "startedAt", "tradesWritten"}
    assert (first.json["status"], first.json["tradesWritten"]) == ("WRITING", 0)
    second = dana.get("/auth/export")
    assert (second.status, second.json) == (202, first.json)
    assert "Uploads" not in clients.s3().list_multipart_uploads(Bucket="files")
    [message] = messages_of(stores.export_queue)  # asked for once, however often it is asked
    assert write_export({"Records": [message]}, None) == {"batchItemFailures": []}
    answer, document = exported(dana)
    assert len(document["trades"]) == 1
    assert answer["url"].split("?")[0].endswith("/prepared.json.gz")


def test_an_export_under_way_says_how_far_it_is(dana: Client, stores: Stores, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(3):
        dana.new_trade()
    monkeypatch.setattr(file_writing, "AT_ONCE_SECONDS", -1)
    monkeypatch.setattr(file_writing, "PROGRESS_SECONDS", -1)
    first = dana.get("/auth/export").json
    [message] = messages_of(stores.export_queue)
    told = []
    every_trade = trade_queries.every_trade

    def watched(user_id: str) -> Any:
        for trade in every_trade(user_id):
            told.append(dana.get("/auth/export"))
            yield trade

    monkeypatch.setattr(trade_queries, "every_trade", watched)
    write_export({"Records": [message]}, None)
    assert [answer.status for answer in told] == [202] * 3
    assert [answer.json["tradesWritten"] for answer in told] == [0, 1, 2]
    assert {answer.json["startedAt"] for answer in told} == {first["startedAt"]}
    assert dana.get("/auth/export").json["status"] == "WRITTEN"


def test_an_export_that_could_not_be_handed_over_is_asked_for_anew(
    dana: Client, stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_writing, "AT_ONCE_SECONDS", -1)
    with monkeypatch.context() as patch:
        patch.setenv("EXPORT_QUEUE_URL", "https://sqs.eu-central-1.amazonaws.com/123456789012/gone")
        assert dana.get("/auth/export").status == 500
    assert dana.get("/auth/export").status == 202
    assert len(messages_of(stores.export_queue)) == 1


def test_an_export_whose_function_says_nothing_any_more_is_asked_for_anew(
    dana: Client, stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_writing, "AT_ONCE_SECONDS", -1)
    assert dana.get("/auth/export").status == 202
    monkeypatch.setattr(export_account, "PREPARED_FOR", timedelta(seconds=-60))
    assert dana.get("/auth/export").status == 202
    assert len(messages_of(stores.export_queue)) == 2


def test_a_prepared_export_is_not_given_out_for_long(
    dana: Client, stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_writing, "AT_ONCE_SECONDS", -1)
    dana.get("/auth/export")
    [message] = messages_of(stores.export_queue)
    write_export({"Records": [message]}, None)
    monkeypatch.setattr(file_writing, "AT_ONCE_SECONDS", 18)
    monkeypatch.setattr(export_account, "PREPARED_FOR", timedelta(seconds=-60))
    answer, _ = exported(dana)
    assert answer["url"].split("?")[0].endswith("/export.json.gz")


class Item(dict[str, Any]):
    """A stored item of which one can tell whether anything still holds it."""

    __hash__ = object.__hash__  # type: ignore[assignment] # each is one of its own in the set of those alive


def test_an_export_holds_no_more_than_two_pages_and_two_parts(dana: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    pages, size, part_bytes = 30, 20, 4_000
    dana.new_trade()
    [stored] = clients.dynamodb().scan(TableName="trades")["Items"]
    alive: weakref.WeakSet[Item] = weakref.WeakSet()
    alive_at_page, asked, parts = [], 0, []

    query = clients.dynamodb().query

    def ask(**wanted: Any) -> Any:
        nonlocal asked
        if wanted["TableName"] != "trades" or "IndexName" in wanted or "Limit" in wanted:  # not all trades
            return query(**wanted)
        alive_at_page.append(len(alive))
        items = [Item({**stored, "preTradeNotes": {"S": os.urandom(400).hex()}}) for _ in range(size)]
        alive.update(items)
        asked += 1
        return {"Items": items, **({"LastEvaluatedKey": {}} if asked < pages else {})}

    monkeypatch.setattr(clients.dynamodb(), "query", ask)
    monkeypatch.setattr(bucket, "PART_BYTES", part_bytes)
    monkeypatch.setattr("moto.s3.models.S3_UPLOAD_PART_MIN_SIZE", 1)
    monkeypatch.setattr(file_writing, "_WRITTEN_AT_ONCE", 1_000)
    clients.s3().meta.events.register(
        "provide-client-params.s3.UploadPart", lambda params, **_: parts.append((asked, len(params["Body"])))
    )
    _, document = exported(dana)
    assert len(document["trades"]) == pages * size
    assert max(alive_at_page) <= 2 * size
    # A part goes out as soon as it is full, while pages are still to come; the compressor holds back a little.
    assert len(parts) >= 5
    assert parts[0][0] < pages / 2
    assert max(length for _, length in parts) < part_bytes + 64 * 1024


def test_an_export_that_cannot_be_written_leaves_nothing(dana: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(**_: Any) -> Any:
        raise RuntimeError("DynamoDB is gone")

    monkeypatch.setattr(clients.dynamodb(), "query", broken)
    assert dana.get("/auth/export").status == 500
    assert "Uploads" not in clients.s3().list_multipart_uploads(Bucket="files")
    assert "Contents" not in clients.s3().list_objects_v2(Bucket="files")


def test_an_export_of_an_account_that_is_being_erased_is_not_written(dana: Client) -> None:
    assert dana.user is not None
    erasure_marks.begin(dana.user, NOW)
    message = {"messageId": "1", "body": json.dumps({"userId": dana.user, "username": dana.user})}
    assert write_export({"Records": [message]}, None) == {"batchItemFailures": []}
    assert "Uploads" not in clients.s3().list_multipart_uploads(Bucket="files")


def test_an_export_whose_progress_vanishes_while_it_is_read_is_under_way(
    dana: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket.write_whole(f"{bucket.EXPORTS}{dana.user}/{export_account.PROGRESS}", b"{}")
    monkeypatch.setattr(bucket, "read_whole", lambda _: None)
    answer = dana.get("/auth/export")
    assert (answer.status, answer.json["status"], answer.json["tradesWritten"]) == (202, "WRITING", 0)
