"""The names that ministack's IAM is given for what a request has a right to."""

from __future__ import annotations

import pytest

from local.emulator.permissions import sender_arn


@pytest.mark.parametrize("sender", ["codes@example.com", "Journal <codes@example.com>", '"A, B" <codes@example.com>'])
def test_a_mail_is_sent_by_the_identity_of_its_senders_domain(sender: str) -> None:
    assert sender_arn(sender, "eu-west-1", "1") == "arn:aws:ses:eu-west-1:1:identity/example.com"
