"""The operations from sign-up to tokens: parse, ask the accounts, reply."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from generated import models
from handlers.storage import accounts
from handlers.storage.accounts import Session
from handlers.web.replies import reply


async def sign_up(document: Any) -> Response:
    """signUp."""
    given = models.SignUpInput.model_validate(document)
    accounts.sign_up(given.email, given.password.get_secret_value())
    return reply(201, {"status": "CONFIRMATION_REQUIRED"})


async def confirm_sign_up(document: Any) -> Response:
    """confirmSignUp."""
    given = models.ConfirmSignUpInput.model_validate(document)
    accounts.confirm_sign_up(given.email, given.code)
    return reply(200, {"status": "CONFIRMED"})


async def resend_confirmation_code(document: Any) -> Response:
    """resendConfirmationCode."""
    given = models.EmailInput.model_validate(document)
    accounts.resend_code(given.email)
    return reply(200, {"status": "CONFIRMATION_REQUIRED"})


async def forgot_password(document: Any) -> Response:
    """forgotPassword."""
    given = models.EmailInput.model_validate(document)
    accounts.forgot_password(given.email)
    return reply(200, {"status": "CODE_REQUIRED"})


async def confirm_forgot_password(document: Any) -> Response:
    """confirmForgotPassword."""
    given = models.ConfirmForgotPasswordInput.model_validate(document)
    accounts.reset_password(given.email, given.code, given.password.get_secret_value())
    return reply(200, {"status": "CHANGED"})


async def log_in(document: Any) -> Response:
    """logIn."""
    given = models.LogInInput.model_validate(document)
    return _tokens(accounts.log_in(given.email, given.password.get_secret_value()))


async def refresh_session(document: Any) -> Response:
    """refreshSession."""
    given = models.RefreshSessionInput.model_validate(document)
    return _tokens(accounts.refresh(given.refresh_token))


def _tokens(session: Session) -> Response:
    return reply(
        200,
        {
            "accessToken": session.access_token,
            "idToken": session.id_token,
            "refreshToken": session.refresh_token,
            "expiresIn": session.expires_in,
            "tokenType": "Bearer",
        },
    )
