"""`make drift STACK=its-name`: lists what was changed by hand at the stack's resources.

It starts CloudFormation's drift detection, waits for it, and prints the differences from the template. Aliases that
CodeDeploy moved to a new version are not listed, since each deployment moves them. Exits with 1 if there are
differences.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3

from ops.stack import Client

WAIT = 10  # seconds between two requests for the status
LONGEST = 1800  # seconds; a stack of 300 resources takes some minutes

# Every deployment moves the aliases through CodeDeploy, which CloudFormation reports as drift.
MOVED_BY_CODEDEPLOY = {"AWS::Lambda::Alias": {"/FunctionVersion", "/RoutingConfig"}}


@dataclass(frozen=True, slots=True)
class Difference:
    """A resource that differs from the template, with path, expected and actual value of each property."""

    resource: str
    status: str
    properties: tuple[tuple[str, str, str], ...]

    def __str__(self) -> str:
        lines = [f"{self.resource}: {self.status.lower()}"]
        lines += [f"    {path}: expected {expected}, found {found}" for path, expected, found in self.properties]
        return "\n".join(lines)


def drift(client: Client, stack: str) -> list[Difference]:
    """Detect the stack's drift and return the differences. Exits if the detection fails or takes too long."""
    cloudformation = client("cloudformation")
    detection = cloudformation.detect_stack_drift(StackName=stack)["StackDriftDetectionId"]
    deadline = time.monotonic() + LONGEST
    while True:
        found = cloudformation.describe_stack_drift_detection_status(StackDriftDetectionId=detection)
        if found["DetectionStatus"] == "DETECTION_COMPLETE":
            return list(_differences(cloudformation, stack))
        if found["DetectionStatus"] == "DETECTION_FAILED" or time.monotonic() > deadline:
            reason = found.get("DetectionStatusReason", "it takes too long")
            raise SystemExit(f"The drift detection of {stack} did not finish: {reason}")
        time.sleep(WAIT)


def _differences(cloudformation: Any, stack: str) -> Iterator[Difference]:
    request: Any = {"StackName": stack, "StackResourceDriftStatusFilters": ["MODIFIED", "DELETED"]}
    while True:
        page = cloudformation.describe_stack_resource_drifts(**request)
        for one in page["StackResourceDrifts"]:
            expected = MOVED_BY_CODEDEPLOY.get(one["ResourceType"], set())
            properties = tuple(
                (difference["PropertyPath"], difference["ExpectedValue"], difference["ActualValue"])
                for difference in one.get("PropertyDifferences", ())
                if not any(difference["PropertyPath"].startswith(path) for path in expected)
            )
            if properties or one["StackResourceDriftStatus"] == "DELETED":
                yield Difference(one["LogicalResourceId"], one["StackResourceDriftStatus"], properties)
        if "NextToken" not in page:
            return
        request["NextToken"] = page["NextToken"]


def main() -> int:
    """Report the drift of the stack that STACK names."""
    stack = os.environ.get("STACK") or ""
    if not stack:
        raise SystemExit("Which stack? make drift STACK=its-name")
    client: Any = boto3.Session().client
    differences = drift(client, stack)
    for difference in differences:
        sys.stdout.write(f"{difference}\n")
    sys.stdout.write(f"{stack}: {len(differences) or 'no'} resources differ from the template.\n")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
