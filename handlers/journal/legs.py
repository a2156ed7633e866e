"""What a trade is made of: its entries, its closes, and what each close earned with which entry."""

from dataclasses import dataclass
from decimal import Decimal

from handlers.journal import money
from handlers.journal.trade import Entry, Realized, Trade


@dataclass(frozen=True, slots=True, kw_only=True)
class LegMatch:
    """A quantity of a close with the entry that it closes, in the units of the close.

    `entry_id` is None for the pool of AVERAGE, unless all of it came from one entry.
    """

    entry_id: str | None
    close_id: str
    quantity: Decimal
    gross: Decimal
    entry_costs: Decimal
    exit_costs: Decimal

    @property
    def net(self) -> Decimal:
        """The gross without its share of the costs of the entry and of the close."""
        return money.minus(self.gross, self.entry_costs, self.exit_costs)


def legs_of(trade: Trade) -> list[Entry | Realized | LegMatch]:
    """The entries by time, then the closes by time, then the matches in the order of their closes."""
    return [*trade.entered, *trade.realized, *_matches(trade)]


def _matches(trade: Trade) -> list[LegMatch]:
    entries = {entry.entry_id for entry in trade.entered}
    only = trade.entered[0].entry_id if len(entries) == 1 else None
    return [
        LegMatch(
            entry_id=match.entry_id if match.entry_id in entries else only,
            close_id=part.close.close_id,
            quantity=match.quantity,
            gross=match.gross,
            entry_costs=match.entry_costs,
            exit_costs=match.exit_costs,
        )
        for part in trade.realized
        for match in part.matches
    ]
