"""What imports take of AWS, for docs/cost.md: the functions' own code on the embedded AWS's tables, bucket and queues.

`python -m benchmarks.cost --imports` writes the table.
"""

from __future__ import annotations

import io
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from typing import Any

from benchmarks.growth.meter import Meter, Use
from benchmarks.growth.tables import BUCKET, new_user, tables
from benchmarks.imports import statement
from benchmarks.report.markdown import table
from handlers.entry.import_commits import apply_imports
from handlers.entry.imports import read_imports
from handlers.storage import clients
from tests.api.client import Client
from tests.api.uploading import Context
from tests.events import function

FILLS, SYMBOLS = 1_000, 40
QUEUES = {"IMPORT_QUEUE_URL": "imports", "IMPORT_APPLY_QUEUE_URL": "import-applies"}


@dataclass(frozen=True, slots=True)
class Step:
    """What a step of an import took: of DynamoDB, requests to S3, and processor time in seconds."""

    name: str
    dynamodb: Use
    files: int
    seconds: float


class Steps:
    """Measures the steps of one import."""

    def __init__(self) -> None:
        self.found: list[Step] = []
        self._meter = Meter(clients.dynamodb())
        self._files = 0
        clients.s3().meta.events.register("after-call", self._count_file)

    def _count_file(self, **_: Any) -> None:
        self._files += 1

    def take(self, name: str, step: Callable[[], Any]) -> Any:
        """Make the step, and keep what it took under that name."""
        use, files, began = self._meter.use, self._files, time.process_time()
        done = step()
        took = time.process_time() - began
        self.found.append(Step(name, self._meter.use - use, self._files - files, took))
        return done


@contextmanager
def a_journal() -> Iterator[Client]:
    """A user with an empty journal, and what imports need."""
    with tables():
        clients.s3().put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        for variable, name in QUEUES.items():
            os.environ[variable] = clients.sqs().create_queue(QueueName=name)["QueueUrl"]
        yield Client(new_user())


def measured() -> list[Step]:
    """What each step of an import of 1 000 fills takes, in an empty account: from its making to its undoing."""
    content, trades = statement(FILLS, SYMBOLS)
    with a_journal() as client, redirect_stdout(io.StringIO()):  # the functions' metrics
        steps = Steps()
        # The first of each loads what it needs.
        for name in ("to warm up", f"{FILLS:,} fills".replace(",", " ")):
            import_id = _through(client, steps, name, content, trades)
            client_answer = _answer(client, "getImport", "GET", f"/imports/{import_id}")
            _expect(client_answer["status"], "UNDONE")
        return steps.found[len(steps.found) // 2 :]


def _through(client: Client, steps: Steps, name: str, content: str, trades: int) -> str:
    """Bring the file into the journal and out of it again. The import's id."""
    given = {"fileName": "fills.csv", "timeZone": "America/New_York"}
    made = steps.take("createImport", lambda: _answer(client, "createImport", "POST", "/imports", given))
    import_id, key = made["import"]["importId"], made["upload"]["fields"]["key"]
    version = clients.s3().put_object(Bucket=BUCKET, Key=key, Body=content.encode())["VersionId"]
    notice = {"Records": [{"s3": {"object": {"key": key, "versionId": version}}}]}
    steps.take(f"preview, {name}", lambda: _handled(read_imports, notice))
    path = f"/imports/{import_id}"
    one = steps.take("getImport", lambda: _answer(client, "getImport", "GET", path))
    _expect((one["status"], one["counts"]["trades"]), ("PREVIEW", trades))
    seen = {"If-Match": f'"{one["version"]}"'}
    steps.take("commitImport", lambda: _answer(client, "commitImport", "POST", f"{path}/commit", {}, **seen))
    message = {"userId": client.user, "importId": import_id, "version": None, "tries": 0}
    steps.take(f"commit, {name}", lambda: _handled(apply_imports, message))
    _expect(_answer(client, "getImport", "GET", path)["status"], "COMMITTED")
    steps.take("undoImport", lambda: _answer(client, "undoImport", "POST", f"{path}/undo", {}))
    steps.take(f"undo, {name}", lambda: _handled(apply_imports, message))
    return str(import_id)


def _answer(client: Client, operation: str, method: str, path: str, document: Any = None, **headers: str) -> Any:
    """The answer of an operation's function."""
    body = None if document is None else json.dumps(document).encode()
    answer = function(operation)(client.event(method, path, body=body, headers=headers), None)
    if answer["statusCode"] >= 400:
        raise RuntimeError(answer["body"])
    return json.loads(answer["body"])


def _handled(handle: Callable[[Any, Any], Any], message: Any) -> None:
    record = {"messageId": "1", "body": json.dumps(message)}
    _expect(handle({"Records": [record]}, Context()), {"batchItemFailures": []})


def _expect(found: object, wanted: object) -> None:
    if found != wanted:
        raise RuntimeError(f"not measured: {found} instead of {wanted}")


def import_table() -> str:
    """The table of docs/cost.md."""
    return table(
        ["step", "requests to DynamoDB", "read units", "write units", "requests to S3", "processor ms"],
        (
            [
                one.name,
                f"{one.dynamodb.requests:g}",
                f"{one.dynamodb.reads:g}",
                f"{one.dynamodb.writes:g}",
                str(one.files),
                f"{one.seconds * 1000:.0f}",
            ]
            for one in measured()
        ),
    )
