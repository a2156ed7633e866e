"""A release is written if everything agrees on its version; otherwise every fault is named."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from openapi import release
from openapi.breaking.released import ReleaseError
from openapi.generate import ROOT, contract
from openapi.release import faults

CHANGELOG = """# Changelog

## [Unreleased]

## [1.0.0] - 2026-11-25

### Added
- Everything.
"""


def write(path: str, old: str, new: str) -> Callable[[Path], object]:
    """Change a text in a file below the root."""

    def change(root: Path) -> None:
        text = (root / path).read_text(encoding="utf-8")
        assert old in text
        (root / path).write_text(text.replace(old, new, 1), encoding="utf-8")

    return change


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder that is ready for the release of 1.0.0."""
    (tmp_path / "openapi" / "clients").mkdir(parents=True)
    shutil.copy(ROOT / "openapi" / "clients" / "python.toml", tmp_path / "openapi" / "clients")
    shutil.copy(ROOT / "tests" / "contract" / "library.yaml", tmp_path / "openapi" / "openapi.yaml")
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "x"\nversion = "1.0.0"\n')
    (tmp_path / "CHANGELOG.md").write_text(CHANGELOG)
    return tmp_path


def test_a_release_is_the_contract_byte_for_byte(root: Path) -> None:
    file = release.release("1.0.0", root)
    assert file == root / "openapi" / "released" / "1.0.0.yaml"
    assert file.read_bytes() == (root / "openapi" / "openapi.yaml").read_bytes()


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (write("openapi/openapi.yaml", "version: 1.0.0", "version: 1.1.0"), "info.version is 1.1.0, not 1.0.0"),
        (write("openapi/openapi.yaml", "url: /v1", "url: /v2"), "the server /v2 does not end with /v1"),
        (write("pyproject.toml", "1.0.0", "0.9.0"), "pyproject.toml: version is 0.9.0, not 1.0.0"),
        (write("openapi/clients/python.toml", '"VERSION"', '"0.9.0"'), "python.toml: version is 0.9.0"),
        (write("CHANGELOG.md", "[1.0.0] - 2026-11-25", "[0.9.0] - 2026-11-25"), "no section `## [1.0.0]"),
        (write("CHANGELOG.md", " - 2026-11-25", ""), "needs its day"),
        (write("CHANGELOG.md", "2026-11-25", "2026-11-31"), "needs its day"),
        (write("CHANGELOG.md", "- Everything.", ""), "the section of 1.0.0 is empty"),
        (write("CHANGELOG.md", "[Unreleased]", "[Unreleased]\n- More."), "entries are left under Unreleased"),
    ],
)
def test_what_does_not_agree_is_named(root: Path, change: Callable[[Path], object], fault: str) -> None:
    change(root)
    (found,) = faults("1.0.0", root)
    assert fault in found
    with pytest.raises(ReleaseError):
        release.release("1.0.0", root)
    assert not (root / "openapi" / "released").exists()


@pytest.mark.parametrize("version", ["", "v1.0.0", "1.0", "01.0.0", "1.0.0-rc1"])
def test_a_version_has_three_numbers(root: Path, version: str) -> None:
    assert list(faults(version, root)) == [f"VERSION is {version!r}; write it like 1.0.0."]


def next_release(root: Path, version: str) -> list[str]:
    """The faults of a release after 1.0.0 whose files name its version."""
    write("openapi/openapi.yaml", "version: 1.0.0", f"version: {version}")(root)
    write("pyproject.toml", "1.0.0", version)(root)
    write("CHANGELOG.md", "[1.0.0]", f"[{version}]")(root)
    return list(faults(version, root))


def test_a_version_is_released_once_and_the_next_one_is_higher(root: Path) -> None:
    release.release("1.0.0", root)
    assert list(faults("1.0.0", root)) == ["1.0.0 was released already; 1.0.0 has to be higher."]
    assert next_release(root, "0.9.0")[-1] == "1.0.0 was released already; 0.9.0 has to be higher."


def test_a_release_breaks_no_client_of_the_last_one(root: Path) -> None:
    release.release("1.0.0", root)
    write("openapi/openapi.yaml", "operationId: getBook", "operationId: readBook")(root)
    assert next_release(root, "1.1.0") == [
        "1 change since 1.0.0 can break clients: raise the major version, or see `make breaking`."
    ]


def test_the_command_names_every_fault(capsys: pytest.CaptureFixture[str]) -> None:
    assert release.main(["9.9.9"]) == 1
    told = capsys.readouterr().err
    assert "info.version is" in told
    assert "pyproject.toml: version is" in told
    assert told.endswith("9.9.9 was not released.\n")
    assert not (ROOT / "openapi" / "released" / "9.9.9.yaml").exists()


def test_the_project_has_the_version_of_the_contract() -> None:
    version = contract()["info"]["version"]
    assert not [fault for fault in faults(version) if "version is" in fault]
