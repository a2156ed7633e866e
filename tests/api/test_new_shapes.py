"""After a deployment with another shape of stored entries, operations, stream and comparison still work."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from handlers.entry import streams
from handlers.journal.settings import MAIN
from handlers.storage import clients
from handlers.storage.stats import book_items, comparing
from tests.api.client import DANA, Client
from tests.api.uploading import Context, item_of

CLOSE = {"quantity": "100", "price": "11", "closedAt": "2026-01-05T11:00:00-05:00"}
FILTERS = ("", "symbol=AAPL&side=BUY&tag=gap", "risk=KNOWN&weekday=MONDAY", "timeZone=Europe/Berlin&dayStartsAt=17:00")
QUESTIONS = (
    *(f"/stats?{each}" for each in FILTERS),
    *(f"/stats/equity-curve?groupBy=WEEK&{each}" for each in FILTERS),
    *(f"/stats/calendar?month=2026-01&{each}" for each in FILTERS),
    *(
        f"/stats/breakdown?by={by}"
        for by in ("SYMBOL", "TAG,WEEKDAY", "HOUR", "SETUP_TYPE", "TRADE_GRADE", "MONTH,SIDE", "HOLDING_TIME")
    ),
    "/trades?closeFrom=2026-01-01&closeTo=2026-01-31&sort=R_MULTIPLE",
    "/trades?activeOn=2026-01-05",
    "/stats?from=2026-01-06",
    "/stats?from=2026-01-06&to=2026-01-07&countAs=GROUPS",
    "/facets",
    f"/accounts/{MAIN}/balance",
    f"/accounts/{MAIN}/returns?from=2026-01-01&to=2026-01-31",
)


@pytest.fixture
def trades(dana: Client) -> list[Any]:
    """Ten trades on five days, with all that an entry tells."""
    made = []
    for number in range(10):
        closed = {**CLOSE, "closedAt": f"2026-01-{5 + number // 2:02}T11:0{number}:00-05:00", "price": str(8 + number)}
        given = {"tags": ["gap"], "setupType": "breakout", "tradingSession": "London", "tradeGrade": "B"}
        made.append(dana.new_trade(riskAmount="50", closes=[closed], **given))
    comparing.compare(DANA, lambda: datetime.now(UTC))
    return made


def asked(dana: Client) -> dict[str, Any]:
    """What every operation answers that reads the books, without when they were read."""
    answers: dict[str, Any] = {}
    for question in QUESTIONS:
        path, _, query = question.partition("?")
        answer = dana.get(path, query=query)
        assert answer.status == 200, (question, answer.json)
        answers[question] = {name: value for name, value in answer.json.items() if name not in ("asOf", "lastUpdated")}
    return answers


def reshape(shape: int, change: Callable[[list[Any]], list[Any]]) -> None:
    """Store every book as code of that shape would have written it."""
    books = [item for item in clients.dynamodb().scan(TableName="stats")["Items"] if "entries" in item]
    assert len(books) == 5
    for item in books:
        rows = [change(row) for row in json.loads(zlib.decompress(item["entries"]["B"], -15))]
        compressor = zlib.compressobj(9, zlib.DEFLATED, -15)
        item["entries"] = {"B": compressor.compress(json.dumps(rows).encode()) + compressor.flush()}
        clients.dynamodb().put_item(TableName="stats", Item={**item, "shape": {"N": str(shape)}})


def newer(row: list[Any]) -> list[Any]:
    return [*row, *[None] * (len(book_items.COLUMNS) - len(row)), "a new column", {"a": 1}]


def older(row: list[Any]) -> list[Any]:
    return row[:9]  # up to the result: without net, risk, tags and all that came later


@pytest.mark.parametrize(("shape", "change"), [(book_items.SHAPE + 1, newer), (0, older)], ids=["newer", "older"])
def test_another_shape_is_read_kept_up_and_mended(
    dana: Client,
    trades: list[Any],
    monkeypatch: pytest.MonkeyPatch,
    shape: int,
    change: Callable[[list[Any]], list[Any]],
) -> None:
    monkeypatch.setattr(comparing, "_SETTLING", 0)
    before = asked(dana)
    reshape(shape, change)
    reread = asked(dana)
    if change is newer:
        assert reread == before

    # A change arrives on a day with such a book, and one of a trade that is new there.
    changed, path = trades[0], f"/trades/{trades[0]['tradeId']}"
    old = item_of(changed["tradeId"])
    assert dana.patch(path, {"tags": ["gap", "news"], "commission": "3"}).status == 200
    added = dana.new_trade(symbol="MSFT", closes=[CLOSE])
    records = [
        _record(1, OldImage=old, NewImage=item_of(changed["tradeId"])),
        _record(2, NewImage=item_of(added["tradeId"])),
    ]
    assert streams.update_stats({"Records": records}, Context()) == {"batchItemFailures": []}
    # The two entries are whole; those of the older shape do not say what their trades earned.
    assert asked(dana)["/stats?"]["tradeCount"] == (11 if change is newer else 2)

    # The comparison fills in what is missing; then everything is as a rebuild from the trades makes it.
    message = {"messageId": "1", "body": json.dumps({"user": DANA})}
    assert streams.rebuild_stats({"Records": [message]}, Context()) == {"batchItemFailures": []}
    mended = asked(dana)
    for item in clients.dynamodb().scan(TableName="stats")["Items"]:
        key = {"userId": item["userId"], "statKey": item["statKey"]}
        clients.dynamodb().delete_item(TableName="stats", Key=key)
    comparing.compare(DANA, lambda: datetime.now(UTC))
    assert mended == asked(dana)


def _record(number: int, **images: Any) -> dict[str, Any]:
    item = images["NewImage"]
    keys = {"userId": item["userId"], "tradeId": item["tradeId"]}
    return {"eventName": "MODIFY", "dynamodb": {"SequenceNumber": str(number), "Keys": keys, **images}}


@pytest.mark.parametrize("change", ["newer", "older", "without those behind the books"])
def test_copies_of_settings_and_accounts_of_another_shape_are_read_and_mended(
    dana: Client, trades: list[Any], monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    monkeypatch.setattr(comparing, "_SETTLING", 0)
    assert trades
    assert dana.patch("/settings", {"breakevenTolerance": "5"}).status == 200
    assert dana.post("/accounts", {"name": "Second", "currency": "EUR", "broker": "none"}).status == 201
    before = asked(dana)
    for item in clients.dynamodb().scan(TableName="stats")["Items"]:
        name = item["statKey"]["S"]
        key: Any = {"userId": item["userId"], "statKey": item["statKey"]}
        if change == "newer" and name.startswith(("account", "copy|")):
            clients.dynamodb().put_item(TableName="stats", Item={**item, "aNewField": {"S": "x"}})
        elif change == "older" and name.startswith(("account|", "copy|account|")):
            item.pop("broker")
            item.pop("dustValue", None)
            clients.dynamodb().put_item(TableName="stats", Item=item)
        elif change.startswith("without") and name.startswith("copy|"):
            clients.dynamodb().delete_item(TableName="stats", Key=key)
    reread = asked(dana)
    if not change.startswith("without"):
        assert reread == before
    message = {"messageId": "1", "body": json.dumps({"user": DANA})}
    assert streams.rebuild_stats({"Records": [message]}, Context()) == {"batchItemFailures": []}
    assert asked(dana) == before
