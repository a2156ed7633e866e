"""Figures of the largest and smallest values that the contract allows."""

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
