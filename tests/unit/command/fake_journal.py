"""A journal that takes imports, for the command alone: what it answers next is said by the test."""

from __future__ import annotations

import io
import json
from typing import Any

import httpx

from openapi.clients.command.api import Journal
from openapi.clients.command.terminal import Terminal

API = "https://journal.example.com/v1"
FILES = "https://files.example.com/"
_SAID = ("rows", "new", "duplicate", "changed", "matchesManual", "cash", "actions", "orphan", "skipped", "error")
COUNTS = dict.fromkeys((*_SAID, "undecided", "trades"), 0)
Answer = httpx.Response | Exception
Json = dict[str, Any]


def import_of(status: str, *, reading: Json | None = None, counts: Json | None = None, **more: Any) -> Json:
    """An import as the contract has it."""
    return {
        "importId": "i-1",
        "status": status,
        "fileName": "fills.csv",
        "reading": {"needs": [], **(reading or {})},
        "counts": {**COUNTS, **(counts or {})},
        "undecided": [],
        "version": 3,
        "createdAt": "2026-01-05T10:00:00Z",
        "expiresAt": "2026-01-12T10:00:00Z",
        **more,
    }


def problem(status: int, kind: str, **more: Any) -> httpx.Response:
    """A problem document."""
    return httpx.Response(status, json={"type": f"/v1/problems/{kind}", "title": kind, "status": status, **more})


class FakeJournal:
    """Answers each method and path with what the test put there: one after the other, the last one again and again."""

    def __init__(self) -> None:
        """Without answers."""
        self.answers: dict[str, list[Answer]] = {}
        self.seen: list[httpx.Request] = []
        self.slept: list[float] = []

    def on(self, request: str, *answers: Answer | Json | list[Json]) -> None:
        """Say what to answer to a request, as "GET /imports/i-1"."""
        given = [each if isinstance(each, Answer) else httpx.Response(200, json=each) for each in answers]
        self.answers[request] = given

    def sent(self, request: str) -> list[httpx.Request]:
        """The requests of this method and path that came."""
        return [each for each in self.seen if self._name(each) == request]

    def bodies(self, request: str) -> list[Any]:
        """The JSON bodies of these requests."""
        return [json.loads(each.content) for each in self.sent(request)]

    @staticmethod
    def _name(request: httpx.Request) -> str:
        of_files = str(request.url).startswith(FILES)
        return f"{request.method} {'files' if of_files else request.url.path.removeprefix('/v1')}"

    def _answer(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.seen.append(request)
        waiting = self.answers[self._name(request)]
        answer = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def journal(self) -> Journal:
        """The API as the command uses it."""
        transport = httpx.MockTransport(self._answer)
        return Journal(
            httpx.Client(base_url=API, transport=transport, headers={"Authorization": "Bearer secret"}),
            files=transport,
            sleep=self.slept.append,
        )


class Screen(io.StringIO):
    """A stream that somebody sees, or not."""

    def __init__(self, text: str = "", *, seen: bool = False) -> None:
        """With this to read."""
        super().__init__(text)
        self._seen = seen

    def isatty(self) -> bool:
        """Whether somebody sees it."""
        return self._seen


class Said:
    """A terminal and what it said."""

    def __init__(self, answers: str | None = None, *, seen: bool = False) -> None:
        """`answers` are typed where it asks; without any, nobody is there."""
        self.out, self.errors = Screen(seen=seen), Screen()
        self.terminal = Terminal(self.out, self.errors, Screen(answers or "", seen=answers is not None))

    @property
    def text(self) -> str:
        """What was said."""
        return self.out.getvalue()

    @property
    def complaints(self) -> str:
        """What went wrong."""
        return self.errors.getvalue()
