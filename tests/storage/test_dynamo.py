"""What all of the storage asks of DynamoDB with: pages, conditions, single writes and transactions."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from handlers.storage import dynamo
from handlers.storage.clients import dynamodb
from handlers.storage.errors import Contended

QUERY: dict[str, Any] = {"TableName": "ledger", "KeyConditionExpression": "userId = :user"}
KEYS: list[dict[str, Any]] = [{"item": {"S": str(number)}} for number in range(9)]
HEADERS: Any = {"ResponseMetadata": {"HTTPHeaders": {"content-length": "70"}}}
PUT: Any = {"Put": {"TableName": "ledger", "Item": KEYS[0], **dynamo.absent("#item")}}
UPDATE: Any = {
    "Update": {
        "TableName": "ledger",
        "Key": KEYS[0],
        "UpdateExpression": "SET #total = :total",
        **dynamo.at_version(3, values={":total": {"N": "1"}}),
    }
}


@pytest.fixture
def stub() -> Iterator[Stubber]:
    with Stubber(dynamodb()) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def answered(stub: Stubber, items: list[Any], last: Any = None, **expected: Any) -> None:
    """Have a query that is asked for exactly so answered so."""
    more = {} if last is None else {"LastEvaluatedKey": last}
    stub.add_response("query", {"Items": items, **more, **HEADERS}, {**QUERY, **expected})


def cancelled(stub: Stubber, *codes: str) -> None:
    stub.add_client_error(
        "transact_write_items",
        "TransactionCanceledException",
        modeled_fields={"CancellationReasons": [{"Code": code} for code in codes]},
    )


# Pages


def test_pages_are_read_to_the_end_from_behind_a_key_each_with_the_next_limit(stub: Stubber) -> None:
    answered(stub, KEYS[1:2], KEYS[1], Limit=1, ExclusiveStartKey=KEYS[0])
    answered(stub, [], KEYS[3], Limit=3, ExclusiveStartKey=KEYS[1])
    answered(stub, KEYS[4:6], Limit=9, ExclusiveStartKey=KEYS[3])
    asked = {**QUERY, "Limit": 1}
    found = list(dynamo.pages(asked, after=KEYS[0], next_limit=lambda limit: 3 * limit))
    assert [(page.items, page.last, page.size) for page in found] == [
        (KEYS[1:2], KEYS[1], 70),
        ([], KEYS[3], 70),
        (KEYS[4:6], None, 70),
    ]
    assert asked == {**QUERY, "Limit": 1}


def test_a_page_that_nobody_wants_is_not_asked_for(stub: Stubber) -> None:
    answered(stub, KEYS[:1], KEYS[0])
    answered(stub, KEYS[1:2], KEYS[1], ExclusiveStartKey=KEYS[0])
    assert len(list(islice(dynamo.pages(QUERY), 2))) == 2


def test_all_items_are_those_of_all_pages(stub: Stubber) -> None:
    answered(stub, KEYS[:2], KEYS[1])
    answered(stub, KEYS[2:3], ExclusiveStartKey=KEYS[1])
    assert list(dynamo.all_items(QUERY)) == KEYS[:3]


@pytest.mark.parametrize(
    ("found", "last", "shown", "has_more"),
    [(2, None, 2, False), (3, None, 2, True), (1, KEYS[1], 1, True), (0, None, 0, False)],
    ids=["all of it", "one more than the page", "an answer cut off at a megabyte", "nothing"],
)
def test_a_page_of_a_list_tells_whether_there_are_more(
    stub: Stubber, found: int, last: Any, shown: int, has_more: bool
) -> None:
    answered(stub, KEYS[1 : 1 + found], last, Limit=3, ExclusiveStartKey=KEYS[0])
    assert dynamo.page_of_list(QUERY, 2, KEYS[0]) == (KEYS[1 : 1 + shown], has_more)


# Conditions


def test_conditions_are_parts_of_a_write() -> None:
    assert dynamo.absent("tradeId") == {"ConditionExpression": "attribute_not_exists(tradeId)"}
    assert dynamo.absent("#item") == {
        "ConditionExpression": "attribute_not_exists(#item)",
        "ExpressionAttributeNames": {"#item": "item"},
    }
    assert dynamo.at_version(7) == {
        "ConditionExpression": "#version = :expected",
        "ExpressionAttributeNames": {"#version": "version"},
        "ExpressionAttributeValues": {":expected": {"N": "7"}},
    }
    assert dynamo.at_version(7, "a = :a", "b = :b", values={":a": {"S": "x"}, ":b": {"S": "y"}}) == {
        "ConditionExpression": "#version = :expected AND a = :a AND b = :b",
        "ExpressionAttributeNames": {"#version": "version"},
        "ExpressionAttributeValues": {":expected": {"N": "7"}, ":a": {"S": "x"}, ":b": {"S": "y"}},
    }


def test_version_0_is_that_of_an_item_that_is_not_there() -> None:
    assert dynamo.at_version(0) == dynamo.absent("#version")
    assert dynamo.at_version(0, values={":now": {"S": "x"}}) == {
        **dynamo.absent("#version"),
        "ExpressionAttributeValues": {":now": {"S": "x"}},
    }


# Writes of one item


@pytest.mark.parametrize(("method", "action"), [("put_item", PUT), ("update_item", UPDATE)])
def test_a_write_says_whether_its_condition_held(stub: Stubber, method: str, action: Any) -> None:
    [asked] = action.values()
    stub.add_response(method, {}, asked)
    assert dynamo.write_if(action)
    stub.add_client_error(method, "ConditionalCheckFailedException")
    assert not dynamo.write_if(action)


def test_a_write_that_is_in_the_way_of_a_transaction_is_made_again(stub: Stubber) -> None:
    stub.add_client_error("update_item", "TransactionConflictException")
    stub.add_response("update_item", {})
    assert dynamo.write_if(UPDATE)
    for _ in range(6):
        stub.add_client_error("update_item", "TransactionConflictException")
    with pytest.raises(Contended):
        dynamo.write_if(UPDATE)


def test_a_write_that_is_refused_for_good_is_an_error(stub: Stubber) -> None:
    stub.add_client_error("put_item", "ValidationException")
    with pytest.raises(ClientError, match="ValidationException"):
        dynamo.write_if(PUT)


# Transactions in one attempt


@pytest.mark.parametrize(
    "code", ["ConditionalCheckFailed", "TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"]
)
def test_one_attempt_tells_what_was_in_the_way(stub: Stubber, code: str) -> None:
    cancelled(stub, "None", code)
    assert dynamo.transact_once([PUT, UPDATE]) == [{}, {"Code": code}]


def test_one_attempt_that_writes_all_has_no_reasons(stub: Stubber) -> None:
    stub.add_response("transact_write_items", {})
    assert not any(dynamo.transact_once([PUT, UPDATE]))


def test_one_attempt_that_is_still_under_way_has_failed_for_all(stub: Stubber) -> None:
    stub.add_client_error("transact_write_items", "TransactionInProgressException")
    assert all(dynamo.transact_once([PUT, UPDATE]))


def test_one_attempt_cancelled_for_no_known_reason_is_an_error(stub: Stubber) -> None:
    cancelled(stub, "None", "ValidationError")
    with pytest.raises(dynamodb().exceptions.TransactionCanceledException):
        dynamo.transact_once([PUT, UPDATE])


def test_a_conflict_is_repeated_where_another_part_was_throttled(stub: Stubber) -> None:
    """Without `retry_conflicts`, too: the throttled part says nothing about what is stored."""
    cancelled(stub, "TransactionConflict", "ThrottlingError")
    stub.add_response("transact_write_items", {})
    assert not any(dynamo.transact([PUT, UPDATE], retry_conflicts=False))
