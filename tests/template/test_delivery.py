"""The pipeline runs the developers' make targets, pins its actions, and deploys production only after approval."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.template_file import template

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


def jobs(name: str) -> dict[str, Any]:
    found: dict[str, Any] = read(ROOT / ".github" / "workflows" / f"{name}.yaml")["jobs"]
    return found


def needs(job: dict[str, Any]) -> list[str]:
    given = job.get("needs", [])
    return [given] if isinstance(given, str) else given


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_every_job_and_output_that_is_needed_is_there(path: Path) -> None:
    document = read(path)
    for job in document["jobs"].values():
        assert set(needs(job)) <= document["jobs"].keys()
        for other, output in re.findall(r"needs\.([a-z-]+)\.outputs\.([a-z-]+)", str(job)):
            assert other in needs(job)
            assert output in document["jobs"][other].get("outputs", {})
        identified = {step["id"] for step in job.get("steps", ()) if "id" in step}
        assert set(re.findall(r"steps\.([a-z-]+)\.", str(job))) <= identified


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_concurrency_is_said_of_each_job_and_of_no_run(path: Path) -> None:
    """A run that waits for an approval would otherwise hold up the tests and staging of all later ones."""
    document = read(path)
    assert "concurrency" not in document
    for name, job in document["jobs"].items():
        assert "uses" in job or "concurrency" in job, name


def test_production_comes_after_tests_build_and_staging() -> None:
    delivery = jobs("delivery")
    assert needs(delivery["production"]) == ["build", "staging"]
    assert needs(delivery["staging"]) == ["build"]
    assert needs(delivery["build"]) == ["test"]
    for stage in ("staging", "production"):
        # What is deployed everywhere is what was built once.
        assert delivery[stage]["with"]["artifact"] == "${{ needs.build.outputs.artifact }}"
        assert delivery[stage]["with"]["stage"] == stage


def test_every_stage_is_an_environment_of_its_own_in_which_github_can_ask_for_an_approval() -> None:
    assert jobs("deploy")["deploy"]["environment"] == "${{ inputs.stage }}"
    assert jobs("preview")["deploy"]["environment"] == jobs("preview")["remove"]["environment"] == "preview"
    assert jobs("drift")["compare"]["environment"] == "${{ matrix.stage }}-watch"


def runs(job: dict[str, Any]) -> list[str]:
    return [step["run"] for step in job["steps"] if "run" in step]


def test_every_deployment_is_asked_for_every_route() -> None:
    for name in ("deploy", "preview"):
        commands = runs(jobs(name)["deploy"])
        for at, command in enumerate(commands):
            if command.startswith("make deploy"):
                assert commands[at + 1] == "make smoke"


def test_staging_is_told_the_story_and_fuzzed_before_anything_goes_to_production() -> None:
    steps_of_deploy = jobs("deploy")["deploy"]["steps"]
    proving = [step["run"] for step in steps_of_deploy if step.get("if") == "inputs.proves"]
    assert proving == ["make story", "make fuzz"]
    assert jobs("delivery")["staging"]["with"].get("proves") is True
    assert "proves" not in jobs("delivery")["production"]["with"]


def test_a_release_that_fails_in_production_gives_way_to_the_one_before() -> None:
    assert jobs("delivery")["production"]["with"]["goes-back"] is True
    steps_of_deploy = jobs("deploy")["deploy"]["steps"]
    names = [step.get("id") or step.get("run") or step["uses"].partition("@")[0] for step in steps_of_deploy]
    # Where the way back leads is found out before anything changes.
    assert names.index("before") < names.index("make deploy")
    back = steps_of_deploy[names.index("back") :]
    assert "steps.smoke.outcome == 'failure'" in back[0]["if"]
    assert back[0]["with"]["ref"] == "${{ steps.before.outputs.commit }}"
    assert back[1]["with"]["run-id"] == "${{ steps.before.outputs.run }}"
    assert "make deploy" in back[2]["run"]
    assert "RollbackAlarms=false" in back[2]["run"]
    assert back[3]["run"] == "make smoke"
    assert all(step["if"] == "failure() && steps.back.outcome == 'success'" for step in back[1:])
    # The build of a commit is kept under the name by which it is looked for.
    upload = next(step for step in jobs("delivery")["build"]["steps"] if "upload-artifact" in step.get("uses", ""))
    assert upload["with"]["retention-days"] == 90
    assert "artifact=built-$$(git rev-parse --short=12 HEAD)" in (ROOT / "Makefile").read_text("utf-8")


def test_a_preview_is_never_made_of_a_fork() -> None:
    for job in jobs("preview").values():
        assert "github.event.pull_request.head.repo.full_name == github.repository" in job["if"]
        assert job["env"]["STACK"] == "journal-pr-${{ github.event.number }}"
    assert read(ROOT / ".github/workflows/preview.yaml")[True].keys() == {"pull_request"}  # YAML takes "on" for true


def test_a_preview_is_built_before_there_are_credentials_and_removed_in_the_end() -> None:
    deploy, remove = jobs("preview")["deploy"]["steps"], jobs("preview")["remove"]["steps"]
    names = [step.get("run") or step["uses"].partition("@")[0] for step in deploy]
    assert names.index("make build") < names.index("aws-actions/configure-aws-credentials") < names.index("make deploy")
    assert runs({"steps": remove}) == ["make remove"]


def test_drift_is_looked_for_every_night_in_both_stages() -> None:
    assert read(ROOT / ".github/workflows/drift.yaml")[True]["schedule"]
    compare = jobs("drift")["compare"]
    assert compare["strategy"]["matrix"]["stage"] == ["staging", "production"]
    assert runs(compare) == ["make drift"]


def test_keys_of_aws_are_nowhere_and_rights_are_few() -> None:
    allowed = {"actions": "read", "contents": "read", "id-token": "write"}.items()
    for path in WORKFLOWS:
        text = path.read_text("utf-8")
        assert "aws-access-key-id" not in text
        assert "secrets." not in text
        assert read(path)["permissions"] == {"contents": "read"}
        for job in read(path)["jobs"].values():
            assert job.get("permissions", {}).items() <= allowed


def test_parameters_that_are_for_one_deployment_are_given_to_each() -> None:
    """SAM keeps the value of a parameter that is not given: a later deployment would go without alarms too."""
    makefile = (ROOT / "Makefile").read_text("utf-8")
    given = re.search(r"--parameter-overrides (.*) \\", makefile)
    assert given
    words = given[1].split()
    assert words == ["Stage=$(STAGE)", "Release=$(RELEASE)", "$(FOR_ONCE)", "$(PARAMETERS)"]
    assert "FOR_ONCE := RollbackAlarms=true DeploymentType=ByStage\n" in makefile
    defaults = template()["Parameters"]
    assert (defaults["RollbackAlarms"]["Default"], defaults["DeploymentType"]["Default"]) == ("true", "ByStage")
