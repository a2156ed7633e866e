"""Compares the trades that an account's export (format version 1) shows with those that its archive makes: whether the
journal's arithmetic gives the figures of then.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from typing import Any

from handlers.documents.trades import trade_document
from handlers.journal.restores import MOST_PROBLEMS, RestoreProblem
from handlers.journal.trade import Trade
from handlers.usecases.archive_check import CheckedArchive
from handlers.usecases.json_reading import json_members

# The files of images are not restored, and what is in the base currency follows from rates of the day of the export.
_NOT_COMPARED = ("images", "base")


def differences(
    pieces: Callable[[], Iterable[bytes]], checked: CheckedArchive, now: datetime
) -> tuple[RestoreProblem, ...]:
    """A warning for each trade that the file shows otherwise than the archive makes it, 100 at most.

    pieces: the file of which the archive was made, from its beginning. Of each trade, a hash is held in memory.
    """
    shown = {trade["tradeId"]: _digest(trade) for _, trade in _shown(pieces())}
    others: dict[str, dict[str, Any]] = {}
    for trade in _made(checked, now):
        document = _compared(trade_document(trade))
        if _digest(document) != shown[trade.trade_id]:
            others[trade.trade_id] = document
            if len(others) == MOST_PROBLEMS:
                break
    if not others:
        return ()
    return tuple(
        _warning(line, trade, others[trade["tradeId"]])
        for line, trade in _shown(pieces())
        if trade["tradeId"] in others
    )


def _shown(pieces: Iterable[bytes]) -> Iterator[tuple[int, dict[str, Any]]]:
    """The trades of the file, each with its place."""
    for name, values in json_members(pieces):
        for number, value in enumerate(values, start=1):
            if name == "trades":
                yield number, _compared(value)


def _made(checked: CheckedArchive, now: datetime) -> Iterator[Trade]:
    group_of = checked.group_of()
    for trade in checked.documents("trades.ndjson"):
        if isinstance(trade, Trade):
            yield replace(trade, group_id=group_of.get(trade.trade_id))
    for derived in checked.positions().derived(checked.annotations, now):
        for trade in derived.trades:
            yield replace(trade, group_id=group_of.get(trade.trade_id))


def _compared(trade: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in trade.items() if name not in _NOT_COMPARED}


def _digest(trade: Mapping[str, Any]) -> bytes:
    return sha256(json.dumps(trade, sort_keys=True).encode()).digest()


def _warning(line: int, shown: Mapping[str, Any], made: Mapping[str, Any]) -> RestoreProblem:
    names = sorted(name for name in {*shown, *made} if shown.get(name) != made.get(name))
    detail = f"shows another {', '.join(names)[:900]} than follows from what was given"
    return RestoreProblem(code="DERIVED_DIFFERS", detail=detail, member="trades", line=line)
