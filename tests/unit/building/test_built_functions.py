"""Each built function starts from its own folder alone and serves a request, with Connexion's stand-ins in force.

What a build leaves out shows up here: a module, a model, a part of the contract, something that a stand-in stands for.
In other tests everything is importable, and libraries are loaded before the stand-ins could take their place.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from building import functions
from handlers.web.contract import contract
from local.artifacts import read_template
from openapi.generate import operations
from tests.aws_stand_in import write_public_documents
from tests.events import claims_of, event

TEMPLATE = read_template(functions.ROOT / "template.yaml")
EXAMPLES: dict[str, Any] = contract()["components"].get("examples", {})
PARAMETERS: dict[str, Any] = contract()["components"]["parameters"]
OPERATIONS = {operation["operationId"]: (path, method, operation) for path, method, operation in operations(contract())}
# Parameters of which one is wanted, though none is required by itself.
ASKED = {"getCalendar": {"month"}, "commitImport": {"If-Match"}, "commitRestore": {"If-Match"}}
# What a function may say when AWS cannot be reached: in good order, or for a function behind the API by raising so.
UNREACHABLE = {503, 200, 201, 202, 204}


def request(operation_id: str) -> dict[str, Any]:
    """A request that follows the contract, with its own examples."""
    path, method, operation = OPERATIONS[operation_id]
    listed = [*contract()["paths"][path].get("parameters", []), *operation.get("parameters", [])]
    given = [PARAMETERS[each["$ref"].rpartition("/")[2]] for each in listed]
    filled = path
    for parameter in given:
        if parameter["in"] == "path":
            filled = filled.replace(f"{{{parameter['name']}}}", str(example_of(parameter)))
    wanted = [it for it in given if it.get("required") or it["name"] in ASKED.get(operation_id, ())]
    query = "&".join(f"{it['name']}={query_text(example_of(it))}" for it in wanted if it["in"] == "query")
    headers = {it["name"].lower(): example_of(it) for it in wanted if it["in"] == "header"}
    body = None
    if "requestBody" in operation:
        media_type, content = next(iter(operation["requestBody"]["content"].items()))
        headers["content-type"] = media_type
        [first, *_] = content["examples"].values()
        body = json.dumps(resolved(first)["value"]).encode()
        headers["content-length"] = str(len(body))
    claims = claims_of("11111111-aaaa-4bbb-8ccc-000000000001") if operation.get("security", ["user"]) else None
    route = f"{method.upper()} {path}"
    return event(
        method.upper(), f"/v1{filled}", route_key=route, query=query, headers=headers, body=body, claims=claims
    )


def query_text(example: Any) -> str:
    return ",".join(example) if isinstance(example, list) else str(example)


def resolved(node: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in node:
        target: Any = contract()
        for step in node["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        node = target
    return node


def example_of(parameter: dict[str, Any]) -> Any:
    if "example" in parameter:
        return parameter["example"]
    return resolved(parameter["schema"])["example"]


def event_for(entry: str, served: list[str]) -> dict[str, Any]:
    if served:
        return request(served[0])
    if entry == functions.HTTP_ENTRY:  # the function for unknown routes
        return event("GET", "/v1/nothing", route_key="$default")
    if entry == "handlers.entry.triggers":
        asked = {"userAttributes": {"email": "dana@example.com"}, "validationData": {}}
        return {"triggerSource": "PreSignUp_SignUp", "request": asked, "callerContext": {"clientId": "another"}}
    return {"Records": []}


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """What each function of the template answers, by its operation or its own name."""
    built = tmp_path_factory.mktemp("built") / "functions"
    functions.write_once(built, sys.executable)
    page = tmp_path_factory.mktemp("page")
    write_public_documents(page)
    asked: dict[str, dict[str, Any]] = {}
    common = TEMPLATE["Globals"]["Function"]
    for name, entry, served in functions.functions(TEMPLATE):
        own = TEMPLATE["Resources"][name]["Properties"]
        told = {key: f"of-{key.lower()}" for key in own.get("Environment", {}).get("Variables", {})}
        told |= {"OPERATIONS": " ".join(served), "AWS_REGION": "eu-central-1", "AWS_DEFAULT_REGION": "eu-central-1"}
        told |= {"PUBLIC_DOCUMENTS": str(page)} if "PUBLIC_DOCUMENTS" in told else {}
        for operation_id in served or [name]:
            asked[operation_id] = {
                "folder": str(built / name),
                "entry": own.get("Handler", common["Handler"]),
                "variables": told,
                "event": event_for(entry, [operation_id] if served else []),
            }
    run = subprocess.run(
        [sys.executable, "-P", str(Path(__file__).with_name("serve_built.py"))],
        input=json.dumps(list(asked.values())),
        env={"PATH": os.environ["PATH"], "AWS_ACCESS_KEY_ID": "none", "AWS_SECRET_ACCESS_KEY": "none"},
        cwd=page,
        capture_output=True,
        text=True,
        check=True,
    )
    told_back = [json.loads(line) for line in run.stdout.splitlines()]
    return dict(zip(asked, told_back, strict=True))


@pytest.mark.parametrize("operation_id", OPERATIONS)
def test_a_built_function_serves_a_request_of_its_operation(
    operation_id: str, answers: dict[str, dict[str, Any]]
) -> None:
    told = answers[operation_id]
    assert "error" not in told, told.get("trace")
    assert told["answer"]["statusCode"] in UNREACHABLE, told["answer"]["body"]
    body = told["answer"]["body"]
    # A bulk request is answered item by item.
    assert '"status": 500' not in body
    assert '"status":500' not in body


def test_the_built_function_for_unknown_routes_answers(answers: dict[str, dict[str, Any]]) -> None:
    assert answers["UnknownRouteFunction"]["answer"]["statusCode"] == 404


BEHIND_THE_API = [
    name for name, entry, served in functions.functions(TEMPLATE) if not served and entry != functions.HTTP_ENTRY
]


@pytest.mark.parametrize("name", BEHIND_THE_API)
def test_a_built_function_behind_the_api_starts_and_takes_an_event(
    name: str, answers: dict[str, dict[str, Any]]
) -> None:
    told = answers[name]
    # The guard of sign-ups refuses what it cannot judge.
    assert told.get("error") in (None, "Unavailable", "Refused"), told.get("trace")
