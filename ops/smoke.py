"""`make smoke`: requests every route of a deployed API and compares the answers with the contract. It changes nothing.

API Gateway may silently drop a part of the imported document: a route, its authorizer, the default route, CORS. So this
requests each route over HTTP, without a token:

- the gateway itself must refuse a protected route. A 401 of the function would mean that the route has no authorizer,
  and then every valid token is refused too;
- a public route must answer as the contract declares: documents with 200, everything else, which gets an unreadable
  body, with a declared 4xx;
- an unknown path must be a 404 problem, and every other method of a known path a 405 that names exactly the path's
  methods in Allow;
- the contract must be served byte for byte as it is in this checkout;
- with an origin given, its preflight request must be allowed, and another origin's must not.

API=https://host/v1 names the address; STACK=its-name takes address and allowed origin from that stack on AWS; without
either it tests what `make run` runs. ORIGIN=https://app.example.com names the origin. Exits with 0 if every answer is
as declared, with 1 if one is not, and with 2 if nothing answers.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import quote, urlsplit

import boto3

from openapi.generate import CONTRACT, CORS_REQUEST_HEADERS, contract, operations
from ops.stack import describe, endpoints, outputs_of

PROBLEM = "application/problem+json"
GATEWAYS_REFUSAL = {"message": "Unauthorized"}
OTHER_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
UNREADABLE = b"{"  # not JSON: every operation refuses it before it does anything
MADE_UP_ID = "00000000-0000-4000-8000-000000000000"
STRANGER = "https://stranger.invalid"

TIMEOUT = 35  # seconds; the gateway gives up after 30
MOST_TRIES = 5  # of a request that is refused for now, with 429 or 503
LONGEST_WAIT = 10.0  # seconds before the next try, whatever Retry-After says


class Unreachable(Exception):
    """Nothing answers at the address."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def media_type(self) -> str:
        """The type of the body, without its parameters; empty without one."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def document(self) -> Any:
        """The body as JSON; None if it is not JSON."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    @property
    def brief(self) -> str:
        """The answer in a few words, for a report."""
        text = " ".join(self.body[:120].decode("utf-8", "replace").split())
        return f"{self.status} {self.media_type or 'without a type'}: {text or 'no body'}"


@dataclass(frozen=True, slots=True)
class Fault:
    """An answer that differs from the contract."""

    request: str
    expected: str
    found: str

    def __str__(self) -> str:
        return f"{self.request}\n    expected  {self.expected}\n    found     {self.found}"


# Sends a request: method, path below the version, headers, body. Raises Unreachable.
Ask = Callable[[str, str, Mapping[str, str], bytes | None], Answer]


@dataclass
class Api:
    """An API at an address, over one connection that stays open until the context ends."""

    address: str
    requests: int = 0
    _connection: http.client.HTTPConnection | None = field(default=None, repr=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._connection:
            self._connection.close()

    def ask(self, method: str, path: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        """Send the request, and again after a wait if it is answered with 429 or 503. Raises Unreachable."""
        for attempt in range(1, MOST_TRIES + 1):
            answer = self._sent(method, path, headers, body)
            if answer.status not in (429, 503) or attempt == MOST_TRIES:
                break
            time.sleep(_wait(answer, attempt))
        return answer

    def _sent(self, method: str, path: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        target = urlsplit(self.address).path.rstrip("/") + path
        for is_last in (False, True):  # the server may have closed the open connection in the meantime
            kept = self._connection is not None
            connection = self._connection = self._connection or self._connect()
            try:
                connection.request(method, target, body, {"Accept-Encoding": "identity", **headers})
                answer = connection.getresponse()
                content = answer.read()
            except (OSError, http.client.HTTPException) as error:
                connection.close()
                self._connection = None
                if is_last or not kept:
                    raise Unreachable(f"{self.address} does not answer: {error or type(error).__name__}") from error
            else:
                self.requests += 1
                return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, content)
        raise AssertionError("unreachable: the second try answers or raises")

    def _connect(self) -> http.client.HTTPConnection:
        parts = urlsplit(self.address)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        return kind(parts.netloc, timeout=TIMEOUT)


def _wait(answer: Answer, attempt: int) -> float:
    given = answer.headers.get("retry-after", "")
    return min(float(given) if given.isdecimal() else 2.0 ** (attempt - 1), LONGEST_WAIT)


class Smoke:
    """The checks of one API against one contract."""

    def __init__(self, document: Mapping[str, Any], text: bytes, ask: Ask) -> None:
        self._document = document
        self._text = text
        self._ask = ask
        self._routes = [(path, method.upper(), operation) for path, method, operation in operations(dict(document))]

    def faults(self, origin: str | None = None) -> Iterator[Fault]:
        """Yield each fault as it is found. Raises Unreachable."""
        for path, method, operation in self._routes:
            if self._is_public(operation):
                yield from self._public(path, method, operation)
            else:
                yield from self._protected(path, method, operation)
        yield from self._unknown_path()
        for path in self._document["paths"]:
            yield from self._other_methods(path)
        yield from self._contract()
        if origin:
            yield from self._browsers(origin)

    def _is_public(self, operation: Mapping[str, Any]) -> bool:
        # An empty requirement, {}, means that no token is required.
        security = operation.get("security", self._document.get("security", []))
        return not security or {} in security

    def _protected(self, path: str, method: str, operation: Mapping[str, Any]) -> Iterator[Fault]:
        target = self._target(path, operation)
        for how, headers in (
            ("without a token", {}),
            ("with a made-up token", {"Authorization": "Bearer made-up"}),
        ):
            answer = self._ask(method, target, headers, None)
            asked = f"{method} {path} {how}"
            if answer.status == 401 and method == "HEAD":
                continue
            if answer.status == 401 and answer.document != GATEWAYS_REFUSAL:
                yield Fault(asked, "401 of the gateway", f"the function was reached, so no authorizer: {answer.brief}")
            elif answer.status != 401:
                yield Fault(asked, "401 of the gateway", answer.brief)

    def _public(self, path: str, method: str, operation: Mapping[str, Any]) -> Iterator[Fault]:
        target, headers, body, statuses = self._target(path, operation), dict[str, str](), None, "200"
        if "requestBody" in operation:
            media_type = next(iter(self._resolved(operation["requestBody"])["content"]))
            headers, body, statuses = {"Content-Type": media_type}, UNREADABLE, "400"
        elif method not in ("GET", "HEAD"):
            # It could change something; the unknown parameter makes the function refuse it first.
            target, statuses = f"{target}?smoke=1", "400"
        answer = self._ask(method, target, headers, body)
        asked = f"{method} {target}" + (" with a body that is not JSON" if body else "")
        if str(answer.status) != statuses or statuses not in operation["responses"]:
            yield Fault(asked, f"{statuses}, as the contract declares", answer.brief)
            return
        declared = self._resolved(operation["responses"][statuses])
        types = sorted(declared.get("content", {}))
        if types and answer.media_type not in types:
            yield Fault(asked, f"{statuses} {' or '.join(types)}", answer.brief)
        elif answer.status >= 400:
            yield from _problem(asked, answer, answer.status)
        elif method != "HEAD" and types and not answer.body:
            yield Fault(asked, "200 with a body", answer.brief)
        yield from _headers(asked, answer)

    def _unknown_path(self) -> Iterator[Fault]:
        for method in ("GET", "POST"):
            path = f"/smoke-{uuid.uuid4().hex}"
            answer = self._ask(method, path, {}, None)
            yield from _problem(f"{method} of an unknown path", answer, 404)

    def _other_methods(self, path: str) -> Iterator[Fault]:
        declared = {method: operation for known, method, operation in self._routes if known == path}
        target = self._target(path, next(iter(declared.values())))
        expected = ", ".join(sorted(declared))
        for method in OTHER_METHODS:
            if method in declared or self._leads_elsewhere(method, path, target):
                continue
            answer = self._ask(method, target, {}, None)
            asked = f"{method} {path}, a method that it does not have"
            yield from _problem(asked, answer, 405)
            allowed = {name.strip() for name in answer.headers.get("allow", "").split(",") if name.strip()}
            if answer.status == 405 and allowed != set(declared):
                yield Fault(asked, f"Allow: {expected}", f"Allow: {answer.headers.get('allow', 'none')}")

    def _leads_elsewhere(self, method: str, path: str, target: str) -> bool:
        """Whether the gateway matches another path, as it takes DELETE /trades/bulk for DELETE /trades/{tradeId}."""
        return any(
            other != path and known == method and re.fullmatch(_pattern(other), target)
            for other, known, _ in self._routes
        )

    def _contract(self) -> Iterator[Fault]:
        [path] = [path for path, _, operation in self._routes if operation["operationId"] == "getOpenApi"]
        answer = self._ask("GET", path, {}, None)
        if answer.status == 200 and answer.body != self._text:
            yield Fault(f"GET {path}", "the contract of this checkout", "another one: is another release deployed?")

    def _browsers(self, origin: str) -> Iterator[Fault]:
        path, method, _ = next(route for route in self._routes if not self._is_public(route[2]))
        asked = f"OPTIONS {path} from {origin}"
        answer = self._preflight(path, method, origin)
        allowed = answer.headers.get("access-control-allow-origin")
        if answer.status not in (200, 204) or allowed not in (origin, "*"):
            yield Fault(asked, f"Access-Control-Allow-Origin: {origin}", f"{allowed}; {answer.brief}")
            return
        for header, wanted in (
            ("access-control-allow-methods", {method for _, method, _ in self._routes}),
            ("access-control-allow-headers", set(CORS_REQUEST_HEADERS)),
        ):
            found = {name.strip().lower() for name in answer.headers.get(header, "").split(",")}
            if missing := sorted(name for name in wanted if name.lower() not in found and "*" not in found):
                yield Fault(asked, f"{header} with {', '.join(missing)}", answer.headers.get(header, "none"))
        strangers = self._preflight(path, method, STRANGER).headers.get("access-control-allow-origin")
        if allowed != "*" and strangers in (STRANGER, "*"):
            yield Fault(f"OPTIONS {path} from {STRANGER}", "no Access-Control-Allow-Origin", strangers)

    def _preflight(self, path: str, method: str, origin: str) -> Answer:
        headers = {
            "Origin": origin,
            "Access-Control-Request-Method": method,
            "Access-Control-Request-Headers": ",".join(CORS_REQUEST_HEADERS),
        }
        return self._ask("OPTIONS", re.sub(r"\{[^}]+\}", MADE_UP_ID, path), headers, None)

    def _target(self, path: str, operation: Mapping[str, Any]) -> str:
        """The path with a value for each parameter: the contract's example for public routes."""
        examples = {}
        if self._is_public(operation):
            given = [*self._document["paths"][path].get("parameters", ()), *operation.get("parameters", ())]
            for parameter in map(self._resolved, given):
                schema = self._resolved(parameter.get("schema", {}))
                named = [self._resolved(example).get("value") for example in parameter.get("examples", {}).values()]
                found = [parameter.get("example"), schema.get("example"), *named, *schema.get("enum", ())]
                examples[parameter["name"]] = next((value for value in found if value is not None), MADE_UP_ID)
        return re.sub(r"\{([^}]+)\}", lambda name: quote(str(examples.get(name[1], MADE_UP_ID)), safe=""), path)

    def _resolved(self, node: Any) -> Any:
        while "$ref" in node:
            found: Any = self._document
            for step in node["$ref"].removeprefix("#/").split("/"):
                found = found[step.replace("~1", "/").replace("~0", "~")]
            node = found
        return node


def _pattern(path: str) -> str:
    return re.sub(r"\\\{[^}]+\\\}", "[^/]+", re.escape(path))


def _problem(asked: str, answer: Answer, status: int) -> Iterator[Fault]:
    """The faults of an answer that must be a problem document with this status."""
    document = answer.document
    is_problem = answer.media_type == PROBLEM and isinstance(document, dict) and document.get("status") == status
    if answer.status != status or not is_problem:
        yield Fault(asked, f"{status} {PROBLEM}", answer.brief)


def _headers(asked: str, answer: Answer) -> Iterator[Fault]:
    """The faults in the headers that every answer of a function must have."""
    if not answer.headers.get("x-request-id"):
        yield Fault(asked, "X-Request-Id", "none")
    if answer.headers.get("x-content-type-options") != "nosniff":
        found = answer.headers.get("x-content-type-options", "none")
        yield Fault(asked, "X-Content-Type-Options: nosniff", found)


def where(given: Mapping[str, str]) -> tuple[str, str | None]:
    """The API's address and the origin to test, from the environment. Exits if the address is invalid."""
    origin = given.get("ORIGIN") or None
    if address := given.get("API"):
        if urlsplit(address).scheme not in ("http", "https") or not urlsplit(address).netloc:
            raise SystemExit(f"API={address} is not an address; write it like https://host/v1")
        return address.rstrip("/"), origin
    if stack := given.get("STACK"):
        client: Any = boto3.Session().client
        described = describe(client, stack)
        parameters = {one["ParameterKey"]: one.get("ParameterValue", "") for one in described.get("Parameters", ())}
        first = parameters.get("AllowedOrigins", "").partition(",")[0].strip()
        return outputs_of(described)["ApiUrl"].rstrip("/"), origin or first or None
    return endpoints()["api"], origin or "http://localhost:5173"


def main() -> int:
    """Run the checks and print each fault as it is found. Returns the exit status."""
    address, origin = where(os.environ)
    count = 0
    try:
        with Api(address) as api:
            smoke = Smoke(contract(), CONTRACT.read_bytes(), api.ask)
            for fault in smoke.faults(origin):
                count += 1
                sys.stdout.write(f"{fault}\n")
                sys.stdout.flush()
    except Unreachable as error:
        sys.stdout.write(f"{error}\n")
        return 2
    routes = sum(1 for _ in operations(contract()))
    said = f"{count} faults" if count else "all as the contract says"
    sys.stdout.write(f"{address}: {routes} routes, {api.requests} requests: {said}.\n")
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main())
