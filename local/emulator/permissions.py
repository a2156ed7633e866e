"""Patch of ministack's IAM: the names of the rights that requests need.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsqs.html
"""

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


PATCHES = [
    Patch(
        "rights to SQS's batches",
        ministack="wants rights by the operations' names: sqs:SendMessageBatch, which AWS does not have",
        aws="wants the right of the single operation",
        needs=(f"{ACTIONS}:extract_iam_action",),
        apply=_apply,
    )
]
