"""The operations that serve the contract, the docs page and the pages of the problem types."""

from __future__ import annotations

import re
from collections.abc import Mapping

from starlette.responses import Response

from handlers.web import public_documents
from handlers.web.connexion.lean import request
from handlers.web.problems import NOT_FOUND, Problem

# Admits no name that leads out of the folder of the pages.
_PROBLEM_TYPE = re.compile(r"[a-z]+(-[a-z]+)*")


async def get_open_api(if_none_match: str | None = None) -> Response:
    """Serve the contract as it was written."""
    return _serve("openapi.yaml", "application/yaml", if_none_match)


async def get_docs(if_none_match: str | None = None) -> Response:
    """Serve the docs page."""
    policy = public_documents.text_of("policy.txt")
    headers = {"Content-Security-Policy": policy, "Referrer-Policy": "no-referrer"}
    return _serve("docs.html", "text/html", if_none_match, headers)


async def get_problem(problem_type: str, if_none_match: str | None = None) -> Response:
    """Serve the page that explains a type of problem."""
    name = f"problems/{problem_type}.html"
    if _PROBLEM_TYPE.fullmatch(problem_type) is None or not public_documents.exists(name):
        raise Problem(NOT_FOUND, "There is no such type of problem.")
    policy = public_documents.text_of("problems/policy.txt")
    headers = {"Content-Security-Policy": policy, "Referrer-Policy": "no-referrer"}
    return _serve(name, "text/html", if_none_match, headers)


# HEAD is answered as GET; handlers/entry/http.py removes the body.
head_open_api = get_open_api
head_docs = get_docs
head_problem = get_problem


def _serve(name: str, media_type: str, if_none_match: str | None, headers: Mapping[str, str] | None = None) -> Response:
    return public_documents.serve(
        name,
        media_type,
        accept_encoding=request.headers.get("accept-encoding"),
        if_none_match=if_none_match,
        headers=headers,
    )
