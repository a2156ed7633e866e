"""A trade's version as its entity tag (RFC 9110, sections 8.8.3, 13.1.1 and 13.1.2)."""

from __future__ import annotations

import re
from collections.abc import Callable

_TAG = re.compile(r'(W/)?("[!#-~]*")')


def etag(version: int, *, with_images: bool = False) -> str:
    """The strong entity tag of a version, alone or shown with images: their addresses and uploads have no version."""
    return f'"{version}+images"' if with_images else f'"{version}"'


def if_match(header: str | None) -> Callable[[int], bool]:
    """Whether the header allows the change of a trade at a version: `*` and no header allow any, a weak tag none."""
    if header is None or header == "*":
        return lambda _: True
    allowed = {tag for weak, tag in _TAG.findall(header) if not weak}
    return lambda version: not allowed.isdisjoint((etag(version), etag(version, with_images=True)))


def fits_if_none_match(header: str, version: int) -> bool:
    """Whether the client already has the version, shown without images."""
    return header == "*" or any(tag == etag(version) for _, tag in _TAG.findall(header))
