"""Figures of the largest and smallest values that the contract allows."""

import pytest

from handlers.storage import clients
from tests.api.client import DANA, Client
from tests.api.test_stats import settle


def test_a_ratio_of_the_largest_to_the_smallest_number_is_answered(dana: Client) -> None:
    trade = dana.new_trade(
        quantity="1",
        entryPrice="0",
        stopLoss="-0.000000000000000001",
        riskAmount="0.000000000000000001",
        takeProfit="999999999999999",
        exitPrice="999999999999999",
        closeDate="2026-01-06T09:00:00-05:00",
        commission=None,
        fees=None,
    )
    assert (trade["riskRewardRatio"], trade["rMultiple"]) == (9.99999999999999e32, 9.99999999999999e32)


def test_a_ratio_that_rounds_to_nothing_has_no_sign(dana: Client) -> None:
    closes = [{"quantity": "1", "price": "999.9999999", "closedAt": "2026-01-06T12:00:00Z"}]
    costs = {"commission": None, "fees": None}
    trade = dana.new_trade(quantity="1", entryPrice="1000", riskAmount="1", closes=closes, **costs)
    settle()
    shown = dana.get("/stats").json
    assert [str(value) for value in (trade["rMultiple"], shown["sumR"], shown["expectancyR"])] == ["0.0"] * 3


def test_a_close_whose_removal_makes_the_figures_too_long_cannot_be_taken_back(dana: Client) -> None:
    closed = {"quantity": "1", "closedAt": "2026-01-05T11:00:00-05:00"}
    trade = dana.new_trade(
        quantity="4",
        entryPrice="0",
        commission=None,
        fees=None,
        closes=[{**closed, "price": price} for price in ("900000000000000", "-900000000000000", "900000000000000")],
    )
    loss = next(close for close in trade["partialCloses"] if close["realizedPnl"].startswith("-"))
    answer = dana.delete(f"/trades/{trade['tradeId']}/closes/{loss['closeId']}")
    assert (answer.status, answer.kind) == (409, "/problems/state-forbids")


def test_the_longest_notes_fit_into_a_kept_answer_too(dana: Client) -> None:
    # JSON writes a control character with six; the answer is kept with all closes, in an item of 400 KB at most.
    notes = dict.fromkeys(("preTradeNotes", "postTradeNotes", "mistakes", "lessons"), "\u0001" * 10_000)
    closes = [
        {"quantity": "0.00000001", "price": "999999999.99999999", "closedAt": "2026-01-05T11:00:00.123456-05:00"}
        for _ in range(199)
    ]
    trade = dana.new_trade(quantity="1", closes=closes, **notes)
    close = {"price": "11", "closedAt": "2026-01-06T11:00:00Z"}
    path, key = f"/trades/{trade['tradeId']}/closes", {"Idempotency-Key": "the-longest"}
    first, again = (dana.post(path, close, headers=key) for _ in range(2))
    assert (first.status, again.body) == (201, first.body)
    assert len(first.body) > 270_000
    kept = clients.dynamodb().get_item(
        TableName="trades", Key={"userId": {"S": DANA}, "tradeId": {"S": "idempotency|the-longest"}}
    )["Item"]
    assert len(kept["answer"]["B"]) < 100_000


LONGEST = "9" * 15
OF_SPLIT = {"type": "SPLIT", "symbol": "AAPL", "effectiveAt": "2026-01-06T10:00:00Z", "old": "1"}
TO_ANOTHER = OF_SPLIT | {"newSymbol": "OTHER", "new": "1"}


@pytest.mark.parametrize(
    ("held", "added"),
    [
        ({"quantity": LONGEST, "price": "1"}, {"quantity": "1", "price": "0"}),
        ({"quantity": "1", "price": LONGEST}, {"quantity": "1", "price": "1"}),
        ({"quantity": "1", "price": "1"}, {"quantity": "1000000", "price": "1000000000"}),
        ({"quantity": "1", "price": f"-{LONGEST}"}, {"quantity": "1", "price": "-1"}),
        ({"quantity": "1", "price": "1", "commission": LONGEST}, {"quantity": "1", "price": "1", "commission": "1"}),
        ({"quantity": "1", "price": "1", "commission": LONGEST}, {"quantity": "1", "price": "1", "fees": "1"}),
    ],
)
def test_an_execution_that_makes_figures_too_long_is_refused(
    dana: Client, held: dict[str, str], added: dict[str, str]
) -> None:
    first, second = ({"symbol": "AAPL", "side": "BUY", "executedAt": f"2026-01-05T1{hour}:00:00Z"} for hour in range(2))
    assert dana.post("/executions", first | held).status == 201
    answer = dana.post("/executions", second | added)
    assert (answer.status, answer.json["errors"][0]["code"]) == (422, "FIGURE_TOO_LONG")
    assert len(dana.get("/positions", query="include=lots").json["items"]) == 1


@pytest.mark.parametrize(
    ("action", "pointer"),
    [
        (OF_SPLIT | {"new": "0.000000000000000001"}, "/new"),
        ({**OF_SPLIT, "type": "SHARE_DIVIDEND", "quantity": LONGEST, "old": None}, "/quantity"),
        ({**OF_SPLIT, "type": "MERGER_CASH", "cashPerShare": LONGEST, "old": None}, "/cashPerShare"),
        ({**TO_ANOTHER, "type": "MERGER_SHARES", "cashPerShare": LONGEST}, "/cashPerShare"),
        ({**TO_ANOTHER, "type": "MERGER_SHARES", "new": LONGEST}, "/new"),
        ({**TO_ANOTHER, "type": "MERGER_SHARES", "new": "0.000000000000000001"}, "/new"),
        ({**TO_ANOTHER, "type": "SPINOFF", "costShare": "1", "new": LONGEST}, "/new"),
        ({**TO_ANOTHER, "type": "SPINOFF", "costShare": "1", "new": "0.000000000000000001"}, "/new"),
    ],
)
def test_an_action_that_makes_figures_too_long_is_refused(dana: Client, action: dict[str, str], pointer: str) -> None:
    fill = {"symbol": "AAPL", "side": "BUY", "executedAt": "2026-01-05T10:00:00Z", "quantity": "2", "price": "5"}
    assert dana.post("/executions", fill).status == 201
    answer = dana.post("/corporate-actions", {name: value for name, value in action.items() if value is not None})
    assert (answer.status, answer.json["errors"][0]["pointer"]) == (422, pointer)


def test_an_execution_or_action_without_which_figures_are_too_long_cannot_be_deleted(dana: Client) -> None:
    long = "900000000000000"  # what two of these cost is too long

    def fill(side: str, day: int, symbol: str) -> str:
        given = {"symbol": symbol, "side": side, "quantity": "1", "price": long}
        answer = dana.post("/executions", given | {"executedAt": f"2026-01-0{day}T10:00:00Z"})
        assert answer.status == 201, answer.body
        return f"/executions/{answer.json['execution']['executionId']}"

    _, sale, _ = fill("BUY", 1, "AAPL"), fill("SELL", 2, "AAPL"), fill("BUY", 3, "AAPL")
    fill("BUY", 1, "MSFT")
    given = {"type": "MERGER_CASH", "symbol": "MSFT", "effectiveAt": "2026-01-02T10:00:00Z", "cashPerShare": long}
    merger = f"/corporate-actions/{dana.post('/corporate-actions', given).json['actionId']}"
    fill("BUY", 3, "MSFT")
    for path in (sale, merger):
        answer = dana.delete(path)
        assert (answer.status, answer.kind) == (409, "/problems/state-forbids")
    assert len(dana.get("/executions").json["items"]) == 5


def test_the_mean_price_of_a_position_has_the_decimals_of_its_prices(dana: Client) -> None:
    for minute, price in enumerate(("0.000012345678901234", "0.000012345678901236")):
        given = {"symbol": "SHIB", "side": "BUY", "quantity": "1", "price": price}
        dana.post("/executions", given | {"executedAt": f"2026-01-05T10:0{minute}:00Z"})
    assert dana.get("/positions").json["items"][0]["averagePrice"] == "0.000012345678901235"
