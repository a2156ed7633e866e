"""Patches of ministack's HTTP APIs (apigatewayv2)."""

import base64
import json
import os
import time
from contextvars import ContextVar
from dataclasses import replace
from functools import partial
from math import inf
from typing import Any

from local.emulator import cors
from local.emulator.gateway_body import ImportedApi, Json, read_body
from local.emulator.gateway_event import Answer, Call, answer, event, message
from local.emulator.patching import Patch, put, take
from local.emulator.throttling import Throttle
from local.emulator.worker_queue import CALLER, CONNECTION, Caller

GATEWAY = "ministack.services.apigateway"
LAMBDA = "ministack.services.lambda_svc"
TYPES = "ministack.services.cloudformation.provisioners"
SERVER = "hypercorn.protocol.h11"

# --- the OpenAPI body of AWS::ApiGatewayV2::Api ---


def import_body(api_id: str, body: Json) -> None:
    """Replace the API's routes, integrations and authorizers by those of the body. The API keeps its id."""
    imported = read_body(body)
    api = take(f"{GATEWAY}:_apis")[api_id]
    api["name"] = imported.title or api["name"]
    api["corsConfiguration"] = imported.cors
    for store in ("_routes", "_integrations", "_authorizers"):
        take(f"{GATEWAY}:{store}")[api_id] = {}
    _create_children(api_id, imported)


def _create_children(api_id: str, imported: ImportedApi) -> None:
    def create(kind: str, properties: Json) -> str:
        handler = take(f"{TYPES}:_RESOURCE_HANDLERS")[f"AWS::ApiGatewayV2::{kind}"]["create"]
        physical_id: str = handler(kind, {"ApiId": api_id, **properties}, "")[0]
        return physical_id

    authorizers = {name: create("Authorizer", properties) for name, properties in imported.authorizers.items()}
    integrations = {key: create("Integration", properties) for key, properties in imported.integrations.items()}
    for route in imported.routes:
        properties: Json = {
            "RouteKey": route.key,
            "Target": f"integrations/{integrations[route.integration]}",
            "OperationName": route.operation,
        }
        if route.authorizer:
            properties["AuthorizationType"] = "JWT"
            properties["AuthorizerId"] = authorizers[route.authorizer]
            properties["AuthorizationScopes"] = list(route.scopes)
        create("Route", properties)


def _apply_body_import() -> None:
    handlers = take(f"{TYPES}:_RESOURCE_HANDLERS")["AWS::ApiGatewayV2::Api"]
    create, update = handlers["create"], handlers["update"]

    def create_with_body(logical_id: str, properties: Json, stack_name: str) -> Any:
        made = create(logical_id, properties, stack_name)
        if isinstance(properties.get("Body"), dict):
            import_body(made[0], properties["Body"])
        return made

    def update_with_body(api_id: str, old: Json, new: Json, stack_name: str, logical_id: str | None = None) -> Any:
        made = update(api_id, old, new, stack_name, logical_id)
        if isinstance(new.get("Body"), dict):
            import_body(made[0], new["Body"])
        return made

    handlers.update(create=create_with_body, update=update_with_body, update_with_logical_id=True)


# --- serving a request ---

# Whether the body of the request was too large to be read: set by front.py.
TOO_LARGE: ContextVar[bool] = ContextVar("too_large", default=False)
# The routes' throttling. Off by default, since tests and demo data exceed the limits.
_throttle = Throttle() if os.environ.get("THROTTLE") == "1" else None
JWT_PROBLEMS = {
    "segments": "token contains an invalid number of segments",
    "expired": "the token has expired",
    "audience": "the token does not have a valid audience",
    "other": "the token is invalid",
}


async def handle(
    api_id: str,
    stage: str,
    path: str,
    method: str,
    headers: dict[str, str],
    body: bytes,
    query_params: dict[str, list[str]] | None,
    owner_account_id: str,
    owner_region: str,
    raw_query_string: str | None = None,
) -> Answer:
    """Replaces ministack's `_handle_execute_in_scope`, with the same signature."""
    api = take(f"{GATEWAY}:_apis").get(api_id)
    if api is None:
        return message(404, "Not Found")
    settings = api.get("corsConfiguration") or {}
    call = Call(
        api_id=api_id,
        account_id=owner_account_id,
        stage=stage,
        method=method,
        path=path,
        headers={name.lower(): value for name, value in headers.items()},
        body=body or b"",
        raw_query=take(f"{GATEWAY}:_raw_query_string")(query_params, raw_query_string),
        query=query_params or {},
        stage_variables=take(f"{GATEWAY}:_get_stage_variables")(api_id, stage) or {},
    )
    status, answered, content = await _serve(call, owner_region, has_cors=bool(settings))
    if settings:
        # Also on the gateway's own answers, so that a page can read that its token has expired.
        answered = {**cors.without(answered), **cors.headers(settings, method, call.headers)}
    return status, {**answered, "apigw-requestid": call.request_id}, content


async def _serve(call: Call, region: str, *, has_cors: bool) -> Answer:
    stage = take(f"{GATEWAY}:_stages").get(call.api_id, {}).get(call.stage)
    if stage is None:
        return message(404, "Not Found")
    # Like AWS, treat several leading slashes as one.
    path = "/" + call.path.lstrip("/")
    route = take(f"{GATEWAY}:_match_route")(call.api_id, call.method, path)
    if route is None:
        # OPTIONS goes to a matching route, also ANY and $default. Without one, CORS answers it.
        return (204, {}, b"") if call.method == "OPTIONS" and has_cors else message(404, "Not Found")
    if _throttle is not None and not _throttle.takes(call.api_id, stage, route["routeKey"]):
        return message(429, "Too Many Requests")
    if TOO_LARGE.get():
        return message(413, "Request Entity Too Large")
    authorizer, refusal = await _authorize(route, call)
    if refusal is not None:
        return refusal
    _method, _, template = route["routeKey"].partition(" ")
    parameters = take(f"{GATEWAY}:_extract_path_params")(template, path) if template else None
    routed = replace(call, route_key=route["routeKey"], path_parameters=parameters or {}, authorizer=authorizer)
    integration_id = route.get("target", "").rpartition("/")[2]
    integration = take(f"{GATEWAY}:_integrations").get(call.api_id, {}).get(integration_id)
    return await invoke(integration, routed, region) if integration else message(500, "Internal Server Error")


async def _authorize(route: Json, call: Call) -> tuple[Json | None, Answer | None]:
    """The event's authorizer context for the token, or the gateway's refusal."""
    if (route.get("authorizationType") or "NONE").upper() != "JWT":
        return None, None
    authorizer = take(f"{GATEWAY}:_authorizers").get(call.api_id, {}).get(route.get("authorizerId"))
    if authorizer is None:
        return None, message(500, "Internal Server Error")
    claims, scopes, refusal = await take(f"{GATEWAY}:_validate_jwt_authorizer")(
        route, authorizer, call.headers, call.query
    )
    if refusal is not None:
        status, answered, content = refusal
        if status == 401:
            answered = {**answered, "www-authenticate": challenge(call.headers.get("authorization", ""), authorizer)}
        return None, (status, answered, content)
    as_string = take(f"{GATEWAY}:_jwt_claim_to_string")
    strings = {name: as_string(value) for name, value in claims.items()}
    return {"jwt": {"claims": strings, "scopes": scopes or None}}, None


def challenge(authorization: str, authorizer: Json) -> str:
    """The header www-authenticate of a refusal.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-troubleshooting-jwt.html
    """
    if not authorization:
        return "Bearer"
    claims = _claims(authorization.rpartition(" ")[2])
    audience = (authorizer.get("jwtConfiguration") or {}).get("audience") or []
    if claims is None:
        problem = "segments"
    elif claims.get("exp", inf) <= time.time():
        problem = "expired"
    elif claims.get("aud", claims.get("client_id")) not in audience:
        problem = "audience"
    else:
        problem = "other"
    return f'Bearer scope="" error="invalid_token" error_description="{JWT_PROBLEMS[problem]}"'


def _claims(token: str) -> Json | None:
    """The unverified claims of a token; None if it is not a JWT."""
    try:
        _header, claims, _signature = token.split(".")
        read = json.loads(base64.urlsafe_b64decode(claims + "=="))
    except ValueError:
        return None
    return read if isinstance(read, dict) else None


async def invoke(integration: Json, call: Call, region: str) -> Answer:
    """Call the function of an integration."""
    reference = take(f"{GATEWAY}:_extract_lambda_ref_from_integration_uri")(integration.get("integrationUri", ""))
    function, config, _name = take(f"{LAMBDA}:_get_func_record_for_ref_in_scope")(
        reference, account_id=call.account_id, region=region
    )
    if function is None or config is None:
        return message(500, "Internal Server Error")
    record = take(f"{LAMBDA}:_execution_record_for_config")(function, config)
    result = await take(f"{GATEWAY}:run_reentrant")(
        _execute_for, CONNECTION.get() or Caller(), record, event(call), thread_name="apigateway-invoke"
    )
    return answer(result)


def _execute_for(caller: Caller, record: Json, given: Json) -> Json:
    """Run the invocation, which waits for a worker, in a thread of its own."""
    CALLER.set(caller)
    result: Json = take(f"{LAMBDA}:_execute_function_with_config_scope")(record, given)
    return result


# --- the method of a request ---

# The method as the client wrote it, for instance in lower case; set for each HTTP/1.1 request.
METHOD: ContextVar[str] = ContextVar("method", default="")


def _keep_methods() -> None:
    protocol = take(f"{SERVER}:H11Protocol")
    create_stream = protocol._create_stream

    async def create_and_remember(self: Any, request: Any) -> None:
        METHOD.set(request.method.decode("ascii"))
        await create_stream(self, request)

    protocol._create_stream = create_and_remember


PATCHES = [
    Patch(
        "OpenAPI body of an HTTP API",
        ministack="ignores Body of AWS::ApiGatewayV2::Api, so a SAM HttpApi with a DefinitionBody has no routes",
        aws="imports routes, integrations, JWT authorizers and CORS from it",
        needs=(
            f"{TYPES}:_RESOURCE_HANDLERS",
            f"{TYPES}:_apigw_v2_api_create",
            f"{TYPES}:_apigw_v2_api_update",
            f"{TYPES}:_apigw_v2_authorizer_create",
            f"{TYPES}:_apigw_v2_integration_create",
            f"{TYPES}:_apigw_v2_route_create",
            *(f"{GATEWAY}:{store}" for store in ("_apis", "_routes", "_integrations", "_authorizers")),
        ),
        apply=_apply_body_import,
    ),
    Patch(
        "requests of an HTTP API",
        ministack="no stage in the path, cookies, stageVariables, domainPrefix; shows the text of an error (502); sends"
        " no CORS headers with its own answers, no www-authenticate; throttles nothing; answers OPTIONS itself whatever"
        " routes there are",
        aws='has them; answers 500 {"message":"Internal Server Error"}; adds CORS headers to every answer to an allowed'
        " origin; gives OPTIONS to ANY and $default routes",
        needs=(
            f"{GATEWAY}:_handle_execute_in_scope",
            f"{GATEWAY}:_apis",
            f"{GATEWAY}:_stages",
            f"{GATEWAY}:_integrations",
            f"{GATEWAY}:_authorizers",
            f"{GATEWAY}:_match_route",
            f"{GATEWAY}:_extract_path_params",
            f"{GATEWAY}:_validate_jwt_authorizer",
            f"{GATEWAY}:_extract_lambda_ref_from_integration_uri",
            f"{GATEWAY}:_get_stage_variables",
            f"{GATEWAY}:_jwt_claim_to_string",
            f"{GATEWAY}:_raw_query_string",
            f"{GATEWAY}:run_reentrant",
            f"{LAMBDA}:_get_func_record_for_ref_in_scope",
            f"{LAMBDA}:_execute_function_with_config_scope",
            f"{LAMBDA}:_execution_record_for_config",
        ),
        apply=partial(put, f"{GATEWAY}:_handle_execute_in_scope", handle),
    ),
    Patch(
        "methods as they are written",
        ministack="reads `patch` as PATCH, since its HTTP server does",
        aws="compares methods with those of the routes as they are",
        needs=(f"{SERVER}:H11Protocol._create_stream",),
        apply=_keep_methods,
    ),
]
