"""The files of imports in the users' bucket, below imports/<userId>/<importId>/.

| name | what it is |
|---|---|
| file | what the user uploaded |
| decisions-<id>.json.gz | what the user decided of single rows |
| <report>/rows-NNNN.ndjson.gz | up to 5 000 decided rows |
| <report>/trades-NNNN.ndjson.gz | up to 1 000 trades as they would change |
| <report>/totals.json | what the trades would add up to |

A reading writes its report under a new id, and the import names it only once it is whole: so two readings at once never
mix, and one that breaks off leaves nothing that anybody sees.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from typing import Any, NamedTuple

from handlers.imports.decided import DecidedRow
from handlers.imports.record import MOST_BYTES, TIME_TO_SEND
from handlers.storage import bucket
from handlers.storage.clients import failures_are_unavailable, files_bucket, s3
from handlers.storage.codec import Codec

ROWS, ROWS_IN_A_FILE = "rows", 5_000
TRADES, TRADES_IN_A_FILE = "trades", 1_000
_FILE = "file"
_CHUNK = 256 * 1024
# As quick as writing the text itself, and a tenth of its size.
_COMPRESSION = 1

_ROWS = Codec(DecidedRow, maps={"of", "fill", "instrument", "cash", "action"})


class Place(NamedTuple):
    """The import whose files are meant."""

    user_id: str
    import_id: str

    @property
    def prefix(self) -> str:
        """What the keys of all of its files begin with."""
        return f"{bucket.IMPORTS}{self.user_id}/{self.import_id}/"


def place_of(key: str) -> Place | None:
    """The import to which the key of an uploaded file belongs; None for a key that no form was made for."""
    match key.split("/"):
        case ["imports", user_id, import_id, "file"] if user_id and import_id:
            return Place(user_id, import_id)
    return None


def form(place: Place) -> tuple[str, dict[str, str]]:
    """Address and fields of a form that sends the import's file, within the size limit."""
    with failures_are_unavailable():
        signed = s3().generate_presigned_post(
            files_bucket(),
            place.prefix + _FILE,
            Conditions=[["content-length-range", 1, MOST_BYTES]],
            ExpiresIn=int(TIME_TO_SEND.total_seconds()),
        )
    return signed["url"], signed["fields"]


def chunks(place: Place, version: str) -> Iterator[bytes]:
    """The uploaded file, at that version, piece by piece. Raises Unavailable."""
    answer = s3().get_object(Bucket=files_bucket(), Key=place.prefix + _FILE, VersionId=version)
    with failures_are_unavailable(), closing(answer["Body"]) as body:
        yield from body.iter_chunks(_CHUNK)


def delete_upload(place: Place, version: str) -> None:
    """Delete one version of an uploaded file for good. Safe to repeat."""
    s3().delete_object(Bucket=files_bucket(), Key=place.prefix + _FILE, VersionId=version)


def write_rows(place: Place, report: str, number: int, rows: Iterable[DecidedRow]) -> None:
    """Write one file of a report's rows; numbers count from 0."""
    _write(place, report, ROWS, number, map(_ROWS.item, rows))


def read_rows(place: Place, report: str, number: int) -> Iterator[DecidedRow]:
    """The rows of one file of a report, in their order. Raises Unavailable."""
    return map(_ROWS.instance, _read(place, report, ROWS, number))


def write_trades(place: Place, report: str, number: int, changes: Iterable[Mapping[str, Any]]) -> None:
    """Write one file of a report's trades, each with its former state as JSON; numbers count from 0."""
    _write(place, report, TRADES, number, changes)


def read_trades(place: Place, report: str, number: int) -> Iterator[Any]:
    """The trades of one file of a report, in their order. Raises Unavailable."""
    return _read(place, report, TRADES, number)


def write_small(place: Place, name: str, content: Any) -> None:
    """Write a small file of the import, as JSON."""
    bucket.write_whole(place.prefix + name, gzip.compress(json.dumps(content).encode(), _COMPRESSION))


def read_small(place: Place, name: str) -> Any:
    """The content of a small file of the import, which is there. Raises Unavailable."""
    content = bucket.read_whole(place.prefix + name)
    if content is None:
        raise AssertionError(f"{name} is deleted only with its import")
    return json.loads(gzip.decompress(content))


def _write(place: Place, report: str, kind: str, number: int, items: Iterable[Mapping[str, Any]]) -> None:
    lines = "".join(json.dumps(item, separators=(",", ":")) + "\n" for item in items)
    bucket.write_whole(_part(place, report, kind, number), gzip.compress(lines.encode(), _COMPRESSION))


def _read(place: Place, report: str, kind: str, number: int) -> Iterator[Any]:
    content = bucket.read_whole(_part(place, report, kind, number))
    if content is None:
        raise AssertionError("a report that an import names is whole")
    return map(json.loads, gzip.decompress(content).splitlines())


def _part(place: Place, report: str, kind: str, number: int) -> str:
    return f"{place.prefix}{report}/{kind}-{number:04}.ndjson.gz"
