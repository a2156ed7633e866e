"""Account and lot method of a new trade whose request names none."""

from dataclasses import replace

import pytest

from handlers.journal.changes import with_defaults
from handlers.journal.positions import LotMethod
from handlers.journal.settings import TradeDefaults
from tests.unit.journal.journals import a_trade

BOTH = {"account_id", "lot_method"}
OTHERS = TradeDefaults(account_id="prop", lot_method=LotMethod.LIFO)


@pytest.mark.parametrize(
    ("named", "account", "method"),
    [
        (set(), "prop", LotMethod.LIFO),
        ({"account_id"}, None, LotMethod.LIFO),
        ({"lot_method"}, "prop", LotMethod.AVERAGE),
        (BOTH, None, LotMethod.AVERAGE),
    ],
)
def test_a_new_trade_takes_from_the_settings_what_its_request_does_not_name(
    named: set[str], account: str | None, method: LotMethod
) -> None:
    made = with_defaults(a_trade("1", []), OTHERS, named)
    assert (made.account_id, made.lot_method) == (account, method)


def test_the_main_account_is_that_of_a_trade_that_names_none() -> None:
    trade = a_trade("1", [], account_id="prop")
    assert with_defaults(trade, TradeDefaults(), set()).account_id is None


def test_the_lot_method_of_the_account_comes_before_that_of_the_settings() -> None:
    defaults = replace(OTHERS, of_account=LotMethod.FIFO)
    assert with_defaults(a_trade("1", []), defaults, set()).lot_method is LotMethod.FIFO


@pytest.mark.parametrize("account", ["00000000-0000-0000-0000-000000000000", "ffffffff-ffff-4fff-8fff-ffffffffffff"])
def test_every_other_account_is_named(account: str) -> None:
    assert with_defaults(a_trade("1", []), TradeDefaults(account_id=account), set()).account_id == account


def test_a_trade_that_has_all_of_it_already_is_the_same() -> None:
    trade = a_trade("1", [], account_id="prop", lot_method=LotMethod.LIFO)
    assert with_defaults(trade, OTHERS, set()) is trade


def test_a_trade_of_which_one_differs_is_another() -> None:
    trade = a_trade("1", [], account_id="zero", lot_method=LotMethod.LIFO)
    assert with_defaults(trade, OTHERS, set()).account_id == "prop"
    assert with_defaults(replace(trade, account_id="alpha"), OTHERS, set()).account_id == "prop"
    trade = a_trade("1", [], account_id="prop", lot_method=LotMethod.AVERAGE)
    assert with_defaults(trade, OTHERS, set()).lot_method is LotMethod.LIFO
