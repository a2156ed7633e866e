"""Trades with what they earned in the base currency."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from handlers.documents.fields import columns_of, document
from handlers.journal.in_base import InBase, in_base
from handlers.journal.rates import Rates
from handlers.journal.trade import Trade
from handlers.storage import rates, trading_accounts

_COLUMNS = columns_of(InBase)


def adding(user: str) -> Callable[[Trade, dict[str, Any]], dict[str, Any]]:
    """A function that adds `base` to the document of a flat trade that has a rate.

    Reads settings and accounts at once, the rates when the first trade needs them. Raises Busy.
    """
    settings_and_accounts = trading_accounts.settings_and_accounts(user)
    base = settings_and_accounts.settings.base_currency
    read: list[Rates] = []

    def add(trade: Trade, shown: dict[str, Any]) -> dict[str, Any]:
        currency = trade.currency or settings_and_accounts.currency_of(trade.account_id)
        if trade.is_flat and currency != base and not read:
            read.append(rates.every(user))
        found = in_base(trade, currency, base, read[0] if read else Rates())
        return shown if found is None else {**shown, "base": document(_COLUMNS, found)}

    return add
