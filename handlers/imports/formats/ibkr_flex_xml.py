"""Interactive Brokers: a Flex query's report as XML.

Read are the elements Trade, CashTransaction, CorporateAction, OptionEAE and Transfer, and TradeConfirm of the reports
of confirmations; the container of OptionEAE has its name, and no attributes. An expiry or an assignment can be both a
Trade and an OptionEAE: the second one is left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from handlers.imports.format import Format, FormatKind, Layout, Need
from handlers.imports.formats._ibkr import Actions, flex_cash, flex_fill, flex_moment, transfer
from handlers.imports.formats._ibkr_levels import one_level
from handlers.imports.records import Found, Record, Records, Skipped, each
from handlers.imports.rows import ReportedFill, Row
from handlers.journal.executions import ExecutionKind

_READ = frozenset({"Trade", "TradeConfirm", "Order", "CashTransaction", "CorporateAction", "OptionEAE", "Transfer"})
_KINDS = {
    "expiration": ExecutionKind.EXPIRY,
    "assignment": ExecutionKind.ASSIGNMENT,
    "exercise": ExecutionKind.EXERCISE,
}


def rows(records: Records) -> Iterator[Row]:
    """A row for each element that says something to record."""
    read = (record for record in records if record.section in _READ)
    return each(one_level(read, "levelOfDetail", ("execution", "order")), partial(_row, Actions(), _Ends()))


class _Ends:
    """The ends of options, by what said so first. The id of the trade tells; without one, symbol, day and quantity."""

    def __init__(self) -> None:
        self._ids: dict[str, str] = {}
        self._contents: Counter[tuple[object, ...]] = Counter()

    def check(self, record: Record, fill: ReportedFill, *, may_be_twice: bool) -> ReportedFill:
        """The fill. Raises Skipped if the element of the other name said it before."""
        trade_id = record.text("tradeID")
        if trade_id and self._ids.setdefault(trade_id, record.section) != record.section:
            raise Skipped("is in the report twice")
        if may_be_twice:
            content = (fill.symbol.upper(), fill.at.date(), fill.quantity)
            other = "Trade" if record.section == "OptionEAE" else "OptionEAE"
            if self._contents[other, *content] > 0:
                self._contents[other, *content] -= 1
                raise Skipped("is in the report twice")
            self._contents[record.section, *content] += 1
        return fill


def _row(actions: Actions, ends: _Ends, record: Record) -> Found:
    if record.section == "CashTransaction":
        return flex_cash(record)
    if record.section == "Transfer":
        return transfer(record)
    if record.section == "CorporateAction":
        return actions.action(record, flex_moment(record))
    fill = flex_fill(record)
    if record.section == "OptionEAE":
        return ends.check(record, _ended(record, fill), may_be_twice=True)
    by_book = record.text("transactionType") == "BookTrade" or fill.kind is not ExecutionKind.TRADE
    return ends.check(record, fill, may_be_twice=by_book)


def _ended(record: Record, fill: ReportedFill) -> ReportedFill:
    kind = _KINDS.get(record.text("transactionType").casefold(), ExecutionKind.TRADE)
    return replace(fill, kind=kind, price=fill.price if kind is ExecutionKind.TRADE else None)


FORMAT = Format(
    id="ibkr_flex_xml",
    broker="Interactive Brokers",
    kind=FormatKind.MIXED,
    columns=("buySell", "quantity", "tradePrice", "dateTime"),
    opening=("<FlexQueryResponse",),
    layout=Layout.XML,
    rows=rows,
    how_to_export="Performance & Reports > Flex Queries > Activity Flex Query with Trades (Execution) > Run, as XML",
    needs=(Need.TIME_ZONE,),
    family="ibkr",
    version=2,
)
