"""Lists: every filter, alone and combined, and pages that neither repeat nor skip."""

import base64
from collections.abc import Sequence
from typing import Any

import pytest

from tests.api.client import Client, a_trade
from tests.storage.conftest import Tables

Query = Sequence[tuple[str, str]]


@pytest.fixture
def journal(dana: Client, erin: Client, tables: Tables) -> Client:
    """Six trades of Dana's, each with its number in `lessons`, and one of Erin's.

    Number 1 was opened on the day before number 2, by its own clock, and yet after it.
    """
    full: dict[str, Any] = {"exitPrice": "12", "closeDate": "2026-03-01T09:00:00Z"}
    part: dict[str, Any] = {"closes": [{"quantity": "1", "price": "11", "closedAt": "2026-03-01T09:00:00Z"}]}

    def fill() -> None:
        for number, given in enumerate(
            [
                {"openDate": "2026-01-01T10:00:00Z", "tags": ["gap"], "setupType": "breakout", **full},
                {"openDate": "2026-01-02T23:30:00-05:00", "side": "SELL", "tags": ["gap", "earnings"], **full},
                {"openDate": "2026-01-03T01:00:00Z", "symbol": "MSFT", "setupType": "breakout", **part},
                {"openDate": "2026-01-04T10:00:00Z", "symbol": "MSFT", "tags": ["a,b"]},
                {"openDate": "2026-01-05T10:00:00Z", "status": "CANCELLED", "tags": ["earnings"]},
            ]
        ):
            dana.new_trade(lessons=str(number), **given)
        keyed = a_trade(lessons="5", openDate="2026-01-06T10:00:00Z", symbol="AAPL2", setupType="fade")
        dana.post("/trades", keyed, headers={"Idempotency-Key": "key-5"})
        erin.post("/trades", a_trade(lessons="erin's", tags=["gap"]), headers={"Idempotency-Key": "key-5"})

    tables.filled(fill)
    return dana


def listed(client: Client, *query: tuple[str, str]) -> str:
    """The numbers of the trades of a list, every page of it."""
    return "".join(trade["lessons"] for page in pages(client, query) for trade in page)


def pages(client: Client, query: Query) -> list[list[Any]]:
    found, token = [], None
    while True:
        answer = client.get("/trades", query=[*query, ("nextToken", token)] if token else query)
        assert answer.status == 200
        found.append(answer.json["items"])
        token = answer.json.get("nextToken")
        if token is None:
            return found


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ([], "543120"),
        ([("order", "desc")], "543120"),
        ([("order", "asc")], "021345"),
        ([("symbol", "AAPL")], "410"),
        ([("symbol", "aapl")], ""),
        ([("status", "OPEN")], "53"),
        ([("status", "PARTIAL")], "2"),
        ([("status", "CLOSED")], "10"),
        ([("status", "CANCELLED")], "4"),
        ([("side", "SELL")], "1"),
        ([("side", "BUY")], "54320"),
        ([("tag", "gap")], "10"),
        ([("tag", "gap"), ("tag", "earnings")], "1"),
        ([("tag", "gap"), ("tag", "gap")], "10"),
        ([("tag", "a,b")], "3"),
        ([("tag", "a"), ("tag", "b")], ""),
        ([("tag", "ga")], ""),
        ([("setupType", "breakout")], "20"),
        ([("startDate", "2026-01-03")], "5432"),
        ([("endDate", "2026-01-02")], "10"),
        ([("startDate", "2026-01-02"), ("endDate", "2026-01-02")], "1"),
        ([("startDate", "2026-01-03"), ("endDate", "2026-01-03")], "2"),
        ([("startDate", "2026-01-06"), ("endDate", "2026-01-01")], ""),
        ([("idempotencyKey", "key-5")], "5"),
        ([("idempotencyKey", "key-6")], ""),
        ([("symbol", "AAPL"), ("status", "CLOSED")], "10"),
        ([("symbol", "MSFT"), ("status", "OPEN"), ("startDate", "2026-01-04")], "3"),
        ([("symbol", "AAPL"), ("side", "SELL"), ("tag", "gap"), ("order", "asc")], "1"),
        ([("status", "CLOSED"), ("setupType", "breakout"), ("endDate", "2026-01-01")], "0"),
        ([("idempotencyKey", "key-5"), ("symbol", "AAPL")], ""),
        ([("idempotencyKey", "key-5"), ("side", "BUY"), ("status", "OPEN"), ("setupType", "fade")], "5"),
    ],
)
@pytest.mark.parametrize("limit", ["1", "100"])
def test_a_list_holds_what_fits_all_filters_in_order(journal: Client, query: Query, expected: str, limit: str) -> None:
    assert listed(journal, *query, ("limit", limit)) == expected


def test_a_list_of_nothing_is_empty_and_has_no_next_page(dana: Client) -> None:
    assert dana.get("/trades").json == {"items": []}


def test_a_page_holds_no_more_than_its_limit_and_the_last_has_no_token(journal: Client) -> None:
    assert [len(page) for page in pages(journal, [("limit", "2")])] == [2, 2, 2]
    assert [len(page) for page in pages(journal, [("limit", "4")])] == [4, 2]


def test_a_page_holds_50_unless_asked_otherwise(dana: Client) -> None:
    for _ in range(51):
        dana.new_trade()
    assert [len(page) for page in pages(dana, [])] == [50, 1]


def test_pages_neither_repeat_nor_skip_trades_of_the_same_moment(dana: Client) -> None:
    recorded = {dana.new_trade()["tradeId"] for _ in range(7)}
    found = [trade["tradeId"] for page in pages(dana, [("limit", "2")]) for trade in page]
    assert (len(found), set(found)) == (7, recorded)


def test_pages_neither_repeat_nor_skip_what_stays_while_others_come_and_go(dana: Client) -> None:
    kept = [dana.new_trade(openDate=f"2026-01-{day:02}T10:00:00Z")["tradeId"] for day in range(1, 20, 2)]
    gone = [dana.new_trade(openDate=f"2026-01-{day:02}T10:00:00Z")["tradeId"] for day in range(2, 20, 2)]
    found, token = [], None
    for trade_id in [*gone, *gone]:
        query = [("limit", "3"), ("order", "asc"), *([("nextToken", token)] if token else [])]
        page = dana.get("/trades", query=query).json
        found += [trade["tradeId"] for trade in page["items"]]
        dana.delete(f"/trades/{trade_id}")
        dana.new_trade(openDate="2026-01-01T00:00:00Z")
        token = page.get("nextToken")
        if token is None:
            break
    assert [trade_id for trade_id in found if trade_id in kept] == kept


def test_the_limit_may_change_from_page_to_page(journal: Client) -> None:
    first = journal.get("/trades", query=[("limit", "2")]).json
    second = journal.get("/trades", query=[("limit", "100"), ("nextToken", first["nextToken"])]).json
    assert "".join(trade["lessons"] for trade in [*first["items"], *second["items"]]) == "543120"


def test_tags_in_another_order_are_the_same_filters(journal: Client) -> None:
    both = [("tag", "gap"), ("tag", "earnings")]
    token = first_token(journal, ("tag", "gap"))
    assert journal.get("/trades", query=[*both, ("nextToken", token)]).status == 400
    journal.new_trade(tags=["earnings", "gap"])
    token = first_token(journal, *both)
    assert journal.get("/trades", query=[*reversed(both), ("limit", "1"), ("nextToken", token)]).status == 200


def first_token(client: Client, *query: tuple[str, str]) -> str:
    token: str = client.get("/trades", query=[*query, ("limit", "1")]).json["nextToken"]
    return token


@pytest.mark.parametrize(
    "others",
    [
        [("symbol", "AAPL")],
        [("status", "OPEN")],
        [("side", "BUY")],
        [("tag", "gap")],
        [("setupType", "breakout")],
        [("startDate", "2026-01-01")],
        [("endDate", "2026-12-31")],
        [("idempotencyKey", "key-5")],
        [("order", "asc")],
    ],
)
def test_a_token_of_other_filters_is_refused(journal: Client, others: Query) -> None:
    for made_with, sent_with in (([], others), (others, [])):
        answer = journal.get("/trades", query=[*made_with, ("limit", "1")])
        token = answer.json.get("nextToken") or first_token(journal, *sent_with)
        wrong = sent_with if "nextToken" in answer.json else made_with
        refused = journal.get("/trades", query=[*wrong, ("nextToken", token)])
        assert (refused.status, refused.bad_fields) == (400, {("query", "/nextToken")})


def test_a_token_of_another_user_is_refused(journal: Client, erin: Client) -> None:
    answer = erin.get("/trades", query=[("nextToken", first_token(journal))])
    assert (answer.status, answer.bad_fields) == (400, {("query", "/nextToken")})


def test_a_forged_token_is_refused(journal: Client) -> None:
    token = first_token(journal)
    sealed = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    forged = [
        sealed[:-1],
        sealed + b" ",
        sealed[:32] + sealed[32:].replace(b"2026", b"2025"),
        bytes(32) + sealed[32:],
        sealed[32:],
        sealed[:32],
        b'{"userId":{"S":"erin"}}',
        b"x",
    ]
    tokens = [base64.urlsafe_b64encode(made).decode().rstrip("=") for made in forged]
    for wrong in [*tokens, token + "=", token + "\n", token[:-1], token.swapcase(), "ä", "%00", "null"]:
        answer = journal.get("/trades", query=[("nextToken", wrong)])
        assert (answer.status, answer.bad_fields) == (400, {("query", "/nextToken")})


def test_a_token_tells_no_user(journal: Client) -> None:
    token = first_token(journal)
    assert str(journal.user).encode() not in base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
