"""Exchange rates that a user gives."""

from __future__ import annotations

from collections.abc import Sequence

from handlers.faults import Fault, FieldCode
from handlers.journal.errors import FieldError, RuleBroken
from handlers.journal.money import ZERO
from handlers.journal.rates import DayRate
from handlers.storage import rates as storage


def put(user: str, given: Sequence[DayRate]) -> int:
    """Store the rates; of several for a pair and a day, the last one counts. Returns how many were stored.

    Raises RuleBroken before anything is stored; AccountErased; Busy, when some may be stored.
    """
    wrong = [
        FieldError(("rates", place, "rate"), Fault(FieldCode.NOT_POSITIVE, "must be more than 0"))
        for place, each in enumerate(given)
        if each.rate <= ZERO
    ]
    wrong += [
        FieldError(("rates", place, "to"), Fault(FieldCode.SAME_AS, "is the same as from", {"property": "from"}))
        for place, each in enumerate(given)
        if each.from_ == each.to
    ]
    if wrong:
        raise RuleBroken(wrong)
    stored = 0
    for number in storage.put(user, given):
        stored = number
    return stored
