"""The gateway and the functions together: routes, tokens, CORS, and answers to unknown routes."""

from __future__ import annotations

from collections.abc import Callable
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx
import pytest

from local.stack import Stack
from openapi.docs_page.problems import problem_types
from openapi.generate import contract
from tests.e2e.conftest import User
from tests.e2e.tokens import expired

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.parametrize("coding", ["identity", "gzip", "br"])
def test_the_contract_is_served_byte_for_byte(public: httpx.Client, coding: str) -> None:
    answer = public.get("/openapi.yaml", headers={"Accept-Encoding": coding}, params={"utm_source": "x"})
    assert answer.content == (ROOT / "openapi" / "openapi.yaml").read_bytes()
    assert answer.headers["Content-Type"].startswith("application/yaml")
    assert answer.headers.get("Content-Encoding", "identity") == coding
    if coding != "identity":
        assert int(answer.headers["Content-Length"]) < len(answer.content) / 4


@pytest.mark.parametrize("coding", ["identity", "gzip", "br"])
@pytest.mark.parametrize("path", ["/openapi.yaml", "/docs", "/problems/not-found"])
def test_a_public_document_is_asked_for_by_its_tag_and_for_its_headers_alone(
    public: httpx.Client, path: str, coding: str
) -> None:
    asked = {"Accept-Encoding": coding}
    whole, headers = public.get(path, headers=asked), public.head(path, headers=asked)
    assert (headers.status_code, headers.content) == (200, b"")
    for name in ("ETag", "Content-Type", "Content-Length", "Content-Encoding", "Vary", "Cache-Control"):
        assert headers.headers.get(name) == whole.headers.get(name)
    for method in ("GET", "HEAD"):
        unchanged = public.request(method, path, headers={**asked, "If-None-Match": f"W/{whole.headers['ETag']}"})
        assert (unchanged.status_code, unchanged.content) == (304, b"")
        assert unchanged.headers["ETag"] == whole.headers["ETag"]


def test_the_type_of_a_problem_is_the_address_of_the_page_that_explains_it(public: httpx.Client) -> None:
    refused = public.post("/auth/login", json={})
    pages = {str(urljoin(str(refused.url), refused.json()["type"]))}
    pages |= {str(urljoin(str(refused.url), problem.type)) for problem in problem_types(contract())}
    assert len(pages) == len(list(problem_types(contract())))
    for address in pages:
        page = public.get(address)
        assert (page.status_code, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
        assert f"<code>{urlsplit(address).path}</code>" in page.text
        assert page.headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'sha256-")
    unknown = public.get("/problems/unheard-of")
    assert (unknown.status_code, unknown.json()["type"]) == (404, "/v1/problems/not-found")


@pytest.mark.parametrize("authorization", [None, "Bearer made-up", "Basic ZGFuYTpwYXNz"])
def test_without_a_valid_token_the_gateway_refuses(public: httpx.Client, authorization: str | None) -> None:
    answer = public.get("/trades", headers={"Authorization": authorization} if authorization else {})
    assert (answer.status_code, answer.json()) == (401, {"message": "Unauthorized"})


def test_an_identity_token_is_refused(public: httpx.Client, dana: User) -> None:
    answer = public.get("/trades", headers={"Authorization": f"Bearer {dana.id_token}"})
    assert (answer.status_code, answer.json()["type"]) == (401, "/v1/problems/unauthorized")


def test_another_users_trade_does_not_exist(new_user: Callable[[], User], dana: User, trade: dict[str, Any]) -> None:
    address = dana.api.post("/trades", json=trade).headers["Location"].removeprefix("/v1")
    stranger = new_user().api
    never = "/trades/00000000-0000-4000-8000-000000000000"
    for theirs, nobodys in (
        (stranger.get(address), stranger.get(never)),
        (stranger.delete(address), stranger.delete(never)),
        (
            stranger.post(f"{address}/closes", json={"price": "1", "closedAt": "2026-01-06T00:00:00Z"}),
            stranger.post(f"{never}/closes", json={"price": "1", "closedAt": "2026-01-06T00:00:00Z"}),
        ),
    ):
        assert theirs.status_code == nobodys.status_code == 404
        assert {**theirs.json(), "requestId": ""} == {**nobodys.json(), "requestId": ""}
    assert dana.api.get(address).json()["version"] == 1


def test_an_unknown_path_is_a_404_problem(public: httpx.Client) -> None:
    answer = public.get("/nothing/here")
    assert (answer.status_code, answer.headers["Content-Type"]) == (404, "application/problem+json")


def test_a_known_path_with_another_method_is_a_405_with_its_methods(public: httpx.Client) -> None:
    answer = public.put("/trades")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, POST")
    assert answer.headers["Content-Type"] == "application/problem+json"


FRONT_END = {"Origin": "http://localhost:3000"}
PREFLIGHT = {**FRONT_END, "Access-Control-Request-Method": "POST"}


def cors_headers(answer: httpx.Response) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name.startswith("access-control-")}


def test_a_preflight_of_an_allowed_origin_is_answered_by_the_gateway(public: httpx.Client) -> None:
    wanted = {"Access-Control-Request-Headers": "authorization,content-type,idempotency-key"}
    answer = public.options("/trades", headers={**PREFLIGHT, **wanted})
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["Access-Control-Allow-Origin"] == FRONT_END["Origin"]
    assert "POST" in answer.headers["Access-Control-Allow-Methods"].split(",")
    assert "idempotency-key" in answer.headers["Access-Control-Allow-Headers"].split(",")
    assert answer.headers["Access-Control-Max-Age"] == "600"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        FRONT_END,
        {**PREFLIGHT, "Origin": "http://localhost:3001"},
        {**PREFLIGHT, "Access-Control-Request-Method": "TRACE"},
        {**PREFLIGHT, "Access-Control-Request-Method": "post"},
        {**PREFLIGHT, "Access-Control-Request-Headers": "x-other"},
    ],
)
def test_options_that_are_no_allowed_preflight_are_answered_without_cors_headers(
    public: httpx.Client, headers: dict[str, str]
) -> None:
    answer = public.options("/trades", headers=headers)
    assert (answer.status_code, cors_headers(answer)) == (204, {})


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/openapi.yaml", 200),
        ("GET", "/trades", 401),
        ("GET", "/nothing/here", 404),
        ("DELETE", "/openapi.yaml", 405),
        ("TRACE", "/trades", 404),
    ],
)
def test_every_answer_can_be_read_by_a_front_end_of_an_allowed_origin_and_by_no_other(
    public: httpx.Client, method: str, path: str, status: int
) -> None:
    answer = public.request(method, path, headers=FRONT_END)
    assert answer.status_code == status
    assert answer.headers["Access-Control-Allow-Origin"] == FRONT_END["Origin"]
    exposed = answer.headers["Access-Control-Expose-Headers"].split(",")
    assert {"etag", "location", "retry-after", "x-request-id"} <= set(exposed)
    for headers in ({}, {"Origin": "http://localhost:3001"}):
        assert cors_headers(public.request(method, path, headers=headers)) == {}


def test_a_body_over_the_gateways_limit_is_refused_in_a_way_that_a_front_end_can_read(public: httpx.Client) -> None:
    answer = public.post("/auth/login", content=b" " * (10 * 1024 * 1024 + 1), headers=FRONT_END)
    assert (answer.status_code, answer.json()) == (413, {"message": "Request Entity Too Large"})
    assert answer.headers["Access-Control-Allow-Origin"] == FRONT_END["Origin"]


def test_an_expired_token_is_refused_by_the_gateway_with_the_reason(
    stack: Stack, public: httpx.Client, dana: User
) -> None:
    token = expired(stack, dana.access_token)
    answer = public.get("/trades", headers={**FRONT_END, "Authorization": f"Bearer {token}"})
    assert (answer.status_code, answer.json()) == (401, {"message": "Unauthorized"})
    assert 'error="invalid_token" error_description="the token has expired"' in answer.headers["WWW-Authenticate"]
    assert answer.headers["Access-Control-Allow-Origin"] == FRONT_END["Origin"]


def test_methods_are_compared_as_they_are_written(stack: Stack) -> None:
    # Not by httpx, which writes them in upper-case letters itself.
    connection = HTTPConnection(urlsplit(stack.api).netloc, timeout=30)
    connection.request("get", "/v1/openapi.yaml")
    answer = connection.getresponse()
    assert (answer.status, answer.read()) == (404, b'{"message": "Not Found"}')
    connection.close()


def test_bad_fields_are_named_all_at_once(dana: User) -> None:
    answer = dana.api.post("/trades?unknown=1", json={"symbol": "AAPL", "quantity": 100, "openDate": "yesterday"})
    assert answer.status_code == 400
    assert {error["pointer"] for error in answer.json()["errors"]} == {"/unknown", "/side", "/quantity", "/openDate"}


def test_a_body_over_the_limit_is_refused_unread(dana: User) -> None:
    answer = dana.api.post("/trades", content=b"[" * (256 * 1024 + 1), headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["type"]) == (413, "/v1/problems/content-too-large")
