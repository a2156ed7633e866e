"""Groups: their trades, and what these earned together."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given

from handlers.journal.changes import add_event
from handlers.journal.groups import MOST_TRADES, Group, GroupResult, have_one_currency, members, result
from handlers.journal.stats.breakdown import breakdown
from handlers.journal.stats.calendar import calendar
from handlers.journal.stats.clock import Clock
from handlers.journal.stats.entries import GROUP, BookEntry, entries, group_entry, in_place_of_stored, touches_group
from handlers.journal.stats.folding import fold
from handlers.journal.stats.questions import Attribute, CountAs, Question, select
from handlers.journal.trade import EventType, JournalNotes, Side, Trade, TradeEvent
from handlers.web.contract import contract
from tests.unit.journal.journals import NOW, D, a_flat_trade, a_trade, journals
from tests.unit.journal.stats.asking import stored

GROUPS = Question(count_as=CountAs.GROUPS)


def a_group(*trade_ids: str, group_id: str = "g1") -> Group:
    return Group(user_id="user", group_id=group_id, name="spread", trade_ids=trade_ids, created_at=NOW, updated_at=NOW)


def leg(trade_id: str, day: str, net: str, **given: Any) -> Trade:
    return a_flat_trade(trade_id, day, net, group_id="g1", **given)


def with_groups(trades: list[Trade], *groups: Group) -> list[tuple[date, BookEntry]]:
    made = (group_entry(group, trades) for group in groups)
    return sorted([*stored(trades), *(each for each in made if each is not None)], key=lambda each: each[0])


def test_a_group_has_the_trades_that_name_it_and_that_it_names_in_its_order() -> None:
    trades = [leg("1", "2025-01-02", "5"), leg("2", "2025-01-02", "5"), a_flat_trade("3", "2025-01-02", "5")]
    assert [trade.trade_id for trade in members(a_group("3", "2", "gone", "1"), trades)] == ["2", "1"]
    assert members(a_group("1", group_id="g2"), trades) == []


def test_a_group_whose_values_change_is_at_its_next_version() -> None:
    group, later = replace(a_group("1", "2"), strategy="pair", version=5), NOW + timedelta(1)
    same: dict[str, Any] = {"name": "spread", "strategy": "pair", "trade_ids": ("1", "2")}
    assert group.revised(**same, now=later) is group
    changes: tuple[dict[str, Any], ...] = (
        {"name": "a"},
        {"name": "z"},
        {"strategy": None},
        {"trade_ids": ("2", "1")},
        {"trade_ids": ()},
    )
    for change in changes:
        values = {**same, **change}
        revised = group.revised(**values, now=later)
        assert (revised.version, revised.updated_at) == (6, later)
        assert (revised.name, revised.strategy, revised.trade_ids) == tuple(values.values())
        assert (revised.group_id, revised.created_at) == (group.group_id, group.created_at)


def test_a_group_is_as_large_as_the_contract_says() -> None:
    assert contract()["components"]["schemas"]["GroupInput"]["properties"]["tradeIds"]["maxItems"] == MOST_TRADES


def test_a_trade_that_was_closed_in_parts_is_flat_at_its_last_close() -> None:
    early = leg("1", "2025-01-02", "1")
    closed_at = early.closes[0].closed_at
    before, after = closed_at - timedelta(1), closed_at + timedelta(1)
    in_parts = a_trade("2", [(before, "1", "5"), (after, "1", "5")], group_id="g1")
    found = result([in_parts, early])
    assert found is not None
    assert (found.last, found.closed_at) == (in_parts, after)


def test_a_group_has_a_result_when_its_last_trade_is_flat() -> None:
    first, last = leg("1", "2025-01-02", "30", risk_amount=D(10)), leg("2", "2025-01-07", "-10", risk_amount=D(30))
    assert result([first, replace(last, closes=())]) is None
    assert result([]) is None
    found = result([last, first])
    assert found == GroupResult(last=last, net=D(20), risk=D(40))
    assert found.r == D("0.5")
    assert found.closed_at == last.closes[-1].closed_at


def test_a_cancelled_trade_does_not_count_and_an_unknown_risk_leaves_no_r() -> None:
    flat, cancelled = leg("1", "2025-01-02", "30"), replace(a_trade("2", [], group_id="g1"), cancelled=True)
    found = result([flat, cancelled])
    assert found is not None
    assert (found.net, found.risk, found.r) == (D(30), None, None)
    assert result([cancelled]) is None


@pytest.mark.parametrize("other", [{"account_id": "paper"}, {"currency": "JPY"}])
def test_trades_of_several_accounts_or_currencies_have_no_result_together(other: dict[str, Any]) -> None:
    trades = [leg("1", "2025-01-02", "5"), leg("2", "2025-01-02", "5", **other)]
    assert result(trades) is None
    assert not have_one_currency(trades)
    for some in ([], trades[:1], [trades[0], trades[0]], [trades[1], trades[1]]):
        assert have_one_currency(some)


def test_of_trades_that_became_flat_at_one_instant_the_last_recorded_one_is_the_last() -> None:
    early, late = leg("1", "2025-01-02", "1", created_at=NOW + timedelta(1)), leg("2", "2025-01-02", "1")
    found = result([early, late])
    assert found is not None
    assert found.last is early


def test_the_entry_of_a_group_has_what_its_trades_share_and_sums_of_the_rest() -> None:
    notes = JournalNotes(tags=("pair",), setup_type="gap", trading_session="LONDON", trade_grade="A")
    one = leg("1", "2025-01-02", "30", notes=notes, commission=D(1), risk_amount=D(10))
    other = leg(
        "2",
        "2025-01-03",
        "-10",
        symbol="MSFT",
        side=Side.SELL,
        notes=replace(notes, tags=("hedge",), trade_grade="B"),
        open_date=datetime(2019, 5, 1, tzinfo=UTC),
        risk_amount=D(5),
        created_at=NOW + timedelta(1),
    )
    other = add_event(
        other, TradeEvent(event_id="e", type=EventType.BORROW, amount=D(-2), at=datetime(2025, 2, 1, tzinfo=UTC)), NOW
    )
    made = group_entry(a_group("1", "2"), [one, other])
    assert made is not None
    day, entry = made
    assert day == date(2025, 1, 3)
    assert entry.is_of_group
    assert (entry.trade_id, entry.group, entry.version) == (f"{GROUP}g1", "g1", 1)
    assert (entry.symbol, entry.side, entry.trade_grade) == (None, None, None)
    assert (entry.setup_type, entry.trading_session, entry.tags) == ("gap", "LONDON", ("hedge", "pair"))
    assert (entry.quantity, entry.risk, entry.gains) == (D(2), D(15), ())
    assert (entry.opened_at, entry.recorded) == (other.open_date, other.created_at)
    assert entry.result is not None
    # 30 - 1, and the short side turned -10 into +10, minus 2 for borrowing
    assert (entry.net, entry.result.costs, entry.result.events) == (D(37), D(1), D(-2))
    assert entry.result.at == other.closes[-1].closed_at
    assert entry.result.holding_seconds == int((other.closes[-1].closed_at - other.open_date).total_seconds())


def test_the_entry_of_a_group_lies_in_the_account_and_currency_of_its_trades() -> None:
    trades = [leg(n, "2025-01-02", "5", account_id="paper", currency="JPY") for n in "12"]
    made = group_entry(a_group("1", "2"), trades)
    assert made is not None
    assert (made[1].account, made[1].currency) == ("paper", "JPY")


def test_a_group_counts_once_on_the_day_of_its_last_trade_and_the_money_keeps_its_days() -> None:
    trades = [leg("1", "2025-01-02", "30"), leg("2", "2025-01-07", "-10"), a_flat_trade("3", "2025-01-03", "-5")]
    known = with_groups(trades, a_group("1", "2"))
    each, together = fold(select(Question(), known)), fold(select(GROUPS, known))
    assert (each.record.wins, each.record.losses) == (1, 2)
    assert (together.record.wins, together.record.losses) == (1, 1)
    assert (together.record.sum_win, together.record.net) == (D(20), D(15))
    assert each.balance == together.balance
    days = calendar(select(GROUPS, known), date(2025, 1, 2), date(2025, 1, 7), Clock()).days
    assert [(day.first.day, day.record.trades) for day in days if day.record.trades] == [(3, 1), (7, 1)]


def test_a_group_that_is_open_in_part_has_no_result_and_its_money_counts() -> None:
    trades = [leg("1", "2025-01-02", "30"), a_trade("2", [], group_id="g1")]
    together = fold(select(GROUPS, with_groups(trades, a_group("1", "2"))))
    assert (together.record.trades, together.balance.realized) == (0, D(30))


def test_a_group_passes_a_filter_with_what_all_its_trades_share_and_with_any_of_their_tags() -> None:
    tagged = JournalNotes(tags=("pair",))
    trades = [leg("1", "2025-01-02", "30", notes=tagged), leg("2", "2025-01-07", "-10", symbol="MSFT")]
    known = with_groups(trades, a_group("1", "2"))

    def count(**given: Any) -> int:
        return fold(select(replace(GROUPS, **given), known)).record.trades

    assert count(any_of={Attribute.SIDE: frozenset(("BUY",))}) == 1
    assert count(any_of={Attribute.SYMBOL: frozenset(("AAPL", "MSFT"))}) == 0
    assert count(any_of={Attribute.GROUP: frozenset(("g1",))}) == 1
    assert count(any_of={Attribute.GROUP: frozenset(("g2",))}) == 0
    assert (count(all_tags=frozenset(("pair",))), count(no_tags=frozenset(("pair",)))) == (1, 0)


def test_trades_and_groups_break_down_by_group() -> None:
    trades = [leg("1", "2025-01-02", "30"), leg("2", "2025-01-07", "-10"), a_flat_trade("3", "2025-01-03", "-5")]
    known = with_groups(trades, a_group("1", "2"))
    for question, counts in ((Question(), [2, 1]), (GROUPS, [1, 1])):
        buckets = breakdown([Attribute.GROUP], question, select(question, known)).buckets
        assert [bucket.keys for bucket in buckets] == [("g1",), (None,)]
        assert [bucket.record.trades for bucket in buckets] == counts


@given(journals())
def test_groups_and_the_trades_in_none_earn_what_is_realized(journal: list[Trade]) -> None:
    groups = [
        a_group(*(trade.trade_id for trade in journal if trade.group_id == group_id), group_id=group_id)
        for group_id in ("g1", "g2")
    ]
    known = with_groups(journal, *groups)
    together, each = fold(select(GROUPS, known)), fold(select(Question(), known))
    whole = [group for group in groups if result(members(group, journal)) is not None]
    counted = {trade_id for group in whole for trade_id in group.trade_ids}
    alone = [trade for trade in journal if trade.is_flat and trade.group_id is None]
    assert together.record.trades == len(whole) + len(alone)
    assert Fraction(together.record.net) == sum(
        Fraction(trade.realized_partial_pnl)
        for trade in journal
        if not trade.cancelled and (trade.trade_id in counted or trade in alone)
    )
    assert together.balance == each.balance


@pytest.mark.parametrize(
    ("old", "new", "groups"),
    [
        (None, leg("1", "2025-01-02", "5"), {"g1"}),
        (leg("1", "2025-01-02", "5"), None, {"g1"}),
        (a_trade("1", [], group_id="g1"), None, {"g1"}),
        (a_trade("1", []), a_trade("1", [], group_id="g1"), {"g1"}),
        (a_trade("1", [], group_id="g2"), a_trade("1", [], group_id="g1"), {"g1", "g2"}),
        (a_trade("1", [], group_id="g1"), replace(a_trade("1", [], group_id="g1"), cancelled=True), {"g1"}),
        (a_trade("1", [], group_id="g1"), leg("1", "2025-01-02", "5"), {"g1"}),
        (leg("1", "2025-01-02", "5"), leg("1", "2025-01-02", "5", version=2), set()),
        (a_trade("1", [], group_id="g1"), a_trade("1", [], group_id="g1", symbol="MSFT"), set()),
        (a_flat_trade("1", "2025-01-02", "5"), None, set()),
    ],
)
def test_a_change_of_a_trade_touches_the_groups_that_it_names(
    old: Trade | None, new: Trade | None, groups: set[str]
) -> None:
    assert touches_group(old, new) == groups


def test_the_entry_of_a_group_is_replaced_by_what_its_trades_make_now() -> None:
    before = [leg("1", "2025-01-02", "30"), leg("2", "2025-01-07", "-10")]
    now = leg("2", "2025-01-08", "-40")
    known = in_place_of_stored(
        with_groups(before, a_group("1", "2")), ["2"], [now], [(a_group("1", "2"), [before[0], now])]
    )
    assert [(day.day, entry.trade_id) for day, entry in known] == [(2, "1"), (8, "2"), (8, "group|g1")]
    assert group_entry(a_group("1", "2"), [before[0], now]) is not None
    assert entries(now).keys() == {date(2025, 1, 8)}
