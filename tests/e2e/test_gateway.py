"""What the gateway and the functions do together: routes, tokens, CORS, and answers to what no operation serves."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.conftest import User

ROOT = Path(__file__).parent.parent.parent


def test_the_contract_is_served_byte_for_byte(public: httpx.Client) -> None:
    answer = public.get("/openapi.yaml")
    assert answer.content == (ROOT / "openapi" / "openapi.yaml").read_bytes()
    assert answer.headers["Content-Type"].startswith("application/yaml")


@pytest.mark.parametrize("authorization", [None, "Bearer made-up", "Basic ZGFuYTpwYXNz"])
def test_without_a_valid_token_the_gateway_refuses(public: httpx.Client, authorization: str | None) -> None:
    answer = public.get("/trades", headers={"Authorization": authorization} if authorization else {})
    assert (answer.status_code, answer.json()) == (401, {"message": "Unauthorized"})


def test_an_identity_token_is_refused(public: httpx.Client, dana: User) -> None:
    answer = public.get("/trades", headers={"Authorization": f"Bearer {dana.id_token}"})
    assert (answer.status_code, answer.json()["type"]) == (401, "/problems/unauthorized")


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


def test_a_front_end_of_an_allowed_origin_may_send_and_read_what_it_needs(public: httpx.Client) -> None:
    preflight = public.options(
        "/trades",
        headers={
            "Origin": "http://localhost:3000",
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization,content-type,idempotency-key",
        },
    )
    assert preflight.status_code == 204
    assert preflight.headers["Access-Control-Allow-Origin"] == "http://localhost:3000"
    answer = public.get("/openapi.yaml", headers={"Origin": "http://localhost:3000"})
    assert "etag" in answer.headers["Access-Control-Expose-Headers"].lower()


def test_bad_fields_are_named_all_at_once(dana: User) -> None:
    answer = dana.api.post("/trades?unknown=1", json={"symbol": "AAPL", "quantity": 100, "openDate": "yesterday"})
    assert answer.status_code == 400
    assert {error["pointer"] for error in answer.json()["errors"]} == {"/unknown", "/side", "/quantity", "/openDate"}


def test_a_body_over_the_limit_is_refused_unread(dana: User) -> None:
    answer = dana.api.post("/trades", content=b"[" * (256 * 1024 + 1), headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["type"]) == (413, "/problems/content-too-large")
