"""A statistic reads settings, accounts and books with one request, for every question."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from handlers.journal.settings import MAIN
from handlers.storage import clients
from tests.api.client import Client
from tests.api.test_currencies import account, give_rates, sums
from tests.api.test_stats import record, settle
from tests.storage.conftest import Tables

TODAY = datetime.now(UTC).date()
YESTERDAY = TODAY - timedelta(days=1)

OPERATIONS = ("/stats?", "/stats/equity-curve?groupBy=WEEK&", "/stats/breakdown?by=SYMBOL,WEEKDAY&", "/stats/calendar?")
FILTERS = (
    "",
    "symbol=AAPL&symbol=MSFT&side=BUY&side=SELL",
    "tag=gap&excludeTag=news&setupType=breakout&tradingSession=London&tradeGrade=A",
    "weekday=MONDAY&hour=09&closeWeekday=MONDAY&closeHour=12&result=WIN&risk=KNOWN",
    "timeZone=Asia/Tokyo&dayStartsAt=17:00&breakevenTolerance=0.05R",
    f"countAs=GROUPS&groupId=7e1d0c9b-8a7f-4e6d-b5c4-3a2b1c0d9e8f&accountId={MAIN}",
)
# What is asked of, and how many queries it takes. The copies of settings and accounts lie before and behind the books.
RANGES = {
    "": 1,
    "to=2026-01-06": 1,
    "from=2026-01-06": 1,
    f"from=2026-01-06&to={TODAY}": 1,
    f"from=2026-01-06&to={YESTERDAY}": 1,  # today, west of Greenwich
    "from=2026-01-05&to=2026-12-31": 1 if TODAY.year == 2026 else 2,
    "from=2026-01-05&to=2026-01-06": 2,
    "from=2026-01-06&to=2026-01-05": 1,  # no days
}


@pytest.fixture
def journal(dana: Client, tables: Tables) -> Client:
    """Somebody with settings, accounts and trades on several days."""

    def fill() -> None:
        paper = account(dana, kind="PAPER", currency="USD")
        assert dana.patch("/settings", {"timeZone": "America/New_York"}).status == 200
        for day in ("2026-01-02", "2026-01-05", "2026-01-06", "2026-01-12"):
            record(dana, day, "10", "5", tags=["gap"])
            record(dana, day, "-5", accountId=paper)
        settle()

    tables.filled(fill)
    return dana


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize(("days", "expected"), RANGES.items())
def test_a_statistic_takes_one_query_unless_its_range_lies_amid_the_books(
    journal: Client, requests: Counter[str], operation: str, days: str, expected: int
) -> None:
    if "calendar" in operation and not ("from" in days and "to" in days and days != "from=2026-01-06&to=2026-01-05"):
        days, expected = f"month={TODAY.isoformat()[:7]}", 1
    for filters in FILTERS:
        requests.clear()
        path, _, query = f"{operation}{days}&{filters}".strip("&").partition("?")
        answer = journal.get(path, query=query)
        assert answer.status == 200, answer.json
        assert requests == {"Query": expected}, query


@pytest.mark.parametrize(
    ("days", "count"),
    [
        ("", 4),
        ("to=2026-01-05", 2),
        ("from=2026-01-05", 3),
        (f"from=2026-01-05&to={TODAY}", 3),
        ("from=2026-01-05&to=2026-01-06", 2),
        ("from=2026-01-06&to=2026-01-05", 0),
    ],
)
def test_settings_and_accounts_hold_whatever_the_range(journal: Client, days: str, count: int) -> None:
    shown = journal.get("/stats", query=days).json
    assert (shown["tradeCount"], shown["timeZone"], shown["losses"]) == (count, "America/New_York", 0)


def test_a_range_reads_its_days_and_three_more_at_an_end(journal: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    real = clients.dynamodb().query

    def query(**asked: Any) -> Any:
        answer = real(**asked)
        read.extend(item["statKey"]["S"] for item in answer["Items"] if item["statKey"]["S"].startswith("book|"))
        return answer

    monkeypatch.setattr(clients.dynamodb(), "query", query)
    for days, expected in {
        "from=2026-01-09": ["book|2026-01-06", "book|2026-01-12"],
        f"from=2026-01-09&to={TODAY}": ["book|2026-01-06", "book|2026-01-12"],
        "to=2026-01-02": ["book|2026-01-02", "book|2026-01-05"],
        "from=2026-01-06&to=2026-01-06": ["book|2026-01-05", "book|2026-01-06"],
        "from=2026-02-01": [],
    }.items():
        read.clear()
        assert journal.get("/stats", query=days).status == 200
        assert read == expected, days


def test_what_is_to_be_converted_takes_the_rates_besides(dana: Client, requests: Counter[str]) -> None:
    give_rates(dana, ("EUR", "USD", "2026-01-05", "1.1"))
    record(dana, "2026-01-05", "10", currency="EUR")
    record(dana, "2026-01-06", "10")
    settle()
    requests.clear()
    assert sums(dana.get("/stats", query="from=2026-01-05").json) == ("USD", 2, "21", "21")
    assert requests == {"Query": 2}


def test_own_writes_take_a_read_of_the_trades_besides(dana: Client, requests: Counter[str]) -> None:
    trade = record(dana, "2026-01-05", "10")
    requests.clear()
    query = f"from=2026-01-01&includes={trade['tradeId']}@{trade['version']}"
    assert dana.get("/stats", query=query).json["tradeCount"] == 1
    assert requests == {"Query": 1, "BatchGetItem": 1}
