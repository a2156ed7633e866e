"""Starts each built function as Lambda does and hands it one event, in a process where nothing is loaded yet.

Reads a list of {"folder", "entry", "variables", "event"} from stdin, and writes for each one what it answered or the
error that it raised. Each function gets a fork: libraries that functions load without stand-ins are imported once,
before. Every call of AWS fails as if there were no network.
"""

import importlib
import json
import os
import sys
import traceback
from typing import Any

import botocore.client
import botocore.session
import pydantic  # noqa: F401 loaded once for all forks
from botocore.exceptions import EndpointConnectionError


class Context:
    """As much of Lambda's context as the functions use."""

    aws_request_id = "11111111-2222-4333-8444-555555555555"
    function_name = "built"
    memory_limit_in_mb = 1024
    invoked_function_arn = "arn:aws:lambda:eu-central-1:123456789012:function:built:live"

    def get_remaining_time_in_millis(self) -> int:
        return 10_000


def refuse(_client: object, operation: str, _parameters: object) -> None:
    raise EndpointConnectionError(endpoint_url=f"https://aws.invalid/{operation}")


def answer(asked: dict[str, Any]) -> dict[str, Any]:
    sys.path.insert(0, asked["folder"])
    os.environ.update(asked["variables"])
    clients: Any = botocore.client.BaseClient
    clients._make_api_call = refuse
    module, _, name = asked["entry"].rpartition(".")
    try:
        handler = getattr(importlib.import_module(module), name)
        return {"answer": handler(asked["event"], Context())}
    except Exception as error:  # noqa: BLE001 told to the test
        return {"error": type(error).__name__, "trace": traceback.format_exc()}


def main() -> None:
    for asked in json.load(sys.stdin):
        reader, writer = os.pipe()
        if os.fork() == 0:
            os.dup2(2, 1)  # what functions log belongs into no answer
            told = json.dumps(answer(asked), default=str)
            with os.fdopen(writer, "w") as pipe:
                pipe.write(told)
            os._exit(0)
        os.close(writer)
        with os.fdopen(reader) as pipe:
            sys.stdout.write(pipe.read() + "\n")
        os.wait()


if __name__ == "__main__":
    main()
