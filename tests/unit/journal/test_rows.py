"""Which rows a trade is kept in, and which of them a change touches."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from handlers.journal.changes import revise
from handlers.journal.rows import Dimension, RowKey, days_of, dimensions, row_shares, rows, touched_days, touched_rows
from handlers.journal.summaries import fold, summary_of
from handlers.journal.trade import JournalNotes, Trade
from tests.unit.journal.journals import NOW, D, a_flat_trade, a_trade, journals, trades

SECOND, THIRD = date(2025, 1, 2), date(2025, 1, 3)


def a_noted_trade(**notes: object) -> Trade:
    return revise(a_flat_trade("1", "2025-01-02", "5"), notes, NOW)


def keys(trade: Trade) -> set[tuple[Dimension, str | None]]:
    return {(key.dimension, key.value) for key in row_shares(trade)}


def test_a_trade_belongs_to_one_value_of_each_dimension_and_to_each_of_its_tags() -> None:
    trade = a_noted_trade(setup_type="breakout", tags=("a", "b", "a"))
    assert dimensions(trade) == {
        (Dimension.JOURNAL, None),
        (Dimension.SYMBOL, "AAPL"),
        (Dimension.SIDE, "BUY"),
        (Dimension.SETUP_TYPE, "breakout"),
        (Dimension.TRADING_SESSION, None),
        (Dimension.HOUR, "09"),
        (Dimension.TAG, "a"),
        (Dimension.TAG, "b"),
    }


def test_a_trade_without_tags_belongs_to_those_without() -> None:
    assert (Dimension.TAG, None) in dimensions(a_noted_trade())


def test_the_hour_is_that_of_the_entry_in_its_own_offset() -> None:
    entry = datetime(2025, 1, 1, 23, tzinfo=timezone(timedelta(hours=-5)))
    trade = a_trade("1", [(datetime(2025, 1, 2, 9, tzinfo=UTC), "1", "5")], open_date=entry)
    assert (Dimension.HOUR, "23") in dimensions(trade)


def test_a_row_stands_for_each_day_with_a_close() -> None:
    trade = a_trade("1", [(datetime(2025, 1, day, 9, tzinfo=UTC), "1", "5") for day in (2, 3)])
    kept = rows([trade])
    assert kept.keys() == {RowKey(*of, day) for of in dimensions(trade) for day in (SECOND, THIRD)}
    assert [kept[RowKey(Dimension.SIDE, "BUY", day)].trades for day in (SECOND, THIRD)] == [0, 1]


def test_a_new_trade_and_one_that_is_gone_touch_all_of_their_rows() -> None:
    trade = a_noted_trade(tags=("a",))
    assert touched_rows(None, trade) == touched_rows(trade, None) == row_shares(trade).keys()
    assert touched_days(None, trade) == {SECOND}


def test_what_moves_no_money_and_no_dimension_touches_nothing() -> None:
    old = a_noted_trade(tags=("a", "b"))
    new = revise(old, {"lessons": "Wait.", "confidence": 3, "tags": ("b", "a")}, NOW)
    assert touched_rows(old, new) == set()
    assert touched_days(old, new) == set()


def test_another_tag_touches_only_the_rows_of_the_tags() -> None:
    old = a_noted_trade(tags=("a", "b"))
    new = revise(old, {"tags": ("b", "c")}, NOW)
    assert touched_rows(old, new) == {RowKey(Dimension.TAG, tag, SECOND) for tag in ("a", "c")}


def test_a_corrected_close_touches_its_old_day_and_its_new_one() -> None:
    old = a_flat_trade("1", "2025-01-02", "5")
    new = a_flat_trade("1", "2025-01-03", "5")
    assert touched_days(old, new) == {SECOND, THIRD}


def test_another_risk_touches_only_the_day_on_which_the_trade_counts() -> None:
    old = a_trade("1", [(datetime(2025, 1, day, 9, tzinfo=UTC), "1", "5") for day in (2, 3)])
    assert touched_days(old, revise(old, {"risk_amount": D(5)}, NOW)) == {THIRD}


def test_an_open_trade_touches_nothing() -> None:
    assert touched_rows(None, a_trade("1", [], notes=JournalNotes(tags=("a",)))) == set()


@given(journals(), trades("new"), trades("new"))
def test_rebuilding_the_touched_rows_is_rebuilding_all(journal: list[Trade], old: Trade, new: Trade) -> None:
    before, after = rows([*journal, old]), rows([*journal, new])
    touched = touched_rows(old, new)
    rebuilt = {
        key: summary_of(share for trade in [*journal, new] if (share := row_shares(trade).get(key)) is not None)
        for key in touched
    }
    kept = {key: row for key, row in {**before, **rebuilt}.items() if row.closes}
    assert kept == after


@given(journals(), st.sampled_from([d for d in Dimension if d is not Dimension.TAG]))
def test_the_values_of_a_dimension_add_up_to_the_journal(journal: list[Trade], dimension: Dimension) -> None:
    kept = rows(journal)
    values = {key.value for key in kept if key.dimension is dimension}
    folds = [fold(days_of(kept, dimension, value)) for value in values]
    whole = fold(days_of(kept))
    assert sum(one.trades for one in folds) == whole.trades
    assert sum(one.realized for one in folds) == whole.realized
    assert sum(one.net_squares for one in folds) == whole.net_squares


@given(trades())
def test_a_trade_is_kept_under_the_dimensions_it_names_or_not_at_all(trade: Trade) -> None:
    assert keys(trade) in (set(), dimensions(trade))
    assert not keys(replace(trade, cancelled=True))
