"""Deploys the output of `sam build` to the embedded AWS through CloudFormation."""

import hashlib
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from local.artifacts import digest, read_template, with_artifacts, zipped

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.client import CloudFormationClient
    from mypy_boto3_cloudformation.type_defs import StackEventTypeDef
    from mypy_boto3_s3.client import S3Client

ARTIFACTS = "local-artifacts"
# A stack with one of these statuses can only be deleted; its resources were already rolled back.
FAILED_CREATION = ("CREATE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "DELETE_FAILED")
TIMEOUT = 120  # seconds; it usually takes about one
SUCCESS = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")


class DeployError(Exception):
    """The stack could not be created or updated; the message holds the events that failed."""


@dataclass
class Deployment:
    s3: "S3Client"
    cloudformation: "CloudFormationClient"
    endpoint: str
    stack: str = "trading-journal"
    _addresses: dict[Path, str] = field(default_factory=dict)

    def run(self, build: Path, parameters: Mapping[str, str] | None = None) -> dict[str, str]:
        """Create or update the stack from a build folder, wait for it, and return the stack's outputs."""
        self._create_bucket()
        template = with_artifacts(read_template(build / "template.yaml"), build, self._upload)
        parameters = {"Release": self._release(parameters or {}), **(parameters or {})}
        _set_defaults(template, parameters)
        self._delete_failed_creation()
        before = self._newest_event()
        if self._create_or_update(json.dumps(template), parameters):
            self._wait(before)
        return {output["OutputKey"]: output["OutputValue"] for output in self._describe().get("Outputs", [])}

    def _release(self, parameters: Mapping[str, str]) -> str:
        """The release's name: a hash, so that equal artifacts and parameters change nothing."""
        content = json.dumps([sorted(set(self._addresses.values())), sorted(parameters.items())])
        return hashlib.sha256(content.encode()).hexdigest()[:20]

    def _create_bucket(self) -> None:
        try:
            self.s3.head_bucket(Bucket=ARTIFACTS)
        except ClientError:
            self.s3.create_bucket(Bucket=ARTIFACTS)

    def _upload(self, path: Path) -> str:
        if path not in self._addresses:
            # Functions with equal content share one object, and an object that exists is not uploaded again.
            suffix = path.suffix if path.is_file() else ".zip"
            key = f"{digest(path)[:32]}{suffix}"
            if not self._has(key):
                self.s3.put_object(
                    Bucket=ARTIFACTS, Key=key, Body=path.read_bytes() if path.is_file() else zipped(path)
                )
            self._addresses[path] = f"s3://{ARTIFACTS}/{key}"
        return self._addresses[path]

    def _has(self, key: str) -> bool:
        try:
            self.s3.head_object(Bucket=ARTIFACTS, Key=key)
        except ClientError:
            return False
        return True

    def _create_or_update(self, template: str, parameters: Mapping[str, str]) -> bool:
        """Start the creation or update. Returns whether there was anything to change."""
        self.s3.put_object(Bucket=ARTIFACTS, Key=f"{self.stack}.json", Body=template.encode())
        request: Any = {
            "StackName": self.stack,
            # By URL, since a request itself takes at most 51 200 bytes of template.
            "TemplateURL": f"{self.endpoint}/{ARTIFACTS}/{self.stack}.json",
            "Capabilities": ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
            "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
        }
        try:
            self.cloudformation.create_stack(**request)
        except self.cloudformation.exceptions.AlreadyExistsException:
            return self._update(request)
        except ClientError as error:
            raise DeployError(str(error)) from error
        return True

    def _update(self, request: Any) -> bool:
        try:
            self.cloudformation.update_stack(**request)
        except ClientError as error:
            if "No updates are to be performed" in str(error):
                return False
            raise DeployError(str(error)) from error
        return True

    def _wait(self, before: str | None) -> None:
        deadline = time.monotonic() + TIMEOUT
        while (status := self._describe()["StackStatus"]).endswith("IN_PROGRESS") and time.monotonic() < deadline:
            time.sleep(0.1)
        if status not in SUCCESS:
            raise DeployError("\n".join([f"stack {self.stack}: {status}", *self._failures(before)]))

    def _failures(self, before: str | None) -> list[str]:
        """The failures since the event `before`, oldest first."""
        lines = []
        for event in self._events():
            if event["EventId"] == before:
                break
            if event.get("ResourceStatus", "").endswith("FAILED"):
                reason = event.get("ResourceStatusReason", "")
                lines.append(f"  {event.get('LogicalResourceId')} ({event.get('ResourceType')}): {reason}")
        return lines[::-1]

    def _events(self) -> "Iterator[StackEventTypeDef]":
        """The stack's events, newest first, from all pages."""
        for page in self.cloudformation.get_paginator("describe_stack_events").paginate(StackName=self.stack):
            yield from page["StackEvents"]

    def _newest_event(self) -> str | None:
        try:
            return self.cloudformation.describe_stack_events(StackName=self.stack)["StackEvents"][0]["EventId"]
        except (ClientError, IndexError):
            return None

    def _delete_failed_creation(self) -> None:
        try:
            status = self._describe()["StackStatus"]
        except ClientError:
            return
        if status in FAILED_CREATION:
            self.cloudformation.delete_stack(StackName=self.stack)
            self.cloudformation.get_waiter("stack_delete_complete").wait(
                StackName=self.stack, WaiterConfig={"Delay": 1, "MaxAttempts": 60}
            )

    def _describe(self) -> Any:
        return self.cloudformation.describe_stacks(StackName=self.stack)["Stacks"][0]


def _set_defaults(template: dict[str, Any], parameters: Mapping[str, str]) -> None:
    """Make the values the parameters' defaults, since ministack's SAM transform, unlike AWS's, reads only those."""
    for name, value in parameters.items():
        template["Parameters"][name]["Default"] = value
