"""Settings, trading accounts and rates as the documents that the API answers and takes."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from handlers.documents.fields import columns_of, document
from handlers.journal.cash import Cash, CashType, Counter
from handlers.journal.money import canonical
from handlers.journal.positions import LotMethod
from handlers.journal.rates import DayRate
from handlers.journal.reconciling import Amount, Reconciliation, ReconciliationCandidate
from handlers.journal.settings import Settings
from handlers.journal.stats.clock import Weekday
from handlers.journal.trading_accounts import AccountKind, TradingAccount

if TYPE_CHECKING:
    from pydantic import BaseModel


def settings_document(settings: Settings) -> dict[str, Any]:
    """The contract's Settings."""
    return document(_SETTINGS, settings)


def account_document(account: TradingAccount) -> dict[str, Any]:
    """The contract's TradingAccount."""
    closing = {"closing": True} if account.closing else {}
    return {**document(_ACCOUNT, account), "includeInTotals": account.is_in_totals, **closing}


def rate_document(rate: DayRate) -> dict[str, Any]:
    """The contract's ExchangeRate."""
    return {"from": rate.from_, "to": rate.to, "day": rate.day.isoformat(), "rate": canonical(rate.rate)}


def cash_document(cash: Cash) -> dict[str, Any]:
    """The contract's Cash."""
    return document(_CASH, cash)


def reconciliation_document(made: Reconciliation) -> dict[str, Any]:
    """The contract's Reconciliation."""
    return document(_RECONCILIATION, made)


def given_fields(given: BaseModel) -> dict[str, Any]:
    """What a body gives of settings or an account, by the journal's names and in its types."""
    return _typed(given.model_dump(exclude_none=True))


def changed_fields(given: BaseModel) -> dict[str, Any]:
    """What a merge patch sets of settings or an account, by the journal's names and in its types; None removes one."""
    return _typed(given.model_dump(exclude_unset=True))


def _typed(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: _TYPES[name](value) if name in _TYPES and value is not None else value for name, value in values.items()
    }


_TYPES: dict[str, Any] = {
    "kind": AccountKind,
    "type": CashType,
    "lot_method": LotMethod,
    "week_starts_on": Weekday,
    "default_account_id": lambda account_id: str(account_id).lower(),
    "trade_id": lambda trade_id: str(trade_id).lower(),
    "account_id": lambda account_id: str(account_id).lower(),
    "counter": lambda counter: _typed(counter),
}
_COUNTER = columns_of(Counter)
_CASH = columns_of(Cash, without=["user_id"], writers={"counter": partial(document, _COUNTER)})
_AMOUNT = columns_of(Amount)
_CANDIDATE = columns_of(
    ReconciliationCandidate, writers={"amounts": lambda amounts: [document(_AMOUNT, each) for each in amounts]}
)
_RECONCILIATION = columns_of(
    Reconciliation,
    without=["user_id"],
    writers={"candidates": lambda found: [document(_CANDIDATE, each) for each in found]},
)
_SETTINGS = columns_of(Settings, without=["user_id"])
_ACCOUNT = columns_of(TradingAccount, without=["user_id", "include_in_totals", "in_use", "closing", "erasing"])
