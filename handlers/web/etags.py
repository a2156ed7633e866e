"""Entity tags (RFC 9110, sections 8.8.3, 13.1.1 and 13.1.2), made of a trade's version or of an answer's digest."""

from __future__ import annotations

import re
from collections.abc import Callable
from hashlib import sha256

from handlers.web.problems import PRECONDITION_REQUIRED, Problem

_TAG = re.compile(r'(W/)?("[!#-~]*")')


def etag(version: int, *, with_images: bool = False) -> str:
    """The strong entity tag of a version.

    with_images: whether the answer shows images. Such an answer has a tag of its own, since the images' addresses and
    uploads change without the version.
    """
    return f'"{version}+images"' if with_images else f'"{version}"'


def if_match(header: str | None) -> Callable[[int], bool]:
    """The test of an If-Match header: whether it allows a change of the given version.

    `*` and a missing header allow every version; a weak tag allows none.
    """
    if header is None or header == "*":
        return lambda _: True
    allowed = {tag for weak, tag in _TAG.findall(header) if not weak}
    return lambda version: not allowed.isdisjoint((etag(version), etag(version, with_images=True)))


def required_if_match(header: str | None, what: str) -> Callable[[int], bool]:
    """The test of an If-Match header that has to name a version: that of what the user has looked at.

    what: it in words. Raises Problem without a header, and for `*`.
    """
    if header is None or header == "*":
        raise Problem(PRECONDITION_REQUIRED, f"Send the ETag of {what} in If-Match.")
    return if_match(header)


def fits_if_none_match(header: str, version: int) -> bool:
    """Whether the client already has the version, shown without images."""
    return has_tag(header, etag(version))


def digest_etag(body: bytes) -> str:
    """The strong entity tag of an answer without a version: a digest of its bytes."""
    return f'"{sha256(body).hexdigest()[:32]}"'


def has_tag(if_none_match: str, tag: str) -> bool:
    """Whether the header names the tag, strong or weak: a proxy that compresses an answer makes its tag weak."""
    return if_none_match == "*" or any(each == tag for _, each in _TAG.findall(if_none_match))
