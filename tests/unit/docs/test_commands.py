"""Every command of the pages for operators is one that exists, with parameters that it takes.

What runs without AWS is run: by the tests that RUN_BY names, most of them against the embedded AWS. `aws` commands are
held to AWS's own models, which botocore brings.
"""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import botocore.session
import jmespath  # type: ignore[import-untyped] # it has no types
import pytest
from botocore import xform_name

from ops import names
from tests.template.test_translation import Decided
from tests.template_file import read, template

ROOT = Path(__file__).parents[3]
PAGES = [ROOT / "docs" / "deploy.md", ROOT / "docs" / "runbook.md", ROOT / "docs" / "encryption.md"]

# Which test runs a make target of these pages as it is written here, with the name of a stack on the embedded AWS.
RUN_BY = {
    "api-url": "tests/e2e/test_operating.py",
    "deploy": "tests/unit/docs/test_commands.py",  # as far as it goes without AWS
    "drift": "tests/e2e/test_operating.py",
    "fuzz": "tests/e2e/test_fuzz.py",
    "protect": "tests/e2e/test_operating.py",
    "redrive": "tests/e2e/test_operating.py",
    "remove": "tests/e2e/test_operating.py",
    "restore": "tests/e2e/test_operating.py",
    "smoke": "tests/e2e/test_smoke.py",
    "story": "tests/e2e/test_operating.py",
    "run": "Makefile",  # what the end-to-end tests start is what it starts
    "build": "Makefile",  # `make test` builds by the same rules, for the interpreter at hand
    "validate": "Makefile",  # is a part of `make test`
}
# What the CLI calls otherwise than the services do.
SERVICES = {"s3api": "s3"}
RENAMED = {("sns", "subscribe", "notification-endpoint"): "endpoint"}
# The CLI's own options, and what it has beside the services' operations.
OF_THE_CLI = {"query", "output", "region", "profile"}
CLOUDFORMATION_DEPLOY = {"template-file", "stack-name", "parameter-overrides", "capabilities"}
# Not of AWS and not of make: each is plain git or shell.
PLAIN = {"git", "export"}


@dataclass(frozen=True)
class Command:
    page: str
    words: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.page}: {' '.join(self.words)}"[:100]


def commands() -> Iterator[Command]:
    """Every command of a block, and every `aws` and `make` in a line."""
    for page in PAGES:
        text = page.read_text("utf-8")
        blocks = [block for kind, block in re.findall(r"```(\w*)\n(.*?)```", text, re.DOTALL) if not kind]
        rest = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
        inline = [" ".join(code.split()) for code in re.findall(r"`([^`]+)`", rest)]
        lines = [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]
        lines += [code for code in inline if re.match(r"(aws|make|[A-Z_]+=\S+ .*make) ", code)]
        for line in lines:
            words = shlex.split(line.strip())
            while words and re.match(r"[A-Z_]+=", words[0]):
                words = words[1:]
            if words and not re.match(r"fields|filter|stats|\||\{|#", line.strip()):  # queries of Logs Insights
                yield Command(page.stem, tuple(words))


COMMANDS = sorted(set(commands()), key=str)
AWS = [command for command in COMMANDS if command.words[0] == "aws"]
MAKE = [command for command in COMMANDS if command.words[0] == "make"]


def test_every_command_is_of_a_kind_that_is_tested() -> None:
    assert {command.words[0] for command in COMMANDS} <= {"aws", "make", *PLAIN}
    assert len(AWS) > 20
    assert len(MAKE) > 12


@cache
def session() -> Any:
    return botocore.session.get_session()


@cache
def service(name: str) -> Any:
    return session().get_service_model(name)


def options(words: tuple[str, ...]) -> dict[str, list[str]]:
    """The options with what follows each."""
    found: dict[str, list[str]] = {}
    for word in words:
        if word.startswith("--"):
            name, _, value = word[2:].partition("=")
            found[name] = [value] if value else []
        else:
            assert found, f"{word} belongs to no option"
            found[list(found)[-1]].append(word)
    return found


@pytest.mark.parametrize("command", AWS, ids=str)
def test_aws_takes_the_command(command: Command) -> None:
    _, name, operation, *rest = command.words
    name = SERVICES.get(name, name)
    waiter = rest.pop(0) if operation == "wait" else ""
    given = {RENAMED.get((name, operation, it), it): values for it, values in options(tuple(rest)).items()}
    if "query" in given:
        jmespath.compile(" ".join(given["query"]))
    own = {option: values for option, values in given.items() if option not in OF_THE_CLI}
    if (name, operation) == ("cloudformation", "deploy"):
        assert own.keys() <= CLOUDFORMATION_DEPLOY
        return
    if operation == "wait":
        loaded = session().get_component("data_loader").load_service_model(name, "waiters-2")
        by_name = {xform_name(it, "-"): description for it, description in loaded["waiters"].items()}
        check(service(name).operation_model(by_name[waiter]["operation"]), own)
        return
    operations = {xform_name(it, "-"): it for it in service(name).operation_names}
    assert operation in operations, f"{name} has no {operation}"
    check(service(name).operation_model(operations[operation]), own)


def check(model: Any, given: dict[str, list[str]]) -> None:
    """Hold the options to the operation's input: names, required ones, enumerations, kinds of values."""
    members = model.input_shape.members if model.input_shape else {}
    by_option = {xform_name(it, "-"): (it, shape) for it, shape in members.items()}
    by_option |= {f"no-{option}": found for option, found in by_option.items() if found[1].type_name == "boolean"}
    assert given.keys() <= by_option.keys(), f"{model.name} takes no {given.keys() - by_option.keys()}"
    for option, values in given.items():
        _, shape = by_option[option]
        assert bool(values) is (shape.type_name != "boolean"), f"--{option}"
        if values and getattr(shape, "enum", None) and not values[0].startswith("<"):
            assert values[0] in shape.enum, f"--{option} {values[0]}"
        if shape.type_name in ("integer", "long"):
            assert values[0].isdecimal()
    required = set(model.input_shape.required_members) if model.input_shape else set()
    assert required <= {
        by_option[option.removeprefix("no-") if option not in by_option else option][0] for option in given
    }


DEPLOYED = [command for command in AWS if command.words[1:3] == ("cloudformation", "deploy")]


@pytest.mark.parametrize("command", DEPLOYED, ids=str)
def test_a_template_of_ops_takes_the_parameters_that_the_page_gives_it(command: Command) -> None:
    given = options(command.words[3:])
    document = read(ROOT / given["template-file"][0])
    parameters = dict(word.split("=", 1) for word in given["parameter-overrides"])
    assert parameters.keys() <= document["Parameters"].keys()
    for name, value in parameters.items():
        pattern = document["Parameters"][name].get("AllowedPattern")
        if pattern and not value.startswith("<"):
            assert re.search(pattern, value), f"{name}={value}"
    # Everything that has no default, unless the stack is there already and keeps what it has.
    needed = {name for name, it in document["Parameters"].items() if "Default" not in it}
    is_again = [
        other
        for other in DEPLOYED
        if other != command and options(other.words[3:])["stack-name"] == given["stack-name"]
    ]
    assert needed <= parameters.keys() or is_again
    makes_roles = any(it["Type"] == "AWS::IAM::Role" for it in document["Resources"].values())
    assert ("capabilities" in given) is makes_roles


def test_every_template_of_ops_is_described() -> None:
    described = {options(command.words[3:])["template-file"][0] for command in DEPLOYED}
    assert described == {str(path.relative_to(ROOT)) for path in (ROOT / "ops").glob("*.yaml")}


def make_of(command: Command) -> tuple[list[str], dict[str, str]]:
    """Targets and variables."""
    variables = dict(word.split("=", 1) for word in command.words[1:] if "=" in word)
    return [word for word in command.words[1:] if "=" not in word and not word.startswith("-")], variables


@pytest.mark.parametrize("command", MAKE, ids=str)
def test_make_has_the_target_and_uses_the_variables(command: Command) -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets, variables = make_of(command)
    assert targets
    for target in targets:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
        witness = (ROOT / RUN_BY[target]).read_text("utf-8")
        assert target in witness
    for variable in variables:
        assert f"$({variable})" in makefile, variable
    for name in re.findall(r"(\w+)=", variables.get("PARAMETERS", "")):
        assert name in template()["Parameters"], name
    if "STACK" in variables and "<" not in variables["STACK"]:
        assert names.faults(variables["STACK"]) == []
    if "STAGE" in variables:
        assert variables["STAGE"] in template()["Parameters"]["Stage"]["AllowedValues"]


DEPLOYMENTS = [command for command in MAKE if "deploy" in command.words]


@pytest.mark.parametrize("command", DEPLOYMENTS, ids=str)
def test_make_deploy_says_to_sam_what_the_page_means(command: Command) -> None:
    """What would be run, without running it: everything but the calls of AWS."""
    _, variables = make_of(command)
    words = [word for word in command.words[1:] if word != "build"]
    run = subprocess.run(
        ["make", "--dry-run", "--old-file=.venv/.ready", "--old-file=.tools/sam/.ready", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    stage = variables.get("STAGE", "dev")
    stack = variables.get("STACK", f"journal-{stage}")
    assert f'ops.names "{stack}" "{stage}"' in run.stdout
    sam = next(line for line in run.stdout.replace("\\\n", " ").splitlines() if "sam deploy" in line)
    assert f'--stack-name "{stack}"' in sam
    given = re.findall(r"(\w+)=", sam.partition("--parameter-overrides")[2].partition("--no-fail")[0])
    assert {"Stage", "Release"} <= set(given) <= template()["Parameters"].keys()
    # Later ones win, so that RollbackAlarms=false does.
    assert given.index("RollbackAlarms") == 2
    assert ("ops.protect" in run.stdout) is (stage != "dev")


def test_every_parameter_of_the_template_is_in_the_table() -> None:
    page = (ROOT / "docs" / "deploy.md").read_text("utf-8")
    table = page.partition("## Parameters")[2].partition("**Google.**")[0]
    assert set(re.findall(r"`([A-Z][A-Za-z]+)`", table)) >= template()["Parameters"].keys()


def test_the_numbers_of_the_page_are_the_templates() -> None:
    page = (ROOT / "docs" / "deploy.md").read_text("utf-8")
    text = (ROOT / "template.yaml").read_text("utf-8")
    parameters = template()["Parameters"]
    workers = sum(int(number) for number in re.findall(r"MaximumConcurrency: (\d+)", text))
    workers += int(parameters["ComparisonWorkers"]["Default"])
    assert f"`ThrottlingBurst` ({parameters['ThrottlingBurst']['Default']}) and {workers} for the workers" in page
    assert (
        f"{parameters['ThrottlingRate']['Default']} a second and {parameters['ThrottlingBurst']['Default']} at once"
        in page
    )
    resources = Decided(
        "dev", "ByStage", {"AlarmTopicArn": "arn:aws:sns:eu-central-1:123456789012:journal-alarms"}
    ).resources
    said = re.search(r"the change set \(some (\d+) additions\)", " ".join(page.split()))
    assert said
    assert abs(int(said[1]) - len(resources)) <= 15, len(resources)


def test_the_key_is_allowed_to_encrypt_every_log_group() -> None:
    """The policy that docs/encryption.md gives names log groups by how their names begin."""
    page = (ROOT / "docs" / "encryption.md").read_text("utf-8")
    allowed = re.findall(r"log-group:([^\"]+)", page)
    for resource in template()["Resources"].values():
        if resource["Type"] == "AWS::Logs::LogGroup":
            named = resource["Properties"].get("LogGroupName", {"Fn::Sub": "${AWS::StackName}-made-up"})["Fn::Sub"]
            name = named.replace("${AWS::StackName}", "<stack>")
            assert any(name.startswith(pattern.removesuffix("*")) for pattern in allowed), name
