"""The example front end is small, plain, and calculates nothing with floats."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from local.web import CLIENT, PAGES, files, policy

MODULES = sorted(PAGES.glob("*.js"))
EXPORTED = re.compile(r"^export (?:const|function|class|async function) ([\w$]+)|^export \{ ([^}]*) \}", re.MULTILINE)


def test_it_has_fewer_than_1500_lines() -> None:
    assert sum(len(path.read_text("utf-8").splitlines()) for path in PAGES.rglob("*")) < 1500


def test_a_decimal_becomes_a_number_in_one_place_alone_for_pixels() -> None:
    found = [
        f"{path.name}: {line.strip()}"
        for path in MODULES
        for line in path.read_text("utf-8").splitlines()
        if re.search(r"\b(Number|parseFloat|parseInt)\b|type: \"number\"", line.partition("// ")[0])
    ]
    assert found == ["format.js: export const pixels = (text) => Number(text);"]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_no_markup_is_made_of_data(path: Path) -> None:
    code = path.read_text("utf-8")
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", code)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_what_a_module_imports_is_exported(path: Path) -> None:
    published = {"trading-journal-client": "index.js", "trading-journal-client/client": "client.js"}
    published["trading-journal-client/session"] = "session.js"
    for names, source in re.findall(r'import \{([^}]*)\} from "([^"]*)"', path.read_text("utf-8")):
        module = PAGES / source if source.startswith("./") else CLIENT / published[source]
        matches = EXPORTED.findall(module.read_text("utf-8"))
        exported = {name for single, several in matches for name in [single, *re.split(r",\s*", several)]}
        assert {name for name in re.split(r",\s*", names.strip().strip(",")) if name} <= exported, source


def test_every_file_that_the_page_loads_is_served() -> None:
    served = files()
    for name in re.findall(r'(?:src|href)="([^"#][^"]*)"|"\./([^"]*)"', (PAGES / "index.html").read_text("utf-8")):
        assert f"/{name[0] or name[1]}" in served
    assert served["/"] == served["/index.html"]


def test_the_policy_names_the_import_map_the_api_and_the_bucket() -> None:
    text = policy((PAGES / "index.html").read_text("utf-8"), "https://api.example.com", "https://files.example.com")
    rules = dict(rule.split(" ", 1) for rule in text.split("; "))
    assert rules["default-src"] == "'none'"
    assert rules["connect-src"] == "'self' https://api.example.com https://files.example.com"
    assert rules["img-src"] == "'self' https://files.example.com"
    assert re.fullmatch(r"'self' 'sha256-[A-Za-z0-9+/]{43}='", rules["script-src"])
