"""What names a thing of a journal in its member of an archive, and what of it is compared with another one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

Document = Mapping[str, Any]

# What a thing is named by, in each member; all are sorted by that.
KEYS: Mapping[str, Sequence[str]] = {
    "accounts": ("accountId",),
    "trades": ("tradeId",),
    "groups": ("groupId",),
    "executions": ("executionId",),
    "actions": ("actionId",),
    "cash": ("cashId", "accountId"),
    "reconciliations": ("reconciliationId",),
    "fx": ("from", "to", "day"),
    "mappings": ("mappingId",),
}
SETTINGS = "settings"
# How something came about, and which trade an execution would open.
_NOT_COMPARED = ("version", "updatedAt", "opens")


def content_hash(document: Document) -> str:
    """A hash of what of a document is compared."""
    compared = {name: value for name, value in document.items() if name not in _NOT_COMPARED}
    return hashlib.sha256(json.dumps(compared, sort_keys=True).encode()).hexdigest()


def id_of(name: str, document: Document) -> str:
    """The id of a document in its member."""
    return "|".join(document[each] for each in KEYS[name])
