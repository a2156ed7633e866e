"""`make story`: what a trader does, from log-in to the deleted account, at a deployed API.

Runs the end-to-end tests that are marked `anywhere`, as they are. STACK=its-name tells the story to that stack on AWS,
with the credentials and the region of the environment: they make the story's users in the stack's pool
(AdminCreateUser, AdminSetUserPassword), without a mail, and the story deletes each through the API itself. API= is the
address to use when it is another one than the stack's output. Without STACK it is told to what `make run` runs.

Not for production: it takes a right over the pool's users that no pipeline should have there. `make smoke` is for that.
"""

from __future__ import annotations

import os
import sys

import pytest

from local.places import ROOT
from ops.stack import at_home, endpoints, on_aws


def main() -> int:
    """Tell the story; pytest's exit status."""
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
