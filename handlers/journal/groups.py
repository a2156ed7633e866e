"""Groups: trades that belong together, such as the legs of a spread or of a pair, and count as one result on request.

A group names its trades, and each trade names its group. A trade counts as a member when both do: one that was deleted
is a member no more, and one that comes back is a member again if its group still names it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from handlers.journal import money
from handlers.journal.trade import Trade

# The statistics write a group's result in one transaction with a check of each trade, of at most 100 actions in all.
MOST_TRADES = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A group as its user made it: a name, what kind of trade it is, and the ids of its trades in the order given."""

    user_id: str
    group_id: str
    name: str
    strategy: str | None = None
    trade_ids: tuple[str, ...] = ()
    version: int = 1
    created_at: datetime
    updated_at: datetime

    def revised(self, *, name: str, strategy: str | None, trade_ids: tuple[str, ...], now: datetime) -> "Group":
        """The group with these values. The same group, at its version, when that changes nothing."""
        if (name, strategy, trade_ids) == (self.name, self.strategy, self.trade_ids):
            return self
        return replace(
            self, name=name, strategy=strategy, trade_ids=trade_ids, version=self.version + 1, updated_at=now
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupResult:
    """What a group earned, once all of its trades are flat.

    `last` is the trade that became flat last. `risk` is the sum of the trades' risks, None if one of them is unknown.
    """

    last: Trade
    net: Decimal
    risk: Decimal | None

    @property
    def closed_at(self) -> datetime:
        """When the last trade became flat."""
        return self.last.closes[-1].closed_at

    @property
    def r(self) -> Decimal | None:
        """The net result in units of the risk, at 8 decimals."""
        return None if self.risk is None else money.ratio(self.net, self.risk)


def members(group: Group, trades: Iterable[Trade]) -> list[Trade]:
    """Those of the trades that are in the group, in the group's order."""
    by_id = {trade.trade_id: trade for trade in trades if trade.group_id == group.group_id}
    return [by_id[trade_id] for trade_id in group.trade_ids if trade_id in by_id]


def counted(trades: Iterable[Trade]) -> list[Trade]:
    """The members that count: a cancelled trade never took place."""
    return [trade for trade in trades if not trade.cancelled]


def have_one_currency(trades: Iterable[Trade]) -> bool:
    """Whether the trades lie in one account and are in one currency, so that their money can be added."""
    return len({(trade.account_id, trade.currency) for trade in trades}) <= 1


def result(trades: Sequence[Trade]) -> GroupResult | None:
    """What the members of a group earned together.

    None as long as one of them is not flat or none counts, if the result of one is unknown, and for trades of several
    accounts or currencies, of which no group is made.
    """
    flat = counted(trades)
    if not flat or not have_one_currency(flat) or not all(trade.is_flat and trade.is_known for trade in flat):
        return None
    risks = [trade.risk for trade in flat]
    return GroupResult(
        last=max(flat, key=lambda trade: (trade.closes[-1].closed_at, trade.created_at, trade.trade_id)),
        net=money.total(trade.realized_partial_pnl for trade in flat),
        risk=None if None in risks else money.total(risk for risk in risks if risk is not None),
    )
