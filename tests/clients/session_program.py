"""The session of the Python client, against an API that only this file has; run with the client's own Python.

Its tokens rotate without any grace, so that a second refresh with the same token ends the session.
"""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial

import httpx
from trading_journal_client.api.auth import log_in
from trading_journal_client.api.trades import create_trade, list_trades
from trading_journal_client.models import GatewayMessage, LogInInput, Problem, Tokens, TradeInput, TradePage
from trading_journal_client.session import MemoryStore, Session, StoredSession

API = "https://journal.example.com/v1"
TRADE = TradeInput(symbol="AAPL", side="BUY", quantity="1", open_date=datetime(2026, 1, 5, tzinfo=UTC))


class Api(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """The API's side of sessions: one refresh token works at a time, and only the newest access token."""

    def __init__(self) -> None:
        """Dana has logged in long ago."""
        self.seen: list[httpx.Request] = []
        self.refreshes: list[httpx.Response | Exception] = []  # what refreshes do instead of their work
        self.during_refresh: Callable[[], None] = lambda: None
        self.round = 0
        self.access = "none"
        self.lock = threading.Lock()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer at once."""
        request.read()
        time.sleep(0.001)
        with self.lock:
            return self.answer(request)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer after other tasks had their turn."""
        await request.aread()
        await asyncio.sleep(0.001)
        return self.answer(request)

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(httpx.Request(request.method, request.url, headers=request.headers, content=request.content))
        self.seen[-1].extensions = dict(request.extensions)
        if request.url.path == "/v1/auth/refresh":
            self.during_refresh()
            if self.refreshes:
                instead = self.refreshes.pop(0)
                if isinstance(instead, Exception):
                    raise instead
                return instead
            if json.loads(request.content)["refreshToken"] != f"refresh-{self.round}":
                return problem(401, "/v1/problems/session-expired")
            self.round += 1
            self.access = f"access-{self.round}"
            return httpx.Response(200, json={"accessToken": self.access, "refreshToken": f"refresh-{self.round}"})
        if request.url.path == "/v1/auth/login":
            return problem(401, "/v1/problems/wrong-credentials")
        if request.headers.get("Authorization") == f"Bearer {self.access}":
            return (
                problem(409, "/v1/problems/any")
                if request.method == "POST"
                else httpx.Response(200, json={"items": []})
            )
        return httpx.Response(401, json={"message": "Unauthorized"})

    def of(self, path: str) -> list[httpx.Request]:
        return [request for request in self.seen if request.url.path == f"/v1{path}"]


def problem(status: int, type_: str) -> httpx.Response:
    return httpx.Response(status, json={"type": type_, "title": "No", "status": status, "requestId": "1"})


def tokens(access: str = "access-0", refresh: str = "refresh-0") -> Tokens:
    return Tokens(access_token=access, id_token="id", refresh_token=refresh, expires_in=900, token_type="Bearer")


def expired(told: list[int] | None = None) -> Session:
    session = Session(API, on_signed_out=partial((told if told is not None else []).append, 1))
    session.sign_in(tokens())
    return session


def test_a_request_is_repeated_with_its_body_and_its_key() -> None:
    api = Api()
    session = expired()
    create_trade.sync_detailed(client=session.client(transport=api), body=TRADE, idempotency_key="once")
    first, second = api.of("/trades")
    assert first.content == second.content
    assert first.headers["Idempotency-Key"] == second.headers["Idempotency-Key"] == "once"
    assert [each.headers["Authorization"] for each in api.of("/trades")] == ["Bearer access-0", "Bearer access-1"]
    (refresh,) = api.of("/auth/refresh")
    assert "Authorization" not in refresh.headers
    assert refresh.extensions["timeout"]["read"] == 30


def test_of_many_threads_one_refreshes() -> None:
    api = Api()
    client = expired().client(transport=api)
    with ThreadPoolExecutor(16) as pool:
        pages = list(pool.map(lambda _: list_trades.sync(client=client), range(32)))
    assert all(isinstance(page, TradePage) for page in pages)
    assert len(api.of("/auth/refresh")) == 1


def test_of_many_tasks_one_refreshes_in_each_event_loop() -> None:
    api = Api()
    session = expired()

    async def ask() -> None:
        async with session.client(transport=api) as client:
            pages = await asyncio.gather(*(list_trades.asyncio(client=client) for _ in range(32)))
        assert all(isinstance(page, TradePage) for page in pages)

    asyncio.run(ask())
    api.access = "none"
    asyncio.run(ask())
    assert len(api.of("/auth/refresh")) == 2


def test_a_refused_refresh_token_ends_the_session() -> None:
    for status in (400, 401):
        api, told = Api(), list[int]()
        session = expired(told)
        api.refreshes = [problem(status, "/v1/problems/session-expired")]
        with session.client(transport=api) as client:
            answer = list_trades.sync_detailed(client=client)
            assert (answer.status_code, isinstance(answer.parsed, Problem)) == (status, True)
            assert (told, session.is_signed_in()) == ([1], False)
            assert isinstance(list_trades.sync(client=client), GatewayMessage)
        assert "Authorization" not in api.seen[-1].headers
        assert told == [1]


def test_a_refresh_that_fails_otherwise_keeps_the_session() -> None:
    for failure in (
        problem(503, "/v1/problems/unavailable"),
        httpx.Response(429, json={"message": "Too Many Requests"}),
    ):
        api, told = Api(), list[int]()
        session = expired(told)
        api.refreshes = [failure]
        with session.client(transport=api) as client:
            assert list_trades.sync_detailed(client=client).status_code == failure.status_code
            assert (told, session.is_signed_in()) == ([], True)
            assert isinstance(list_trades.sync(client=client), TradePage)


def test_a_network_error_and_a_broken_answer_keep_the_session_and_tell_no_token() -> None:
    for failure in (
        httpx.ConnectError("no route"),
        httpx.Response(200, text='{"accessToken": "secret-access", "refreshToken": "secret-ref'),
        httpx.Response(200, json={"accessToken": "secret-access\n", "refreshToken": "secret-refresh"}),
        httpx.Response(200, json=["secret"]),
        httpx.Response(204),
    ):
        api = Api()
        session = expired()
        api.refreshes = [failure]
        with session.client(transport=api) as client:
            try:
                list_trades.sync(client=client)
            except httpx.HTTPError as error:
                whole = [repr(error), repr(error.__cause__), repr(error.__context__), repr(vars(error))]
                assert not any(word in told for told in whole for word in ("secret", "access-0", "refresh-0"))
            else:
                raise AssertionError("it was not told")
            assert session.is_signed_in()
            assert isinstance(list_trades.sync(client=client), TradePage)


def test_a_refused_log_in_is_no_expired_session() -> None:
    api = Api()
    answer = log_in.sync(client=expired().client(transport=api), body=LogInInput("dana@example.com", "wrong"))
    assert isinstance(answer, Problem)
    assert len(api.seen) == 1


def test_who_signs_out_or_in_meanwhile_is_not_overruled() -> None:
    eve = StoredSession("of-eve", "access-eve", "refresh-eve")
    for after in (None, eve):
        api, told, store = Api(), list[int](), MemoryStore()
        session = Session(API, store=store, on_signed_out=partial(told.append, 1))
        session.sign_in(tokens())
        api.during_refresh = partial(store.write, after) if after else store.clear
        with session.client(transport=api) as client:
            assert isinstance(create_trade.sync(client=client, body=TRADE), GatewayMessage)
        assert [request.headers.get("Authorization") for request in api.of("/trades")] == ["Bearer access-0", None]
        assert (store.read(), told) == (after, [])


def test_tokens_go_to_the_api_alone() -> None:
    for url, sent in (
        ("https://evil.example.com/v1/trades", False),
        ("http://journal.example.com/v1/trades", False),
        ("https://journal.example.com:8443/v1/trades", False),
        ("https://journal.example.com/v10/trades", False),
        ("https://journal.example.com/v1/../other", False),
        ("https://journal.example.com/v1/%2e%2e/other", False),
        ("https://JOURNAL.example.com:443/v1/trades", True),
    ):
        api = Api()
        with expired().client(transport=api) as client:
            client.get_httpx_client().get(url)
        assert [request.headers.get("Authorization", "") != "" for request in api.seen[:1]] == [sent], url
        assert len(api.of("/auth/refresh")) == sent


def test_no_redirect_is_followed() -> None:
    api = Api()
    api.refreshes = [httpx.Response(307, headers={"Location": "https://evil.example.com/"})]
    with expired().client(transport=api) as client:
        assert list_trades.sync_detailed(client=client).status_code == 307
    assert {request.url.host for request in api.seen} == {"journal.example.com"}
    try:
        expired().client(follow_redirects=True).get_httpx_client()
    except TypeError:
        pass
    else:
        raise AssertionError("redirects can be followed")


def test_nothing_that_is_printed_has_a_token() -> None:
    session = expired()
    stored = StoredSession("1", "access-0", "refresh-0")
    assert not any(
        word in text for text in map(repr, (session, session.client(), stored)) for word in ("access-0", "refresh-0")
    )


def test_what_is_no_token_is_refused_or_left_alone_without_a_word_of_it() -> None:
    for secret in ("", "secret\r\nX-Injected: 1", "sécret"):
        try:
            Session(API).sign_in(tokens(secret))
        except ValueError as error:
            said = str(error)
        else:
            said = ""
        assert said == "These are not the tokens of a session."
        store = MemoryStore()
        store.write(StoredSession("1", secret, "refresh"))
        api = Api()
        session = Session(API, store=store)
        with session.client(transport=api) as client:
            assert isinstance(list_trades.sync(client=client), GatewayMessage)
        assert (session.is_signed_in(), "Authorization" in api.seen[0].headers) == (False, False)


if __name__ == "__main__":
    tests = [(name, test) for name, test in list(globals().items()) if name.startswith("test_")]
    for name, test in tests:
        test()
        print(name)
