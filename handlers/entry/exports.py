"""The background function that writes exports."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from handlers.entry import runtime
from handlers.entry.batches import Event, each_message
from handlers.log import logger
from handlers.metrics import count
from handlers.storage.accounts import Account
from handlers.storage.errors import AccountErased, ExportNotFound
from handlers.usecases import export_account, export_table


def write_export(event: Event, _: Any) -> Event:
    """Write exports that take longer than a request: of accounts and of tables. Called by ExportQueue."""

    def write(message: Any) -> None:
        account, table = Account(message["userId"], message["username"]), message.get("exportId")
        try:
            if table is None:
                size = export_account.prepare(account, datetime.now(UTC))
            else:
                size = export_table.write(account, table)
        except AccountErased:
            logger.info("not exported, as it is being erased")
        except ExportNotFound:
            logger.info("not written, as what was asked for is deleted", export_id=table)
        else:
            logger.info("account exported" if table is None else "table written", size=size)
            count(**{"AccountsExported" if table is None else "TablesWritten": 1})

    return each_message(event, write)


runtime.ready()
