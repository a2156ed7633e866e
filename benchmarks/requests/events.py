"""The measured requests, as events of API Gateway's payload format 2.0."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

Event = dict[str, Any]

USER = "11111111-aaaa-4bbb-8ccc-000000000001"
TRADE_ID = "33333333-cccc-4ddd-8eee-000000000001"

# A trade with many fields, closed in two parts: texts, numbers, lists and objects to validate.
TRADE: dict[str, Any] = {
    "symbol": "AAPL",
    "side": "BUY",
    "quantity": "100",
    "openDate": "2026-01-05T09:31:04-05:00",
    "entryPrice": "185.25",
    "stopLoss": "183.25",
    "takeProfit": "191.25",
    "commission": "1",
    "fees": "0.1",
    "setupType": "breakout",
    "timeframe": "5m",
    "tradeGrade": "B",
    "confidence": 7,
    "psychology": {"fomo": True, "patience": False},
    "preTradeNotes": "Held above the opening range on rising volume; risk below the first pullback.",
    "tags": ["earnings", "gap"],
    "closes": [
        {"quantity": "40", "price": "187.25", "closedAt": "2026-01-05T11:02:00-05:00", "commission": "0.5"},
        {"quantity": "60", "price": "186.75", "closedAt": "2026-01-05T14:40:00-05:00"},
    ],
}


def event(
    method: str,
    path: str,
    *,
    route: str = "",
    query: str = "",
    document: Any = None,
    headers: Mapping[str, str] | None = None,
    token_use: str = "access",  # noqa: S107 what a token is for
) -> Event:
    """One request of a signed-in user. route: the route key; by default, made of method and path."""
    given = {
        "accept": "application/json",
        "accept-encoding": "gzip, br",
        "authorization": "Bearer token",
        "host": "a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com",
        "user-agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36",
        "x-amzn-trace-id": "Root=1-5e6722a7-cc56xmpl46db7ae02d4da47e",
        "x-forwarded-for": "192.0.2.1",
        "x-forwarded-port": "443",
        "x-forwarded-proto": "https",
        **(headers or {}),
    }
    made: Event = {
        "version": "2.0",
        "routeKey": f"{method} {route or path}",
        "rawPath": f"/v1{path}",
        "rawQueryString": query,
        "headers": given,
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "a1b2c3d4e5",
            "authorizer": {"jwt": {"claims": {"sub": USER, "token_use": token_use, "username": USER}, "scopes": None}},
            "domainName": given["host"],
            "domainPrefix": "a1b2c3d4e5",
            "http": {
                "method": method,
                "path": f"/v1{path}",
                "protocol": "HTTP/1.1",
                "sourceIp": "192.0.2.1",
                "userAgent": given["user-agent"],
            },
            "requestId": "JKJaXmPLvHcESHA=",
            "routeKey": f"{method} {route or path}",
            "stage": "v1",
            "time": "05/Jan/2026:14:31:10 +0000",
            "timeEpoch": 1767623470000,
        },
        "isBase64Encoded": False,
    }
    if query:
        names = parse_qs(query, keep_blank_values=True)
        made["queryStringParameters"] = {name: ",".join(values) for name, values in names.items()}
    if document is not None:
        given.setdefault("content-type", "application/json")
        made["body"] = document if isinstance(document, str) else json.dumps(document)
    return made


CREATE = event("POST", "/trades", document=TRADE)
GET = event("GET", f"/trades/{TRADE_ID}", route="/trades/{tradeId}")
LIST = event("GET", "/trades", query="symbol=AAPL&limit=20")
