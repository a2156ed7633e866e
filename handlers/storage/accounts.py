"""Accounts, kept by Cognito. Nothing here tells an address that has an account from one that has none.

All calls are public ones of the pool's client: they are not signed, and no role has to allow them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from handlers.storage.errors import (
    CodeRejected,
    CredentialsRejected,
    NotConfirmed,
    PasswordRejected,
    SessionRejected,
    StorageError,
    Throttled,
)

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient
    from mypy_boto3_cognito_idp.type_defs import AuthenticationResultTypeTypeDef

# The pool's policy in words: Cognito names one broken rule at a time, a person wants to hear of all of them.
_PASSWORD_RULES = {
    r".{12}": "has fewer than 12 characters",
    r"[a-z]": "has no lower-case letter",
    r"[A-Z]": "has no upper-case letter",
    r"[0-9]": "has no digit",
    r"[\^$*.\[\]{}()?\"!@#%&/\\,><':;|_~`=+-]": "has no symbol",
}
_THROTTLED = {"TooManyRequestsException", "LimitExceededException", "TooManyFailedAttemptsException"}
_CODE = {"CodeMismatchException", "ExpiredCodeException", "NotAuthorizedException", "UserNotFoundException"}
_SESSION = {
    "InvalidParameterException",
    "NotAuthorizedException",
    "RefreshTokenReuseException",
    "UserNotFoundException",
}


@dataclass(frozen=True, slots=True)
class Session:
    """A user's tokens; expires_in in seconds, of the access and the identity token."""

    access_token: str
    id_token: str
    refresh_token: str
    expires_in: int


@cache
def cognito() -> CognitoIdentityProviderClient:
    """The client for the pool's public operations."""
    config = Config(
        signature_version=UNSIGNED,
        retries={"mode": "standard", "total_max_attempts": 2},
        connect_timeout=1,
        read_timeout=5,
    )
    return boto3.client("cognito-idp", config=config)


def sign_up(email: str, password: str) -> None:
    """Ask for an account; a code is mailed. Does the same for an address that has one, but for the mail.

    Raises PasswordRejected, Throttled.
    """
    if broken := [words for rule, words in _PASSWORD_RULES.items() if not re.search(rule, password)]:
        raise PasswordRejected(broken)
    refused = {"InvalidPasswordException": PasswordRejected(["is not accepted"])}
    with _refusals(refused, ignored={"UsernameExistsException"}):
        cognito().sign_up(ClientId=_client_id(), Username=_username(email), Password=password)


def confirm_sign_up(email: str, code: str) -> None:
    """Confirm an address with the code that was mailed to it. Raises CodeRejected, Throttled."""
    with _refusals(dict.fromkeys(_CODE, CodeRejected())):
        cognito().confirm_sign_up(ClientId=_client_id(), Username=_username(email), ConfirmationCode=code)


def log_in(email: str, password: str) -> Session:
    """A new session. Raises CredentialsRejected, NotConfirmed, Throttled."""
    refused = {
        "NotAuthorizedException": CredentialsRejected(),
        "UserNotFoundException": CredentialsRejected(),
        "PasswordResetRequiredException": CredentialsRejected(),
        "UserNotConfirmedException": NotConfirmed(),
    }
    with _refusals(refused):
        answer = cognito().initiate_auth(
            ClientId=_client_id(),
            AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": _username(email), "PASSWORD": password},
        )
    if "AuthenticationResult" not in answer:  # a challenge that this API does not offer, for instance a forced change
        raise CredentialsRejected
    return _session(answer["AuthenticationResult"])


def refresh(refresh_token: str) -> Session:
    """New tokens for a session; where the pool rotates refresh tokens, a new one of these too.

    Raises SessionRejected, Throttled.
    """
    with _refusals(dict.fromkeys(_SESSION, SessionRejected())):
        answer = cognito().get_tokens_from_refresh_token(ClientId=_client_id(), RefreshToken=refresh_token)
    return _session({"RefreshToken": refresh_token, **answer["AuthenticationResult"]})


def _session(tokens: AuthenticationResultTypeTypeDef) -> Session:
    return Session(tokens["AccessToken"], tokens["IdToken"], tokens["RefreshToken"], tokens["ExpiresIn"])


def _client_id() -> str:
    return os.environ["USER_POOL_CLIENT_ID"]


def _username(email: str) -> str:
    # The pool takes names without regard to case; writing them one way makes that true wherever it runs.
    return email.lower()


@contextmanager
def _refusals(refused: Mapping[str, StorageError], *, ignored: Collection[str] = ()) -> Iterator[None]:
    """Turn Cognito's errors into what they mean here."""
    try:
        yield
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in ignored:
            return
        if code in _THROTTLED or (code == "NotAuthorizedException" and "attempts exceeded" in str(error)):
            raise Throttled from None
        if code in refused:
            raise refused[code] from None
        raise
