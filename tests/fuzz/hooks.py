"""What schemathesis cannot know: how text is read, which page tokens were given out, and who the run's own user is."""

from __future__ import annotations

import os
from typing import Any

import schemathesis

from handlers.web.contract import contract

EXAMPLES = contract()["components"]["examples"]

_given_out: set[str] = set()  # page tokens
_sessions: list[str] = []  # refresh tokens


@schemathesis.deserializer("text/html")
def text(_: schemathesis.DeserializationContext, response: schemathesis.Response) -> str:
    """The contract describes the page as the text that it is."""
    return response.text


@schemathesis.hook
def before_call(_: schemathesis.HookContext, case: Any, __: dict[str, Any]) -> None:
    """Make requests valid that schemathesis takes for valid."""
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    # The coverage phase knows no quotation marks in headers and sends "0", which is no entity tag.
    for header in ("If-Match", "If-None-Match"):
        if (case.headers or {}).get(header) == "0":
            case.headers[header] = '"1"'
    # A page token that somebody makes up is a 400, though it follows its schema; tests/api tries those out.
    if case.operation.label == "GET /trades" and (case.query or {}).get("nextToken") not in {None, *_given_out}:
        del case.query["nextToken"]
    # The trader of the contract's examples is the run's own user.
    if case.body == EXAMPLES["Credentials"]["value"] and case.operation.label == "POST /auth/login":
        if "EMAIL" in os.environ:
            case.body = {"email": os.environ["EMAIL"], "password": os.environ["PASSWORD"]}
    elif case.body == EXAMPLES["RefreshRequest"]["value"] and _sessions:
        case.body = {"refreshToken": _sessions[-1]}


@schemathesis.hook
def after_call(_: schemathesis.HookContext, case: Any, response: schemathesis.Response) -> None:
    """Remember what the API gave out."""
    if response.status_code != 200:
        return
    if case.operation.label == "GET /trades" and (token := response.json().get("nextToken")):
        _given_out.add(token)
    elif case.operation.label in ("POST /auth/login", "POST /auth/refresh"):
        _sessions.append(response.json()["refreshToken"])
