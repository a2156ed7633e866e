"""HEIC (ISO/IEC 23008-12 in ISO/IEC 14496-12): boxes, of which `meta` says which items are pictures and where they lie.

The primary item is the picture: coded with HEVC, or derived from items that are, as phones compose theirs of tiles.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from handlers.journal.image_formats.reading import BLOCK, Reader
from handlers.journal.images import ImageRejected, Rejection

SIGNATURE = b"ftyp"

_HEVC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"}
# mif1 and msf1 are brands of any HEIF file; its primary item tells the codec.
BRANDS = _HEVC_BRANDS | {b"mif1", b"msf1"}

_CODED, _DERIVED = b"hvc1", {b"grid", b"iovl", b"iden"}
# The meta box holds no picture; phones write some kilobytes.
_LONGEST_META = BLOCK


def check(reader: Reader) -> None:
    """Raises ImageRejected unless all boxes are whole, and the primary item has dimensions and lies in the file."""
    meta: bytes | None = None
    while reader.left:
        reader.count_part()
        length, name = reader.number(4), reader.take(4)
        length = reader.left if length == 0 else reader.number(8) - 16 if length == 1 else length - 8
        if length < 0:
            raise reader.malformed("has a box that is shorter than its own header")
        if name == b"meta" and meta is None:
            if length > _LONGEST_META:
                raise reader.malformed(f"has a meta box of more than {_LONGEST_META} bytes")
            meta = reader.take(length)
        else:
            reader.skip(length)
    if meta is None:
        raise reader.without_picture("has no meta box")
    _check_items(reader, _read_meta(reader, meta))


@dataclass
class _Items:
    """What a meta box says of the file's items, by their ids."""

    primary: int | None = None
    types: dict[int, bytes] = field(default_factory=dict)
    # Where the items' data is: in the file, or else in the meta box itself; start and length.
    extents: dict[int, list[tuple[bool, int, int]]] = field(default_factory=dict)
    data: bytes = b""
    properties: list[tuple[bytes, bytes]] = field(default_factory=list)
    # Places in the list of properties, counted from 1.
    associations: dict[int, list[int]] = field(default_factory=dict)

    def properties_of(self, item: int, name: bytes) -> list[bytes]:
        """The contents of the item's properties of this name."""
        places = [place for place in self.associations.get(item, ()) if 0 < place <= len(self.properties)]
        found = (self.properties[place - 1] for place in places)
        return [content for kind, content in found if kind == name]


def _check_items(reader: Reader, items: _Items) -> None:
    primary = items.primary
    kind = items.types.get(primary) if primary is not None else None
    if primary is None or kind is None:
        raise reader.without_picture("has no primary item")
    if kind != _CODED and kind not in _DERIVED:
        raise ImageRejected(
            Rejection.UNKNOWN_TYPE,
            "The file is a HEIF image that is not coded with HEVC. Only HEIC images can be uploaded.",
        )
    for name, content in items.properties:
        if name == b"ispe":
            reader.dimensions(*_extent_of(reader, content))
    if not items.properties_of(primary, b"ispe"):
        raise reader.malformed("does not say the dimensions of its primary item")
    coded = [item for item, kind in items.types.items() if kind == _CODED]
    if not coded:
        raise reader.without_picture("has no item that is coded with HEVC")
    for item in coded:
        if not items.properties_of(item, b"hvcC"):
            raise reader.malformed("has an item without the configuration of its decoder")
    for item in (primary, *coded):
        if item == primary and kind == b"iden":
            continue  # it has no data of its own
        _check_extents(reader, items, item)
    if kind == b"grid":
        _check_grid(reader, items, primary)


def _check_grid(reader: Reader, items: _Items, item: int) -> None:
    """Check the dimensions in the header of a grid of tiles, which decoders use."""
    is_in_file, start, length = items.extents[item][0]
    if is_in_file:
        reader.seek(start)
        data = reader.take(min(length, 12))
    else:
        data = items.data[start : start + length]
    cursor = _Cursor(reader, data)
    is_long = cursor.number(2) & 1  # version and flags
    cursor.take(2)  # rows and columns
    reader.dimensions(*(cursor.number(4 if is_long else 2) for _ in range(2)))


def _check_extents(reader: Reader, items: _Items, item: int) -> None:
    extents = items.extents.get(item, [])
    if not any(length for _, _, length in extents):
        raise reader.without_picture("has an item without data")
    for is_in_file, start, length in extents:
        if start + length > (reader.size if is_in_file else len(items.data)):
            raise reader.truncated()


def _extent_of(reader: Reader, content: bytes) -> tuple[int, int]:
    cursor = _Cursor(reader, content, 4)
    return cursor.number(4), cursor.number(4)


class _Cursor:
    """Reads numbers from a box that is in memory. Raises ImageRejected with MALFORMED where it ends."""

    def __init__(self, reader: Reader, data: bytes, start: int = 0) -> None:
        self._reader = reader
        self._data = data
        self._position = start

    def take(self, count: int) -> bytes:
        data = self._data[self._position : self._position + count]
        if len(data) != count:
            raise self._reader.malformed("has a box that ends too early")
        self._position += count
        return data

    def number(self, count: int) -> int:
        return int.from_bytes(self.take(count), "big")

    def boxes(self) -> Iterator[tuple[bytes, bytes]]:
        """Names and contents of the boxes that follow."""
        while self._position < len(self._data):
            self._reader.count_part()
            length, name = self.number(4), self.take(4)
            if length < 8:
                raise self._reader.malformed("has a box that is shorter than its own header")
            yield name, self.take(length - 8)


def _read_meta(reader: Reader, meta: bytes) -> _Items:
    items = _Items()
    locations = b""
    # A full box: version and flags come first.
    for name, content in _Cursor(reader, meta, 4).boxes():
        cursor = _Cursor(reader, content)
        if name == b"pitm":
            items.primary = cursor.number(2 if cursor.number(4) >> 24 == 0 else 4)
        elif name == b"iinf":
            _read_types(reader, cursor, items)
        elif name == b"iloc":
            locations = content
        elif name == b"idat":
            items.data = content
        elif name == b"iprp":
            _read_properties(reader, cursor, items)
    if locations:
        _read_extents(reader, _Cursor(reader, locations), items)
    return items


def _read_types(reader: Reader, cursor: _Cursor, items: _Items) -> None:
    cursor.take(2 if cursor.number(4) >> 24 == 0 else 4)  # how many there are
    for name, content in cursor.boxes():
        entry = _Cursor(reader, content)
        version = entry.number(4) >> 24
        if name == b"infe" and version >= 2:
            item = entry.number(2 if version == 2 else 4)
            entry.take(2)
            items.types[item] = entry.take(4)


def _read_properties(reader: Reader, cursor: _Cursor, items: _Items) -> None:
    for name, content in cursor.boxes():
        inner = _Cursor(reader, content)
        if name == b"ipco":
            items.properties += inner.boxes()
        elif name == b"ipma":
            version_and_flags = inner.number(4)
            for _ in range(inner.number(4)):
                reader.count_part()
                item = inner.number(2 if version_and_flags >> 24 == 0 else 4)
                size, mask = (2, 0x7FFF) if version_and_flags & 1 else (1, 0x7F)  # the highest bit: is essential
                places = [inner.number(size) & mask for _ in range(inner.number(1))]
                items.associations.setdefault(item, []).extend(places)


def _read_extents(reader: Reader, cursor: _Cursor, items: _Items) -> None:
    version = cursor.number(4) >> 24
    sizes = cursor.number(2)
    offset_size, length_size, base_size = (sizes >> shift & 15 for shift in (12, 8, 4))
    index_size = sizes & 15 if version else 0
    for _ in range(cursor.number(2 if version < 2 else 4)):
        reader.count_part()
        item = cursor.number(2 if version < 2 else 4)
        method = cursor.number(2) & 15 if version else 0
        is_elsewhere = cursor.number(2) != 0  # in another file, which does not come along
        base = cursor.number(base_size)
        extents = items.extents.setdefault(item, [])
        for _ in range(cursor.number(2)):
            reader.count_part()
            cursor.number(index_size)
            start, length = base + cursor.number(offset_size), cursor.number(length_size)
            whole = reader.size if method == 0 else len(items.data)
            if not is_elsewhere and method in (0, 1):
                extents.append((method == 0, start, length or max(0, whole - start)))
