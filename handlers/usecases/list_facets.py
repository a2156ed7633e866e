"""The symbols, tags, setup types and accounts of a user's trades, read at the least cost.

The day books hold them for every trade that has realized something, in a tenth of the bytes of the trades themselves.
The other trades are few: those that are open, partly closed or cancelled are read from the index by status.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import NamedTuple

from handlers.journal.facets import Facets, Labels, facets
from handlers.journal.settings import MAIN
from handlers.journal.trade import Status
from handlers.storage import trade_queries
from handlers.storage.stats import books

# The trades that are counted at most.
MOST_TRADES = 10_000
# The days whose trades are read first, so that a long journal's answer is about them.
RECENT = timedelta(days=366)


class CountedFacets(NamedTuple):
    """The values, and whether all trades were counted."""

    facets: Facets
    is_exact: bool


def list_facets(user_id: str, today: date) -> CountedFacets:
    """What the user's trades can be filtered by. Follows changes a moment later, as lists and statistics do.

    Raises Busy, UnreadableBook.
    """
    seen: dict[str, Labels] = {}
    for status in (Status.OPEN, Status.PARTIAL, Status.CANCELLED):
        for trade_id, labels in trade_queries.labels_by_status(user_id, status):
            if len(seen) >= MOST_TRADES:
                return CountedFacets(facets(seen.values()), is_exact=False)
            seen[trade_id] = labels
    since = today - RECENT
    for first, last in ((since, None), (None, since - timedelta(days=1))):
        for _, entry in books.read(user_id, first, last):
            if entry.is_of_group or entry.trade_id in seen:
                continue
            if len(seen) >= MOST_TRADES:
                return CountedFacets(facets(seen.values()), is_exact=False)
            seen[entry.trade_id] = Labels(
                symbol=entry.symbol,
                tags=entry.tags,
                setup_type=entry.setup_type,
                account_id=entry.account or MAIN,
            )
    return CountedFacets(facets(seen.values()), is_exact=True)
