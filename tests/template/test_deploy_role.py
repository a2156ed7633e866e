"""The rights of the pipeline, ops/deploy-role.yaml: what AWS says is needed for template.yaml, and nothing more.

AWS publishes, for each type of resource, which actions CloudFormation calls to make, read, change and delete one.
cfn-lint brings these, so the roles are held to them without a network.
"""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.template.test_translation import STAGES, translated, with_includes
from tests.template_file import read, template

ROOT = Path(__file__).parents[2]
SCHEMAS = ROOT.glob(".tools/checkov/lib/python3*/site-packages/cfnlint/data/schemas/resources/*.json")
DEPLOY_ROLE = read(ROOT / "ops" / "deploy-role.yaml")
RESOURCES = DEPLOY_ROLE["Resources"]

# What AWS names beside what is needed here: each pattern with the reason why nobody gets it.
NOT_GRANTED = {
    "kinesis:*": "no table streams to Kinesis",
    "s3tables:*": "no bucket has S3 Tables",
    "ec2:*": "no function is in a VPC",
    "elasticfilesystem:*": "no function mounts a file system",
    "s3files:*": "the same",
    "firehose:*": "no log is delivered through Firehose",
    "cloudfront:*": "the hosted pages have no domain of their own",
    "route53:ListHostedZones": "the zone is given by its id",
    "iam:PassRole@AWS::Cognito::*": "the pool sends no text messages",
    "iam:*Policy@AWS::Cognito::*": "the client has no analytics",
    "iam:PassRole@AWS::S3::Bucket": "no bucket is replicated",
    "iam:PassRole@AWS::Events::Rule": "rules call queues and functions by their policies",
    "iam:*GroupPolicy": "policies are for roles alone",
    "iam:*UserPolicy": "policies are for roles alone",
    "iam:DeleteRolePermissionsBoundary": "the boundary is for good",
    "iam:CreateServiceLinkedRole@AWS::DynamoDB::Table": "for replicas and scaling, which no table has",
    "codedeploy:RegisterOnPremisesInstance": "nothing runs outside AWS",
    "cognito-idp:ListUserPoolClientSecrets": "the client has no secret",
    "dynamodb:*Replica": "no table is global",
    "dynamodb:*Item": "deploying reads and writes nobody's data",
    "dynamodb:Query": "the same",
    "dynamodb:Scan": "the same",
    "dynamodb:*Import*": "no table is made of a file",
    "dynamodb:*ResourcePolicy": "tables have no policy of their own; reading it is granted",
    "dynamodb:*ableKinesisStreamingDestination": "no table streams to Kinesis",
    "dynamodb:UpdateKinesisStreamingDestination": "the same",
    "kms:ListAliases": "the key is given by its ARN",
    "kms:RevokeGrant": "the key's administrator does",
    "kms:ReEncrypt*": "the pool is not under the key",
    "kms:GenerateDataKeyWithoutPlaintext": "the same",
    "logs:*@AWS::DynamoDB::Table": "for imports",
    "s3:*@AWS::DynamoDB::Table": "for imports",
    "lambda:*CodeSigningConfig": "code is not signed; reading whether it is, is granted",
    "lambda:AssociateRuntimeAlias": "runtimes are AWS's own",
    "lambda:PassCapacityProvider": "functions run on Lambda's own capacity",
    "lambda:PutFunctionScalingConfig": "the same",
    "lambda:PutProvisionedConcurrencyConfig": "no function has provisioned concurrency",
    "logs:*IndexPolicy": "no log group has one",
    "logs:*DataProtectionPolicy": "no log group has one; reading it is granted",
    "logs:DeleteResourcePolicy": "the policy is of the account, not of the stack",
    "logs:PutBearerTokenAuthentication": "nobody writes logs over HTTP",
    "logs:PutLogGroupDeletionProtection": "log groups go with their stack",
    "s3:REST.PUT.OBJECT": "is no action",
    "s3:GetObjectMetadata": "is no action",
    "apigateway:*agResource": "is no action",
    "s3:ListBucket": "deploying looks at no files",
    "s3:DeleteObject": "deploying deletes no files",
    "s3:PutObjectAcl": "there are no access lists",
    "s3:PutBucketAcl": "the same",
    "s3:*MetadataTableConfiguration": "no bucket has one; reading whether it has is granted",
    "s3:UpdateBucketMetadata*": "the same",
    "s3:*AccelerateConfiguration": "the same",
    "s3:*AnalyticsConfiguration": "the same",
    "s3:*BucketAbac": "the same",
    "s3:DeleteBucketCors": "CORS is changed, never taken away",
    "s3:DeleteBucketEncryption": "the same for encryption",
    "s3:DeleteBucketLifecycle": "the same for lifecycles",
    "s3:*MetricsConfiguration": "no bucket has one; reading whether it has is granted",
    "s3:*Replication*": "the same",
    "s3:*Website": "the same",
    "s3:*ObjectLockConfiguration": "the same",
    "s3:*IntelligentTieringConfiguration": "the same",
    "s3:*InventoryConfiguration": "the same",
    "secretsmanager:*Replica*": "the secret is of one region",
}
# What AWS does not name there, with where it is documented.
ALSO_GRANTED = {
    "logs:DeleteLogDelivery": "an API's access log: docs of API Gateway, 'Configure logging for HTTP APIs'",
    "logs:GetLogDelivery": "the same",
    "logs:ListLogDeliveries": "the same",
    "logs:UpdateLogDelivery": "the same",
    "iam:ListPolicyVersions": "a managed policy has five versions at most: CloudFormation deletes the oldest",
}


def statements(resource: str) -> Iterator[dict[str, Any]]:
    """The statements of a role's or a managed policy's own documents, options included."""
    properties = RESOURCES[resource]["Properties"]
    documents = [properties["PolicyDocument"]] if "PolicyDocument" in properties else []
    documents += [policy["PolicyDocument"] for policy in flat(properties.get("Policies", []))]
    for document in documents:
        yield from flat(document["Statement"])


def flat(items: list[Any]) -> Iterator[Any]:
    """The items, with those that depend on a condition."""
    for item in items:
        if "Fn::If" in item:
            yield from (choice for choice in item["Fn::If"][1:] if choice != {"Ref": "AWS::NoValue"})
        else:
            yield item


def actions(statement: dict[str, Any]) -> list[str]:
    given = statement["Action"]
    return [given] if isinstance(given, str) else given


def granted(*resources: str) -> set[str]:
    return {action for resource in resources for one in statements(resource) for action in actions(one)}


@cache
def needed() -> dict[str, set[str]]:
    """The actions that AWS names for each type of resource of the template."""
    types = {resource["Type"] for stage in STAGES for resource in translated(stage, "ByStage")["Resources"].values()}
    found: dict[str, set[str]] = {}
    for path in SCHEMAS:
        schema = json.loads(path.read_text("utf-8"))
        if schema.get("typeName") in types and "handlers" in schema:
            handlers = {name: it for name, it in schema["handlers"].items() if name != "list"}
            found[schema["typeName"]] = {action for it in handlers.values() for action in it.get("permissions", ())}
    assert found.keys() == types, f"cfn-lint does not know {types - found.keys()}; run make setup"
    return found


def is_left_out(action: str, kind: str) -> bool:
    return any(
        fnmatch.fnmatchcase(action, pattern.partition("@")[0])
        and fnmatch.fnmatchcase(kind, pattern.partition("@")[2] or "*")
        for pattern in NOT_GRANTED
    )


EXECUTION = ("ExecutionRole", "Reading", "Functions", "Data", "Identity")


def test_cloudformation_may_do_all_that_the_templates_resources_need() -> None:
    may = granted(*EXECUTION)
    missing = {
        f"{action} for {kind}"
        for kind, named in needed().items()
        for action in named
        if action not in may and not is_left_out(action, kind) and action.lower() != "s3:getobject"
    }
    assert missing == set()
    assert "s3:GetObject" in may


def test_cloudformation_may_do_nothing_else() -> None:
    named = {action for of_type in needed().values() for action in of_type}
    assert granted(*EXECUTION) - named - ALSO_GRANTED.keys() == set()
    assert not [action for action in granted(*EXECUTION) if "*" in action]


@pytest.mark.parametrize("pattern", NOT_GRANTED)
def test_what_is_said_to_be_left_out_is_named_by_aws(pattern: str) -> None:
    action, _, kind = pattern.partition("@")
    assert [
        name
        for of_type, names in needed().items()
        for name in names
        if fnmatch.fnmatchcase(name, action) and fnmatch.fnmatchcase(of_type, kind or "*")
    ]


DATA = ("dynamodb:*Item", "dynamodb:Query", "dynamodb:Scan", "s3:GetObject", "sqs:ReceiveMessage", "cognito-idp:Admin*")


def test_cloudformation_reads_no_data_and_no_secret_but_what_deploying_takes() -> None:
    for resource in EXECUTION:
        for statement in statements(resource):
            for action in actions(statement):
                if any(fnmatch.fnmatchcase(action, pattern) for pattern in DATA):
                    assert statement["Resource"] == {"Fn::Sub": "${Artifacts.Arn}/*"}
                if action == "secretsmanager:GetSecretValue":
                    assert statement["Resource"] == {"Ref": "GoogleClientSecretArn"} or [
                        resource["Fn::Sub"].rpartition(":")[2] for resource in statement["Resource"]
                    ] == ["PageTokenSecret-*", "GuardSecret-*"]


# Actions that know no resource, or one that has no name before it is there.
NAMELESS = {
    "cloudformation:DescribeStackDriftDetectionStatus",
    "cloudformation:GetTemplateSummary",
    "cloudformation:ListStacks",
    "cloudwatch:DescribeAlarms",
    "codedeploy:GetDeploymentConfig",
    "cognito-idp:CreateUserPool",
    "cognito-idp:DescribeUserPoolDomain",
    "lambda:CreateEventSourceMapping",  # by the function's name, as a condition
    "lambda:DeleteEventSourceMapping",
    "lambda:UpdateEventSourceMapping",
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
    "secretsmanager:GetRandomPassword",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
}


@pytest.mark.parametrize("resource", [*EXECUTION, "DeployRole", "WatchRole", "Boundary"])
def test_a_star_stands_only_for_what_has_no_name(resource: str) -> None:
    for statement in statements(resource):
        if statement["Resource"] == "*":
            assert set(actions(statement)) <= NAMELESS


def test_the_pipeline_changes_nothing_without_cloudformation() -> None:
    """Beside the artifacts and, where it is asked for, users that are made up and previews that are removed."""
    policies = {policy["PolicyName"]: policy for policy in flat(RESOURCES["DeployRole"]["Properties"]["Policies"])}
    assert policies.keys() == {"deploy", "story", "previews"}
    own = {action for one in policies["deploy"]["PolicyDocument"]["Statement"] for action in actions(one)}
    assert {action.partition(":")[0] for action in own} == {"cloudformation", "iam", "s3"}
    assert not [action for action in own if action.startswith("cloudformation:Delete") and "ChangeSet" not in action]
    [change, transforms] = [
        one
        for one in policies["deploy"]["PolicyDocument"]["Statement"]
        if "cloudformation:CreateChangeSet" in actions(one)
    ]
    assert change["Condition"] == {"StringEquals": {"cloudformation:RoleArn": {"Fn::GetAtt": "ExecutionRole.Arn"}}}
    assert all(":aws:transform/" in arn["Fn::Sub"] for arn in transforms["Resource"])


def test_the_watch_only_looks() -> None:
    properties = RESOURCES["WatchRole"]["Properties"]
    assert properties["ManagedPolicyArns"] == [{"Ref": "Reading"}]
    for action in granted("WatchRole", "Reading"):
        _, _, name = action.partition(":")
        assert name.startswith(("Describe", "Detect", "Get", "List", "GET")), action


@pytest.mark.parametrize(("role", "environment"), [("DeployRole", ""), ("WatchRole", "-watch")])
def test_only_jobs_of_the_environment_in_the_repository_become_the_role(role: str, environment: str) -> None:
    [statement] = RESOURCES[role]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Action"] == "sts:AssumeRoleWithWebIdentity"
    assert statement["Condition"] == {
        "StringEquals": {
            "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
            "token.actions.githubusercontent.com:sub": {
                "Fn::Sub": f"repo:${{Repository}}:environment:${{Environment}}{environment}"
            },
        }
    }


def test_nobody_raises_their_own_rights() -> None:
    """Roles and policies of the pipeline lie where ExecutionRole may write nothing; roles that it makes are bounded."""
    for name, resource in RESOURCES.items():
        if resource["Type"] in ("AWS::IAM::Role", "AWS::IAM::ManagedPolicy"):
            assert resource["Properties"]["Path"] == "/delivery/", name
    raising = {"iam:CreateRole", "iam:PutRolePolicy", "iam:AttachRolePolicy", "iam:PutRolePermissionsBoundary"}
    seen = set()
    for statement in statements("Identity"):
        resources = statement["Resource"] if isinstance(statement["Resource"], list) else [statement["Resource"]]
        for arn in resources:
            kind, _, name = arn["Fn::Sub"].rpartition(":")[2].partition("/")
            assert kind in ("role", "policy")
            assert name.startswith(("${Stacks}-", "aws-service-role/"))
        if found := raising & set(actions(statement)):
            seen |= found
            assert statement["Condition"]["StringEquals"]["iam:PermissionsBoundary"] == {"Ref": "Boundary"}
    assert seen == raising
    assert not [
        action for action in granted("Boundary") if action.partition(":")[0] in ("iam", "sts", "cloudformation")
    ]


def test_roles_are_passed_to_the_services_that_take_them_and_to_no_other() -> None:
    for resource in ("DeployRole", "Identity"):
        [statement] = [one for one in statements(resource) if "iam:PassRole" in actions(one)]
        passed = statement["Condition"]["StringEquals"]["iam:PassedToService"]
        assert set([passed] if isinstance(passed, str) else passed) <= {
            "apigateway.amazonaws.com",
            "cloudformation.amazonaws.com",
            "codedeploy.amazonaws.com",
            "lambda.amazonaws.com",
        }


ROLES = {name: it["Properties"] for name, it in template()["Resources"].items() if it["Type"] == "AWS::IAM::Role"}


@pytest.mark.parametrize("role", ROLES)
def test_every_role_of_the_stack_takes_the_boundary(role: str) -> None:
    boundary = {"Fn::If": ["WithBoundary", {"Ref": "PermissionsBoundaryArn"}, {"Ref": "AWS::NoValue"}]}
    assert ROLES[role]["PermissionsBoundary"] == boundary


def test_every_role_that_the_stack_ends_up_with_is_one_of_the_templates() -> None:
    """SAM makes roles of its own where none is given, and those have no boundary."""
    resources = translated("production", "ByStage")["Resources"]
    made = {name for name, resource in resources.items() if resource["Type"] == "AWS::IAM::Role"}
    assert made == ROLES.keys()


@pytest.mark.parametrize("role", ROLES)
def test_the_boundary_lets_through_what_a_role_is_granted(role: str) -> None:
    most = granted("Boundary")
    for policy in ROLES[role].get("Policies", ()):
        for statement in flat(with_includes(policy["PolicyDocument"]["Statement"])):
            for action in actions(statement):
                assert any(fnmatch.fnmatchcase(action, pattern) for pattern in most), action


def test_the_boundary_lets_through_what_the_shared_policies_grant() -> None:
    most = granted("Boundary")
    shared = [it["Properties"] for it in template()["Resources"].values() if it["Type"] == "AWS::IAM::ManagedPolicy"]
    for properties in shared:
        for statement in flat(properties["PolicyDocument"]["Statement"]):
            for action in actions(statement):
                assert any(fnmatch.fnmatchcase(action, pattern) for pattern in most), action


def test_no_policy_is_longer_than_iam_takes() -> None:
    """6 144 characters without white space, pseudo parameters and names filled in."""
    for name, resource in RESOURCES.items():
        if resource["Type"] == "AWS::IAM::ManagedPolicy":
            text = json.dumps(resource["Properties"]["PolicyDocument"], separators=(",", ":"))
            for placeholder, value in (
                ('{"Fn::Sub":', ""),
                ("${AWS::Partition}", "aws"),
                ("${AWS::Region}", "ap-southeast-2"),
                ("${AWS::AccountId}", "123456789012"),
                ("${Stacks}", "journal-production"),
            ):
                text = text.replace(placeholder, value)
            assert len(text) <= 6144, name
