"""The operations that serve the contract and the page that shows it, as they were built."""

from __future__ import annotations

import os
import re
from functools import cache
from pathlib import Path

from starlette.responses import Response

from handlers.web.connexion.imports import request

CONTRACT = Path(__file__).parents[2] / "openapi" / "openapi.yaml"
# Named, and not with the weight 0 that refuses it (RFC 9110, section 12.5.3).
TAKES_GZIP = re.compile(r"\bgzip\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))", re.IGNORECASE)
CACHED = {"Cache-Control": "public, max-age=300"}


@cache
def _file(path: Path) -> bytes:
    return path.read_bytes()


def _page() -> Path:
    return Path(os.environ["DOCS_PAGE"])


async def get_open_api() -> Response:
    """Serve the contract as it was written."""
    return Response(_file(CONTRACT), 200, CACHED, "application/yaml")


async def get_docs() -> Response:
    """Serve the page that shows the contract."""
    headers = {
        **CACHED,
        "Content-Security-Policy": _file(_page() / "policy.txt").decode(),
        "Referrer-Policy": "no-referrer",
        "Vary": "Accept-Encoding",
    }
    if TAKES_GZIP.search(request.headers.get("accept-encoding", "")):
        return Response(_file(_page() / "docs.html.gz"), 200, {**headers, "Content-Encoding": "gzip"}, "text/html")
    return Response(_file(_page() / "docs.html"), 200, headers, "text/html")
