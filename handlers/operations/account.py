"""The operations on the whole account: parse, call the use case, reply."""

from __future__ import annotations

from datetime import UTC, datetime

from starlette.responses import Response

from handlers.documents.fields import time_text
from handlers.storage import accounts
from handlers.storage.accounts import Account
from handlers.usecases import erase_account
from handlers.usecases import export_account as account_export
from handlers.web.responses import reply

EXPORT_RETRY_AFTER_SECONDS = 10


async def log_out_all(user: str, username: str) -> Response:
    """End all sessions of the user."""
    accounts.sign_out_everywhere(Account(user, username))
    return reply(204)


async def delete_account(user: str, username: str) -> Response:
    """Begin to erase the account and everything that belongs to it."""
    erase_account.begin(Account(user, username), datetime.now(UTC))
    return reply(202, {"status": "ERASING"})


async def export_account(user: str, username: str) -> Response:
    """Answer the address of a file with all data of the account, or the progress while it is being written."""
    export = account_export.export(Account(user, username), datetime.now(UTC))
    if isinstance(export, account_export.UnderWay):
        return reply(
            202,
            {
                "status": "WRITING",
                "formatVersion": account_export.ACCOUNT_FORMAT_VERSION,
                "startedAt": time_text(export.started_at),
                "tradesWritten": export.trades_written,
            },
            {"Retry-After": str(EXPORT_RETRY_AFTER_SECONDS)},
        )
    return reply(
        200,
        {
            "status": "WRITTEN",
            "formatVersion": account_export.ACCOUNT_FORMAT_VERSION,
            "url": export.url,
            "expiresAt": time_text(export.expires_at),
            "size": export.size,
        },
    )
