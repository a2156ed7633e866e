"""The entries that a question selects. test_plain_model.py compares all filters with the plain definitions."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest

from handlers.journal.changes import add_event
from handlers.journal.settings import MAIN
from handlers.journal.stats.clock import Clock, time_zone
from handlers.journal.stats.entries import entries
from handlers.journal.stats.questions import Attribute, Question, Tolerance, TradeOutcome, select
from handlers.journal.trade import EventType, JournalNotes, Trade, TradeEvent
from tests.unit.journal.journals import NOW, a_flat_trade, a_trade
from tests.unit.journal.stats.asking import selected

D = Decimal
FIFTH, NINTH = date(2026, 1, 5), date(2026, 1, 9)
TOKYO = Clock(zone=time_zone("Asia/Tokyo"))


def ids(question: Question, *journal: Trade) -> str:
    return "".join(one.entry.trade_id for one in selected(journal, question))


def at(day: int, hour: int = 12) -> datetime:
    return datetime(2026, 1, day, hour, tzinfo=UTC)


# Days


@pytest.mark.parametrize(
    ("first", "last", "empty"),
    [
        (FIFTH, NINTH, False),
        (FIFTH, FIFTH, False),
        (NINTH, FIFTH, True),
        (FIFTH, None, False),
        (None, FIFTH, False),
        (None, None, False),
    ],
)
def test_a_range_is_empty_when_its_last_day_comes_before_the_first(
    first: date | None, last: date | None, empty: bool
) -> None:
    assert Question(first=first, last=last).is_empty is empty


def test_no_more_days_are_read_than_those_on_which_a_close_of_the_question_can_lie() -> None:
    """Three days around the range where a time zone or the day's start moves closes to other days."""
    second, twelfth = date(2026, 1, 2), date(2026, 1, 12)
    assert Question(first=FIFTH, last=NINTH).days_to_read == (FIFTH, NINTH)
    for clock in (TOKYO, Clock(day_starts_at=time(17))):
        assert Question(first=FIFTH, last=NINTH, clock=clock).days_to_read == (second, twelfth)
        assert Question(first=FIFTH, clock=clock).days_to_read == (second, None)
        assert Question(last=NINTH, clock=clock).days_to_read == (None, twelfth)
    assert Question().days_to_read == (None, None)


def test_both_ends_of_a_range_belong_to_it() -> None:
    journal = [a_flat_trade(str(day), f"2026-01-0{day}", "5") for day in range(4, 9)]
    assert ids(Question(first=FIFTH, last=date(2026, 1, 7)), *journal) == "567"
    assert ids(Question(first=date(2026, 1, 8)), *journal) == "8"
    assert ids(Question(last=date(2026, 1, 4)), *journal) == "4"


def test_a_close_counts_on_its_day_by_the_clock() -> None:
    late = a_trade("1", [(at(5, 20), "1", "5")])  # the sixth in Tokyo
    [one] = selected([late], Question(clock=TOKYO))
    assert (one.own_day, one.result_day) == (FIFTH, date(2026, 1, 6))
    assert [day for day, _ in one.gains] == [date(2026, 1, 6)]
    assert ids(Question(clock=TOKYO, last=FIFTH), late) == ""
    assert ids(Question(clock=TOKYO, first=date(2026, 1, 6)), late) == "1"


def test_each_close_of_a_day_counts_by_itself_and_the_trade_with_its_last() -> None:
    """The first is on the fifth in Tokyo, too, the second on the sixth."""
    parts = a_trade("1", [(at(5, 10), "1", "5"), (at(5, 20), "1", "7")])
    [fifth] = selected([parts], Question(clock=TOKYO, first=FIFTH, last=FIFTH))
    assert ([gain.amount for _, gain in fifth.gains], fifth.result_day, fifth.outcome) == ([D(5)], None, None)
    [sixth] = selected([parts], Question(clock=TOKYO, first=date(2026, 1, 6)))
    assert [gain.amount for _, gain in sixth.gains] == [D(7)]
    assert (sixth.result_day, sixth.outcome) == (date(2026, 1, 6), TradeOutcome.WIN)


def test_a_trade_became_flat_with_its_last_close_whatever_event_follows_on_that_day() -> None:
    flat = a_trade("1", [(at(5, 10), "1", "5")])
    swap = TradeEvent(event_id="e", type=EventType.SWAP, amount=D(-1), at=at(5, 20))  # the sixth in Tokyo
    paid = add_event(flat, swap, NOW)
    [fifth] = selected([paid], Question(clock=TOKYO, last=FIFTH))
    assert ([gain.amount for _, gain in fifth.gains], fifth.result_day) == ([D(5)], FIFTH)
    [sixth] = selected([paid], Question(clock=TOKYO, first=date(2026, 1, 6)))
    assert ([gain.amount for _, gain in sixth.gains], sixth.result_day) == ([D(-1)], None)


def test_an_event_earlier_on_the_day_of_the_last_close_does_not_move_that() -> None:
    """At 10 and at 20 o'clock in UTC: on the fifth and on the sixth in Tokyo."""
    swap = TradeEvent(event_id="e", type=EventType.SWAP, amount=D(-1), at=at(5, 10))
    paid = add_event(a_trade("1", [(at(5, 20), "1", "5")]), swap, NOW)
    [fifth] = selected([paid], Question(clock=TOKYO, last=FIFTH))
    assert ([gain.amount for _, gain in fifth.gains], fifth.result_day) == ([D(-1)], None)
    [sixth] = selected([paid], Question(clock=TOKYO, first=date(2026, 1, 6)))
    assert ([gain.amount for _, gain in sixth.gains], sixth.result_day) == ([D(5)], date(2026, 1, 6))


# Trades


def test_all_wanted_tags_and_none_of_the_others() -> None:
    journal = [
        a_flat_trade(name, "2026-01-05", "5", notes=JournalNotes(tags=tuple(name.replace("-", ""))))
        for name in ("a", "ab", "abc", "-")
    ]
    for wanted, unwanted, found in (
        ("", "", "aababc-"),
        ("a", "", "aababc"),
        ("ab", "", "ababc"),
        ("", "b", "a-"),
        ("a", "c", "aab"),
        ("a", "bc", "a"),
        ("z", "", ""),
    ):
        question = Question(all_tags=frozenset(wanted), no_tags=frozenset(unwanted))
        assert ids(question, *journal) == found


def test_accounts_that_are_left_out_and_that_of_a_trade_without_one() -> None:
    journal = [a_flat_trade("m", "2026-01-05", "5"), a_flat_trade("p", "2026-01-05", "5", account_id="paper")]
    for left_out, found in (((), "mp"), (("paper",), "m"), ((MAIN,), "p"), ((MAIN, "paper"), ""), (("x",), "mp")):
        assert ids(Question(no_accounts=frozenset(left_out)), *journal) == found
    asked = Question(any_of={Attribute.ACCOUNT: frozenset({MAIN})})
    assert ids(asked, *journal) == "m"


@pytest.mark.parametrize(
    ("attribute", "wanted", "given", "fits"),
    [
        (Attribute.SYMBOL, "aapl", {"symbol": "AAPL"}, True),
        (Attribute.SETUP_TYPE, "BREAKOUT", {"notes": JournalNotes(setup_type="breakout")}, True),
        (Attribute.SETUP_TYPE, "breakout", {}, False),
        (Attribute.TRADING_SESSION, "london", {"notes": JournalNotes(trading_session="LONDON")}, False),
        (Attribute.TRADE_GRADE, "a", {"notes": JournalNotes(trade_grade="A")}, False),
        (Attribute.SIDE, "buy", {}, False),
        (Attribute.SIDE, "BUY", {}, True),
    ],
)
def test_the_case_of_symbols_and_setups_does_not_count_and_that_of_others_does(
    attribute: Attribute, wanted: str, given: dict[str, Any], fits: bool
) -> None:
    question = Question(any_of={attribute: frozenset({wanted})})
    assert ids(question, a_flat_trade("1", "2026-01-05", "5", **given)) == ("1" if fits else "")


def test_one_value_of_each_attribute_has_to_fit() -> None:
    journal = [
        a_flat_trade(symbol[0], "2026-01-05", net, symbol=symbol) for symbol, net in (("AAPL", "5"), ("MSFT", "-5"))
    ]
    either = frozenset({"AAPL", "MSFT"})
    assert ids(Question(any_of={Attribute.SYMBOL: either}), *journal) == "AM"
    wins = {Attribute.SYMBOL: either, Attribute.RESULT: frozenset({"WIN"})}
    assert ids(Question(any_of=wins), *journal) == "A"
    nothing = {Attribute.SYMBOL: frozenset({"MSFT"}), Attribute.RESULT: frozenset({"WIN"})}
    assert ids(Question(any_of=nothing), *journal) == ""


def test_a_filter_by_result_finds_the_money_of_earlier_days_and_no_open_trade() -> None:
    winner = a_trade("w", [(at(5), "1", "-1"), (at(7), "1", "9")])
    part = a_trade("p", [(at(5), "1", "9")], quantity=D(2))
    question = Question(any_of={Attribute.RESULT: frozenset({"WIN"})}, last=FIFTH)
    assert ids(question, winner, part) == "w"


def test_what_does_not_fit_is_left_out_of_the_stored_entries_in_their_order() -> None:
    journal = [a_flat_trade(name, day, "5") for name, day in (("a", "2026-01-05"), ("b", "2026-01-06"))]
    read = [(day, entry) for trade in journal[::-1] for day, entry in entries(trade).items()]
    assert [one.entry.trade_id for one in select(Question(), read)] == ["b", "a"]
    assert [one.entry.trade_id for one in select(Question(first=date(2026, 1, 6)), read)] == ["b"]


def test_the_months_hours_and_weekdays_of_closes_are_by_the_clock() -> None:
    late = a_trade("1", [(datetime(2026, 1, 31, 20, tzinfo=UTC), "1", "5")])  # a Saturday; Sunday, 5 o'clock in Tokyo
    for clock, month, weekday, hour in ((Clock(), "2026-01", "SATURDAY", "20"), (TOKYO, "2026-02", "SUNDAY", "05")):
        for attribute, value in (
            (Attribute.MONTH, month),
            (Attribute.CLOSE_WEEKDAY, weekday),
            (Attribute.CLOSE_HOUR, hour),
        ):
            asked = Question(clock=clock, any_of={attribute: frozenset({value})})
            assert ids(asked, late) == "1"
            assert ids(Question(clock=clock, any_of={attribute: frozenset({"other"})}), late) == ""


def test_the_sizes_and_holding_times_of_trades_are_values_like_others() -> None:
    noon = at(5)
    trade = a_trade("1", [(noon, "3", "5")], open_date=noon - timedelta(minutes=5))
    [(_, entry)] = entries(trade).items()
    question = Question()
    assert question.values(Attribute.SIZE, entry, noon) == ("2-5",)
    assert question.values(Attribute.HOLDING_TIME, entry, noon) == ("FROM_5_TO_15_MINUTES",)
    assert question.values(Attribute.RISK, entry, noon) == ("UNKNOWN",)
    assert question.values(Attribute.TAG, entry, noon) == (None,)


# The tolerance


@pytest.mark.parametrize(
    ("text", "tolerance"),
    [
        ("0", Tolerance()),
        ("5.5", Tolerance(amount=D("5.5"))),
        ("0.05R", Tolerance(of_risk=D("0.05"))),
        ("0R", Tolerance(of_risk=D(0))),
    ],
)
def test_a_tolerance_is_an_amount_or_a_part_of_the_risk(text: str, tolerance: Tolerance) -> None:
    assert Tolerance.of(text) == tolerance


@pytest.mark.parametrize(
    ("text", "risk", "bound"),
    [
        ("0", "40", "0"),
        ("5", "40", "5"),
        ("5", None, "5"),
        ("0.05R", "40", "2"),
        ("0.05R", None, "0"),
        ("0R", "9", "0"),
    ],
)
def test_a_break_even_is_up_to_the_tolerance_and_of_nothing_where_the_risk_is_unknown(
    text: str, risk: str | None, bound: str
) -> None:
    tolerance, of = Tolerance.of(text), None if risk is None else D(risk)
    more = D(bound) + D("0.01")
    assert {tolerance.outcome(net, of) for net in (D(bound), -D(bound), D(0))} == {TradeOutcome.BREAKEVEN}
    assert (tolerance.outcome(more, of), tolerance.outcome(-more, of)) == (TradeOutcome.WIN, TradeOutcome.LOSS)
