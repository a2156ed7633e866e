"""Whatever fills, actions and notes come and go: trades are the engine's, and nothing that was written is lost."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid5

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from handlers.journal.errors import StateForbids
from handlers.journal.executions import (
    MADE_BY_ACTIONS,
    ActionType,
    CorporateAction,
    Instrument,
    RecordedExecution,
    symbol_key,
)
from handlers.journal.ledger import settle_all
from handlers.journal.positions import LotMethod, Side
from handlers.journal.settings import MAIN, Settings
from handlers.journal.trade import Trade
from handlers.storage.executions import PositionInAccount, StoredPosition
from handlers.usecases import settling

D = Decimal
DAY = datetime(2026, 1, 5, tzinfo=UTC)
SPACE = UUID(int=12)
USER = "dana"
SYMBOLS = ("X", "Y", "Z")


class Journal:
    """The positions of three symbols, which actions link, with their trades."""

    def __init__(self, method: LotMethod, patch: pytest.MonkeyPatch) -> None:
        self.trades: dict[str, Trade] = {}
        self.executions: list[RecordedExecution] = []
        self.actions: tuple[CorporateAction, ...] = ()
        self.method = method
        self.written: list[str] = []
        self._changes = 0
        patch.setattr("handlers.storage.trades.several", self._several)

    def _several(self, _: str, ids: list[str]) -> list[Trade]:
        return [self.trades[each] for each in ids if each in self.trades]

    def change(
        self, executions: list[RecordedExecution], actions: tuple[CorporateAction, ...], *, behind: bool
    ) -> bool:
        """Settle with these executions and actions; False when that is refused."""
        self._changes += 1
        held = [
            StoredPosition(user_id=USER, account_id=MAIN, symbol=symbol, version=1, actions=self.actions)
            for symbol in SYMBOLS
        ]
        settings_ = Settings(user_id=USER, lot_method=self.method)
        parts = [
            settling.PositionToSettle(
                PositionInAccount(each, None, settings_),
                each,
                _of(self.executions, each),
                _of(executions, each),
                actions,
            )
            for each in held
        ]
        try:
            outcome = settling.settled(parts, DAY + timedelta(seconds=self._changes), behind=behind)
        except StateForbids:
            return False
        for trade in outcome.regrouping.vanished:
            del self.trades[trade.trade_id]
        for new, old in outcome.regrouping.changed:
            assert self.trades.get(new.trade_id) == old
            self.trades[new.trade_id] = new
        self.executions = [one for some in outcome.executions for one in some]
        self.actions = actions
        return True

    def write(self, number: int) -> None:
        """Write a note about one of the trades."""
        if self.trades:
            trade = self.trades[sorted(self.trades)[number % len(self.trades)]]
            text = f"note {number}!"
            notes = replace(trade.notes, lessons=f"{trade.notes.lessons or ''} {text}")
            self.trades[trade.trade_id] = replace(trade, notes=notes, version=trade.version + 1)
            self.written.append(text)

    def check(self) -> None:
        """Everything that has to be true at every moment."""
        everything = " ".join(str(trade.notes) for trade in self.trades.values())
        assert all(text in everything for text in self.written)
        own = [one for one in self.executions if one.kind not in MADE_BY_ACTIONS]
        engine = settle_all(own, self.actions, self.method).trades
        taking_place = [trade for trade in self.trades.values() if trade.source is not None]
        assert Counter(map(_figures, taking_place)) == Counter(map(_figures, engine))
        assert len({one.opens for one in self.executions}) == len(self.executions)
        members = {trade_id for one in self.executions for trade_id in one.trade_ids}
        assert members == {trade.trade_id for trade in taking_place}


def _of(executions: list[RecordedExecution], held: StoredPosition) -> list[RecordedExecution]:
    return [one for one in executions if symbol_key(one.symbol) == held.symbol]


def _figures(of: Any) -> Any:
    trip = of.trip
    return (
        of.symbol,
        trip.side,
        trip.quantity,
        trip.open_quantity,
        trip.open_cost,
        trip.open_costs,
        trip.gross,
        trip.net,
    )


def execution(name: str, number: int, **own: Any) -> RecordedExecution:
    execution_id = str(uuid5(SPACE, name))
    values: dict[str, Any] = {"opens": str(uuid5(SPACE, f"{name} {number}")), **own}
    return RecordedExecution(
        user_id=USER,
        execution_id=execution_id,
        instrument=Instrument(),
        commission=D("0.07"),
        created_at=DAY,
        updated_at=DAY,
        **values,
    )


steps = st.lists(
    st.one_of(
        st.tuples(
            st.just("fill"),
            st.sampled_from("abcdefgh"),
            st.sampled_from(["X", "X", "Y", "Z"]),
            st.sampled_from([Side.BUY, Side.SELL, None]),
            st.integers(1, 4),
            st.integers(1, 40),
            st.integers(0, 8),
        ),
        st.tuples(
            st.just("action"),
            st.sampled_from("ABC"),
            st.sampled_from([ActionType.SPINOFF, ActionType.SPINOFF, ActionType.MERGER_SHARES, None]),
            st.sampled_from([("X", "Y"), ("X", "Z"), ("Y", "Z")]),
            st.sampled_from([(1, 1), (1, 3), (2, 1)]),
            st.integers(1, 8),
        ),
        st.tuples(st.just("note")),
    ),
    min_size=1,
    max_size=16,
)


@settings(max_examples=600, phases=[Phase.explicit, Phase.generate])
@given(steps, st.sampled_from(LotMethod), st.booleans())
def test_whatever_comes_and_goes_figures_are_the_engines_and_no_note_is_lost(
    story: list[Any], method: LotMethod, behind: bool
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        journal = Journal(method, patch)
        for number, (kind, *step) in enumerate(story):
            if kind == "note":
                journal.write(number)
            elif kind == "fill":
                journal.change(_with_fill(journal.executions, number, *step), journal.actions, behind=behind)
            else:
                journal.change(journal.executions, _with_action(journal.actions, number, *step), behind=behind)
            journal.check()
        before = dict(journal.trades), journal.executions
        assert journal.change(journal.executions, journal.actions, behind=behind)
        assert (journal.trades, journal.executions) == before
        if journal.change(journal.executions, (), behind=behind):
            journal.check()
            assert not any(one.kind in MADE_BY_ACTIONS for one in journal.executions)


def _with_fill(
    executions: list[RecordedExecution],
    number: int,
    name: str,
    symbol: str,
    side: Side | None,
    quantity: int,
    price: int,
    minute: int,
) -> list[RecordedExecution]:
    execution_id = str(uuid5(SPACE, name))
    others = [one for one in executions if one.execution_id != execution_id]
    if side is None:
        return others
    old = next((one for one in executions if one.execution_id == execution_id), None)
    kept = {} if old is None else {"opens": old.opens, "trade_ids": old.trade_ids}
    added = execution(
        name,
        number,
        symbol=symbol if old is None else old.symbol,
        side=side,
        quantity=D(quantity),
        price=D(price),
        executed_at=DAY + timedelta(minutes=minute),
        **kept,
    )
    return sorted([*others, added], key=lambda one: (one.executed_at, one.sequence, one.execution_id))


def _with_action(
    actions: tuple[CorporateAction, ...],
    number: int,
    name: str,
    kind: ActionType | None,
    symbols: tuple[str, str],
    ratio: tuple[int, int],
    minute: int,
) -> tuple[CorporateAction, ...]:
    former = {str(uuid5(SPACE, f"{name} {earlier}")) for earlier in range(number)}
    others = tuple(one for one in actions if one.action_id not in former)
    if kind is None:
        return others
    added = CorporateAction(
        action_id=str(uuid5(SPACE, f"{name} {number}")),
        type=kind,
        symbol=symbols[0],
        new_symbol=symbols[1],
        effective_at=DAY + timedelta(minutes=minute),
        new=D(ratio[0]),
        old=D(ratio[1]),
        cost_share=D("0.3") if kind is ActionType.SPINOFF else None,
        cash_per_share=D(5) if kind is ActionType.MERGER_SHARES else None,
        sequence=number,
    )
    return (*others, added)
