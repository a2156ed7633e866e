"""Compares an account with a broker's statement, and finds what could explain the difference."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from itertools import chain, islice

from handlers.journal import money
from handlers.journal.money import ZERO

# How far from the statement's instant an amount may lie, how many amounts are looked at, and how many are named.
NEAR = timedelta(days=31)
MOST_LOOKED_AT, MOST_NAMED = 1_000, 20


class CandidateReason(StrEnum):
    """How amounts could explain a difference, the most likely first."""

    RECORDED_TWICE = "RECORDED_TWICE"
    IN_STATEMENT_ALREADY = "IN_STATEMENT_ALREADY"
    NOT_IN_STATEMENT = "NOT_IN_STATEMENT"
    WRONG_SIGN = "WRONG_SIGN"
    DIGITS_SWAPPED = "DIGITS_SWAPPED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """An amount of a cash row, or of a trade's close or event, in the currency of the account."""

    amount: Decimal
    at: datetime
    cash_id: str | None = None
    trade_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconciliationCandidate:
    """What could explain a difference: one amount, or two together."""

    reason: CandidateReason
    amounts: tuple[Amount, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciliation:
    """A comparison of an account with a statement, by all that was known when it was made.

    `difference` is the statement's balance less the computed one.
    """

    user_id: str
    account_id: str
    reconciliation_id: str
    at: datetime
    currency: str
    statement_balance: Decimal
    computed: Decimal
    difference: Decimal
    candidates: tuple[ReconciliationCandidate, ...] = ()
    unconverted: tuple[str, ...] = ()
    created_at: datetime


def candidates(difference: Decimal, at: datetime, amounts: Iterable[Amount]) -> tuple[ReconciliationCandidate, ...]:
    """What could explain that a statement at the instant has `difference` more than the journal.

    Single amounts come before pairs; both are in the order of the reasons, then by their distance from the instant.
    Amounts up to and including the instant count in the journal's balance. Empty without a difference.
    """
    if not difference:
        return ()
    near = sorted(
        (each for each in amounts if each.amount and abs(each.at - at) <= NEAR),
        key=lambda each: (abs(each.at - at), each.at, each.cash_id or "", each.trade_id or "", each.amount),
    )[:MOST_LOOKED_AT]
    counted, later = [each for each in near if each.at <= at], [each for each in near if each.at > at]
    less = difference.copy_negate()
    found = chain(
        _recorded_twice(counted, less),
        ((CandidateReason.IN_STATEMENT_ALREADY, (each,)) for each in later if each.amount == difference),
        ((CandidateReason.NOT_IN_STATEMENT, (each,)) for each in counted if each.amount == less),
        (
            (CandidateReason.WRONG_SIGN, (each,))
            for each in counted
            if each.cash_id and money.total((each.amount, each.amount)) == less
        ),
        (
            (CandidateReason.DIGITS_SWAPPED, (each,))
            for each in counted
            if each.cash_id and _swapped(each.amount, money.plus(each.amount, difference))
        ),
        ((CandidateReason.IN_STATEMENT_ALREADY, pair) for pair in _pairs(later, difference)),
        ((CandidateReason.NOT_IN_STATEMENT, pair) for pair in _pairs(counted, less)),
    )
    named: dict[tuple[Amount, ...], ReconciliationCandidate] = {}
    for reason, some in found:
        named.setdefault(some, ReconciliationCandidate(reason=reason, amounts=some))
        if len(named) == MOST_NAMED:
            break
    return tuple(named.values())


def _recorded_twice(amounts: Sequence[Amount], amount: Decimal) -> Iterator[tuple[CandidateReason, tuple[Amount, ...]]]:
    """Pairs of cash rows of that amount."""
    equal = [each for each in amounts if each.cash_id and each.amount == amount]
    for first, second in zip(equal, islice(equal, 1, None), strict=False):
        yield CandidateReason.RECORDED_TWICE, (first, second)


def _pairs(amounts: Sequence[Amount], total: Decimal) -> Iterator[tuple[Amount, Amount]]:
    """Two amounts with that sum, the nearest first."""
    before: defaultdict[Decimal, list[Amount]] = defaultdict(list)
    for each in amounts:
        for other in before[money.minus(total, each.amount)]:
            yield other, each
        before[each.amount].append(each)


def _swapped(one: Decimal, other: Decimal) -> bool:
    """Whether two neighbouring digits make the difference, such as 27.32 and 23.72."""
    if (one < ZERO) is not (other < ZERO):
        return False
    last = Decimal((0, (1,), money.MOST_DECIMALS))
    digits = [str(int(money.product(each.copy_abs(), last))) for each in (one, other)]
    width = max(map(len, digits))
    first, second = (each.zfill(width) for each in digits)
    differing = [place for place in range(width) if first[place] != second[place]]
    return (
        len(differing) == 2
        and differing[1] == differing[0] + 1
        and first[differing[0]] == second[differing[1]]
        and first[differing[1]] == second[differing[0]]
    )
