"""How many codes may be asked for in a day: as many as the pool's sender mails.

What is counted are requests that can mail a code, not mails. Whether one is mailed depends on whether the address has
an account; were mails counted, or Cognito's own limit told, then the first refusal would tell which of the requests
before it had mailed one (docs/decisions/requests-for-codes-are-counted.md).
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import Any

from handlers.storage.clients import trades_table
from handlers.storage.dynamo import is_absent, write_if
from handlers.storage.errors import Throttled
from handlers.storage.trade_items import epoch_seconds, trade_key
from handlers.storage.user_pool_errors import RETRY_AFTER_MAILS

# No user has this id. The counts lie in the trades' table, and in none of its indexes.
OWNER = "mails"
# When a day of Cognito's sender begins, in UTC.
_DAY_BEGINS = timedelta(hours=9)
_KEPT = timedelta(days=2)


def take_one() -> None:
    """Count a request that can mail a code. Raises Throttled when those of the day are used up, and Unavailable."""
    now = datetime.now(UTC)
    update: Any = {
        "TableName": trades_table(),
        "Key": trade_key(OWNER, f"mails|{(now - _DAY_BEGINS).date()}"),
        "UpdateExpression": "SET expiresAt = :end ADD askedFor :one",
        "ConditionExpression": f"{is_absent('askedFor')} OR askedFor < :most",
        "ExpressionAttributeValues": {
            ":one": {"N": "1"},
            ":most": {"N": os.environ["MAILS_A_DAY"]},
            ":end": {"N": str(epoch_seconds(now + _KEPT))},
        },
    }
    if not write_if({"Update": update}):
        raise Throttled(RETRY_AFTER_MAILS)
