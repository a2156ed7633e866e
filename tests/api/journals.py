"""A journal with something of every kind that its user can give, and the archive that an export makes of it."""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid5

from handlers.journal.settings import MAIN
from handlers.storage import clients
from tests.api.client import Answer, Client
from tests.api.uploading import illustrate
from tests.pictures import chunk, ihdr, png

AT = "2026-01-0{}T10:{:02}:00-05:00"


def made(answer: Answer) -> Any:
    """What the request made."""
    assert answer.status in (200, 201), answer.json
    return answer.json


def keep(client: Client) -> None:
    """Keep a journal of everything: by the API alone, in about a second."""
    other = _settings_and_accounts(client)
    _trades_by_hand(client, other)
    _executions(client, other)
    _cash(client, other)
    rates = [{"from": "EUR", "to": "USD", "day": f"2026-01-0{day}", "rate": f"1.0{day}50"} for day in (5, 6, 7)]
    made(client("PUT", "/fx-rates", {"rates": rates}))
    _mappings(client)


def _settings_and_accounts(client: Client) -> str:
    made(client.patch("/settings", {"timeZone": "America/New_York", "breakevenTolerance": "0.05R"}))
    given = {"name": "Élan — \u2028 paper", "kind": "PAPER", "currency": "EUR", "openingBalance": "5000.10"}
    own = made(client.post("/accounts", {**given, "lotMethod": "FIFO", "openedAt": "2025-12-31T23:59:59.5+01:00"}))
    made(client.patch(f"/accounts/{own['accountId']}", {"broker": "XYZ", "includeInTotals": True}))
    made(client.post("/accounts", {"name": "Empty", "currency": "USD", "dustValue": "0.01"}))
    made(client.patch(f"/accounts/{MAIN}", {"name": "Principal", "timeZone": "Europe/Paris"}))
    return str(own["accountId"])


def _trades_by_hand(client: Client, account: str) -> None:
    close = {"quantity": "40", "price": "11", "closedAt": AT.format(5, 30), "commission": "0.5", "fees": "-0.10"}
    moods = {"patience": True, "greed": False, "overconfidence": True}
    first = client.new_trade(
        accountId=account,
        stopLoss="9.5",
        takeProfit="12.345678901234567",
        multiplier="0.5",
        closes=[close, {**close, "price": "12", "quantity": "10"}],
        tags=["zeta", "alpha", "été"],
        psychology=moods,
        preTradeNotes='two\nlines \u2028 "quoted" \\ and a 📈',
        setupType="gap",
        tradeGrade="A",
        confidence=7,
        newsEvents=["CPI", "FOMC"],
    )
    made(client.patch(f"/trades/{first['tradeId']}", {"stopLoss": "10.25", "externalId": "broker 1"}))
    illustrate(client, first["tradeId"], _picture(3))
    illustrate(client, first["tradeId"], _picture(2))
    event = {"type": "DIVIDEND", "amount": "2.40", "at": "2026-01-06T00:00:00.123456+05:30", "note": "0.24 a share"}
    made(client.post(f"/trades/{first['tradeId']}/events", event))
    entries = [
        {"quantity": "10", "price": "100.125", "enteredAt": "2026-01-05T10:00:00Z", "commission": "1"},
        {"quantity": "3", "price": "101", "enteredAt": "2026-01-05T10:00:00Z"},
    ]
    split = client.post(
        "/trades",
        {"symbol": "nvda", "side": "SELL", "lotMethod": "LIFO", "riskAmount": "50", "entries": entries},
        headers={"Idempotency-Key": "key-1"},
    )
    made(client.post(f"/trades/{made(split)['tradeId']}/splits", {"new": "10", "old": "1", "at": AT.format(6, 0)}))
    later = {"quantity": "30", "price": "9.5", "closedAt": AT.format(7, 0)}
    made(client.post(f"/trades/{split.json['tradeId']}/closes", later))
    planned = made(
        client.post("/trades", {"symbol": "PLAN", "side": "BUY", "quantity": "1", "openDate": "2026-01-05T10:00:00Z"})
    )
    made(client.patch(f"/trades/{planned['tradeId']}", {"status": "CANCELLED"}))
    legs = [client.new_trade(symbol=f"LEG{number}") for number in range(3)]
    group = str(uuid5(UUID(MAIN), str(client.user)))
    ids = [leg["tradeId"] for leg in reversed(legs)]
    made(client("PUT", f"/groups/{group}", {"name": "Fly", "strategy": "butterfly", "tradeIds": ids}))
    assert client.delete(f"/trades/{ids[1]}").status == 204


def _executions(client: Client, account: str) -> None:
    def fill(symbol: str, side: str, quantity: str, price: str | None, day: int, minute: int, **others: Any) -> Any:
        given = {"symbol": symbol, "side": side, "quantity": quantity, "executedAt": AT.format(day, minute), **others}
        return made(client.post("/executions", given if price is None else {**given, "price": price}))

    bought = fill("flip", "BUY", "100", "10", 5, 0, commission="1", note="in", tags=["b", "a"], orderId="o 1")
    fill("FLIP", "SELL", "150", "11", 5, 0, commission="1.5", externalId="x-1")
    fill("FLIP", "BUY", "20", "10.5", 5, 2)
    [trade] = bought["trades"]
    notes = {"stopLoss": "9", "takeProfit": "13", "tags": ["ledger"], "lessons": "wait", "riskAmount": "100"}
    made(client.patch(f"/trades/{trade['tradeId']}", notes))
    illustrate(client, trade["tradeId"], _picture(4))
    instrument = {"kind": "FUTURE", "multiplier": "5", "currency": "USD", "expiry": "2026-03-20"}
    costs = {"costDetails": [{"kind": "EXCHANGE", "amount": "0.24"}], "commission": "0.24", "pairId": "pair 1"}
    fill("MES", "BUY", "2", "5000.25", 5, 3, instrument=instrument, accountId=account, **costs)
    fill("COIN", "BUY", "0.5", "60000", 5, 4, feeCurrency="BNB", feePrice="600", commission="0.0003")
    fill("GIFT", "BUY", "7", None, 5, 5, kind="TRANSFER_IN")
    held = fill("GE", "BUY", "12", "10", 5, 6, commission="1")
    [spun] = held["trades"]
    made(client.patch(f"/trades/{spun['tradeId']}", {"stopLoss": "8"}))
    action = {"type": "SPLIT", "symbol": "ge", "effectiveAt": AT.format(6, 0), "new": "2", "old": "1"}
    made(client.post("/corporate-actions", action))
    spin = {"type": "SPINOFF", "symbol": "GE", "newSymbol": "GEV", "effectiveAt": AT.format(6, 30), "costShare": "0.2"}
    made(client.post("/corporate-actions", {**spin, "new": "1", "old": "4"}))
    fill("GEV", "SELL", "6", "3", 7, 0)
    fill("OLD", "BUY", "5", "4", 5, 7)
    made(
        client.post(
            "/corporate-actions",
            {"type": "RENAME", "symbol": "OLD", "newSymbol": "NEW", "effectiveAt": AT.format(6, 0)},
        )
    )
    fill("NEW", "SELL", "2", "5", 7, 1)
    option = {"kind": "OPTION", "multiplier": "100", "underlying": "ABC", "strike": "103", "right": "PUT"}
    fill("ABC P103", "SELL", "1", "2.05", 5, 8, instrument={**option, "expiry": "2026-01-16"}, commission="1.14")
    assigned = {"symbol": "ABC P103", "kind": "ASSIGNMENT", "quantity": "1", "executedAt": AT.format(7, 2)}
    made(client.post("/executions", {**assigned, "commission": "5"}))
    converted = client.new_trade(symbol="CONV", accountId=account, externalId="broker 2", preTradeNotes="by hand first")
    made(client.post(f"/trades/{converted['tradeId']}/to-executions"))
    made(client.patch(f"/executions/{held['execution']['executionId']}", {"note": "corrected", "price": "10.10"}))


def _cash(client: Client, account: str) -> None:
    def pay(where: str, **given: Any) -> Any:
        return made(client.post(f"/accounts/{where}/cash", {"at": AT.format(5, 59), **given}))

    pay(account, type="DEPOSIT", amount="1000", externalId="wire 1", note="first\nwire")
    pay(MAIN, type="DIVIDEND", amount="-1.50", symbol="GE", currency="EUR")
    pay(account, type="CONVERSION", amount="-100", counter={"amount": "110.5", "currency": "USD"})
    pay(account, type="TRANSFER", amount="-50", counter={"amount": "54", "currency": "USD", "accountId": MAIN})
    made(client.post(f"/accounts/{account}/reconciliations", {"statementBalance": "5851", "at": AT.format(9, 0)}))


def _mappings(client: Client) -> None:
    columns = {"time": "Zeitpunkt", "symbol": "Titel", "side": "Richtung", "quantity": "Anzahl", "price": "Kurs"}
    given = {"name": "Mine — \u2028", "rowKind": "FILL", "columns": {"price": "Kurs", **columns}}
    made(client.post("/import-mappings", given))
    others = {
        "columns": {**columns, "type": "Art"},
        "fees": ["Gebühr", "Spesen"],
        "match": ["Zeitpunkt", "Art"],
        "skipLines": 3,
        "sides": [{"side": "SELL", "words": ["Verkauf"]}, {"side": "BUY", "words": ["Kauf", "Zukauf"]}],
        "types": [{"type": "DEPOSIT", "words": ["Einzahlung"]}],
        "dateFormats": ["DD.MM.YYYY HH:mm"],
        "dateOrder": "DMY",
        "decimalMark": "COMMA",
        "timeZone": "Europe/Berlin",
        "costSign": "POSITIVE_IS_COST",
        "lotSize": "100.0",
        "instrumentKind": "STOCK",
        "skipWhen": [{"column": "Art", "comparison": "startsWith", "text": "Summe"}],
    }
    one = made(client.post("/import-mappings", {**given, "rowKind": "MIXED", **others}))
    path, tag = f"/import-mappings/{one['mappingId']}", {"If-Match": f'"{one["version"]}"'}
    made(client("PUT", path, {**given, "name": "Other", "rowKind": "MIXED", **others}, headers=tag))


def _picture(shade: int) -> bytes:
    """A picture of one dot, unlike that of another shade."""
    return png(ihdr(), chunk(b"IDAT", zlib.compress(bytes([0, shade]))), chunk(b"IEND"))


def exported(client: Client) -> dict[str, bytes]:
    """The members of the archive that an export makes now, by name, in their order."""
    answer = client.post("/exports", {"format": "ZIP"})
    assert answer.status == 201, answer.json
    return members_of(file_of(answer))


def file_of(answer: Answer) -> bytes:
    """The file that an export has written."""
    assert answer.json["status"] == "WRITTEN", answer.json
    key = urlsplit(answer.json["url"]).path.removeprefix("/")
    data: bytes = clients.s3().get_object(Bucket="files", Key=key)["Body"].read()
    assert len(data) == answer.json["size"]
    return data


def members_of(data: bytes) -> dict[str, bytes]:
    """The members of an archive by name."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        return {info.filename: archive.read(info) for info in archive.infolist()}


def documents_of(members: dict[str, bytes], name: str) -> list[dict[str, Any]]:
    """The documents of a member with a document a line."""
    return [json.loads(line) for line in members[f"{name}.ndjson"].decode().split("\n")[:-1]]
