"""Lists trades by when they were closed: the day books say which, the trades themselves are read page by page."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date, time

from handlers.documents import trades as documents
from handlers.documents.fields import as_json
from handlers.journal.stats.clock import MIDNIGHT, Clock, time_zone
from handlers.journal.stats.close_lists import Ranked, SortBy, rank, ranked, ranked_from, still_fits, text_of
from handlers.journal.stats.entries import in_place_of_stored
from handlers.journal.stats.questions import Attribute, Question
from handlers.journal.trade import Trade
from handlers.storage import trades
from handlers.storage.errors import BadPageToken
from handlers.storage.stats import books
from handlers.storage.trade_queries import ListPosition, TradeCount, TradeFilter, TradePage

# Lambda answers 6 MB at most, and one trade has 2.4 MB at most.
ENOUGH_BYTES = 3_000_000
_READ_AT_ONCE = 10
_COUNTED_AT_ONCE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseFilter(TradeFilter):
    """The filters of such a list: it has either the days of the last close, or the one day of any close.

    Days are by the clock of `zone` and `day_starts_at`; without a zone, by each close's own UTC offset.
    """

    close_from: date | None = None
    close_to: date | None = None
    active_on: date | None = None
    zone: str | None = None
    day_starts_at: time = MIDNIGHT
    sort: SortBy = SortBy.CLOSE_DATE


def list_by_close(
    user_id: str,
    wanted: CloseFilter,
    *,
    limit: int,
    newest_first: bool = True,
    after: ListPosition | None = None,
    included: Collection[str] = (),
) -> TradePage:
    """A page of at most `limit` of the user's trades that fit, sorted downwards with `newest_first`.

    included: ids of trades of which the stored item counts, and not the entries in the books, which lag behind changes
    by a moment. A trade that no longer fits is not shown, so a page may hold fewer trades than `limit`. Raises
    BadPageToken, Busy.
    """
    question, flat = _question(wanted), wanted.active_on is None
    reading = () if question.is_empty else books.read(user_id, *question.days_to_read)
    own = trades.several(user_id, included) if included else []
    stored = in_place_of_stored(reading, included, own) if included else reading
    found = ranked(stored, question, wanted.sort, flat=flat, descending=newest_first)
    if after is not None:
        found = _following(found, after, wanted.sort, descending=newest_first)
    shown: list[Trade] = []
    size = read = 0
    while read < len(found) and len(shown) < limit and size < ENOUGH_BYTES:
        some = found[read : read + min(_READ_AT_ONCE, limit - len(shown))]
        by_id = {trade.trade_id: trade for trade in trades.several(user_id, [each.trade_id for each in some])}
        for each in some:
            trade = by_id.get(each.trade_id)
            if size >= ENOUGH_BYTES:
                break
            read += 1
            if trade is not None and wanted.fits(trade) and still_fits(trade, question, flat=flat):
                shown.append(trade)
                size += len(as_json(documents.trade_document(trade)))
    following = _position(found[read - 1], wanted.sort) if read < len(found) else None
    return TradePage(trades=tuple(shown), next=following)


def count_by_close(
    user_id: str, wanted: CloseFilter, *, most: int, out_of_time: Callable[[], bool], included: Collection[str] = ()
) -> TradeCount:
    """The number of trades in such a list: exact up to `most`, as long as there is time. Raises Busy.

    The books suffice unless a filter needs a field that they do not hold; then the trades are read.
    """
    question, flat = _question(wanted), wanted.active_on is None
    reading = () if question.is_empty else books.read(user_id, *question.days_to_read)
    own = trades.several(user_id, included) if included else []
    stored = in_place_of_stored(reading, included, own) if included else reading
    found = ranked(stored, question, wanted.sort, flat=flat, descending=True)
    if not _asks_for_more(wanted):
        return TradeCount(min(len(found), most), is_exact=len(found) <= most)
    number = 0
    for read in range(0, len(found), _COUNTED_AT_ONCE):
        if number > most or out_of_time():
            return TradeCount(min(number, most), is_exact=False)
        some = trades.several(user_id, [each.trade_id for each in found[read : read + _COUNTED_AT_ONCE]])
        number += sum(wanted.fits(trade) and still_fits(trade, question, flat=flat) for trade in some)
    return TradeCount(min(number, most), is_exact=number <= most)


def _asks_for_more(wanted: CloseFilter) -> bool:
    """Whether a filter needs a field that the books do not hold."""
    of_the_trade = (wanted.open_from, wanted.open_to, wanted.has_images, wanted.external_id, wanted.idempotency_key)
    return bool(wanted.statuses) or any(value is not None for value in of_the_trade)


def _question(wanted: CloseFilter) -> Question:
    """The filters that entries can answer; `fits` checks the others once the trades are read."""
    clock = Clock(zone=None if wanted.zone is None else time_zone(wanted.zone), day_starts_at=wanted.day_starts_at)
    given = {
        Attribute.SYMBOL: wanted.symbol,
        Attribute.SIDE: wanted.side,
        Attribute.SETUP_TYPE: wanted.setup_type,
    }
    return Question(
        first=wanted.close_from if wanted.active_on is None else wanted.active_on,
        last=wanted.close_to if wanted.active_on is None else wanted.active_on,
        clock=clock,
        any_of={name: frozenset((str(value),)) for name, value in given.items() if value is not None}
        | ({Attribute.ACCOUNT: frozenset(wanted.account_ids)} if wanted.account_ids else {}),
        all_tags=frozenset(wanted.tags),
    )


def _following(found: list[Ranked], after: ListPosition, sort: SortBy, *, descending: bool) -> list[Ranked]:
    if after.index != _index(sort):
        raise BadPageToken("The position lies in another list.")
    last = rank(ranked_from(after.trade_id, after.sort_key, sort), descending=descending)
    return [
        each
        for each in found
        if (rank(each, descending=descending) < last if descending else rank(each, descending=descending) > last)
    ]


def _position(each: Ranked, sort: SortBy) -> ListPosition:
    return ListPosition(index=_index(sort), sort_key=text_of(each), trade_id=each.trade_id)


def _index(sort: SortBy) -> str:
    return f"books|{sort}"
