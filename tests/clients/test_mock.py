"""`make mock`: the contract's examples, for front ends that start before the back end does."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from local.embedded_aws import free_ports
from openapi.generate import ROOT, contract

FRONT_END = "http://localhost:5173"


def example(name: str) -> Any:
    return contract()["components"]["examples"][name]["value"]


@pytest.fixture(scope="module")
def mock() -> Iterator[httpx.Client]:
    """A front end in a browser that asks the mock."""
    (port,) = free_ports(1)
    served = subprocess.Popen(
        [sys.executable, "-m", "openapi.mock"],
        cwd=ROOT,
        env={**os.environ, "MOCK_PORT": str(port)},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert served.stdout
        address = f"http://127.0.0.1:{port}/v1"
        assert address in served.stdout.readline()
        headers = {"Authorization": "Bearer any", "Origin": FRONT_END}
        with httpx.Client(base_url=address, headers=headers, trust_env=False, timeout=30) as front_end:
            yield front_end
    finally:
        served.terminate()
        served.communicate(timeout=20)


def test_operations_are_answered_with_the_examples(mock: httpx.Client) -> None:
    # Two successes are declared; the mock answers the lower one, 200, unless it is asked for the other.
    created = mock.post("/trades", json=example("OpenTradeInput"), headers={"Prefer": "code=201"})
    assert (created.status_code, created.json()) == (201, example("OpenTrade"))
    assert created.headers["etag"] == '"1"'
    assert mock.get("/trades").json() == example("TradePage")
    assert mock.get("/stats").json() == example("Stats")
    assert mock.post("/auth/login", json=example("LogInInput")).json() == example("Tokens")
    trade = f"/trades/{example('OpenTrade')['tradeId']}"
    assert mock.get(trade).json() == example("PartlyClosedTrade")
    assert mock.delete(trade).status_code == 204


def test_other_answers_are_asked_for(mock: httpx.Client) -> None:
    close = f"/trades/{example('OpenTrade')['tradeId']}/closes"
    for wish, status, shown in (
        ("example=closed", 201, "ClosedTrade"),
        ("code=409", 409, "Conflict"),
        ("code=412", 412, "PreconditionFailed"),
    ):
        answer = mock.post(close, json=example("FinalCloseInput"), headers={"Prefer": wish})
        assert (answer.status_code, answer.json()) == (status, example(shown))


def test_what_does_not_follow_the_contract_is_refused(mock: httpx.Client) -> None:
    answer = mock.post("/trades", json={"symbol": "AAPL", "side": "UP"})
    assert (answer.status_code, answer.json()["type"]) == (400, "/v1/problems/invalid-request")
    assert answer.headers["content-type"] == "application/problem+json"
    assert mock.get("/trades", params={"limit": "1000"}).status_code == 400
    assert mock.get("/stats/breakdown").status_code == 400
    assert mock.get("/nothing").status_code == 404
    assert httpx.get(f"{mock.base_url}trades", trust_env=False).status_code == 401


def test_a_front_end_of_another_origin_is_let_in(mock: httpx.Client) -> None:
    asked = {"Access-Control-Request-Method": "PATCH", "Access-Control-Request-Headers": "authorization,if-match"}
    allowed = mock.options(f"/trades/{example('OpenTrade')['tradeId']}", headers=asked)
    assert allowed.status_code == 204
    assert allowed.headers["access-control-allow-origin"] in ("*", FRONT_END)
    assert "PATCH" in allowed.headers["access-control-allow-methods"]
    assert mock.get("/trades").headers["access-control-allow-origin"] in ("*", FRONT_END)
