"""Where operations are: servers with their variables, and path templates."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

from openapi.breaking.documents import Document

_PARAMETER = re.compile(r"\{[^}]*\}")
_HOST = re.compile(r"^[a-z][a-z0-9+.-]*://[^/]*", re.IGNORECASE)


def servers(document: Document, item: Document, operation: Document) -> tuple[str, Sequence[Document]]:
    """The servers of an operation with the place that names them: its own, its path's or the document's."""
    for place, level in (("operation", operation), ("path", item), ("document", document)):
        if level.get("servers"):
            return place, level["servers"]
    return "document", [{"url": "/"}]


def bases(server: Mapping[str, Any]) -> set[str]:
    """The addresses that a server stands for: a variable takes its enumerated values, else its default."""
    variables = server.get("variables", {})
    names = list(variables)
    choices = [
        [str(one) for one in variables[name].get("enum", [variables[name].get("default", "")])] for name in names
    ]
    found = set()
    for chosen in product(*choices):
        url = server.get("url", "")
        for name, value in zip(names, chosen, strict=True):
            url = url.replace(f"{{{name}}}", value)
        # The case of scheme and host does not count.
        found.add(_HOST.sub(lambda host: host[0].lower(), url).rstrip("/"))
    return found


def template(path: str) -> str:
    """A path with the names of its parameters left out."""
    return _PARAMETER.sub("{}", path)


def routes(document: Document, path: str, item: Document, operation: Document) -> set[str]:
    """The whole addresses at which an operation is, without the names of parameters."""
    _, named = servers(document, item, operation)
    return {base + template(path) for server in named for base in bases(server)}
