"""`make fuzz`: schemathesis against a running API, over HTTP.

Without API it starts the embedded AWS, signs two users up, and tries everything out. With STACK, the name of a stack on
AWS, it makes a user in the stack's pool with the credentials of the environment, whose account deleteAccount erases at
the end. With API, an address such as https://host/v1, it needs a user who exists there: EMAIL and
PASSWORD, or an access TOKEN (good for fifteen minutes). Take a user who is made for this: trades are recorded and
deleted, and every session is ended.

EXAMPLES: how many cases an operation gets in the fuzzing phase, and how many stories are tried; 50 by default.
SEED: the same cases again; schemathesis prints the one it took. RATE: at most so many requests, as in 20/s.
MAIL=1: at an API of your own, also the operations that mail codes, to addresses that are made up.
ERASE=1: there, also deleteAccount, at the very end, with your user.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from local.stack import Stack, running_stack
from ops.stack import on_aws
from ops.users import make_user

HERE = Path(__file__).parent
CONTRACT = HERE.parent.parent / "openapi" / "openapi.yaml"

# Schemathesis logs in by itself, and again when the token has expired.
LOG_IN = """
[auth.dynamic.openapi.bearerAuth]
path = "/auth/login"
payload = { email = "${EMAIL}", password = "${PASSWORD}" }
extract_selector = "/accessToken"
"""
GIVEN = """
[auth.openapi.bearerAuth]
bearer = "${TOKEN}"
"""

# With a token alone nobody's credentials are known, and all that are made up are a 401.
STRANGERS = """
[[operations]]
include-operation-id = ["logIn", "refreshSession"]
warnings.fail-on = true
warnings.display = ["missing_deserializer", "unsupported_regex", "method_not_allowed", "rate_limited"]
"""

MAILING = ("signUp", "resendConfirmationCode", "forgotPassword", "changeEmail")
LAST = "deleteAccount"  # little works after it


def fuzz(api: str, user: Mapping[str, str], options: Sequence[str]) -> int:
    """Run schemathesis against the API as this user (TOKEN, or EMAIL and PASSWORD); its exit status."""
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "schemathesis.toml"
        rules = (HERE / "schemathesis.toml").read_text("utf-8")
        rules += GIVEN if "TOKEN" in user else LOG_IN
        config.write_text(rules if "EMAIL" in user else rules + STRANGERS, "utf-8")
        command: list[str | Path] = [Path(sys.executable).with_name("schemathesis"), "--config-file", config]
        command += ["run", CONTRACT, "--url", api, "--request-timeout", "30", *options]
        return subprocess.run(command, env={**os.environ, **user}, check=False).returncode


def without(*operations: str) -> list[str]:
    """The options that leave operations out."""
    return [word for operation in operations for word in ("--exclude-operation-id", operation)]


def only(operation: str) -> list[str]:
    """The options that leave all others out."""
    return ["--include-operation-id", operation, "--phases", "examples,coverage,fuzzing"]


def new_user(stack: Stack) -> dict[str, str]:
    """Somebody who has signed up and confirmed the address."""
    return {name.upper(): value for name, value in stack.new_user("fuzz").items()}


def fuzz_stack(stack: Stack, options: Sequence[str]) -> int:
    """Everything, with a user of its own for deleteAccount; 0 if all is well."""
    statuses = [
        fuzz(stack.api, new_user(stack), [*options, *without(LAST)]),
        fuzz(stack.api, new_user(stack), [*options, *only(LAST)]),
    ]
    return max(statuses)


def made_for(stack: str) -> dict[str, str]:
    """What to ask at a stack on AWS: its address, as a user who is made for it and whose account goes at the end."""
    client, outputs = on_aws(stack)
    email, password = make_user(client("cognito-idp"), outputs["UserPoolId"], "fuzz")
    return {"API": outputs["ApiUrl"], "EMAIL": email, "PASSWORD": password, "ERASE": "1"}


def settings(given: Mapping[str, str]) -> list[str]:
    """Schemathesis' options from what the environment asks for."""
    options = ["--max-examples", given.get("EXAMPLES") or "50"]
    for name, option in (("SEED", "--seed"), ("RATE", "--rate-limit")):
        if given.get(name):
            options += [option, given[name]]
    return options


def main() -> int:
    given = {name: value for name, value in os.environ.items() if value}
    options = settings(given)
    if "STACK" in given:
        given = {**made_for(given["STACK"]), **given}
    if "API" not in given:
        with running_stack() as stack:
            return fuzz_stack(stack, options)
    names = ("TOKEN",) if "TOKEN" in given else ("EMAIL", "PASSWORD")
    if missing := [name for name in names if name not in given]:
        print(f"Say who asks: TOKEN, or EMAIL and PASSWORD. Missing: {', '.join(missing)}.", file=sys.stderr)
        return 2
    user = {name: given[name] for name in names}
    api = given["API"].rstrip("/")
    left_out = () if given.get("MAIL") == "1" else MAILING
    status = fuzz(api, user, [*options, *without(LAST, *left_out)])
    return max(status, fuzz(api, user, [*options, *only(LAST)])) if given.get("ERASE") == "1" else status


if __name__ == "__main__":
    sys.exit(main())
