"""Exporting into an archive, checking it, and restoring it, with the command."""

from __future__ import annotations

import hashlib
import json
import zipfile
from pathlib import Path
from typing import Any

import httpx
import pytest

from openapi.clients.command import archive, exporting, restoring
from openapi.clients.command.api import Refused
from tests.unit.command.fake_journal import FILES, FakeJournal, Said

MEMBERS = {"settings.json": b"{}\n", "trades.ndjson": b'{"a":1}\n{"a":2}\n', "images/1": b"\x89PNG"}


def manifest_of(members: dict[str, bytes], **more: Any) -> dict[str, Any]:
    """The manifest of these members."""
    told = [
        {"name": name, "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        for name, content in members.items()
    ]
    for each in told:
        if str(each["name"]).endswith(".ndjson"):
            each["documents"] = members[str(each["name"])].count(b"\n")
    return {"formatVersion": 2, "exportedAt": "2026-01-05T10:00:00Z", "members": told, **more}


def packed(path: Path, members: dict[str, bytes], manifest: object) -> Path:
    """An archive."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        for name, content in members.items():
            out.writestr(name, content)
        out.writestr("manifest.json", json.dumps(manifest))
    return path


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    """An archive that is as its manifest says."""
    return packed(tmp_path / "whole.zip", MEMBERS, manifest_of(MEMBERS))


def nothing(_done: int, _size: int) -> None:
    """Whom no progress is told."""


def test_an_archive_that_is_as_its_manifest_says_is_described(whole: Path) -> None:
    told: list[tuple[int, int]] = []
    manifest = archive.checked(whole, lambda *done: told.append(done))
    assert archive.told(manifest) == "2 trades, 1 images"
    assert archive.told(manifest_of({"settings.json": b"{}"})) == "no data"
    assert told[-1] == (23, 23)


@pytest.mark.parametrize(
    ("members", "manifest", "words"),
    [
        (MEMBERS, manifest_of({**MEMBERS, "images/1": b"\x88PNG"}), "images/1 is not what the manifest says"),
        (MEMBERS, manifest_of({**MEMBERS, "images/1": b"\x89P"}), "images/1 is not what the manifest says"),
        ({**MEMBERS, "more": b""}, manifest_of(MEMBERS), "other members than its manifest names"),
        ({}, manifest_of(MEMBERS), "other members"),
        (MEMBERS, manifest_of(MEMBERS, formatVersion=3), "the version 3; this command knows 2"),
        (MEMBERS, {"formatVersion": 2}, "no manifest"),
        (MEMBERS, {"formatVersion": 2, "members": [{"name": "a"}]}, "no manifest"),
        (MEMBERS, [], "no manifest"),
    ],
)
def test_a_damaged_archive_is_refused(tmp_path: Path, members: dict[str, bytes], manifest: object, words: str) -> None:
    with pytest.raises(archive.Damaged, match=words):
        archive.checked(packed(tmp_path / "a.zip", members, manifest), nothing)


def test_a_file_that_is_no_archive_is_refused(tmp_path: Path, whole: Path) -> None:
    other = tmp_path / "other.zip"
    for content in (b"no", whole.read_bytes()[:-40]):
        other.write_bytes(content)
        with pytest.raises(archive.Damaged, match="no readable ZIP"):
            archive.checked(other, nothing)


def export(size: int, **more: Any) -> dict[str, Any]:
    return {"exportId": "e-1", "status": "WRITTEN", "url": FILES, "size": size, "rowsWritten": 7, **more}


@pytest.fixture
def fake(whole: Path) -> FakeJournal:
    """A journal that writes this archive."""
    fake, content = FakeJournal(), whole.read_bytes()
    fake.on("POST /exports", httpx.Response(202, json=export(0, status="WRITING")))
    fake.on("GET /exports/e-1", export(0, status="WRITING"), export(len(content)))
    fake.on("GET files", httpx.Response(200, stream=httpx.ByteStream(content)))
    return fake


def test_an_export_is_fetched_checked_and_kept_from_others(fake: FakeJournal, tmp_path: Path) -> None:
    said, target = Said(), tmp_path / "mine.zip"
    exporting.export(fake.journal(), said.terminal, "ZIP", target)
    assert fake.bodies("POST /exports") == [{"format": "ZIP"}]
    assert target.stat().st_mode & 0o777 == 0o600
    assert said.text == f"{target}: {target.stat().st_size} bytes, checked: 2 trades, 1 images\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine.zip", "whole.zip"]
    with pytest.raises(Refused, match="exists already"):
        exporting.export(fake.journal(), said.terminal, "ZIP", target)


def test_a_table_is_not_looked_into(fake: FakeJournal, tmp_path: Path) -> None:
    fake.on("GET /exports/e-1", export(3))
    fake.on("GET files", httpx.Response(200, stream=httpx.ByteStream(b"a,b")))
    said = Said()
    exporting.export(fake.journal(), said.terminal, "CSV", tmp_path / "mine.csv")
    assert said.text.endswith("mine.csv: 3 bytes, a table of closes\n")


def test_a_file_that_did_not_arrive_whole_is_not_kept(fake: FakeJournal, tmp_path: Path) -> None:
    content = packed(tmp_path / "bad.zip", MEMBERS, manifest_of({})).read_bytes()
    fake.on("GET /exports/e-1", export(len(content)))
    fake.on("GET files", httpx.Response(200, stream=httpx.ByteStream(content)))
    with pytest.raises(Refused, match="did not arrive whole"):
        exporting.export(fake.journal(), Said().terminal, "ZIP", tmp_path / "mine.zip")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.zip", "whole.zip"]


def test_an_export_that_failed_is_told(fake: FakeJournal, tmp_path: Path) -> None:
    fake.on("GET /exports/e-1", export(0, status="FAILED"))
    with pytest.raises(Refused, match="did not finish"):
        exporting.export(fake.journal(), Said().terminal, "ZIP", tmp_path / "mine.zip")


def test_images_that_are_missing_are_told(fake: FakeJournal, tmp_path: Path) -> None:
    content = packed(tmp_path / "a.zip", MEMBERS, manifest_of(MEMBERS, missingImages=["1"])).read_bytes()
    fake.on("GET /exports/e-1", export(len(content)))
    fake.on("GET files", httpx.Response(200, stream=httpx.ByteStream(content)))
    said = Said()
    exporting.export(fake.journal(), said.terminal, "ZIP", tmp_path / "mine.zip")
    assert said.complaints == "1 images were deleted while the archive was written.\n"


def test_an_export_has_a_name_of_today() -> None:
    assert exporting.default_name("ZIP").name.startswith("trading-journal-20")
    assert exporting.default_name("CSV").suffix == ".csv"


def restore(status: str, **more: Any) -> dict[str, Any]:
    return {"restoreId": "r-1", "status": status, "version": 1, **more}


@pytest.fixture
def restores() -> FakeJournal:
    """A journal into which an archive is restored."""
    fake = FakeJournal()
    made = {"restore": restore("AWAITING_FILE"), "upload": {"url": FILES, "fields": {"key": "k"}}}
    fake.on("POST /restores", httpx.Response(201, json=made))
    fake.on("POST files", httpx.Response(204))
    fake.on("POST /restores/r-1/commit", httpx.Response(202, json=restore("CHECKING")))
    at_work = restore("RESTORING", progress={"phase": "trades", "done": 1, "total": 2})
    fake.on("GET /restores/r-1", restore("CHECKING"), at_work, restore("RESTORED"))
    return fake


def test_an_archive_is_restored_once_somebody_agrees(restores: FakeJournal, whole: Path) -> None:
    said = Said("y\n")
    assert restoring.restore(restores.journal(), said.terminal, whole, only_check=False, yes=False)
    assert restores.bodies("POST /restores") == [{"mode": "EMPTY_ONLY", "onlyCheck": False}]
    [commit] = restores.sent("POST /restores/r-1/commit")
    assert commit.headers["If-Match"] == '"1"'
    assert said.text.endswith("Restored. To take it back: trading-journal undo r-1\n")
    assert "written 2026-01-05T10:00:00Z, 2 trades, 1 images" in said.text


def test_an_archive_is_only_checked_without_asking(restores: FakeJournal, whole: Path) -> None:
    restores.on("GET /restores/r-1", restore("CHECKED"))
    said = Said()
    assert restoring.restore(restores.journal(), said.terminal, whole, only_check=True, yes=False)
    assert restores.bodies("POST /restores") == [{"mode": "EMPTY_ONLY", "onlyCheck": True}]
    assert said.text.endswith("It can be restored.\n")


def test_nothing_is_restored_without_a_yes(restores: FakeJournal, whole: Path) -> None:
    said = Said("n\n")
    assert not restoring.restore(restores.journal(), said.terminal, whole, only_check=False, yes=False)
    assert restores.seen == []
    assert "Nothing is sent" in said.complaints


def test_why_an_archive_was_not_restored_is_told(restores: FakeJournal, whole: Path) -> None:
    problems = [
        {"code": "NOT_CANONICAL", "detail": "is otherwise", "member": "trades.ndjson", "line": 7},
        {"code": "MISSING_MEMBER", "detail": "is missing", "member": "fx.ndjson"},
        {"code": "NOT_EMPTY", "detail": "There are trades."},
    ]
    restores.on("GET /restores/r-1", restore("FAILED", problems=problems))
    said = Said()
    assert not restoring.restore(restores.journal(), said.terminal, whole, only_check=False, yes=True)
    assert said.complaints.splitlines() == [
        "The archive was not restored (FAILED).",
        "  trades.ndjson, line 7: is otherwise (NOT_CANONICAL)",
        "  fx.ndjson: is missing (MISSING_MEMBER)",
        "  There are trades. (NOT_EMPTY)",
    ]


def test_a_damaged_archive_is_not_sent(restores: FakeJournal, tmp_path: Path) -> None:
    file = packed(tmp_path / "bad.zip", {}, manifest_of(MEMBERS))
    with pytest.raises(Refused, match=r"bad\.zip cannot be restored\. It has other members"):
        restoring.restore(restores.journal(), Said().terminal, file, only_check=False, yes=True)
    assert restores.seen == []


def preview(*changed: str, **more: Any) -> dict[str, Any]:
    members = [
        {"name": "trades", "new": 2, "duplicate": 1, "changed": len(changed)},
        {"name": "cash", "new": 0, "duplicate": 3, "changed": 0},
    ]
    named = [{"name": "trades", "id": one} for one in changed]
    return restore("PREVIEW", preview={"members": members, "changed": named}, **more) | {"version": 3}


def test_an_archive_is_merged_once_its_preview_was_looked_at(restores: FakeJournal, whole: Path) -> None:
    warning = {"code": "IMAGES_MISSING", "detail": "are left out", "member": "trades.ndjson"}
    done = restore("RESTORED", warnings=[warning])
    restores.on("GET /restores/r-1", restore("AWAITING_FILE"), restore("CHECKING"), preview("t-1"), done)
    said = Said("y\n")
    ask = restoring.restore
    terminal = said.terminal
    assert ask(restores.journal(), terminal, whole, only_check=False, yes=False, merge=True, conflicts="KEEP")
    assert restores.bodies("POST /restores") == [{"mode": "MERGE", "conflicts": "KEEP", "onlyCheck": False}]
    [commit] = restores.sent("POST /restores/r-1/commit")
    assert commit.headers["If-Match"] == '"3"'
    assert "trades: 2 new, 1 otherwise than stored\n  trades t-1\n" in said.text
    assert "cash" not in said.text
    assert said.text.endswith("Restored. To take it back: trading-journal undo r-1\n")
    assert "trades.ndjson: are left out (IMAGES_MISSING)" in said.complaints


@pytest.mark.parametrize(
    ("answer", "found", "words"),
    [
        ("y\n", preview("t-1"), "give --conflicts KEEP or REPLACE"),
        ("n\n", preview(), "with --yes the archive is merged"),
        ("y\n", restore("FAILED", problems=[{"code": "OTHER_SOURCE", "detail": "is otherwise"}]), "OTHER_SOURCE"),
    ],
)
def test_nothing_is_merged_that_was_not_agreed_to(
    restores: FakeJournal, whole: Path, answer: str, found: dict[str, Any], words: str
) -> None:
    restores.on("GET /restores/r-1", found)
    said = Said(answer)
    assert not restoring.restore(restores.journal(), said.terminal, whole, only_check=False, yes=False, merge=True)
    assert restores.sent("POST /restores/r-1/commit") == []
    assert words in said.complaints


def test_a_merge_is_only_checked_without_asking(restores: FakeJournal, tmp_path: Path) -> None:
    file = tmp_path / "account.json"
    file.write_bytes(b'{"formatVersion":1}')
    restores.on("GET /restores/r-1", preview("t-1"), restore("CHECKED"))
    said = Said()
    assert restoring.restore(restores.journal(), said.terminal, file, only_check=True, yes=False, merge=True)
    assert "an export of the account, without the files of images" in said.text
    assert said.text.endswith("It can be restored.\n")
