"""The lower bound: a handler without a framework, which reads the event and validates the request by hand."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs

from benchmarks.peers.journal import HEADERS, bad_field, log, page, read, record
from handlers.journal.errors import JournalError
from handlers.storage.errors import StorageError
from handlers.web import problems
from handlers.web.problems import BadField, Problem

Event = dict[str, Any]
Check = Callable[[Any], str | None]  # the error of a value, or None

DECIMAL = re.compile(r"-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,18})?")
TIME = re.compile(
    r"[12][0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"
    r"(\.[0-9]{1,6})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])"
)
DAY = re.compile(r"[12][0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])")
SYMBOL = re.compile(r"[!-{}~]([ -{}~]*[!-{}~])?")
KEY = re.compile(r"[!-~]+")
EXTERNAL_ID = re.compile(r"[!-~]([ -~]*[!-~])?")
TAGS = re.compile(r'\*|(W/)?"[!#-~]*"( *, *(W/)?"[!#-~]*")*')
CURRENCY = re.compile(r"[A-Z0-9]{3,10}")
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def text(longest: int, shortest: int = 0, pattern: re.Pattern[str] | None = None) -> Check:
    def check(value: Any) -> str | None:
        if not isinstance(value, str) or not shortest <= len(value) <= longest:
            return f"is not a text of {shortest} to {longest} characters"
        return "is malformed" if pattern and not pattern.fullmatch(value) else None

    return check


def one_of(*values: str) -> Check:
    return lambda value: None if isinstance(value, str) and value in values else "is none of " + ", ".join(values)


def many(most: int, check: Check) -> Check:
    def check_all(value: Any) -> str | None:
        return None if isinstance(value, list) and len(value) <= most else f"is not a list of at most {most}"

    check_all.items = check  # type: ignore[attr-defined] # for the pointers of what is wrong inside
    return check_all


def price(value: Any) -> str | None:
    return text(35, 1, DECIMAL)(value)


def positive(value: Any) -> str | None:
    return price(value) or (None if Decimal(value) > 0 else "is not above zero")


def time(value: Any) -> str | None:
    if wrong := text(40, 1, TIME)(value):
        return wrong
    return _unreadable(datetime.fromisoformat, value)


def day(value: Any) -> str | None:
    return text(10, 1, DAY)(value) or _unreadable(date.fromisoformat, value)


def _unreadable(parse: Callable[[str], object], value: str) -> str | None:
    try:
        parse(value)
    except ValueError:
        return "is no date"
    return None


def score(value: Any) -> str | None:
    return None if type(value) is int and 0 <= value <= 10 else "is not an integer from 0 to 10"


def truth(value: Any) -> str | None:
    return None if isinstance(value, bool) else "is not a boolean"


WORD, NOTES, HEADLINES = text(50, 1), text(10_000), many(20, text(200, 1))
SIDE = one_of("BUY", "SELL")
COSTS: dict[str, Check] = {"commission": price, "fees": price}
# The lists of a trade, with the checks of their items' fields. All fields but the costs are required.
PARTS: dict[str, dict[str, Check]] = {
    "closes": {"quantity": positive, "price": price, "closedAt": time, **COSTS},
    "entries": {"quantity": positive, "price": price, "enteredAt": time, **COSTS},
}
PSYCHOLOGY = dict.fromkeys(("greed", "fear", "fomo", "revenge", "overconfidence", "patience"), truth)
TRADE: dict[str, Check] = {
    "accountId": text(36, 36, UUID),
    "currency": text(10, 3, CURRENCY),
    "externalId": text(255, 1, EXTERNAL_ID),
    "symbol": text(32, 1, SYMBOL),
    "side": SIDE,
    "quantity": positive,
    "openDate": time,
    **dict.fromkeys(("entryPrice", "stopLoss", "initialStopLoss", "takeProfit", "exitPrice"), price),
    **COSTS,
    **dict.fromkeys(("multiplier", "riskAmount", "initialRiskAmount"), positive),
    "lotMethod": one_of("FIFO", "LIFO", "AVERAGE"),
    **dict.fromkeys(("setupType", "timeframe", "marketCondition", "tradingSession", "emotionalState"), WORD),
    "tradeGrade": one_of(*"ABCDEF"),
    **dict.fromkeys(("confidence", "setupQuality", "execution"), score),
    **dict.fromkeys(("preTradeNotes", "postTradeNotes", "mistakes", "lessons"), NOTES),
    **dict.fromkeys(("newsEvents", "economicEvents"), HEADLINES),
    "tags": many(30, WORD),
    "status": one_of("CANCELLED"),
    "closeDate": time,
}
ASKED: dict[str, Check] = {
    "symbol": TRADE["symbol"],
    "side": SIDE,
    "setupType": WORD,
    "openFrom": day,
    "openTo": day,
    "hasImages": one_of("true", "false"),
    "externalId": TRADE["externalId"],
    "idempotencyKey": text(255, 1, KEY),
    "order": one_of("asc", "desc"),
    "nextToken": text(2048, 1),
}
# Parameters that may be repeated: the check of each value, and how many there may be.
REPEATED: dict[str, tuple[Check, int]] = {
    "status": (one_of("OPEN", "PARTIAL", "CLOSED", "CANCELLED"), 4),
    "tag": (WORD, 10),
}
READ: dict[Check, Callable[[Any], Any]] = {price: Decimal, positive: Decimal, time: datetime.fromisoformat}


def handler(event: Event, _context: Any) -> Event:
    try:
        return _serve(event)
    except (Problem, JournalError, StorageError) as error:
        problem = problems.problem_of(error)
        body = problem.body(event["requestContext"]["requestId"])
        return _reply(event, problem.kind.status, body, problem.headers, problems.MEDIA_TYPE)


def _serve(event: Event) -> Event:
    user = _user(event)
    route = event["routeKey"]
    if route == "POST /trades":
        return _create(event, user)
    if route == "GET /trades":
        return _reply(event, 200, page(user, _asked(event)), {})
    return _get(event, user)


def _user(event: Event) -> str:
    claims = event["requestContext"].get("authorizer", {}).get("jwt", {}).get("claims", {})
    if claims.get("token_use") != "access":
        raise Problem(problems.UNAUTHORIZED, "Send the access token of POST /auth/login as a bearer token.")
    return str(claims["sub"])


def _create(event: Event, user: str) -> Event:
    bad = []
    key = event["headers"].get("idempotency-key")
    if key is not None and (wrong := text(255, 1, KEY)(key)):
        bad.append(bad_field("header", "/Idempotency-Key", wrong))
    try:
        raw = event.get("body") or ""
        document = json.loads(base64.b64decode(raw) if event.get("isBase64Encoded") else raw)
    except ValueError:
        raise problems.invalid_request([*bad, bad_field("body", "", "is not JSON")]) from None
    bad += _bad_trade(document)
    if bad:
        raise problems.invalid_request(bad)
    fingerprint = hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest() if key else ""
    return _reply(event, 201, *record(_values(document), user, key, fingerprint))


def _bad_trade(document: Any) -> Iterator[BadField]:
    rest = dict(document) if isinstance(document, dict) else document
    parts = {name: rest.pop(name, []) if isinstance(rest, dict) else [] for name in PARTS}
    psychology = rest.pop("psychology", {}) if isinstance(rest, dict) else {}
    yield from _bad(rest, TRADE, ("symbol", "side"), "")
    yield from _bad(psychology, PSYCHOLOGY, (), "/psychology")
    for name, checks in PARTS.items():
        if not isinstance(parts[name], list) or len(parts[name]) > 200:
            yield bad_field("body", f"/{name}", "is not a list of at most 200")
            continue
        required = tuple(checks.keys() - COSTS.keys())
        for index, part in enumerate(parts[name]):
            yield from _bad(part, checks, required, f"/{name}/{index}")


def _bad(document: Any, checks: Mapping[str, Check], required: tuple[str, ...], at: str) -> Iterator[BadField]:
    if not isinstance(document, dict):
        yield bad_field("body", at, "is not an object")
        return
    for name in required:
        if name not in document:
            yield bad_field("body", f"{at}/{name}", "is required")
    for name, value in document.items():
        check = checks.get(name)
        if check is None:
            yield bad_field("body", f"{at}/{name}", "is not known here")
        elif wrong := check(value):
            yield bad_field("body", f"{at}/{name}", wrong)
        elif of_item := getattr(check, "items", None):
            for index, item in enumerate(value):
                if wrong := of_item(item):
                    yield bad_field("body", f"{at}/{name}/{index}", wrong)


def _values(document: Mapping[str, Any], checks: Mapping[str, Check] = TRADE) -> dict[str, Any]:
    """The values by the journal's names, with numbers and times parsed."""
    values = {_snake(name): READ.get(checks.get(name, truth), _same)(value) for name, value in document.items()}
    for name in PARTS.keys() & values.keys():
        values[name] = [_values(part, PARTS[name]) for part in values[name]]
    return values


def _same(value: Any) -> Any:
    return value


def _snake(name: str) -> str:
    return re.sub("[A-Z]", lambda letter: "_" + letter[0].lower(), name)


def _asked(event: Event) -> dict[str, Any]:
    asked: dict[str, Any] = {"order": "desc", "limit": 50}
    bad = []
    for name, values in parse_qs(event.get("rawQueryString", ""), keep_blank_values=True).items():
        wrong: Any = None
        if name in REPEATED:
            asked[name], (of_item, most) = values, REPEATED[name]
            wrong = next(filter(None, map(of_item, values)), None)
            wrong = wrong or (len(values) > most and f"holds more than {most} items")
        elif name == "limit":
            if re.fullmatch("[1-9][0-9]?|100", values[0]):
                asked[name] = int(values[0])
            else:
                wrong = "is not an integer from 1 to 100"
        elif check := ASKED.get(name):
            asked[name], wrong = values[0], check(values[0])
        else:
            wrong = "is not known here"
        if wrong:
            bad.append(bad_field("query", f"/{name}", wrong))
    if bad:
        raise problems.invalid_request(bad)
    return asked


def _get(event: Event, user: str) -> Event:
    trade_id = event["rawPath"].rpartition("/")[2]
    known = event["headers"].get("if-none-match")
    bad = []
    if not UUID.fullmatch(trade_id):
        bad.append(bad_field("path", "/tradeId", "is no UUID"))
    if known is not None and (wrong := text(2000, 1, TAGS)(known)):
        bad.append(bad_field("header", "/If-None-Match", wrong))
    if bad:
        raise problems.invalid_request(bad)
    body, headers = read(user, trade_id, known)
    return _reply(event, 304 if body is None else 200, body, headers)


def _reply(
    event: Event, status: int, body: str | None, headers: Mapping[str, str], media_type: str = "application/json"
) -> Event:
    log(event["requestContext"]["requestId"], event["routeKey"], status)
    given = {**headers, **HEADERS, "X-Request-Id": event["requestContext"]["requestId"]}
    if body is not None:
        given["Content-Type"] = media_type
    return {"statusCode": status, "headers": given, "body": body or "", "isBase64Encoded": False}
