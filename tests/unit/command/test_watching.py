"""Watching a folder with the command."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from openapi.clients.command.api import Refused
from openapi.clients.command.watching import Folder, watch
from tests.unit.command.fake_journal import Said


def test_a_file_is_told_once_it_is_complete_and_once_for_each_content(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    for name in ("b.csv", "a.TXT", ".hidden.csv", "picture.png", "empty.csv"):
        (tmp_path / name).write_text("" if name == "empty.csv" else name)
    (tmp_path / "folder.csv").mkdir()
    assert folder.complete() == []
    assert [file.name for file in folder.complete()] == ["a.TXT", "b.csv"]
    assert folder.complete() == []
    (tmp_path / "b.csv").write_text("longer than before")
    shutil.copy(tmp_path / "a.TXT", tmp_path / "copy.txt")
    assert folder.complete() == []
    assert [file.name for file in folder.complete()] == ["b.csv"]


def test_files_are_imported_as_they_come_until_somebody_ends_it(tmp_path: Path) -> None:
    seen: list[str] = []

    def import_file(file: Path) -> bool:
        seen.append(file.name)
        if file.name == "bad.csv":
            raise Refused("is refused")
        return True

    def gone() -> None:
        shutil.rmtree(tmp_path)

    def end() -> None:
        raise KeyboardInterrupt

    happens: list[Callable[[], object]] = [
        lambda: None,
        lambda: (tmp_path / "good.csv").write_text("good"),
        lambda: None,
        gone,
        end,
    ]
    (tmp_path / "bad.csv").write_text("bad")
    said = Said()
    with pytest.raises(KeyboardInterrupt):
        watch(tmp_path, said.terminal, import_file, lambda _seconds: happens.pop(0)())
    assert seen == ["bad.csv", "good.csv"]
    assert "bad.csv: is refused" in said.complaints
    assert "The folder could not be read" in said.complaints
    assert said.text.startswith(f"Watching {tmp_path} for .csv")


def test_a_file_that_the_network_was_in_the_way_of_is_tried_again(tmp_path: Path) -> None:
    tries: list[str] = []

    def import_file(file: Path) -> bool:
        tries.append(file.name)
        if file.name == "gone.csv":
            raise FileNotFoundError(file.name)
        raise Refused("no network", passes=len(tries) < 4)

    (tmp_path / "gone.csv").write_text("gone")
    (tmp_path / "fills.csv").write_text("fills")
    rounds = iter(range(6))
    said = Said()
    with pytest.raises(StopIteration):
        watch(tmp_path, said.terminal, import_file, lambda _seconds: next(rounds))
    assert tries == ["fills.csv", "gone.csv", "fills.csv", "fills.csv"]
    assert said.complaints.count("fills.csv: no network") == 3
