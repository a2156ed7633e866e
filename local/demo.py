"""Creates a demo user through the API: a year of trades, two trading accounts with executions, cash and rates, and one
into which a broker's statement is imported.
"""

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import yaml

from local.demo_import import Send, commit_statement, send_statement

Json = dict[str, Any]

EMAIL = "demo@example.com"
PASSWORD = "Demo-Journal-2026"  # noqa: S105 of an account that exists on the developer's machine only
COUNT = 200
SEED = 7


class DemoError(Exception):
    """The API refused a request for the demo account."""


@dataclass(frozen=True, kw_only=True)
class Instrument:
    symbol: str
    price: Decimal  # the level around which it moves
    tick: Decimal
    risk: float  # usual distance of the stop, as a fraction of the price
    quantities: tuple[str, ...]  # each can be halved
    commission: Decimal  # per unit, for each of entry and exit
    multiplier: int = 1
    opens: time = time(14, 30)  # UTC
    hours: float = 6.0
    trades_weekends: bool = False
    session: str = "New York"
    news: str


def _instrument(given: Json) -> Instrument:
    exact = {name: Decimal(given[name]) for name in ("price", "tick", "commission")}
    opens = {"opens": time.fromisoformat(given["opens"])} if "opens" in given else {}
    return Instrument(**{**given, **exact, **opens})


TOLD: Json = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text("utf-8"))
INSTRUMENTS = tuple(map(_instrument, TOLD["instruments"]))

SETUPS = ("Breakout", "Pullback", "Reversal", "Range fade", "Opening drive", "News")
TIMEFRAMES = ("1m", "5m", "15m", "1h", "4h", "1d")
CONDITIONS = ("Trending up", "Trending down", "Ranging", "Volatile", "Quiet")
ECONOMY = ("CPI", "FOMC minutes", "Non-farm payrolls", "Jobless claims", "PMI")
TAGS = ("a-plus", "earnings", "gap", "scalp", "swing", "trend-day", "counter-trend", "plan-followed")
CALM = ("Calm", "Focused", "Confident")
UPSET = ("Anxious", "Impatient", "Frustrated", "Calm")
PLANS = (
    "Waiting for a retest of the level, stop behind it.",
    "Volume confirms; first target at yesterday's high.",
    "Only a half position: the range has held for three days.",
    "Entry on the close above the moving average.",
)
MISTAKES = (
    "Entered before the signal.",
    "Moved the stop away.",
    "Sized too large after a win.",
    "Held through the news.",
)
LESSONS = (
    "Let the trade come to me.",
    "Take the first part off at 1R.",
    "No trade is a position too.",
    "Trust the plan.",
)


def demo_trades(today: date, seed: int = SEED) -> list[Json]:
    """Bodies of POST /trades for the year before `today`, oldest first. Equal arguments give equal trades."""
    dice = random.Random(seed)  # noqa: S311 invented trades, not secrets
    opened = sorted(_opening(today, dice) for _ in range(COUNT))
    # The newest are still open, two of them partly closed. One was cancelled before it was opened.
    states = ["closed"] * (COUNT - 5) + ["cancelled", "part", "open", "part", "open"]
    return [_trade(instrument, at, state, today, dice) for (at, instrument), state in zip(opened, states, strict=True)]


def told_trades(today: date) -> list[tuple[Json, list[tuple[str, Json]]]]:
    """Further bodies of POST /trades, which show rarer features, each with the requests that follow it.

    Such a request is a pair: a path below the trade, such as events, and a body.
    """
    return [(_dated(each["trade"], today), _following(each, today)) for each in TOLD["trades"]]


def told_accounts(today: date) -> list[tuple[Json, list[tuple[str, Json]]]]:
    """Bodies of POST /accounts, each with the requests that fill the account, in their order.

    Such a request is a pair: a path, below the account if it is relative, and a body without `accountId`, which
    `_record_accounts` adds.
    """
    return [(_dated(each["account"], today), _following(each, today)) for each in TOLD["accounts"]]


def _following(told: Json, today: date) -> list[tuple[str, Json]]:
    return [(path, _dated(body, today)) for path, body in told.get("then", ())]


def _dated(told: Any, today: date) -> Any:
    """What is told with its times, where it says how many days ago they are."""
    if isinstance(told, list):
        return [_dated(each, today) for each in told]
    if not isinstance(told, dict):
        return told
    if "daysAgo" not in told:
        return {name: _dated(value, today) for name, value in told.items()}
    day = today - timedelta(days=told["daysAgo"])
    return datetime.combine(day, time(told["hour"]), UTC).isoformat() if "hour" in told else day.isoformat()


def demo_rates(today: date) -> list[Json]:
    """Rates of the euro in dollars, one a week for the last 20 weeks. Days between have the last rate before."""
    return [
        {
            "from": "EUR",
            "to": "USD",
            "day": str(today - timedelta(days=7 * weeks)),
            "rate": f"1.{700 + 137 * weeks % 400:04}",
        }
        for weeks in range(20)
    ]


class _Opening(tuple[datetime, Instrument]):
    """An opening of a trade. Openings are compared by their time only."""

    def __lt__(self, other: Any) -> bool:
        return bool(self[0] < other[0])


def _opening(today: date, dice: random.Random) -> _Opening:
    instrument = dice.choice(INSTRUMENTS)
    day = today - timedelta(days=dice.randint(1, 364))
    while day.weekday() >= 5 and not instrument.trades_weekends:
        day -= timedelta(days=1)
    start = datetime.combine(day, instrument.opens, UTC)
    return _Opening((start + timedelta(seconds=dice.randint(0, int(instrument.hours * 2700))), instrument))


def _trade(instrument: Instrument, at: datetime, state: str, today: date, dice: random.Random) -> Json:
    direction = 1 if dice.random() < 0.62 else -1
    quantity = Decimal(dice.choice(instrument.quantities))
    # A slow rise over the year with noise around it.
    age = (today - at.date()).days / 365
    level = instrument.price * Decimal(repr(round(1 - 0.12 * age + dice.uniform(-0.04, 0.04), 6)))
    entry = _on_tick(level, instrument)
    distance = max(
        _on_tick(entry * Decimal(repr(instrument.risk * dice.uniform(0.6, 1.5))), instrument), instrument.tick
    )
    reward = dice.choice(("1.5", "2", "2.5", "3"))
    result = _result(dice, float(reward))
    trade: Json = {
        "symbol": instrument.symbol,
        "side": "BUY" if direction > 0 else "SELL",
        "quantity": _text(quantity),
        "openDate": at.isoformat(),
        "entryPrice": _text(entry),
        "stopLoss": _text(entry - direction * distance),
        "takeProfit": _text(_on_tick(entry + direction * distance * Decimal(reward), instrument)),
        "multiplier": str(instrument.multiplier),
        "commission": _cents(instrument.commission * quantity),
        "fees": _cents(Decimal("0.02") + instrument.commission * quantity / 20),
        "riskAmount": _cents(max(distance * quantity * instrument.multiplier, Decimal("0.01"))),
        "setupType": dice.choice(SETUPS),
        "timeframe": dice.choice(TIMEFRAMES),
        "marketCondition": dice.choice(CONDITIONS),
        "tradingSession": instrument.session,
        "confidence": dice.randint(3, 10),
        "setupQuality": dice.randint(3, 10),
        "preTradeNotes": dice.choice(PLANS),
        "tags": sorted(dice.sample(TAGS, dice.randint(0, 3))),
        "newsEvents": [instrument.news] if dice.random() < 0.2 else [],
        "economicEvents": [dice.choice(ECONOMY)] if dice.random() < 0.25 else [],
    }
    if state == "cancelled":
        return {**trade, "status": "CANCELLED", "postTradeNotes": "The order was never filled."}
    if state == "open":
        return trade
    exit_price = max(_on_tick(entry + direction * distance * Decimal(repr(result)), instrument), instrument.tick)
    parts = _parts(quantity, state, dice)
    trade["closes"] = _closes(instrument, at, entry, exit_price, parts, today, dice)
    return {**trade, **_afterthoughts(result, dice)} if state == "closed" else trade


def _result(dice: random.Random, reward: float) -> float:
    """The outcome in multiples of the risk: half won, some at break-even, the rest lost, a few beyond the stop."""
    chance = dice.random()
    if chance < 0.49:
        return round(dice.uniform(0.3, reward), 2)
    if chance < 0.56:
        return 0.0
    return round(-dice.choice((1.0, 1.0, dice.uniform(0.2, 1.0), dice.uniform(1.0, 1.4))), 2)


def _parts(quantity: Decimal, state: str, dice: random.Random) -> list[Decimal]:
    half = quantity / 2
    if state == "part":
        return [half]
    chance = dice.random()
    if chance < 0.7:
        return [quantity]
    return [half, half] if chance < 0.92 else [half, half / 2, half - half / 2]


def _closes(
    instrument: Instrument,
    at: datetime,
    entry: Decimal,
    exit_price: Decimal,
    parts: list[Decimal],
    today: date,
    dice: random.Random,
) -> list[Json]:
    """The closes of a trade: earlier ones at prices between entry and last exit, none in the future."""
    length = timedelta(minutes=dice.randint(4, 240))
    if dice.random() < 0.15:  # a swing trade
        length += timedelta(days=dice.randint(1, 8))
    length = min(length, datetime.combine(today, time(), UTC) - at)
    closes = []
    for number, part in enumerate(parts, 1):
        way = Decimal(number) / len(parts)
        closes.append(
            {
                "quantity": _text(part),
                "price": _text(_on_tick(entry + (exit_price - entry) * way, instrument)),
                "closedAt": (at + length * float(way)).replace(microsecond=0).isoformat(),
                "commission": _cents(instrument.commission * part),
                "fees": _cents(Decimal("0.02")),
            }
        )
    return closes


def _afterthoughts(result: float, dice: random.Random) -> Json:
    won = result > 0
    upset = not won and dice.random() < 0.5
    thoughts: Json = {
        "tradeGrade": dice.choice("AAB" if won else "BCD" if not upset else "DF"),
        "execution": dice.randint(6, 10) if won else dice.randint(2, 8),
        "emotionalState": dice.choice(UPSET if upset else CALM),
        "psychology": {
            "greed": upset and dice.random() < 0.3,
            "fear": not won and dice.random() < 0.3,
            "fomo": upset and dice.random() < 0.5,
            "revenge": upset and dice.random() < 0.25,
            "overconfidence": dice.random() < 0.1,
            "patience": not upset and dice.random() < 0.7,
        },
        "postTradeNotes": "Went as planned." if won else "Scratched it." if result == 0 else "Stopped out.",
        "lessons": dice.choice(LESSONS),
    }
    return {**thoughts, "mistakes": dice.choice(MISTAKES)} if upset else thoughts


def _on_tick(price: Decimal, instrument: Instrument) -> Decimal:
    return (price / instrument.tick).quantize(Decimal(1)) * instrument.tick


def _text(number: Decimal) -> str:
    return f"{number.normalize():f}"


def _cents(amount: Decimal) -> str:
    return str(amount.quantize(Decimal("0.01")))


# --- through the API ---


def create_demo_account(api: str, confirmation_code: Callable[[str], str], today: date) -> None:
    """Sign the demo user up and record the trades, accounts and rates.

    `api` is the API's address with its version; `confirmation_code` returns the code mailed to an address. Repeated on
    the same day, it finishes what was interrupted. Raises DemoError.
    """
    with httpx.Client(base_url=api, timeout=60, trust_env=False) as client:
        client.headers["Authorization"] = f"Bearer {_access_token(client, confirmation_code)}"
        send = partial(_send, client)
        statement = send_statement(send, today)

        def record(numbered: tuple[int, Json]) -> None:
            number, trade = numbered
            send("POST", "/trades", trade, _key(f"demo-{today}-{number}"))

        with ThreadPoolExecutor(2) as pool:
            list(pool.map(record, enumerate(demo_trades(today))))
        for number, (trade, parts) in enumerate(told_trades(today)):
            key = f"demo-{today}-told-{number}"
            made = send("POST", "/trades", trade, _key(key))
            for place, (path, part) in enumerate(parts):
                send("POST", f"/trades/{made['tradeId']}/{path}", part, _key(f"{key}-{place}"))
        _record_accounts(send, today)
        commit_statement(send, statement)


def _access_token(client: httpx.Client, confirmation_code: Callable[[str], str]) -> str:
    credentials = {"email": EMAIL, "password": PASSWORD}
    try:
        answer = _send(client, "POST", "/auth/login", credentials, {})
    except DemoError:  # no such user yet
        _send(client, "POST", "/auth/signup", {"email": EMAIL}, {})
        _send(client, "POST", "/auth/confirm-signup", {**credentials, "code": confirmation_code(EMAIL)}, {})
        answer = _send(client, "POST", "/auth/login", credentials, {})
    return str(answer["accessToken"])


def _record_accounts(send: Send, today: date) -> None:
    send("PUT", "/fx-rates", {"rates": demo_rates(today)}, {})
    for number, (account, parts) in enumerate(told_accounts(today)):
        key = f"demo-{today}-account-{number}"
        made = send("POST", "/accounts", account, _key(key))
        own = {"accountId": made["accountId"]}
        for place, (path, part) in enumerate(parts):
            keyed = _key(f"{key}-{place}")
            if path.startswith("/"):
                send("POST", path, {**part, **own}, keyed)
            else:
                send("POST", f"/accounts/{made['accountId']}/{path}", part, keyed)


def _key(key: str) -> dict[str, str]:
    return {"Idempotency-Key": key}


def _send(client: httpx.Client, method: str, path: str, body: Json | None, headers: Json) -> Json:
    answer = client.request(method, path, json=body, headers=headers)
    if answer.is_error:
        raise DemoError(f"{method} {answer.url}: {answer.status_code} {answer.text[:500]}")
    return dict(answer.json()) if answer.content else {}
