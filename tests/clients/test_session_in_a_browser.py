"""The session of the published TypeScript client in a real browser, with expired tokens, in one tab and in two."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request

from local.stack import Stack
from tests.e2e.browsers import chromium
from tests.e2e.test_front_end import FRONT_END
from tests.e2e.tokens import expired
from tests.fuzz.__main__ import new_user

# An application on the client, as its modules are published. Its tokens have come from an earlier log-in, long ago.
APPLICATION = """async ({api, accessToken, refreshToken}) => {
  const [operations, {client}, {createSession, webStore}] = await Promise.all(
    ["index", "client", "session"].map((name) => import(`/lib/${name}.js`)));
  client.setConfig({baseUrl: api});
  window.signedOut = 0;
  window.session = createSession(client, {store: webStore(localStorage), onSignedOut: () => window.signedOut++});
  window.operations = operations;
  if (accessToken) await window.session.signIn({accessToken, refreshToken});
  return window.session.isSignedIn();
}"""
# Eight requests at once, which answer their statuses; begun, so that other tabs begin theirs meanwhile.
BEGIN = """() => {
  const {createTrade, listTrades} = window.operations;
  const body = {symbol: "AAPL", side: "BUY", quantity: "1", openDate: "2026-01-05T09:31:04-05:00"};
  const create = (key) => createTrade({body, headers: {"Idempotency-Key": key}});
  const many = [create("a-key"), create("a-key"), ...Array.from({length: 6}, () => listTrades())];
  window.answers = Promise.all(many).then((answers) => answers.map(({response}) => response?.status));
}"""
END = "() => window.answers"


class Modules(SimpleHTTPRequestHandler):
    """The front end's server: the client's modules, and pages that are empty."""

    def do_GET(self) -> None:
        """Answer with a module, or with a page."""
        if self.path.startswith("/lib/"):
            super().do_GET()
        else:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!doctype html>")

    def log_message(self, *_message: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def browser(typescript: Path) -> Iterator[Browser]:
    """A browser for which the front end is served, whatever else listens on its port of this machine."""
    package = typescript / "node_modules" / "trading-journal-client"
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Modules, directory=str(package))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            host = urlsplit(FRONT_END).netloc
            with chromium(f"--host-resolver-rules=MAP {host} 127.0.0.1:{server.server_port}") as started:
                yield started
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """What the tabs of one person share."""
    context = browser.new_context()
    yield context
    context.close()


@pytest.fixture
def tokens(stack: Stack) -> dict[str, str]:
    """The session of a new user, whose access token has expired."""
    user = new_user(stack)
    given = {"email": user["EMAIL"], "password": user["PASSWORD"]}
    session = httpx.post(f"{stack.api}/auth/login", json=given, trust_env=False, timeout=30).json()
    return {"accessToken": expired(stack, session["accessToken"]), "refreshToken": session["refreshToken"]}


class Tab:
    """A tab with the application, and what it asks the API for."""

    def __init__(self, context: BrowserContext, stack: Stack, tokens: dict[str, str] | None = None) -> None:
        """Open it; with tokens, somebody has logged in here."""
        self.requests: list[Request] = []
        self.page: Page = context.new_page()
        # Playwright marks what it calls, which it cannot do with a list's own method.
        self.page.on("request", lambda request: self.requests.append(request))
        self.page.goto(f"{FRONT_END}/")
        self.signed_in: bool = self.page.evaluate(APPLICATION, {"api": stack.api, **(tokens or {})})

    def refreshes(self) -> int:
        """How often it has refreshed the session."""
        return len([each for each in self.requests if each.url.endswith("/auth/refresh") and each.method == "POST"])

    def run(self, script: str) -> Any:
        """The value of a script."""
        return self.page.evaluate(script)


def test_requests_with_an_expired_token_are_repeated_after_one_refresh(
    context: BrowserContext, stack: Stack, tokens: dict[str, str]
) -> None:
    tab = Tab(context, stack, tokens)
    tab.run(BEGIN)
    assert tab.run(END) == [201, 201] + 6 * [200]
    assert tab.refreshes() == 1
    # One trade: both creates kept their Idempotency-Key.
    assert tab.run("async () => (await window.operations.listTrades()).data.items.length") == 1
    assert tab.refreshes() == 1
    tab.page.reload()
    assert tab.page.evaluate(APPLICATION, {"api": stack.api})
    assert tab.run("async () => (await window.operations.listTrades()).data.items.length") == 1
    assert tab.refreshes() == 1


def test_two_tabs_with_one_expired_session_refresh_it_once(
    context: BrowserContext, stack: Stack, tokens: dict[str, str]
) -> None:
    tabs = [Tab(context, stack, tokens), Tab(context, stack)]
    assert [tab.signed_in for tab in tabs] == [True, True]
    for tab in tabs:
        tab.run(BEGIN)
    for tab in tabs:
        assert tab.run(END) == [201, 201] + 6 * [200]
    assert sum(tab.refreshes() for tab in tabs) == 1
    assert [tab.run("() => window.signedOut") for tab in tabs] == [0, 0]


def test_a_session_that_ended_elsewhere_signs_both_tabs_out_once(
    context: BrowserContext, stack: Stack, tokens: dict[str, str]
) -> None:
    tabs = [Tab(context, stack, tokens), Tab(context, stack)]
    ended = {"refreshToken": tokens["refreshToken"]}
    assert httpx.post(f"{stack.api}/auth/logout", json=ended, trust_env=False, timeout=30).status_code == 204
    for tab in tabs:
        tab.run(BEGIN)
    for tab in tabs:
        assert tab.run(END) == 8 * [401]
    assert sum(tab.refreshes() for tab in tabs) == 1
    assert [tab.run("() => window.signedOut") for tab in tabs] == [1, 1]
    assert tabs[0].run("() => localStorage.length") == 0


def test_who_signs_out_is_signed_out_at_the_api_too(
    context: BrowserContext, stack: Stack, tokens: dict[str, str]
) -> None:
    tab = Tab(context, stack, tokens)
    assert tab.run("() => window.session.signOut()") is True
    given = {"refreshToken": tokens["refreshToken"]}
    assert httpx.post(f"{stack.api}/auth/refresh", json=given, trust_env=False, timeout=30).status_code == 401
    assert tab.run("() => [window.signedOut, localStorage.length]") == [0, 0]
