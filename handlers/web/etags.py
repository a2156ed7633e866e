"""A trade's version as its entity tag (RFC 9110, sections 8.8.3, 13.1.1 and 13.1.2)."""

from __future__ import annotations

import re

_TAG = re.compile(r'(W/)?("[!#-~]*")')


def etag(version: int, *, with_images: bool = False) -> str:
    """The strong entity tag of a version, alone or shown with images: their addresses and uploads have no version."""
    return f'"{version}+images"' if with_images else f'"{version}"'


def fits_if_match(header: str, version: int) -> bool:
    """Whether the version, however shown, is one of those that the change may be made to; a weak tag never is."""
    fitting = (etag(version), etag(version, with_images=True))
    return header == "*" or any(not weak and tag in fitting for weak, tag in _TAG.findall(header))


def fits_if_none_match(header: str, version: int) -> bool:
    """Whether the client already has the version, shown without images."""
    return header == "*" or any(tag == etag(version) for _, tag in _TAG.findall(header))
