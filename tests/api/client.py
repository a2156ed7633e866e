"""A client of the API behind the entry point of Lambda, which holds every answer to the contract."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlencode

import brotli

from tests import events
from tests.conformance import OF_EVERY_ANSWER, OF_HTTP, Request, Response, hold_to_contract
from tests.events import STAGE, Event, Route, claims_of, route_of
from tests.field_codes import hold_to_table

DANA, ERIN = "11111111-aaaa-4bbb-8ccc-000000000001", "22222222-aaaa-4bbb-8ccc-000000000002"


def is_cacheable(route: Route) -> bool:
    """Whether what the operation answers is the same for everybody, until a release."""
    return route.operation["tags"] == ["docs"] or route.operation_id == "listImportFormats"


@dataclass(frozen=True)
class Answer:
    """What the gateway sends back. Header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, parsed."""
        return json.loads(self.body)

    @property
    def kind(self) -> str:
        """The kind of problem that the body describes, as a path below the API's base path."""
        assert self.headers["content-type"] == "application/problem+json"
        assert self.json["type"].startswith(f"/{STAGE}/problems/")
        return str(self.json["type"]).removeprefix(f"/{STAGE}")

    @property
    def bad_fields(self) -> set[tuple[str, str]]:
        """Place and pointer of each field that the problem names."""
        return {(bad["in"], bad["pointer"]) for bad in self.json["errors"]}


def answer_of(returned: Mapping[str, Any], event: Event, route: Route | None) -> Answer:
    """A function's answer, checked against the contract."""
    assert type(returned["statusCode"]) is int
    assert returned.keys() == {"statusCode", "headers", "body", "isBase64Encoded"}
    sent = events.body_of(returned)
    answer = Answer(
        status=returned["statusCode"],
        headers={name.lower(): value for name, value in returned["headers"].items()},
        body=sent,
    )
    assert answer.headers["x-request-id"] == event["requestContext"]["requestId"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    asks_for_headers = event["requestContext"]["http"]["method"] == "HEAD"
    assert not (asks_for_headers and answer.body)
    if answer.status >= 400:
        assert answer.headers["content-type"] == "application/problem+json"
    if answer.status >= 400 and not asks_for_headers:
        assert answer.json["status"] == answer.status
        assert answer.json["requestId"] == event["requestContext"]["requestId"]
        hold_to_table(answer.json)
    elif answer.headers.get("content-type") == "application/json":
        for result in answer.json.get("results", ()):  # of a bulk request
            hold_to_table(result.get("problem", {}))
    if answer.status >= 400 or not (route and is_cacheable(route)):
        assert answer.headers["cache-control"] == "no-store"
    if route is None:
        assert answer.status in (404, 405, 500)
        assert answer.headers.keys() <= OF_HTTP | OF_EVERY_ANSWER | {"allow"}
        return answer
    data = answer.body
    if data and "content-encoding" in answer.headers:
        data = {"gzip": gzip.decompress, "br": brotli.decompress}[answer.headers["content-encoding"]](data)
    request = Request(
        method=route.method,
        # A tag may hold what ends a path or a segment for the judge, who sees another one in its place.
        path=f"/{STAGE}/tags/tag" if route.path == "/tags/{tag}" else unquote(event["rawPath"]),
        query=events.query_of(event),
        headers=event["headers"],
        # What is no body at all is a 400, and not judged here.
        body=events.body_of(event) if event.get("body") and answer.status != 400 else None,
    )
    hold_to_contract(route, request, Response(answer.status, answer.headers, data))
    return answer


@dataclass(frozen=True)
class Client:
    """The front end of one user."""

    user: str | None = DANA

    def __call__(self, method: str, path: str, document: Any = None, **given: Any) -> Answer:
        """Send one request. Returns its answer, checked against the contract."""
        if document is not None:
            given["body"] = json.dumps(document).encode()
        return self.send(self.event(method, path, **given))

    def event(
        self,
        method: str,
        path: str,
        *,
        query: Sequence[tuple[str, str]] | str = (),
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        claims: Mapping[str, str] | None = None,
    ) -> Event:
        """The event of one request."""
        given = dict(headers or {})
        if body is not None and not any(name.lower() == "content-type" for name in given):
            given["Content-Type"] = "application/merge-patch+json" if method == "PATCH" else "application/json"
        route = route_of(method, path)
        if self.user is not None:
            given.setdefault("Authorization", f"Bearer token-of-{self.user}")
            if claims is None:
                claims = claims_of(self.user)
        return events.event(
            method,
            f"/{STAGE}{path}",
            route_key=route.key if route else events.unknown_route(method),
            query=query if isinstance(query, str) else urlencode(query),
            headers=given,
            body=body,
            # The gateway verifies no token on routes that are public.
            claims=None if route is None or route.is_public else claims,
        )

    def send(self, event: Event) -> Answer:
        """Send one event to the function of its route."""
        route = next((route for route in events.routes() if route.key == event["routeKey"]), None)
        function = events.function(*([route.operation_id] if route else []))
        return answer_of(function(event, None), event, route)

    def get(self, path: str, **given: Any) -> Answer:
        """Read."""
        return self("GET", path, **given)

    def head(self, path: str, **given: Any) -> Answer:
        """Send a HEAD request."""
        return self("HEAD", path, **given)

    def post(self, path: str, document: Any = None, **given: Any) -> Answer:
        """Add."""
        return self("POST", path, document, **given)

    def patch(self, path: str, document: Any = None, **given: Any) -> Answer:
        """Change."""
        return self("PATCH", path, document, **given)

    def delete(self, path: str, **given: Any) -> Answer:
        """Remove."""
        return self("DELETE", path, **given)

    def new_trade(self, **given: Any) -> Any:
        """Record a trade, by default an open one. Returns the answer's body."""
        answer = self.post("/trades", a_trade(**given))
        assert answer.status == 201, answer.body
        return answer.json


def a_trade(**given: Any) -> dict[str, Any]:
    """The body that records docs/statistics.md's first trade, without closes."""
    trade = {
        "symbol": "AAPL",
        "side": "BUY",
        "quantity": "100",
        "openDate": "2026-01-05T09:31:04-05:00",
        "entryPrice": "10",
        "commission": "1",
        "fees": "0.1",
        **given,
    }
    return {name: value for name, value in trade.items() if value is not None}
