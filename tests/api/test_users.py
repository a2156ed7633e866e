"""The user comes from the verified access token, and other users' resources do not exist."""

from typing import Any

import pytest

from tests.api.client import DANA, ERIN, Client
from tests.events import Route, claims_of, routes

NEVER = "99999999-0000-4000-8000-000000000000"
CLOSE = {"price": "11", "closedAt": "2026-01-05T11:00:00-05:00"}
PROTECTED = [route for route in routes() if not route.is_public]


def path_of(route: Route, trade_id: str = NEVER, close_id: str = NEVER) -> str:
    return route.path.replace("{tradeId}", trade_id).replace("{closeId}", close_id)


@pytest.mark.parametrize("route", PROTECTED, ids=lambda route: route.operation_id)
@pytest.mark.parametrize(
    "claims",
    [
        {},
        claims_of(DANA) | {"token_use": "id"},
        claims_of(DANA) | {"token_use": ""},
        {"sub": DANA},
        {"token_use": "access"},
        claims_of(""),
        {"token_use": "access", "username": DANA, "cognito:username": DANA},
    ],
)
def test_a_token_that_is_not_a_users_access_token_is_refused(dana: Client, route: Route, claims: Any) -> None:
    answer = dana(route.method, path_of(route), claims=claims)
    assert (answer.status, answer.kind) == (401, "/problems/unauthorized")


@pytest.mark.parametrize("route", PROTECTED, ids=lambda route: route.operation_id)
def test_nobody_is_refused_before_anything_else_is_said(nobody: Client, route: Route) -> None:
    assert nobody(route.method, path_of(route), query="color=red", body=b"{").status == 401


def test_the_authorization_header_does_not_say_who_somebody_is(dana: Client, erin: Client) -> None:
    trade = dana.new_trade()
    headers = {"Authorization": f"Bearer token-of-{DANA}", "X-User-Id": DANA, "sub": DANA}
    assert erin.get("/trades", headers=headers).json == {"items": []}
    assert erin.get(f"/trades/{trade['tradeId']}", headers=headers).status == 404


def test_a_list_holds_nothing_of_anothers(dana: Client, erin: Client) -> None:
    dana.new_trade(symbol="AAPL")
    trade = erin.new_trade(symbol="AAPL")
    assert erin.get("/trades", query=[("symbol", "AAPL")]).json == {"items": [trade]}
    assert erin.user == ERIN


def test_a_close_of_another_trade_is_not_found(dana: Client) -> None:
    one, other = (dana.new_trade(closes=[{**CLOSE, "quantity": "1"}]) for _ in range(2))
    close_id = other["partialCloses"][0]["closeId"]
    assert dana.delete(f"/trades/{one['tradeId']}/closes/{close_id}").status == 404
    assert dana.get(f"/trades/{other['tradeId']}").json == other


def test_a_user_may_delete_a_trade_whose_id_another_user_knows(dana: Client, erin: Client) -> None:
    trade = dana.new_trade()
    assert erin.delete(f"/trades/{trade['tradeId']}").status == 404
    assert dana.delete(f"/trades/{trade['tradeId']}").status == 204
