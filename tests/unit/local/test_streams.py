from typing import Any

import pytest

from local.emulator import streams
from local.emulator.streams import Records, deliver


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "PAUSE_BETWEEN_ATTEMPTS", 0)


class Function:
    """Handles every record but "poison"; reports it, or fails as a whole."""

    def __init__(self, reports: bool = False) -> None:
        self.reports = reports
        self.batches: list[str] = []
        self.given_up: list[str] = []

    def __call__(self, batch: Records) -> dict[str, Any]:
        numbers = [record["dynamodb"]["SequenceNumber"] for record in batch]
        self.batches.append(" ".join(numbers))
        if "poison" not in numbers:
            return {"body": {}}
        return {"body": {"batchItemFailures": [{"itemIdentifier": "poison"}]}} if self.reports else {"error": True}

    def give_up(self, batch: Records, _result: dict[str, Any], _condition: str) -> None:
        self.given_up.append(" ".join(record["dynamodb"]["SequenceNumber"] for record in batch))


def delivered(function: Function, names: str, **mapping: Any) -> dict[str, Any]:
    records = [{"dynamodb": {"SequenceNumber": name}} for name in names.split()]
    return deliver({"MaximumRetryAttempts": 1, **mapping}, records, function, function.give_up)


def test_a_batch_that_keeps_failing_is_given_up_after_its_retries() -> None:
    function = Function()
    result = delivered(function, "a poison b")
    assert function.batches == ["a poison b"] * 2
    assert function.given_up == ["a poison b"]
    assert "error" not in result


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


def test_a_report_means_nothing_unless_the_mapping_asks_for_it() -> None:
    function = Function(reports=True)
    delivered(function, "a poison b")
    assert (function.batches, function.given_up) == (["a poison b"], [])
