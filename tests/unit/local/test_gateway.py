import base64
import json

import pytest

from local.emulator import gateway
from local.emulator.gateway import challenge
from local.emulator.gateway_event import Answer, Call, message

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


@pytest.mark.parametrize("status", [401, 429, 500, 503])
def test_what_the_gateway_answers_itself_can_be_read_by_a_front_end(
    monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    apis = {"api": {"corsConfiguration": {"allowOrigins": ["https://app.example.com"], "exposeHeaders": ["etag"]}}}
    parts = {"_apis": apis, "_raw_query_string": lambda *_: "", "_get_stage_variables": lambda *_: {}}
    monkeypatch.setattr(gateway, "take", lambda name: parts[name.rpartition(":")[2]])

    async def serve(_call: Call, _region: str, *, has_cors: bool) -> Answer:
        assert has_cors
        return message(status, "by the gateway itself")

    monkeypatch.setattr(gateway, "_serve", serve)
    headers = {"Origin": "https://app.example.com"}
    request = gateway.handle("api", "v1", "/trades", "GET", headers, b"", None, "1", "eu-west-1")
    with pytest.raises(StopIteration) as done:
        request.send(None)
    answered, sent, _ = done.value.value
    assert answered == status
    assert sent["access-control-allow-origin"] == "https://app.example.com"
    assert sent["access-control-expose-headers"] == "etag"
