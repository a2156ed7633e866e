"""What every answer carries, added by the outermost part of the application."""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.responses import Response
from starlette.types import Message, Scope

from handlers.web.connexion.app import CommonHeadersMiddleware

ADDED = {b"x-request-id": b"request-1", b"x-content-type-options": b"nosniff", b"cache-control": b"no-store"}


def headers_of(response: Response, context: dict[str, Any]) -> list[tuple[bytes, bytes]]:
    """The headers with which the response goes out."""
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        raise AssertionError("nothing is read")

    scope: Scope = {"type": "http", "extensions": {"connexion_context": {"request_id": "request-1", **context}}}
    app: Any = CommonHeadersMiddleware(response)
    asyncio.run(app(scope, receive, send))
    return list(sent[0]["headers"])


def test_an_answer_that_is_given_again_is_stamped_once() -> None:
    response = Response(b"{}")
    assert headers_of(response, {}) == headers_of(response, {})
    assert dict(headers_of(response, {})).items() >= ADDED.items()


def test_an_answer_keeps_how_long_it_may_be_kept() -> None:
    headers = headers_of(Response(b"", headers={"Cache-Control": "public, max-age=300"}), {})
    assert [value for name, value in headers if name == b"cache-control"] == [b"public, max-age=300"]


def test_an_announcement_goes_with_every_answer() -> None:
    headers = headers_of(Response(b""), {"announcement": {"Sunset": "Sat, 01 May 2027 00:00:00 GMT"}})
    assert (b"Sunset", b"Sat, 01 May 2027 00:00:00 GMT") in headers
