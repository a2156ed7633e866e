"""Who is logged in: a session that is kept in a file of the user's own, or one for a single run."""

from __future__ import annotations

import getpass
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
from trading_journal_client.models import Tokens
from trading_journal_client.session import MemoryStore, Session, StoredSession

from .api import Journal, Refused
from .environment import EMAIL, PASSWORD, kept_in, session_file
from .terminal import Terminal

_TIMEOUT = httpx.Timeout(30)  # seconds; the API answers within them


class FileStore:
    """Keeps a session in a file that only its owner can read, beside the address of the API that it belongs to."""

    def __init__(self, path: Path, api: str) -> None:
        """The session of the API at this address."""
        self._path, self._api = path, api

    def read(self) -> StoredSession | None:
        """The session that was written last; None if there is none, or only one of another API."""
        kept = kept_in(self._path)
        if kept.get("api") != self._api:
            return None
        with suppress(KeyError):
            return StoredSession(kept["id"], kept["accessToken"], kept["refreshToken"])
        return None

    def write(self, session: StoredSession) -> None:
        """Keep this session in place of the one before, in one step."""
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        kept = {
            "api": self._api,
            "id": session.id,
            "accessToken": session.access_token,
            "refreshToken": session.refresh_token,
        }
        # Made by mkstemp, the file is its owner's alone from the beginning.
        handle, name = tempfile.mkstemp(dir=self._path.parent, prefix=".session-")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(kept, file)
            Path(name).replace(self._path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise

    def clear(self) -> None:
        """Forget the session."""
        self._path.unlink(missing_ok=True)


def _log_in(api: str, email: str, password: str) -> Tokens:
    with httpx.Client(base_url=api, timeout=_TIMEOUT) as http:
        answer = Journal(http).ask("POST", "/auth/login", {"email": email, "password": password})
    return Tokens.from_dict(answer.document)


def _log_out(api: str, session: Session) -> None:
    if refresh_token := session.sign_out():
        with httpx.Client(base_url=api, timeout=_TIMEOUT) as http:
            Journal(http).ask("POST", "/auth/logout", {"refreshToken": refresh_token})


def log_in(api: str, email: str | None, environment: Mapping[str, str], terminal: Terminal) -> None:
    """Log in and keep the session. Asks for what neither the arguments nor the environment give. Raises Refused."""
    email = email or environment.get(EMAIL)
    password = environment.get(PASSWORD)
    if not (email and (password or terminal.can_ask())):
        raise Refused(f"Give --email, and the password on a terminal or in {PASSWORD}.")
    tokens = _log_in(api, email, password or getpass.getpass("Password: "))
    file = session_file(environment)
    Session(api, store=FileStore(file, api)).sign_in(tokens)
    terminal.say(f"Logged in as {email}. The session is kept in {file}.")


def log_out(api: str, environment: Mapping[str, str], terminal: Terminal) -> None:
    """End the kept session and forget it. Raises Refused; it is forgotten all the same."""
    _log_out(api, Session(api, store=FileStore(session_file(environment), api)))
    terminal.say("Logged out.")


@contextmanager
def journal_of(api: str, environment: Mapping[str, str]) -> Iterator[Journal]:
    """The API for whoever is logged in, or for the user of the environment, whose session ends with the block.

    Raises Refused.
    """
    email, password = environment.get(EMAIL), environment.get(PASSWORD)
    for_once = bool(email and password)
    session = Session(api, store=MemoryStore() if for_once else FileStore(session_file(environment), api))
    if email and password:
        session.sign_in(_log_in(api, email, password))
    elif not session.is_signed_in():
        raise Refused("You are not logged in. Run: trading-journal login")
    try:
        with session.client(timeout=_TIMEOUT) as client:
            yield Journal(client.get_httpx_client())
    finally:
        if for_once:
            with suppress(Refused):  # it ends by itself too, and what was done is done
                _log_out(api, session)


@contextmanager
def anybody(api: str) -> Iterator[Journal]:
    """The API for what needs no session."""
    with httpx.Client(base_url=api, timeout=_TIMEOUT) as http:
        yield Journal(http)
