"""The trades that became flat in buckets, by one attribute or by two.

A bucket is significant if the mean result of its trades differs from 0 by more than chance explains: it has at least 30
trades, and its SQN, which is the t statistic of that mean, lies beyond the two-sided 95 % bound, corrected for the
number of buckets with 30 trades (Bonferroni): among twenty tags, one would pass at 95 % by luck alone. The test uses
money, not the win rate: with large wins and small losses, a win rate far below one half is good. From 30 trades on, the
normal bound is near enough to Student's.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import product
from statistics import NormalDist

from handlers.journal.stats.clock import WEEKDAYS
from handlers.journal.stats.figures import Reason, sqn
from handlers.journal.stats.folding import WinLossRecord
from handlers.journal.stats.questions import (
    HOLDING_TIMES,
    LONGEST_HOLDING_TIME,
    Attribute,
    Question,
    Selected,
    TradeOutcome,
)

ENOUGH_TRADES = 30
MOST_ATTRIBUTES = 2
_CHANCE = 0.05

# One value of each attribute, None for trades without the attribute.
Keys = tuple[str | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """The trades that share the values."""

    keys: Keys
    record: WinLossRecord
    significant: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Breakdown:
    """The buckets in the order of their keys, None last.

    If `overlapping`, a trade counts in several buckets (one for each tag), so they add up to more than all trades.
    """

    by: tuple[Attribute, ...]
    overlapping: bool
    buckets: tuple[Bucket, ...]


def breakdown(by: Sequence[Attribute], question: Question, selected: Iterable[Selected]) -> Breakdown:
    """Sort the selected trades that became flat into buckets, by one attribute or two."""
    records: dict[Keys, WinLossRecord] = {}
    for one in selected:
        if one.outcome is None or one.entry.result is None:
            continue
        at = one.entry.result.at
        for keys in product(*(question.values(attribute, one.entry, at) for attribute in by)):
            record = records.get(keys)
            if record is None:
                record = records[keys] = WinLossRecord()
            record.add(one.entry, one.outcome)
    bound = _bound(records.values())
    return Breakdown(
        by=tuple(by),
        overlapping=Attribute.TAG in by,
        buckets=tuple(
            Bucket(keys=keys, record=records[keys], significant=_is_significant(records[keys], bound))
            for keys in sorted(records, key=lambda keys: [_place(*one) for one in zip(by, keys, strict=True)])
        ),
    )


_ORDERS: dict[Attribute, tuple[str, ...]] = {
    Attribute.WEEKDAY: WEEKDAYS,
    Attribute.CLOSE_WEEKDAY: WEEKDAYS,
    Attribute.RESULT: tuple(TradeOutcome),
    Attribute.HOLDING_TIME: (*(key for key, _ in HOLDING_TIMES), LONGEST_HOLDING_TIME),
}


def _place(attribute: Attribute, key: str | None) -> tuple[bool, Decimal, str]:
    """What a key is sorted by: its place in a fixed order (weekdays), its size, or its text; None comes last."""
    if key is None:
        return True, Decimal(0), ""
    if attribute is Attribute.SIZE:
        return False, Decimal(key.partition("-")[0]), ""
    order = _ORDERS.get(attribute)
    return (False, Decimal(0), key) if order is None else (False, Decimal(order.index(key)), "")


def _bound(records: Iterable[WinLossRecord]) -> float:
    """The SQN beyond which a bucket is significant, corrected for the number of buckets with enough trades."""
    judged = sum(record.trades >= ENOUGH_TRADES for record in records)
    return NormalDist().inv_cdf(1 - _CHANCE / (2 * max(1, judged)))


def _is_significant(record: WinLossRecord, bound: float) -> bool:
    if record.trades < ENOUGH_TRADES:
        return False
    t = sqn(record)
    if t.reason is Reason.STD_ZERO:  # all results are equal: significant unless they are 0
        return bool(record.net)
    return t.value is not None and abs(t.value) > bound
