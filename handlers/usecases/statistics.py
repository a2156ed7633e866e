"""Statistics: reads what a question selects from the day books, in one currency."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from handlers.journal.rates import Rates
from handlers.journal.stats.clock import MOST_DAYS_APART, Clock, moved, time_zone
from handlers.journal.stats.currencies import Conversion
from handlers.journal.stats.entries import BookEntry
from handlers.journal.stats.questions import Question, Selected, Tolerance, select
from handlers.journal.trading_accounts import SettingsAndAccounts
from handlers.storage import rates, trading_accounts
from handlers.storage.stats import books
from handlers.storage.stats.books import BookReading


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A question, completed by the user's settings, and the books of its days, which are read when they are needed."""

    question: Question
    settings_and_accounts: SettingsAndAccounts
    reading: BookReading
    conversion: Conversion

    def selected(self, entries: Iterable[tuple[date, BookEntry]] | None = None) -> Iterator[Selected]:
        """What fits the question, in one currency. entries: used instead of the books, if given.

        Raises Busy, UnreadableBook.
        """
        if entries is None:
            entries = () if self.question.is_empty else self.reading
        return self.conversion(select(self.question, entries))


def opened(
    user: str,
    first: date | None,
    last: date | None,
    ask: Callable[[SettingsAndAccounts], Question],
    *,
    settings_and_accounts: SettingsAndAccounts | None = None,
    load: Callable[[], Rates] | None = None,
) -> Opened:
    """Read the user's settings and accounts, make the question from them, and begin to read the books.

    first, last: the days of the question. ask: makes the question. settings_and_accounts: if they were read already.
    load: reads the rates. Raises Busy, and what `ask` raises.
    """
    known = settings_and_accounts
    # Copies of settings and accounts lie at both ends of the books, so one query reads them together with the books up
    # to a day or from a day on. The clock is only known after the query has begun, so it reads some days more. A range
    # in the middle of the books takes a second query, which costs less than reading on to an end.
    apart = MOST_DAYS_APART.days
    if first is None:
        settings_and_accounts, reading = books.read_up_to(user, None if last is None else moved(last, apart))
        question = ask(settings_and_accounts)
    elif last is None or last >= max(first, _earliest_today()):
        settings_and_accounts, reading = books.read_from(user, moved(first, -apart))
        question = ask(settings_and_accounts)
    else:
        settings_and_accounts = trading_accounts.settings_and_accounts(user)
        question = ask(settings_and_accounts)
        reading = books.read(user, *question.days_to_read)
    conversion = Conversion(known or settings_and_accounts, question, load or (lambda: rates.every(user)))
    return Opened(
        question=question, settings_and_accounts=settings_and_accounts, reading=reading, conversion=conversion
    )


def _earliest_today() -> date:
    """Today in the time zone where it begins last."""
    return datetime.now(UTC).date() - timedelta(days=1)


def of_everything(settings_and_accounts: SettingsAndAccounts) -> Question:
    """The question about the whole journal, by the user's settings."""
    settings = settings_and_accounts.settings
    return Question(
        clock=Clock(
            zone=None if settings.time_zone is None else time_zone(settings.time_zone),
            day_starts_at=time.fromisoformat(settings.day_starts_at),
            week_starts_on=settings.week_starts_on,
        ),
        tolerance=Tolerance.of(settings.breakeven_tolerance),
        no_accounts=settings_and_accounts.left_out(),
    )
