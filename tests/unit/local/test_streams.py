from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from local.emulator.streams import READ_AHEAD, Abandoned, Lane, Reader, Records, deliver


class Function:
    """Handles every record but "poison"; reports it, or fails as a whole."""

    def __init__(self, reports: bool = False, throttled: int = 0) -> None:
        self.reports = reports
        self.throttled = throttled
        self.batches: list[str] = []
        self.given_up: list[str] = []
        self.conditions: list[str] = []

    def __call__(self, batch: Records) -> dict[str, Any]:
        if self.throttled:
            self.throttled -= 1
            return {"error": True, "throttle": True}
        numbers = [record["dynamodb"]["SequenceNumber"] for record in batch]
        self.batches.append(" ".join(numbers))
        if "poison" not in numbers:
            return {"body": {}}
        return {"body": {"batchItemFailures": [{"itemIdentifier": "poison"}]}} if self.reports else {"error": True}

    def give_up(self, batch: Records, _result: dict[str, Any], condition: str) -> None:
        self.given_up.append(" ".join(record["dynamodb"]["SequenceNumber"] for record in batch))
        self.conditions.append(condition)


def delivered(
    function: Function, names: str, *, age: float = 0, is_wanted: Callable[[], bool] = lambda: True, **mapping: Any
) -> None:
    changed = time.time() - age
    records = [{"dynamodb": {"SequenceNumber": it, "ApproximateCreationDateTime": changed}} for it in names.split()]
    settings = {"MaximumRetryAttempts": 1, **mapping}
    deliver(settings, records, function, function.give_up, is_wanted, sleep=lambda _seconds: None)


def test_a_batch_that_keeps_failing_is_given_up_after_its_retries() -> None:
    function = Function()
    delivered(function, "a poison b")
    assert function.batches == ["a poison b"] * 2
    assert (function.given_up, function.conditions) == (["a poison b"], ["RetryAttemptsExhausted"])


def test_without_a_number_of_retries_only_age_ends_them() -> None:
    function = Function()
    delivered(function, "poison", age=100, MaximumRetryAttempts=-1, MaximumRecordAgeInSeconds=60)
    assert (function.batches, function.conditions) == (["poison"], ["RecordAgeExceeded"])


def test_retries_end_when_the_mapping_is_not_wanted_any_more() -> None:
    function = Function()
    wanted = iter([True, True, False])
    with pytest.raises(Abandoned):
        delivered(function, "poison", is_wanted=lambda: next(wanted), MaximumRetryAttempts=None)
    assert (len(function.batches), function.given_up) == (3, [])


def test_a_call_that_was_throttled_costs_no_retry() -> None:
    function = Function(throttled=5)
    delivered(function, "a b", MaximumRetryAttempts=0)
    assert (function.batches, function.given_up) == (["a b"], [])


def test_bisecting_isolates_the_record_that_fails() -> None:
    function = Function()
    delivered(function, "a b poison c", BisectBatchOnFunctionError=True)
    assert function.batches == ["a b poison c", "a b", "poison c", "poison", "poison", "c"]
    assert function.given_up == ["poison"]


def test_a_reported_record_is_retried_with_those_after_it() -> None:
    function = Function(reports=True)
    delivered(function, "a poison b", FunctionResponseTypes=["ReportBatchItemFailures"])
    assert function.batches == ["a poison b", "poison b"]
    assert function.given_up == ["poison b"]


def test_bisecting_at_a_reported_record_costs_no_retry() -> None:
    function = Function(reports=True)
    reports = ["ReportBatchItemFailures"]
    delivered(function, "a poison b", BisectBatchOnFunctionError=True, FunctionResponseTypes=reports)
    assert function.batches == ["a poison b", "poison b", "poison", "poison", "b"]
    assert function.given_up == ["poison"]


def test_a_report_means_nothing_unless_the_mapping_asks_for_it() -> None:
    function = Function(reports=True)
    delivered(function, "a poison b")
    assert (function.batches, function.given_up) == (["a poison b"], [])


class Stream:
    """Records of some users, in their order."""

    def __init__(self, users: str) -> None:
        self.records = [
            {"dynamodb": {"SequenceNumber": str(number), "Keys": {"userId": {"S": user}}}}
            for number, user in enumerate(users)
        ]

    def read(self, position: int, limit: int) -> Records:
        return self.records[position : position + limit]


def taken(reader: Reader, stream: Stream, **mapping: Any) -> list[tuple[Lane, list[tuple[int, Any]]]]:
    return list(reader.batches({"BatchSize": 2, **mapping}, stream.read))


def numbers(batch: list[tuple[int, Any]]) -> str:
    return "".join(record["dynamodb"]["SequenceNumber"] for _position, record in batch)


def test_one_batch_follows_the_other_in_the_order_of_the_stream() -> None:
    stream, reader = Stream("abcde"), Reader(0)
    found = []
    while batches := taken(reader, stream):
        assert taken(reader, stream) == []
        [(lane, batch)] = batches
        found.append(numbers(batch))
        reader.finish(lane, batch)
    assert found == ["01", "23", "4"]
    assert reader.handled == 5


def test_a_factor_gives_as_many_batches_at_once_and_keeps_each_users_order() -> None:
    stream, reader = Stream("abcdefgh" * 6), Reader(0)
    orders: dict[str, list[int]] = {}
    most = 0
    while batches := taken(reader, stream, ParallelizationFactor=4):
        most = max(most, len(batches))
        for lane, batch in reversed(batches):
            for position, record in batch:
                orders.setdefault(record["dynamodb"]["Keys"]["userId"]["S"], []).append(position)
            reader.finish(lane, batch)
    assert 1 < most <= 4
    assert len(orders) == 8
    assert all(order == sorted(order) and len(order) == 6 for order in orders.values())
    assert reader.handled == 48


def test_what_is_handled_out_of_order_counts_once_all_before_it_is() -> None:
    stream, reader = Stream("abcdefgh"), Reader(0)
    first, *others = sorted(taken(reader, stream, ParallelizationFactor=4), key=lambda it: it[1][0][0])
    for lane, batch in others:
        reader.finish(lane, batch)
    assert reader.handled == 0
    reader.finish(*first)
    assert reader.handled > 0


def test_another_factor_begins_once_everything_is_handled() -> None:
    stream, reader = Stream("abababab"), Reader(0)
    [(lane, batch)] = taken(reader, stream, ParallelizationFactor=1, BatchSize=8)
    assert taken(reader, stream, ParallelizationFactor=10) == []
    reader.finish(lane, batch)
    stream.records += Stream("ab").records
    assert sum(len(batch) for _, batch in taken(reader, stream, ParallelizationFactor=10)) == 2


def test_a_batch_is_gathered_until_its_window_is_over_or_it_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    stream, reader = Stream("a"), Reader(0)
    window = {"MaximumBatchingWindowInSeconds": 2, "BatchSize": 3}
    assert taken(reader, stream, **window) == []
    now += 0.5
    assert reader.wait(window) == 1.5
    now += 1.5
    [(lane, batch)] = taken(reader, stream, **window)
    assert numbers(batch) == "0"
    assert reader.wait(window) is None
    reader.finish(lane, batch)
    stream.records += Stream("abcd").records[1:]
    [(lane, batch)] = taken(reader, stream, **window)
    assert len(batch) == 3
    reader.finish(lane, batch)


def test_no_more_is_read_than_can_wait() -> None:
    asked = []

    def read(_position: int, limit: int) -> Records:
        asked.append(limit)
        return Stream("a" * limit).records

    reader = Reader(0)
    list(reader.batches({"BatchSize": 1}, read))
    list(reader.batches({"BatchSize": 1}, read))
    assert asked == [READ_AHEAD, 0]
