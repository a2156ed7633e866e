"""What `make deploy`, `protect`, `drift` and `remove` refuse or report; tests/e2e/test_operating.py runs them."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from ops import drift, names, remove
from ops.drift import Difference
from ops.stack import Client


def error(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": code}}, "Operation")


class CloudFormation:
    """Gives the test's answers by the operation's name; an exception among them is raised."""

    def __init__(self, **answers: Any) -> None:
        self.answers = {
            name: iter(given if isinstance(given, list) else [given] * 9) for name, given in answers.items()
        }
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def __getattr__(self, name: str) -> Any:
        def ask(**given: Any) -> Any:
            self.asked.append((name, given))
            answer = next(self.answers[name])
            if isinstance(answer, Exception):
                raise answer
            return answer

        return ask

    def get_paginator(self, name: str) -> Any:
        class Paginator:
            def paginate(_, **given: Any) -> Iterator[Any]:  # noqa: N805 the outer one is meant
                yield getattr(self, name)(**given)

        return Paginator()


def client(cloudformation: CloudFormation, **others: Any) -> Client:
    return lambda service: cloudformation if service == "cloudformation" else others[service]


@pytest.mark.parametrize("name", ["journal-dev", "journal-pr-12345", "j", "a1-b2", "j" * 25])
def test_a_legal_name(name: str) -> None:
    assert names.faults(name) == []


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("", "begins with a letter"),
        ("Journal", "lower-case"),
        ("journal_dev", "lower-case"),
        ("journal--dev", "single hyphens"),
        ("journal-", "single hyphens"),
        ("1journal", "begins with a letter"),
        ("journal-dev\n", "lower-case"),
        ("j" * 26, "has 26 characters, and may have 25"),
        ("my-aws-journal", "the word aws"),
        ("cognitorial", "the word cognito"),
    ],
)
def test_an_illegal_name_is_refused_with_the_reason(name: str, said: str) -> None:
    assert said in "; ".join(names.faults(name))
    with pytest.raises(SystemExit, match="is not a valid stack name"):
        names.check(client(CloudFormation()), name, "dev")


def test_the_names_of_all_stages_are_legal() -> None:
    for stage in ("dev", "staging", "production"):
        assert names.faults(f"journal-{stage}") == []


def test_a_name_of_the_greatest_length_stays_whole_in_every_name_that_cloudformation_makes() -> None:
    """It cuts what is too long so that stack and resource share the room evenly, as far as both need it."""
    for longest in (63, 64):  # of a bucket; of a function or a role
        room = longest - 13 - 1
        assert room - room // 2 >= names.LONGEST


def described(**parameters: str) -> dict[str, Any]:
    given = [{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()]
    stack = {"StackName": "journal-x", "StackId": "arn:x", "StackStatus": "CREATE_COMPLETE", "Parameters": given}
    return {"Stacks": [stack]}


def test_a_new_stack_may_be_any_stage() -> None:
    names.check(client(CloudFormation(describe_stacks=error("ValidationError"))), "journal-x", "production")


def test_a_missing_right_is_no_missing_stack() -> None:
    with pytest.raises(ClientError, match="AccessDenied"):
        names.check(client(CloudFormation(describe_stacks=error("AccessDenied"))), "journal-x", "production")


def test_a_stack_of_production_is_not_deployed_as_dev() -> None:
    cloudformation = CloudFormation(describe_stacks=described(Stage="production"))
    with pytest.raises(SystemExit, match="deployed with STAGE=production"):
        names.check(client(cloudformation), "journal-x", "dev")


def test_drift_waits_and_reads_every_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drift, "WAIT", 0)
    changed = {"PropertyPath": "/MemorySize", "ExpectedValue": "1024", "ActualValue": "128"}
    moved = {"PropertyPath": "/FunctionVersion", "ExpectedValue": "3", "ActualValue": "4"}

    def resource(name: str, kind: str, status: str, *differences: Any) -> dict[str, Any]:
        return {
            "LogicalResourceId": name,
            "ResourceType": kind,
            "StackResourceDriftStatus": status,
            "PropertyDifferences": list(differences),
        }

    pages = [
        {"StackResourceDrifts": [resource("Alias", "AWS::Lambda::Alias", "MODIFIED", moved)], "NextToken": "more"},
        {
            "StackResourceDrifts": [
                resource("Function", "AWS::Lambda::Function", "MODIFIED", changed),
                resource("Queue", "AWS::SQS::Queue", "DELETED"),
            ]
        },
    ]
    cloudformation = CloudFormation(
        detect_stack_drift={"StackDriftDetectionId": "1"},
        describe_stack_drift_detection_status=[
            {"DetectionStatus": "DETECTION_IN_PROGRESS"},
            {"DetectionStatus": "DETECTION_COMPLETE"},
        ],
        describe_stack_resource_drifts=pages,
    )
    assert drift.drift(client(cloudformation), "journal-x") == [
        Difference("Function", "MODIFIED", (("/MemorySize", "1024", "128"),)),
        Difference("Queue", "DELETED", ()),
    ]
    assert cloudformation.asked[-1][1]["NextToken"] == "more"


def test_a_comparison_that_fails_is_no_agreement() -> None:
    cloudformation = CloudFormation(
        detect_stack_drift={"StackDriftDetectionId": "1"},
        describe_stack_drift_detection_status={
            "DetectionStatus": "DETECTION_FAILED",
            "DetectionStatusReason": "no right to read a queue",
        },
    )
    with pytest.raises(SystemExit, match="no right to read a queue"):
        drift.drift(client(cloudformation), "journal-x")


@pytest.mark.parametrize("stage", ["staging", "production", ""])
def test_a_stack_that_is_not_dev_is_not_removed(stage: str) -> None:
    cloudformation = CloudFormation(describe_stacks=described(**({"Stage": stage} if stage else {})))
    with pytest.raises(SystemExit, match="only stacks of stage dev"):
        remove.remove(client(cloudformation), "journal-x")
    assert [name for name, _ in cloudformation.asked] == ["describe_stacks"]


def deleted(stage: str, *left: tuple[str, str]) -> CloudFormation:
    """A deleted stack, and the resources that outlived it."""
    return CloudFormation(
        describe_stacks=[error("ValidationError"), described(Stage=stage)],
        list_stacks={"StackSummaries": [{"StackName": "journal-x", "StackId": "arn:x"}, {"StackName": "journal-y"}]},
        describe_stack_events={
            "StackEvents": [
                {"ResourceType": kind, "PhysicalResourceId": name, "ResourceStatus": "DELETE_SKIPPED"}
                for kind, name in left
            ]
        },
    )


def test_what_a_deleted_stack_of_production_has_left_stays() -> None:
    gone = deleted("production", ("AWS::DynamoDB::Table", "trades"))
    assert remove.remove(client(gone), "journal-x") == []


def test_what_a_removal_that_was_cut_off_has_left_is_removed() -> None:
    gone = deleted("dev", ("AWS::DynamoDB::Table", "trades"), ("AWS::Lambda::Version", "arn:f:1"))
    tables = CloudFormation(delete_table={})
    assert remove.remove(client(gone, dynamodb=tables), "journal-x") == ["trades"]
    assert tables.asked == [("delete_table", {"TableName": "trades"})]


def test_what_is_gone_already_is_not_counted() -> None:
    gone = deleted("dev", ("AWS::DynamoDB::Table", "trades"))
    tables = CloudFormation(delete_table=error("ResourceNotFoundException"))
    assert remove.remove(client(gone, dynamodb=tables), "journal-x") == []


def test_a_kind_that_nobody_knows_how_to_delete_is_named() -> None:
    gone = deleted("dev", ("AWS::RDS::DBInstance", "trades"))
    with pytest.raises(SystemExit, match=r"trades \(AWS::RDS::DBInstance\) has outlived its stack"):
        remove.remove(client(gone), "journal-x")


@pytest.mark.parametrize("command", ["protect", "drift", "remove"])
def test_a_command_without_a_stack_says_how_it_is_called(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STACK", raising=False)
    with pytest.raises(SystemExit, match=f"make {command} STACK=its-name"):
        importlib.import_module(f"ops.{command}").main()
