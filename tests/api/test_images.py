"""The operations on images, and how a trade shows them."""

from __future__ import annotations

import base64
import json
from collections import Counter
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest

from handlers.storage import erasure_marks, uploads
from handlers.storage.dynamo import transact
from tests.api.client import DANA, Client
from tests.api.contention import at_once, statuses
from tests.api.contention import one_call_at_a_time as one_call_at_a_time
from tests.api.uploading import PNG, TEXT, ask, check, files, illustrate, images_of, records, send
from tests.pictures import PICTURES
from tests.storage.conftest import requests as requests
from tests.storage.examples import NOW

pytestmark = pytest.mark.usefixtures("bucket")

NEVER = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def trade_id(dana: Client) -> str:
    return str(dana.new_trade()["tradeId"])


def test_a_form_takes_one_file_of_one_type_and_size_to_one_place_for_five_minutes(dana: Client, trade_id: str) -> None:
    form = dana.post(f"/trades/{trade_id}/images", {"contentType": "image/webp"}).json
    key = f"images/{DANA}/{trade_id}/{form['imageId']}"
    assert UUID(form["imageId"]).version == 4
    assert form["url"] == "https://files.s3.eu-central-1.amazonaws.com/"
    assert (form["fields"]["key"], form["fields"]["Content-Type"]) == (key, "image/webp")
    assert form["fields"]["x-amz-algorithm"] == "AWS4-HMAC-SHA256"
    policy = json.loads(base64.b64decode(form["fields"]["policy"]))
    tagging = "<Tagging><TagSet><Tag><Key>status</Key><Value>pending</Value></Tag></TagSet></Tagging>"
    for condition in (
        {"bucket": "files"},
        {"key": key},
        {"Content-Type": "image/webp"},
        {"tagging": tagging},
        ["content-length-range", 1, 10485760],
    ):
        assert condition in policy["conditions"]
    assert policy["expiration"][:16] == form["expiresAt"][:16]


def test_an_upload_is_pending_until_its_file_has_come(dana: Client, trade_id: str) -> None:
    image_id = ask(dana, trade_id)
    [image] = images_of(dana, trade_id)
    assert (image["imageId"], image["status"]) == (image_id, "PENDING")
    assert image.keys() == {"imageId", "status", "contentType", "createdAt"}
    assert "images" not in dana.get("/trades").json["items"][0]


def test_a_checked_image_is_part_of_its_trade_and_shown_by_an_address_for_minutes(dana: Client, trade_id: str) -> None:
    image_id = ask(dana, trade_id)
    arrival = send(trade_id, image_id)
    assert check(arrival) == []
    [image] = images_of(dana, trade_id)
    assert (image["imageId"], image["status"], image["size"]) == (image_id, "READY", len(PNG))
    address = urlsplit(image["url"])
    assert (address.netloc, address.path) == ("files.s3.eu-central-1.amazonaws.com", f"/{arrival.key}")
    asked = {name: value for name, [value] in parse_qs(address.query).items()}
    assert asked["versionId"] == arrival.version
    assert asked["response-content-type"] == "image/png"
    assert asked["response-content-disposition"] == f'inline; filename="{image_id}.png"'
    assert asked["X-Amz-Expires"] == "900"


def test_a_rejected_upload_says_why(dana: Client, trade_id: str) -> None:
    image_id = illustrate(dana, trade_id, TEXT)
    [image] = images_of(dana, trade_id)
    assert (image["imageId"], image["status"], image["reason"]) == (
        image_id,
        "REJECTED",
        "The file is neither a PNG, JPEG, WebP, GIF or HEIC image nor a PDF document: it does not begin as one of them "
        "does.",
    )
    assert image["reasonCode"] == "UNKNOWN_TYPE"


def test_a_trade_with_images_is_read_in_one_request(dana: Client, trade_id: str, requests: Counter[str]) -> None:
    illustrate(dana, trade_id)
    ask(dana, trade_id)
    requests.clear()
    assert len(images_of(dana, trade_id)) == 2
    assert requests == {"Query": 1}


def test_images_stand_in_the_order_in_which_they_were_asked_for(dana: Client, trade_id: str) -> None:
    ids = [ask(dana, trade_id) for _ in range(4)]
    check(send(trade_id, ids[2]), send(trade_id, ids[0]), send(trade_id, ids[1], TEXT))
    assert [image["imageId"] for image in images_of(dana, trade_id)] == ids


def test_other_answers_show_ready_images_without_addresses(dana: Client, trade_id: str) -> None:
    illustrate(dana, trade_id)
    illustrate(dana, trade_id, TEXT)
    ask(dana, trade_id)
    changed = dana.patch(f"/trades/{trade_id}", {"symbol": "MSFT"}).json
    for trade in (changed, dana.get("/trades").json["items"][0]):
        [image] = trade["images"]
        assert image.keys() == {"imageId", "status", "contentType", "size", "createdAt"}


def test_a_trade_that_shows_images_is_never_answered_with_304(dana: Client, trade_id: str) -> None:
    path = f"/trades/{trade_id}"
    assert dana.get(path, headers={"If-None-Match": '"1"'}).status == 304
    image_id = ask(dana, trade_id)
    shown = dana.get(path)
    assert shown.headers["etag"] == '"1+images"'
    for known in ('"1"', '"1+images"', "*"):
        assert dana.get(path, headers={"If-None-Match": known}).status == 200
    dana.delete(f"{path}/images/{image_id}")
    # Whoever saw the upload has another tag than whoever did not.
    assert dana.get(path, headers={"If-None-Match": shown.headers["etag"]}).status == 200
    assert dana.get(path, headers={"If-None-Match": '"1"'}).status == 304


@pytest.mark.parametrize(("tag", "status"), [('"2+images"', 200), ('"2"', 200), ('"1+images"', 412), ('W/"2"', 412)])
def test_a_change_is_made_to_the_version_however_it_was_shown(
    dana: Client, trade_id: str, tag: str, status: int
) -> None:
    illustrate(dana, trade_id)
    assert dana.patch(f"/trades/{trade_id}", {"symbol": "MSFT"}, headers={"If-Match": tag}).status == status


def test_a_deleted_image_is_gone_and_the_trade_has_changed(dana: Client, trade_id: str) -> None:
    gone, kept = illustrate(dana, trade_id), illustrate(dana, trade_id)
    path = f"/trades/{trade_id}/images/{gone.upper()}"
    assert dana.delete(path).status == 204
    assert [image["imageId"] for image in images_of(dana, trade_id)] == [kept]
    assert dana.get(f"/trades/{trade_id}").json["version"] == 4
    again = dana.delete(path)
    assert (again.status, again.json["detail"]) == (404, "The trade has no such image.")


@pytest.mark.parametrize("data", [None, TEXT])
def test_an_upload_that_is_pending_or_was_rejected_is_forgotten(
    dana: Client, trade_id: str, data: bytes | None
) -> None:
    image_id = illustrate(dana, trade_id, data) if data else ask(dana, trade_id)
    assert dana.delete(f"/trades/{trade_id}/images/{image_id}").status == 204
    assert images_of(dana, trade_id) == []
    assert dana.delete(f"/trades/{trade_id}/images/{image_id}").status == 404
    assert dana.get(f"/trades/{trade_id}").json["version"] == 1


def test_a_trade_takes_twenty_images_with_those_that_are_pending(dana: Client, trade_id: str) -> None:
    ids = [illustrate(dana, trade_id), illustrate(dana, trade_id, TEXT), *(ask(dana, trade_id) for _ in range(19))]
    refused = dana.post(f"/trades/{trade_id}/images", {"contentType": "image/png"})
    assert (refused.status, refused.kind) == (429, "/problems/too-many-requests")
    assert 3800 < int(refused.headers["retry-after"]) <= 3900  # until the first upload is forgotten
    dana.delete(f"/trades/{trade_id}/images/{ids[-1]}")
    ask(dana, trade_id)


@pytest.mark.parametrize(
    ("document", "pointer"),
    [
        ({}, "/contentType"),
        ({"contentType": "image/svg+xml"}, "/contentType"),
        ({"contentType": "text/html"}, "/contentType"),
        ({"contentType": "image/avif"}, "/contentType"),
        ({"contentType": None}, "/contentType"),
        ({"contentType": "image/png", "name": "x"}, "/name"),
        ({"contentType": "image/png", "size": 0}, "/size"),
        ({"contentType": "image/png", "size": 10485761}, "/size"),
        ({"contentType": "image/png", "size": 1.5}, "/size"),
    ],
)
def test_what_would_be_rejected_is_refused_before_it_is_sent(
    dana: Client, trade_id: str, document: Any, pointer: str
) -> None:
    refused = dana.post(f"/trades/{trade_id}/images", document)
    assert (refused.status, {error["pointer"] for error in refused.json["errors"]}) == (400, {pointer})
    assert records() == set()


@pytest.mark.parametrize("content_type", PICTURES)
def test_every_type_can_be_asked_for_with_or_without_the_size(dana: Client, trade_id: str, content_type: str) -> None:
    for size in ({}, {"size": 1}, {"size": 10485760}):
        form = dana.post(f"/trades/{trade_id}/images", {"contentType": content_type, **size})
        assert (form.status, form.json["fields"]["Content-Type"]) == (201, content_type)


@pytest.mark.parametrize("content_type", PICTURES)
def test_an_address_shows_a_file_as_what_it_is_and_saves_a_document(
    dana: Client, trade_id: str, content_type: str
) -> None:
    image_id = illustrate(dana, trade_id, PICTURES[content_type])  # announced as image/png
    [image] = images_of(dana, trade_id)
    assert (image["status"], image["contentType"]) == ("READY", content_type)
    asked = {name: value for name, [value] in parse_qs(urlsplit(image["url"]).query).items()}
    assert asked["response-content-type"] == content_type
    way, _, name = asked["response-content-disposition"].partition("; filename=")
    assert way == ("attachment" if content_type == "application/pdf" else "inline")
    extension = {"image/jpeg": "jpg"}.get(content_type, content_type.partition("/")[2])
    assert name == f'"{image_id}.{extension}"'


def test_to_others_a_trade_and_its_images_do_not_exist(dana: Client, erin: Client, trade_id: str) -> None:
    ready, pending = illustrate(dana, trade_id), ask(dana, trade_id)
    before = records(), files(), images_of(dana, trade_id)[0]["imageId"]
    for method, theirs, never, document in (
        ("POST", f"/trades/{trade_id}/images", f"/trades/{NEVER}/images", {"contentType": "image/png"}),
        ("DELETE", f"/trades/{trade_id}/images/{ready}", f"/trades/{NEVER}/images/{ready}", None),
        ("DELETE", f"/trades/{trade_id}/images/{pending}", f"/trades/{NEVER}/images/{pending}", None),
        ("GET", f"/trades/{trade_id}", f"/trades/{NEVER}", None),
    ):
        answers = [erin(method, path, document) for path in (theirs, never)]
        assert [answer.status for answer in answers] == [404, 404]
        known, unknown = ({**answer.json, "requestId": ""} for answer in answers)
        assert known == unknown
    assert (records(), files(), images_of(dana, trade_id)[0]["imageId"]) == before


def test_an_image_of_another_trade_is_none_of_this_one(dana: Client, trade_id: str) -> None:
    other = str(dana.new_trade()["tradeId"])
    image_id = illustrate(dana, other)
    assert dana.delete(f"/trades/{trade_id}/images/{image_id}").status == 404
    assert len(images_of(dana, other)) == 1


def test_an_account_that_is_being_erased_takes_no_image(dana: Client, trade_id: str) -> None:
    erasure_marks.begin(DANA, NOW)
    refused = dana.post(f"/trades/{trade_id}/images", {"contentType": "image/png"})
    assert (refused.status, refused.kind) == (409, "/problems/account-erased")


@pytest.mark.usefixtures("one_call_at_a_time")
def test_however_many_uploads_are_asked_for_at_once_a_trade_takes_twenty(dana: Client, trade_id: str) -> None:
    ready = illustrate(dana, trade_id)
    answers = at_once(40, "createImageUpload", f"/trades/{trade_id}/images", lambda _: {"contentType": "image/png"})
    assert statuses(answers) == {201: 19, 429: 21}
    shown = [image["imageId"] for image in images_of(dana, trade_id)]
    assert len(shown) == 20
    assert set(shown) == {ready, *(answer.json["imageId"] for answer in answers if answer.status == 201)}


def test_an_image_that_is_attached_while_another_is_asked_for_counts(
    dana: Client, trade_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(18):
        ask(dana, trade_id)
    last = ask(dana, trade_id)
    attached: list[Any] = []

    def overtaken(*given: Any, **named: Any) -> Any:
        monkeypatch.setattr("handlers.storage.uploads.transact", transact)
        attached.append(check(send(trade_id, last)))
        return transact(*given, **named)

    monkeypatch.setattr("handlers.storage.uploads.transact", overtaken)
    ask(dana, trade_id)
    assert attached == [[]]
    assert dana.post(f"/trades/{trade_id}/images", {"contentType": "image/png"}).status == 429
    assert len(images_of(dana, trade_id)) == 20


def test_an_upload_that_becomes_an_image_while_it_is_deleted_is_deleted_as_an_image(
    dana: Client, trade_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    image_id = ask(dana, trade_id)
    forget = uploads.forget

    def overtaken(*given: str) -> bool:
        monkeypatch.setattr(uploads, "forget", forget)
        assert check(send(trade_id, image_id)) == []
        return forget(*given)

    monkeypatch.setattr(uploads, "forget", overtaken)
    assert dana.delete(f"/trades/{trade_id}/images/{image_id}").status == 204
    assert images_of(dana, trade_id) == []
