"""Trades of executions: the engine computes their results, and no note of the trader is lost."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid5

import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from handlers.journal.errors import PositionTooSmall, RuleBroken, StateForbids
from handlers.journal.executions import Execution, ExecutionKind, Instrument, PositionEffect, RecordedExecution
from handlers.journal.ledger import settle_all
from handlers.journal.merging import Leg, merged, worth
from handlers.journal.money import canonical
from handlers.journal.positions import LotMethod, Side
from handlers.journal.regrouping import FillGroup, former_trades, groups_of, impossible_ids, regrouped
from handlers.journal.settings import MAIN
from handlers.journal.trade import Image, JournalNotes, Status, Trade, TradeSource, part_id
from handlers.web.contract import contract

D = Decimal
DAY = datetime(2026, 1, 5, tzinfo=UTC)
USER = "dana"
SPACE = UUID(int=7)


COIN = Instrument(currency="USDT")


def execution(
    name: str, side: str, quantity: str, price: str, minute: int, costs: str = "0", **others: Any
) -> RecordedExecution:
    execution_id = str(uuid5(SPACE, name))
    values: dict[str, Any] = {"opens": str(uuid5(UUID(execution_id), "trade")), "instrument": Instrument(), **others}
    return RecordedExecution(
        user_id=USER,
        execution_id=execution_id,
        account_id="main",
        symbol="AAPL",
        side=Side(side),
        quantity=D(quantity),
        price=D(price),
        executed_at=DAY + timedelta(minutes=minute),
        commission=D(costs),
        created_at=DAY,
        updated_at=DAY,
        **values,
    )


class Journal:
    """Executions of one position with their trades, changed as the use case does, by the whole of both."""

    def __init__(self, method: LotMethod = LotMethod.AVERAGE) -> None:
        self.method = method
        self.executions: list[RecordedExecution] = []
        self.trades: dict[str, Trade] = {}
        self.now = DAY + timedelta(days=1)

    def groups(self) -> list[FillGroup]:
        return groups_of(self.executions)

    def put(self, added: RecordedExecution) -> None:
        self._change([*(one for one in self.executions if one.execution_id != added.execution_id), added])

    def remove(self, name: str) -> None:
        self._change([one for one in self.executions if one.execution_id != str(uuid5(SPACE, name))])

    def _change(self, executions: Sequence[RecordedExecution]) -> None:
        ordered = sorted(executions, key=lambda one: (one.executed_at, one.sequence, one.execution_id))
        self.now += timedelta(seconds=1)
        groups = groups_of(ordered, impossible_ids(self.executions))
        former = former_trades(self.executions)
        result = regrouped(former, ordered, groups, self.trades, user_id=USER, lot_method=self.method, now=self.now)
        for trade in result.vanished:
            del self.trades[trade.trade_id]
        for new, old in result.changed:
            assert self.trades.get(new.trade_id) == old
            assert new.version == (old.version if old else 0) + 1
            self.trades[new.trade_id] = new
        changed = {one.execution_id: one for one in result.fills}
        self.executions = [changed.get(one.execution_id, one) for one in ordered]

    def write(self, trade_id: str, **notes: Any) -> None:
        trade = self.trades[trade_id]
        self.trades[trade_id] = replace(trade, notes=replace(trade.notes, **notes), version=trade.version + 1)

    @property
    def only(self) -> Trade:
        [trade] = self.trades.values()
        return trade

    def nets(self) -> list[str | None]:
        ordered = sorted(self.trades.values(), key=lambda trade: trade.open_date)
        return [None if trade.net_pnl is None else canonical(trade.net_pnl) for trade in ordered]


def test_a_flip_makes_two_trades_of_the_ledger() -> None:
    journal = Journal()
    journal.put(execution("a", "BUY", "100", "10", 0, "1"))
    assert (journal.only.source, journal.only.status) == (TradeSource.LEDGER, "OPEN")
    assert journal.only.trade_id == journal.executions[0].opens
    journal.put(execution("b", "SELL", "150", "11", 1, "1.5"))
    journal.put(execution("c", "BUY", "50", "10.5", 2, "0.5"))
    assert journal.nets() == ["98", "24"]
    assert [len(one.trade_ids) for one in journal.executions] == [1, 2, 1]
    long, short = sorted(journal.trades.values(), key=lambda trade: trade.open_date)
    assert [(close.quantity, close.commission) for close in long.closes] == [(D(100), D(1))]
    assert [(entry.quantity, entry.commission) for entry in short.entered] == [(D(50), D("0.5"))]


def test_a_late_fill_before_the_first_keeps_the_trade_with_its_notes_and_images() -> None:
    journal = Journal()
    journal.put(execution("b", "BUY", "1", "10", 5))
    trade_id = journal.only.trade_id
    journal.write(trade_id, lessons="patience")
    image = Image(image_id="i", content_type="image/png", size=1, created_at=DAY, file_version="1")
    journal.trades[trade_id] = replace(journal.only, images=(image,))
    journal.put(execution("a", "BUY", "1", "12", 0))
    assert (journal.only.trade_id, journal.only.notes.lessons, journal.only.images) == (trade_id, "patience", (image,))
    assert journal.only.entry_price == D(11)
    journal.remove("a")
    assert (journal.only.trade_id, journal.only.quantity) == (trade_id, D(1))
    opens = [one.opens for one in journal.executions]
    assert len(set(opens)) == len(opens)


def test_a_late_fill_that_joins_two_trades_keeps_what_was_written_about_both() -> None:
    journal = Journal()
    for name, side, minute in (("a", "BUY", 0), ("b", "SELL", 1), ("c", "BUY", 2), ("d", "SELL", 3)):
        journal.put(execution(name, side, "1", str(10 + minute), minute))
    first, second = sorted(journal.trades.values(), key=lambda trade: trade.open_date)
    journal.write(
        first.trade_id,
        lessons="one",
        tags=("x",),
        setup_type="gap",
        psychology={"fear": True, "greed": False},
        confidence=5,
    )
    journal.write(
        second.trade_id,
        lessons="two",
        mistakes="late",
        tags=("x", "y"),
        setup_type="flag",
        psychology={"fear": False, "greed": False},
        confidence=5,
        news_events=("CPI",),
    )
    journal.trades[first.trade_id] = replace(journal.trades[first.trade_id], stop_loss=D(9))
    journal.trades[second.trade_id] = replace(journal.trades[second.trade_id], stop_loss=D(8), take_profit=D(20))
    journal.put(execution("late", "BUY", "1", "10", 0, sequence=1))
    notes = journal.only.notes
    assert journal.only.trade_id == first.trade_id
    assert (notes.lessons, notes.mistakes, notes.tags) == ("one\n\n---\n\ntwo", "late", ("x", "y"))
    assert (notes.setup_type, notes.confidence, notes.news_events) == ("gap", 5, ("CPI",))
    assert (journal.only.stop_loss, journal.only.take_profit) == (D(9), D(20))
    for word in ("flag", "fear: False", "stop_loss: 8", second.trade_id):
        assert word in str(notes.post_trade_notes)


def two_trades() -> tuple[Journal, Trade, Trade]:
    """A journal with two flat trades, which `LATE` makes one."""
    journal = Journal()
    for name, side, minute in (("a", "BUY", 0), ("b", "SELL", 1), ("c", "BUY", 2), ("d", "SELL", 3)):
        journal.put(execution(name, side, "1", "10", minute))
    first, second = sorted(journal.trades.values(), key=lambda trade: trade.open_date)
    return journal, first, second


LATE = execution("late", "BUY", "1", "10", 0, sequence=1)


@pytest.mark.parametrize("own", [None, "all I saw"])
def test_what_differs_between_two_trades_is_added_to_the_notes_of_the_one_that_stays(own: str | None) -> None:
    journal, first, second = two_trades()
    journal.write(
        first.trade_id,
        setup_type="gap",
        tags=("cafe\u0301", "cpi"),
        news_events=("CPI  m/m",),
        psychology={"fear": True, "calm": False, "greed": False},
        post_trade_notes=own,
    )
    journal.write(
        second.trade_id,
        setup_type="flag",
        tags=("caf\u00e9", "fed"),
        news_events=("CPI", "CPI  m/m"),
        psychology={"fear": False, "calm": True, "greed": False, "bored": True},
    )
    journal.put(LATE)
    notes = journal.only.notes
    added = f"Of the trade {second.trade_id}: setup_type: flag; fear: False; calm: True"
    assert notes.post_trade_notes == (added if own is None else f"{own}\n\n---\n\n{added}")
    assert notes.tags == ("caf\u00e9", "cpi", "fed")  # in their normal form, in which two are one
    assert notes.news_events == ("CPI  m/m", "CPI")  # as they were written
    assert notes.psychology == {"fear": True, "calm": False, "greed": False, "bored": True}


def test_of_stops_and_targets_only_those_that_differ_are_noted() -> None:
    journal, first, second = two_trades()
    for one in (
        replace(first, stop_loss=D(9), take_profit=D(20), initial_stop_loss=D(8)),
        replace(second, stop_loss=D(9), risk_amount=D(5), initial_stop_loss=D(7)),
    ):
        journal.trades[one.trade_id] = one
    journal.put(LATE)
    trade = journal.only
    assert (trade.stop_loss, trade.take_profit, trade.risk_amount, trade.initial_stop_loss) == (D(9), D(20), D(5), D(8))
    assert trade.notes.post_trade_notes == f"Of the trade {second.trade_id}: initial_stop_loss: 7"


def noted_trades(journal: Journal, count: int) -> list[Trade]:
    """So many trades of a fill in and a fill out, one after another, each with a note: "note 0" and so on."""
    behind(journal, [execution(f"f{n}", "SELL" if n % 2 else "BUY", "1", "10", n) for n in range(2 * count)])
    trades = sorted(journal.trades.values(), key=lambda trade: trade.open_date)
    for number, trade in enumerate(trades):
        journal.write(trade.trade_id, lessons=f"note {number}")
    return trades


def test_what_was_written_goes_to_the_trade_that_holds_the_fills() -> None:
    journal = Journal()
    trades = noted_trades(journal, 4)
    fills = journal.executions
    other = [
        execution("early", "BUY", "1", "10", 0, sequence=1),
        execution("between", "SELL", "1", "10", 3, sequence=1),
        execution("later", "BUY", "1", "10", 4, sequence=1),
    ]
    behind(journal, [fills[0], other[0], *fills[1:4], other[1], fills[4], other[2], *fills[5:]])
    one, two = sorted(journal.trades.values(), key=lambda trade: trade.open_date)
    assert (one.trade_id, two.trade_id) == (trades[0].trade_id, trades[2].trade_id)
    assert one.notes.lessons == "note 0\n\n---\n\nnote 1"
    assert two.notes.lessons == "note 2\n\n---\n\nnote 3"


def test_a_fill_that_is_not_parted_keeps_its_costs_to_the_last_decimal() -> None:
    costs = "0.123456789123456789"
    [group] = groups_of([execution("a", "BUY", "3", "10", 0, costs), execution("b", "SELL", "3", "10", 1, costs)])
    assert (group.entries[0].commission, group.closes[0].commission) == (D(costs), D(costs))
    assert (group.entries[0].fees, group.closes[0].fees) == (D(0), D(0))


def test_fills_that_just_fit_are_not_merged() -> None:
    fills = [execution(f"f{n}", "BUY", "1", "10", 0, sequence=n) for n in range(201)]
    for number, warnings in ((200, ()), (201, ("FILLS_MERGED",))):
        [group] = groups_of(fills[:number])
        assert (len(group.entries), group.warnings) == (200, warnings)


def test_tags_and_notes_of_two_trades_have_the_limits_of_one() -> None:
    limits = contract()["components"]["schemas"]
    most_tags, most_text = limits["Tags"]["maxItems"], limits["Note"]["maxLength"]
    tags = tuple(f"tag {number}" for number in range(most_tags))
    for extra in (0, 1):
        for notes, others in (
            ({"tags": tags[:20]}, {"tags": (*tags[20:], *["one more"] * extra)}),
            ({"lessons": "x" * 20}, {"lessons": "y" * (most_text - 20 - len("\n\n---\n\n") + extra)}),
        ):
            journal, first, second = two_trades()
            journal.write(first.trade_id, **notes)
            journal.write(second.trade_id, **others)
            if extra:
                with pytest.raises(StateForbids, match="too long"):
                    journal.put(LATE)
            else:
                journal.put(LATE)
                assert (len(journal.only.notes.tags), len(journal.only.notes.lessons or "")) in (
                    (most_tags, 0),
                    (0, most_text),
                )


@pytest.mark.parametrize(("account", "of_trade"), [(MAIN, None), ("second", "second")])
def test_a_trade_names_its_account_unless_it_is_the_one_that_every_user_has(account: str, of_trade: str | None) -> None:
    journal = Journal()
    journal.put(replace(execution("a", "BUY", "1", "10", 0), account_id=account))
    assert journal.only.account_id == of_trade


def test_a_figure_that_is_too_long_is_refused_unless_its_fills_were_accepted() -> None:
    journal = Journal()
    dear = execution("a", "BUY", "999999999999999", "10", 0)
    with pytest.raises(RuleBroken):
        journal.put(dear)
    behind(journal, [dear])
    assert journal.only.quantity == dear.quantity


def test_what_would_be_lost_is_refused() -> None:
    journal = Journal()
    for name, side, minute in (("a", "BUY", 0), ("b", "SELL", 1), ("c", "BUY", 2)):
        journal.put(execution(name, side, "1", "10", minute))
    _, second = sorted(journal.trades.values(), key=lambda trade: trade.open_date)
    journal.write(second.trade_id, lessons="x" * 9_999)
    with pytest.raises(StateForbids, match="notes or images"):
        journal.remove("c")
    first = min(journal.trades.values(), key=lambda trade: trade.open_date)
    journal.write(first.trade_id, lessons="y" * 9_999)
    late = execution("late", "BUY", "1", "10", 0, sequence=1)
    with pytest.raises(StateForbids, match="too long"):
        journal.put(late)
    journal.write(first.trade_id, lessons=None)
    image = Image(image_id="i", content_type="image/png", size=1, created_at=DAY, file_version="1")
    journal.trades[second.trade_id] = replace(journal.trades[second.trade_id], images=(image,))
    with pytest.raises(StateForbids, match="has images"):
        journal.put(late)


def test_a_trade_without_notes_goes_with_its_last_fill() -> None:
    journal = Journal()
    journal.put(execution("a", "BUY", "1", "10", 0))
    journal.remove("a")
    assert (journal.trades, journal.executions) == ({}, [])


def test_a_fill_that_may_only_close_is_refused_also_when_another_is_taken_back() -> None:
    journal = Journal()
    journal.put(execution("a", "BUY", "2", "10", 0))
    journal.put(execution("b", "SELL", "2", "10", 1, position_effect=PositionEffect.CLOSE))
    with pytest.raises(PositionTooSmall):
        journal.remove("a")
    with pytest.raises(PositionTooSmall):
        journal.put(execution("a", "BUY", "1", "10", 0))
    with pytest.raises(PositionTooSmall):
        journal.put(execution("x", "SELL", "1", "0", 2, kind=ExecutionKind.EXPIRY))


def test_costs_in_another_currency_count_at_their_price() -> None:
    journal = Journal()
    journal.put(
        execution(
            "a",
            "BUY",
            "0.5",
            "60000",
            0,
            "0.0003",
            fee_currency="BNB",
            fee_price=D(600),
            instrument=COIN,
        )
    )
    journal.put(
        execution(
            "b",
            "SELL",
            "0.5",
            "61000",
            1,
            "30.5",
            fee_currency="USDT",
            instrument=COIN,
        )
    )
    assert (journal.nets(), journal.only.warnings) == (["469.32"], ())
    journal.put(execution("a", "BUY", "0.5", "60000", 0, "0.0003", fee_currency="BNB", instrument=COIN))
    assert (journal.nets(), journal.only.warnings) == (["469.5"], ("FEE_NOT_PRICED",))


@pytest.mark.parametrize("method", LotMethod)
def test_fills_of_one_instant_keep_their_order_in_the_trade(method: LotMethod) -> None:
    journal = Journal(method)
    rows = [
        ("a", "BUY", "10", "10", 0, 0),
        ("b", "SELL", "5", "11", 1, 0),
        ("c", "BUY", "5", "13", 1, 1),
        ("d", "SELL", "4", "12", 1, 2),
    ]
    for name, side, quantity, price, minute, sequence in rows:
        journal.put(execution(name, side, quantity, price, minute, "0.3", sequence=sequence))
    assert [part.realized_pnl for part in journal.only.realized] == engine_nets(journal)


def engine_nets(journal: Journal) -> list[Decimal]:
    fills = [
        Execution(
            execution_id=one.execution_id,
            symbol=one.symbol,
            instrument=Instrument(),
            side=one.side,
            quantity=one.quantity,
            price=one.price,
            executed_at=one.executed_at,
            sequence=one.sequence,
            commission=one.commission,
        )
        for one in journal.executions
    ]
    return [exit_.net for trade in settle_all(fills, (), journal.method).trades for exit_ in trade.trip.exits]


steps = st.lists(
    st.tuples(
        st.sampled_from("abcdefgh"),
        st.sampled_from(["BUY", "SELL", None]),
        st.integers(1, 4),
        st.integers(1, 40),
        st.integers(0, 8),
        st.booleans(),
    ),
    min_size=1,
    max_size=14,
)


@settings(max_examples=1_500, phases=[Phase.explicit, Phase.generate])
@given(steps, st.sampled_from(LotMethod))
@example(
    # `f` opens a trade, loses it to `e`, gets it back, and loses it again.
    [
        ("f", "SELL", 1, 10, 7, False),
        ("e", "BUY", 4, 10, 1, False),
        ("d", "SELL", 4, 10, 4, False),
        ("a", "SELL", 4, 10, 4, False),
        ("f", "BUY", 2, 10, 0, False),
        ("a", "BUY", 1, 10, 0, False),
    ],
    LotMethod.AVERAGE,
)
def test_whatever_fills_come_and_go_figures_are_the_engines_and_no_note_is_lost(
    story: list[Any], method: LotMethod
) -> None:
    journal = Journal(method)
    written: list[str] = []
    for number, (name, side, quantity, price, minute, note) in enumerate(story):
        try:
            if side is None:
                journal.remove(name)
            else:
                opens = next(
                    (one.opens for one in journal.executions if one.execution_id == str(uuid5(SPACE, name))), None
                )
                others = {"opens": opens or str(uuid5(SPACE, f"{name}{number}"))}
                journal.put(execution(name, side, str(quantity), str(price), minute, "0.07", **others))
        except StateForbids as error:
            if "notes or images" not in str(error):
                raise
        if note and journal.trades:
            trade_id = sorted(journal.trades)[number % len(journal.trades)]
            text = f"note {number}!"
            lessons = journal.trades[trade_id].notes.lessons
            journal.write(trade_id, lessons=text if lessons is None else f"{lessons} {text}")
            written.append(text)
    ordered = sorted(journal.trades.values(), key=lambda trade: (trade.open_date, trade.entered[0].sequence or 0))
    of_groups = {group.trade_id: group for group in journal.groups()}
    assert journal.trades.keys() == of_groups.keys()
    by_group = [journal.trades[trade_id] for trade_id in of_groups]
    assert [part.realized_pnl for trade in by_group for part in trade.realized] == engine_nets(journal)
    assert len(ordered) == len(by_group)
    everything = " ".join(trade.notes.lessons or "" for trade in journal.trades.values())
    assert all(text in everything for text in written)
    for one in journal.executions:
        assert list(one.trade_ids) == [
            trade_id for trade_id, group in of_groups.items() if one.execution_id in group.execution_ids
        ]
    opened = [one.opens for one in journal.executions]
    assert len(set(opened)) == len(opened)
    former = former_trades(journal.executions)
    again = regrouped(
        former, journal.executions, journal.groups(), journal.trades, user_id=USER, lot_method=method, now=DAY
    )
    assert (again.changed, again.vanished, again.fills) == ((), (), ())


def test_a_trade_that_a_trader_annotated_is_not_blank() -> None:
    assert JournalNotes() == JournalNotes(tags=())


def behind(journal: Journal, executions: Sequence[RecordedExecution]) -> None:
    """Change the journal as the settler does, which can refuse nothing."""
    result = regrouped(
        former_trades(journal.executions),
        executions,
        groups_of(executions),
        journal.trades,
        user_id=USER,
        lot_method=LotMethod.AVERAGE,
        now=DAY,
        accepted=True,
    )
    for trade in result.vanished:
        del journal.trades[trade.trade_id]
    for new, _ in result.changed:
        journal.trades[new.trade_id] = new
    changed = {one.execution_id: one for one in result.fills}
    journal.executions = [changed.get(one.execution_id, one) for one in executions]


IMAGE = Image(image_id="i", content_type="image/png", size=1, created_at=DAY, file_version="1")


@pytest.mark.parametrize("kept", [{"images": (IMAGE,)}, {"notes": JournalNotes(lessons="x" * 9_999)}])
def test_what_cannot_be_handed_over_behind_the_answer_stays_as_a_cancelled_trade(kept: dict[str, Any]) -> None:
    journal = Journal()
    for name, side, minute in (("a", "BUY", 0), ("b", "SELL", 1), ("c", "BUY", 2), ("d", "SELL", 3)):
        journal.put(execution(name, side, "1", "10", minute))
    first, second = sorted(journal.trades.values(), key=lambda trade: trade.open_date)
    journal.write(first.trade_id, lessons="y" * 9_999)
    second = journal.trades[second.trade_id] = replace(second, version=7, **kept)
    late = execution("late", "BUY", "1", "10", 0, sequence=1)
    behind(journal, [journal.executions[0], late, *journal.executions[1:]])
    aside = journal.trades.pop(second.trade_id)
    assert (aside.status, aside.source, aside.closes, aside.version) == ("CANCELLED", None, (), second.version + 1)
    assert (aside.images, aside.notes) == (kept.get("images", ()), kept.get("notes", JournalNotes()))
    assert (journal.only.trade_id, journal.only.notes.lessons) == (first.trade_id, "y" * 9_999)
    # Whoever settles the same again, after a crash, finds it recorded by hand, and leaves it alone.
    again = {trade.trade_id: trade for trade in (aside, journal.only)}
    result = regrouped(
        {trade_id: [] for trade_id in again},
        journal.executions,
        groups_of(journal.executions),
        again,
        user_id=USER,
        lot_method=LotMethod.AVERAGE,
        now=DAY,
        accepted=True,
    )
    assert (result.changed, result.vanished) == ((), ())
    # Without the late fill, the second trade takes place again.
    journal.trades[second.trade_id] = aside
    behind(journal, [one for one in journal.executions if one.execution_id != late.execution_id])
    back = journal.trades[second.trade_id]
    assert (back.status, back.images, back.notes) == ("CLOSED", aside.images, aside.notes)
    assert len(journal.trades) == 2


def test_notes_whose_executions_are_all_gone_stay_behind_the_answer() -> None:
    journal = Journal()
    for name, side, minute in (("a", "BUY", 0), ("b", "SELL", 1), ("c", "BUY", 2)):
        journal.put(execution(name, side, "1", "10", minute))
    first, second = sorted(journal.trades.values(), key=lambda trade: trade.open_date)
    journal.write(second.trade_id, lessons="patience")
    behind(journal, journal.executions[:2])
    assert journal.trades[second.trade_id].cancelled
    assert journal.trades[first.trade_id] == first
    # A fill that opens the trade again has it back, with its notes.
    behind(journal, [*journal.executions, execution("c", "BUY", "2", "10", 2, opens=second.trade_id)])
    back = journal.trades[second.trade_id]
    assert (back.status, back.source, back.quantity, back.notes.lessons) == (
        Status.OPEN,
        TradeSource.LEDGER,
        D(2),
        "patience",
    )


def test_trades_of_fills_that_are_gone_are_former_ones_without_fills() -> None:
    fill = execution("a", "BUY", "1", "10", 0, trade_ids=("one",))
    assert former_trades([fill], ["two", "one"]) == {"one": [fill.execution_id], "two": []}


def test_a_trade_that_goes_on_under_another_fill_leaves_the_later_trades_alone() -> None:
    journal = Journal()
    trades = noted_trades(journal, 3)
    journal.remove("f0")
    journal.put(execution("late", "BUY", "1", "10", 0))
    later = [journal.trades[trade.trade_id].notes.lessons for trade in trades[1:]]
    assert later == ["note 1", "note 2"]
    assert len(journal.trades) == 3


def test_a_fill_that_may_only_close_and_was_accepted_opens_something_with_the_rest() -> None:
    journal = Journal()
    journal.put(execution("a", "BUY", "2", "10", 0))
    closing = execution("b", "SELL", "3", "12", 1, position_effect=PositionEffect.CLOSE)
    fills = [journal.executions[0], closing]
    assert impossible_ids(fills) == {closing.execution_id}
    long, short = groups_of(fills, impossible_ids(fills))
    assert (long.warnings, short.warnings) == ((), ("CLOSING_FILL_OPENED",))
    assert (long.open_quantity, short.open_quantity) == (D(0), D(1))


def test_a_trade_of_many_fills_has_so_many_entries_and_closes_and_their_money() -> None:
    fills = []
    for n in range(700):  # 350 days, on each an entry and two thirds of it closed
        side, quantity = ("BUY", "3.7") if n % 2 == 0 else ("SELL", "2.1")
        fills.append(execution(f"f{n}", side, quantity, f"{10 + n % 7}.1234567{n % 10}", 720 * n, "0.01"))
    left = sum((one.quantity if one.side is Side.BUY else -one.quantity for one in fills), D(0))
    fills.append(execution("last", "SELL", str(left), "13.33333333", 720 * 700, "0.05"))
    journal = Journal(LotMethod.FIFO)
    behind(journal, fills)
    trade = journal.only
    assert (len(trade.entries), len(trade.closes), trade.warnings) == (200, 200, ("FILLS_MERGED",))
    assert len({entry.entry_id for entry in trade.entries}) == 200
    paid = sum((one.quantity * one.price * (1 if one.side is Side.SELL else -1) for one in fills), D(0))
    costs = sum((one.commission for one in fills), D(0))
    assert trade.gross_pnl == round(paid, 8)
    assert trade.net_pnl == round(paid, 8) - costs
    assert trade.remaining_quantity == 0
    # An entry of several fills stands where the first of them does, a close where the last does.
    entered, closed = ([one for one in fills if one.side is side] for side in Side)
    assert trade.entries[0].entry_id == part_id(trade.trade_id, entered[0].execution_id)
    assert trade.entries[0].quantity > entered[0].quantity
    assert (trade.entries[0].entered_at, trade.entries[0].sequence) == (entered[0].executed_at, 0)
    assert trade.closes[0].close_id == part_id(trade.trade_id, closed[0].execution_id)
    merged_closes = int(trade.closes[0].quantity / closed[0].quantity)
    last_of_it = closed[merged_closes - 1]
    assert merged_closes > 1
    assert trade.closes[0].closed_at == last_of_it.executed_at
    assert trade.closes[0].sequence == fills.index(last_of_it)
    assert all(one.trade_ids == (trade.trade_id,) for one in journal.executions)


def test_fills_of_an_order_are_shown_as_one_before_others() -> None:
    fills = [
        execution("a", "BUY", "1", "10", 0, order_id="o"),
        execution("b", "BUY", "2", "13", 1, "1", order_id="o"),
        execution("c", "BUY", "1", "11", 2),
        execution("d", "BUY", "1", "12", 2),
        execution("e", "SELL", "1", "12", 3),
        execution("f", "BUY", "1", "9", 4, order_id="o"),
    ]
    [group] = groups_of(fills)
    legs = [Leg(one, one.quantity, one.commission, rank) for rank, one in enumerate(fills) if one.side is Side.BUY]

    def names(most: int) -> list[str]:
        ids = {str(uuid5(SPACE, name)): name for name in "abcdef"}
        return ["".join(ids[leg.execution.execution_id] for leg in each) for each in merged(legs, most)]

    assert names(5) == ["a", "b", "c", "d", "f"]
    assert names(4) == ["ab", "c", "d", "f"]
    assert names(3) == ["ab", "cd", "f"]
    assert names(2) == ["abcd", "f"]
    assert names(1) == ["abcdf"]
    assert worth(merged(legs, 4)[0]) == (D(12), None)
    price, exact = worth(merged(legs, 2)[0])
    assert (price, exact) == (D("11.8"), None)
    assert worth([legs[0], legs[1], legs[2]]) == (D("11.75"), None)
    assert worth([legs[0], legs[1], legs[2], legs[3], legs[4], legs[0]]) == (D("11.14285714"), D(78))
    assert len(group.entries) == 5


marks = st.lists(
    st.tuples(
        st.sampled_from("abcdef"),
        st.sampled_from(["BUY", "SELL", None]),
        st.integers(1, 4),
        st.integers(1, 40),
        st.integers(0, 8),
        st.booleans(),
        st.booleans(),
    ),
    min_size=1,
    max_size=14,
)


@settings(max_examples=700, phases=[Phase.explicit, Phase.generate])
@given(marks, st.sampled_from(LotMethod))
def test_marks_and_settles_in_any_order_end_as_settling_from_scratch(story: list[Any], method: LotMethod) -> None:
    journal = Journal(method)
    gone: list[str] = []
    written: list[str] = []

    def settle() -> None:
        result = regrouped(
            former_trades(journal.executions, gone),
            journal.executions,
            journal.groups(),
            journal.trades,
            user_id=USER,
            lot_method=method,
            now=DAY + timedelta(seconds=number),
            accepted=True,
        )
        for trade in result.vanished:
            del journal.trades[trade.trade_id]
        for new, old in result.changed:
            assert journal.trades.get(new.trade_id) == old
            journal.trades[new.trade_id] = new
        changed = {one.execution_id: one for one in result.fills}
        journal.executions = [changed.get(one.execution_id, one) for one in journal.executions]
        gone.clear()

    for number, (name, side, quantity, price, minute, note, settles) in enumerate(story):
        execution_id = str(uuid5(SPACE, name))
        old = next((one for one in journal.executions if one.execution_id == execution_id), None)
        others = [one for one in journal.executions if one.execution_id != execution_id]
        if side is not None:
            kept = (
                {"opens": old.opens, "trade_ids": old.trade_ids} if old else {"opens": str(uuid5(SPACE, f"{number}"))}
            )
            others.append(execution(name, side, str(quantity), str(price), minute, "0.07", **kept))
        elif old is not None:
            gone += [*old.trade_ids, old.opens]
        journal.executions = sorted(others, key=lambda one: (one.executed_at, one.sequence, one.execution_id))
        if settles:
            settle()
        if note and journal.trades:
            trade_id = sorted(journal.trades)[number % len(journal.trades)]
            lessons = journal.trades[trade_id].notes.lessons
            journal.write(trade_id, lessons=f"{lessons or ''} note {number}!")
            written.append(f"note {number}!")
    settle()
    everything = " ".join(str(trade.notes) for trade in journal.trades.values())
    assert all(text in everything for text in written)
    groups = {group.trade_id: group for group in journal.groups()}
    taking_place = {trade_id for trade_id, trade in journal.trades.items() if trade.source is not None}
    assert taking_place == groups.keys()
    nets = [part.realized_pnl for trade_id in groups for part in journal.trades[trade_id].realized]
    assert nets == engine_nets(journal)
    opened = [one.opens for one in journal.executions]
    assert len(set(opened)) == len(opened)
    before = dict(journal.trades)
    settle()
    assert journal.trades == before


def test_a_trade_takes_over_the_notes_of_as_many_as_are_written_at_once() -> None:
    """Those of 45 trades, which are 90 of the 100 actions of a transaction; the others are put aside."""
    journal = Journal()
    trades = noted_trades(journal, 48)
    behind(journal, [journal.executions[0], LATE, *journal.executions[1:]])
    for number in (46, 47):
        aside = journal.trades.pop(trades[number].trade_id)
        assert (aside.status, aside.notes.lessons) == (Status.CANCELLED, f"note {number}")
    assert journal.only.status is Status.PARTIAL
    assert journal.only.notes.lessons == "\n\n---\n\n".join(f"note {number}" for number in range(46))
