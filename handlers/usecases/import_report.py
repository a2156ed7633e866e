"""The report of an import's reading: its rows and trades in files, and what they add up to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import islice
from typing import Any, NamedTuple

from handlers.imports.decided import DecidedRow, RowOutcome
from handlers.imports.record import MOST_NAMED, Counts
from handlers.journal import money
from handlers.journal.money import ZERO, canonical
from handlers.journal.trade import Trade
from handlers.storage import import_files
from handlers.storage.import_files import ROWS_IN_A_FILE, TRADES_IN_A_FILE, ImportFolder
from handlers.storage.trade_items import trade_item, trade_of
from handlers.usecases.import_trades import Effect, TradeChange

TOTALS = "totals.json.gz"
_COUNTS_OF = {
    RowOutcome.NEW: "new",
    RowOutcome.DUPLICATE: "duplicate",
    RowOutcome.CHANGED: "changed",
    RowOutcome.MATCHES_MANUAL: "matches_manual",
    RowOutcome.CASH: "cash",
    RowOutcome.ACTION: "actions",
    RowOutcome.ORPHAN: "orphan",
    RowOutcome.SKIPPED: "skipped",
    RowOutcome.ERROR: "error",
}


class Rows(NamedTuple):
    """What was written of the rows: how many files, how many rows of each kind, the first lines without a decision."""

    files: int
    counts: Counts
    undecided: tuple[int, ...]


def write_rows(place: ImportFolder, report: str, rows: Iterable[DecidedRow]) -> Rows:
    """Write the rows, with one file of them in memory. Raises Unavailable."""
    found: Counter[str] = Counter()
    undecided: list[int] = []

    def counted() -> Iterator[DecidedRow]:
        for row in rows:
            found.update(("rows", _COUNTS_OF[row.outcome]))
            if row.waits:
                found.update(("undecided",))
                if len(undecided) < MOST_NAMED:
                    undecided.append(row.line)
            yield row

    written = counted()
    number = 0
    while some := list(islice(written, ROWS_IN_A_FILE)):
        import_files.write_rows(place, report, number, some)
        number += 1
    return Rows(number, Counts(**found), tuple(undecided))


def write_trade_changes(place: ImportFolder, report: str, changes: Iterable[TradeChange]) -> tuple[int, int]:
    """Write the trades that differ, and what they add up to. Returns how many files and trades these are.

    Raises Unavailable.
    """
    totals = Totals()
    rest = iter(changes)
    number = written = 0
    while some := list(islice(rest, TRADES_IN_A_FILE)):
        for change in some:
            totals.add(change)
        import_files.write_trades(place, report, number, map(_item, some))
        number, written = number + 1, written + len(some)
    import_files.write_small(place, f"{report}/{TOTALS}", totals.document())
    return number, written


def read_trade_changes(place: ImportFolder, report: str, number: int) -> Iterator[TradeChange]:
    """The trades of one file of a report. Raises Unavailable."""
    for item in import_files.read_trades(place, report, number):
        before = item.get("before")
        yield TradeChange(Effect(item["effect"]), trade_of(item["trade"]), None if before is None else trade_of(before))


def read_totals(place: ImportFolder, report: str) -> list[dict[str, Any]]:
    """What the trades of a report add up to, as the contract's ImportTotals. Raises Unavailable."""
    found: list[dict[str, Any]] = import_files.read_small(place, f"{report}/{TOTALS}")
    return found


def _item(change: TradeChange) -> dict[str, Any]:
    item: dict[str, Any] = {"effect": change.effect, "trade": trade_item(change.trade)}
    return item if change.before is None else {**item, "before": trade_item(change.before)}


@dataclass(slots=True)
class _Sums:
    trades: int = 0
    gross: Decimal = ZERO
    net: Decimal = ZERO
    by_day: dict[str, tuple[int, Decimal]] = field(default_factory=dict)

    def add(self, trade: Trade, sign: int) -> None:
        """Add a closed trade whose result is known, or take it away."""
        gross, net, closed = trade.gross_pnl, trade.net_pnl, trade.close_date
        if gross is None or net is None or closed is None:
            return
        if sign < 0:
            gross, net = gross.copy_negate(), net.copy_negate()
        self.trades += sign
        self.gross, self.net = money.plus(self.gross, gross), money.plus(self.net, net)
        day = closed.date().isoformat()
        number, before = self.by_day.get(day, (0, ZERO))
        self.by_day[day] = number + sign, money.plus(before, net)


class Totals:
    """What an import adds to the closed trades of each currency: what they would be, less what they are."""

    def __init__(self) -> None:
        self._sums: dict[str, _Sums] = {}

    def add(self, change: TradeChange) -> None:
        """Count one trade that differs."""
        if change.effect is Effect.DELETE:
            self._of(change.trade).add(change.trade, -1)
            return
        self._of(change.trade).add(change.trade, 1)
        if change.before is not None:
            self._of(change.before).add(change.before, -1)

    def document(self) -> list[dict[str, Any]]:
        """The contract's ImportTotals, a currency after the other; days on which nothing changes are left out."""
        return [
            {
                **({"currency": currency} if currency else {}),
                "trades": of.trades,
                "grossPnl": canonical(of.gross),
                "netPnl": canonical(of.net),
                "costs": canonical(money.minus(of.gross, of.net)),
                "byDay": [
                    {"day": day, "trades": number, "netPnl": canonical(net)}
                    for day, (number, net) in sorted(of.by_day.items())
                    if number or net
                ],
            }
            for currency, of in sorted(self._sums.items())
        ]

    def _of(self, trade: Trade) -> _Sums:
        return self._sums.setdefault(trade.currency or "", _Sums())
