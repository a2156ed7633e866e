"""The background functions for accounts: erase one, end the sessions of a user."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from handlers.entry import runtime
from handlers.entry.batches import Event, each_message
from handlers.log import logger
from handlers.metrics import count
from handlers.storage import accounts
from handlers.storage.accounts import Account
from handlers.usecases import erase_account as account_erasure


def erase_account(event: Event, context: Any) -> Event:
    """Erase an account for as long as the call may take, then queue the rest. Called by ErasureQueue."""

    def erase(message: Any) -> None:
        finished = account_erasure.proceed(
            Account(message["userId"], message["username"]),
            is_last_look=message["isLastLook"],
            seconds_left=lambda: context.get_remaining_time_in_millis() / 1000,
            now=datetime.now(UTC),
        )
        logger.info("account erased" if finished else "account partly erased", last_look=message["isLastLook"])
        if finished and not message["isLastLook"]:
            count(AccountsErased=1)

    return each_message(event, erase)


def end_sessions(event: Event, _: Any) -> Event:
    """End the sessions of users for whom Cognito failed to do so when the password changed. Called by SignOutQueue."""

    def end(message: Any) -> None:
        accounts.end_sessions_of(message["username"])
        logger.info("sessions ended")

    return each_message(event, end)


runtime.ready()
