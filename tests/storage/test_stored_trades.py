"""Trades, one at a time: stored once, never lost, never overwritten unseen."""

import json
import random
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import moto.core.models
import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.stub import ANY, Stubber

from handlers.journal.changes import revise
from handlers.journal.trade import Trade
from handlers.storage import erasure_marks, trades
from handlers.storage.clients import dynamodb
from handlers.storage.errors import (
    AccountErased,
    Contended,
    KeyReused,
    TradeNotFound,
    Unavailable,
    VersionMismatch,
)
from handlers.storage.trade_items import KeptAnswer, answer_item, trade_item
from tests.storage.examples import NOW, a_full_trade, a_trade

pytestmark = pytest.mark.usefixtures("table")

ANSWER = KeptAnswer(key="key-1", fingerprint="fingerprint", body='{"tradeId": "trade-1"}')


def changed(trade: Trade, **changes: object) -> Trade:
    return revise(trade, changes or {"symbol": "MSFT"}, NOW + timedelta(minutes=1))


def stored_items() -> int:
    return dynamodb().scan(TableName="trades")["Count"]


def kept(*, fingerprint: str = ANSWER.fingerprint, body: str = ANSWER.body) -> KeptAnswer:
    return KeptAnswer(key=ANSWER.key, fingerprint=fingerprint, body=body)


# Storing and reading


def test_a_stored_trade_is_read_as_it_was(requests: Counter[str]) -> None:
    assert trades.create(a_full_trade()) is None
    assert trades.get("user-1", "trade-1") == a_full_trade()
    assert requests == {"TransactWriteItems": 1, "GetItem": 1}


def test_a_trade_belongs_to_its_user() -> None:
    trades.create(a_trade())
    with pytest.raises(TradeNotFound):
        trades.get("user-2", "trade-1")


def test_a_taken_id_is_never_overwritten() -> None:
    trades.create(a_trade())
    with pytest.raises(VersionMismatch):
        trades.create(a_trade(symbol="MSFT"))
    assert trades.get("user-1", "trade-1") == a_trade()


def test_a_change_replaces_the_version_it_was_made_from(requests: Counter[str]) -> None:
    trades.create(a_trade())
    after = changed(a_trade())
    requests.clear()
    assert trades.replace(after, 1) is None
    assert requests == {"TransactWriteItems": 1}
    assert trades.get("user-1", "trade-1") == after


def test_of_two_changes_of_one_version_only_the_first_is_stored() -> None:
    trades.create(a_trade())
    first, second = changed(a_trade(), symbol="MSFT"), changed(a_trade(), symbol="TSLA")
    trades.replace(first, 1)
    with pytest.raises(VersionMismatch):
        trades.replace(second, 1)
    assert trades.get("user-1", "trade-1") == first


def test_a_deleted_trade_is_not_brought_back_by_a_change() -> None:
    with pytest.raises(TradeNotFound):
        trades.replace(changed(a_trade()), 1)
    with pytest.raises(TradeNotFound):
        trades.replace(changed(a_trade()), 1, ANSWER)
    assert stored_items() == 0


def test_a_trade_is_deleted_and_kept_in_one_request(requests: Counter[str]) -> None:
    trades.create(a_trade())
    requests.clear()
    trades.delete(a_trade(), NOW)
    assert requests == {"TransactWriteItems": 1}
    with pytest.raises(TradeNotFound):
        trades.get("user-1", "trade-1")
    with pytest.raises(TradeNotFound):
        trades.delete(a_trade(), NOW)


def test_a_trade_is_deleted_at_the_expected_version_only() -> None:
    trades.create(a_trade())
    with pytest.raises(VersionMismatch):
        trades.delete(a_trade(version=2), NOW)
    assert trades.get("user-1", "trade-1") == a_trade()
    assert stored_items() == 1


def test_nothing_is_deleted_and_kept_for_an_account_that_is_being_erased() -> None:
    trades.create(a_trade())
    erasure_marks.begin("user-1", NOW)
    with pytest.raises(AccountErased):
        trades.delete(a_trade(), NOW)
    assert trades.get("user-1", "trade-1") == a_trade()


# Idempotency


def test_a_trade_and_its_kept_answer_are_stored_in_one_request(requests: Counter[str]) -> None:
    assert trades.create(a_trade(), ANSWER) is None
    assert requests == {"TransactWriteItems": 1}
    assert stored_items() == 2


def test_the_same_request_again_stores_nothing_and_gives_the_kept_answer() -> None:
    trades.create(a_trade(), ANSWER)
    again = trades.create(a_trade(trade_id="trade-2"), kept(body='{"tradeId": "trade-2"}'))
    assert again == ANSWER
    assert stored_items() == 2


def test_another_request_with_the_same_key_is_refused() -> None:
    trades.create(a_trade(), ANSWER)
    with pytest.raises(KeyReused):
        trades.create(a_trade(trade_id="trade-2"), kept(fingerprint="another"))
    assert stored_items() == 2


def test_two_users_may_use_the_same_key() -> None:
    assert trades.create(a_trade(), ANSWER) is None
    assert trades.create(a_trade(user_id="user-2"), kept(fingerprint="another")) is None


def test_a_late_retry_does_not_bring_a_deleted_trade_back() -> None:
    trades.create(a_trade(), ANSWER)
    trades.delete(a_trade(), NOW)
    assert trades.create(a_trade(trade_id="trade-2"), kept(body="other")) == ANSWER
    assert stored_items() == 2  # the answer and the deleted trade


def test_an_expired_key_may_be_used_anew() -> None:
    trades.create(a_trade(), ANSWER)
    late = NOW + timedelta(hours=48, seconds=1)
    assert trades.create(a_trade(trade_id="trade-2", updated_at=late), kept(fingerprint="another")) is None
    with pytest.raises(KeyReused):
        trades.create(a_trade(trade_id="trade-3", updated_at=late), ANSWER)


def test_a_change_sent_twice_with_one_key_is_made_once() -> None:
    trades.create(a_trade())
    after = changed(a_trade())
    assert trades.replace(after, 1, ANSWER) is None
    assert trades.replace(changed(a_trade(), symbol="TSLA"), 1, kept(body="other")) == ANSWER
    assert trades.get("user-1", "trade-1") == after


def test_a_change_from_a_stale_version_keeps_no_answer() -> None:
    trades.create(a_trade())
    trades.replace(changed(a_trade()), 1)
    with pytest.raises(VersionMismatch):
        trades.replace(changed(a_trade()), 1, ANSWER)
    assert stored_items() == 1


def test_a_kept_answer_is_never_taken_for_a_trade() -> None:
    trades.create(a_trade(), ANSWER)
    record = "idempotency|key-1"
    with pytest.raises(TradeNotFound):
        trades.get("user-1", record)
    with pytest.raises(TradeNotFound):
        trades.delete(a_trade(trade_id=record), NOW)
    with pytest.raises(TradeNotFound):
        trades.replace(changed(a_trade(trade_id=record)), 1)
    assert trades.get_with_answer("user-1", record, key="key-2", fingerprint="f", now=NOW) == (None, None)
    assert stored_items() == 2


def test_a_trade_and_the_answer_kept_for_a_key_are_read_in_one_request(requests: Counter[str]) -> None:
    trades.create(a_trade(), ANSWER)
    requests.clear()

    def read(trade_id: str, key: str) -> tuple[Trade | None, KeptAnswer | None]:
        return trades.get_with_answer("user-1", trade_id, key=key, fingerprint="fingerprint", now=NOW)

    assert read("trade-1", "key-1") == (a_trade(), ANSWER)
    assert requests == {"BatchGetItem": 1}
    assert read("trade-1", "key-2") == (a_trade(), None)
    assert read("trade-2", "key-1") == (None, ANSWER)
    with pytest.raises(KeyReused):
        trades.get_with_answer("user-1", "trade-1", key="key-1", fingerprint="another", now=NOW)
    expired = NOW + timedelta(days=3)
    assert trades.get_with_answer("user-1", "trade-1", key="key-1", fingerprint="another", now=expired) == (
        a_trade(),
        None,
    )


# An account that is being erased


def test_nothing_is_written_for_an_account_that_is_being_erased() -> None:
    trades.create(a_trade())
    erasure_marks.begin("user-1", NOW)
    before = dynamodb().scan(TableName="trades")["Items"]
    with pytest.raises(AccountErased):
        trades.create(a_trade(trade_id="trade-2"))
    with pytest.raises(AccountErased):
        trades.create(a_trade(trade_id="trade-2"), ANSWER)
    with pytest.raises(AccountErased):
        trades.replace(changed(a_trade()), 1)
    with pytest.raises(AccountErased):
        trades.replace(changed(a_trade()), 1, ANSWER)
    assert dynamodb().scan(TableName="trades")["Items"] == before
    assert trades.create(a_trade(user_id="user-2")) is None


def test_any_of_the_marks_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    erasure_marks.begin("user-1", NOW)
    keys = erasure_marks.mark_keys("user-1")
    assert len(keys) == erasure_marks.MARKS > 1
    for key in keys:
        monkeypatch.setattr("random.choice", lambda _, key=key: key)
        with pytest.raises(AccountErased):
            trades.create(a_trade())


def test_writes_look_at_different_marks(monkeypatch: pytest.MonkeyPatch) -> None:
    choices: list[object] = []

    def choose(keys: list[Any]) -> Any:
        choices.append(keys)
        return keys[-1]

    monkeypatch.setattr("random.choice", choose)
    trades.create(a_trade())
    assert choices == [erasure_marks.mark_keys("user-1")]


def test_a_mark_is_never_taken_for_a_trade(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(random, "choice", lambda marks: marks[-1])  # a transaction takes an item once
    erasure_marks.begin("user-1", NOW)
    mark = f"{erasure_marks.PREFIX}0"
    with pytest.raises(TradeNotFound):
        trades.get("user-1", mark)
    with pytest.raises(AccountErased):
        trades.delete(a_trade(trade_id=mark), NOW)
    assert erasure_marks.has_begun("user-1")
    assert not erasure_marks.has_begun("user-2")


# The client retries a write whose answer was lost


@pytest.fixture
def lose_first_answer() -> Callable[[str], None]:
    def lose(operation: str) -> None:
        lost: list[Any] = []

        def process_but_answer_500(request: Any, event_name: str, **_: Any) -> Any:
            token = json.loads(request.body).get("ClientRequestToken")
            if lost:
                # A transaction whose token came before is not made again; the table in this process does not know that.
                seen = token is not None and token == lost[0]
                return AWSResponse(request.url, 200, HTTPHeaders(), _Body(b"{}")) if seen else None
            lost.append(token)
            moto.core.models.botocore_stubber(event_name, request)
            return AWSResponse(request.url, 500, HTTPHeaders(), _Body(b""))

        dynamodb().meta.events.register_first(f"before-send.dynamodb.{operation}", process_but_answer_500)

    return lose


class _Body:
    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self) -> list[bytes]:
        return [self._content]


def test_a_create_whose_answer_was_lost_is_no_error(lose_first_answer: Callable[[str], None]) -> None:
    lose_first_answer("TransactWriteItems")
    assert trades.create(a_full_trade()) is None
    assert trades.get("user-1", "trade-1") == a_full_trade()


def test_a_change_whose_answer_was_lost_is_no_error(lose_first_answer: Callable[[str], None]) -> None:
    trades.create(a_trade())
    lose_first_answer("TransactWriteItems")
    assert trades.replace(changed(a_trade()), 1) is None
    assert trades.get("user-1", "trade-1") == changed(a_trade())


def test_a_create_with_a_key_whose_answer_was_lost_is_neither_error_nor_replay(
    lose_first_answer: Callable[[str], None],
) -> None:
    lose_first_answer("TransactWriteItems")
    assert trades.create(a_trade(), ANSWER) is None
    assert stored_items() == 2


def test_a_delete_whose_answer_was_lost_is_no_error(lose_first_answer: Callable[[str], None]) -> None:
    trades.create(a_trade())
    lose_first_answer("TransactWriteItems")
    trades.delete(a_trade(), NOW)
    assert stored_items() == 1


# Races and throttling, which the in-process table never has


@pytest.fixture
def stub() -> Any:
    with Stubber(dynamodb()) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def cancelled(stub: Stubber, *codes: str) -> None:
    stub.add_client_error(
        "transact_write_items",
        "TransactionCanceledException",
        modeled_fields={"CancellationReasons": [{"Code": code} for code in codes]},
    )


def test_a_contended_transaction_is_tried_again_with_the_same_token(stub: Stubber) -> None:
    tokens = []
    dynamodb().meta.events.register(
        "before-parameter-build.dynamodb.TransactWriteItems",
        lambda params, **_: tokens.append(params["ClientRequestToken"]),
    )
    cancelled(stub, "None", "None", "TransactionConflict")
    stub.add_client_error("transact_write_items", "TransactionInProgressException")
    stub.add_response("transact_write_items", {})
    assert trades.create(a_trade(), ANSWER) is None
    assert len(tokens) == 3
    assert len(set(tokens)) == 1


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("TransactionConflict", Contended),
        ("ThrottlingError", Unavailable),
        ("ProvisionedThroughputExceeded", Unavailable),
    ],
)
def test_a_transaction_that_is_cancelled_every_time_says_what_is_in_its_way(
    stub: Stubber, code: str, error: type[Exception]
) -> None:
    for _ in range(6):
        cancelled(stub, code, "None", "None")
    with pytest.raises(error):
        trades.create(a_trade(), ANSWER)


def test_of_two_simultaneous_requests_with_one_key_the_loser_gets_the_winners_answer(stub: Stubber) -> None:
    cancelled(stub, "None", "None", "ConditionalCheckFailed")
    winner = {"Item": answer_item("user-1", ANSWER, NOW)}
    stub.add_response("get_item", winner, {"TableName": "trades", "Key": ANY, "ConsistentRead": True})
    assert trades.create(a_trade(trade_id="trade-2"), kept(body="the loser's")) == ANSWER


def test_a_change_that_lost_to_the_same_request_gets_its_answer_though_the_version_moved_on(stub: Stubber) -> None:
    cancelled(stub, "ConditionalCheckFailed", "None", "None")
    stub.add_response("get_item", {"Item": answer_item("user-1", ANSWER, NOW)})
    assert trades.replace(changed(a_trade()), 1, kept(body="the loser's")) == ANSWER


def test_a_record_that_expires_between_write_and_read_is_contended(stub: Stubber) -> None:
    cancelled(stub, "None", "None", "ConditionalCheckFailed")
    stub.add_response("get_item", {})
    with pytest.raises(Contended):
        trades.create(a_trade(), ANSWER)


def test_a_transaction_cancelled_for_no_known_reason_is_an_error(stub: Stubber) -> None:
    cancelled(stub, "ValidationError", "None", "None")
    with pytest.raises(dynamodb().exceptions.TransactionCanceledException):
        trades.create(a_trade(), ANSWER)


def test_a_trade_inside_another_transaction_is_tried_again(stub: Stubber) -> None:
    writes: list[Callable[[], object]] = [
        lambda: trades.create(a_trade()),
        lambda: trades.delete(a_trade(), NOW),
    ]
    for write in writes:
        cancelled(stub, "TransactionConflict", "None")
        stub.add_response("transact_write_items", {})
        write()


def test_a_change_that_met_another_is_made_anew_from_what_the_other_leaves(stub: Stubber) -> None:
    cancelled(stub, "TransactionConflict", "None")
    with pytest.raises(VersionMismatch):
        trades.replace(changed(a_trade()), 1)


@pytest.mark.parametrize(
    "code", ["ThrottlingException", "ProvisionedThroughputExceededException", "RequestLimitExceeded"]
)
def test_a_throttled_table_is_unavailable(stub: Stubber, code: str) -> None:
    operations: dict[str, Callable[[], object]] = {
        "transact_write_items": lambda: trades.create(a_trade(), ANSWER),
        "get_item": lambda: trades.get("user-1", "trade-1"),
        "batch_get_item": lambda: trades.get_with_answer("user-1", "trade-1", key="k", fingerprint="f", now=NOW),
    }
    for operation, call in operations.items():
        stub.add_client_error(operation, code)
        with pytest.raises(Unavailable):
            call()


def test_other_errors_are_not_hidden(stub: Stubber) -> None:
    stub.add_client_error("get_item", "ValidationException")
    with pytest.raises(dynamodb().exceptions.ClientError):
        trades.get("user-1", "trade-1")


def test_what_a_batch_leaves_unread_is_asked_for_again(stub: Stubber) -> None:
    rest: Any = {"trades": {"Keys": [{"userId": {"S": "user-1"}, "tradeId": {"S": "idempotency|key-1"}}]}}
    stub.add_response("batch_get_item", {"Responses": {"trades": [trade_item(a_trade())]}, "UnprocessedKeys": rest})
    stub.add_response(
        "batch_get_item", {"Responses": {"trades": [answer_item("user-1", ANSWER, NOW)]}}, {"RequestItems": rest}
    )
    found = trades.get_with_answer("user-1", "trade-1", key="key-1", fingerprint="fingerprint", now=NOW)
    assert found == (a_trade(), ANSWER)


def test_a_batch_that_stays_unread_is_unavailable(stub: Stubber) -> None:
    rest: Any = {"trades": {"Keys": [{"userId": {"S": "user-1"}, "tradeId": {"S": "trade-1"}}]}}
    for _ in range(7):  # the first one leaves fewer keys than were asked for, so the others count anew
        stub.add_response("batch_get_item", {"Responses": {}, "UnprocessedKeys": rest})
    with pytest.raises(Unavailable):
        trades.get_with_answer("user-1", "trade-1", key="key-1", fingerprint="f", now=NOW)
