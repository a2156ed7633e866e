"""What is left of the dependency layer: no libraries that nothing loads, no tests, and of botocore the services in use.

    python -m building.layer FOLDER INTERPRETER

trims what was installed into FOLDER and adds byte code for the interpreter, which is that of the runtime: a layer is
read-only, so without it every new process would compile all it imports (benchmarks/README.md).
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

# Requirements of Connexion that handlers/web/connexion/imports.py keeps it from loading, and what only they require.
UNLOADED = (
    "_yaml",
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
# The same, by the names of the distributions where those differ.
DISTRIBUTIONS = {"yaml": "pyyaml"}
# Commands and checks of the libraries' own.
NOT_TO_BE_RUN = ("bin", "**/tests", "**/benchmarks")


def trim(folder: Path) -> None:
    """Remove from the installed libraries what no function loads."""
    for name in UNLOADED:
        for found in (folder / name, *folder.glob(f"{DISTRIBUTIONS.get(name, name)}-*.dist-info")):
            shutil.rmtree(found)
    for pattern in NOT_TO_BE_RUN:
        for found in list(folder.glob(pattern)):
            shutil.rmtree(found)
    trim_botocore(folder / "botocore" / "data", services())


def services() -> set[str]:
    """The services whose clients the functions make."""
    sources = (file.read_text("utf-8") for file in (ROOT / "handlers").rglob("*.py"))
    return {name for source in sources for name in re.findall(r'\bnew_client\("([a-z0-9-]+)"', source)}


def trim_botocore(data: Path, wanted: Collection[str]) -> None:
    """Leave the newest description of each of these services, without prose, and where in each region they are.

    botocore looks through all the folders, and reads all the endpoints, when it makes its first client.
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
    """The node without what only a reader wants: botocore looks for the text, and takes an empty one as well. A shape's
    member of that name is no text, and stays.
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
