"""One deployed stack on the embedded AWS for the whole session, and a user of its own for every test that asks.

`make story` runs the tests that are marked `anywhere` against another deployed API: STORY_API is its address,
STORY_POOL its pool. Users are then made in the pool with the operator's credentials, as nobody reads the mails there,
and deleted through the API at the end.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import unquote

import boto3
import httpx
import pytest

from local.stack import Stack, running_stack
from ops.users import make_user
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


@pytest.fixture(scope="session")
def api_address(request: pytest.FixtureRequest) -> str:
    """Where the API is."""
    if given := os.environ.get("STORY_API"):
        return given
    stack: Stack = request.getfixturevalue("stack")
    return stack.api


def client_of(address: str, **headers: str) -> httpx.Client:
    """A client that holds everything that it sends and gets to the contract. First calls start processes: it waits."""
    return httpx.Client(
        base_url=address,
        timeout=30,
        headers=headers,
        trust_env=False,
        event_hooks={"response": [judge]},
    )


# What the gateway, a CloudFront in front of it, and HTTP itself add to every answer.
OF_THE_GATEWAY = frozenset(
    ["apigw-requestid", "connection", "date", "server", "transfer-encoding", "www-authenticate"]
    + [f"access-control-{what}" for what in ("allow-origin", "allow-credentials", "expose-headers")]
    + ["via", "x-cache", "x-amz-cf-pop", "x-amz-cf-id", "strict-transport-security"]
)


def judge(answer: httpx.Response) -> None:
    """Check a request and its answer against the contract."""
    answer.read()
    request = answer.request
    raw = request.url.raw_path.decode().partition("?")[0]
    # A tag may hold what ends a path or a segment for the judge, who sees another one in its place.
    path = f"/{STAGE}/tags/tag" if raw.startswith(f"/{STAGE}/tags/") else unquote(raw)
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
def public(api_address: str) -> Iterator[httpx.Client]:
    """A client without a token."""
    with client_of(api_address) as client:
        yield client


@pytest.fixture(scope="session")
def new_user(request: pytest.FixtureRequest, api_address: str, public: httpx.Client) -> Iterator[Callable[[], User]]:
    """Signs up, confirms and logs in somebody new, through the API; of another deployed API, see above."""
    clients: list[httpx.Client] = []
    if pool := os.environ.get("STORY_POOL"):
        yield from _made_users(pool, api_address, public)
        return

    stack: Stack = request.getfixturevalue("stack")

    def sign_up() -> User:
        email = f"trader-{uuid.uuid4().hex[:12]}@example.com"
        credentials = {"email": email, "password": PASSWORD}
        assert public.post("/auth/signup", json={"email": email}).status_code == 201
        code = stack.confirmation_code(email)
        assert public.post("/auth/confirm-signup", json={**credentials, "code": code}).status_code == 200
        answer = public.post("/auth/login", json=credentials)
        assert answer.status_code == 200, answer.text
        tokens = answer.json()
        client = client_of(api_address, Authorization=f"Bearer {tokens['accessToken']}")
        clients.append(client)
        return User(email, tokens["accessToken"], tokens["idToken"], tokens["refreshToken"], client)

    yield sign_up
    for client in clients:
        client.close()


def _made_users(pool: str, address: str, public: httpx.Client) -> Iterator[Callable[[], User]]:
    """Makes users in the pool by an administrator's right, and deletes their accounts through the API at the end."""
    cognito = boto3.client("cognito-idp")
    made: list[User] = []

    def make() -> User:
        email, password = make_user(cognito, pool, "story")
        answer = public.post("/auth/login", json={"email": email, "password": password})
        assert answer.status_code == 200, answer.text
        tokens = answer.json()
        client = client_of(address, Authorization=f"Bearer {tokens['accessToken']}")
        made.append(User(email, tokens["accessToken"], tokens["idToken"], tokens["refreshToken"], client))
        return made[-1]

    yield make
    left = []
    for user in made:
        answer = user.api.delete("/auth/account")
        if answer.status_code != 202:
            left.append(f"{user.email}: {answer.status_code} {answer.text}")
            cognito.admin_delete_user(UserPoolId=pool, Username=user.email)
        user.api.close()
    assert not left, f"accounts could not be deleted: {left}"


@pytest.fixture(scope="session")
def dana(new_user: Callable[[], User]) -> User:
    """A user whom several tests share."""
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
