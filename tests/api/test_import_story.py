"""A file from its form to the journal, and back."""

from __future__ import annotations

from typing import Any

import pytest

from handlers.imports.record import Import, ImportStatus
from handlers.storage import imports
from handlers.storage.accounts import Account
from handlers.usecases.export_account import SECTIONS
from tests.api.applying import Applying
from tests.api.client import DANA, Client
from tests.api.importing import Importing, a_file, pages
from tests.api.test_convert_trade import hand_made
from tests.api.test_executions import fill, put, trades
from tests.api.test_import_undo import journal, like_before

pytestmark = pytest.mark.usefixtures("bucket")

ROWS = ("0 Buy 100 AAPL 10", "1 Buy 5 MSFT 20", "2 Sell 60 AAPL 11", "2 Sell 60 AAPL 11", "9 Sell 5 MSFT 19")
ORPHAN = "3 Sell 7 TSLA 30"


def carry(client: Client, applying: Applying, shown: dict[str, Any], what: str, **given: str) -> Import:
    """Commit or undo the import as it is shown; returns it as it is then."""
    headers = {"If-Match": f'"{shown["version"]}"'} if what == "commit" else {}
    answer = client.post(f"/imports/{shown['importId']}/{what}", given, headers=headers)
    assert answer.status == 202, answer.json
    return applying.run(imports.get(DANA, shown["importId"]))


def preview(client: Client, importing: Importing, *rows: str, **options: Any) -> dict[str, Any]:
    shown = importing.imported(client, a_file(*rows), timeZone="America/New_York", **options)
    assert shown["status"] == "PREVIEW", shown
    return shown


def of_dry_run(client: Client, shown: dict[str, Any]) -> list[dict[str, Any]]:
    changes = pages(client, f"/imports/{shown['importId']}/trades")
    return sorted((trade_figures(each["trade"]) for each in changes), key=str)


def trade_figures(trade: dict[str, Any]) -> dict[str, Any]:
    written = {"version", "createdAt", "updatedAt"}
    return {name: value for name, value in trade.items() if name not in written}


@pytest.mark.parametrize("policy", ["SHORT", "OPENING", "SKIP"])
def test_what_the_preview_shows_is_what_is_committed_and_undone(
    dana: Client, applying: Applying, importing: Importing, policy: str
) -> None:
    before = journal(dana)
    shown = preview(dana, importing, *ROWS, ORPHAN, orphanPolicy=policy)
    promised = of_dry_run(dana, shown)
    done = carry(dana, applying, shown, "commit")
    assert (done.status, done.remarks) == (ImportStatus.COMMITTED, ())
    assert sorted(map(trade_figures, trades(dana)), key=str) == promised
    again = preview(dana, importing, *ROWS, orphanPolicy=policy)
    assert (again["counts"]["new"], again["counts"]["duplicate"]) == (0, len(ROWS))
    assert carry(dana, applying, again, "commit").applied.executions == 0
    shown = dana.get(f"/imports/{done.import_id}").json
    assert carry(dana, applying, shown, "undo").status is ImportStatus.UNDONE
    assert like_before(journal(dana)) == like_before(before)
    corrected = preview(dana, importing, *ROWS, ORPHAN, orphanPolicy=policy)
    assert corrected["counts"]["duplicate"] == 0


def exported() -> dict[str, str]:
    """The sections of the user's export, as texts; without the figures, which say when they were made."""
    account = Account(DANA, "dana")
    sections = [(name, make) for name, make in SECTIONS if name not in ("profile", "statistics")]
    return {name: "".join(make(account, lambda _: None)) for name, make in sections}


def test_the_export_after_undoing_is_that_from_before_to_the_byte(
    dana: Client, applying: Applying, importing: Importing
) -> None:
    put(dana, fill("BUY", "5", "10", 0), fill("SELL", "5", "11", 1), fill("BUY", "5", "10", 0, symbol="TSLA"))
    hand_made(dana, symbol="NVDA")
    before = exported()
    shown = preview(dana, importing, *ROWS, orphanPolicy="SHORT")
    done = carry(dana, applying, shown, "commit")
    assert exported()["trades"] != before["trades"]
    carry(dana, applying, dana.get(f"/imports/{done.import_id}").json, "undo")
    assert exported() == before


def test_a_trade_by_hand_is_linked_with_its_fills(dana: Client, applying: Applying, importing: Importing) -> None:
    by_hand = hand_made(
        dana, symbol="AAPL", quantity="100", entryPrice="10.005", openDate="2026-01-05T10:00:00-05:00", tags=["gap"]
    )
    shown = preview(dana, importing, "0 Buy 100 AAPL 10", "5 Sell 100 AAPL 12")
    assert shown["counts"]["matchesManual"] == 1
    done = carry(dana, applying, shown, "commit")
    [trade] = trades(dana)
    assert (trade["tradeId"], trade["tags"], trade["entryPrice"]) == (by_hand["tradeId"], ["gap"], "10")
    assert (trade["status"], done.applied.linked) == ("CLOSED", 1)
    carry(dana, applying, dana.get(f"/imports/{done.import_id}").json, "undo")
    assert like_before(dana.get(f"/trades/{by_hand['tradeId']}").json) == like_before(by_hand)
