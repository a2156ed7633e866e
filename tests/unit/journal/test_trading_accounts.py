"""Trading accounts: their part in totals, their currency, and changes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from handlers.faults import FieldCode
from handlers.journal.errors import RuleBroken
from handlers.journal.positions import LotMethod
from handlers.journal.settings import MAIN, Settings
from handlers.journal.trading_accounts import (
    MOST_ACCOUNTS,
    AccountKind,
    SettingsAndAccounts,
    TradingAccount,
    main_account,
)
from handlers.web.contract import contract

D = Decimal
NOW = datetime(2026, 2, 1, tzinfo=UTC)
SETTINGS = Settings(user_id="dana", base_currency="CHF")


def account(account_id: str = "second", **given: Any) -> TradingAccount:
    values: dict[str, Any] = {"user_id": "dana", "account_id": account_id, "name": "Second", "currency": "EUR", **given}
    return TradingAccount(**values)


def settings_and_accounts(*accounts: TradingAccount) -> SettingsAndAccounts:
    return SettingsAndAccounts(settings=SETTINGS, accounts={each.account_id: each for each in accounts})


def test_there_are_as_many_accounts_as_the_contract_says() -> None:
    assert f"{MOST_ACCOUNTS} accounts" in contract()["paths"]["/accounts"]["post"]["description"]


@pytest.mark.parametrize(
    ("kind", "counted"),
    [
        (AccountKind.LIVE, True),
        (AccountKind.PROP, True),
        (AccountKind.PAPER, False),
        (AccountKind.BACKTEST, False),
    ],
)
def test_totals_count_what_somebody_earns_unless_the_user_says_otherwise(kind: AccountKind, counted: bool) -> None:
    assert account(kind=kind).is_in_totals is counted
    for wanted in (True, False):
        assert account(kind=kind, include_in_totals=wanted).is_in_totals is wanted


def test_a_new_account_is_live_empty_and_in_use_by_nothing() -> None:
    made = account()
    assert (made.kind, made.opening_balance, made.dust_value, made.version) == (AccountKind.LIVE, D(0), D(0), 1)
    assert (made.archived, made.in_use, made.closing, made.erasing) == (False, False, False, False)
    assert made.include_in_totals is None
    assert (made.broker, made.opened_at, made.time_zone, made.lot_method) == (None, None, None, None)


def test_every_user_has_an_account_in_the_base_currency() -> None:
    main = main_account(SETTINGS)
    assert main == TradingAccount(user_id="dana", account_id=MAIN, name="Main", currency="CHF")
    assert main.is_main
    assert not any(account(other).is_main for other in ("second", "00000000-0000-4000-8000-000000000000"))
    assert settings_and_accounts().main == main
    own = account(MAIN, currency="JPY")
    assert settings_and_accounts(own).main is own


def test_the_currency_of_an_account() -> None:
    known = settings_and_accounts(account())
    assert known.currency_of("second") == "EUR"
    assert known.currency_of(None) == known.currency_of(MAIN) == "CHF"
    assert known.currency_of("gone") == "CHF"
    own = settings_and_accounts(account(), account(MAIN, currency="JPY"))
    assert own.currency_of(None) == own.currency_of("gone") == "JPY"


def test_totals_leave_out_paper_backtests_and_what_the_user_excludes() -> None:
    paper, test = account("paper", kind=AccountKind.PAPER), account("test", kind=AccountKind.BACKTEST)
    assert settings_and_accounts(account(), paper, test).left_out() == {"paper", "test"}
    assert settings_and_accounts(replace(paper, include_in_totals=True)).left_out() == frozenset()
    assert settings_and_accounts(account(MAIN, include_in_totals=False), paper).left_out() == {MAIN, "paper"}


def test_a_changed_account_is_at_its_next_version() -> None:
    before = account(broker="IB", version=3)
    changes: dict[str, Any] = {
        "name": "Swing",
        "broker": None,
        "opening_balance": D(1000),
        "lot_method": LotMethod.FIFO,
    }
    assert before.revised(changes, NOW) == replace(before, **changes, version=4, updated_at=NOW)


def test_a_value_that_is_taken_away_goes_back_to_what_a_new_account_has() -> None:
    before = account(
        broker="IB",
        opening_balance=D(1000),
        opened_at=NOW,
        time_zone="Asia/Tokyo",
        lot_method=LotMethod.FIFO,
        dust_value=D(1),
        archived=True,
        include_in_totals=True,
    )
    names = (
        "broker",
        "opening_balance",
        "opened_at",
        "time_zone",
        "lot_method",
        "dust_value",
        "archived",
        "include_in_totals",
    )
    assert before.revised(dict.fromkeys(names), NOW) == account(version=2, updated_at=NOW)


@pytest.mark.parametrize("changes", [{}, {"broker": None}, {"name": "Second", "archived": False, "dust_value": None}])
def test_a_change_that_changes_nothing_leaves_the_account_at_its_version(changes: dict[str, Any]) -> None:
    own = account()
    assert own.revised(changes, NOW) is own


def test_name_kind_and_currency_cannot_be_removed() -> None:
    with pytest.raises(RuleBroken) as raised:
        account().revised({"name": None, "kind": None, "currency": None, "broker": None}, NOW)
    errors = raised.value.errors
    assert [error.path for error in errors] == [("name",), ("kind",), ("currency",)]
    assert {error.fault.code for error in errors} == {FieldCode.REQUIRED}
    with pytest.raises(RuleBroken) as raised:
        account().revised({"kind": None, "name": "Swing"}, NOW)
    assert [error.path for error in raised.value.errors] == [("kind",)]
