"""The background work on image files: checking, removing, sweeping, also when a step fails."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.stub import Stubber
from hypothesis import given
from hypothesis import strategies as st

from handlers.entry.images import check_image, sweep_images
from handlers.storage import clients, erasure_marks, image_files, uploads
from handlers.storage.errors import VersionMismatch
from handlers.usecases import image_intake
from tests.api.client import DANA, ERIN, Client
from tests.api.conftest import LogLines
from tests.api.uploading import (
    PNG,
    TEXT,
    Arrival,
    Context,
    ask,
    check,
    files,
    forget_deleted,
    illustrate,
    images_of,
    item_of,
    messages,
    records,
    remove,
    send,
    tag_of,
)
from tests.pictures import PICTURES, PNG_SIGNATURE, chunk, ihdr, jpeg, pdf
from tests.storage.examples import NOW

pytestmark = pytest.mark.usefixtures("bucket")

MOST_BYTES = 10 * 1024 * 1024


@pytest.fixture
def trade_id(dana: Client) -> str:
    return str(dana.new_trade()["tradeId"])


def statuses(client: Client, trade_id: str) -> list[str]:
    return [image["status"] for image in images_of(client, trade_id)]


def sweep(days: int = 2) -> int:
    """Sweep as if the days had passed; answers how much was deleted."""
    everything = image_files.Span()
    _, deleted, following = image_intake.sweep(everything, None, datetime.now(UTC) + timedelta(days=days))
    assert following is None
    return deleted


@pytest.fixture
def listing(bucket: None, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:  # noqa: ARG001 made first
    """List versions as S3 does. Moto leaves out the key after a marker that is no key itself.

    AWS does not say whether a marker without a version is listed itself; with the other parameter, it is.
    """
    whole = clients.s3().list_object_versions
    starts_with_marker = getattr(request, "param", "") == "from the key on"

    def place(file: Any) -> tuple[bytes, str]:
        return file["Key"].encode(), file["VersionId"]

    def list_object_versions(
        Bucket: str,
        Prefix: str = "",
        MaxKeys: int = 1000,
        KeyMarker: str = "",
        VersionIdMarker: str = "",
    ) -> Any:
        answer = whole(Bucket=Bucket, Prefix=Prefix)
        files = [*answer.get("Versions", ()), *answer.get("DeleteMarkers", ())]
        if VersionIdMarker:
            files = [file for file in files if place(file) > (KeyMarker.encode(), VersionIdMarker)]
        else:
            files = [
                file
                for file in files
                if file["Key"].encode() > KeyMarker.encode() or (starts_with_marker and file["Key"] == KeyMarker)
            ]
        page = sorted(files, key=place)[:MaxKeys]
        listed: Any = {"Versions": page, "IsTruncated": len(page) < len(files)}
        if listed["IsTruncated"]:
            listed |= {"NextKeyMarker": page[-1]["Key"], "NextVersionIdMarker": page[-1]["VersionId"]}
        return listed

    monkeypatch.setattr(clients.s3(), "list_object_versions", list_object_versions)


@pytest.fixture
def sweep_queue(monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of a queue for the sweep's messages."""
    address: str = clients.sqs().create_queue(QueueName="sweep")["QueueUrl"]
    monkeypatch.setenv("SWEEP_QUEUE_URL", address)
    return address


def sent(address: str) -> list[Any]:
    """The messages in the queue, which are there no more."""
    bodies = []
    while found := clients.sqs().receive_message(QueueUrl=address, MaxNumberOfMessages=10).get("Messages", []):
        for message in found:
            clients.sqs().delete_message(QueueUrl=address, ReceiptHandle=message["ReceiptHandle"])
            bodies.append(json.loads(message["Body"]))
    return bodies


def sweep_all(address: str, milliseconds: Sequence[int] = ()) -> int:
    """Begin as the schedule does, and handle messages until there are none; answers how many calls that took."""
    waiting: list[Any] = [{"after": None}]
    calls = 0
    while waiting:
        calls += 1
        answer = sweep_images(messages(waiting.pop(0)), Context(milliseconds))
        assert answer == {"batchItemFailures": []}
        waiting += sent(address)
    return calls


# Checking


@pytest.mark.parametrize("announced", PICTURES)
def test_a_file_becomes_an_image_of_the_type_that_its_bytes_tell(dana: Client, trade_id: str, announced: str) -> None:
    arrivals = [send(trade_id, ask(dana, trade_id, announced), data) for data in PICTURES.values()]
    assert {image["contentType"] for image in images_of(dana, trade_id)} == {announced}
    assert check(*arrivals) == []
    shown = [(image["status"], image["contentType"], image["size"]) for image in images_of(dana, trade_id)]
    assert shown == [("READY", media_type, len(data)) for media_type, data in PICTURES.items()]
    assert files() == {(arrival.key, arrival.version) for arrival in arrivals}
    assert {tag_of(arrival) for arrival in arrivals} == {"ready"}


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "UNKNOWN_TYPE"),
        (TEXT, "UNKNOWN_TYPE"),
        (TEXT + PNG, "UNKNOWN_TYPE"),
        (PNG_SIGNATURE, "TRUNCATED"),
        (PNG_SIGNATURE + ihdr(2**31, 2**31), "BAD_DIMENSIONS"),
        (PNG_SIGNATURE + ihdr() + chunk(b"IEND"), "NO_PICTURE"),
        (PNG + TEXT, "MALFORMED"),
        (b"GIF89a" + TEXT, "BAD_DIMENSIONS"),
        (jpeg()[:-1], "TRUNCATED"),
        (pdf()[:-40], "TRUNCATED"),
        (PNG.ljust(MOST_BYTES + 1, b"\0"), "TOO_LARGE"),
    ],
)
def test_a_file_that_is_no_image_is_rejected_with_the_rule_and_deleted(
    dana: Client, trade_id: str, data: bytes, code: str
) -> None:
    assert check(send(trade_id, ask(dana, trade_id), data)) == []
    [image] = images_of(dana, trade_id)
    assert (image["status"], image["reasonCode"]) == ("REJECTED", code)
    assert image["reason"].endswith(".")
    assert "script" not in image["reason"]
    assert (files(), dana.get(f"/trades/{trade_id}").json["version"]) == (set(), 1)


def test_a_file_of_ten_megabytes_is_taken(dana: Client, trade_id: str) -> None:
    assert check(send(trade_id, ask(dana, trade_id), PNG.ljust(MOST_BYTES, b"\0"))) == []
    assert statuses(dana, trade_id) == ["READY"]


def test_of_a_large_file_only_the_blocks_that_tell_are_read(dana: Client, trade_id: str) -> None:
    data = pdf().replace(b"\nxref", b"\n%" + b"-" * (MOST_BYTES - 1000) + b"\nxref")
    table = data.index(b"\nxref") + 1
    before, _, _ = data.partition(b"startxref")
    arrival = send(trade_id, ask(dana, trade_id), before + b"startxref\n%d\n%%%%EOF" % table)
    with crash(-1, after=False) as calls:
        assert check(arrival) == []
    assert statuses(dana, trade_id) == ["READY"]
    assert (calls.count("HeadObject"), calls.count("GetObject")) == (1, 2)


def test_a_repeated_message_changes_nothing(dana: Client, trade_id: str) -> None:
    good, bad = send(trade_id, ask(dana, trade_id)), send(trade_id, ask(dana, trade_id), TEXT)
    check(good, bad)
    before = dana.get(f"/trades/{trade_id}").json["version"], statuses(dana, trade_id), files(), records()
    assert check(bad, good, good, bad) == []
    assert (dana.get(f"/trades/{trade_id}").json["version"], statuses(dana, trade_id), files(), records()) == before


@pytest.mark.parametrize("first", [0, 1])
def test_of_two_files_for_one_image_the_one_that_is_checked_first_counts(
    dana: Client, trade_id: str, first: int
) -> None:
    image_id = ask(dana, trade_id)
    arrivals = [send(trade_id, image_id, data) for data in (PNG, jpeg())]
    check(arrivals[first])
    check(arrivals[1 - first])
    check(arrivals[first])
    [image] = images_of(dana, trade_id)
    assert f"versionId={arrivals[first].version}" in image["url"]
    assert files() == {(arrivals[first].key, arrivals[first].version)}


def test_a_good_file_after_a_rejected_one_comes_too_late(dana: Client, trade_id: str) -> None:
    image_id = ask(dana, trade_id)
    check(send(trade_id, image_id, TEXT))
    check(send(trade_id, image_id, PNG))
    assert statuses(dana, trade_id) == ["REJECTED"]
    assert files() == set()


def test_what_nobody_waits_for_is_deleted(dana: Client, trade_id: str) -> None:
    arrivals = [
        send(trade_id, "never-asked-for"),
        send("no-such-trade", ask(dana, trade_id)),
        send(trade_id, ask(dana, trade_id), user=ERIN),
    ]
    assert check(*arrivals) == []
    assert files() == set()
    assert statuses(dana, trade_id) == ["PENDING", "PENDING"]


@pytest.mark.parametrize("key", ["images/a", "images/a/b/c/d", "images//b/c", "images/a/b/"])
def test_a_key_that_no_form_was_made_for_is_deleted(key: str) -> None:
    put = clients.s3().put_object(Bucket="files", Key=key, Body=PNG)
    assert check(Arrival(key, put["VersionId"])) == []
    assert files() == set()


def test_a_file_that_comes_after_its_upload_was_deleted_is_deleted_too(dana: Client, trade_id: str) -> None:
    image_id = ask(dana, trade_id)
    arrival = send(trade_id, image_id)
    dana.delete(f"/trades/{trade_id}/images/{image_id}")
    check(arrival)
    assert (files(), images_of(dana, trade_id)) == (set(), [])


def test_a_file_that_comes_after_its_trade_was_deleted_is_deleted_too(dana: Client, trade_id: str) -> None:
    arrival = send(trade_id, ask(dana, trade_id))
    dana.delete(f"/trades/{trade_id}")
    check(arrival)
    assert files() == set()


def test_a_file_of_an_account_that_is_being_erased_is_deleted(dana: Client, trade_id: str) -> None:
    arrival = send(trade_id, ask(dana, trade_id))
    erasure_marks.begin(DANA, NOW)
    assert check(arrival) == []
    assert (files(), "images" in item_of(trade_id)) == (set(), False)


def test_the_twenty_first_image_is_rejected(dana: Client, trade_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(19):
        illustrate(dana, trade_id)
    with monkeypatch.context() as patched:  # two forms at once do not see each other
        patched.setattr("handlers.usecases.images.allow_upload", lambda *_, **__: None)
        arrivals = [send(trade_id, ask(dana, trade_id)) for _ in range(2)]
    check(*arrivals)
    assert statuses(dana, trade_id) == ["READY"] * 20 + ["REJECTED"]
    last = images_of(dana, trade_id)[-1]
    assert (last["reasonCode"], last["reason"]) == ("TRADE_FULL", "The trade has 20 images already.")
    assert len(files()) == 20


def test_a_trade_that_changes_meanwhile_takes_the_image_all_the_same(
    dana: Client, trade_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrival = send(trade_id, ask(dana, trade_id))
    attach = uploads.attach
    overtaken: list[int] = []

    def overtaken_twice(*given: Any) -> None:
        if len(overtaken) < 2:
            overtaken.append(dana.patch(f"/trades/{trade_id}", {"symbol": f"AB{len(overtaken)}"}).status)
        attach(*given)

    monkeypatch.setattr(uploads, "attach", overtaken_twice)
    with crash(-1, after=False) as calls:
        assert check(arrival) == []
    trade = dana.get(f"/trades/{trade_id}").json
    assert (trade["symbol"], trade["version"], statuses(dana, trade_id)) == ("AB1", 4, ["READY"])
    assert calls.count("GetObject") == 1  # a version's bytes stay what they are


def test_a_trade_that_never_stands_still_is_tried_again_later(
    dana: Client, trade_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrivals = [send(trade_id, ask(dana, trade_id), data) for data in (PNG, TEXT)]

    def overtaken(*_: Any) -> None:
        raise VersionMismatch

    with monkeypatch.context() as patched:
        patched.setattr(uploads, "attach", overtaken)
        assert check(*arrivals) == ["0"]
    assert statuses(dana, trade_id) == ["PENDING", "REJECTED"]
    assert check(arrivals[0]) == []
    assert statuses(dana, trade_id) == ["READY", "REJECTED"]


def test_the_buckets_own_test_message_is_no_file() -> None:
    answer = check_image(messages({"Service": "Amazon S3", "Event": "s3:TestEvent"}), Context())
    assert answer == {"batchItemFailures": []}


def test_a_message_that_makes_no_sense_fails_alone(dana: Client, trade_id: str) -> None:
    notice = send(trade_id, ask(dana, trade_id)).notice
    event = messages({"Records": [{}]}, notice)
    event["Records"].append({"messageId": "2", "body": "not JSON"})
    answer = check_image(event, Context())
    assert answer == {"batchItemFailures": [{"itemIdentifier": "0"}, {"itemIdentifier": "2"}]}
    assert statuses(dana, trade_id) == ["READY"]


def test_the_log_says_what_became_of_a_file_and_nothing_of_what_is_in_it(
    dana: Client, trade_id: str, log_lines: LogLines
) -> None:
    arrival = send(trade_id, ask(dana, trade_id), TEXT)
    check(arrival)
    line = log_lines.records[-1]
    assert (line["message"], line["fate"], line["key"]) == ("image checked", "rejected", arrival.key)
    assert "script" not in log_lines.text


# Removing


def test_the_files_of_a_deleted_image_go_and_others_stay(dana: Client, trade_id: str) -> None:
    gone, kept = illustrate(dana, trade_id), illustrate(dana, trade_id)
    before = item_of(trade_id)
    dana.delete(f"/trades/{trade_id}/images/{gone}")
    assert remove((before, item_of(trade_id))) == []
    assert {key.rpartition("/")[2] for key, _ in files()} == {kept}


def test_a_change_that_leaves_the_images_alone_removes_none(dana: Client, trade_id: str) -> None:
    illustrate(dana, trade_id)
    before = item_of(trade_id)
    dana.patch(f"/trades/{trade_id}", {"symbol": "MSFT"})
    assert remove((before, item_of(trade_id))) == []
    assert len(files()) == 1


def test_with_a_deleted_trade_that_is_kept_no_more_go_its_files_in_all_versions_and_nothing_else(
    dana: Client, erin: Client, trade_id: str
) -> None:
    illustrate(dana, trade_id)
    illustrate(dana, trade_id, TEXT)
    send(trade_id, ask(dana, trade_id))
    send(trade_id, illustrate(dana, trade_id), TEXT)
    clients.s3().delete_object(Bucket="files", Key=f"images/{DANA}/{trade_id}/{illustrate(dana, trade_id)}")
    others = [(dana, str(dana.new_trade()["tradeId"])), (erin, str(erin.new_trade()["tradeId"]))]
    kept = {send(other, ask(client, other), user=str(client.user)) for client, other in others}
    dana.delete(f"/trades/{trade_id}")
    before = forget_deleted(trade_id)
    assert remove((before, {}), (before, {})) == []
    assert files() == {(arrival.key, arrival.version) for arrival in kept}


def test_a_deleted_trade_keeps_its_files_as_long_as_it_can_be_brought_back(dana: Client, trade_id: str) -> None:
    image_id = illustrate(dana, trade_id)
    before, stored = item_of(trade_id), files()
    dana.delete(f"/trades/{trade_id}")
    assert remove((before, {})) == []  # whoever is told of the deletion itself
    sweep()
    assert files() == stored
    deleted = item_of(f"{trade_id}|deleted")
    assert dana.post(f"/deleted-trades/{trade_id}/restore").status == 200
    assert remove((deleted, {})) == []
    sweep()
    assert files() == stored
    assert [image["imageId"] for image in images_of(dana, trade_id)] == [image_id]


def test_the_files_of_a_deleted_trade_are_swept_once_it_is_kept_no_more(dana: Client, trade_id: str) -> None:
    illustrate(dana, trade_id)
    dana.delete(f"/trades/{trade_id}")
    forget_deleted(trade_id)
    sweep()
    assert files() == set()


def test_a_change_that_fails_holds_back_those_after_it(dana: Client, trade_id: str) -> None:
    illustrate(dana, trade_id)
    dana.delete(f"/trades/{trade_id}")
    before = forget_deleted(trade_id)
    assert remove(({}, {}), (before, {})) == ["0"]
    assert len(files()) == 1
    assert remove((before, {})) == []
    assert files() == set()


# Sweeping


def test_the_sweep_deletes_what_belongs_to_no_trade_after_a_day(dana: Client, trade_id: str) -> None:
    kept = illustrate(dana, trade_id)
    send(trade_id, kept, TEXT)
    send(trade_id, ask(dana, trade_id))
    send(trade_id, "never-asked-for")
    send("no-such-trade", kept)
    marked = send(trade_id, "deleted")
    clients.s3().delete_object(Bucket="files", Key=marked.key)
    for key in ("images/odd", "exports/someone/export.json"):
        clients.s3().put_object(Bucket="files", Key=key, Body=b"-")
    before = files()
    assert sweep(days=0) == 0
    assert files() == before
    assert sweep(days=2) == 7
    assert {key.split("/")[0] + "/" + key.split("/")[-1] for key, _ in files()} == {
        f"images/{kept}",
        "exports/export.json",
    }
    assert "READY" in statuses(dana, trade_id)
    assert sweep(days=2) == 0


def test_the_sweep_keeps_what_an_upload_waits_for(dana: Client, trade_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    send(trade_id, ask(dana, trade_id))
    monkeypatch.setattr(image_intake, "UNWANTED_AFTER", timedelta(seconds=-60))
    assert sweep(days=0) == 0
    assert len(files()) == 1


@pytest.mark.usefixtures("listing")
def test_the_sweep_goes_through_all_spans_and_hands_on_where_time_runs_out(
    dana: Client, trade_id: str, monkeypatch: pytest.MonkeyPatch, log_lines: LogLines, sweep_queue: str
) -> None:
    monkeypatch.setattr(image_files, "PAGE", 2)
    monkeypatch.setattr(image_intake, "UNWANTED_AFTER", timedelta(seconds=-60))
    kept = {illustrate(dana, trade_id) for _ in range(3)}
    for number in range(8):
        send(f"no-such-trade-{number // 3}", f"image-{number}")
    # All of them are one user's, and so of one span, which takes three calls of two pages each; then 255 empty ones.
    assert sweep_all(sweep_queue, [90_000, 59_999]) == 1 + 256 + 2
    assert {key.rpartition("/")[2] for key, _ in files()} == kept
    lines = [line for line in log_lines.records if line["message"] == "images swept"]
    assert len(lines) == len({line["span"] for line in lines}) == 256
    assert (sum(line["versions"] for line in lines), sum(line["deleted"] for line in lines)) == (11, 8)


# What users' ids may look like, and what else may come to lie there; the last ones are a span's border, and around it.
ODD_KEYS = [
    "images/",
    "images/!/trade/image",
    "images/0/trade/image",
    "images/00000000-0000-4000-8000-000000000000/trade/image",
    "images/9f9f9f9f-0000-4000-8000-000000000000/trade/image",
    "images/A0A0A0A0-0000-4000-8000-000000000000/trade/image",
    "images/FFFFFFFF-0000-4000-8000-000000000000/trade/image",
    "images/a0a0a0a0-0000-4000-8000-000000000000/trade/image",
    "images/Google_1234567890/trade/image",
    "images/eu-central-1:7f/trade/image",
    "images/ff/trade/image",
    "images/ffff/trade/image",
    "images/g/trade/image",
    "images/~",
    "images/\u00e9/trade/image",
    "images/\U0001f4c8/trade/image",
    "images/7e~",
    "images/7f",
    "images/7f/trade/image",
]


@pytest.mark.parametrize("listing", ["from the key on", "from the next key on"], indirect=True)
@pytest.mark.parametrize("page", [1, 2, 1000])
@pytest.mark.usefixtures("listing")
def test_every_key_is_swept_in_one_span_and_no_other(page: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image_files, "PAGE", page)
    for key in (*ODD_KEYS, "exports/someone/export.json", "image", "imaget"):
        for _ in range(2):
            clients.s3().put_object(Bucket="files", Key=key, Body=b"-")
    seen = []
    for span in image_files.spans():
        after = None
        while True:
            found, after = image_files.page_of_files(span, after)
            seen += [(file.key, file.version) for file in found]
            if after is None:
                break
    assert sorted(seen) == sorted((key, version) for key, version in files() if key.startswith("images/"))


@given(st.text(max_size=20))
def test_spans_border_on_each_other(rest: str) -> None:
    key = f"images/{rest}".encode()
    spans = image_files.spans()
    holding = [
        span
        for span in spans
        if (span.after is None or span.after.encode() < key) and (span.upto is None or key <= span.upto.encode())
    ]
    assert len(holding) == 1
    assert [span.upto for span in spans[:-1]] == [span.after for span in spans[1:]]


def test_trades_are_looked_up_a_hundred_at_a_time(dana: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image_intake, "UNWANTED_AFTER", timedelta(seconds=-60))
    for _ in range(3):
        illustrate(dana, str(dana.new_trade()["tradeId"]))
    with crash(-1, after=False) as calls:
        assert sweep(days=0) == 0
    assert calls == ["ListObjectVersions", "BatchGetItem"]


def test_keys_that_dynamodb_leaves_out_are_asked_for_again(dana: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    trades = [str(dana.new_trade()["tradeId"]) for _ in range(3)]
    images_of_trades = {trade: illustrate(dana, trade) for trade in trades}
    whole_answer = clients.dynamodb().batch_get_item

    def one_at_a_time(RequestItems: Any) -> Any:
        asked = RequestItems["trades"]
        first: Any = {"trades": {**asked, "Keys": asked["Keys"][:1]}}
        answer = dict(whole_answer(RequestItems=first))
        rest = asked["Keys"][1:]
        return {**answer, "UnprocessedKeys": {"trades": {**asked, "Keys": rest}} if rest else {}}

    monkeypatch.setattr(clients.dynamodb(), "batch_get_item", one_at_a_time)
    found = uploads.attached({(DANA, trade) for trade in trades})
    assert {trade: {image for image, _ in found[DANA, trade]} for trade in trades} == {
        trade: {image} for trade, image in images_of_trades.items()
    }


@pytest.mark.usefixtures("listing")
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_sweep_that_is_killed_at_any_call_and_comes_again_deletes_the_same(
    dana: Client, trade_id: str, after: bool, monkeypatch: pytest.MonkeyPatch, sweep_queue: str
) -> None:
    monkeypatch.setattr(image_files, "PAGE", 2)
    monkeypatch.setattr(image_intake, "UNWANTED_AFTER", timedelta(seconds=-60))
    kept = {illustrate(dana, trade_id) for _ in range(2)}
    span = next(span for span in image_files.spans() if (span.upto or "~") >= f"images/{DANA}")

    def sweep_killed(at: int) -> list[str]:
        for number in range(3):
            send("no-such-trade", f"image-{number}")
        body: Any = {"span": [span.after, span.upto]}
        with crash(at, after=after) as calls:
            sweep_images(messages(body), Context([90_000, 59_999] * 9))
        for message in (body, *sent(sweep_queue)):  # the message comes again, beside what it has already sent
            sweep_images(messages(message), Context())
        assert {key.rpartition("/")[2] for key, _ in files()} == kept
        return calls

    made = sweep_killed(-1)
    assert len(made) > 5
    for at in range(len(made)):
        sweep_killed(at)


# Failing


def test_a_file_that_cannot_be_read_now_is_not_rejected(dana: Client, trade_id: str) -> None:
    arrival = send(trade_id, ask(dana, trade_id))
    with Stubber(clients.s3()) as stubber:
        stubber.add_response("head_object", {"ContentLength": len(PNG)})
        stubber.add_client_error("get_object", "SlowDown", http_status_code=503)
        assert check(arrival) == ["0"]
    assert statuses(dana, trade_id) == ["PENDING"]
    assert check(arrival) == []
    assert statuses(dana, trade_id) == ["READY"]


class Crash(Exception):
    """The process ended."""


@contextmanager
def crash(at: int, *, after: bool) -> Iterator[list[str]]:
    """Let the calls of AWS be counted, and the one of that number be the last: not made, or made and not answered."""
    made: list[str] = []

    def count(model: Any, **_: Any) -> None:
        if not after and len(made) == at:
            raise Crash
        made.append(model.name)

    def answered(model: Any, **_: Any) -> None:
        if after and len(made) - 1 == at:
            raise Crash(model.name)

    hooks = [client.meta.events for client in (clients.dynamodb(), clients.s3())]
    for hook in hooks:
        hook.register_first("before-call", count)
        hook.register_last("after-call", answered)
    try:
        yield made
    finally:
        for hook in hooks:
            hook.unregister("before-call", count)
            hook.unregister("after-call", answered)


def _good(dana: Client, trade_id: str) -> Callable[[], Any]:
    arrival = send(trade_id, ask(dana, trade_id))
    return lambda: check(arrival)


def _bad(dana: Client, trade_id: str) -> Callable[[], Any]:
    arrival = send(trade_id, ask(dana, trade_id), TEXT)
    return lambda: check(arrival)


def _unwanted(_: Client, trade_id: str) -> Callable[[], Any]:
    arrival = send(trade_id, "never-asked-for")
    return lambda: check(arrival)


def _second(dana: Client, trade_id: str) -> Callable[[], Any]:
    arrival = send(trade_id, illustrate(dana, trade_id), TEXT)
    return lambda: check(arrival)


def _image_deleted(dana: Client, trade_id: str) -> Callable[[], Any]:
    image_id = illustrate(dana, trade_id)
    before = item_of(trade_id)
    dana.delete(f"/trades/{trade_id}/images/{image_id}")
    after = item_of(trade_id)
    return lambda: remove((before, after))


def _trade_deleted(dana: Client, _: str) -> Callable[[], Any]:
    trade_id = str(dana.new_trade()["tradeId"])
    illustrate(dana, trade_id)
    send(trade_id, ask(dana, trade_id))
    dana.delete(f"/trades/{trade_id}")
    before = forget_deleted(trade_id)
    return lambda: remove((before, {}))


STORIES: Mapping[str, Callable[[Client, str], Callable[[], Any]]] = {
    "a good file": _good,
    "a bad file": _bad,
    "a file that nobody waits for": _unwanted,
    "a second file": _second,
    "a deleted image": _image_deleted,
    "a deleted trade": _trade_deleted,
}


def whole(trade_id: str) -> None:
    """Whether each image of the trade has a file that no lifecycle rule deletes, and each file an image."""
    stored = {image["M"]["imageId"]["S"]: image["M"]["fileVersion"]["S"] for image in _images(trade_id)}
    arrivals = {image_id: Arrival(f"images/{DANA}/{trade_id}/{image_id}", stored[image_id]) for image_id in stored}
    assert files() == {(arrival.key, arrival.version) for arrival in arrivals.values()}
    assert {tag_of(arrival) for arrival in arrivals.values()} <= {"ready"}


def _images(trade_id: str) -> list[Any]:
    return list(item_of(trade_id).get("images", {"L": []})["L"])


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("story", STORIES)
def test_a_crash_at_any_call_is_repaired_when_the_message_comes_again(
    dana: Client, trade_id: str, story: str, after: bool
) -> None:
    calm = STORIES[story](dana, trade_id)
    with crash(-1, after=False) as calls:
        assert calm() == []
    assert calls
    expected = statuses(dana, trade_id)
    for at in range(len(calls)):
        image_ids = {image["imageId"] for image in images_of(dana, trade_id)}
        told = STORIES[story](dana, trade_id)
        with crash(at, after=after):
            assert told() == ["0"]
        assert told() == []
        assert told() == []
        whole(trade_id)
        new = [image["status"] for image in images_of(dana, trade_id) if image["imageId"] not in image_ids]
        assert new == (expected[-1:] if story in ("a good file", "a bad file") else new)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("story", STORIES)
def test_what_a_crash_leaves_is_swept_if_the_message_never_comes_again(
    dana: Client, trade_id: str, story: str, after: bool
) -> None:
    with crash(-1, after=False) as calls:
        STORIES[story](dana, trade_id)()
    for at in range(len(calls)):
        told = STORIES[story](dana, trade_id)
        with crash(at, after=after):
            told()
        sweep()
        whole(trade_id)
