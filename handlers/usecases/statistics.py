"""Statistics: what a question selects of the day books, in one currency."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

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
    # One query brings settings and accounts together with books up to a day or from a day on: their copies lie at both
    # ends. The clock is known after it began, so it reads some days more. A range that begins and ends amid the books
    # takes a second query, which costs less than to read on to an end.
    apart = MOST_DAYS_APART.days
    if first is None:
        standing, reading = books.read_up_to(user, None if last is None else moved(last, apart))
        question = ask(standing)
    elif last is None or last >= max(first, _earliest_today()):
        standing, reading = books.read_from(user, moved(first, -apart))
        question = ask(standing)
    else:
        standing = trading_accounts.standing(user)
        question = ask(standing)
        reading = books.read(user, *question.days_to_read)
    conversion = Conversion(known or standing, question, load or (lambda: rates.every(user)))
    return Opened(question=question, standing=standing, reading=reading, conversion=conversion)


def _earliest_today() -> date:
    """Today where the day begins last."""
    return datetime.now(UTC).date() - timedelta(days=1)


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
