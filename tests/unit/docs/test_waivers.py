"""Every waiver of a rule (a linter's, a type checker's, a scanner's, the formatter's) says why on its own line."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
FILES = subprocess.run(
    ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
    cwd=ROOT,
    capture_output=True,
    text=True,
    check=True,
).stdout.splitlines()
SOURCES = [name for name in FILES if re.search(r"(\.py|\.yaml|\.toml|Makefile)$", name) and (ROOT / name).is_file()]
WAIVER = re.compile(
    r"# (?:noqa(?P<rules>: [A-Z]+\d+(?:, ?[A-Z]+\d+)*)?|type: ignore(?P<codes>\[[a-z, -]+\])?|nosec(?: B\d+)?"
    r"|pragma: allowlist secret|pragma: no (?:cover|branch)|fmt: (?:skip|off))(?P<reason>.*)"
)


def without_reason(line: str) -> bool:
    """Whether a line waives a rule without naming the rule or the reason."""
    found = WAIVER.search(line)
    if not found:
        return False
    is_vague = re.match(r"# (noqa|type: ignore)", found[0]) and not (found["rules"] or found["codes"])
    return bool(is_vague) or not re.search(r"[A-Za-z]{2,}", re.sub(r"\[[a-z, -]+\]", "", found["reason"]))


@pytest.mark.parametrize(
    "line",
    [
        "x = 1  # noqa",
        "x = 1  # noqa: S603",
        "x = 1  # noqa: S603, S607",
        "x = 1  # type: ignore",
        "x = 1  # type: ignore[misc]",
        "x = 1  # pragma: allowlist secret",
        "x = 1  # pragma: no cover",
        "x = (1, 2)  # fmt: skip",
    ],
)
def test_a_waiver_without_a_reason_is_found(line: str) -> None:
    assert without_reason(line)


@pytest.mark.parametrize(
    "line",
    [
        "x = 1  # noqa: S603 our own script",
        "x = 1  # noqa: S603, S607 our own script",
        "x = 1  # type: ignore[misc] # not typed",
        "x = 1  # pragma: allowlist secret - of nobody",
        "x = 1  # pragma: no cover  of a host without /dev/shm",
        "x = (1, 2)  # fmt: skip  # a table",
        "x = 1  # a comment",
    ],
)
def test_a_waiver_with_a_reason_is_none_of_these(line: str) -> None:
    assert not without_reason(line)


def test_every_waiver_says_which_rule_and_why() -> None:
    found = [
        f"{name}:{number}: {line.strip()}"
        for name in SOURCES
        if name != Path(__file__).relative_to(ROOT).as_posix() and not name.startswith("generated/")
        for number, line in enumerate((ROOT / name).read_text("utf-8").splitlines(), start=1)
        if without_reason(line)
    ]
    assert found == []
