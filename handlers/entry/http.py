"""The Lambda seam, and the only file that knows Lambda: API Gateway's event in, aws-wsgi, Connexion, the answer out.

API Gateway sends payload format 2.0; aws-wsgi reads the names of format 1.0; Connexion speaks ASGI. The functions here
rename, bridge and rename back. Nothing raises out of `handler`: what breaks is logged and answered with a 500.
"""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, TypeVar, cast
from urllib.parse import parse_qsl, unquote

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
_BEYOND_BYTES = re.compile(r"[^\x00-\xff]")

# What is kept of a function's time to give an answer of its own: Lambda would end it, and API Gateway answer 500.
ANSWER_SECONDS = 0.5
# The time of a request whose caller does not tell how long it may take: tests, and tools.
USUAL_SECONDS = 28.0

# Answers of these media types may be compressed, so their bytes travel as base64.
BINARY = {"text/html"}
# The paths in the keys of the routes for what no operation serves; $default has none.
UNKNOWN_ROUTES = ("", "/", "/{proxy+}")


class Bridge:
    """A WSGI application that runs an ASGI one.

    a2wsgi would start a thread for every request, which took several times as long as the request itself, and yields
    its body lazily, which aws-wsgi cannot take: it reads status and headers before the body.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """The answer's body, whole, after `start_response`."""
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
    """Run a coroutine that never waits: a function serves one request at a time, and its storage blocks.

    So there is nothing for an event loop to do, and none is made.
    """
    try:
        coroutine.send(None)
    except StopIteration as done:
        return cast("Result", done.value)
    coroutine.close()
    raise RuntimeError("an operation waits for something that only an event loop could bring")


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
    """A payload 2.0 event with the names and the completeness that aws-wsgi wants of a format 1.0 one.

    The query stays as it was sent: format 2.0 joins repeated keys with commas that a value can also hold.
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
    """The bytes that were sent. Raises ValueError when there are none that the event could stand for.

    API Gateway hands JSON over as text, in which each sequence of bytes that is not UTF-8 has become U+FFFD. Such a
    body gets a byte at its end that UTF-8 does not have, so that it is refused like all others, with the reason.
    """
    body = event.get("body") or ""
    if event.get("isBase64Encoded"):
        return base64.b64decode(body, validate=True)
    text = body.encode()
    return text if _is_as_sent(body, len(text), event.get("headers") or {}) else text + b"\xff"


def _is_as_sent(body: str, size: int, headers: dict[str, str]) -> bool:
    """Whether the text stands for the very bytes that were sent: it has as many, or no replacement character where
    nothing tells how many there were (HTTP/2).
    """
    length = str(headers.get("content-length", ""))
    return int(length) == size if _LENGTH.fullmatch(length) else "\ufffd" not in body


def _sendable(headers: dict[str, str]) -> dict[str, str]:
    """The headers as they fit into bytes. What does not fit becomes a character that no header of ours may hold:
    a `?` would make one valid Idempotency-Key of several invalid ones.
    """
    return {
        name: text if (text := str(value)).isascii() else _BEYOND_BYTES.sub("\xbf", text)
        for name, value in headers.items()
    }


def route_path(event: Event) -> str:
    """The path as the contract has it, without what stands before it.

    On a named stage the event's path starts with the stage, behind a custom domain with its mapping, on $default with
    neither. The route's key tells how many segments are the contract's; requests of the routes for unknown paths, which
    take any number of segments, lose the stage, which the template's domain has as its mapping too.
    """
    path = unquote(event.get("rawPath") or event["requestContext"]["http"]["path"], errors="replace")
    _, _, route = (event["requestContext"].get("routeKey") or "").partition(" ")
    if route not in UNKNOWN_ROUTES:
        return "/" + "/".join(path.split("/")[-route.count("/") :])
    stage = event["requestContext"].get("stage")
    if stage and (path + "/").startswith(f"/{stage}/"):
        return path.removeprefix(f"/{stage}") or "/"
    return path


def serve(app: ASGIApp) -> Callable[[Event, Any], dict[str, Any]]:
    """A Lambda handler for the application."""
    bridge = Bridge(app)

    def handler(event: Event, context: Any) -> dict[str, Any]:
        """Answer one request of the HTTP API."""
        try:
            request = format_1(event)
        except Exception:  # noqa: BLE001 whatever comes, the gateway gets an answer
            logger.exception("not an event of an HTTP API")
            return _failure(Problem(INTERNAL_ERROR), "unknown")
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
        except Exception:  # noqa: BLE001 whatever breaks, the gateway gets an answer
            logger.exception("the answer could not be made")
            return _failure(Problem(INTERNAL_ERROR), request_id)
        answer["statusCode"] = int(answer["statusCode"])
        logger.info("answered", route=event["requestContext"].get("routeKey", ""), status=answer["statusCode"])
        return answer

    return handler


def _seconds(context: Any) -> float:
    """For how long the function may work on its answer."""
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


# Everything is built here, at init, for the operations of this function alone: no request waits for it.
handler = serve(create_app(os.environ.get("OPERATIONS", "").split()))
clients.make_ready(os.environ)
runtime.ready()
