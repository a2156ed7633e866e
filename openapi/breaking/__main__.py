"""`python -m openapi.breaking`: what in `openapi.yaml` can break the clients of the last released contract.

It compares with the newest file in `openapi/released/`, or with BASE: another file, or a git revision.

Exit status:
    0  nothing can break a client, or the major version was raised for what can.
    1  something can break a client; each line names the place, the rule and the operation.
    2  nothing was compared: there is no released contract, or it or `openapi.yaml` cannot be read.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path
from typing import Any

from openapi.breaking import breaks
from openapi.breaking.released import RELEASED, ReleaseError, latest, parsed, read, version_of
from openapi.generate import CONTRACT, ROOT


def main(arguments: list[str] | None = None) -> int:
    """Compare and print. Returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m openapi.breaking",
        description="Tell what can break the clients of the released contract.",
        epilog="Exit status: 0 nothing breaks a client or the major version was raised; 1 something does; "
        "2 nothing was compared.",
    )
    parser.add_argument("base", nargs="?", help="a contract's file or a git revision; by default the last release")
    parser.add_argument("--contract", type=Path, default=CONTRACT, help="the contract to judge")
    parser.add_argument("--released", type=Path, default=RELEASED, help="the folder of released contracts")
    given = parser.parse_args(arguments)
    try:
        name, old = _base(given.base, given.released)
        new = read(given.contract)
        return report(name, old, new)
    except ReleaseError as error:
        print(f"make breaking compared nothing. {error}", file=sys.stderr)
        return 2


def report(name: str, old: dict[str, Any], new: dict[str, Any]) -> int:
    """Print what can break a client of the old contract, which is called `name`. Returns the exit status."""
    found = breaks(old, new)
    for broken in found:
        print(broken)
    count = "1 change" if len(found) == 1 else f"{len(found) or 'No'} changes"
    versions = [version_of(str(document["info"]["version"])) for document in (old, new)]
    if found and versions[0] and versions[1] and versions[1][0] > versions[0][0]:
        print(f"{count} since {name} can break a client; the major version was raised for them.")
        return 0
    print(f"{count} since {name} can break a client.")
    return 1 if found else 0


def _base(base: str | None, folder: Path) -> tuple[str, dict[str, Any]]:
    if not base:
        file, document = latest(folder)
        return file.stem, document
    if Path(base).is_file():
        return base, read(Path(base))
    path = CONTRACT.relative_to(ROOT)
    command = ["git", "show", f"{base}:{path}"]
    shown = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    if shown.returncode:
        raise ReleaseError(f"There is no contract at {base}: {shown.stderr.strip()}")
    return base, parsed(shown.stdout, f"{base}:{path}")


if __name__ == "__main__":
    sys.exit(main())
