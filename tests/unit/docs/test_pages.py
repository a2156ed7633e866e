"""What the pages for people point to exists."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *ROOT.glob("docs/*.md"), *ROOT.glob("benchmarks/*.md")])


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
    """File and name of each test that docs/security.md calls as a witness."""
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
