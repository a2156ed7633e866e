"""`python -m openapi.release VERSION`: write `openapi/released/<VERSION>.yaml`, once everything agrees on the version.

It checks that

- VERSION has three numbers, is higher than the last release and was not released already;
- `info.version` of the contract, `version` of pyproject.toml and the version of both clients are VERSION;
- the contract's servers begin with the major version, `/v1`;
- CHANGELOG.md has a section `## [VERSION] - YYYY-MM-DD` with entries, and none is left under Unreleased;
- no change since the last release breaks a client, unless the major version was raised.

All faults are reported together. Exits with 0 if the file was written, with 1 if not.
"""

from __future__ import annotations

import argparse
import re
import sys
import tomllib
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from openapi.breaking import breaks
from openapi.breaking.released import ReleaseError, latest, read, version_of
from openapi.generate import ROOT

_SECTION = re.compile(r"^## \[(?P<name>[^\]]+)\](?: - (?P<date>\S+))?\s*$", re.MULTILINE)


def faults(version: str, root: Path = ROOT) -> Iterator[str]:
    """Each reason, as a sentence, why the files below `root` cannot be released as this version."""
    numbers = version_of(version)
    if numbers is None:
        yield f"VERSION is {version!r}; write it like 1.0.0."
        return
    contract = read(root / "openapi" / "openapi.yaml")
    said = str(contract["info"]["version"])
    if said != version:
        yield f"openapi/openapi.yaml: info.version is {said}, not {version}."
    for server in contract.get("servers", []):
        if not re.search(rf"/v{numbers[0]}/?$", server["url"]):
            yield f"openapi/openapi.yaml: the server {server['url']} does not end with /v{numbers[0]}."
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    if project != version:
        yield f"pyproject.toml: version is {project}, not {version}."
    # The generators give both clients the contract's version; a number in this file would be a second one to keep.
    client = tomllib.loads((root / "openapi" / "clients" / "python.toml").read_text(encoding="utf-8"))["project"][
        "version"
    ]
    if client not in ("VERSION", version):
        yield f"openapi/clients/python.toml: version is {client}, not that of the contract."
    yield from _changelog(version, (root / "CHANGELOG.md").read_text(encoding="utf-8"))
    yield from _since_last(version, numbers, root)


def _changelog(version: str, text: str) -> Iterator[str]:
    sections = {}
    found = list(_SECTION.finditer(text))
    for match, following in zip(found, [*found[1:], None], strict=True):
        body = text[match.end() : following.start() if following else None]
        sections[match["name"]] = (match["date"], re.search(r"^- ", body, re.MULTILINE) is not None)
    if sections.get("Unreleased", (None, False))[1]:
        yield f"CHANGELOG.md: entries are left under Unreleased; move them to {version}."
    day, entries = sections.get(version, (None, True))
    if version not in sections:
        yield f"CHANGELOG.md: there is no section `## [{version}] - YYYY-MM-DD`."
        return
    if not entries:
        yield f"CHANGELOG.md: the section of {version} is empty."
    try:
        date.fromisoformat(day or "")
    except ValueError:
        yield f"CHANGELOG.md: the section of {version} needs its day, such as `## [{version}] - 2026-01-31`."


def _since_last(version: str, numbers: tuple[int, int, int], root: Path) -> Iterator[str]:
    folder = root / "openapi" / "released"
    if not any(folder.glob("*.yaml")):
        return
    file, before = latest(folder)
    last = version_of(file.stem)
    if last is None or numbers <= last:
        yield f"{file.stem} was released already; {version} has to be higher."
        return
    found = breaks(before, read(root / "openapi" / "openapi.yaml"))
    if found and numbers[0] == last[0]:
        count = "1 change" if len(found) == 1 else f"{len(found)} changes"
        yield f"{count} since {file.stem} can break clients: raise the major version, or see `make breaking`."


def release(version: str, root: Path = ROOT) -> Path:
    """Write the released contract, byte for byte.

    Raises:
        ReleaseError: with every fault, a line each; nothing was written then.
    """
    found = list(faults(version, root))
    if found:
        raise ReleaseError("\n".join(found))
    file = root / "openapi" / "released" / f"{version}.yaml"
    file.parent.mkdir(exist_ok=True)
    with file.open("xb") as written:
        written.write((root / "openapi" / "openapi.yaml").read_bytes())
    return file


def main(arguments: list[str] | None = None) -> int:
    """Release the version, or print the faults. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m openapi.release", description="Write a released contract.")
    parser.add_argument("version", help="the version to release, such as 1.0.0")
    version = parser.parse_args(arguments).version
    try:
        file = release(version)
    except ReleaseError as error:
        print(error, file=sys.stderr)
        print(f"{version} was not released.", file=sys.stderr)
        return 1
    print(f"{file.relative_to(ROOT)} is written. Commit it, and tag that commit v{version}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
