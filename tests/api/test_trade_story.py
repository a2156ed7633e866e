"""A trade from its entry to its deletion, with the figures that docs/statistics.md gives."""

from tests.api.client import Client, a_trade

PART = {"quantity": "40", "price": "11", "closedAt": "2026-01-05T11:00:00-05:00", "commission": "0.4", "fees": "0.04"}
REST = {"price": "12", "closedAt": "2026-01-05T12:00:00-05:00", "commission": "0.6", "fees": "0.06"}


def test_a_created_trade_is_open_and_has_no_figures(dana: Client) -> None:
    answer = dana.post("/trades", a_trade())
    trade = answer.json
    assert answer.status == 201
    assert answer.headers["location"] == f"/v1/trades/{trade['tradeId']}"
    assert answer.headers["etag"] == '"1"'
    assert (trade["status"], trade["remainingQuantity"], trade["version"]) == ("OPEN", "100", 1)
    assert trade["realizedPartialPnl"] == "0"
    assert trade.keys().isdisjoint({"grossPnl", "netPnl", "exitPrice", "rMultiple", "closeDate", "holdingSeconds"})


def test_a_partial_close_realizes_its_gross_minus_its_costs_and_its_share_of_the_entrys(dana: Client) -> None:
    trade_id = dana.new_trade()["tradeId"]
    answer = dana.post(f"/trades/{trade_id}/closes", PART)
    trade = answer.json
    [close] = trade["partialCloses"]
    assert answer.status == 201
    assert answer.headers["location"] == f"/v1/trades/{trade_id}/closes/{close['closeId']}"
    assert close["realizedPnl"] == "39.12"
    assert (trade["status"], trade["remainingQuantity"], trade["realizedPartialPnl"]) == ("PARTIAL", "60", "39.12")
    assert (trade["exitPrice"], trade["version"], answer.headers["etag"]) == ("11", 2, '"2"')
    assert "grossPnl" not in trade


def test_a_close_without_a_quantity_closes_the_rest_and_the_parts_add_up(dana: Client) -> None:
    path = f"/trades/{dana.new_trade()['tradeId']}"
    dana.post(f"{path}/closes", PART)
    trade = dana.post(f"{path}/closes", REST).json
    assert [close["realizedPnl"] for close in trade["partialCloses"]] == ["39.12", "118.68"]
    assert (trade["status"], trade["remainingQuantity"]) == ("CLOSED", "0")
    assert (trade["grossPnl"], trade["netPnl"], trade["realizedPartialPnl"]) == ("160", "157.8", "157.8")
    assert (trade["exitPrice"], trade["closeDate"]) == ("11.6", "2026-01-05T12:00:00-05:00")
    assert trade["holdingSeconds"] == 8936


def test_a_close_that_is_taken_back_leaves_the_trade_as_if_it_had_never_been(dana: Client) -> None:
    path = f"/trades/{dana.new_trade()['tradeId']}"
    dana.post(f"{path}/closes", PART)
    close = dana.post(f"{path}/closes", REST).json["partialCloses"][1]["closeId"]
    answer = dana.delete(f"{path}/closes/{close}")
    trade = answer.json
    assert answer.status == 200
    assert (trade["status"], trade["remainingQuantity"], trade["realizedPartialPnl"]) == ("PARTIAL", "60", "39.12")
    assert (trade["version"], answer.headers["etag"]) == (4, '"4"')
    assert "netPnl" not in trade


def test_a_close_that_was_taken_back_is_not_there_a_second_time(dana: Client) -> None:
    path = f"/trades/{dana.new_trade()['tradeId']}"
    close = dana.post(f"{path}/closes", PART).json["partialCloses"][0]["closeId"]
    dana.delete(f"{path}/closes/{close}")
    assert dana.delete(f"{path}/closes/{close}").status == 404


def test_a_trade_reads_back_as_it_was_answered(dana: Client) -> None:
    trade_id = dana.new_trade()["tradeId"]
    closed = dana.post(f"/trades/{trade_id}/closes", REST)
    read = dana.get(f"/trades/{trade_id}")
    assert read.status == 200
    assert (read.json, read.headers["etag"]) == (closed.json, closed.headers["etag"])


def test_a_listed_trade_is_the_one_that_was_recorded(dana: Client) -> None:
    trade = dana.new_trade()
    assert dana.get("/trades").json == {"items": [trade]}


def test_a_trade_is_found_whatever_the_case_of_its_id(dana: Client) -> None:
    trade = dana.new_trade()
    assert dana.get(f"/trades/{trade['tradeId'].upper()}").json == trade


def test_a_cancelled_trade_is_cancelled_and_can_come_back(dana: Client) -> None:
    path = f"/trades/{dana.new_trade()['tradeId']}"
    assert dana.patch(path, {"status": "CANCELLED"}).json["status"] == "CANCELLED"
    assert dana.patch(path, {"status": None}).json["status"] == "OPEN"


def test_a_cancelled_trade_cannot_be_closed(dana: Client) -> None:
    path = f"/trades/{dana.new_trade(status='CANCELLED')['tradeId']}"
    answer = dana.post(f"{path}/closes", REST)
    assert (answer.status, answer.kind) == (409, "/problems/state-forbids")


def test_a_trade_of_which_something_is_closed_cannot_be_cancelled(dana: Client) -> None:
    path = f"/trades/{dana.new_trade()['tradeId']}"
    dana.post(f"{path}/closes", PART)
    answer = dana.patch(path, {"status": "CANCELLED"})
    assert (answer.status, answer.bad_fields) == (409, {("body", "/status")})


def test_more_than_remains_cannot_be_closed(dana: Client) -> None:
    path = f"/trades/{dana.new_trade()['tradeId']}"
    dana.post(f"{path}/closes", PART)
    answer = dana.post(f"{path}/closes", {**PART, "quantity": "60.00000001"})
    assert (answer.status, answer.bad_fields) == (409, {("body", "/quantity")})
    assert dana.get(path).json["remainingQuantity"] == "60"


def test_a_trade_without_an_entry_price_cannot_be_closed(dana: Client) -> None:
    path = f"/trades/{dana.new_trade(entryPrice=None)['tradeId']}"
    assert dana.post(f"{path}/closes", REST).status == 409


def test_a_close_before_the_entry_breaks_a_rule(dana: Client) -> None:
    path = f"/trades/{dana.new_trade()['tradeId']}"
    answer = dana.post(f"{path}/closes", {**REST, "closedAt": "2026-01-05T09:31:03-05:00"})
    assert (answer.status, answer.kind, answer.bad_fields) == (422, "/problems/rule-broken", {("body", "/closedAt")})


def test_a_deleted_trade_is_gone(dana: Client) -> None:
    path = f"/trades/{dana.new_trade()['tradeId']}"
    assert dana.delete(path).status == 204
    assert dana.get(path).status == 404
    assert dana.get("/trades").json == {"items": []}
    assert dana.delete(path).status == 404


def test_a_trade_closed_in_short_bears_all_costs_itself(dana: Client) -> None:
    trade = dana.new_trade(commission="2.25", fees="0", exitPrice="12", closeDate="2026-01-06T09:00:00-05:00")
    assert (trade["status"], trade["netPnl"], trade["grossPnl"]) == ("CLOSED", "197.75", "200")
    [close] = trade["partialCloses"]
    assert (close["quantity"], close["commission"], close["fees"]) == ("100", "0", "0")


def test_a_short_earns_when_the_price_falls(dana: Client) -> None:
    trade = dana.new_trade(
        side="SELL",
        quantity="50",
        entryPrice="20",
        commission="1.1",
        fees=None,
        exitPrice="18",
        closeDate="2026-01-06T09:00:00-05:00",
    )
    assert trade["netPnl"] == "98.9"


def test_a_futures_multiplier_scales_what_it_earns(dana: Client) -> None:
    trade = dana.new_trade(
        quantity="3",
        entryPrice="4500",
        multiplier="5",
        commission="7.20",
        fees=None,
        exitPrice="4504",
        closeDate="2026-01-06T09:00:00-05:00",
    )
    assert trade["netPnl"] == "52.8"


def test_the_risk_is_taken_from_the_stop_and_the_ratios_are_numbers(dana: Client) -> None:
    trade = dana.new_trade(
        entryPrice="185.25",
        stopLoss="183.25",
        takeProfit="191.25",
        exitPrice="187.85",
        closeDate="2026-01-06T09:00:00-05:00",
    )
    assert (trade["riskRewardRatio"], trade["rMultiple"]) == (3, 1.2945)


def test_closes_given_with_a_new_trade_are_ordered_by_time(dana: Client) -> None:
    trade = dana.new_trade(closes=[{**REST, "quantity": "60"}, PART])
    assert [close["quantity"] for close in trade["partialCloses"]] == ["40", "60"]
    assert trade["netPnl"] == "157.8"


def test_closes_that_add_up_to_more_than_the_quantity_break_a_rule(dana: Client) -> None:
    answer = dana.post("/trades", a_trade(closes=[PART, {**REST, "quantity": "61"}]))
    assert (answer.status, answer.bad_fields) == (422, {("body", "/closes/1/quantity")})


def test_an_exit_price_without_a_close_date_breaks_a_rule(dana: Client) -> None:
    answer = dana.post("/trades", a_trade(exitPrice="12"))
    assert (answer.status, answer.bad_fields) == (422, {("body", "/closeDate")})


def test_amounts_are_answered_in_their_one_spelling(dana: Client) -> None:
    trade = dana.new_trade(quantity="100.50000000", entryPrice="-0.0", commission="-0.10", fees="0.00")
    assert (trade["quantity"], trade["entryPrice"]) == ("100.5", "0")
    assert (trade["commission"], trade["fees"]) == ("-0.1", "0")


def test_times_keep_the_offset_they_came_with(dana: Client) -> None:
    assert dana.new_trade(openDate="2026-01-02T23:30:00+05:30")["openDate"] == "2026-01-02T23:30:00+05:30"
    assert dana.new_trade(openDate="2026-01-02T23:30:00+00:00")["openDate"] == "2026-01-02T23:30:00Z"
