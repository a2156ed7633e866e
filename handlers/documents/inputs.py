"""What a client gives of a trade, from the contract's models to the journal's objects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from handlers.faults import Fault, FieldCode
from handlers.journal import money
from handlers.journal.changes import open_trade
from handlers.journal.errors import FieldError, RuleBroken
from handlers.journal.positions import LotMethod
from handlers.journal.settings import MAIN
from handlers.journal.trade import OF_THE_ENTRY, Close, Entry, JournalNotes, Side, Trade

if TYPE_CHECKING:
    from generated import models

_NOTES = tuple(note.name for note in fields(JournalNotes))


def new_trade(given: models.TradeInput, *, user: str, idempotency_key: str | None, now: datetime) -> Trade:
    """The trade that a client asks to record. Raises RuleBroken with everything that is wrong."""
    return trade_from_values(given.model_dump(exclude_none=True), user=user, idempotency_key=idempotency_key, now=now)


def trade_from_values(values: dict[str, Any], *, user: str, idempotency_key: str | None, now: datetime) -> Trade:
    """The trade of a TradeInput's values, by the journal's names. Raises RuleBroken with everything that is wrong."""
    closes = [_close(close) for close in values.pop("closes", [])]
    entries = [_entry(entry) for entry in values.pop("entries", [])]
    if errors := _entry_errors(values, entries):
        raise RuleBroken(errors)
    if entries:  # what the trade is made with until its own values follow from the entries
        values |= {"quantity": money.total(entry.quantity for entry in entries), "open_date": entries[0].entered_at}
    if "lot_method" in values:
        values["lot_method"] = LotMethod(values["lot_method"])
    if "account_id" in values:
        values["account_id"] = _account(values["account_id"])
    status, exit_price, close_date = (values.pop(name, None) for name in ("status", "exit_price", "close_date"))
    in_short = exit_price is not None or close_date is not None
    if in_short:
        if errors := _short_exit_errors(exit_price, close_date, closes):
            raise RuleBroken(errors)
        closes = [_close({"quantity": values["quantity"], "price": exit_price, "closed_at": close_date})]
    notes = _notes({name: values.pop(name) for name in _NOTES if name in values})
    trade = Trade(
        user_id=user,
        trade_id=str(uuid4()),
        side=Side(values.pop("side")),
        cancelled=status is not None,
        notes=JournalNotes(**notes),
        idempotency_key=idempotency_key,
        created_at=now,
        updated_at=now,
        **values,
    )
    try:
        return open_trade(trade, closes, entries)
    except RuleBroken as error:
        if not in_short:
            raise
        raise RuleBroken(_of_short_exit(error.errors, with_entries=bool(entries))) from None


def _of_short_exit(errors: Sequence[FieldError], *, with_entries: bool) -> list[FieldError]:
    """The errors, those of the one close at the fields by which it was given.

    Trade and close share the quantity. With entries it is their sum, so an error of it means that entries come after
    the close, and is reported at closeDate.
    """
    renamed = {"price": "exit_price", "closed_at": "close_date"} | ({"quantity": "close_date"} if with_entries else {})
    moved = [
        replace(error, path=(renamed.get(str(error.path[2]), error.path[2]),))
        if len(error.path) > 2 and error.path[0] == "closes"
        else error
        for error in errors
    ]
    return list(dict.fromkeys(moved))


def named_fields(given: models.TradeInput) -> frozenset[str]:
    """The journal's names of the fields that a client gives for a new trade."""
    named = set(given.model_dump(exclude_none=True))
    return frozenset(named - {"status"} | ({"cancelled"} if "status" in named else set()))


def changed_fields(given: models.TradeUpdateInput, trade: Trade) -> dict[str, Any]:
    """The fields of the trade that a JSON merge patch (RFC 7396) sets, by the journal's names; None removes one."""
    values = given.model_dump(exclude_unset=True)
    if "status" in values:
        values["cancelled"] = values.pop("status") is not None
    if values.get("psychology") is not None:
        merged = {**trade.notes.psychology, **values["psychology"]}
        values["psychology"] = {name: moved for name, moved in merged.items() if moved is not None}
    values = _notes(values)
    if values.get("side") is not None:
        values["side"] = Side(values["side"])
    if values.get("lot_method") is not None:
        values["lot_method"] = LotMethod(values["lot_method"])
    if values.get("account_id") is not None:
        values["account_id"] = _account(values["account_id"])
    return values


def _account(account_id: object) -> str | None:
    """The id as trades have it: None for the account that every user has."""
    given = str(account_id).lower()
    return None if given == MAIN else given


def _notes(values: dict[str, Any]) -> dict[str, Any]:
    """The values with the types that the journal keeps: tuples for lists, plain text for the grade."""
    return {
        name: tuple(value) if isinstance(value, list) else str(value) if isinstance(value, StrEnum) else value
        for name, value in values.items()
    }


def _entry(values: Mapping[str, Any]) -> Entry:
    return Entry(entry_id=str(uuid4()), **values)


def _entry_errors(values: Mapping[str, Any], entries: Sequence[Entry]) -> list[FieldError]:
    """A trade has either entries or one entry's own fields, of which quantity and time are required."""
    if entries:
        given = [name for name in OF_THE_ENTRY if name in values]
        return [_conflicts_with(name, "entries") for name in given]
    missing = [name for name in ("quantity", "open_date") if name not in values]
    fault = Fault(FieldCode.REQUIRED_WITHOUT, "is required without entries", {"properties": ["entries"]})
    return [FieldError((name,), fault) for name in missing]


def _conflicts_with(name: str, *others: str) -> FieldError:
    detail = f"cannot be given together with {' and '.join(others)}"
    return FieldError((name,), Fault(FieldCode.CONFLICTS_WITH, detail, {"properties": list(others)}))


def _required_with(name: str, other: str) -> FieldError:
    return FieldError((name,), Fault(FieldCode.REQUIRED_WITH, f"is required with {other}", {"properties": [other]}))


def _close(values: Mapping[str, Any]) -> Close:
    return Close(close_id=str(uuid4()), **values)


def _short_exit_errors(
    exit_price: Decimal | None, close_date: datetime | None, closes: list[Close]
) -> list[FieldError]:
    errors = []
    if exit_price is None:
        errors.append(_required_with("exit_price", "closeDate"))
    if close_date is None:
        errors.append(_required_with("close_date", "exitPrice"))
    if closes:
        errors.append(_conflicts_with("closes", "exitPrice", "closeDate"))
    return errors
