"""The contracts that were released: `openapi/released/<version>.yaml`, each a copy of what clients were given."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from openapi.generate import ROOT

RELEASED = ROOT / "openapi" / "released"
Version = tuple[int, int, int]
_VERSION = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)")


class ReleaseError(Exception):
    """Raised when there is no released contract to compare with, or one that cannot be trusted."""


def version_of(text: str) -> Version | None:
    """A version as numbers; None when it is not three of them, as Semantic Versioning has it."""
    match = _VERSION.fullmatch(text)
    return (int(match[1]), int(match[2]), int(match[3])) if match else None


def latest(folder: Path = RELEASED) -> tuple[Path, dict[str, Any]]:
    """The last released contract with its file.

    Raises:
        ReleaseError: when nothing was released, or a file is not the contract of the version in its name.
    """
    files = sorted(folder.glob("*.yaml")) if folder.is_dir() else []
    if not files:
        raise ReleaseError(
            f"No contract has been released: {_shown(folder)} holds no <version>.yaml, so there is nothing to compare "
            "with. `make release VERSION=1.0.0` writes the first one."
        )
    by_version: dict[Version, tuple[Path, dict[str, Any]]] = {}
    for file in files:
        version = version_of(file.stem)
        if version is None:
            raise ReleaseError(f"{_shown(file)} is not named by a version such as 1.0.0.yaml.")
        document = read(file)
        if document["info"]["version"] != file.stem:
            raise ReleaseError(f"{_shown(file)} is the contract of version {document['info']['version']}.")
        by_version[version] = (file, document)
    return by_version[max(by_version)]


def read(file: Path) -> dict[str, Any]:
    """A contract from a file.

    Raises:
        ReleaseError: when the file is missing or holds no OpenAPI document.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise ReleaseError(f"{_shown(file)} cannot be read: {error.strerror}.") from error
    return parsed(text, _shown(file))


def parsed(text: str, name: str) -> dict[str, Any]:
    """A contract from its text; `name` says where it is from.

    Raises:
        ReleaseError: when the text is no OpenAPI document.
    """
    try:
        document = yaml.load(text, yaml.CSafeLoader)
    except yaml.YAMLError as error:
        raise ReleaseError(f"{name} is no YAML document: {error}") from error
    if not isinstance(document, dict) or not {"openapi", "info", "paths"} <= document.keys():
        raise ReleaseError(f"{name} is no OpenAPI document.")
    return document


def _shown(file: Path) -> str:
    return str(file.relative_to(ROOT)) if file.is_relative_to(ROOT) else str(file)
