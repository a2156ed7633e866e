"""Finding the build that a stack runs, for a rollback."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from ops import builds

COMMIT = "0123456789abcdef0123456789abcdef01234567"  # pragma: allowlist secret - a commit
JOB = {"GITHUB_REPOSITORY": "owner/name", "GITHUB_TOKEN": "token", "GITHUB_API_URL": "https://api.invalid"}


class CloudFormation:
    def __init__(self, release: str | None) -> None:
        self.release = release

    def describe_stacks(self, StackName: str) -> Any:
        if self.release is None:
            raise ClientError({"Error": {"Code": "ValidationError", "Message": StackName}}, "DescribeStacks")
        return {"Stacks": [{"Parameters": [{"ParameterKey": "Release", "ParameterValue": self.release}]}]}


@pytest.mark.parametrize(
    ("release", "commit"),
    [
        (f"1764083553-{COMMIT[:12]}", COMMIT[:12]),
        ("1764083553-unknown", None),
        ("0000000000-tools", None),
        ("", None),
        (None, None),
    ],
)
def test_the_commit_of_a_stack_is_named_by_its_release(release: str | None, commit: str | None) -> None:
    assert builds.deployed_commit(lambda _: CloudFormation(release), "journal-production") == commit


def artifact(run: int, created_at: str, *, sha: str = COMMIT, expired: bool = False) -> dict[str, Any]:
    return {"expired": expired, "created_at": created_at, "workflow_run": {"id": run, "head_sha": sha}}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The requests to GitHub. The first item is GitHub's answer."""
    made: list[Any] = [[]]

    def urlopen(request: Any, timeout: int) -> Any:
        made.append((request.full_url, request.get_header("Authorization"), timeout))
        return io.BytesIO(json.dumps({"artifacts": made[0]}).encode())

    monkeypatch.setattr("urllib.request.urlopen", urlopen)
    return made


def test_the_newest_build_that_is_kept_is_the_way_back(asked: list[Any]) -> None:
    asked[0] = [
        artifact(1, "2026-01-05T10:00:00Z"),
        artifact(2, "2026-01-06T10:00:00Z"),
        artifact(3, "2026-01-07T10:00:00Z", expired=True),
        artifact(4, "2026-01-08T10:00:00Z", sha="f" * 40),
    ]
    found = builds.find(COMMIT[:12], JOB)
    assert found == {"artifact": f"built-{COMMIT[:12]}", "run": "2", "commit": COMMIT}
    url, authorization, _ = asked[1]
    assert url.startswith(f"https://api.invalid/repos/owner/name/actions/artifacts?name=built-{COMMIT[:12]}&")
    assert authorization == "Bearer token"


def test_without_a_build_there_is_no_way_back(
    asked: list[Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in {**JOB, "STACK": "journal-production"}.items():
        monkeypatch.setenv(name, value)
    for commit in (COMMIT[:12], None):
        monkeypatch.setattr(builds, "deployed_commit", lambda *_, commit=commit: commit)
        assert builds.main() == 0
        told = capsys.readouterr()
        assert told.out == "artifact=\nrun=\ncommit=\n"
        assert "cannot be undone" in told.err
    assert len(asked) == 2  # only for the commit that is known
