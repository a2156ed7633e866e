"""Fingerprints: the same row in any file is the same, and two equal rows of a file are two."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from handlers.imports.fingerprints import Fingerprint, Fingerprints, content_of, place_in_file
from handlers.imports.moments import instant_of
from handlers.imports.rows import Action, CashMove, ReportedFill
from handlers.journal.cash import CashType
from handlers.journal.executions import ActionType, ExecutionKind, Instrument
from handlers.journal.positions import Side

ZONE = ZoneInfo("America/New_York")
FILL = ReportedFill(
    symbol="AAPL",
    instrument=Instrument(),
    side=Side.BUY,
    quantity=Decimal("1.0"),
    price=Decimal("10.50"),
    at=datetime.fromisoformat("2024-01-05T09:30:00"),
)
CASH = CashMove(type=CashType.FEE, amount=Decimal("-1.50"), currency="USD", at=FILL.at, symbol="aapl")
ACTION = Action(type=ActionType.SPLIT, symbol="aapl", at=FILL.at, new=Decimal(2), old=Decimal(1))


def of(prints: Fingerprints, found: ReportedFill | CashMove | Action) -> Fingerprint:
    return prints.of(found, instant_of(found.at, ZONE, day_only=found.day_only))


def prints(account: str = "u1/a1", family: str = "ibkr") -> Fingerprints:
    return Fingerprints(account, family)


def test_spelling_and_offset_do_not_change_the_content() -> None:
    other = replace(
        FILL,
        symbol="aapl",
        quantity=Decimal(1),
        price=Decimal("10.5"),
        at=datetime.fromisoformat("2024-01-05T15:30:00.25+01:00"),
        commission=Decimal(3),
        note="other",
    )
    assert of(prints(), FILL).content == of(prints(), other).content == "c|2024-01-05T14:30:00Z|AAPL|BUY|1|10.5|1"


def test_a_day_alone_is_not_a_time() -> None:
    day = replace(FILL, day_only=True)
    assert of(prints(), day).content == "c|2024-01-05|AAPL|BUY|1|10.5|1"


def test_what_made_a_fill_is_a_part_of_its_content() -> None:
    end = replace(FILL, kind=ExecutionKind.EXPIRY, side=None, price=None)
    assert of(prints(), end).content == "c|2024-01-05T14:30:00Z|AAPL|EXPIRY None|1||1"


def test_the_contents_of_cash_and_actions() -> None:
    when = instant_of(FILL.at, ZONE)
    assert content_of(CASH, when) == "m|2024-01-05T14:30:00Z|FEE|-1.5|USD|AAPL"
    assert content_of(replace(CASH, currency=None, symbol=None), when) == "m|2024-01-05T14:30:00Z|FEE|-1.5||"
    assert content_of(ACTION, when) == "a|2024-01-05T14:30:00Z|SPLIT|AAPL||2|1||||"


def test_equal_rows_of_a_file_are_numbered() -> None:
    own = prints()
    first, second = of(own, FILL), of(own, FILL)
    assert (first.k, second.k) == (1, 2)
    assert first.id != second.id
    assert [of(prints(), FILL)] == [first]


def test_an_external_id_names_the_fill_whatever_its_content() -> None:
    named = replace(FILL, external_id="e1")
    corrected = replace(named, price=Decimal(11))
    assert of(prints(), named).external == "x|ibkr|e1"
    assert of(prints(), named).id == of(prints(), corrected).id
    assert of(prints(), named).id != of(prints(family="schwab"), named).id
    assert of(prints(), named).id != of(prints("u1/a2"), named).id


def test_an_id_that_is_used_twice_names_two_fills_if_they_differ() -> None:
    own = prints()
    named, other = replace(FILL, external_id="e1"), replace(FILL, external_id="e1", side=Side.SELL)
    keys = [of(own, each).external for each in (named, other, named, other)]
    assert keys == ["x|ibkr|e1", "x|ibkr|e1|2", "x|ibkr|e1", "x|ibkr|e1|2"]


def test_an_action_has_no_external_id() -> None:
    assert of(prints(), ACTION).external is None


def test_rows_of_one_instant_are_in_the_order_of_time() -> None:
    forward = [place_in_file(line, part, newest_first=False) for line in (1, 2) for part in (0, 1)]
    backward = [place_in_file(line, part, newest_first=True) for line in (2, 1) for part in (0, 1)]
    assert forward == sorted(forward)
    assert backward == sorted(backward)
    assert min(forward + backward) >= 0
    assert max(forward + backward) < 10**10
