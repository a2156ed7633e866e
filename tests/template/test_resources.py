"""The resources in template.yaml other than functions, and what the code relies on."""

import re
import string
from pathlib import Path
from typing import Any

import pytest

from handlers.storage import trade_queries
from handlers.web import credentials
from openapi.generate import contract, operations
from tests.template_file import properties, template

LINES = (Path(__file__).parents[2] / "template.yaml").read_text("utf-8").splitlines()
RESOURCES = template()["Resources"]


def test_the_template_can_be_read() -> None:
    assert len(LINES) <= 1_600  # docs/decisions/the-template-grows-with-the-ledger.md


@pytest.mark.parametrize("resource", RESOURCES)
def test_a_comment_says_why_a_resource_exists(resource: str) -> None:
    [at] = [number for number, line in enumerate(LINES) if line.startswith(f"  {resource}:")]
    comment = LINES[at - 1]
    if RESOURCES[resource]["Type"] == "AWS::IAM::Role" and len(functions_of(resource)) == 1:
        return  # its function, right above it, has the comment
    if RESOURCES[resource]["Type"] == "AWS::CloudWatch::Alarm":
        comment = f"  # {properties(resource)['AlarmDescription']}"
    assert re.match(r"  # \S.*\.$", comment)


def functions_of(role: str) -> list[str]:
    """The functions that take a role."""
    return [
        name
        for name, resource in RESOURCES.items()
        if resource["Type"] == "AWS::Serverless::Function"
        and resource["Properties"]["Role"]["Fn::GetAtt"] == f"{role}.Arn"
    ]


def test_a_function_stands_beside_its_role() -> None:
    names = list(RESOURCES)
    for role in (name for name in names if RESOURCES[name]["Type"] == "AWS::IAM::Role"):
        takers, place = functions_of(role), names.index(role)
        if len(takers) == 1:
            assert names[place - 1] == takers[0]
        else:
            assert names[place + 1 : place + 1 + len(takers)] == takers


def mentions(operation_id: str) -> list[str]:
    """The lines that name an operation, as its id or in a logical id."""
    name = operation_id[0].upper() + operation_id[1:]
    return [line for line in LINES if re.search(rf"\b({operation_id}|{name}|{name}(Function|Role)\w*)\b", line)]


@pytest.mark.parametrize("operation_id", [operation["operationId"] for _, _, operation in operations(contract())])
def test_an_operation_is_named_at_most_twice(operation_id: str) -> None:
    assert 0 < len(mentions(operation_id)) <= 2


def test_the_stage_is_the_version_of_the_contract() -> None:
    assert properties("Api")["StageName"] == {"Ref": "ApiVersion"}
    assert template()["Parameters"]["ApiVersion"]["Default"] == "v1"


def test_the_api_is_what_is_generated_from_the_contract_and_nothing_else() -> None:
    api = properties("Api")
    include = {"Name": "AWS::Include", "Parameters": {"Location": "generated/gateway.json"}}
    assert api["DefinitionBody"] == {"Fn::Transform": include}
    assert api.keys().isdisjoint({"Auth", "CorsConfiguration", "DefinitionUri"})


def test_the_api_is_throttled_and_logs_every_request() -> None:
    api = properties("Api")
    assert api["DefaultRouteSettings"]["ThrottlingRateLimit"] == {"Ref": "ThrottlingRate"}
    assert api["DefaultRouteSettings"]["ThrottlingBurstLimit"] == {"Ref": "ThrottlingBurst"}
    assert api["AccessLogSettings"]["DestinationArn"] == {"Fn::GetAtt": "ApiAccessLog.Arn"}


def test_the_access_log_holds_no_token_and_no_query() -> None:
    fields = set(re.findall(r"\$context\.[A-Za-z.]+", properties("Api")["AccessLogSettings"]["Format"]))
    assert "$context.requestId" in fields
    assert not any(re.search(r"authorizer|identity|path|query|header", field, re.IGNORECASE) for field in fields)


def broken_rules(password: str) -> set[str]:
    """The rules that a password breaks, in words."""
    return {fault.detail for fault in credentials.new_password(password).broken}


def test_the_pools_password_policy_is_the_one_in_words() -> None:
    policy = properties("UserPool")["Policies"]["PasswordPolicy"]
    assert policy == {
        "MinimumLength": 12,
        "RequireLowercase": True,
        "RequireUppercase": True,
        "RequireNumbers": True,
        "RequireSymbols": True,
    }
    everything = {
        f"has fewer than {policy['MinimumLength']} characters",
        "has no lower-case letter",
        "has no upper-case letter",
        "has no digit",
        "has no symbol",
    }
    assert broken_rules("") == everything
    long = policy["MinimumLength"]
    assert broken_rules("aA1!" * (long // 4 - 1) + "aA1") == {f"has fewer than {long} characters"}
    assert broken_rules("a" * long) == everything - {f"has fewer than {long} characters", "has no lower-case letter"}


@pytest.mark.parametrize("symbol", "^$*.[]{}()?\"!@#%&/\\,><':;|_~`=+-")
def test_every_symbol_that_cognito_counts_counts(symbol: str) -> None:
    assert "has no symbol" not in broken_rules(symbol)


@pytest.mark.parametrize("letter", [*string.ascii_letters, *string.digits, "ä", "§"])
def test_nothing_else_counts_as_a_symbol(letter: str) -> None:
    assert "has no symbol" in broken_rules(letter)


def test_users_are_addresses_whatever_their_case() -> None:
    pool = properties("UserPool")
    assert pool["UsernameAttributes"] == ["email"]
    assert pool["AutoVerifiedAttributes"] == ["email"]
    assert pool["UsernameConfiguration"] == {"CaseSensitive": False}


def test_the_pools_client_keeps_no_secret_and_tells_nobody_which_users_exist() -> None:
    client = properties("UserPoolClient")
    assert client["GenerateSecret"] is False
    assert client["PreventUserExistenceErrors"] == "ENABLED"
    assert client["EnableTokenRevocation"] is True
    # REFRESH_TOKEN_AUTH excludes rotation.
    assert sorted(client["ExplicitAuthFlows"]) == ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH"]
    assert client["RefreshTokenRotation"]["Feature"] == "ENABLED"


def test_access_tokens_are_short_lived_as_nobody_can_take_them_back() -> None:
    client = properties("UserPoolClient")
    assert client["TokenValidityUnits"]["AccessToken"] == "minutes"
    assert 5 <= client["AccessTokenValidity"] <= 15


def keys(schema: list[dict[str, str]]) -> list[tuple[str, str]]:
    return [(key["AttributeName"], key["KeyType"]) for key in schema]


def test_a_trade_is_found_by_its_user_and_its_id() -> None:
    assert keys(properties("TradesTable")["KeySchema"]) == [("userId", "HASH"), ("tradeId", "RANGE")]


def test_the_four_indexes_have_the_names_and_keys_that_lists_read() -> None:
    indexes: list[dict[str, Any]] = properties("TradesTable")["GlobalSecondaryIndexes"]
    assert {index["IndexName"]: keys(index["KeySchema"]) for index in indexes} == {
        "trades-by-date-gsi": [("userId", "HASH"), ("openDate", "RANGE")],
        "user-symbol-date-gsi": [("userId", "HASH"), ("symbolOpenDate", "RANGE")],
        "user-status-date-gsi": [("userId", "HASH"), ("statusOpenDate", "RANGE")],
        "user-idempotency-gsi": [("userId", "HASH"), ("idempotencyKey", "RANGE")],
    }
    assert {index["IndexName"] for index in indexes} == {
        trade_queries._BY_DATE,
        trade_queries._BY_SYMBOL,
        trade_queries.BY_STATUS,
        trade_queries._BY_KEY,
    }
    assert all(index["Projection"] == {"ProjectionType": "ALL"} for index in indexes)


def test_every_key_is_a_text() -> None:
    table = properties("TradesTable")
    schemas = [table["KeySchema"], *(index["KeySchema"] for index in table["GlobalSecondaryIndexes"])]
    named = {name for schema in schemas for name, _ in keys(schema)}
    defined = {each["AttributeName"]: each["AttributeType"] for each in table["AttributeDefinitions"]}
    assert defined == dict.fromkeys(named, "S")


def test_kept_answers_expire_and_changes_are_streamed() -> None:
    table = properties("TradesTable")
    assert table["TimeToLiveSpecification"] == {"AttributeName": "expiresAt", "Enabled": True}
    assert table["StreamSpecification"] == {"StreamViewType": "NEW_AND_OLD_IMAGES"}


@pytest.mark.parametrize("name", ["PageTokenSecret", "GuardSecret"])
def test_a_secret_is_made_by_aws(name: str) -> None:
    secret = properties(name)
    assert "SecretString" not in secret
    assert secret["GenerateSecretString"]["PasswordLength"] >= 32
