"""Creates a demo user through the API: a year of trades, two trading accounts with executions, cash and rates, and one
into which a broker's statement is imported.
"""

import json
import random
import urllib.error
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from local.demo_import import commit_statement, send_statement

Json = dict[str, Any]

EMAIL = "demo@example.com"
PASSWORD = "Demo-Journal-2026"  # noqa: S105 of an account that exists on the developer's machine only
COUNT = 200
SEED = 7


class DemoError(Exception):
    """The API refused a request for the demo account."""


@dataclass(frozen=True)
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
    news: tuple[str, ...] = ()


def _stock(symbol: str, price: str, risk: float, news: str) -> Instrument:
    return Instrument(
        symbol, Decimal(price), Decimal("0.01"), risk, ("20", "50", "100"), Decimal("0.005"), news=(news,)
    )


INSTRUMENTS = (
    _stock("AAPL", "228", 0.008, "iPhone launch event"),
    _stock("MSFT", "445", 0.007, "Cloud revenue above estimates"),
    _stock("NVDA", "148", 0.014, "Data-centre guidance raised"),
    _stock("TSLA", "312", 0.018, "Delivery numbers"),
    _stock("SPY", "602", 0.004, "Index rebalancing"),
    Instrument(
        "ESZ5", Decimal("6080"), Decimal("0.25"), 0.002, ("2", "4"), Decimal("2.25"), multiplier=50,
        opens=time(13, 30), hours=7.0, news=("Fed speakers",),
    ),
    Instrument(
        "EURUSD", Decimal("1.0850"), Decimal("0.00001"), 0.0018, ("20000", "50000"), Decimal("0.00003"),
        opens=time(7), hours=9.0, session="London", news=("ECB press conference",),
    ),
    Instrument(
        "BTCUSD", Decimal("96500"), Decimal("0.5"), 0.012, ("0.2", "0.5"), Decimal("48"),
        opens=time(0, 30), hours=22.0, trades_weekends=True, session="Round the clock", news=("ETF inflows",),
    ),
)  # fmt: skip  # an instrument, what belongs together on a line

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

    def at(days_ago: int, hour: int = 15) -> str:
        return datetime.combine(today - timedelta(days=days_ago), time(hour), UTC).isoformat()

    added_to: Json = {
        "symbol": "MESH6", "side": "BUY", "multiplier": "5", "lotMethod": "LIFO", "stopLoss": "4980",
        "takeProfit": "5040", "setupType": "Pullback", "tags": ["scale-in"], "tradingSession": "New York",
        "entries": [
            {"quantity": "2", "price": "5000.25", "enteredAt": at(20, 14), "commission": "1.94"},
            {"quantity": "1", "price": "4990.50", "enteredAt": at(20, 15), "commission": "0.97"},
            {"quantity": "1", "price": "5012.75", "enteredAt": at(19, 15), "commission": "0.97"},
        ],
        "closes": [
            {"quantity": "2", "price": "5010.50", "closedAt": at(20, 18), "commission": "1.94"},
            {"quantity": "2", "price": "5021.00", "closedAt": at(19, 18), "commission": "1.94"},
        ],
    }  # fmt: skip  # a trade, what belongs together on a line
    expired: Json = {
        "symbol": "SPY 620C", "side": "BUY", "quantity": "2", "openDate": at(30), "entryPrice": "3.10",
        "multiplier": "100", "commission": "1.30", "riskAmount": "620",
        "setupType": "News", "postTradeNotes": "The rest expired worthless.",
        "closes": [
            {"quantity": "1", "price": "1.05", "closedAt": at(25), "commission": "0.65"},
            {"quantity": "1", "price": "0", "closedAt": at(16, 21)},
        ],
    }  # fmt: skip  # a trade, what belongs together on a line
    coin: Json = {
        "symbol": "SHIBUSDT", "side": "BUY", "quantity": "123456789.5", "openDate": at(12),
        "entryPrice": "0.000012345678", "stopLoss": "0.0000121", "fees": "0.12385683625", "setupType": "Breakout",
        "exitPrice": "0.000013456789", "closeDate": at(11),
    }  # fmt: skip  # a trade, what belongs together on a line
    perpetual: Json = {
        "symbol": "ETH-PERP", "side": "SELL", "quantity": "1.25", "openDate": at(9), "entryPrice": "3412.55",
        "fees": "2.13", "stopLoss": "3480", "setupType": "Reversal",
        "closes": [{"quantity": "1.25", "price": "3365.1", "closedAt": at(7), "fees": "2.1"}],
    }  # fmt: skip  # a trade, what belongs together on a line
    funding = [
        ("events", {"type": "FUNDING", "amount": amount, "at": at(8, hour)})
        for amount, hour in (("0.43", 8), ("-0.12", 16))
    ]
    holding: Json = {
        "symbol": "KO", "side": "BUY", "quantity": "40", "openDate": at(60), "entryPrice": "71.20", "commission": "1",
        "stopLoss": "68", "setupType": "Pullback", "tags": ["swing"],
    }  # fmt: skip  # a trade, what belongs together on a line
    dividend = [("events", {"type": "DIVIDEND", "amount": "20.40", "at": at(14), "note": "0.51 a share"})]
    halved: Json = {
        "symbol": "NFLX", "side": "BUY", "quantity": "2", "openDate": at(40), "entryPrice": "1120.50",
        "stopLoss": "1060", "setupType": "Breakout", "tags": ["swing"],
        "closes": [{"quantity": "0.5", "price": "1181.20", "closedAt": at(36)}],
    }  # fmt: skip  # a trade, what belongs together on a line
    split = [
        ("splits", {"new": "10", "old": "1", "at": at(33, 13)}),
        ("closes", {"quantity": "10", "price": "117.35", "closedAt": at(27)}),
    ]
    return [(added_to, []), (expired, []), (coin, []), (perpetual, funding), (holding, dividend), (halved, split)]


def told_accounts(today: date) -> list[tuple[Json, list[tuple[str, Json]]]]:
    """Bodies of POST /accounts, each with the requests that fill the account, in their order.

    Such a request is a pair: a path, below the account if it is relative, and a body without `accountId`, which
    `_record_accounts` adds.
    """

    def at(days_ago: int, hour: int = 9) -> str:
        return datetime.combine(today - timedelta(days=days_ago), time(hour), UTC).isoformat()

    def fill(of: Json, side: str, quantity: str, price: str, when: str, commission: str) -> tuple[str, Json]:
        own = {"side": side, "quantity": quantity, "price": price, "executedAt": when, "commission": commission}
        return "/executions", {**of, **own}

    share: Json = {"symbol": "ASML", "instrument": {"kind": "STOCK", "currency": "EUR"}}
    call: Json = {
        "symbol": "SAP 240C",
        "instrument": {
            "kind": "OPTION", "multiplier": "100", "currency": "EUR", "underlying": "SAP", "strike": "240",
            "right": "CALL", "expiry": str(today - timedelta(days=15)),
        },
    }  # fmt: skip  # an option, what belongs together on a line
    abroad: Json = {"symbol": "KO", "instrument": {"kind": "STOCK", "currency": "USD"}}
    in_euros: Json = {
        "name": "Europe", "broker": "A broker", "currency": "EUR", "openingBalance": "20000", "openedAt": at(120),
        "timeZone": "Europe/Berlin", "lotMethod": "FIFO",
    }  # fmt: skip  # an account, what belongs together on a line
    filled: list[tuple[str, Json]] = [
        ("cash", {"type": "DEPOSIT", "amount": "5000", "at": at(90), "note": "Second half of the year"}),
        # Bought in three fills, sold in part, split, and sold beyond what was held: the last fill opens a short trade.
        fill(share, "BUY", "6", "905.40", at(80), "3"),
        fill(share, "BUY", "4", "897.10", at(80, 11), "3"),
        fill(share, "BUY", "2", "912.80", at(76), "3"),
        fill(share, "SELL", "5", "938.20", at(70), "3"),
        ("/corporate-actions", {"type": "SPLIT", "symbol": "ASML", "effectiveAt": at(60, 7), "new": "10", "old": "1"}),
        fill(share, "SELL", "90", "95.12", at(41), "3"),
        fill(share, "BUY", "20", "93.55", at(34), "3"),
        fill(call, "SELL", "1", "4.35", at(45), "1.5"),
        ("/executions", {**call, "kind": "EXPIRY", "executedAt": at(15, 16)}),
        fill(abroad, "BUY", "50", "70.05", at(50, 15), "1"),
        fill(abroad, "SELL", "20", "72.40", at(20, 15), "1"),
        ("cash", {"type": "DIVIDEND", "amount": "25.50", "currency": "USD", "at": at(28, 15), "symbol": "KO"}),
        ("cash", {"type": "FEE", "amount": "-9.90", "at": at(30), "note": "Market data"}),
        ("cash", {"type": "WITHDRAWAL", "amount": "-1500", "at": at(18)}),
    ]  # fmt: skip  # a request on a line
    paper: Json = {"name": "Paper", "kind": "PAPER", "currency": "USD", "openingBalance": "100000"}
    tried: list[tuple[str, Json]] = [
        ("/trades", {
            "symbol": "QQQ", "side": "BUY", "quantity": "10", "openDate": at(11, 15), "entryPrice": "521.30",
            "stopLoss": "516", "setupType": "Opening drive", "exitPrice": "528.75", "closeDate": at(10, 18),
        }),
    ]  # fmt: skip  # a trade, what belongs together on a line
    return [(in_euros, filled), (paper, tried)]


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
        "newsEvents": list(instrument.news) if dice.random() < 0.2 else [],
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
    credentials = {"email": EMAIL, "password": PASSWORD}
    try:
        access_token = _post(f"{api}/auth/login", credentials)["accessToken"]
    except DemoError:  # no such user yet
        _post(f"{api}/auth/signup", {"email": EMAIL})
        _post(f"{api}/auth/confirm-signup", {**credentials, "code": confirmation_code(EMAIL)})
        access_token = _post(f"{api}/auth/login", credentials)["accessToken"]

    def record(numbered: tuple[int, Json]) -> None:
        number, trade = numbered
        headers = {"Authorization": f"Bearer {access_token}", "Idempotency-Key": f"demo-{today}-{number}"}
        _post(f"{api}/trades", trade, headers)

    authorized = {"Authorization": f"Bearer {access_token}"}

    def send(method: str, path: str, body: Json | None, headers: Json) -> Json:
        return _send(f"{api}{path}", body, {**authorized, **headers}, method)

    statement = send_statement(send, today)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(record, enumerate(demo_trades(today))))
    for number, (trade, parts) in enumerate(told_trades(today)):
        key = f"demo-{today}-told-{number}"
        made = _post(f"{api}/trades", trade, {**authorized, "Idempotency-Key": key})
        for place, (path, part) in enumerate(parts):
            keyed = {**authorized, "Idempotency-Key": f"{key}-{place}"}
            _post(f"{api}/trades/{made['tradeId']}/{path}", part, keyed)
    _record_accounts(api, authorized, today)
    commit_statement(send, statement)


def _record_accounts(api: str, authorized: dict[str, str], today: date) -> None:
    _post(f"{api}/fx-rates", {"rates": demo_rates(today)}, authorized, method="PUT")
    for number, (account, parts) in enumerate(told_accounts(today)):
        key = f"demo-{today}-account-{number}"
        made = _post(f"{api}/accounts", account, {**authorized, "Idempotency-Key": key})
        own = {"accountId": made["accountId"]}
        for place, (path, part) in enumerate(parts):
            keyed = {**authorized, "Idempotency-Key": f"{key}-{place}"}
            if path.startswith("/"):
                _post(f"{api}{path}", {**part, **own}, keyed)
            else:
                _post(f"{api}/accounts/{made['accountId']}/{path}", part, keyed)


def _post(url: str, body: Json, headers: dict[str, str] | None = None, method: str = "POST") -> Json:
    return _send(url, body, headers or {}, method)


def _send(url: str, body: Json | None, headers: Json, method: str) -> Json:
    content = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(  # noqa: S310 http to the embedded AWS
        url, content, {"Content-Type": "application/json", **headers}, method=method
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 as above
            return dict(json.loads(answer.read() or b"{}"))
    except urllib.error.HTTPError as error:
        raise DemoError(f"{method} {url}: {error.code} {error.read().decode(errors='replace')[:500]}") from error
