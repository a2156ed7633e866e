"""Schemathesis against the deployed stack: IAM, tables, queues and the user pool are behind every answer.

The coverage phase is left to tests/contract, which has it all, and to `make fuzz`.
"""

from __future__ import annotations

from local.stack import Stack
from tests.fuzz.__main__ import fuzz, new_user, only, without


def test_what_schemathesis_makes_up_is_answered_as_the_contract_says(stack: Stack) -> None:
    options = ["--seed", "1", "--max-examples", "2", "--phases", "examples,fuzzing,stateful"]
    assert fuzz(stack.api, new_user(stack), [*options, *without("deleteAccount")]) == 0


def test_an_account_is_deleted_whatever_comes_along(stack: Stack) -> None:
    assert fuzz(stack.api, new_user(stack), ["--seed", "1", "--max-examples", "2", *only("deleteAccount")]) == 0
