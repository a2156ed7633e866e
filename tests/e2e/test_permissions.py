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
    "CreateTradesFunction": "delete_item",
    "DeleteTradesFunction": "put_item",
    "CreateImageUploadFunction": "delete_item",
    "DeleteImageFunction": "get_item",
    "CheckImageFunction": "get_item",
    "RemoveImagesFunction": "put_item",
    "SweepImagesFunction": "delete_item",
    "SignUpFunction": "get_item",
    "ConfirmSignUpFunction": "get_item",
    "ResendConfirmationCodeFunction": "get_item",
    "LogInFunction": "get_item",
    "RefreshSessionFunction": "get_item",
    "ForgotPasswordFunction": "get_item",
    "ConfirmForgotPasswordFunction": "get_item",
    "LogOutAllFunction": "get_item",
    "ExportAccountFunction": "put_item",
    "WriteExportFunction": "put_item",
    "DeleteAccountFunction": "get_item",
    "EraseAccountFunction": "put_item",
    "EndSessionsFunction": "get_item",
    "ReadProfileFunction": "get_item",
    "ChangeProfileFunction": "get_item",
    "GetOpenApiFunction": "get_item",
    "GetDocsFunction": "get_item",
    "UnknownRouteFunction": "get_item",
    "GetStatsFunction": "put_item",
    "GetEquityCurveFunction": "put_item",
    "GetCalendarFunction": "put_item",
    "GetBreakdownFunction": "put_item",
    "UpdateStatsFunction": "put_item",
    "RebuildAllStatsFunction": "get_item",
    "RebuildStatsFunction": "put_item",
}
# What each function may do with a file below images/; with exports none of them anything.
IMAGE_FILES = {
    "GetTradeFunction": {"get_object"},
    "CreateImageUploadFunction": {"put_object"},
    "DeleteImageFunction": set(),
    "DeleteTradeFunction": set(),
    "CheckImageFunction": {"get_object", "delete_object", "put_object_tagging"},
    "RemoveImagesFunction": {"delete_object", "list_object_versions"},
    "SweepImagesFunction": {"delete_object", "list_object_versions"},
}
# What each function may do in the users' pool as its administrator; the others nothing.
POOL = {
    "ConfirmSignUpFunction": {"admin_set_user_password", "admin_user_global_sign_out"},
    "ConfirmForgotPasswordFunction": {"admin_set_user_password", "admin_user_global_sign_out"},
    "EndSessionsFunction": {"admin_user_global_sign_out"},
    "ReadProfileFunction": {"admin_get_user"},
    "ChangeProfileFunction": {"admin_user_global_sign_out"},
    "LogOutAllFunction": {"admin_get_user", "admin_user_global_sign_out"},
    "ExportAccountFunction": {"admin_get_user"},
    "WriteExportFunction": {"admin_get_user"},
    "DeleteAccountFunction": {"admin_get_user", "admin_user_global_sign_out", "admin_disable_user"},
    "EraseAccountFunction": {
        "admin_get_user",
        "admin_user_global_sign_out",
        "admin_disable_user",
        "admin_delete_user",
    },
    "LogInFunction": set(),
    "ForgotPasswordFunction": set(),
}
POOL_CALLS: dict[str, dict[str, Any]] = {
    "admin_get_user": {},
    "admin_user_global_sign_out": {},
    "admin_disable_user": {},
    "admin_delete_user": {},
    "admin_set_user_password": {"Password": "Breakout-2026!", "Permanent": True},
}
FILE_CALLS: dict[str, dict[str, Any]] = {
    "get_object": {"VersionId": "1"},
    "put_object": {"Body": b"-"},
    "put_object_tagging": {"VersionId": "1", "Tagging": {"TagSet": []}},
    "delete_object": {"VersionId": "1"},
    "list_object_versions": {},
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
    return client_as("dynamodb", stack, role)


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
    assert roles.keys() == REFUSED.keys()


@pytest.mark.parametrize("function", REFUSED)
def test_a_function_is_refused_what_it_does_not_need(stack: Stack, roles: dict[str, str], function: str) -> None:
    client = dynamodb_as(stack, roles[function])
    for call in {REFUSED[function], "scan"} - MAY.get(function, set()):
        with pytest.raises(ClientError) as refusal:
            getattr(client, call)(TableName=stack.outputs["TradesTableName"], **CALLS[call])
        assert refusal.value.response["Error"]["Code"] == "AccessDeniedException"


def test_a_function_may_do_what_it_needs(stack: Stack, roles: dict[str, str]) -> None:
    client = dynamodb_as(stack, roles["UpdateTradeFunction"])
    assert "Item" not in client.get_item(TableName=stack.outputs["TradesTableName"], **CALLS["get_item"])


@pytest.mark.parametrize("folder", ["images", "exports"])
@pytest.mark.parametrize("function", IMAGE_FILES)
def test_a_function_may_do_with_images_what_it_needs_and_with_exports_nothing(
    stack: Stack, roles: dict[str, str], function: str, folder: str
) -> None:
    client = client_as("s3", stack, roles[function])
    allowed = set()
    for call, given in FILE_CALLS.items():
        key = f"{folder}/nobody/nothing/none"
        where = {"Prefix": key} if call == "list_object_versions" else {"Key": key}
        try:
            getattr(client, call)(Bucket=stack.outputs["UserFilesName"], **where, **given)
        except ClientError as error:
            if error.response["Error"]["Code"] == "AccessDenied":
                continue  # whatever else is wrong with the call, it was allowed
        allowed.add(call)
    assert allowed == (IMAGE_FILES[function] if folder == "images" else set())


@pytest.mark.parametrize("function", POOL)
def test_a_function_may_do_in_the_pool_what_it_needs(stack: Stack, roles: dict[str, str], function: str) -> None:
    client = client_as("cognito-idp", stack, roles[function])
    allowed = set()
    for call, given in POOL_CALLS.items():
        with pytest.raises(ClientError) as refusal:
            getattr(client, call)(UserPoolId=stack.outputs["UserPoolId"], Username="nobody", **given)
        if refusal.value.response["Error"]["Code"] == "UserNotFoundException":
            allowed.add(call)
        else:
            assert refusal.value.response["Error"]["Code"] == "AccessDeniedException"
    assert allowed == POOL[function]
