"""Each request reaches its operation, in every form of event that API Gateway and emulators send."""

from typing import Any

import pytest

from tests import events
from tests.api.client import DANA, Client, a_trade
from tests.conformance import HOST
from tests.events import Route, claims_of, function, routes

NEVER = "99999999-0000-4000-8000-000000000000"
KNOWN = {
    "/trades": "GET, POST",
    f"/trades/{NEVER}": "DELETE, GET, PATCH",
    f"/trades/{NEVER}/closes": "POST",
    f"/trades/{NEVER}/closes/{NEVER}": "DELETE, GET, PATCH",
    f"/trades/{NEVER}/entries": "POST",
    f"/trades/{NEVER}/entries/{NEVER}": "DELETE, GET, PATCH",
    "/auth/signup": "POST",
    "/auth/confirm-signup": "POST",
    "/auth/login": "POST",
    "/auth/refresh": "POST",
    "/openapi.yaml": "GET, HEAD",
    "/docs": "GET, HEAD",
    "/problems/not-found": "GET, HEAD",
}


METHODS = ("GET", "PUT", "POST", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE", "PROPFIND")


@pytest.mark.parametrize(
    ("method", "path"),
    [(method, path) for path, known in KNOWN.items() for method in METHODS if method not in known.split(", ")],
)
def test_another_method_on_a_known_path_is_told_exactly_that_paths_methods(
    dana: Client, path: str, method: str
) -> None:
    answer = dana(method, path)
    assert (answer.status, answer.headers["allow"]) == (405, KNOWN[path])
    assert method == "HEAD" or answer.kind == "/problems/method-not-allowed"


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "/nothing",
        "/trades/",
        "/trade",
        "/Trades",
        "//trades",
        "/trades//closes",
        f"/trades/{NEVER}/close",
        f"/trades/{NEVER}/closes/{NEVER}/x",
        "/docs/",
        "/docs/index.html",
        "/openapi.json",
        "/auth",
        "/ui/",
        "/trades%0A",
        "/trad%C3%A9s",
        "/tradés",
        "/%FF",
        "/%",
        "/..%2Ftrades",
    ],
)
def test_an_unknown_path_is_a_404_that_needs_no_token(nobody: Client, path: str) -> None:
    answer = nobody.get(path)
    assert (answer.status, answer.kind) == (404, "/problems/not-found")
    assert "allow" not in answer.headers


def test_a_line_feed_in_an_id_makes_it_none(dana: Client) -> None:
    answer = dana.get(f"/trades/{NEVER}%0A")
    assert (answer.status, answer.bad_fields) == (400, {("path", "/tradeId")})


def test_a_slash_in_an_id_makes_it_none() -> None:
    event = events.event(
        "GET", f"/v1/trades/{NEVER}%2Fcloses", route_key="GET /trades/{tradeId}", claims=claims_of(DANA)
    )
    assert function("getTrade")(event, None)["statusCode"] == 400


def test_a_function_answers_a_405_itself_when_a_request_of_another_operation_reaches_it() -> None:
    event = events.event("PUT", "/v1/trades", route_key="GET /trades", claims=claims_of(DANA))
    answer = function("listTrades")(event, None)
    assert (answer["statusCode"], answer["headers"]["Allow"]) == (405, "GET, POST")


def test_every_operation_serves_no_other(dana: Client) -> None:
    trade_id = dana.new_trade()["tradeId"]
    event = dana.event("GET", f"/trades/{trade_id}")
    assert function("listTrades")(event, None)["statusCode"] == 404


@pytest.mark.parametrize("prefix", ["/v1", "", "/journal", "/journal/v1", "/a/b/c"])
def test_a_path_is_found_behind_the_stage_without_it_and_behind_a_custom_domain(dana: Client, prefix: str) -> None:
    trade = dana.new_trade()
    event = dana.event("GET", f"/trades/{trade['tradeId']}")
    event["rawPath"] = event["requestContext"]["http"]["path"] = f"{prefix}/trades/{trade['tradeId']}"
    answer = function("getTrade")(event, None)
    assert (answer["statusCode"], answer["headers"]["Etag"]) == (200, '"1"')


@pytest.mark.parametrize("route", ["PUT /{proxy+}", "$default"])
@pytest.mark.parametrize("raw_path", ["/v1/trades", "/trades"])
def test_an_unknown_method_is_a_405_with_the_stage_before_the_path_and_without(raw_path: str, route: str) -> None:
    event = events.event("PUT", raw_path, route_key=route)
    answer = function()(event, None)
    assert (answer["statusCode"], answer["headers"]["Allow"]) == (405, "GET, POST")


def test_a_percent_encoded_path_is_the_same_path(dana: Client) -> None:
    trade = dana.new_trade()
    encoded = "".join(f"%{ord(letter):02x}" for letter in trade["tradeId"])
    assert dana.get(f"/trades/{encoded}").json == trade


def test_a_path_that_is_not_ascii_is_only_a_bad_id(dana: Client) -> None:
    for trade_id in ("h%C3%A4", "hä", "%F0%9F%93%88", "☃"):
        assert dana.get(f"/trades/{trade_id}").bad_fields == {("path", "/tradeId")}


def listing() -> events.Event:
    return Client().event("GET", "/trades")


@pytest.mark.parametrize("name", ["headers", "rawQueryString", "routeKey", "version", "isBase64Encoded", "rawPath"])
@pytest.mark.parametrize("how", ["absent", "null"])
def test_an_event_that_lacks_something_is_answered(name: str, how: str) -> None:
    event = listing()
    if how == "absent":
        del event[name]
    else:
        event[name] = None
    assert function("listTrades")(event, None)["statusCode"] == 200


@pytest.mark.parametrize("name", ["body", "cookies", "queryStringParameters", "pathParameters", "stageVariables"])
def test_an_event_may_say_null_for_what_there_is_not(name: str) -> None:
    assert function("listTrades")(listing() | {name: None}, None)["statusCode"] == 200


@pytest.mark.parametrize("name", ["stage", "routeKey", "requestId", "time", "domainName"])
def test_a_request_context_may_say_null(name: str) -> None:
    event = listing()
    event["requestContext"][name] = None
    assert function("listTrades")(event, None)["statusCode"] == 200


@pytest.mark.parametrize(
    "authorizer", [None, {}, {"jwt": None}, {"jwt": {}}, {"jwt": {"claims": None}}, {"jwt": {"claims": {}}}]
)
def test_an_authorizer_without_claims_is_no_user(authorizer: Any) -> None:
    event = listing()
    event["requestContext"]["authorizer"] = authorizer
    assert function("listTrades")(event, None)["statusCode"] == 401


@pytest.mark.parametrize("event", [{}, {"requestContext": {}}, {"requestContext": None}, {"httpMethod": "GET"}])
def test_what_is_no_event_of_an_http_api_is_answered_with_a_500(event: events.Event) -> None:
    answer = function("listTrades")(event, None)
    assert answer["statusCode"] == 500
    assert answer["headers"]["Content-Type"] == "application/problem+json"


def test_headers_of_any_case_and_any_characters_are_taken(dana: Client) -> None:
    event = dana.event("POST", "/trades", body=b"{}")
    event["headers"] = {"CONTENT-TYPE": "application/json", "x-note": "☃", "user-agent": "ünï", "x-empty": ""}
    assert function("createTrade")(event, None)["statusCode"] == 400


def test_cookies_are_no_credentials(nobody: Client) -> None:
    assert nobody.get("/trades", headers={"Cookie": f"sub={DANA}; token_use=access"}).status == 401


@pytest.mark.parametrize("route", routes(), ids=lambda route: route.operation_id)
def test_an_answer_is_what_api_gateway_takes(route: Route, dana: Client) -> None:
    path = route.path.replace("{tradeId}", NEVER).replace("{closeId}", NEVER)
    event = dana.event(route.method, path)
    answer = function(route.operation_id)(event, None)
    assert type(answer["statusCode"]) is int
    assert all(type(value) is str for value in [*answer["headers"], *answer["headers"].values()])
    assert type(answer["isBase64Encoded"]) is bool


def test_a_location_leads_to_what_was_created(dana: Client) -> None:
    answer = dana.post("/trades", a_trade())
    assert answer.headers["location"].startswith("/v1/")
    assert not answer.headers["location"].startswith(HOST)
    assert dana.get(answer.headers["location"].removeprefix("/v1")).json == answer.json
