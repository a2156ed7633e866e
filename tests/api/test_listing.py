"""Lists: every filter, alone and combined, and pages that neither repeat nor skip."""

import base64
from collections.abc import Sequence
from typing import Any

import pytest

from handlers.operations import trades as operations
from tests import pictures
from tests.api import uploading
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
        ([("symbol", "aapl")], "410"),
        ([("symbol", "Aapl"), ("side", "BUY"), ("status", "CLOSED")], "0"),
        ([("symbol", "aapl"), ("status", "CANCELLED")], "4"),
        ([("setupType", "BREAKOUT")], "20"),
        ([("status", "OPEN"), ("status", "PARTIAL")], "532"),
        ([("status", "OPEN"), ("status", "PARTIAL"), ("order", "asc")], "235"),
        ([("status", "PARTIAL"), ("status", "CANCELLED"), ("status", "OPEN"), ("status", "OPEN")], "5432"),
        ([("status", "OPEN"), ("status", "CLOSED")], "5310"),
        ([("status", "OPEN"), ("status", "PARTIAL"), ("symbol", "msft"), ("openFrom", "2026-01-04")], "3"),
        ([("hasImages", "true")], ""),
        ([("hasImages", "false"), ("status", "OPEN")], "53"),
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
        ([("openFrom", "2026-01-03")], "5432"),
        ([("openTo", "2026-01-02")], "10"),
        ([("openFrom", "2026-01-02"), ("openTo", "2026-01-02")], "1"),
        ([("openFrom", "2026-01-03"), ("openTo", "2026-01-03")], "2"),
        ([("openFrom", "2026-01-06"), ("openTo", "2026-01-01")], ""),
        ([("idempotencyKey", "key-5")], "5"),
        ([("idempotencyKey", "key-6")], ""),
        ([("symbol", "AAPL"), ("status", "CLOSED")], "10"),
        ([("symbol", "MSFT"), ("status", "OPEN"), ("openFrom", "2026-01-04")], "3"),
        ([("symbol", "AAPL"), ("side", "SELL"), ("tag", "gap"), ("order", "asc")], "1"),
        ([("status", "CLOSED"), ("setupType", "breakout"), ("openTo", "2026-01-01")], "0"),
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
        [("openFrom", "2026-01-01")],
        [("openTo", "2026-12-31")],
        [("idempotencyKey", "key-5")],
        [("hasImages", "false")],
        [("status", "OPEN"), ("status", "PARTIAL")],
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


@pytest.mark.parametrize(
    ("query", "number"),
    [
        ([], 6),
        ([("limit", "1")], 6),
        ([("symbol", "msft")], 2),
        ([("tag", "gap"), ("status", "OPEN"), ("status", "CLOSED")], 2),
        ([("status", "OPEN"), ("status", "PARTIAL")], 3),
        ([("idempotencyKey", "key-5")], 1),
        ([("externalId", "none")], 0),
        ([("openFrom", "2026-01-06"), ("openTo", "2026-01-01")], 0),
        ([("symbol", "none")], 0),
    ],
)
def test_a_list_is_counted_when_that_is_asked(journal: Client, query: Query, number: int) -> None:
    assert journal.get("/trades", query=[*query, ("count", "true")]).json["count"] == number
    for other in ([], [("count", "false")]):
        assert "count" not in journal.get("/trades", query=[*query, *other]).json


def test_every_page_tells_the_count_of_the_whole_list(journal: Client) -> None:
    first = journal.get("/trades", query=[("limit", "4"), ("count", "true")]).json
    token = ("nextToken", first["nextToken"])
    last = journal.get("/trades", query=[("limit", "4"), ("count", "true"), token]).json
    assert (first["count"], last["count"], len(last["items"])) == (6, 6, 2)


def test_of_many_trades_as_many_are_told_as_were_counted(journal: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operations, "MOST_COUNTED", 2)
    for query, told in (([], {"countIsAtLeast": 2}), ([("symbol", "MSFT")], {"count": 2})):
        answer = journal.get("/trades", query=[*query, ("count", "true")]).json
        assert {name: answer[name] for name in answer.keys() - {"items"}} == told


def test_a_trade_is_found_by_its_external_id(journal: Client, erin: Client) -> None:
    made = journal.new_trade(externalId="broker-1", lessons="6", tags=["gap"])
    erin.new_trade(externalId="broker-1")
    named = ("externalId", "broker-1")
    for others in ([], [("tag", "gap"), ("symbol", "aapl")], [("status", "OPEN"), ("hasImages", "false")]):
        assert journal.get("/trades", query=[named, *others]).json == {"items": [made]}
    for others in ([("tag", "news")], [("side", "SELL")], [("openTo", "2026-01-04")]):
        assert journal.get("/trades", query=[named, *others]).json == {"items": []}
    journal.delete(f"/trades/{made['tradeId']}")
    assert journal.get("/trades", query=[named]).json == {"items": []}


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("hasImages=yes", "hasImages"),
        ("count=1", "count"),
        ("include=images", "include"),
        ("status=OPEN&status=x", "status"),
    ],
)
def test_a_parameter_that_is_none_is_named(dana: Client, query: str, name: str) -> None:
    answer = dana.get("/trades", query=query)
    assert (answer.status, answer.bad_fields) == (400, {("query", f"/{name}")})


@pytest.mark.usefixtures("bucket")
def test_a_list_shows_the_first_image_when_that_is_asked(dana: Client) -> None:
    plain, shown = dana.new_trade()["tradeId"], dana.new_trade()["tradeId"]
    first = uploading.illustrate(dana, shown)
    uploading.illustrate(dana, shown)
    images = {
        trade["tradeId"]: trade.get("images", [])
        for trade in dana.get("/trades", query=[("include", "thumbnail")]).json["items"]
    }
    assert images[plain] == []
    assert images[shown][0]["imageId"] == first
    assert [image.get("url", "").startswith("https://") for image in images[shown]] == [True, False]
    without = dana.get("/trades", query=[("hasImages", "true")]).json["items"]
    assert [(trade["tradeId"], "url" in trade["images"][0]) for trade in without] == [(shown, False)]
    assert [trade["tradeId"] for trade in dana.get("/trades", query=[("hasImages", "false")]).json["items"]] == [plain]


@pytest.mark.usefixtures("bucket")
def test_a_pdf_document_is_no_thumbnail(dana: Client) -> None:
    trade = dana.new_trade()["tradeId"]
    document = uploading.ask(dana, trade, "application/pdf")
    assert uploading.check(uploading.send(trade, document, pictures.pdf())) == []
    uploading.illustrate(dana, trade)
    [listed] = dana.get("/trades", query=[("include", "thumbnail")]).json["items"]
    assert [(image["contentType"], "url" in image) for image in listed["images"]] == [
        ("application/pdf", False),
        ("image/png", True),
    ]
