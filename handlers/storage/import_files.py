"""The files of imports in the users' bucket, below imports/<userId>/<importId>/.

| name | what it is |
|---|---|
| file | what the user uploaded |
| decisions-<id>.json.gz | what the user decided of single rows |
| undo.json.gz | trades by hand and executions as they were before the commit changed them |
| left-over-notes.ndjson.gz | trades with notes that vanished when the import was undone |
| <report>/rows-NNNN.ndjson.gz | up to 5 000 decided rows |
| <report>/trades-NNNN.ndjson.gz | up to 1 000 trades as they would change |
| <report>/totals.json.gz | what the trades would add up to |
| <report>/table.json.gz | header and first rows of a table that needs a mapping |

A reading writes its report under a new id, and the import names it only once it is whole: so two readings at once never
mix, and one that breaks off leaves nothing that anybody sees.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from datetime import timedelta
from typing import Any, NamedTuple

from handlers.imports.decided import DecidedRow
from handlers.imports.record import MOST_BYTES, TIME_TO_SEND
from handlers.journal.executions import RecordedExecution
from handlers.journal.trade import Trade
from handlers.storage import bucket, image_files
from handlers.storage.clients import failures_are_unavailable, files_bucket, s3
from handlers.storage.codec import Codec
from handlers.storage.trade_items import trade_item, trade_of

ROWS, ROWS_IN_A_FILE = "rows", 5_000
TRADES, TRADES_IN_A_FILE = "trades", 1_000
_FILE = "file"
_UNDO, LEFT_OVER = "undo.json.gz", "left-over-notes.ndjson.gz"
_CHUNK = 256 * 1024
# As quick as writing the text itself, and a tenth of its size.
_COMPRESSION = 1

# One for all lines: to make one takes a third of the time of a line.
_ENCODER = json.JSONEncoder(separators=(",", ":"), check_circular=False)

_ROWS = Codec(DecidedRow, maps={"of", "fill", "instrument", "cash", "action"})
_EXECUTIONS = Codec(RecordedExecution, maps=("instrument",))


class ImportFolder(NamedTuple):
    """The import whose files are meant."""

    user_id: str
    import_id: str

    @property
    def prefix(self) -> str:
        """What the keys of all of its files begin with."""
        return f"{bucket.IMPORTS}{self.user_id}/{self.import_id}/"


def folder_of(key: str) -> ImportFolder | None:
    """The import to which the key of an uploaded file belongs; None for a key that no form was made for."""
    match key.split("/"):
        case ["imports", user_id, import_id, "file"] if user_id and import_id:
            return ImportFolder(user_id, import_id)
    return None


def form(place: ImportFolder) -> tuple[str, dict[str, str]]:
    """Address and fields of a form that sends the import's file, within the size limit."""
    with failures_are_unavailable():
        signed = s3().generate_presigned_post(
            files_bucket(),
            place.prefix + _FILE,
            Fields={},
            Conditions=[["content-length-range", 1, MOST_BYTES]],
            ExpiresIn=int(TIME_TO_SEND.total_seconds()),
        )
    return signed["url"], signed["fields"]


def chunks(place: ImportFolder, version: str) -> Iterator[bytes]:
    """The uploaded file, at that version, piece by piece. Raises Unavailable."""
    answer = s3().get_object(Bucket=files_bucket(), Key=place.prefix + _FILE, VersionId=version)
    with failures_are_unavailable(), closing(answer["Body"]) as body:
        yield from body.iter_chunks(_CHUNK)


def delete_upload(place: ImportFolder, version: str) -> None:
    """Delete one version of an uploaded file for good. Safe to repeat."""
    s3().delete_object(Bucket=files_bucket(), Key=place.prefix + _FILE, VersionId=version)


def delete_report(place: ImportFolder, report: str) -> None:
    """Delete what a reading has written. Safe to repeat."""
    image_files.delete_all(f"{place.prefix}{report}/")


def delete_all(place: ImportFolder) -> int:
    """Delete all files of the import, for good. Returns how many there were. Safe to repeat."""
    return image_files.delete_all(place.prefix)


def write_rows(place: ImportFolder, report: str, number: int, rows: Iterable[DecidedRow]) -> None:
    """Write one file of a report's rows; numbers count from 0."""
    _write(place, report, ROWS, number, map(_ROWS.item, rows))


def read_rows(place: ImportFolder, report: str, number: int) -> Iterator[DecidedRow]:
    """The rows of one file of a report, in their order. Raises Unavailable."""
    return map(_ROWS.instance, _read(place, report, ROWS, number))


def write_trades(place: ImportFolder, report: str, number: int, changes: Iterable[Mapping[str, Any]]) -> None:
    """Write one file of a report's trades, each with its former state as JSON; numbers count from 0."""
    _write(place, report, TRADES, number, changes)


def read_trades(place: ImportFolder, report: str, number: int) -> Iterator[Any]:
    """The trades of one file of a report, in their order. Raises Unavailable."""
    return _read(place, report, TRADES, number)


def write_small(place: ImportFolder, name: str, content: Any) -> None:
    """Write a small file of the import, as JSON."""
    bucket.write_whole(place.prefix + name, gzip.compress(json.dumps(content).encode(), _COMPRESSION))


def read_small(place: ImportFolder, name: str) -> Any:
    """The content of a small file of the import, which is there. Raises Unavailable."""
    content = bucket.read_whole(place.prefix + name)
    if content is None:
        raise AssertionError(f"{name} is deleted only with its import")
    return json.loads(gzip.decompress(content))


class Kept(NamedTuple):
    """What undoing brings back, by id: trades that were recorded by hand and executions, as they were."""

    trades: Mapping[str, Trade]
    executions: Mapping[str, RecordedExecution]


def keep_for_undo(place: ImportFolder, kept: Kept) -> None:
    """Keep what a commit is about to change, in place of what was kept before."""
    content = {
        "trades": [trade_item(trade) for trade in kept.trades.values()],
        "executions": [_EXECUTIONS.item(one) for one in kept.executions.values()],
    }
    write_small(place, _UNDO, content)


def kept_for_undo(place: ImportFolder) -> Kept:
    """What was kept; nothing if the commit changed nothing. Raises Unavailable."""
    content = bucket.read_whole(place.prefix + _UNDO)
    found = {"trades": [], "executions": []} if content is None else json.loads(gzip.decompress(content))
    trades, executions = map(trade_of, found["trades"]), map(_EXECUTIONS.instance, found["executions"])
    return Kept({trade.trade_id: trade for trade in trades}, {one.execution_id: one for one in executions})


def leave_over(place: ImportFolder, trades: Iterable[Mapping[str, Any]]) -> int:
    """Add documents of trades to those whose notes are left over; returns how many there are then. Safe to repeat."""
    found = {trade["tradeId"]: trade for trade in left_over(place)}
    found |= {trade["tradeId"]: trade for trade in trades}
    lines = "".join(_ENCODER.encode(trade) + "\n" for trade in found.values())
    bucket.write_whole(place.prefix + LEFT_OVER, gzip.compress(lines.encode(), _COMPRESSION))
    return len(found)


def left_over_address(place: ImportFolder, valid_for: timedelta) -> str:
    """An address from which a browser saves the trades whose notes are left over."""
    return bucket.address(place.prefix + LEFT_OVER, name=LEFT_OVER, media_type="application/gzip", valid_for=valid_for)


def left_over(place: ImportFolder) -> list[Any]:
    """The documents of the trades whose notes are left over. Raises Unavailable."""
    content = bucket.read_whole(place.prefix + LEFT_OVER)
    return [] if content is None else [json.loads(line) for line in gzip.decompress(content).splitlines()]


def _write(place: ImportFolder, report: str, kind: str, number: int, items: Iterable[Mapping[str, Any]]) -> None:
    lines = "".join(_ENCODER.encode(item) + "\n" for item in items)
    bucket.write_whole(_part(place, report, kind, number), gzip.compress(lines.encode(), _COMPRESSION))


def _read(place: ImportFolder, report: str, kind: str, number: int) -> Iterator[Any]:
    content = bucket.read_whole(_part(place, report, kind, number))
    if content is None:
        raise AssertionError("a report that an import names is whole")
    return map(json.loads, gzip.decompress(content).splitlines())


def _part(place: ImportFolder, report: str, kind: str, number: int) -> str:
    return f"{place.prefix}{report}/{kind}-{number:04}.ndjson.gz"
