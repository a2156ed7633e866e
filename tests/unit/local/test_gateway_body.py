from typing import Any

import pytest

from local.emulator.gateway_body import Route, read_body


def operation(function: str, **rest: Any) -> dict[str, Any]:
    integration = {"type": "aws_proxy", "payloadFormatVersion": "2.0", "uri": function}
    return {"operationId": function, "x-amazon-apigateway-integration": integration, **rest}


BODY = {
    "info": {"title": "Journal"},
    "security": [{"accessToken": []}],
    "x-amazon-apigateway-cors": {"allowOrigins": "*", "allowMethods": ["GET", "POST"], "maxAge": 60, "unknown": 1},
    "components": {
        "securitySchemes": {
            "accessToken": {
                "type": "http",
                "x-amazon-apigateway-authorizer": {
                    "type": "jwt",
                    "identitySource": "$request.header.Authorization",
                    "jwtConfiguration": {"issuer": "https://issuer", "audience": "client"},
                },
            },
            "undeclared": {"type": "http"},
        }
    },
    "paths": {
        "/trades": {
            "parameters": [],
            "get": operation("list", security=[{"accessToken": []}]),
            "post": operation("create", security=[{"accessToken": ["w"]}]),
        },
        "/trades/{tradeId}": {"get": operation("list", security=[{"accessToken": []}])},
        "/silent": {"get": operation("docs")},
        "/docs": {"get": operation("docs", security=[])},
        "/plain": {"get": operation("docs", security=[{"undeclared": []}])},
        "/nothing": {"get": {"operationId": "none"}},
        "/any": {"x-amazon-apigateway-any-method": operation("any")},
        "/$default": {"x-amazon-apigateway-any-method": operation("unknown", security=[])},
    },
}


def route(key: str) -> Route:
    return next(route for route in read_body(BODY).routes if route.key == key)


def test_each_operation_with_an_integration_becomes_a_route() -> None:
    assert [route.key for route in read_body(BODY).routes] == [
        "GET /trades",
        "POST /trades",
        "GET /trades/{tradeId}",
        "GET /silent",
        "GET /docs",
        "GET /plain",
        "ANY /any",
        "$default",
    ]


def test_an_operations_own_security_holds_and_the_documents_is_not_read() -> None:
    assert (route("GET /trades").authorizer, route("GET /trades").scopes) == ("accessToken", ())
    assert (route("POST /trades").authorizer, route("POST /trades").scopes) == ("accessToken", ("w",))
    assert route("GET /docs").authorizer is None
    assert route("GET /silent").authorizer is None
    assert route("GET /plain").authorizer is None
    assert route("$default").authorizer is None


def test_operations_of_one_function_share_its_integration() -> None:
    imported = read_body(BODY)
    assert route("GET /trades").integration == route("GET /trades/{tradeId}").integration
    assert [integration["IntegrationUri"] for integration in imported.integrations.values()] == [
        "list",
        "create",
        "docs",
        "any",
        "unknown",
    ]
    assert {integration["IntegrationType"] for integration in imported.integrations.values()} == {"AWS_PROXY"}


def test_the_authorizer_and_cors_are_taken_from_the_extensions() -> None:
    imported = read_body(BODY)
    assert imported.authorizers["accessToken"]["JwtConfiguration"] == {
        "Audience": ["client"],
        "Issuer": "https://issuer",
    }
    assert imported.authorizers["accessToken"]["IdentitySource"] == ["$request.header.Authorization"]
    assert list(imported.authorizers) == ["accessToken"]
    assert imported.cors == {"allowOrigins": ["*"], "allowMethods": ["GET", "POST"], "maxAge": 60}


def test_a_null_is_refused_as_cloudformation_refuses_it() -> None:
    body = {**BODY, "components": {"schemas": {"Grade": {"enum": ["A", None]}}}}
    with pytest.raises(ValueError, match=r"/components/schemas/Grade/enum/1\] 'null' values are not allowed"):
        read_body(body)


def test_a_description_that_is_too_long_for_an_http_api_is_refused() -> None:
    read_body({**BODY, "info": {"title": "Journal", "description": "x" * 1024}})
    with pytest.raises(ValueError, match="more than 1024 characters"):
        read_body({**BODY, "info": {"title": "Journal", "description": "x" * 1025}})
