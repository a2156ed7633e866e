"""A body must be strict JSON in UTF-8, at most 256 KiB, with its media type."""

import base64
import gzip
import json

import pytest

from tests.api.client import Client, a_trade

MOST = 256 * 1024
GOOD = json.dumps(a_trade()).encode()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"{",
        b"{}}",
        b"nothing",
        b"'single'",
        b"\xef\xbb\xbf" + GOOD,
        GOOD.decode().encode("utf-16"),
        GOOD.replace(b"AAPL", b"\xff"),
        GOOD.replace(b"AAPL", b"\xc0\x80"),
        GOOD.replace(b"AAPL", b"\xed\xa0\x80"),
        GOOD.replace(b"AAPL", rb"\ud800"),
        GOOD.replace(b"AAPL", rb"\udc00\ud800"),
        GOOD.replace(b'"symbol"', rb'"\ud800": 1, "symbol"'),
        GOOD.replace(b'"symbol"', b'"symbol": "MSFT", "symbol"'),
        GOOD.replace(b'"symbol"', rb'"\u0073ymbol": "MSFT", "symbol"'),
        GOOD.replace(b'"symbol"', b'"psychology": {"greed": true, "greed": false}, "symbol"'),
        GOOD.replace(b'"symbol"', b'"confidence": NaN, "symbol"'),
        GOOD.replace(b'"symbol"', b'"confidence": Infinity, "symbol"'),
        GOOD.replace(b'"symbol"', b'"confidence": -Infinity, "symbol"'),
        GOOD.replace(b'"symbol"', b'"confidence": 1e999, "symbol"'),
        GOOD.replace(b'"symbol"', b'"confidence": 05, "symbol"'),
        GOOD.replace(b'"symbol"', b'"confidence": +5, "symbol"'),
        GOOD.replace(b'"symbol"', b'"confidence": ' + b"9" * 6000 + b', "symbol"'),
        GOOD.replace(b"AAPL", b"A\x00B"),
        GOOD.replace(b"AAPL", b"A\nB"),
        GOOD.replace(b"}", b",}"),
        GOOD + b"//",
        b"[" * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a":' * 20_000 + b"1" + b"}" * 20_000,
    ],
)
def test_what_is_not_json_is_refused(dana: Client, body: bytes) -> None:
    answer = dana.post("/trades", body=body)
    assert (answer.status, answer.kind, answer.bad_fields) == (400, "/problems/invalid-request", {("body", "")})


def test_a_body_that_is_not_json_is_named_together_with_the_bad_parameters(dana: Client) -> None:
    answer = dana.post("/trades", body=b"{", query="a=b", headers={"Idempotency-Key": ""})
    assert answer.bad_fields == {("body", ""), ("query", "/a"), ("header", "/Idempotency-Key")}


def test_escaped_characters_beyond_the_first_plane_are_whole(dana: Client) -> None:
    body = GOOD.replace(b'"symbol"', rb'"lessons": "\ud83d\udcc8", "symbol"')
    assert dana.post("/trades", body=body).json["lessons"] == "\U0001f4c8"


def test_a_body_of_exactly_256_kib_is_read(dana: Client) -> None:
    assert dana.post("/trades", body=GOOD.ljust(MOST)).status == 201


def test_a_larger_body_is_refused_before_it_is_parsed(dana: Client) -> None:
    for body in (GOOD.ljust(MOST + 1), b"[" * (MOST + 1)):
        answer = dana.post("/trades", body=body)
        assert (answer.status, answer.kind) == (413, "/problems/content-too-large")


def test_it_is_bytes_that_are_counted_and_not_characters(dana: Client) -> None:
    body = json.dumps(a_trade(lessons="ä" * 10), ensure_ascii=False)
    assert dana.post("/trades", body=body.ljust(MOST - 10).encode()).status == 201
    assert dana.post("/trades", body=body.ljust(MOST - 9).encode()).status == 413


def test_a_larger_body_in_base64_is_refused(dana: Client) -> None:
    path = f"/trades/{dana.new_trade()['tradeId']}"
    assert dana.patch(path, body=b'{"symbol": "MSFT"}'.ljust(MOST)).status == 200
    assert dana.patch(path, body=b'{"symbol": "MSFT"}'.ljust(MOST + 1)).status == 413


def test_a_body_where_none_belongs_is_not_looked_at(dana: Client) -> None:
    path = f"/trades/{dana.new_trade()['tradeId']}"
    for body in (b"{", b"x" * (MOST + 1)):
        assert dana.get(path, body=body).status == 200
        assert dana.get("/trades", body=body).status == 200
    assert dana.delete(path, body=b"x" * (MOST + 1)).status == 204


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "application/json; charset=utf-8",
        "Application/JSON;charset=UTF-8",
        'application/json ; charset="utf-8"',
    ],
)
def test_json_in_utf_8_is_taken(dana: Client, content_type: str) -> None:
    assert dana.post("/trades", body=GOOD, headers={"Content-Type": content_type}).status == 201


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "text/plain",
        "text/json",
        "application/problem+json",
        "application/merge-patch+json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json; charset=latin-1",
        "application/json; charset=utf-16",
        "application/json, text/plain",
        "*/*",
        "application/jsonx",
    ],
)
def test_any_other_media_type_is_refused(dana: Client, content_type: str) -> None:
    answer = dana.post("/trades", body=GOOD, headers={"Content-Type": content_type})
    assert (answer.status, answer.kind) == (415, "/problems/unsupported-media-type")


def test_a_body_without_a_media_type_is_refused(dana: Client) -> None:
    event = dana.event("POST", "/trades", body=GOOD)
    del event["headers"]["content-type"]
    assert dana.send(event).status == 415


def test_a_compressed_body_is_refused(dana: Client) -> None:
    event = dana.event("POST", "/trades", headers={"Content-Type": "application/json", "Content-Encoding": "gzip"})
    event |= {"body": base64.b64encode(gzip.compress(GOOD)).decode(), "isBase64Encoded": True}
    assert dana.send(event).status == 415


def test_a_patch_may_not_come_as_text(dana: Client) -> None:
    path = f"/trades/{dana.new_trade()['tradeId']}"
    assert dana.patch(path, body=b"{}", headers={"Content-Type": "text/plain"}).status == 415


def test_a_body_in_base64_is_the_same_body(dana: Client) -> None:
    event = dana.event("POST", "/trades", headers={"Content-Type": "application/json"})
    event |= {"body": base64.b64encode(GOOD).decode(), "isBase64Encoded": True}
    assert dana.send(event).json["symbol"] == "AAPL"


@pytest.mark.parametrize("body", ["%%%", "e30", "e30=x", "\ud800"])
def test_what_is_not_base64_is_refused(dana: Client, body: str) -> None:
    event = dana.event("POST", "/trades", headers={"Content-Type": "application/json"})
    event |= {"body": body, "isBase64Encoded": True}
    assert dana.send(event).status == 400


def test_half_a_surrogate_pair_in_the_event_is_refused(dana: Client) -> None:
    event = dana.event("POST", "/trades", headers={"Content-Type": "application/json"})
    event |= {"body": '{"symbol": "\ud800"}', "isBase64Encoded": False}
    assert dana.send(event).status == 400


NOTE = '"lessons": "%s", "symbol"'


@pytest.mark.parametrize(
    "broken",
    [
        b"\xff",
        b"\xc3",
        b"\xc0\x80",
        b"\xed\xa0\x80",
        b"\xed\xa0\xbd\xed\xb3\x88",
        b"\xf0\x9f",
        b"\xf8\x88\x80\x80\x80",
        b"\xe9t\xe9",
    ],
)
@pytest.mark.parametrize("protocol", ["HTTP/1.1", "HTTP/2"])
def test_bytes_that_are_not_utf_8_are_refused_though_the_gateway_hands_text_over(
    dana: Client, broken: bytes, protocol: str
) -> None:
    event = dana.event(
        "POST", "/trades", body=GOOD.replace(b'"symbol"', (NOTE % "ab").encode().replace(b"ab", b"a" + broken + b"b"))
    )
    assert not event["isBase64Encoded"]
    assert "\ufffd" in event["body"]
    if protocol == "HTTP/2":
        del event["headers"]["content-length"]
    answer = dana.send(event)
    assert (answer.status, answer.kind, answer.bad_fields) == (400, "/problems/invalid-request", {("body", "")})
    assert answer.json["errors"][0]["detail"] == "is not UTF-8"
    assert dana.get("/trades").json == {"items": []}


def test_a_replacement_character_that_was_sent_is_kept_where_the_length_tells_so(dana: Client) -> None:
    body = GOOD.replace(b'"symbol"', (NOTE % "a\ufffdb").encode())
    assert dana.post("/trades", body=body).json["lessons"] == "a\ufffdb"
    event = dana.event("POST", "/trades", body=body)
    del event["headers"]["content-length"]
    assert dana.send(event).status == 400
    escaped = GOOD.replace(b'"symbol"', rb'"lessons": "a\ufffdb", "symbol"')
    event = dana.event("POST", "/trades", body=escaped)
    del event["headers"]["content-length"]
    assert dana.send(event).json["lessons"] == "a\ufffdb"


@pytest.mark.parametrize("length", ["", "x", "-1", "1, 2", "9" * 5000])
def test_a_length_that_is_none_counts_as_absent(dana: Client, length: str) -> None:
    event = dana.event("POST", "/trades", body=GOOD)
    event["headers"]["content-length"] = length
    assert dana.send(event).status == 201
