"""The operations from sign-up to tokens: parse, call the accounts' storage, reply."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from generated import models
from handlers.storage import sign_in
from handlers.storage.sign_in import Session
from handlers.web import credentials
from handlers.web.even_timing import every_answer_takes_as_long, every_refusal_takes_as_long
from handlers.web.responses import reply


@every_answer_takes_as_long
async def sign_up(document: Any) -> Response:
    """Mail a code to the address. Whoever has the code may set the password of the new account."""
    sign_in.sign_up(_address(models.SignUpInput.model_validate(document)))
    return reply(201, {"status": "CONFIRMATION_REQUIRED"})


@every_refusal_takes_as_long
async def confirm_sign_up(document: Any) -> Response:
    """Confirm an address with the mailed code and set the password. The password is checked before the code is used."""
    sign_in.confirm_sign_up(*_confirmation(models.ConfirmSignUpInput.model_validate(document)))
    return reply(200, {"status": "CONFIRMED"})


@every_answer_takes_as_long
async def resend_confirmation_code(document: Any) -> Response:
    """Mail another code to an address that is not confirmed yet."""
    sign_in.resend_code(_address(models.EmailInput.model_validate(document)))
    return reply(200, {"status": "CONFIRMATION_REQUIRED"})


@every_answer_takes_as_long
async def forgot_password(document: Any) -> Response:
    """Mail a code with which a new password can be set."""
    sign_in.forgot_password(_address(models.EmailInput.model_validate(document)))
    return reply(200, {"status": "CODE_REQUIRED"})


@every_refusal_takes_as_long
async def confirm_forgot_password(document: Any) -> Response:
    """Set a new password with the mailed code. The password is checked before the code is used."""
    sign_in.reset_password(*_confirmation(models.ConfirmForgotPasswordInput.model_validate(document)))
    return reply(200, {"status": "CHANGED"})


@every_refusal_takes_as_long
async def log_in(document: Any) -> Response:
    """Exchange an address and its password for tokens."""
    given = models.LogInInput.model_validate(document)
    return _tokens(sign_in.log_in(_address(given), given.password.get_secret_value()))


async def refresh_session(document: Any) -> Response:
    """Exchange a refresh token for new tokens."""
    given = models.RefreshSessionInput.model_validate(document)
    return _tokens(sign_in.refresh(given.refresh_token))


def _address(given: models.SignUpInput | models.EmailInput | models.LogInInput) -> str:
    [email] = credentials.checked(credentials.email_address(given.email))
    return email


def _confirmation(given: models.ConfirmSignUpInput | models.ConfirmForgotPasswordInput) -> tuple[str, str, str]:
    """Check the address, the mailed code and the new password, before Cognito sees the code, which works only once."""
    email, code, password = credentials.checked(
        credentials.email_address(given.email),
        credentials.code(given.code),
        credentials.new_password(given.password.get_secret_value()),
    )
    return email, code, password


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
