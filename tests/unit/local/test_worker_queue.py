from __future__ import annotations

import threading
from dataclasses import dataclass
from random import Random
from typing import Any

import pytest

from local.emulator.worker_queue import (
    GROWTH_DELAY,
    REQUESTS,
    SWITCH_DELAY,
    Caller,
    CallerLeft,
    Invocation,
    WorkerQueue,
)


@dataclass(eq=False)
class Worker:
    in_use: bool = False
    last_used: float = 0.0


class Machine:
    """A queue with a clock that stands still; new workers have started at once unless a test says otherwise."""

    def __init__(self, limit: int, starts: int = 1000) -> None:
        self.now = 0.0
        self.pools: dict[str, list[Any]] = {}
        self.queue = WorkerQueue(limit, starts, self.pools, threading.Lock(), lambda: self.now)
        self.ended: list[Any] = []

    def enter(self, function: str, source: str = REQUESTS, nested: bool = False) -> Invocation:
        invocation = Invocation(function, source, Worker)
        self.queue.enter(invocation, nested)
        return invocation

    def enter_and_start(self, function: str, source: str = REQUESTS, nested: bool = False) -> Invocation:
        invocation = self.enter(function, source, nested)
        self.start(invocation)
        return invocation

    def start(self, invocation: Invocation) -> None:
        assert invocation.worker is not None
        self.ended += invocation.to_end
        self.queue.started(invocation.worker)

    def finish(self, invocation: Invocation, broken: bool = False) -> None:
        assert invocation.worker is not None
        self.now += 0.001
        self.ended += self.queue.give_back(invocation.worker, broken)
        invocation.worker.last_used = self.now

    def processes(self) -> int:
        return sum(map(len, self.pools.values()))


def test_invocations_beyond_the_limit_wait_and_run_in_their_order() -> None:
    machine = Machine(limit=2)
    invocations = [machine.enter("get") for _ in range(5)]
    assert [it.worker is not None for it in invocations] == [True, True, False, False, False]
    for number in range(3):
        machine.finish(invocations[number])
        assert [it.worker is not None for it in invocations].count(True) == number + 3
    assert machine.processes() == 2
    assert machine.ended == []


def test_an_idle_worker_of_the_function_is_used_again() -> None:
    machine = Machine(limit=2)
    first = machine.enter_and_start("get")
    machine.finish(first)
    again = machine.enter("get")
    assert again.worker is first.worker
    assert not again.is_new


def test_the_least_recently_used_idle_worker_ends_to_make_room() -> None:
    machine = Machine(limit=2)
    old, new = machine.enter_and_start("old"), machine.enter_and_start("new")
    machine.finish(old)
    machine.finish(new)
    other = machine.enter("other")
    assert other.is_new
    assert other.to_end == [old.worker]
    assert set(machine.pools) == {"new", "other"}


def test_a_function_with_a_busy_worker_does_not_end_anothers_at_once() -> None:
    machine = Machine(limit=2)
    idle, _busy = machine.enter_and_start("idle"), machine.enter_and_start("get")
    machine.finish(idle)
    second = machine.enter("get")
    assert second.worker is None
    machine.now += GROWTH_DELAY
    machine.queue.reconsider()
    assert second.to_end == [idle.worker]


def test_a_free_worker_goes_on_with_its_function_until_another_has_waited_much_longer() -> None:
    machine = Machine(limit=1)
    running = machine.enter_and_start("get")
    other = machine.enter("list")
    machine.now += SWITCH_DELAY / 2
    soon, late = machine.enter("get"), None
    machine.finish(running)
    assert soon.worker is running.worker
    machine.now += SWITCH_DELAY
    late = machine.enter("get")
    machine.finish(soon)
    assert other.worker is not None
    assert other.to_end == [running.worker]
    assert late.worker is None


def test_only_so_many_start_at_once_and_the_others_go_on() -> None:
    machine = Machine(limit=8, starts=1)
    first = machine.enter("get")
    second = machine.enter("get")
    assert second.worker is None
    machine.start(first)
    assert second.is_new
    third = machine.enter("get")
    machine.finish(first)
    assert third.worker is first.worker


def test_an_event_source_gets_a_worker_behind_a_flood_of_requests() -> None:
    machine = Machine(limit=2)
    running = [machine.enter_and_start("get") for _ in range(2)]
    flood = [machine.enter("get") for _ in range(100)]
    event = machine.enter("update-stats", source="update-stats")
    machine.now += SWITCH_DELAY + 1
    flood += [machine.enter("get") for _ in range(100)]
    machine.finish(running[0])
    assert event.is_new


def test_a_request_gets_a_worker_behind_a_flood_of_events() -> None:
    machine = Machine(limit=2)
    running = [machine.enter_and_start("erase", source="erase") for _ in range(2)]
    for _ in range(100):
        machine.enter("erase", source="erase")
    request = machine.enter("get")
    machine.now += SWITCH_DELAY + 1
    machine.finish(running[0])
    assert request.is_new


def test_one_event_source_does_not_starve_another() -> None:
    machine = Machine(limit=4)
    running = [machine.enter_and_start("export", source="export") for _ in range(4)]
    for _ in range(100):
        machine.enter("export", source="export")
    other = machine.enter("update-stats", source="update-stats")
    machine.now += SWITCH_DELAY + 1
    machine.finish(running[0])
    assert other.is_new


def test_whoever_left_leaves_the_queue_and_the_next_one_gets_the_worker() -> None:
    machine = Machine(limit=1)
    running = machine.enter_and_start("get")
    left, stayed = machine.enter("get"), machine.enter("get")
    machine.queue.withdraw(left)
    assert left.decided.is_set()
    machine.finish(running)
    assert (left.worker, stayed.worker) == (None, running.worker)


def test_who_waits_is_told_when_its_caller_leaves() -> None:
    machine = Machine(limit=1)
    machine.enter_and_start("get")
    caller = Caller()
    caller.leave()
    with pytest.raises(CallerLeft):
        machine.queue.lease(Invocation("get", REQUESTS, Worker), caller)
    assert machine.queue.waiting() == 0


def test_a_call_from_a_function_never_waits_and_its_worker_beyond_the_limit_ends() -> None:
    machine = Machine(limit=1)
    outer = machine.enter_and_start("outer")
    inner = machine.enter_and_start("inner", nested=True)
    assert machine.processes() == 2
    machine.finish(inner)
    assert machine.ended == [inner.worker]
    machine.finish(outer)
    assert machine.processes() == 1


def test_a_call_from_a_function_takes_the_place_of_an_idle_worker_if_there_is_one() -> None:
    machine = Machine(limit=2)
    idle = machine.enter_and_start("idle")
    machine.enter_and_start("outer")
    machine.finish(idle)
    assert machine.enter("inner", nested=True).to_end == [idle.worker]
    assert machine.processes() == 2


def test_a_broken_worker_ends_and_makes_room() -> None:
    machine = Machine(limit=1)
    running = machine.enter_and_start("get")
    waiting = machine.enter("list")
    machine.finish(running, broken=True)
    assert machine.ended == [running.worker]
    assert waiting.is_new


def test_a_worker_that_ministack_has_ended_is_not_ended_again() -> None:
    machine = Machine(limit=1)
    running = machine.enter_and_start("get")
    machine.pools.clear()  # the function was deleted
    machine.finish(running, broken=True)
    assert machine.ended == []


@pytest.mark.parametrize("limit", [1, 2, 3, 8])
@pytest.mark.parametrize("seed", range(5))
def test_whatever_comes_all_are_served_within_the_limit_and_none_is_overtaken_for_long(limit: int, seed: int) -> None:
    chance = Random(seed)
    machine = Machine(limit, starts=2)
    waiting: list[Invocation] = []
    running: list[Invocation] = []
    left = 1000
    while left or waiting or running:
        machine.now += 0.01
        if left and chance.random() < 0.6:
            left -= 1
            function = chance.choice("abcdefghijkl")
            waiting.append(machine.enter(function, function if function in "abc" else REQUESTS))
        if running and chance.random() < 0.5:
            machine.finish(running.pop(chance.randrange(len(running))))
        machine.queue.reconsider()
        served = [invocation for invocation in waiting if invocation.worker]
        waiting = [invocation for invocation in waiting if not invocation.worker]
        running += served
        for invocation in served:
            for earlier in waiting:
                if earlier.source == invocation.source:
                    assert invocation.arrived - earlier.arrived <= SWITCH_DELAY + 0.02
            if invocation.is_new:
                machine.start(invocation)
        assert machine.processes() <= limit
        assert len(running) <= limit
