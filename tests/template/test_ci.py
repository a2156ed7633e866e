"""CI runs a valid bash script, which runs both of the project's checks."""

from __future__ import annotations

import subprocess
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / ".ci" / "run"
# The clients are checked beside the tests, once what both need is there; and what they find fails the run.
ORDER = (
    "make setup build-local",
    'make clients-check > "$log" 2>&1 &',
    "make test",
    'wait "$clients" || { cat "$log"; exit 1; }',
)


def test_bash_reads_the_script_to_its_end() -> None:
    command = ["bash", "-n", str(SCRIPT)]
    read = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (read.returncode, read.stderr) == (0, "")


def test_it_runs_the_tests_and_the_clients_check() -> None:
    commands = SCRIPT.read_text("utf-8").splitlines()
    both, clients, tests, waited = map(commands.index, ORDER)
    assert both < clients < tests < waited
    assert "set -euo pipefail" in commands
