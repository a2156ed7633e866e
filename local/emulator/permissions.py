"""Patches of ministack's IAM: the rights that requests need, the resources of these rights, and keys of conditions.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsqs.html
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonses.html
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
"""

import json
from collections.abc import Callable, Iterable, Mapping
from email.utils import parseaddr
from functools import lru_cache
from types import SimpleNamespace
from typing import Any

from local.emulator.patching import Patch, put, take

ACTIONS = "ministack.core.iam_actions"
# AWS has no rights to SQS's batch operations: the right to send a message covers several.
BATCHES = {
    f"sqs:{operation}Batch": f"sqs:{operation}"
    for operation in ("SendMessage", "DeleteMessage", "ChangeMessageVisibility")
}


def _apply() -> None:
    name = f"{ACTIONS}:extract_iam_action"
    extract = take(name)

    def extract_single(*request: Any, **named: Any) -> Any:
        action = extract(*request, **named)
        return BATCHES.get(action, action)

    put(name, extract_single)


def _apply_senders() -> None:
    name = f"{ACTIONS}:extract_resource_arn"
    extract: Callable[..., str] = take(name)

    def extract_sender(
        service: str, method: str, path: str, headers: Any, body: Any, params: Any, region: str, account: str
    ) -> str:
        resource = extract(service, method, path, headers, body, params, region, account)
        source = _first(params.get("Source")) if service == "ses" else ""
        return sender_arn(source, region, account) if source else resource

    put(name, extract_sender)


def _first(value: Any) -> str:
    return str(value[0] if isinstance(value, list) else value or "")


def sender_arn(source: str, region: str, account: str) -> str:
    """The identity by which SES sends for this sender: here always the domain of the address."""
    _, _, domain = parseaddr(source)[1].rpartition("@")
    return f"arn:aws:ses:{region}:{account}:identity/{domain}"


def _apply_partitions() -> None:
    name = f"{ACTIONS}:dynamodb_service_context"
    context_of: Callable[[bytes], dict[str, Any]] = take(name)
    tables = take("ministack.services.dynamodb:_tables")

    def with_partition(body: bytes) -> dict[str, Any]:
        request = take(f"{ACTIONS}:json").loads(body or b"{}")
        keys = leading_keys(request, tables.get(request.get("TableName", "")))
        return {**context_of(body), **({"dynamodb:LeadingKeys": keys} if keys else {})}

    put(name, with_partition)


def leading_keys(request: Mapping[str, Any], table: Mapping[str, Any] | None) -> list[str]:
    """The partition of a request for one item of a table; empty for other requests."""
    item = request.get("Key") or request.get("Item")
    if not table or not item:
        return []
    [partition] = [key["AttributeName"] for key in table["KeySchema"] if key["KeyType"] == "HASH"]
    return [str(value) for value in item.get(partition, {}).values()]


def _apply_speed() -> None:
    # Nothing there changes what it has parsed.
    put(f"{ACTIONS}:json", SimpleNamespace(**{**vars(json), "loads": lru_cache(maxsize=2)(json.loads)}))
    name = f"{ACTIONS}:dynamodb_transaction_checks"
    checks_of: Callable[..., list[tuple[str, str]]] = take(name)
    put(name, lambda *request: each_once(checks_of(*request)))


def each_once(checks: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """The rights that a transaction needs, action and table, each once, in the order of its items."""
    return [*dict.fromkeys(checks)]


PATCHES = [
    Patch(
        "time of checking rights",
        ministack="parses a request to DynamoDB four times for that, and asks for the same right again for each item of"
        " a transaction: a quarter of the time of one with 90 items",
        aws="takes as long as it takes to read the request",
        needs=(f"{ACTIONS}:json", f"{ACTIONS}:dynamodb_transaction_checks"),
        apply=_apply_speed,
    ),
    Patch(
        "the partition of an item",
        ministack="has no condition key dynamodb:LeadingKeys, so a condition on it holds for every item",
        aws="refuses a request to another partition than the condition names",
        needs=(f"{ACTIONS}:dynamodb_service_context", f"{ACTIONS}:json", "ministack.services.dynamodb:_tables"),
        apply=_apply_partitions,
    ),
    Patch(
        "the sender of a mail",
        ministack="demands the right to send mails with every identity",
        aws="demands the right to send with the sender's identity",
        needs=(f"{ACTIONS}:extract_resource_arn",),
        apply=_apply_senders,
    ),
    Patch(
        "rights to SQS's batches",
        ministack="demands rights named after the operations, such as sqs:SendMessageBatch, which AWS does not have",
        aws="demands the right to the single operation",
        needs=(f"{ACTIONS}:extract_iam_action",),
        apply=_apply,
    ),
]
