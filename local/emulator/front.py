"""A proxy in front of ministack: two loopback ports, and checks of who may use them.

Whoever can use the AWS port, which is the control plane, can run any code; ministack alone would let every web page in
the developer's browser use it. The API port serves only the deployed API, so that pages of the API's origin (the docs)
are not of the control plane's origin.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qs, urlsplit

from local.emulator.gateway import METHOD, TOO_LARGE
from local.emulator.worker_queue import CONNECTION, SENT_BY_A_FUNCTION, Caller

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = dict[str, str]
RawHeaders = list[tuple[bytes, bytes]]

LOOPBACK = ("127.0.0.1", "localhost")
GATEWAY_PATH = "/_aws/execute-api/"  # where ministack serves its HTTP APIs
PUBLISH_PATH = "/_local/api"  # PUT {"apiId": ...}: which API the API port serves
FUNCTION_MARK = "x-ministack-invoke-depth"  # a header that ministack's Lambda workers add to what they send to AWS
API_LIMIT = 10 * 1024 * 1024  # bytes; API Gateway refuses a larger request
# https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html


class ClientLeft(Exception):
    """The client closed the connection before it had sent its whole request."""


class Front:
    def __init__(self, ministack: App, aws_port: int, api_port: int) -> None:
        self.ministack = ministack
        self.aws_port = aws_port
        self.api_port = api_port
        self.api_id = ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.ministack(scope, receive, send)
        elif scope["type"] != "http":
            await _drop(receive, send)
        else:
            serve = self._serve_api if scope["server"][1] == self.api_port else self._serve_aws
            with suppress(ClientLeft):
                await serve(scope, receive, send)

    async def _serve_api(self, scope: Scope, receive: Receive, send: Send) -> None:
        # Any loopback port, since a front end's development server forwards its own Host. Other names are refused,
        # also if their DNS resolves to loopback (DNS rebinding).
        if urlsplit(f"//{_headers(scope).get('host', '')}").hostname not in LOOPBACK:
            await _refuse(send, 403, "Host must be 127.0.0.1 or localhost")
        elif not self.api_id:
            await _refuse(send, 503, "no API is deployed yet")
        else:
            prefix = f"{GATEWAY_PATH}{self.api_id}"
            path = {"path": prefix + scope["path"], "raw_path": prefix.encode() + _raw_path(scope)}
            await self._call_gateway({**scope, **path}, receive, send)

    async def _serve_aws(self, scope: Scope, receive: Receive, send: Send) -> None:
        SENT_BY_A_FUNCTION.set(FUNCTION_MARK in _headers(scope))
        refusal = refusal_at_aws_port(
            scope["method"], scope["path"], scope["query_string"], _headers(scope), self.aws_port
        )
        if refusal:
            await _refuse(send, 403, refusal)
        elif scope["path"] == PUBLISH_PATH and scope["method"] == "PUT":
            self.api_id = json.loads(await _body(receive, API_LIMIT) or b"{}")["apiId"]
            await _reply(send, 204, b"")
        elif scope["path"].startswith(GATEWAY_PATH):
            await self._call_gateway(scope, receive, send)
        else:
            await self.ministack(scope, receive, send)

    async def _call_gateway(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = await _body(receive, API_LIMIT)
        forwarded = {**scope, "headers": _forwarded(scope), "method": METHOD.get() or scope["method"]}
        if body is None:
            TOO_LARGE.set(True)
            # The rest of the body is not read, so the connection cannot be reused.
            forwarded["headers"] = _without(forwarded["headers"], b"content-length", b"transfer-encoding")
            send = _closing(send)
        caller = Caller()
        CONNECTION.set(caller)
        # After the body only a disconnect can follow, which ministack does not listen for.
        watch = asyncio.create_task(_notice_end(receive, caller))
        try:
            await self.ministack(forwarded, _replay(body or b""), send)
        finally:
            watch.cancel()


def refusal_at_aws_port(method: str, path: str, query: bytes, headers: Headers, port: int) -> str | None:
    """Why a request to the control plane is refused; None for requests of SDKs and tools."""
    if headers.get("host", "") not in {f"{name}:{port}" for name in LOOPBACK}:
        return "Host must be 127.0.0.1 or localhost, with the port"
    own_origins = {f"http://{name}:{port}" for name in LOOPBACK}
    origin = headers.get("origin")
    if origin is None and headers.get("sec-fetch-site", "none") in ("none", "same-origin"):
        return None
    if origin in own_origins:
        return None
    if path.startswith(GATEWAY_PATH):
        return None  # the API's own CORS settings decide
    if (origin is None or urlsplit(origin).hostname in LOOPBACK) and _is_presigned(method, path, query, headers):
        return None  # a local front end uses a presigned URL or form of the API
    return "a web page may not use the AWS port"


def _is_presigned(method: str, path: str, query: bytes, headers: Headers) -> bool:
    """Whether it is a presigned URL or form of S3. Not with root keys: ministack accepts those with any signature."""
    if "authorization" in headers or "x-amz-target" in headers or path.startswith("/_"):
        return False
    if method == "OPTIONS":
        return True  # a preflight changes nothing
    if method == "POST":
        return not query and headers.get("content-type", "").startswith("multipart/form-data")
    credential = parse_qs(query.decode("latin-1")).get("X-Amz-Credential", [""])[0]
    return method in ("GET", "HEAD", "PUT") and credential.startswith("ASIA") and "/s3/" in credential


def _forwarded(scope: Scope) -> RawHeaders:
    """The headers that API Gateway adds to a request. A client's values of them are replaced."""
    client = scope["client"][0].encode()
    theirs = b", ".join(value for name, value in scope["headers"] if name.lower() == b"x-forwarded-for")
    names = (b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-port")
    return [
        *_without(scope["headers"], *names),
        (b"x-forwarded-for", theirs + b", " + client if theirs else client),
        (b"x-forwarded-proto", b"http"),
        (b"x-forwarded-port", str(scope["server"][1]).encode()),
    ]


def _without(headers: RawHeaders, *names: bytes) -> RawHeaders:
    return [(name, value) for name, value in headers if name.lower() not in names]


def _closing(send: Send) -> Send:
    async def send_and_close(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message["headers"], (b"connection", b"close")]}
        await send(message)

    return send_and_close


def _headers(scope: Scope) -> Headers:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}


def _raw_path(scope: Scope) -> bytes:
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    return raw


async def _body(receive: Receive, limit: int) -> bytes | None:
    """The whole body; None if it is larger than the limit."""
    chunks: list[bytes] = []
    size = 0
    while True:
        received = await receive()
        if received["type"] == "http.disconnect":
            raise ClientLeft
        chunk = received.get("body", b"")
        size += len(chunk)
        if size > limit:
            return None
        chunks.append(chunk)
        if not received.get("more_body"):
            return b"".join(chunks)


async def _notice_end(receive: Receive, caller: Caller) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    caller.leave()


def _replay(body: bytes) -> Receive:
    pending = [body]

    async def replay() -> Message:
        if pending:
            return {"type": "http.request", "body": pending.pop(), "more_body": False}
        never: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        return await never

    return replay


async def _refuse(send: Send, status: int, text: str) -> None:
    await _reply(send, status, json.dumps({"message": text}).encode())


async def _reply(send: Send, status: int, body: bytes) -> None:
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _drop(receive: Receive, send: Send) -> None:
    """Close a WebSocket connection: no WebSocket API is deployed."""
    await receive()
    await send({"type": "websocket.close", "code": 1008})
