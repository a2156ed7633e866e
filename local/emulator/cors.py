"""The CORS headers of an HTTP API, from the CORS configuration of its OpenAPI body.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html
"""

from collections.abc import Mapping
from typing import Any

Json = dict[str, Any]

PREFIX = "access-control-"


def headers(settings: Json, method: str, request: Mapping[str, str]) -> dict[str, str]:
    """The CORS headers of an answer, the gateway's or an integration's; empty if the origin is not allowed.

    `request` has the request's headers, with their names in lower case. A request without Origin gets none, and
    neither does OPTIONS unless it is a preflight that the configuration allows.
    """
    origin = request.get("origin", "")
    allowed = _allowed_origin(settings.get("allowOrigins", []), origin)
    if allowed is None:
        return {}
    added = {"access-control-allow-origin": allowed}
    if settings.get("allowCredentials") and allowed != "*":
        added["access-control-allow-credentials"] = "true"
    if method == "OPTIONS":
        if not _is_allowed_preflight(settings, request):
            return {}
        added["access-control-allow-methods"] = ",".join(settings.get("allowMethods", []))
        added["access-control-allow-headers"] = ",".join(settings.get("allowHeaders", []))
        if "maxAge" in settings:
            added["access-control-max-age"] = str(settings["maxAge"])
    elif settings.get("exposeHeaders"):
        added["access-control-expose-headers"] = ",".join(settings["exposeHeaders"])
    return added


def without(answered: Json) -> Json:
    """The headers of an integration's answer without its own CORS headers: the gateway ignores them."""
    return {name: value for name, value in answered.items() if not name.lower().startswith(PREFIX)}


def _allowed_origin(allowed: list[str], origin: str) -> str | None:
    if not origin:
        return None
    if "*" in allowed:
        return "*"
    scheme = origin.partition("://")[0].lower()
    names = {name.lower() for name in allowed}
    return origin if origin.lower() in names or f"{scheme}://*" in names else None


def _is_allowed_preflight(settings: Json, request: Mapping[str, str]) -> bool:
    method = request.get("access-control-request-method", "")
    wanted = [name.strip().lower() for name in request.get("access-control-request-headers", "").split(",")]
    methods = settings.get("allowMethods", [])
    names = [name.lower() for name in settings.get("allowHeaders", [])]
    return (
        bool(method)
        and (method in methods or "*" in methods)
        and ("*" in names or all(name in names for name in wanted if name))
    )
