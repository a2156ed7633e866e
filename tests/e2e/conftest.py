"""One deployed stack on the embedded AWS for the whole session, and a user of its own for every test that asks."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import unquote

import httpx
import pytest

from local.stack import Stack, running_stack
from tests.conformance import Request, Response, hold_to_contract
from tests.events import STAGE, route_of

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


def client_of(stack: Stack, **headers: str) -> httpx.Client:
    """A client that holds everything that it sends and gets to the contract. First calls start processes: it waits."""
    return httpx.Client(
        base_url=stack.api,
        timeout=30,
        headers=headers,
        trust_env=False,
        event_hooks={"response": [judge]},
    )


# What the gateway and HTTP itself add to every answer.
OF_THE_GATEWAY = frozenset(
    ["apigw-requestid", "connection", "date", "server", "transfer-encoding", "www-authenticate"]
    + [f"access-control-{what}" for what in ("allow-origin", "allow-credentials", "expose-headers")]
)


def judge(answer: httpx.Response) -> None:
    """Hold an answer, and the request it answers, to the contract."""
    answer.read()
    request = answer.request
    path = unquote(request.url.raw_path.decode().partition("?")[0])
    route = route_of(request.method, path.removeprefix(f"/{STAGE}"))
    if route is None:
        assert answer.status_code in (404, 405) or request.method == "OPTIONS", answer.status_code
        return
    hold_to_contract(
        route,
        Request(
            method=request.method,
            path=path,
            query=request.url.params.multi_items(),
            headers=dict(request.headers),
            body=request.content or None,
        ),
        Response(answer.status_code, dict(answer.headers), answer.content),
        also_sent=OF_THE_GATEWAY,
    )


@pytest.fixture(scope="session")
def public(stack: Stack) -> Iterator[httpx.Client]:
    """A client without a token."""
    with client_of(stack) as client:
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
        client = client_of(stack, Authorization=f"Bearer {tokens['accessToken']}")
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
