"""Trims the dependency layer: removes libraries that nothing loads, tests, and botocore's unused services.

    python -m building.layer FOLDER INTERPRETER

trims the libraries installed in FOLDER and adds byte code for INTERPRETER, which must be of the runtime's version. A
layer is read-only, so without byte code every cold start would compile all imports (benchmarks/README.md).
"""

from __future__ import annotations

import gzip
import json
import re
import shutil
import sys
from collections.abc import Collection
from pathlib import Path
from typing import Any

from building.byte_code import compile_sources

ROOT = Path(__file__).parent.parent

# Libraries that handlers/web/connexion/lean.py stubs, and the requirements that only they have.
UNLOADED = (
    "_yaml",
    "anyio",
    "asgiref",
    "certifi",
    "charset_normalizer",
    "h11",
    "httpcore",
    "httpx",
    "idna",
    "jinja2",
    "multipart",
    "python_multipart",
    "requests",
    "yaml",
)
# Names of distributions that differ from their package's.
DISTRIBUTIONS = {"yaml": "pyyaml"}
# The libraries' own commands, tests and benchmarks.
NOT_TO_BE_RUN = ("bin", "**/tests", "**/benchmarks")


def trim(folder: Path) -> None:
    """Remove the libraries and files that no function loads."""
    for name in UNLOADED:
        for found in (folder / name, *folder.glob(f"{DISTRIBUTIONS.get(name, name)}-*.dist-info")):
            shutil.rmtree(found)
    for pattern in NOT_TO_BE_RUN:
        for found in list(folder.glob(pattern)):
            shutil.rmtree(found)
    trim_botocore(folder / "botocore" / "data", services())


def services() -> set[str]:
    """The AWS services for which the functions create clients."""
    sources = (file.read_text("utf-8") for file in (ROOT / "handlers").rglob("*.py"))
    return {name for source in sources for name in re.findall(r'\bnew_client\("([a-z0-9-]+)"', source)}


def trim_botocore(data: Path, wanted: Collection[str]) -> None:
    """Keep the newest model of each wanted service, without documentation, and its endpoints.

    botocore lists all folders and reads all endpoints when it creates its first client.
    """
    for service in data.iterdir():
        if service.is_dir():
            versions = sorted(service.iterdir())
            for unwanted in versions[:-1] if service.name in wanted else [service]:
                shutil.rmtree(unwanted)
    for examples in data.glob("*/*/examples-1.json*"):
        examples.unlink()
    for packed in data.glob("*/*/service-2.json.gz"):
        _write(packed.with_suffix(""), _without_documentation(json.loads(gzip.decompress(packed.read_bytes()))))
        packed.unlink()
    endpoints = json.loads((data / "endpoints.json").read_bytes())
    for partition in endpoints["partitions"]:
        partition["services"] = {name: found for name, found in partition["services"].items() if name in wanted}
    _write(data / "endpoints.json", endpoints)


def _without_documentation(node: Any) -> Any:
    """The node with empty `documentation` texts: botocore requires the key, not a text.

    Members of shapes that are named `documentation` stay.
    """
    if isinstance(node, dict):
        return {
            key: "" if key == "documentation" and isinstance(value, str) else _without_documentation(value)
            for key, value in node.items()
        }
    return [_without_documentation(item) for item in node] if isinstance(node, list) else node


def _write(file: Path, document: Any) -> None:
    file.write_text(json.dumps(document, separators=(",", ":")), "utf-8")


if __name__ == "__main__":
    installed = Path(sys.argv[1])
    trim(installed)
    compile_sources({file: file.relative_to(installed) for file in installed.rglob("*.py")}, sys.argv[2])
