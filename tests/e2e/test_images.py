"""An image's way from the form into its trade and out of it again, on the deployed stack."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import httpx
import pytest

from handlers.storage import image_files
from local.stack import Stack
from tests.e2e.conftest import User
from tests.pictures import PICTURES, PNG_SIGNATURE, ihdr, pdf, png

FEW_SECONDS = 20
MOST_BYTES = 10 * 1024 * 1024


@pytest.fixture
def trade_path(dana: User, trade: dict[str, Any]) -> str:
    """The path of a new trade of Dana's."""
    return str(dana.api.post("/trades", json=trade).headers["Location"].removeprefix("/v1"))


def ask(api: httpx.Client, trade_path: str, content_type: str = "image/png") -> dict[str, Any]:
    """A form to upload an image with."""
    answer = api.post(f"{trade_path}/images", json={"contentType": content_type})
    assert answer.status_code == 201, answer.text
    form: dict[str, Any] = answer.json()
    return form


def send(form: dict[str, Any], data: bytes, **fields: str) -> httpx.Response:
    """Send the file with the form, as a browser does: some fields may have been tampered with."""
    with httpx.Client(trust_env=False, timeout=30) as browser:
        return browser.post(form["url"], data={**form["fields"], **fields}, files={"file": ("chart.png", data)})


def shown(api: httpx.Client, trade_path: str, *statuses: str) -> list[dict[str, Any]]:
    """The trade's images, as soon as they have these statuses."""
    deadline = time.monotonic() + FEW_SECONDS
    while True:
        images: list[dict[str, Any]] = api.get(trade_path).json().get("images", [])
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
    stack: Stack, dana: User, trade_path: str
) -> None:
    form = ask(dana.api, trade_path)
    [pending] = shown(dana.api, trade_path, "PENDING")
    assert pending.keys() == {"imageId", "status", "contentType", "createdAt"}
    assert send(form, png()).status_code == 204
    [image] = shown(dana.api, trade_path, "READY")
    assert (image["imageId"], image["contentType"], image["size"]) == (form["imageId"], "image/png", len(png()))
    picture = httpx.get(image["url"], trust_env=False)
    assert picture.content == png()
    assert picture.headers["Content-Type"] == "image/png"
    assert picture.headers["Content-Disposition"] == f'inline; filename="{form["imageId"]}.png"'
    assert tags(stack, form["fields"]["key"]) == {"status": "ready"}
    read = dana.api.get(trade_path)
    assert (read.json()["version"], read.headers["ETag"]) == (2, '"2+images"')
    again = dana.api.get(trade_path, headers={"If-None-Match": '"2"'})
    assert again.status_code == 200
    listed = next(item for item in dana.api.get("/trades").json()["items"] if trade_path.endswith(item["tradeId"]))
    assert [image.keys() for image in listed["images"]] == [{"imageId", "status", "contentType", "size", "createdAt"}]


def test_an_address_that_shows_an_image_can_show_it_only_as_that(dana: User, trade_path: str) -> None:
    form = ask(dana.api, trade_path)
    send(form, png())
    [image] = shown(dana.api, trade_path, "READY")
    for address_of_another in (
        image["url"].replace("image%2Fpng", "text%2Fhtml"),
        image["url"].replace(form["imageId"], str(uuid4())),
        image["url"].partition("?")[0],
    ):
        assert httpx.get(address_of_another, trust_env=False).status_code == 403


def test_files_that_are_called_png_are_kept_and_shown_as_what_they_are(dana: User, trade_path: str) -> None:
    for data in PICTURES.values():
        assert send(ask(dana.api, trade_path), data).status_code == 204
    images = shown(dana.api, trade_path, *["READY"] * len(PICTURES))
    assert [image["contentType"] for image in images] == list(PICTURES)
    for image, (content_type, data) in zip(images, PICTURES.items(), strict=True):
        file = httpx.get(image["url"], trust_env=False)
        assert (file.content, file.headers["Content-Type"]) == (data, content_type)
        way = "attachment" if content_type == "application/pdf" else "inline"
        assert file.headers["Content-Disposition"].startswith(f'{way}; filename="{image["imageId"]}.')


def test_files_that_break_a_rule_are_told_which_and_are_deleted(stack: Stack, dana: User, trade_path: str) -> None:
    broken = {
        "TRUNCATED": PNG_SIGNATURE,
        "BAD_DIMENSIONS": PNG_SIGNATURE + ihdr(2**31, 2**31),
        "UNKNOWN_TYPE": b"<!doctype html>" + png(),
        "MALFORMED": png() + b"<script>alert(1)</script>",
        "NO_PICTURE": pdf(root=b""),
    }
    forms = [ask(dana.api, trade_path) for _ in range(len(broken) + 1)]
    for form, data in zip(forms, [*broken.values(), b"GIF89a<script>alert(1)</script>"], strict=True):
        assert send(form, data).status_code == 204
    images = shown(dana.api, trade_path, *["REJECTED"] * len(forms))
    assert [image["reasonCode"] for image in images] == [*broken, "BAD_DIMENSIONS"]
    none_is_left(stack, forms[0]["fields"]["key"].rpartition("/")[0])
    assert dana.api.get(trade_path).json()["version"] == 1


def test_a_text_that_is_called_png_is_rejected_and_deleted(stack: Stack, dana: User, trade_path: str) -> None:
    form = ask(dana.api, trade_path)
    assert send(form, b"<script>alert(1)</script>").status_code == 204
    [image] = shown(dana.api, trade_path, "REJECTED")
    assert (image["reasonCode"], image["reason"]) == (
        "UNKNOWN_TYPE",
        "The file is neither a PNG, JPEG, WebP, GIF or HEIC image nor a PDF document: it does not begin as one of them "
        "does.",
    )
    assert "url" not in image
    none_is_left(stack, form["fields"]["key"])
    assert dana.api.get(trade_path).json()["version"] == 1
    assert dana.api.delete(f"{trade_path}/images/{form['imageId']}").status_code == 204
    assert "images" not in dana.api.get(trade_path).json()


def test_the_store_refuses_more_than_ten_megabytes(stack: Stack, dana: User, trade_path: str) -> None:
    form = ask(dana.api, trade_path)
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
    stack: Stack, dana: User, trade_path: str, tampered: dict[str, str]
) -> None:
    form = ask(dana.api, trade_path)
    assert send(form, png(), **tampered).status_code in (400, 403)
    assert stored(stack, form["fields"]["key"]) == stored(stack, "images/somebody/") == []


def test_of_two_files_of_one_form_the_first_counts(stack: Stack, dana: User, trade_path: str) -> None:
    form = ask(dana.api, trade_path)
    send(form, png())
    shown(dana.api, trade_path, "READY")
    send(form, b"<script>alert(1)</script>")
    key = form["fields"]["key"]
    deadline = time.monotonic() + FEW_SECONDS
    while len(stored(stack, key)) > 1:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    [image] = shown(dana.api, trade_path, "READY")
    assert httpx.get(image["url"], trust_env=False).content == png()


def test_twenty_images_at_once_all_become_part_of_the_trade(stack: Stack, dana: User, trade_path: str) -> None:
    forms = [ask(dana.api, trade_path) for _ in range(20)]
    with ThreadPoolExecutor(10) as threads:
        assert {answer.status_code for answer in threads.map(lambda form: send(form, png()), forms)} == {204}
    images = shown(dana.api, trade_path, *["READY"] * 20)
    assert [image["imageId"] for image in images] == [form["imageId"] for form in forms]
    assert dana.api.get(trade_path).json()["version"] == 21
    assert len(stored(stack, forms[0]["fields"]["key"].rpartition("/")[0])) == 20


def test_anothers_trade_takes_and_loses_no_image(new_user: Callable[[], User], dana: User, trade_path: str) -> None:
    form = ask(dana.api, trade_path)
    send(form, png())
    shown(dana.api, trade_path, "READY")
    stranger, never = new_user().api, "/trades/00000000-0000-4000-8000-000000000000"
    image = f"images/{form['imageId']}"
    wanted = {"contentType": "image/png"}
    for theirs, nobodys in (
        (stranger.post(f"{trade_path}/images", json=wanted), stranger.post(f"{never}/images", json=wanted)),
        (stranger.delete(f"{trade_path}/{image}"), stranger.delete(f"{never}/{image}")),
        (stranger.get(trade_path), stranger.get(never)),
    ):
        assert theirs.status_code == nobodys.status_code == 404
        assert {**theirs.json(), "requestId": ""} == {**nobodys.json(), "requestId": ""}
    shown(dana.api, trade_path, "READY")


def test_a_deleted_image_leaves_no_file(stack: Stack, dana: User, trade_path: str) -> None:
    forms = [ask(dana.api, trade_path) for _ in range(2)]
    for form in forms:
        send(form, png())
    shown(dana.api, trade_path, "READY", "READY")
    gone, kept = forms
    path = f"{trade_path}/images/{gone['imageId']}"
    assert dana.api.delete(path).status_code == 204
    assert dana.api.delete(path).status_code == 404
    none_is_left(stack, gone["fields"]["key"])
    [image] = shown(dana.api, trade_path, "READY")
    assert image["imageId"] == kept["imageId"]
    assert httpx.get(image["url"], trust_env=False).content == png()


def test_a_deleted_trade_comes_back_with_its_images_until_it_is_kept_no_more(
    stack: Stack, dana: User, trade_path: str
) -> None:
    ready, pending = ask(dana.api, trade_path), ask(dana.api, trade_path)
    send(ready, png())
    [image, _] = shown(dana.api, trade_path, "READY", "PENDING")
    user_id, trade_id = ready["fields"]["key"].split("/")[1:3]
    assert dana.api.delete(trade_path).status_code == 204
    assert trade_id in [each["trade"]["tradeId"] for each in dana.api.get("/deleted-trades").json()["items"]]
    # A form still works, for minutes: what it brings for a deleted trade is wanted by nobody.
    assert send(pending, png()).status_code == 204
    none_is_left(stack, pending["fields"]["key"])
    assert httpx.get(image["url"], trust_env=False).content == png()

    restored = dana.api.post(f"/deleted-trades/{trade_id}/restore")
    assert restored.status_code == 200, restored.text
    back = next(each for each in dana.api.get(trade_path).json()["images"] if each["status"] == "READY")
    assert httpx.get(back["url"], trust_env=False).content == png()

    assert dana.api.delete(trade_path).status_code == 204
    # As DynamoDB does when the 30 days are over.
    key: Any = {"userId": {"S": user_id}, "tradeId": {"S": f"{trade_id}|deleted"}}
    stack.client("dynamodb").delete_item(TableName=stack.outputs["TradesTableName"], Key=key)
    none_is_left(stack, ready["fields"]["key"].rpartition("/")[0])


def test_a_front_end_of_an_allowed_origin_may_send_and_read_images(dana: User, trade_path: str) -> None:
    form = ask(dana.api, trade_path)
    origin = {"Origin": "http://localhost:3000"}
    with httpx.Client(trust_env=False, headers=origin) as browser:
        sent = browser.post(form["url"], data=form["fields"], files={"file": ("chart.png", png())})
        assert (sent.status_code, sent.headers["Access-Control-Allow-Origin"]) == (204, origin["Origin"])
        [image] = shown(dana.api, trade_path, "READY")
        picture = browser.get(image["url"])
        assert (picture.content, picture.headers["Access-Control-Allow-Origin"]) == (png(), origin["Origin"])


def test_a_trade_takes_twenty_images(dana: User, trade_path: str) -> None:
    for _ in range(20):
        ask(dana.api, trade_path)
    refused = dana.api.post(f"{trade_path}/images", json={"contentType": "image/png"})
    assert (refused.status_code, refused.json()["type"]) == (429, "/v1/problems/too-many-requests")


def test_the_sweep_begins_by_message_and_leaves_what_is_new(stack: Stack, dana: User, trade_path: str) -> None:
    form = ask(dana.api, trade_path)
    send(form, png())
    shown(dana.api, trade_path, "READY")
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
