"""Checks the name in `make deploy STACK=`, before anything is built or uploaded.

Names of functions, roles, tables, queues and buckets begin with the stack's name; the rights of the deploy role, the
dashboard's searches and the key's policy rely on that. CloudFormation composes them of the stack's name, the logical id
and twelve random characters. If that is longer than AWS allows (63 characters for a bucket, 64 for a function or a
role), it shortens both parts, the stack's name to 25 characters at the least: so a stack's name has at most 25.

    python -m ops.names STACK STAGE

Exits with a message if the name is invalid, or if the stack exists with another stage. A stack keeps its stage for
life, since another stage would remove the protection of its tables.
"""

from __future__ import annotations

import re
import sys
from typing import Any

import boto3

from ops.stack import Client, parameter

LONGEST = 25
# Words that Cognito refuses in the hosted pages' domain, which contains the stack's name.
RESERVED = ("aws", "amazon", "cognito")


def faults(stack: str) -> list[str]:
    """What is wrong with the name, in words; empty if it is valid."""
    found = []
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", stack):
        found.append("it may have lower-case letters, digits and single hyphens between them, and begins with a letter")
    if len(stack) > LONGEST:
        found.append(f"it has {len(stack)} characters, and may have {LONGEST}")
    found += [f"Cognito refuses the word {word}" for word in RESERVED if word in stack]
    return found


def check(client: Client, stack: str, stage: str) -> None:
    """Exit if the name is invalid or the stack exists with another stage."""
    if found := faults(stack):
        raise SystemExit(f"STACK={stack} is not a valid stack name: {'; '.join(found)}.")
    present = parameter(client, stack, "Stage")
    if present not in (None, stage):
        raise SystemExit(
            f"{stack} was deployed with STAGE={present} and keeps it: use STAGE={present}, or another STACK."
        )


def main() -> int:
    """Check the name and the stage given as arguments."""
    stack, stage = sys.argv[1:]
    client: Any = boto3.Session().client
    check(client, stack, stage)
    return 0


if __name__ == "__main__":
    sys.exit(main())
