"""Clients in Go, Java and PHP by openapi-generator: they compile, and each tells the core of the story.

The compilers come from Debian. Where one is missing, its tests are skipped and say which packages to install; in CI
they fail.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from local.stack import Stack
from openapi.clients import compilers
from openapi.clients.generators import COMPILED, generators_jar, run
from openapi.generate import contract
from tests.fuzz.__main__ import new_user

HERE = Path(__file__).parent
# Nothing is downloaded, and no C compiler is wanted.
GO = ["env", "GOPROXY=off", "GOFLAGS=-mod=mod", "GOTOOLCHAIN=local", "CGO_ENABLED=0", "go"]
GO_MODULE = "module story\n\ngo 1.18\n"

Command = Sequence[str | Path]


@dataclass(frozen=True)
class Language:
    """How one language generates, compiles and runs a client in a folder of its own."""

    client: str  # the client's place in the folder
    files: Sequence[str]  # what is put beside it
    compile: Callable[[Path], Command]  # the program that tells the story, once all is compiled


def compile_go(folder: Path) -> Command:
    (folder / "go.mod").write_text(GO_MODULE, "utf-8")
    run([*GO, "vet", "./..."], folder)
    run([*GO, "build", "-o", "told", "."], folder)
    return [folder / "told"]


def compile_java(folder: Path) -> Command:
    libraries = f"{generators_jar()}:{compilers.JAVA_ANNOTATIONS}"
    sources: list[str | Path] = [*sorted((folder / "client").glob("src/main/**/*.java")), "Story.java"]
    # Everything that javac can say is an error, but for a method that Jackson has deprecated lately.
    strict = ["-Xlint:all,-processing,-deprecation", "-Werror"]
    run(["javac", *strict, "-d", "built", "-cp", libraries, *sources], folder)
    return [_found("java"), "-ea", "-cp", f"built:{libraries}", "Story"]


def compile_php(folder: Path) -> Command:
    loaded = int(run(["php", "load_all.php"], folder))
    assert loaded == len(list((folder / "src").rglob("*.php"))) > len(contract()["components"]["schemas"]) / 2
    return [_found("php"), "story.php"]


def _found(program: str) -> str:
    path = shutil.which(program)
    assert path
    return path


LANGUAGES = {
    "go": Language("journal", ["story.go"], compile_go),
    "java": Language("client", ["Story.java"], compile_java),
    "php": Language(".", ["story.php", "autoload.php", "load_all.php"], compile_php),
}


def needs(language: str) -> None:
    """Skip the test, or in CI fail it, where a compiler is missing."""
    if lacking := compilers.missing(language):
        words = f"{language} is not checked without: apt-get install --no-install-recommends {' '.join(lacking)}"
        if os.environ.get("CI"):
            pytest.fail(words)
        pytest.skip(words)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_client_compiles_and_tells_the_core_of_the_story(language: str, stack: Stack, tmp_path: Path) -> None:
    needs(language)
    settings = LANGUAGES[language]
    (tmp_path / settings.client).mkdir(exist_ok=True)
    assert COMPILED[language](tmp_path / settings.client) == ""
    for name in settings.files:
        shutil.copy(HERE / name, tmp_path)
    user = new_user(stack)
    told = settings.compile(tmp_path)
    run([*told, stack.api, user["EMAIL"], user["PASSWORD"]], tmp_path)


def test_gos_engine_takes_every_pattern(tmp_path: Path) -> None:
    needs("go")
    patterns = sorted(set(re.findall(r'"pattern": ("(?:[^"\\]|\\.)*")', json.dumps(contract()))))
    assert len(patterns) > 10
    program = 'package main\n\nimport "regexp"\n\nfunc main() {\n\tfor _, pattern := range []string{%s} {\n%s\t}\n}\n'
    (tmp_path / "main.go").write_text(program % (", ".join(patterns), "\t\tregexp.MustCompile(pattern)\n"), "utf-8")
    run([*GO, "run", "main.go"], tmp_path)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_missing_compiler_is_named_by_its_package_and_fails_in_ci(
    language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.which", lambda _: None)
    first = next(iter(compilers.PACKAGES[language]))
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match=f"apt-get install .*{first}"):
        needs(language)
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match=f"apt-get install .*{first}"):
        needs(language)
