"""Clients in TypeScript and Python: what five generators make compiles, and the two that are kept do all they must."""

from __future__ import annotations

import email
import json
import re
import subprocess
import tarfile
import uuid
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from threading import Timer

import pytest

from local.stack import Stack
from openapi.clients.generators import NODE, PACKAGE, PYTHON, PYTHONS, TYPESCRIPT, run
from openapi.generate import contract, operations
from tests.clients.conftest import DIST
from tests.fuzz.__main__ import new_user

# As strict as a compiler gets, for an application that is bundled.
STRICT = {
    "strict": True,
    "noEmit": True,
    "target": "es2022",
    "module": "esnext",
    "moduleResolution": "bundler",
    "lib": ["es2022", "dom", "dom.iterable"],
    "types": [],
    "skipLibCheck": False,
}
# For a program that Node runs, with Node's own types.
NODE_PROGRAM = {**STRICT, "noEmit": False, "module": "nodenext", "moduleResolution": "nodenext", "types": ["node"]}
# Runs a program without the environment: a proxy that is set there does not know the embedded AWS.
UNSET = ["env", "--ignore-environment"]
COMPLAINTS = ("warn", "deprecated", "renam", "error")
# openapi-generator asks a dictionary twice for the same key, which mypy cannot follow.
ALLOWED = {"openapi-python-client": ["--strict"], "openapi-generator": ["--disable-error-code", "union-attr"]}


def compiles(folder: Path, options: Mapping[str, object], sources: Sequence[str]) -> None:
    settings = {"compilerOptions": options, "include": sources}
    (folder / "tsconfig.json").write_text(json.dumps(settings), "utf-8")
    run([NODE / "tsc", "--project", folder], folder)


def node(folder: Path) -> str:
    """The Node that `make clients` runs; its place, for a program that is run without the environment."""
    return run(["node", "--print", "process.execPath"], folder).strip()


@pytest.mark.parametrize("generator", TYPESCRIPT)
def test_typescript_of_a_generator_compiles_without_a_rename_or_a_warning(generator: str, tmp_path: Path) -> None:
    said = TYPESCRIPT[generator](tmp_path).lower()
    assert not [line for line in said.splitlines() if any(word in line for word in COMPLAINTS)]
    compiles(tmp_path, STRICT, ["**/*.ts"])
    text = "\n".join(path.read_text("utf-8") for path in tmp_path.rglob("*.ts"))
    for _, _, operation in operations(contract()):
        assert operation["operationId"] in text
    # A generator that finds a name taken puts a number behind it.
    for name in contract()["components"]["schemas"]:
        assert f"type {name}2 " not in text
        assert f"interface {name}2 " not in text


@pytest.mark.parametrize("generator", PYTHONS)
def test_python_of_a_generator_is_imported_and_type_checked(generator: str, tmp_path: Path) -> None:
    PYTHONS[generator](tmp_path)
    modules = sorted(
        ".".join(path.relative_to(tmp_path).with_suffix("").parts) for path in (tmp_path / PACKAGE).rglob("*.py")
    )
    names = [name.removesuffix(".__init__") for name in modules]
    run([PYTHON / "python", "-W", "error", "-c", f"import {', '.join(names)}"], tmp_path)
    run([PYTHON / "mypy", "--cache-dir", tmp_path / "cache", *ALLOWED[generator], PACKAGE], tmp_path)


def whole_story(stack: Stack, command: Sequence[str | Path], folder: Path) -> None:
    """Run a story to its end; hand it the code of each mail when it asks."""
    email = f"reader-{uuid.uuid4().hex[:12]}@example.com"
    addresses, said = [email, f"next-{email}"], []
    with subprocess.Popen(
        [*command, stack.api, email],
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={"PATH": ""},
    ) as story:
        assert story.stdin
        assert story.stdout
        end = Timer(180, story.kill)
        end.start()
        try:
            for line in story.stdout:
                if [line.strip()] == addresses[:1]:
                    story.stdin.write(stack.confirmation_code(addresses.pop(0)) + "\n")
                    story.stdin.flush()
                else:
                    said.append(line)
            story.wait()
        finally:
            end.cancel()
            story.kill()
    assert (addresses, story.returncode) == ([], 0), "".join(said)


def test_the_typescript_client_tells_the_whole_story(stack: Stack, typescript: Path) -> None:
    compiles(typescript, {**NODE_PROGRAM, "outDir": "built"}, ["story.ts"])
    whole_story(stack, [node(typescript), "built/story.js"], typescript)


def test_the_typescript_client_passes_its_own_tests(typescript: Path) -> None:
    compiles(typescript, {**NODE_PROGRAM, "outDir": "tests"}, ["*.test.ts"])
    programs = [f"tests/{path.stem}.js" for path in typescript.glob("*.test.ts")]
    said = run([*UNSET, node(typescript), "--test", "--test-reporter=tap", *programs], typescript)
    (passed,) = re.findall(r"^# pass (\d+)$", said, flags=re.MULTILINE)
    assert int(passed) > 40


def test_the_python_client_passes_its_own_tests(python: Path) -> None:
    run([PYTHON / "mypy", "--strict", "--cache-dir", python / "cache", "-p", PACKAGE], python)
    run([PYTHON / "mypy", "--strict", "--cache-dir", python / "cache", "session_program.py"], python)
    passed = run([*UNSET, PYTHON / "python", "-W", "error", "session_program.py"], python).split()
    assert len(passed) > 10


def test_the_python_client_tells_the_whole_story(stack: Stack, python: Path) -> None:
    run([PYTHON / "mypy", "--strict", "--cache-dir", python / "cache", "story.py"], python)
    whole_story(stack, [PYTHON / "python", "story.py"], python)


def examples_of(readme: Path, language: str, stack: Stack) -> Iterator[tuple[str, list[str]]]:
    """Each example of a README, for a new user of the stack, and what it has to print, as its comments say."""
    for code in re.findall(rf"```{language}\n(.*?)```", readme.read_text("utf-8"), flags=re.DOTALL):
        user = new_user(stack)
        given = {
            "https://journal.example.com/v1": stack.api,
            "dana@example.com": user["EMAIL"],
            "Breakout-2026!": user["PASSWORD"],
        }
        own = code
        for written, theirs in given.items():
            assert code.count(written) == 1
            own = own.replace(written, theirs)
        yield own, re.findall(r"(?:console\.log|print)\(.*\);?  ?(?://|#) (.*)", code)


def test_the_examples_of_the_typescript_readme_compile_and_run(stack: Stack, typescript: Path) -> None:
    readme = typescript / "node_modules" / "trading-journal-client" / "README.md"
    printed = []
    for code, prints in examples_of(readme, "ts", stack):
        (typescript / "example.ts").write_text(code, "utf-8")
        compiles(typescript, {**NODE_PROGRAM, "outDir": "example", "types": []}, ["example.ts"])
        said = run([*UNSET, node(typescript), "example/example.js"], typescript)
        assert said.splitlines() == prints
        printed.append(prints)
    assert printed == [["PARTIAL 80", "unchanged"], ["0", "false"]]


def test_the_examples_of_the_python_readme_are_type_checked_and_run(stack: Stack, python: Path) -> None:
    printed = []
    for code, prints in examples_of(DIST / "python" / "README.md", "python", stack):
        (python / "example.py").write_text(code, "utf-8")
        run([PYTHON / "mypy", "--strict", "--cache-dir", python / "cache", "example.py"], python)
        said = run([*UNSET, PYTHON / "python", "-W", "error", "example.py"], python)
        assert said.splitlines() == prints
        printed.append(prints)
    assert printed == [["PARTIAL 80", "unchanged", "Unauthorized"], ["0", "False"]]


def test_the_npm_package_holds_all_that_it_names_and_nothing_else(typescript: Path) -> None:
    packed = json.loads(run(["npm", "pack", "--dry-run", "--json", "--silent"], DIST / "typescript"))[0]
    package = json.loads((typescript / "node_modules" / "trading-journal-client" / "package.json").read_text("utf-8"))
    files = {each["path"] for each in packed["files"]}
    assert (packed["name"], packed["version"]) == (package["name"], contract()["info"]["version"])
    assert package["license"] == "MIT"
    assert {"LICENSE", "README.md", "package.json"} <= files
    assert {name for name in files if "/" not in name} == {"LICENSE", "README.md", "package.json"}
    assert {name.split("/")[0] for name in files if "/" in name} == {"lib", "src"}
    named = [
        package["main"],
        package["types"],
        *(path for each in package["exports"].values() for path in each.values()),
    ]
    assert [path for path in named if path.removeprefix("./") not in files] == []


def test_the_python_distributions_hold_the_package_with_its_readme_license_and_types(python: Path) -> None:
    version = contract()["info"]["version"]
    wheel, sources = sorted((DIST / "python" / "dist").glob("trading*"))
    assert wheel.name == f"{PACKAGE}-{version}-py3-none-any.whl"
    assert sources.name == f"{PACKAGE}-{version}.tar.gz"
    told = email.message_from_string((python / f"{PACKAGE}-{version}.dist-info" / "METADATA").read_text("utf-8"))
    assert (told["Name"], told["Version"], told["License-Expression"]) == ("trading-journal-client", version, "MIT")
    assert told.get_payload() == (DIST / "python" / "README.md").read_text("utf-8")
    inside = {"README.md", "LICENSE", "pyproject.toml", f"{PACKAGE}/py.typed", f"{PACKAGE}/session.py"}
    with tarfile.open(sources) as packed:
        files = {name.partition("/")[2] for name in packed.getnames()}
    assert inside <= files
    assert {name.split("/")[0] for name in files} <= {*inside, PACKAGE, "PKG-INFO", ".gitignore"}
    assert {f"{PACKAGE}/py.typed", f"{PACKAGE}/session.py"} <= set(zipfile.ZipFile(wheel).namelist())
