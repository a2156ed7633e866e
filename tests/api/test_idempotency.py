"""A repeated key with the same body gets the first answer and records no second trade."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from decimal import Context, Decimal
from threading import Barrier
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generated import models
from handlers.storage import trades as storage
from handlers.web.idempotency import fingerprint
from tests import events
from tests.api.client import DANA, Answer, Client, a_trade, answer_of
from tests.api.contention import one_call_at_a_time as one_call_at_a_time
from tests.events import Function, claims_of, function, routes

HOURS = timedelta(hours=5)
KEY = {"Idempotency-Key": "2026-01-05-aapl-1"}
CLOSE = {"quantity": "40", "price": "11", "closedAt": "2026-01-05T11:00:00-05:00"}


def assert_replayed(first: Answer, second: Answer) -> None:
    """The second answer is the first one again, but for the request's own id."""
    assert "idempotent-replayed" not in first.headers
    assert second.headers["idempotent-replayed"] == "true"
    assert (second.status, second.body) == (first.status, first.body)
    kept = ("location", "etag", "content-type")
    assert [second.headers[name] for name in kept] == [first.headers[name] for name in kept]


def test_a_create_that_is_repeated_gets_the_same_answer_and_one_trade_exists(dana: Client) -> None:
    first, second = (dana.post("/trades", a_trade(), headers=KEY) for _ in range(2))
    assert_replayed(first, second)
    assert dana.get("/trades").json["items"] == [first.json]


def test_a_create_without_a_key_makes_another_trade(dana: Client) -> None:
    dana.new_trade()
    dana.new_trade()
    assert len(dana.get("/trades").json["items"]) == 2


def test_a_recorded_trade_tells_its_key(dana: Client) -> None:
    assert dana.post("/trades", a_trade(), headers=KEY).json["idempotencyKey"] == KEY["Idempotency-Key"]


def test_a_create_is_answered_again_after_the_trade_was_changed(dana: Client) -> None:
    first = dana.post("/trades", a_trade(), headers=KEY)
    dana.patch(f"/trades/{first.json['tradeId']}", {"symbol": "MSFT"})
    assert_replayed(first, dana.post("/trades", a_trade(), headers=KEY))


def test_a_create_is_answered_again_after_the_trade_was_deleted_which_stays_deleted(dana: Client) -> None:
    first = dana.post("/trades", a_trade(), headers=KEY)
    dana.delete(f"/trades/{first.json['tradeId']}")
    assert_replayed(first, dana.post("/trades", a_trade(), headers=KEY))
    assert dana.get("/trades").json == {"items": []}


def test_a_body_with_its_properties_in_another_order_is_the_same_body(dana: Client) -> None:
    first = dana.post("/trades", a_trade(), headers=KEY)
    reordered = dict(reversed(a_trade().items()))
    assert_replayed(first, dana.post("/trades", reordered, headers=KEY))


SPELLINGS = [
    ({"quantity": "100.0", "entryPrice": "10.00000000", "commission": "1.0", "fees": "0.10"}, True),
    ({"openDate": "2026-01-05T09:31:04.000-05:00"}, True),
    ({"openDate": "2026-01-05T14:31:04Z"}, False),  # the same instant, which may count on another day
    ({"quantity": "100.00000001"}, False),
    ({"fees": None}, False),  # left out
    ({"tags": ["gap"]}, False),
]


@pytest.mark.parametrize(("spelled", "same"), SPELLINGS)
def test_a_request_is_known_by_its_values_and_not_by_their_spelling(
    dana: Client, spelled: dict[str, Any], same: bool
) -> None:
    first = dana.post("/trades", a_trade(), headers=KEY)
    second = dana.post("/trades", a_trade(**spelled), headers=KEY)
    [in_bulk] = dana.post(
        "/trades/bulk", {"items": [{"trade": a_trade(**spelled), "idempotencyKey": KEY["Idempotency-Key"]}]}
    ).json["results"]
    if same:
        assert_replayed(first, second)
        assert in_bulk == {"status": 201, "trade": first.json}
    else:
        assert second.kind == "/problems/idempotency-key-reused"
        assert in_bulk["problem"]["type"] == second.json["type"]
    assert len(dana.get("/trades").json["items"]) == 1


def test_a_close_is_known_by_its_values(dana: Client) -> None:
    path = f"/trades/{dana.new_trade()['tradeId']}/closes"
    first = dana.post(path, CLOSE, headers=KEY)
    spelled = {"closedAt": "2026-01-05T11:00:00.0-05:00", "price": "11.000", "quantity": "40.0"}
    assert_replayed(
        first, dana.post(path.upper().replace("/TRADES", "/trades").replace("/CLOSES", "/closes"), spelled, headers=KEY)
    )
    assert dana.post(path, {**CLOSE, "price": "11.01"}, headers=KEY).kind == "/problems/idempotency-key-reused"


EXACT = Context(prec=40)
amounts = st.integers(1, 10**33 - 2).map(lambda n: f"{Decimal(n).scaleb(-18, EXACT):f}")
zones = st.sampled_from([UTC, timezone(-HOURS), timezone(HOURS)])
times = st.builds(
    lambda seconds, zone: datetime.fromtimestamp(seconds, zone),
    st.floats(1e9, 4e9) | st.integers(10**9, 4 * 10**9),
    zones,
)


@st.composite
def requests_and_respellings(draw: st.DrawFn) -> tuple[dict[str, Any], dict[str, Any]]:
    """A trade to record, and the same one written otherwise."""
    opened: datetime = draw(times)
    given = {"symbol": "AAPL", "side": "BUY", "quantity": draw(amounts), "openDate": opened.isoformat()}
    given |= {
        name: draw(amounts) for name in draw(st.sets(st.sampled_from(["entryPrice", "stopLoss", "multiplier", "fees"])))
    }
    spelled = {
        name: respelled(draw, value) if name not in ("symbol", "side", "openDate") else value
        for name, value in given.items()
    }
    if not opened.microsecond:
        spelled["openDate"] = opened.isoformat(
            timespec=draw(st.sampled_from(["seconds", "milliseconds", "microseconds"]))
        )
    if draw(st.booleans()):
        spelled["openDate"] = spelled["openDate"].replace("+00:00", "Z")
    return given, dict(draw(st.permutations(list(spelled.items()))))


def respelled(draw: st.DrawFn, amount: str) -> str:
    """The same amount with fewer or more zeros behind the point."""
    whole, _, decimals = amount.partition(".")
    decimals = decimals.rstrip("0")
    decimals += "0" * draw(st.integers(0, 18 - len(decimals)))
    return f"{whole}.{decimals}" if decimals else whole


def fingerprint_of(document: dict[str, Any]) -> str:
    return fingerprint("createTrade", models.TradeInput.model_validate(document).model_dump(exclude_none=True))


@given(pair=requests_and_respellings())
def test_however_a_request_is_written_it_has_one_fingerprint(pair: tuple[dict[str, Any], dict[str, Any]]) -> None:
    request, spelled = pair
    assert fingerprint_of(request) == fingerprint_of(spelled)


@given(pair=requests_and_respellings(), change=st.sampled_from(["quantity", "openDate", "side", "notes"]))
def test_another_request_has_another_fingerprint(pair: tuple[dict[str, Any], dict[str, Any]], change: str) -> None:
    request, _ = pair
    other = dict(request)
    if change == "quantity":
        other["quantity"] = f"{EXACT.add(Decimal(request['quantity']), Decimal('1E-18')):f}"
    elif change == "openDate":
        moment = datetime.fromisoformat(request["openDate"])
        other["openDate"] = (moment + timedelta(microseconds=1)).isoformat()
    elif change == "side":
        other["side"] = "SELL"
    else:
        other["lessons"] = "wait"
    assert fingerprint_of(request) != fingerprint_of(other)


def test_a_key_with_another_body_is_refused(dana: Client) -> None:
    dana.post("/trades", a_trade(), headers=KEY)
    answer = dana.post("/trades", a_trade(quantity="101"), headers=KEY)
    assert (answer.status, answer.kind) == (422, "/problems/idempotency-key-reused")
    assert len(dana.get("/trades").json["items"]) == 1


def test_a_key_of_a_create_is_refused_for_a_close(dana: Client) -> None:
    trade = dana.post("/trades", a_trade(), headers=KEY).json
    answer = dana.post(f"/trades/{trade['tradeId']}/closes", CLOSE, headers=KEY)
    assert (answer.status, answer.kind) == (422, "/problems/idempotency-key-reused")


def test_a_key_of_a_close_is_refused_for_the_same_close_of_another_trade(dana: Client) -> None:
    one, other = (dana.new_trade()["tradeId"] for _ in range(2))
    dana.post(f"/trades/{one}/closes", CLOSE, headers=KEY)
    answer = dana.post(f"/trades/{other}/closes", CLOSE, headers=KEY)
    assert (answer.status, answer.kind) == (422, "/problems/idempotency-key-reused")


def test_a_refused_request_does_not_use_its_key_up(dana: Client) -> None:
    assert dana.post("/trades", a_trade(exitPrice="12"), headers=KEY).status == 422
    assert dana.post("/trades", a_trade(), headers=KEY).status == 201


def test_two_users_keys_have_nothing_to_do_with_each_other(dana: Client, erin: Client) -> None:
    first = dana.post("/trades", a_trade(), headers=KEY)
    second = erin.post("/trades", a_trade(), headers=KEY)
    assert "idempotent-replayed" not in second.headers
    assert second.json["tradeId"] != first.json["tradeId"]


def test_a_close_that_is_repeated_closes_once(dana: Client) -> None:
    path = f"/trades/{dana.new_trade()['tradeId']}"
    first, second = (dana.post(f"{path}/closes", CLOSE, headers=KEY) for _ in range(2))
    assert_replayed(first, second)
    assert dana.get(path).json["remainingQuantity"] == "60"


def test_a_close_is_answered_again_although_its_if_match_no_longer_fits(dana: Client) -> None:
    path = f"/trades/{dana.new_trade()['tradeId']}"
    first, second = (dana.post(f"{path}/closes", CLOSE, headers={**KEY, "If-Match": '"1"'}) for _ in range(2))
    assert_replayed(first, second)


def test_a_close_is_answered_again_after_it_was_taken_back_and_the_trade_deleted(dana: Client) -> None:
    path = f"/trades/{dana.new_trade()['tradeId']}"
    first = dana.post(f"{path}/closes", CLOSE, headers=KEY)
    dana.delete(f"{path}/closes/{first.json['partialCloses'][0]['closeId']}")
    assert_replayed(first, dana.post(f"{path}/closes", CLOSE, headers=KEY))
    dana.delete(path)
    assert_replayed(first, dana.post(f"{path}/closes", CLOSE, headers=KEY))


def test_a_key_may_have_255_visible_characters(dana: Client) -> None:
    headers = {"Idempotency-Key": "!~" * 127 + "x"}
    assert_replayed(*(dana.post("/trades", a_trade(), headers=headers) for _ in range(2)))


@pytest.mark.parametrize("key", ["", "x" * 256, "two words", "ü", "ta\tb", "snow☃"])
def test_any_other_key_is_refused(dana: Client, key: str) -> None:
    answer = dana.post("/trades", a_trade(), headers={"Idempotency-Key": key})
    assert (answer.status, answer.bad_fields) == (400, {("header", "/Idempotency-Key")})


@pytest.mark.usefixtures("one_call_at_a_time")
def test_many_creates_at_once_with_one_key_make_one_trade(dana: Client) -> None:
    route = next(route for route in routes() if route.operation_id == "createTrade")
    functions = [function("createTrade", instance=number) for number in range(8)]
    at_once = Barrier(len(functions))

    def create(own_function: Function) -> Answer:
        event = events.event(
            "POST",
            "/v1/trades",
            route_key=route.key,
            headers={**KEY, "Content-Type": "application/json", "Authorization": "Bearer t"},
            body=b'{"symbol":"AAPL","side":"BUY","quantity":"1","openDate":"2026-01-05T09:31:04Z"}',
            claims=claims_of(DANA),
        )
        at_once.wait()
        return answer_of(own_function(event, None), event, route)

    with ThreadPoolExecutor(len(functions)) as pool:
        answers = list(pool.map(create, functions))
    assert len({answer.body for answer in answers}) == 1
    assert sum("idempotent-replayed" not in answer.headers for answer in answers) == 1
    assert len(dana.get("/trades").json["items"]) == 1


def test_a_close_that_was_overtaken_by_its_own_retry_closes_once(dana: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    path = f"/trades/{dana.new_trade()['tradeId']}"
    replace, retries = storage.replace, []

    def overtaken(*given: Any) -> Any:
        monkeypatch.setattr(storage, "replace", replace)
        with ThreadPoolExecutor(1) as pool:  # an event loop runs one request at a time
            retries.append(pool.submit(in_another_instance, path).result())
        return replace(*given)

    monkeypatch.setattr(storage, "replace", overtaken)
    late = dana.post(f"{path}/closes", CLOSE, headers=KEY)
    [early] = retries
    assert_replayed(early, late)
    assert dana.get(path).json["remainingQuantity"] == "60"


def in_another_instance(path: str) -> Answer:
    route = next(route for route in routes() if route.operation_id == "closeTrade")
    event = events.event(
        "POST",
        f"/v1{path}/closes",
        route_key=route.key,
        headers={**KEY, "Content-Type": "application/json", "Authorization": "Bearer t"},
        body=b'{"quantity": "40", "price": "11", "closedAt": "2026-01-05T11:00:00-05:00"}',
        claims=claims_of(DANA),
    )
    return answer_of(function("closeTrade", instance=1)(event, None), event, route)
