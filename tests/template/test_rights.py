"""Tests of tests/rights.py: it finds missing rights and unused ones."""

from __future__ import annotations

from typing import Any

import pytest

from tests import rights
from tests.rights import Need, Recorder, Resource, Right

TRADES = Resource("TradesTable")
GET = Right("dynamodb:GetItem", TRADES)


@pytest.mark.parametrize(
    ("right", "need", "is_covered"),
    [
        (GET, GET, True),
        (GET, Right("dynamodb:PutItem", TRADES), False),
        (GET, Right("dynamodb:GetItem", Resource("TradeStatsTable")), False),
        (GET, Right("dynamodb:GetItem", Resource("TradesTable", "/index/by-date")), False),
        (GET._replace(part="mails"), GET._replace(part="mails"), True),
        (GET._replace(part="mails"), GET._replace(part="dana"), False),
        (
            Right("s3:GetObject", Resource("UserFiles", "/images/*")),
            Right("s3:GetObject", Resource("UserFiles", "/images/dana/1")),
            True,
        ),
        (
            Right("s3:GetObject", Resource("UserFiles", "/images/*")),
            Right("s3:GetObject", Resource("UserFiles", "/exports/dana/1")),
            False,
        ),
    ],
)
def test_a_right_covers_what_it_names(right: Right, need: Right, is_covered: bool) -> None:
    assert right.covers(need) is is_covered


@pytest.mark.parametrize(
    ("service", "operation", "params", "needed"),
    [
        (
            "dynamodb",
            "TransactWriteItems",
            {"TransactItems": [{"Put": {"TableName": "t", "Item": {"userId": {"S": "dana"}}}}]},
            [Need("dynamodb:PutItem", "t", part="dana")],
        ),
        (
            "dynamodb",
            "BatchGetItem",
            {"RequestItems": {"t": {}, "u": {}}},
            [Need("dynamodb:BatchGetItem", "t"), Need("dynamodb:BatchGetItem", "u")],
        ),
        ("dynamodb", "Query", {"TableName": "t", "IndexName": "i"}, [Need("dynamodb:Query", "t", "/index/i")]),
        (
            "s3",
            "DeleteObjects",
            {"Bucket": "b", "Delete": {"Objects": [{"Key": "k", "VersionId": "1"}, {"Key": "l"}]}},
            [
                Need("s3:DeleteObject", "b", "/k"),
                Need("s3:DeleteObjectVersion", "b", "/k"),
                Need("s3:DeleteObject", "b", "/l"),
            ],
        ),
        ("s3", "HeadObject", {"Bucket": "b", "Key": "k"}, [Need("s3:GetObject", "b", "/k")]),
        ("s3", "ListObjectVersions", {"Bucket": "b", "Prefix": "p"}, [Need("s3:ListBucketVersions", "b", part="p")]),
        ("sqs", "SendMessageBatch", {"QueueUrl": "q"}, [Need("sqs:SendMessage", "q")]),
        ("cognito-idp", "AdminGetUser", {"UserPoolId": "p"}, [Need("cognito-idp:AdminGetUser", "p")]),
        ("cognito-idp", "SignUp", {"ClientId": "c"}, []),
    ],
)
def test_a_call_needs_what_aws_says(service: str, operation: str, params: Any, needed: list[Need]) -> None:
    assert list(rights.needs(service, operation, params)) == needed


def test_another_service_has_to_be_told_first() -> None:
    with pytest.raises(NotImplementedError):
        list(rights.needs("sns", "Publish", {}))


def asked(monkeypatch: pytest.MonkeyPatch, function: str, *call: Any) -> Recorder:
    """What is recorded when a function makes a call."""
    recorder = Recorder()
    monkeypatch.setattr(rights, "running", lambda *_: function)
    monkeypatch.setenv("TRADES_TABLE", "trades")
    monkeypatch.setenv("STATS_TABLE", "stats")
    monkeypatch.setenv("LEDGER_TABLE", "ledger")
    recorder.record(*call)
    return recorder


def test_a_call_that_the_role_does_not_allow_is_named_with_its_function(monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = asked(monkeypatch, "GetTradeFunction", "dynamodb", "Scan", {"TableName": "trades"})
    assert recorder.take_refused() == ["GetTradeFunction may not dynamodb:Scan on TradesTable"]
    assert recorder.take_refused() == []


def test_a_call_for_what_no_setting_tells_is_named_too(monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = asked(monkeypatch, "ReadGroupsFunction", "dynamodb", "Query", {"TableName": "stats"})
    assert recorder.take_refused() == ["ReadGroupsFunction is not told of stats, for which it needs dynamodb:Query"]


def test_what_was_used_is_not_called_unused(monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = asked(monkeypatch, "GetTradeFunction", "dynamodb", "Query", {"TableName": "trades"})
    assert recorder.take_refused() == []
    left = [line for line in rights.unused(recorder.used) if line.startswith("GetTradeFunction ")]
    assert left == [
        "GetTradeFunction never needs dynamodb:Query on LedgerTable",
        "GetTradeFunction never needs dynamodb:Query on TradeStatsTable",
        "GetTradeFunction never needs s3:GetObjectVersion on UserFiles/images/*",
        "GetTradeFunction never needs STATS_TABLE",
        "GetTradeFunction never needs LEDGER_TABLE",
        "GetTradeFunction never needs FILES_BUCKET",
    ]


def test_what_lambda_itself_needs_is_not_asked_of_the_code() -> None:
    never = [line for line in rights.unused(()) if line.startswith("RemoveImagesFunction ")]
    assert not any("Stream" in line or "Shard" in line or "ImageDeadLetters" in line for line in never)
    assert "RemoveImagesFunction never needs dynamodb:GetItem on TradesTable" in never


def test_entry_points_are_found_by_their_places() -> None:
    assert rights.entry_points()["handlers/entry/images.py", "check_image"] == "CheckImageFunction"
    assert rights.behind_routes()["POST /trades"] == "ChangeTradesFunction"
