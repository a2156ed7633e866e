"""The contract and the page that shows it."""

import gzip
from pathlib import Path

from tests.api.client import Client
from tests.aws_stand_in import DOCS_PAGE, DOCS_POLICY
from tests.events import function

CONTRACT = Path(__file__).parents[2] / "openapi" / "openapi.yaml"


def test_the_contract_is_served_byte_for_byte(nobody: Client) -> None:
    answer = nobody.get("/openapi.yaml")
    assert (answer.status, answer.body) == (200, CONTRACT.read_bytes())
    assert answer.headers["content-type"] == "application/yaml"
    assert answer.headers["cache-control"] == "public, max-age=300"


def test_the_page_is_served_with_its_policy(nobody: Client) -> None:
    answer = nobody.get("/docs")
    assert (answer.status, answer.body.decode()) == (200, DOCS_PAGE)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-security-policy"] == DOCS_POLICY
    assert answer.headers["vary"] == "Accept-Encoding"
    assert "content-encoding" not in answer.headers


def test_the_page_is_served_compressed_to_those_that_take_it(nobody: Client) -> None:
    answer = nobody.get("/docs", headers={"Accept-Encoding": "br, gzip"})
    assert gzip.decompress(answer.body).decode() == DOCS_PAGE
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["content-length"] == str(len(answer.body))
    assert answer.headers["content-security-policy"] == DOCS_POLICY


def test_the_page_is_not_compressed_for_those_that_refuse_it(nobody: Client) -> None:
    answer = nobody.get("/docs", headers={"Accept-Encoding": "identity, gzip;q=0"})
    assert "content-encoding" not in answer.headers


def test_the_page_travels_in_base64(nobody: Client) -> None:
    assert function("getDocs")(nobody.event("GET", "/docs"), None)["isBase64Encoded"] is True
