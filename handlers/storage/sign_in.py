"""Sign-up, log-in and forgotten passwords, by Cognito. Nothing here tells whether an address has an account.

These are public calls of the pool's client, which are not signed, so no role has to allow them. The exception is
AdminSetUserPassword: it sets the password once Cognito has taken the code.
"""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, cast

from botocore import UNSIGNED
from botocore.config import Config

from handlers.storage.clients import cognito_admin, new_client
from handlers.storage.errors import CodeRejected, CredentialsRejected, UserGone
from handlers.storage.user_pool_errors import AddressKnown, meanings

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient
    from mypy_boto3_cognito_idp.type_defs import AuthenticationResultTypeTypeDef


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
    return cast("CognitoIdentityProviderClient", new_client("cognito-idp", config))


def sign_up(email: str) -> None:
    """Ask for an account: a code is mailed, which lets whoever reads it set the password.

    Until then the password is one that nobody knows, so that nobody but the mailbox's owner ever sets one. For an
    address that waits for its confirmation another code is mailed, for one that has an account nothing happens.
    Raises AddressRejected, Unavailable, Throttled.
    """
    try:
        with meanings():
            cognito().sign_up(ClientId=_client_id(), Username=_username(email), Password=_unknown_password())
    except AddressKnown:
        resend_code(email)


def confirm_sign_up(email: str, code: str, password: str) -> None:
    """Confirm an address with the code that was mailed to it, and set its first password.

    Cognito takes a code once, and none for an account that is confirmed: what a code does not confirm, it sets no
    password for. Where the process ends between the two calls, the account is confirmed and nobody knows its password:
    `forgot_password` mails its owner another code.
    Raises CodeRejected, PasswordRejected, Unavailable, Throttled.
    """
    with meanings():
        cognito().confirm_sign_up(ClientId=_client_id(), Username=_username(email), ConfirmationCode=code)
    try:
        with meanings():
            cognito_admin().admin_set_user_password(
                UserPoolId=os.environ["USER_POOL_ID"], Username=_username(email), Password=password, Permanent=True
            )
    except UserGone:
        raise CodeRejected from None


def resend_code(email: str) -> None:
    """Mail the code of a sign-up again, if the address waits for one. Raises Unavailable, Throttled."""
    with meanings():
        cognito().resend_confirmation_code(ClientId=_client_id(), Username=_username(email))


def forgot_password(email: str) -> None:
    """Mail a code that allows a new password, if the address has an account. Raises Unavailable, Throttled."""
    with meanings():
        cognito().forgot_password(ClientId=_client_id(), Username=_username(email))


def reset_password(email: str, code: str, password: str) -> None:
    """Set a new password with the mailed code. Raises CodeRejected, PasswordRejected, Unavailable, Throttled."""
    with meanings():
        cognito().confirm_forgot_password(
            ClientId=_client_id(), Username=_username(email), ConfirmationCode=code, Password=password
        )


def log_in(email: str, password: str) -> Session:
    """A new session. Raises CredentialsRejected, Unavailable, Throttled."""
    with meanings():
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

    Raises SessionRejected, Unavailable, Throttled.
    """
    with meanings():
        answer = cognito().get_tokens_from_refresh_token(ClientId=_client_id(), RefreshToken=refresh_token)
    return _session({"RefreshToken": refresh_token, **answer["AuthenticationResult"]})


def _session(tokens: AuthenticationResultTypeTypeDef) -> Session:
    return Session(tokens["AccessToken"], tokens["IdToken"], tokens["RefreshToken"], tokens["ExpiresIn"])


def _unknown_password() -> str:
    """A password that follows the pool's policy and that nobody ever sees."""
    return "aA1!" + secrets.token_urlsafe(48)


def _client_id() -> str:
    return os.environ["USER_POOL_CLIENT_ID"]


def _username(email: str) -> str:
    # The pool takes names without regard to case; writing them one way makes that true wherever it runs.
    return email.lower()
