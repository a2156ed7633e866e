"""Patches of ministack's IAM: the names of the rights that requests need, and of what they are rights to.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsqs.html
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonses.html
"""

from collections.abc import Callable
from email.utils import parseaddr
from typing import Any

from local.emulator.patching import Patch, put, take

ACTIONS = "ministack.core.iam_actions"
# SQS knows no rights to batches: who may send a message may send several.
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


PATCHES = [
    Patch(
        "the sender of a mail",
        ministack="wants the right to send mails by every identity",
        aws="wants the right to send by the sender's identity",
        needs=(f"{ACTIONS}:extract_resource_arn",),
        apply=_apply_senders,
    ),
    Patch(
        "rights to SQS's batches",
        ministack="wants rights by the operations' names: sqs:SendMessageBatch, which AWS does not have",
        aws="wants the right of the single operation",
        needs=(f"{ACTIONS}:extract_iam_action",),
        apply=_apply,
    ),
]
