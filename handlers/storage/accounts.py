"""Accounts, kept by Cognito. Nothing here tells an address that has an account from one that has none.

What somebody does without being logged in are public calls of the pool's client: they are not signed, and no role has
to allow them. What is done for a user whose token was verified are the pool's administrator's calls, by the pool's own
name of the user; they do nothing when the user is gone.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, cast

from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from handlers.log import logger
from handlers.storage.clients import cognito_admin, new_client
from handlers.storage.errors import (
    AccountErased,
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
    from mypy_boto3_cognito_idp.type_defs import AdminGetUserResponseTypeDef, AuthenticationResultTypeTypeDef

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
# What Cognito says instead of mailing a code: of an address that has no account, is confirmed already, is not confirmed
# yet, belongs to a disabled account, takes no mail. Whoever asks hears none of it.
_NO_CODE = {
    "CodeDeliveryFailureException",
    "InvalidParameterException",
    "NotAuthorizedException",
    "UserNotConfirmedException",
    "UserNotFoundException",
}
_GONE = {"UserNotFoundException"}
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


@dataclass(frozen=True, slots=True)
class Account:
    """A verified user, and what the pool calls it.

    That is the same for those who signed up here. Who came through Google keeps the pool's name in a later account,
    whose user is another one.
    """

    user_id: str
    username: str


@dataclass(frozen=True, slots=True)
class Profile:
    """What the pool knows of a user."""

    email: str
    created_at: datetime


@cache
def cognito() -> CognitoIdentityProviderClient:
    """The client for the pool's public operations."""
    config = Config(
        signature_version=UNSIGNED,
        retries={"mode": "standard", "total_max_attempts": 2},
        connect_timeout=1,
        read_timeout=5,
    )
    return cast("CognitoIdentityProviderClient", new_client("cognito-idp", config))


def sign_up(email: str, password: str) -> None:
    """Ask for an account; a code is mailed. Does the same for an address that has one, but for the mail.

    Raises PasswordRejected, Throttled.
    """
    _check_password(password)
    refused = {"InvalidPasswordException": PasswordRejected(["is not accepted"])}
    # Where the mail could not be sent, the account waits for its code all the same: it can be mailed again.
    with _refusals(refused, ignored={"UsernameExistsException", "CodeDeliveryFailureException"}):
        cognito().sign_up(ClientId=_client_id(), Username=_username(email), Password=password)


def confirm_sign_up(email: str, code: str) -> None:
    """Confirm an address with the code that was mailed to it. Raises CodeRejected, Throttled."""
    with _refusals(dict.fromkeys(_CODE, CodeRejected())):
        cognito().confirm_sign_up(ClientId=_client_id(), Username=_username(email), ConfirmationCode=code)


def resend_code(email: str) -> None:
    """Mail the code of a sign-up again, if the address waits for one. Raises Throttled."""
    with _refusals({}, ignored=_NO_CODE):
        cognito().resend_confirmation_code(ClientId=_client_id(), Username=_username(email))


def forgot_password(email: str) -> None:
    """Mail a code that allows a new password, if the address has an account. Raises Throttled."""
    with _refusals({}, ignored=_NO_CODE):
        cognito().forgot_password(ClientId=_client_id(), Username=_username(email))


def reset_password(email: str, code: str, password: str) -> None:
    """Set a new password with the code that was mailed. Raises PasswordRejected, CodeRejected, Throttled."""
    _check_password(password)
    refused: dict[str, StorageError] = {
        **dict.fromkeys(_CODE | _NO_CODE, CodeRejected()),
        # These come with the right code only.
        "InvalidPasswordException": PasswordRejected(["is not accepted"]),
        "PasswordHistoryPolicyViolationException": PasswordRejected(["was used before"]),
    }
    with _refusals(refused):
        cognito().confirm_forgot_password(
            ClientId=_client_id(), Username=_username(email), ConfirmationCode=code, Password=password
        )


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


def sign_out_everywhere(account: Account) -> None:
    """End all sessions of the user: no refresh token works any more. Raises Throttled."""
    with _refusals({}, ignored=_GONE):
        _check_is_the_same(account)
        cognito_admin().admin_user_global_sign_out(UserPoolId=_pool_id(), Username=account.username)


def disable(account: Account) -> None:
    """Let the user log in no more. Raises Throttled."""
    with _refusals({}, ignored=_GONE):
        _check_is_the_same(account)
        cognito_admin().admin_disable_user(UserPoolId=_pool_id(), Username=account.username)


def delete(account: Account) -> None:
    """Delete the user; the address may sign up anew. Raises Throttled."""
    with _refusals({}, ignored=_GONE):
        _check_is_the_same(account)
        cognito_admin().admin_delete_user(UserPoolId=_pool_id(), Username=account.username)


def profile(account: Account) -> Profile:
    """What the pool knows of the user. Raises AccountErased when there is no such user any more; Throttled."""
    with _refusals(dict.fromkeys(_GONE, AccountErased(account.user_id))):
        user = _user(account)
    attributes = _attributes(user)
    return Profile(email=attributes.get("email", ""), created_at=user["UserCreateDate"].astimezone(UTC))


def _check_is_the_same(account: Account) -> None:
    if account.username != account.user_id:
        _user(account)


def _user(account: Account) -> AdminGetUserResponseTypeDef:
    user = cognito_admin().admin_get_user(UserPoolId=_pool_id(), Username=account.username)
    if _attributes(user).get("sub") != account.user_id:
        raise cognito_admin().exceptions.UserNotFoundException(
            {"Error": {"Code": "UserNotFoundException", "Message": "the name is another user's now"}}, "AdminGetUser"
        )
    return user


def _attributes(user: AdminGetUserResponseTypeDef) -> dict[str, str]:
    return {attribute["Name"]: attribute.get("Value", "") for attribute in user["UserAttributes"]}


def _check_password(password: str) -> None:
    if broken := [words for rule, words in _PASSWORD_RULES.items() if not re.search(rule, password)]:
        raise PasswordRejected(broken)


def _session(tokens: AuthenticationResultTypeTypeDef) -> Session:
    return Session(tokens["AccessToken"], tokens["IdToken"], tokens["RefreshToken"], tokens["ExpiresIn"])


def _client_id() -> str:
    return os.environ["USER_POOL_CLIENT_ID"]


def _pool_id() -> str:
    return os.environ["USER_POOL_ID"]


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
            # For whoever wonders why no mail came: the request's id leads here, and no address is told.
            logger.info("no effect in the user pool", code=code)
            return
        if code in _THROTTLED or (code == "NotAuthorizedException" and "attempts exceeded" in str(error)):
            raise Throttled from None
        if code in refused:
            raise refused[code] from None
        raise
