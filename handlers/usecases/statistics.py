"""Statistics: what a question selects of the day books, in one currency."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, time

from handlers.journal.rates import Rates
from handlers.journal.stats.clock import MOST_DAYS_APART, Clock, moved, time_zone
from handlers.journal.stats.currencies import Conversion
from handlers.journal.stats.entries import Entry
from handlers.journal.stats.questions import Question, Selected, Tolerance, select
from handlers.journal.trading_accounts import Standing
from handlers.storage import rates, trading_accounts
from handlers.storage.stats import books
from handlers.storage.stats.books import Reading


@dataclass(frozen=True, kw_only=True)
class Opened:
    """The question in full, by the user's settings, and the books of its days, which are read as they are needed."""

    question: Question
    standing: Standing
    reading: Reading
    conversion: Conversion

    def selected(self, entries: Iterable[tuple[date, Entry]] | None = None) -> Iterator[Selected]:
        """What fits the question, in one currency: of the books, or of the entries that stand for them.

        Raises Busy, UnreadableBook.
        """
        if entries is None:
            entries = () if self.question.is_empty else self.reading
        return self.conversion(select(self.question, entries))


def opened(
    user: str,
    first: date | None,
    last: date | None,
    ask: Callable[[Standing], Question],
    *,
    standing: Standing | None = None,
    load: Callable[[], Rates] | None = None,
) -> Opened:
    """Read the user's settings and accounts, ask by them, and begin to read the books. Raises Busy; what `ask` raises.

    first, last: those of the question. standing: settings and accounts, for who has read them. load: reads the rates.
    """
    known = standing
    if first is None:
        # One query brings settings, accounts and books. The clock is known after it began, so it reads some days more.
        standing, reading = books.read_with_standing(user, None if last is None else moved(last, MOST_DAYS_APART.days))
        question = ask(standing)
    else:
        standing = trading_accounts.standing(user)
        question = ask(standing)
        reading = books.read(user, *question.days_to_read)
    conversion = Conversion(known or standing, question, load or (lambda: rates.every(user)))
    return Opened(question=question, standing=standing, reading=reading, conversion=conversion)


def of_everything(standing: Standing) -> Question:
    """The question about the whole journal, as the settings ask it."""
    settings = standing.settings
    return Question(
        clock=Clock(
            zone=None if settings.time_zone is None else time_zone(settings.time_zone),
            day_starts_at=time.fromisoformat(settings.day_starts_at),
            week_starts_on=settings.week_starts_on,
        ),
        tolerance=Tolerance.of(settings.breakeven_tolerance),
        no_accounts=standing.left_out(),
    )
