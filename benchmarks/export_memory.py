"""How much memory and time the export of a large account takes: `python -m benchmarks.export_memory [TRADES]`.

DynamoDB, S3 and Cognito are replaced, behind boto3's own parsers, by stand-ins that keep nothing: a page of a megabyte
is made when it is asked for, a part is counted and dropped. So the figures are the function's own, without the network.
"""

from __future__ import annotations

import json
import os
import sys
import time
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from botocore.awsrequest import AWSResponse

from benchmarks.stub import answer
from handlers.background import exporting
from handlers.journal.trades import Close, JournalNotes, Side, Trade, open_trade
from handlers.storage import clients
from handlers.storage.accounts import Account
from handlers.storage.items import trade_item

TRADES = 100_000
MOST_MEGABYTES = 256
PAGE_BYTES = 1_000_000
USER = "11111111-aaaa-4bbb-8ccc-000000000001"
TRADE = "33333333-cccc-4ddd-8eee-000000000000"
NOTE = "Sold half too early, the rest at the target. " * 6
OPENED = datetime(2026, 1, 5, 14, 31, 4, tzinfo=UTC)
SETTINGS = {
    "AWS_ACCESS_KEY_ID": "nobody",
    "AWS_SECRET_ACCESS_KEY": "nothing",  # pragma: allowlist secret
    "AWS_DEFAULT_REGION": "eu-central-1",
    "TRADES_TABLE": "trades",
    "FILES_BUCKET": "files",
    "STATS_TABLE": "stats",
    "USER_POOL_ID": "eu-central-1_pool",
}


def a_trade() -> Trade:
    """A trade of a diligent trader: two closes, and something to say."""
    trade = Trade(
        user_id=USER,
        trade_id=TRADE,
        symbol="AAPL",
        side=Side.BUY,
        quantity=Decimal(100),
        open_date=OPENED,
        entry_price=Decimal("185.25"),
        stop_loss=Decimal("183.25"),
        take_profit=Decimal("191.25"),
        commission=Decimal(1),
        fees=Decimal("0.1"),
        notes=JournalNotes(
            setup_type="gap and go",
            timeframe="5m",
            trading_session="New York",
            trade_grade="B",
            confidence=7,
            setup_quality=8,
            psychology={"fomo": True, "patience": False},
            pre_trade_notes="Above the premarket high on volume; risk below the first pullback. " * 3,
            post_trade_notes=NOTE,
            tags=("gap", "earnings"),
        ),
        created_at=OPENED,
        updated_at=OPENED,
    )
    closes = [
        Close(close_id=f"close-{half}", quantity=Decimal(50), price=Decimal("187.25"), closed_at=OPENED)
        for half in (1, 2)
    ]
    return open_trade(trade, closes)


class StandIn:
    """What the export asks for, answered without anything being kept."""

    def __init__(self, trades: int) -> None:
        self.left = trades
        self.parts = 0
        self.item = json.dumps(trade_item(a_trade()))
        # DynamoDB counts names and values, not the type that JSON writes with each of them.
        self.page = PAGE_BYTES // int(len(self.item) * 0.75)

    def query(self, _: Any) -> AWSResponse:
        """A page of trades."""
        count = min(self.page, self.left)
        self.left -= count
        # Ids and notes that no compressor shortens, so that the file is as large as one of people's words, or larger.
        items = ",".join(
            self.item.replace(TRADE, f"{TRADE[:-12]}{self.left + n:012}").replace(NOTE, os.urandom(150).hex())
            for n in range(count)
        )
        last = json.dumps({"userId": {"S": USER}, "tradeId": {"S": TRADE}})
        following = f',"LastEvaluatedKey":{last}' if self.left else ""
        return answer(f'{{"Items":[{items}],"Count":{count}{following}}}')

    def part(self, _: Any) -> AWSResponse:
        """A part that was uploaded."""
        self.parts += 1
        return answer("", ETag=f'"{self.parts}"')

    def register(self) -> None:
        """Stand in for the services."""
        user = {
            "Username": USER,
            "UserCreateDate": 1767623470,
            "UserAttributes": [{"Name": "sub", "Value": USER}, {"Name": "email", "Value": "dana@example.com"}],
        }
        xml = "<{0}Result><UploadId>1</UploadId><ETag>1</ETag></{0}Result>"
        for client, operation, made in (
            (clients.dynamodb(), "Query", self.query),
            (clients.dynamodb(), "GetItem", lambda _: answer("{}")),
            (clients.cognito_admin(), "AdminGetUser", lambda _: answer(json.dumps(user))),
            (clients.s3(), "CreateMultipartUpload", lambda _: answer(xml.format("InitiateMultipartUpload"))),
            (clients.s3(), "UploadPart", self.part),
            (clients.s3(), "CompleteMultipartUpload", lambda _: answer(xml.format("CompleteMultipartUpload"))),
        ):
            client.meta.events.register_first(
                f"before-send.*.{operation}", lambda request, made=made, **_: made(request)
            )


def main() -> int:
    """Export, and tell what it took; 1 when it was too much memory."""
    trades = int(sys.argv[1]) if len(sys.argv) > 1 else TRADES
    os.environ.update(SETTINGS)
    stand_in = StandIn(trades)
    stand_in.register()
    before = _megabytes()
    began = time.perf_counter()
    size = exporting.prepare(Account(USER, USER), OPENED)
    took = time.perf_counter() - began
    print(  # noqa: T201 a command's output
        f"{trades} trades, {stand_in.page} a page: {size / 1e6:.1f} MB in {stand_in.parts} parts, "
        f"{took:.1f} s ({trades / took:.0f} a second), peak {_megabytes():.0f} MB ({before:.0f} MB before)"
    )
    return int(_megabytes() > MOST_MEGABYTES)


def _megabytes() -> float:
    # Not getrusage's: that begins with what the parent had.
    status = Path("/proc/self/status").read_text("utf-8")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) / 1024


if __name__ == "__main__":
    sys.exit(main())
