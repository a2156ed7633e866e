"""Statistics as the contract writes them: money as text, ratios to six decimals, and a reason for what has no value.

The figures are those that journal/stats/figures.py registers, under their names in camelCase.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from handlers.documents.fields import contract_name, time_text
from handlers.journal import money
from handlers.journal.stats.currencies import Conversion
from handlers.journal.stats.figures import Figure, Interval, figures_of_journal
from handlers.journal.stats.folding import JournalSums, WinLossRecord
from handlers.journal.stats.questions import Question


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What every answer repeats of its question, and when the statistics that it shows last changed.

    `tolerance` is the break-even tolerance as it was asked for. `conversion` says in which currency the figures are
    and, once it is done, what could not be converted into it.
    """

    question: Question
    tolerance: str
    as_of: datetime | None
    conversion: Conversion

    def document(self) -> dict[str, Any]:
        """The properties that all four answers share."""
        clock = self.question.clock
        return {
            "basis": "NET",
            **({} if self.as_of is None else {"asOf": time_text(self.as_of)}),
            **({} if clock.zone is None else {"timeZone": clock.zone.key}),
            "dayStartsAt": f"{clock.day_starts_at:%H:%M}",
            "breakevenTolerance": self.tolerance,
            "countAs": self.question.count_as,
            "currency": self.conversion.into,
            **self._unconverted(),
        }

    def _unconverted(self) -> dict[str, Any]:
        left_out = self.conversion.unconverted
        if not left_out.currencies:
            return {}
        return {"unconverted": {"trades": len(left_out.trades), "currencies": sorted(left_out.currencies)}}


def stats_document(journal: JournalSums, opening_balance: Decimal | None, frame: Frame) -> dict[str, Any]:
    """The contract's Stats."""
    document = {
        **frame.document(),
        **sums(journal.record),
        "realizedPnl": money_text(journal.balance.realized),
        "longestWinStreak": journal.runs.longest_wins,
        "longestLossStreak": journal.runs.longest_losses,
        "currentStreak": journal.runs.current,
        **shown_figures(figures_of_journal(journal, opening_balance)),
        "byCurrency": [
            {
                "currency": currency,
                "tradeCount": own.trades,
                "realizedPnl": money_text(own.realized),
                "netPnl": money_text(own.net),
            }
            for currency, own in sorted(frame.conversion.by_currency.items())
        ],
    }
    if frame.as_of is not None:
        document["lastUpdated"] = time_text(frame.as_of)
    return document


def sums(record: WinLossRecord) -> dict[str, Any]:
    """How many trades became flat, and what they earned together."""
    return {
        **counts(record),
        "netPnl": money_text(record.net),
        "grossPnl": money_text(money.minus(money.total((record.net, record.costs)), record.events)),
        "costs": money_text(record.costs),
        "eventPnl": money_text(record.events),
        "sumWinPnl": money_text(record.sum_win),
        "sumLossPnl": money_text(record.sum_loss),
        "sumBreakevenPnl": money_text(record.sum_breakeven),
    }


def counts(record: WinLossRecord) -> dict[str, Any]:
    """How many trades became flat, and their R."""
    return {
        "tradeCount": record.trades,
        "wins": record.wins,
        "losses": record.losses,
        "breakevens": record.breakevens,
        "rCount": record.r_count,
        "sumR": ratio(float(record.r_sum)),
    }


def shown_figures(figures: Mapping[str, Figure[Any]]) -> dict[str, Any]:
    """Each figure under its name in the contract, null where it has no value, and the reasons for those."""
    named = {contract_name(name): figure for name, figure in figures.items()}
    reasons = {name: figure.reason for name, figure in named.items() if figure.reason is not None}
    return {**{name: figure_value(figure.value) for name, figure in named.items()}, "reasons": reasons}


def figure_value(value: Decimal | float | Interval | None) -> str | float | dict[str, float] | None:
    """The value of a figure."""
    if isinstance(value, Decimal):
        return money_text(value)
    if isinstance(value, Interval):
        return {"low": ratio(value.low), "high": ratio(value.high)}
    return None if value is None else ratio(value)


def money_text(amount: Decimal) -> str:
    """An amount of money: sums are exact, means were rounded when they were made."""
    return money.canonical(amount)


def ratio(value: float) -> float:
    """A ratio, at 6 decimals; never -0.0."""
    return round(value, 6) + 0.0
