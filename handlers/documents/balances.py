"""Balances and returns of trading accounts as the documents that the API answers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from handlers.documents.stats import money_text, shown_figures
from handlers.journal.stats.account_returns import AccountReturns, Day
from handlers.journal.trading_accounts import TradingAccount


def balance_document(
    account: TradingAccount,
    at: date | None,
    whole: Day,
    balance: Decimal,
    open_cost: Decimal | None,
    by_currency: Mapping[str, Decimal],
    unconverted: tuple[str, ...],
) -> dict[str, Any]:
    """The contract's Balance."""
    return {
        "accountId": account.account_id,
        "currency": account.currency,
        **({} if at is None else {"at": at.isoformat()}),
        "opening": money_text(account.opening_balance),
        "deposits": money_text(whole.deposits),
        "withdrawals": money_text(whole.withdrawals),
        "income": money_text(whole.income),
        "costs": money_text(whole.costs),
        "realized": money_text(whole.realized),
        "balance": money_text(balance),
        **({} if open_cost is None else {"openCostBasis": money_text(open_cost)}),
        "byCurrency": [
            {"currency": currency, "amount": money_text(amount)} for currency, amount in by_currency.items()
        ],
        **_left_out(unconverted),
    }


def returns_document(
    account: TradingAccount, found: AccountReturns, by: str, unconverted: tuple[str, ...]
) -> dict[str, Any]:
    """The contract's AccountReturns."""
    days = {"from": found.first, "to": found.last}
    figures = {
        "time_weighted_return": found.time_weighted,
        "money_weighted_return": found.money_weighted,
        "max_drawdown_percent": found.max_drawdown,
        "sharpe": found.sharpe,
        "sortino": found.sortino,
    }
    return {
        "accountId": account.account_id,
        "currency": account.currency,
        **{name: day.isoformat() for name, day in days.items() if day is not None},
        "by": by,
        "opening": money_text(found.opening),
        "closing": money_text(found.closing),
        "earned": money_text(found.earned),
        "flow": money_text(found.flow),
        **shown_figures(figures),
        "periods": [
            {
                "from": period.first.isoformat(),
                "to": period.last.isoformat(),
                "earned": money_text(period.earned),
                "flow": money_text(period.flow),
                "closing": money_text(period.closing),
                **shown_figures({"returned": period.returned}),
            }
            for period in found.periods
        ],
        **_left_out(unconverted),
    }


def _left_out(unconverted: tuple[str, ...]) -> dict[str, Any]:
    return {"unconverted": list(unconverted)} if unconverted else {}
