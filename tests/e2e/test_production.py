"""The template with all that production asks for: protection, a key and a domain of one's own, a topic for alarms."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import httpx
import pytest

from local import places
from local.embedded_aws import embedded_aws, free_ports
from local.stack import Stack, deploy
from tests.e2e.conftest import PASSWORD
from tests.e2e.test_account import until
from tests.template_file import template

DOMAIN = "api.journal.example.com"


@pytest.fixture(scope="module")
def production(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The stack on another embedded AWS, in which the key and the topic are."""
    folder: Path = tmp_path_factory.mktemp("production")
    with embedded_aws(folder, *free_ports(2), keep=False) as aws:
        yield deploy(
            aws,
            places.BUILD,
            {
                "Stage": "production",
                "KmsKeyArn": aws.client("kms").create_key()["KeyMetadata"]["Arn"],
                "AlarmTopicArn": aws.client("sns").create_topic(Name="alarms")["TopicArn"],
                "DomainName": DOMAIN,
                "CertificateArn": "arn:aws:acm:us-east-1:000000000000:certificate/of-tests",
                "SnapStart": "true",
                "MailIdentityArn": "arn:aws:ses:us-east-1:000000000000:identity/journal.example.com",
                "MailFrom": "Journal <codes@journal.example.com>",
            },
        )


def test_an_address_is_told_that_another_takes_its_place(production: Stack) -> None:
    """By the operator's sender, with the right that the role has for it."""
    email, new = "erin@example.com", "erins-new@example.com"
    ses = production.client("ses")
    ses.verify_domain_identity(Domain="journal.example.com")
    with httpx.Client(base_url=production.api, timeout=60, trust_env=False) as api:
        api.post("/auth/signup", json={"email": email})
        code = production.confirmation_code(email)
        api.post("/auth/confirm-signup", json={"email": email, "code": code, "password": PASSWORD})
        token = api.post("/auth/login", json={"email": email, "password": PASSWORD}).json()["accessToken"]
        api.headers["Authorization"] = f"Bearer {token}"
        assert api.post("/auth/change-email", json={"email": new, "password": PASSWORD}).status_code == 204
        code = production.confirmation_code(new)
        assert api.post("/auth/confirm-change-email", json={"code": code}).status_code == 204
    subjects = [mail.subject for mail in production.aws.mails() if email in mail.to][-2:]
    assert subjects == ["Somebody asks to change your e-mail address", "Your e-mail address was changed"]


def test_it_works_as_it_does_in_dev(production: Stack, trade: dict[str, Any]) -> None:
    """Tables, files, queues and secret are under the key, and every right that they take is there."""
    credentials = {"email": "dana@example.com", "password": PASSWORD}
    with httpx.Client(base_url=production.api, timeout=60, trust_env=False) as api:
        assert api.post("/auth/signup", json={"email": credentials["email"]}).status_code == 201
        code = production.confirmation_code(credentials["email"])
        assert api.post("/auth/confirm-signup", json={**credentials, "code": code}).status_code == 200
        token = api.post("/auth/login", json=credentials).json()["accessToken"]
        api.headers["Authorization"] = f"Bearer {token}"
        closed = {**trade, "exitPrice": "187.25", "closeDate": "2026-01-06T10:00:00-05:00"}
        made = api.post("/trades", json=closed)
        assert made.status_code == 201
        assert api.get("/trades").json()["items"] == [made.json()]  # the page tokens' secret
        assert (
            api.post(f"/trades/{made.json()['tradeId']}/images", json={"contentType": "image/png"}).status_code == 201
        )
        until(lambda: api.get("/stats").json().get("tradeCount") == 1)
        assert api.delete("/auth/account").status_code == 202


def test_it_is_found_at_its_domain_by_the_same_paths(production: Stack) -> None:
    assert production.outputs["ApiUrl"] == f"https://{DOMAIN}/v1"
    assert production.outputs["DocsUrl"] == f"https://{DOMAIN}/v1/docs"
    [mapping] = production.client("apigatewayv2").get_api_mappings(DomainName=DOMAIN)["Items"]
    assert (mapping["ApiMappingKey"], mapping["Stage"]) == ("v1", "v1")
    assert mapping["ApiId"] == production.outputs["ApiId"]


@pytest.mark.parametrize("table", ["TradesTableName", "TradeStatsTableName", "LedgerTableName"])
def test_its_tables_are_protected_recoverable_and_under_the_key(production: Stack, table: str) -> None:
    dynamodb, name = production.client("dynamodb"), production.outputs[table]
    found = dynamodb.describe_table(TableName=name)["Table"]
    assert found["DeletionProtectionEnabled"] is True
    assert found["SSEDescription"]["SSEType"] == "KMS"
    backups = dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"


@pytest.mark.parametrize("queue", ["RebuildQueueUrl", "ErasureQueueUrl", "StatsDeadLetterQueueUrl"])
def test_its_queues_are_under_the_key(production: Stack, queue: str) -> None:
    found = production.client("sqs").get_queue_attributes(
        QueueUrl=production.outputs[queue], AttributeNames=["KmsMasterKeyId"]
    )
    assert found["Attributes"]["KmsMasterKeyId"].startswith("arn:aws:kms:")


def test_every_alarm_tells_the_topic(production: Stack) -> None:
    pages = production.client("cloudwatch").get_paginator("describe_alarms").paginate()
    alarms = [alarm for page in pages for alarm in page["MetricAlarms"]]
    # The embedded AWS knows no alarms that compute with several metrics.
    simple = [it for it in template()["Resources"].values() if "MetricName" in it["Properties"]]
    assert len(alarms) == len(simple)
    assert {tuple(alarm["AlarmActions"]) for alarm in alarms} == {("arn:aws:sns:us-east-1:000000000000:alarms",)}


def test_its_dashboard_is_whole(production: Stack) -> None:
    found = production.client("cloudwatch").get_dashboard(DashboardName="trading-journal")
    body = json.loads(found["DashboardBody"])
    assert "${" not in found["DashboardBody"]
    assert {widget["type"] for widget in body["widgets"]} == {"alarm", "metric"}


@pytest.fixture(scope="module")
def processed(production: Stack) -> dict[str, Any]:
    """What CloudFormation deploys: the contract's gateway included, SAM's resources written out."""
    client = production.client("cloudformation")
    body = client.get_template(StackName="trading-journal", TemplateStage="Processed")["TemplateBody"]
    found: dict[str, Any] = json.loads(body) if isinstance(body, str) else body
    return found


def test_it_stays_within_what_cloudformation_takes(processed: dict[str, Any]) -> None:
    assert len(processed["Resources"]) < 500
    assert len(json.dumps(processed).encode()) < 1024 * 1024


def test_no_resource_waits_for_itself_by_way_of_others(processed: dict[str, Any]) -> None:
    """cfn-lint sees no circle that leads through what is included, nor through an update policy."""
    resources = processed["Resources"]
    waits_for = {
        name: {other for other in referenced(resource) if other in resources and other != name}
        for name, resource in resources.items()
    }
    assert waits_for["Api"] >= {"ChangeTradesFunctionAliaslive", "UserPool"}
    assert waits_for["ChangeTradesFunctionAliaslive"] >= {"ChangeTradesFunctionDeploymentGroup"}
    assert len([*TopologicalSorter(waits_for).static_order()]) == len(resources)


def referenced(node: Any) -> Iterator[str]:
    """The names to which a part of the template refers, in every way in which it can."""
    if isinstance(node, list):
        for item in node:
            yield from referenced(item)
    if not isinstance(node, dict):
        return
    for key, value in node.items():
        if key == "Ref":
            yield value
        elif key == "Fn::GetAtt":
            yield value[0] if isinstance(value, list) else value.partition(".")[0]
        elif key == "DependsOn":
            yield from [value] if isinstance(value, str) else value
        else:
            if key == "Fn::Sub":
                text = value if isinstance(value, str) else value[0]
                yield from (name.partition(".")[0] for name in re.findall(r"\$\{([^!}]+)\}", text))
            yield from referenced(value)
