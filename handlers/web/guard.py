"""The first step of every request: finds its operation and checks its user, its size and its media type.

Only this module decides which operation serves a request, because it has the whole contract: Connexion is given a
function's own operations alone, so it could not tell a 404 from a 405 or list the methods of a path. Connexion then
runs the operation's validation and its function.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
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
# The labels of UTF-8: https://encoding.spec.whatwg.org/#names-and-labels
UTF_8 = {"utf-8", "utf8", "unicode-1-1-utf-8", "unicode11utf8", "unicode20utf8", "x-unicode20utf8"}


class Routes:
    """The paths and methods of the whole contract, and the operations among them that this function serves."""

    def __init__(self, document: Mapping[str, Any], served: Collection[str]) -> None:
        self._served = frozenset(served)
        self._security = document.get("security", [])
        self._paths: dict[int, list[tuple[list[str], Mapping[str, Mapping[str, Any]]]]] = {}
        # A literal path wins over a template that also matches it.
        for path, item in sorted(document["paths"].items(), key=lambda entry: "{" in entry[0]):
            operations = {method.upper(): item[method] for method in METHODS if method in item}
            segments = path.split("/")
            self._paths.setdefault(len(segments), []).append((segments, operations))

    def match(self, method: str, path: str) -> tuple[Mapping[str, Any], dict[str, str]]:
        """The operation that serves the request, and its path parameters.

        Raises the problem of an unknown path or method.
        """
        given = path.split("/")
        for segments, operations in self._paths.get(len(given), ()):
            if (parameters := _parameters(segments, given)) is not None:
                if operation := operations.get(method):
                    if operation["operationId"] not in self._served:
                        break  # the gateway sends it to another function
                    return operation, parameters
                allow = ", ".join(sorted(operations))
                raise Problem(METHOD_NOT_ALLOWED, f"Allowed here: {allow}.", headers={"Allow": allow})
        raise Problem(NOT_FOUND, "The API has no such path.")

    def is_public(self, operation: Mapping[str, Any]) -> bool:
        """Whether the operation needs no access token."""
        return not operation.get("security", self._security)


def _parameters(segments: Sequence[str], given: Sequence[str]) -> dict[str, str] | None:
    """The path parameters by name, or None if the given segments are not those of the path."""
    found = {}
    for segment, value in zip(segments, given, strict=True):
        if segment.startswith("{") and value and "\n" not in value:
            found[segment[1:-1]] = value
        elif segment != value:
            return None
    return found


class Guard:
    """ASGI middleware behind the error handler. It replaces Connexion's routing."""

    def __init__(self, app: ASGIApp, routes: Routes) -> None:
        self.app = app
        self.routes = routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or raise its problem.

        Connexion's context gets the operation, its path parameters and the verified user; the body becomes one message.
        """
        operation, scope["path_params"] = self.routes.match(scope["method"], scope["path"])
        scope["extensions"]["connexion_routing"] = {"api_base_path": "", "operation_id": operation["operationId"]}
        context = scope["extensions"]["connexion_context"]
        context["announcement"] = announcement(operation)
        if not self.routes.is_public(operation):
            claims = context.get("claims") or {}
            context["user"] = verified_user(claims)
            # The pool's name of the user, which differs from the sub for users who came through Google.
            context["username"] = claims.get("username") or context["user"]
            context["access_token"] = _bearer_token(scope)
        about_the_body: list[tuple[bytes, bytes]] = []
        body = b""  # a body that the operation does not declare, and its media type, mean nothing (RFC 9110)
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
    """The token that the gateway has verified. The gateway accepts it with and without the word Bearer."""
    for name, value in scope["headers"]:
        if name == b"authorization":
            return str(value.decode("latin-1").rpartition(" ")[2])
    return ""


def verified_user(claims: Mapping[str, Any]) -> str:
    """The user whose access token the gateway has verified. Raises the problem of a token that is no access token.

    API Gateway checks signature, issuer, audience and expiry, but not the token's use: it also lets an identity token
    pass, which has the same audience.
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
    """The media type of the body, without its parameters. Raises the problem of one that is not accepted."""
    headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
    media_type: str
    media_type, _, parameters = headers.get(b"content-type", "" if body else accepted[0]).partition(";")
    media_type = media_type.strip().lower()
    encoded = headers.get(b"content-encoding", "identity").strip().lower() != "identity"
    if media_type not in accepted or not _is_utf_8(parameters) or encoded:
        raise Problem(UNSUPPORTED_MEDIA_TYPE, f"Send the body as {' or '.join(accepted)}, in UTF-8.")
    return media_type


def _is_utf_8(parameters: str) -> bool:
    """Whether the parameters name no charset other than UTF-8. JSON gives no meaning to other parameters."""
    charsets = [
        value.strip()
        for each in parameters.split(";")
        for name, _, value in [each.partition("=")]
        if name.strip().lower() == "charset"
    ]
    return all(value.strip('"').lower() in UTF_8 for value in charsets)
