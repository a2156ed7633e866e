"""Safety of data and limits of the system: encryption, recovery, throttling, scanners' exceptions."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from openapi.generate import contract, function_name, operations
from tests.template_file import properties, template

RESOURCES = template()["Resources"]
KEY, NONE = {"Ref": "KmsKeyArn"}, {"Ref": "AWS::NoValue"}
BUCKETS = ["UserFiles", "AccessLogs"]


def with_key(value: Any, otherwise: Any) -> dict[str, Any]:
    return {"Fn::If": ["WithKey", value, otherwise]}


def named(kind: str) -> list[str]:
    return [name for name, resource in RESOURCES.items() if resource["Type"] == kind]


def test_these_are_all_the_buckets() -> None:
    assert sorted(BUCKETS) == sorted(named("AWS::S3::Bucket"))


@pytest.mark.parametrize("resource", [*named("AWS::DynamoDB::Table"), *BUCKETS, "UserPool"])
def test_what_users_would_miss_outlives_the_stack(resource: str) -> None:
    # But not a creation that fails: each further try would leave tables, buckets and a pool behind.
    assert RESOURCES[resource]["DeletionPolicy"] == "RetainExceptOnCreate"
    assert RESOURCES[resource]["UpdateReplacePolicy"] == "Retain"


def test_outside_dev_nobody_deletes_data_by_mistake() -> None:
    assert template()["Conditions"]["IsProtected"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "Stage"}, "dev"]}]}
    for table in named("AWS::DynamoDB::Table"):
        assert properties(table)["DeletionProtectionEnabled"] == {"Fn::If": ["IsProtected", True, False]}
    assert properties("UserPool")["DeletionProtection"] == {"Fn::If": ["IsProtected", "ACTIVE", "INACTIVE"]}


@pytest.mark.parametrize("table", named("AWS::DynamoDB::Table"))
def test_a_table_can_be_restored_to_any_second(table: str) -> None:
    assert properties(table)["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}


@pytest.mark.parametrize("table", named("AWS::DynamoDB::Table"))
def test_a_table_is_encrypted_by_the_operators_key_or_by_dynamodbs(table: str) -> None:
    assert properties(table)["SSESpecification"] == {
        "SSEEnabled": with_key(True, False),
        "SSEType": with_key("KMS", NONE),
        "KMSMasterKeyId": with_key(KEY, NONE),
    }


@pytest.mark.parametrize("queue", named("AWS::SQS::Queue"))
def test_a_queue_is_encrypted_by_the_operators_key_or_by_sqs(queue: str) -> None:
    assert properties(queue)["KmsMasterKeyId"] == with_key(KEY, NONE)
    assert properties(queue)["SqsManagedSseEnabled"] == with_key(NONE, True)


def test_the_users_files_are_encrypted_by_the_operators_key_or_by_s3() -> None:
    condition, by_key, otherwise = properties("UserFiles")["BucketEncryption"]["Fn::If"]
    [rule] = by_key["ServerSideEncryptionConfiguration"]
    assert condition == "WithKey"
    assert rule["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": KEY}
    [rule] = otherwise["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}


@pytest.mark.parametrize("resource", [*named("AWS::Logs::LogGroup"), *named("AWS::SecretsManager::Secret")])
def test_logs_and_secrets_are_encrypted_by_the_operators_key_or_by_aws(resource: str) -> None:
    assert properties(resource)["KmsKeyId"] == with_key(KEY, NONE)


@pytest.mark.parametrize("bucket", BUCKETS)
def test_a_bucket_is_private_versioned_and_cleared(bucket: str) -> None:
    settings = properties(bucket)
    assert set(settings["PublicAccessBlockConfiguration"].values()) == {True}
    assert settings["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    assert settings["VersioningConfiguration"] == {"Status": "Enabled"}
    rules = settings["LifecycleConfiguration"]["Rules"]
    assert {rule["Status"] for rule in rules} == {"Enabled"}
    assert any("NoncurrentVersionExpiration" in rule for rule in rules)
    assert any("AbortIncompleteMultipartUpload" in rule for rule in rules)


@pytest.mark.parametrize("bucket", BUCKETS)
def test_nobody_reaches_a_bucket_without_tls(bucket: str) -> None:
    [statement] = [
        each for each in properties(f"{bucket}Policy")["PolicyDocument"]["Statement"] if each["Effect"] == "Deny"
    ]
    assert statement == {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [{"Fn::GetAtt": f"{bucket}.Arn"}, {"Fn::Sub": f"${{{bucket}.Arn}}/*"}],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def test_accesses_to_the_users_files_are_written_down_as_long_as_logs_are_kept() -> None:
    logging = properties("UserFiles")["LoggingConfiguration"]
    assert logging == {"DestinationBucketName": {"Ref": "AccessLogs"}, "LogFilePrefix": "user-files/"}
    assert "AccessLogsPolicy" in RESOURCES["UserFiles"]["DependsOn"]
    [allowed] = [
        each for each in properties("AccessLogsPolicy")["PolicyDocument"]["Statement"] if each["Effect"] == "Allow"
    ]
    assert allowed["Principal"] == {"Service": "logging.s3.amazonaws.com"}
    assert allowed["Resource"] == {"Fn::Sub": f"${{AccessLogs.Arn}}/{logging['LogFilePrefix']}*"}
    rules = properties("AccessLogs")["LifecycleConfiguration"]["Rules"]
    assert [rule["ExpirationInDays"] for rule in rules] == [{"Ref": "LogRetentionDays"}]


def test_only_named_services_of_this_account_send_to_queues() -> None:
    statements = [
        statement
        for policy in named("AWS::SQS::QueuePolicy")
        for statement in properties(policy)["PolicyDocument"]["Statement"]
    ]
    assert statements
    for statement in statements:
        assert statement["Principal"].keys() == {"Service"}
        [condition] = statement["Condition"].values()
        assert condition.keys() <= {"aws:SourceAccount", "aws:SourceArn"}
        assert statement["Action"] == "sqs:SendMessage"


def schedules_with_dead_letters() -> dict[str, str]:
    """The dead-letter queue of each schedule, by the logical id of the schedule's rule."""
    found: dict[str, str] = {}
    for name in named("AWS::Events::Rule"):
        for target in properties(name)["Targets"]:
            found[name] = target["DeadLetterConfig"]["Arn"]["Fn::GetAtt"]
    for name in named("AWS::Serverless::Function"):
        for event, source in properties(name).get("Events", {}).items():
            if source["Type"] == "Schedule":  # SAM names the rule after the function and the event
                found[f"{name}{event}"] = source["Properties"]["DeadLetterConfig"]["Arn"]["Fn::GetAtt"]
    return {rule: queue.removesuffix(".Arn") for rule, queue in found.items()}


@pytest.mark.parametrize("rule", sorted(schedules_with_dead_letters()))
def test_a_schedule_may_send_to_its_dead_letter_queue(rule: str) -> None:
    """Without this right its failed events are lost, and no alarm rings."""
    queue = schedules_with_dead_letters()[rule]
    allowed = [
        source["Fn::GetAtt"]
        for policy in named("AWS::SQS::QueuePolicy")
        if {"Ref": queue} in properties(policy)["Queues"]
        for statement in properties(policy)["PolicyDocument"]["Statement"]
        for source in statement["Condition"]["ArnEquals"]["aws:SourceArn"]
    ]
    assert f"{rule}.Arn" in allowed, f"add !GetAtt {rule}.Arn to the policy of {queue}"


def test_the_public_routes_of_accounts_have_tighter_limits_each() -> None:
    public = {
        f"{method.upper()} {path}"
        for path, method, operation in operations(contract())
        if operation.get("security") == [] and path.startswith("/auth/")
    }
    api, parameters = properties("Api"), template()["Parameters"]
    assert "POST /auth/login" in public
    # Nobody guesses a refresh token, and one caller in a tight limit would log everybody out.
    public.remove("POST /auth/refresh")
    assert "POST /auth/refresh" not in api["RouteSettings"]
    for route in public:
        # A route's settings replace the default whole: what is left out would be off.
        assert api["RouteSettings"][route] == {
            "ThrottlingRateLimit": {"Ref": "AuthThrottlingRate"},
            "ThrottlingBurstLimit": {"Ref": "AuthThrottlingBurst"},
            "DetailedMetricsEnabled": {"Ref": "DetailedMetrics"},
        }
    for limit in ("Rate", "Burst"):
        assert parameters[f"AuthThrottling{limit}"]["Default"] <= parameters[f"Throttling{limit}"]["Default"] / 5


def test_no_route_takes_the_concurrency_that_the_others_need() -> None:
    account = 1000  # what AWS gives an account in a region, unless it is new or has asked for more
    api, parameters = properties("Api"), template()["Parameters"]
    timeout = template()["Globals"]["Function"]["Timeout"]
    slow = set()
    for path, method, operation in operations(contract()):
        route = f"{method.upper()} {path}"
        longest = properties(function_name(method, operation)).get("Timeout", timeout)
        settings = api["RouteSettings"].get(route, api["DefaultRouteSettings"])
        rate = parameters[settings["ThrottlingRateLimit"]["Ref"]]["Default"]
        if longest > 20:
            slow.add(route)
            assert settings == {
                "ThrottlingRateLimit": {"Ref": "SlowThrottlingRate"},
                "ThrottlingBurstLimit": {"Ref": "SlowThrottlingBurst"},
                "DetailedMetricsEnabled": {"Ref": "DetailedMetrics"},
            }
            assert rate * longest < account / 3
    assert slow == {
        "GET /auth/export",
        "GET /exports",
        "POST /exports",
        "GET /exports/{exportId}",
        "POST /trades/bulk",
        "POST /trades/bulk-update",
        "POST /trades/bulk-delete",
    }


def test_only_routes_that_exist_have_settings() -> None:
    known = {f"{method.upper()} {path}" for path, method, _ in operations(contract())}
    assert properties("Api")["RouteSettings"].keys() <= known


def test_a_domain_of_ones_own_is_there_if_it_is_given_and_has_the_version_in_its_paths() -> None:
    conditions = {name: RESOURCES[name].get("Condition") for name in RESOURCES if name.startswith("ApiDomain")}
    assert conditions == {
        "ApiDomain": "WithDomain",
        "ApiDomainMapping": "WithDomain",
        "ApiDomainRecord": "WithHostedZone",
    }
    assert template()["Parameters"]["DomainName"]["Default"] == ""
    [configuration] = properties("ApiDomain")["DomainNameConfigurations"]
    assert configuration["SecurityPolicy"] == "TLS_1_2"
    # As behind the gateway's own address, where the stage is the version: what answers name is right by both.
    assert properties("ApiDomainMapping")["ApiMappingKey"] == properties("Api")["StageName"]


def test_snapstart_is_a_choice() -> None:
    snapshots = template()["Globals"]["Function"]["SnapStart"]
    assert snapshots == {"Fn::If": ["WithSnapStart", {"ApplyOn": "PublishedVersions"}, NONE]}
    assert template()["Parameters"]["SnapStart"]["Default"] == "false"
    [rule] = template()["Rules"]["SnapStartHasARuntime"]["Assertions"]
    assert rule["Assert"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "Runtime"}, "python3.11"]}]}


def test_calls_are_traced() -> None:
    assert template()["Globals"]["Function"]["Tracing"] == "Active"


def test_five_kinds_of_check_are_skipped_at_most_and_each_with_a_reason() -> None:
    skipped = {
        skip["id"]: skip["comment"]
        for resource in RESOURCES.values()
        for skip in resource.get("Metadata", {}).get("checkov", {}).get("skip", ())
    }
    settings = (Path(__file__).parents[2] / ".checkov.yaml").read_text("utf-8")
    everywhere = re.findall(r"^  # (.+\.)\n  - (\w+)$", settings, re.MULTILINE)
    assert [check for _, check in everywhere] == yaml.safe_load(settings)["skip-check"]
    skipped |= {check: reason for reason, check in everywhere}
    assert 0 < len(skipped) <= 5
    assert all(skipped.values())
