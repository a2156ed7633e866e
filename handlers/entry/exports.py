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
from handlers.usecases import export_account, export_files


def write_export(event: Event, _: Any) -> Event:
    """Write the exports, of accounts or as files, that take longer than a request. Called by ExportQueue."""

    def write(message: Any) -> None:
        account, export_id = Account(message["userId"], message["username"]), message.get("exportId")
        try:
            if export_id is None:
                size = export_account.prepare(account, datetime.now(UTC))
            else:
                size = export_files.write(account, export_id)
        except AccountErased:
            logger.info("not exported, as it is being erased")
        except ExportNotFound:
            logger.info("not written, as what was asked for is deleted", export_id=export_id)
        else:
            logger.info("account exported" if export_id is None else "file written", size=size)
            count(**{"AccountsExported" if export_id is None else "TablesWritten": 1})

    return each_message(event, write)


runtime.ready()
