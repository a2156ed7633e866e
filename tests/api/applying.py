"""What goes on behind the commit and the undoing of imports: their queue and, as they mark positions, the ledger's."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from handlers.entry.import_commits import apply_imports
from handlers.imports.record import Import, ImportStatus
from handlers.storage import clients, imports
from tests.api.behind import Behind
from tests.api.uploading import Context
from tests.api.user_data import messages_of, new_queue

# Calls that a test waits for at most.
_MOST = 60
_NONE = timedelta(0)


class Applying:
    """The queue of imports that are committed or undone, and the ledger's behind it."""

    def __init__(self, behind: Behind, monkeypatch: pytest.MonkeyPatch) -> None:
        self.queue = new_queue("import-applies")
        self.behind = behind
        monkeypatch.setenv("IMPORT_APPLY_QUEUE_URL", self.queue)
        for wait in ("IN_CASE", "WHILE_LOCKED", "WHILE_BUSY"):
            monkeypatch.setattr(f"handlers.usecases.apply_import.{wait}", _NONE)
        for module in ("import_links", "import_settling"):
            monkeypatch.setattr(f"handlers.usecases.{module}.WAIT", _NONE)

    def once(self, context: Any = None) -> int:
        """Have the queue's messages worked on once; returns how many there were."""
        messages = messages_of(self.queue)
        for message in messages:
            answer = apply_imports({"Records": [message]}, context or Context())
            assert answer == {"batchItemFailures": []}
        return len(messages)

    def send(self, one: Import) -> None:
        """Send a message to go on with the import, as the queue delivers one again."""
        message = {"userId": one.user_id, "importId": one.import_id, "version": None, "tries": 0}
        clients.sqs().send_message(QueueUrl=self.queue, MessageBody=json.dumps(message))

    def settle(self) -> None:
        """Have the ledger's stream and queue worked on."""
        self.behind.settle()

    def run(self, one: Import) -> Import:
        """Have the import carried on until it is done; returns it as it is then."""
        for _ in range(_MOST):
            handled = self.once()
            self.settle()
            if not handled:
                break
        done = imports.get(one.user_id, one.import_id)
        assert done.status not in (ImportStatus.COMMITTING, ImportStatus.UNDOING), done
        return done
