"""The account as a whole, on the deployed stack: a new password, every session ended, the export, the erasing."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Callable
from typing import Any

import httpx

from local.stack import Stack
from tests.e2e.conftest import PASSWORD, User

NEW_PASSWORD = "Pullback-2026!"


def sub_of(stack: Stack, user: User) -> str:
    """What the pool and the table call the user."""
    pool = stack.client("cognito-idp").admin_get_user(UserPoolId=stack.outputs["UserPoolId"], Username=user.email)
    return next(str(each["Value"]) for each in pool["UserAttributes"] if each["Name"] == "sub")


def items_of(stack: Stack, sub: str) -> list[str]:
    """The sort keys of all that the table holds of the user."""
    found = stack.client("dynamodb").query(
        TableName=stack.outputs["TradesTableName"],
        KeyConditionExpression="userId = :user",
        ExpressionAttributeValues={":user": {"S": sub}},
        ConsistentRead=True,
    )
    return sorted(item["tradeId"]["S"] for item in found["Items"])


def files_of(stack: Stack, sub: str) -> list[str]:
    """All versions of all files of the user."""
    s3, bucket = stack.client("s3"), stack.outputs["UserFilesName"]
    return sorted(
        f"{file['Key']} {file['VersionId']}"
        for prefix in ("images", "exports")
        for kind in ("Versions", "DeleteMarkers")
        for file in s3.list_object_versions(Bucket=bucket, Prefix=f"{prefix}/{sub}/").get(kind, ())
    )


def until(what: Callable[[], bool], seconds: float = 60) -> None:
    """Wait for it."""
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.2)


def furnish(stack: Stack, user: User, trade: dict[str, Any]) -> str:
    """Give the user trades, kept answers and versions of files; answers the user's name in the table."""
    sub = sub_of(stack, user)
    for number in range(3):
        answer = user.api.post("/trades", json=trade, headers={"Idempotency-Key": f"key-{number}"})
        assert answer.status_code == 201, answer.text
    s3, bucket = stack.client("s3"), stack.outputs["UserFilesName"]
    for _ in range(2):
        s3.put_object(Bucket=bucket, Key=f"exports/{sub}/old.json.gz", Body=b"old")
    s3.delete_object(Bucket=bucket, Key=f"exports/{sub}/old.json.gz")
    return sub


def test_a_forgotten_password_is_set_anew_with_the_mailed_code(
    stack: Stack, public: httpx.Client, new_user: Callable[[], User]
) -> None:
    user = new_user()
    address = {"email": user.email}
    asked = [public.post("/auth/forgot-password", json={"email": email}) for email in (user.email, "no@example.com")]
    assert [(answer.status_code, answer.json()) for answer in asked] == [(200, {"status": "CODE_REQUIRED"})] * 2
    code = stack.confirmation_code(user.email)
    reset = {**address, "password": NEW_PASSWORD}
    wrong = public.post("/auth/confirm-forgot-password", json={**reset, "code": "000000"})
    assert (wrong.status_code, wrong.json()["type"]) == (422, "/v1/problems/code-rejected")
    done = public.post("/auth/confirm-forgot-password", json={**reset, "code": code})
    assert (done.status_code, done.json()) == (200, {"status": "CHANGED"})
    assert public.post("/auth/login", json={**address, "password": PASSWORD}).status_code == 401
    assert public.post("/auth/login", json={**address, "password": NEW_PASSWORD}).status_code == 200


def test_a_code_is_mailed_again(stack: Stack, public: httpx.Client) -> None:
    address = {"email": "waits-for-a-code@example.com"}
    public.post("/auth/signup", json=address)
    mails = len(stack.aws.mails())
    answers = [public.post("/auth/resend-code", json=each) for each in (address, {"email": "no@example.com"})]
    assert [(answer.status_code, answer.json()) for answer in answers] == [
        (200, {"status": "CONFIRMATION_REQUIRED"})
    ] * 2
    assert len(stack.aws.mails()) == mails + 1
    code = stack.confirmation_code(address["email"])
    assert public.post("/auth/confirm-signup", json={**address, "code": code, "password": PASSWORD}).status_code == 200


def test_no_session_is_refreshed_after_logging_out_everywhere(
    public: httpx.Client, new_user: Callable[[], User]
) -> None:
    user = new_user()
    other_session = public.post("/auth/login", json={"email": user.email, "password": PASSWORD}).json()
    assert user.api.post("/auth/logout-all").status_code == 204
    for token in (user.refresh_token, other_session["refreshToken"]):
        answer = public.post("/auth/refresh", json={"refreshToken": token})
        assert (answer.status_code, answer.json()["type"]) == (401, "/v1/problems/session-expired")


def test_an_export_is_downloaded(stack: Stack, new_user: Callable[[], User], trade: dict[str, Any]) -> None:
    user = new_user()
    sub = sub_of(stack, user)
    created = [user.api.post("/trades", json=trade).json() for _ in range(3)]
    answer = user.api.get("/auth/export")
    assert answer.status_code == 200, answer.text
    file = httpx.get(answer.json()["url"], trust_env=False)
    assert file.status_code == 200, file.text
    assert file.headers["content-type"] == "application/gzip"
    assert file.headers["content-disposition"].startswith('attachment; filename="trading-journal-')
    assert len(file.content) == answer.json()["size"]
    document = json.loads(gzip.decompress(file.content))
    assert document["profile"]["email"] == user.email
    assert document["profile"]["sub"] == sub
    by_id = {exported["tradeId"]: exported for exported in document["trades"]}
    assert by_id == {each["tradeId"]: each for each in created}
    # Nobody comes in without the signature.
    assert httpx.get(answer.json()["url"].split("?")[0], trust_env=False).status_code == 403


def test_a_deleted_account_is_gone_and_the_others_are_as_they_were(
    stack: Stack, public: httpx.Client, new_user: Callable[[], User], trade: dict[str, Any]
) -> None:
    erin, dana = new_user(), new_user()
    subs = {user.email: furnish(stack, user, trade) for user in (erin, dana)}
    before = items_of(stack, subs[erin.email]), files_of(stack, subs[erin.email])
    answer = dana.api.delete("/auth/account")
    assert (answer.status_code, answer.json()) == (202, {"status": "ERASING"})
    refused = dana.api.post("/trades", json=trade)
    assert (refused.status_code, refused.json()["type"]) == (409, "/v1/problems/account-erased")
    assert public.post("/auth/refresh", json={"refreshToken": dana.refresh_token}).status_code == 401
    sub, pool = subs[dana.email], stack.client("cognito-idp")

    def is_gone() -> bool:
        users = pool.list_users(UserPoolId=stack.outputs["UserPoolId"])["Users"]
        return sub not in {user["Username"] for user in users}

    until(is_gone)
    assert all(key.startswith("erased|") for key in items_of(stack, sub))
    assert files_of(stack, sub) == []
    assert dana.api.delete("/auth/account").status_code == 202
    assert dana.api.get("/trades").json() == {"items": []}
    # Nothing of it reached the other one.
    assert (items_of(stack, subs[erin.email]), files_of(stack, subs[erin.email])) == before
    assert len(erin.api.get("/trades").json()["items"]) == 3
    # The last look waits for the tokens to expire; nothing failed on the way to it.
    sqs = stack.client("sqs")

    def counts(queue: str, what: str) -> int:
        name = f"ApproximateNumberOfMessages{what}"
        asked = sqs.get_queue_attributes(QueueUrl=stack.outputs[queue], AttributeNames=[name])
        return int(asked["Attributes"][name])

    until(lambda: counts("ErasureQueueUrl", "Delayed") >= 1)
    assert counts("ErasureDeadLettersUrl", "") == 0
    # The address may sign up anew, and finds nothing.
    credentials = {"email": dana.email, "password": PASSWORD}
    assert public.post("/auth/signup", json={"email": dana.email}).status_code == 201
    code = stack.confirmation_code(dana.email)
    assert public.post("/auth/confirm-signup", json={**credentials, "code": code}).status_code == 200
    tokens = public.post("/auth/login", json=credentials).json()
    again = {"Authorization": f"Bearer {tokens['accessToken']}"}
    assert public.get("/trades", headers=again).json() == {"items": []}
    assert public.post("/trades", json=trade, headers=again).status_code == 201


def test_the_last_look_lets_the_marks_expire(stack: Stack, new_user: Callable[[], User], trade: dict[str, Any]) -> None:
    user = new_user()
    sub = furnish(stack, user, trade)
    user.api.delete("/auth/account")
    until(lambda: all(key.startswith("erased|") for key in items_of(stack, sub)))
    message = {"userId": sub, "username": sub, "isLastLook": True}
    stack.client("sqs").send_message(
        QueueUrl=stack.outputs["ErasureQueueUrl"], MessageBody=json.dumps(message), DelaySeconds=0
    )
    table = stack.outputs["TradesTableName"]
    key = {"userId": {"S": sub}, "tradeId": {"S": "erased|0"}}
    until(lambda: "expiresAt" in stack.client("dynamodb").get_item(TableName=table, Key=key)["Item"])
