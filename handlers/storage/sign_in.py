"""Sign-up, log-in and forgotten passwords, by Cognito. Nothing here tells whether an address has an account.

These are public calls of the pool's client, which are not signed, so no role has to allow them. The exceptions
are AdminSetUserPassword, which sets a password once Cognito has taken the code or the present one, and
AdminUserGlobalSignOut.
"""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, cast

from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from handlers.log import logger
from handlers.storage import guard_proof, mail, mail_allowance
from handlers.storage.accounts import Account
from handlers.storage.clients import cognito_admin, new_client
from handlers.storage.errors import (
    CodeRejected,
    CredentialsRejected,
    CurrentPasswordWrong,
    SessionRejected,
    StorageError,
    Throttled,
    Unavailable,
    UserGone,
)
from handlers.storage.queues import sign_out_queue
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
    return _public_client(attempts=2)


@cache
def cognito_once() -> CognitoIdentityProviderClient:
    """A client for the same operations that never repeats a call."""
    return _public_client(attempts=1)


def _public_client(attempts: int) -> CognitoIdentityProviderClient:
    config = Config(
        signature_version=UNSIGNED,
        retries={"mode": "standard", "total_max_attempts": attempts},
        connect_timeout=1,
        read_timeout=5,
    )
    return cast("CognitoIdentityProviderClient", new_client("cognito-idp", config))


def sign_up(email: str) -> None:
    """Ask for an account: a code is mailed, which lets whoever reads it set the password.

    Until then the password is one that nobody knows, so that nobody but the mailbox's owner ever sets one: Cognito
    takes no other sign-up (handlers/entry/triggers.py). For an address that waits for its confirmation another code is
    mailed, for one that has an account nothing happens.
    Raises AddressRejected, Unavailable, Throttled.
    """
    mail_allowance.take_one()
    try:
        with meanings():
            cognito().sign_up(
                ClientId=_client_id(),
                Username=_username(email),
                Password=_unknown_password(),
                ValidationData=[{"Name": guard_proof.NAME, "Value": guard_proof.of_sign_up(email)}],
            )
    except AddressKnown:
        # Only a known address is asked for a second time: that this call met a limit would tell so.
        with suppress(Throttled):
            _resend_code(email)


def confirm_sign_up(email: str, code: str, password: str) -> None:
    """Confirm an address with the code that was mailed to it, and set its first password.

    Cognito takes a code once, and none for an account that is confirmed: what a code does not confirm, it sets no
    password for. Where the process ends between the calls, the account is confirmed and its owner does not know the
    password: `forgot_password` mails another code. At last the sessions are ended, although none can have begun.
    Raises CodeRejected, PasswordRejected, Unavailable, Throttled.
    """
    with meanings():
        cognito().confirm_sign_up(ClientId=_client_id(), Username=_username(email), ConfirmationCode=code)
    _set_password(_username(email), password)
    end_sessions(_username(email))


def resend_code(email: str) -> None:
    """Mail the code of a sign-up again, if the address waits for one. Raises Unavailable, Throttled."""
    mail_allowance.take_one()
    _resend_code(email)


def _resend_code(email: str) -> None:
    with meanings():
        cognito().resend_confirmation_code(ClientId=_client_id(), Username=_username(email))


def forgot_password(email: str) -> None:
    """Mail a code that allows a new password, if the address has an account. Raises Unavailable, Throttled."""
    mail_allowance.take_one()
    with meanings():
        cognito().forgot_password(ClientId=_client_id(), Username=_username(email))


def reset_password(email: str, code: str, password: str) -> None:
    """Set a new password with the mailed code, and end every session.

    The code first sets a password that nobody knows; the given one follows when the sessions are ended. So wherever the
    process ends, and also where Cognito took the code and its answer was lost, the reset is either whole, or the new
    password does not work and its owner asks for another code: never is it set while old sessions go on unnoticed.
    Raises CodeRejected, PasswordRejected, Unavailable, Throttled.
    """
    with meanings():
        cognito().confirm_forgot_password(
            ClientId=_client_id(),
            Username=_username(email),
            ConfirmationCode=code,
            Password=_unknown_password(),
        )
    end_sessions(_username(email))
    _set_password(_username(email), password)


def end_sessions(username: str) -> None:
    """End all sessions of the user, by any name that the pool knows; where that fails, have the queue do it.

    The code that allowed it is spent by then, so nobody could ask for it again. Raises Unavailable where the queue
    fails too.
    """
    try:
        with suppress(UserGone), meanings():
            cognito_admin().admin_user_global_sign_out(UserPoolId=_pool_id(), Username=username)
    except (StorageError, ClientError) as error:
        logger.warning("the queue is to end the sessions", exc_info=error)
        sign_out_queue().send({"username": username})


def _set_password(username: str, password: str, gone: type[StorageError] = CodeRejected) -> None:
    try:
        with meanings():
            cognito_admin().admin_set_user_password(
                UserPoolId=_pool_id(), Username=username, Password=password, Permanent=True
            )
    except UserGone:
        raise gone from None


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


def log_out(refresh_token: str) -> None:
    """End the session of a refresh token, if it is one. Raises Unavailable, Throttled."""
    with meanings():
        cognito().revoke_token(ClientId=_client_id(), Token=refresh_token)


def change_password(account: Account, access_token: str, current: str, new: str) -> None:
    """Set a new password for who knows the present one, and end every session.

    As in `reset_password`, the first call sets a password that nobody knows, and the given one follows when the
    sessions are ended: a process that ends in between leaves no old session beside a password that works. The first
    call is the user's own: Cognito compares the present password, limits guesses, and sees whether the session goes on.
    It is made once, as a second one would compare with the password that the first has set; where its answer is lost, a
    log-in with that password tells whether it was set.
    Raises CurrentPasswordWrong, PasswordRejected, SessionRejected, Unavailable, Throttled.
    """
    unknown = _unknown_password()
    try:
        with meanings():
            cognito_once().change_password(AccessToken=access_token, PreviousPassword=current, ProposedPassword=unknown)
    except Unavailable as lost:
        try:
            log_in(account.username, unknown)
        except CredentialsRejected:
            raise lost from None
        finally:
            end_sessions(account.username)
    else:
        end_sessions(account.username)
    _set_password(account.username, new, gone=SessionRejected)


def change_email(account: Account, access_token: str, email: str, password: str) -> None:
    """Mail a code to a new address of the user's, who proves to know the password; nobody's session alone is enough.

    The present address is told, if there is a sender, whether or not somebody else has the new one.
    Raises CurrentPasswordWrong, AddressRejected, SessionRejected, Unavailable, Throttled.
    """
    present = _address_to_tell(access_token)
    try:
        proof = log_in(account.username, password)
    except CredentialsRejected:
        raise CurrentPasswordWrong from None
    log_out(proof.refresh_token)
    mail_allowance.take_one()
    with meanings():
        cognito().update_user_attributes(
            AccessToken=access_token,
            UserAttributes=[{"Name": "email", "Value": _username(email)}],
            ClientMetadata={guard_proof.NAME: guard_proof.of_address_change(account.user_id)},
        )
    if present:
        mail.tell(present, *_ASKED)


def confirm_change_email(access_token: str, code: str) -> None:
    """Make the address the user's to which the code was mailed, and tell the one before, if there is a sender.

    Raises CodeRejected, SessionRejected, Unavailable, Throttled.
    """
    before = _address_to_tell(access_token)
    with meanings():
        cognito().verify_user_attribute(AccessToken=access_token, AttributeName="email", Code=code)
    if before:
        mail.tell(before, *_CHANGED)


# Subject and text of the mails to the old address. They hold neither the code nor the new address: the requester
# chooses that one, and could send words to the old address by it.
_ASKED = (
    "Somebody asks to change your e-mail address",
    """Somebody who knows your password asked to move your trading journal to another e-mail address. Nothing has
changed yet: a code was mailed to the new address, and until it is given, this address goes on working.

If that was you, there is nothing to do here. If it was not, change your password now, or ask for a password
reset: both end every session, and the code is of no use without one.
""",
)
_CHANGED = (
    "Your e-mail address was changed",
    """Your trading journal has another e-mail address now: the code that was mailed there was given. This address
logs in no more.

If that was not you, somebody knows your password. Write to whoever runs the journal at once.
""",
)


def _address_to_tell(access_token: str) -> str:
    """The user's present address; an empty text if there is no sender that could write to it."""
    if not mail.is_set_up():
        return ""
    with meanings():
        user = cognito().get_user(AccessToken=access_token)
    return next((it.get("Value", "") for it in user["UserAttributes"] if it["Name"] == "email"), "")


def _session(tokens: AuthenticationResultTypeTypeDef) -> Session:
    return Session(tokens["AccessToken"], tokens["IdToken"], tokens["RefreshToken"], tokens["ExpiresIn"])


def _unknown_password() -> str:
    """A password that follows the pool's policy and that nobody ever sees."""
    return "aA1!" + secrets.token_urlsafe(48)


def _pool_id() -> str:
    return os.environ["USER_POOL_ID"]


def _client_id() -> str:
    return os.environ["USER_POOL_CLIENT_ID"]


def _username(email: str) -> str:
    # The pool takes names without regard to case; writing them one way makes that true wherever it runs.
    return email.lower()
