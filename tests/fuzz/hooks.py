"""What schemathesis cannot know: how text is read, which page tokens were given out, and who the run's own user is."""

from __future__ import annotations

import os
from datetime import datetime
from typing import Any

import schemathesis
from hypothesis import strategies as st

from handlers.web.connexion.slow_validator import Validator
from handlers.web.contract import contract, items_alone, slice_of

EXAMPLES = contract()["components"]["examples"]
# What judges the items of bulk requests, by operation and by the property that holds them.
ITEM_JUDGES = {
    operation["operationId"]: {
        name: Validator(schema)
        for content in operation.get("requestBody", {}).get("content", {}).values()
        for name, schema in items_alone(content["schema"]).items()
    }
    for item in slice_of({"createTrades", "updateTrades", "deleteTrades", "createExecutions"})["paths"].values()
    for operation in item.values()
}

_given_out: dict[str, Any] = {}  # page tokens, each with the filters that it belongs to
_sessions: list[str] = []  # refresh tokens


# RFC 3339 has the year 0 too, which the contract does not take.
_MOMENTS = st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29))  # noqa: DTZ001 the offset is put behind it
_OFFSETS = st.sampled_from(["Z", "+00:00", "-05:00", "+05:45", "+14:00"])
schemathesis.openapi.format("date-time", st.builds("{0}{1}".format, _MOMENTS.map(datetime.isoformat), _OFFSETS))


@schemathesis.deserializer("text/html")
def text(_: schemathesis.DeserializationContext, response: schemathesis.Response) -> str:
    """The contract describes the page as the text that it is."""
    return response.text


@schemathesis.hook
def before_call(_: schemathesis.HookContext, case: Any, __: dict[str, Any]) -> None:
    """Make requests valid that schemathesis takes for valid, and keep the run's own user logged in."""
    # With the right one, the user of the run would have another password and no session.
    given = case.body if case.operation.label == "POST /auth/change-password" else None
    if isinstance(given, dict) and given.get("currentPassword") == os.environ.get("PASSWORD"):
        case.body = {**given, "currentPassword": "Wrong-password-1!"}
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    # The coverage phase knows no quotation marks in headers and sends "0", which is no entity tag.
    for header in ("If-Match", "If-None-Match"):
        if (case.headers or {}).get(header) == "0":
            case.headers[header] = '"1"'
    # A page token that is made up or came with other filters is a 400, though it follows its schema.
    token = (case.query or {}).get("nextToken") if case.operation.label in PAGED else None
    if token is not None and _given_out.get(token) != _filters(case):
        del case.query["nextToken"]
    # The trader of the contract's examples is the run's own user.
    if case.body == EXAMPLES["LogInInput"]["value"] and case.operation.label == "POST /auth/login":
        if "EMAIL" in os.environ:
            case.body = {"email": os.environ["EMAIL"], "password": os.environ["PASSWORD"]}
    elif (
        case.operation.label == "POST /auth/refresh"
        and case.body == EXAMPLES["RefreshSessionInput"]["value"]
        and _sessions
    ):
        case.body = {"refreshToken": _sessions[-1]}


def _filters(case: Any) -> dict[str, Any]:
    """What a page token belongs to: the list, and its query without the token and the size of the page."""
    query = {name: value for name, value in case.query.items() if name not in ("nextToken", "limit")}
    return {"list": case.operation.label, "of": dict(case.path_parameters or {}), **query}


# The lists that are read by pages.
PAGED = {
    f"GET {path}"
    for path, item in contract()["paths"].items()
    if any(given.get("$ref", "").endswith("PageToken") for given in item.get("get", {}).get("parameters", ()))
}

# A page of legs is of a trade as it is: other requests may change it before the token is used.
REUSABLE = PAGED - {"GET /trades/{tradeId}/legs"}


@schemathesis.check
def each_item_is_validated_individually(
    _: schemathesis.CheckContext, response: schemathesis.Response, case: Any
) -> None:
    """In a bulk request the items that do not follow the contract get a 400 as their result, and no others do."""
    judges = ITEM_JUDGES.get(case.operation.definition.raw["operationId"], {})
    if response.status_code != 200:
        return
    for name, judge in judges.items():
        results = response.json()["results"]
        assert len(results) == len(case.body[name])
        for item, result in zip(case.body[name], results, strict=True):
            assert (result["status"] == 400) == (not judge.is_valid(item)), (item, result)


@schemathesis.hook
def after_call(_: schemathesis.HookContext, case: Any, response: schemathesis.Response) -> None:
    """Remember what the API gave out."""
    if response.status_code != 200:
        return
    if case.operation.label in REUSABLE and (token := response.json().get("nextToken")):
        _given_out[token] = _filters(case)
    elif case.operation.label in ("POST /auth/login", "POST /auth/refresh"):
        _sessions.append(response.json()["refreshToken"])
