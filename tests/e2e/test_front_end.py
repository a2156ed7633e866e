"""CORS in a real browser: what scripts of another origin may send to the API and read of its answers."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page

from local.stack import Stack
from tests.e2e.browsers import chromium
from tests.e2e.conftest import User
from tests.e2e.tokens import expired

FRONT_END = "http://localhost:3000"  # of AllowedOrigins, by default
STRANGER = "http://localhost:3001"

# What a client does on 401: it reads why, gets new tokens, and repeats the request.
LIST_AND_REFRESH = """async ({api, accessToken, refreshToken}) => {
  const list = (token) => fetch(`${api}/trades`, {headers: {Authorization: `Bearer ${token}`}});
  const seen = [];
  let answer = await list(accessToken);
  seen.push([answer.status, await answer.json()]);
  if (answer.status === 401) {
    const renewed = await fetch(`${api}/auth/refresh`, {
      method: "POST",
      headers: {"Content-Type": "application/json"},
      body: JSON.stringify({refreshToken}),
    });
    const tokens = await renewed.json();
    answer = await list(tokens.accessToken);
    seen.push([answer.status, await answer.json()]);
  }
  return seen;
}"""
SEND = """async ({url, ...given}) => {
  try {
    const answer = await fetch(url, given);
    return {status: answer.status, headers: Object.fromEntries(answer.headers), body: await answer.text()};
  } catch (error) {
    return {failed: String(error)};
  }
}"""


class EmptyPage(BaseHTTPRequestHandler):
    """The front end's server."""

    def do_GET(self) -> None:
        """Answer with a page that does nothing."""
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html>")

    def log_message(self, *_message: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all tests here. Both origins are served, whatever else listens on their ports of this machine."""
    with ThreadingHTTPServer(("127.0.0.1", 0), EmptyPage) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        hosts = [urlsplit(origin).netloc for origin in (FRONT_END, STRANGER)]
        rules = ", ".join(f"MAP {host} 127.0.0.1:{server.server_port}" for host in hosts)
        try:
            with chromium(f"--host-resolver-rules={rules}") as started:
                yield started
        finally:
            server.shutdown()
            thread.join()


def page_of(browser: Browser, origin: str) -> Page:
    """An empty page of this origin."""
    page = browser.new_page()
    page.goto(f"{origin}/")
    return page


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page of the front end."""
    page = page_of(browser, FRONT_END)
    yield page
    page.close()


def test_a_page_reads_that_its_token_has_expired_and_goes_on_with_a_new_one(
    page: Page, stack: Stack, new_user: Callable[[], User]
) -> None:
    user = new_user()
    given = {"accessToken": expired(stack, user.access_token), "refreshToken": user.refresh_token}
    assert page.evaluate(LIST_AND_REFRESH, {"api": stack.api, **given}) == [
        [401, {"message": "Unauthorized"}],
        [200, {"items": []}],
    ]


def send(page: Page, stack: Stack, path: str, **given: Any) -> Any:
    """What a script of this page gets for a request."""
    return page.evaluate(SEND, {"url": stack.api + path, **given})


def test_a_page_records_changes_and_deletes_a_trade_and_reads_the_headers_it_needs(
    page: Page, stack: Stack, dana: User, trade: dict[str, object]
) -> None:
    headers = {"Authorization": f"Bearer {dana.access_token}"}
    recorded = send(
        page,
        stack,
        "/trades",
        method="POST",
        headers={**headers, "Content-Type": "application/json", "Idempotency-Key": "a-page-records-a-trade"},
        body=json.dumps(trade),
    )
    assert recorded["status"] == 201
    path = recorded["headers"]["location"].removeprefix("/v1")
    change = {**headers, "Content-Type": "application/merge-patch+json", "If-Match": recorded["headers"]["etag"]}
    assert send(page, stack, path, method="PATCH", headers=change, body='{"fees": "2"}')["status"] == 200
    assert send(page, stack, path, method="PATCH", headers=change, body='{"fees": "3"}')["status"] == 412
    assert send(page, stack, path, method="DELETE", headers=headers)["status"] == 204
    assert send(page, stack, path, headers=headers)["status"] == 404


@pytest.mark.parametrize(
    ("path", "given", "status"),
    [
        ("/trades", {}, 401),
        ("/nothing/here", {}, 404),
        ("/openapi.yaml", {"method": "DELETE"}, 405),
        ("/auth/login", {"method": "POST", "body": "x" * (11 << 20)}, 413),
    ],
)
def test_a_page_reads_every_refusal(page: Page, stack: Stack, path: str, given: dict[str, Any], status: int) -> None:
    assert send(page, stack, path, **given)["status"] == status


def test_a_method_that_the_browser_does_not_correct_is_refused_by_the_browser(page: Page, stack: Stack) -> None:
    # fetch() makes `get` and `post` upper-case letters, and leaves `patch` alone: no route has such a method.
    assert send(page, stack, "/trades/x", method="patch", body="{}") == {"failed": "TypeError: Failed to fetch"}


def test_a_page_of_another_origin_reads_nothing(browser: Browser, stack: Stack) -> None:
    page = page_of(browser, STRANGER)
    assert send(page, stack, "/openapi.yaml") == {"failed": "TypeError: Failed to fetch"}
    page.close()
