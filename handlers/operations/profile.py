"""The operations on the user's own profile: parse, call the accounts' storage, reply."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from generated import models
from handlers.documents.fields import time_text
from handlers.storage import accounts, sign_in
from handlers.storage.accounts import Account
from handlers.storage.errors import CurrentPasswordWrong, PasswordRejected
from handlers.web import credentials
from handlers.web.even_timing import every_answer_takes_as_long, every_refusal_takes_as_long
from handlers.web.problems import STATE_FORBIDS, Problem
from handlers.web.responses import reply


async def get_profile(user: str, username: str) -> Response:
    """Show the user's address and ways to sign in."""
    profile = accounts.profile(Account(user, username))
    return reply(
        200,
        {
            "email": profile.email,
            "createdAt": time_text(profile.created_at),
            "signInMethods": ["GOOGLE" if profile.is_of_google else "PASSWORD"],
        },
    )


async def change_password(user: str, username: str, access_token: str, document: Any) -> Response:
    """Set a new password, which needs the present one, and end all sessions."""
    given = models.ChangePasswordInput.model_validate(document)
    account = _with_password(user, username)
    [new] = credentials.checked(credentials.new_password(given.new_password.get_secret_value(), "/newPassword"))
    try:
        sign_in.change_password(account, access_token, given.current_password.get_secret_value(), new)
    except CurrentPasswordWrong:
        raise CurrentPasswordWrong("/currentPassword") from None
    except PasswordRejected:
        raise PasswordRejected("/newPassword") from None
    return reply(204)


@every_answer_takes_as_long
async def change_email(user: str, username: str, access_token: str, document: Any) -> Response:
    """Mail a code to the user's new address, which needs the present password."""
    given = models.ChangeEmailInput.model_validate(document)
    account = _with_password(user, username)
    [email] = credentials.checked(credentials.email_address(given.email))
    sign_in.change_email(account, access_token, email, given.password.get_secret_value())
    return reply(204)


@every_refusal_takes_as_long
async def confirm_change_email(user: str, username: str, access_token: str, document: Any) -> Response:
    """Change the user's address to the one to which the code was mailed."""
    given = models.ConfirmChangeEmailInput.model_validate(document)
    _with_password(user, username)
    [code] = credentials.checked(credentials.code(given.code))
    sign_in.confirm_change_email(access_token, code)
    return reply(204)


async def log_out(document: Any) -> Response:
    """End one session."""
    given = models.LogOutInput.model_validate(document)
    sign_in.log_out(given.refresh_token)
    return reply(204)


def _with_password(user: str, username: str) -> Account:
    account = Account(user, username)
    if account.is_of_google:
        raise Problem(STATE_FORBIDS, "You sign in with Google: address and password are changed there.")
    return account
