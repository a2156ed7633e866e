from typing import Any

import pytest

from local.emulator import cors

PAGE = "http://localhost:3000"
SETTINGS: dict[str, Any] = {
    "allowOrigins": [PAGE, "https://app.example.com"],
    "allowMethods": ["GET", "PATCH"],
    "allowHeaders": ["authorization", "content-type"],
    "exposeHeaders": ["etag", "retry-after"],
    "maxAge": 600,
}
PREFLIGHT = {"origin": PAGE, "access-control-request-method": "PATCH"}


def test_an_answer_to_an_allowed_origin_may_be_read_with_the_exposed_headers() -> None:
    assert cors.headers(SETTINGS, "GET", {"origin": PAGE}) == {
        "access-control-allow-origin": PAGE,
        "access-control-expose-headers": "etag,retry-after",
    }


def test_a_preflight_is_answered_with_all_that_is_allowed() -> None:
    request = {**PREFLIGHT, "access-control-request-headers": "Authorization, content-type"}
    assert cors.headers(SETTINGS, "OPTIONS", request) == {
        "access-control-allow-origin": PAGE,
        "access-control-allow-methods": "GET,PATCH",
        "access-control-allow-headers": "authorization,content-type",
        "access-control-max-age": "600",
    }


@pytest.mark.parametrize(
    "request_headers",
    [
        {},
        {"origin": PAGE},
        {"access-control-request-method": "GET"},
        {**PREFLIGHT, "origin": "http://localhost:3001"},
        {**PREFLIGHT, "access-control-request-method": "DELETE"},
        {**PREFLIGHT, "access-control-request-method": "patch"},
        {**PREFLIGHT, "access-control-request-headers": "authorization,x-other"},
    ],
)
def test_what_is_no_allowed_preflight_gets_no_headers(request_headers: dict[str, str]) -> None:
    assert cors.headers(SETTINGS, "OPTIONS", request_headers) == {}


@pytest.mark.parametrize("origin", ["", "http://localhost:3001", "https://localhost:3000", "null"])
def test_another_origin_gets_no_headers(origin: str) -> None:
    assert cors.headers(SETTINGS, "GET", {"origin": origin}) == {}


@pytest.mark.parametrize(
    ("allowed", "origin", "answered"),
    [
        (["*"], PAGE, "*"),
        (["http://*"], PAGE, PAGE),
        (["https://*"], PAGE, None),
        (["https://App.example.com"], "https://app.example.COM", "https://app.example.COM"),
    ],
)
def test_wildcards_and_letters_of_origins(allowed: list[str], origin: str, answered: str | None) -> None:
    found = cors.headers({"allowOrigins": allowed}, "GET", {"origin": origin})
    assert found.get("access-control-allow-origin") == answered


def test_credentials_are_allowed_to_named_origins_only() -> None:
    settings = {**SETTINGS, "allowCredentials": True}
    assert cors.headers(settings, "GET", {"origin": PAGE})["access-control-allow-credentials"] == "true"
    assert "access-control-allow-credentials" not in cors.headers(
        {**settings, "allowOrigins": ["*"]}, "GET", {"origin": PAGE}
    )


def test_an_integrations_own_cors_headers_are_ignored() -> None:
    assert cors.without({"Access-Control-Allow-Origin": "*", "etag": "1"}) == {"etag": "1"}
