"""Reports of MetaTrader: parts of positions, and cells that browsers do not show."""

from collections.abc import Iterator

from handlers.imports.markup import rows_of_html
from handlers.imports.reading import open_file
from handlers.imports.rows import ReportedFill, Row

HEADER = "Time,Position,Symbol,Type,Volume,Price,S / L,T / P,Time,Price,Commission,Swap,Profit\n"


def _rows(text: str) -> Iterator[Row]:
    reading = open_file([text.encode()])
    assert reading.format is not None
    assert reading.format.id == "mt5_positions"
    return reading.rows()


def test_parts_of_a_position_that_were_closed_apart_are_trades_of_their_own() -> None:
    part = "2026.01.05 09:00:00,7,EURUSD,buy,0.50 / 1.00,1.10000,,,2026.01.05 10:00:00,1.10100,-1,0,50.00\n"
    fills = [found for row in _rows(HEADER + part + part) for found in row.found]
    assert [(fill.pair_id, str(fill.quantity)) for fill in fills if isinstance(fill, ReportedFill)] == [
        ("7", "0.50"),
        ("7", "0.50"),
        ("7#2", "0.50"),
        ("7#2", "0.50"),
    ]


def test_a_table_without_title_lines_is_read() -> None:
    trade = "2026.01.05 09:00:00,7,USDCAD,sell,0.83,1.42017,,,2026.01.05 10:00:00,1.41896,0,0, 70.78\n"
    (row,) = _rows(HEADER + trade)
    assert row.error is None
    assert len(row.found) == 2


def test_a_cell_that_is_hidden_moves_no_other_one() -> None:
    page = '<table><tr><td>buy</td><td class="wide hidden" colspan="8">comment</td><td class>0.58</td></tr></table>'
    assert [row.cells for row in rows_of_html([page])] == [["buy", "0.58"]]
