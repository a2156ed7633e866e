"""Gives a user data of every kind, in tables, bucket, pool and queues, and finds what is left of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from handlers.storage import clients, erasure_marks
from tests.api.client import Client


@dataclass(frozen=True)
class Stores:
    """The tables, bucket, pool and queues that hold a user's data."""

    pool: str
    erasure_queue: str
    export_queue: str
    restore_queue: str


def new_client(pool: str, email: str) -> Client:
    """The front end of somebody who has an account in the pool."""
    user = clients.cognito_admin().admin_create_user(UserPoolId=pool, Username=email, MessageAction="SUPPRESS")["User"]
    return Client(user["Username"])


def users_of(pool: str) -> set[str]:
    """The users of the pool."""
    return {user["Username"] for user in clients.cognito_admin().list_users(UserPoolId=pool)["Users"]}


def messages_of(queue: str) -> list[dict[str, Any]]:
    """Receive the queue's messages, as the event of a function."""
    received = clients.sqs().receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", ())
    for message in received:
        clients.sqs().delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    return [{"messageId": message["MessageId"], "body": message["Body"]} for message in received]


def furnish(user: str) -> None:
    """Give a user data of every kind without the API: trades, kept answers, uploads, files, versions."""
    table, s3 = clients.dynamodb(), clients.s3()
    sort_keys = ["trade-1", "trade-2", "trade-3", "idempotency|key-1", "trade-1|image|image-1"]
    sort_keys += ["trade-4|deleted", "group|group-1", "external|id-1", "tags|change"]
    for sort_key in sort_keys:
        table.put_item(TableName="trades", Item={"userId": {"S": user}, "tradeId": {"S": sort_key}})
    table.put_item(TableName="stats", Item={"userId": {"S": user}, "statKey": {"S": "totals"}})
    for item in (
        "settings",
        "account|account-1",
        "cash|account-1|cash-1",
        "external|account-1|id-1",
        "reconciliation|account-1|r-1",
    ):
        table.put_item(TableName="ledger", Item={"userId": {"S": user}, "item": {"S": item}})
    for key in ("trade-1/image-1", "trade-1/image-1", "trade-2/image-2"):
        s3.put_object(Bucket="files", Key=f"images/{user}/{key}", Body=b"image")
    s3.delete_object(Bucket="files", Key=f"images/{user}/trade-2/image-2")
    s3.put_object(Bucket="files", Key=f"exports/{user}/export.json.gz", Body=b"export")
    for key in (f"exports/{user}/prepared.json.gz", f"images/{user}/trade-1/by-hand"):
        s3.create_multipart_upload(Bucket="files", Key=key)


def left_of(user: str, pool: str) -> dict[str, Sequence[str]]:
    """What is left of a user except the erasure marks, by kind; kinds with nothing left are absent."""
    items = clients.dynamodb().query(
        TableName="trades",
        KeyConditionExpression="userId = :user",
        ExpressionAttributeValues={":user": {"S": user}},
    )["Items"]
    statistics = clients.dynamodb().query(
        TableName="stats",
        KeyConditionExpression="userId = :user",
        ExpressionAttributeValues={":user": {"S": user}},
    )["Items"]
    ledger = clients.dynamodb().query(
        TableName="ledger",
        KeyConditionExpression="userId = :user",
        ExpressionAttributeValues={":user": {"S": user}},
    )["Items"]
    versions = clients.s3().list_object_versions(Bucket="files")
    uploads = clients.s3().list_multipart_uploads(Bucket="files")
    found = {
        "items": [item["tradeId"]["S"] for item in items if not item["tradeId"]["S"].startswith(erasure_marks.PREFIX)],
        "statistics": [item["statKey"]["S"] for item in statistics],
        "ledger": [item["item"]["S"] for item in ledger],
        "files": [
            f"{file['Key']} {file['VersionId']}"
            for file in (*versions.get("Versions", ()), *versions.get("DeleteMarkers", ()))
            if f"/{user}/" in file["Key"]
        ],
        "uploads": [upload["Key"] for upload in uploads.get("Uploads", ()) if f"/{user}/" in upload["Key"]],
        "user": [user] if user in users_of(pool) else [],
    }
    return {kind: things for kind, things in found.items() if things}


def mark_expiries(user: str) -> set[str | None]:
    """When the user's marks expire; None for those that do not."""
    keys: Any = erasure_marks.mark_keys(user)
    items = [clients.dynamodb().get_item(TableName="trades", Key=key).get("Item") for key in keys]
    assert all(items)
    return {item["expiresAt"]["N"] if "expiresAt" in item else None for item in items if item}


def new_queue(name: str) -> str:
    """A queue, by its address."""
    return clients.sqs().create_queue(QueueName=name)["QueueUrl"]


def message_of(record: dict[str, Any]) -> Any:
    """What a queue's record says."""
    return json.loads(record["body"])
