"""Builds the ASGI application of a function: the error handler, the request guard, Connexion, the operations."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Collection
from functools import partial
from importlib import import_module
from inspect import signature
from typing import Any

import inflection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from handlers.web import problems
from handlers.web.connexion.lean import (
    AsyncApi,
    AsyncApp,
    AsyncOperation,
    ConnexionRequest,
    ConnexionResponse,
    ContextMiddleware,
    ExceptionMiddleware,
    Resolution,
    Resolver,
)
from handlers.web.connexion.validation import OperationChecks, Validation, validator_map
from handlers.web.contract import METHODS, contract, slice_of
from handlers.web.guard import Guard, Routes

# Connexion logs several warnings for each request to an operation with two media types. The guard has chosen one.
logging.getLogger("connexion").setLevel(logging.ERROR)


class ByTag(Resolver):
    """Maps operationIds to functions: createTrade with the tag trades is handlers.operations.trades.create_trade."""

    def resolve(self, operation: Any) -> Resolution:
        """The operation's function. Raises at start if there is none: the deployment fails, and not a request."""
        [tag] = operation._operation["tags"]
        function = getattr(import_module(f"handlers.operations.{tag}"), inflection.underscore(operation.operation_id))
        return Resolution(function, operation.operation_id)


class Operation(AsyncOperation):
    """Calls the operation's function with the values that the validation has read from the request.

    Connexion's own class would parse the parameters again and wrap the function for each request.
    """

    def __init__(self, fn: Callable[..., Awaitable[ASGIApp]], *args: Any, **kwargs: Any) -> None:
        super().__init__(fn, *args, **kwargs)
        self._arguments = frozenset(signature(fn).parameters)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the function and send its answer."""
        given = scope["extensions"]["connexion_context"]
        response = await self._fn(**{name: given[name] for name in self._arguments & given.keys()})
        await response(scope, receive, send)


class Api(AsyncApi):
    """Connexion's router, which calls `Operation` in place of Connexion's own class."""

    def make_operation(self, operation: Any) -> Operation:
        """The operation that the router calls."""
        made: Operation = Operation.from_operation(
            operation, pythonic_params=self.pythonic_params, jsonifier=self.jsonifier
        )
        return made


def create_app(operation_ids: Collection[str]) -> ASGIApp:
    """An ASGI application that serves these operations of the contract and answers other requests with 404 or 405."""
    served, routes = slice_of(operation_ids), Routes(contract(), operation_ids)
    app = AsyncApp(
        "handlers",
        # The guard replaces Connexion's routing and security. Connexion's other middlewares are left out: they serve
        # pages that this API does not have, and validate answers, which the tests do.
        middlewares=[ExceptionMiddleware, partial(Guard, routes=routes), Validation, ContextMiddleware],
        resolver=ByTag(),
        pythonic_params=True,
        validator_map=validator_map(
            {
                operation["operationId"]: OperationChecks(operation)
                for item in served["paths"].values()
                for method, operation in item.items()
                if method in METHODS
            }
        ),
    )
    app._middleware_app.api_cls = Api
    app.add_error_handler(Exception, _answer)
    app.add_error_handler(problems.Problem, _answer)
    app.add_api(served)
    stack: ASGIApp = app.middleware._build_middleware_stack()[0]
    return CommonHeadersMiddleware(stack)


async def _answer(request: ConnexionRequest, error: Exception) -> ConnexionResponse:
    """The error handler that Connexion calls for every exception."""
    problem = problems.problem_of(error)
    return ConnexionResponse(
        status_code=problem.kind.status,
        mimetype=problems.MEDIA_TYPE,
        body=problem.body(request.context["request_id"]),
        headers=dict(problem.headers),
    )


class CommonHeadersMiddleware:
    """The outermost ASGI middleware. It adds the headers that every answer carries."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and add the headers to its answer."""

        async def stamped(message: Message) -> None:
            if message["type"] == "http.response.start":
                context = scope["extensions"]["connexion_context"]
                added = {
                    **context.get("announcement", {}),
                    "x-request-id": context["request_id"],
                    "x-content-type-options": "nosniff",
                }
                if all(name != b"cache-control" for name, _ in message["headers"]):
                    added["cache-control"] = "no-store"
                stamps = [(name.encode(), value.encode("latin-1")) for name, value in added.items()]
                message = {**message, "headers": [*message["headers"], *stamps]}  # a copy: the answer may be kept
            await send(message)

        await self.app(scope, receive, stamped)
