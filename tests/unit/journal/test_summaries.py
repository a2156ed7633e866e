"""What trades contribute to which days, and the summaries that merge."""

from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Context, Decimal

from hypothesis import given
from hypothesis import strategies as st

from handlers.journal import money
from handlers.journal.changes import open_trade, take_back_close
from handlers.journal.summaries import (
    EMPTY,
    DaySummary,
    Result,
    Share,
    fold,
    merge,
    shares,
    summary_of,
    totals,
)
from handlers.journal.trade import Close, Trade
from tests.unit.journal.journals import NOW, a_flat_trade, a_trade, dataset_a, days, journals, results, trades

D = Decimal
NEW_YORK, KIRITIMATI = timezone(timedelta(hours=-5)), timezone(timedelta(hours=14))
SECOND, NINTH = date(2026, 1, 2), date(2026, 1, 9)


def a_trade_closed_in_two_parts() -> Trade:
    """The check of docs/statistics.md: 100 bought at 10, 40 sold at 11 and 60 at 12."""
    trade = replace(a_trade("1", []), quantity=D(100), entry_price=D(10), commission=D("1.10"), risk_amount=D(100))
    return open_trade(
        trade,
        [
            Close(
                close_id=f"{day}",
                quantity=D(quantity),
                price=D(price),
                closed_at=datetime(2026, 1, day, 12, tzinfo=UTC),
                fees=D(fees),
            )
            for day, quantity, price, fees in ((2, "40", "11", "0.44"), (9, "60", "12", "0.66"))
        ],
    )


def moneys(trade: Trade) -> dict[date, list[Decimal]]:
    return {day: [gain.amount for gain in share.gains] for day, share in shares(trade).items()}


# What a trade contributes


def test_each_close_realizes_its_money_on_its_own_day() -> None:
    assert moneys(a_trade_closed_in_two_parts()) == {SECOND: [D("39.12")], NINTH: [D("118.68")]}


def test_a_trade_counts_once_when_it_is_flat_on_the_day_of_its_last_close() -> None:
    trade = a_trade_closed_in_two_parts()
    assert {day: share.result for day, share in shares(trade).items()} == {
        SECOND: None,
        NINTH: Result(at=trade.closes[-1].closed_at, trade_id="1", net=D("157.80"), r=D("1.578")),
    }


def test_a_trade_that_is_open_in_part_has_money_and_no_result() -> None:
    trade = take_back_close(a_trade_closed_in_two_parts(), "9", NOW)
    assert moneys(trade) == {SECOND: [D("39.12")]}
    summary = summary_of(shares(trade).values())
    assert (summary.closes, summary.realized, summary.trades, summary.net) == (1, D("39.12"), 0, D(0))


def test_an_open_trade_and_a_cancelled_one_contribute_nothing() -> None:
    assert shares(a_trade("1", [])) == {}
    assert shares(a_trade("1", [], cancelled=True)) == {}
    assert shares(replace(a_trade_closed_in_two_parts(), cancelled=True)) == {}


def test_a_close_belongs_to_the_day_of_its_own_offset() -> None:
    late = datetime(2026, 1, 2, 23, 30, tzinfo=NEW_YORK)
    assert shares(a_trade("1", [(late, "1", "5")])).keys() == {SECOND}


def test_days_follow_each_other_by_calendar_day_even_where_their_instants_do_not() -> None:
    second = a_trade("loss", [(datetime(2026, 1, 2, 23, 30, tzinfo=NEW_YORK), "1", "-5")])
    third = a_trade("win", [(datetime(2026, 1, 3, 0, 30, tzinfo=KIRITIMATI), "1", "9")])
    assert third.closes[0].closed_at < second.closes[0].closed_at
    whole = fold(days([third, second]))
    assert (whole.first_run, whole.last_run, whole.max_drawdown) == (-1, 1, D(5))


def test_within_a_day_results_follow_by_instant_not_by_the_clock_on_the_wall() -> None:
    first = a_trade("win", [(datetime(2026, 1, 2, 20, tzinfo=KIRITIMATI), "1", "9")])
    second = a_trade("loss", [(datetime(2026, 1, 2, 12, tzinfo=NEW_YORK), "1", "-5")])
    whole = fold(days([second, first]))
    assert (whole.first_run, whole.last_run) == (1, -1)


def test_at_one_instant_results_follow_by_trade_id() -> None:
    whole = fold(days([a_flat_trade("b", "2026-01-02", "-5"), a_flat_trade("a", "2026-01-02", "9")]))
    assert (whole.first_run, whole.last_run) == (1, -1)


def test_closes_of_one_trade_at_one_instant_stay_in_the_order_recorded() -> None:
    noon = datetime(2026, 1, 2, 12, tzinfo=UTC)
    (share,) = shares(a_trade("1", [(noon, "1", "9"), (noon, "1", "-5")])).values()
    backwards = replace(share, gains=share.gains[::-1])
    assert summary_of([backwards]) == summary_of([share])
    assert (summary_of([share]).max_prefix, summary_of([share]).max_drawdown) == (D(9), D(5))


# Summaries


def test_a_day_without_anything_is_the_empty_summary() -> None:
    assert summary_of([]) == EMPTY


def test_the_zero_before_the_first_close_is_a_peak() -> None:
    assert fold(days(results("-150", "50", "50"))).max_drawdown == 150


def test_of_equally_deep_falls_the_one_from_the_lowest_peak_is_kept() -> None:
    whole = fold(days(results("100", "-50", "100", "-50", "100")))
    assert (whole.max_drawdown, whole.drawdown_peak) == (D(50), D(100))


def test_a_break_even_ends_a_run() -> None:
    whole = fold(days(results("1", "1", "0", "1", "0")))
    assert (whole.first_run, whole.longest_wins, whole.last_run) == (2, 2, 0)


def test_runs_join_over_days() -> None:
    whole = fold(days(results("1", "-1", "-1", "-1", "1", "1")))
    assert (whole.first_run, whole.longest_losses, whole.longest_wins, whole.last_run) == (1, 3, 2, 2)


def test_the_totals_are_the_base_set() -> None:
    base = totals(fold(days(dataset_a())))
    assert (base.trade_count, base.wins, base.losses, base.realized_pnl) == (12, 5, 5, D(450))
    assert (base.best_win, base.worst_loss, base.sum_win_pnl, base.sum_loss_pnl) == (D(300), D(-200), D(940), D(-490))


def test_without_wins_there_is_no_best_win_and_without_losses_no_worst_loss() -> None:
    assert totals(fold(days(results("-3", "0")))).best_win is None
    assert totals(fold(days(results("3", "0")))).worst_loss is None


def test_deleting_the_best_trade_lowers_the_best_win() -> None:
    journal = dataset_a()
    kept = [trade for trade in journal if trade.net_pnl != 300]
    before, after = totals(fold(days(journal))), totals(fold(days(kept)))
    assert (before.best_win, after.best_win) == (D(300), D(250))
    assert after.realized_pnl == 150


# What holds of every journal


def of(journal: list[Trade]) -> list[DaySummary]:
    by_day = days(journal)
    return [by_day[day] for day in sorted(by_day)]


@given(journals(), journals(), journals())
def test_merging_is_associative(a: list[Trade], b: list[Trade], c: list[Trade]) -> None:
    one, two, three = (fold(days(journal)) for journal in (a, b, c))
    assert merge(merge(one, two), three) == merge(one, merge(two, three))


@given(journals())
def test_the_empty_summary_changes_nothing(journal: list[Trade]) -> None:
    whole = fold(days(journal))
    assert merge(EMPTY, whole) == whole == merge(whole, EMPTY)


@given(journals(), st.data())
def test_whatever_the_partition_into_days_the_fold_is_that_of_the_whole_list(
    journal: list[Trade], data: st.DataObject
) -> None:
    """All shares of the journal as one day, against the same cut anywhere, each part summarised by itself."""
    whole = [share for trade in journal for share in shares(trade).values()]
    gains = sorted((gain for share in whole for gain in share.gains), key=lambda g: (g.at, g.trade_id, g.position))
    outcomes = sorted((share.result for share in whole if share.result), key=lambda r: (r.at, r.trade_id))
    events: list[Share] = [Share(gains=(gain,)) for gain in gains]
    events += [Share(gains=(), result=result) for result in outcomes]
    events.sort(key=lambda event: event.result.at if event.result else event.gains[0].at)
    cuts = sorted(data.draw(st.sets(st.integers(0, len(events)))))
    parts = [events[a:b] for a, b in zip([0, *cuts], [*cuts, len(events)], strict=True)]
    folded = EMPTY
    for part in parts:
        folded = merge(folded, summary_of(part))
    assert folded == summary_of(whole)


@given(journals(), st.data())
def test_the_order_in_which_trades_are_read_changes_nothing(journal: list[Trade], data: st.DataObject) -> None:
    assert days(data.draw(st.permutations(journal))) == days(journal)


@given(journals())
def test_deleting_a_trade_rebuilds_only_its_days(journal: list[Trade]) -> None:
    for gone in journal:
        before, after = days(journal), days([trade for trade in journal if trade is not gone])
        others = before.keys() - shares(gone).keys()
        assert {day: before[day] for day in others} == {day: after[day] for day in others}


@given(trades())
def test_the_money_of_a_flat_trade_is_its_result(trade: Trade) -> None:
    whole = fold(days([trade]))
    assert whole.realized == trade.realized_partial_pnl
    if trade.is_flat:
        assert whole.net == trade.net_pnl
        assert whole.r_sum == (trade.r_multiple or 0)


# Digits


def digits(amount: Decimal) -> int:
    _, figures, exponent = amount.normalize(Context(prec=200)).as_tuple()
    assert isinstance(exponent, int)
    return max(len(figures) + max(exponent, 0), -exponent)


def test_ten_million_of_the_longest_results_fit_38_digits_except_for_their_squares() -> None:
    longest = D("999999999999999.99999999")
    noon = datetime(2026, 1, 2, 12, tzinfo=UTC)
    (share,) = shares(a_trade("1", [(noon, "1", "1")])).values()
    assert share.result is not None
    r = D("99999999999999999999999.99999999")  # the longest net in units of the smallest risk
    gain = replace(share.gains[0], amount=longest)
    summary = summary_of([Share(gains=(gain,), result=replace(share.result, net=longest, r=r))])
    times: dict[int, DaySummary] = {1: summary}
    while max(times) < 10**7:
        most = max(times)
        times[2 * most] = merge(times[most], times[most])
    rest, whole = 10**7, EMPTY
    for count in sorted(times, reverse=True):
        if count <= rest:
            rest, whole = rest - count, merge(whole, times[count])
    assert whole.trades == 10**7
    assert whole.r_sum == r.scaleb(7, Context(prec=50))
    assert whole.net_squares == money.product(longest, longest).scaleb(7, Context(prec=50))
    for field in fields(whole):
        amount = getattr(whole, field.name)
        if isinstance(amount, Decimal) and not field.name.endswith("squares"):
            assert digits(amount) <= 38, field.name
    assert digits(whole.net_squares) > 38
