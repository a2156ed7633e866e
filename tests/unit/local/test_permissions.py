"""The names of rights and resources that ministack's IAM is given for a request."""

from __future__ import annotations

from typing import Any

import pytest

from local.emulator.permissions import each_once, leading_keys, sender_arn


@pytest.mark.parametrize("sender", ["codes@example.com", "Journal <codes@example.com>", '"A, B" <codes@example.com>'])
def test_a_mail_is_sent_by_the_identity_of_its_senders_domain(sender: str) -> None:
    assert sender_arn(sender, "eu-west-1", "1") == "arn:aws:ses:eu-west-1:1:identity/example.com"


TABLE = {"KeySchema": [{"AttributeName": "sort", "KeyType": "RANGE"}, {"AttributeName": "user", "KeyType": "HASH"}]}


@pytest.mark.parametrize(
    ("request_", "table", "keys"),
    [
        ({"Key": {"user": {"S": "dana"}, "sort": {"S": "1"}}}, TABLE, ["dana"]),
        ({"Item": {"user": {"S": "dana"}, "sort": {"S": "1"}, "more": {"S": "erin"}}}, TABLE, ["dana"]),
        ({"KeyConditionExpression": "user = :user"}, TABLE, []),
        ({"Key": {"user": {"S": "dana"}}}, None, []),
    ],
)
def test_a_request_for_one_item_names_its_partition(request_: Any, table: Any, keys: list[str]) -> None:
    assert leading_keys(request_, table) == keys


def test_a_transaction_needs_each_right_once_in_the_order_of_its_items() -> None:
    check, put = ("dynamodb:ConditionCheckItem", "table/marks"), ("dynamodb:PutItem", "table/ledger")
    other = ("dynamodb:PutItem", "table/trades")
    assert each_once([check, put, put, other, put, check]) == [check, put, other]
