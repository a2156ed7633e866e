"""The archive of an export: its members and documents, how it is written, and who may read it."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from botocore.exceptions import ClientError

from handlers.documents.exported import CONTRACT_VERSION
from handlers.entry.exports import write_export
from handlers.storage import clients, erasure_marks, executions, groups, image_files
from handlers.usecases import export_files, file_writing
from openapi.generate import contract
from tests.api import journals
from tests.api.client import Client
from tests.api.journals import documents_of, exported, file_of, members_of
from tests.api.uploading import illustrate
from tests.api.user_data import Stores, messages_of, new_client
from tests.contract.test_examples import assert_follows, resolved
from tests.storage.examples import NOW

ZIP = {"format": "ZIP"}
# The members with a document a line: the schema of a document, and what its lines are sorted by.
MEMBERS = {
    "accounts": ("ExportedAccount", ("accountId",)),
    "trades": ("ExportedTrade", ("tradeId",)),
    "groups": ("ExportedGroup", ("groupId",)),
    "executions": ("ExportedExecution", ("executionId",)),
    "actions": ("ExportedAction", ("actionId",)),
    "cash": ("Cash", ("cashId",)),
    "reconciliations": ("Reconciliation", ("reconciliationId",)),
    "fx": ("Rate", ("from", "to", "day")),
    "mappings": ("ImportMapping", ("mappingId",)),
}


@pytest.fixture
def dana(stores: Stores) -> Client:
    return new_client(stores.pool, "dana@example.com")


def in_contract_order(document: Any, schema: dict[str, Any]) -> bool:
    """Whether all keys of the document are the schema's, in its order, and so are those of all that it holds."""
    schema = resolved(schema)
    while "allOf" in schema:
        schema = resolved(schema["allOf"][0])
    if isinstance(document, list):
        return all(in_contract_order(each, schema["items"]) for each in document)
    if not isinstance(document, dict):
        return True
    properties = schema["properties"]
    return list(document) == [name for name in properties if name in document] and all(
        in_contract_order(held, properties[name]) for name, held in document.items()
    )


def test_an_archive_has_a_member_of_each_kind_as_the_contract_describes_it(dana: Client) -> None:
    journals.keep(dana)
    members = exported(dana)
    images = sorted(name for name in members if name.startswith("images/"))
    assert list(members) == ["settings.json", *(f"{name}.ndjson" for name in MEMBERS), *images, "manifest.json"]
    assert len(images) == 3
    documents = {name: documents_of(members, name) for name in MEMBERS}
    for name, (schema, keys) in MEMBERS.items():
        assert documents[name], name
        for document in documents[name]:
            described = {"$ref": f"#/components/schemas/{schema}"}
            assert_follows(document, resolved(described))
            assert in_contract_order(document, described), document
        order = [tuple(document[key] for key in keys) for document in documents[name]]
        assert order == sorted(order), name
    assert_follows(json.loads(members["settings.json"]), resolved({"$ref": "#/components/schemas/Settings"}))


def test_the_manifest_comes_last_and_has_the_hash_of_every_other_member(dana: Client) -> None:
    journals.keep(dana)
    members = exported(dana)
    described = {"$ref": "#/components/schemas/ExportManifest"}
    manifest = json.loads(members.pop("manifest.json"))
    assert_follows(manifest, resolved(described))
    assert in_contract_order(manifest, described)
    assert (manifest["formatVersion"], manifest["contractVersion"]) == (2, CONTRACT_VERSION)
    assert "missingImages" not in manifest
    assert manifest["members"] == [
        {
            "name": name,
            **({"documents": content.count(b"\n")} if name.endswith(".ndjson") else {}),
            "size": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
        }
        for name, content in members.items()
    ]


def test_the_manifest_names_the_contract() -> None:
    assert contract()["info"]["version"] == CONTRACT_VERSION


def test_equal_data_makes_equal_members(dana: Client) -> None:
    journals.keep(dana)
    one, other = (file_of(dana.post("/exports", ZIP)) for _ in range(2))
    assert {**members_of(one), "manifest.json": b""} == {**members_of(other), "manifest.json": b""}
    with zipfile.ZipFile(io.BytesIO(one)) as archive:
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_an_archive_holds_what_was_given_and_nothing_that_follows_from_it(dana: Client) -> None:
    journals.keep(dana)
    members = exported(dana)
    trades = documents_of(members, "trades")
    of_ledger = [trade for trade in trades if trade.get("source") == "LEDGER"]
    assert all(trade.keys().isdisjoint({"symbol", "entries", "closes", "splits", "events"}) for trade in of_ledger)
    by_hand = {trade["symbol"]: trade for trade in trades if "source" not in trade}
    assert by_hand.keys() == {"AAPL", "nvda", "PLAN", "LEG0", "LEG2"}  # and not the deleted one
    assert [entry.keys() for entry in by_hand["PLAN"]["entries"]] == [
        {"entryId", "quantity", "enteredAt", "commission", "fees"}
    ]
    assert (by_hand["PLAN"]["status"], "status" in by_hand["AAPL"]) == ("CANCELLED", False)
    assert list(by_hand["AAPL"]["psychology"]) == ["greed", "overconfidence", "patience"]
    [group] = documents_of(members, "groups")
    assert group["tradeIds"] == [by_hand["LEG2"]["tradeId"], by_hand["LEG0"]["tradeId"]]
    [gift] = [one for one in documents_of(members, "executions") if one["symbol"] == "GIFT"]
    assert "price" not in gift
    shown = {trade["tradeId"]: dana.get(f"/trades/{trade['tradeId']}").json for trade in trades}
    for trade in trades:
        same = trade.keys() - {"images", "closes", "splits", "events"}
        assert {name: trade[name] for name in same} == {name: shown[trade["tradeId"]].get(name) for name in same}


def test_a_journal_of_nothing_is_an_archive_of_empty_members(dana: Client) -> None:
    members = exported(dana)
    assert [name for name, content in members.items() if content] == ["settings.json", "manifest.json"]
    assert len(members) == len(MEMBERS) + 2


def test_an_archive_holds_nothing_of_others(dana: Client, stores: Stores) -> None:
    journals.keep(dana)
    erin = new_client(stores.pool, "erin@example.com")
    journals.keep(erin)
    members = exported(erin)
    assert str(dana.user).encode() not in b"".join(members.values())
    own = {trade["tradeId"] for trade in erin.get("/trades", query="limit=100").json["items"]}
    assert {trade["tradeId"] for trade in documents_of(members, "trades")} == own


def test_the_address_saves_an_archive(dana: Client) -> None:
    answer = dana.post("/exports", ZIP)
    query = parse_qs(urlsplit(answer.json["url"]).query)
    assert query["response-content-type"] == ["application/zip"]
    day = answer.json["createdAt"][:10]
    assert query["response-content-disposition"] == [f'attachment; filename="journal-{day}.zip"']


def test_an_image_that_is_deleted_meanwhile_is_named_as_missing(dana: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    trade = dana.new_trade()
    gone, kept = (illustrate(dana, trade["tradeId"]) for _ in range(2))
    read_whole = image_files.read_whole

    def deleted_first(place: Any, image: Any) -> bytes | None:
        if image.image_id == gone:
            image_files.delete(place.key, image.file_version)
        return read_whole(place, image)

    monkeypatch.setattr(image_files, "read_whole", deleted_first)
    members = exported(dana)
    assert [name for name in members if name.startswith("images/")] == [f"images/{kept}"]
    assert json.loads(members["manifest.json"])["missingImages"] == [gone]


def test_a_file_that_cannot_be_read_makes_no_archive(dana: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    illustrate(dana, dana.new_trade()["tradeId"])

    def refused(*_: Any) -> Any:
        error: Any = {"Error": {"Code": "AccessDenied"}}
        raise ClientError(error, "GetObject")

    monkeypatch.setattr(image_files, "read_range", refused)
    assert dana.post("/exports", ZIP).status == 500
    assert "Uploads" not in clients.s3().list_multipart_uploads(Bucket="files")


def test_a_large_journal_is_read_and_written_in_pieces(dana: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    journals.keep(dana)
    whole = exported(dana)
    monkeypatch.setattr(file_writing, "_WRITTEN_AT_ONCE", 1)
    monkeypatch.setattr(executions, "_PAGE_OF_ITEMS", 2)
    monkeypatch.setattr(groups, "_PAGE", 1)
    for name in ("a", "b"):
        legs = [dana.new_trade()["tradeId"] for _ in range(2)]
        dana("PUT", f"/groups/99999999-0000-4000-8000-00000000000{name}", {"name": name, "tradeIds": legs})
    members = exported(dana)
    assert members["executions.ndjson"] == whole["executions.ndjson"]
    found = documents_of(members, "groups")
    assert found == sorted(found, key=lambda group: group["groupId"])
    assert sorted(group["name"] for group in found) == ["Fly", "a", "b"]


def test_a_long_journal_becomes_an_archive_behind_the_answer(
    dana: Client, stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    journals.keep(dana)
    expected = exported(dana)
    monkeypatch.setattr(file_writing, "AT_ONCE_SECONDS", -1)
    monkeypatch.setattr(file_writing, "PROGRESS_SECONDS", -1)
    asked = dana.post("/exports", ZIP)
    assert (asked.status, asked.json["status"], asked.json["rowsWritten"]) == (202, "WRITING", 0)
    path = f"/exports/{asked.json['exportId']}"
    told: list[int] = []
    every = groups.every

    def watched(user_id: str) -> Iterator[Any]:
        told.append(dana.get(path).json["rowsWritten"])
        return every(user_id)

    monkeypatch.setattr(groups, "every", watched)
    assert write_export({"Records": messages_of(stores.export_queue)}, None) == {"batchItemFailures": []}
    before = sum(len(documents_of(expected, name)) for name in ("accounts", "trades"))
    assert told == [before]
    assert {**members_of(file_of(dana.get(path))), "manifest.json": b""} == {**expected, "manifest.json": b""}


def test_no_archive_is_made_of_an_account_that_is_being_erased(
    dana: Client, stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_writing, "AT_ONCE_SECONDS", -1)
    asked = dana.post("/exports", ZIP).json
    erasure_marks.begin(str(dana.user), NOW)
    assert dana.post("/exports", ZIP).kind == "/problems/account-erased"
    assert write_export({"Records": messages_of(stores.export_queue)}, None) == {"batchItemFailures": []}
    files = clients.s3().list_objects_v2(Bucket="files")["Contents"]
    assert [file["Key"].rpartition("/")[2] for file in files] == [f"{asked['exportId']}.json"]


@pytest.mark.parametrize(
    ("field", "value"),
    [("closeFrom", "2026-01-01"), ("closeTo", "2026-01-01"), ("accountId", ["99999999-0000-4000-8000-000000000000"])],
)
def test_an_archive_is_not_narrowed(dana: Client, field: str, value: Any) -> None:
    answer = dana.post("/exports", {**ZIP, field: value})
    assert answer.status == 422
    [error] = answer.json["errors"]
    assert (error["pointer"], error["code"], error["params"]) == (f"/{field}", "NOT_FOR_KIND", {"kind": "ZIP"})


# The list


def listed(client: Client) -> list[tuple[str, str]]:
    items = client.get("/exports").json["items"]
    return [(each["exportId"], each["status"]) for each in items]


def test_the_list_has_the_files_of_both_formats_the_newest_first(dana: Client, stores: Stores) -> None:
    assert listed(dana) == []
    made = [dana.post("/exports", {"format": each}).json for each in ("CSV", "ZIP", "CSV")]
    assert listed(dana) == [(each["exportId"], "WRITTEN") for each in reversed(made)]
    shown = dana.get("/exports").json["items"]
    assert [each["size"] for each in shown] == [each["size"] for each in reversed(made)]
    assert listed(new_client(stores.pool, "erin@example.com")) == []


def test_the_list_has_files_that_are_being_written_or_were_given_up(
    dana: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(file_writing, "AT_ONCE_SECONDS", -1)
        asked = dana.post("/exports", ZIP).json
    assert listed(dana) == [(asked["exportId"], "WRITING")]
    monkeypatch.setattr(export_files, "GIVEN_UP_AFTER", timedelta(seconds=-60))
    assert listed(dana) == [(asked["exportId"], "FAILED")]


def test_the_list_is_short_and_leaves_out_what_is_half_deleted(dana: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    made = [dana.post("/exports", {"format": "CSV"}).json["exportId"] for _ in range(3)]
    clients.s3().delete_object(Bucket="files", Key=f"exports/{dana.user}/tables/{made[2]}.json")
    assert [export_id for export_id, _ in listed(dana)] == [made[1], made[0]]
    monkeypatch.setattr(export_files, "MOST_LISTED", 1)
    assert len(listed(dana)) == 1


def test_what_an_earlier_release_asked_for_is_a_table(dana: Client) -> None:
    made = dana.post("/exports", {"format": "CSV"}).json
    key = f"exports/{dana.user}/tables/{made['exportId']}.json"
    stored = json.loads(clients.s3().get_object(Bucket="files", Key=key)["Body"].read())
    del stored["format"]
    clients.s3().put_object(Bucket="files", Key=key, Body=json.dumps(stored).encode())
    assert dana.get(f"/exports/{made['exportId']}").json["format"] == "CSV"
