"""The entry point of GuardPool, which Cognito calls before it creates a user and before it mails a code."""

from __future__ import annotations

from typing import Any

from handlers.entry import runtime
from handlers.log import logger
from handlers.storage import guard_proof
from handlers.storage.errors import Unavailable

Event = dict[str, Any]

# Cognito passes these texts on to its caller.
NOT_FROM_HERE, NOT_NOW = "ask the API for it", "not now"


class Refused(Exception):
    """Raised to make Cognito refuse the call. A trigger has no other way to refuse."""


def guard_pool(event: Event, _: Any) -> Event:
    """Refuse sign-ups and changes of an address that do not come from this API.

    Users who sign in with Google, users whom the operator creates, and all other mails pass. A change of an address is
    refused before its code is mailed, and so is a request for another code, which this API never makes. Raises Refused.
    """
    try:
        is_ours = _is_ours(event["triggerSource"], event["request"])
    except Unavailable as error:
        logger.warning("a call of the pool cannot be judged", exc_info=error)
        raise Refused(NOT_NOW) from None
    if not is_ours:
        logger.info("a call past the API was refused", trigger=event["triggerSource"])
        raise Refused(NOT_FROM_HERE)
    return event


def _is_ours(source: str, request: Event) -> bool:
    attributes = request["userAttributes"]
    if source == "PreSignUp_SignUp":
        return guard_proof.is_equal(_given(request, "validationData"), guard_proof.of_sign_up(attributes["email"]))
    if source == "CustomMessage_UpdateUserAttribute":
        return guard_proof.is_equal(_given(request, "clientMetadata"), guard_proof.of_address_change(attributes["sub"]))
    return source != "CustomMessage_VerifyUserAttribute"


def _given(request: Event, name: str) -> str:
    return str((request.get(name) or {}).get(guard_proof.NAME, ""))


runtime.ready()
