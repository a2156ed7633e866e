"""On the embedded AWS each function's role allows exactly what the template's statements say, and refuses all else.

That the statements are what the code needs is held by tests/rights.py, in the tests of `make unit`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from local.embedded_aws import REGION
from local.stack import Stack
from tests import rights
from tests.rights import Need, Resource, Right

# Service, operation and parameters.
Call = tuple[str, str, Mapping[str, Any]]

KEY = {"userId": {"S": "nobody"}, "tradeId": {"S": "nothing"}}
STAT_KEY = {"userId": {"S": "nobody"}, "statKey": {"S": "nothing"}}
LEDGER_KEY: dict[str, Any] = {"userId": {"S": "nobody"}, "item": {"S": "nothing"}}
OF_NOBODY: dict[str, Any] = {
    "KeyConditionExpression": "userId = :user",
    "ExpressionAttributeValues": {":user": {"S": "nobody"}},
}


def calls_of_tables() -> dict[str, Call]:
    """What one can do with a table, each with its operation and parameters; it changes nothing that anybody has."""
    found: dict[str, Call] = {}
    for setting, key in (("TRADES_TABLE", KEY), ("STATS_TABLE", STAT_KEY), ("LEDGER_TABLE", LEDGER_KEY)):
        table = {"TableName": setting}
        for operation, given in {
            "GetItem": {**table, "Key": key},
            "DeleteItem": {**table, "Key": key},
            "PutItem": {**table, "Item": key},
            "UpdateItem": {**table, "Key": key},
            "Query": {**table, **OF_NOBODY},
            "Scan": table,
            "BatchGetItem": {"RequestItems": {setting: {"Keys": [key]}}},
            "BatchWriteItem": {"RequestItems": {setting: [{"DeleteRequest": {"Key": key}}]}},
        }.items():
            found[f"{operation} {setting}"] = ("dynamodb", operation, given)
    counter = {"userId": {"S": "mails"}, "tradeId": {"S": "nothing"}}
    found["UpdateItem of a count"] = ("dynamodb", "UpdateItem", {"TableName": "TRADES_TABLE", "Key": counter})
    index = {"TableName": "TRADES_TABLE", "IndexName": "trades-by-date-gsi", **OF_NOBODY}
    return {**found, "Query of an index": ("dynamodb", "Query", index)}


def calls_of_files() -> dict[str, Call]:
    """The same for the users' files."""
    found: dict[str, Call] = {}
    for folder in ("images", "exports", "others"):
        file = {"Bucket": "FILES_BUCKET", "Key": f"{folder}/nobody/nothing/none"}
        found[f"GetObject {folder}"] = ("s3", "GetObject", file)
        found[f"PutObject {folder}"] = ("s3", "PutObject", {**file, "Body": b"-"})
        found[f"DeleteObject {folder}"] = ("s3", "DeleteObject", file)
        version = {**file, "VersionId": "1"}
        found[f"GetObject of a version {folder}"] = ("s3", "GetObject", version)
        found[f"DeleteObject of a version {folder}"] = ("s3", "DeleteObject", version)
        tagged = {**version, "Tagging": {"TagSet": []}}
        found[f"PutObjectTagging of a version {folder}"] = ("s3", "PutObjectTagging", tagged)
        listed = {"Bucket": "FILES_BUCKET", "Prefix": f"{folder}/nobody/"}
        found[f"ListObjectVersions {folder}"] = ("s3", "ListObjectVersions", listed)
    return found


def calls_of_the_pool() -> dict[str, Call]:
    """What its administrator can do with a user."""
    user = {"UserPoolId": "USER_POOL_ID", "Username": "nobody"}
    found: dict[str, Call] = {"ListUsers": ("cognito-idp", "ListUsers", {"UserPoolId": "USER_POOL_ID", "Limit": 1})}
    return found | {
        operation: ("cognito-idp", operation, {**user, **given})
        for operation, given in {
            "AdminGetUser": {},
            "AdminUserGlobalSignOut": {},
            "AdminDisableUser": {},
            "AdminDeleteUser": {},
            "AdminSetUserPassword": {"Password": "Breakout-2026!", "Permanent": True},
        }.items()
    }


CALLS = calls_of_tables() | calls_of_files() | calls_of_the_pool()
# What each setting names: the resource of the template, and the output that has its name.
NAMED = {
    "TRADES_TABLE": ("TradesTable", "TradesTableName"),
    "STATS_TABLE": ("TradeStatsTable", "TradeStatsTableName"),
    "LEDGER_TABLE": ("LedgerTable", "LedgerTableName"),
    "FILES_BUCKET": ("UserFiles", "UserFilesName"),
    "USER_POOL_ID": ("UserPool", "UserPoolId"),
}
REFUSALS = {"AccessDenied", "AccessDeniedException"}


@pytest.fixture(scope="module")
def roles(stack: Stack) -> dict[str, str]:
    """The ARN of each function's role, by the function's logical id."""
    resources = stack.client("cloudformation").describe_stack_resources(StackName="trading-journal")["StackResources"]
    functions = {
        resource["LogicalResourceId"]: resource["PhysicalResourceId"]
        for resource in resources
        if resource["ResourceType"] == "AWS::Lambda::Function"
    }
    client = stack.client("lambda")
    return {
        name: client.get_function_configuration(FunctionName=function)["Role"] for name, function in functions.items()
    }


def client_as(service: Any, stack: Stack, role: str) -> Any:
    """A client with the rights of the role."""
    credentials = stack.client("sts").assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
    return boto3.client(
        service,
        endpoint_url=stack.endpoint,
        region_name=REGION,
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
    )


def test_every_function_is_looked_at(roles: dict[str, str]) -> None:
    assert sorted(roles) == sorted(rights.functions())


def test_every_right_but_those_of_events_queues_and_secrets_is_tried() -> None:
    tried = {wanted(need).action for call in CALLS.values() for need in rights.needs(*call)}
    allowed = {right.action for function in rights.functions() for right in rights.rights(function)}
    untried = {action for action in allowed - tried if not action.startswith(("sqs:", "secretsmanager:"))}
    assert untried == {
        # What Lambda does to bring a stream's records.
        *rights.OF_A_STREAM,
        "dynamodb:ListStreams",
        # Only within a transaction with a write.
        "dynamodb:ConditionCheckItem",
        # Only where the stack has a sender; no function of this one has the right.
        "ses:SendEmail",
        # The log of a function that has one of its own.
        *rights.OF_A_LOG,
        # With an upload that is under way; with a form's fields.
        "s3:AbortMultipartUpload",
        "s3:ListBucketMultipartUploads",
        "s3:PutObjectTagging",
        # For the answer that a file is not there.
        "s3:ListBucket",
    }


@pytest.mark.parametrize("function", rights.functions())
def test_a_role_allows_what_the_template_says_and_nothing_else(
    stack: Stack, roles: dict[str, str], function: str
) -> None:
    clients = {service: client_as(service, stack, roles[function]) for service in ("dynamodb", "s3", "cognito-idp")}
    expected, found = set(), set()
    for name, (service, operation, given) in CALLS.items():
        needed = [wanted(need) for need in rights.needs(service, operation, given)]
        if all(any(right.covers(one) for right in rights.rights(function)) for one in needed):
            expected.add(name)
        try:
            clients[service]._make_api_call(operation, in_the_stack(given, stack))
        except ClientError as error:
            if error.response["Error"]["Code"] in REFUSALS:
                continue  # whatever else is wrong with the call, it was allowed
        found.add(name)
    assert found == expected


def wanted(need: Need) -> Right:
    """The right that a call of CALLS needs."""
    return Right(need.action, Resource(NAMED[need.named][0], need.path), need.part)


def in_the_stack(given: Any, stack: Stack) -> Any:
    """The parameters with the names that things have in the stack, for settings that stand for them."""
    if isinstance(given, Mapping):
        return {in_the_stack(key, stack): in_the_stack(value, stack) for key, value in given.items()}
    if isinstance(given, list):
        return [in_the_stack(item, stack) for item in given]
    return stack.outputs[NAMED[given][1]] if isinstance(given, str) and given in NAMED else given
