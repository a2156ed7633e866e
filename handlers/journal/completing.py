"""Adds closes to a trade that is recorded again with more closes, for instance by a repeated import."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from handlers.faults import Fault, FieldCode
from handlers.journal.changes import close
from handlers.journal.errors import FieldError, TradeDiffers
from handlers.journal.money import canonical
from handlers.journal.trade import Close, Entry, Trade, with_entries

# The fields that must agree. The trader may have changed the others (stop, target, notes, tags).
_COMPARED = (
    "symbol",
    "side",
    "quantity",
    "open_date",
    "entry_price",
    "multiplier",
    "commission",
    "fees",
    "lot_method",
    "currency",
    "cancelled",
)


def completed(trade: Trade, again: Trade, named: Collection[str], now: datetime) -> Trade:
    """The trade with the closes that `again` has beyond it; the same trade, at its version, when there are none.

    `again` is the trade as it was recorded again, and `named` the fields that were given for it. Of these, the compared
    ones must be equal, entries as they were traded, before any split; times are compared as instants. Closes are equal
    if quantity, price, instant, commission and fees are; several equal ones are counted. One of the two trades must
    have all closes of the other. Raises TradeDiffers; StateForbids for a cancelled trade.
    """
    traded = with_entries(trade, trade.entered, splits=()) if trade.splits else trade
    differing = [
        _differs(name, f"is {_text(getattr(traded, name))} in the trade")
        for name in _COMPARED
        if name in named and getattr(again, name) != getattr(traded, name)
    ]
    if "entries" in named and Counter(map(_entry_facts, again.entered)) != Counter(map(_entry_facts, trade.entered)):
        differing.append(_differs("entries", "are not those of the trade"))
    missing = _without(again.closes, trade.closes)
    if missing and _without(trade.closes, again.closes):
        differing.append(_differs("closes", "lacks a close of the trade, and has one that the trade lacks"))
    if differing:
        raise TradeDiffers(trade.trade_id, differing)
    if not missing:
        return trade
    grown = trade
    for added in missing:
        grown = close(
            grown,
            close_id=added.close_id,
            quantity=added.quantity,
            price=added.price,
            closed_at=added.closed_at,
            commission=added.commission,
            fees=added.fees,
            now=now,
        )
    return replace(grown, version=trade.version + 1)


def _differs(name: str, detail: str) -> FieldError:
    return FieldError((name,), Fault(FieldCode.DIFFERS_FROM_TRADE, detail))


def _without(closes: Collection[Close], others: Collection[Close]) -> list[Close]:
    """Those of the closes that the others lack; equal ones count as often as they are there."""
    there = Counter(map(_facts, others))
    lacking = []
    for each in closes:
        if there[_facts(each)]:
            there[_facts(each)] -= 1
        else:
            lacking.append(each)
    return lacking


def _facts(of: Close) -> tuple[object, ...]:
    return of.quantity, of.price, of.closed_at, of.commission, of.fees


def _entry_facts(of: Entry) -> tuple[object, ...]:
    return of.quantity, of.price, of.entered_at, of.commission, of.fees


def _text(value: Any) -> str:
    if isinstance(value, Decimal):
        return canonical(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bool):
        return "CANCELLED" if value else "not CANCELLED"
    return "absent" if value is None else str(value)
