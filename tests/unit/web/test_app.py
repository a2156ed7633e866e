"""The headers of every answer, which the outermost middleware adds."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from starlette.responses import Response
from starlette.types import Message, Scope

from handlers.entry.http import _run
from handlers.web.connexion.app import CommonHeadersMiddleware
from handlers.web.connexion.fast_validator import acceptance
from handlers.web.connexion.formats import fits_format
from handlers.web.connexion.validation import OperationChecks, SchemaChecks
from handlers.web.guard import _whole_body
from handlers.web.idempotency import fingerprint
from handlers.web.problems import Problem

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


def test_a_handler_that_waits_for_an_event_loop_is_an_error() -> None:
    async def waiting() -> None:
        await asyncio.sleep(0)

    with pytest.raises(RuntimeError, match="there is no event loop"):
        _run(waiting())


def test_a_body_that_comes_in_pieces_is_put_together_and_its_size_is_limited() -> None:
    pieces = [b"a" * 100_000] * 3

    def receiving(count: int) -> Any:
        left = list(pieces[:count])

        async def receive() -> Message:
            return {"type": "http.request", "body": left.pop(), "more_body": bool(left)}

        return receive

    assert asyncio.run(_whole_body(receiving(2))) == b"".join(pieces[:2])
    with pytest.raises(Problem, match="too large"):
        asyncio.run(_whole_body(receiving(3)))


@pytest.mark.parametrize("name", ["user", "accessToken", "document"])
def test_no_parameter_takes_the_name_of_what_was_verified(name: str) -> None:
    parameter = {"name": name, "in": "query", "schema": {"type": "string"}}
    with pytest.raises(ValueError, match="a parameter has a name"):
        OperationChecks({"operationId": "any", "parameters": [parameter]})


def test_a_schema_with_an_unknown_keyword_is_left_to_jsonschema() -> None:
    assert not acceptance({"type": "string", "maxContains": 1})("a")
    assert list(SchemaChecks({"type": "string", "maxContains": 1}).errors("a")) == []


def test_days_that_do_not_exist_are_no_dates() -> None:
    assert fits_format("2028-02-29", "date")
    assert not fits_format("2026-02-29", "date")


def test_values_that_no_request_holds_have_no_fingerprint() -> None:
    with pytest.raises(TypeError, match="no request holds a set"):
        fingerprint("createTrade", {"tags": {"a", "b"}})
