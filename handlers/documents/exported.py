"""What a lossless export (format version 2) holds of each thing: what its user gave, its id, version and times.

Nothing that follows from something else is part of it. The keys stand in the order of the contract's schemas, so equal
things have equal documents, byte for byte.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from handlers.documents.fields import Column, columns_of, document
from handlers.documents.trades import entry_document, event_document, split_document
from handlers.journal.executions import Instrument, RecordedAction, RecordedExecution
from handlers.journal.groups import Group
from handlers.journal.money import canonical
from handlers.journal.trade import Close, Image, Trade, TradeEvent, TradeSource
from handlers.journal.trading_accounts import TradingAccount

if TYPE_CHECKING:
    from collections.abc import Mapping

ARCHIVE_FORMAT_VERSION = 2
CONTRACT_VERSION = "1.0.0"


def exported_trade(trade: Trade) -> dict[str, Any]:
    """The contract's ExportedTrade. Of a trade that follows from executions, only what its user wrote about it."""
    return document(OF_LEDGER if trade.source is TradeSource.LEDGER else _TRADE, trade)


def given_events(trade: Trade) -> tuple[TradeEvent, ...]:
    """The events that the user recorded: those that corporate actions make have the ids of their splits."""
    made = {split.split_id for split in trade.splits}
    return tuple(event for event in trade.events if event.event_id not in made)


def exported_execution(execution: RecordedExecution) -> dict[str, Any]:
    """The contract's ExportedExecution."""
    shown = document(_EXECUTION, execution)
    if execution.basis_unknown:
        del shown["price"]
    return shown


def exported_action(action: RecordedAction) -> dict[str, Any]:
    """The contract's ExportedAction."""
    return document(_ACTION, action)


def exported_account(account: TradingAccount) -> dict[str, Any]:
    """The contract's ExportedAccount."""
    return document(_ACCOUNT, account)


def exported_group(group: Group, group_of: Mapping[str, str]) -> dict[str, Any]:
    """The contract's ExportedGroup. group_of: the group that each trade names; a trade is a member if both say so."""
    members = [trade_id for trade_id in group.trade_ids if group_of.get(trade_id) == group.group_id]
    return document(_GROUP, group) | {"tradeIds": members}


_CLOSE = columns_of(Close, without=["sequence", "money"])
_IMAGE = columns_of(Image, without=["file_version"])
# What follows from the parts of a trade or from its group, or is written last.
_APART = {
    *("user_id", "quantity", "open_date", "entry_price", "commission", "fees", "group_id", "warnings"),
    *("entries", "closes", "splits", "events"),
}
# What the fills of a trade determine, if it follows from executions.
_OF_FILLS = {"symbol", "side", "multiplier", "cancelled", "account_id", "currency"}
# In the contract's order: DynamoDB keeps none.
MOODS = ("greed", "fear", "fomo", "revenge", "overconfidence", "patience")
_WRITERS: dict[str, Any] = {
    "cancelled": lambda cancelled: "CANCELLED" if cancelled else None,
    "psychology": lambda moods: {name: moods[name] for name in MOODS if name in moods} or None,
    "images": lambda images: [document(_IMAGE, image) for image in images] or None,
}
EVENTS: Column = ("events", given_events, lambda events: [event_document(event) for event in events] or None)
_TRADE: list[Column] = [
    *columns_of(Trade, without=_APART, writers=_WRITERS),
    ("entries", lambda trade: trade.entered, lambda entries: [entry_document(entry) for entry in entries]),
    ("closes", lambda trade: trade.closes, lambda closes: [document(_CLOSE, close) for close in closes] or None),
    ("splits", lambda trade: trade.splits, lambda splits: [split_document(split) for split in splits] or None),
    EVENTS,
]
OF_LEDGER: list[Column] = [*columns_of(Trade, without=_APART | _OF_FILLS, writers=_WRITERS), EVENTS]
_INSTRUMENT = columns_of(Instrument)
_EXECUTION = columns_of(
    RecordedExecution,
    without=["user_id", "trade_ids", "basis_unknown"],
    writers={
        "instrument": partial(document, _INSTRUMENT),
        "cost_details": lambda details: (
            [{"kind": detail.kind, "amount": canonical(detail.amount)} for detail in details] or None
        ),
    },
)
_ACTION = columns_of(RecordedAction, without=["user_id"])
_ACCOUNT = columns_of(TradingAccount, without=["user_id", "in_use", "closing", "erasing"])
_GROUP = columns_of(Group, without=["user_id", "trade_ids"])
