"""Patches of ministack's HTTP APIs (apigatewayv2)."""

from functools import partial
from typing import Any

from local.emulator.gateway_body import ImportedApi, Json, read_body
from local.emulator.gateway_event import Answer, Call, answer, event, message
from local.emulator.patching import Patch, put, take
from local.emulator.worker_queue import CALLER, CONNECTION, Caller

GATEWAY = "ministack.services.apigateway"
LAMBDA = "ministack.services.lambda_svc"
TYPES = "ministack.services.cloudformation.provisioners"

# --- the OpenAPI body of AWS::ApiGatewayV2::Api ---


def import_body(api_id: str, body: Json) -> None:
    """Replaces the API's routes, integrations and authorizers by what the body says; the API keeps its id."""
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


# --- calling the function ---


async def invoke(
    integration: Json,
    api_id: str,
    stage: str,
    path: str,
    method: str,
    headers: dict[str, str],
    body: bytes,
    query_params: dict[str, list[str]] | None,
    route_key: str = "$default",
    path_params: dict[str, str] | None = None,
    *,
    authorizer_claims: Json | None = None,
    authorizer_scopes: list[str] | None = None,
    owner_account_id: str | None = None,
    owner_region: str | None = None,
    raw_query_string: str | None = None,
    **_other_authorizers: object,  # Lambda and IAM authorizers, which this project does not use
) -> Answer:
    """Stands in for ministack's `_invoke_lambda_proxy`, whose signature this is."""
    reference = take(f"{GATEWAY}:_extract_lambda_ref_from_integration_uri")(integration.get("integrationUri", ""))
    function, config, _name = take(f"{LAMBDA}:_get_func_record_for_ref_in_scope")(
        reference, account_id=owner_account_id, region=owner_region
    )
    if function is None or config is None:
        return message(500, "Internal Server Error")
    as_string = take(f"{GATEWAY}:_jwt_claim_to_string")
    call = Call(
        api_id=api_id,
        account_id=owner_account_id or "",
        stage=stage,
        route_key=route_key,
        method=method,
        path=path,
        headers={name.lower(): value for name, value in headers.items()},
        body=body or b"",
        raw_query=take(f"{GATEWAY}:_raw_query_string")(query_params, raw_query_string),
        query=query_params or {},
        path_parameters=path_params or {},
        stage_variables=take(f"{GATEWAY}:_get_stage_variables")(api_id, stage) or {},
        authorizer=None
        if authorizer_claims is None
        else {
            "jwt": {
                "claims": {name: as_string(value) for name, value in authorizer_claims.items()},
                "scopes": authorizer_scopes or None,
            }
        },
    )
    record = take(f"{LAMBDA}:_execution_record_for_config")(function, config)
    result = await take(f"{GATEWAY}:run_reentrant")(
        _execute_for, CONNECTION.get() or Caller(), record, event(call), thread_name="apigateway-invoke"
    )
    return answer(result)


def _execute_for(caller: Caller, record: Json, given: Json) -> Json:
    """Run in a thread of its own: the invocation waits there for a worker."""
    CALLER.set(caller)
    result: Json = take(f"{LAMBDA}:_execute_function_with_config_scope")(record, given)
    return result


# --- the authorizer's refusal ---


def _apply_challenge() -> None:
    name = f"{GATEWAY}:_validate_jwt_authorizer"
    validate = take(name)

    async def validate_with_challenge(route: Json, authorizer: Json, headers: Json, query: Json) -> Any:
        claims, scopes, refusal = await validate(route, authorizer, headers, query)
        if refusal is not None and refusal[0] == 401:
            problem = ' error="invalid_token"' if headers.get("authorization") else ""
            refusal[1]["www-authenticate"] = f"Bearer{problem}"
        return claims, scopes, refusal

    put(name, validate_with_challenge)


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
        "event and answer of a Lambda integration",
        ministack="no stage in the path, cookies, stageVariables, domainPrefix; shows the text of an error (502)",
        aws='has them; answers 500 {"message":"Internal Server Error"}, 503 after a timeout',
        needs=(
            f"{GATEWAY}:_invoke_lambda_proxy",
            f"{GATEWAY}:_extract_lambda_ref_from_integration_uri",
            f"{GATEWAY}:_get_stage_variables",
            f"{GATEWAY}:_jwt_claim_to_string",
            f"{GATEWAY}:_raw_query_string",
            f"{GATEWAY}:run_reentrant",
            f"{LAMBDA}:_get_func_record_for_ref_in_scope",
            f"{LAMBDA}:_execute_function_with_config_scope",
            f"{LAMBDA}:_execution_record_for_config",
        ),
        apply=partial(put, f"{GATEWAY}:_invoke_lambda_proxy", invoke),
    ),
    Patch(
        "www-authenticate",
        ministack="leaves it out of the JWT authorizer's 401",
        aws="sends it",
        needs=(f"{GATEWAY}:_validate_jwt_authorizer",),
        apply=_apply_challenge,
    ),
]
