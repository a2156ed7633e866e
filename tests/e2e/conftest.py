"""One deployed stack on the embedded AWS for the whole session, and a user of its own for every test that asks."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import httpx
import pytest

from local.stack import Stack, running_stack

PASSWORD = "Breakout-2026!"


@dataclass(frozen=True)
class User:
    """A confirmed user who is logged in."""

    email: str
    access_token: str
    id_token: str
    refresh_token: str
    api: httpx.Client


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """The built template, deployed."""
    with running_stack() as running:
        yield running


@pytest.fixture(scope="session")
def public(stack: Stack) -> Iterator[httpx.Client]:
    """A client without a token. A function's first call starts its process: give it time."""
    with httpx.Client(base_url=stack.api, timeout=30, trust_env=False) as client:
        yield client


@pytest.fixture(scope="session")
def new_user(stack: Stack, public: httpx.Client) -> Iterator[Callable[[], User]]:
    """Signs up, confirms and logs in somebody new, through the API."""
    clients: list[httpx.Client] = []

    def sign_up() -> User:
        email = f"trader-{uuid.uuid4().hex[:12]}@example.com"
        credentials = {"email": email, "password": PASSWORD}
        assert public.post("/auth/signup", json=credentials).status_code == 201
        code = stack.confirmation_code(email)
        assert public.post("/auth/confirm-signup", json={"email": email, "code": code}).status_code == 200
        answer = public.post("/auth/login", json=credentials)
        assert answer.status_code == 200, answer.text
        tokens = answer.json()
        authorization = {"Authorization": f"Bearer {tokens['accessToken']}"}
        client = httpx.Client(base_url=stack.api, timeout=30, headers=authorization, trust_env=False)
        clients.append(client)
        return User(email, tokens["accessToken"], tokens["idToken"], tokens["refreshToken"], client)

    yield sign_up
    for client in clients:
        client.close()


@pytest.fixture(scope="session")
def dana(new_user: Callable[[], User]) -> User:
    """A user whom tests share that do not mind."""
    return new_user()


@pytest.fixture
def trade() -> dict[str, object]:
    """A trade to record: the one of the contract's examples."""
    return {
        "symbol": "AAPL",
        "side": "BUY",
        "quantity": "100",
        "openDate": "2026-01-05T09:31:04-05:00",
        "entryPrice": "185.25",
        "stopLoss": "183.25",
        "takeProfit": "191.25",
        "commission": "1",
        "fees": "0.1",
    }
