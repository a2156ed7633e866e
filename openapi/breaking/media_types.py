"""Which media types are the same, and which a range such as `application/*` takes in."""

from __future__ import annotations

from collections.abc import Iterable


def normal(media_type: str) -> str:
    """A media type in lower case, without the charset that JSON has anyway."""
    kind, *parameters = [part.strip().lower() for part in media_type.split(";")]
    kept = sorted(one for one in parameters if one.replace('"', "") not in ("charset=utf-8", ""))
    return ";".join([kind, *kept])


def is_xml(media_type: str) -> bool:
    """Whether values are written as XML, in which the `xml` keywords of a schema decide how."""
    kind = normal(media_type).partition(";")[0]
    return kind.endswith(("/xml", "+xml"))


def covering(media_type: str, others: Iterable[str]) -> str | None:
    """The one of some media types that is this one, else the closest range that takes it in."""
    wanted = normal(media_type)
    kind = wanted.partition("/")[0]
    known = {normal(other): other for other in others}
    for candidate in (wanted, wanted.partition(";")[0], f"{kind}/*", "*/*"):
        if candidate in known:
            return known[candidate]
    return None
