"""The template's resources for accounts: queues, the bucket, and sign-in with Google."""

from __future__ import annotations

import pytest

from handlers.storage import erasure_marks
from handlers.usecases import erase_account, file_writing
from tests.template_file import properties, template

RESOURCES = template()["Resources"]

# Each queue with the function that works on it and the queue that takes what fails.
QUEUES = [
    ("ErasureQueue", "EraseAccountFunction", "ErasureDeadLetters"),
    ("SignOutQueue", "EndSessionsFunction", "SignOutDeadLetters"),
    ("ExportQueue", "WriteExportFunction", "ExportDeadLetters"),
]


@pytest.mark.parametrize(("queue", "function", "dead_letters"), QUEUES)
def test_a_queue_is_patient_and_tells_when_it_gives_up(queue: str, function: str, dead_letters: str) -> None:
    assert properties(queue)["RedrivePolicy"]["deadLetterTargetArn"] == {"Fn::GetAtt": f"{dead_letters}.Arn"}
    assert properties(queue)["VisibilityTimeout"] >= 6 * properties(function)["Timeout"]
    assert properties(dead_letters)["MessageRetentionPeriod"] == 14 * 24 * 3600
    alarm = properties(f"{dead_letters}Alarm")
    assert alarm["Dimensions"] == [{"Name": "QueueName", "Value": {"Fn::GetAtt": f"{dead_letters}.QueueName"}}]
    assert (alarm["MetricName"], alarm["Threshold"]) == ("ApproximateNumberOfMessagesVisible", 0)


@pytest.mark.parametrize(("queue", "function", "_"), QUEUES)
def test_a_queue_hands_over_one_account_at_a_time(queue: str, function: str, _: str) -> None:
    [source] = properties(function)["Events"].values()
    assert source["Properties"] == {
        "Queue": {"Fn::GetAtt": f"{queue}.Arn"},
        "BatchSize": 1,
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        "ScalingConfig": {"MaximumConcurrency": 4},
    }


def test_the_last_look_comes_when_every_access_token_has_expired() -> None:
    client = properties("UserPoolClient")
    assert client["TokenValidityUnits"]["AccessToken"] == "minutes"
    assert client["AccessTokenValidity"] * 60 <= erase_account.LAST_LOOK_AFTER.total_seconds()
    assert properties("EraseAccountFunction")["Timeout"] / 2 > erase_account.BATCH_SECONDS


def test_every_table_of_users_is_erased() -> None:
    tables = {name for name, resource in RESOURCES.items() if resource["Type"] == "AWS::DynamoDB::Table"}
    told = properties("EraseAccountFunction")["Environment"]["Variables"]
    erased = {told[variable]["Ref"]: sort_key for variable, sort_key in erasure_marks.TABLES}
    assert erased.keys() == tables
    for table, sort_key in erased.items():
        schema = {key["KeyType"]: key["AttributeName"] for key in properties(table)["KeySchema"]}
        assert schema == {"HASH": "userId", "RANGE": sort_key}


def test_an_export_has_time_left_for_its_answer() -> None:
    assert file_writing.AT_ONCE_SECONDS + 10 < properties("ExportAccountFunction")["Timeout"] < 30


def test_what_is_deleted_unfinished_or_exported_is_gone_after_a_day() -> None:
    rules = {rule["Id"]: rule for rule in properties("UserFiles")["LifecycleConfiguration"]["Rules"]}
    assert rules["unfinished-uploads"]["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 1}
    assert rules["old-versions"]["NoncurrentVersionExpiration"] == {"NoncurrentDays": 1}
    assert (rules["exports"]["Prefix"], rules["exports"]["ExpirationInDays"]) == ("exports/", 1)
    assert {rule["Status"] for rule in rules.values()} == {"Enabled"}


def test_nothing_of_google_exists_without_its_parameter() -> None:
    assert template()["Parameters"]["GoogleClientId"]["Default"] == ""
    of_google = {name for name, resource in RESOURCES.items() if resource.get("Condition") == "WithGoogle"}
    assert {RESOURCES[name]["Type"] for name in of_google} == {
        "AWS::Cognito::UserPoolIdentityProvider",
        "AWS::Cognito::UserPoolDomain",
    }
    client = properties("UserPoolClient")
    for name, value in client.items():
        if name.startswith("AllowedOAuth") or name in ("SupportedIdentityProviders", "CallbackURLs", "LogoutURLs"):
            condition, _, otherwise = value["Fn::If"]
            assert (condition, otherwise) == ("WithGoogle", {"Ref": "AWS::NoValue"})


def test_googles_secret_is_in_secrets_manager_alone() -> None:
    secret = properties("Google")["ProviderDetails"]["client_secret"]
    assert secret == {"Fn::Sub": "{{resolve:secretsmanager:${GoogleClientSecretArn}}}"}
