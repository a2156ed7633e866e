"""Who is logged in: a session that is kept in a file of the user's own, or one for a single run."""

from __future__ import annotations

import getpass
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from trading_journal_client.models import Tokens
from trading_journal_client.session import MemoryStore, Session, StoredSession

from .api import Document, Journal, Refused
from .terminal import Terminal

API, EMAIL, PASSWORD = "TRADING_JOURNAL_API", "TRADING_JOURNAL_EMAIL", "TRADING_JOURNAL_PASSWORD"
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
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


def kept_in(path: Path) -> dict[str, str]:
    """What the file holds; nothing if there is none, or none of ours."""
    try:
        kept = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(name): str(value) for name, value in kept.items()} if isinstance(kept, dict) else {}


def session_file(environment: Mapping[str, str]) -> Path:
    """Where the session is kept: in the folder for settings of the user's system."""
    if os.name == "nt":
        base = environment.get("APPDATA") or str(Path.home() / "AppData" / "Roaming")
    else:
        base = environment.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(base) / "trading-journal" / "session.json"


def api_of(given: str | None, environment: Mapping[str, str]) -> str:
    """The address of the API: given, of the environment, or of the last log-in. Raises Refused.

    Passwords and tokens go over HTTPS only, but for an API on this machine.
    """
    address = given or environment.get(API) or kept_in(session_file(environment)).get("api", "")
    if not address:
        raise Refused(f"Which journal? Give --api https://.../v1, or set {API}.")
    parts = urlsplit(address)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        raise Refused("The address of the API has to begin with https://.")
    return address.rstrip("/")


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


def account_named(journal: Journal, given: str) -> str:
    """The id of the trading account of this name or id. Raises Refused."""
    accounts: list[Document] = journal.ask("GET", "/accounts").document["items"]
    found = [each["accountId"] for each in accounts if given in (each["accountId"], each["name"])]
    if len(found) != 1:
        names = ", ".join(str(each["name"]) for each in accounts)
        raise Refused(f"There {'are several accounts' if found else 'is no account'} {given!r}. There are: {names}.")
    return str(found[0])
