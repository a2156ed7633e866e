"""Computes time and cost of a call by memory size: `python -m benchmarks.memory_size`, after `make e2e` or `make run`.

Lambda gives a function of 1 769 MB one processor, and a smaller one a proportional share. This script measures the
processor time of the built functions, cold and warm, and computes for each share how long a call takes and what a
million calls cost. A stub behind boto3's parsers answers for DynamoDB, and a fixed wait is added for it. docs/memory.md
says what the figures leave out.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from statistics import median

from benchmarks.functions import function_of
from local.places import BUILD, LAMBDA_PYTHON

SIZES = (512, 768, 1024, 1280, 1536, 1769)
ONE_PROCESSOR = 1769  # MB
WAITING = 8  # ms that a request waits for DynamoDB, with any memory
# AWS's price list for eu-central-1, arm64: dollars for a GB-second, and for a request.
GIGABYTE_SECOND, REQUEST = 0.0000133334, 0.0000002
COLD_RUNS, WARM_CALLS = 7, 300

# Runs in the built function's own environment; prints the milliseconds of processor time of a start and of each call.
PROBE = """
import json, os, sys, time
sys.path[:0] = [os.environ["LAYER"], os.environ["FUNCTION"]]
before = time.process_time()
from handlers.entry import http
started = (time.process_time() - before) * 1000
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from handlers.storage import clients

class Body:
    def stream(self): return [b"{}"]

dynamodb = clients.dynamodb()
dynamodb.meta.events.register_first(
    "before-send.dynamodb", lambda **_: AWSResponse("https://dynamodb", 200, HTTPHeaders(), Body())
)
trade = {"symbol": "AAPL", "side": "BUY", "quantity": "100", "openDate": "2026-01-05T09:31:04-05:00",
         "entryPrice": "185.25", "stopLoss": "183.25", "commission": "1", "tags": ["gap"], "preTradeNotes": "Breakout."}
context = {"http": {"method": "POST", "path": "/v1/trades"}, "requestId": "1", "routeKey": "POST /trades",
           "stage": "v1", "authorizer": {"jwt": {"claims": {"sub": "user", "token_use": "access"}}}}
event = {"rawPath": "/v1/trades", "rawQueryString": "", "headers": {"content-type": "application/json"},
         "body": json.dumps(trade), "isBase64Encoded": False, "requestContext": context}
calls = []
for _ in range(int(os.environ["CALLS"])):
    before = time.process_time()
    answer = http.handler(event, None)
    calls.append((time.process_time() - before) * 1000)
    assert answer["statusCode"] == 201, answer
sys.stderr.write("\\n" + json.dumps([started, calls]))
"""


def measured() -> tuple[float, float, float]:
    """Milliseconds of processor time of a start, of the first call, and of a later call."""
    function = function_of("createTrade")
    environment = {
        "PATH": os.environ["PATH"],
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "nobody",
        "AWS_SECRET_ACCESS_KEY": "nothing",  # pragma: allowlist secret - of nobody
        "LAYER": str(BUILD / "DependencyLayer" / "python"),
        "FUNCTION": str(BUILD / function.name),
        "OPERATIONS": " ".join(function.operations),
        "TRADES_TABLE": "trades",
        "CALLS": str(WARM_CALLS),
    }
    runs = []
    for _ in range(COLD_RUNS):
        done = subprocess.run(
            [str(LAMBDA_PYTHON), "-c", PROBE], env=environment, check=True, capture_output=True, text=True
        )
        runs.append(json.loads(done.stderr.splitlines()[-1]))  # after the warnings of libraries
    return (
        median(started for started, _ in runs),
        median(calls[0] for _, calls in runs),
        median(call for _, calls in runs for call in calls[WARM_CALLS // 2 :]),
    )


def main() -> None:
    started, first, warm = measured()
    sys.stdout.write(
        f"createTrade, processor time: {started:.0f} ms for a start, {first:.0f} ms for the first call, "
        f"{warm:.2f} ms for a later one\n\n"
        "| MB | cold: start and first call | warm call | a million calls, 1 % cold |\n|---|---|---|---|\n"
    )
    for size in SIZES:
        share = min(1, size / ONE_PROCESSOR)
        cold, later = (started + first) / share + WAITING, warm / share + WAITING
        seconds = (0.01 * cold + 0.99 * later) / 1000
        million = 1_000_000 * (seconds * size / 1024 * GIGABYTE_SECOND + REQUEST)
        sys.stdout.write(f"| {size} | {cold:.0f} ms | {later:.1f} ms | $ {million:.2f} |\n")


if __name__ == "__main__":
    main()
