"""Patches of ministack's CloudFormation: resource types that it refuses, and properties that it drops."""

import json
import logging
import secrets
import string
from collections.abc import Callable
from functools import partial
from typing import Any

from local.emulator.patching import Patch, put, take

Json = dict[str, Any]

TYPES = "ministack.services.cloudformation.provisioners"
COGNITO = "ministack.services.cognito"
DYNAMODB = "ministack.services.dynamodb"
LAMBDA = "ministack.services.lambda_svc"

# The characters of a generated secret, named as in GenerateSecretString.
CHARACTERS = {
    "Lowercase": string.ascii_lowercase,
    "Uppercase": string.ascii_uppercase,
    "Numbers": string.digits,
    "Punctuation": string.punctuation,
}

log = logging.getLogger("local.emulator")

# Types that ministack does not support and that no request needs. A canary would need weighted aliases and metrics,
# which ministack lacks; its alarms never leave INSUFFICIENT_DATA.
NO_OPS = {
    "AWS::CloudWatch::AnomalyDetector": "ministack has no metrics of API calls",
    "AWS::CloudWatch::CompositeAlarm": "no alarm ever changes its state",
    "AWS::CodeDeploy::Application": "deployments are all at once",
    "AWS::CodeDeploy::DeploymentGroup": "deployments are all at once",
    "AWS::Logs::QueryDefinition": "saved queries are for the console",
}


def _handlers() -> dict[str, Json]:
    found: dict[str, Json] = take(f"{TYPES}:_RESOURCE_HANDLERS")
    return found


def _succeeded(answer: tuple[int, Any, Any]) -> None:
    status, _headers, body = answer
    if status >= 400:
        raise ValueError(body)


def _apply_no_ops() -> None:
    def create(resource_type: str, logical_id: str, _properties: Json, stack_name: str) -> tuple[str, Json]:
        log.info("%s %s: a no-op here, %s", resource_type, logical_id, NO_OPS[resource_type])
        return f"{stack_name}-{logical_id}", {}

    def update(physical_id: str, _old: Json, _new: Json, _stack_name: str) -> tuple[str, Json]:
        return physical_id, {}

    def delete(_physical_id: str, _properties: Json) -> None:
        return None

    for resource_type in NO_OPS:
        _handlers().setdefault(
            resource_type, {"create": partial(create, resource_type), "update": update, "delete": delete}
        )


def _apply_computed_alarms() -> None:
    handlers = _handlers()["AWS::CloudWatch::Alarm"]
    create, update, delete = handlers["create"], handlers["update"], handlers["delete"]

    def create_or_skip(logical_id: str, properties: Json, stack_name: str) -> Any:
        if "Metrics" not in properties:
            return create(logical_id, properties, stack_name)
        log.info("AWS::CloudWatch::Alarm %s: a no-op here, no alarm ever changes its state", logical_id)
        name = properties.get("AlarmName", f"{stack_name}-{logical_id}")
        return name, {"Arn": f"arn:aws:cloudwatch:us-east-1:000000000000:alarm:{name}"}

    def update_or_skip(physical_id: str, old: Json, new: Json, stack_name: str, logical_id: str | None = None) -> Any:
        if "Metrics" not in new:
            return update(physical_id, old, new, stack_name, logical_id)
        return create_or_skip(logical_id or physical_id, new, stack_name)

    def delete_or_skip(physical_id: str, properties: Json) -> None:
        if "Metrics" not in properties:
            delete(physical_id, properties)

    handlers.update(create=create_or_skip, update=update_or_skip, delete=delete_or_skip, update_with_logical_id=True)


def _apply_identity_provider() -> None:
    keys = ("UserPoolId", "ProviderName", "ProviderType", "ProviderDetails", "AttributeMapping", "IdpIdentifiers")

    def given(properties: Json) -> Json:
        return {key: properties[key] for key in keys if key in properties}

    def create(_logical_id: str, properties: Json, _stack_name: str) -> tuple[str, Json]:
        _succeeded(take(f"{COGNITO}:_create_identity_provider")(given(properties)))
        return properties["ProviderName"], {}

    def update(physical_id: str, _old: Json, new: Json, _stack_name: str) -> tuple[str, Json]:
        _succeeded(take(f"{COGNITO}:_update_identity_provider")(given(new)))
        return physical_id, {}

    def delete(_physical_id: str, properties: Json) -> None:
        take(f"{COGNITO}:_delete_identity_provider")(given(properties))

    _handlers().setdefault(
        "AWS::Cognito::UserPoolIdentityProvider", {"create": create, "update": update, "delete": delete}
    )


def _apply_table_settings() -> None:
    handlers = _handlers()["AWS::DynamoDB::Table"]
    create, update = handlers["create"], handlers["update"]

    def settle(table: str, properties: Json) -> None:
        if expiry := properties.get("TimeToLiveSpecification"):
            _succeeded(take(f"{DYNAMODB}:_update_ttl")({"TableName": table, "TimeToLiveSpecification": expiry}))
        if recovery := properties.get("PointInTimeRecoverySpecification"):
            request = {"TableName": table, "PointInTimeRecoverySpecification": recovery}
            _succeeded(take(f"{DYNAMODB}:_update_continuous_backups")(request))
        if encryption := properties.get("SSESpecification"):
            # CloudFormation says SSEEnabled where the API says Enabled.
            renamed = {"Enabled" if key == "SSEEnabled" else key: value for key, value in encryption.items()}
            _succeeded(take(f"{DYNAMODB}:_update_table")({"TableName": table, "SSESpecification": renamed}))

    def create_whole(logical_id: str, properties: Json, stack_name: str) -> Any:
        made = create(logical_id, properties, stack_name)
        settle(made[0], properties)
        return made

    def update_whole(table: str, old: Json, new: Json, stack_name: str, logical_id: str | None = None) -> Any:
        # SSESpecification is left to settle(): ministack's own update passes CloudFormation's key on.
        made = update(table, _without_encryption(old), _without_encryption(new), stack_name, logical_id)
        settle(made[0], new)
        return made

    handlers.update(create=create_whole, update=update_whole, update_with_logical_id=True)


def _without_encryption(properties: Json) -> Json:
    return {key: value for key, value in properties.items() if key != "SSESpecification"}


def generated_secret(settings: Json) -> str:
    """A password as GetRandomPassword makes it, alone or as one key of a JSON object."""
    unwanted = settings.get("ExcludeCharacters", "")
    kinds = [
        characters for name, characters in CHARACTERS.items() if not _is_true(settings.get(f"Exclude{name}", False))
    ]
    if _is_true(settings.get("IncludeSpace", False)):
        kinds.append(" ")
    kinds = [kind for characters in kinds if (kind := "".join(c for c in characters if c not in unwanted))]
    length = int(settings.get("PasswordLength", 32))
    password = [secrets.choice("".join(kinds)) for _ in range(length)]
    if _is_true(settings.get("RequireEachIncludedType", True)):
        for place, kind in zip(secrets.SystemRandom().sample(range(length), len(kinds)), kinds, strict=True):
            password[place] = secrets.choice(kind)
    if "SecretStringTemplate" not in settings:
        return "".join(password)
    return json.dumps(
        {**json.loads(settings["SecretStringTemplate"]), settings["GenerateStringKey"]: "".join(password)}
    )


def _is_true(value: Any) -> bool:
    return str(value).lower() == "true"


def _apply_generated_secret() -> None:
    def secret_string(properties: Json) -> str:
        given: str | None = properties.get("SecretString")
        return given or generated_secret(properties.get("GenerateSecretString") or {})

    put(f"{TYPES}:_sm_secret_string", secret_string)


def secret_name(physical_id: str) -> str:
    """The name inside a secret's ARN, which ends in a hyphen and six random characters."""
    return physical_id.split(":secret:")[1][:-7] if ":secret:" in physical_id else physical_id


def _apply_secret_reference() -> None:
    handlers = _handlers()["AWS::SecretsManager::Secret"]
    create, update, delete = handlers["create"], handlers["update"], handlers["delete"]

    def create_by_arn(logical_id: str, properties: Json, stack_name: str) -> Any:
        _name, attributes = create(logical_id, properties, stack_name)
        return attributes["Arn"], attributes

    def update_by_arn(physical_id: str, old: Json, new: Json, stack_name: str, logical_id: str | None = None) -> Any:
        _name, attributes = update(secret_name(physical_id), old, new, stack_name, logical_id)
        return attributes["Arn"], attributes

    def delete_by_arn(physical_id: str, properties: Json) -> None:
        delete(secret_name(physical_id), properties)

    handlers.update(create=create_by_arn, update=update_by_arn, delete=delete_by_arn, update_with_logical_id=True)


def _apply_verified_mail() -> None:
    name = f"{COGNITO}:_confirm_sign_up"
    confirm: Callable[[Json], Any] = take(name)

    def confirm_and_verify(request: Json) -> Any:
        answer = confirm(request)
        if answer[0] == 200:
            for pool in take(f"{COGNITO}:_user_pools").values():
                if request.get("ClientId") in pool["_clients"]:
                    _verify(pool, request["Username"])
        return answer

    put(name, confirm_and_verify)


def _verify(pool: Json, username: str) -> None:
    user, _error = take(f"{COGNITO}:_resolve_user")(pool, username)
    if not user or "email" not in (pool.get("AutoVerifiedAttributes") or []):
        return
    others = [attribute for attribute in user["Attributes"] if attribute["Name"] != "email_verified"]
    user["Attributes"] = [*others, {"Name": "email_verified", "Value": "true"}]


def _apply_parameters_as_numbers() -> None:
    original = take(f"{LAMBDA}:_sqs_esm_concurrency")

    def concurrency(mapping: Json, *rest: Any) -> int:
        scaling = mapping.get("ScalingConfig") or {}
        found: int = original(
            {**mapping, "ScalingConfig": {name: int(number) for name, number in scaling.items()}}, *rest
        )
        return found

    put(f"{LAMBDA}:_sqs_esm_concurrency", concurrency)


PATCHES = [
    Patch(
        "MaximumConcurrency of a parameter",
        ministack="reads it as a string, and then stops polling queues",
        aws="reads it as a number",
        needs=(f"{LAMBDA}:_sqs_esm_concurrency",),
        apply=_apply_parameters_as_numbers,
    ),
    Patch(
        "resource types without effect here",
        ministack=f"refuses a template that has {', '.join(NO_OPS)}",
        aws="creates them: canaries shift traffic step by step and roll back on an alarm",
        needs=(f"{TYPES}:_RESOURCE_HANDLERS",),
        apply=_apply_no_ops,
    ),
    Patch(
        "alarms of computed metrics",
        ministack="refuses an alarm that has Metrics",
        aws="computes the metric and watches it",
        needs=(f"{TYPES}:_RESOURCE_HANDLERS",),
        apply=_apply_computed_alarms,
    ),
    Patch(
        "AWS::Cognito::UserPoolIdentityProvider",
        ministack="refuses a template that has one, though its Cognito knows identity providers",
        aws="creates the provider",
        needs=(
            f"{COGNITO}:_create_identity_provider",
            f"{COGNITO}:_update_identity_provider",
            f"{COGNITO}:_delete_identity_provider",
        ),
        apply=_apply_identity_provider,
    ),
    Patch(
        "settings of AWS::DynamoDB::Table",
        ministack="drops time to live, point-in-time recovery and encryption of a template's table",
        aws="applies them",
        needs=(
            f"{TYPES}:_ddb_create",
            f"{TYPES}:_ddb_update",
            f"{DYNAMODB}:_update_ttl",
            f"{DYNAMODB}:_update_continuous_backups",
            f"{DYNAMODB}:_update_table",
        ),
        apply=_apply_table_settings,
    ),
    Patch(
        "GenerateSecretString",
        ministack="ignores ExcludePunctuation, ExcludeNumbers and the like; draws from a predictable generator",
        aws="follows them, with one character of each kind at least",
        needs=(f"{TYPES}:_sm_secret_string",),
        apply=_apply_generated_secret,
    ),
    Patch(
        "Ref of a secret",
        ministack="gives its name, which matches no policy that grants reading it",
        aws="gives its ARN",
        needs=(f"{TYPES}:_sm_secret_create", f"{TYPES}:_sm_secret_update", f"{TYPES}:_sm_secret_delete"),
        apply=_apply_secret_reference,
    ),
    Patch(
        "verified e-mail",
        ministack="leaves email_verified unset when a sign-up is confirmed",
        aws="sets it on a pool with AutoVerifiedAttributes: [email]",
        needs=(f"{COGNITO}:_confirm_sign_up", f"{COGNITO}:_resolve_user", f"{COGNITO}:_user_pools"),
        apply=_apply_verified_mail,
    ),
]
