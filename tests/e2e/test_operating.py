"""The operators' commands for a stack: names, protection, drift, story, removal. They run on an AWS of their own."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from local import places
from local.embedded_aws import REGION, ROOT_KEY, embedded_aws, free_ports
from local.stack import Stack, deploy
from ops import names
from ops.drift import drift
from ops.remove import remove

STACK = "trading-journal"


@pytest.fixture(scope="module")
def preview(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack of stage dev on another embedded AWS."""
    folder: Path = tmp_path_factory.mktemp("operating")
    with embedded_aws(folder, *free_ports(2), keep=False) as aws:
        yield deploy(aws, places.BUILD)


def make(preview: Stack, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the pages for operators, in an environment in which AWS is the embedded one."""
    environment = {
        **os.environ,
        "AWS_ENDPOINT_URL": preview.endpoint,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": ROOT_KEY,
        "AWS_SECRET_ACCESS_KEY": ROOT_KEY,
    }
    for name in ("PYTEST_XDIST_WORKER", "PYTEST_XDIST_WORKER_COUNT", "PYTEST_ADDOPTS", "MAKEFLAGS", "MAKELEVEL"):
        environment.pop(name, None)
    return subprocess.run(
        ["make", "--silent", *words],
        cwd=places.ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_story_is_told_at_an_address(preview: Stack) -> None:
    told = make(preview, "story", f"STACK={STACK}", f"API={preview.api}")
    assert told.returncode == 0, told.stdout + told.stderr
    # Its users are gone, or are being erased.
    users = preview.client("cognito-idp").list_users(UserPoolId=preview.outputs["UserPoolId"])["Users"]
    assert [user["Enabled"] for user in users] == [False] * len(users)


def test_the_api_is_where_the_stack_says(preview: Stack) -> None:
    said = make(preview, "api-url", f"STACK={STACK}")
    assert said.stdout == f"{preview.outputs['ApiUrl']}\n", said.stderr


def test_dead_letters_are_redriven(preview: Stack) -> None:
    said = make(preview, "redrive", f"STACK={STACK}")
    assert said.stdout == "0 messages removed; the statistics of 0 users are being rebuilt.\n", said.stderr


def test_trades_are_restored_from_a_table(preview: Stack) -> None:
    """The command; tests/e2e/test_restore.py is the whole drill."""
    preview.client("dynamodb").restore_table_to_point_in_time(
        SourceTableName=preview.outputs["TradesTableName"],
        TargetTableName="trades-as-they-were",
        UseLatestRestorableTime=True,
    )
    for users in ([], ["USERS=00000000-0000-4000-8000-000000000000"]):
        said = make(preview, "restore", "FROM=trades-as-they-were", f"STACK={STACK}", *users)
        assert said.stdout.startswith("0 trades restored"), said.stderr
    preview.client("dynamodb").delete_table(TableName="trades-as-they-were")
    refused = make(preview, "restore", f"FROM={preview.outputs['TradesTableName']}", f"STACK={STACK}")
    assert refused.returncode != 0
    assert "is the journal's own table" in refused.stderr


def test_a_stack_stays_the_stage_that_it_is(preview: Stack) -> None:
    names.check(preview.client, STACK, "dev")
    names.check(preview.client, "not-there-yet", "production")
    with pytest.raises(SystemExit, match="deployed with STAGE=dev"):
        names.check(preview.client, STACK, "production")


def test_what_is_changed_by_hand_is_drift(preview: Stack) -> None:
    sqs, queue = preview.client("sqs"), preview.outputs["ErasureQueueUrl"]
    assert "ErasureQueue" not in {difference.resource for difference in drift(preview.client, STACK)}
    before = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["VisibilityTimeout"])["Attributes"]
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"VisibilityTimeout": "7"})
    found = {difference.resource: difference for difference in drift(preview.client, STACK)}
    sqs.set_queue_attributes(QueueUrl=queue, Attributes=before)
    assert found["ErasureQueue"].status == "MODIFIED"
    assert ("/VisibilityTimeout", before["VisibilityTimeout"], "7") in found["ErasureQueue"].properties
    assert "expected" in str(found["ErasureQueue"])
    said = make(preview, "drift", f"STACK={STACK}")
    assert said.stdout.rstrip().endswith("resources differ from the template."), said.stderr


def test_a_removed_stack_leaves_nothing_behind(preview: Stack) -> None:
    for said in ("is protected against deletion now", "was protected against deletion already"):
        assert make(preview, "protect", f"STACK={STACK}").stdout == f"{STACK} {said}.\n"
    refused = make(preview, "remove", f"STACK={STACK}")
    assert (refused.returncode != 0, "protected against deletion" in refused.stderr) == (True, True)
    cloudformation = preview.client("cloudformation")
    cloudformation.update_termination_protection(StackName=STACK, EnableTerminationProtection=False)
    files = preview.outputs["UserFilesName"]
    for _ in range(2):  # two versions of one file
        preview.client("s3").put_object(Bucket=files, Key="images/left", Body=b"x")

    left = remove(preview.client, STACK)

    assert {files, preview.outputs["TradesTableName"], preview.outputs["UserPoolId"]} <= set(left)
    assert preview.client("dynamodb").list_tables()["TableNames"] == []
    assert preview.client("cognito-idp").list_user_pools(MaxResults=10)["UserPools"] == []
    assert files not in {bucket["Name"] for bucket in preview.client("s3").list_buckets()["Buckets"]}
    assert remove(preview.client, STACK) == []
