"""Ask questions of trades as the operations ask them of stored entries."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

from handlers.journal.stats.entries import BookEntry, entries
from handlers.journal.stats.figures import Figure, figures_of_journal
from handlers.journal.stats.folding import JournalSums, fold
from handlers.journal.stats.questions import Question, Selected, select
from handlers.journal.trade import Trade


def stored(trades: Iterable[Trade]) -> list[tuple[date, BookEntry]]:
    """All entries in the order of their days, those of one day as the trades come."""
    of_trades = [(day, entry) for trade in trades for day, entry in entries(trade).items()]
    return sorted(of_trades, key=lambda each: each[0])


def selected(trades: Iterable[Trade], question: Question | None = None) -> list[Selected]:
    """The entries that the question selects, read from only the days that it needs."""
    asked = question or Question()
    first, last = asked.days_to_read
    read = [(day, entry) for day, entry in stored(trades) if (first or day) <= day <= (last or day)]
    return list(select(asked, read))


def folded(trades: Iterable[Trade], question: Question | None = None) -> JournalSums:
    return fold(selected(trades, question))


def figures(
    trades: Iterable[Trade], opening: Decimal | None = None, question: Question | None = None
) -> dict[str, Figure[Any]]:
    return figures_of_journal(folded(trades, question), opening)
