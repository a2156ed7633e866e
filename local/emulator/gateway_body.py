"""Converts an HTTP API's OpenAPI body to routes, integrations and authorizers, as API Gateway's import does.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions.html
"""

import json
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]

METHODS = ("get", "put", "post", "delete", "patch", "head", "options", "x-amazon-apigateway-any-method")
# https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis.html
LONGEST_DESCRIPTION = 1024
CORS_KEYS = ("allowOrigins", "allowMethods", "allowHeaders", "exposeHeaders", "maxAge", "allowCredentials")


@dataclass(frozen=True)
class Route:
    key: str  # "GET /trades/{tradeId}", or "$default"
    operation: str
    integration: str  # a key of ImportedApi.integrations
    authorizer: str | None = None  # a key of ImportedApi.authorizers; None for public routes
    scopes: tuple[str, ...] = ()


@dataclass(frozen=True)
class ImportedApi:
    title: str
    cors: Json
    authorizers: dict[str, Json]  # by the name of the security scheme, as AWS::ApiGatewayV2::Authorizer properties
    integrations: dict[str, Json]  # as AWS::ApiGatewayV2::Integration properties
    routes: list[Route]


def read_body(body: Json) -> ImportedApi:
    """Import the body. Raises ValueError if CloudFormation or API Gateway would refuse it."""
    _check(body)
    authorizers = {name: found for name, scheme in _schemes(body).items() if (found := _authorizer(name, scheme))}
    integrations: dict[str, Json] = {}
    routes = []
    for path, item in body["paths"].items():
        for method in METHODS:
            operation = item.get(method)
            if not operation or "x-amazon-apigateway-integration" not in operation:
                continue  # as on AWS, an operation without an integration gets no route
            integration = operation["x-amazon-apigateway-integration"]
            # Operations with the same function share one integration.
            integration_key = json.dumps(integration, sort_keys=True)
            integrations[integration_key] = _integration(integration)
            # The document's root security is ignored, as API Gateway applies only each operation's own.
            authorizer, scopes = _requirement(operation.get("security", []), authorizers)
            routes.append(
                Route(_route_key(method, path), operation.get("operationId", ""), integration_key, authorizer, scopes)
            )
    return ImportedApi(
        title=body.get("info", {}).get("title", ""),
        cors=_cors(body.get("x-amazon-apigateway-cors") or {}),
        authorizers=authorizers,
        integrations=integrations,
        routes=routes,
    )


def _check(body: Json) -> None:
    if path := _null(body):
        raise ValueError(f"[/Resources/Api/Properties/Body{path}] 'null' values are not allowed in templates")
    if len(body.get("info", {}).get("description", "")) > LONGEST_DESCRIPTION:
        raise ValueError(f"the API's description has more than {LONGEST_DESCRIPTION} characters")


def _null(node: Any, path: str = "") -> str | None:
    """The path of the first null in the body."""
    if node is None:
        return path
    children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return next((found for key, child in children if (found := _null(child, f"{path}/{key}"))), None)


def _schemes(body: Json) -> Json:
    schemes: Json = (body.get("components") or {}).get("securitySchemes") or {}
    return schemes


def _authorizer(name: str, scheme: Json) -> Json | None:
    settings = scheme.get("x-amazon-apigateway-authorizer")
    if not settings:
        return None
    jwt = settings.get("jwtConfiguration") or {}
    return {
        "Name": name,
        "AuthorizerType": settings.get("type", "jwt").upper(),
        "IdentitySource": _listed(settings.get("identitySource", "$request.header.Authorization")),
        "JwtConfiguration": {"Audience": _listed(jwt.get("audience", [])), "Issuer": jwt.get("issuer", "")},
    }


def _requirement(security: list[Json], authorizers: dict[str, Json]) -> tuple[str | None, tuple[str, ...]]:
    """`security: []` and schemes without an authorizer leave the route public, as on AWS."""
    for requirement in security:
        for name, scopes in requirement.items():
            if name in authorizers:
                return name, tuple(scopes)
    return None, ()


def _integration(settings: Json) -> Json:
    return {
        "IntegrationType": settings["type"].upper(),
        "IntegrationUri": settings.get("uri", ""),
        "IntegrationMethod": settings.get("httpMethod", "POST"),
        "PayloadFormatVersion": str(settings.get("payloadFormatVersion", "1.0")),
        "TimeoutInMillis": int(settings.get("timeoutInMillis", 30_000)),
    }


def _route_key(method: str, path: str) -> str:
    if path == "/$default":
        return "$default"
    return f"{'ANY' if method.startswith('x-') else method.upper()} {path}"


def _cors(settings: Json) -> Json:
    lists = CORS_KEYS[:4]
    return {key: _listed(settings[key]) if key in lists else settings[key] for key in CORS_KEYS if key in settings}


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
