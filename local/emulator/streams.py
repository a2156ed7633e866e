"""Patch of ministack's DynamoDB stream mappings: a poison record must not block the shard for ever.

https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-errors.html
"""

import json
import threading
import time
from collections.abc import Callable
from typing import Any

from local.emulator.patching import Patch, put, take

Json = dict[str, Any]
Records = list[Json]

LAMBDA = "ministack.services.lambda_svc"
PAUSE_BETWEEN_ATTEMPTS = 0.1  # seconds; AWS backs off for longer

# ministack polls all mappings in one thread and calls the function without saying for which mapping; the filter step
# just before the call knows it.
_polling = threading.local()


def deliver(mapping: Json, records: Records, call: Callable[[Records], Json], give_up: Callable[..., None]) -> Json:
    """Hands the batch to the function as the mapping says; what keeps failing goes to its OnFailure target."""
    bisects = bool(mapping.get("BisectBatchOnFunctionError"))
    partial_failures = "ReportBatchItemFailures" in (mapping.get("FunctionResponseTypes") or [])
    last: Json = {}

    def attempt(batch: Records, retries_left: int) -> None:
        nonlocal last
        last = call(batch)
        failed_at = first_failure(last, batch, partial_failures)
        if failed_at is None:
            return
        rest = batch[failed_at:]
        if bisects and len(rest) > 1:
            # AWS splits at the reported record if there is one, in the middle otherwise. Splitting costs no retry.
            middle = len(rest) // 2
            for part in [rest] if failed_at else [rest[:middle], rest[middle:]]:
                attempt(part, retries_left)
        elif retries_left <= 0:
            give_up(rest, last, "RetryAttemptsExhausted")
        else:
            time.sleep(PAUSE_BETWEEN_ATTEMPTS)
            attempt(rest, retries_left - 1)

    attempt(records, int(mapping["MaximumRetryAttempts"]))
    # Everything is now either handled or given up, so ministack may move on.
    return {**{key: value for key, value in last.items() if key not in ("error", "function_error")}, "body": {}}


def first_failure(result: Json, batch: Records, partial_failures: bool) -> int | None:
    """The index of the first record to hand over again; none when all are handled."""
    if result.get("error"):
        return 0
    if not partial_failures:
        return None
    body = result.get("body")
    if isinstance(body, (str, bytes)):
        try:
            body = json.loads(body)
        except ValueError:
            return None
    failures = body.get("batchItemFailures") if isinstance(body, dict) else None
    if not failures:
        return None
    numbers = [record["dynamodb"]["SequenceNumber"] for record in batch]
    reported = [failure.get("itemIdentifier") for failure in failures]
    # An identifier that is not in the batch makes AWS treat the whole batch as failed.
    return min(numbers.index(number) for number in reported) if set(reported) <= set(numbers) else 0


def _apply() -> None:
    poll = take(f"{LAMBDA}:_poll_dynamodb_streams")
    keep_matching = take(f"{LAMBDA}:_apply_filter_criteria")
    execute = take(f"{LAMBDA}:_execute_function")

    def poll_streams() -> Any:
        _polling.streams = True
        try:
            return poll()
        finally:
            _polling.streams = False

    def remember_mapping(batch: Records, mapping: Json, *rest: Any, **named: Any) -> Any:
        _polling.mapping = mapping
        return keep_matching(batch, mapping, *rest, **named)

    def execute_with_retries(function: Json, event: Json, *rest: Any, **named: Any) -> Any:
        # Only the poll itself: the function's own nested calls run in other threads, under other names.
        mapping = _polling.mapping if getattr(_polling, "streams", False) else None
        limit = mapping.get("MaximumRetryAttempts") if mapping else None
        if mapping is None or limit is None or int(limit) < 0:
            return execute(function, event, *rest, **named)

        def give_up(records: Records, result: Json, condition: str) -> None:
            send = take(f"{LAMBDA}:_send_ddb_stream_failure_record")
            send(mapping, function, records, mapping["EventSourceArn"], result, condition)

        _polling.streams = False  # ministack's executor may come back here for another account's scope
        try:
            return deliver(
                mapping, event["Records"], lambda records: dict(execute(function, {"Records": records})), give_up
            )
        finally:
            _polling.streams = True

    put(f"{LAMBDA}:_poll_dynamodb_streams", poll_streams)
    put(f"{LAMBDA}:_apply_filter_criteria", remember_mapping)
    put(f"{LAMBDA}:_execute_function", execute_with_retries)


PATCHES = [
    Patch(
        "failures of DynamoDB stream mappings",
        ministack="retries a failing batch for ever; ignores MaximumRetryAttempts, bisecting, reported item failures",
        aws="retries as often as the mapping says, splits the batch, then sends its position to OnFailure and goes on",
        needs=(
            f"{LAMBDA}:_poll_dynamodb_streams",
            f"{LAMBDA}:_apply_filter_criteria",
            f"{LAMBDA}:_execute_function",
            f"{LAMBDA}:_send_ddb_stream_failure_record",
        ),
        apply=_apply,
    )
]
