"""The entry point for requests, and the only module that knows API Gateway's events and aws-wsgi.

API Gateway sends events of payload format 2.0, aws-wsgi reads events of format 1.0 and calls a WSGI application, and
Connexion is an ASGI application. This module converts between them. `handler` never raises: an error is logged and
answered with a 500.
"""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, TypeVar, cast
from urllib.parse import parse_qsl, quote, unquote, unquote_to_bytes

import awsgi
from starlette.types import ASGIApp, Message

from handlers import deadline
from handlers.entry import runtime
from handlers.log import logger
from handlers.storage import clients
from handlers.web.connexion.app import create_app
from handlers.web.problems import INTERNAL_ERROR, INVALID_REQUEST, MEDIA_TYPE, Problem, unavailable

Event = dict[str, Any]
Result = TypeVar("Result")
StartResponse = Callable[[str, list[tuple[str, str]]], object]

_LENGTH = re.compile(r"[0-9]{1,12}")
_NON_LATIN1 = re.compile(r"[^\x00-\xff]")

# Seconds before its time-out at which the function stops its work, to answer 503 itself. Otherwise Lambda would end it
# and API Gateway would answer 500.
ANSWER_SECONDS = 0.5
# The time of a request without a Lambda context: in tests and tools.
USUAL_SECONDS = 28.0

# Answers of these media types may be compressed, so their bytes travel as base64.
BINARY = {"application/yaml", "text/html"}
# The paths of the routes that serve no operation; $default has none.
UNKNOWN_ROUTES = ("", "/", "/{proxy+}")


class Bridge:
    """A WSGI application that runs an ASGI one.

    a2wsgi is no alternative: it starts a thread for every request, which takes several times as long as the request
    itself, and it yields the body lazily, while aws-wsgi reads status and headers before the body.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Call the ASGI application. Returns the whole body, after `start_response` was called."""
        return _run(self._respond(environ, start_response))

    async def _respond(self, environ: dict[str, Any], start_response: StartResponse) -> list[bytes]:
        chunks: list[bytes] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": environ["wsgi.input"].read(), "more_body": False}

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in message["headers"]]
                start_response(f"{message['status']} ", [(name.title(), value) for name, value in headers])
            else:
                chunks.append(message.get("body", b""))

        await self._app(_scope(environ), receive, send)
        return chunks


def _run(coroutine: Coroutine[Any, Any, Result]) -> Result:
    """Run a coroutine without an event loop.

    A function serves one request at a time and its calls to AWS block, so no coroutine ever has to wait.
    """
    try:
        coroutine.send(None)
    except StopIteration as done:
        return cast("Result", done.value)
    coroutine.close()
    raise RuntimeError("a handler awaited a pending future; there is no event loop")


def _scope(environ: dict[str, Any]) -> dict[str, Any]:
    event: Event = environ["awsgi.event"]
    context = event["requestContext"]
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": environ["REQUEST_METHOD"],
        "scheme": "https",
        "path": environ["PATH_INFO"],
        "raw_path": environ["PATH_INFO"].encode("utf-8", "replace"),
        "root_path": "",
        "query_string": event["rawQueryString"].encode(),
        "headers": [
            (name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in event["headers"].items()
        ],
        "extensions": {
            "connexion_context": {
                "request_id": context["requestId"],
                "claims": (context["authorizer"].get("jwt") or {}).get("claims") or {},
            }
        },
    }


def format_1(event: Event) -> Event:
    """The event of payload format 2.0 as aws-wsgi reads it, by the names of format 1.0.

    The raw query is kept beside the parsed one: format 2.0 joins repeated keys with commas, which values can hold.
    """
    http = event["requestContext"]["http"]
    query = event.get("rawQueryString") or ""
    return {
        "httpMethod": http["method"],
        "path": route_path(event),
        "queryStringParameters": parse_qsl(query, keep_blank_values=True),
        "rawQueryString": query,
        "headers": _sendable(event.get("headers") or {}),
        "body": b"",
        "requestContext": {
            "requestId": event["requestContext"].get("requestId") or "unknown",
            "authorizer": event["requestContext"].get("authorizer") or {},
        },
    }


def _body(event: Event) -> bytes:
    """The body as bytes. Raises ValueError for base64 that cannot be decoded.

    API Gateway passes JSON on as text, in which it has replaced bytes that are not UTF-8 by U+FFFD. Such a body gets a
    final byte that no UTF-8 text has, so that the JSON parser refuses it with the right reason.
    """
    body = event.get("body") or ""
    if event.get("isBase64Encoded"):
        return base64.b64decode(body, validate=True)
    text = body.encode()
    return text if _is_as_sent(body, len(text), event.get("headers") or {}) else text + b"\xff"


def _is_as_sent(body: str, size: int, headers: dict[str, str]) -> bool:
    """Whether no byte was replaced: the text has as many bytes as Content-Length says. Without that header (HTTP/2), it
    must not hold a replacement character.
    """
    length = str(headers.get("content-length", ""))
    return int(length) == size if _LENGTH.fullmatch(length) else "\ufffd" not in body


def _sendable(headers: dict[str, str]) -> dict[str, str]:
    """The headers in Latin-1. Each other character becomes one that no valid header value holds. If it became `?`,
    different invalid Idempotency-Keys would become the same valid one.
    """
    return {
        name: text if (text := str(value)).isascii() else _NON_LATIN1.sub("\xbf", text)
        for name, value in headers.items()
    }


def route_path(event: Event) -> str:
    """The path as the contract has it, without the stage or the mapping of a custom domain before it.

    The event's path starts with the stage on a named stage, with the mapping behind a custom domain, and with neither
    on $default. The route key tells how many segments belong to the contract. The routes for unknown paths match any
    number of segments: for them the stage's name is removed, which the template also uses as the domain's mapping.
    Segments stay percent-encoded, since a parameter may hold a slash. The last parameter of some routes takes the whole
    rest of the path (openapi/generate.py), in case the gateway has decoded a slash in it.
    """
    raw = event.get("rawPath") or event["requestContext"]["http"]["path"]
    _, _, route = (event["requestContext"].get("routeKey") or "").partition(" ")
    takes_the_rest = route.endswith("+}") and route not in UNKNOWN_ROUTES
    if route not in UNKNOWN_ROUTES and not takes_the_rest:
        return "/" + "/".join(map(_encoded, raw.split("/")[-route.count("/") :]))
    stage = event["requestContext"].get("stage")
    if stage and (raw + "/").startswith(f"/{stage}/"):
        raw = raw.removeprefix(f"/{stage}") or "/"
    if takes_the_rest:
        *literal, rest = raw.split("/", route.count("/"))
        return "/".join([*literal, _encoded(rest)])
    return unquote(raw, errors="replace")


def _encoded(segment: str) -> str:
    """A segment of a path in the canonical percent-encoding: only unreserved characters stay as they are."""
    return quote(unquote_to_bytes(segment), safe="")


def serve(app: ASGIApp) -> Callable[[Event, Any], dict[str, Any]]:
    """A Lambda handler for the application."""
    bridge = Bridge(app)

    def handler(event: Event, context: Any) -> dict[str, Any]:
        """Answer one request of the HTTP API."""
        try:
            request = format_1(event)
        except Exception:  # noqa: BLE001 the gateway gets an answer to any event
            logger.exception("not an event of an HTTP API")
            return _failure(Problem(INTERNAL_ERROR), "unknown")
        answer = answered(event, request, context)
        # An answer to HEAD has the headers of the one to GET, Content-Length too, and no body (RFC 9110, 9.3.2).
        return {**answer, "body": ""} if request["httpMethod"] == "HEAD" else answer

    def answered(event: Event, request: Event, context: Any) -> dict[str, Any]:
        request_id = request["requestContext"]["requestId"]
        logger.append_keys(request_id=request_id, operation=os.environ.get("OPERATIONS", ""))
        try:
            request["body"] = _body(event)  # aws-wsgi takes bytes as they are
        except ValueError:
            return _failure(Problem(INVALID_REQUEST), request_id)
        try:
            with deadline.enforced(_seconds(context)):
                answer = cast("dict[str, Any]", awsgi.response(bridge, request, context, BINARY))
        except deadline.OutOfTime as error:
            return _failure(unavailable(error), request_id)
        except Exception:  # noqa: BLE001 the gateway gets an answer after any error
            logger.exception("the answer could not be made")
            return _failure(Problem(INTERNAL_ERROR), request_id)
        answer["statusCode"] = int(answer["statusCode"])
        logger.info("answered", route=event["requestContext"].get("routeKey", ""), status=answer["statusCode"])
        return answer

    return handler


def _seconds(context: Any) -> float:
    """The seconds that the function may spend on its answer."""
    if context is None:
        return USUAL_SECONDS
    return float(context.get_remaining_time_in_millis()) / 1000 - ANSWER_SECONDS


def _failure(problem: Problem, request_id: str) -> dict[str, Any]:
    return {
        "statusCode": problem.kind.status,
        "headers": {
            **problem.headers,
            "Content-Type": MEDIA_TYPE,
            "X-Request-Id": request_id,
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store",
        },
        "body": problem.body(request_id),
        "isBase64Encoded": False,
    }


# Built when the module is imported, at Lambda's init, so that no request waits for it.
handler = serve(create_app(os.environ.get("OPERATIONS", "").split()))
clients.make_ready(os.environ)
runtime.ready()
