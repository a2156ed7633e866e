"""Schemathesis makes requests from the contract, good ones and bad ones, and judges the answers of the whole API.

They take the way of every request: a WSGI application stands for API Gateway, verifies the token, makes an event of
format 2.0 and calls the function of the route. Behind it are moto's tables and a user pool of the tests.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from threading import Lock, Thread
from typing import TYPE_CHECKING

import pytest
from moto import mock_aws
from werkzeug.serving import WSGIRequestHandler, make_server

from handlers.storage import accounts, clients, page_tokens, sign_in
from tests import aws_stand_in, events
from tests.api.user_data import new_queue
from tests.fuzz.__main__ import fuzz
from tests.storage.conftest import create_tables
from tests.user_pool import PASSWORD, POOL_ID, UserPool

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

TOKEN = "access.good.token"  # of the session good.token in the user pool
MOST_EXAMPLES = os.environ.get("EXAMPLES", "8")
TURN = Lock()
SEEDS = [int(seed) for seed in os.environ.get("SEEDS", "1 3").split()]

# Who has the token: one user for everything, and another one who only deletes the account, as little works after that.
USERS = {"trader": "", "leaver": ""}


def gateway(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
    """API Gateway in front of the functions, its own 401 included."""
    method, raw_path = environ["REQUEST_METHOD"], environ["REQUEST_URI"].partition("?")[0]
    headers = {name[5:].replace("_", "-"): value for name, value in environ.items() if name.startswith("HTTP_")}
    if environ.get("CONTENT_TYPE"):
        headers["content-type"] = environ["CONTENT_TYPE"]
    route = events.route_of(method, raw_path.removeprefix(f"/{events.STAGE}"))
    protected = route is not None and not route.is_public
    if protected and environ.get("HTTP_AUTHORIZATION") != f"Bearer {TOKEN}":
        start_response("401 Unauthorized", [("Content-Type", "application/json")])
        return [b'{"message":"Unauthorized"}']
    user = USERS["leaver" if route and route.operation_id == "deleteAccount" else "trader"]
    event = events.event(
        method,
        raw_path,
        route_key=route.key if route else events.unknown_route(method),
        query=environ["QUERY_STRING"],
        headers=headers,
        body=environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)) or None,
        claims=events.claims_of(user) if protected else None,
    )
    answer = events.function(*([route.operation_id] if route else []))(event, None)
    start_response(f"{answer['statusCode']} ", list(answer["headers"].items()))
    return [events.body_of(answer)]


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """One journal for all requests, as a user has it."""
    with pytest.MonkeyPatch.context() as monkeypatch, mock_aws():
        monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
        monkeypatch.setenv("TRADES_TABLE", "trades")
        monkeypatch.setenv("STATS_TABLE", "stats")
        monkeypatch.setenv("LEDGER_TABLE", "ledger")
        clients.clear()
        page_tokens.signing_secret.cache_clear()
        create_tables()
        documents = tmp_path_factory.mktemp("docs")
        aws_stand_in.write_public_documents(documents)
        aws_stand_in.set_up(monkeypatch, documents)
        pool = UserPool()
        monkeypatch.setattr(sign_in, "cognito", lambda: pool.public)
        monkeypatch.setattr(sign_in, "cognito_once", lambda: pool.public)
        monkeypatch.setattr(sign_in, "cognito_admin", lambda: pool.admin)
        monkeypatch.setattr(accounts, "cognito_admin", lambda: pool.admin)
        monkeypatch.setenv("USER_POOL_ID", POOL_ID)
        for name in USERS:
            user = pool.new_user(f"{name}@example.com", PASSWORD)
            user.sessions.add("good.token")
            USERS[name] = user.sub
        clients.s3().create_bucket(Bucket="files", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
        monkeypatch.setenv("FILES_BUCKET", "files")
        for setting in ("ERASURE_QUEUE_URL", "EXPORT_QUEUE_URL", "SIGN_OUT_QUEUE_URL", "TAG_QUEUE_URL"):
            monkeypatch.setenv(setting, new_queue(setting))
        yield
    clients.clear()
    page_tokens.signing_secret.cache_clear()


@pytest.fixture(scope="module")
def api(everything: None) -> Iterator[str]:  # noqa: ARG001 the journal that it serves
    """The address at which the gateway and what is behind it are served."""
    # A thread for each connection, as a client may hold one open and say nothing; functions take one request at a time.
    server = make_server("127.0.0.1", 0, one_at_a_time, threaded=True, request_handler=Quiet)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/{events.STAGE}"
    server.shutdown()
    thread.join()
    server.server_close()


def one_at_a_time(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
    """The gateway, while nobody else asks."""
    with TURN:
        return gateway(environ, start_response)


class Quiet(WSGIRequestHandler):
    """Writes no access log."""

    def log(self, *_: object, **__: object) -> None:
        """Nothing."""


@pytest.mark.parametrize("seed", SEEDS)
def test_every_answer_is_the_contracts(api: str, seed: int) -> None:
    # What the first two phases send follows from the contract alone, whatever the seed.
    phases = "examples,coverage,fuzzing,stateful" if seed == SEEDS[0] else "fuzzing,stateful"
    options = ["--seed", str(seed), "--max-examples", MOST_EXAMPLES, "--phases", phases]
    assert fuzz(api, {"TOKEN": TOKEN, "EMAIL": "trader@example.com", "PASSWORD": PASSWORD}, options) == 0
