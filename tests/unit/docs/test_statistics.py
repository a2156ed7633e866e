"""docs/statistics.md defines every figure that the API shows."""

import re
from pathlib import Path

import pytest

from handlers.documents.fields import contract_name
from handlers.journal.stats.figures import OF_JOURNAL, OF_RECORD
from tests.reference_figures import of_dataset_a

PAGE = (Path(__file__).parents[3] / "docs" / "statistics.md").read_text("utf-8")


def defined() -> set[str]:
    """The names in the first column of the table of figures."""
    _, _, section = PAGE.partition("\n## Figures\n")
    table = section.partition("| reason |")[0]
    return {name for cell in re.findall(r"^\| ([^|]+) \|", table, re.MULTILINE) for name in cell.split(", ")}


@pytest.mark.parametrize("figure", [contract_name(name) for name in (*OF_RECORD, *OF_JOURNAL)])
def test_every_figure_is_defined(figure: str) -> None:
    assert figure in defined(), f"docs/statistics.md, Figures, has no row for {figure}"


@pytest.mark.parametrize("figure", [contract_name(name) for name in (*OF_RECORD, *OF_JOURNAL)])
def test_every_figure_has_a_reference_value(figure: str) -> None:
    assert figure in of_dataset_a(), f"docs/statistics.md, Dataset A, has no value of {figure}"
