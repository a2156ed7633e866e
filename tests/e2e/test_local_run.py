"""`make run` itself: what it keeps from one run to the next, what it leaves running, and its gateway's limits."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from local.demo import EMAIL
from local.demo import PASSWORD as DEMO_PASSWORD
from local.embedded_aws import free_ports
from local.places import BUILD, ROOT
from local.stack import running_stack
from tests.e2e.conftest import PASSWORD
from tests.e2e.test_gateway import FRONT_END

DEMO = {"email": EMAIL, "password": DEMO_PASSWORD}


@contextmanager
def run(folder: Path, api_port: int, aws_port: int) -> Iterator[str]:
    """A run of the whole, which is stopped as Ctrl-C stops it; the API's address."""
    environment = {**os.environ, "LOCAL_DATA": str(folder), "API_PORT": str(api_port), "AWS_PORT": str(aws_port)}
    process = subprocess.Popen(
        [sys.executable, "-m", "local.run"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert process.stdout
    try:
        said = []
        for line in process.stdout:
            said.append(line)
            if line.startswith("Ready."):
                break
        else:
            pytest.fail("".join(said))
        yield f"http://localhost:{api_port}/v1"
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)


def processes_of(folder: Path) -> list[str]:
    """The command lines of the processes that have the folder in their environment."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if str(folder).encode() in (process / "environ").read_bytes():
                found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:  # it has ended, or is somebody else's
            continue
    return found


def test_a_run_that_is_stopped_leaves_no_process_and_the_next_one_finds_its_data(tmp_path: Path) -> None:
    aws_port, api_port = free_ports(2)
    trade = {"symbol": "AAPL", "side": "BUY", "quantity": "100", "openDate": "2026-01-05T09:31:04-05:00"}
    with run(tmp_path, api_port, aws_port) as api, httpx.Client(base_url=api, timeout=60, trust_env=False) as client:
        tokens = client.post("/auth/login", json=DEMO).json()
        client.headers["Authorization"] = f"Bearer {tokens['accessToken']}"
        made = client.post("/trades", json=trade).json()
        # The example front end is served beside it, and offers the demo log-in.
        web = json.loads((tmp_path / "endpoints.json").read_text("utf-8"))["web"]
        assert "importmap" in client.get(web).text
        assert client.get(f"{web}config.json").json() == {"api": f"http://127.0.0.1:{api_port}/v1", "demo": DEMO}
        assert processes_of(tmp_path)
    for _ in range(50):
        if not (left := processes_of(tmp_path)):
            break
        time.sleep(0.1)
    assert left == []
    with run(tmp_path, api_port, aws_port) as api, httpx.Client(base_url=api, timeout=60, trust_env=False) as client:
        # The session goes on too: keys, tokens and passwords are kept.
        client.headers["Authorization"] = f"Bearer {tokens['accessToken']}"
        assert client.get(f"/trades/{made['tradeId']}").json() == made
        assert client.post("/auth/refresh", json={"refreshToken": tokens["refreshToken"]}).status_code == 200
        assert client.post("/auth/login", json=DEMO).status_code == 200


def test_what_exceeds_a_routes_limit_is_refused_in_a_way_that_a_front_end_can_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("THROTTLE", "1")
    limits = {"AuthThrottlingRate": "1", "AuthThrottlingBurst": "2", "ThrottlingRate": "1000"}
    with (
        running_stack(BUILD, limits) as stack,
        httpx.Client(base_url=stack.api, timeout=60, trust_env=False, headers=FRONT_END) as client,
        ThreadPoolExecutor(8) as front_ends,
    ):
        document = {"email": "nobody@example.com", "password": PASSWORD}
        answers = list(front_ends.map(lambda _: client.post("/auth/login", json=document), range(8)))
        refused = [answer for answer in answers if answer.status_code == 429]
        assert len(refused) >= 4
        for answer in refused:
            assert answer.json() == {"message": "Too Many Requests"}
            assert answer.headers["Access-Control-Allow-Origin"] == FRONT_END["Origin"]
        # The other routes have a bucket of their own.
        assert client.get("/openapi.yaml").status_code == 200
