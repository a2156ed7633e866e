"""Generates everything in `generated/` from `openapi.yaml` alone.

`python -m openapi.generate` writes the files; with `--check` it writes nothing and exits with 1 if one is stale.

- `openapi.json`: the same document as JSON, which loads some hundred times faster than YAML.
- `gateway.json`: what API Gateway imports: each route with its security and its integration, the authorizer, CORS.
- `invoke.json`: the policy statement that lets API Gateway call the functions behind these routes.
- `models.py`: pydantic models, by datamodel-code-generator with the options in pyproject.toml.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parent.parent
CONTRACT = ROOT / "openapi" / "openapi.yaml"
GENERATED = ROOT / "generated"
METHODS = ("get", "put", "post", "delete", "patch", "head", "options", "trace")

# The headers that a browser may send and read beyond the defaults: those that the contract names.
CORS_REQUEST_HEADERS = ["authorization", "content-type", "idempotency-key", "if-match", "if-none-match"]
CORS_RESPONSE_HEADERS = ["etag", "idempotent-replayed", "location", "retry-after", "x-request-id"]
# Headers that functions add to the answers of deprecated operations (handlers/web/deprecation.py).
CORS_DEPRECATION_HEADERS = ["deprecation", "sunset"]

# Operations with a function, a role and a canary of their own. A stack holds 500 resources and such a function takes
# seven, so a new operation shares a function with others of its tag.
OWN_FUNCTION = {
    "listTrades", "getTrade", "closeTrade", "createImageUpload", "deleteImage", "signUp", "confirmSignUp",
    "resendConfirmationCode", "logIn", "refreshSession", "forgotPassword", "confirmForgotPassword", "logOutAll",
    "exportAccount", "deleteAccount",
}  # fmt: skip  # a list, several to a line
# Operations that are served neither by a function of their own nor by their tag's: those that need just the rights of
# another function, and those that may take up to 29 seconds.
SERVED_BY = {
    **dict.fromkeys(("listDeletedTrades", "getFacets"), "ListTradesFunction"),
    **dict.fromkeys(("listExports", "createExport", "getExport"), "ExportAccountFunction"),
    **dict.fromkeys(("createTrades", "updateTrades", "deleteTrades"), "ChangeManyTradesFunction"),
    **dict.fromkeys(("listRestores", "getRestore"), "ReadLedgerFunction"),
    **dict.fromkeys(("createRestore", "commitRestore", "undoRestore", "deleteRestore"), "ChangeRestoresFunction"),
    "detectFormat": "ReadFormatsFunction",
    "restoreTrade": "ChangeTradesFunction",
    "addEntry": "CloseTradeFunction",
    "getTagChange": "ReadPartsFunction",
    "matchExecutions": "MatchExecutionsFunction",
    "listPositions": "ReadExecutionsFunction",
    "getLegs": "ReadExecutionsFunction",
    "convertTrade": "ChangeExecutionsFunction",
}
# Paths whose last parameter may hold slashes, as %2F. API Gateway may decode them before it looks for the route.
WITH_SLASHES = {"/tags/{tag}"}
SAFE_METHODS = ("get", "head")


def contract() -> dict[str, Any]:
    """The contract as it is written, with its references unresolved."""
    document: dict[str, Any] = yaml.load(CONTRACT.read_text(encoding="utf-8"), yaml.CSafeLoader)
    return document


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Path, method and operation of each operation, in the document's order."""
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield path, method, item[method]


def function_name(method: str, operation: dict[str, Any]) -> str:
    """The logical id in the template of the function that serves an operation.

    An operation of OWN_FUNCTION has its own: ListTradesFunction for listTrades. Others are served by the function that
    SERVED_BY names, or by their tag's family: ReadAccountFunction for GET and HEAD, ChangeAccountFunction for all other
    methods, so that the role of a reading function allows no change.
    """
    operation_id: str = operation["operationId"]
    if operation_id in SERVED_BY:
        return SERVED_BY[operation_id]
    if operation_id in OWN_FUNCTION:
        return f"{_capitalized(operation_id)}Function"
    kind = "Read" if method in SAFE_METHODS else "Change"
    return f"{kind}{_capitalized(operation['tags'][0])}Function"


def functions(document: dict[str, Any]) -> dict[str, list[str]]:
    """The operationIds that each function of the API serves, by the function's logical id, in the document's order."""
    served: dict[str, list[str]] = {}
    for _, method, operation in operations(document):
        served.setdefault(function_name(method, operation), []).append(operation["operationId"])
    return served


def _capitalized(name: str) -> str:
    return name[0].upper() + name[1:]


# An HTTP API answers an unknown path with a 404 that is not a problem document, and never answers with 405. So these
# routes, which have the lowest priority, lead to a function that answers with both. They are neither $default nor ANY,
# which match OPTIONS too: the gateway would then no longer answer the preflights of browsers itself.
# https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html
UNKNOWN_ROUTE_FUNCTION = "UnknownRouteFunction"
UNKNOWN_ROUTE_PATHS = ("/", "/{proxy+}")
UNKNOWN_ROUTE_METHODS = ("get", "head", "post", "put", "patch", "delete")


def gateway_path(path: str) -> str:
    """The path in API Gateway's form: /tags/{tag+} matches the rest of a path, slashes included."""
    return f"{path.removesuffix('}')}+}}" if path in WITH_SLASHES else path


def gateway(document: dict[str, Any]) -> dict[str, Any]:
    """What API Gateway imports: the contract's routes with their security, an integration each, the authorizer, CORS.

    An HTTP API reads nothing else of an OpenAPI document, and CloudFormation would refuse other parts of the contract:
    nulls, and descriptions of more than 1 024 characters. Intrinsic functions are in their long form, which
    AWS::Include requires.
    """
    paths: dict[str, dict[str, Any]] = {}
    for path, method, operation in operations(document):
        paths.setdefault(gateway_path(path), {})[method] = _route(path, method, operation, document.get("security", []))
    for path in UNKNOWN_ROUTE_PATHS:
        paths[path] = {method: _unknown_route(path) for method in UNKNOWN_ROUTE_METHODS}
    return {
        "openapi": document["openapi"],
        "info": {"title": document["info"]["title"], "version": document["info"]["version"]},
        "paths": paths,
        "components": {
            "securitySchemes": {name: _authorizer() for name in document["components"]["securitySchemes"]},
        },
        "x-amazon-apigateway-cors": {
            "allowOrigins": {"Ref": "AllowedOrigins"},
            "allowMethods": sorted({method.upper() for _, method, _ in operations(document)}),
            "allowHeaders": CORS_REQUEST_HEADERS,
            "exposeHeaders": CORS_RESPONSE_HEADERS + (CORS_DEPRECATION_HEADERS if _has_deprecated(document) else []),
            "maxAge": 600,
        },
        # Set here, since SAM's own property makes SAM read the routes, which AWS::Include adds only at the deployment.
        "x-amazon-apigateway-endpoint-configuration": {
            "disableExecuteApiEndpoint": {"Fn::If": ["WithDefaultEndpoint", False, True]}
        },
    }


def invoke_statement(document: dict[str, Any]) -> dict[str, Any]:
    """The policy statement that lets API Gateway call the live alias of each function behind a route, and no other.

    The template includes it in ApiRole, so that an operation need not be listed there by hand.
    """
    called = [*functions(document), UNKNOWN_ROUTE_FUNCTION]
    aliases = [{"Ref": f"{function}.Alias"} for function in called]
    return {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": aliases}


def _unknown_route(path: str) -> dict[str, Any]:
    proxy = {"name": "proxy", "in": "path", "required": True, "schema": {"type": "string"}}
    return {
        **({"parameters": [proxy]} if "{proxy+}" in path else {}),
        "security": [],
        "responses": {},
        "x-amazon-apigateway-integration": _integration(UNKNOWN_ROUTE_FUNCTION),
    }


def _route(path: str, method: str, operation: dict[str, Any], default_security: list[Any]) -> dict[str, Any]:
    """One route. API Gateway does not apply the document's root security, so each route states its own.

    OpenAPI requires `responses` and the parameters of a path; SAM sends the same for its own routes.
    """
    names = re.findall(r"\{([^}]+)\}", path)
    parameters = [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]
    return {
        "operationId": operation["operationId"],
        "security": operation.get("security", default_security),
        **({"parameters": parameters} if parameters else {}),
        "responses": {},
        "x-amazon-apigateway-integration": _integration(function_name(method, operation)),
    }


def _authorizer() -> dict[str, Any]:
    return {
        # The importer attaches a JWT authorizer to this type only.
        "type": "oauth2",
        "x-amazon-apigateway-authorizer": {
            "type": "jwt",
            "identitySource": "$request.header.Authorization",
            "jwtConfiguration": {
                "audience": [{"Ref": "UserPoolClient"}],
                "issuer": {"Fn::Sub": "https://cognito-idp.${AWS::Region}.${AWS::URLSuffix}/${UserPool}"},
            },
        },
    }


def _has_deprecated(document: dict[str, Any]) -> bool:
    return any(operation.get("deprecated") for _, _, operation in operations(document))


def _integration(function: str) -> dict[str, Any]:
    return {
        "type": "aws_proxy",
        "httpMethod": "POST",
        "payloadFormatVersion": "2.0",
        "credentials": {"Fn::GetAtt": ["ApiRole", "Arn"]},
        # The alias as a resource, not its name in an ARN: the import then waits for the alias to exist.
        "uri": {
            "Fn::Sub": "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/"
            f"${{{function}.Alias}}/invocations"
        },
    }


def models(document: dict[str, Any]) -> str:
    """The source of `generated/models.py`."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "openapi.json", Path(folder) / "models.py"
        source.write_text(json.dumps(with_decimals(document)), encoding="utf-8")
        # It warns about each pattern that pydantic does not support (of decimals and times); Connexion checks those.
        command = [sys.executable, "-W", "ignore", "-m", "datamodel_code_generator", "--input", str(source)]
        command += ["--output", str(target)]
        subprocess.run(command, check=True, cwd=ROOT)
        return target.read_text(encoding="utf-8")


def with_decimals(node: Any) -> Any:
    """The document with `format: decimal` at each string that holds a number, so that our own models hold a Decimal.

    The contract itself names no such format: openapi-generator would make a float of it in Go, PHP and Dart.
    """
    if isinstance(node, dict):
        copied = {key: with_decimals(value) for key, value in node.items()}
        return {**copied, "format": "decimal"} if is_decimal(node) else copied
    return [with_decimals(value) for value in node] if isinstance(node, list) else node


def is_decimal(schema: Mapping[str, Any]) -> bool:
    """Whether a schema's pattern lets decimal numbers pass, and nothing else."""
    pattern = schema.get("pattern")
    if schema.get("type") != "string" or not isinstance(pattern, str):
        return False
    found = re.compile(pattern).search
    return all(map(found, ("1", "0.25", "100"))) and not any(map(found, ("one", "1.2.3", "2026-01", "", "1R")))


def artifacts() -> dict[Path, str]:
    """The text that each generated file should have."""
    document = contract()
    return {
        GENERATED / "openapi.json": _json(document),
        GENERATED / "gateway.json": _json(gateway(document)),
        GENERATED / "invoke.json": _json(invoke_statement(document)),
        GENERATED / "models.py": models(document),
    }


def _json(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description="Write the files that are generated from the contract.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 if a file is stale")
    check = parser.parse_args().check
    stale = []
    for path, text in artifacts().items():
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(path.relative_to(ROOT))
        if not check:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
    for path in stale:
        print(f"{path} {'is stale: run make generate' if check else 'written'}")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
