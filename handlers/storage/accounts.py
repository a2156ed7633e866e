"""Accounts, kept by Cognito: what is done for a user whose token was verified.

These are the pool's administrator's calls, by the pool's own name of the user. They do nothing when the user is gone.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from handlers.storage.clients import cognito_admin
from handlers.storage.errors import AccountErased, UserGone
from handlers.storage.user_pool_errors import meanings

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp.type_defs import AdminGetUserResponseTypeDef


@dataclass(frozen=True, slots=True)
class Account:
    """A verified user, and what the pool calls it.

    Both are equal for users who signed up here. A user who came through Google and signs up again after deleting the
    account has the same username and another user_id.
    """

    user_id: str
    username: str

    @property
    def is_of_google(self) -> bool:
        """Whether the user came through Google, and so has no password here."""
        return self.username != self.user_id


@dataclass(frozen=True, slots=True)
class Profile:
    """What the pool knows of a user."""

    email: str
    created_at: datetime
    is_of_google: bool


def sign_out_everywhere(account: Account) -> None:
    """End all sessions of the user: no refresh token works any more. Raises Unavailable, Throttled."""
    with suppress(UserGone), meanings():
        _check_is_the_same(account)
        cognito_admin().admin_user_global_sign_out(UserPoolId=_pool_id(), Username=account.username)


def end_sessions_of(username: str) -> None:
    """End all sessions of the user whom the pool knows by this name. Raises Unavailable, Throttled."""
    with suppress(UserGone), meanings():
        cognito_admin().admin_user_global_sign_out(UserPoolId=_pool_id(), Username=username)


def disable(account: Account) -> None:
    """Let the user log in no more. Raises Unavailable, Throttled."""
    with suppress(UserGone), meanings():
        _check_is_the_same(account)
        cognito_admin().admin_disable_user(UserPoolId=_pool_id(), Username=account.username)


def delete(account: Account) -> None:
    """Delete the user; the address may sign up anew. Raises Unavailable, Throttled."""
    with suppress(UserGone), meanings():
        _check_is_the_same(account)
        cognito_admin().admin_delete_user(UserPoolId=_pool_id(), Username=account.username)


def profile(account: Account) -> Profile:
    """What the pool knows of the user. Raises AccountErased when the user is gone; Unavailable, Throttled."""
    try:
        with meanings():
            user = _user(account)
    except UserGone:
        raise AccountErased(account.user_id) from None
    attributes = _attributes(user)
    return Profile(
        email=attributes.get("email", ""),
        created_at=user["UserCreateDate"].astimezone(UTC),
        is_of_google=account.is_of_google,
    )


def _check_is_the_same(account: Account) -> None:
    if account.username != account.user_id:
        _user(account)


def _user(account: Account) -> AdminGetUserResponseTypeDef:
    user = cognito_admin().admin_get_user(UserPoolId=_pool_id(), Username=account.username)
    if _attributes(user).get("sub") != account.user_id:
        raise UserGone
    return user


def _attributes(user: AdminGetUserResponseTypeDef) -> dict[str, str]:
    return {attribute["Name"]: attribute.get("Value", "") for attribute in user["UserAttributes"]}


def _pool_id() -> str:
    return os.environ["USER_POOL_ID"]
