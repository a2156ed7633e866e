"""Writes of the ledger that another write overtakes: nothing is lost, and the caller learns of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from unittest.mock import Mock

import pytest
from botocore.exceptions import ClientError

from handlers.journal.cash import Cash, CashType
from handlers.journal.rates import DayRate
from handlers.journal.reconciling import Reconciliation
from handlers.journal.restores import Restore
from handlers.journal.settings import MAIN, Settings
from handlers.journal.trading_accounts import TradingAccount
from handlers.storage import (
    cash,
    clients,
    corporate_actions,
    dynamo,
    executions,
    kept_answers,
    ledger,
    rates,
    reconciliations,
    restores,
    trading_accounts,
)
from handlers.storage.errors import AccountErased, Contended, ReconciliationNotFound, VersionMismatch
from handlers.storage.executions import StoredPosition
from handlers.storage.trade_items import KeptAnswer

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
USER = "user-1"
OVERTAKEN = {"Code": dynamo.CONDITION_FAILED}
ANSWER = KeptAnswer(key="key-1", fingerprint="fingerprint", body="{}")
ROW = Cash(
    user_id=USER,
    account_id=MAIN,
    cash_id="8f14e45f-ceea-4f6a-9d0b-0a1b2c3d4e5f",
    type=CashType.DEPOSIT,
    amount=Decimal(100),
    at=NOW,
    created_at=NOW,
    updated_at=NOW,
)
ACCOUNT = TradingAccount(
    user_id=USER,
    account_id="0b9f2f0a-6c1e-4a55-9d8e-3a4b5c6d7e8f",
    name="Second",
    currency="USD",
    created_at=NOW,
    updated_at=NOW,
)
SETTINGS = Settings(user_id=USER)
RECONCILIATION = Reconciliation(
    user_id=USER,
    account_id=MAIN,
    reconciliation_id="5d2c1b0a-9f8e-4d7c-8b6a-1a2b3c4d5e6f",
    at=NOW,
    currency="USD",
    statement_balance=Decimal(100),
    computed=Decimal(100),
    difference=Decimal(0),
    created_at=NOW,
)
POSITION = StoredPosition(user_id=USER, account_id=MAIN, symbol="AAPL", version=3)
RESTORE = Restore(user_id=USER, restore_id="99999999-0000-4000-8000-000000000000", created_at=NOW, updated_at=NOW)


@pytest.fixture
def overtaken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is written to the ledger, another write came first."""

    def write(_user: str, actions: Any, **_: Any) -> list[Any]:
        return [{} for _ in actions[1:]] + [OVERTAKEN]

    monkeypatch.setattr(ledger, "write", write)


@pytest.mark.usefixtures("overtaken")
@pytest.mark.parametrize(
    "write",
    [
        lambda: cash.write(USER, [cash.CashChange(ROW)]),
        lambda: cash.write(USER, [cash.CashChange(replace(ROW, amount=Decimal(1), version=2), ROW)]),
        lambda: cash.write(USER, [cash.CashChange(None, ROW)]),
        lambda: trading_accounts.create(ACCOUNT, None, NOW),
        lambda: trading_accounts.replace(replace(ACCOUNT, name="Other"), ACCOUNT, SETTINGS),
        lambda: trading_accounts.set_closing(ACCOUNT, closing=True),
        lambda: trading_accounts.delete(ACCOUNT, SETTINGS),
        lambda: trading_accounts.put_settings(replace(SETTINGS, base_currency="EUR"), SETTINGS),
        lambda: trading_accounts.set_erasing(ACCOUNT, SETTINGS),
        lambda: trading_accounts.restore(replace(ACCOUNT, account_id=MAIN), SETTINGS),
        lambda: reconciliations.create(RECONCILIATION, None, NOW),
        lambda: executions.delete_position(POSITION),
        lambda: restores.create(RESTORE),
        lambda: restores.replace(replace(RESTORE, version=2), RESTORE),
        lambda: restores.delete(RESTORE),
        lambda: trading_accounts.set_in_use(USER, ACCOUNT.account_id),
        lambda: trading_accounts.forget_main(replace(ACCOUNT, account_id=MAIN), SETTINGS),
    ],
    ids=[
        "cash",
        "changed cash",
        "deleted cash",
        "account",
        "changed account",
        "closing",
        "deleted account",
        "settings",
        "erased account",
        "restored account",
        "reconciliation",
        "deleted position",
        "new restore",
        "restore",
        "deleted restore",
        "account in use",
        "account that every user has",
    ],
)
def test_who_is_overtaken_is_told_of_another_version(write: Callable[[], object]) -> None:
    with pytest.raises(VersionMismatch):
        write()


def test_new_positions_of_a_symbol_have_the_same_corporate_actions() -> None:
    new = [
        replace(POSITION, version=0, account_id=account, actions_version=1) for account in (MAIN, ACCOUNT.account_id)
    ]
    changes = [executions.PositionWrite(position=each, put=(), removed=(), trades=(), vanished=()) for each in new]
    assert len(list(executions._actions_are_counted(USER, changes))) == 1
    other = changes[1]._replace(position=replace(new[1], actions_version=2))
    with pytest.raises(VersionMismatch):
        list(executions._actions_are_counted(USER, [changes[0], other]))


@pytest.mark.usefixtures("overtaken")
def test_a_count_that_another_action_changes_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corporate_actions, "count", lambda *_: corporate_actions.ActionCount(actions=1, version=1))
    corporate_actions.set_count(USER, "AAPL", 1)  # it is so already
    with pytest.raises(VersionMismatch):
        corporate_actions.set_count(USER, "AAPL", 2)


@pytest.mark.usefixtures("overtaken")
def test_rates_that_meet_other_rates_without_end_are_contended() -> None:
    with pytest.raises(Contended):
        list(rates.put(USER, [DayRate("EUR", "USD", date(2026, 1, 5), Decimal("1.1"))]))


def test_a_conflict_over_the_mark_of_erasure_alone_is_one_of_every_action(monkeypatch: pytest.MonkeyPatch) -> None:
    conflict = {"Code": "TransactionConflict"}
    monkeypatch.setattr(dynamo, "transact", lambda actions, **_: [conflict, *({} for _ in actions[1:])])
    assert ledger.write(USER, [ledger.put({}), ledger.put({})]) == [conflict, conflict]


def test_a_request_that_an_erasure_overtook_gets_the_answer_that_it_had_before(monkeypatch: pytest.MonkeyPatch) -> None:
    def erased(*_: Any, **__: Any) -> Any:
        raise AccountErased(USER)

    monkeypatch.setattr(ledger, "write", erased)
    monkeypatch.setattr(kept_answers, "kept", lambda *_: ANSWER)
    assert ledger.write_once(USER, [], ANSWER, NOW) == (ANSWER, [])
    monkeypatch.setattr(kept_answers, "kept", lambda *_: None)
    with pytest.raises(AccountErased):
        ledger.write_once(USER, [], ANSWER, NOW)


def test_an_answer_that_is_being_written_by_another_request_is_contended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "write", lambda *_, **__: [{}, OVERTAKEN])
    monkeypatch.setattr(kept_answers, "kept", lambda *_: None)
    with pytest.raises(Contended):
        ledger.write_once(USER, [ledger.put({})], ANSWER, NOW)


def test_a_range_of_days_that_ends_before_it_begins_has_no_cash() -> None:
    wanted = cash.CashFilter(account_ids=(MAIN,), open_from=date(2026, 1, 6), open_to=date(2026, 1, 1))
    assert cash.page(USER, wanted, limit=10, newest_first=False, after=None) == ([], None)


@pytest.mark.usefixtures("table")
def test_a_reconciliation_of_which_only_the_place_is_left_is_none() -> None:
    reconciliations.create(RECONCILIATION, None, NOW)
    [item, place] = reconciliations.items_of(RECONCILIATION)
    clients.dynamodb().delete_item(TableName="ledger", Key={name: item[name] for name in ("userId", "item")})
    with pytest.raises(ReconciliationNotFound):
        reconciliations.get(USER, MAIN, RECONCILIATION.reconciliation_id)
    assert ledger.get(USER, place["item"]["S"])


def test_a_failure_of_the_bucket_does_not_mean_that_no_archive_has_come(monkeypatch: pytest.MonkeyPatch) -> None:
    failure = ClientError({"Error": {"Code": "InternalError"}}, "HeadObject")
    monkeypatch.setattr(restores, "s3", lambda: Mock(head_object=Mock(side_effect=failure)))
    with pytest.raises(ClientError):
        restores.file_version(RESTORE)
