"""The operations on settings, trading accounts and exchange rates: parse, call the use case, reply."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from starlette.responses import Response

from generated import models
from handlers.documents.balances import balance_document, returns_document
from handlers.documents.fields import as_json
from handlers.documents.ledger import (
    account_document,
    cash_document,
    rate_document,
    reconciliation_document,
    settings_document,
)
from handlers.journal.cash import Cash, CashType
from handlers.journal.rates import DayRate
from handlers.journal.reconciling import Reconciliation
from handlers.journal.settings import Settings
from handlers.journal.trading_accounts import TradingAccount
from handlers.operations.paging import Pages
from handlers.storage import cash as cash_rows
from handlers.storage import rates, reconciliations
from handlers.storage import trading_accounts as storage
from handlers.storage.trade_queries import TradeFilter
from handlers.usecases import balances
from handlers.usecases import cash as usecase_of_cash
from handlers.usecases import delete_trading_account as delete_with_everything
from handlers.usecases import rates as usecase_of_rates
from handlers.usecases import trading_accounts as usecase
from handlers.web.contract import base_path
from handlers.web.etags import etag
from handlers.web.etags import if_match as allowed_by
from handlers.web.idempotency import keeping, kept_reply
from handlers.web.responses import reply, reply_text


@dataclass(frozen=True, slots=True, kw_only=True)
class _RatesOfPair(TradeFilter):
    """The filters of a list of rates."""

    pair: str
    from_day: str | None
    to_day: str | None


async def get_settings(user: str) -> Response:
    """Show the settings."""
    return _settings(storage.settings(user))


async def update_settings(document: Any, user: str, if_match: str | None = None) -> Response:
    """Change settings."""
    given = models.SettingsUpdateInput.model_validate(document)
    return _settings(usecase.change_settings(user, given, allowed_by(if_match)))


async def list_trading_accounts(user: str) -> Response:
    """List the trading accounts."""
    return reply(200, {"items": [account_document(account) for account in storage.every(user)]})


async def create_trading_account(document: Any, user: str, idempotency_key: str | None = None) -> Response:
    """Create a trading account."""
    given = models.TradingAccountInput.model_validate(document)
    keep = keeping(idempotency_key, "createTradingAccount", given, _shown_as_new)
    account, earlier = usecase.create(user, given, keep)
    if earlier is not None:
        return kept_reply(earlier, repeated=True)
    return reply_text(201, *_shown_as_new(account))


async def get_trading_account(account_id: str, user: str) -> Response:
    """Show a trading account."""
    return _account(storage.get(user, account_id.lower()))


async def update_trading_account(account_id: str, document: Any, user: str, if_match: str | None = None) -> Response:
    """Change a trading account."""
    given = models.TradingAccountUpdateInput.model_validate(document)
    return _account(usecase.change(user, account_id.lower(), given, allowed_by(if_match)))


async def delete_trading_account(
    account_id: str, user: str, if_match: str | None = None, with_: str | None = None
) -> Response:
    """Delete a trading account: one that holds no trades and no cash, or with all that it holds."""
    if with_ is not None:
        account = delete_with_everything.begin(user, account_id.lower(), allowed_by(if_match))
        return reply(202, account_document(account), {"ETag": etag(account.version)})
    usecase.delete(user, account_id.lower(), allowed_by(if_match))
    return reply(204)


async def create_cash(account_id: str, document: Any, user: str, idempotency_key: str | None = None) -> Response:
    """Record a cash row."""
    account_id = account_id.lower()
    given = models.CashInput.model_validate(document)
    keep = keeping(idempotency_key, "createCash", given, _cash_as_new, accountId=account_id)
    cash, earlier = usecase_of_cash.create(user, account_id, given, keep)
    if earlier is not None:
        return kept_reply(earlier, repeated=True)
    return reply_text(201, *_cash_as_new(cash))


async def list_cash(
    account_id: str,
    user: str,
    limit: int,
    order: str,
    cash_type: Sequence[str] = (),
    symbol: str | None = None,
    trade_id: str | None = None,
    from_: str | None = None,
    to: str | None = None,
    next_token: str | None = None,
) -> Response:
    """List the cash of an account by time, a page at a time."""
    account_id, newest_first = account_id.lower(), order == "desc"
    storage.get(user, account_id)
    first, last = (None if day is None else date.fromisoformat(day) for day in (from_, to))
    wanted = cash_rows.CashFilter(
        account_ids=(account_id,),
        types=tuple(dict.fromkeys(map(CashType, cash_type))),
        symbol=symbol,
        trade_id=None if trade_id is None else trade_id.lower(),
        open_from=first,
        open_to=last,
    )
    pages = Pages("cash", user, wanted, newest_first=newest_first)
    position = pages.last_shown(next_token)
    after = None if position is None else (position.sort_key, position.trade_id)
    found, following = cash_rows.page(user, wanted, limit=limit, newest_first=newest_first, after=after)
    answer: dict[str, Any] = {"items": [cash_document(cash) for cash in found]}
    if following is not None:
        answer["nextToken"] = pages.token(sort_key=following[0], trade_id=following[1])
    return reply(200, answer)


async def get_cash(account_id: str, cash_id: str, user: str) -> Response:
    """Show a cash row."""
    return _cash(cash_rows.get(user, account_id.lower(), cash_id.lower()))


async def update_cash(account_id: str, cash_id: str, document: Any, user: str, if_match: str | None = None) -> Response:
    """Change a cash row."""
    given = models.CashUpdateInput.model_validate(document)
    return _cash(usecase_of_cash.change(user, account_id.lower(), cash_id.lower(), given, allowed_by(if_match)))


async def delete_cash(account_id: str, cash_id: str, user: str, if_match: str | None = None) -> Response:
    """Delete a cash row."""
    usecase_of_cash.delete(user, account_id.lower(), cash_id.lower(), allowed_by(if_match))
    return reply(204)


async def get_balance(account_id: str, user: str, at: str | None = None) -> Response:
    """Show the balance of an account at an instant."""
    found = balances.balance(user, account_id.lower(), None if at is None else date.fromisoformat(at))
    return reply(
        200,
        balance_document(
            found.account,
            found.at,
            found.whole,
            found.balance,
            found.open_cost,
            found.by_currency,
            found.unconverted,
        ),
    )


async def reconcile(account_id: str, document: Any, user: str, idempotency_key: str | None = None) -> Response:
    """Compare an account with a statement."""
    account_id = account_id.lower()
    given = models.ReconciliationInput.model_validate(document)
    keep = keeping(idempotency_key, "reconcile", given, _reconciliation_as_new, accountId=account_id)
    made, earlier = balances.reconcile(user, account_id, given.statement_balance, given.at, keep)
    if earlier is not None:
        return kept_reply(earlier, repeated=True)
    return reply_text(201, *_reconciliation_as_new(made))


async def list_reconciliations(account_id: str, user: str, limit: int, next_token: str | None = None) -> Response:
    """List the reconciliations of an account, a page at a time."""
    account_id = account_id.lower()
    storage.get(user, account_id)
    pages = Pages("reconciliations", user, TradeFilter(account_ids=(account_id,)), newest_first=True)
    position = pages.last_shown(next_token)
    after = None if position is None else position.sort_key
    found, following = reconciliations.page(user, account_id, limit=limit, after=after)
    answer: dict[str, Any] = {"items": [reconciliation_document(made) for made in found]}
    if following is not None:
        answer["nextToken"] = pages.token(sort_key=following)
    return reply(200, answer)


async def get_reconciliation(account_id: str, reconciliation_id: str, user: str) -> Response:
    """Show a reconciliation."""
    return reply(200, reconciliation_document(reconciliations.get(user, account_id.lower(), reconciliation_id.lower())))


async def delete_reconciliation(account_id: str, reconciliation_id: str, user: str) -> Response:
    """Delete a reconciliation."""
    reconciliations.delete(user, account_id.lower(), reconciliation_id.lower())
    return reply(204)


def _reconciliation_as_new(made: Reconciliation) -> tuple[str, dict[str, str]]:
    location = f"{base_path()}/accounts/{made.account_id}/reconciliations/{made.reconciliation_id}"
    return as_json(reconciliation_document(made)), {"Location": location}


async def get_returns(account_id: str, user: str, by: str, from_: str | None = None, to: str | None = None) -> Response:
    """Show the returns of an account."""
    first, last = (None if day is None else date.fromisoformat(day) for day in (from_, to))
    read, found = balances.returns(user, account_id.lower(), first, last, by_month=by == "MONTH")
    return reply(200, returns_document(read.account, found, by, read.unconverted))


def _cash(cash: Cash) -> Response:
    return reply(200, cash_document(cash), {"ETag": etag(cash.version)})


def _cash_as_new(cash: Cash) -> tuple[str, dict[str, str]]:
    location = f"{base_path()}/accounts/{cash.account_id}/cash/{cash.cash_id}"
    return as_json(cash_document(cash)), {"ETag": etag(cash.version), "Location": location}


async def put_rates(document: Any, user: str) -> Response:
    """Store exchange rates."""
    given = models.RatesInput.model_validate(document)
    stored = usecase_of_rates.put(
        user, [DayRate(rate.from_, rate.to, date.fromisoformat(rate.day), rate.rate) for rate in given.rates]
    )
    return reply(200, {"stored": stored})


async def list_rates(
    user: str,
    from_: str,
    to: str,
    limit: int,
    from_day: str | None = None,
    to_day: str | None = None,
    next_token: str | None = None,
) -> Response:
    """List the exchange rates of a pair of currencies by day, a page at a time."""
    pages = Pages("rates", user, _RatesOfPair(pair=f"{from_}|{to}", from_day=from_day, to_day=to_day))
    position = pages.last_shown(next_token)
    after = None if position is None else date.fromisoformat(position.sort_key)
    first, last = (None if day is None else date.fromisoformat(day) for day in (from_day, to_day))
    found, has_more = rates.page(user, from_, to, first, last, limit=limit, after=after)
    answer: dict[str, Any] = {"items": [rate_document(rate) for rate in found]}
    if has_more and found:
        answer["nextToken"] = pages.token(sort_key=found[-1].day.isoformat())
    return reply(200, answer)


def _settings(settings: Settings) -> Response:
    return reply(200, settings_document(settings), {"ETag": etag(settings.version)})


def _account(account: TradingAccount) -> Response:
    return reply(200, account_document(account), {"ETag": etag(account.version)})


def _shown_as_new(account: TradingAccount) -> tuple[str, dict[str, str]]:
    headers = {"ETag": etag(account.version), "Location": f"{base_path()}/accounts/{account.account_id}"}
    return as_json(account_document(account)), headers
