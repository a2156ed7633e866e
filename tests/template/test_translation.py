"""What CloudFormation gets: template.yaml after SAM's transform, with the gateway's body inside.

`sam validate`, cfn-lint and checkov do not look into the body that the template includes. Here it is inlined, the
transform is run for each stage and way of deploying, and conditions are decided for every combination of the options.
"""

from __future__ import annotations

import copy
import itertools
import json
import os
import re
import subprocess
from collections.abc import Collection, Iterator, Mapping
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import pytest

from openapi.generate import UNKNOWN_ROUTE_METHODS, UNKNOWN_ROUTE_PATHS, contract, gateway_path, operations
from tests.template_file import template

ROOT = Path(__file__).parents[2]
SAM_PYTHON = ROOT / ".tools" / "sam" / "bin" / "python"
RELEASE = "1764083553-0123456789ab"
REGION, ACCOUNT = "eu-central-1", "123456789012"
NO_VALUE = {"Ref": "AWS::NoValue"}
# The longest name of a stack that make deploy gives by itself.
STACK = "journal-production"

PSEUDO_PARAMETERS = {
    "AWS::AccountId": ACCOUNT,
    "AWS::NoValue": NO_VALUE,
    "AWS::Region": REGION,
    "AWS::StackName": STACK,
}

STAGES = template()["Parameters"]["Stage"]["AllowedValues"]
DEPLOYMENT_TYPES = template()["Parameters"]["DeploymentType"]["AllowedValues"]
GOOGLE = {
    "GoogleClientId": "id",
    "GoogleClientSecretArn": f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:google",
}
DOMAIN = {
    "DomainName": "api.journal.example.com",
    "CertificateArn": f"arn:aws:acm:{REGION}:{ACCOUNT}:certificate/of-tests",
}
# Each option, with the parameters that choose each of its values.
OPTIONS: list[list[dict[str, str]]] = [
    [{}, GOOGLE, {**GOOGLE, "HostedUiDomainPrefix": "journal"}],
    [{}, DOMAIN, {**DOMAIN, "HostedZoneId": "Z0123456789ABCDEFGHIJ"}, {**DOMAIN, "DefaultEndpoint": "false"}],
    [{}, {"KmsKeyArn": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/of-tests"}],
    [{}, {"AlarmTopicArn": f"arn:aws:sns:{REGION}:{ACCOUNT}:alarms"}],
    [{}, {"SnapStart": "true"}],
    [
        {},
        {
            "MailIdentityArn": f"arn:aws:ses:{REGION}:{ACCOUNT}:identity/example.com",
            "MailFrom": "j@example.com",
            "MailsADay": "50000",
        },
    ],
    [{}, {"RollbackAlarms": "false"}],
]

# The longest names that AWS takes. Where the template gives none, CloudFormation makes one of the stack's name, the
# logical id and twelve letters. It cuts longer ones, and then searches by the stack's name do not find them.
NAMES = {
    "AWS::Lambda::Function": ("FunctionName", 64),
    "AWS::IAM::Role": ("RoleName", 64),
    "AWS::IAM::ManagedPolicy": ("ManagedPolicyName", 128),
    "AWS::SQS::Queue": ("QueueName", 80),
    "AWS::DynamoDB::Table": ("TableName", 255),
    "AWS::S3::Bucket": ("BucketName", 63),
    "AWS::CloudWatch::Alarm": ("AlarmName", 255),
    "AWS::CloudWatch::Dashboard": ("DashboardName", 255),
    "AWS::Logs::LogGroup": ("LogGroupName", 512),
    "AWS::Cognito::UserPool": ("UserPoolName", 128),
    "AWS::Cognito::UserPoolDomain": ("Domain", 63),
    "AWS::CodeDeploy::Application": ("ApplicationName", 100),
    "AWS::CodeDeploy::DeploymentGroup": ("DeploymentGroupName", 100),
}
LONGEST_DESCRIPTIONS = {"AWS::Lambda::Function": 256, "AWS::CloudWatch::Alarm": 1024, "AWS::Events::Rule": 512}


# CloudFormation takes 500 resources; the rest is for what nobody plans yet. A tag of new operations costs at most a
# function that reads and one that changes, each with version, alias, deployment group and role.
MOST_RESOURCES = 450
RESOURCES_OF_A_TAG = 2 * 5
TAGS_TO_COME = 8


def long_forms(node: Any) -> Any:
    """The template with GetAtt's argument as a list, as the transform wants it."""
    if isinstance(node, dict):
        return {
            key: value.split(".", 1) if key == "Fn::GetAtt" and isinstance(value, str) else long_forms(value)
            for key, value in node.items()
        }
    return [long_forms(item) for item in node] if isinstance(node, list) else node


def with_includes(node: Any) -> Any:
    """The template with the files that it includes in their places."""
    if isinstance(node, dict):
        if node.keys() == {"Fn::Transform"}:
            include = node["Fn::Transform"]
            assert include["Name"] == "AWS::Include"
            return json.loads((ROOT / include["Parameters"]["Location"]).read_text("utf-8"))
        return {key: with_includes(value) for key, value in node.items()}
    return [with_includes(item) for item in node] if isinstance(node, list) else node


def packaged() -> dict[str, Any]:
    """The template as CloudFormation hands it to SAM's transform: artifacts uploaded, AWS::Include expanded."""
    whole: dict[str, Any] = long_forms(with_includes(copy.deepcopy(template())))
    whole["Globals"]["Function"]["CodeUri"] = "s3://artifacts/function.zip"
    for resource in whole["Resources"].values():
        if resource["Type"] == "AWS::Serverless::LayerVersion":
            resource["Properties"]["ContentUri"] = "s3://artifacts/layer.zip"
    return whole


def transformed(*parameters: Mapping[str, str]) -> list[dict[str, Any]]:
    """What SAM's transform makes of the template, for each set of parameters."""
    defaults = {name: str(it["Default"]) for name, it in template()["Parameters"].items() if "Default" in it}
    sets = [{**defaults, "Release": RELEASE, **given} for given in parameters]
    run = subprocess.run(
        [SAM_PYTHON, Path(__file__).with_name("translate.py")],
        input=json.dumps({"template": packaged(), "parameters": sets}),
        env={"AWS_DEFAULT_REGION": REGION, "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-3000:]
    made: list[dict[str, Any]] = json.loads(run.stdout)
    return made


@cache
def _translations() -> dict[tuple[str, str], dict[str, Any]]:
    chosen = list(itertools.product(STAGES, DEPLOYMENT_TYPES))
    made = transformed(*({"Stage": stage, "DeploymentType": deployment_type} for stage, deployment_type in chosen))
    return dict(zip(chosen, made, strict=True))


def translated(stage: str, deployment_type: str) -> dict[str, Any]:
    return _translations()[stage, deployment_type]


@cache
def fixed_parts(stage: str, deployment_type: str) -> set[int]:
    """The ids of the parts of a translated template that no parameter changes."""
    fixed: set[int] = set()
    whole = translated(stage, deployment_type)
    depends_on_parameters(whole, {*whole["Parameters"], *PSEUDO_PARAMETERS}, fixed)
    return fixed


def depends_on_parameters(node: Any, parameters: Collection[str], fixed: set[int]) -> bool:
    """Whether deciding conditions changes the node; each part of it that stays as it is joins `fixed`."""
    if not isinstance(node, dict | list):
        return False
    children = node.values() if isinstance(node, dict) else node
    found = sum(depends_on_parameters(child, parameters, fixed) for child in children) > 0
    if isinstance(node, dict):
        found |= node.get("Ref") in parameters or not node.keys().isdisjoint({"Fn::If", "Fn::FindInMap"})
        found |= (
            any(f"${{{name}}}" in json.dumps(node["Fn::Sub"]) for name in parameters) if "Fn::Sub" in node else False
        )
    if not found:
        fixed.add(id(node))
    return found


# By the id of a fixed part; translated() keeps the parts.
_REFERENCES: dict[int, set[str]] = {}


class Decided:
    """A translated template with its conditions decided for certain parameters: what CloudFormation would create."""

    def __init__(self, stage: str, deployment_type: str, parameters: Mapping[str, str]) -> None:
        whole, self._fixed = translated(stage, deployment_type), fixed_parts(stage, deployment_type)
        parameters = {"Stage": stage, "DeploymentType": deployment_type, **parameters}
        defaults = {name: it.get("Default", "") for name, it in whole["Parameters"].items()}
        self._values = {**defaults, "Release": RELEASE, **parameters}
        self._values |= PSEUDO_PARAMETERS
        self._whole = whole
        self._conditions: dict[str, bool] = {}
        self.resources: dict[str, dict[str, Any]] = self._existing(whole["Resources"])
        self.outputs = self._existing(whole["Outputs"])

    def _existing(self, things: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
        return {
            name: self._of(thing)
            for name, thing in things.items()
            if "Condition" not in thing or self._holds(thing["Condition"])
        }

    def _holds(self, condition: Any) -> bool:
        if isinstance(condition, str):
            if condition not in self._conditions:
                self._conditions[condition] = self._holds(self._whole["Conditions"][condition])
            return self._conditions[condition]
        [(function, argument)] = condition.items()
        if function == "Condition":
            return self._holds(argument)
        if function == "Fn::Equals":
            first, second = (self._of(each) for each in argument)
            return bool(first == second)
        results = [self._holds(each) for each in argument]
        return {"Fn::Not": not results[0], "Fn::And": all(results), "Fn::Or": any(results)}[function]

    def _of(self, node: Any) -> Any:
        if id(node) in self._fixed:
            return node
        if isinstance(node, list):
            return [value for item in node if (value := self._of(item)) != NO_VALUE]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            [(key, argument)] = node.items()
            if key == "Ref":
                return self._values.get(argument, node)
            if key == "Fn::If":
                return self._of(argument[1] if self._holds(argument[0]) else argument[2])
            if key == "Fn::FindInMap":
                name, first, second = (self._of(each) for each in argument)
                return self._whole["Mappings"][name][first][second]
            if key == "Fn::Sub" and isinstance(argument, str):
                text = re.sub(r"\$\{([\w:]+)\}", lambda found: str(self._values.get(found[1], found[0])), argument)
                return {key: text} if "${" in text else text
        return {key: value for key, item in node.items() if (value := self._of(item)) != NO_VALUE}

    def references_of(self, name: str) -> set[str]:
        """The logical ids that a resource names."""
        resource = self.resources[name]
        if id(resource) not in self._fixed:
            return set(references(resource))
        if id(resource) not in _REFERENCES:
            _REFERENCES[id(resource)] = set(references(resource))
        return _REFERENCES[id(resource)]

    def of_type(self, kind: str) -> dict[str, dict[str, Any]]:
        return {name: it["Properties"] for name, it in self.resources.items() if it["Type"] == kind}


def nulls(node: Any, path: str = "") -> Iterator[str]:
    if node is None:
        yield path
    children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, child in children:
        yield from nulls(child, f"{path}/{key}")


def references(node: Any) -> Iterator[str]:
    """The logical ids that a part of the translated template names."""
    if isinstance(node, list):
        for item in node:
            yield from references(item)
    elif isinstance(node, dict):
        for key, value in node.items():
            if key == "Ref":
                yield value
            elif key == "Fn::GetAtt":
                yield value[0]
            elif key == "DependsOn":
                yield from [value] if isinstance(value, str) else value
            elif key == "Fn::Sub":
                yield from re.findall(r"\$\{(\w+)", value if isinstance(value, str) else value[0])
                yield from references(value)
            else:
                yield from references(value)


def names(decided: Decided) -> Iterator[tuple[str, str, int]]:
    """Logical id, name and longest possible name of each resource that has one."""
    for logical_id, resource in decided.resources.items():
        if resource["Type"] in NAMES:
            key, longest = NAMES[resource["Type"]]
            given = resource.get("Properties", {}).get(key)
            made = f"{STACK}-{logical_id}-{'x' * 12}"
            yield logical_id, given if isinstance(given, str) else made, longest


@pytest.mark.parametrize("deployment_type", DEPLOYMENT_TYPES)
@pytest.mark.parametrize("stage", STAGES)
def test_cloudformation_takes_the_template_with_every_combination_of_options(stage: str, deployment_type: str) -> None:
    whole = translated(stage, deployment_type)
    assert list(nulls(whole)) == []
    assert len(json.dumps(whole).encode()) < 1_000_000
    for chosen in itertools.product(*OPTIONS):
        given = {name: value for option in chosen for name, value in option.items()}
        decided = Decided(stage, deployment_type, given)
        assert len(decided.resources) + TAGS_TO_COME * RESOURCES_OF_A_TAG < MOST_RESOURCES, given
        assert len(decided.outputs) < 200, given

        graph = {name: decided.references_of(name) for name in decided.resources}
        named = set().union(*graph.values(), *(references(output) for output in decided.outputs.values()))
        unknown = {name for name in named - graph.keys() if not name.startswith("AWS")}
        assert unknown == set(), given
        TopologicalSorter(graph).prepare()  # raises CycleError

        for name, resource in decided.resources.items():
            description = resource.get("Properties", {}).get("Description", "")
            assert len(str(description)) <= LONGEST_DESCRIPTIONS.get(resource["Type"], 1024), (name, given)
        assert [found for found in names(decided) if len(found[1]) > found[2]] == [], given

        for name, group in decided.of_type("AWS::CodeDeploy::DeploymentGroup").items():
            alarms = group.get("AlarmConfiguration", {}).get("Alarms", [])
            assert len(alarms) <= 10, (name, given)
            assert bool(alarms) is (given.get("RollbackAlarms") != "false"), (name, given)


def test_a_tag_costs_no_more_than_that() -> None:
    made = translated("production", "ByStage")["Resources"]
    of_the_profile = [name for name in made if re.match(r"(Read|Change)?Profile(Reader|Changer)?", name)]
    assert 0 < len(of_the_profile) <= RESOURCES_OF_A_TAG


def body(stage: str = "production") -> dict[str, Any]:
    found: dict[str, Any] = translated(stage, "ByStage")["Resources"]["Api"]["Properties"]["Body"]
    return found


def test_the_body_is_within_the_limits_of_an_http_api() -> None:
    assert list(nulls(body())) == []
    descriptions = re.findall(r'"description": "((?:[^"\\]|\\.)*)"', json.dumps(body()))
    assert all(len(text) <= 1024 for text in descriptions)
    assert len(body()["info"]["title"]) <= 128


def test_every_operation_of_the_body_states_its_security() -> None:
    found = {
        (path, method): operation["security"]
        for path, item in body()["paths"].items()
        for method, operation in item.items()
    }
    document = contract()
    assert found == {
        **{(path, method): [] for path in UNKNOWN_ROUTE_PATHS for method in UNKNOWN_ROUTE_METHODS},
        **{
            (gateway_path(path), method): operation.get("security", document["security"])
            for path, method, operation in operations(document)
        },
    }
    assert "security" not in body()


def test_sam_adds_no_empty_tag_to_the_api() -> None:
    assert all(tag.get("x-amazon-apigateway-tag-value") for tag in body().get("tags", []))


def versions(whole: dict[str, Any]) -> set[str]:
    return {name for name, resource in whole["Resources"].items() if resource["Type"] == "AWS::Lambda::Version"}


def parameters_of_functions(whole: dict[str, Any]) -> dict[str, set[str]]:
    """The parameters on which settings of functions depend, each with the functions."""
    of_conditions = {
        name: {it for it in references(condition) if it in whole["Parameters"]}
        for name, condition in whole["Conditions"].items()
    }

    def named(node: Any) -> Iterator[str]:
        if isinstance(node, dict):
            if "Fn::If" in node:
                yield from of_conditions[node["Fn::If"][0]]
            for key, value in node.items():
                yield from (it for it in references({key: value}) if it in whole["Parameters"])
                yield from named(value)
        elif isinstance(node, list):
            for item in node:
                yield from named(item)

    found: dict[str, set[str]] = {}
    for function, resource in whole["Resources"].items():
        if resource["Type"] == "AWS::Lambda::Function":
            for parameter in named(resource["Properties"]):
                found.setdefault(parameter, set()).add(function)
    return found


# Another value of each parameter that is a setting of functions.
CHANGED = {
    "Architecture": "x86_64",
    "KmsKeyArn": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/of-tests",
    "MailFrom": "codes@example.com",
    "MailIdentityArn": f"arn:aws:ses:{REGION}:{ACCOUNT}:identity/example.com",
    "MailsADay": "50000",
    "MemorySize": "1769",
    "Runtime": "python3.12",
    "SnapStart": "true",
}


def test_these_are_the_parameters_that_are_settings_of_functions() -> None:
    assert parameters_of_functions(translated("production", "ByStage")).keys() == CHANGED.keys()


@pytest.mark.parametrize("changed", CHANGED)
def test_a_changed_setting_reaches_every_function_in_a_version_of_its_own(changed: str) -> None:
    before, after = transformed({}, {changed: CHANGED[changed], "Release": f"1764083554{RELEASE[10:]}"})
    functions = {name for name, it in before["Resources"].items() if it["Type"] == "AWS::Lambda::Function"}
    assert len(versions(before)) == len(versions(after)) == len(functions)
    assert versions(before).isdisjoint(versions(after))
    aliases = {name: it for name, it in after["Resources"].items() if it["Type"] == "AWS::Lambda::Alias"}
    assert {alias["Properties"]["FunctionVersion"]["Fn::GetAtt"][0] for alias in aliases.values()} == versions(after)
    # The same canary as for code.
    assert all("CodeDeployLambdaAliasUpdate" in alias["UpdatePolicy"] for alias in aliases.values())


def test_the_same_build_can_be_deployed_again_after_a_rollback() -> None:
    """Lambda publishes no version of an unchanged function, and CloudFormation then fails: so every one changes."""
    before, after = transformed({}, {"Release": f"1764083554{RELEASE[10:]}"})
    for name, resource in before["Resources"].items():
        if resource["Type"] == "AWS::Lambda::Function":
            assert resource["Properties"] != after["Resources"][name]["Properties"]
    assert versions(before).isdisjoint(versions(after))


def test_each_deployment_makes_up_a_release_of_its_own() -> None:
    made = subprocess.run(
        ["make", "--dry-run", "--silent", "deploy", "STAGE=staging"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    [release] = re.findall(r"Release=(\S+)", made)
    assert re.fullmatch(template()["Parameters"]["Release"]["AllowedPattern"], release)
    # SAM names versions by the first ten characters: the second in which the deployment begins.
    assert re.fullmatch(r"\d{10}-[0-9a-z]+", release)


def test_a_release_has_to_be_named() -> None:
    """The default is for tools that give no parameters; a rule keeps it from being deployed."""
    default = template()["Parameters"]["Release"]["Default"]
    [rule] = template()["Rules"]["ReleaseIsNamed"]["Assertions"]
    assert rule["Assert"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "Release"}, default]}]}
    assert "RuleCondition" not in template()["Rules"]["ReleaseIsNamed"]
