"""The journal's API as the command uses it: documents in, documents out, and what was refused in words."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx

Document = dict[str, Any]
Told = Callable[[int, int], None]  # bytes done, bytes in all

# As often is a request sent that meets a limit, a fault of the service, or no network; with waits between in seconds.
MOST_TRIES, LONGEST_WAIT = 6, 30.0
LONGEST_STANDSTILL = 900.0  # seconds without a change of what is waited for
_OF_FILES = httpx.Timeout(60)
_AGAIN = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE)


class Refused(Exception):
    """The API refused a request, or cannot do what was asked; the message says why, for a person."""

    def __init__(self, message: str, *, status: int = 0, problem: Document | None = None, passes: bool = False) -> None:
        """`status` is the answer's, and `problem` its problem document, where there was one.

        `passes` says that the same may be done later: the network or a service was in the way.
        """
        super().__init__(message)
        self.status, self.passes = status, passes
        self.kind = str((problem or {}).get("type", "")).rpartition("/")[2]


@dataclass(frozen=True)
class Answer:
    """A document, and the answer's headers."""

    status: int
    document: Document
    headers: httpx.Headers

    @property
    def wait(self) -> float:
        """For how many seconds the API wants not to be asked again; 0 if it says nothing."""
        said = self.headers.get("Retry-After", "")
        return min(float(said), LONGEST_WAIT) if said.isdecimal() else 0.0


class Journal:
    """The API, for somebody who is signed in or, with a plain client, for anybody."""

    def __init__(
        self,
        http: httpx.Client,
        *,
        files: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`http` sends the session's token and has the API's address. Files move without both, by httpx or `files`."""
        self._http, self._files, self._sleep = http, files, sleep

    def ask(
        self,
        method: str,
        path: str,
        document: Document | None = None,
        *,
        params: Mapping[str, str] | None = None,
        **headers: str,
    ) -> Answer:
        """Send a request, again if it meets a limit or a fault: each of the command's requests can be repeated.

        `headers` have underscores for hyphens. Raises Refused.
        """
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        refusal = Refused("")
        for tried in range(MOST_TRIES):
            try:
                response = self._http.request(method, path, json=document, params=params, headers=sent)
            except httpx.TransportError as error:
                words = f"The journal cannot be reached: {str(error) or type(error).__name__}."
                refusal, wait = Refused(words, passes=True), 0.0
            else:
                answer = Answer(response.status_code, _document(response), response.headers)
                if response.is_success:
                    return answer
                refusal, wait = refused(answer), answer.wait
                if response.status_code not in _AGAIN:
                    break
            if tried + 1 < MOST_TRIES:
                self._sleep(wait or min(0.5 * 2**tried, LONGEST_WAIT))
        raise refusal

    def pages(self, path: str, params: Mapping[str, str] | None = None) -> Iterator[Document]:
        """Each item of a list, page by page. Raises Refused."""
        given = dict(params or {})
        while True:
            page = self.ask("GET", path, params=given).document
            yield from page["items"]
            if "nextToken" not in page:
                return
            given["nextToken"] = page["nextToken"]

    def followed(self, path: str, is_over: Callable[[Document], bool], told: Callable[[Document], None]) -> Document:
        """Read a document until it is over; `told` sees each. Raises Refused, also when nothing happens for long."""
        pause, still, before = 0.2, 0.0, None
        while still < LONGEST_STANDSTILL:
            answer = self.ask("GET", path)
            told(answer.document)
            if is_over(answer.document):
                return answer.document
            still, before = (still if answer.document == before else 0.0), answer.document
            self._sleep(wait := min(pause, answer.wait or 2.0))
            pause, still = pause * 1.5, still + wait
        raise Refused("Nothing has happened for a quarter of an hour. Please look again later.", passes=True)

    def send_file(self, form: Document, file: Path, told: Told) -> None:
        """Send a file by a form of the API. The token is not sent along. Raises Refused."""
        with _Told(file, told) as content, self._storage() as storage:
            try:
                response = storage.post(form["url"], data=form["fields"], files={"file": (file.name, content)})
            except httpx.TransportError as error:
                words = f"The file could not be sent: {str(error) or type(error).__name__}."
                raise Refused(words, passes=True) from None
        if not response.is_success:
            raise Refused(f"The file was not taken: the storage answered {response.status_code}.")

    def fetch_file(self, url: str, target: Path, size: int, told: Told) -> None:
        """Write what is at an address that the API gave into a file. Raises Refused; then the file is not complete."""
        done = 0
        try:
            with self._storage() as storage, storage.stream("GET", url) as response, target.open("wb") as out:
                if not response.is_success:
                    raise Refused(f"The file could not be fetched: the storage answered {response.status_code}.")
                for part in response.iter_raw(1 << 16):
                    out.write(part)
                    done += len(part)
                    told(done, size)
        except httpx.TransportError as error:
            raise Refused(f"The file could not be fetched: {str(error) or type(error).__name__}.") from None
        if done != size:
            raise Refused(f"The file came with {done} bytes of {size}. Please try again.")

    def _storage(self) -> httpx.Client:
        return httpx.Client(timeout=_OF_FILES, transport=self._files)


class _Told(io.FileIO):
    """A file that tells how much of it was read."""

    def __init__(self, path: Path, told: Told) -> None:
        super().__init__(path)
        self._told, self._size = told, path.stat().st_size

    def read(self, size: int | None = -1, /) -> bytes:
        """The next bytes."""
        part = super().read(-1 if size is None else size)
        self._told(self.tell(), self._size)
        return part or b""


def refused(answer: Answer) -> Refused:
    """What the API, or the gateway in front of it, says against a request."""
    problem = answer.document
    if answer.status == HTTPStatus.UNAUTHORIZED and not str(problem.get("type")).endswith("/wrong-credentials"):
        words = "You are not logged in any more. Run: trading-journal login"
        return Refused(words, status=answer.status, problem=problem)
    said = problem.get("detail") or problem.get("title") or problem.get("message") or f"HTTP {answer.status}"
    lines = [str(said)]
    lines += [f"  {each.get('pointer', '')}: {each.get('detail', '')}" for each in problem.get("errors", [])]
    if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR and "requestId" in problem:
        lines.append(f"  Quote {problem['requestId']} when you report it.")
    return Refused("\n".join(lines), status=answer.status, problem=problem, passes=answer.status in _AGAIN)


def _document(response: httpx.Response) -> Document:
    try:
        document = response.json()
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}
