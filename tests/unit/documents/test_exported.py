"""An archive holds each field of a thing: its columns are the contract's properties, so a restore takes it, too."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from handlers.documents import exported, ledger
from handlers.documents.fields import Column
from handlers.web.contract import contract

SCHEMAS = contract()["components"]["schemas"]

# What the executions of a trade determine, which its document then lacks.
OF_EXECUTIONS = {"symbol", "side", "multiplier", "status", "accountId", "currency", "entries", "closes", "splits"}


def names(columns: Sequence[Column]) -> list[str]:
    return [name for name, _, _ in columns]


@pytest.mark.parametrize(
    ("schema", "columns"),
    [
        ("ExportedAccount", exported._ACCOUNT),
        ("ExportedAction", exported._ACTION),
        ("ExportedClose", exported._CLOSE),
        ("ExportedExecution", exported._EXECUTION),
        ("ExportedImage", exported._IMAGE),
        ("ExportedTrade", exported._TRADE),
        ("Instrument", exported._INSTRUMENT),
        ("Settings", ledger._SETTINGS),
        ("Cash", ledger._CASH),
        ("Reconciliation", ledger._RECONCILIATION),
    ],
)
def test_an_archive_holds_the_contracts_properties_in_their_order(schema: str, columns: Sequence[Column]) -> None:
    assert names(columns) == list(SCHEMAS[schema]["properties"])


def test_an_archive_holds_of_a_group_its_fields_and_then_its_trades() -> None:
    assert [*names(exported._GROUP), "tradeIds"] == list(SCHEMAS["ExportedGroup"]["properties"])


def test_an_archive_holds_of_a_trade_of_executions_what_these_do_not_determine() -> None:
    assert names(exported.OF_LEDGER) == [
        name for name in SCHEMAS["ExportedTrade"]["properties"] if name not in OF_EXECUTIONS
    ]


def test_moods_stand_in_the_contracts_order() -> None:
    assert list(exported.MOODS) == list(SCHEMAS["Psychology"]["properties"])
