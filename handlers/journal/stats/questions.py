"""What a trader asks about: which trades, which days, by which clock, and what counts as a break-even.

A filter about the trade (symbol, tag, the entry's hour, the result, ...) selects all that the trade did, or nothing. A
filter about the close (closeWeekday, closeHour, month, the range of days) selects each close by itself; the trade
counts with its last close.

Each trade counts as one result or, on request, each group of trades (docs/statistics.md, "Groups").
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

from handlers.journal import money
from handlers.journal.money import ZERO
from handlers.journal.settings import MAIN
from handlers.journal.stats.clock import MOST_DAYS_APART, Clock, moved
from handlers.journal.stats.entries import BookEntry, Gain


class TradeOutcome(StrEnum):
    """The outcome of a flat trade."""

    WIN = "WIN"
    LOSS = "LOSS"
    BREAKEVEN = "BREAKEVEN"


class Attribute(StrEnum):
    """The attributes by which trades are filtered and grouped.

    WEEKDAY and HOUR are those of the entry. CLOSE_WEEKDAY, CLOSE_HOUR and MONTH (2025-01) are those of a close, of the
    last one for the trade. RISK is KNOWN or UNKNOWN.
    """

    SYMBOL = "SYMBOL"
    SIDE = "SIDE"
    TAG = "TAG"
    SETUP_TYPE = "SETUP_TYPE"
    TRADING_SESSION = "TRADING_SESSION"
    TRADE_GRADE = "TRADE_GRADE"
    WEEKDAY = "WEEKDAY"
    HOUR = "HOUR"
    CLOSE_WEEKDAY = "CLOSE_WEEKDAY"
    CLOSE_HOUR = "CLOSE_HOUR"
    MONTH = "MONTH"
    RESULT = "RESULT"
    RISK = "RISK"
    HOLDING_TIME = "HOLDING_TIME"
    SIZE = "SIZE"
    GROUP = "GROUP"
    ACCOUNT = "ACCOUNT"


class CountAs(StrEnum):
    """What counts as one result: each trade, or each group and each trade that is in none."""

    TRADES = "TRADES"
    GROUPS = "GROUPS"


# The attributes of a close; all others are the trade's.
OF_A_CLOSE = frozenset({Attribute.CLOSE_WEEKDAY, Attribute.CLOSE_HOUR, Attribute.MONTH})

# Their values are compared without regard to case.
_CASELESS = frozenset({Attribute.SYMBOL, Attribute.SETUP_TYPE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Tolerance:
    """The largest result, positive or negative, that is a break-even: an amount of money, or a part of the risk.

    With a part of the risk, a trade without a known risk is a break-even only if it earned exactly nothing.
    """

    amount: Decimal = ZERO
    of_risk: Decimal | None = None

    @classmethod
    def of(cls, text: str) -> "Tolerance":
        """The tolerance of a text such as 5 or 0.05R."""
        number = Decimal(text.removesuffix("R"))
        return cls(of_risk=number) if text.endswith("R") else cls(amount=number)

    def outcome(self, net: Decimal, risk: Decimal | None) -> TradeOutcome:
        """The outcome of a trade with this net result and risk."""
        bound = self.amount
        if self.of_risk is not None:
            bound = ZERO if risk is None else money.product(self.of_risk, risk)
        if net.copy_abs() <= bound:
            return TradeOutcome.BREAKEVEN
        return TradeOutcome.WIN if net > ZERO else TradeOutcome.LOSS


@dataclass(frozen=True, kw_only=True)
class Question:
    """Which part of the journal is asked for.

    A trade fits if it has one of the values of each attribute in `any_of`, all tags of `all_tags` and none of
    `no_tags`, and does not lie in one of `no_accounts`. `first` and `last` are days by the clock, both included; None
    for no bound. TAG is not a key of `any_of`.
    """

    first: date | None = None
    last: date | None = None
    clock: Clock = field(default_factory=Clock)
    tolerance: Tolerance = field(default_factory=Tolerance)
    any_of: Mapping[Attribute, frozenset[str]] = field(default_factory=dict)
    all_tags: frozenset[str] = frozenset()
    no_tags: frozenset[str] = frozenset()
    no_accounts: frozenset[str] = frozenset()
    count_as: CountAs = CountAs.TRADES

    @property
    def is_empty(self) -> bool:
        """Whether the last day comes before the first."""
        return self.first is not None and self.last is not None and self.last < self.first

    @property
    def days_to_read(self) -> tuple[date | None, date | None]:
        """The first and the last day, by the closes' own offsets, on which closes of the question can lie."""
        apart = MOST_DAYS_APART.days if self.clock.may_move_days else 0
        return (
            None if self.first is None else moved(self.first, -apart),
            None if self.last is None else moved(self.last, apart),
        )

    def values(self, attribute: Attribute, entry: BookEntry, at: datetime) -> tuple[str | None, ...]:
        """The trade's values of the attribute, (None,) if it has none; `at` is the instant of the close."""
        return _VALUES[attribute](self, entry, at)

    def outcome(self, entry: BookEntry) -> TradeOutcome | None:
        """The outcome of the trade; None while it is not flat."""
        return None if entry.net is None else self.tolerance.outcome(entry.net, entry.risk)

    def fits_trade(self, entry: BookEntry) -> bool:
        """Whether the trade passes all filters about trades."""
        if self.all_tags or self.no_tags:
            tags = frozenset(entry.tags)
            if not self.all_tags <= tags or self.no_tags & tags:
                return False
        if self.no_accounts and (entry.account or MAIN) in self.no_accounts:
            return False
        return not self._of_trades or all(self._has(name, entry, entry.opened_at) for name in self._of_trades)

    def day_of(self, own_day: date, entry: BookEntry, at: datetime) -> date | None:
        """The day on which a close counts; None if it does not pass the filters about closes.

        `own_day` is the close's day by its own offset.
        """
        day = self.clock.day(at) if self._moves_days else own_day
        if (self.first is not None and day < self.first) or (self.last is not None and day > self.last):
            return None
        fits = not self._of_closes or all(self._has(attribute, entry, at) for attribute in self._of_closes)
        return day if fits else None

    @cached_property
    def _moves_days(self) -> bool:
        return self.clock.may_move_days

    @cached_property
    def _wanted(self) -> dict[Attribute, frozenset[str]]:
        return {
            attribute: frozenset(map(str.casefold, values)) if attribute in _CASELESS else values
            for attribute, values in self.any_of.items()
        }

    @cached_property
    def _of_trades(self) -> tuple[Attribute, ...]:
        return tuple(attribute for attribute in self.any_of if attribute not in OF_A_CLOSE)

    @cached_property
    def _of_closes(self) -> tuple[Attribute, ...]:
        return tuple(attribute for attribute in self.any_of if attribute in OF_A_CLOSE)

    def _has(self, attribute: Attribute, entry: BookEntry, at: datetime) -> bool:
        [value] = _VALUES[attribute](self, entry, at)
        if value is not None and attribute in _CASELESS:
            value = value.casefold()
        return value in self._wanted[attribute]


class Selected(NamedTuple):
    """The part of an entry that fits a question.

    `own_day` is the entry's day, by the closes' own offsets. `gains` have the days on which they count. `result_day`
    and `outcome` are None unless the trade became flat and its last close fits.
    """

    own_day: date
    entry: BookEntry
    gains: list[tuple[date, Gain]]
    result_day: date | None
    outcome: TradeOutcome | None


def select(question: Question, entries: Iterable[tuple[date, BookEntry]]) -> Iterator[Selected]:
    """Select the parts of the entries that fit the question, in their order.

    If groups count as one result, a trade in a group has no result of its own; else the groups' entries are left out.
    """
    counts_groups = question.count_as is CountAs.GROUPS
    for own_day, entry in entries:
        result = entry.result
        if entry.group is not None and result is not None and entry.is_of_group is not counts_groups:
            if not entry.gains:
                continue
            result = None
        if not question.fits_trade(entry):
            continue
        gains, at, day = [], None, None
        for gain in entry.gains:
            at, day = gain.at, question.day_of(own_day, entry, gain.at)
            if day is not None:
                gains.append((day, gain))
        result_day = None
        if result is not None:  # its instant is that of the last close, which as a rule is the entry's last gain
            result_day = day if result.at is at else question.day_of(own_day, entry, result.at)
        if gains or result_day is not None:
            outcome = None if result_day is None else question.outcome(entry)
            yield Selected(own_day, entry, gains, result_day, outcome)


_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400

# Each bucket reaches up to these seconds, exclusive.
HOLDING_TIMES = (
    ("UNDER_1_MINUTE", _MINUTE),
    ("FROM_1_TO_5_MINUTES", 5 * _MINUTE),
    ("FROM_5_TO_15_MINUTES", 15 * _MINUTE),
    ("FROM_15_TO_60_MINUTES", _HOUR),
    ("FROM_1_TO_4_HOURS", 4 * _HOUR),
    ("FROM_4_TO_24_HOURS", _DAY),
    ("FROM_1_TO_7_DAYS", 7 * _DAY),
    ("FROM_7_TO_30_DAYS", 30 * _DAY),
)
LONGEST_HOLDING_TIME = "FROM_30_DAYS"


def holding_time(seconds: int) -> str:
    """The bucket of a holding time."""
    return next((key for key, end in HOLDING_TIMES if seconds < end), LONGEST_HOLDING_TIME)


_STEPS = (Decimal(1), Decimal(2), Decimal(5), Decimal(10))


def size(quantity: Decimal) -> str:
    """The bucket of a quantity, which is above 0: "100-200" holds those from 100 up to 200, exclusive.

    The bounds are 1, 2 and 5 times the powers of ten.
    """
    unit = Decimal((0, (1,), quantity.adjusted()))
    low, high = next(
        (step, following) for step, following in pairwise(_STEPS) if quantity < money.product(following, unit)
    )
    return "-".join(money.canonical(money.product(bound, unit)) for bound in (low, high))


def _holding_time_of(entry: BookEntry) -> str | None:
    return None if entry.result is None else holding_time(entry.result.holding_seconds)


_VALUES: dict[Attribute, Callable[[Question, BookEntry, datetime], tuple[str | None, ...]]] = {
    Attribute.SYMBOL: lambda _, entry, __: (entry.symbol,),
    Attribute.SIDE: lambda _, entry, __: (entry.side,),
    Attribute.TAG: lambda _, entry, __: entry.tags or (None,),
    Attribute.SETUP_TYPE: lambda _, entry, __: (entry.setup_type,),
    Attribute.TRADING_SESSION: lambda _, entry, __: (entry.trading_session,),
    Attribute.TRADE_GRADE: lambda _, entry, __: (entry.trade_grade,),
    Attribute.WEEKDAY: lambda question, entry, _: (question.clock.weekday(entry.opened_at),),
    Attribute.HOUR: lambda question, entry, _: (question.clock.hour(entry.opened_at),),
    Attribute.CLOSE_WEEKDAY: lambda question, _, at: (question.clock.weekday(at),),
    Attribute.CLOSE_HOUR: lambda question, _, at: (question.clock.hour(at),),
    Attribute.MONTH: lambda question, _, at: (question.clock.day(at).isoformat()[:7],),
    Attribute.RESULT: lambda question, entry, _: (question.outcome(entry),),
    Attribute.RISK: lambda _, entry, __: ("UNKNOWN" if entry.risk is None else "KNOWN",),
    Attribute.HOLDING_TIME: lambda _, entry, __: (_holding_time_of(entry),),
    Attribute.SIZE: lambda _, entry, __: (size(entry.quantity),),
    Attribute.GROUP: lambda _, entry, __: (entry.group,),
    Attribute.ACCOUNT: lambda _, entry, __: (entry.account or MAIN,),
}
