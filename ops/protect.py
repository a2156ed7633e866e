"""`make protect STACK=its-name`: forbids deleting the stack, until somebody takes the protection away on purpose.

`make deploy` does it by itself after each deployment outside dev. It protects the stack as a whole; tables and the
users' pool have a protection of their own, by the template.
"""

from __future__ import annotations

import os
import sys
from typing import Any

import boto3

from ops.stack import Client, describe


def protect(client: Client, stack: str) -> bool:
    """Turn termination protection on; whether it was off."""
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
