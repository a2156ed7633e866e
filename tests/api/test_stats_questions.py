"""Every statistic, asked over the API with many parameters at once, is what a plain reading of the trades says."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from random import Random
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import pytest

from handlers.journal.settings import MAIN
from handlers.journal.stats.questions import Attribute
from handlers.journal.trade import Trade
from handlers.storage.stats import updating
from tests.api.client import DANA, Client, a_trade
from tests.api.test_currencies import account
from tests.api.test_stats import settle
from tests.storage.conftest import Tables
from tests.unit.journal.stats import plain
from tests.unit.journal.stats.plain import Asked

# Coverage watches other tests of the same lines: to watch this campaign too takes longer than to run it.
pytestmark = pytest.mark.no_cover

TRADES = 60
QUESTIONS = 40  # for each of four seeds
# Days on which clocks change in New York, Berlin and Sydney, a leap day, and the days around a new year.
DAYS = [
    *(date(2024, 2, 28), date(2024, 2, 29), date(2024, 3, 1), date(2024, 3, 10), date(2024, 3, 31), date(2024, 4, 7)),
    *(date(2024, 10, 6), date(2024, 10, 27), date(2024, 11, 3), date(2024, 12, 31), date(2025, 1, 1)),
    *(date(2025, 1, 31), date(2025, 2, 1)),
]
ZONES = ("America/New_York", "Europe/Berlin", "Australia/Sydney", "Asia/Kathmandu")
HOURS = [f"{hour:02}" for hour in range(24)]
NAMES = {
    "SYMBOL": ("symbol", ["aapl", "MSFT", "Es", "TSLA"]),
    "SIDE": ("side", ["BUY", "SELL"]),
    "SETUP_TYPE": ("setupType", ["Gap", "pullback"]),
    "TRADING_SESSION": ("tradingSession", ["London", "New York"]),
    "TRADE_GRADE": ("tradeGrade", ["A", "B"]),
    "WEEKDAY": ("weekday", ["MONDAY", "THURSDAY", "FRIDAY", "SUNDAY"]),
    "HOUR": ("hour", HOURS),
    "CLOSE_WEEKDAY": ("closeWeekday", ["MONDAY", "THURSDAY", "SATURDAY", "SUNDAY"]),
    "CLOSE_HOUR": ("closeHour", HOURS),
    "MONTH": ("month", ["2024-02", "2024-03", "2024-10", "2025-01"]),
    "RESULT": ("result", ["WIN", "LOSS", "BREAKEVEN"]),
    "RISK": ("risk", ["KNOWN", "UNKNOWN"]),
    "ACCOUNT": ("accountId", [MAIN]),
}


def record(client: Client, chance: Random, accounts: list[str]) -> str:
    """A trade that is closed in one or two parts around one of the days, in one of the offsets, or partly open."""
    zone = ZoneInfo(chance.choice(ZONES)) if chance.random() < 0.8 else UTC
    last = datetime.combine(chance.choice(DAYS), datetime.min.time(), zone) + timedelta(minutes=chance.randrange(1440))
    first = last - timedelta(minutes=chance.randrange(1, 3000))
    opened = first - timedelta(minutes=chance.randrange(1, 500))
    parts = chance.choice(([(2, last)], [(1, first), (1, last)], [(1, last)]))
    optional: dict[str, Any] = {
        "riskAmount": str(chance.choice((10, 50))) if chance.random() < 0.7 else None,
        "setupType": chance.choice((None, "gap", "Pullback")),
        "tradingSession": chance.choice((None, "London", "New York")),
        "tradeGrade": chance.choice((None, "A", "B")),
    }
    made = client.new_trade(
        symbol=chance.choice(("AAPL", "MSFT", "ES", "TSLA")),
        side=chance.choice(("BUY", "SELL")),
        quantity="2",
        entryPrice="1000",
        commission=None,
        fees=None,
        stopLoss=None,
        openDate=opened.isoformat(),
        accountId=chance.choice(accounts),
        tags=chance.sample(["a", "b", "c"], chance.randrange(4)),
        closes=[
            {"quantity": str(size), "price": str(1000 + chance.choice((-40, -1, 0, 1, 30))), "closedAt": at.isoformat()}
            for size, at in parts
        ],
        **optional,
    )
    return str(made["tradeId"])


@pytest.fixture
def journal(dana: Client, tables: Tables) -> tuple[list[Trade], list[str]]:
    """Trades as they are stored, with their statistics; and the accounts in which they lie."""

    def fill() -> None:
        accounts = [MAIN, account(dana, currency="USD"), account(dana, currency="USD", kind="PROP")]
        chance = Random(7)
        for _ in range(TRADES):
            record(dana, chance, accounts)
        settle()

    tables.filled(fill)
    listed = dana.get("/trades", query="limit=100").json["items"]
    assert len(listed) == TRADES
    trades = updating.read_trades(DANA, [trade["tradeId"] for trade in listed])
    return list(trades.values()), [each["accountId"] for each in dana.get("/accounts").json["items"]]


def a_question(chance: Random, accounts: list[str]) -> tuple[Asked, list[tuple[str, str]]]:
    """A question in the terms of the plain model, and the same as a query."""
    asked = Asked(
        time_zone=chance.choice((None, *ZONES)),
        day_starts_at=chance.choice(("00:00", "00:00", "04:30", "12:00", "17:00")),
        tolerance=chance.choice(("0", "0", "2", "0.05R", "0.2R")),
        first=chance.choice((None, None, date(2024, 2, 29), date(2024, 3, 10), date(2024, 11, 3))),
        last=chance.choice((None, None, date(2024, 12, 31), date(2025, 1, 31), date(2099, 12, 31))),
        tags=tuple(chance.choice(((), (), ("a",), ("a", "b")))),
        excluded_tags=tuple(chance.choice(((), (), ("c",), ("b", "c")))),
    )
    query = [
        ("breakevenTolerance", asked.tolerance),
        ("dayStartsAt", asked.day_starts_at),
        *(("tag", tag) for tag in asked.tags),
        *(("excludeTag", tag) for tag in asked.excluded_tags),
    ]
    for name, given in (("timeZone", asked.time_zone), ("from", asked.first), ("to", asked.last)):
        if given is not None:
            query.append((name, str(given)))
    for attribute in chance.sample(sorted(NAMES), chance.randrange(4)):
        name, values = NAMES[attribute]
        values = accounts if attribute == "ACCOUNT" else values
        chosen = chance.sample(values, min(len(values), 12 if values is HOURS else 2))
        asked.filters[attribute] = chosen
        query += [(name, value) for value in chosen]
    chance.shuffle(query)
    return asked, query


def answer(client: Client, path: str, query: list[tuple[str, str]]) -> Any:
    found = client.get(path, query=urlencode(query))
    assert found.status == 200, (query, found.json)
    return found.json


@pytest.mark.parametrize("seed", range(4))
def test_each_combination_of_parameters_has_its_figures(
    dana: Client, journal: tuple[list[Trade], list[str]], seed: int
) -> None:
    trades, accounts = journal
    chance, answered = Random(seed), 0
    for _ in range(QUESTIONS):
        asked, query = a_question(chance, accounts)
        flat, money = plain.flat(asked, trades), plain.parts(asked, trades)
        outcomes = [plain.outcome_of(asked, trade) for trade in flat]
        answered += bool(flat)

        stats = answer(dana, "/stats", query)
        assert stats["tradeCount"] == len(flat), query
        assert [stats[name] for name in ("wins", "losses", "breakevens")] == [
            outcomes.count(each) for each in ("WIN", "LOSS", "BREAKEVEN")
        ], query
        assert Fraction(stats["netPnl"]) == sum(Fraction(trade.net_pnl or 0) for trade in flat), query
        assert Fraction(stats["realizedPnl"]) == sum(part.amount for part in money), query

        curve = answer(dana, "/stats/equity-curve", [*query, ("groupBy", "WEEK"), ("weekStartsOn", "SUNDAY")])
        weeks: dict[str, Fraction] = {}
        for part in money:
            sunday = part.day - timedelta(days=part.day.isoweekday() % 7)
            weeks[str(sunday)] = weeks.get(str(sunday), Fraction(0)) + part.amount
        assert {point["from"]: Fraction(point["realizedPnl"]) for point in curve["points"]} == weeks, query

        by = chance.sample([Attribute(name) for name in (*NAMES, "TAG", "HOLDING_TIME", "SIZE")], 2)
        expected: dict[tuple[str | None, ...], int] = {}
        for trade in flat:
            of_each = [plain.values_of(asked, each, trade, trade.closes[-1].closed_at) for each in by]
            for keys in ((one, other) for one in of_each[0] for other in of_each[1]):
                expected[keys] = expected.get(keys, 0) + 1
        buckets = answer(dana, "/stats/breakdown", [*query, ("by", ",".join(by))])["buckets"]
        assert {
            tuple(key.get("value") for key in bucket["keys"]): bucket["tradeCount"] for bucket in buckets
        } == expected, (by, query)

        if "MONTH" not in asked.filters:
            year = Asked(**{**vars(asked), "first": date(2024, 2, 1), "last": date(2025, 1, 31)})  # 366 days
            dates = [("from", "2024-02-01"), ("to", "2025-01-31"), ("weekStartsOn", "SUNDAY")]
            days = answer(
                dana, "/stats/calendar", [*(each for each in query if each[0] not in ("from", "to")), *dates]
            )["days"]
            assert len(days) == 366
            of_days = plain.by_day(plain.parts(year, trades))
            closed = [plain.day_of(year, trade.closes[-1].closed_at) for trade in plain.flat(year, trades)]
            for day in days:
                when = date.fromisoformat(day["from"])
                assert Fraction(day["realizedPnl"]) == of_days.get(when, 0), (when, query)
                assert day["tradeCount"] == closed.count(when), (when, query)
    assert answered > QUESTIONS / 3


def test_what_was_just_written_in_bulk_counts_in_every_statistic(dana: Client) -> None:
    closed = a_trade(closes=[{"quantity": "100", "price": "11", "closedAt": "2026-01-05T11:00:00-05:00"}])
    items = [{"idempotencyKey": f"bulk-{number}", "trade": closed} for number in range(10)]
    made = [item["trade"] for item in dana.post("/trades/bulk", {"items": items}).json["results"]]
    named = [("includes", f"{trade['tradeId']}@{trade['version']}") for trade in made]
    assert answer(dana, "/stats", [])["tradeCount"] == 0  # no stream leads anywhere here
    for path, more in (
        ("/stats", []),
        ("/stats", [("from", "2026-01-05"), ("symbol", "aapl"), ("symbol", "AAPL"), ("timeZone", "America/New_York")]),
        ("/stats", [("from", "2026-01-05"), ("to", "2026-01-05")]),
        ("/stats/calendar", [("from", "2026-01-05"), ("to", "2026-01-05")]),
    ):
        found = answer(dana, path, [*named, *more])
        assert found.get("total", found)["tradeCount"] == 10, more
    [bucket] = answer(dana, "/stats/breakdown", [*named, ("by", "CLOSE_HOUR,ACCOUNT")])["buckets"]
    assert bucket["tradeCount"] == 10
    [point] = answer(dana, "/stats/equity-curve", [*named, ("groupBy", "MONTH")])["points"]
    assert Fraction(point["realizedPnl"]) == sum(Fraction(trade["netPnl"]) for trade in made)
    settle()
    assert answer(dana, "/stats", named)["tradeCount"] == answer(dana, "/stats", [])["tradeCount"] == 10


@pytest.mark.parametrize("zone", ["America/New_York", "Europe/Berlin", "Australia/Sydney"])
def test_hours_and_days_are_those_of_the_zone_where_clocks_change(dana: Client, zone: str) -> None:
    # On both sides of each change: the last hour of one offset and the first of the other, an hour apart in UTC.
    change = {
        "America/New_York": ("2025-03-09T07:00Z", "2025-11-02T06:00Z"),
        "Europe/Berlin": ("2025-03-30T01:00Z", "2025-10-26T01:00Z"),
        "Australia/Sydney": ("2025-04-05T16:00Z", "2025-10-04T16:00Z"),
    }[zone]
    closes = [
        datetime.fromisoformat(at.replace("Z", "+00:00")) + timedelta(minutes=30 * step)
        for at in change
        for step in (-3, -1, 1, 3)
    ]
    for at in closes:
        closed = {"quantity": "100", "price": "11", "closedAt": at.isoformat()}
        dana.new_trade(openDate=(at - timedelta(hours=1)).isoformat(), closes=[closed])
    settle()
    local = [at.astimezone(ZoneInfo(zone)) for at in closes]
    for attribute, name, value in (
        ("CLOSE_HOUR", "closeHour", lambda at: f"{at.hour:02}"),
        ("CLOSE_WEEKDAY", "closeWeekday", lambda at: at.strftime("%A").upper()),
        ("MONTH", "month", lambda at: at.strftime("%Y-%m")),
    ):
        expected = {each: [value(at) for at in local].count(each) for each in map(value, local)}
        buckets = answer(dana, "/stats/breakdown", [("by", attribute), ("timeZone", zone)])["buckets"]
        assert {bucket["keys"][0]["value"]: bucket["tradeCount"] for bucket in buckets} == expected
        for each, count in expected.items():
            assert answer(dana, "/stats", [(name, each), ("timeZone", zone)])["tradeCount"] == count
    for day in {at.date() for at in local}:
        asked = [("from", str(day)), ("to", str(day)), ("timeZone", zone)]
        assert answer(dana, "/stats", asked)["tradeCount"] == [at.date() for at in local].count(day)
