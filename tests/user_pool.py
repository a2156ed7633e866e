"""A user pool in this process that answers as Cognito's documentation says, strictly; moto's checks no codes.

Parameters and errors are held to Cognito's service model: what the real one would refuse, or could not say, fails here.
Time is the pool's own and stands still until a test moves it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import count
from typing import Any

import pytest
from botocore import xform_name
from botocore.exceptions import ClientError
from botocore.session import Session
from botocore.validate import validate_parameters

from handlers.entry.triggers import guard_pool
from tests.rights import RECORDER

PASSWORD = "Breakout-2026!"
CLIENT_ID, POOL_ID = "client-1", "eu-central-1_pool"
NOW = datetime(2026, 2, 1, 12, tzinfo=UTC)

# How long codes last, and how many wrong ones and how many new ones one address gets before it has to wait.
SIGN_UP_CODE_LASTS, OTHER_CODES_LAST = timedelta(hours=24), timedelta(hours=1)
MOST_TRIES, MOST_CODES, WAIT = 5, 5, timedelta(minutes=15)

Answer = dict[str, Any]


@cache
def model() -> Any:
    """Cognito's service model."""
    return Session().get_service_model("cognito-idp")


@cache
def operation_of(method: str) -> Any:
    """The model of the operation that a client's method calls."""
    [name] = [name for name in model().operation_names if xform_name(name) == method]
    return model().operation_model(name)


class Refused(Exception):
    """An error of Cognito's, by its code."""


@dataclass
class Code:
    """A code that was mailed."""

    digits: str
    expires_at: datetime


@dataclass
class User:
    """A user, as the pool has one."""

    sub: str
    email: str
    password: str
    created_at: datetime
    status: str = "UNCONFIRMED"
    is_enabled: bool = True
    is_verified: bool = False
    identities: str = ""
    new_email: str = ""
    sign_up_code: Code | None = None
    reset_code: Code | None = None
    new_email_code: Code | None = None
    failures: int = 0
    locked_until: datetime = NOW
    tries: int = 0
    codes: int = 0
    sessions: set[str] = field(default_factory=set)

    @property
    def username(self) -> str:
        return f"Google_{self.sub}" if self.status == "EXTERNAL_PROVIDER" else self.sub


class Killed(BaseException):
    """Ends a process in the middle of its work."""


class Client:
    """A client of the pool: with signatures for the administrator, without for everybody."""

    def __init__(self, pool: UserPool, *, is_signed: bool) -> None:
        self._pool, self._is_signed = pool, is_signed

    def __getattr__(self, method: str) -> Callable[..., Any]:
        operation = operation_of(method)
        assert self._is_signed == (operation.auth_type != "none"), f"{method} by the other client"

        def call(**given: Any) -> Any:
            return self._pool.call(operation, given)

        return call


class UserPool:
    """The pool. `before` and `after` are called around each call with the operation's name and its parameters."""

    def __init__(self) -> None:
        self.now = NOW
        self.users: list[User] = []
        self.mails: list[tuple[str, str]] = []
        self.mails_left = 1000
        self.calls: list[str] = []
        self.before: Callable[[str, Answer], None] = lambda *_: None
        self.after: Callable[[str, Answer], None] = lambda *_: None
        self._numbers = count(1)

    @property
    def public(self) -> Any:
        """The client for the public operations."""
        return Client(self, is_signed=False)

    @property
    def admin(self) -> Any:
        """The client for the administrator's operations."""
        return Client(self, is_signed=True)

    def call(self, operation: Any, given: Answer) -> Answer:
        """One call of an operation of the service model."""
        validate_parameters(given, operation.input_shape)
        _check_patterns(given, operation.input_shape)
        RECORDER.record("cognito-idp", operation.name, given)
        self.calls.append(operation.name)
        self.before(operation.name, given)
        try:
            answer: Answer = getattr(self, f"_{xform_name(operation.name)}")(**given) or {}
        except Refused as refusal:
            code, text = refusal.args
            assert code in {shape.name for shape in operation.error_shapes}, f"{operation.name} never says {code}"
            raise ClientError({"Error": {"Code": code, "Message": text}}, operation.name) from None
        self.after(operation.name, given)
        return answer

    @contextmanager
    def process_ends(self, place: int) -> Iterator[None]:
        """End the block's process at this moment. The moments before and after each call are counted from 0."""
        places = count()

        def end(*_: Any) -> None:
            if next(places) == place:
                raise Killed

        self.before = self.after = end
        with pytest.raises(Killed):
            yield
        self.before = self.after = lambda *_: None

    # What tests look at.

    def user(self, name: str) -> User | None:
        """The user with this address, sub or name; an address counts as soon as somebody signs up with it."""
        return next(
            (
                user
                for user in self.users
                if name in (user.sub, user.username)
                or (user.status != "EXTERNAL_PROVIDER" and name.lower() == user.email)
            ),
            None,
        )

    def newest_code(self, email: str) -> str:
        """The code of the newest mail to the address."""
        return next(code for to, code in reversed(self.mails) if to == email)

    def new_user(self, email: str, password: str = PASSWORD, **given: Any) -> User:
        """Somebody who has confirmed the address."""
        user = User(f"00000000-0000-4000-8000-{next(self._numbers):012}", email, password, self.now)
        user.status, user.is_verified = "CONFIRMED", True
        for name, value in given.items():
            setattr(user, name, value)
        self.users.append(user)
        return user

    def new_session(self, user: User) -> Answer:
        """Tokens of a session that has just begun."""
        session = f"{user.sub}.{next(self._numbers)}"
        user.sessions.add(session)
        return _tokens(session)

    # Operations, in the order of an account's life.

    def _sign_up(
        self, ClientId: str, Username: str, Password: str, ValidationData: Sequence[dict[str, str]] = ()
    ) -> Answer:
        _check_client(ClientId)
        if not re.fullmatch(r"[^@\s]+@[^@\s]+", Username):
            raise Refused("InvalidParameterException", "Invalid email address format.")
        _check_policy(Password)
        if self.user(Username):
            raise Refused("UsernameExistsException", "An account with the given email already exists.")
        given = {attribute["Name"]: attribute["Value"] for attribute in ValidationData}
        _ask_guard("PreSignUp_SignUp", {"email": Username}, {"validationData": given or None})
        user = User(f"00000000-0000-4000-8000-{next(self._numbers):012}", Username.lower(), Password, self.now)
        self._mail(user.email, user, "sign_up_code")
        self.users.append(user)
        return {"UserConfirmed": False, "UserSub": user.sub}

    def _resend_confirmation_code(self, ClientId: str, Username: str) -> Answer:
        _check_client(ClientId)
        user = self.user(Username)
        if user is None:
            return {"CodeDeliveryDetails": {"Destination": "n***@e***"}}
        if user.status != "UNCONFIRMED":
            raise Refused("InvalidParameterException", "User is already confirmed.")
        self._mail_another(user, "sign_up_code")
        return {"CodeDeliveryDetails": {"Destination": "n***@e***"}}

    def _confirm_sign_up(self, ClientId: str, Username: str, ConfirmationCode: str) -> None:
        _check_client(ClientId)
        user = self.user(Username)
        if user is None:
            raise Refused("CodeMismatchException", "Invalid verification code provided, please try again.")
        if user.status != "UNCONFIRMED":
            raise Refused("NotAuthorizedException", f"User cannot be confirmed. Current status is {user.status}")
        self._spend(user, "sign_up_code", ConfirmationCode)
        user.status, user.is_verified = "CONFIRMED", True

    def _admin_set_user_password(self, UserPoolId: str, Username: str, Password: str, Permanent: bool) -> None:
        user = self._known(UserPoolId, Username)
        _check_policy(Password)
        user.password, user.status = Password, "CONFIRMED" if Permanent else "FORCE_CHANGE_PASSWORD"

    def _initiate_auth(self, ClientId: str, AuthFlow: str, AuthParameters: dict[str, str]) -> Answer:
        _check_client(ClientId)
        assert AuthFlow == "USER_PASSWORD_AUTH"
        user = self.user(AuthParameters["USERNAME"])
        if user is None:
            raise Refused("NotAuthorizedException", "Incorrect username or password.")
        if not user.is_enabled:
            raise Refused("NotAuthorizedException", "User is disabled.")
        if user.locked_until > self.now:
            raise Refused("NotAuthorizedException", "Password attempts exceeded")
        if user.status == "UNCONFIRMED":
            raise Refused("UserNotConfirmedException", "User is not confirmed.")
        if user.password != AuthParameters["PASSWORD"]:
            user.failures += 1
            if user.failures >= 5:
                user.locked_until = self.now + min(timedelta(seconds=2 ** (user.failures - 5)), WAIT)
            raise Refused("NotAuthorizedException", "Incorrect username or password.")
        user.failures = 0
        return {"AuthenticationResult": self.new_session(user)}

    def _get_tokens_from_refresh_token(self, ClientId: str, RefreshToken: str) -> Answer:
        _check_client(ClientId)
        user = self._of_session(RefreshToken, "refresh", "Refresh Token has been revoked")
        if not user.is_enabled:
            raise Refused("NotAuthorizedException", "User is disabled.")
        return {"AuthenticationResult": _tokens(RefreshToken.partition(".")[2])}

    def _forgot_password(self, ClientId: str, Username: str) -> Answer:
        _check_client(ClientId)
        user = self.user(Username)
        if user is None:
            return {"CodeDeliveryDetails": {"Destination": "n***@e***"}}
        if not user.is_enabled:
            raise Refused("NotAuthorizedException", "User is disabled.")
        if not user.is_verified:
            raise Refused(
                "InvalidParameterException",
                "Cannot reset password for the user as there is no registered/verified email or phone_number",
            )
        self._mail_another(user, "reset_code")
        return {"CodeDeliveryDetails": {"Destination": "n***@e***"}}

    def _confirm_forgot_password(self, ClientId: str, Username: str, ConfirmationCode: str, Password: str) -> None:
        _check_client(ClientId)
        user = self.user(Username)
        if user is None:
            raise Refused("CodeMismatchException", "Invalid verification code provided, please try again.")
        _check_policy(Password)
        self._spend(user, "reset_code", ConfirmationCode)
        user.password = Password

    def _get_user(self, AccessToken: str) -> Answer:
        return {"Username": (user := self._of_access(AccessToken)).username, "UserAttributes": _attributes(user)}

    def _change_password(self, AccessToken: str, PreviousPassword: str, ProposedPassword: str) -> None:
        user = self._of_access(AccessToken)
        if not re.fullmatch(r"\S+.*\S+|\S+", PreviousPassword):
            raise Refused(
                "InvalidParameterException", "1 validation error detected: Value at 'previousPassword' failed"
            )
        if user.tries >= MOST_TRIES:
            raise Refused("LimitExceededException", "Attempt limit exceeded, please try after some time.")
        if user.password != PreviousPassword:
            user.tries += 1
            raise Refused("NotAuthorizedException", "Incorrect username or password.")
        _check_policy(ProposedPassword)
        user.password, user.tries = ProposedPassword, 0

    def _update_user_attributes(
        self, AccessToken: str, UserAttributes: list[dict[str, str]], ClientMetadata: dict[str, str] | None = None
    ) -> Answer:
        """With AttributesRequireVerificationBeforeUpdate: the address stays as it is until the new one is verified."""
        user = self._of_access(AccessToken)
        [attribute] = UserAttributes
        assert attribute["Name"] == "email"
        other = self.user(attribute["Value"])
        if other and other is not user:
            raise Refused("AliasExistsException", "An account with the given email already exists.")
        user.new_email = attribute["Value"]
        self._mail(attribute["Value"], user, "new_email_code", "UpdateUserAttribute", ClientMetadata)
        return {"CodeDeliveryDetailsList": [{"Destination": "n***@e***", "AttributeName": "email"}]}

    def _get_user_attribute_verification_code(self, AccessToken: str, AttributeName: str) -> Answer:
        user = self._of_access(AccessToken)
        assert AttributeName == "email"
        self._mail(user.new_email or user.email, user, "new_email_code", "VerifyUserAttribute")
        return {"CodeDeliveryDetails": {"Destination": "n***@e***", "AttributeName": "email"}}

    def _verify_user_attribute(self, AccessToken: str, AttributeName: str, Code: str) -> None:
        user = self._of_access(AccessToken)
        assert AttributeName == "email"
        self._spend(user, "new_email_code", Code)
        other = self.user(user.new_email)
        if other and other is not user:
            raise Refused("AliasExistsException", "An account with the given email already exists.")
        user.email, user.new_email = user.new_email, ""

    def _revoke_token(self, ClientId: str, Token: str) -> None:
        _check_client(ClientId)
        if not Token.startswith("refresh."):
            raise Refused("UnsupportedTokenTypeException", "Unsupported token type")
        for user in self.users:
            user.sessions.discard(Token.partition(".")[2])

    def _admin_user_global_sign_out(self, UserPoolId: str, Username: str) -> None:
        self._known(UserPoolId, Username).sessions.clear()

    def _admin_disable_user(self, UserPoolId: str, Username: str) -> None:
        self._known(UserPoolId, Username).is_enabled = False

    def _admin_delete_user(self, UserPoolId: str, Username: str) -> None:
        self.users.remove(self._known(UserPoolId, Username))

    def _admin_get_user(self, UserPoolId: str, Username: str) -> Answer:
        user = self._known(UserPoolId, Username)
        return {
            "Username": user.username,
            "UserAttributes": _attributes(user),
            "UserCreateDate": user.created_at,
            "UserStatus": user.status,
            "Enabled": user.is_enabled,
        }

    # What they have in common.

    def _known(self, pool: str, name: str) -> User:
        if pool != POOL_ID:
            raise Refused("ResourceNotFoundException", "User pool does not exist.")
        if user := self.user(name):
            return user
        raise Refused("UserNotFoundException", "User does not exist.")

    def _of_session(self, token: str, kind: str, revoked: str) -> User:
        found, _, session = token.partition(".")
        if found == kind:
            for user in self.users:
                if session in user.sessions:
                    return user
        raise Refused("NotAuthorizedException", revoked)

    def _of_access(self, token: str) -> User:
        return self._of_session(token, "access", "Access Token has been revoked")

    def _mail(self, to: str, user: User, kind: str, moment: str = "", given: dict[str, str] | None = None) -> None:
        moment = moment or {"sign_up_code": "SignUp", "reset_code": "ForgotPassword"}[kind]
        attributes = {attribute["Name"]: attribute["Value"] for attribute in _attributes(user)}
        _ask_guard(f"CustomMessage_{moment}", attributes, {"clientMetadata": given})
        if self.mails_left <= 0:
            raise Refused(
                "LimitExceededException",
                "Exceeded daily email limit for the operation or the account. If a higher limit is required, please "
                "configure your user pool to use your own Amazon SES configuration for sending email.",
            )
        self.mails_left -= 1
        lasts = SIGN_UP_CODE_LASTS if kind == "sign_up_code" else OTHER_CODES_LAST
        code = f"{100_000 + 7 * next(self._numbers)}"
        setattr(user, kind, Code(code, self.now + lasts))
        self.mails.append((to, code))

    def _mail_another(self, user: User, kind: str) -> None:
        if user.codes >= MOST_CODES:
            raise Refused("LimitExceededException", "Attempt limit exceeded, please try after some time.")
        user.codes += 1
        self._mail(user.email, user, kind)

    def _spend(self, user: User, kind: str, digits: str) -> None:
        if user.tries >= MOST_TRIES:
            raise Refused("LimitExceededException", "Attempt limit exceeded, please try after some time.")
        code: Code | None = getattr(user, kind)
        if code is None or code.expires_at <= self.now:
            raise Refused("ExpiredCodeException", "Invalid code provided, please request a code again.")
        if code.digits != digits:
            user.tries += 1
            raise Refused("CodeMismatchException", "Invalid verification code provided, please try again.")
        user.tries = 0
        setattr(user, kind, None)


def trigger_event(source: str, attributes: dict[str, str], given: Answer) -> Answer:
    """The event that Cognito calls its trigger with."""
    return {
        "version": "1",
        "triggerSource": source,
        "region": "eu-central-1",
        "userPoolId": POOL_ID,
        "userName": "00000000-0000-4000-8000-000000000000",
        "callerContext": {"awsSdkVersion": "aws-sdk-unknown-unknown", "clientId": CLIENT_ID},
        "request": {"userAttributes": attributes, **given},
        "response": {},
    }


def _ask_guard(source: str, attributes: dict[str, str], given: Answer) -> None:
    try:
        guard_pool(trigger_event(source, attributes, given), None)
    except Exception as error:  # noqa: BLE001 as Cognito does
        trigger = source.partition("_")[0]
        raise Refused("UserLambdaValidationException", f"{trigger} failed with error {error}.") from None


def _tokens(session: str) -> Answer:
    return {
        "AccessToken": f"access.{session}",
        "IdToken": f"id.{session}",
        "RefreshToken": f"refresh.{session}",
        "ExpiresIn": 900,
        "TokenType": "Bearer",
    }


def _attributes(user: User) -> list[dict[str, str]]:
    found = {"sub": user.sub, "email": user.email, "email_verified": str(user.is_verified).lower()}
    if user.identities:
        found["identities"] = user.identities
    return [{"Name": name, "Value": value} for name, value in found.items()]


def _check_client(client_id: str) -> None:
    if client_id != CLIENT_ID:
        raise Refused("ResourceNotFoundException", f"User pool client {client_id} does not exist.")


def _check_policy(password: str) -> None:
    """Check a password by the policy of template.yaml, with blanks as Cognito documents them."""
    if password != password.strip() or re.search(r"[\t\n\v\f\r]", password) or len(password) > 256:
        raise Refused("InvalidParameterException", "1 validation error detected: Value at 'password' failed")
    rules = {
        "long enough": r".{12}",
        "lowercase": r"[a-z]",
        "uppercase": r"[A-Z]",
        "numeric": r"[0-9]",
        "symbol": r"[\^$*.\[\]{}()?\"!@#%&/\\,><':;|_~`=+ -]",
    }
    for name, rule in rules.items():
        if not re.search(rule, password):
            raise Refused("InvalidPasswordException", f"Password did not conform with policy: Password not {name}")


def _check_patterns(given: Answer, shape: Any) -> None:
    """Check texts against the patterns of the service model, which botocore does not check."""
    for name, text in _texts(given, shape):
        if name in ("Username", "USERNAME") and not re.fullmatch(r"\S{1,128}", text):
            raise AssertionError(f"{name} is no name in Cognito")
        if name.endswith("Token") and not re.fullmatch(r"[A-Za-z0-9_=.-]+", text):
            raise AssertionError(f"{name} is no token in Cognito")


def _texts(given: Answer, shape: Any) -> Iterator[tuple[str, str]]:
    for name, value in given.items():
        if isinstance(value, str):
            yield name, value
        elif isinstance(value, dict):
            yield from _texts(value, shape)
