"""`make story`: runs a trader's whole story against a deployed API, from log-in to the deleted account.

It runs the end-to-end tests that are marked `anywhere`. STACK=its-name runs them against that stack on AWS, with the
credentials and the region of the environment: these create the tests' users in the stack's pool without sending mails
(AdminCreateUser, AdminSetUserPassword), and the tests delete each account through the API. API= overrides the address
from the stack's outputs. Without STACK they run against what `make run` runs.

Not for production: no pipeline should have the right to create users there. Use `make smoke` instead.
"""

from __future__ import annotations

import os
import sys

import pytest

from local.places import ROOT
from ops.stack import at_home, endpoints, on_aws


def main() -> int:
    """Run the tests. Returns pytest's exit status."""
    if stack := os.environ.get("STACK"):
        _, outputs = on_aws(stack)
        address = os.environ.get("API") or outputs["ApiUrl"]
    else:
        _, outputs = at_home()
        address = os.environ.get("API") or endpoints()["api"]
    os.environ.update(STORY_API=address.rstrip("/"), STORY_POOL=outputs["UserPoolId"])
    return pytest.main([str(ROOT / "tests" / "e2e" / "test_story.py"), "-m", "anywhere", "-p", "no:cacheprovider"])


if __name__ == "__main__":
    sys.exit(main())
