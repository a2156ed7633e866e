"""Powertools' APIGatewayHttpResolver with its validation, as its documentation shows.

The operations declare no return types: Powertools would validate such an answer and write it as JSON again.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError
from aws_lambda_powertools.event_handler.openapi.params import Body, Header, Path, Query

from benchmarks.peers.journal import HEADERS, bad_field, log, page, read, record
from benchmarks.peers.models import (
    Day,
    ExternalId,
    Key,
    Side,
    Status,
    Symbol,
    Tags,
    Token,
    TradeInput,
    Word,
    bad_fields,
)
from handlers.journal.errors import JournalError
from handlers.storage.errors import StorageError
from handlers.web import problems

app = APIGatewayHttpResolver(enable_validation=True, strip_prefixes=["/v1"])


def user() -> str:
    """The user whose access token the gateway has verified."""
    authorizer = app.current_event.request_context.authorizer
    claims: dict[str, Any] = (authorizer.jwt_claim if authorizer else None) or {}
    if claims.get("token_use") != "access":
        raise problems.Problem(problems.UNAUTHORIZED, "Send the access token of POST /auth/login as a bearer token.")
    return str(claims["sub"])


@app.post("/trades")
def create_trade(
    new: Annotated[TradeInput, Body()], key: Annotated[Key | None, Header(alias="Idempotency-Key")] = None
) -> Any:
    fingerprint = new.model_dump_json(by_alias=True, exclude_unset=True) if key else ""
    return reply(201, *record(new.values(), user(), key, fingerprint))


@app.get("/trades")
def list_trades(
    symbol: Annotated[Symbol | None, Query()] = None,
    status: Annotated[list[Status] | None, Query(max_length=4)] = None,
    side: Annotated[Side | None, Query()] = None,
    tag: Annotated[list[Word] | None, Query(max_length=10)] = None,
    setup_type: Annotated[Word | None, Query(alias="setupType")] = None,
    open_from: Annotated[Day | None, Query(alias="openFrom")] = None,
    open_to: Annotated[Day | None, Query(alias="openTo")] = None,
    has_images: Annotated[Literal["true", "false"] | None, Query(alias="hasImages")] = None,
    external_id: Annotated[ExternalId | None, Query(alias="externalId")] = None,
    idempotency_key: Annotated[Key | None, Query(alias="idempotencyKey")] = None,
    order: Annotated[Literal["asc", "desc"], Query()] = "desc",
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
    next_token: Annotated[Token | None, Query(alias="nextToken")] = None,
) -> Any:
    asked = {
        "symbol": symbol,
        "status": status,
        "side": side,
        "tag": tag,
        "setupType": setup_type,
        "openFrom": open_from,
        "openTo": open_to,
        "hasImages": has_images,
        "externalId": external_id,
        "idempotencyKey": idempotency_key,
        "order": order,
        "limit": limit,
        "nextToken": next_token,
    }
    if unknown := app.current_event.query_string_parameters.keys() - asked.keys():
        raise problems.invalid_request(
            [bad_field("query", f"/{name}", "is not known here") for name in sorted(unknown)]
        )
    return reply(200, page(user(), asked), {})


@app.get("/trades/<tradeId>")
def get_trade(
    tradeId: Annotated[UUID, Path()],
    known: Annotated[Tags | None, Header(alias="If-None-Match")] = None,
) -> Any:
    body, headers = read(user(), str(tradeId), known)
    return reply(304 if body is None else 200, body, headers)


@app.exception_handler(RequestValidationError)
def invalid(error: RequestValidationError) -> Response[str]:
    return refuse(problems.invalid_request(bad_fields(error.errors())))


@app.exception_handler([problems.Problem, JournalError, StorageError])
def refused(error: Exception) -> Response[str]:
    return refuse(problems.problem_of(error))


def refuse(problem: problems.Problem) -> Response[str]:
    return reply(problem.kind.status, problem.body(request_id()), problem.headers, problems.MEDIA_TYPE)


def reply(
    status: int, body: str | None, headers: dict[str, str], media_type: str | None = "application/json"
) -> Response[str]:
    log(request_id(), app.current_event.route_key, status)
    given = {**headers, **HEADERS, "X-Request-Id": request_id()}
    return Response(status, None if body is None else media_type, body, given)


def request_id() -> str:
    return app.current_event.request_context.request_id


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return app.resolve(event, context)
