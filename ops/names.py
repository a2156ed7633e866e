"""Whether a stack may have the name that `make deploy STACK=` gives it: checked before anything is built or uploaded.

Names of functions, roles, tables, queues and buckets begin with the stack's name, and the rights of the deploy role,
the dashboard's searches and the key's policy rely on that. CloudFormation makes these names of the stack's name, the
resource's name in the template and twelve random characters; where they would be longer than AWS allows (63
characters for a bucket, 64 for a function or a role), it cuts both, a stack's name down to 25 characters. So no name
is longer.

    python -m ops.names STACK STAGE

Exits with what is wrong with the name. When the stack exists already, also with what is wrong with its stage: a stack
is one stage for life, as another one would take the protection of its tables away.
"""

from __future__ import annotations

import re
import sys
from typing import Any

import boto3

from ops.stack import Client, parameter

LONGEST = 25
# Words that Cognito refuses in the domain of the hosted pages, which is named for the stack.
RESERVED = ("aws", "amazon", "cognito")


def faults(stack: str) -> list[str]:
    """What is wrong with the name, in words; nothing for a legal one."""
    found = []
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", stack):
        found.append("it may have lower-case letters, digits and single hyphens between them, and begins with a letter")
    if len(stack) > LONGEST:
        found.append(f"it has {len(stack)} characters, and may have {LONGEST}")
    found += [f"Cognito refuses the word {word}" for word in RESERVED if word in stack]
    return found


def check(client: Client, stack: str, stage: str) -> None:
    """Exit when the stack may not have this name, or is another stage already."""
    if found := faults(stack):
        raise SystemExit(f"STACK={stack} is no name for a stack: {'; '.join(found)}.")
    present = parameter(client, stack, "Stage")
    if present not in (None, stage):
        raise SystemExit(
            f"{stack} is deployed with STAGE={present}, and stays that: say STAGE={present}, or another STACK."
        )


def main() -> int:
    """Check the name and the stage that were given."""
    stack, stage = sys.argv[1:]
    client: Any = boto3.Session().client
    check(client, stack, stage)
    return 0


if __name__ == "__main__":
    sys.exit(main())
