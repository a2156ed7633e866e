"""The restore drill of docs/runbook.md on the deployed stack: what was lost comes back, who has left does not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from handlers.storage import clients
from local.embedded_aws import REGION, ROOT_KEY
from local.stack import Stack
from ops.restore import restore
from tests.e2e.conftest import User
from tests.e2e.test_account import items_of, sub_of, until

EARLIER = "trades-as-they-were"


@pytest.fixture
def operator(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An operator's environment, in which clients find the stack's AWS."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", stack.endpoint)
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, ROOT_KEY)
    # Set by the restore itself.
    for name in ("TRADES_TABLE", "FILES_BUCKET"):
        monkeypatch.setenv(name, "")
    clients.clear()
    yield
    clients.clear()


@pytest.mark.usefixtures("operator")
def test_the_restore_drill(stack: Stack, new_user: Callable[[], User], trade: dict[str, Any]) -> None:
    stays, leaves = new_user(), new_user()
    closed = {**trade, "exitPrice": "187.25", "closeDate": "2026-01-06T10:00:00-05:00"}
    made = [stays.api.post("/trades", json=closed).json() for _ in range(3)]
    leaves.api.post("/trades", json=closed)
    whole = figures_of(stays, 3)

    # The table as it is at this moment.
    dynamodb = stack.client("dynamodb")
    dynamodb.restore_table_to_point_in_time(
        SourceTableName=stack.outputs["TradesTableName"], TargetTableName=EARLIER, UseLatestRestorableTime=True
    )
    # The mishap; and somebody deletes an account, which has nothing to do with it.
    for lost in made[:2]:
        key: Any = {"userId": {"S": sub_of(stack, stays)}, "tradeId": {"S": lost["tradeId"]}}
        dynamodb.delete_item(TableName=stack.outputs["TradesTableName"], Key=key)
    damaged = {"commission": "77"}
    merge = {"Content-Type": "application/merge-patch+json"}
    answer = stays.api.patch(f"/trades/{made[2]['tradeId']}", json=damaged, headers=merge)
    assert answer.status_code == 200, answer.text
    sub = sub_of(stack, leaves)
    assert leaves.api.delete("/auth/account").status_code == 202
    until(lambda: not [key for key in items_of(stack, sub) if not key.startswith("erased|")])
    assert figures_of(stays, 1) != whole

    done = restore(stack.client, stack.outputs, EARLIER, replacing=True, users=[sub, sub_of(stack, stays)])
    assert (done.returned, done.replaced, done.of_erased_users) == (2, 1, 1)
    # The statistics follow by the stream, as after any other write.
    until(lambda: figures_of(stays, 3) == whole)
    assert [stays.api.get(f"/trades/{one['tradeId']}").json() for one in made[:2]] == made[:2]
    assert not [key for key in items_of(stack, sub) if not key.startswith("erased|")]
    dynamodb.delete_table(TableName=EARLIER)


def figures_of(user: User, trades: int) -> dict[str, Any]:
    """The user's statistics, once they are of so many trades."""

    def figures() -> dict[str, Any]:
        found: dict[str, Any] = user.api.get("/stats").json()
        return {name: figure for name, figure in found.items() if name not in ("asOf", "lastUpdated")}

    until(lambda: figures()["tradeCount"] == trades)
    return figures()
