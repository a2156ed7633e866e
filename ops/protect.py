"""`make protect STACK=its-name`: turns the stack's termination protection on, which forbids deleting the stack.

`make deploy` runs it after each deployment outside dev. The template protects the tables and the user pool one by one
as well.
"""

from __future__ import annotations

import os
import sys
from typing import Any

import boto3

from ops.stack import Client, describe


def protect(client: Client, stack: str) -> bool:
    """Turn termination protection on. Returns whether it was off."""
    if describe(client, stack).get("EnableTerminationProtection"):
        return False
    client("cloudformation").update_termination_protection(StackName=stack, EnableTerminationProtection=True)
    return True


def main() -> int:
    """Protect the stack that STACK names."""
    stack = os.environ.get("STACK") or ""
    if not stack:
        raise SystemExit("Which stack? make protect STACK=its-name")
    client: Any = boto3.Session().client
    done = "is protected against deletion now" if protect(client, stack) else "was protected against deletion already"
    sys.stdout.write(f"{stack} {done}.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
