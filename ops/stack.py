"""Finds the stack that a command works on: one on AWS, or the one that `make run` runs."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from functools import partial
from typing import Any

import boto3
from botocore.exceptions import ClientError

from local.embedded_aws import REGION, ROOT_KEY
from local.places import ENDPOINTS

# Creates a boto3 client from a service's name.
Client = Callable[[str], Any]


def at_home() -> tuple[Client, dict[str, str]]:
    """Clients for, and the outputs of, the stack that `make run` runs.

    Also sets the environment, so that clients created elsewhere reach the same embedded AWS. Exits if nothing runs.
    """
    endpoint = endpoints()["aws"]
    os.environ.update(
        AWS_ENDPOINT_URL=endpoint,
        AWS_ACCESS_KEY_ID=ROOT_KEY,
        AWS_SECRET_ACCESS_KEY=ROOT_KEY,
        AWS_DEFAULT_REGION=REGION,
    )
    session = boto3.Session(aws_access_key_id=ROOT_KEY, aws_secret_access_key=ROOT_KEY, region_name=REGION)
    client: Any = partial(session.client, endpoint_url=endpoint)
    return client, outputs_of(describe(client, "trading-journal"))


def on_aws(stack: str) -> tuple[Client, dict[str, str]]:
    """Clients for, and the outputs of, a stack on AWS, with the credentials and the region of the environment."""
    client: Any = boto3.Session().client
    return client, outputs_of(describe(client, stack))


def endpoints() -> dict[str, str]:
    """The addresses of what `make run` runs. Exits if nothing runs."""
    if not ENDPOINTS.is_file():
        raise SystemExit("Nothing runs here: start it with `make run`, or name a stack on AWS with STACK=its-name.")
    found: dict[str, str] = json.loads(ENDPOINTS.read_text())
    return found


def describe(client: Client, stack: str) -> Any:
    """CloudFormation's description of the stack."""
    [found] = client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    return found


def parameter(client: Client, stack: str, name: str) -> str | None:
    """The value of one of the stack's parameters; None if there is no such stack, or it lacks the parameter."""
    try:
        described = describe(client, stack)
    except ClientError as error:
        if error.response["Error"]["Code"] == "ValidationError":
            return None
        raise
    values = {one["ParameterKey"]: one.get("ParameterValue") for one in described.get("Parameters", ())}
    return values.get(name)


def outputs_of(described: Any) -> dict[str, str]:
    """The stack's outputs, by their names in template.yaml."""
    return {output["OutputKey"]: output["OutputValue"] for output in described.get("Outputs", ())}
