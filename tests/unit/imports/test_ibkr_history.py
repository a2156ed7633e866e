"""Interactive Brokers' transaction history with a base currency that is none."""

from handlers.imports.reading import open_file
from handlers.imports.rows import CashMove
from tests.formats.expected import FOLDER


def test_a_base_currency_that_is_none_stops_no_row() -> None:
    text = (FOLDER / "ibkr_transaction_history" / "history.csv").read_text("utf-8")
    broken = text.replace("Base Currency,EUR", "Base Currency,?")
    assert broken != text
    kept, all_ = (list(open_file([each.encode()]).rows()) for each in (broken, text))
    assert [row.line for row in kept] == [row.line for row in all_]
    # Its money is in the account's own currency then, and no amount can be checked.
    moves = [found for row in kept for found in row.found if isinstance(found, CashMove)]
    assert moves
    assert all(move.currency is None for move in moves)
