"""Imports as a front end and the bucket make them: a file is sent with its form, and the queue's function reads it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from handlers.entry.imports import read_imports
from handlers.storage import clients
from tests.api.behind import Context
from tests.api.client import Client
from tests.api.user_data import messages_of, new_queue

MAPPING: dict[str, Any] = {
    "name": "m",
    "rowKind": "FILL",
    "columns": {"time": "T", "symbol": "S", "quantity": "Q", "price": "P"},
}
HEADER = "Date,Time,Symbol,Quantity,Price,Side,Commission,TransFee,ECNFee"


class Importing:
    """The queue of files to read, and the bucket that sends notices to it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.queue = new_queue("imports")
        monkeypatch.setenv("IMPORT_QUEUE_URL", self.queue)

    def send(self, made: Any, content: bytes) -> dict[str, Any]:
        """Put a file where the form sends it. Returns S3's notice."""
        key = made["upload"]["fields"]["key"]
        version = clients.s3().put_object(Bucket="files", Key=key, Body=content)["VersionId"]
        return notice(key, version)

    def read(self, *bodies: Any) -> list[Any]:
        """Have messages handled by the function; returns those that failed."""
        records = [{"messageId": str(number), "body": json.dumps(body)} for number, body in enumerate(bodies)]
        failed: list[Any] = read_imports({"Records": records}, Context())["batchItemFailures"]
        return failed

    def work(self) -> int:
        """Have the queue's messages handled, those that are delayed too; returns how many there were."""
        handled = 0
        while messages := messages_of(self.queue):
            handled += len(messages)
            assert read_imports({"Records": messages}, Context()) == {"batchItemFailures": []}
        return handled

    def imported(self, client: Client, content: str | bytes, **options: Any) -> dict[str, Any]:
        """Make an import and have its file read; returns it."""
        made = client.post("/imports", {"fileName": "fills.csv", **options})
        assert made.status == 201, made.json
        data = content if isinstance(content, bytes) else content.encode()
        assert self.read(self.send(made.json, data)) == []
        return shown(client, made.json["import"]["importId"])


def notice(key: str, version: str) -> dict[str, Any]:
    """What S3 sends to the queue when a file was written."""
    return {"Records": [{"s3": {"object": {"key": key, "versionId": version}}}]}


def shown(client: Client, import_id: str) -> dict[str, Any]:
    """The import as it is shown."""
    answer = client.get(f"/imports/{import_id}")
    assert answer.status == 200, answer.json
    found: dict[str, Any] = answer.json
    return found


def a_file(*rows: str) -> str:
    """A file of fills: each row is "minute side quantity symbol price", of one day."""
    lines = [HEADER]
    for row in rows:
        minute, side, quantity, symbol, price = row.split()
        lines.append(f"01/05/2026,10:{int(minute):02}:00,{symbol},{quantity},{price},{side},1.00,0.00,0.00")
    return "\n".join(lines) + "\n"


def pages(client: Client, path: str, **query: Any) -> list[Any]:
    """All items of a list, page after page."""
    found: list[Any] = []
    token: Sequence[tuple[str, str]] = ()
    while True:
        asked = [(name, str(value)) for name, values in query.items() for value in _several(values)]
        answer = client.get(path, query=[*asked, *token])
        assert answer.status == 200, answer.json
        found += answer.json["items"]
        if "nextToken" not in answer.json:
            return found
        token = [("nextToken", answer.json["nextToken"])]


def _several(values: Any) -> Sequence[Any]:
    return values if isinstance(values, list) else [values]


def rows(client: Client, one: dict[str, Any], **query: Any) -> list[Any]:
    """The rows of an import."""
    return pages(client, f"/imports/{one['importId']}/rows", **query)


def trades(client: Client, one: dict[str, Any], **query: Any) -> list[Any]:
    """The trades that an import would change."""
    return pages(client, f"/imports/{one['importId']}/trades", **query)


def outcomes(client: Client, one: dict[str, Any]) -> list[str]:
    """What becomes of each row."""
    return [row["outcome"] for row in rows(client, one)]
