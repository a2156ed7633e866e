"""Interactive Brokers: a Flex query's report as XML.

Read are the elements Trade, CashTransaction, CorporateAction and OptionEAE; a container of the latter has their name,
and no attributes. An expiry or an assignment can be both a Trade and an OptionEAE: the second one is left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from handlers.imports.format import Format, Kind, Layout, Need
from handlers.imports.formats._ibkr import Actions, flex_cash, flex_fill, flex_moment
from handlers.imports.formats._ibkr_levels import one_level
from handlers.imports.records import Found, Record, Records, Skipped, each
from handlers.imports.rows import Fill, Row
from handlers.journal.executions import ExecutionKind

_READ = frozenset({"Trade", "Order", "CashTransaction", "CorporateAction", "OptionEAE"})
_KINDS = {
    "expiration": ExecutionKind.EXPIRY,
    "assignment": ExecutionKind.ASSIGNMENT,
    "exercise": ExecutionKind.EXERCISE,
}


def rows(records: Records) -> Iterator[Row]:
    """A row for each element that says something to record."""
    return each(one_level(record for record in records if record.section in _READ), partial(_row, Actions(), _Ends()))


class _Ends:
    """The ends of options that were read, by the element that said so."""

    def __init__(self) -> None:
        self._read: dict[str, Counter[tuple[object, ...]]] = {}

    def check(self, element: str, fill: Fill) -> Fill:
        """The fill. Raises Skipped if the other element said it before."""
        key = (fill.symbol.upper(), fill.at.date(), fill.quantity)
        for other, read in self._read.items():
            if other != element and read[key]:
                read[key] -= 1
                raise Skipped("is in the report twice")
        self._read.setdefault(element, Counter())[key] += 1
        return fill


def _row(actions: Actions, ends: _Ends, record: Record) -> Found:
    if record.section == "CashTransaction":
        return flex_cash(record)
    if record.section == "CorporateAction":
        return actions.action(record, flex_moment(record))
    fill = flex_fill(record)
    if record.section == "OptionEAE":
        return ends.check("OptionEAE", _ended(record, fill))
    if record.text("transactionType") == "BookTrade" or fill.kind is not ExecutionKind.TRADE:
        return ends.check("Trade", fill)
    return fill


def _ended(record: Record, fill: Fill) -> Fill:
    kind = _KINDS.get(record.text("transactionType").casefold(), ExecutionKind.TRADE)
    return replace(fill, kind=kind, price=fill.price if kind is ExecutionKind.TRADE else None)


FORMAT = Format(
    id="ibkr_flex_xml",
    broker="Interactive Brokers",
    kind=Kind.MIXED,
    columns=("buySell", "quantity", "tradePrice", "dateTime"),
    opening=("<FlexQueryResponse",),
    layout=Layout.XML,
    rows=rows,
    how_to_export="Performance & Reports > Flex Queries > Activity Flex Query with Trades (Execution) > Run, as XML",
    needs=(Need.TIME_ZONE,),
    family="ibkr",
)
