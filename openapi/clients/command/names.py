"""Finds what a user names: a mapping, or a trading account."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from .api import Document, Journal, Refused


def mapping_named(journal: Journal, given: str) -> str:
    """The id of the mapping of this id or name, or of the one in this JSON file, which is kept then. Raises Refused."""
    kept = journal.ask("GET", "/import-mappings").document["items"]
    if Path(given).is_file():
        content = Path(given).read_bytes()
        try:
            wanted: Document = json.loads(content)
        except ValueError:
            raise Refused(f"{given} is no JSON.") from None
        own = [each for each in kept if each["name"] == wanted.get("name")]
        if own:
            answer = journal.ask("PUT", f"/import-mappings/{own[0]['mappingId']}", wanted)
        else:
            key = f"mapping-{hashlib.sha256(content).hexdigest()[:40]}"
            answer = journal.ask("POST", "/import-mappings", wanted, Idempotency_Key=key)
        return str(answer.document["mappingId"])
    found = [each["mappingId"] for each in kept if given in (each["mappingId"], each["name"])]
    if len(found) != 1:
        names = ", ".join(str(each["name"]) for each in kept) or "none"
        raise Refused(f"{given!r} is neither a file nor one of your mappings: {names}.")
    return str(found[0])


def account_named(journal: Journal, given: str) -> str:
    """The id of the trading account of this name or id. Raises Refused."""
    accounts: list[Document] = journal.ask("GET", "/accounts").document["items"]
    found = [each["accountId"] for each in accounts if given in (each["accountId"], each["name"])]
    if len(found) != 1:
        names = ", ".join(str(each["name"]) for each in accounts)
        raise Refused(f"There {'are several accounts' if found else 'is no account'} {given!r}. There are: {names}.")
    return str(found[0])
