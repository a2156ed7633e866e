"""The TypeScript client as plain modules, for pages that are served without a build: `generated/web_client`.

`python -m openapi.clients.browser` compiles the sources that `make clients` has made, without types and comments. So
the modules change only when an operation's method, path, security or media type does, or what is written by hand.
Beside them, `sources.json` has a hash of each of the other files that they follow from: no Node is needed to see that
they are stale.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
import tempfile
from pathlib import Path

from openapi.clients.generators import NODE, run
from openapi.generate import ROOT

TARGET = ROOT / "generated" / "web_client"
SOURCES = ("openapi/clients/client.ts", "openapi/clients/session.ts", "requirements/clients/package-lock.json")


def compile_to(target: Path, package: Path = ROOT / "dist" / "clients" / "typescript") -> None:
    """Write the modules of the package, which `make clients` has made, to a folder that does not exist yet."""
    options: list[str | Path] = [
        "--removeComments",
        "--declaration",
        "false",
        "--sourceMap",
        "false",
        "--outDir",
        target,
    ]
    run([NODE / "tsc", "--project", package, *options], package)
    for empty in [path for path in target.rglob("*.js") if path.read_text("utf-8").strip() == "export {};"]:
        empty.unlink()  # a module of types
    (target / "sources.json").write_text(json.dumps(hashes(), indent=2) + "\n", "utf-8")


def hashes() -> dict[str, str]:
    """A hash of each file that the modules follow from, the contract apart."""
    return {name: hashlib.sha256((ROOT / name).read_bytes()).hexdigest() for name in SOURCES}


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of the folder, by its path in it."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "web_client"
        compile_to(made)
        shutil.rmtree(TARGET, ignore_errors=True)
        shutil.copytree(made, TARGET)
    return 0


if __name__ == "__main__":
    sys.exit(main())
