import base64
import json
from typing import Any

import pytest

from local.emulator.gateway_event import Call, answer, event


def call(**changes: Any) -> Call:
    given: dict[str, Any] = {
        "api_id": "abc",
        "account_id": "000000000000",
        "stage": "v1",
        "route_key": "GET /trades",
        "method": "GET",
        "path": "/trades",
        "headers": {"host": "127.0.0.1:8000"},
    }
    return Call(**{**given, **changes})


def test_the_path_has_a_named_stage_in_front_and_not_the_default_one() -> None:
    assert event(call())["rawPath"] == event(call())["requestContext"]["http"]["path"] == "/v1/trades"
    assert event(call(stage="$default"))["rawPath"] == "/trades"


def test_what_is_empty_is_absent() -> None:
    absent = {"cookies", "queryStringParameters", "pathParameters", "stageVariables", "body"}
    assert absent.isdisjoint(event(call()))
    assert "authorizer" not in event(call())["requestContext"]


def test_cookies_leave_the_headers() -> None:
    made = event(call(headers={"cookie": "a=1; b=2"}))
    assert made["cookies"] == ["a=1", "b=2"]
    assert "cookie" not in made["headers"]


def test_repeated_query_parameters_are_joined() -> None:
    assert event(call(query={"tag": ["a", "b"]}))["queryStringParameters"] == {"tag": "a,b"}


def test_a_body_is_text_for_json_and_base64_otherwise() -> None:
    text = event(call(headers={"content-type": "application/json; charset=utf-8"}, body=b"{}"))
    other = event(call(headers={}, body=b"{}"))
    assert (text["body"], text["isBase64Encoded"]) == ("{}", False)
    assert (other["body"], other["isBase64Encoded"]) == (base64.b64encode(b"{}").decode(), True)


@pytest.mark.parametrize(
    ("result", "status", "text"),
    [
        ({"error": True, "body": {"errorMessage": "secret"}}, 500, "Internal Server Error"),
        ({"error": True, "body": {"errorMessage": "Task timed out after 3.00 seconds"}}, 500, "Internal Server Error"),
        ({"throttle": True}, 503, "Service Unavailable"),
        ({"body": {"statusCode": "abc"}}, 500, "Internal Server Error"),
        ({"body": {"statusCode": 200, "body": 5}}, 500, "Internal Server Error"),
    ],
)
def test_a_failure_shows_nothing_of_its_cause(result: dict[str, Any], status: int, text: str) -> None:
    given, _headers, body = answer(result)
    assert (given, json.loads(body)) == (status, {"message": text})


def test_a_result_becomes_an_answer() -> None:
    result = {
        "statusCode": "201",
        "headers": {"Content-Type": "image/png"},
        "cookies": ["a=1", "b=2"],
        "body": base64.b64encode(b"\x00").decode(),
        "isBase64Encoded": True,
    }
    expected = (201, {"content-type": "image/png", "set-cookie": ["a=1", "b=2"]}, b"\x00")
    assert answer({"body": result}) == expected
    assert answer({"body": json.dumps(result)}) == expected


def test_a_bare_value_is_the_body() -> None:
    assert answer({"body": {"a": 1}}) == (200, {"Content-Type": "application/json"}, b'{"a": 1}')
