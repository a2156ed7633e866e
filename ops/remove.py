"""`make remove STACK=its-name`: removes a stack of stage dev with all its data, such as the preview of a pull request.

The template makes tables, buckets and the user pool outlive their stack, so that a mistaken command deletes no data.
This command deletes the stack and then the resources that CloudFormation lists as skipped. It refuses stacks of other
stages and stacks with termination protection. It may be interrupted and run again: CloudFormation keeps a deleted
stack's events for 90 days.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import boto3
from botocore.exceptions import ClientError

from ops.stack import Client

# Types that CloudFormation skips although another deletion removes them: versions disappear with their function.
GONE_WITH_ANOTHER = {"AWS::Lambda::Version"}
GONE = {"NoSuchBucket", "404", "ResourceNotFoundException", "ResourceNotFound"}


def remove(client: Client, stack: str) -> list[str]:
    """Delete the stack and what outlives it. Returns the physical names of the latter. Exits if it refuses."""
    cloudformation = client("cloudformation")
    live = _live(cloudformation, stack)
    if live:
        _refuse_unless_dev(live)
        cloudformation.delete_stack(StackName=live["StackId"])
        waiter = cloudformation.get_waiter("stack_delete_complete")
        waiter.wait(StackName=live["StackId"], WaiterConfig={"Delay": 5, "MaxAttempts": 360})
    return [
        name
        for stack_id in _deleted(cloudformation, stack)
        for kind, name in _left(cloudformation, stack_id)
        if _delete(client, kind, name)
    ]


def _live(cloudformation: Any, stack: str) -> Any:
    try:
        [found] = cloudformation.describe_stacks(StackName=stack)["Stacks"]
    except ClientError as error:
        if error.response["Error"]["Code"] == "ValidationError":
            return None
        raise
    return None if found["StackStatus"] == "DELETE_COMPLETE" else found


def _refuse_unless_dev(described: Mapping[str, Any]) -> None:
    if described.get("EnableTerminationProtection"):
        raise SystemExit(f"{described['StackName']} is protected against deletion.")
    if (stage := _stage(described)) != "dev":
        raise SystemExit(
            f"{described['StackName']} is of stage {stage}; only stacks of stage dev are removed this way."
        )


def _stage(described: Mapping[str, Any]) -> str:
    parameters: dict[str, str] = {
        one["ParameterKey"]: one.get("ParameterValue", "") for one in described.get("Parameters", ())
    }
    return parameters.get("Stage", "unknown")


def _deleted(cloudformation: Any, stack: str) -> Iterator[str]:
    """The ids of deleted stacks that had this name and were of stage dev."""
    for page in cloudformation.get_paginator("list_stacks").paginate(StackStatusFilter=["DELETE_COMPLETE"]):
        for one in page["StackSummaries"]:
            if one["StackName"] != stack:
                continue
            [described] = cloudformation.describe_stacks(StackName=one["StackId"])["Stacks"]
            if _stage(described) == "dev":
                yield one["StackId"]


def _left(cloudformation: Any, stack_id: str) -> Iterator[tuple[str, str]]:
    """Type and physical name of each resource that CloudFormation kept, when it deleted the stack or replaced it."""
    events = cloudformation.get_paginator("describe_stack_events").paginate(StackName=stack_id)
    yield from {
        (event["ResourceType"], event["PhysicalResourceId"])
        for page in events
        for event in page["StackEvents"]
        if event.get("ResourceStatus") == "DELETE_SKIPPED"
        and event.get("PhysicalResourceId")
        and event["ResourceType"] not in GONE_WITH_ANOTHER
    }


def _delete(client: Client, kind: str, name: str) -> bool:
    """Delete a resource that outlived its stack. Returns whether it still existed. Exits at an unknown type."""
    delete = DELETE.get(kind)
    if delete is None:
        raise SystemExit(f"{name} ({kind}) has outlived its stack, and this command does not know how to delete it.")
    try:
        delete(client, name)
    except ClientError as error:
        if error.response["Error"]["Code"] not in GONE:
            raise
        return False
    return True


def _bucket(client: Client, name: str) -> None:
    s3 = client("s3")
    # The largest page that DeleteObjects takes.
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=name, PaginationConfig={"PageSize": 1000}):
        found = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
        if found:
            objects = [{"Key": one["Key"], "VersionId": one["VersionId"]} for one in found]
            answer = s3.delete_objects(Bucket=name, Delete={"Objects": objects, "Quiet": True})
            if failed := answer.get("Errors"):
                raise SystemExit(f"{len(failed)} files of {name} were not deleted, the first for {failed[0]['Code']}.")
    s3.delete_bucket(Bucket=name)


def _layer_version(client: Client, arn: str) -> None:
    *_, layer, version = arn.split(":")
    given: Any = {"LayerName": layer, "VersionNumber": int(version)}
    client("lambda").get_layer_version(**given)  # raises if it is gone, unlike the deletion
    client("lambda").delete_layer_version(**given)


DELETE: Mapping[str, Callable[[Client, str], object]] = {
    "AWS::DynamoDB::Table": lambda client, name: client("dynamodb").delete_table(TableName=name),
    "AWS::S3::Bucket": _bucket,
    "AWS::Lambda::LayerVersion": _layer_version,  # SAM sets DeletionPolicy: Retain
    "AWS::Cognito::UserPool": lambda client, name: client("cognito-idp").delete_user_pool(UserPoolId=name),
}


def main() -> int:
    """Remove the stack that STACK names."""
    stack = os.environ.get("STACK") or ""
    if not stack:
        raise SystemExit("Which stack? make remove STACK=its-name")
    client: Any = boto3.Session().client
    left = remove(client, stack)
    sys.stdout.write(f"{stack} is removed" + (f", and with it {', '.join(left)}.\n" if left else ".\n"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
