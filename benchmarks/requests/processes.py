"""Measures new processes of the product and of its peers in turn: cold start, warm request, memory."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.functions import function_of
from benchmarks.requests.stored import stored_trade
from benchmarks.requests.stub import SETTINGS, STORED
from local.places import BUILD, LAMBDA_PYTHON, ROOT

PEERS = ROOT / ".build" / "peers"
OPERATIONS = ("createTrade", "getTrade", "listTrades")
ROUNDS = 15
WARM_REQUESTS = 400


@dataclass(frozen=True)
class Contender:
    """The product or a peer: its handler, and the module path of its process."""

    name: str
    handler: str
    path: Callable[[str], tuple[Path, ...]]


def _of_product(operation: str) -> tuple[Path, ...]:
    return BUILD / function_of(operation).name, BUILD / "DependencyLayer" / "python", PEERS / "measuring"


def _of_peer(libraries: str) -> Callable[[str], tuple[Path, ...]]:
    return lambda _: (PEERS / "code", PEERS / libraries)


PRODUCT, FASTAPI, POWERTOOLS, BARE = "this product", "FastAPI + Mangum", "Powertools", "bare handler"
CONTENDERS = (
    Contender(PRODUCT, "handlers.entry.http:handler", _of_product),
    Contender(FASTAPI, "benchmarks.peers.with_fastapi:handler", _of_peer("fastapi")),
    Contender(POWERTOOLS, "benchmarks.peers.with_powertools:handler", _of_peer("powertools")),
    Contender(BARE, "benchmarks.peers.bare:handler", _of_peer("bare")),
)

# The medians of all rounds, by contender and then by measurement, such as "createTrade warm".
Figures = dict[str, dict[str, float]]


def measure(rounds: int, say: Callable[[str], None]) -> Figures:
    """The medians of these rounds, in each of which every contender runs once."""
    taken: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for number in range(rounds):
        say(f"processes: round {number + 1} of {rounds}")
        for operation in OPERATIONS:
            for contender in CONTENDERS:
                for what, value in run(contender, operation).items():
                    taken[contender.name][f"{operation} {what}"].append(value)
    return {name: {what: median(values) for what, values in all_.items()} for name, all_ in taken.items()}


def run(contender: Contender, operation: str) -> dict[str, Any]:
    """Run one new process. Returns its figures in seconds and megabytes."""
    function = function_of(operation)
    environment = {
        **dict.fromkeys(function.variables, "stub"),
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
        "PYTHONPATH": os.pathsep.join(map(str, contender.path(operation))),
        "PYTHONSAFEPATH": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONWARNINGS": "ignore",
        "OPERATIONS": " ".join(function.operations),
        **SETTINGS,
        STORED: stored_trade(),
    }
    command = [
        str(LAMBDA_PYTHON),
        "-m",
        "benchmarks.requests.one_process",
        contender.handler,
        operation,
        str(WARM_REQUESTS),
    ]
    began = time.perf_counter()
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout  # noqa: S101 it is a pipe
        lines = []
        clock = 0.0
        for line in process.stdout:
            lines.append(line)
            if line == "answered\n":
                clock = time.perf_counter() - began
        errors = process.stderr.read() if process.stderr else ""
    if process.returncode:
        raise RuntimeError(f"{contender.name}, {operation}: {errors}")
    return {"clock": clock, **json.loads(lines[-1])}
