"""Plays the parts of browser, bucket and queue for restores: sends archives, and calls the function that restores."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

import pytest

from handlers.entry.restores import restore_journal
from handlers.storage import clients
from tests.api.client import Answer, Client
from tests.api.test_stats import settle
from tests.api.uploading import Arrival, Context, messages
from tests.api.user_data import Stores, messages_of, new_client


@pytest.fixture
def queue(stores: Stores) -> str:
    """The queue of the archives to restore."""
    return stores.restore_queue


@pytest.fixture
def dana(stores: Stores) -> Client:
    """A user of the pool, whose account can be exported."""
    return new_client(stores.pool, "dana@example.com")


@pytest.fixture
def erin(stores: Stores) -> Client:
    """Another one."""
    return new_client(stores.pool, "erin@example.com")


def begin(client: Client, **given: Any) -> Any:
    """A restore that awaits its archive, with the form."""
    answer = client.post("/restores", {"mode": "EMPTY_ONLY", **given})
    assert answer.status == 201, answer.json
    return answer.json


def send(made: Any, data: bytes) -> str:
    """Store the archive as the form would have. Returns the version of the file."""
    key = made["upload"]["fields"]["key"]
    version: str = clients.s3().put_object(Bucket="files", Key=key, Body=data)["VersionId"]
    return version


def commit(client: Client, made: Any, tag: str = '"1"', query: str = "") -> Answer:
    """Ask for the archive to be restored."""
    path = f"/restores/{made['restore']['restoreId']}/commit"
    return client.post(path, headers={"If-Match": tag}, query=query)


def compared(client: Client, data: bytes, **given: Any) -> Any:
    """A restore by merging, once the archive was sent and the bucket has told of it; with the form."""
    made = begin(client, **{"mode": "MERGE", **given})
    arrival = Arrival(made["upload"]["fields"]["key"], send(made, data))
    assert restore_journal(messages(arrival.notice), Context()) == {"batchItemFailures": []}
    return {**made, "restore": client.get(f"/restores/{made['restore']['restoreId']}").json}


def merged(client: Client, queue: str, data: bytes, **given: Any) -> Any:
    """The restore of an archive by merging, once all is done."""
    made = compared(client, data, **given)
    assert made["restore"]["status"] == "PREVIEW", made["restore"]
    answer = commit(client, made, f'"{made["restore"]["version"]}"')
    assert answer.status == 202, answer.json
    assert work(queue) == []
    return client.get(f"/restores/{made['restore']['restoreId']}").json


def work(queue: str, context: Any = None) -> list[Any]:
    """Have the messages of the queue handled, until there are none. Returns those that failed."""
    failed = []
    while messages := messages_of(queue):
        failed += restore_journal({"Records": messages}, context or Context())["batchItemFailures"]
    return failed


def restored(client: Client, queue: str, data: bytes, **given: Any) -> Any:
    """The restore of an archive, once all is done."""
    made = begin(client, **given)
    send(made, data)
    answer = commit(client, made)
    assert answer.status == 202, answer.json
    assert work(queue) == []
    return client.get(f"/restores/{made['restore']['restoreId']}").json


def archive(members: Mapping[str, bytes]) -> bytes:
    """The members as an archive, whose manifest has the hashes that they have now."""
    manifest = json.loads(members["manifest.json"])
    manifest["members"] = [
        {
            "name": name,
            **({"documents": content.count(b"\n")} if name.endswith(".ndjson") else {}),
            "size": len(content),
            "sha256": sha256(content).hexdigest(),
        }
        for name, content in members.items()
        if name != "manifest.json"
    ]
    return zipped({**members, "manifest.json": compact(manifest)})


def zipped(members: Mapping[str, bytes]) -> bytes:
    """The members as a ZIP archive."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in members.items():
            made.writestr(name, content)
    return file.getvalue()


def compact(document: Any) -> bytes:
    """The document as an export writes it."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def changed(
    members: Mapping[str, bytes], name: str, change: Callable[[list[dict[str, Any]]], object]
) -> dict[str, bytes]:
    """The members, with the documents of one of them changed in place."""
    member = f"{name}.ndjson"
    documents = [json.loads(line) for line in members[member].split(b"\n")[:-1]]
    change(documents)
    return {**members, member: b"".join(compact(document) + b"\n" for document in documents)}


def account_file(client: Client) -> bytes:
    """The file of the account's export (format version 1), with settled statistics."""
    settle(str(client.user))
    answer = client.get("/auth/export")
    assert answer.status == 200, answer.json
    key = urlsplit(answer.json["url"]).path.removeprefix("/")
    data: bytes = clients.s3().get_object(Bucket="files", Key=key)["Body"].read()
    return data


def everything(client: Client) -> Any:
    """All that the API shows of a journal, with its statistics, as the account's export has it; but addresses, and when
    it was shown.
    """
    document = json.loads(gzip.decompress(account_file(client)))
    for name in ("exportedAt", "profile", "deletedTrades"):
        del document[name]
    document["statistics"].pop("lastUpdated", None)
    document["statistics"].pop("asOf", None)
    for trade in document["trades"]:
        for image in trade.get("images", ()):
            del image["url"]
    for name, key in (("executions", "executionId"), ("cash", "cashId")):
        document[name].sort(key=lambda each, key=key: each[key])
    return document
