"""The demo journal's imported statement: a broker's file that goes through the API's own imports."""

import time
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import httpx

Json = dict[str, Any]
# Sends a document, or none, by this method to this path below the API, with these headers; the document of the answer.
Send = Callable[[str, str, Json | None, Json], Json]

FILE_NAME = "schwab-transactions.csv"
ACCOUNT: Json = {"name": "Imported", "broker": "Charles Schwab", "currency": "USD", "timeZone": "America/New_York"}
PATIENCE = 30.0  # seconds


def demo_statement(today: date) -> str:
    """A statement of the last weeks: three closed trades and an open one, a dividend, a deposit, a cancelled order."""

    def row(days_ago: int, action: str, symbol: str, quantity: str, price: str, costs: str, amount: str) -> str:
        day = today - timedelta(days=days_ago)
        return ",".join(f'"{cell}"' for cell in (f"{day:%m/%d/%Y}", action, symbol, "", quantity, price, costs, amount))

    rows = [
        '"Date","Action","Symbol","Description","Quantity","Price","Fees & Comm","Amount"',
        row(6, "Buy", "INTC", "60", "$24.18", "", "-$1,450.80"),
        row(8, "Cancel Buy", "INTC", "60", "", "", ""),
        row(9, "Sell", "DIS", "30", "$111.42", "$0.09", "$3,342.51"),
        row(12, "Qualified Dividend", "PFE", "", "", "", "$42.00"),
        row(13, "Sell", "PFE", "100", "$25.61", "$0.08", "$2,560.92"),
        row(15, "Buy", "DIS", "30", "$107.95", "", "-$3,238.50"),
        row(20, "Sell", "CSCO", "40", "$58.03", "$0.07", "$2,321.13"),
        row(22, "Buy", "CSCO", "40", "$58.77", "", "-$2,350.80"),
        row(27, "Buy", "PFE", "100", "$24.90", "", "-$2,490.00"),
        row(28, "MoneyLink Transfer", "", "", "", "", "$12,000.00"),
    ]
    return "\n".join(rows) + "\n"


def send_statement(send: Send, today: date) -> str:
    """Make the account and an import into it, and send the file: it is read while other things are recorded.

    Repeated on the same day, it goes on with the same import. Returns the import's id.
    """
    key = f"demo-{today}-statement"
    account = send("POST", "/accounts", ACCOUNT, {"Idempotency-Key": f"{key}-account"})
    own = {"fileName": FILE_NAME, "accountId": account["accountId"]}
    made = send("POST", "/imports", own, {"Idempotency-Key": key})
    import_id: str = made["import"]["importId"]
    if _read(send, import_id)["status"] == "AWAITING_FILE":
        _send_file(made["upload"], demo_statement(today))
    return import_id


def commit_statement(send: Send, import_id: str) -> None:
    """Bring what was read into the journal; nobody waits until it is there. Raises TimeoutError."""
    until = time.monotonic() + PATIENCE
    while (one := _read(send, import_id))["status"] in ("AWAITING_FILE", "PARSING"):
        if time.monotonic() > until:
            raise TimeoutError(f"the import {import_id} is still {one['status']}")
        time.sleep(0.1)
    if one["status"] == "PREVIEW":
        send("POST", f"/imports/{import_id}/commit", {"undecided": "REFUSE"}, {"If-Match": f'"{one["version"]}"'})


def _read(send: Send, import_id: str) -> Json:
    return send("GET", f"/imports/{import_id}", None, {})


def _send_file(form: Json, content: str) -> None:
    file = {"file": (FILE_NAME, content.encode())}
    httpx.post(form["url"], data=form["fields"], files=file, timeout=60, trust_env=False).raise_for_status()
