"""Groups of trades as the documents that the API answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from handlers.documents.fields import columns_of, document, time_text
from handlers.documents.trades import ratio_of
from handlers.journal import money
from handlers.journal.groups import Group, counted, have_one_currency, result
from handlers.journal.money import canonical

if TYPE_CHECKING:
    from handlers.journal.trade import Trade


def group_document(group: Group, trades: Sequence[Trade]) -> dict[str, Any]:
    """The contract's Group, with those of its trades that exist, in its order."""
    shown = {
        **document(_GROUP, group),
        "tradeIds": [trade.trade_id for trade in trades],
    }
    if have_one_currency(counted(trades)):
        shown["realizedPnl"] = canonical(money.total(trade.realized_partial_pnl for trade in counted(trades)))
    if (found := result(trades)) is not None:
        shown |= {"closeDate": time_text(found.closed_at), "netPnl": canonical(found.net)}
        if found.r is not None:
            shown["rMultiple"] = ratio_of(found.r)
    return shown


_GROUP = columns_of(Group, without=["user_id", "trade_ids"])
