"""The formats of brokers' files: which there are, and which of them a file has."""

from http import HTTPStatus
from pathlib import Path

import pytest

from handlers.imports.formats import FORMATS
from tests.api.client import Client

PATH, DETECT = "/import-formats", "/import-formats/detect"
SCHWAB = (Path(__file__).parents[1] / "formats/schwab/history.csv").read_text()


def test_every_format_is_listed_with_what_a_person_needs_for_it(nobody: Client) -> None:
    answer = nobody.get(PATH)
    assert answer.status == HTTPStatus.OK
    shown = answer.json["items"]
    assert [each["formatId"] for each in shown] == sorted(each.id for each in FORMATS)
    [schwab] = [each for each in shown if each["formatId"] == "schwab"]
    assert schwab["columns"][:2] == ["Date", "Action"]
    assert schwab["kind"] == "MIXED"
    assert all(each["broker"] and each["howToExport"] for each in shown)
    limits = {"maxBytes": 20_971_520, "maxRows": 200_000, "maxColumns": 256, "maxRowBytes": 65_536}
    assert answer.json["limits"] == limits


def test_the_list_may_be_kept_and_is_asked_for_again_by_its_tag(nobody: Client) -> None:
    first = nobody.get(PATH)
    assert first.headers["cache-control"] == "public, max-age=300"
    again = nobody.get(PATH, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status, again.body) == (HTTPStatus.NOT_MODIFIED, b"")
    assert again.headers["etag"] == first.headers["etag"]
    assert nobody.get(PATH, headers={"If-None-Match": '"another"'}).json == first.json


def test_the_beginning_of_a_file_tells_its_format(dana: Client) -> None:
    answer = dana.post(DETECT, {"text": SCHWAB[:400]})
    assert answer.status == HTTPStatus.OK
    best, *_ = answer.json["candidates"]
    assert best == {"formatId": "schwab", "broker": best["broker"], "confidence": 100}


@pytest.mark.parametrize(
    "text", ["no table at all", "%PDF-1.7 not a text", "a,b\n1,2\n", "\n", "<html></html>", "<a/>"]
)
def test_a_text_of_no_format_has_no_candidates(dana: Client, text: str) -> None:
    answer = dana.post(DETECT, {"text": text})
    assert (answer.status, answer.json) == (HTTPStatus.OK, {"candidates": []})


@pytest.mark.parametrize("text", ["", "a" * 65_537])
def test_too_little_or_too_much_text_is_refused(dana: Client, text: str) -> None:
    answer = dana.post(DETECT, {"text": text})
    assert (answer.status, answer.bad_fields) == (HTTPStatus.BAD_REQUEST, {("body", "/text")})


def test_only_who_is_signed_in_has_a_file_looked_at(nobody: Client) -> None:
    assert nobody.post(DETECT, {"text": SCHWAB[:400]}).status == HTTPStatus.UNAUTHORIZED
