"""FastAPI behind Mangum, combined as their documentation shows for an HTTP API.

The operations are `async def` although the storage blocks: a function serves one request at a time, and FastAPI would
start a thread for each call of a `def`, which takes longer than the call.
"""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, FastAPI, Header, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from mangum import Mangum

from benchmarks.peers.journal import HEADERS, log, page, read, record
from benchmarks.peers.models import Asked, Key, Tags, TradeInput, bad_fields
from handlers.journal.errors import JournalError
from handlers.storage.errors import StorageError
from handlers.web import problems

app = FastAPI(openapi_url=None)


def user_of(request: Request) -> str:
    """The user whose access token the gateway has verified."""
    claims = request.scope["aws.event"]["requestContext"].get("authorizer", {}).get("jwt", {}).get("claims", {})
    if claims.get("token_use") != "access":
        raise problems.Problem(problems.UNAUTHORIZED, "Send the access token of POST /auth/login as a bearer token.")
    return str(claims["sub"])


User = Annotated[str, Depends(user_of)]


@app.post("/trades")
async def create_trade(
    request: Request, user: User, new: TradeInput, key: Annotated[Key | None, Header(alias="Idempotency-Key")] = None
) -> Response:
    fingerprint = new.model_dump_json(by_alias=True, exclude_unset=True) if key else ""
    return reply(request, 201, *record(new.values(), user, key, fingerprint))


@app.get("/trades")
async def list_trades(request: Request, user: User, asked: Annotated[Asked, Query()]) -> Response:
    return reply(request, 200, page(user, asked.model_dump(by_alias=True)), {})


@app.get("/trades/{tradeId}")
async def get_trade(
    request: Request,
    user: User,
    tradeId: UUID,
    known: Annotated[Tags | None, Header(alias="If-None-Match")] = None,
) -> Response:
    body, headers = read(user, str(tradeId), known)
    return reply(request, 304 if body is None else 200, body, headers)


@app.exception_handler(RequestValidationError)
async def invalid(request: Request, error: RequestValidationError) -> Response:
    return refuse(request, problems.invalid_request(bad_fields(error.errors())))


@app.exception_handler(problems.Problem)
@app.exception_handler(JournalError)
@app.exception_handler(StorageError)
async def refused(request: Request, error: Exception) -> Response:
    return refuse(request, problems.problem_of(error))


def refuse(request: Request, problem: problems.Problem) -> Response:
    body = problem.body(request_id(request))
    return reply(request, problem.kind.status, body, problem.headers, problems.MEDIA_TYPE)


def reply(
    request: Request, status: int, body: str | None, headers: dict[str, str], media_type: str = "application/json"
) -> Response:
    log(request_id(request), request.scope["aws.event"]["routeKey"], status)
    given = {**headers, **HEADERS, "X-Request-Id": request_id(request)}
    return Response(body, status, given, None if body is None else media_type)


def request_id(request: Request) -> Any:
    return request.scope["aws.event"]["requestContext"]["requestId"]


handler = Mangum(
    app,
    lifespan="off",
    api_gateway_base_path="/v1",
    text_mime_types=["application/json", problems.MEDIA_TYPE],  # the rest travels as base64
)
