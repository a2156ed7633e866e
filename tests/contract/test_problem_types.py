"""The table of problem types in the contract, the kinds of problem that the API makes, and their pages agree."""

from __future__ import annotations

import re

import pytest
from markupsafe import escape

from handlers.web import problems
from handlers.web.contract import base_path
from handlers.web.problems import ProblemKind
from openapi.docs_page.__main__ import problem_pages
from openapi.docs_page.problems import problem_types
from openapi.generate import contract
from tests.unit.docs.test_docs_page import Structure

CONTRACT = contract()
ROWS = {row.type: row for row in problem_types(CONTRACT)}
KINDS = {base_path() + kind.type: kind for kind in vars(problems).values() if isinstance(kind, ProblemKind)}


def test_the_table_has_a_row_for_each_kind_of_problem_with_its_title_and_status() -> None:
    told = {name: (row.title, row.status) for name, row in ROWS.items()}
    assert told == {name: (kind.title, kind.status) for name, kind in KINDS.items()}


def test_no_row_of_the_table_is_passed_over() -> None:
    written = re.findall(r"^\| .*?(/v1/problems/[a-z-]+)", CONTRACT["info"]["description"], re.MULTILINE)
    assert written == list(ROWS)


@pytest.fixture(scope="module")
def pages() -> tuple[dict[str, str], str]:
    return problem_pages()


@pytest.mark.parametrize("name", ROWS)
def test_a_type_has_a_page_that_explains_it_and_leads_to_the_docs_page(
    pages: tuple[dict[str, str], str], name: str
) -> None:
    row = ROWS[name]
    page = pages[0][row.name]
    assert f"<h1>{escape(row.title)}</h1>" in page
    assert f"<code>{name}</code>" in page
    assert 'href="../docs#guide-problem-types"' in page
    assert Structure(page).forbidden == []


def test_every_page_is_of_a_type(pages: tuple[dict[str, str], str]) -> None:
    assert set(pages[0]) == {row.name for row in ROWS.values()}


def test_the_pages_run_no_script_and_load_nothing(pages: tuple[dict[str, str], str]) -> None:
    html, policy = pages[0]["not-found"], pages[1]
    assert "<script" not in html
    assert "script-src" not in policy
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
