"""Files, links and anchors that the documents name exist."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
LISTED = subprocess.run(
    ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
    cwd=ROOT,
    capture_output=True,
    text=True,
    check=True,
).stdout.split()
PAGES = sorted(ROOT / name for name in LISTED if name.endswith(".md") and (ROOT / name).is_file())


# A file that versioning.md says how to make.
NOT_IN_THE_REPOSITORY = {"openapi/v2/openapi.yaml"}


def named_files(text: str) -> Iterator[str]:
    """What a text names as a file of the repository: a path, or a name with an ending that the repository uses."""
    for name in re.findall(r"(?<![\w/.$<*-])((?:[\w.-]+/)*[\w-]+\.(?:md|py|yaml|toml|ts|js))(?![\w*/(])", text):
        if "://" not in name:
            yield name


def exists(name: str, page: Path) -> bool:
    places = (ROOT / name, page.parent / name, ROOT / "handlers" / name)
    return any(place.exists() for place in places) or any(listed.endswith(f"/{name}") for listed in LISTED)


SOURCES = [ROOT / name for name in LISTED if name.endswith((".py", ".yaml", ".toml")) or name == "Makefile"]
SOURCES = [
    path for path in SOURCES if path.is_file() and path.parts[len(ROOT.parts)] not in {"generated", "requirements"}
]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_file_that_a_page_names_exists(page: Path) -> None:
    named = {name for code in re.findall(r"`([^`\n]+)`", page.read_text("utf-8")) for name in named_files(code)}
    assert {name for name in named if not exists(name, page)} <= NOT_IN_THE_REPOSITORY


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: str(source.relative_to(ROOT)))
def test_every_page_that_a_source_cites_exists(source: Path) -> None:
    cited = {name for name in named_files(source.read_text("utf-8")) if name.endswith(".md")}
    assert {name for name in cited if not (ROOT / name).exists() and not exists(name, source)} == set()


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_to_a_file_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8")):
        if "://" not in target:
            path, _, anchor = target.partition("#")
            file = (page.parent / path) if path else page
            assert file.exists(), target
            assert not anchor or anchor in anchors(file), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_make_target_that_is_named_can_be_made(page: Path) -> None:
    targets = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    code = re.findall(r"```.*?```|`[^`\n]+`", page.read_text("utf-8"), re.DOTALL)
    named = {name for text in code for name in re.findall(r"(?:^|`)\s*make ((?:[a-z0-9-]+ ?)+)", text, re.MULTILINE)}
    assert {target for names in named for target in names.split()} <= targets


def named_tests() -> Iterator[tuple[str, str]]:
    """File and name of each test that docs/security.md cites."""
    page = (ROOT / "docs" / "security.md").read_text("utf-8")
    for entry in re.findall(r"^- `tests/.*?(?=^- |^#|^$)", page, re.MULTILINE | re.DOTALL):
        file, *names = re.findall(r"`([^`]+)`", entry)
        for name in names or [""]:
            yield file, name


@pytest.mark.parametrize(("file", "name"), list(named_tests()))
def test_what_security_is_shown_by_exists(file: str, name: str) -> None:
    assert f"def {name}" in (ROOT / file).read_text("utf-8")


def test_each_of_the_ten_risks_is_shown_by_a_test() -> None:
    page = (ROOT / "docs" / "security.md").read_text("utf-8")
    sections = re.split(r"^##+ ", page, flags=re.MULTILINE)
    risks = {
        section.partition(":")[0] for section in sections if re.match(r"API\d+:", section) and "- `tests/" in section
    }
    assert risks == {f"API{number}" for number in range(1, 11)}


def test_every_decision_is_dated_says_its_alternatives_and_stands_in_the_index() -> None:
    index = (ROOT / "docs" / "decisions" / "README.md").read_text("utf-8")
    pages = sorted(set((ROOT / "docs" / "decisions").glob("*.md")) - {ROOT / "docs" / "decisions" / "README.md"})
    assert pages
    for page in pages:
        text = page.read_text("utf-8")
        title, _, dated = text.splitlines()[:3]
        assert re.fullmatch(r"20\d\d-\d\d-\d\d · (accepted|overtaken by .+)", dated), page.name
        assert "**Alternatives.**" in text, page.name
        assert f"[{title.removeprefix('# ')}]({page.name})" in index, page.name
