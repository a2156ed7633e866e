"""The deadline of a request, and how it interrupts the request."""

from __future__ import annotations

import math
import signal
import socket
import threading
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor

import pytest

from handlers import deadline
from handlers.deadline import OutOfTime, enforced, seconds_left, within
from handlers.storage.errors import Contended, Unavailable
from handlers.storage.retry import attempts


def test_there_is_no_deadline_unless_one_is_set() -> None:
    assert (seconds_left(), deadline.exists()) == (math.inf, False)
    with within(5):
        assert 4 < seconds_left() <= 5
        assert deadline.exists()
    assert (seconds_left(), deadline.exists()) == (math.inf, False)


def test_a_deadline_inside_another_can_only_be_earlier() -> None:
    with within(5):
        with within(100):
            assert seconds_left() <= 5
        with within(1):
            assert seconds_left() <= 1
        assert seconds_left() > 4


def test_a_deadline_that_is_over_is_below_zero() -> None:
    with within(-1):
        assert seconds_left() < 0


def test_a_call_that_blocks_is_interrupted() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        begun = time.monotonic()
        with pytest.raises(OutOfTime), enforced(0.05):
            ours.recv(1)  # nothing ever comes
    assert 0.04 < time.monotonic() - begun < 5


def test_a_computation_is_interrupted() -> None:
    def compute() -> None:
        while True:
            pass

    with pytest.raises(OutOfTime), enforced(0.02):
        compute()


def test_what_catches_exceptions_does_not_catch_the_end_of_the_time() -> None:
    caught = []

    def stubborn() -> None:
        while True:
            try:
                time.sleep(10)
            except Exception as error:  # noqa: BLE001 as libraries do
                caught.append(error)

    with pytest.raises(OutOfTime), enforced(0.02):
        stubborn()
    assert caught == []


def test_a_signal_that_had_no_effect_is_followed_by_another(monkeypatch: pytest.MonkeyPatch) -> None:
    ignored: list[object] = []

    def ignore_one(number: int, frame: object) -> None:
        if ignored:
            raise OutOfTime
        ignored.append((number, frame))

    monkeypatch.setattr(deadline, "_interrupt", ignore_one)
    with pytest.raises(OutOfTime), enforced(0.02):
        time.sleep(10)
    assert len(ignored) == 1


@pytest.mark.parametrize("seconds", [0, -1])
def test_without_any_time_the_block_is_ended_at_once(seconds: float) -> None:
    with pytest.raises(OutOfTime), enforced(seconds):
        time.sleep(10)


def test_nothing_is_interrupted_after_the_block() -> None:
    for outcome in (None, ValueError):
        try:
            with enforced(0.02):
                if outcome:
                    raise outcome
        except ValueError:
            pass
        assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)
    time.sleep(0.05)


def test_in_another_thread_there_is_a_deadline_and_no_interruption() -> None:
    def work() -> float:
        assert threading.current_thread() is not threading.main_thread()
        with enforced(0.01):
            time.sleep(0.05)
            return seconds_left()

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(work).result() < 0


# Trying again


class Clock:
    """A clock that only sleeps and the test's own steps advance."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        self.waits: list[float] = []
        self.bounds: list[float] = []
        monkeypatch.setattr("time.monotonic", lambda: self.now)
        monkeypatch.setattr("time.sleep", self._sleep)
        monkeypatch.setattr("random.uniform", self._uniform)

    def _sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds

    def _uniform(self, low: float, high: float) -> float:
        assert low == 0
        self.bounds.append(high)
        return high / 2


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def test_a_request_tries_again_until_a_second_before_its_deadline(clock: Clock) -> None:
    def try_again() -> None:
        for _ in attempts():
            clock.now += 0.01

    with within(20), pytest.raises(Contended):
        try_again()
    assert 1019 <= clock.now < 1019.1  # the last wait is cut to what was left
    assert len(clock.waits) > 10
    assert max(clock.waits) <= 4


@pytest.mark.parametrize(
    ("took", "bounds"), [(0, [0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 4]), (0.3, [0.6, 1.2, 2.4, 4, 4, 4, 4, 4])]
)
def test_waits_have_full_jitter_up_to_a_bound_that_doubles(clock: Clock, took: float, bounds: list[float]) -> None:
    def try_again() -> None:
        for _ in attempts(9):
            clock.now += took

    with pytest.raises(Contended):
        try_again()
    assert clock.bounds[:8] == pytest.approx(bounds)
    assert clock.waits == pytest.approx([bound / 2 for bound in bounds])


def test_waits_stay_bounded_however_often_it_is_tried(clock: Clock) -> None:
    with pytest.raises(Contended):
        deque(attempts(5000), 0)
    assert max(clock.bounds) == 4


def test_work_that_no_request_waits_for_tries_so_many_times(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    tries: list[None] = []
    with pytest.raises(Unavailable):
        tries.extend(attempts(7, Unavailable))
    assert len(tries) == 7
