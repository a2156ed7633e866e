"""An image's way from the form into its trade and out of it again, on the deployed stack."""

from __future__ import annotations

import struct
import time
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import httpx
import pytest

from handlers.storage import image_files
from local.stack import Stack
from tests.e2e.conftest import User

FEW_SECONDS = 20
MOST_BYTES = 10 * 1024 * 1024


def png() -> bytes:
    """A picture of one grey dot, of the kind that any browser shows."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    dot = zlib.compress(b"\x00\x80")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", dot) + chunk(b"IEND", b"")


@pytest.fixture
def address(dana: User, trade: dict[str, Any]) -> str:
    """The path of a new trade of Dana's."""
    return str(dana.api.post("/trades", json=trade).headers["Location"].removeprefix("/v1"))


def ask(api: httpx.Client, address: str, content_type: str = "image/png") -> dict[str, Any]:
    """A form to upload an image with."""
    answer = api.post(f"{address}/images", json={"contentType": content_type})
    assert answer.status_code == 201, answer.text
    form: dict[str, Any] = answer.json()
    return form


def send(form: dict[str, Any], data: bytes, **fields: str) -> httpx.Response:
    """Send the file with the form, as a browser does: some fields may have been tampered with."""
    with httpx.Client(trust_env=False, timeout=30) as browser:
        return browser.post(form["url"], data={**form["fields"], **fields}, files={"file": ("chart.png", data)})


def shown(api: httpx.Client, address: str, *statuses: str) -> list[dict[str, Any]]:
    """The trade's images, as soon as they have these statuses."""
    deadline = time.monotonic() + FEW_SECONDS
    while True:
        images: list[dict[str, Any]] = api.get(address).json().get("images", [])
        if [image["status"] for image in images] == list(statuses):
            return images
        assert time.monotonic() < deadline, images
        time.sleep(0.1)


def stored(stack: Stack, prefix: str) -> list[dict[str, Any]]:
    """Every version of every file below there, and every mark of a deleted one."""
    bucket = stack.outputs["UserFilesName"]
    listed = stack.client("s3").list_object_versions(Bucket=bucket, Prefix=prefix)
    return [*listed.get("Versions", []), *listed.get("DeleteMarkers", [])]


def none_is_left(stack: Stack, prefix: str) -> None:
    """Wait until nothing is stored below there."""
    deadline = time.monotonic() + FEW_SECONDS
    while left := stored(stack, prefix):
        assert time.monotonic() < deadline, left
        time.sleep(0.1)


def tags(stack: Stack, key: str) -> dict[str, str]:
    found = stack.client("s3").get_object_tagging(Bucket=stack.outputs["UserFilesName"], Key=key)
    return {tag["Key"]: tag["Value"] for tag in found["TagSet"]}


def test_an_image_is_part_of_its_trade_seconds_after_it_was_sent_and_shows_exactly_its_bytes(
    stack: Stack, dana: User, address: str
) -> None:
    form = ask(dana.api, address)
    [pending] = shown(dana.api, address, "PENDING")
    assert pending.keys() == {"imageId", "status", "contentType", "createdAt"}
    assert send(form, png()).status_code == 204
    [image] = shown(dana.api, address, "READY")
    assert (image["imageId"], image["contentType"], image["size"]) == (form["imageId"], "image/png", len(png()))
    picture = httpx.get(image["url"], trust_env=False)
    assert picture.content == png()
    assert picture.headers["Content-Type"] == "image/png"
    assert picture.headers["Content-Disposition"] == f'inline; filename="{form["imageId"]}.png"'
    assert tags(stack, form["fields"]["key"]) == {"status": "ready"}
    read = dana.api.get(address)
    assert (read.json()["version"], read.headers["ETag"]) == (2, '"2+images"')
    again = dana.api.get(address, headers={"If-None-Match": '"2"'})
    assert again.status_code == 200
    listed = next(item for item in dana.api.get("/trades").json()["items"] if address.endswith(item["tradeId"]))
    assert [image.keys() for image in listed["images"]] == [{"imageId", "status", "contentType", "size", "createdAt"}]


def test_an_address_that_shows_an_image_can_show_it_only_as_that(dana: User, address: str) -> None:
    form = ask(dana.api, address)
    send(form, png())
    [image] = shown(dana.api, address, "READY")
    for address_of_another in (
        image["url"].replace("image%2Fpng", "text%2Fhtml"),
        image["url"].replace(form["imageId"], str(uuid4())),
        image["url"].partition("?")[0],
    ):
        assert httpx.get(address_of_another, trust_env=False).status_code == 403


def test_a_text_that_is_called_png_is_rejected_and_deleted(stack: Stack, dana: User, address: str) -> None:
    form = ask(dana.api, address)
    assert send(form, b"<script>alert(1)</script>").status_code == 204
    [image] = shown(dana.api, address, "REJECTED")
    assert image["reason"] == "The file is not a PNG image."
    assert "url" not in image
    none_is_left(stack, form["fields"]["key"])
    assert dana.api.get(address).json()["version"] == 1
    assert dana.api.delete(f"{address}/images/{form['imageId']}").status_code == 204
    assert "images" not in dana.api.get(address).json()


def test_the_store_refuses_more_than_ten_megabytes(stack: Stack, dana: User, address: str) -> None:
    form = ask(dana.api, address)
    assert form["maxBytes"] == MOST_BYTES
    refused = send(form, png().ljust(MOST_BYTES + 1, b"\0"))
    assert (refused.status_code, "EntityTooLarge" in refused.text) == (400, True)
    assert stored(stack, form["fields"]["key"]) == []


@pytest.mark.parametrize(
    "tampered",
    [
        {"Content-Type": "text/html"},
        {"key": "images/somebody/else/s"},
        {"tagging": "<Tagging><TagSet><Tag><Key>status</Key><Value>ready</Value></Tag></TagSet></Tagging>"},
        {"acl": "public-read"},
        {"policy": "e30="},
    ],
)
def test_the_store_refuses_a_form_that_was_tampered_with(
    stack: Stack, dana: User, address: str, tampered: dict[str, str]
) -> None:
    form = ask(dana.api, address)
    assert send(form, png(), **tampered).status_code in (400, 403)
    assert stored(stack, form["fields"]["key"]) == stored(stack, "images/somebody/") == []


def test_of_two_files_of_one_form_the_first_counts(stack: Stack, dana: User, address: str) -> None:
    form = ask(dana.api, address)
    send(form, png())
    shown(dana.api, address, "READY")
    send(form, b"<script>alert(1)</script>")
    key = form["fields"]["key"]
    deadline = time.monotonic() + FEW_SECONDS
    while len(stored(stack, key)) > 1:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    [image] = shown(dana.api, address, "READY")
    assert httpx.get(image["url"], trust_env=False).content == png()


def test_twenty_images_at_once_all_become_part_of_the_trade(stack: Stack, dana: User, address: str) -> None:
    forms = [ask(dana.api, address) for _ in range(20)]
    with ThreadPoolExecutor(10) as threads:
        assert {answer.status_code for answer in threads.map(lambda form: send(form, png()), forms)} == {204}
    images = shown(dana.api, address, *["READY"] * 20)
    assert [image["imageId"] for image in images] == [form["imageId"] for form in forms]
    assert dana.api.get(address).json()["version"] == 21
    assert len(stored(stack, forms[0]["fields"]["key"].rpartition("/")[0])) == 20


def test_anothers_trade_takes_and_loses_no_image(new_user: Callable[[], User], dana: User, address: str) -> None:
    form = ask(dana.api, address)
    send(form, png())
    shown(dana.api, address, "READY")
    stranger, never = new_user().api, "/trades/00000000-0000-4000-8000-000000000000"
    image = f"images/{form['imageId']}"
    wanted = {"contentType": "image/png"}
    for theirs, nobodys in (
        (stranger.post(f"{address}/images", json=wanted), stranger.post(f"{never}/images", json=wanted)),
        (stranger.delete(f"{address}/{image}"), stranger.delete(f"{never}/{image}")),
        (stranger.get(address), stranger.get(never)),
    ):
        assert theirs.status_code == nobodys.status_code == 404
        assert {**theirs.json(), "requestId": ""} == {**nobodys.json(), "requestId": ""}
    shown(dana.api, address, "READY")


def test_a_deleted_image_leaves_no_file(stack: Stack, dana: User, address: str) -> None:
    forms = [ask(dana.api, address) for _ in range(2)]
    for form in forms:
        send(form, png())
    shown(dana.api, address, "READY", "READY")
    gone, kept = forms
    path = f"{address}/images/{gone['imageId']}"
    assert dana.api.delete(path).status_code == 204
    assert dana.api.delete(path).status_code == 404
    none_is_left(stack, gone["fields"]["key"])
    [image] = shown(dana.api, address, "READY")
    assert image["imageId"] == kept["imageId"]
    assert httpx.get(image["url"], trust_env=False).content == png()


def test_a_deleted_trade_leaves_neither_files_nor_uploads(stack: Stack, dana: User, address: str) -> None:
    ready, pending = ask(dana.api, address), ask(dana.api, address)
    send(ready, png())
    shown(dana.api, address, "READY", "PENDING")
    assert dana.api.delete(address).status_code == 204
    none_is_left(stack, ready["fields"]["key"].rpartition("/")[0])
    table = stack.client("dynamodb")
    user_id, trade_id = ready["fields"]["key"].split("/")[1:3]
    deadline = time.monotonic() + FEW_SECONDS
    while left := table.query(
        TableName=stack.outputs["TradesTableName"],
        KeyConditionExpression="userId = :user AND begins_with(tradeId, :trade)",
        ExpressionAttributeValues={":user": {"S": user_id}, ":trade": {"S": trade_id}},
    )["Items"]:
        assert time.monotonic() < deadline, left
        time.sleep(0.1)
    # Its form still works, for minutes: what it brings is wanted by nobody.
    assert send(pending, png()).status_code == 204
    none_is_left(stack, pending["fields"]["key"])


def test_a_front_end_of_an_allowed_origin_may_send_and_read_images(dana: User, address: str) -> None:
    form = ask(dana.api, address)
    origin = {"Origin": "http://localhost:3000"}
    with httpx.Client(trust_env=False, headers=origin) as browser:
        sent = browser.post(form["url"], data=form["fields"], files={"file": ("chart.png", png())})
        assert (sent.status_code, sent.headers["Access-Control-Allow-Origin"]) == (204, origin["Origin"])
        [image] = shown(dana.api, address, "READY")
        picture = browser.get(image["url"])
        assert (picture.content, picture.headers["Access-Control-Allow-Origin"]) == (png(), origin["Origin"])


def test_a_trade_takes_twenty_images(dana: User, address: str) -> None:
    for _ in range(20):
        ask(dana.api, address)
    refused = dana.api.post(f"{address}/images", json={"contentType": "image/png"})
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/state-forbids")


def test_the_sweep_begins_by_message_and_leaves_what_is_new(stack: Stack, dana: User, address: str) -> None:
    form = ask(dana.api, address)
    send(form, png())
    shown(dana.api, address, "READY")
    stack.client("sqs").send_message(QueueUrl=stack.outputs["ImageSweepQueueUrl"], MessageBody='{"after": null}')
    deadline = time.monotonic() + FEW_SECONDS
    # A line for each part of the keys, some of which several calls go through at once.
    while stack.aws.lambda_log.read_text(errors="replace").count("images swept") < len(image_files.spans()):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert len(stored(stack, form["fields"]["key"])) == 1


def test_no_image_has_become_a_dead_letter(stack: Stack) -> None:
    queue = stack.outputs["ImageDeadLettersUrl"]
    assert "Messages" not in stack.client("sqs").receive_message(QueueUrl=queue)
