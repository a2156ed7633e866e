"""The documents of the account's export (format version 1) as those of an archive (format version 2).

That file shows each thing as the API answers it: what its user gave, and what follows. Here, what was given is picked
out. Of a document that is no answer of the API, a KeyError, TypeError, AttributeError or ValueError is raised.
"""

from __future__ import annotations

import types
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, Union, get_args, get_origin
from uuid import UUID, uuid5

from pydantic import BaseModel, RootModel

from generated import models
from handlers.journal.trading_accounts import AccountKind, TradingAccount

# What the executions of a trade determine, if it follows from them.
_OF_FILLS = ("symbol", "side", "multiplier", "status", "accountId", "currency", "entries", "closes", "splits")


def trade(shown: Mapping[str, Any]) -> dict[str, Any]:
    """The contract's ExportedTrade of a Trade."""
    made_by_actions = {split["splitId"] for split in shown.get("splits", ())}
    given = {
        **shown,
        "status": "CANCELLED" if shown.get("status") == "CANCELLED" else None,
        "tags": shown.get("tags") or None,
        "closes": shown.get("partialCloses") or None,
        "events": [event for event in shown.get("events", ()) if event["eventId"] not in made_by_actions] or None,
    }
    if shown.get("source") == "LEDGER":
        given = {name: value for name, value in given.items() if name not in _OF_FILLS}
    return _picked(models.ExportedTrade, given)


def opener(shown: Mapping[str, Any]) -> tuple[str, str] | None:
    """The ids of a Trade that follows from executions and of its first entry; None for another one."""
    if shown.get("source") != "LEDGER" or not shown.get("entries"):
        return None
    return shown["tradeId"], shown["entries"][0]["entryId"]


def execution(shown: Mapping[str, Any], sequence: int, first_entries: Mapping[str, str]) -> dict[str, Any]:
    """The contract's ExportedExecution of an Execution.

    sequence: its place among those of its position and instant. first_entries: the first entry of each trade that
    follows from executions, by the trade's id. What opens no trade gets the id of one that it would open.
    """
    execution_id = shown["executionId"]
    opened = (
        trade_id
        for trade_id in reversed(shown.get("tradeIds", ()))
        if first_entries.get(trade_id) == str(uuid5(UUID(trade_id), execution_id))
    )
    opens = next(opened, None) or str(uuid5(UUID(execution_id), "trade"))
    return _picked(models.ExportedExecution, {**shown, "sequence": sequence, "opens": opens})


def action(shown: Mapping[str, Any]) -> dict[str, Any]:
    """The contract's ExportedAction of a CorporateAction. Those of one instant are in the order in which they were
    recorded.
    """
    recorded = int(datetime.fromisoformat(shown["createdAt"]).timestamp() * 1_000_000)
    return _picked(models.ExportedAction, {**shown, "sequence": recorded})


def account(shown: Mapping[str, Any]) -> dict[str, Any] | None:
    """The contract's ExportedAccount of a TradingAccount; None for `Main` if it was never changed."""
    if "createdAt" not in shown:
        return None
    by_kind = TradingAccount(user_id="", account_id="", name="", currency="", kind=AccountKind(shown["kind"]))
    given = None if shown.get("includeInTotals") is by_kind.is_in_totals else shown.get("includeInTotals")
    return _picked(models.ExportedAccount, {**shown, "includeInTotals": given})


def group(shown: Mapping[str, Any]) -> dict[str, Any]:
    """The contract's ExportedGroup of a Group."""
    return _picked(models.ExportedGroup, shown)


def cash(shown: Mapping[str, Any]) -> dict[str, Any]:
    """The contract's Cash, without properties that are not known."""
    return _picked(models.Cash, shown)


def reconciliation(shown: Mapping[str, Any]) -> dict[str, Any]:
    """The contract's Reconciliation, without properties that are not known."""
    return _picked(models.Reconciliation, shown)


def rate(shown: Mapping[str, Any]) -> dict[str, Any]:
    """The contract's Rate, without properties that are not known."""
    return _picked(models.Rate, shown)


def settings(shown: Mapping[str, Any]) -> dict[str, Any]:
    """The contract's Settings, without properties that are not known."""
    return _picked(models.Settings, shown)


def _picked(model: type[BaseModel], shown: Mapping[str, Any]) -> dict[str, Any]:
    """What the model has properties for, in their order; so in all parts, too."""
    return {
        name: value if part is None else _part(part, value)
        for name, part in _properties(model)
        if (value := shown.get(name)) is not None
    }


def _part(model: type[BaseModel], value: Any) -> Any:
    if isinstance(value, Mapping):
        return _picked(model, value)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_part(model, each) for each in value]
    return value  # which is checked later


@cache
def _properties(model: type[BaseModel]) -> list[tuple[str, type[BaseModel] | None]]:
    """The names of the model's properties, and of each the model of its value or its elements, if that is one."""
    return [(own.alias or name, _model_of(own.annotation)) for name, own in model.model_fields.items()]


def _model_of(hint: Any) -> type[BaseModel] | None:
    if get_origin(hint) in (Union, types.UnionType, list):
        found = (_model_of(each) for each in get_args(hint))
        return next((each for each in found if each is not None), None)
    is_model = isinstance(hint, type) and issubclass(hint, BaseModel) and not issubclass(hint, RootModel)
    return hint if is_model else None
