"""The statistics as a front end reads them: dataset A of docs/statistics.md to the printed digits, and the rest."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from handlers.documents import stats_views as documents
from handlers.operations import stats as operations
from handlers.storage import clients, erasure_marks
from handlers.storage.stats import comparing
from handlers.web.contract import contract
from tests.api.client import DANA, ERIN, Client
from tests.reference_figures import of_dataset_a
from tests.storage.conftest import Tables
from tests.unit.journal.journals import DATASET_A


def settle(user: str = DANA) -> None:
    """Bring a user's statistics up to date, as the stream does a moment later."""
    comparing.compare(user, lambda: datetime.now(UTC))


def record(client: Client, day: str, net: str, risk: str | None = None, **given: Any) -> Any:
    """Record a trade that became flat at noon of the day with this net P&L."""
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


def as_answered(name: str, printed: str) -> Any:
    """A figure's printed value as the answer has it, by its type in the contract."""
    if name == "winRateCi95":
        return dict(zip(("low", "high"), map(float, printed.split(" … ")), strict=True))
    kind = contract()["components"]["schemas"]["Stats"]["properties"][name].get("type", "string")
    return {"string": str, "number": float, "integer": int}[kind](printed)


def test_dataset_a_has_its_reference_figures(dataset_a: Client) -> None:
    stats = dataset_a.get("/stats", query="openingBalance=10000").json
    assert stats["lastUpdated"] == stats["asOf"]
    assert {name: stats[name] for name in stats.keys() - {"lastUpdated", "asOf"}} == {
        "basis": "NET",
        "dayStartsAt": "00:00",
        "breakevenTolerance": "0",
        "countAs": "TRADES",
        "currency": "USD",
        "byCurrency": [{"currency": "USD", "tradeCount": 12, "realizedPnl": "450", "netPnl": "450"}],
        **{name: as_answered(name, printed) for name, printed in of_dataset_a().items()},
        "reasons": {},
    }


def test_a_range_of_days_has_figures_of_its_own(dataset_a: Client) -> None:
    stats = dataset_a.get("/stats", query="from=2025-01-07&to=2025-01-09").json
    assert (stats["tradeCount"], stats["netPnl"], stats["bestWin"], stats["worstLoss"]) == (3, "340", "300", "-80")


def test_a_journal_without_trades_has_no_figure_and_says_why(dana: Client) -> None:
    stats = dana.get("/stats").json
    assert (stats["tradeCount"], stats["realizedPnl"], stats["winRate"], stats["bestWin"]) == (0, "0", None, None)
    assert not stats.keys() & {"lastUpdated", "asOf"}
    assert set(stats["reasons"].values()) <= {"NO_TRADES", "NO_BALANCE"}
    assert {name for name, value in stats.items() if value is None} == set(stats["reasons"])


def test_without_losses_the_profit_factor_is_null_with_its_reason(dana: Client) -> None:
    for day, net in (("2025-01-02", "10"), ("2025-01-03", "20"), ("2025-01-06", "0")):
        record(dana, day, net)
    settle()
    stats = dana.get("/stats").json
    assert (stats["profitFactor"], stats["reasons"]["profitFactor"]) == (None, "NO_LOSSES")
    assert stats["sqn"] == 1.732051


def test_without_an_opening_balance_the_figures_that_need_one_say_so(dataset_a: Client) -> None:
    stats = dataset_a.get("/stats").json
    assert {stats["reasons"][name] for name in ("sharpe", "sortino", "maxDrawdownPercent")} == {"NO_BALANCE"}


@pytest.fixture
def three_trades(dana: Client) -> Client:
    """Somebody with three trades: one of Apple with tags, one with a setup and a grade, one of Microsoft that lost."""
    record(dana, "2025-01-02", "10", "5", symbol="AAPL", tags=["gap", "early"], tradingSession="LONDON")
    record(dana, "2025-01-03", "20", symbol="AAPL", setupType="breakout", tradeGrade="A", tags=["gap"])
    record(dana, "2025-02-03", "-30", symbol="MSFT")
    settle()
    return dana


@pytest.mark.parametrize(
    ("asked", "count"),
    [
        ("symbol=AAPL", 2),
        ("symbol=aapl&symbol=MSFT", 3),
        ("symbol=X", 0),
        ("side=SELL", 0),
        ("side=BUY", 3),
        ("tag=gap", 2),
        ("tag=gap&tag=early", 1),
        ("excludeTag=early", 2),
        ("tag=gap&excludeTag=early", 1),
        ("setupType=Breakout", 1),
        ("tradingSession=LONDON&tradingSession=TOKYO", 1),
        ("tradeGrade=A&tradeGrade=B", 1),
        ("weekday=THURSDAY&weekday=FRIDAY", 2),
        ("hour=09", 3),
        ("hour=10", 0),
        ("hour=10&timeZone=Europe/Berlin", 3),
        ("closeWeekday=MONDAY", 1),
        ("closeHour=12", 3),
        ("month=2025-01&month=2025-03", 2),
        ("result=WIN", 2),
        ("result=LOSS&result=BREAKEVEN", 1),
        ("result=BREAKEVEN&breakevenTolerance=10", 1),
        ("risk=KNOWN", 1),
        ("risk=UNKNOWN", 2),
        ("symbol=AAPL&tag=gap&result=WIN&closeHour=12&from=2025-01-03", 1),
    ],
)
def test_filters_combine_in_every_operation(three_trades: Client, asked: str, count: int) -> None:
    assert three_trades.get("/stats", query=asked).json["tradeCount"] == count
    assert len(three_trades.get("/stats/equity-curve", query=asked).json["points"]) == count
    buckets = three_trades.get("/stats/breakdown", query=f"by=SIDE&{asked}").json["buckets"]
    assert sum(bucket["tradeCount"] for bucket in buckets) == count
    if "month=" not in asked and "from=" not in asked:
        days = three_trades.get("/stats/calendar", query=f"from=2025-01-01&to=2025-12-31&{asked}").json
        assert (days["total"]["tradeCount"], len(days["days"])) == (count, 365)


def test_the_zone_and_the_start_of_the_day_decide_about_days(dana: Client) -> None:
    """23:30 in New York on Friday 2 January is Saturday in London, and Saturday's session where days start at 17:00."""
    trade = dana.new_trade(quantity="1", openDate="2026-01-02T09:00:00-05:00")
    dana.post(f"/trades/{trade['tradeId']}/closes", {"price": "12", "closedAt": "2026-01-02T23:30:00-05:00"})
    settle()
    for asked, day, weekday in (
        ("", "2026-01-02", "FRIDAY"),
        ("timeZone=Europe/London", "2026-01-03", "SATURDAY"),
        ("timeZone=America/New_York", "2026-01-02", "FRIDAY"),
        ("dayStartsAt=17:00", "2026-01-03", "SATURDAY"),
        ("timeZone=Europe/London&dayStartsAt=06:00", "2026-01-02", "FRIDAY"),
    ):
        curve = dana.get("/stats/equity-curve", query=asked).json
        assert [point["from"] for point in curve["points"]] == [day]
        assert dana.get("/stats", query=f"from={day}&to={day}&{asked}").json["tradeCount"] == 1
        buckets = dana.get("/stats/breakdown", query=f"by=CLOSE_WEEKDAY&{asked}").json["buckets"]
        assert [bucket["keys"] for bucket in buckets] == [[{"attribute": "CLOSE_WEEKDAY", "value": weekday}]]


def test_the_question_is_echoed(dana: Client) -> None:
    asked = "timeZone=Europe/Berlin&dayStartsAt=17:00&breakevenTolerance=0.05R"
    for path, query in (("", ""), ("/equity-curve", ""), ("/calendar", "month=2025-01"), ("/breakdown", "by=TAG")):
        answer = dana.get(f"/stats{path}", query=f"{asked}&{query}").json
        assert answer["timeZone"] == "Europe/Berlin"
        assert (answer["dayStartsAt"], answer["breakevenTolerance"]) == ("17:00", "0.05R")


def test_a_tolerance_makes_break_evens_and_keeps_their_money(dataset_a: Client) -> None:
    stats = dataset_a.get("/stats", query="breakevenTolerance=60").json
    assert (stats["wins"], stats["losses"], stats["breakevens"]) == (5, 3, 4)
    assert (stats["netPnl"], stats["sumLossPnl"], stats["sumBreakevenPnl"]) == ("450", "-380", "-110")
    in_r = dataset_a.get("/stats", query="breakevenTolerance=0.5R").json
    assert (in_r["wins"], in_r["losses"], in_r["breakevens"]) == (5, 4, 3)


# Trades that the statistics have not followed yet


def test_a_client_sees_its_own_writes_by_naming_them(dataset_a: Client) -> None:
    trade = record(dataset_a, "2025-01-17", "1000")
    named = f"includes={trade['tradeId']}@{trade['version']}"
    assert dataset_a.get("/stats").json["bestWin"] == "300"
    assert dataset_a.get("/stats", query=named).json["bestWin"] == "1000"
    assert dataset_a.get("/stats/equity-curve", query=named).json["points"][-1]["cumulativePnl"] == "1450"
    total = dataset_a.get("/stats/calendar", query=f"month=2025-01&{named}").json["total"]
    assert total["tradeCount"] == 13
    buckets = dataset_a.get("/stats/breakdown", query=f"by=SIDE&{named}").json["buckets"]
    assert sum(bucket["tradeCount"] for bucket in buckets) == 13
    settle()
    assert dataset_a.get("/stats", query=named).json["tradeCount"] == 13


def test_an_included_trade_counts_as_it_is_now_and_once(dataset_a: Client) -> None:
    trade = record(dataset_a, "2025-01-17", "1000")
    settle()
    dataset_a.patch(f"/trades/{trade['tradeId']}", {"tags": ["late"]})
    named = f"includes={trade['tradeId'].upper()}@2"
    assert dataset_a.get("/stats", query=f"tag=late&{named}").json["tradeCount"] == 1
    assert dataset_a.get("/stats", query=named).json["tradeCount"] == 13
    dataset_a.delete(f"/trades/{trade['tradeId']}")
    assert dataset_a.get("/stats", query=named).json["tradeCount"] == 12
    assert dataset_a.get("/stats").json["tradeCount"] == 13


def test_nobody_includes_the_trade_of_somebody_else(dataset_a: Client, erin: Client) -> None:
    trade = record(erin, "2025-01-17", "1000")
    assert dataset_a.get("/stats", query=f"includes={trade['tradeId']}@1").json["tradeCount"] == 12


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
        "from": "2025-01-02",
        "to": "2025-01-02",
        "realizedPnl": "-150",
        "cumulativePnl": "-150",
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
    assert curve["reasons"] == {"drawdownPercent": "NO_BALANCE", "depthPercent": "NO_BALANCE"}


@pytest.mark.parametrize(
    ("asked", "points"),
    [
        ("groupBy=WEEK", [("2024-12-30", "2025-01-05", "100"), ("2025-01-06", "2025-01-12", "240")]),
        (
            "groupBy=WEEK&weekStartsOn=SUNDAY",
            [("2024-12-29", "2025-01-04", "100"), ("2025-01-05", "2025-01-11", "240")],
        ),
        ("groupBy=MONTH", [("2025-01-01", "2025-01-31", "450")]),
    ],
)
def test_the_curve_goes_by_week_and_by_month(dataset_a: Client, asked: str, points: list[tuple[str, str, str]]) -> None:
    curve = dataset_a.get("/stats/equity-curve", query=asked).json
    assert [(point["from"], point["to"], point["cumulativePnl"]) for point in curve["points"]][:2] == points
    assert [episode["start"] for episode in curve["episodes"]] == ["2025-01-02", "2025-01-10"]


def test_a_month_has_its_days_and_weeks(dataset_a: Client) -> None:
    month = dataset_a.get("/stats/calendar", query="month=2025-01").json
    total = month["total"]
    assert (total["tradeCount"], total["netPnl"], total["rCount"], total["sumR"]) == (12, "450", 12, 4.0)
    assert [day["netPnl"] for day in month["days"] if day["tradeCount"]] == [
        "-150",
        "250",
        "0",
        "40",
        "300",
        "-200",
        "0",
        "-60",
        "90",
        "180",
    ]
    assert [(week["from"], week["to"]) for week in month["weeks"]][:2] == [
        ("2025-01-01", "2025-01-05"),
        ("2025-01-06", "2025-01-12"),
    ]
    assert len(month["days"]) == 31


def test_a_calendar_can_be_any_range_of_up_to_366_days(dataset_a: Client) -> None:
    asked = "from=2025-01-07&to=2026-01-07&weekStartsOn=SUNDAY"
    year = dataset_a.get("/stats/calendar", query=asked).json
    assert (year["weekStartsOn"], len(year["days"]), year["total"]["tradeCount"]) == ("SUNDAY", 366, 8)
    assert (year["weeks"][0]["from"], year["weeks"][0]["to"]) == ("2025-01-07", "2025-01-11")


@pytest.mark.parametrize(
    ("asked", "fields"),
    [
        ("", {"/month"}),
        ("from=2025-01-01", {"/to"}),
        ("to=2025-01-01", {"/from"}),
        ("month=2025-01&from=2025-01-01", {"/from"}),
        ("month=2025-01&from=2025-01-01&to=2025-01-31", {"/from", "/to"}),
        ("from=2025-01-02&to=2025-01-01", {"/to"}),
        ("from=2025-01-01&to=2026-01-02", {"/to"}),
    ],
)
def test_a_calendar_is_of_one_month_or_of_one_range(dana: Client, asked: str, fields: set[str]) -> None:
    answer = dana.get("/stats/calendar", query=asked)
    assert (answer.status, answer.kind) == (422, "/problems/rule-broken")
    assert answer.bad_fields == {("query", field) for field in fields}


def test_a_close_counts_on_the_day_of_its_own_offset(dana: Client) -> None:
    trade = dana.new_trade(quantity="1", openDate="2026-01-02T09:00:00-05:00")
    dana.post(f"/trades/{trade['tradeId']}/closes", {"price": "12", "closedAt": "2026-01-02T23:30:00-05:00"})
    settle()
    days = dana.get("/stats/calendar", query="month=2026-01").json["days"]
    assert [day["from"] for day in days if day["tradeCount"]] == ["2026-01-02"]


@pytest.mark.parametrize(
    ("by", "keys"),
    [
        ("SYMBOL", ["AAPL", "MSFT"]),
        ("SIDE", ["BUY"]),
        ("TAG", ["early", "gap", None]),
        ("SETUP_TYPE", ["breakout", None]),
        ("TRADING_SESSION", [None]),
        ("TRADE_GRADE", [None]),
        ("WEEKDAY", ["THURSDAY", "FRIDAY"]),
        ("HOUR", ["09"]),
        ("CLOSE_WEEKDAY", ["THURSDAY", "FRIDAY"]),
        ("CLOSE_HOUR", ["12"]),
        ("MONTH", ["2025-01"]),
        ("RESULT", ["WIN", "LOSS"]),
        ("RISK", ["UNKNOWN"]),
        ("HOLDING_TIME", ["FROM_1_TO_4_HOURS"]),
        ("SIZE", ["1-2"]),
    ],
)
def test_the_statistics_break_down(dana: Client, by: str, keys: list[str | None]) -> None:
    record(dana, "2025-01-02", "10", symbol="AAPL", tags=["gap", "early"])
    record(dana, "2025-01-03", "-20", symbol="MSFT", setupType="breakout")
    settle()
    answer = dana.get("/stats/breakdown", query=f"by={by}").json
    assert [[key.get("value") for key in bucket["keys"]] for bucket in answer["buckets"]] == [[key] for key in keys]
    assert (answer["by"], answer["bucketCount"]) == ([by], len(keys))
    assert answer["overlapping"] is (by == "TAG")
    assert {bucket["significant"] for bucket in answer["buckets"]} == {False}


def test_the_statistics_break_down_by_two_attributes(dana: Client) -> None:
    record(dana, "2025-01-02", "10", "5", symbol="AAPL", tags=["gap", "early"])
    record(dana, "2025-01-03", "-20", symbol="MSFT")
    settle()
    answer = dana.get("/stats/breakdown", query="by=SYMBOL,TAG").json
    assert dana.get("/stats/breakdown", query="by=SYMBOL&by=TAG").json == answer  # as some generated clients write it
    assert [[key.get("value") for key in bucket["keys"]] for bucket in answer["buckets"]] == [
        ["AAPL", "early"],
        ["AAPL", "gap"],
        ["MSFT", None],
    ]
    first = answer["buckets"][0]
    assert (first["rCount"], first["sumR"], first["expectancyR"], first["avgWin"]) == (1, 2.0, 2.0, "10")
    assert first["reasons"]["sqn"] == "INSUFFICIENT_SAMPLE"
    assert {name for name, value in first.items() if value is None} == first["reasons"].keys()


def test_of_very_many_buckets_those_with_the_most_trades_are_answered(
    dana: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    for symbol in ("A", "B", "B", "C"):
        record(dana, "2025-01-02", "10", symbol=symbol)
    settle()
    monkeypatch.setattr(documents, "MOST_BUCKETS", 2)
    answer = dana.get("/stats/breakdown", query="by=SYMBOL").json
    assert [bucket["keys"][0]["value"] for bucket in answer["buckets"]] == ["A", "B"]
    assert answer["bucketCount"] == 3


def test_a_curve_that_no_answer_could_hold_is_refused(dataset_a: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operations, "MOST_POINTS", 9)
    answer = dataset_a.get("/stats/equity-curve")
    assert (answer.status, answer.bad_fields) == (422, {("query", "/groupBy")})
    assert dataset_a.get("/stats/equity-curve", query="groupBy=WEEK").status == 200


@pytest.mark.parametrize("path", ["/stats", "/stats/equity-curve", "/stats/calendar", "/stats/breakdown"])
def test_what_has_not_changed_is_not_answered_again(dataset_a: Client, path: str) -> None:
    query = {"/stats/calendar": "month=2025-01", "/stats/breakdown": "by=TAG"}.get(path, "")
    first = dataset_a.get(path, query=query)
    again = dataset_a.get(path, query=query, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status, again.headers["etag"], again.body) == (304, first.headers["etag"], b"")
    weak = dataset_a.get(path, query=query, headers={"If-None-Match": f'"0", W/{first.headers["etag"]}'})
    assert weak.status == 304
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
        ("/stats?symbol=AAPL&symbol=", "/symbol"),
        ("/stats?weekday=Monday", "/weekday"),
        ("/stats?hour=9", "/hour"),
        ("/stats?closeHour=24", "/closeHour"),
        ("/stats?month=2025-13", "/month"),
        ("/stats?result=DRAW", "/result"),
        ("/stats?risk=true", "/risk"),
        ("/stats?timeZone=%2Fetc%2Fpasswd", "/timeZone"),
        ("/stats?dayStartsAt=24:00", "/dayStartsAt"),
        ("/stats?breakevenTolerance=-1", "/breakevenTolerance"),
        ("/stats?breakevenTolerance=5%25", "/breakevenTolerance"),
        ("/stats?includes=1", "/includes"),
        ("/stats?includes=0b9f2f0a-6c1e-4a55-9d8e-3a4b5c6d7e8f@0", "/includes"),
        ("/stats?" + "&".join(["includes=0b9f2f0a-6c1e-4a55-9d8e-3a4b5c6d7e8f@1"] * 11), "/includes"),
        ("/stats/equity-curve?groupBy=YEAR", "/groupBy"),
        ("/stats/calendar?month=2025-13", "/month"),
        ("/stats/calendar?month=2025-01&month=2025-02", "/month"),
        ("/stats/calendar?month=2025-01&weekStartsOn=SUN", "/weekStartsOn"),
        ("/stats/breakdown", "/by"),
        ("/stats/breakdown?by=MOOD", "/by"),
        ("/stats/breakdown?by=TAG,TAG", "/by"),
        ("/stats/breakdown?by=TAG,SIDE,HOUR", "/by"),
        ("/stats/breakdown?by=TAG&by=SIDE,HOUR", "/by"),
    ],
)
def test_what_cannot_be_asked_is_named(dana: Client, path: str, field: str) -> None:
    bare, _, query = path.partition("?")
    answer = dana.get(bare, query=query)
    assert (answer.status, answer.bad_fields) == (400, {("query", field)})


@pytest.mark.parametrize("group_by", ["", "&groupBy=DAY", "&groupBy=MONTH"])
def test_the_beginning_of_weeks_is_refused_where_no_weeks_are_shown(dana: Client, group_by: str) -> None:
    answer = dana.get("/stats/equity-curve", query=f"weekStartsOn=SUNDAY{group_by}")
    assert (answer.status, answer.bad_fields) == (422, {("query", "/weekStartsOn")})


@pytest.mark.parametrize("zone", ["Mars/Olympus", "europe/berlin", "Europe"])
def test_an_unknown_time_zone_is_named(dana: Client, zone: str) -> None:
    for path in ("/stats", "/stats/equity-curve"):
        answer = dana.get(path, query=f"timeZone={zone}")
        assert (answer.status, answer.kind) == (422, "/problems/rule-broken")
        assert answer.bad_fields == {("query", "/timeZone")}


# A range whose end comes before its start


@pytest.mark.parametrize(
    "dates", [("2026-02-01", "2026-01-31"), ("2026-01-06", "2026-01-05"), ("2999-12-31", "1000-01-01")]
)
def test_a_range_that_ends_before_it_starts_is_empty_everywhere(dataset_a: Client, dates: tuple[str, str]) -> None:
    span = f"from={dates[0]}&to={dates[1]}"
    for filters in ("", "&symbol=AAPL", "&side=BUY", "&tag=gap", "&setupType=x"):
        stats = dataset_a.get("/stats", query=span + filters).json
        assert (stats["tradeCount"], stats["realizedPnl"]) == (0, "0")
        assert dataset_a.get("/stats/equity-curve", query=span + filters).json["points"] == []
    for by in ("SYMBOL", "SIDE", "TAG", "SETUP_TYPE", "WEEKDAY", "CLOSE_HOUR"):
        assert dataset_a.get("/stats/breakdown", query=f"by={by}&{span}").json["buckets"] == []
    listed = f"openFrom={dates[0]}&openTo={dates[1]}"
    for filters in ("", "&symbol=AAPL", "&status=CLOSED", "&status=OPEN", "&idempotencyKey=k", "&tag=gap&order=asc"):
        assert dataset_a.get("/trades", query=listed + filters).json == {"items": []}


def test_the_tests_refuse_what_dynamodb_refuses() -> None:
    with pytest.raises(ClientError, match="upper bound"):
        clients.dynamodb().query(
            TableName="stats",
            KeyConditionExpression="userId = :user AND statKey BETWEEN :low AND :high",
            ExpressionAttributeValues={":user": {"S": DANA}, ":low": {"S": "b"}, ":high": {"S": "a"}},
        )
