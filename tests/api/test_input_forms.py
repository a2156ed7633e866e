"""Values with several spellings are accepted in all of them, and stored and answered in one."""

from typing import Any

import pytest

from tests.api.client import Answer, Client, a_trade

CLOSE = {"price": "11", "closedAt": "2026-01-06T10:00:00Z"}
EVENT = {"type": "DIVIDEND", "amount": "24"}
SPLIT = {"new": "4", "old": "1"}
ENTRY = {"quantity": "1", "price": "11"}

# A time as it is given, and as it is kept.
TIMES = {
    "2026-01-05t10:00:00z": "2026-01-05T10:00:00Z",
    "2026-01-05T10:00:00z": "2026-01-05T10:00:00Z",
    "2026-01-05t10:00:00+01:00": "2026-01-05T10:00:00+01:00",
    "2026-01-05T10:00:00-00:00": "2026-01-05T10:00:00Z",
    "2026-01-05T10:00:00.5Z": "2026-01-05T10:00:00.500000Z",
    "2026-01-05T10:00:00.0Z": "2026-01-05T10:00:00Z",
    "2026-01-05T10:00:00.1234567Z": "2026-01-05T10:00:00.123456Z",
    "2026-01-05T10:00:00.123456789-05:00": "2026-01-05T10:00:00.123456-05:00",
    "2026-01-05T10:00:00.999999999Z": "2026-01-05T10:00:00.999999Z",
    f"2026-01-05T10:00:00.{'1' * 300}Z": "2026-01-05T10:00:00.111111Z",
    "2016-12-31T23:59:60Z": "2016-12-31T23:59:59.999999Z",
    "2016-12-31T23:59:60.75z": "2016-12-31T23:59:59.999999Z",
    "1990-12-31T15:59:60-08:00": "1990-12-31T15:59:59.999999-08:00",
    "2015-07-01T00:59:60+01:00": "2015-07-01T00:59:59.999999+01:00",
    "0999-12-31T10:00:00Z": "0999-12-31T10:00:00Z",
    "0001-01-01T00:00:00Z": "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59Z": "9999-12-31T23:59:59Z",
}


def assert_refused(answer: Answer, place: str, pointer: str) -> None:
    assert (answer.status, answer.kind) == (400, "/problems/invalid-request")
    assert (place, pointer) in answer.bad_fields


@pytest.mark.parametrize("given", TIMES)
def test_a_time_is_taken_as_rfc_3339_has_it_in_every_place(dana: Client, given: str) -> None:
    kept = TIMES[given]
    trade = dana.new_trade(openDate=given)
    path = f"/trades/{trade['tradeId']}"
    assert (trade["openDate"], dana.get(path).json["openDate"]) == (kept, kept)
    assert dana.patch(path, {"openDate": given}).json["version"] == 1
    closed = dana.post(f"{path}/closes", {"price": "11", "closedAt": given, "quantity": "1"}).json
    assert closed["partialCloses"][0]["closedAt"] == kept
    assert dana.post(f"{path}/events", {**EVENT, "at": given}).json["events"][0]["at"] == kept
    short = dana.new_trade(openDate=given, exitPrice="11", closeDate=given)
    assert (short["closeDate"], short["holdingSeconds"]) == (kept, 0)
    bulk = dana.post("/trades/bulk", {"items": [{"trade": a_trade(openDate=given)}]}).json["results"][0]
    assert bulk["trade"]["openDate"] == kept
    entries = [{**ENTRY, "enteredAt": given}]
    own = dict.fromkeys(("quantity", "openDate", "entryPrice", "commission", "fees"))
    assert dana.new_trade(**own, entries=entries)["entries"][0]["enteredAt"] == kept
    later = dana.new_trade(openDate="0001-01-01T00:00:00Z")["tradeId"]
    if given[:4] != "0001":
        assert dana.post(f"/trades/{later}/splits", {**SPLIT, "at": given}).json["splits"][0]["at"] == kept


def test_times_that_are_the_same_make_the_same_request(dana: Client) -> None:
    answers = [
        dana.post("/trades", a_trade(openDate=given), headers={"Idempotency-Key": "one"})
        for given in ("2026-01-05T10:00:00.123456Z", "2026-01-05t10:00:00.1234569z")
    ]
    assert [answer.status for answer in answers] == [201, 201]
    assert answers[1].headers["idempotent-replayed"] == "true"


@pytest.mark.parametrize("day", ["0001-01-01", "0999-12-31", "1000-01-01", "2000-02-29", "9999-12-31"])
def test_every_day_of_the_calendar_is_a_day_of_ranges(dana: Client, day: str) -> None:
    trade = dana.new_trade(openDate=f"{day}T12:00:00Z", exitPrice="11", closeDate=f"{day}T12:00:00Z")
    just_written = f"includes={trade['tradeId']}@1"
    for asked in (f"openFrom={day}&openTo={day}", f"closeFrom={day}&closeTo={day}", f"activeOn={day}"):
        query = asked if "open" in asked else f"{asked}&{just_written}"
        assert [item["tradeId"] for item in dana.get("/trades", query=query).json["items"]] == [trade["tradeId"]]
    for zone in ("", "&timeZone=Pacific/Kiritimati", "&timeZone=America/Los_Angeles&dayStartsAt=17:00"):
        for path in ("/stats", "/stats/equity-curve", "/stats/calendar"):
            assert dana.get(path, query=f"from={day}&to={day}{zone}").status == 200
        assert dana.get("/stats/calendar", query=f"month={day[:7]}{zone}").status == 200
        assert dana.get("/stats/breakdown", query=f"by=WEEKDAY&from={day}&to={day}{zone}").status == 200


@pytest.mark.parametrize("day", ["0000-01-01", "0000-02-29", "1900-02-29", "2026-02-29", "2026-04-31", "10000-01-01"])
def test_what_is_no_day_is_refused(dana: Client, day: str) -> None:
    assert_refused(dana.get("/trades", query=f"openFrom={day}"), "query", "/openFrom")
    assert_refused(dana.get("/stats", query=f"from={day}"), "query", "/from")


@pytest.mark.parametrize("written", ["7", "7.0", "7.000", "7e0", "70e-1", "0.7E+1", "700.0e-2"])
def test_an_integer_is_taken_however_json_writes_it(dana: Client, written: str) -> None:
    text = b'{"symbol": "AAPL", "side": "BUY", "quantity": "1", "openDate": "2026-01-05T10:00:00Z", "confidence": %s}'
    answer = dana.post("/trades", body=text % written.encode())
    assert (answer.status, answer.json["confidence"]) == (201, 7)
    assert type(answer.json["confidence"]) is int
    assert dana.get("/trades", query=[("limit", written)]).status == 200
    path = f"/trades/{answer.json['tradeId']}"
    assert dana.patch(path, body=b'{"confidence": %s}' % written.encode()).json["version"] == 1


@pytest.mark.parametrize(
    "written",
    ["7.5", "7.00000000000000000001", "75e-1", "1e-400", "-0.5", "1e1", "11.0", "1e300", "true", '"7.0"', "[7.0]"],
)
def test_what_is_no_integer_of_the_range_is_refused(dana: Client, written: str) -> None:
    path = f"/trades/{dana.new_trade(confidence=7)['tradeId']}"
    if written == "1e1":
        assert dana.patch(path, body=b'{"confidence": 1e1}').json["confidence"] == 10
    else:
        assert_refused(dana.patch(path, body=b'{"confidence": %s}' % written.encode()), "body", "/confidence")


@pytest.mark.parametrize("written", ["image/png", "IMAGE/PNG", "Image/Png"])
def test_the_case_of_an_images_type_does_not_count(dana: Client, written: str) -> None:
    path = f"/trades/{dana.new_trade()['tradeId']}"
    answer = dana.post(f"{path}/images", {"contentType": written})
    assert (answer.status, answer.json["fields"]["Content-Type"]) == (201, "image/png")


def test_the_case_of_other_enumerations_counts(dana: Client) -> None:
    assert_refused(dana.post("/trades", a_trade(side="buy")), "body", "/side")
    assert_refused(dana.get("/trades", query="side=buy"), "query", "/side")


def test_the_case_of_an_id_does_not_count(dana: Client) -> None:
    trade = dana.new_trade()
    trade_id = trade["tradeId"].upper()
    closed = dana.post(f"/trades/{trade_id}/closes", {**CLOSE, "quantity": "1"}).json
    close_id = closed["partialCloses"][0]["closeId"].upper()
    assert dana.get(f"/trades/{trade_id}/closes/{close_id}").status == 200
    assert dana.get("/trades", query=f"closeFrom=2026-01-01&closeTo=2026-01-31&includes={trade_id}@2").status == 200
    changed = dana.post("/trades/bulk-update", {"items": [{"tradeId": trade_id, "changes": {"symbol": "TSLA"}}]}).json
    assert changed["results"][0]["trade"]["symbol"] == "TSLA"
    group = "0B9F2F0A-6C1E-4A55-9D8E-3A4B5C6D7E8F"
    assert dana("PUT", f"/groups/{group}", {"name": "pair", "tradeIds": [trade_id]}).status == 201
    assert dana.get(f"/groups/{group.lower()}").json["tradeIds"] == [trade["tradeId"]]
    assert dana.post("/trades/bulk-delete", {"tradeIds": [trade_id]}).json["results"][0]["status"] == 204
    assert dana.post(f"/deleted-trades/{trade_id}/restore").status == 200


@pytest.mark.parametrize("value", ["True", "TRUE", "1", "yes", "", "true,false"])
def test_a_truth_value_in_the_query_is_true_or_false(dana: Client, value: str) -> None:
    assert_refused(dana.get("/trades", query=[("count", value)]), "query", "/count")


@pytest.mark.parametrize("name", ["symbol", "limit", "openFrom", "count", "tag", "status", "sort", "nextToken"])
def test_an_empty_parameter_is_refused(dana: Client, name: str) -> None:
    for query in (f"{name}=", name):
        assert_refused(dana.get("/trades", query=query), "query", f"/{name}")


@pytest.mark.parametrize("query", ["symbol=BRK%20B", "symbol=BRK+B", "s%79mbol=BRK%20B", "&symbol=BRK+B&"])
def test_a_plus_in_a_query_is_a_blank(dana: Client, query: str) -> None:
    trade = dana.new_trade(symbol="BRK B")
    assert dana.get("/trades", query=query).json["items"] == [trade]


def test_a_plus_that_is_meant_is_percent_encoded(dana: Client) -> None:
    trade = dana.new_trade(symbol="A+B")
    assert dana.get("/trades", query="symbol=A%2BB").json["items"] == [trade]
    assert dana.get("/trades", query="symbol=A+B").json["items"] == []


def test_a_key_is_the_same_with_blanks_around_it(dana: Client) -> None:
    answers = [
        dana.post("/trades", a_trade(), headers={"Idempotency-Key": key}) for key in ("one", " one", "one\t ", "\tone")
    ]
    assert {answer.json["tradeId"] for answer in answers} == {answers[0].json["tradeId"]}


def sent(client: Client, content_type: str, body: Any = None) -> int:
    headers = {"Content-Type": content_type}
    return client("POST", "/trades", body or a_trade(), headers=headers).status


@pytest.mark.parametrize(
    "parameters",
    [
        "",
        ";",
        " ; ",
        "; charset=utf-8",
        ";CHARSET=UTF-8",
        "; charset=utf8",
        "; charset=UTF8",
        '; charset="UTF-8"',
        '; charset="utf8" ',
        "; charset = utf-8",
        "; charset=unicode-1-1-utf-8",
        ";charset=utf-8;charset=utf-8",
        ";;charset=utf-8;",
        "; version=1; charset=utf-8",
        "; odata.metadata=minimal",
        '; profile="https://example.com/charset=latin1"',
    ],
)
def test_json_in_utf_8_is_taken_by_whichever_label(dana: Client, parameters: str) -> None:
    for media_type in ("application/json", "APPLICATION/JSON", "Application/Json"):
        assert sent(dana, f"{media_type}{parameters}") == 201


@pytest.mark.parametrize(
    "parameters",
    [
        "; charset=latin1",
        "; charset=utf-16",
        "; charset=utf-8; charset=utf-16",
        "; charset=",
        "; charset",
        "; charset=u8",
    ],
)
def test_json_in_another_charset_is_refused(dana: Client, parameters: str) -> None:
    assert sent(dana, f"application/json{parameters}") == 415
