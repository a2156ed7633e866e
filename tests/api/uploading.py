"""Plays the parts of browser, bucket and table stream for images: sends files and calls the functions with events."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus

from handlers.entry.images import check_image, remove_images
from handlers.storage.clients import dynamodb, s3
from tests.api.client import DANA, Client
from tests.pictures import png

PNG = png()
TEXT = b"<script>alert(1)</script>"


@dataclass(frozen=True)
class Arrival:
    """A file that has come into the bucket."""

    key: str
    version: str

    @property
    def notice(self) -> dict[str, Any]:
        """What the bucket sends to the queue."""
        file = {"key": quote_plus(self.key, safe="/"), "versionId": self.version, "size": 1}
        return {"Records": [{"eventName": "ObjectCreated:Post", "s3": {"bucket": {"name": "files"}, "object": file}}]}


class Context:
    """What a function knows of its call."""

    def __init__(self, milliseconds: Sequence[int] = ()) -> None:
        self._left = list(milliseconds)

    def get_remaining_time_in_millis(self) -> int:
        """Ample, unless the test says how much each time it is asked for."""
        return self._left.pop(0) if self._left else 900_000


def messages(*bodies: Any) -> dict[str, Any]:
    """These messages as a queue hands them to a function."""
    return {"Records": [{"messageId": str(number), "body": json.dumps(body)} for number, body in enumerate(bodies)]}


def ask(client: Client, trade_id: str, content_type: str = "image/png") -> str:
    """Ask for an upload. Returns the image's id."""
    answer = client.post(f"/trades/{trade_id}/images", {"contentType": content_type})
    assert answer.status == 201, answer.body
    return str(answer.json["imageId"])


def send(trade_id: str, image_id: str, data: bytes = PNG, user: str = DANA) -> Arrival:
    """Store the file as the form would have."""
    key = f"images/{user}/{trade_id}/{image_id}"
    put = s3().put_object(Bucket="files", Key=key, Body=data, ContentType="image/png", Tagging="status=pending")
    return Arrival(key, put["VersionId"])


def check(*arrivals: Arrival) -> list[str]:
    """Have the files checked. Returns the messages that failed."""
    answer = check_image(messages(*(arrival.notice for arrival in arrivals)), Context())
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def illustrate(client: Client, trade_id: str, data: bytes = PNG) -> str:
    """Send an image and have it checked. Returns its id."""
    image_id = ask(client, trade_id)
    assert check(send(trade_id, image_id, data, user=str(client.user))) == []
    return image_id


def images_of(client: Client, trade_id: str) -> list[dict[str, Any]]:
    """The images that the trade's document shows."""
    uploads: list[dict[str, Any]] = client.get(f"/trades/{trade_id}").json.get("images", [])
    return uploads


def item_of(trade_id: str, user: str = DANA) -> dict[str, Any]:
    """The trade's item as it is stored."""
    key: Any = {"userId": {"S": user}, "tradeId": {"S": trade_id}}
    return dict(dynamodb().get_item(TableName="trades", Key=key).get("Item", {}))


def forget_deleted(trade_id: str, user: str = DANA) -> dict[str, Any]:
    """Delete the deleted trade, as DynamoDB does once it has expired; the item as it was."""
    before = item_of(f"{trade_id}|deleted", user)
    dynamodb().delete_item(TableName="trades", Key={"userId": {"S": user}, "tradeId": {"S": f"{trade_id}|deleted"}})
    return before


def records() -> set[str]:
    """The sort keys of everything in the table but trades and counts of uploads."""
    others = [item for item in dynamodb().scan(TableName="trades")["Items"] if "openDate" not in item]
    return {item["tradeId"]["S"] for item in others if not item["tradeId"]["S"].endswith("|image|")}


def remove(*changes: tuple[Mapping[str, Any], Mapping[str, Any]]) -> list[str]:
    """Pass changes of items, before and after, to the stream's function. Returns those that failed."""
    made = []
    for number, (before, after) in enumerate(changes):
        change = {"SequenceNumber": str(number), "OldImage": before, **({"NewImage": after} if after else {})}
        made.append({"eventName": "MODIFY" if after else "REMOVE", "dynamodb": change})
    return [failure["itemIdentifier"] for failure in remove_images({"Records": made}, Context())["batchItemFailures"]]


def files() -> set[tuple[str, str]]:
    """Key and version of everything in the bucket, including marks of deleted files."""
    listed = s3().list_object_versions(Bucket="files")
    return {
        (file["Key"], file["VersionId"]) for file in (*listed.get("Versions", ()), *listed.get("DeleteMarkers", ()))
    }


def tag_of(arrival: Arrival) -> str:
    """The tag of the file that the bucket's lifecycle rules use."""
    [tag] = s3().get_object_tagging(Bucket="files", Key=arrival.key, VersionId=arrival.version)["TagSet"]
    return tag["Value"]
