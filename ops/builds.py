"""`make deployed-build`: finds the build that a stack runs now, which the pipeline deploys again after a failure.

The stack's parameter Release names the deployed commit, and the pipeline keeps each commit's build as an artifact of
its run on GitHub. Prints `artifact`, `run` and `commit` in the format of a step's outputs. `run` is empty without
such a build: the stack is new, or the artifact has expired.

Reads STACK and AWS' settings; GITHUB_REPOSITORY, GITHUB_API_URL and GITHUB_TOKEN as GitHub sets them in a job.
"""

from __future__ import annotations

import json
import os
import re
import sys
import urllib.request
from collections.abc import Mapping
from typing import Any

import boto3

from ops.stack import Client, parameter


def name_of(commit: str) -> str:
    """The name of a commit's artifact. The commit's first twelve digits are enough."""
    return f"built-{commit[:12]}"


def deployed_commit(client: Client, stack: str) -> str | None:
    """The commit that the stack runs; None if the stack does not exist or its release names no commit."""
    named = re.fullmatch(r"[0-9]+-([0-9a-f]{12})", parameter(client, stack, "Release") or "")
    return named[1] if named else None


def find(commit: str, given: Mapping[str, str]) -> dict[str, str]:
    """Artifact, run and full commit of the newest unexpired build of the commit; empty without one."""
    repository, api = given["GITHUB_REPOSITORY"], given.get("GITHUB_API_URL", "https://api.github.com")
    request = urllib.request.Request(  # noqa: S310 GitHub's address, from the job's environment
        f"{api}/repos/{repository}/actions/artifacts?name={name_of(commit)}&per_page=100",
        headers={"Authorization": f"Bearer {given['GITHUB_TOKEN']}", "Accept": "application/vnd.github+json"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 as above
        artifacts: list[dict[str, Any]] = json.load(answer)["artifacts"]
    kept = [one for one in artifacts if not one["expired"] and one["workflow_run"]["head_sha"].startswith(commit)]
    if not kept:
        return {}
    newest = max(kept, key=lambda one: str(one["created_at"]))
    run = newest["workflow_run"]
    return {"artifact": name_of(commit), "run": str(run["id"]), "commit": run["head_sha"]}


def main() -> int:
    """Print the outputs. If there is no such build, say why on standard error."""
    stack = os.environ.get("STACK") or ""
    if not stack:
        raise SystemExit("Which stack? make deployed-build STACK=its-name")
    client: Any = boto3.Session().client
    commit = deployed_commit(client, stack)
    found = find(commit, os.environ) if commit else {}
    if not found:
        why = (
            f"the build of {commit} is not kept any more" if commit else f"{stack} runs no release that names a commit"
        )
        sys.stderr.write(f"A failed deployment cannot be undone with an earlier build: {why}.\n")
    for name in ("artifact", "run", "commit"):
        sys.stdout.write(f"{name}={found.get(name, '')}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
