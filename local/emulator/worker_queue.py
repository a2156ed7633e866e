"""Decides which invocation runs next if there are more invocations than Lambda workers may run.

AWS starts another execution environment for every concurrent invocation. One machine cannot: it would run out of
processors and memory. Here the number of worker processes is limited, and an invocation that finds none free waits.

The rules:

- An idle worker of the wanted function is used first. Below the limit, a new worker starts. At the limit, an idle
  worker of another function ends to make room: the one that was used least recently.
- Starting a worker costs as much processor time as dozens of invocations. So only as many start at once as there are
  processors, and the others go on meanwhile.
- For the same reason a function that has a busy worker ends another function's idle one only after GROWTH_DELAY, and a
  worker that becomes free goes on with its own function unless somebody else has waited SWITCH_DELAY longer.
- An invocation is therefore overtaken only by those that arrive up to SWITCH_DELAY after it.
- HTTP requests may always use half of the workers, and event sources (streams, queues, schedules) together the other
  half, which the active event sources share equally. A source that uses less than its share is served first.
- A function that calls another function waits for it while it occupies its own worker. Such a call does not queue:
  it gets a worker even beyond the limit, so no cycle of waiting can arise.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Protocol

REQUESTS = "requests"  # the source of all invocations that an HTTP request waits for
GROWTH_DELAY = 0.25  # seconds
SWITCH_DELAY = 2.0  # seconds


class Worker(Protocol):
    """The part of ministack's Worker that this module uses."""

    in_use: bool
    last_used: float


class Caller:
    """The client of an HTTP request. It can disconnect while its invocation is still queued."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._left = False
        self._callbacks: list[Callable[[], None]] = []

    def leave(self) -> None:
        """Record that the client has disconnected."""
        with self._lock:
            self._left = True
            callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            callback()

    def when_left(self, callback: Callable[[], None]) -> None:
        """Call back when the client disconnects; at once if it already has."""
        with self._lock:
            if not self._left:
                self._callbacks.append(callback)
                return
        callback()


# Who waits for the HTTP request that is being served, and whether a function sent it: set by front.py.
CONNECTION: ContextVar[Caller | None] = ContextVar("connection", default=None)
SENT_BY_A_FUNCTION: ContextVar[bool] = ContextVar("sent_by_a_function", default=False)
# Who waits for the invocation that this thread runs; none for invocations by event sources.
CALLER: ContextVar[Caller | None] = ContextVar("caller", default=None)


class CallerLeft(Exception):
    """The caller left before its invocation got a worker."""


@dataclass(eq=False)
class Invocation:
    """One invocation that wants a worker."""

    function: str  # the key of its pool: account, region, name and version
    source: str  # REQUESTS, or the event source
    make: Callable[[], Worker]  # a new worker, whose process is not started yet
    arrived: float = 0.0
    worker: Worker | None = None
    is_new: bool = False  # whether the worker's process has to start
    to_end: list[Worker] = field(default_factory=list)  # workers to end before it starts
    decided: threading.Event = field(default_factory=threading.Event)


class WorkerQueue:
    """Hands out workers. `pools` holds all of them by function, `lock` guards it; both are shared with ministack."""

    def __init__(
        self,
        limit: int,
        starts: int,
        pools: dict[str, list[Any]],
        lock: Any,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.limit = limit
        self.starts = starts
        self._pools = pools
        self._lock = lock
        self._clock = clock
        self._waiting: list[Invocation] = []
        self._sources: dict[int, str] = {}  # by the id of each worker that is handed out
        self._used: Counter[str] = Counter()  # workers handed out, by source
        self._starting: set[int] = set()  # ids of workers whose process starts

    def lease(self, invocation: Invocation, caller: Caller | None = None, nested: bool = False) -> Worker:
        """Wait for a worker and return it. Raises CallerLeft if the caller leaves before there is one.

        If `invocation.is_new`, start the worker's process, and then call `started`.
        """
        self.enter(invocation, nested)
        if caller is not None:
            caller.when_left(lambda: self.withdraw(invocation))
        if not invocation.decided.wait(GROWTH_DELAY):
            self.reconsider()
            invocation.decided.wait()
        if invocation.worker is None:
            raise CallerLeft
        return invocation.worker

    def enter(self, invocation: Invocation, nested: bool = False) -> None:
        """Put an invocation into the queue. Its `decided` is set once it has a worker or has been withdrawn."""
        with self._lock:
            invocation.arrived = self._clock()
            if nested:
                self._serve_beyond_the_limit(invocation)
            else:
                self._waiting.append(invocation)
                self._assign()

    def withdraw(self, invocation: Invocation) -> None:
        """Take an invocation out of the queue. One that has a worker keeps it: AWS does not stop a function either."""
        with self._lock:
            if invocation in self._waiting:
                self._waiting.remove(invocation)
                invocation.decided.set()

    def reconsider(self) -> None:
        """Decide again about the waiting invocations, after some time has passed."""
        with self._lock:
            self._assign()

    def started(self, worker: Worker) -> None:
        """Record that the process of a new worker has started or failed to start."""
        with self._lock:
            self._starting.discard(id(worker))
            self._assign()

    def give_back(self, worker: Worker, broken: bool = False) -> list[Worker]:
        """Take a worker back. Returns the workers to end: this one, if it is broken or beyond the limit."""
        to_end: list[Worker] = []
        with self._lock:
            worker.in_use = False
            worker.last_used = time.time()
            self._used[self._sources.pop(id(worker))] -= 1
            if broken or self._room() < 0:
                to_end = self._removed(worker)
            self._assign()
        return to_end

    def waiting(self) -> int:
        """The number of invocations that wait for a worker."""
        with self._lock:
            return len(self._waiting)

    def _assign(self) -> None:
        while self._waiting and self._serve_next():
            pass

    def _serve_next(self) -> bool:
        """Give one invocation a worker, if one can have one."""
        now = self._clock()
        first = self._first_of_each_function()
        wanted = {invocation.function for invocation in first}
        spare = sorted(self._idle(set(self._pools) - wanted), key=lambda worker: worker.last_used)
        may_start = len(self._starting) < self.starts
        rivals: list[Invocation] = []  # they want the place of a worker that another function uses
        for invocation in first:
            own = next(self._idle({invocation.function}), None)
            if own is not None:
                rival = next((rival for rival in rivals if self._goes_before(rival, invocation, now)), None)
                if rival is None:
                    self._give(invocation, own)
                else:
                    self._give_new(rival, instead_of=own)
                return True
            if not may_start:
                continue
            if self._room() > 0:
                self._give_new(invocation)
                return True
            if self._pools.get(invocation.function) and now - invocation.arrived < GROWTH_DELAY:
                continue
            if spare:
                self._give_new(invocation, instead_of=spare[0])
                return True
            rivals.append(invocation)
        return False

    def _first_of_each_function(self) -> list[Invocation]:
        """The longest waiting invocation of each function and source, in the order of their claims."""
        first: dict[tuple[str, str], Invocation] = {}
        for invocation in self._waiting:
            first.setdefault((invocation.function, invocation.source), invocation)
        return sorted(first.values(), key=lambda it: (not self._below_share(it.source), it.arrived))

    def _goes_before(self, rival: Invocation, invocation: Invocation, now: float) -> bool:
        if rival.arrived + SWITCH_DELAY < invocation.arrived:
            return True
        entitled = self._below_share(rival.source) and not self._below_share(invocation.source)
        return entitled and now - rival.arrived > SWITCH_DELAY

    def _below_share(self, source: str) -> bool:
        """Whether a source uses fewer workers than its share, which it may use whatever the others ask for."""
        if source == REQUESTS:
            return self._used[source] < self.limit / 2
        asking = {invocation.source for invocation in self._waiting}
        asking.update(source for source, used in self._used.items() if used)
        asking.discard(REQUESTS)
        return self._used[source] < max(1, self.limit / 2 / len(asking or {source}))

    def _room(self) -> int:
        return self.limit - sum(map(len, self._pools.values()))

    def _idle(self, functions: Iterable[str]) -> Iterator[Worker]:
        return (worker for function in functions for worker in self._pools.get(function, ()) if not worker.in_use)

    def _serve_beyond_the_limit(self, invocation: Invocation) -> None:
        own = next(self._idle({invocation.function}), None)
        if own is not None:
            self._give(invocation, own)
            return
        idle = min(self._idle(self._pools), key=lambda worker: worker.last_used, default=None)
        self._give_new(invocation, instead_of=idle if self._room() <= 0 else None)

    def _give_new(self, invocation: Invocation, instead_of: Worker | None = None) -> None:
        if instead_of is not None:
            invocation.to_end = self._removed(instead_of)
        worker = invocation.make()
        self._pools.setdefault(invocation.function, []).append(worker)
        invocation.is_new = True
        self._starting.add(id(worker))
        self._give(invocation, worker)

    def _give(self, invocation: Invocation, worker: Worker) -> None:
        if invocation in self._waiting:
            self._waiting.remove(invocation)
        worker.in_use = True
        self._sources[id(worker)] = invocation.source
        self._used[invocation.source] += 1
        invocation.worker = worker
        invocation.decided.set()

    def _removed(self, worker: Worker) -> list[Worker]:
        """Take a worker out of its pool; empty if ministack has done so already, and ended it."""
        for function, pool in list(self._pools.items()):
            if any(it is worker for it in pool):
                pool[:] = [it for it in pool if it is not worker]
                if not pool:
                    del self._pools[function]
                return [worker]
        return []
