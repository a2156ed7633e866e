"""Point values of futures: the table is whole, and a symbol finds its root however a broker writes it."""

from decimal import Decimal

import pytest

from handlers.journal.point_values import POINT_VALUES, point_value


def test_every_row_has_a_source_a_value_and_a_root_of_its_own() -> None:
    assert len(POINT_VALUES) > 120
    for root, row in POINT_VALUES.items():
        assert root == row.root
        assert row.value > 0
        assert row.source in {"L", "A", "E", "S"}
        assert row.exchange in {"CME", "CBOT", "NYMEX", "COMEX", "CFE", "ICE", "EUREX"}
        assert len(row.currency) == 3


@pytest.mark.parametrize(
    ("symbol", "value"),
    [
        ("ES", "50"),
        ("ESZ5", "50"),
        ("esz25", "50"),
        ("/ESZ2025", "50"),
        ("/MES", "5"),
        ("MESH6.CME", "5"),
        ("CME_MINI:NQ1!", "20"),
        ("MNQ 12-25", "2"),
        ("6EH6", "125000"),
        ("M2KM6", "5"),
        ("SR3Z5", "2500"),
        ("ZBU5", "1000"),
        ("1OZG6", "1"),
        ("FDAXZ5", "25"),
        ("MYMZ5", "0.5"),
    ],
)
def test_a_contract_is_found_by_its_root(symbol: str, value: str) -> None:
    found = point_value(symbol)
    assert found is not None
    assert found.value == Decimal(value)


@pytest.mark.parametrize("symbol", ["", "XYZ", "XYZZ5", "ESX", "ES Z5", "AAPL", "MESSZ5", "ES-Z5", "ESA5", "ESZ19999"])
def test_a_root_that_is_not_known_has_no_value(symbol: str) -> None:
    assert point_value(symbol) is None


def test_a_micro_contract_is_a_tenth_of_its_parent() -> None:
    for micro, parent in (
        ("MES", "ES"),
        ("MNQ", "NQ"),
        ("MYM", "YM"),
        ("M2K", "RTY"),
        ("MGC", "GC"),
        ("MCL", "CL"),
        ("MHG", "HG"),
        ("M6E", "6E"),
        ("M6A", "6A"),
        ("MNG", "NG"),
        ("VXM", "VX"),
    ):
        assert POINT_VALUES[micro].value * 10 == POINT_VALUES[parent].value
