"""Build the two clients that are kept, ready to publish: `python -m openapi.clients TARGET`.

`python -m openapi.clients TARGET python-sources` writes the package of the Python one alone, to run its command from.

- TypeScript by @hey-api/openapi-ts: no dependency at run time, tree-shakable functions, and every answer is typed by
  its status, the gateway's own included. A tarball for npm.
- Python by openapi-python-client: httpx, sync and async, small classes that tell "absent" from "null", which a merge
  patch needs, and clean under mypy --strict. A source distribution and a wheel, with the command `trading-journal`.

Their version is the contract's.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

from openapi.clients.generators import NODE, PACKAGE, PYTHON, hey_api, one_media_type, openapi_python_client, run, tidy
from openapi.clients.without_content import type_nothing, type_unchanged
from openapi.generate import ROOT, contract

HERE = Path(__file__).parent
NAME = "trading-journal-client"


def fresh(folder: Path, readme: str) -> Path:
    """An empty folder but for the README and the license."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    shutil.copy(HERE / readme, folder / "README.md")
    shutil.copy(ROOT / "LICENSE", folder)
    return folder


def typescript(folder: Path) -> None:
    """The npm package: sources, compiled modules with their types, and the tarball."""
    fresh(folder, "typescript.md")
    source = folder / "contract.json"
    source.write_text(json.dumps(one_media_type(contract())), "utf-8")
    hey_api(folder, source)
    source.unlink()
    type_unchanged(folder / "src", contract())
    for by_hand in ("client.ts", "session.ts"):
        shutil.copy(HERE / by_hand, folder / "src")
    package = {
        "name": NAME,
        "version": contract()["info"]["version"],
        "description": "Client of the Trading Journal API, made from its OpenAPI document",
        "keywords": ["trading", "journal", "openapi"],
        "license": "MIT",
        "type": "module",
        "main": "./lib/index.js",
        "types": "./lib/index.d.ts",
        "sideEffects": False,
        "engines": {"node": ">=20"},
        "exports": {
            ".": {"types": "./lib/index.d.ts", "default": "./lib/index.js"},
            "./client": {"types": "./lib/client.d.ts", "default": "./lib/client.js"},
            "./session": {"types": "./lib/session.d.ts", "default": "./lib/session.js"},
        },
        "files": ["lib", "src"],
    }
    (folder / "package.json").write_text(json.dumps(package, indent=2) + "\n", "utf-8")
    options = {
        "strict": True,
        "target": "es2022",
        "module": "nodenext",
        "lib": ["es2022", "dom", "dom.iterable"],
        "types": [],
        "declaration": True,
        "sourceMap": True,
        "rootDir": "src",
        "outDir": "lib",
    }
    (folder / "tsconfig.json").write_text(
        json.dumps({"compilerOptions": options, "include": ["src"]}, indent=2), "utf-8"
    )
    run([NODE / "tsc", "--project", folder], folder)
    run(["npm", "pack", "--silent"], folder)


def python_sources(folder: Path) -> None:
    """The sources of the Python package: what is generated, and what is written by hand."""
    openapi_python_client(folder)
    type_nothing(folder / PACKAGE)
    shutil.copy(HERE / "session.py", folder / PACKAGE)
    shutil.copytree(
        HERE / "command", folder / PACKAGE / "command", ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True
    )
    tidy(folder / PACKAGE)


def python(folder: Path) -> None:
    """The Python package: its sources and its wheel."""
    fresh(folder, "python.md")
    python_sources(folder)
    project = (HERE / "python.toml").read_text("utf-8").replace("VERSION", contract()["info"]["version"])
    (folder / "pyproject.toml").write_text(project, "utf-8")
    (folder / PACKAGE / "py.typed").touch()
    # Without isolation: the build backend is pinned like everything else, and nothing is downloaded.
    uv = ROOT / ".tools" / "uv" / "bin" / "uv"
    run([uv, "build", "--quiet", "--no-build-isolation", "--python", PYTHON / "python"], folder)


def main() -> int:
    target = Path(sys.argv[1]).resolve()
    if sys.argv[2:] == ["python-sources"]:
        target.mkdir(parents=True, exist_ok=True)
        python_sources(target)
        return 0
    typescript(target / "typescript")
    python(target / "python")
    for built in sorted([*target.glob("*/*.tgz"), *target.glob("*/dist/trading*")]):
        print(built.relative_to(Path.cwd()) if built.is_relative_to(Path.cwd()) else built)
    return 0


if __name__ == "__main__":
    sys.exit(main())
