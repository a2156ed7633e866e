"""The pipeline: the same make targets as on a desk, pinned actions, and nothing in production that nobody approved."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yaml"))
TARGETS = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text("utf-8"))


def steps(path: Path) -> list[dict[str, Any]]:
    return [step for job in read(path)["jobs"].values() for step in job.get("steps", ())]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_every_action_is_pinned_to_a_commit(path: Path) -> None:
    for step in steps(path):
        assert re.fullmatch(r"[a-z-]+/[a-z-]+@[0-9a-f]{40}", step.get("uses", "x/y@" + "0" * 40))


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_what_is_run_is_a_target_of_the_makefile_or_what_ci_runs(path: Path) -> None:
    commands = [step["run"] for step in steps(path) if "run" in step]
    assert commands
    for command in commands:
        made = {
            target for targets in re.findall(r"make (?:--silent )?([a-z0-9 -]+)", command) for target in targets.split()
        }
        assert made <= TARGETS
        assert made or command == ".ci/run"


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_no_expression_is_written_into_a_command(path: Path) -> None:
    assert not [step for step in steps(path) if "${{" in step.get("run", "")]


def test_production_comes_after_tests_build_staging_and_fuzzing() -> None:
    jobs = read(ROOT / ".github/workflows/delivery.yaml")["jobs"]
    before, job = [], "production"
    while job := jobs[job].get("needs", ""):
        before.append(job)
    assert before == ["fuzz", "staging", "build", "test"]


def test_every_stage_is_an_environment_of_its_own_in_which_github_can_ask_for_an_approval() -> None:
    deploy = read(ROOT / ".github/workflows/deploy.yaml")["jobs"]["deploy"]
    assert deploy["environment"] == "${{ inputs.stage }}"
    jobs = read(ROOT / ".github/workflows/delivery.yaml")["jobs"]
    assert [jobs[name]["with"]["stage"] for name in ("staging", "production")] == ["staging", "production"]


def test_keys_of_aws_are_nowhere() -> None:
    for path in WORKFLOWS:
        assert "aws-access-key-id" not in path.read_text("utf-8")
        permissions = read(path)["permissions"]
        assert permissions.items() <= {"contents": "read", "id-token": "write"}.items()
