"""Each file under tests/formats is read as the document beside it says, and each format has such a file."""

import json
from pathlib import Path

import pytest

from handlers.imports import formats
from handlers.imports.format import Format, Layout
from handlers.imports.formats import BY_ID, FORMATS
from tests.formats.expected import FOLDER, document_of

FILES = sorted(file for file in FOLDER.glob("*/*") if file.suffix not in (".json", ".py", ".pyc"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_a_file_is_read_as_the_document_beside_it_says(file: Path) -> None:
    expected = json.loads(file.with_suffix(".json").read_text("utf-8"))
    assert document_of(file, expected.get("options")) == expected
    assert expected["format"] == file.parent.name


def test_the_formats_are_the_modules_of_the_folder() -> None:
    folder = Path(formats.__file__).parent
    modules = sorted(file.stem for file in folder.glob("*.py") if not file.stem.startswith("_"))
    assert [each.id for each in FORMATS] == modules, "add the module to handlers/imports/formats/__init__.py"
    assert list(BY_ID) == modules


@pytest.mark.parametrize("of", FORMATS, ids=lambda each: each.id)
def test_a_format_has_a_file(of: Format) -> None:
    assert any(file.parent.name == of.id for file in FILES), f"add a file to tests/formats/{of.id}"


@pytest.mark.parametrize("of", FORMATS, ids=lambda each: each.id)
def test_a_format_is_described_to_its_readers(of: Format) -> None:
    page = (FOLDER.parents[1] / "docs" / "formats.md").read_text("utf-8")
    assert f"`{of.id}`" in page, "add a line to docs/formats.md"
    assert of.how_to_export
    assert of.broker
    assert of.layout is Layout.TABLE or of.opening
