"""The patched emulator answers as the unpatched one where it must."""

from __future__ import annotations

import os
import subprocess

import pytest

from local.places import EMULATOR_PYTHON, ROOT


@pytest.mark.parametrize("seed", [1, 2])
def test_queries_and_scans_answer_as_ministacks_own_do(seed: int) -> None:
    command = [str(EMULATOR_PYTHON), "-m", "tests.e2e.emulated_queries", str(seed), "150"]
    said = subprocess.run(
        command, cwd=ROOT, env={"PATH": os.environ["PATH"]}, capture_output=True, text=True, check=False
    )
    assert said.returncode == 0, said.stderr[-3000:]
    assert int(said.stdout) > 500
