"""The records of uploads beside their trade, and the one step in which an image takes the place of its record."""

from collections import Counter
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from botocore.stub import Stubber

from handlers.journal.changes import attach_image, revise
from handlers.journal.images import Upload, allow_upload
from handlers.storage import erasure_marks, trades, uploads
from handlers.storage.clients import dynamodb
from handlers.storage.errors import AccountErased, TradeNotFound, Unavailable, VersionMismatch
from tests.storage.examples import NOW, a_trade, an_image

pytestmark = pytest.mark.usefixtures("table")

LATER = NOW + timedelta(minutes=1)


def an_upload(image_id: str = "image-1", **given: Any) -> Upload:
    return Upload(**{"image_id": image_id, "content_type": "image/png", "created_at": NOW, **given})


def await_file(user_id: str, trade_id: str, upload: Upload) -> None:
    uploads.await_file(user_id, trade_id, upload, partial(allow_upload, now=NOW))


def stored_items() -> int:
    return dynamodb().scan(TableName="trades")["Count"]


@pytest.fixture
def trade(table: None) -> None:  # noqa: ARG001 made first
    trades.create(a_trade())


@pytest.mark.usefixtures("trade")
def test_a_trade_is_read_with_its_uploads_in_one_request(requests: Counter[str]) -> None:
    await_file("user-1", "trade-1", an_upload())
    requests.clear()
    assert uploads.read("user-1", "trade-1", NOW) == (a_trade(), (an_upload(),))
    assert requests == {"Query": 1}


@pytest.mark.usefixtures("trade")
def test_a_trade_is_read_without_what_belongs_to_others() -> None:
    trades.create(a_trade(trade_id="trade-2"))
    trades.create(a_trade(user_id="user-2"))
    await_file("user-1", "trade-2", an_upload())
    await_file("user-2", "trade-1", an_upload())
    assert uploads.read("user-1", "trade-1", NOW) == (a_trade(), ())


@pytest.mark.usefixtures("trade")
def test_an_upload_is_forgotten_an_hour_after_its_form_and_a_rejected_one_after_a_week() -> None:
    await_file("user-1", "trade-1", an_upload("1"))
    await_file("user-1", "trade-1", an_upload("2"))
    uploads.reject("user-1", "trade-1", an_upload("2", reason="No image."), NOW)

    def known(after: timedelta) -> list[str]:
        return [upload.image_id for upload in uploads.read("user-1", "trade-1", NOW + after)[1]]

    assert known(timedelta(minutes=65)) == ["1", "2"]
    assert known(timedelta(minutes=65, seconds=1)) == ["2"]
    assert known(timedelta(days=7)) == ["2"]
    assert known(timedelta(days=7, seconds=1)) == []


@pytest.mark.parametrize("user_id", ["user-1", "user-2"])
def test_nothing_is_read_or_awaited_for_a_trade_that_the_user_does_not_have(user_id: str) -> None:
    trades.create(a_trade(user_id="user-3"))
    with pytest.raises(TradeNotFound):
        uploads.read(user_id, "trade-1", NOW)
    with pytest.raises(TradeNotFound):
        await_file(user_id, "trade-1", an_upload())
    assert stored_items() == 1


@pytest.mark.usefixtures("trade")
def test_nothing_is_awaited_or_attached_for_an_account_that_is_being_erased() -> None:
    await_file("user-1", "trade-1", an_upload())
    erasure_marks.begin("user-1", NOW)
    before = stored_items()
    with pytest.raises(AccountErased):
        await_file("user-1", "trade-1", an_upload("image-2"))
    with pytest.raises(AccountErased):
        uploads.attach(attach_image(a_trade(), an_image("image-1"), LATER), 1, "image-1")
    assert stored_items() == before
    assert trades.get("user-1", "trade-1") == a_trade()


@pytest.mark.usefixtures("trade")
def test_an_attached_image_takes_the_place_of_its_upload() -> None:
    await_file("user-1", "trade-1", an_upload())
    illustrated = attach_image(a_trade(), an_image("image-1"), LATER)
    uploads.attach(illustrated, 1, "image-1")
    assert uploads.read("user-1", "trade-1", NOW) == (illustrated, ())


@pytest.mark.usefixtures("trade")
def test_an_image_is_not_attached_to_another_version() -> None:
    await_file("user-1", "trade-1", an_upload())
    revised = revise(a_trade(), {"symbol": "MSFT"}, LATER)
    trades.replace(revised, 1)
    with pytest.raises(VersionMismatch):
        uploads.attach(attach_image(a_trade(), an_image("image-1"), LATER), 1, "image-1")
    assert uploads.read("user-1", "trade-1", NOW) == (revised, (an_upload(),))


@pytest.mark.usefixtures("trade")
@pytest.mark.parametrize("is_rejected", [True, False])
def test_an_image_is_not_attached_without_a_pending_upload(is_rejected: bool) -> None:
    if is_rejected:
        await_file("user-1", "trade-1", an_upload())
        uploads.reject("user-1", "trade-1", an_upload(reason="No image."), NOW)
    with pytest.raises(VersionMismatch):
        uploads.attach(attach_image(a_trade(), an_image("image-1"), LATER), 1, "image-1")
    assert trades.get("user-1", "trade-1") == a_trade()


def test_an_image_is_not_attached_to_a_trade_that_is_gone() -> None:
    with pytest.raises(TradeNotFound):
        uploads.attach(attach_image(a_trade(), an_image("image-1"), LATER), 1, "image-1")
    assert stored_items() == 0


@pytest.mark.usefixtures("trade")
def test_only_a_pending_upload_is_rejected() -> None:
    with pytest.raises(VersionMismatch):
        uploads.reject("user-1", "trade-1", an_upload(reason="No image."), NOW)
    assert stored_items() == 1


@pytest.mark.usefixtures("trade")
def test_an_upload_is_forgotten_once() -> None:
    await_file("user-1", "trade-1", an_upload())
    assert uploads.forget("user-1", "trade-1", "image-1")
    assert not uploads.forget("user-1", "trade-1", "image-1")
    assert uploads.read("user-1", "trade-1", NOW) == (a_trade(), ())


def test_no_image_is_restored_into_an_account_that_is_being_erased() -> None:
    erasure_marks.begin("user-1", NOW)
    with pytest.raises(AccountErased):
        uploads.begin_restoring("user-1", "trade-1", [an_image("image-1")], NOW)


@pytest.mark.parametrize(
    ("operation", "call"),
    [
        ("query", lambda: uploads.read("user-1", "trade-1", NOW)),
        ("query", lambda: await_file("user-1", "trade-1", an_upload())),
        ("put_item", lambda: uploads.reject("user-1", "trade-1", an_upload(reason="-"), NOW)),
        ("transact_write_items", lambda: uploads.forget("user-1", "trade-1", "image-1")),
    ],
)
def test_a_throttled_table_is_unavailable(operation: str, call: Any) -> None:
    with Stubber(dynamodb()) as stubber:
        stubber.add_client_error(operation, "ThrottlingException")
        with pytest.raises(Unavailable):
            call()
