"""Requests that break the contract are refused with all of their bad fields at once."""

from typing import Any

import pytest

from tests.api.client import Answer, Client, a_trade


def assert_refused(answer: Answer, *fields: tuple[str, str]) -> None:
    assert (answer.status, answer.kind) == (400, "/problems/invalid-request")
    assert answer.bad_fields == set(fields)


def test_all_bad_fields_of_body_query_and_header_are_named_at_once(dana: Client) -> None:
    answer = dana.post(
        "/trades",
        {
            "symbol": "",
            "side": "LONG",
            "openDate": "yesterday",
            "confidence": 11,
            "psychology": {"joy": True},
            "closes": [{"quantity": "0", "price": 1}],
            "tags": ["a", ""],
            "a/b~c": 1,
        },
        query=[("color", "red")],
        headers={"Idempotency-Key": "two words"},
    )
    assert_refused(
        answer,
        ("query", "/color"),
        ("header", "/Idempotency-Key"),
        ("body", "/symbol"),
        ("body", "/side"),
        ("body", "/openDate"),
        ("body", "/confidence"),
        ("body", "/psychology/joy"),
        ("body", "/closes/0/quantity"),
        ("body", "/closes/0/price"),
        ("body", "/closes/0/closedAt"),
        ("body", "/tags/1"),
        ("body", "/a~1b~0c"),
    )


def test_path_header_and_body_are_named_at_once(dana: Client) -> None:
    answer = dana.post("/trades/none/closes", {"price": "x"}, headers={"If-Match": "1"})
    assert_refused(answer, ("path", "/tradeId"), ("header", "/If-Match"), ("body", "/price"), ("body", "/closedAt"))


def test_a_detail_says_what_is_wrong_and_not_what_was_sent(dana: Client) -> None:
    answer = dana.post("/trades", a_trade(symbol="|canary|", side="canary"))
    assert "canary" not in answer.body.decode()
    assert {bad["detail"] for bad in answer.json["errors"]} == {
        "has a character that is not allowed there; write it like AAPL",
        "is none of BUY, SELL",
    }


def test_a_hundred_bad_fields_are_named_and_no_more(dana: Client) -> None:
    answer = dana.post("/trades", {f"unknown{number}": 1 for number in range(1000)})
    assert answer.status == 400
    assert len(answer.json["errors"]) == 100


def test_a_very_long_name_is_not_sent_back_whole(dana: Client) -> None:
    answer = dana.post("/trades", {"x" * 100_000: 1}, query=[("y" * 2000, "1")])
    assert len(answer.body) < 2000


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("symbol", "AAPL\n"),
        ("symbol", " AAPL"),
        ("symbol", "AAPL "),
        ("symbol", "A|B"),
        ("symbol", "Ä"),
        ("symbol", "x" * 33),
        ("quantity", "100\n"),
        ("quantity", "0"),
        ("quantity", "0.00000000"),
        ("quantity", "-1"),
        ("quantity", 100),
        ("quantity", "1e2"),
        ("quantity", "+1"),
        ("quantity", "01"),
        ("quantity", "1."),
        ("quantity", ".5"),
        ("quantity", "1,5"),
        ("quantity", "1000000000000000"),
        ("quantity", "0.0000000000000000001"),
        ("quantity", "\u0661\u0660\u0660"),
        ("quantity", "NaN"),
        ("quantity", "Infinity"),
        ("quantity", ""),
        ("entryPrice", "10\n"),
        ("entryPrice", None),
        ("openDate", "2026-02-30T10:00:00Z"),
        ("openDate", "2025-02-29T10:00:00Z"),
        ("openDate", "2026-01-05"),
        ("openDate", "2026-01-05T10:00:00"),
        ("openDate", "2026-01-05 10:00:00Z"),
        ("openDate", "2026-01-05T10:00Z"),
        ("openDate", "2026-01-05T10:00:00+0100"),
        ("openDate", "2026-01-05T10:00:00+24:00"),
        ("openDate", "2026-01-05T24:00:00Z"),
        ("openDate", "2026-01-05T10:00:60Z"),
        ("openDate", "2026-01-31T23:59:61Z"),
        ("openDate", "2026-01-31T23:59:60+01:00"),
        ("openDate", "2026-01-30T23:59:60Z"),
        ("openDate", "2026-01-05T10:00:00.Z"),
        ("openDate", "2026-01-05T10:00:00,5Z"),
        ("openDate", "2026-01-05T10:00:00Z\n"),
        ("openDate", "2026-W02-1T10:00:00Z"),
        ("openDate", "0000-01-05T10:00:00Z"),
        ("openDate", "999-01-05T10:00:00Z"),
        ("openDate", "10000-01-05T10:00:00Z"),
        ("openDate", "\uff12026-01-05T10:00:00Z"),
        ("openDate", 1767623470),
        ("confidence", 5.5),
        ("confidence", "7.0"),
        ("confidence", "5"),
        ("confidence", True),
        ("confidence", -1),
        ("setupType", ""),
        ("setupType", "x" * 51),
        ("tradeGrade", "G"),
        ("psychology", []),
        ("lessons", "x" * 10_001),
        ("tags", "a"),
        ("tags", [str(number) for number in range(31)]),
        ("newsEvents", [str(number) for number in range(21)]),
        ("status", "OPEN"),
        ("status", "CLOSED"),
        ("closes", {}),
        ("userId", "22222222-aaaa-4bbb-8ccc-000000000002"),
        ("tradeId", "0b9f2f0a-6c1e-4a55-9d8e-3a4b5c6d7e8f"),
        ("idempotencyKey", "key"),
        ("netPnl", "1000000"),
    ],
)
def test_a_value_that_the_contract_does_not_allow_is_refused(dana: Client, name: str, value: Any) -> None:
    body = a_trade()
    body[name] = value
    answer = dana.post("/trades", body)
    assert answer.status == 400
    assert {pointer.split("/")[1] for _, pointer in answer.bad_fields} == {name}
    assert dana.get("/trades").json == {"items": []}


def test_the_outermost_values_that_the_contract_allows_are_kept(dana: Client) -> None:
    given = {
        "symbol": "BTC/USD {perp}~1",
        "quantity": "0.000000000000000001",
        "openDate": "9999-12-31T00:00:59.999999-23:59",
        "entryPrice": "-999999999999999.999999999999999999",
        "commission": "-999999999999999.999999999999999999",
        "riskAmount": "999999999999999.999999999999999999",
        "confidence": 0,
        "setupQuality": 10,
        "setupType": "ä" * 50,
        "lessons": "\u0000\U0001f4c8" * 5000,
        "emotionalState": "\n",
        "tags": ["é", "É", "|", '"'],
        "newsEvents": ["same", "same"],
    }
    trade = dana.new_trade(**given)
    assert {name: trade[name] for name in given} == given
    assert dana.get(f"/trades/{trade['tradeId']}").json == trade


def test_the_earliest_entry_and_the_longest_offset_are_kept(dana: Client) -> None:
    trade = dana.new_trade(openDate="0001-01-01T23:59:00+23:59")
    assert dana.get("/trades").json == {"items": [trade]}


@pytest.mark.parametrize(
    "trade_id", ["1", "0b9f2f0a6c1e4a559d8e3a4b5c6d7e8f", "idempotency%7Ckey", "%00", "%FF", "%20"]
)
def test_an_id_that_is_no_uuid_is_refused(dana: Client, trade_id: str) -> None:
    assert_refused(dana.get(f"/trades/{trade_id}"), ("path", "/tradeId"))


@pytest.mark.parametrize(
    "limit",
    [
        "0",
        "101",
        "+5",
        "5_0",
        "\u0665",
        "\uff15",
        "05",
        "5.5",
        "5.",
        ".5",
        "1e",
        "1e-1",
        "5e0.0",
        "1e99",
        "1e999",
        "1e99999",
        "",
        " 5",
        "5 ",
        "-0",
        "0x5",
        "9" * 6000,
    ],
)
def test_a_limit_that_is_not_1_to_100_in_plain_digits_is_refused(dana: Client, limit: str) -> None:
    assert_refused(dana.get("/trades", query=[("limit", limit)]), ("query", "/limit"))


@pytest.mark.parametrize(
    "name", ["symbol", "externalId", "side", "setupType", "limit", "order", "openFrom", "nextToken"]
)
def test_a_parameter_of_one_value_is_refused_when_given_twice(dana: Client, name: str) -> None:
    value = {"symbol": "A", "side": "BUY", "limit": "5", "order": "asc", "openFrom": "2026-01-05"}
    given = [(name, value.get(name, "x"))] * 2
    assert_refused(dana.get("/trades", query=given), ("query", f"/{name}"))


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("color=red", "color"),
        ("Symbol=AAPL", "Symbol"),
        ("tag[]=a", "tag[]"),
        ("userId=22222222-aaaa-4bbb-8ccc-000000000002", "userId"),
        ("symbol=", "symbol"),
        ("symbol", "symbol"),
        ("symbol=AAPL%0A", "symbol"),
        ("tag=", "tag"),
        ("&".join(f"tag={number}" for number in range(11)), "tag"),
        ("status=open", "status"),
        ("side=LONG", "side"),
        ("order=down", "order"),
        ("openFrom=2026-02-30", "openFrom"),
        ("openTo=20260105", "openTo"),
        ("openTo=2026-01-05T00:00:00Z", "openTo"),
        ("idempotencyKey=two%20words", "idempotencyKey"),
        ("nextToken=", "nextToken"),
        ("nextToken=" + "x" * 2049, "nextToken"),
    ],
)
def test_a_query_that_the_contract_does_not_allow_is_refused(dana: Client, query: str, name: str) -> None:
    assert_refused(dana.get("/trades", query=query), ("query", f"/{name}"))


def test_a_query_that_is_not_utf_8_is_refused(dana: Client) -> None:
    assert_refused(dana.get("/trades", query="symbol=%FF"), ("query", ""))


def test_operations_without_parameters_refuse_any(dana: Client) -> None:
    trade_id = dana.new_trade()["tradeId"]
    assert_refused(dana.get(f"/trades/{trade_id}", query="limit=5"), ("query", "/limit"))


def test_tags_may_be_given_several_times(dana: Client) -> None:
    assert dana.get("/trades", query="tag=a&tag=b").status == 200


@pytest.mark.parametrize("media_type", ["multipart/form-data", "text/plain", "/", "application/json; charset"])
def test_a_media_type_means_nothing_where_no_body_is_taken(dana: Client, media_type: str) -> None:
    assert dana.get("/trades", headers={"Content-Type": media_type}).status == 200
