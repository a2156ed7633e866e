"""One user's import does not delay another user's statistics, and soon shows in its own."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from statistics import median

import pytest

from benchmarks.imports import statement
from local.stack import Stack
from tests.e2e.conftest import User
from tests.e2e.test_imports import commit, followed, previewed
from tests.e2e.test_statistics_stream import Statistics, closed, record, wait_until

IMPORTED = 10_000
FILLS, SYMBOLS = 4_000, 40  # of a file
OF_A_REQUEST = 100
AT_ONCE = 4  # requests of the import


pytestmark = pytest.mark.usefixtures("warm")


@pytest.fixture(scope="module")
def warm(stack: Stack, dana: User) -> None:
    """The functions have started."""
    statistics = Statistics(stack, dana)
    for _ in range(3):
        record(dana, closed(1))
    bulk(dana, range(2))
    wait_until(statistics.are_right)


def bulk(user: User, days: range) -> None:
    items = [{"idempotencyKey": f"key-{day}-{time.monotonic_ns()}", "trade": closed(10, day=day % 300)} for day in days]
    answer = user.api.post("/trades/bulk", json={"items": items}, timeout=60)
    assert answer.status_code == 200, answer.text
    assert {item["status"] for item in answer.json()["results"]} == {201}


def trade_count(user: User) -> int:
    answer = user.api.get("/stats")
    assert answer.status_code == 200, answer.text
    return int(answer.json()["tradeCount"])


def seconds_until_counted(user: User) -> float:
    """How long a change of the user takes to reach the user's statistics."""
    wanted = trade_count(user) + 1
    record(user, closed(10, day=wanted % 20))
    return wait_until(lambda: trade_count(user) == wanted, 60)


def test_nobody_waits_for_the_import_of_another(
    stack: Stack,
    new_user: Callable[[], User],
) -> None:
    importing, other = new_user(), new_user()
    statistics = Statistics(stack, importing)
    alone = median(seconds_until_counted(other) for _ in range(9))
    starts = range(0, IMPORTED, OF_A_REQUEST)
    meanwhile = []
    with ThreadPoolExecutor(AT_ONCE) as pool:
        requests = [pool.submit(bulk, importing, range(start, start + OF_A_REQUEST)) for start in starts]
        while not all(request.done() for request in requests):
            meanwhile.append(seconds_until_counted(other))
        for request in requests:
            request.result()
        wait_until(lambda: trade_count(importing) == IMPORTED, 30)
    assert statistics.are_right()
    assert max(meanwhile) <= 3 * alone


def test_nobody_waits_for_the_file_of_another(
    stack: Stack,
    new_user: Callable[[], User],
) -> None:
    importing, other = new_user(), new_user()
    content, trades = statement(FILLS, SYMBOLS)

    def imported() -> None:
        one = previewed(importing.api, content)
        assert commit(importing.api, one).status_code == 202
        done = followed(importing.api, one["importId"], until=("COMMITTED", "FAILED"))
        assert (done["status"], done["applied"]["executions"]) == ("COMMITTED", FILLS)

    alone = median(seconds_until_counted(other) for _ in range(9))
    meanwhile = []
    with ThreadPoolExecutor(1) as pool:
        work = pool.submit(imported)
        while not work.done():
            meanwhile.append(seconds_until_counted(other))
        work.result()
        wait_until(lambda: trade_count(importing) == trades, 30)
    assert Statistics(stack, importing).are_right()
    assert max(meanwhile) <= 3 * alone


def test_three_hundred_trades_on_three_hundred_days_are_counted_within_five_seconds(
    stack: Stack,
    new_user: Callable[[], User],
) -> None:
    user = new_user()
    for start in (0, 100, 200):
        bulk(user, range(start, start + 100))
    wait_until(lambda: trade_count(user) == 300, 5)
    assert Statistics(stack, user).are_right()
