"""Every function in template.yaml: its deployment, its operations and its role."""

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from handlers.storage import mail_allowance
from openapi.generate import contract, functions, gateway
from tests import rights
from tests.template.test_translation import with_includes
from tests.template_file import properties, template

ROOT = Path(__file__).parents[2]
RESOURCES = template()["Resources"]
FUNCTIONS = sorted(name for name, resource in RESOURCES.items() if resource["Type"] == "AWS::Serverless::Function")
API_FUNCTIONS = sorted(functions(contract()))
GLOBALS = template()["Globals"]["Function"]
READ = "\n".join(path.read_text("utf-8") for path in (ROOT / "handlers").rglob("*.py"))

# Names of objects and of streams are made up as the product runs: below these, any.
OPEN_ENDED = {
    "${UserFiles.Arn}/images/*",
    "${UserFiles.Arn}/exports/*",
    "${UserFiles.Arn}/exports/*/restores/*",
    "${UserFiles.Arn}/imports/*",
    "${UserFiles.Arn}/imports/*/restores/*",
    "${TradesTable.Arn}/stream/*",
    "${LedgerTable.Arn}/stream/*",
}
# All functions of the stack, by their names.
OWN_FUNCTIONS = "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:${AWS::StackName}-*"


def role_of(function: str) -> str:
    """The logical id of the function's role."""
    attribute: str = properties(function)["Role"]["Fn::GetAtt"]
    return attribute.removesuffix(".Arn")


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def name_of(resource: Any) -> str:
    """What a policy's resource points to: the argument of its Ref, GetAtt or Sub."""
    if isinstance(resource, str):
        return resource
    [argument] = resource.values()
    return str(argument)


def permissions(role: str) -> Iterator[tuple[str, str]]:
    """Action and resource of everything that a role allows."""
    for policy in properties(role).get("Policies", ()):
        for given in with_includes(policy["PolicyDocument"]["Statement"]):
            statement = given["Fn::If"][1] if "Fn::If" in given else given
            assert statement["Effect"] == "Allow"
            assert statement.keys() <= {"Effect", "Action", "Resource", "Condition"}
            for action in as_list(statement["Action"]):
                for resource in as_list(statement["Resource"]):
                    yield action, name_of(resource)


def roles() -> list[str]:
    return sorted(name for name, resource in RESOURCES.items() if resource["Type"] == "AWS::IAM::Role")


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_right_stands_once_in_a_role(function: str) -> None:
    allowed = list(permissions(role_of(function)))
    assert len(allowed) == len(set(allowed))


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_role_lets_lambda_bring_its_function_what_it_works_on(function: str) -> None:
    """What the function's code itself needs is compared with the calls that it makes in tests: tests/rights.py."""
    assert set(rights.rights_of_lambda(function)) <= set(rights.rights(function))


# Roles that are no function's: they write no log and no traces.
OF_SERVICES = {"ApiRole", "CodeDeployRole"}


@pytest.mark.parametrize("role", roles())
def test_no_role_allows_a_wildcard(role: str) -> None:
    open_ended = [pair for pair in permissions(role) if "*" in "".join(pair) and pair[1] not in OPEN_ENDED]
    # CodeDeploy's has no other: it shifts every function, and alarms are described all at once.
    assert open_ended == (list(permissions(role)) if role == "CodeDeployRole" else [])
    assert properties(role).keys() - {"Policies"} == {"AssumeRolePolicyDocument", "PermissionsBoundary"} | (
        set() if role in OF_SERVICES else {"ManagedPolicyArns"}
    )
    if role not in OF_SERVICES:
        assert properties(role)["ManagedPolicyArns"] == [{"Ref": "FunctionPolicy"}]


def test_the_policy_that_functions_share_allows_logs_traces_and_the_use_of_the_operators_key() -> None:
    shared = [name for name, resource in RESOURCES.items() if resource["Type"] == "AWS::IAM::ManagedPolicy"]
    assert shared == ["FunctionPolicy"]
    log, tracing, key = properties("FunctionPolicy")["PolicyDocument"]["Statement"]
    assert log == {
        "Effect": "Allow",
        "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
        "Resource": {"Fn::GetAtt": "FunctionsLog.Arn"},
    }
    # X-Ray's actions know no resources: the one star among the functions' rights.
    assert tracing == {
        "Effect": "Allow",
        "Action": ["xray:PutTraceSegments", "xray:PutTelemetryRecords"],
        "Resource": "*",
    }
    allowed = {
        "Effect": "Allow",
        "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
        "Resource": {"Ref": "KmsKeyArn"},
    }
    assert key == {"Fn::If": ["WithKey", allowed, {"Ref": "AWS::NoValue"}]}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_lambda_alone_takes_the_role_of_a_function(function: str) -> None:
    [statement] = properties(role_of(function))["AssumeRolePolicyDocument"]["Statement"]
    assert statement == {
        "Effect": "Allow",
        "Principal": {"Service": "lambda.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }


def test_functions_with_equal_rights_share_a_role_and_others_do_not() -> None:
    rights: dict[frozenset[tuple[str, str]], set[str]] = {}
    for function in FUNCTIONS:
        rights.setdefault(frozenset(permissions(role_of(function))), set()).add(role_of(function))
    assert [names for names in rights.values() if len(names) > 1] == []


def test_mails_are_sent_where_there_is_a_sender_by_its_identity_alone() -> None:
    [policy] = properties(role_of("ChangeProfileFunction"))["Policies"]
    [conditional] = [it for it in policy["PolicyDocument"]["Statement"] if "Fn::If" in it]
    statement = {"Effect": "Allow", "Action": "ses:SendEmail", "Resource": {"Ref": "MailIdentityArn"}}
    assert conditional == {"Fn::If": ["WithMailIdentity", statement, {"Ref": "AWS::NoValue"}]}


@pytest.mark.parametrize("function", ["SignUpFunction", "ResendConfirmationCodeFunction", "ChangeProfileFunction"])
def test_who_counts_requests_for_codes_reaches_no_users_items(function: str) -> None:
    [policy] = properties(role_of(function))["Policies"]
    [counts] = [it for it in policy["PolicyDocument"]["Statement"] if it.get("Action") == "dynamodb:UpdateItem"]
    assert counts["Condition"] == {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": [mail_allowance.OWNER]}}


def test_there_is_no_role_without_a_use() -> None:
    assert set(roles()) == {role_of(function) for function in FUNCTIONS} | OF_SERVICES


def test_codedeploy_shifts_functions_and_looks_at_alarms() -> None:
    assert set(permissions("CodeDeployRole")) == {
        ("lambda:GetAlias", OWN_FUNCTIONS),
        ("lambda:GetProvisionedConcurrencyConfig", OWN_FUNCTIONS),
        ("lambda:UpdateAlias", OWN_FUNCTIONS),
        ("cloudwatch:DescribeAlarms", "*"),
    }
    [statement] = properties("CodeDeployRole")["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Principal"] == {"Service": "codedeploy.amazonaws.com"}
    assert template()["Globals"]["Function"]["DeploymentPreference"]["Role"] == {"Fn::GetAtt": "CodeDeployRole.Arn"}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_is_published_as_live_with_every_release(function: str) -> None:
    settings = {**GLOBALS, **properties(function)}
    assert settings["AutoPublishAlias"] == "live"
    assert settings["AutoPublishCodeSha256"] == {"Ref": "Release"}


@pytest.mark.parametrize("function", [*API_FUNCTIONS, "UnknownRouteFunction"])
def test_a_function_gives_up_before_the_gateway_does(function: str) -> None:
    assert 0 < {**GLOBALS, **properties(function)}["Timeout"] < 30
    assert "ReservedConcurrentExecutions" not in properties(function)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_logs_into_a_group_that_forgets(function: str) -> None:
    group = {**GLOBALS, **properties(function)}["LoggingConfig"]["LogGroup"]["Ref"]
    assert RESOURCES[group]["Type"] == "AWS::Logs::LogGroup"
    assert properties(group)["RetentionInDays"] == {"Ref": "LogRetentionDays"}


def test_every_log_group_forgets() -> None:
    groups = [name for name, resource in RESOURCES.items() if resource["Type"] == "AWS::Logs::LogGroup"]
    assert groups
    assert all(properties(group)["RetentionInDays"] == {"Ref": "LogRetentionDays"} for group in groups)


def test_a_setting_means_the_same_in_every_function() -> None:
    told: dict[str, set[str]] = {}
    for function in FUNCTIONS:
        for name, value in properties(function).get("Environment", {}).get("Variables", {}).items():
            told.setdefault(name, set()).add(str(value))
    del told["OPERATIONS"]
    assert [name for name, values in told.items() if len(values) > 1] == []


@pytest.mark.parametrize("setting", rights.WITHOUT_RESOURCE)
def test_what_names_no_resource_is_read(setting: str) -> None:
    assert f'os.environ["{setting}"]' in READ or f'os.environ.get("{setting}"' in READ


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_is_built_by_the_makefile_and_shares_the_bundle(function: str) -> None:
    assert RESOURCES[function]["Metadata"]["BuildMethod"] == "makefile"
    assert properties(function).keys().isdisjoint({"CodeUri", "Runtime"})


@pytest.mark.parametrize("function", [*API_FUNCTIONS, "UnknownRouteFunction"])
def test_a_function_of_the_api_is_called_by_the_gateway_alone(function: str) -> None:
    assert properties(function).keys().isdisjoint({"Handler", "Events"})


# What Cognito calls while it makes a user.
TRIGGERS = {"GuardPoolFunction"}


@pytest.mark.parametrize("function", sorted(TRIGGERS))
def test_a_trigger_is_called_by_the_pool_alone_which_waits_for_five_seconds(function: str) -> None:
    module, _, name = properties(function)["Handler"].rpartition(".")
    assert callable(getattr(importlib.import_module(module), name))
    assert "Events" not in properties(function)
    assert properties(function)["Timeout"] <= 5
    alias = {"Ref": f"{function}.Alias"}
    assert properties("UserPool")["LambdaConfig"] == {"PreSignUp": alias, "CustomMessage": alias}
    [permission] = [it["Properties"] for it in RESOURCES.values() if it["Type"] == "AWS::Lambda::Permission"]
    assert permission == {
        "Action": "lambda:InvokeFunction",
        "FunctionName": alias,
        "Principal": "cognito-idp.amazonaws.com",
        "SourceAccount": {"Ref": "AWS::AccountId"},
        "SourceArn": {"Fn::GetAtt": "UserPool.Arn"},
    }


def test_the_errors_with_which_the_guard_refuses_strangers_ring_no_alarm() -> None:
    group = properties("GuardPoolFunction")["LoggingConfig"]["LogGroup"]
    filters = [it["Properties"] for it in RESOURCES.values() if it["Type"] == "AWS::Logs::MetricFilter"]
    assert group != properties("FunctionErrorsMetric")["LogGroupName"]
    assert group not in [it["LogGroupName"] for it in filters]


@pytest.mark.parametrize("function", sorted(set(FUNCTIONS) - {*API_FUNCTIONS, *TRIGGERS, "UnknownRouteFunction"}))
def test_a_function_behind_the_api_has_an_entry_point_and_gives_back_what_fails(function: str) -> None:
    module, _, name = properties(function)["Handler"].rpartition(".")
    assert callable(getattr(importlib.import_module(module), name))
    assert properties(function)["Events"]
    for source in properties(function)["Events"].values():
        assert source["Type"] in ("DynamoDB", "SQS", "Schedule")
        if source["Type"] in ("SQS", "DynamoDB"):
            assert source["Properties"]["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        if source["Type"] == "DynamoDB":
            assert source["Properties"]["MaximumRetryAttempts"] > 0
            assert source["Properties"]["MaximumRecordAgeInSeconds"] > 0
            assert "OnFailure" in source["Properties"]["DestinationConfig"]
        if source["Type"] == "SQS":
            # While a function may still be at work on a message, no other one gets it.
            queue = properties(source["Properties"]["Queue"]["Fn::GetAtt"].removesuffix(".Arn"))
            assert queue["VisibilityTimeout"] >= properties(function)["Timeout"]
            assert "deadLetterTargetArn" in queue["RedrivePolicy"]
            # However long the queue grows, this function does not take the concurrency that requests need.
            most = source["Properties"]["ScalingConfig"]["MaximumConcurrency"]
            if isinstance(most, dict):  # a parameter, which an operator raises together with the account's limit
                most = template()["Parameters"][most["Ref"]]["Default"]
            assert 2 <= most <= 10
        if source["Type"] == "Schedule":
            assert "DeadLetterConfig" in source["Properties"]
            assert "OnFailure" in properties(function)["EventInvokeConfig"]["DestinationConfig"]


def test_the_gateway_may_call_the_live_aliases_of_its_functions_and_nothing_else() -> None:
    assert sorted(permissions("ApiRole")) == sorted(
        ("lambda:InvokeFunction", f"{function}.Alias") for function in [*API_FUNCTIONS, "UnknownRouteFunction"]
    )
    [statement] = properties("ApiRole")["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Principal"] == {"Service": "apigateway.amazonaws.com"}


def test_the_gateway_calls_the_functions_that_it_may_call() -> None:
    called = {
        operation["x-amazon-apigateway-integration"]["uri"]["Fn::Sub"].rpartition("${")[2].partition(".Alias}")[0]
        for item in gateway(contract())["paths"].values()
        for operation in item.values()
        if isinstance(operation, dict) and "x-amazon-apigateway-integration" in operation
    }
    assert {f"{function}.Alias" for function in called} == {resource for _, resource in permissions("ApiRole")}
