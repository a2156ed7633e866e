"""Whatever a file holds, it is read in bounded memory or refused with a reason, and never ends in another error."""

import gc
import tracemalloc
from contextlib import suppress
from datetime import UTC, datetime
from itertools import chain, islice, repeat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.imports.format import Format
from handlers.imports.formats import FORMATS
from handlers.imports.proposals import proposal
from handlers.imports.reading import ReadingOptions, detect, open_file
from handlers.imports.refusals import FileRefused, Refusal
from handlers.imports.values import NOTHING, DateOrder, DecimalMark, Notation, side_and_effect
from tests.formats.expected import FOLDER

SAMPLES = [file.read_bytes() for file in sorted(FOLDER.glob("*/*")) if file.suffix in (".csv", ".xml", ".html", ".htm")]
cells = st.one_of(
    st.text(max_size=20),
    st.sampled_from(
        ["Buy", "-1.5", "$1,234.50", "20240105;093000", "1/5/2024", "--", "1e999", "(5)", "ESZ5", "Trade", "A|B"]
    ),
)


def read(data: bytes, options: ReadingOptions | None = None) -> None:
    with suppress(FileRefused):
        reading = open_file([data[at : at + 1_000] for at in range(0, len(data), 1_000)], options)
        if reading.format is None:
            proposal(reading.header, reading.sample)
            return
        for row in reading.rows():
            assert not (row.found and (row.skipped or row.error))
            assert (row.error is None) == (row.detail is None)
            assert all(len(cell) <= 200 for cell in row.raw.values())
            assert all(
                found.at.astimezone(UTC) > datetime.min.replace(tzinfo=UTC) for found in row.found if found.at.tzinfo
            )


@given(st.binary(max_size=2_000))
def test_random_bytes_are_read_or_refused(data: bytes) -> None:
    read(data)


@given(st.text(alphabet='abc,;\t|"\n\r<>/=&1. \0', max_size=500), st.sampled_from([each.id for each in FORMATS]))
def test_random_text_is_read_or_refused_as_any_format(text: str, format_id: str) -> None:
    read(text.encode())
    read(text.encode(), ReadingOptions(format_id=format_id))
    with suppress(FileRefused):
        detect(text)


@given(st.sampled_from(FORMATS), st.lists(st.lists(cells, max_size=14), max_size=6), st.sampled_from(",;\t|"))
def test_random_cells_below_the_header_of_a_format_are_read(of: Format, rows: list[list[str]], delimiter: str) -> None:
    header = [name.split("|")[0] for name in of.columns]
    quoted = ['"' + cell.replace('"', '""') + '"' for cell in header]
    lines = [delimiter.join(quoted), *(delimiter.join(f'"{cell}"' for cell in row) for row in rows)]
    read("\n".join(lines).encode("utf-8", "replace"))


@given(st.sampled_from(SAMPLES), st.data())
def test_files_of_which_bytes_are_changed_are_read_or_refused(sample: bytes, data: st.DataObject) -> None:
    changed = bytearray(sample)
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, len(changed) - 1))
        changed[at : at + data.draw(st.integers(0, 3))] = data.draw(
            st.sampled_from([b"", b'"', b"\n", b",", b"9" * 40, b"\xff"])
        )
    read(bytes(changed))


@given(cells)
def test_values_are_read_or_refused(text: str) -> None:
    for mark in DecimalMark:
        for order in DateOrder:
            notation = Notation(mark, order)
            for value in (notation.number, notation.moment, side_and_effect):
                with suppress(Refusal):
                    value(text)
    assert Notation().number(next(iter(NOTHING))) is None


@pytest.mark.parametrize(
    "line",
    [
        b'"01/02/2024","Buy","A","","1","$2","",""\n',
        b'"never closed,\n',
        b'"","\n',
        b",".join([b"x"] * 2_000) + b"\n",
    ],
)
def test_rows_that_were_read_are_not_kept(line: bytes) -> None:
    header = b'"Date","Action","Symbol","Description","Quantity","Price","Fees & Comm","Amount"\n'
    good = b'"01/02/2024","Buy","A","","1","$2","",""\n'
    rows = open_file(chain([header, good * 2_000], repeat(line * 20, 100))).rows()
    for _ in range(1_500):
        next(rows)
    tracemalloc.start()
    try:
        for _ in islice(rows, 1_000):
            pass
        gc.collect()  # the errors of rows refer to themselves
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 3_000_000
