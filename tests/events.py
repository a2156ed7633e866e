"""Stands in for API Gateway: chooses the route as on AWS, and builds the event in payload format 2.0."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import count
from typing import Any
from urllib.parse import parse_qsl

from handlers.entry.http import serve
from handlers.web.connexion.app import create_app
from handlers.web.contract import contract
from openapi.generate import gateway_path, operations

Event = dict[str, Any]
Function = Callable[[Event, Any], dict[str, Any]]

STAGE = "v1"
_request_numbers = count(1)


def unknown_route(method: str) -> str:
    """The key of the route for requests that no operation serves."""
    return f"{method} /{{proxy+}}"


def claims_of(user: str, **others: str) -> dict[str, str]:
    """The claims of a user's access token, as the authorizer passes them on: all of them strings."""
    return {
        "sub": user,
        "token_use": "access",
        "scope": "aws.cognito.signin.user.admin",
        "username": user,
        "exp": "1764600000",
        "iat": "1764599100",
        **others,
    }


def event(
    method: str,
    raw_path: str,
    *,
    route_key: str,
    query: str = "",
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    claims: Mapping[str, str] | None = None,
) -> Event:
    """The event of a request, as API Gateway passes it to a function."""
    given = {name.lower(): value for name, value in (headers or {}).items()}
    cookies = given.pop("cookie", "")
    names = [name for name, _ in parse_qsl(query, keep_blank_values=True, encoding="latin-1")]
    pairs = parse_qsl(query, keep_blank_values=True, encoding="latin-1")
    context: dict[str, Any] = {
        "accountId": "123456789012",
        "apiId": "a1b2c3d4e5",
        "domainName": "a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com",
        "domainPrefix": "a1b2c3d4e5",
        "http": {
            "method": method,
            "path": raw_path,
            "protocol": "HTTP/1.1",
            "sourceIp": "192.0.2.1",
            "userAgent": given.get("user-agent", "tests"),
        },
        "requestId": f"JKJaXmPLvHcESH{next(_request_numbers):06}=",  # all as long, as AWS's are
        "routeKey": route_key,
        "stage": STAGE,
        "time": "05/Jan/2026:14:31:10 +0000",
        "timeEpoch": 1767623470000,
    }
    if claims is not None:
        context["authorizer"] = {"jwt": {"claims": dict(claims), "scopes": None}}
    made: Event = {
        "version": "2.0",
        "routeKey": route_key,
        "rawPath": raw_path,
        "rawQueryString": query,
        "headers": {"host": context["domainName"], "x-forwarded-proto": "https", "x-forwarded-port": "443", **given},
        "requestContext": context,
        "isBase64Encoded": False,
    }
    if cookies:
        made["cookies"] = cookies.split("; ")
    if names:
        made["queryStringParameters"] = {name: ",".join(v for n, v in pairs if n == name) for name in names}
    if body is not None:
        made["headers"].setdefault("content-length", str(len(body)))
        made.update(_body(body, given.get("content-type", "")))
    return made


def _body(body: bytes, content_type: str) -> Event:
    """Text as text, with U+FFFD for what is not UTF-8; everything else as base64."""
    if re.match(r"(text/.*|application/(json|xml|javascript))(;|$)", content_type.lower()):
        return {"body": body.decode("utf-8", "replace"), "isBase64Encoded": False}
    return {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}


@cache
def function(*operation_ids: str, instance: int = 0) -> Function:  # noqa: ARG001 part of the cache's key
    """The function that serves these operations; without any, UnknownRouteFunction.

    Each instance serves one request at a time, as on AWS.
    """
    return serve(create_app(operation_ids))


@dataclass(frozen=True)
class Route:
    """An operation of the contract and where it is found."""

    method: str
    path: str
    operation: Mapping[str, Any] = field(repr=False)

    @property
    def key(self) -> str:
        """The route key of API Gateway."""
        return f"{self.method} {gateway_path(self.path)}"

    @property
    def operation_id(self) -> str:
        """The operation's name."""
        return str(self.operation["operationId"])

    @property
    def is_public(self) -> bool:
        """Whether the operation needs no access token."""
        return not self.operation.get("security", contract()["security"])

    def matches(self, method: str, path: str) -> bool:
        """Whether the gateway would choose this route, unless a more literal one fits too."""
        own, given = self.path.split("/"), path.split("/")
        return (
            method == self.method
            and len(own) == len(given)
            and all(step == other or (step.startswith("{") and other) for step, other in zip(own, given, strict=True))
        )


@cache
def routes() -> Sequence[Route]:
    """The contract's operations, literal paths before templates."""
    found = [Route(method.upper(), path, operation) for path, method, operation in operations(contract())]
    return sorted(found, key=lambda route: route.path.count("{"))


def route_of(method: str, path: str) -> Route | None:
    """The operation that the gateway would choose for a path without its stage."""
    return next((route for route in routes() if route.matches(method, path)), None)


def body_of(message: Mapping[str, Any]) -> bytes:
    """The bytes that an event or a function's answer carries."""
    body = message["body"]
    return base64.b64decode(body) if message["isBase64Encoded"] else str(body).encode()


def query_of(made: Event) -> list[tuple[str, str]]:
    """The pairs of an event's query."""
    return parse_qsl(made["rawQueryString"], keep_blank_values=True)
