"""Rules of the embedded user pool that need no ministack."""

from __future__ import annotations

import pytest

from local.emulator.user_pool import policy_errors, reuse_is_refused


@pytest.mark.parametrize(
    ("replaced_at", "now", "is_refused"),
    [(None, 100.0, False), (100.0, 100.0, False), (100.0, 130.0, False), (100.0, 130.1, True)],
)
def test_a_refresh_token_that_was_replaced_is_of_use_for_its_grace_period(
    replaced_at: float | None, now: float, is_refused: bool
) -> None:
    assert reuse_is_refused(replaced_at, now, 30) is is_refused


@pytest.mark.parametrize(
    ("password", "broken"),
    [
        ("Correct horse battery 1!", 0),
        ("Correct horse battery 1", 0),  # a blank is a symbol
        ("short-1A", 1),
        ("ÄÄÄÄÄÄÄÄÄÄÄÄ1!a", 1),  # no letter of Basic Latin in upper case
    ],
)
def test_a_password_is_held_to_the_pools_policy(password: str, broken: int) -> None:
    pool = {"Policies": {"PasswordPolicy": {"MinimumLength": 12}}}
    assert len(policy_errors(pool, password)) == broken
