"""Runs the patched ministack on two loopback ports until SIGTERM or until stdin closes, and then saves its state.

local/embedded_aws.py sets the environment variables that it reads.
"""

import asyncio
import gc
import os
import signal
import sys
import time
from functools import partial
from importlib.metadata import version
from typing import Any

from local.emulator import (
    expressions,
    gateway,
    objects,
    permissions,
    persistence,
    resources,
    streams,
    tables,
    transactions,
    transport,
    user_pool,
    workers,
)
from local.emulator.front import Front
from local.emulator.patching import missing_names, take

TESTED_VERSION = "1.5.33"
SAVE_INTERVAL = 30  # seconds
SAVE_SHARE = 0.1  # the largest fraction of the time that is spent on saving
# How many collections of younger objects come before Python looks at all objects: every item of every table is some
# twenty of them, and everybody waits for seconds while millions are looked at.
COLLECTIONS_BEFORE_ALL = 1000
SAVE, STATE = "ministack.app:save_all", "ministack.app:_build_persistence_save_dict"
PATCHES = [
    *transport.PATCHES,
    *resources.PATCHES,
    *gateway.PATCHES,
    *objects.PATCHES,
    *streams.PATCHES,
    *tables.PATCHES,
    *transactions.PATCHES,
    *expressions.PATCHES,
    *persistence.PATCHES,
    *workers.PATCHES,
    *permissions.PATCHES,
    *user_pool.PATCHES,
]


def main() -> None:
    if "--patches" in sys.argv:
        for patch in PATCHES:
            print(f"{patch.title}\n  ministack: {patch.ministack}\n  AWS: {patch.aws}")
        return
    apply_patches()
    youngest, younger, _ = gc.get_threshold()
    gc.set_threshold(youngest, younger, COLLECTIONS_BEFORE_ALL)
    asyncio.run(serve(int(os.environ["GATEWAY_PORT"]), int(os.environ["API_PORT"])))


def apply_patches() -> None:
    found = version("ministack")
    if missing := missing_names(
        ["ministack.app:app", SAVE, STATE, *(name for patch in PATCHES for name in patch.needs)]
    ):
        lines = [f"{name}  ({', '.join(p.title for p in PATCHES if name in p.needs) or 'serving'})" for name in missing]
        raise SystemExit(
            f"ministack {found} lacks names that local/emulator uses; {TESTED_VERSION} has them:\n  "
            + "\n  ".join(lines)
        )
    for patch in PATCHES:
        patch.apply()


async def serve(aws_port: int, api_port: int) -> None:
    config: Any = take("hypercorn.config:Config")()
    config.bind = [f"127.0.0.1:{aws_port}", f"127.0.0.1:{api_port}"]
    config.keep_alive_timeout = 75
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stopped.set)
    loop.add_signal_handler(signal.SIGINT, stopped.set)
    watch = asyncio.create_task(_wait_for_end_of_stdin(loop))
    watch.add_done_callback(lambda _done: stopped.set())
    front = Front(take("ministack.app:app"), aws_port, api_port)
    await take("hypercorn.asyncio:serve")(front, config, shutdown_trigger=partial(_save_until, stopped))


async def _save_until(stopped: asyncio.Event) -> None:
    """Save the state regularly: ministack saves it only when it ends, so a crash would lose all since the start."""
    pause: float = SAVE_INTERVAL
    while True:
        try:
            await asyncio.wait_for(stopped.wait(), pause)
        except TimeoutError:
            if os.environ["PERSIST_STATE"] == "1":
                began = time.monotonic()
                await asyncio.to_thread(lambda: take(SAVE)(take(STATE)()))
                pause = max(SAVE_INTERVAL, (time.monotonic() - began) / SAVE_SHARE)
        else:
            return


async def _wait_for_end_of_stdin(loop: asyncio.AbstractEventLoop) -> None:
    """Wait until stdin closes: it is a pipe from the parent process, which closes even if that is killed by kill -9."""
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    await reader.read()


if __name__ == "__main__":
    main()
