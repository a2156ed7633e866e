"""The operations on the whole account: parse, call what does it, reply."""

from __future__ import annotations

from datetime import UTC, datetime

from starlette.responses import Response

from handlers.background import erasing, exporting
from handlers.storage import accounts
from handlers.storage.accounts import Account
from handlers.web.fields import time_text
from handlers.web.replies import reply


async def log_out_all(user: str, username: str) -> Response:
    """logOutAll."""
    accounts.sign_out_everywhere(Account(user, username))
    return reply(204)


async def delete_account(user: str, username: str) -> Response:
    """deleteAccount."""
    erasing.begin(Account(user, username), datetime.now(UTC))
    return reply(202, {"status": "ERASING"})


async def export_account(user: str, username: str) -> Response:
    """exportAccount."""
    export = exporting.export(Account(user, username), datetime.now(UTC))
    return reply(
        200,
        {
            "url": export.url,
            "expiresAt": time_text(export.expires_at),
            "formatVersion": exporting.FORMAT_VERSION,
            "size": export.size,
        },
    )
