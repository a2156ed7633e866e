"""A session that refreshes itself: httpx's authentication for the clients of this package.

Written by hand; everything else in this package is generated.
"""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import AsyncGenerator, Callable, Generator
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Protocol, TypeGuard
from weakref import WeakKeyDictionary

import httpx
from trading_journal_client.client import AuthenticatedClient
from trading_journal_client.models import Tokens

# The ends of the types of problems with credentials: these 401 say nothing of the access token.
_OF_CREDENTIALS = ("wrong-credentials", "session-expired")
_PLACEHOLDER = "the-access-token-of-the-session"  # which the session puts in its place
_REFUSED = (400, 401)  # what a refresh answers if its token is none, or none any more
_TOKEN = re.compile(r"[\x21-\x7e]+")
_TIMEOUT = httpx.Timeout(30)  # seconds; the API answers within them


@dataclass(frozen=True)
class StoredSession:
    """What a session is kept by. `id` tells one log-in from the next and stays the same when tokens are refreshed."""

    id: str
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)


class TokenStore(Protocol):
    """Where the tokens are kept."""

    def read(self) -> StoredSession | None:
        """The session that was written last; None if there is none."""

    def write(self, session: StoredSession) -> None:
        """Keep this session in place of the one before."""

    def clear(self) -> None:
        """Forget the session."""


class MemoryStore:
    """Keeps the tokens in memory, as long as the program runs."""

    def __init__(self) -> None:
        """Without a session."""
        self._session: StoredSession | None = None

    def read(self) -> StoredSession | None:
        """The session that was written last; None if there is none."""
        return self._session

    def write(self, session: StoredSession) -> None:
        """Keep this session in place of the one before."""
        self._session = session

    def clear(self) -> None:
        """Forget the session."""
        self._session = None


class Session(httpx.Auth):
    """Sends the access token; refreshes the session on a 401 and repeats the request once.

    Requests that meet the expired token, in threads or in tasks, refresh one after another, and whoever comes second
    finds the new tokens. A request whose refresh fails is answered as the refresh was. A refresh token that is refused
    (400, 401) ends the session and clears the store; in any other failure (no network, 429, 503) the session stays. The
    tokens are sent to the API alone.
    """

    def __init__(
        self,
        base_url: str,
        *,
        store: TokenStore | None = None,
        on_signed_out: Callable[[], None] | None = None,
    ) -> None:
        """A session of the API at `base_url`. `on_signed_out` is called when the refresh token was refused."""
        self._base = httpx.URL(base_url.rstrip("/") + "/")
        self._store = store or MemoryStore()
        self._on_signed_out = on_signed_out
        self._lock = Lock()
        self._turns: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = WeakKeyDictionary()

    def client(self, timeout: httpx.Timeout = _TIMEOUT, **httpx_args: Any) -> AuthenticatedClient:
        """A client that uses this session. It follows no redirect; `httpx_args` go to httpx.Client or AsyncClient."""
        given = {**httpx_args, "auth": self}
        return AuthenticatedClient(str(self._base), token=_PLACEHOLDER, timeout=timeout, httpx_args=given)

    def sign_in(self, tokens: Tokens) -> None:
        """Begin a session with the tokens of a log-in."""
        session = StoredSession(secrets.token_hex(16), tokens.access_token, tokens.refresh_token)
        if not _is_session(session):
            raise ValueError("These are not the tokens of a session.")
        self._store.write(session)

    def sign_out(self) -> str | None:
        """Forget the tokens. Returns the refresh token, if any: hand it to `log_out`, which ends the session."""
        with self._lock:
            session = self._stored()
            self._store.clear()
        return session.refresh_token if session else None

    def is_signed_in(self) -> bool:
        """Whether there is a session."""
        return self._stored() is not None

    def sync_auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """httpx asks this of each request."""
        session = self._authorize(request)
        response = yield request
        if session is None or response.status_code != 401:
            return
        response.read()
        if _is_of_credentials(response):
            return
        refused = renewed = False
        with self._lock:
            current = self._stored()
            if current == session:
                refreshed = yield self._refresh(session)
                refreshed.read()
                current, refused = self._refreshed(session, refreshed)
                renewed = refreshed.is_success
        if refused and self._on_signed_out:
            self._on_signed_out()
        if current and current.id == session.id:
            yield _with_token(request, current)
        elif renewed:
            # Signed out, or in as somebody else, meanwhile. httpx would take the new tokens for the request's answer.
            yield _without_token(request)

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """httpx asks this of each request."""
        session = self._authorize(request)
        response = yield request
        if session is None or response.status_code != 401:
            return
        await response.aread()
        if _is_of_credentials(response):
            return
        refused = renewed = False
        async with self._turns.setdefault(asyncio.get_running_loop(), asyncio.Lock()):
            current = self._stored()
            if current == session:
                refreshed = yield self._refresh(session)
                await refreshed.aread()
                current, refused = self._refreshed(session, refreshed)
                renewed = refreshed.is_success
        if refused and self._on_signed_out:
            self._on_signed_out()
        if current and current.id == session.id:
            yield _with_token(request, current)
        elif renewed:
            # Signed out, or in as somebody else, meanwhile. httpx would take the new tokens for the request's answer.
            yield _without_token(request)

    def _authorize(self, request: httpx.Request) -> StoredSession | None:
        _without_token(request)
        if not _is_within(request.url, self._base):
            return None
        session = self._stored()
        if session:
            _with_token(request, session)
        return session

    def _stored(self) -> StoredSession | None:
        session = self._store.read()
        return session if _is_session(session) else None

    def _refresh(self, session: StoredSession) -> httpx.Request:
        return httpx.Request(
            "POST",
            self._base.join("auth/refresh"),
            json={"refreshToken": session.refresh_token},
            extensions={"timeout": _TIMEOUT.as_dict()},
        )

    def _refreshed(self, session: StoredSession, response: httpx.Response) -> tuple[StoredSession | None, bool]:
        """The session to go on with after this answer to its refresh, if any; and whether the answer has ended it."""
        after = self._stored()
        if after != session:
            return after, False  # signed out, or signed in anew, meanwhile
        if refused := response.status_code in _REFUSED:
            self._store.clear()
        if not response.is_success:
            return None, refused
        renewed = _renewed(session, response)
        if not _is_session(renewed):
            raise httpx.DecodingError("The session could not be refreshed: the answer has no tokens.")
        self._store.write(renewed)
        return renewed, False


def _renewed(session: StoredSession, response: httpx.Response) -> StoredSession | None:
    try:
        given = response.json()
        return StoredSession(session.id, given["accessToken"], given["refreshToken"])
    except (ValueError, LookupError, TypeError):
        return None


def _is_session(given: object) -> TypeGuard[StoredSession]:
    """Whether a header takes the tokens. The error of one that it does not take would contain it."""
    if not isinstance(given, StoredSession):
        return False
    return all(
        isinstance(token, str) and _TOKEN.fullmatch(token) for token in (given.access_token, given.refresh_token)
    )


def _with_token(request: httpx.Request, session: StoredSession) -> httpx.Request:
    request.headers["Authorization"] = f"Bearer {session.access_token}"
    return request


def _without_token(request: httpx.Request) -> httpx.Request:
    request.headers.pop("Authorization", None)
    return request


def _is_within(url: httpx.URL, base: httpx.URL) -> bool:
    of = (url.scheme, url.host, url.port) == (base.scheme, base.host, base.port)
    return of and url.path.startswith(base.path) and ".." not in url.path.split("/")


def _is_of_credentials(response: httpx.Response) -> bool:
    try:
        return str(response.json().get("type")).rpartition("/")[2] in _OF_CREDENTIALS
    except (ValueError, AttributeError):
        return False
