"""The public documents: the contract, the page that shows it, and those that explain the types of problems."""

import gzip
from collections.abc import Callable
from pathlib import Path

import brotli
import pytest

from handlers.web.contract import UNKNOWN_QUERY_PARAMETERS
from tests.api.client import Answer, Client
from tests.aws_stand_in import DOCS_PAGE, DOCS_POLICY, PROBLEM_PAGE, PROBLEM_POLICY
from tests.events import function, routes

CONTRACT = Path(__file__).parents[2] / "openapi" / "openapi.yaml"
DOCUMENTS = {
    "/openapi.yaml": CONTRACT.read_bytes(),
    "/docs": DOCS_PAGE.encode(),
    "/problems/not-found": PROBLEM_PAGE.encode(),
}
PUBLIC = [route for route in routes() if UNKNOWN_QUERY_PARAMETERS in route.operation]

# What each value of Accept-Encoding gets. None stands for a request without the header.
PLAIN = [
    None,
    "",
    " ",
    "identity",
    "deflate, zstd",
    "br;q=0",
    "br;q=0.4, identity;q=0.5",
    "identity, gzip;q=0",
    "gzip;q=0",
    "gzip;q=0.000",
    "GZIP;Q=0",
    "x-gzip;q=0.",
    "gzip ; q=0, identity;q=0.5",
    "*;q=0, identity",
    "*;q=0, identity;q=0.001",
    "gzip;q=0.5, identity",
    "gzip;q=0.2, *;q=0.5",
    "gzip;q=0, *",
    "gzip;q=2",
    "gzip;q=0.0001",
    "gzip;q=",
    "gzip;level=9",
    "gzip identity",
    "notgzip",
    "gzip-9",
    ",",
    ";q=1",
]
GZIP = [
    "gzip",
    "GZip",
    "x-gzip",
    "br;q=0.9, gzip",
    "gzip, deflate, br;q=0, zstd",
    "gzip;q=1.0, identity; q=0.5, *;q=0",
    "deflate;q=1.0,\tgzip\t;\tq=0.8, *;q=0.1",
    "gzip;q=0.001",
    "gzip;q=0.5, identity;q=0.5",
    "*",
    "*;q=0.5",
    "br;q=0, *",
    "*;q=0, gzip",
    "identity;q=0",
    "identity;q=0, *;q=0.5",
    ", gzip,",
]
BROTLI = [
    "br",
    "BR",
    "br, gzip",
    "gzip, deflate, br, zstd",
    "deflate, br, zstd",
    "gzip;q=0.8, br;q=0.8",
    "br;q=1.0,\tgzip\t;\tq=0.8, *;q=0.1",
    "identity;q=0, br",
    "br, *;q=0",
    "br;q=0.5, identity;q=0.5",
    "gzip;q=0, identity;q=0, br;q=0.001",
]
NEITHER = ["*;q=0", "gzip;q=0, identity;q=0", "identity;q=0, *;q=0", "br;q=0, *;q=0", "identity;q=0.0, x-gzip;q=0"]


@pytest.fixture(params=DOCUMENTS)
def path(request: pytest.FixtureRequest) -> str:
    """Each document."""
    return str(request.param)


def asked(client: Client, path: str, accept_encoding: str | None, method: str = "GET", **headers: str) -> Answer:
    if accept_encoding is not None:
        headers["Accept-Encoding"] = accept_encoding
    return client(method, path, headers=headers)


def test_the_documents_are_served_byte_for_byte(nobody: Client, path: str) -> None:
    answer = nobody.get(path)
    assert (answer.status, answer.body) == (200, DOCUMENTS[path])
    assert answer.headers["cache-control"] == "public, max-age=300"
    assert answer.headers["vary"] == "Accept-Encoding"
    assert answer.headers["content-length"] == str(len(answer.body))


def test_the_documents_have_their_media_types(nobody: Client) -> None:
    assert nobody.get("/openapi.yaml").headers["content-type"] == "application/yaml"
    for path in ("/docs", "/problems/not-found"):
        assert nobody.get(path).headers["content-type"] == "text/html; charset=utf-8"


@pytest.mark.parametrize("accept_encoding", [None, "gzip", "br"])
def test_the_page_is_served_with_its_policy(nobody: Client, accept_encoding: str | None) -> None:
    for method in ("GET", "HEAD"):
        assert asked(nobody, "/docs", accept_encoding, method).headers["content-security-policy"] == DOCS_POLICY
        page = asked(nobody, "/problems/not-found", accept_encoding, method)
        assert page.headers["content-security-policy"] == PROBLEM_POLICY


@pytest.mark.parametrize("name", ["unheard-of", "Not-Found", "not-found.html", "policy.txt", "%00", "-"])
def test_what_is_no_type_of_problem_has_no_page(nobody: Client, name: str) -> None:
    answer = nobody.get(f"/problems/{name}")
    assert (answer.status, answer.kind) == (404, "/problems/not-found")
    assert nobody.head(f"/problems/{name}").status == 404


@pytest.mark.parametrize("name", ["..%2Fdocs", "..%2Fproblems%2Fnot-found", "..%2F..%2F..%2Fetc%2Fpasswd"])
def test_no_name_of_a_type_leads_out_of_the_pages(nobody: Client, name: str) -> None:
    assert function("getProblem")(nobody.event("GET", f"/problems/{name}"), None)["statusCode"] == 404


@pytest.mark.parametrize("accept_encoding", PLAIN)
def test_a_document_comes_plain_for_those_that_do_not_prefer_it_compressed(
    nobody: Client, path: str, accept_encoding: str | None
) -> None:
    answer = asked(nobody, path, accept_encoding)
    assert (answer.status, answer.body) == (200, DOCUMENTS[path])
    assert "content-encoding" not in answer.headers


@pytest.mark.parametrize(
    ("accept_encoding", "coding", "decompress"),
    [
        *((accept_encoding, "gzip", gzip.decompress) for accept_encoding in GZIP),
        *((accept_encoding, "br", brotli.decompress) for accept_encoding in BROTLI),
    ],
)
def test_a_document_comes_compressed_in_the_way_that_the_client_prefers(
    nobody: Client, path: str, accept_encoding: str, coding: str, decompress: Callable[[bytes], bytes]
) -> None:
    answer = asked(nobody, path, accept_encoding)
    assert (answer.status, answer.headers["content-encoding"]) == (200, coding)
    assert decompress(answer.body) == DOCUMENTS[path]
    assert answer.headers["content-length"] == str(len(answer.body))
    assert answer.headers["vary"] == "Accept-Encoding"


@pytest.mark.parametrize("accept_encoding", NEITHER)
def test_a_document_is_not_acceptable_to_those_that_refuse_all_forms(
    nobody: Client, path: str, accept_encoding: str
) -> None:
    answer = asked(nobody, path, accept_encoding)
    assert (answer.status, answer.kind) == (406, "/problems/not-acceptable")
    assert asked(nobody, path, accept_encoding, "HEAD").status == 406


def test_each_form_of_a_document_has_a_strong_tag_of_its_own(nobody: Client) -> None:
    tags = [
        asked(nobody, path, accept_encoding).headers["etag"]
        for path in DOCUMENTS
        for accept_encoding in ("identity", "gzip", "br")
    ]
    assert len(set(tags)) == 3 * len(DOCUMENTS)
    assert not [tag for tag in tags if tag.startswith("W/")]
    assert tags[0] == nobody.get("/openapi.yaml").headers["etag"]


@pytest.mark.parametrize("accept_encoding", ["identity", "gzip", "br"])
@pytest.mark.parametrize("written", ["{}", "W/{}", '"other", {}', '"other",,W/{} ,', "*"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_document_that_the_client_has_is_not_sent_again(
    nobody: Client, path: str, accept_encoding: str, written: str, method: str
) -> None:
    tag = asked(nobody, path, accept_encoding).headers["etag"]
    answer = asked(nobody, path, accept_encoding, method, **{"If-None-Match": written.format(tag)})
    assert (answer.status, answer.body, answer.headers["etag"]) == (304, b"", tag)
    assert answer.headers["vary"] == "Accept-Encoding"
    assert answer.headers["cache-control"] == "public, max-age=300"
    assert answer.headers.keys().isdisjoint({"content-type", "content-encoding"})


def test_the_other_form_of_a_document_is_another_one(nobody: Client, path: str) -> None:
    plain = nobody.get(path).headers["etag"]
    assert asked(nobody, path, "gzip", **{"If-None-Match": plain}).status == 200
    assert asked(nobody, path, "br", **{"If-None-Match": plain}).status == 200
    assert asked(nobody, path, "gzip", **{"If-None-Match": '"another"'}).status == 200


@pytest.mark.parametrize("accept_encoding", [None, "gzip", "br"])
def test_head_answers_what_get_answers_without_the_body(nobody: Client, path: str, accept_encoding: str | None) -> None:
    whole, headers = (asked(nobody, path, accept_encoding, method) for method in ("GET", "HEAD"))
    assert (headers.status, headers.body) == (200, b"")
    assert {**headers.headers, "x-request-id": ""} == {**whole.headers, "x-request-id": ""}


@pytest.mark.parametrize("query", ["utm_source=x", "v=2&v=3", "color", "=", "limit=1000", "q=%FF&%FF=%", "a[b]=c&&;"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_query_parameters_make_no_difference_to_a_document(nobody: Client, path: str, query: str, method: str) -> None:
    answer = nobody(method, path, query=query)
    assert (answer.status, answer.headers["etag"]) == (200, nobody.get(path).headers["etag"])


def test_only_public_documents_ignore_unknown_query_parameters() -> None:
    assert {route.operation["tags"][0] for route in PUBLIC} == {"docs"}
    assert {route.operation_id for route in PUBLIC} == {
        route.operation_id for route in routes() if route.operation["tags"] == ["docs"]
    }


def test_every_document_can_be_asked_for_its_headers_alone() -> None:
    methods = {(route.path, route.method) for route in PUBLIC}
    assert {path for path, method in methods if method == "GET"} == {
        path for path, method in methods if method == "HEAD"
    }


def test_a_document_travels_in_base64(nobody: Client, path: str) -> None:
    operation = {"/docs": "getDocs", "/openapi.yaml": "getOpenApi", "/problems/not-found": "getProblem"}[path]
    for headers in ({}, {"Accept-Encoding": "gzip"}):
        assert function(operation)(nobody.event("GET", path, headers=headers), None)["isBase64Encoded"] is True
