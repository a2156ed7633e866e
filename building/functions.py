"""Builds each function's artifact: the modules it can import, its part of the contract, and the models it uses.

    python -m building.functions FOLDER INTERPRETER

writes a folder for each function into FOLDER, with byte code for INTERPRETER, which must be of the runtime's version.
So a cold start compiles nothing and reads only what the function serves (benchmarks/README.md has the times).
"""

from __future__ import annotations

import ast
import fcntl
import json
import shutil
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import inflection

from building.byte_code import compile_sources
from building.models import MODELS, models_for, named_in
from building.sources import cut, without_docstrings
from handlers.web.contract import METHODS, PATH, contract, slice_of
from local.artifacts import read_template

ROOT = Path(__file__).parent.parent
OWN = ("handlers", "generated")
HTTP_ENTRY = "handlers.entry.http"
# The fields that handlers/web/guard.py and deprecation.py read of every operation, also of others than the function's.
OF_EVERY_OPERATION = ("operationId", "security", "deprecated", "x-deprecated-at", "x-sunset")
# Fields for readers of the contract, which no function reads.
PROSE = {"description", "summary", "examples"}

Json = dict[str, Any]


def functions(template: Json) -> Iterator[tuple[str, str, Sequence[str]]]:
    """Name, entry module and operations of each function of the template."""
    common = template["Globals"]["Function"]
    for name, resource in template["Resources"].items():
        if resource["Type"] == "AWS::Serverless::Function":
            own = resource["Properties"]
            entry, _, _ = own.get("Handler", common["Handler"]).rpartition(".")
            yield name, entry, own.get("Environment", {}).get("Variables", {}).get("OPERATIONS", "").split()


def sources(entry: str, operations: Sequence[str]) -> dict[Path, str]:
    """The text of each file of an artifact, by its path in the repository.

    These are the entry module, the operations' modules without their other operations, and every module of the project
    that these import.
    """
    tags = {
        tag
        for item in contract()["paths"].values()
        for method in METHODS
        if item.get(method, {}).get("operationId") in operations
        for tag in item[method]["tags"]
    }
    of_operations = [f"handlers.operations.{tag}" for tag in tags]
    called = list(map(inflection.underscore, operations))
    texts: dict[Path, str] = {}
    left = [entry, *of_operations]
    while left:
        module = left.pop()
        path = _file(module)
        if path is not None and path not in texts:
            text = (ROOT / path).read_text("utf-8")
            texts[path] = cut(text, called) if module in of_operations else text
            left += [module.rpartition(".")[0], *_imports(texts[path])]
    return texts


@cache
def _file(module: str) -> Path | None:
    if module.split(".")[0] not in OWN:
        return None
    path = Path(*module.split("."))
    return next((file for file in (path.with_suffix(".py"), path / "__init__.py") if (ROOT / file).is_file()), None)


@cache
def _imports(text: str) -> frozenset[str]:
    """The modules and names that a source imports at run time, without those under `if TYPE_CHECKING`."""
    names: set[str] = set()
    left: list[ast.AST] = [ast.parse(text)]
    while left:
        node = left.pop()
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            continue
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.update((node.module, *(f"{node.module}.{alias.name}" for alias in node.names)))
        left += ast.iter_child_nodes(node)
    return frozenset(names)


def contract_for(operations: Sequence[str]) -> Json:
    """The contract for a function: its operations without prose; of all others the path, method and security."""
    whole = contract()
    served = _without_prose(slice_of(operations)["paths"])
    paths = {
        path: {
            method: served.get(path, {}).get(method, {})
            | {key: operation[key] for key in OF_EVERY_OPERATION if key in operation}
            for method in METHODS
            if (operation := item.get(method))
        }
        for path, item in whole["paths"].items()
    }
    info = {key: whole["info"][key] for key in ("title", "version")}
    return {**{key: whole[key] for key in ("openapi", "servers", "security")}, "info": info, "paths": paths}


def _without_prose(node: Any, *, of_schema: bool = True) -> Any:
    """The node without prose. Keys under `properties` are names of fields, so they stay."""
    if isinstance(node, Mapping):
        return {
            key: _without_prose(value, of_schema=key != "properties")
            for key, value in node.items()
            if not (of_schema and key in PROSE)
        }
    return [_without_prose(item) for item in node] if isinstance(node, list) else node


class Stage:
    """Collects the files of all functions, so that one process compiles them: starting an interpreter takes time."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files: dict[Path, Path] = {}

    def add(self, text: str, name: Path) -> Path:
        """Write a file whose tracebacks show `name`. Returns its path."""
        file = self.folder / sha256(f"{name}\0{text}".encode()).hexdigest() / name.name
        if file not in self.files:
            self.files[file] = name
            file.parent.mkdir(parents=True)
            file.write_text(text, "utf-8")
        return file


def write_once(folder: Path, interpreter: str) -> None:
    """Write the folders, unless another process did so while this one waited for the lock: sam builds in parallel."""
    asked, ready = time.time(), folder / ".ready"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_name(f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (ready.exists() and ready.stat().st_mtime > asked):
            write(folder, interpreter)
            ready.touch()


def write(folder: Path, interpreter: str) -> None:
    """Write the folders of all functions."""
    shutil.rmtree(folder, ignore_errors=True)
    stage = Stage(folder / ".stage")
    given: dict[str, dict[Path, Path]] = {}
    for function, entry, operations in functions(read_template(ROOT / "template.yaml")):
        texts = sources(entry, operations)
        if MODELS in texts:
            texts[MODELS] = models_for(frozenset().union(*map(named_in, texts.values())))
        given[function] = {name: stage.add(without_docstrings(text), name) for name, text in texts.items()}
        if entry == HTTP_ENTRY:
            _put(
                folder / function / PATH.relative_to(ROOT), json.dumps(contract_for(operations), separators=(",", ":"))
            )
    compile_sources(stage.files, interpreter, asserts=False)
    for function, staged in given.items():
        for name, file in staged.items():
            target = folder / function / name
            (target.parent / "__pycache__").mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)
            for compiled in file.parent.glob("__pycache__/*"):
                shutil.copyfile(compiled, target.parent / "__pycache__" / compiled.name)
    shutil.rmtree(stage.folder)


def _put(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, "utf-8")


if __name__ == "__main__":
    write_once(Path(sys.argv[1]), sys.argv[2])
