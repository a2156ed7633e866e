"""Mails to users report completed changes, so a mail that cannot be sent is logged and is no error."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from handlers import deadline
from handlers.storage import mail, sign_in
from handlers.storage.errors import CodeRejected


def test_no_mail_is_begun_without_time_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail, "ses", lambda: pytest.fail("a mail was begun"))
    with deadline.within(0):
        mail.tell("dana@example.com", "Your address", "has changed.")


def test_a_code_of_a_user_who_is_deleted_meanwhile_is_worth_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    class Pool:
        """A user pool whose user is gone when the password is to be set."""

        def admin_set_user_password(self, **_: object) -> None:
            raise ClientError({"Error": {"Code": "UserNotFoundException"}}, "AdminSetUserPassword")

    monkeypatch.setenv("USER_POOL_ID", "pool")
    monkeypatch.setattr(sign_in, "cognito_admin", Pool)
    with pytest.raises(CodeRejected):
        sign_in._set_password("dana@example.com", "A-long-pass-phrase-1")
