"""Figures at the far ends of what the contract can write down."""

from tests.api.client import Client


def test_a_ratio_of_the_largest_to_the_smallest_number_is_answered(dana: Client) -> None:
    trade = dana.new_trade(
        quantity="1",
        entryPrice="0",
        stopLoss="-0.00000001",
        takeProfit="999999999999999",
        exitPrice="999999999999999",
        closeDate="2026-01-06T09:00:00-05:00",
        commission=None,
        fees=None,
    )
    assert (trade["riskRewardRatio"], trade["rMultiple"]) == (9.99999999999999e22, 9.99999999999999e22)


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
