"""`make smoke` notices each difference of a deployed API from its contract; each test's server has one fault."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from openapi.generate import CORS_REQUEST_HEADERS
from ops import smoke
from ops.smoke import Answer, Api, Fault, Smoke, Unreachable

ORIGIN = "https://app.example.com"
TEXT = b"openapi: 3.0.3\n"
PROBLEM: dict[str, Any] = {"description": "", "content": {"application/problem+json": {}}}
JSON: dict[str, Any] = {"content": {"application/json": {}}}

CONTRACT: dict[str, Any] = {
    "paths": {
        "/things": {
            "get": {"operationId": "listThings", "responses": {"200": {}}},
            "post": {"operationId": "createThing", "requestBody": JSON, "responses": {"201": {}}},
        },
        "/things/bulk": {"post": {"operationId": "createThings", "requestBody": JSON, "responses": {"200": {}}}},
        "/things/{thingId}": {"delete": {"operationId": "deleteThing", "responses": {"204": {}}}},
        "/log-in": {
            "post": {
                "operationId": "logIn",
                "security": [],
                "requestBody": {"$ref": "#/components/requestBodies/Credentials"},
                "responses": {"200": JSON, "400": {"$ref": "#/components/responses/BadRequest"}},
            }
        },
        "/log-out": {"post": {"operationId": "logOut", "security": [], "responses": {"204": {}, "400": PROBLEM}}},
        "/problems/{kind}": {
            "get": {
                "operationId": "getProblem",
                "security": [],
                "parameters": [{"name": "kind", "in": "path", "schema": {"type": "string", "enum": ["not-found"]}}],
                "responses": {"200": {"content": {"text/html": {}}}},
            }
        },
        "/openapi.yaml": {
            "get": {
                "operationId": "getOpenApi",
                "security": [],
                "responses": {"200": {"content": {"application/yaml": {}}}},
            },
            "head": {
                "operationId": "headOpenApi",
                "security": [],
                "responses": {"200": {"content": {"application/yaml": {}}}},
            },
        },
    },
    "security": [{"bearerAuth": []}],
    "components": {"requestBodies": {"Credentials": JSON}, "responses": {"BadRequest": PROBLEM}},
}
SENT = {"x-request-id": "r", "x-content-type-options": "nosniff"}
Lie = Callable[[str, str, Mapping[str, str]], Answer | None]


def says(status: int, document: Any = None, **headers: str) -> Answer:
    """An answer of a function, or of the gateway if its body is {"message": ...}."""
    is_gateways = isinstance(document, dict) and "message" in document
    kind = {"content-type": "application/json" if is_gateways or status < 400 else "application/problem+json"}
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, {**({} if is_gateways else SENT), **kind, **given}, json.dumps(document).encode())


def problem(status: int, **headers: str) -> Answer:
    return says(status, {"type": f"/problems/{status}", "status": status}, **headers)


REFUSED = says(401, {"message": "Unauthorized"})


def honest(method: str, path: str, headers: Mapping[str, str]) -> Answer:
    """The answers of an API that agrees with its contract."""
    if method == "OPTIONS" and "access-control-request-method" in headers:
        if headers["origin"] != ORIGIN:
            return Answer(204, {}, b"")
        allowed = {"methods": "GET,POST,DELETE,HEAD", "headers": ",".join(CORS_REQUEST_HEADERS), "origin": ORIGIN}
        return Answer(204, {f"access-control-allow-{name}": value for name, value in allowed.items()}, b"")
    matching = [known for known in CONTRACT["paths"] if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", known), path)]
    routed = [known for known in matching if method.lower() in CONTRACT["paths"][known]]
    if not matching:
        return problem(404)
    if not routed:
        return problem(405, allow=", ".join(sorted(name.upper() for name in CONTRACT["paths"][matching[0]])))
    if "security" not in CONTRACT["paths"][routed[0]][method.lower()]:
        return REFUSED
    if path == "/openapi.yaml":
        return Answer(200, {**SENT, "content-type": "application/yaml"}, TEXT)
    if path == "/problems/not-found":
        return Answer(200, {**SENT, "content-type": "text/html; charset=utf-8"}, b"<html>")
    return problem(400)


@contextmanager
def served(lie: Lie) -> Iterator[str]:
    """The address of an API with this fault; all its other answers agree with the contract."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            asked = self.command, self.path.removeprefix("/v1").partition("?")[0], dict(self.lower())
            given = lie(*asked) or honest(*asked)
            self.send_response(given.status)
            for name, value in given.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(given.body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(given.body)

        def lower(self) -> Iterator[tuple[str, str]]:
            yield from ((name.lower(), value) for name, value in self.headers.items())

        def log_message(self, *_: Any) -> None:
            pass

    for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
        setattr(Handler, f"do_{method}", Handler.answer)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def faults(lie: Lie, origin: str | None = ORIGIN) -> list[Fault]:
    with served(lie) as address, Api(address) as api:
        return list(Smoke(CONTRACT, TEXT, api.ask).faults(origin))


def at(method: str, path: str, answer: Answer) -> Lie:
    """A fault in the answer to one request."""
    return lambda *asked: answer if asked[:2] == (method, path) else None


def test_an_honest_api_has_no_faults() -> None:
    assert faults(lambda *_: None) == []


def test_every_route_is_asked_and_nothing_that_could_change_something() -> None:
    seen: set[tuple[str, str]] = set()

    def listen(method: str, path: str, headers: Mapping[str, str]) -> None:
        seen.add((method, re.sub(r"[0-9a-f-]{36}", "{thingId}", path)))
        assert headers.get("authorization") in (None, "Bearer made-up")

    faults(listen)
    declared = {(method.upper(), path) for path, item in CONTRACT["paths"].items() for method in item}
    declared = {(method, path.replace("{kind}", "not-found")) for method, path in declared}
    assert declared <= seen
    # A literal path's other methods lead to a parameter's path when that has them.
    assert ("PUT", "/things/bulk") in seen
    assert ("DELETE", "/things/bulk") not in seen


PROTECTED = "/things"


@pytest.mark.parametrize(
    ("lie", "request_", "said"),
    [
        (at("GET", PROTECTED, says(200, [])), "GET /things without a token", "200"),
        (at("GET", PROTECTED, problem(401)), "GET /things without a token", "no authorizer"),
        (at("GET", PROTECTED, problem(404)), "GET /things without a token", "404"),
        (at("DELETE", "/things/00000000-0000-4000-8000-000000000000", says(403, {"message": "x"})), "DELETE", "403"),
        (
            lambda method, path, headers: (
                problem(500) if (method, path) == ("GET", PROTECTED) and "authorization" in headers else None
            ),
            "GET /things with a made-up token",
            "500",
        ),
        (at("POST", "/log-in", REFUSED), "POST /log-in", "401"),
        (at("POST", "/log-in", problem(500)), "POST /log-in", "500"),
        (at("POST", "/log-in", says(200, {})), "POST /log-in", "200"),
        (at("POST", "/log-in", Answer(400, {**SENT, "content-type": "text/plain"}, b"no")), "POST /log-in", "400"),
        (
            at("POST", "/log-in", Answer(400, {**SENT, "content-type": "application/problem+json"}, b"no")),
            "POST /log-in",
            "no",
        ),
        (at("POST", "/log-out", says(204)), "POST /log-out", "204"),
        (at("GET", "/problems/not-found", problem(404)), "GET /problems/not-found", "404"),
        (at("GET", "/problems/not-found", says(200, {})), "GET /problems/not-found", "application/json"),
        (
            at("GET", "/openapi.yaml", Answer(200, {**SENT, "content-type": "application/yaml"}, b"openapi: 2")),
            "GET /openapi.yaml",
            "another",
        ),
        (at("HEAD", "/openapi.yaml", problem(405)), "HEAD /openapi.yaml", "405"),
        (
            at("GET", "/openapi.yaml", Answer(200, {"content-type": "application/yaml", "x-request-id": "r"}, TEXT)),
            "GET /openapi.yaml",
            "none",
        ),
        (
            at("GET", "/openapi.yaml", Answer(200, {**SENT, "content-type": "application/yaml"}, b"")),
            "GET /openapi.yaml",
            "no body",
        ),
        (
            lambda _method, path, _headers: says(404, {"message": "Not Found"}) if "smoke-" in path else None,
            "GET of an unknown path",
            "Not Found",
        ),
        (
            lambda method, path, _: problem(500) if "smoke-" in path and method == "POST" else None,
            "POST of an unknown path",
            "500",
        ),
        (at("PUT", PROTECTED, says(404, {"message": "Not Found"})), "PUT /things, a method", "404"),
        (at("PUT", PROTECTED, problem(405)), "PUT /things, a method", "Allow: none"),
        (at("PUT", PROTECTED, problem(405, allow="GET")), "PUT /things, a method", "Allow: GET"),
        (at("PUT", PROTECTED, problem(405, allow="DELETE, GET, POST")), "PUT /things, a method", "Allow: DELETE"),
        (at("PUT", PROTECTED, says(405, {"message": "x"}, allow="GET, POST")), "PUT /things, a method", "message"),
        (at("PUT", "/things/bulk", REFUSED), "PUT /things/bulk, a method", "401"),
        (at("OPTIONS", PROTECTED, problem(405)), "OPTIONS /things", "405"),
        (
            at("OPTIONS", PROTECTED, Answer(204, {"access-control-allow-origin": ORIGIN}, b"")),
            "OPTIONS /things",
            "none",
        ),
        (
            lambda method, path, headers: (
                Answer(204, {"access-control-allow-origin": headers["origin"]}, b"")
                if (method, path) == ("OPTIONS", PROTECTED) and headers["origin"] == smoke.STRANGER
                else None
            ),
            f"OPTIONS /things from {smoke.STRANGER}",
            smoke.STRANGER,
        ),
    ],
)
def test_a_lie_is_noticed(lie: Lie, request_: str, said: str) -> None:
    found = faults(lie)
    assert found
    assert any(fault.request.startswith(request_) and said in fault.found for fault in found), found


def test_without_an_origin_nothing_is_asked_about_browsers() -> None:
    assert faults(at("OPTIONS", PROTECTED, problem(500)), origin=None) == []


def test_a_refusal_for_now_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr(time, "sleep", waits.append)
    refusals = iter([problem(429, retry_after="2"), problem(503), problem(503, retry_after="9999")])
    assert faults(lambda method, path, _: next(refusals, None) if (method, path) == ("POST", "/log-in") else None) == []
    assert waits == [2, 2, smoke.LONGEST_WAIT]


def test_a_refusal_that_lasts_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda _: None)
    found = faults(at("POST", "/log-in", problem(503)))
    assert [fault.request for fault in found] == ["POST /log-in with a body that is not JSON"]


def test_a_connection_that_was_closed_meanwhile_is_opened_again() -> None:
    closing = {"connection": "close"}

    def close(method: str, path: str, headers: Mapping[str, str]) -> Answer:
        given = honest(method, path, headers)
        return Answer(given.status, {**given.headers, **closing}, given.body)

    assert faults(close) == []


def test_nothing_at_the_address_is_said_so() -> None:
    with served(lambda *_: None) as address:
        pass
    with Api(address) as api, pytest.raises(Unreachable, match="does not answer"):
        api.ask("GET", "/things", {}, None)


@pytest.mark.parametrize(
    ("lie", "status", "said"),
    [(lambda *_: None, 1, "another one"), (at("PUT", "/trades", problem(404)), 1, "faults")],
)
def test_the_command_reports_faults_by_its_status(
    lie: Lie, status: int, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The server's contract is not the checkout's, so everything about it is wrong."""
    with served(lie) as address:
        monkeypatch.setenv("API", address)
        monkeypatch.setattr(smoke, "contract", lambda: CONTRACT)
        assert smoke.main() == status
    told = capsys.readouterr().out
    assert said in told
    assert re.search(r"routes, \d+ requests: \d+ faults\.", told)


def test_the_command_says_when_nothing_answers(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with served(lambda *_: None) as address:
        pass
    monkeypatch.setenv("API", address)
    assert smoke.main() == 2
    assert "does not answer" in capsys.readouterr().out


@pytest.mark.parametrize("address", ["host/v1", "ftp://host/v1", "https://"])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(SystemExit, match="write it like https://host/v1"):
        smoke.where({"API": address})
