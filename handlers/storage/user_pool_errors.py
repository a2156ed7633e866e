"""What Cognito's errors mean here, by operation.

The table names every error that Cognito's service model declares for an operation that this product calls;
tests/storage/test_user_pool_errors.py compares it with the model and with the calls. An error that stands nowhere is
raised as it is, and answered with a 500.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from botocore.exceptions import ClientError

from handlers.log import logger
from handlers.storage.errors import (
    AddressRejected,
    CodeRejected,
    CredentialsRejected,
    CurrentPasswordWrong,
    PasswordRejected,
    SessionRejected,
    StorageError,
    Throttled,
    Unavailable,
    UserGone,
)


class AddressKnown(StorageError):
    """Raised when an address that signs up has an account already, confirmed or not."""


# How many seconds a client waits before it tries again. Cognito does not say; it says what is used up.
# - Requests: the quotas are per second. The SDK has tried again by now, so the pool is busy for more than a moment.
# - Mails: the limit is that of a day (mail_allowance). The operator may raise it at any time, so a client asks again
#   every hour.
# - Attempts of a user who is logged in: Cognito's locks end after 15 minutes at most.
RETRY_AFTER_REQUESTS, RETRY_AFTER_MAILS, RETRY_AFTER_ATTEMPTS = 5, 3600, 900

# An alarm counts these lines (template.yaml).
MAILS_USED_UP = "the mails of the day are used up"
NOT_MAILED = "no code was mailed, as the guard failed"

Meaning = Callable[[ClientError], Exception | None]


def _no_effect(_: ClientError) -> None:
    """The call did nothing, and whoever asked is not to hear of it."""


def _broken(error: ClientError) -> ClientError:
    """The pool is not what template.yaml makes of it, or the role lacks a right: nothing that a client can mend."""
    return error


def _means(refusal: type[StorageError]) -> Meaning:
    return lambda _: refusal()


def _mails_or_attempts(error: ClientError) -> None:
    """Cognito has one code for two limits: the mails of a day, and the codes that one address may ask for. Both would
    tell that a code would have been mailed, so that the address is known: neither is told. The former is known before,
    by mail_allowance; that Cognito meets it first is for the operator.
    """
    if "daily" in str(error):
        logger.error(MAILS_USED_UP, call=error.operation_name)


def _wrong_password_or_session(error: ClientError) -> StorageError:
    """Cognito has one code for a wrong password and for a session that has ended; only its words differ."""
    return CurrentPasswordWrong() if "username or password" in str(error) else SessionRejected()


def _guard_failed(error: ClientError) -> None:
    """The guard took too long, was throttled, could not read its secret, or knows another one. It is asked where a user
    is made or a code mailed, and not for an address that somebody has: a failure would tell. Whoever asked waits for a
    mail in vain and asks again; an alarm tells the operator.
    """
    logger.error(NOT_MAILED, call=error.operation_name)


_ALWAYS: dict[str, Meaning] = {
    "TooManyRequestsException": lambda _: Throttled(RETRY_AFTER_REQUESTS),
    "InternalErrorException": _means(Unavailable),
    "ResourceNotFoundException": _broken,
    "OperationNotEnabledException": _broken,
}
# Of the operations that need no role: a web ACL in front of the pool refuses our function, for instance by a rate.
_PUBLIC: dict[str, Meaning] = {**_ALWAYS, "ForbiddenException": _means(Unavailable)}
# Of those that call triggers: before a sign-up, and before a mail.
_WITH_TRIGGERS: dict[str, Meaning] = {
    **_PUBLIC,
    "UnexpectedLambdaException": _broken,
    "UserLambdaValidationException": _broken,
    "InvalidLambdaResponseException": _broken,
}
_MAILS: dict[str, Meaning] = {
    **_WITH_TRIGGERS,
    "UnexpectedLambdaException": _guard_failed,
    "UserLambdaValidationException": _guard_failed,
    # Mail could not be sent there. The account waits for its code all the same: it can be asked for again.
    "CodeDeliveryFailureException": _no_effect,
    "InvalidEmailRoleAccessPolicyException": _broken,
    "InvalidSmsRoleAccessPolicyException": _broken,
    "InvalidSmsRoleTrustRelationshipException": _broken,
}
# Instead of mailing a code Cognito says that the address has no account, is confirmed already, is not confirmed yet,
# belongs to a disabled account. Of an unknown address it says at times that a parameter is invalid.
_MAILS_IF_KNOWN: dict[str, Meaning] = {
    **_MAILS,
    "InvalidParameterException": _no_effect,
    "LimitExceededException": _mails_or_attempts,
    "NotAuthorizedException": _no_effect,
    "UserNotConfirmedException": _no_effect,
    "UserNotFoundException": _no_effect,
}
# A wrong code, one tried too often, one for an address that is unknown, confirmed, taken or disabled: all alike.
_TAKES_A_CODE: dict[str, Meaning] = {
    **_WITH_TRIGGERS,
    **dict.fromkeys(
        (
            "AliasExistsException",
            "CodeDeliveryFailureException",
            "CodeMismatchException",
            "ExpiredCodeException",
            "InvalidParameterException",
            "LimitExceededException",
            "NotAuthorizedException",
            "TooManyFailedAttemptsException",
            "UserNotConfirmedException",
            "UserNotFoundException",
        ),
        _means(CodeRejected),
    ),
}
# Cognito itself looks whether the session goes on, which the gateway cannot.
_BY_ACCESS_TOKEN: dict[str, Meaning] = {
    **_PUBLIC,
    **dict.fromkeys(
        (
            "NotAuthorizedException",
            "PasswordResetRequiredException",
            "UserNotConfirmedException",
            "UserNotFoundException",
        ),
        _means(SessionRejected),
    ),
}
_OF_ADMINISTRATORS: dict[str, Meaning] = {
    **_ALWAYS,
    "InvalidParameterException": _broken,
    "NotAuthorizedException": _broken,
    "UserNotFoundException": _means(UserGone),
}
ERRORS: dict[str, dict[str, Meaning]] = {
    "SignUp": {
        **_MAILS,
        "InvalidParameterException": _means(AddressRejected),
        "InvalidPasswordException": _broken,  # the random one
        "LimitExceededException": _mails_or_attempts,
        "NotAuthorizedException": _broken,  # nobody may sign up
        "UsernameExistsException": _means(AddressKnown),
    },
    "ResendConfirmationCode": _MAILS_IF_KNOWN,
    "ForgotPassword": _MAILS_IF_KNOWN,
    "ConfirmSignUp": _TAKES_A_CODE,
    "ConfirmForgotPassword": {
        **_TAKES_A_CODE,
        # The random one.
        "InvalidPasswordException": _broken,
        "PasswordHistoryPolicyViolationException": _broken,
    },
    "AdminSetUserPassword": {
        **_OF_ADMINISTRATORS,
        "InvalidParameterException": _means(PasswordRejected),
        "InvalidPasswordException": _means(PasswordRejected),
        "PasswordHistoryPolicyViolationException": _means(PasswordRejected),
    },
    "InitiateAuth": {
        **_WITH_TRIGGERS,
        # One answer, also to "Password attempts exceeded", which an unknown address never hears.
        **dict.fromkeys(
            (
                "InvalidParameterException",
                "NotAuthorizedException",
                "PasswordResetRequiredException",
                "UserNotConfirmedException",
                "UserNotFoundException",
            ),
            _means(CredentialsRejected),
        ),
        **dict.fromkeys(
            (
                "FeatureUnavailableInTierException",
                "InvalidEmailRoleAccessPolicyException",
                "InvalidSmsRoleAccessPolicyException",
                "InvalidSmsRoleTrustRelationshipException",
                "InvalidUserPoolConfigurationException",
                "UnsupportedOperationException",
            ),
            _broken,
        ),
    },
    "GetUser": {**_BY_ACCESS_TOKEN, "InvalidParameterException": _means(SessionRejected)},
    "ChangePassword": {
        **_BY_ACCESS_TOKEN,
        # The present password, as no password looks. The new one is the random one.
        "InvalidParameterException": _means(CurrentPasswordWrong),
        "InvalidPasswordException": _broken,
        "PasswordHistoryPolicyViolationException": _broken,
        "LimitExceededException": lambda _: Throttled(RETRY_AFTER_ATTEMPTS),
        "NotAuthorizedException": _wrong_password_or_session,
    },
    "UpdateUserAttributes": {
        **_MAILS,
        **_BY_ACCESS_TOKEN,
        # Somebody else has the address: whoever asks is not to learn that, and waits for a code in vain.
        "AliasExistsException": _no_effect,
        "CodeMismatchException": _broken,
        "ExpiredCodeException": _broken,
        "InvalidParameterException": _means(AddressRejected),
        "LimitExceededException": _mails_or_attempts,
    },
    "VerifyUserAttribute": {
        **_BY_ACCESS_TOKEN,
        **dict.fromkeys(
            (
                "AliasExistsException",
                "CodeMismatchException",
                "ExpiredCodeException",
                "InvalidParameterException",
                "LimitExceededException",
            ),
            _means(CodeRejected),
        ),
    },
    # A token that is none, or has ended, is ended (RFC 7009, section 2.2).
    "RevokeToken": {
        **_PUBLIC,
        "InvalidParameterException": _no_effect,
        "UnauthorizedException": _no_effect,
        "UnsupportedTokenTypeException": _no_effect,
        "UnsupportedOperationException": _broken,
    },
    "GetTokensFromRefreshToken": {
        **_WITH_TRIGGERS,
        **dict.fromkeys(
            (
                "InvalidParameterException",
                "NotAuthorizedException",
                "RefreshTokenReuseException",
                "UserNotFoundException",
            ),
            _means(SessionRejected),
        ),
    },
    "AdminUserGlobalSignOut": _OF_ADMINISTRATORS,
    "AdminDisableUser": _OF_ADMINISTRATORS,
    "AdminDeleteUser": _OF_ADMINISTRATORS,
    "AdminGetUser": _OF_ADMINISTRATORS,
    "ListUsers": _OF_ADMINISTRATORS | {"OperationNotEnabledException": _broken},
}


@contextmanager
def meanings() -> Iterator[None]:
    """Turn Cognito's errors into what they mean here. Their text goes no further, as it may repeat an address."""
    try:
        yield
    except ClientError as error:
        code = error.response["Error"]["Code"]
        meaning = ERRORS.get(error.operation_name, {}).get(code, _broken)(error)
        if meaning is error:
            raise
        # For whoever wonders why no mail came or a code was refused: the request's id leads here.
        logger.info("the user pool refused", call=error.operation_name, code=code)
        if meaning is not None:
            raise meaning from None
