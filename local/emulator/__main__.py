"""Starts ministack with its patches on two loopback ports; ends, with its state saved, on SIGTERM or when stdin closes.

Settings come from the environment; local/emulator_process.py says which.
"""

import asyncio
import os
import signal
import sys
from importlib.metadata import version
from typing import Any

from local.emulator import gateway, resources, streams, transport, workers
from local.emulator.front import Front
from local.emulator.patching import missing_names, take

TESTED_VERSION = "1.5.33"
PATCHES = [*transport.PATCHES, *resources.PATCHES, *gateway.PATCHES, *streams.PATCHES, *workers.PATCHES]


def main() -> None:
    if "--patches" in sys.argv:
        for patch in PATCHES:
            print(f"{patch.title}\n  ministack: {patch.ministack}\n  AWS: {patch.aws}")  # noqa: T201
        return
    apply_patches()
    asyncio.run(serve(int(os.environ["GATEWAY_PORT"]), int(os.environ["API_PORT"])))


def apply_patches() -> None:
    found = version("ministack")
    if missing := missing_names(PATCHES):
        names = "\n  ".join(missing)
        raise SystemExit(
            f"ministack {found} lacks names that local/emulator patches; {TESTED_VERSION} has them:\n  {names}"
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
    await take("hypercorn.asyncio:serve")(front, config, shutdown_trigger=stopped.wait)


async def _wait_for_end_of_stdin(loop: asyncio.AbstractEventLoop) -> None:
    """The starter holds the other end of a pipe: it closes when the starter is gone, even by kill -9."""
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    await reader.read()


if __name__ == "__main__":
    main()
