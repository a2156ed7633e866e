"""Every function's role allows what the function needs, by the stories of this folder, and refuses what it does not."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from local.embedded_aws import REGION
from local.stack import Stack

# For each function one thing that a neighbour may do and it may not.
REFUSED = {
    "CreateTradeFunction": "delete_item",
    "ListTradesFunction": "get_item",
    "GetTradeFunction": "delete_item",
    "UpdateTradeFunction": "delete_item",
    "CloseTradeFunction": "delete_item",
    "DeleteCloseFunction": "delete_item",
    "DeleteTradeFunction": "put_item",
    "SignUpFunction": "get_item",
    "ConfirmSignUpFunction": "get_item",
    "LogInFunction": "get_item",
    "RefreshSessionFunction": "get_item",
    "GetOpenApiFunction": "get_item",
    "GetDocsFunction": "get_item",
    "UnknownRouteFunction": "get_item",
    "UpdateStatsFunction": "put_item",
    "RebuildAllStatsFunction": "get_item",
    "RebuildStatsFunction": "put_item",
}
# Who finds users looks through the whole table.
MAY = {"RebuildStatsFunction": {"scan"}}
KEY = {"userId": {"S": "nobody"}, "tradeId": {"S": "nothing"}}
CALLS: dict[str, dict[str, Any]] = {
    "get_item": {"Key": KEY},
    "delete_item": {"Key": KEY},
    "put_item": {"Item": KEY},
    "scan": {},
}


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


def dynamodb_as(stack: Stack, role: str) -> Any:
    """A DynamoDB client with the rights of the role."""
    credentials = stack.client("sts").assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
    return boto3.client(
        "dynamodb",
        endpoint_url=stack.endpoint,
        region_name=REGION,
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
    )


def test_every_function_is_looked_at(roles: dict[str, str]) -> None:
    assert roles.keys() == REFUSED.keys()
    assert len(set(roles.values())) == len(roles)


@pytest.mark.parametrize("function", REFUSED)
def test_a_function_is_refused_what_it_does_not_need(stack: Stack, roles: dict[str, str], function: str) -> None:
    client = dynamodb_as(stack, roles[function])
    for call in {REFUSED[function], "scan"} - MAY.get(function, set()):
        with pytest.raises(ClientError) as refusal:
            getattr(client, call)(TableName=stack.outputs["TradesTableName"], **CALLS[call])
        assert refusal.value.response["Error"]["Code"] == "AccessDeniedException"


def test_a_function_may_do_what_it_needs(stack: Stack, roles: dict[str, str]) -> None:
    client = dynamodb_as(stack, roles["GetTradeFunction"])
    assert "Item" not in client.get_item(TableName=stack.outputs["TradesTableName"], **CALLS["get_item"])
