"""Imports Connexion without the libraries that the functions never use. Import Connexion from this module only.

The unused libraries take more than half of the time of `import connexion` (benchmarks/README.md): its test client, its
HTTP client for security calls, its readers of YAML, templates, addresses and forms, its event loops, and werkzeug's
server and requests. The functions serve JSON requests, one at a time, from a contract that is already a dict, so
Connexion binds these imports to names and never calls them.
"""

from __future__ import annotations

import inspect
import sys
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType, SimpleNamespace
from typing import Any

UNUSED = (
    "anyio",
    "anyio.abc",
    "anyio.to_thread",
    "asgiref.sync",
    "asyncio",
    "httpx",
    "jinja2",
    "python_multipart",
    "python_multipart.exceptions",
    "python_multipart.multipart",
    "requests",
    "starlette.testclient",
    "werkzeug.serving",
    "werkzeug.test",
    "werkzeug.wrappers",
    "werkzeug.wsgi",
    "yaml",
)

# Loaded when a request has a fault, by slow_validator.py. Connexion's own validators, which need it, are replaced.
LATER = ("jsonschema", "jsonschema.exceptions", "jsonschema.validators")

# Attributes of the stub modules that Connexion uses while it is imported.
USED: dict[str, dict[str, Any]] = {
    "asyncio": {"iscoroutine": inspect.iscoroutine, "iscoroutinefunction": inspect.iscoroutinefunction},
    "jsonschema": {
        "Draft4Validator": SimpleNamespace(VALIDATORS=defaultdict(lambda: None), FORMAT_CHECKER=None),
    },
    "jsonschema.validators": {"extend": lambda _validator, rules: rules},
}


class Unloaded(ModuleType):
    """A stub module: each attribute is a class that serves as a base, in `except` and in annotations.

    To instantiate such a class raises ImportError.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name)
        vars(self).update(USED.get(name, {}))

    def __getattr__(self, name: str) -> type:
        if name.startswith("__"):
            raise AttributeError(name)

        def refuse(_: type, *_args: object, **_kwargs: object) -> object:
            raise ImportError(f"{self.__name__}.{name} is not loaded; see {__name__}")

        return type(name, (), {"__new__": refuse, "__module__": self.__name__})


@contextmanager
def without(*names: str) -> Iterator[None]:
    """Put a stub in place of each of these modules while the block imports, unless the module is loaded already."""
    stand_ins = {name: Unloaded(name) for name in names if name not in sys.modules}
    sys.modules.update(stand_ins)
    try:
        yield
    finally:
        for name in stand_ins:
            del sys.modules[name]


with without(*UNUSED, *LATER):
    import connexion.spec
    from connexion import AsyncApp, request
    from connexion.apps.asynchronous import AsyncApi, AsyncOperation
    from connexion.decorators.parameter import pythonic
    from connexion.lifecycle import ConnexionRequest, ConnexionResponse
    from connexion.middleware.context import ContextMiddleware
    from connexion.middleware.exceptions import ExceptionMiddleware
    from connexion.middleware.request_validation import (
        RequestValidationAPI,
        RequestValidationMiddleware,
        RequestValidationOperation,
    )
    from connexion.resolver import Resolution, Resolver
    from connexion.spec import OpenAPISpecification
    from connexion.validators import AbstractRequestBodyValidator, ParameterValidator

# Connexion would validate the contract against OpenAPI's schema at each start, which takes longer than the rest of the
# start. `make lint` validates it instead.
OpenAPISpecification._validate_spec = lambda _self, _spec: None
# The contract that Connexion is given has no references (handlers/web/contract.py).
connexion.spec.resolve_refs = lambda spec, **_: spec

__all__ = [
    "AbstractRequestBodyValidator",
    "AsyncApi",
    "AsyncApp",
    "AsyncOperation",
    "ConnexionRequest",
    "ConnexionResponse",
    "ContextMiddleware",
    "ExceptionMiddleware",
    "ParameterValidator",
    "RequestValidationAPI",
    "RequestValidationMiddleware",
    "RequestValidationOperation",
    "Resolution",
    "Resolver",
    "pythonic",
    "request",
]
