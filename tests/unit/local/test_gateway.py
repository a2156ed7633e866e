import base64
import json

import pytest

from local.emulator.gateway import challenge

AUTHORIZER = {"jwtConfiguration": {"audience": ["client"]}}
VALID = {"exp": 1 << 40, "client_id": "client"}


def token(**changes: object) -> str:
    claims = base64.urlsafe_b64encode(json.dumps({**VALID, **changes}).encode()).rstrip(b"=").decode()
    return f"e30.{claims}.c2ln"


@pytest.mark.parametrize(
    ("authorization", "problem"),
    [
        ("Bearer made-up", "token contains an invalid number of segments"),
        ("Bearer a.b.c", "token contains an invalid number of segments"),
        ("Bearer a.W10.c", "token contains an invalid number of segments"),
        (f"Bearer {token(exp=1)}", "the token has expired"),
        (f"Bearer {token(client_id='another')}", "the token does not have a valid audience"),
        (f"Bearer {token(aud='another')}", "the token does not have a valid audience"),
        (f"Bearer {token()}", "the token is invalid"),
        (token(exp=1), "the token has expired"),
    ],
)
def test_a_refused_token_is_told_what_is_wrong_with_it(authorization: str, problem: str) -> None:
    expected = f'Bearer scope="" error="invalid_token" error_description="{problem}"'
    assert challenge(authorization, AUTHORIZER) == expected


def test_without_a_token_one_is_asked_for() -> None:
    assert challenge("", AUTHORIZER) == "Bearer"
