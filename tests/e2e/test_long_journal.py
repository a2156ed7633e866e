"""A journal of thousands of trades: every page, every statistic and the export answer; none is listed twice or missed.

`python -m benchmarks.long_journal` does the same with 100 000.
"""

from __future__ import annotations

from benchmarks import long_journal
from local.stack import Stack

TRADES = 3000


def test_everything_of_a_long_journal_answers(stack: Stack) -> None:
    outcome = long_journal.ask(stack, TRADES)
    assert outcome.errors == []
    assert outcome.listed["all"] == outcome.listed["oldest first"] == outcome.listed["status"] == TRADES
    assert outcome.listed["symbol"] == TRADES / 8
    assert 0 < outcome.listed["symbol and tag"] < outcome.listed["symbol"]
    assert outcome.listed["idempotency key"] == 1
