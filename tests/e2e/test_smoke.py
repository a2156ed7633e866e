"""`make smoke` against the deployed stack, as the pipeline runs it after each deployment."""

from __future__ import annotations

import subprocess

from local.places import ROOT
from local.stack import Stack
from openapi.generate import CONTRACT, contract, operations
from ops.smoke import Api, Smoke

ALLOWED = "http://localhost:5173"


def test_every_route_is_as_the_contract_says(stack: Stack) -> None:
    command = ["make", "--silent", "smoke", f"API={stack.api}", f"ORIGIN={ALLOWED}"]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    routes = len(list(operations(contract())))
    assert (said.returncode, f"{routes} routes" in said.stdout) == (0, True), said.stdout + said.stderr


def test_a_route_without_its_authorizer_is_noticed(stack: Stack) -> None:
    """As after an import that lost the route's security: the function itself refuses, and would refuse everybody."""
    gateway, api_id = stack.client("apigatewayv2"), stack.outputs["ApiId"]
    routes = gateway.get_routes(ApiId=api_id)["Items"]
    [route] = [route for route in routes if route["RouteKey"] == "GET /stats/calendar"]
    gateway.update_route(ApiId=api_id, RouteId=route["RouteId"], AuthorizationType="NONE")
    try:
        with Api(stack.api) as api:
            found = list(Smoke(contract(), CONTRACT.read_bytes(), api.ask).faults())
    finally:
        gateway.update_route(
            ApiId=api_id, RouteId=route["RouteId"], AuthorizationType="JWT", AuthorizerId=route["AuthorizerId"]
        )
    assert {fault.request for fault in found} == {
        "GET /stats/calendar without a token",
        "GET /stats/calendar with a made-up token",
    }
    assert all("no authorizer" in fault.found for fault in found)
