"""Checks an archive of a journal by its own manifest."""

from __future__ import annotations

import hashlib
import json
import zipfile
from pathlib import Path
from typing import IO

from .api import Document, Told

VERSION = 2


class Damaged(Exception):
    """The archive does not hold what its manifest says; the message says where."""


def is_of_version_1(file: Path) -> bool:
    """Whether the file is no archive, but an export of the account: JSON, perhaps packed by gzip."""
    with file.open("rb") as content:
        begins = content.read(64)
    return begins.startswith(b"\x1f\x8b") or begins.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{")


def checked(file: Path, told: Told) -> Document:
    """The manifest of an archive all of whose members are as it says. Raises Damaged."""
    try:
        with zipfile.ZipFile(file) as archive:
            manifest = _manifest(archive)
            members = manifest["members"]
            if sorted(archive.namelist()) != sorted([*(each["name"] for each in members), "manifest.json"]):
                raise Damaged("It has other members than its manifest names.")
            size, done = sum(each["size"] for each in members), 0
            for each in members:
                with archive.open(each["name"]) as content:
                    _compare(each, content)
                told(done := done + each["size"], size)
            return manifest
    except (zipfile.BadZipFile, EOFError, OSError, RuntimeError, NotImplementedError) as error:
        raise Damaged(f"It is no readable ZIP file: {error}") from None


def _manifest(archive: zipfile.ZipFile) -> Document:
    try:
        manifest: Document = json.loads(archive.read("manifest.json"))
        if manifest["formatVersion"] != VERSION:
            raise Damaged(f"Its format has the version {manifest['formatVersion']}; this command knows {VERSION}.")
        for each in manifest["members"]:
            (each["name"], each["size"], each["sha256"])
    except (KeyError, TypeError, ValueError):
        raise Damaged("It has no manifest of an archive.") from None
    return manifest


def _compare(member: Document, content: IO[bytes]) -> None:
    """Read no more than the manifest says, so that a forged archive cannot grow without end."""
    digest, size = hashlib.sha256(), 0
    while size <= member["size"] and (part := content.read(1 << 16)):
        digest.update(part)
        size += len(part)
    if (size, digest.hexdigest()) != (member["size"], member["sha256"]):
        raise Damaged(f"{member['name']} is not what the manifest says.")


def told(manifest: Document) -> str:
    """What an archive holds, in words."""
    images = sum(each["name"].startswith("images/") for each in manifest["members"])
    counts = [
        (each["name"].partition(".")[0], each["documents"]) for each in manifest["members"] if "documents" in each
    ]
    said = [f"{count} {name}" for name, count in [*counts, ("images", images)] if count]
    return ", ".join(said) or "no data"
