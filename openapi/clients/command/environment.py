"""What the command finds on the user's system: variables of its own, and where a session is kept."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from .api import Refused

# The names of the variables.
API = "TRADING_JOURNAL_API"
EMAIL = "TRADING_JOURNAL_EMAIL"
PASSWORD = "TRADING_JOURNAL_PASSWORD"  # noqa: S105 a name
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


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
