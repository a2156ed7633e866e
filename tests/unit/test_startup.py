"""Garbage collection is off while a function starts, and later never scans the objects of the start."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from building.functions import ROOT, functions
from local.artifacts import read_template

ENTRIES = sorted({entry for _, entry, _ in functions(read_template(ROOT / "template.yaml"))})

LOOK = """
import gc, json, sys
from importlib import import_module
looked = []
gc.callbacks.append(lambda phase, _: looked.append(phase))
import handlers.entry.runtime
before = len(looked)
import_module(sys.argv[1])
print(json.dumps([len(looked) - before, gc.isenabled(), gc.get_freeze_count()]))
"""


@pytest.mark.parametrize("entry", ENTRIES)
def test_an_entry_module_starts_without_a_look_and_is_ready_at_its_end(entry: str) -> None:
    command = [sys.executable, "-W", "ignore", "-c", LOOK, entry]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    looks, enabled, frozen = json.loads(done.stdout)
    assert looks == 0
    assert enabled
    assert frozen > 10_000
