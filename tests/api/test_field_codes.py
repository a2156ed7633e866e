"""Each code of the contract's table, from a request that breaks its rule."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.stub import Stubber

from handlers.faults import FieldCode
from handlers.journal.settings import MAIN
from handlers.operations import stats as statistics
from handlers.storage.groups import MOST_CHANGES
from handlers.usecases import groups as groups_usecase
from tests.api.client import Answer, Client, a_trade
from tests.api.test_own_account import Own
from tests.api.test_stats import record, settle
from tests.user_pool import UserPool

AT = "2026-01-06T10:00:00-05:00"
BEFORE = "2026-01-01T10:00:00-05:00"
PASSWORD = "Breakout-2026!"

Params = dict[str, Any]
Story = Callable[[Client], Answer]


def close(**given: Any) -> dict[str, Any]:
    return {"quantity": "1", "price": "11", "closedAt": AT, **given}


def created(**given: Any) -> Story:
    """A create with these fields, None for one that is left out."""
    return lambda dana: dana.post("/trades", a_trade(**given))


def sent(path: str, document: Any) -> Story:
    return lambda dana: dana.post(path, document)


def imported(**options: Any) -> Story:
    """An import that is asked for with these options."""
    return sent("/imports", {"fileName": "fills.csv", **options})


def raw(body: bytes) -> Story:
    return lambda dana: dana.post("/trades", body=body)


def asked(path: str, query: str) -> Story:
    return lambda dana: dana.get(path, query=query)


def patched(change: dict[str, Any], **given: Any) -> Story:
    return lambda dana: dana.patch(f"/trades/{dana.new_trade(**given)['tradeId']}", change)


def added(part: str, document: dict[str, Any], **given: Any) -> Story:
    """A part added to a trade with these fields."""
    return lambda dana: dana.post(f"/trades/{dana.new_trade(**given)['tradeId']}/{part}", document)


def matched(*changes: dict[str, Any]) -> Story:
    """Executions to match: a plain one with each of these changes."""
    plain = {"symbol": "AAPL", "side": "BUY", "quantity": "1", "price": "11", "executedAt": AT}
    return sent("/executions/match", {"executions": [{**plain, **change} for change in changes]})


def address(text: str) -> Story:
    return sent("/auth/signup", {"email": text})


def password(text: str) -> Story:
    return sent("/auth/confirm-signup", {"email": "dana@example.com", "code": "1", "password": text})


def grouped(dana: Client, group: str, *trades: str) -> Answer:
    path = f"/groups/{group * 8}-0000-4000-8000-000000000000"
    return dana("PUT", path, {"name": "pair", "tradeIds": list(trades)})


def in_another_group(dana: Client) -> Answer:
    trade = dana.new_trade()["tradeId"]
    assert grouped(dana, "a", trade).status == 201
    return grouped(dana, "b", trade)


def grouped_with_another_currency(dana: Client) -> Answer:
    return grouped(dana, "a", *(dana.new_trade(currency=each)["tradeId"] for each in ("USD", "EUR")))


def moved_out_of_its_groups_currency(dana: Client) -> Answer:
    trade = dana.new_trade()["tradeId"]
    assert grouped(dana, "a", trade).status == 201
    return dana.patch(f"/trades/{trade}", {"currency": "EUR"})


def transferred(client: Client) -> Answer:
    counter = {"amount": "4", "currency": "USD", "accountId": "99999999-0000-4000-8000-000000000000"}
    return client.post(f"/accounts/{MAIN}/cash", {"type": "TRANSFER", "amount": "-5", "at": AT, "counter": counter})


def cash(kind: str, amount: str) -> Story:
    return sent(f"/accounts/{MAIN}/cash", {"type": kind, "amount": amount, "at": AT})


def after(part: str, document: dict[str, Any], change: dict[str, Any]) -> Story:
    """The change of a trade to which the part was added."""

    def story(dana: Client) -> Answer:
        path = f"/trades/{dana.new_trade()['tradeId']}"
        assert dana.post(f"{path}/{part}", document).status == 201
        return dana.patch(path, change)

    return story


def entry_that_a_close_needs(dana: Client) -> Answer:
    trade = dana.new_trade(closes=[close(quantity="100")])
    return dana.patch(f"/trades/{trade['tradeId']}/entries/{trade['entries'][0]['entryId']}", {"quantity": "50"})


def completed(dana: Client) -> Answer:
    dana.new_trade(externalId="1")
    return dana.post("/trades", a_trade(externalId="1", entryPrice="12"), query=[("onExisting", "COMPLETE")])


def taken(dana: Client) -> Answer:
    dana.new_trade(externalId="1")
    return dana.post("/trades", a_trade(externalId="1"))


def many_notes(dana: Client) -> Answer:
    path = f"/trades/{dana.new_trade()['tradeId']}/events"
    event = {"type": "DIVIDEND", "amount": "1", "at": AT, "note": "x" * 200}
    for _ in range(50):
        assert dana.post(path, event).status == 201
    return dana.post(path, event)


def in_another_currency(dana: Client) -> Answer:
    dana.patch("/settings", {"baseCurrency": "EUR"})
    dana.new_trade()
    return dana.patch(f"/accounts/{dana.get('/settings').json['defaultAccountId']}", {"currency": "USD"})


SPLIT = {"new": "4", "old": "1", "at": AT}
EVENT = {"type": "DIVIDEND", "amount": "1", "at": AT}
LATER = {"openDate": "2026-01-07T10:00:00-05:00"}

# Code, params, pointer, and a request that is answered with them.
CASES: list[tuple[FieldCode, Params, str, Story]] = [
    (FieldCode.REQUIRED, {}, "/side", created(side=None)),
    (FieldCode.REQUIRED, {}, "/price", added("closes", {"closedAt": AT})),
    (FieldCode.REQUIRED_WITH, {"properties": ["closeDate"]}, "/exitPrice", created(closeDate=AT)),
    (FieldCode.REQUIRED_WITH, {"properties": ["exitPrice"]}, "/closeDate", created(exitPrice="11")),
    (FieldCode.REQUIRED_WITH, {"properties": ["closeFrom"]}, "/closeTo", asked("/trades", "closeFrom=2026-01-01")),
    (FieldCode.REQUIRED_WITH, {"properties": ["closeTo"]}, "/closeFrom", asked("/trades", "closeTo=2026-01-01")),
    (FieldCode.REQUIRED_WITH, {"properties": ["from"]}, "/to", asked("/stats/calendar", "from=2026-01-01")),
    (FieldCode.REQUIRED_WITHOUT, {"properties": ["entries"]}, "/quantity", created(quantity=None)),
    (FieldCode.REQUIRED_WITHOUT, {"properties": ["from", "to"]}, "/month", asked("/stats/calendar", "")),
    (
        FieldCode.CONFLICTS_WITH,
        {"properties": ["exitPrice", "closeDate"]},
        "/closes",
        created(exitPrice="11", closeDate=AT, closes=[close()]),
    ),
    (
        FieldCode.CONFLICTS_WITH,
        {"properties": ["entries"]},
        "/quantity",
        created(entries=[{"quantity": "1", "price": "1", "enteredAt": AT}]),
    ),
    (
        FieldCode.CONFLICTS_WITH,
        {"properties": ["activeOn"]},
        "/closeFrom",
        asked("/trades", "closeFrom=2026-01-01&activeOn=2026-01-01"),
    ),
    (
        FieldCode.CONFLICTS_WITH,
        {"properties": ["month"]},
        "/from",
        asked("/stats/calendar", "month=2026-01&from=2026-01-01"),
    ),
    (FieldCode.SAME_AS, {"property": "old"}, "/new", added("splits", {**SPLIT, "new": "1"})),
    (FieldCode.SAME_AS, {"property": "tag"}, "/name", lambda dana: dana.patch("/tags/gap", {"name": " gap "})),
    (FieldCode.UNKNOWN_PROPERTY, {}, "/colour", created(colour="red")),
    (FieldCode.UNKNOWN_PARAMETER, {}, "/colour", asked("/trades", "colour=red")),
    (FieldCode.DERIVED_PROPERTY, {}, "/netPnl", created(netPnl="1")),
    (FieldCode.DERIVED_PROPERTY, {}, "/closes/0/realizedPnl", created(closes=[close(realizedPnl="1")])),
    (FieldCode.DERIVED_PROPERTY, {}, "/version", patched({"version": 1})),
    (FieldCode.GIVEN_TWICE, {}, "/side", asked("/trades", "side=BUY&side=SELL")),
    (FieldCode.WRONG_TYPE, {"type": "string"}, "/quantity", created(quantity=100)),
    (FieldCode.WRONG_TYPE, {"type": "integer"}, "/limit", asked("/trades", "limit=many")),
    (FieldCode.WRONG_TYPE, {"type": "boolean"}, "/count", asked("/trades", "count=1")),
    (FieldCode.NOT_ONE_OF, {"allowed": ["BUY", "SELL"]}, "/side", created(side="LONG")),
    (FieldCode.OUT_OF_RANGE, {"minimum": 0, "maximum": 10}, "/confidence", created(confidence=11)),
    (FieldCode.OUT_OF_RANGE, {"minimum": 1, "maximum": 100}, "/limit", asked("/trades", "limit=0")),
    (FieldCode.TOO_SHORT, {"minLength": 1}, "/symbol", created(symbol="")),
    (FieldCode.TOO_SHORT, {"minLength": 12}, "/password", password("Aa1!")),
    (FieldCode.TOO_LONG, {"maxLength": 32}, "/symbol", created(symbol="X" * 33)),
    (FieldCode.TOO_LONG, {"maxLength": 256}, "/password", password("Aa1!" * 65)),
    (FieldCode.TOO_LONG, {"maxLength": 50}, "/tags/0", created(tags=["\u0958" * 50])),
    (FieldCode.TOO_LONG, {"maxLength": 50}, "/tag", lambda dana: dana.get("/trades", query=[("tag", "\u0958" * 50)])),
    (FieldCode.TOO_LONG_TOGETHER, {"maxLength": 10_000}, "/note", many_notes),
    (FieldCode.TOO_FEW_ITEMS, {"minItems": 1}, "/items", sent("/trades/bulk", {"items": []})),
    (FieldCode.TOO_MANY_ITEMS, {"maxItems": 30}, "/tags", created(tags=list(map(str, range(31))))),
    (FieldCode.TOO_FEW_PROPERTIES, {"minProperties": 1}, "", patched({})),
    (
        FieldCode.DUPLICATE_ITEM,
        {},
        "/tradeIds",
        lambda dana: grouped(dana, "a", *["99999999-0000-4000-8000-000000000000"] * 2),
    ),
    (FieldCode.INVALID_CHARACTERS, {"example": "AAPL"}, "/symbol", created(symbol="A|B")),
    (FieldCode.NOTHING_VISIBLE, {}, "/tags/0", created(tags=["\u200b"])),
    (FieldCode.NOT_A_UUID, {}, "/tradeId", lambda dana: dana.get("/trades/1")),
    (
        FieldCode.MALFORMED,
        {"example": '"1"'},
        "/If-Match",
        lambda dana: dana.delete("/trades/99999999-0000-4000-8000-000000000000", headers={"If-Match": "1"}),
    ),
    (FieldCode.NOT_A_DECIMAL, {}, "/quantity", created(quantity="1e2")),
    (FieldCode.NOT_A_DECIMAL, {}, "/entryPrice", created(entryPrice="1,5")),
    (FieldCode.NOT_A_DECIMAL, {}, "/breakevenTolerance", asked("/stats", "breakevenTolerance=R")),
    (FieldCode.TOO_MANY_DIGITS, {"maxDigits": 15}, "/entryPrice", created(entryPrice="1" * 16)),
    (FieldCode.TOO_MANY_DECIMALS, {"maxDecimals": 18}, "/quantity", created(quantity="1.123456789012345678901")),
    (FieldCode.NOT_POSITIVE, {}, "/quantity", created(quantity="0")),
    (FieldCode.NOT_POSITIVE, {}, "/quantity", created(quantity="-1")),
    (FieldCode.NOT_POSITIVE, {}, "/quantity", created(quantity="-0.0")),
    (FieldCode.NEGATIVE, {}, "/breakevenTolerance", asked("/stats", "breakevenTolerance=-0.5R")),
    (
        FieldCode.FIGURE_TOO_LONG,
        {"maxDigits": 15},
        "/quantity",
        created(quantity="9" * 15, closes=[close(quantity="9" * 15, price="9" * 15)]),
    ),
    (FieldCode.FIGURE_TOO_LONG, {"maxDigits": 15}, "/new", added("splits", {**SPLIT, "new": "9" * 15})),
    (FieldCode.NOT_A_DATE, {}, "/openFrom", asked("/trades", "openFrom=2026-02-30")),
    (FieldCode.NOT_A_MONTH, {}, "/month", asked("/stats/calendar", "month=2026-13")),
    (FieldCode.NOT_A_TIME_OF_DAY, {}, "/dayStartsAt", asked("/stats", "dayStartsAt=24:00")),
    (FieldCode.NOT_A_DATE_TIME, {}, "/openDate", created(openDate="yesterday")),
    (FieldCode.OFFSET_MISSING, {}, "/openDate", created(openDate="2026-01-05T10:00:00")),
    (
        FieldCode.YEAR_OUT_OF_RANGE,
        {"minimum": 1, "maximum": 9999},
        "/openDate",
        created(openDate="0000-12-31T23:59:59Z"),
    ),
    (FieldCode.UNKNOWN_TIME_ZONE, {}, "/timeZone", asked("/stats", "timeZone=Europe/Bonn")),
    (FieldCode.NOT_UTF_8, {}, "", raw(b'{"symbol": "\xff"}')),
    (FieldCode.NOT_UTF_8, {}, "", asked("/trades", "symbol=%FF")),
    (FieldCode.NOT_JSON, {"line": 1, "column": 2}, "", raw(b"{")),
    (FieldCode.NOT_JSON, {}, "", raw(b'{"confidence": NaN}')),
    (FieldCode.NESTED_TOO_DEEPLY, {}, "", raw(b"[" * 100_000)),
    (FieldCode.NUMBER_TOO_LARGE, {}, "", raw(b'{"confidence": 1e999}')),
    (FieldCode.DUPLICATE_PROPERTY, {}, "", raw(b'{"symbol": "A", "symbol": "B"}')),
    (FieldCode.LONE_SURROGATE, {}, "", raw(rb'{"symbol": "\ud800"}')),
    (FieldCode.NOT_A_PAGE_TOKEN, {}, "/nextToken", asked("/trades", "nextToken=forged")),
    (
        FieldCode.END_BEFORE_START,
        {"property": "from"},
        "/to",
        asked("/stats/calendar", "from=2026-01-02&to=2026-01-01"),
    ),
    (FieldCode.RANGE_TOO_LONG, {"maxDays": 366}, "/to", asked("/stats/calendar", "from=2024-01-01&to=2026-01-01")),
    (
        FieldCode.RANGE_TOO_LONG,
        {"maxDays": 366},
        "/closeTo",
        asked("/trades", "closeFrom=2024-01-01&closeTo=2026-01-01"),
    ),
    (FieldCode.RANGE_REQUIRED, {}, "/sort", asked("/trades", "sort=NET_PNL")),
    (FieldCode.REQUIRED_TO_CLOSE, {}, "/entryPrice", created(entryPrice=None, closes=[close()])),
    (FieldCode.BEFORE_OPEN_DATE, {}, "/closes/0/closedAt", created(closes=[close(closedAt=BEFORE)])),
    (FieldCode.BEFORE_OPEN_DATE, {}, "/at", added("events", {**EVENT, "at": BEFORE})),
    (FieldCode.BEFORE_OPEN_DATE, {}, "/at", added("splits", {**SPLIT, "at": BEFORE})),
    (FieldCode.AFTER_FIRST_CLOSE, {}, "/openDate", patched(LATER, closes=[close()])),
    (FieldCode.AFTER_FIRST_EVENT, {}, "/openDate", after("events", EVENT, LATER)),
    (FieldCode.AFTER_FIRST_SPLIT, {}, "/enteredAt", lambda dana: split_before_its_entry(dana)),
    (FieldCode.CANCELLED_WITH_CLOSES, {}, "/status", patched({"status": "CANCELLED"}, closes=[close()])),
    (FieldCode.CANCELLED_WITH_EVENTS, {}, "/status", after("events", EVENT, {"status": "CANCELLED"})),
    (FieldCode.MORE_THAN_HELD, {"held": "99"}, "/closes/1/quantity", created(closes=[close(), close(quantity="100")])),
    (FieldCode.MORE_THAN_HELD, {"held": "100"}, "/quantity", added("closes", close(quantity="101"))),
    (FieldCode.LEAVES_TOO_LITTLE, {"closedAt": AT}, "/quantity", entry_that_a_close_needs),
    (FieldCode.LEAVES_NOTHING, {}, "/new", added("splits", {**SPLIT, "new": "0." + "0" * 17 + "1", "old": "1000"})),
    (FieldCode.CLOSED_ALREADY, {}, "/quantity", patched({"quantity": "50"}, closes=[close()])),
    (FieldCode.CLOSED_ALREADY, {}, "/lotMethod", patched({"lotMethod": "FIFO"}, closes=[close()])),
    (
        FieldCode.SEVERAL_ENTRIES,
        {},
        "/entryPrice",
        after("entries", {"quantity": "1", "price": "11", "enteredAt": AT}, {"entryPrice": "9"}),
    ),
    (FieldCode.HAS_SPLITS, {}, "/entryPrice", after("splits", SPLIT, {"entryPrice": "9"})),
    (FieldCode.DIFFERS_FROM_TRADE, {}, "/entryPrice", completed),
    (FieldCode.ALREADY_TAKEN, {}, "/externalId", taken),
    (FieldCode.NOT_FOR_KIND, {"kind": "EXPIRY"}, "/executions/0/price", matched({"kind": "EXPIRY"})),
    (
        FieldCode.COSTS_DIFFER,
        {},
        "/executions/0/costDetails",
        matched({"costDetails": [{"kind": "FX", "amount": "1"}]}),
    ),
    (
        FieldCode.POINT_VALUE_UNKNOWN,
        {},
        "/executions/0/instrument/multiplier",
        matched({"instrument": {"kind": "FUTURE"}}),
    ),
    (
        FieldCode.DIFFERS_FROM_INSTRUMENT,
        {},
        "/executions/1/instrument/currency",
        matched({"instrument": {"currency": "USD"}}, {"instrument": {"currency": "EUR"}}),
    ),
    (
        FieldCode.UNKNOWN_ACCOUNT,
        {},
        "/defaultAccountId",
        lambda dana: dana.patch("/settings", {"defaultAccountId": "99999999-0000-4000-8000-000000000000"}),
    ),
    (FieldCode.CURRENCY_IN_USE, {}, "/currency", in_another_currency),
    (FieldCode.UNKNOWN_FORMAT, {}, "/formatId", imported(formatId="papyrus")),
    (FieldCode.UNKNOWN_MAPPING, {}, "/mappingId", imported(mappingId="99999999-0000-4000-8000-000000000000")),
    (
        FieldCode.MAPPING_RULE,
        {},
        "/columns/time",
        sent("/import-mappings", {"name": "m", "rowKind": "FILL", "columns": {"symbol": "S"}}),
    ),
    (
        FieldCode.UNKNOWN_TRADE,
        {},
        "/tradeIds/0",
        lambda dana: grouped(dana, "a", "99999999-0000-4000-8000-000000000000"),
    ),
    (FieldCode.IN_ANOTHER_GROUP, {"groupId": "aaaaaaaa-0000-4000-8000-000000000000"}, "/tradeIds/0", in_another_group),
    (FieldCode.AT_SIGN_MISSING, {}, "/email", address("dana")),
    (FieldCode.LOCAL_PART_MISSING, {}, "/email", address("@example.com")),
    (FieldCode.LOCAL_PART_TOO_LONG, {"maxLength": 64}, "/email", address("d" * 65 + "@example.com")),
    (FieldCode.LOCAL_PART_MALFORMED, {}, "/email", address("d..a@example.com")),
    (FieldCode.DOMAIN_MISSING, {}, "/email", address("dana@")),
    (FieldCode.DOMAIN_DOT_MISSING, {}, "/email", address("dana@example")),
    (FieldCode.DOMAIN_LABEL_TOO_LONG, {"maxLength": 63}, "/email", address(f"dana@{'x' * 64}.com")),
    (FieldCode.DOMAIN_MALFORMED, {}, "/email", address("dana@ex_ample.com")),
    (
        FieldCode.NOT_DIGITS,
        {},
        "/code",
        sent("/auth/confirm-signup", {"email": "dana@example.com", "code": "4O2719", "password": PASSWORD}),
    ),
    (FieldCode.LOWER_CASE_MISSING, {}, "/password", password(PASSWORD.upper())),
    (FieldCode.UPPER_CASE_MISSING, {}, "/password", password(PASSWORD.lower())),
    (FieldCode.DIGIT_MISSING, {}, "/password", password("Breakout-today!")),
    (FieldCode.SYMBOL_MISSING, {}, "/password", password("Breakout20266")),
    (FieldCode.BLANK_AT_AN_END, {}, "/password", password(f" {PASSWORD}")),
    (FieldCode.CONTROL_CHARACTER, {}, "/password", password(f"{PASSWORD}\t1")),
    (FieldCode.NOT_NEGATIVE, {}, "/amount", cash("WITHDRAWAL", "1")),
    (FieldCode.ZERO, {}, "/amount", cash("FEE", "0")),
    (FieldCode.AMOUNTS_DIFFER, {}, "/counter/amount", transferred),
    (FieldCode.OTHER_CURRENCY, {}, "/tradeIds/1", grouped_with_another_currency),
    (FieldCode.FIXED_IN_GROUP, {}, "/currency", moved_out_of_its_groups_currency),
]


def split_before_its_entry(dana: Client) -> Answer:
    trade = dana.new_trade()
    assert dana.post(f"/trades/{trade['tradeId']}/splits", SPLIT).status == 201
    entry = f"/trades/{trade['tradeId']}/entries/{trade['entries'][0]['entryId']}"
    return dana.patch(entry, {"enteredAt": LATER["openDate"]})


def assert_named(answer: Answer, code: FieldCode, params: Params, pointer: str) -> None:
    named = [(bad["pointer"], bad["code"], bad["params"]) for bad in answer.json["errors"]]
    assert (pointer, code, params) in named
    assert answer.status in (400, 409, 422)


@pytest.mark.parametrize(("code", "params", "pointer", "story"), CASES, ids=[f"{case[0]} {case[2]}" for case in CASES])
def test_a_broken_rule_is_named_by_its_code(
    dana: Client, code: FieldCode, params: Params, pointer: str, story: Story
) -> None:
    assert_named(story(dana), code, params, pointer)


@pytest.mark.parametrize(
    ("quantity", "rules"),
    [
        ("0", {"NOT_POSITIVE"}),
        ("-1", {"NOT_POSITIVE"}),
        ("1.123456789012345678901", {"TOO_MANY_DECIMALS"}),
        ("1e2", {"NOT_A_DECIMAL"}),
        ("-0.1234567890123456789", {"NOT_POSITIVE", "TOO_MANY_DECIMALS"}),
        (f"{'1' * 16}.{'1' * 19}", {"TOO_MANY_DIGITS", "TOO_MANY_DECIMALS", "TOO_LONG"}),
        ("01", {"NOT_A_DECIMAL"}),
        ("", {"NOT_A_DECIMAL"}),
        (None, {"WRONG_TYPE"}),
    ],
)
def test_a_quantity_is_told_the_rules_that_it_breaks_and_no_others(
    dana: Client, quantity: str | None, rules: set[str]
) -> None:
    answer = dana.post("/trades", {**a_trade(), "quantity": quantity})
    assert {bad["code"] for bad in answer.json["errors"]} == rules
    assert len({bad["detail"] for bad in answer.json["errors"]}) == len(rules)


# Codes that need more than a request: each has a test below.
APART = {
    FieldCode.TOO_MANY_POINTS,
    FieldCode.TOO_MANY_CHANGES,
    FieldCode.ADDRESS_REJECTED,
    FieldCode.CODE_REJECTED,
    FieldCode.PASSWORD_REJECTED,
    FieldCode.PASSWORD_WRONG,
}


def test_each_code_has_a_test() -> None:
    assert {case[0] for case in CASES} | APART == set(FieldCode)


def test_a_curve_of_too_many_points(dana: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statistics, "MOST_POINTS", 1)
    for day in ("2026-01-05", "2026-01-07"):
        record(dana, day, "10", "1")
    settle()
    answer = dana.get("/stats/equity-curve")
    assert_named(answer, FieldCode.TOO_MANY_POINTS, {"maxPoints": 1}, "/groupBy")


def test_more_changes_than_a_group_takes_at_once(dana: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    assert MOST_CHANGES == 98
    monkeypatch.setattr(groups_usecase, "MOST_CHANGES", 1)
    answer = grouped(dana, "a", *(dana.new_trade()["tradeId"] for _ in range(2)))
    assert_named(answer, FieldCode.TOO_MANY_CHANGES, {"maxChanges": 1}, "/tradeIds")


def test_an_address_that_cognito_does_not_take(nobody: Client, cognito: Stubber) -> None:
    cognito.add_client_error("sign_up", "InvalidParameterException")
    answer = nobody.post("/auth/signup", {"email": "dana@example.com"})
    assert_named(answer, FieldCode.ADDRESS_REJECTED, {}, "/email")


def test_a_present_password_that_is_wrong(user_pool: UserPool) -> None:
    own = Own(user_pool, user_pool.new_user("dana@example.com", PASSWORD))
    change = {"currentPassword": "Wrong-password-1!", "newPassword": "Pullback-2026!"}
    answer = own.ask("POST", "/auth/change-password", change)
    assert_named(answer, FieldCode.PASSWORD_WRONG, {}, "/currentPassword")


def test_a_code_that_is_wrong(nobody: Client, cognito: Stubber) -> None:
    cognito.add_client_error("confirm_forgot_password", "CodeMismatchException")
    reset = {"email": "dana@example.com", "code": "915304", "password": PASSWORD}
    assert_named(nobody.post("/auth/confirm-forgot-password", reset), FieldCode.CODE_REJECTED, {}, "/code")


def test_a_password_that_cognito_does_not_take(nobody: Client, user_pool: UserPool) -> None:
    address = {"email": "dana@example.com"}
    nobody.post("/auth/signup", address)

    def refuse(operation: str, given: dict[str, Any]) -> None:
        if operation == "AdminSetUserPassword":
            given["Password"] = "short"

    user_pool.before = refuse
    confirmation = {**address, "code": user_pool.newest_code("dana@example.com"), "password": PASSWORD}
    assert_named(nobody.post("/auth/confirm-signup", confirmation), FieldCode.PASSWORD_REJECTED, {}, "/password")
