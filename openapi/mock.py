"""Serve the contract's examples before there is a back end: `python -m openapi.mock`, at MOCK_PORT (4010) under /v1.

Prism answers each operation with its first example, refuses requests that violate the contract, and allows every origin
(CORS). `Prefer: code=409` or `Prefer: example=closed` ask for another answer.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx

from openapi.generate import ROOT, contract, operations

PRISM = ROOT / ".tools" / "mock" / "node_modules" / ".bin" / "prism"
BASE_PATH = "/v1"


def for_prism(document: dict[str, Any]) -> dict[str, Any]:
    """The contract in the form that Prism needs: paths with the base path, which it ignores in `servers`, and no 422.

    Prism answers a request that violates the contract with 422 wherever one is declared. The API answers it with 400:
    its 422 is for rules across fields, which Prism cannot check.
    """
    for _, _, operation in operations(document):
        operation["responses"].pop("422", None)
    document["paths"] = {f"{BASE_PATH}{path}": item for path, item in document["paths"].items()}
    document["servers"] = [{"url": "/"}]
    return document


def main() -> int:
    port = int(os.environ.get("MOCK_PORT") or 4010)
    address = f"http://127.0.0.1:{port}"
    path = os.pathsep.join([str(ROOT / ".tools" / "nodejs" / "bin"), os.environ["PATH"]])
    with tempfile.TemporaryDirectory() as folder:
        served, log = Path(folder) / "openapi.json", Path(folder) / "prism.log"
        served.write_text(json.dumps(for_prism(contract())), "utf-8")
        with log.open("w", encoding="utf-8") as said:
            prism = subprocess.Popen(
                [PRISM, "mock", "--port", str(port), "--host", "127.0.0.1", "--errors", served],
                stdout=said,
                stderr=subprocess.STDOUT,
                env={**os.environ, "PATH": path},
            )
        signal.signal(signal.SIGTERM, lambda *_: prism.terminate())
        try:
            while not listens(address):
                if prism.poll() is not None:
                    print(log.read_text("utf-8"), file=sys.stderr)
                    return 1
                time.sleep(0.1)
            print(f"The contract's examples are served at {address}{BASE_PATH}; Ctrl-C stops it.", flush=True)
            prism.wait()
        except KeyboardInterrupt:
            pass
        finally:
            prism.terminate()
            prism.wait()
    return 0


def listens(address: str) -> bool:
    """Whether something answers at the address; an error status counts, too."""
    try:
        httpx.get(address, timeout=5, trust_env=False)
    except httpx.TransportError:
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
