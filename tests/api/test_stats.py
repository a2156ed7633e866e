"""The statistics as a front end reads them: dataset A of docs/statistics.md to the printed digits, and the rest."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from handlers.storage import clients, erasure_marks, repair
from tests.api.client import DANA, ERIN, Client
from tests.storage.conftest import Tables
from tests.unit.journal.journals import DATASET_A


def settle(user: str = DANA) -> None:
    """Bring a user's statistics up to date, as the stream does a moment later."""
    repair.repair(user, lambda: datetime.now(UTC))


def record(client: Client, day: str, net: str, risk: str | None = None, **given: Any) -> Any:
    """A trade that became flat at noon of the day, and earned that."""
    return client.new_trade(
        entryPrice="1000",
        quantity="1",
        commission=None,
        fees=None,
        openDate=f"{day}T09:00:00Z",
        riskAmount=risk,
        closes=[{"quantity": "1", "price": str(1000 + int(net)), "closedAt": f"{day}T12:00:00Z"}],
        **given,
    )


@pytest.fixture
def dataset_a(dana: Client, tables: Tables) -> Client:
    """Somebody whose journal is dataset A."""

    def fill() -> None:
        for day, net, risk in DATASET_A:
            record(dana, day, net, risk)
        settle()

    tables.filled(fill)
    return dana


def test_dataset_a_has_its_reference_figures(dataset_a: Client) -> None:
    stats = dataset_a.get("/stats", query="openingBalance=10000").json
    assert {name: stats[name] for name in stats.keys() - {"lastUpdated"}} == {
        "basis": "NET",
        "tradeCount": 12,
        "wins": 5,
        "losses": 5,
        "breakevens": 2,
        "realizedPnL": "450",
        "netPnL": "450",
        "bestWin": "300",
        "worstLoss": "-200",
        "sumWinPnL": "940",
        "sumLossPnL": "-490",
        "profitFactor": 1.918367,
        "winRate": 0.416667,
        "winRateExcludingBreakeven": 0.5,
        "winRateCi95": {"low": 0.236593, "high": 0.763407},
        "avgWin": "188",
        "avgLoss": "-98",
        "payoffRatio": 1.918367,
        "expectancy": "37.5",
        "expectancyR": 0.333333,
        "sqn": 0.856518,
        "sqnR": 0.763401,
        "kelly": 0.112589,
        "longestWinStreak": 2,
        "longestLossStreak": 2,
        "currentStreak": 2,
        "maxDrawdown": "260",
        "maxDrawdownPercent": 2.490421,
        "sharpe": 4.252995,
        "sortino": 8.659477,
        "recoveryFactor": 1.730769,
        "consistency": 0.666667,
        "undefined": {},
    }


def test_a_range_of_days_has_figures_of_its_own(dataset_a: Client) -> None:
    stats = dataset_a.get("/stats", query="from=2025-01-07&to=2025-01-09").json
    assert (stats["tradeCount"], stats["netPnL"], stats["bestWin"], stats["worstLoss"]) == (3, "340", "300", "-80")


def test_a_journal_without_trades_has_no_figure_and_says_why(dana: Client) -> None:
    stats = dana.get("/stats").json
    assert (stats["tradeCount"], stats["realizedPnL"], stats["winRate"], stats["bestWin"]) == (0, "0", None, None)
    assert "lastUpdated" not in stats
    assert set(stats["undefined"].values()) <= {"NO_TRADES", "NO_BALANCE"}
    assert {name for name, value in stats.items() if value is None} == set(stats["undefined"])


def test_without_losses_the_profit_factor_is_null_with_its_reason(dana: Client) -> None:
    for day, net in (("2025-01-02", "10"), ("2025-01-03", "20"), ("2025-01-06", "0")):
        record(dana, day, net)
    settle()
    stats = dana.get("/stats").json
    assert (stats["profitFactor"], stats["undefined"]["profitFactor"]) == (None, "NO_LOSSES")
    assert stats["sqn"] == 1.732051


def test_without_an_opening_balance_the_figures_that_need_one_say_so(dataset_a: Client) -> None:
    stats = dataset_a.get("/stats").json
    assert {stats["undefined"][name] for name in ("sharpe", "sortino", "maxDrawdownPercent")} == {"NO_BALANCE"}


@pytest.mark.parametrize(
    ("asked", "count"),
    [("symbol=AAPL", 2), ("side=SELL", 0), ("side=BUY", 3), ("tag=gap", 1), ("setupType=breakout", 1), ("symbol=X", 0)],
)
def test_a_part_of_the_journal_has_figures_of_its_own(dana: Client, asked: str, count: int) -> None:
    record(dana, "2025-01-02", "10", symbol="AAPL", tags=["gap", "early"])
    record(dana, "2025-01-03", "20", symbol="AAPL", setupType="breakout")
    record(dana, "2025-01-03", "20", symbol="MSFT")
    settle()
    for path in ("/stats", "/stats/equity-curve"):
        assert dana.get(path, query=asked).status == 200
    assert dana.get("/stats", query=asked).json["tradeCount"] == count


def test_two_filters_at_once_are_refused_and_named(dana: Client) -> None:
    for path in ("/stats", "/stats/equity-curve"):
        answer = dana.get(path, query="symbol=AAPL&tag=gap")
        assert (answer.status, answer.kind) == (422, "/problems/rule-broken")
        assert answer.bad_fields == {("query", "/symbol"), ("query", "/tag")}


def test_deleting_the_best_trade_lowers_the_best_win(dana: Client) -> None:
    best = record(dana, "2025-01-02", "300")
    record(dana, "2025-01-03", "100")
    settle()
    assert dana.get("/stats").json["bestWin"] == "300"
    dana.delete(f"/trades/{best['tradeId']}")
    settle()
    assert dana.get("/stats").json["bestWin"] == "100"


def test_the_curve_starts_at_the_opening_balance_and_tells_its_drawdowns(dataset_a: Client) -> None:
    curve = dataset_a.get("/stats/equity-curve", query="openingBalance=10000").json
    assert curve["points"][0] == {
        "day": "2025-01-02",
        "netPnL": "-150",
        "cumulativePnL": "-150",
        "equity": "9850",
        "drawdown": "150",
        "drawdownPercent": 1.5,
    }
    assert curve["points"][-1]["equity"] == "10450"
    assert [(episode["start"], episode.get("end"), episode["depth"]) for episode in curve["episodes"]] == [
        ("2025-01-02", "2025-01-03", "150"),
        ("2025-01-10", "2025-01-16", "260"),
    ]


def test_a_curve_without_a_balance_starts_at_zero(dataset_a: Client) -> None:
    curve = dataset_a.get("/stats/equity-curve").json
    assert (curve["openingBalance"], curve["points"][0]["equity"], curve["points"][0]["drawdownPercent"]) == (
        "0",
        "-150",
        None,
    )


def test_a_month_has_its_days_and_weeks(dataset_a: Client) -> None:
    month = dataset_a.get("/stats/calendar", query="month=2025-01").json
    assert (month["month"]["trades"], month["month"]["netPnL"], month["month"]["r"]) == (12, "450", 4.0)
    assert [day["netPnL"] for day in month["days"] if day["trades"]] == [
        "-150", "250", "0", "40", "300", "-200", "0", "-60", "90", "180",
    ]  # fmt: skip
    assert [(week["first"], week["last"]) for week in month["weeks"]][:2] == [
        ("2025-01-01", "2025-01-05"),
        ("2025-01-06", "2025-01-12"),
    ]
    assert len(month["days"]) == 31


def test_a_close_counts_on_the_day_of_its_own_offset(dana: Client) -> None:
    trade = dana.new_trade(quantity="1", openDate="2026-01-02T09:00:00-05:00")
    dana.post(f"/trades/{trade['tradeId']}/closes", {"price": "12", "closedAt": "2026-01-02T23:30:00-05:00"})
    settle()
    days = dana.get("/stats/calendar", query="month=2026-01").json["days"]
    assert [day["first"] for day in days if day["trades"]] == ["2026-01-02"]


@pytest.mark.parametrize(
    ("by", "keys"),
    [
        ("SYMBOL", ["AAPL", "MSFT"]),
        ("SIDE", ["BUY"]),
        ("TAG", ["early", "gap", None]),
        ("SETUP_TYPE", ["breakout", None]),
        ("TRADING_SESSION", [None]),
        ("WEEKDAY", ["THURSDAY", "FRIDAY"]),
        ("HOUR", ["09"]),
        ("MONTH", ["2025-01"]),
    ],
)
def test_the_statistics_break_down(dana: Client, by: str, keys: list[str | None]) -> None:
    record(dana, "2025-01-02", "10", symbol="AAPL", tags=["gap", "early"])
    record(dana, "2025-01-03", "-20", symbol="MSFT", setupType="breakout")
    settle()
    answer = dana.get("/stats/breakdown", query=f"by={by}").json
    assert [bucket.get("key") for bucket in answer["buckets"]] == keys
    assert answer["overlapping"] is (by == "TAG")
    assert {bucket["significant"] for bucket in answer["buckets"]} == {False}


@pytest.mark.parametrize("path", ["/stats", "/stats/equity-curve", "/stats/calendar", "/stats/breakdown"])
def test_what_has_not_changed_is_answered_without_reading_it_again(dataset_a: Client, path: str) -> None:
    query = {"/stats/calendar": "month=2025-01", "/stats/breakdown": "by=TAG"}.get(path, "")
    first = dataset_a.get(path, query=query)
    again = dataset_a.get(path, query=query, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status, again.headers["etag"], again.body) == (304, first.headers["etag"], b"")
    record(dataset_a, "2025-01-17", "1")
    settle()
    assert dataset_a.get(path, query=query, headers={"If-None-Match": first.headers["etag"]}).status == 200


def test_a_users_statistics_are_nobody_elses(dataset_a: Client, erin: Client) -> None:
    assert dataset_a.get("/stats").json["tradeCount"] == 12
    settle(ERIN)
    assert erin.get("/stats").json["tradeCount"] == 0
    assert erin.get("/stats/equity-curve").json["points"] == []


def test_the_statistics_of_an_account_that_is_erased_do_not_come_back(dataset_a: Client) -> None:
    erasure_marks.begin(DANA, datetime.now(UTC))
    for _ in erasure_marks.erase_items(DANA):
        pass
    settle()
    assert dataset_a.get("/stats").json["tradeCount"] == 0


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/stats?from=2025-02-30", "/from"),
        ("/stats?openingBalance=0", "/openingBalance"),
        ("/stats/calendar", "/month"),
        ("/stats/calendar?month=2025-13", "/month"),
        ("/stats/breakdown?by=MOOD", "/by"),
    ],
)
def test_what_cannot_be_asked_is_named(dana: Client, path: str, field: str) -> None:
    bare, _, query = path.partition("?")
    answer = dana.get(bare, query=query)
    assert (answer.status, answer.bad_fields) == (400, {("query", field)})


# A range whose end comes before its start


@pytest.mark.parametrize(
    "dates", [("2026-02-01", "2026-01-31"), ("2026-01-06", "2026-01-05"), ("2999-12-31", "1000-01-01")]
)
def test_a_range_that_ends_before_it_starts_is_empty_everywhere(dataset_a: Client, dates: tuple[str, str]) -> None:
    span = f"from={dates[0]}&to={dates[1]}"
    for filters in ("", "&symbol=AAPL", "&side=BUY", "&tag=gap", "&setupType=x"):
        stats = dataset_a.get("/stats", query=span + filters).json
        assert (stats["tradeCount"], stats["realizedPnL"]) == (0, "0")
        assert dataset_a.get("/stats/equity-curve", query=span + filters).json["points"] == []
    for by in ("SYMBOL", "SIDE", "TAG", "SETUP_TYPE", "WEEKDAY", "HOUR"):
        assert dataset_a.get("/stats/breakdown", query=f"by={by}&{span}").json["buckets"] == []
    listed = f"startDate={dates[0]}&endDate={dates[1]}"
    for filters in ("", "&symbol=AAPL", "&status=CLOSED", "&status=OPEN", "&idempotencyKey=k", "&tag=gap&order=asc"):
        assert dataset_a.get("/trades", query=listed + filters).json == {"items": []}


def test_the_tests_refuse_what_dynamodb_refuses() -> None:
    with pytest.raises(ClientError, match="upper bound"):
        clients.dynamodb().query(
            TableName="stats",
            KeyConditionExpression="userId = :user AND statKey BETWEEN :low AND :high",
            ExpressionAttributeValues={":user": {"S": DANA}, ":low": {"S": "b"}, ":high": {"S": "a"}},
        )
