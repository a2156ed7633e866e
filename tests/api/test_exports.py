"""Tables of closes: their content, how they are written, and who may read them."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from handlers.documents import csv_rows
from handlers.entry.exports import write_export
from handlers.journal.settings import MAIN
from handlers.storage import clients, erasure_marks, trade_queries
from handlers.usecases import export_files, file_writing
from openapi.generate import contract
from tests.api.client import Answer, Client
from tests.api.user_data import Stores, messages_of, new_client
from tests.storage.examples import NOW

NEVER = "99999999-0000-4000-8000-000000000000"
CSV = {"format": "CSV"}
KEY = {"Idempotency-Key": "closes-of-2026"}


@pytest.fixture
def dana(stores: Stores) -> Client:
    return new_client(stores.pool, "dana@example.com")


def content_of(answer: Answer) -> str:
    """The file of an answer that has one."""
    assert answer.json["status"] == "WRITTEN", answer.json
    key = urlsplit(answer.json["url"]).path.removeprefix("/")
    data = clients.s3().get_object(Bucket="files", Key=key)["Body"].read()
    assert len(data) == answer.json["size"]
    return str(data.decode())


def rows_of(answer: Answer) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content_of(answer).removeprefix("\ufeff"), newline="")))


def test_a_table_has_a_row_for_each_close_and_event(dana: Client) -> None:
    trade = dana.new_trade(
        commission="1",
        fees="0",
        setupType="gap",
        tags=["news", "gap"],
        closes=[
            {"quantity": "40", "price": "11", "closedAt": "2026-01-05T11:00:00-05:00", "commission": "0.5"},
            {"quantity": "60", "price": "9.5", "closedAt": "2026-01-06T11:00:00-05:00", "fees": "0.25"},
        ],
    )
    dana.post(
        f"/trades/{trade['tradeId']}/events", {"type": "DIVIDEND", "amount": "24", "at": "2026-01-05T12:00:00-05:00"}
    )
    dana.new_trade()
    answer = dana.post("/exports", CSV)
    assert answer.status == 201
    assert answer.headers["location"] == f"/v1/exports/{answer.json['exportId']}"
    rows = rows_of(answer)
    assert [(row["kind"], row["day"], row["netPnl"]) for row in rows] == [
        ("CLOSE", "2026-01-05", "39.1"),
        ("DIVIDEND", "2026-01-05", "24"),
        ("CLOSE", "2026-01-06", "-30.85"),
    ]
    first = rows[0]
    assert first["tradeId"] == trade["tradeId"]
    assert first["id"] == trade["partialCloses"][0]["closeId"]
    assert (first["symbol"], first["side"], first["multiplier"]) == ("AAPL", "BUY", "1")
    assert (first["openDay"], first["openDate"]) == (trade["openDate"][:10], trade["openDate"])
    assert first["at"] == "2026-01-05T11:00:00-05:00"
    assert (first["quantity"], first["entryPrice"], first["price"]) == ("40", "10", "11")
    assert (first["grossPnl"], first["entryCosts"], first["commission"], first["fees"]) == ("40", "0.4", "0.5", "0")
    assert (first["setupType"], first["tags"]) == ("gap", "news; gap")
    net = dana.get(f"/trades/{trade['tradeId']}").json["netPnl"]
    assert sum(Decimal(row["netPnl"]) for row in rows) == Decimal(net)


def test_a_table_is_what_a_spreadsheet_reads(dana: Client) -> None:
    dana.new_trade()
    text = content_of(dana.post("/exports", CSV))
    assert text == "\ufeff" + ",".join(f'"{name}"' for name in csv_rows.COLUMNS) + "\r\n"


def test_the_contract_describes_each_column() -> None:
    description = contract()["paths"]["/exports"]["post"]["description"]
    cells = [line.split("|")[1] for line in description.splitlines() if line.startswith("|")][2:]
    assert tuple(name.strip() for cell in cells for name in cell.split(",")) == csv_rows.COLUMNS


@pytest.mark.parametrize(
    "text", ['=HYPERLINK("http://x";"y")', "+1+cmd", "-2+3", "@SUM(A1)", "-", "--1", "-1.2.3", "\uff1d1+1"]
)
def test_what_a_spreadsheet_takes_for_a_formula_is_defused(dana: Client, text: str) -> None:
    close = {"quantity": "1", "price": "9", "closedAt": "2026-01-05T11:00:00-05:00"}
    dana.new_trade(setupType=text, tags=[text], closes=[close])
    [row] = rows_of(dana.post("/exports", CSV))
    assert (row["setupType"], row["tags"]) == (f"'{text}", f"'{text}")
    assert row["netPnl"] == "-1.011"


def test_a_rows_entry_price_is_that_of_what_the_close_took_in_its_own_units(dana: Client) -> None:
    entries = [
        {"quantity": "1", "price": "100", "enteredAt": "2026-01-05T10:00:00-05:00"},
        {"quantity": "2", "price": "130", "enteredAt": "2026-01-05T11:00:00-05:00"},
    ]
    closes = [{"quantity": "1", "price": "110", "closedAt": "2026-01-05T12:00:00-05:00"}]
    given = {"quantity": None, "entryPrice": None, "openDate": None, "commission": None, "fees": None}
    trade = dana.new_trade(**given, lotMethod="FIFO", entries=entries, closes=closes)
    path = f"/trades/{trade['tradeId']}"
    assert dana.post(f"{path}/splits", {"new": "3", "old": "1", "at": "2026-01-06T09:30:00-05:00"}).status == 201
    later = {"quantity": "3", "price": "50", "closedAt": "2026-01-07T12:00:00-05:00"}
    assert dana.post(f"{path}/closes", later).status == 201
    figures = [
        (row["quantity"], row["entryPrice"], row["price"], row["grossPnl"])
        for row in rows_of(dana.post("/exports", CSV))
    ]
    assert figures == [("1", "100", "110", "10"), ("3", "43.33333333", "50", "20")]


@pytest.mark.parametrize("text", ['a,"b"', "two; three", "naïve 📈", "a'b"])
def test_texts_come_through_as_they_are(dana: Client, text: str) -> None:
    close = {"quantity": "1", "price": "9", "closedAt": "2026-01-05T11:00:00-05:00"}
    dana.new_trade(setupType=text, closes=[close])
    assert [row["setupType"] for row in rows_of(dana.post("/exports", CSV))] == [text]


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        ({}, ["05", "06", "07"]),
        ({"closeFrom": "2026-01-06"}, ["06", "07"]),
        ({"closeTo": "2026-01-06"}, ["05", "06"]),
        ({"closeFrom": "2026-01-06", "closeTo": "2026-01-06"}, ["06"]),
        ({"closeFrom": "2026-01-07", "closeTo": "2026-01-05"}, []),
    ],
)
def test_days_narrow_the_table_by_each_closes_own_offset(
    dana: Client, days: dict[str, str], expected: list[str]
) -> None:
    late = [f"2026-01-{day}T23:59:59-05:00" for day in ("05", "06", "07")]
    dana.new_trade(closes=[{"quantity": "1", "price": "9", "closedAt": at} for at in late])
    assert [row["day"][-2:] for row in rows_of(dana.post("/exports", {**CSV, **days}))] == expected


def test_accounts_narrow_the_table_also_behind_the_answer(
    dana: Client, stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = dana.post("/accounts", {"name": "Own", "currency": "EUR"}).json["accountId"]
    other = dana.post("/accounts", {"name": "Other", "currency": "EUR"}).json["accountId"]
    for symbol, account in (("A", MAIN), ("B", own), ("C", other)):
        trade = dana.new_trade(symbol=symbol, accountId=account)
        close = {"price": "12", "closedAt": "2026-01-06T10:00:00Z"}
        assert dana.post(f"/trades/{trade['tradeId']}/closes", close).status == 201

    def symbols(*accounts: str) -> list[str]:
        return [row["symbol"] for row in rows_of(dana.post("/exports", {**CSV, "accountId": list(accounts)}))]

    assert symbols(own.upper()) == ["B"]
    assert sorted(symbols(MAIN, other)) == ["A", "C"]
    assert symbols(NEVER) == []
    monkeypatch.setattr(file_writing, "AT_ONCE_SECONDS", -1)
    asked = dana.post("/exports", {**CSV, "accountId": [own]})
    assert asked.status == 202
    assert write_export({"Records": messages_of(stores.export_queue)}, None) == {"batchItemFailures": []}
    assert [row["symbol"] for row in rows_of(dana.get(f"/exports/{asked.json['exportId']}"))] == ["B"]


def test_rows_stand_by_the_entry_of_their_trade(dana: Client) -> None:
    close = {"quantity": "1", "price": "9", "closedAt": "2026-02-05T11:00:00-05:00"}
    for day in ("09", "05", "07"):
        dana.new_trade(openDate=f"2026-01-{day}T10:00:00-05:00", closes=[close])
    assert [row["openDay"][-2:] for row in rows_of(dana.post("/exports", CSV))] == ["05", "07", "09"]


def test_the_address_saves_a_file_for_ten_minutes_and_can_be_had_anew(dana: Client) -> None:
    made = dana.post("/exports", {**CSV, "closeFrom": "2026-01-01"})
    again = dana.get(f"/exports/{made.json['exportId'].upper()}")
    for answer in (made, again):
        query = parse_qs(urlsplit(answer.json["url"]).query)
        assert query["X-Amz-Expires"] == ["600"]
        assert query["response-content-type"] == ["text/csv; charset=utf-8"]
        assert query["response-content-disposition"][0].startswith("attachment; filename=")
    assert again.status == 200
    moving = ("url", "expiresAt")
    assert {name: value for name, value in again.json.items() if name not in moving} == {
        name: value for name, value in made.json.items() if name not in moving
    }


def test_a_long_journal_is_written_behind_the_answer(
    dana: Client, stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    close = {"quantity": "1", "price": "9", "closedAt": "2026-01-05T11:00:00-05:00"}
    for _ in range(3):
        dana.new_trade(closes=[close])
    late = {**close, "closedAt": "2026-01-06T11:00:00-05:00"}
    dana.new_trade(openDate="2026-01-06T10:00:00-05:00", closes=[late])
    monkeypatch.setattr(file_writing, "AT_ONCE_SECONDS", -1)
    monkeypatch.setattr(file_writing, "PROGRESS_SECONDS", -1)
    asked = dana.post("/exports", {**CSV, "closeTo": "2026-01-05"})
    assert (asked.status, asked.headers["retry-after"]) == (202, "10")
    assert (asked.json["status"], asked.json["rowsWritten"]) == ("WRITING", 0)
    path = f"/exports/{asked.json['exportId']}"
    assert dana.get(path).json == asked.json
    assert dana.get(path).headers["retry-after"] == "10"
    told: list[Any] = []
    by_entry = trade_queries.by_entry

    def watched(user_id: str) -> Any:
        for trade in by_entry(user_id):
            yield trade
            told.append(dana.get(path).json["rowsWritten"])

    [message] = messages_of(stores.export_queue)
    with monkeypatch.context() as patch:
        patch.setattr(trade_queries, "by_entry", watched)
        assert write_export({"Records": [message]}, None) == {"batchItemFailures": []}
    assert told == [1, 2, 3, 3]
    assert len(rows_of(dana.get(path))) == 3
    # The message may come twice.
    assert write_export({"Records": [message]}, None) == {"batchItemFailures": []}
    assert len(rows_of(dana.get(path))) == 3


@pytest.mark.parametrize("at_once", [True, False])
def test_a_retry_gets_the_first_answer_and_no_second_file(
    dana: Client, stores: Stores, monkeypatch: pytest.MonkeyPatch, at_once: bool
) -> None:
    if not at_once:
        monkeypatch.setattr(file_writing, "AT_ONCE_SECONDS", -1)
        dana.new_trade()
    first = dana.post("/exports", CSV, headers=KEY)
    assert first.status == (201 if at_once else 202)
    messages = messages_of(stores.export_queue)
    assert len(messages) == (0 if at_once else 1)
    if not at_once:
        assert write_export({"Records": messages}, None) == {"batchItemFailures": []}
    again = dana.post("/exports", CSV, headers=KEY)
    assert (again.status, again.body) == (first.status, first.body)
    assert (first.headers.get("idempotent-replayed"), again.headers["idempotent-replayed"]) == (None, "true")
    assert again.headers["location"] == first.headers["location"]
    assert again.headers.get("retry-after") == first.headers.get("retry-after")
    assert messages_of(stores.export_queue) == []
    [listed] = dana.get("/exports").json["items"]
    assert (listed["exportId"], listed["status"]) == (first.json["exportId"], "WRITTEN")


def test_a_key_is_of_one_request_alone(dana: Client) -> None:
    days = {**CSV, "closeFrom": "2026-01-05"}
    assert dana.post("/exports", days, headers=KEY).status == 201
    for other in (CSV, {"format": "ZIP"}, {**CSV, "closeFrom": "2026-01-06"}):
        refused = dana.post("/exports", other, headers=KEY)
        assert (refused.status, refused.kind) == (422, "/problems/idempotency-key-reused"), other
    assert len(dana.get("/exports").json["items"]) == 1
    assert dana.post("/exports", CSV).headers.get("idempotent-replayed") is None
    assert len(dana.get("/exports").json["items"]) == 2


def test_two_retries_at_once_write_one_file(dana: Client, stores: Stores, monkeypatch: pytest.MonkeyPatch) -> None:
    unseen = SimpleNamespace(for_key=lambda *_: None)  # neither sees the answer of the other before it is made
    monkeypatch.setattr(export_files, "kept_answers", unseen)
    first, second = (dana.post("/exports", CSV, headers=KEY) for _ in range(2))
    assert (second.status, second.body, second.headers["idempotent-replayed"]) == (201, first.body, "true")
    assert len(dana.get("/exports").json["items"]) == 1
    other = new_client(stores.pool, "erin@example.com").post("/exports", CSV, headers=KEY)
    assert (other.status, other.json["exportId"] == first.json["exportId"]) == (201, False)


def test_a_long_table_goes_out_in_pieces(dana: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    close = {"quantity": "1", "price": "9", "closedAt": "2026-01-05T11:00:00-05:00"}
    for _ in range(3):
        dana.new_trade(closes=[close])
    whole = sorted(row["id"] for row in rows_of(dana.post("/exports", CSV)))
    monkeypatch.setattr(file_writing, "_WRITTEN_AT_ONCE", 1)
    assert sorted(row["id"] for row in rows_of(dana.post("/exports", CSV))) == whole


def test_a_table_that_nobody_writes_any_more_has_failed(
    dana: Client, stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_writing, "AT_ONCE_SECONDS", -1)
    asked = dana.post("/exports", CSV).json
    monkeypatch.setattr(export_files, "GIVEN_UP_AFTER", timedelta(seconds=-60))
    answer = dana.get(f"/exports/{asked['exportId']}")
    assert answer.json == {**{name: asked[name] for name in ("exportId", "format", "createdAt")}, "status": "FAILED"}
    assert "retry-after" not in answer.headers
    assert len(messages_of(stores.export_queue)) == 1


def test_what_was_asked_for_may_be_deleted_before_it_is_written(
    dana: Client, stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_writing, "AT_ONCE_SECONDS", -1)
    asked = dana.post("/exports", CSV).json
    clients.s3().delete_object(Bucket="files", Key=f"exports/{dana.user}/tables/{asked['exportId']}.json")
    [message] = messages_of(stores.export_queue)
    assert write_export({"Records": [message]}, None) == {"batchItemFailures": []}
    assert dana.get(f"/exports/{asked['exportId']}").status == 404


def test_anothers_table_does_not_exist(dana: Client, stores: Stores) -> None:
    made = dana.post("/exports", CSV).json
    erin = new_client(stores.pool, "erin@example.com")
    answer = erin.get(f"/exports/{made['exportId']}")
    never = erin.get(f"/exports/{NEVER}")
    assert (answer.status, answer.json["detail"]) == (never.status, never.json["detail"])
    assert answer.status == 404


def test_nothing_is_written_for_an_account_that_is_being_erased(
    dana: Client, monkeypatch: pytest.MonkeyPatch, stores: Stores
) -> None:
    monkeypatch.setattr(file_writing, "AT_ONCE_SECONDS", -1)
    asked = dana.post("/exports", CSV).json
    erasure_marks.begin(str(dana.user), NOW)
    assert dana.post("/exports", CSV).kind == "/problems/account-erased"
    [message] = messages_of(stores.export_queue)
    assert write_export({"Records": [message]}, None) == {"batchItemFailures": []}
    files = clients.s3().list_objects_v2(Bucket="files")["Contents"]
    assert [file["Key"].rpartition("/")[2] for file in files] == [f"{asked['exportId']}.json"]
    assert "Uploads" not in clients.s3().list_multipart_uploads(Bucket="files")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"format": "XLSX"},
        {**CSV, "closeFrom": "2026-02-30"},
        {**CSV, "from": "2026-01-01"},
        {**CSV, "accountId": []},
    ],
)
def test_a_bad_question_is_a_400_that_names_the_field(dana: Client, body: dict[str, str]) -> None:
    answer = dana.post("/exports", body)
    assert answer.status == 400
    assert answer.bad_fields


def test_a_table_lasts_as_long_as_the_bucket_keeps_it(dana: Client) -> None:
    made = dana.post("/exports", CSV).json
    assert datetime.fromisoformat(made["createdAt"]) <= datetime.now(UTC)
    for name in (".csv", ".json"):
        clients.s3().delete_object(Bucket="files", Key=f"exports/{dana.user}/tables/{made['exportId']}{name}")
    assert dana.get(f"/exports/{made['exportId']}").kind == "/problems/not-found"
