"""What Cognito calls before it makes a user."""

from __future__ import annotations

from typing import Any

from handlers.entry import runtime
from handlers.log import logger
from handlers.storage import sign_up_proof
from handlers.storage.errors import Unavailable

Event = dict[str, Any]

# Cognito shows these texts to whoever called it.
NOT_FROM_HERE = "sign up through the API"


class SignUpRefused(Exception):
    """Raised so that Cognito makes no user: it knows no other way to say so."""


def guard_sign_up(event: Event, _: Any) -> Event:
    """Refuse a sign-up that does not come from this API: its password could be one that somebody knows.

    Users who come through Google and those whom the operator makes pass. Raises SignUpRefused.
    """
    if event["triggerSource"] == "PreSignUp_SignUp":
        request = event["request"]
        proof = (request.get("validationData") or {}).get(sign_up_proof.NAME, "")
        try:
            is_ours = sign_up_proof.proves(proof, request["userAttributes"]["email"])
        except Unavailable as error:
            logger.warning("a sign-up cannot be judged", exc_info=error)
            raise SignUpRefused(sign_up_proof.NOT_NOW) from None
        if not is_ours:
            logger.info("a sign-up past the API was refused", client=event["callerContext"]["clientId"])
            raise SignUpRefused(NOT_FROM_HERE)
    return event


runtime.ready()
