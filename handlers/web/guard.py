"""What every request passes before Connexion routes it: a known path and method, a size, a media type, a user."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from handlers.web.contract import METHODS
from handlers.web.deprecation import announcement
from handlers.web.problems import (
    CONTENT_TOO_LARGE,
    METHOD_NOT_ALLOWED,
    NOT_FOUND,
    UNAUTHORIZED,
    UNSUPPORTED_MEDIA_TYPE,
    Problem,
)

MOST_BYTES = 256 * 1024


class Routes:
    """The contract's paths and methods, all of them, whichever operations this process serves."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._security = document.get("security", [])
        self._paths: list[tuple[re.Pattern[str], dict[str, Mapping[str, Any]]]] = [
            (
                # No line feed: Connexion's routes do not match it either, and its own 404 is no problem document.
                re.compile(re.sub(r"\\\{[^}]+\\\}", "[^/\n]+", re.escape(path))),
                {method.upper(): item[method] for method in METHODS if method in item},
            )
            # A literal path wins over a template that also matches it.
            for path, item in sorted(document["paths"].items(), key=lambda entry: "{" in entry[0])
        ]

    def operation(self, method: str, path: str) -> Mapping[str, Any]:
        """The operation that serves the request. Raises the problem of an unknown path or method."""
        for pattern, operations in self._paths:
            if pattern.fullmatch(path):
                if method in operations:
                    return operations[method]
                allow = ", ".join(sorted(operations))
                raise Problem(METHOD_NOT_ALLOWED, f"Allowed here: {allow}.", headers={"Allow": allow})
        raise Problem(NOT_FOUND, "The API has no such path.")

    def is_public(self, operation: Mapping[str, Any]) -> bool:
        """Whether the operation is for everybody."""
        return not operation.get("security", self._security)


class Guard:
    """ASGI middleware, placed behind the error table and before Connexion's routing."""

    def __init__(self, app: ASGIApp, routes: Routes) -> None:
        self.app = app
        self.routes = routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, with the user in Connexion's context and the body in one message, or raise."""
        operation = self.routes.operation(scope["method"], scope["path"])
        context = scope["extensions"]["connexion_context"]
        context["announcement"] = announcement(operation)
        if not self.routes.is_public(operation):
            claims = context.get("claims") or {}
            context["user"] = verified_user(claims)
            # What the pool calls the user, which is another thing for those who came through Google.
            context["username"] = claims.get("username") or context["user"]
            context["access_token"] = _bearer_token(scope)
        about_the_body: list[tuple[bytes, bytes]] = []
        body = b""  # RFC 9110 gives a body no meaning where the operation declares none; nor has a media type one
        if "requestBody" in operation:
            body = await _whole_body(receive)
            media_type = _media_type(scope, list(operation["requestBody"]["content"]), body)
            # Connexion takes a request without a length for one without a body.
            about_the_body = [(b"content-type", media_type.encode()), (b"content-length", str(len(body)).encode())]
        others = (header for header in scope["headers"] if header[0] not in (b"content-type", b"content-length"))
        scope["headers"] = [*others, *about_the_body]

        async def whole() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        await self.app(scope, whole, send)


def _bearer_token(scope: Scope) -> str:
    """The token that the gateway has verified; it takes one with and without its scheme."""
    for name, value in scope["headers"]:
        if name == b"authorization":
            return str(value.decode("latin-1").rpartition(" ")[2])
    return ""


def verified_user(claims: Mapping[str, Any]) -> str:
    """The user whose access token the gateway has verified. Raises the problem of a missing or another token.

    API Gateway checks signature, issuer, audience and expiry, but not what the token is for: an identity token has the
    same audience and passes.
    """
    user = claims.get("sub")
    if claims.get("token_use") != "access" or not isinstance(user, str) or not user:
        raise Problem(UNAUTHORIZED, "Send the access token of POST /auth/login as a bearer token.")
    return user


async def _whole_body(receive: Receive) -> bytes:
    chunks, size = [], 0
    while True:
        message = await receive()
        chunk = message.get("body", b"")
        chunks.append(chunk)
        size += len(chunk)
        if size > MOST_BYTES:
            raise Problem(CONTENT_TOO_LARGE, f"A body may have {MOST_BYTES} bytes.")
        if not message.get("more_body"):
            return b"".join(chunks)


def _media_type(scope: Scope, accepted: list[str], body: bytes) -> str:
    """The one of the accepted media types in which the body came. Raises the problem of another."""
    headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
    media_type: str
    media_type, _, parameters = headers.get(b"content-type", "" if body else accepted[0]).partition(";")
    media_type, charset = media_type.strip().lower(), parameters.replace(" ", "").lower()
    encoded = headers.get(b"content-encoding", "identity").strip().lower() != "identity"
    if media_type not in accepted or charset not in ("", "charset=utf-8", 'charset="utf-8"') or encoded:
        raise Problem(UNSUPPORTED_MEDIA_TYPE, f"Send the body as {' or '.join(accepted)}, in UTF-8.")
    return media_type
