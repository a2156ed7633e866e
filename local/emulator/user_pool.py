"""Patches of ministack's Cognito, which is less strict than AWS: codes, passwords, limits, changes of an address."""

from __future__ import annotations

import hmac
import json
import secrets
import threading
from ast import literal_eval
from collections.abc import Awaitable, Callable
from contextlib import suppress
from contextvars import ContextVar
from typing import Any

from local.emulator.patching import Patch, put, take

Json = dict[str, Any]
Answer = tuple[int, Any, Any]
Handler = Callable[[Json], Answer]

COGNITO = "ministack.services.cognito"
TYPES = "ministack.services.cloudformation.provisioners"

# In seconds. Codes of sign-ups last a day, all others an hour.
DAY, HOUR, LONGEST_LOCK = 24 * 3600, 3600, 15 * 60
# Limits that AWS calls subject to change: wrong passwords before the first lock, wrong codes before an address has to
# wait, and codes that may be requested.
MOST_FAILURES, MOST_WRONG_CODES, MOST_CODES_AN_HOUR = 5, 5, 20
# Where ministack keeps the code of each kind of mail.
CODES = {"password": "_reset_code", "email": "_confirmation_code", "new email": "_new_email_code"}


def _error(code: str, message: str) -> Answer:
    answer: Answer = take(f"{COGNITO}:error_response_json")(code, message, 400)
    return answer


def _now() -> float:
    now: float = take(f"{COGNITO}:_now_epoch")()
    return now


def _user_of(data: Json) -> tuple[Json, Json | None]:
    """The pool of the request's client, and the user whom the request names."""
    pool, _ = take(f"{COGNITO}:_pool_for_client")(data.get("ClientId"))
    if not pool:
        return {}, None
    name = data.get("Username") or data.get("AuthParameters", {}).get("USERNAME")
    user, _ = take(f"{COGNITO}:_resolve_user")(pool, name)
    return pool, user


def _attributes(user: Json) -> dict[str, str]:
    found: dict[str, str] = take(f"{COGNITO}:_attr_list_to_dict")(user.get("Attributes", []))
    return found


def _before(name: str, check: Callable[[Json], Answer | None]) -> None:
    """Make the handler return the check's answer, if there is one."""
    handle: Handler = take(f"{COGNITO}:{name}")
    put(f"{COGNITO}:{name}", lambda data: check(data) or handle(data))


# Names


def _apply_names_without_case() -> None:
    run: Callable[[Handler, str, Json], Answer] = take(f"{COGNITO}:_run_idp_handler")

    def lower(data: Json, key: str) -> None:
        if isinstance(name := data.get(key), str) and "@" in name:
            data[key] = name.lower()

    def run_without_case(handler: Handler, action: str, data: Json) -> Answer:
        lower(data, "Username")
        lower(data.get("AuthParameters") or {}, "USERNAME")
        return run(handler, action, data)

    put(f"{COGNITO}:_run_idp_handler", run_without_case)


# Sign-ups


# The ValidationData of the sign-up that this thread makes, for the trigger.
_for_the_trigger: ContextVar[Json] = ContextVar("for_the_trigger")
# These locks serialize the sign-ups of one address, each of which waits for the trigger.
_LOCKS = [threading.Lock() for _ in range(64)]


def _apply_trigger_data() -> None:
    sign_up: Handler = take(f"{COGNITO}:_sign_up")
    build: Callable[..., Json] = take(f"{COGNITO}:_build_presignup_event")

    def sign_up_with_data(data: Json) -> Answer:
        token = _for_the_trigger.set(
            {
                "validationData": take(f"{COGNITO}:_attr_list_to_dict")(data.get("ValidationData", [])),
                "clientMetadata": data.get("ClientMetadata", {}),
            }
        )
        try:
            with _LOCKS[hash(data.get("Username")) % len(_LOCKS)]:
                status, headers, body = sign_up(data)
        finally:
            _for_the_trigger.reset(token)
        if b"UserLambdaValidationException" in _bytes(body):
            text = str(json.loads(body)["message"])
            return _error("UserLambdaValidationException", f"PreSignUp failed with error {_reason(text)}.")
        return status, headers, body

    def build_with_data(*args: Any, **given: Any) -> Json:
        event = build(*args, **given)
        event["request"].update(_for_the_trigger.get({}))
        return event

    put(f"{COGNITO}:_sign_up", sign_up_with_data)
    put(f"{COGNITO}:_build_presignup_event", build_with_data)


def _reason(text: str) -> str:
    """The trigger's error in ministack's message, which is the text of a Python dictionary."""
    with suppress(ValueError, SyntaxError, AttributeError):
        return str(literal_eval(text).get("errorMessage"))
    return "Unknown error"


# Passwords


def policy_errors(pool: Json, password: str) -> list[str]:
    """The rules that a password breaks, in Cognito's words. Only Basic Latin letters and digits count; a space is a
    symbol.
    """
    policy = pool.get("Policies", {}).get("PasswordPolicy", {})
    shortest = policy.get("MinimumLength", 8)
    kinds = {
        "RequireUppercase": ("uppercase", lambda character: "A" <= character <= "Z"),
        "RequireLowercase": ("lowercase", lambda character: "a" <= character <= "z"),
        "RequireNumbers": ("numeric", lambda character: "0" <= character <= "9"),
        "RequireSymbols": ("symbol", lambda character: character in "^$*.[]{}()?-\"!@#%&/\\,><':;|_~`+= "),
    }
    errors = [] if len(password) >= shortest else [f"Password must have length greater than or equal to {shortest}"]
    return errors + [
        f"Password must have {name} characters"
        for rule, (name, is_of_kind) in kinds.items()
        if policy.get(rule, True) and not any(map(is_of_kind, password))
    ]


def _apply_password_policy() -> None:
    put(f"{COGNITO}:_password_policy_errors", policy_errors)
    validate: Callable[[Json, str], Answer | None] = take(f"{COGNITO}:_validate_password")

    def validate_whole(pool: Json, password: str) -> Answer | None:
        if password != password.strip(" \t\r\n\v\f") or len(password) > 256:
            return _error("InvalidParameterException", "1 validation error detected: Value at 'password' failed")
        return validate(pool, password)

    put(f"{COGNITO}:_validate_password", validate_whole)


def _apply_lock_out() -> None:
    initiate: Handler = take(f"{COGNITO}:_initiate_auth")

    def initiate_unless_locked(data: Json) -> Answer:
        _, user = _user_of(data)
        if not user or data.get("AuthFlow") != "USER_PASSWORD_AUTH":
            return initiate(data)
        failures = user.setdefault("_failures", {"count": 0, "locked_until": 0.0, "last": 0.0})
        if failures["locked_until"] > _now():
            return _error("NotAuthorizedException", "Password attempts exceeded")
        if failures["last"] < _now() - LONGEST_LOCK:
            failures["count"] = 0
        answer = initiate(data)
        if answer[0] == 200:
            failures["count"] = 0
        elif b"Incorrect username or password" in _bytes(answer[2]):
            failures.update(count=failures["count"] + 1, last=_now())
            if failures["count"] >= MOST_FAILURES:
                failures["locked_until"] = _now() + min(2 ** (failures["count"] - MOST_FAILURES), LONGEST_LOCK)
        return answer

    put(f"{COGNITO}:_initiate_auth", initiate_unless_locked)


def _apply_change_limit() -> None:
    change: Handler = take(f"{COGNITO}:_change_password")

    def change_unless_guessing(data: Json) -> Answer:
        user, _ = take(f"{COGNITO}:_user_pool_for_access_token")(data.get("AccessToken", ""))
        if user and _has_to_wait(user, "password"):
            return _error("LimitExceededException", "Attempt limit exceeded, please try after some time.")
        answer = change(data)
        if user and b"Incorrect username or password" in _bytes(answer[2]):
            _count_wrong(user, "password")
        return answer

    put(f"{COGNITO}:_change_password", change_unless_guessing)


def _bytes(body: Any) -> bytes:
    return body if isinstance(body, bytes) else str(body).encode()


# Codes


def _apply_codes() -> None:
    send: Callable[..., Any] = take(f"{COGNITO}:_send_verification_email")

    def send_new(pool: Json, username: str, attributes: Json, _code: str, attribute_name: str = "email") -> Any:
        user, _ = take(f"{COGNITO}:_resolve_user")(pool, username)
        code = f"{secrets.randbelow(1_000_000):06}"
        lasts = DAY if attribute_name == "email" else HOUR
        user[CODES[attribute_name]] = code
        user.setdefault("_codes_expire", {})[CODES[attribute_name]] = _now() + lasts
        return send(pool, username, attributes, code, attribute_name)

    put(f"{COGNITO}:_send_verification_email", send_new)
    check: Callable[[str, Json], Answer | None] = take(f"{COGNITO}:_confirmation_code_error")

    def check_strictly(action: str, data: Json) -> Answer | None:
        kind = {"ConfirmSignUp": "email", "ConfirmForgotPassword": "password"}.get(action, "")
        _, user = _user_of(data) if kind else ({}, None)
        if not user or (kind == "email" and user.get("UserStatus") != "UNCONFIRMED"):
            return check(action, data)
        return code_error(user, kind, str(data.get("ConfirmationCode")))

    put(f"{COGNITO}:_confirmation_code_error", check_strictly)


def code_error(user: Json, kind: str, given: str) -> Answer | None:
    """Why a code is refused: tried too often, expired, never mailed, or different."""
    if _has_to_wait(user, kind):
        return _error("LimitExceededException", "Attempt limit exceeded, please try after some time.")
    issued = user.get(CODES[kind])
    if not issued or user.get("_codes_expire", {}).get(CODES[kind], 0) <= _now():
        return _error("ExpiredCodeException", "Invalid code provided, please request a code again.")
    if not hmac.compare_digest(given.encode(), str(issued).encode()):
        _count_wrong(user, kind)
        return _error("CodeMismatchException", "Invalid verification code provided, please try again.")
    return None


def _has_to_wait(user: Json, kind: str) -> bool:
    wrong = user.setdefault("_wrong", {}).setdefault(kind, [])
    wrong[:] = [when for when in wrong if when > _now() - LONGEST_LOCK]
    return len(wrong) >= MOST_WRONG_CODES


def _count_wrong(user: Json, kind: str) -> None:
    user.setdefault("_wrong", {}).setdefault(kind, []).append(_now())


def _asks_too_often(user: Json) -> Answer | None:
    asked = user.setdefault("_asked", [])
    asked[:] = [when for when in asked if when > _now() - HOUR]
    if len(asked) >= MOST_CODES_AN_HOUR:
        return _error("LimitExceededException", "Attempt limit exceeded, please try after some time.")
    asked.append(_now())
    return None


def _apply_codes_for_those_who_wait() -> None:
    def resent(data: Json) -> Answer | None:
        _, user = _user_of(data)
        if not user:
            return None
        if user.get("UserStatus") != "UNCONFIRMED":
            return _error("InvalidParameterException", "User is already confirmed.")
        return _asks_too_often(user)

    def forgotten(data: Json) -> Answer | None:
        _, user = _user_of(data)
        if not user:
            return None
        if not user.get("Enabled", True):
            return _error("NotAuthorizedException", "User is disabled.")
        if _attributes(user).get("email_verified") != "true":
            return _error(
                "InvalidParameterException",
                "Cannot reset password for the user as there is no registered/verified email or phone_number",
            )
        return _asks_too_often(user)

    _before("_resend_confirmation_code", resent)
    _before("_forgot_password", forgotten)


# Refresh tokens


def reuse_is_refused(replaced_at: float | None, now: float, grace: float) -> bool:
    """Whether a refresh token is refused, since it was replaced more than `grace` seconds ago."""
    return replaced_at is not None and now > replaced_at + grace


def _apply_rotation_setting() -> None:
    handlers = take(f"{TYPES}:_RESOURCE_HANDLERS")["AWS::Cognito::UserPoolClient"]
    create, update = handlers["create"], handlers["update"]

    def keep(client_id: str, properties: Json) -> None:
        pool = take(f"{COGNITO}:_user_pools")[properties["UserPoolId"]]
        pool["_clients"][client_id]["_rotation"] = properties.get("RefreshTokenRotation") or {}

    def create_with_rotation(logical_id: str, properties: Json, stack_name: str) -> Any:
        made = create(logical_id, properties, stack_name)
        keep(made[0], properties)
        return made

    def update_with_rotation(client_id: str, old: Json, new: Json, stack_name: str, logical_id: str = "") -> Any:
        given = (logical_id,) if handlers.get("update_with_logical_id") else ()
        made = update(client_id, old, new, stack_name, *given)
        keep(made[0], new)
        return made

    handlers.update(create=create_with_rotation, update=update_with_rotation)


def _apply_rotation() -> None:
    refresh: Handler = take(f"{COGNITO}:_get_tokens_from_refresh_token")

    def refresh_and_rotate(data: Json) -> Answer:
        pool, pool_id = take(f"{COGNITO}:_pool_for_client")(data.get("ClientId"))
        client = (pool or {}).get("_clients", {}).get(data.get("ClientId"), {})
        rotation = client.get("_rotation") or {}
        if rotation.get("Feature") != "ENABLED":
            return refresh(data)
        token = str(data.get("RefreshToken"))
        claims = take(f"{COGNITO}:_token_claims")(token)
        replaced: dict[str, float] = pool.setdefault("_replaced", {})
        grace = float(rotation.get("RetryGracePeriodSeconds") or 0)
        if reuse_is_refused(replaced.get(str(claims.get("jti"))), _now(), grace):
            return _error("RefreshTokenReuseException", "Refresh token has already been used.")
        status, headers, body = refresh(data)
        if status != 200:
            return status, headers, body
        replaced.setdefault(str(claims["jti"]), _now())
        answer = json.loads(body)
        answer["AuthenticationResult"]["RefreshToken"] = take(f"{COGNITO}:_fake_token")(
            claims["sub"],
            pool_id,
            data["ClientId"],
            "refresh",
            origin_jti=claims.get("origin_jti", ""),
            scope=claims.get("scope"),
        )
        rotated: Answer = take(f"{COGNITO}:json_response")(answer)
        return rotated

    put(f"{COGNITO}:_get_tokens_from_refresh_token", refresh_and_rotate)


# Another e-mail address


def _apply_address_changes() -> None:
    update: Handler = take(f"{COGNITO}:_update_user_attributes")

    def update_once_verified(data: Json) -> Answer:
        user, pool = take(f"{COGNITO}:_user_pool_for_access_token")(data.get("AccessToken", ""))
        given = {attribute["Name"]: attribute.get("Value", "") for attribute in data.get("UserAttributes", [])}
        settings = (pool or {}).get("UserAttributeUpdateSettings") or {}
        if (
            not {"email"} & given.keys() & set(settings.get("AttributesRequireVerificationBeforeUpdate", []))
            or not user
        ):
            return update(data)
        if _is_anothers(pool, user, given["email"]):
            return _error("AliasExistsException", "An account with the given email already exists.")
        if refusal := _custom_message_refusal(pool, "UpdateUserAttribute", user, data):
            return refusal
        user["_new_email"] = given["email"].lower()
        take(f"{COGNITO}:_send_verification_email")(
            pool, user["Username"], {**_attributes(user), "email": user["_new_email"]}, "", "new email"
        )
        destination = take(f"{COGNITO}:_masked_destination")(given["email"])
        delivery = {"Destination": destination, "DeliveryMedium": "EMAIL", "AttributeName": "email"}
        answer: Answer = take(f"{COGNITO}:json_response")({"CodeDeliveryDetailsList": [delivery]})
        return answer

    put(f"{COGNITO}:_update_user_attributes", update_once_verified)
    take(f"{COGNITO}:_UNSIGNED_IDP_ACTIONS").add("VerifyUserAttribute")
    dispatch: Callable[[str, Json], Awaitable[Answer]] = take(f"{COGNITO}:_dispatch_idp")

    async def dispatch_with_verification(action: str, data: Json) -> Answer:
        if action != "VerifyUserAttribute":
            return await dispatch(action, data)
        run: Callable[[Handler, str, Json], Answer] = take(f"{COGNITO}:_run_idp_handler")
        return run(_verify_user_attribute, action, data)

    put(f"{COGNITO}:_dispatch_idp", dispatch_with_verification)


def _custom_message_refusal(pool: Json, moment: str, user: Json, data: Json) -> Answer | None:
    """The answer to the caller when the pool's trigger refuses the mail."""
    try:
        take(f"{COGNITO}:_apply_custom_message_trigger")(
            pool, f"CustomMessage_{moment}", user["Username"], _attributes(user), data.get("ClientMetadata")
        )
    except take(f"{COGNITO}:_CustomMessageRejected") as error:
        return _error("UserLambdaValidationException", f"CustomMessage failed with error {_reason(str(error))}.")
    return None


def _verify_user_attribute(data: Json) -> Answer:
    user, pool = take(f"{COGNITO}:_user_pool_for_access_token")(data.get("AccessToken", ""))
    if not user:
        return _error("NotAuthorizedException", "Invalid access token.")
    if data.get("AttributeName") != "email":
        return _error("InvalidParameterException", "Only the e-mail address can be verified here.")
    if error := code_error(user, "new email", str(data.get("Code"))):
        return error
    if _is_anothers(pool, user, user["_new_email"]):
        return _error("AliasExistsException", "An account with the given email already exists.")
    user.pop("_new_email_code")
    verified = {"email": user.pop("_new_email"), "email_verified": "true"}
    changed = [{"Name": name, "Value": value} for name, value in verified.items()]
    user["Attributes"] = take(f"{COGNITO}:_merge_attributes")(user["Attributes"], changed)
    user["UserLastModifiedDate"] = _now()
    answer: Answer = take(f"{COGNITO}:json_response")({})
    return answer


def _is_anothers(pool: Json, user: Json, email: str) -> bool:
    other, _ = take(f"{COGNITO}:_resolve_user")(pool, email.lower())
    return other is not None and other is not user


_NEEDED = (
    f"{COGNITO}:_attr_list_to_dict",
    f"{COGNITO}:_now_epoch",
    f"{COGNITO}:_pool_for_client",
    f"{COGNITO}:_resolve_user",
    f"{COGNITO}:error_response_json",
)
PATCHES = [
    Patch(
        "user names without regard to case",
        ministack="treats Dana@example.com and dana@example.com as two users",
        aws="treats them as one, as the pool is configured",
        needs=(f"{COGNITO}:_run_idp_handler",),
        apply=_apply_names_without_case,
    ),
    Patch(
        "data for the trigger before a sign-up",
        ministack="passes no ValidationData to it, and creates two users for two concurrent sign-ups of one address",
        aws="passes it on, and creates one user for an address",
        needs=(*_NEEDED, f"{COGNITO}:_sign_up", f"{COGNITO}:_build_presignup_event"),
        apply=_apply_trigger_data,
    ),
    Patch(
        "the password policy",
        ministack="counts letters of any script, and no space as a symbol; accepts spaces at both ends, and any length",
        aws="counts Basic Latin letters only, and inner spaces as symbols; refuses spaces at an end and more than 256"
        " characters",
        needs=(*_NEEDED, f"{COGNITO}:_password_policy_errors", f"{COGNITO}:_validate_password"),
        apply=_apply_password_policy,
    ),
    Patch(
        "locks after wrong passwords",
        ministack="accepts any number of wrong passwords",
        aws="locks a user after five for one second, and after each further one for twice as long, up to 15 minutes",
        needs=(*_NEEDED, f"{COGNITO}:_initiate_auth"),
        apply=_apply_lock_out,
    ),
    Patch(
        "guesses at the previous password",
        ministack="accepts any number of them",
        aws="refuses further ones for a while: LimitExceededException",
        needs=(*_NEEDED, f"{COGNITO}:_change_password", f"{COGNITO}:_user_pool_for_access_token"),
        apply=_apply_change_limit,
    ),
    Patch(
        "rotation of refresh tokens, in a template",
        ministack="drops RefreshTokenRotation of a template's client",
        aws="applies it",
        needs=(f"{TYPES}:_RESOURCE_HANDLERS", f"{COGNITO}:_user_pools"),
        apply=_apply_rotation_setting,
    ),
    Patch(
        "rotation of refresh tokens",
        ministack="issues no new refresh token, and accepts the old one until it expires",
        aws="issues a new one each time, and refuses the old one after the client's grace period",
        needs=(
            *_NEEDED,
            f"{COGNITO}:_get_tokens_from_refresh_token",
            f"{COGNITO}:_token_claims",
            f"{COGNITO}:_fake_token",
            f"{COGNITO}:json_response",
        ),
        apply=_apply_rotation,
    ),
    Patch(
        "mailed codes",
        ministack="mails 123456 and 654321, which never expire, and accepts any number of guesses",
        aws="mails random ones; the newest is valid for a day or an hour, and too many guesses are refused for a while",
        needs=(*_NEEDED, f"{COGNITO}:_send_verification_email", f"{COGNITO}:_confirmation_code_error"),
        apply=_apply_codes,
    ),
    Patch(
        "codes for those who wait for one",
        ministack="mails sign-up codes to confirmed users, and reset codes to unconfirmed and disabled ones",
        aws="refuses both, and too many codes for one user",
        needs=(*_NEEDED, f"{COGNITO}:_resend_confirmation_code", f"{COGNITO}:_forgot_password"),
        apply=_apply_codes_for_those_who_wait,
    ),
    Patch(
        "changes of an e-mail address",
        ministack="changes it at once, and knows no VerifyUserAttribute",
        aws="keeps the old one until the mailed code is given, where UserAttributeUpdateSettings says so",
        needs=(
            f"{COGNITO}:_apply_custom_message_trigger",
            f"{COGNITO}:_CustomMessageRejected",
            *_NEEDED,
            f"{COGNITO}:_UNSIGNED_IDP_ACTIONS",
            f"{COGNITO}:_dispatch_idp",
            f"{COGNITO}:_masked_destination",
            f"{COGNITO}:_merge_attributes",
            f"{COGNITO}:_run_idp_handler",
            f"{COGNITO}:_send_verification_email",
            f"{COGNITO}:_update_user_attributes",
            f"{COGNITO}:_user_pool_for_access_token",
            f"{COGNITO}:json_response",
        ),
        apply=_apply_address_changes,
    ),
]
