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
from handlers.storage.errors import AccountErased
from handlers.usecases import delete_trading_account as delete_with_everything
from handlers.usecases import erase_account as account_erasure


def erase_account(event: Event, context: Any) -> Event:
    """Erase an account, or a trading account with all that it holds, for as long as the call may take, then queue the
    rest. Called by ErasureQueue.
    """

    def seconds_left() -> float:
        return float(context.get_remaining_time_in_millis()) / 1000

    def delete_trading_account(message: Any) -> None:
        try:
            gone = delete_with_everything.proceed(
                message["userId"],
                message["accountId"],
                is_last_look=message["isLastLook"],
                seconds_left=seconds_left,
                now=datetime.now(UTC),
            )
        except AccountErased:
            logger.info("trading account not deleted, as its user is being erased")
        else:
            logger.info("trading account deleted" if gone else "trading account partly deleted")

    def erase(message: Any) -> None:
        if "accountId" in message:
            delete_trading_account(message)
            return
        finished = account_erasure.proceed(
            Account(message["userId"], message["username"]),
            is_last_look=message["isLastLook"],
            seconds_left=seconds_left,
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
