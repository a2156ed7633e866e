"""Whether a broker's amounts agree with its prices. Files that are read wrongly, or are wrong, show it here."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from handlers.imports.records import Record
from handlers.imports.refusals import Unreadable
from handlers.imports.rows import ReportedFill, RowReason
from handlers.journal.money import ZERO, minus, product, total
from handlers.journal.positions import Side

# A difference is an error above both of these, and a warning above half a cent.
_CENT, _SHARE = Decimal("0.01"), Decimal("0.001")
_HALF_A_CENT = Decimal("0.005")


def check_amount(
    record: Record, fill: ReportedFill, amount: Decimal | None, *, with_costs: bool | None = True
) -> ReportedFill:
    """The fill, whose money is the amount in size: after costs, before them, or, of None, either.

    Raises Unreadable for AMOUNT_MISMATCH; adds the warning ROUNDING for a smaller difference. No amount is no check.
    """
    if amount is None or fill.quantity is None or fill.price is None:
        return fill
    value = product(fill.quantity, fill.price, fill.instrument.multiplier)
    paid = total((fill.commission, fill.fees))
    after = total((value, paid)) if fill.side is Side.BUY else minus(value, paid)
    choice = {True: (after,), False: (value,), None: (value, after)}[with_costs]
    size = amount.copy_abs()
    own = min((each.copy_abs() for each in choice), key=lambda each: minus(each, size).copy_abs())
    _compare(record, own, size, RowReason.AMOUNT_MISMATCH, "amount")
    return fill


def with_costs_in(record: Record, fill: ReportedFill, amount: Decimal | None, most: Decimal) -> ReportedFill:
    """The fill of a broker whose amounts have costs in them that no column shows: the difference is its fees.

    A difference of a cent is rounding, and one of more than `most` is checked as any other.
    """
    if amount is None or fill.quantity is None or fill.price is None:
        return fill
    value = product(fill.quantity, fill.price, fill.instrument.multiplier)
    size = amount.copy_abs()
    fees = minus(size, value) if fill.side is Side.BUY else minus(value, size)
    return replace(fill, fees=fees) if _CENT < fees <= most else check_amount(record, fill, amount)


def check_profit(record: Record, gross: Decimal, profit: Decimal | None) -> None:
    """Raises Unreadable, PNL_MISMATCH, if the profit is not what the prices make; a small difference is a warning."""
    if profit is not None:
        _compare(record, gross, profit, RowReason.PNL_MISMATCH, "profit")


def gross_of(side: Side, quantity: Decimal, entry: Decimal, exit_: Decimal, multiplier: Decimal) -> Decimal:
    """What a trade makes before costs."""
    made = minus(exit_, entry) if side is Side.BUY else minus(entry, exit_)
    return product(quantity, made, multiplier)


def _compare(record: Record, own: Decimal, shown: Decimal, reason: RowReason, name: str) -> None:
    difference = minus(own, shown).copy_abs()
    if difference <= _HALF_A_CENT:
        return
    detail = f"the {name} is {shown:f}, and by quantity and price it is {own:f}"
    if difference > _CENT and difference > product(max(shown.copy_abs(), ZERO), _SHARE):
        raise Unreadable(reason, detail)
    record.notice(RowReason.ROUNDING, detail)
