"""Serves public documents: files that were built in advance, plain or compressed, and that caches may keep.

The folder PUBLIC_DOCUMENTS holds three files of each document: the plain one under its name, the compressed ones under
its name with `.gz` and `.br` (openapi/public_documents.py writes them). Each has a strong entity tag of its own, a
digest of its bytes, since a strong tag promises equal bytes (RFC 9110, section 8.8.3).
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from starlette.responses import Response

from handlers.web.etags import digest_etag, has_tag
from handlers.web.problems import NOT_ACCEPTABLE, Problem

CACHED = {"Cache-Control": "public, max-age=300", "Vary": "Accept-Encoding"}

_CODING = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+)(?:[ \t]*;[ \t]*q=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?))?")
_GZIP, _ALSO_GZIP, _BROTLI = "gzip", "x-gzip", "br"
_ENDING_OF = {None: "", _GZIP: ".gz", _BROTLI: ".br"}


def serve(
    name: str,
    media_type: str,
    *,
    accept_encoding: str | None,
    if_none_match: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Answer with a document, or with 304 when the client has it already.

    Args:
        name: the document's file in PUBLIC_DOCUMENTS.
        media_type: its content type.
        accept_encoding: the request's header, None without one.
        if_none_match: the request's header, None without one.
        headers: further headers of this document.

    Raises:
        Problem: when the client takes the document neither plain nor compressed.
    """
    coding = _coding(accept_encoding)
    content, tag = _representation(name + _ENDING_OF[coding])
    described = {**CACHED, **(headers or {}), "ETag": tag}
    if if_none_match is not None and has_tag(if_none_match, tag):
        return Response(None, 304, described)
    return Response(content, 200, {**described, **({} if coding is None else {"Content-Encoding": coding})}, media_type)


def text_of(name: str) -> str:
    """The text of a file in the same folder, such as a policy that is sent as a header."""
    return _read(name).decode()


def exists(name: str) -> bool:
    """Whether there is a document of this name."""
    return (_folder() / name).is_file()


@cache
def _representation(name: str) -> tuple[bytes, str]:
    content = _read(name)
    return content, digest_etag(content)


@cache
def _read(name: str) -> bytes:
    return (_folder() / name).read_bytes()


def _folder() -> Path:
    return Path(os.environ["PUBLIC_DOCUMENTS"])


def _coding(accept_encoding: str | None) -> str | None:
    """The content coding to send, by RFC 9110, section 12.5.3; None for the plain form.

    Of forms that the client weighs equally, the smallest is sent. Brotli is sent only if the header names it, since `*`
    may come from a client that knows gzip alone. A client without the header gets the plain form. Raises the problem of
    a client that refuses all forms.
    """
    if accept_encoding is None:
        return None
    weights = _weights(accept_encoding)
    others = weights.get("*")
    brotli = weights.get(_BROTLI, 0)
    gzip = max((weights[name] for name in (_GZIP, _ALSO_GZIP) if name in weights), default=others)
    plain = weights.get("identity", others)
    if brotli > 0 and brotli >= max(gzip or 0, plain or 0):
        return _BROTLI
    if plain == 0:
        # It cannot be sent plain; compressed, it is no worse for a client that has not refused gzip.
        if gzip == 0:
            raise Problem(
                NOT_ACCEPTABLE,
                "The document comes plain or compressed with gzip or Brotli; Accept-Encoding refuses all.",
            )
        return _GZIP
    return _GZIP if gzip is not None and gzip > 0 and gzip >= (plain or 0) else None


def _weights(accept_encoding: str) -> dict[str, float]:
    """The weight of each content coding that the header names. Malformed elements are ignored."""
    found = [_CODING.fullmatch(each.strip(" \t")) for each in accept_encoding.lower().split(",")]
    return {match[1]: float(match[2] or 1) for match in found if match}
