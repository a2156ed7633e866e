"""Patch of ministack's DynamoDB stream mappings: they run in parallel, and skip records that keep failing.

https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-params.html
https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-errors.html
"""

import json
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from zlib import crc32

from local.emulator.patching import Patch, put, take

Json = dict[str, Any]
Records = list[Json]

LAMBDA = "ministack.services.lambda_svc"
DYNAMODB = "ministack.services.dynamodb"
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 1.0  # seconds between attempts; AWS backs off for longer
READ_AHEAD = 1000  # the most records of a mapping that wait in this process

log = logging.getLogger("local.emulator")


class Abandoned(Exception):
    """The mapping was disabled or deleted while its records were retried."""


def deliver(
    mapping: Json,
    records: Records,
    call: Callable[[Records], Json],
    give_up: Callable[[Records, Json, str], None],
    is_wanted: Callable[[], bool] = lambda: True,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Deliver a batch to the function with the mapping's retries; records that keep failing go to its OnFailure target.

    Returns when every record is handled or given up. Raises Abandoned if `is_wanted` returns False between attempts.
    """
    most = _limit(mapping, "MaximumRetryAttempts")
    oldest = _limit(mapping, "MaximumRecordAgeInSeconds")
    bisects = bool(mapping.get("BisectBatchOnFunctionError"))
    partial_failures = "ReportBatchItemFailures" in (mapping.get("FunctionResponseTypes") or [])

    def attempt(batch: Records, retries: int) -> None:
        while True:
            result = call(batch)
            failed_at = first_failure(result, batch, partial_failures)
            if failed_at is None:
                return
            batch = batch[failed_at:]
            if result.get("throttle"):  # costs no retry
                sleep(FIRST_PAUSE)
            elif bisects and len(batch) > 1:
                # AWS splits at the reported record if there is one, in the middle otherwise. Splitting costs no retry.
                if not failed_at:
                    middle = len(batch) // 2
                    attempt(batch[:middle], retries)
                    attempt(batch[middle:], retries)
                    return
            elif most is not None and retries >= most:
                give_up(batch, result, "RetryAttemptsExhausted")
                return
            elif oldest is not None and _age(batch) > oldest:
                give_up(batch, result, "RecordAgeExceeded")
                return
            else:
                sleep(min(LONGEST_PAUSE, FIRST_PAUSE * 2**retries))
                retries += 1
            if not is_wanted():
                raise Abandoned

    attempt(records, 0)


def _limit(mapping: Json, name: str) -> int | None:
    value = int(mapping.get(name) or 0) if mapping.get(name) is not None else -1
    return None if value < 0 else value


def _age(batch: Records) -> float:
    """Seconds since the oldest change of the batch."""
    times = [float(record["dynamodb"].get("ApproximateCreationDateTime", time.time())) for record in batch]
    return time.time() - min(times)


def first_failure(result: Json, batch: Records, partial_failures: bool) -> int | None:
    """The index of the first record to deliver again; None if all are handled."""
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


@dataclass
class Lane:
    """Records of some of the items, which are handled batch by batch."""

    waiting: deque[tuple[int, Json]] = field(default_factory=deque)  # with their positions in the stream
    is_busy: bool = False
    since: float = 0.0  # when the first of them was read


class Reader:
    """One mapping's position in its stream, and the records that it has read and not yet handled.

    There are ParallelizationFactor lanes. All records of an item are in one lane, so they stay in order; a user's items
    may be in several lanes. `handled` is the position before which all records are handled: reading continues there
    after a restart.
    """

    def __init__(self, position: int) -> None:
        self.handled = position
        self._position = position
        self._lanes: list[Lane] = []
        self._done: set[int] = set()
        self._lock = threading.Lock()

    def batches(self, mapping: Json, read: Callable[[int, int], Records]) -> Iterator[tuple[Lane, list[Any]]]:
        """The batches that can be delivered now, each with its lane. Call `finish` after each."""
        with self._lock:
            self._read(int(mapping.get("ParallelizationFactor") or 1), read)
            ready = [lane for lane in self._lanes if self._wait(lane, mapping) == 0]
            for lane in ready:
                lane.is_busy = True
        for lane in ready:
            size = min(len(lane.waiting), _size(mapping))
            yield lane, [lane.waiting.popleft() for _ in range(size)]

    def wait(self, mapping: Json) -> float | None:
        """Seconds until the next incomplete batch can be delivered; None if there is no such batch."""
        with self._lock:
            waits = [self._wait(lane, mapping) for lane in self._lanes]
        return min((wait for wait in waits if wait), default=None)

    @staticmethod
    def _wait(lane: Lane, mapping: Json) -> float | None:
        """Seconds until the lane's batching window is over; 0 for a full batch, None for a busy or empty lane."""
        if not lane.waiting or lane.is_busy:
            return None
        if len(lane.waiting) >= _size(mapping):
            return 0
        return max(0, lane.since + float(mapping.get("MaximumBatchingWindowInSeconds") or 0) - time.monotonic())

    def finish(self, lane: Lane, batch: list[tuple[int, Json]]) -> None:
        """Record that a batch was handled or given up."""
        with self._lock:
            lane.is_busy = False
            self._done.update(position for position, _record in batch)
            while self.handled in self._done:
                self._done.remove(self.handled)
                self.handled += 1

    def _read(self, lanes: int, read: Callable[[int, int], Records]) -> None:
        waiting = self._position - self.handled
        if len(self._lanes) != lanes:
            if waiting:
                return  # another factor begins once everything is handled
            self._lanes = [Lane() for _ in range(lanes)]
        for record in read(self._position, max(0, READ_AHEAD - waiting)):
            item = json.dumps(record["dynamodb"]["Keys"], sort_keys=True).encode()
            lane = self._lanes[crc32(item) % lanes]
            if not lane.waiting:
                lane.since = time.monotonic()
            lane.waiting.append((self._position, record))
            self._position += 1


def _size(mapping: Json) -> int:
    return int(mapping.get("BatchSize") or 100)


class Poller:
    """Replaces ministack's polling of DynamoDB streams, which handles one batch of one mapping at a time."""

    def __init__(self) -> None:
        self._readers: dict[str, Reader] = {}
        self._timer: threading.Timer | None = None

    def poll(self) -> bool:
        """Deliver what there is. Returns whether there was anything. One thread calls this repeatedly."""
        handed_over = False
        mappings = list(take(f"{LAMBDA}:_iter_all_esms")())
        for gone in self._readers.keys() - {mapping["UUID"] for _account, _region, mapping in mappings}:
            del self._readers[gone]
        for account, region, mapping in mappings:
            if not mapping.get("Enabled", True) or ":dynamodb:" not in mapping.get("EventSourceArn", ""):
                continue
            tokens = [
                (variable, variable.set(value))
                for variable, value in (
                    (take(f"{LAMBDA}:_request_account_id"), account),
                    (take(f"{LAMBDA}:_request_region"), region),
                )
            ]
            try:
                handed_over = self._poll_mapping(mapping) or handed_over
            finally:
                for variable, token in tokens:
                    variable.reset(token)
        return handed_over

    def _poll_mapping(self, mapping: Json) -> bool:
        source = take(f"{LAMBDA}:parse_arn")(mapping["EventSourceArn"])
        if (source.account_id, source.region) != (take(f"{LAMBDA}:get_account_id")(), take(f"{LAMBDA}:get_region")()):
            return False
        name, _label = take(f"{LAMBDA}:_dynamodb_stream_table_from_arn_spec")(source)
        table = take(f"{DYNAMODB}:_tables").get(name)
        function, _config = take(f"{LAMBDA}:_get_func_record_for_qualifier")(
            mapping["FunctionName"], mapping.get("Qualifier")
        )
        if not table or table.get("LatestStreamArn") != mapping["EventSourceArn"] or function is None:
            return False
        reader = self._readers.get(mapping["UUID"])
        if reader is None:
            position = self._first_position(mapping, name)
            reader = self._readers[mapping["UUID"]] = Reader(position)
        dispatch = take(f"{LAMBDA}:_dispatch_esm_batch")
        since = take(f"{DYNAMODB}:stream_records_since")
        handed_over = False
        for lane, batch in reader.batches(mapping, lambda position, limit: since(name, position, limit)):
            dispatch(mapping["UUID"], self._handle, mapping, function, reader, lane, batch)
            handed_over = True
        wait = reader.wait(mapping)
        if wait is not None and not (self._timer and self._timer.is_alive()):
            self._timer = threading.Timer(wait, take(f"{LAMBDA}:_esm_wake").set)
            self._timer.daemon = True
            self._timer.start()
        return handed_over

    @staticmethod
    def _first_position(mapping: Json, table: str) -> int:
        horizon: int = take(f"{DYNAMODB}:stream_start_position")(table)
        positions = take(f"{LAMBDA}:_dynamodb_stream_positions")
        with take(f"{LAMBDA}:_dynamodb_stream_positions_lock"):
            if mapping["UUID"] in positions:
                return max(int(positions[mapping["UUID"]]), horizon)
        newest: int = take(f"{DYNAMODB}:stream_end_position")(table)
        return horizon if mapping.get("StartingPosition") == "TRIM_HORIZON" else newest

    def _handle(self, mapping: Json, function: Json, reader: Reader, lane: Lane, batch: list[tuple[int, Json]]) -> None:
        """Run in a thread of its own."""
        execute, send = take(f"{LAMBDA}:_execute_function"), take(f"{LAMBDA}:_send_ddb_stream_failure_record")
        mapping_id = mapping["UUID"]

        def call(records: Records) -> Json:
            result: Json = execute(function, {"Records": records})
            mapping["LastProcessingResult"] = "FAILED" if result.get("error") else f"OK - {len(records)} records"
            return result

        def give_up(records: Records, result: Json, condition: str) -> None:
            log.warning("%s gave up %d records: %s", mapping["FunctionName"], len(records), condition)
            send(mapping, function, records, mapping["EventSourceArn"], result, condition)

        def is_wanted() -> bool:
            return self._readers.get(mapping_id) is reader and bool(mapping.get("Enabled", True))

        matching = take(f"{LAMBDA}:_apply_filter_criteria")([record for _position, record in batch], mapping)
        try:
            if matching:
                deliver(mapping, matching, call, give_up, is_wanted)
        except Abandoned:
            # If the mapping is enabled again, it reads from the handled position on.
            if self._readers.get(mapping_id) is reader:
                del self._readers[mapping_id]
            return
        reader.finish(lane, batch)
        with take(f"{LAMBDA}:_dynamodb_stream_positions_lock"):
            if self._readers.get(mapping_id) is reader:
                take(f"{LAMBDA}:_dynamodb_stream_positions")[mapping_id] = reader.handled


def _apply() -> None:
    put(f"{LAMBDA}:_poll_dynamodb_streams", Poller().poll)


PATCHES = [
    Patch(
        "DynamoDB stream mappings",
        ministack="handles one batch of one mapping at a time; retries a failing one for ever; ignores"
        " ParallelizationFactor, the batching window, MaximumRetryAttempts, bisecting, reported item failures",
        aws="handles mappings in parallel, with ParallelizationFactor batches of each; gathers a batch until it is full"
        " or its window is over; retries as often as the mapping says,"
        " splits the batch, then sends its position to OnFailure and goes on",
        needs=(
            *(
                f"{LAMBDA}:{name}"
                for name in (
                    "_poll_dynamodb_streams",
                    "_iter_all_esms",
                    "_request_account_id",
                    "_request_region",
                    "parse_arn",
                    "get_account_id",
                    "get_region",
                    "_dynamodb_stream_table_from_arn_spec",
                    "_get_func_record_for_qualifier",
                    "_dispatch_esm_batch",
                    "_dynamodb_stream_positions",
                    "_dynamodb_stream_positions_lock",
                    "_execute_function",
                    "_send_ddb_stream_failure_record",
                    "_apply_filter_criteria",
                    "_esm_wake",
                )
            ),
            f"{DYNAMODB}:_tables",
            f"{DYNAMODB}:stream_records_since",
            f"{DYNAMODB}:stream_start_position",
            f"{DYNAMODB}:stream_end_position",
        ),
        apply=_apply,
    )
]
