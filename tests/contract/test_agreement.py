"""The contract, what is generated from it, the handlers and the template agree."""

import builtins
import importlib
import inspect
import json
import keyword
import re
from typing import Any

import pytest

from handlers.documents.fields import contract_name
from handlers.journal.stats.figures import OF_JOURNAL, OF_RECORD
from handlers.web import problems
from handlers.web.contract import base_path
from handlers.web.problems import ProblemKind
from openapi import generate
from openapi.generate import OWN_FUNCTION, SERVED_BY, artifacts, contract, function_name, functions, operations
from tests.template_file import template

CONTRACT = contract()
OPERATIONS = {operation["operationId"]: operation for _, _, operation in operations(CONTRACT)}
FUNCTIONS = functions(CONTRACT)
FUNCTION_OF = {operation_id: function for function, served in FUNCTIONS.items() for operation_id in served}
GATEWAY = json.loads((generate.GENERATED / "gateway.json").read_text("utf-8"))
GATEWAY_OPERATIONS = [it for it in operations(GATEWAY) if it[0] not in generate.UNKNOWN_ROUTE_PATHS]
ORDER = [
    "tags",
    "summary",
    "description",
    "operationId",
    "x-unknown-query-parameters",
    "security",
    "parameters",
    "requestBody",
    "responses",
]

# CORS lets scripts read these without being told, or they are for the browser and not for scripts.
NOT_FOR_SCRIPTS = {
    "cache-control",
    "content-encoding",
    "content-security-policy",
    "referrer-policy",
    "vary",
    "x-content-type-options",
}


def test_what_is_generated_is_not_stale() -> None:
    written = artifacts()
    assert {path: path.read_text("utf-8") == text for path, text in written.items()} == dict.fromkeys(written, True)


def test_the_contract_as_json_is_the_contract() -> None:
    assert json.loads((generate.GENERATED / "openapi.json").read_text("utf-8")) == CONTRACT


def test_the_gateway_has_exactly_the_contracts_routes_and_for_each_the_contracts_security() -> None:
    imported = {(path, method): operation["security"] for path, method, operation in GATEWAY_OPERATIONS}
    assert imported == {
        (generate.gateway_path(path), method): operation.get("security", CONTRACT["security"])
        for path, method, operation in operations(CONTRACT)
    }
    assert GATEWAY["paths"].keys() - CONTRACT["paths"].keys() == {"/", "/{proxy+}", "/tags/{tag+}"}


def test_the_gateways_document_holds_what_an_http_api_reads_and_nothing_else() -> None:
    settings = {"x-amazon-apigateway-cors", "x-amazon-apigateway-endpoint-configuration"}
    assert GATEWAY.keys() == {"openapi", "info", "paths", "components"} | settings
    assert GATEWAY["info"].keys() == {"title", "version"}
    assert GATEWAY["components"].keys() == {"securitySchemes"}
    for path, _, operation in GATEWAY_OPERATIONS:
        names = re.findall(r"\{([^}+]+)\+?\}", path)
        # OpenAPI demands `responses` and a path's parameters.
        assert operation.keys() - {"parameters", "responses"} == {
            "operationId",
            "security",
            "x-amazon-apigateway-integration",
        }
        assert operation["responses"] == {}
        assert [parameter["name"] for parameter in operation.get("parameters", [])] == names


def test_the_contract_itself_knows_neither_aws_nor_connexion() -> None:
    assert re.findall(r"x-(?:amazon|openapi-router)[a-z-]*", json.dumps(CONTRACT)) == []


@pytest.mark.parametrize("path", generate.UNKNOWN_ROUTE_PATHS)
def test_requests_without_a_route_go_to_the_function_for_unknown_routes_without_a_token(path: str) -> None:
    routes = GATEWAY["paths"][path]
    assert set(routes) == {"get", "head", "post", "put", "patch", "delete"}
    for route in routes.values():
        assert route["security"] == []
        assert "${UnknownRouteFunction.Alias}" in route["x-amazon-apigateway-integration"]["uri"]["Fn::Sub"]


def test_no_route_takes_the_preflights_that_the_gateway_is_to_answer() -> None:
    # ANY and $default take OPTIONS too, and the function behind them knows nothing of CORS.
    for path, routes in GATEWAY["paths"].items():
        assert path != "/$default"
        assert {"options", "x-amazon-apigateway-any-method"}.isdisjoint(routes)


@pytest.mark.parametrize("operation_id", OPERATIONS)
def test_the_gateway_calls_the_alias_of_the_function_that_serves_the_operation(operation_id: str) -> None:
    [integration] = [
        operation["x-amazon-apigateway-integration"]
        for _, _, operation in GATEWAY_OPERATIONS
        if operation["operationId"] == operation_id
    ]
    assert f"/functions/${{{FUNCTION_OF[operation_id]}.Alias}}/invocations" in integration["uri"]["Fn::Sub"]
    assert integration["payloadFormatVersion"] == "2.0"
    assert integration["credentials"] == {"Fn::GetAtt": ["ApiRole", "Arn"]}


def test_the_gateway_verifies_tokens_of_this_pool_for_its_client() -> None:
    authorizer = GATEWAY["components"]["securitySchemes"]["bearerAuth"]["x-amazon-apigateway-authorizer"]
    assert authorizer["type"] == "jwt"
    assert authorizer["jwtConfiguration"]["audience"] == [{"Ref": "UserPoolClient"}]
    assert "${UserPool}" in authorizer["jwtConfiguration"]["issuer"]["Fn::Sub"]


def parameters_of(operation_id: str) -> list[dict[str, Any]]:
    [found] = [
        [*item.get("parameters", []), *operation.get("parameters", [])]
        for item in CONTRACT["paths"].values()
        for operation in item.values()
        if isinstance(operation, dict) and operation["operationId"] == operation_id
    ]
    return [CONTRACT["components"]["parameters"][each["$ref"].rpartition("/")[2]] for each in found]


def test_scripts_of_other_origins_may_send_every_header_that_the_contract_takes() -> None:
    taken = {
        parameter["name"].lower()
        for operation_id in OPERATIONS
        for parameter in parameters_of(operation_id)
        if parameter["in"] == "header"
    }
    assert set(GATEWAY["x-amazon-apigateway-cors"]["allowHeaders"]) == taken | {"authorization", "content-type"}


def test_scripts_of_other_origins_may_read_every_header_that_the_contract_answers() -> None:
    answered = {
        name.lower()
        for response in [
            *CONTRACT["components"]["responses"].values(),
            *(response for operation in OPERATIONS.values() for response in operation["responses"].values()),
        ]
        for name in response.get("headers", {})
    }
    assert set(GATEWAY["x-amazon-apigateway-cors"]["exposeHeaders"]) == answered - NOT_FOR_SCRIPTS


def test_scripts_of_other_origins_may_use_every_method() -> None:
    methods = {method.upper() for _, method, _ in operations(CONTRACT)}
    assert set(GATEWAY["x-amazon-apigateway-cors"]["allowMethods"]) == methods
    assert GATEWAY["x-amazon-apigateway-cors"]["allowOrigins"] == {"Ref": "AllowedOrigins"}


def snake_case(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


@pytest.mark.parametrize("operation_id", OPERATIONS)
def test_an_operation_has_one_tag_and_a_handler_of_its_name(operation_id: str) -> None:
    [tag] = OPERATIONS[operation_id]["tags"]
    function = getattr(importlib.import_module(f"handlers.operations.{tag}"), snake_case(operation_id))
    assert inspect.iscoroutinefunction(function)


def _in_python(operation_id: str) -> set[str]:
    """The names of the operation's parameters as Python has them."""
    names = {
        re.sub(r"(?<!^)(?=[A-Z])", "_", each["name"].replace("-", "")).lower() for each in parameters_of(operation_id)
    }
    # As Connexion names them.
    return {f"{name}_" if keyword.iskeyword(name) or hasattr(builtins, name) else name for name in names}


@pytest.mark.parametrize("operation_id", OPERATIONS)
def test_a_handler_takes_the_parameters_of_its_operation_and_the_user_where_there_is_one(operation_id: str) -> None:
    [tag] = OPERATIONS[operation_id]["tags"]
    module = importlib.import_module(f"handlers.operations.{tag}")
    taken = set(inspect.signature(getattr(module, snake_case(operation_id))).parameters)
    if "parameters" in taken:  # a mapping of all of them: those that are no argument are read from it by their names
        names = set(re.findall(r'"([a-z_]+)"', inspect.getsource(module)))
        taken = (taken - {"parameters"}) | (names & _in_python(operation_id))
    given = _in_python(operation_id)
    given |= {"document"} if "requestBody" in OPERATIONS[operation_id] else set()
    given |= {"user"} if OPERATIONS[operation_id].get("security", CONTRACT["security"]) else set()
    # What the context holds besides: the user's name in the pool, the request's id, the wrong items of a bulk request.
    assert taken - {"access_token", "username", "request_id", "bad_items"} == given


def test_the_functions_of_the_template_serve_the_operations_of_the_contract() -> None:
    served = {
        name: resource["Properties"].get("Environment", {}).get("Variables", {}).get("OPERATIONS")
        for name, resource in template()["Resources"].items()
        if resource["Type"] == "AWS::Serverless::Function"
    }
    assert served.pop("UnknownRouteFunction") is None
    for name, wanted in FUNCTIONS.items():
        assert (served.get(name) or "").split() == wanted, f"OPERATIONS of {name}, in the contract's order"
    assert {name for name, value in served.items() if value} == FUNCTIONS.keys()


def test_the_operations_with_a_function_of_their_own_are_in_the_contract() -> None:
    assert OPERATIONS.keys() >= OWN_FUNCTION
    for operation_id in OWN_FUNCTION:
        others = {other for other, served_by in SERVED_BY.items() if served_by == FUNCTION_OF[operation_id]}
        assert set(FUNCTIONS[FUNCTION_OF[operation_id]]) == {operation_id, *others}


# They need exactly the rights of another tag's function.
OF_OTHER_TAGS = {"restoreTrade", "getTagChange", "listRestores", "getRestore"}
# It is a POST for the sake of its body alone, and served by a function without any right.
STATELESS = {"detectFormat"}


@pytest.mark.parametrize("function", sorted(set(FUNCTIONS) - {FUNCTION_OF[each] for each in OWN_FUNCTION}))
def test_a_family_serves_operations_of_one_tag_which_all_read_or_all_change(function: str) -> None:
    served = [
        (method, operation)
        for _, method, operation in operations(CONTRACT)
        if operation["operationId"] in set(FUNCTIONS[function]) - OF_OTHER_TAGS - STATELESS
    ]
    assert len({operation["tags"][0] for _, operation in served}) == 1
    assert len({method in ("get", "head") for method, _ in served}) == 1


def test_an_added_operation_is_served_by_the_family_of_its_tag() -> None:
    added = {"operationId": "renameTag", "tags": ["trades"]}
    assert function_name("patch", added) == function_name("delete", added) == "ChangeTradesFunction"
    assert function_name("get", added) == function_name("head", added) == "ReadTradesFunction"
    assert function_name("get", {"operationId": "listTrades", "tags": ["trades"]}) == "ListTradesFunction"


@pytest.mark.parametrize("operation_id", OPERATIONS)
def test_an_operations_keys_stand_in_the_order_of_all_operations(operation_id: str) -> None:
    keys = list(OPERATIONS[operation_id])
    assert keys == [key for key in ORDER if key in keys]
    assert {"tags", "summary", "description", "operationId", "responses"} <= set(keys)


@pytest.mark.parametrize("operation_id", OPERATIONS)
def test_an_operation_declares_the_errors_that_any_may_meet(operation_id: str) -> None:
    operation = OPERATIONS[operation_id]
    expected = {"400", "429", "500", "503"}
    expected |= {"413", "415"} if "requestBody" in operation else set()
    expected |= {"401"} if operation.get("security", CONTRACT["security"]) else set()
    in_path = {parameter["name"] for parameter in parameters_of(operation_id) if parameter["in"] == "path"}
    expected |= {"404"} if in_path - {"tag"} else set()  # a tag that no trade has is none the less one
    expected |= {"412"} if any(parameter["name"] == "If-Match" for parameter in parameters_of(operation_id)) else set()
    assert expected <= set(operation["responses"])
    assert ("413" in operation["responses"]) == ("requestBody" in operation)


@pytest.mark.parametrize(("schema", "figures"), [("Stats", OF_RECORD | OF_JOURNAL), ("Bucket", OF_RECORD)])
def test_every_figure_is_a_required_property_of_the_answers_that_show_it(schema: str, figures: dict[str, Any]) -> None:
    declared = CONTRACT["components"]["schemas"][schema]
    names = {contract_name(name) for name in figures}
    assert names - declared["properties"].keys() == set()
    assert names - set(declared["required"]) == set()


def problem_examples() -> dict[str, Any]:
    return {
        name: example["value"]
        for name, example in CONTRACT["components"]["examples"].items()
        if str(example["value"].get("type", "") if isinstance(example["value"], dict) else "").startswith(
            "/v1/problems/"
        )
    }


def kinds() -> dict[str, ProblemKind]:
    return {base_path() + kind.type: kind for kind in vars(problems).values() if isinstance(kind, ProblemKind)}


def test_no_two_kinds_of_problem_share_a_type() -> None:
    declared = [kind for kind in vars(problems).values() if isinstance(kind, ProblemKind)]
    assert len(kinds()) == len(declared)


@pytest.mark.parametrize("name", problem_examples())
def test_a_problem_in_the_contracts_examples_is_one_that_the_api_makes(name: str) -> None:
    example = problem_examples()[name]
    kind = kinds()[example["type"]]
    assert (example["title"], example["status"]) == (kind.title, kind.status)


def test_every_status_of_a_problem_is_declared_somewhere_but_405_which_no_operation_answers() -> None:
    declared = {int(status) for operation in OPERATIONS.values() for status in operation["responses"]}
    assert {kind.status for kind in kinds().values()} - declared == {405}


def test_every_kind_of_problem_has_an_example_but_that_of_405() -> None:
    shown = {example["type"] for example in problem_examples().values()}
    assert set(kinds()) - shown == {"/v1/problems/method-not-allowed"}
