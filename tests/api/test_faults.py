"""AWS fails in every way at every call of every write: no duplicate, no half write, no 500; a repetition finishes it.

A fault comes once, so that the client's own attempt after it succeeds, or lasts until the request is answered. Then the
same request is sent again, with the same key, to an AWS that works.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from copy import copy
from typing import Any, ClassVar, Literal

import pytest
from botocore import exceptions
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from moto.core.botocore_stubber import BotocoreStubber, MockRawResponse

from handlers.storage import clients, erasure_marks
from tests.api.client import Answer, Client, a_trade
from tests.api.user_data import Stores, messages_of, new_client
from tests.storage.conftest import Tables, create_tables

# Coverage watches other tests of the same lines: to watch this campaign too takes longer than to run it.
pytestmark = pytest.mark.no_cover

Mode = Literal["once", "lasting"]
KINDS = (
    "throttled",
    "failed",
    "failed behind the effect",
    "reset",
    "reset behind the effect",
    "timed out",
    "timed out behind the effect",
    "not reached",
)
THROTTLING = {"s3": (503, "SlowDown"), "sqs": (400, "RequestThrottled"), "dynamodb": (400, "ThrottlingException")}
KEY = {"Idempotency-Key": "key-1"}
CLOSE = {"quantity": "40", "price": "11", "closedAt": "2026-01-05T11:00:00-05:00"}
NEVER = "99999999-0000-4000-8000-000000000000"
# What was tried, for the report: pytest -s shows it.
TRIED: Counter[str] = Counter()


class Aws:
    """A moto that fails on demand and, as DynamoDB does, runs a transaction with a token once."""

    def __init__(self, serve: Callable[..., AWSResponse | None]) -> None:
        self._serve = serve
        self._tokens: set[bytes] = set()
        self.calls = 0
        self.kind = ""
        self.mode: Mode = "once"
        self.at = 0  # the number of the call that fails first; 0 for none

    def fail(self, kind: str, mode: Mode, at: int) -> None:
        """Fail in this way at that call from now on."""
        self.calls, self.kind, self.mode, self.at = 0, kind, mode, at

    def work(self) -> None:
        """Fail no more."""
        self.at = 0

    def answer(self, stubber: BotocoreStubber, event_name: str, request: Any) -> AWSResponse | None:
        """What comes back for one attempt of one call."""
        self.calls += 1
        is_failing = self.at > 0 and (self.calls == self.at or (self.mode == "lasting" and self.calls > self.at))
        if not is_failing:
            return self._effect(stubber, event_name, request)
        kind, behind, _ = self.kind.partition(" behind the effect")
        if behind:
            self._effect(stubber, event_name, request)
        if kind == "reset":
            raise exceptions.ConnectionClosedError(endpoint_url=request.url)
        if kind == "timed out":
            raise exceptions.ReadTimeoutError(endpoint_url=request.url)
        if kind == "not reached":
            raise exceptions.EndpointConnectionError(endpoint_url=request.url)
        service = event_name.split(".")[1]
        status, code = 500, "InternalError"
        if kind == "throttled":
            status, code = THROTTLING.get(service, (400, "ThrottlingException"))
        text = f"<Error><Code>{code}</Code></Error>" if service == "s3" else f'{{"__type": "{code}"}}'
        return _response(request.url, status, text)

    def _effect(self, stubber: BotocoreStubber, event_name: str, request: Any) -> AWSResponse | None:
        token = b""
        if event_name.endswith(".TransactWriteItems"):
            token = request.body.partition(b'"ClientRequestToken": "')[2].partition(b'"')[0]
            assert token
            if token in self._tokens:
                return _response(request.url, 200, "{}")
        try:
            answer = self._serve(stubber, event_name, request)
        except NotImplementedError:  # by moto
            return _response(request.url, 400, '{"__type": "NotAuthorizedException"}')
        if token and answer is not None and answer.status_code == 200:
            self._tokens.add(token)
        return answer


def _response(url: str, status: int, text: str) -> AWSResponse:
    headers = HTTPHeaders()
    headers["Content-Type"] = "application/x-amz-json-1.0"
    return AWSResponse(url, status, headers, MockRawResponse(text))


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Aws:
    """The moto of this process, which can be made to fail."""
    aws = Aws(BotocoreStubber.__call__)
    monkeypatch.setattr(
        BotocoreStubber, "__call__", lambda stubber, event_name, request, **_: aws.answer(stubber, event_name, request)
    )
    # The clients are kept from test to test, and retry less the more they have failed.
    monkeypatch.setattr("botocore.retries.quota.RetryQuota.acquire", lambda *_: True)
    return aws


class Write:
    """One writing operation: the state before it, the request, and the state that must hold in the end."""

    statuses: ClassVar[Collection[int]] = ()  # of a request that went well
    again: ClassVar[Collection[int]] = ()  # of its repetition, if others are right too

    def __init__(self, client: Client) -> None:
        self.client = client

    def request(self) -> Answer:
        raise NotImplementedError

    def check(self) -> None:
        raise NotImplementedError

    def check_between(self) -> None:
        """Nothing is half written after an answer that was an error."""

    def trades(self) -> list[Any]:
        items: list[Any] = self.client.get("/trades").json["items"]
        return items

    def deleted(self) -> list[Any]:
        items: list[Any] = self.client.get("/deleted-trades").json["items"]
        return items


class Create(Write):
    statuses = (201,)

    def request(self) -> Answer:
        return self.client.post("/trades", a_trade(), headers=KEY)

    def check(self) -> None:
        [trade] = self.trades()
        assert self.request().json == trade

    def check_between(self) -> None:
        kept = [item for item in stored(self.client) if item.startswith("idempotency|")]
        assert len(kept) == len(self.trades()) <= 1


class OfOneTrade(Write):
    def __init__(self, client: Client) -> None:
        super().__init__(client)
        self.trade = client.new_trade()
        self.path = f"/trades/{self.trade['tradeId']}"


class CloseIt(OfOneTrade):
    statuses = (201,)

    def request(self) -> Answer:
        return self.client.post(f"{self.path}/closes", CLOSE, headers=KEY)

    def check(self) -> None:
        [trade] = self.trades()
        assert (trade["version"], trade["remainingQuantity"], len(trade["partialCloses"])) == (2, "60", 1)
        assert self.request().json == trade


class Change(OfOneTrade):
    statuses = (200,)

    def request(self) -> Answer:
        return self.client.patch(self.path, {"stopLoss": "9"})

    def check(self) -> None:
        [trade] = self.trades()
        assert (trade["version"], trade["stopLoss"]) == (2, "9")


class ChangeAtVersion(Change):
    again = (412,)

    def request(self) -> Answer:
        return self.client.patch(self.path, {"stopLoss": "9"}, headers={"If-Match": '"1"'})


class TakeBack(OfOneTrade):
    statuses, again = (200,), (404,)

    def __init__(self, client: Client) -> None:
        super().__init__(client)
        [close] = client.post(f"{self.path}/closes", CLOSE).json["partialCloses"]
        self.close_path = f"{self.path}/closes/{close['closeId']}"

    def request(self) -> Answer:
        return self.client.delete(self.close_path)

    def check(self) -> None:
        [trade] = self.trades()
        assert (trade["version"], trade["partialCloses"]) == (3, [])


class Delete(OfOneTrade):
    statuses, again = (204,), (404,)

    def request(self) -> Answer:
        return self.client.delete(self.path)

    def check(self) -> None:
        assert self.trades() == []
        assert [each["trade"] for each in self.deleted()] == [self.trade]

    def check_between(self) -> None:
        """The trade is in one place and in no other."""
        assert [*self.trades(), *(each["trade"] for each in self.deleted())] == [self.trade]


class DeleteAtVersion(Delete):
    def request(self) -> Answer:
        return self.client.delete(self.path, headers={"If-Match": '"1"'})


class Restore(OfOneTrade):
    statuses = (200,)

    def __init__(self, client: Client) -> None:
        super().__init__(client)
        client.delete(self.path)

    def request(self) -> Answer:
        return self.client.post(f"/deleted-trades/{self.trade['tradeId']}/restore")

    def check(self) -> None:
        [trade] = self.trades()
        assert (trade["tradeId"], trade["version"]) == (self.trade["tradeId"], 2)
        assert self.deleted() == []

    def check_between(self) -> None:
        """The trade is in one place and in no other."""
        assert len(self.trades()) + len(self.deleted()) == 1


class DeleteWhatIsNot(OfOneTrade):
    statuses = (404,)

    def request(self) -> Answer:
        return self.client.delete(f"/trades/{NEVER}")

    def check(self) -> None:
        assert self.trades() == [self.trade]


class DeleteWhatIsAnothers(DeleteWhatIsNot):
    def request(self) -> Answer:
        return Client("22222222-aaaa-4bbb-8ccc-000000000099").delete(self.path)


class Many(Write):
    statuses = (200,)

    def request(self) -> Answer:
        items = [{"trade": a_trade(symbol=f"S{number}"), "idempotencyKey": f"k-{number}"} for number in range(3)]
        answer = self.client.post("/trades/bulk", {"items": items})
        if answer.status == 200:
            assert {result["status"] for result in answer.json["results"]} <= {201, 503}
        return answer

    def check(self) -> None:
        assert sorted(trade["symbol"] for trade in self.trades()) == ["S0", "S1", "S2"]
        assert [result["status"] for result in self.request().json["results"]] == [201] * 3


class DeleteMany(Write):
    statuses = (200,)

    def __init__(self, client: Client) -> None:
        super().__init__(client)
        self.ids = [client.new_trade()["tradeId"] for _ in range(2)]

    def request(self) -> Answer:
        answer = self.client.post("/trades/bulk-delete", {"tradeIds": [self.ids[0], NEVER, self.ids[1]]})
        if answer.status == 200:
            first, absent, last = (result["status"] for result in answer.json["results"])
            assert {first, last} <= {204, 404, 503}
            assert absent in (404, 503)
        return answer

    def check(self) -> None:
        assert self.trades() == []


class AskForUpload(OfOneTrade):
    statuses = (201,)

    def request(self) -> Answer:
        return self.client.post(f"{self.path}/images", {"contentType": "image/png"})

    def check(self) -> None:
        shown = self.client.get(self.path).json["images"]
        assert len(shown) <= 2  # a request has no key; what nobody sends is forgotten after an hour
        assert {image["status"] for image in shown} == {"PENDING"}


class ForgetUpload(OfOneTrade):
    statuses, again = (204,), (404,)

    def __init__(self, client: Client) -> None:
        super().__init__(client)
        self.image = client.post(f"{self.path}/images", {"contentType": "image/png"}).json["imageId"]

    def request(self) -> Answer:
        return self.client.delete(f"{self.path}/images/{self.image}")

    def check(self) -> None:
        assert "images" not in self.client.get(self.path).json


class OfExecutions(Write):
    """Two trades of fills, which a third joins."""

    def __init__(self, client: Client) -> None:
        super().__init__(client)
        self.made = [self.put(side, hour) for side, hour in (("BUY", 10), ("SELL", 11), ("BUY", 12))]
        for number, trade in enumerate(self.trades()):
            client.patch(f"/trades/{trade['tradeId']}", {"lessons": f"mine {number}"})

    def put(self, side: str, hour: int, key: str = "") -> Answer:
        fill = {
            "symbol": "AAPL",
            "side": side,
            "quantity": "1",
            "price": "10",
            "executedAt": f"2026-01-05T{hour:02}:00:00Z",
        }
        return self.client.post("/executions", fill, headers={"Idempotency-Key": key or f"{side}-{hour}"})

    def check_between(self) -> None:
        """Executions, position and trades agree, and no note is lost."""
        of_trades = {trade["tradeId"]: trade for trade in self.trades()}
        of_fills = {trade_id for each in self.executions() for trade_id in each["tradeIds"]}
        assert of_fills == set(of_trades)
        held = [each["quantity"] for each in self.client.get("/positions").json["items"]]
        assert held == [each["remainingQuantity"] for each in of_trades.values() if each["remainingQuantity"] != "0"]
        assert "".join(trade.get("lessons", "") for trade in of_trades.values()).count("mine") == 2

    def executions(self) -> list[Any]:
        shown: list[Any] = self.client.get("/executions").json["items"]
        return shown


class LateExecution(OfExecutions):
    statuses = (201,)

    def request(self) -> Answer:
        return self.put("BUY", 9, "late")

    def check(self) -> None:
        self.check_between()
        assert (len(self.executions()), len(self.trades())) == (4, 1)


class FirstExecutionOfAnAccount(Write):
    """It marks the account as being in use."""

    statuses = (201,)

    def __init__(self, client: Client) -> None:
        super().__init__(client)
        self.account = client.post("/accounts", {"name": "Own", "currency": "EUR"}).json["accountId"]

    def request(self) -> Answer:
        fill = {"symbol": "AAPL", "side": "BUY", "quantity": "1", "price": "10", "executedAt": "2026-01-05T10:00:00Z"}
        headers = {"Idempotency-Key": "first"}
        return self.client.post("/executions", {**fill, "accountId": self.account}, headers=headers)

    def check_between(self) -> None:
        held = self.client.get("/positions", query=f"accountId={self.account}").json["items"]
        assert len(held) == len(self.trades())
        assert not held or self.client.delete(f"/accounts/{self.account}").status == 409

    def check(self) -> None:
        self.check_between()
        assert [trade["accountId"] for trade in self.trades()] == [self.account]


class CloseOfTheLedger(OfExecutions):
    statuses = (201,)

    def request(self) -> Answer:
        close = {"price": "12", "closedAt": "2026-01-05T14:00:00Z"}
        path = f"/trades/{self.made[2].json['trades'][0]['tradeId']}/closes"
        return self.client.post(path, close, headers={"Idempotency-Key": "close"})

    def check(self) -> None:
        self.check_between()
        assert sorted(trade["netPnl"] for trade in self.trades()) == ["0", "2"]
        assert len(self.executions()) == 4


class CorrectExecution(OfExecutions):
    statuses = (200,)

    def request(self) -> Answer:
        path = f"/executions/{self.made[1].json['execution']['executionId']}"
        return self.client.patch(path, {"executedAt": "2026-01-05T13:00:00Z", "quantity": "2"})

    def check(self) -> None:
        self.check_between()
        assert [trade["netPnl"] for trade in self.trades()] == ["0"]


class DeleteExecution(OfExecutions):
    statuses, again = (204,), (404,)

    def request(self) -> Answer:
        return self.client.delete(f"/executions/{self.made[1].json['execution']['executionId']}")

    def check(self) -> None:
        self.check_between()
        assert [trade["quantity"] for trade in self.trades()] == ["2"]


class ConvertTrade(Write):
    statuses = (200,)

    def __init__(self, client: Client) -> None:
        super().__init__(client)
        self.trade = client.new_trade(quantity="2", lessons="mine")
        close = {"price": "12", "quantity": "1", "closedAt": "2026-01-07T14:00:00Z"}
        self.trade = client.post(f"/trades/{self.trade['tradeId']}/closes", close).json

    def request(self) -> Answer:
        return self.client.post(f"/trades/{self.trade['tradeId']}/to-executions")

    def check_between(self) -> None:
        [trade] = self.trades()
        assert (trade["tradeId"], trade["lessons"], trade["remainingQuantity"]) == (self.trade["tradeId"], "mine", "1")
        executions = len(self.client.get("/executions").json["items"])
        assert (trade.get("source"), executions) in ((None, 0), ("LEDGER", 2))

    def check(self) -> None:
        self.check_between()
        assert self.trades()[0]["source"] == "LEDGER"


class OfTheAccount(Write):
    stores: Stores


class Export(OfTheAccount):
    statuses = (200,)

    def __init__(self, client: Client) -> None:
        super().__init__(client)
        client.new_trade()

    def request(self) -> Answer:
        return self.client.get("/auth/export")

    def check(self) -> None:
        assert self.request().json["size"] > 100


class LogOut(OfTheAccount):
    statuses = (204,)

    def request(self) -> Answer:
        return self.client.post("/auth/logout-all")

    def check(self) -> None:
        pass


class Erase(OfTheAccount):
    statuses = (202,)

    def request(self) -> Answer:
        return self.client.delete("/auth/account")

    def check(self) -> None:
        assert erasure_marks.has_begun(str(self.client.user))
        user = clients.cognito_admin().admin_get_user(UserPoolId=self.stores.pool, Username=str(self.client.user))
        assert user["Enabled"] is False
        assert messages_of(self.stores.erasure_queue)


WRITES = (
    Create,
    CloseIt,
    Change,
    ChangeAtVersion,
    TakeBack,
    Delete,
    DeleteAtVersion,
    Restore,
    DeleteWhatIsNot,
    DeleteWhatIsAnothers,
    Many,
    DeleteMany,
    LateExecution,
    FirstExecutionOfAnAccount,
    CloseOfTheLedger,
    CorrectExecution,
    DeleteExecution,
    ConvertTrade,
)
WITH_FILES = (AskForUpload, ForgetUpload)
OF_ACCOUNTS = (Export, LogOut, Erase)


def stored(client: Client) -> list[str]:
    """The sort keys of the client's items."""
    items = clients.dynamodb().query(
        TableName="trades",
        KeyConditionExpression="userId = :user",
        ExpressionAttributeValues={":user": {"S": str(client.user)}},
    )["Items"]
    return [item["tradeId"]["S"] for item in items]


def campaign(aws: Aws, fresh: Callable[[], Write], kind: str) -> None:
    """Let the kind of fault happen at each call in turn, once and lasting, until the request has none left."""
    modes: tuple[Mode, ...] = ("once", "lasting")
    for mode in modes:
        at = 0
        while True:
            at += 1
            assert at < 40
            write = fresh()
            aws.fail(kind, mode, at)
            answer = write.request()
            calls = aws.calls
            aws.work()
            if calls < at:
                assert answer.status in write.statuses
                break
            TRIED[type(write).__name__] += 1
            seen = (kind, mode, at, answer.status, answer.body)
            # A fault that passes is not even noticed; one that lasts is a 503, in a bulk request for each item.
            expected = {*write.statuses} if mode == "once" else {*write.statuses, 503}
            assert answer.status in expected, seen
            if answer.status == 503:
                assert answer.headers["retry-after"] == "1", seen
            write.check_between()
            again = write.request()
            assert again.status in {*write.statuses, *write.again}, seen
            write.check()


def assert_survives(failing: Aws, empty_tables: Tables, write: type[Write], kind: str) -> None:
    """Run the campaign, each try with the state before the write, and check that it met more than one call."""

    def fresh() -> Write:
        before = BEFORE.setdefault(write, Before(write))
        before.tables.filled(lambda: before.make(empty_tables))
        return copy(before.write)

    campaign(failing, fresh, kind)
    assert TRIED[write.__name__] >= 2


class Before:
    """The state before a write, which is the same for every fault and is made once."""

    def __init__(self, kind: type[Write]) -> None:
        self.tables = Tables()
        self.write: Write
        self._kind = kind

    def make(self, empty_tables: Tables) -> None:
        """Make it, in empty tables."""
        empty_tables.filled(create_tables)
        self.write = self._kind(Client())


BEFORE: dict[type[Write], Before] = {}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("write", WRITES, ids=lambda write: write.__name__)
def test_a_write_survives_every_fault_at_every_call(
    failing: Aws, empty_tables: Tables, write: type[Write], kind: str
) -> None:
    assert_survives(failing, empty_tables, write, kind)


@pytest.mark.usefixtures("bucket")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("write", WITH_FILES, ids=lambda write: write.__name__)
def test_uploads_survive_every_fault_at_every_call(
    failing: Aws, empty_tables: Tables, write: type[Write], kind: str
) -> None:
    assert_survives(failing, empty_tables, write, kind)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("write", OF_ACCOUNTS, ids=lambda write: write.__name__)
def test_accounts_survive_every_fault_at_every_call(
    failing: Aws, stores: Stores, write: type[OfTheAccount], kind: str
) -> None:
    number = 0

    def fresh() -> Write:
        nonlocal number
        number += 1
        made = write(new_client(stores.pool, f"trader-{number}@example.com"))
        made.stores = stores
        return made

    campaign(failing, fresh, kind)
    assert TRIED[write.__name__] >= 2


PASSWORD = "Breakout-2026!"
ADDRESS = {"email": "dana@example.com"}
PUBLIC: dict[str, dict[str, str]] = {
    "/auth/signup": ADDRESS,
    "/auth/confirm-signup": {**ADDRESS, "code": "402719", "password": PASSWORD},
    "/auth/resend-code": ADDRESS,
    "/auth/login": {**ADDRESS, "password": PASSWORD},
    "/auth/refresh": {"refreshToken": "abc"},
    "/auth/forgot-password": ADDRESS,
    "/auth/confirm-forgot-password": {**ADDRESS, "code": "402719", "password": PASSWORD},
}


@pytest.mark.usefixtures("stores")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("path", PUBLIC)
def test_no_fault_is_a_500_where_nobody_is_logged_in(failing: Aws, nobody: Client, path: str, kind: str) -> None:
    failing.fail(kind, "lasting", 1)
    answer = nobody.post(path, PUBLIC[path])
    assert failing.calls > 0
    TRIED[path] += 1
    assert (answer.status, answer.kind) == (503, "/problems/unavailable")


@pytest.fixture(scope="module", autouse=True)
def report() -> Iterator[None]:
    yield
    sys.stdout.write(f"{sum(TRIED.values())} faults: {dict(TRIED)}\n")
