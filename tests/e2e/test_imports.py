"""Imports, through the gateway, the bucket and the queues: a file's way into the journal, and out of it again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

import httpx
import pytest

from tests.e2e.conftest import User

# Two trades, which make 100 - 4 and 45.5 - 2; and a row that cannot be read.
STATEMENT = """Date,Time,Symbol,Quantity,Price,Side,Commission
03/02/2026,09:41:07,AMD,40,151.20,B,2
03/02/2026,11:26:15,AMD,40,153.70,S,2
03/03/2026,13:05:44,KO,50,71.36,SS,1
03/03/2026,15:12:09,KO,50,70.45,B,1
03/04/2026,10:00:00,DIS,many,100,B,1
"""
LATER = STATEMENT + "03/05/2026,10:00:00,DIS,3,100,B,0\n"
WAIT = 60.0  # seconds
Json = dict[str, Any]


def begun(api: httpx.Client, content: str, **given: str) -> str:
    """Make an import and send its file. The import's id."""
    made = api.post("/imports", json={"fileName": "fills.csv", "timeZone": "America/New_York", **given})
    assert made.status_code == 201, made.text
    form = made.json()["upload"]
    sent = httpx.post(form["url"], data=form["fields"], files={"file": ("fills.csv", content)}, trust_env=False)
    assert sent.status_code == 204, sent.text
    return str(made.json()["import"]["importId"])


def followed(api: httpx.Client, import_id: str, *, until: Iterable[str]) -> Json:
    """The import once it has one of these statuses."""
    deadline = time.monotonic() + WAIT
    while (one := api.get(f"/imports/{import_id}").json())["status"] not in until:
        assert time.monotonic() < deadline, one
        time.sleep(0.1)
    return dict(one)


def previewed(api: httpx.Client, content: str, **given: str) -> Json:
    """The preview of a file."""
    return followed(api, begun(api, content, **given), until=("PREVIEW", "NEEDS_MAPPING", "FAILED"))


def commit(api: httpx.Client, one: Json) -> httpx.Response:
    """Commit an import as it was seen."""
    headers = {"If-Match": f'"{one["version"]}"', "Idempotency-Key": f"commit-{one['version']}-{one['importId']}"}
    return api.post(f"/imports/{one['importId']}/commit", json={"undecided": "REFUSE"}, headers=headers)


def counted(api: httpx.Client, trades: int, net: str) -> None:
    """Wait until the statistics have these trades: they follow a moment later."""
    deadline = time.monotonic() + WAIT
    while ((stats := api.get("/stats").json())["tradeCount"], stats["netPnl"]) != (trades, net):
        assert time.monotonic() < deadline, stats
        time.sleep(0.1)


def results(api: httpx.Client) -> dict[str, str | None]:
    """What each trade has earned."""
    return {each["symbol"]: each.get("netPnl") for each in api.get("/trades").json()["items"]}


@pytest.mark.anywhere
def test_a_file_is_previewed_committed_known_again_and_undone(new_user: Callable[[], User]) -> None:
    api = new_user().api
    one = previewed(api, STATEMENT)
    counts = {name: count for name, count in one["counts"].items() if count}
    assert counts == {"rows": 5, "new": 4, "error": 1, "trades": 2}
    assert (one["reading"]["formatId"], one["reading"]["needs"]) == ("tradervue", [])
    path = f"/imports/{one['importId']}"
    [bad] = api.get(f"{path}/rows", params={"outcome": "ERROR"}).json()["items"]
    assert (bad["line"], bad["reason"]) == (6, "NUMBER")
    trades = api.get(f"{path}/trades").json()
    assert [(each["change"], each["trade"]["netPnl"]) for each in trades["items"]] == [
        ("CREATE", "96"),
        ("CREATE", "43.5"),
    ]
    assert results(api) == {}

    assert commit(api, one).status_code == 202
    done = followed(api, one["importId"], until=("COMMITTED", "FAILED"))
    assert (done["status"], done["applied"]["executions"]) == ("COMMITTED", 4)
    assert results(api) == {"AMD": "96", "KO": "43.5"}
    counted(api, 2, "139.5")
    bought = api.get("/executions", params={"limit": 1}).json()["items"][0]
    assert (bought["source"], bought["importId"]) == ("IMPORT", one["importId"])

    # The same file adds nothing; one with another row adds that row.
    again = previewed(api, STATEMENT)
    assert (again["counts"]["new"], again["counts"]["duplicate"]) == (0, 4)
    assert commit(api, again).status_code == 202
    followed(api, again["importId"], until=("COMMITTED",))
    later = previewed(api, LATER)
    assert (later["counts"]["new"], later["counts"]["duplicate"]) == (1, 4)
    assert commit(api, later).status_code == 202
    followed(api, later["importId"], until=("COMMITTED",))
    assert results(api) == {"AMD": "96", "KO": "43.5", "DIS": None}

    # Only what came with the import goes again; then its file is new again.
    assert api.post(f"{path}/undo", json={"edited": "REFUSE"}).status_code == 202
    followed(api, one["importId"], until=("UNDONE",))
    assert results(api) == {"DIS": None}
    counted(api, 0, "0")
    assert previewed(api, STATEMENT)["counts"]["new"] == 4


@pytest.mark.anywhere
def test_a_preview_follows_what_is_decided_and_is_committed_only_as_it_was_seen(new_user: Callable[[], User]) -> None:
    api = new_user().api
    seen = previewed(api, STATEMENT, orphanPolicy="SKIP")
    path = f"/imports/{seen['importId']}"
    decisions = [{"line": line, "decision": "SKIP"} for line in (4, 5)]
    assert api.patch(path, json={"decisions": decisions}, headers={"If-Match": '"1"'}).status_code == 412
    headers = {"If-Match": f'"{seen["version"]}"'}
    assert api.patch(path, json={"decisions": decisions}, headers=headers).status_code == 202
    decided = followed(api, seen["importId"], until=("PREVIEW",))
    assert (decided["decided"], decided["counts"]["trades"]) == (2, 1)
    assert commit(api, seen).status_code == 412
    assert api.post(f"{path}/commit", json={"undecided": "SKIP"}).status_code == 428
    assert commit(api, decided).status_code == 202
    followed(api, seen["importId"], until=("COMMITTED",))
    assert results(api) == {"AMD": "96"}
    assert api.delete(path).status_code == 409
    assert api.delete(path, params={"keep": "executions"}).status_code == 204
    assert results(api) == {"AMD": "96"}


@pytest.mark.anywhere
def test_a_file_that_cannot_be_imported_says_why(new_user: Callable[[], User]) -> None:
    api = new_user().api
    sheet = previewed(api, "PK\x03\x04 a spreadsheet")
    assert (sheet["status"], sheet["failure"]["reason"]) == ("FAILED", "ARCHIVE")
    unknown = previewed(api, "Ticker,Wann,Menge,Kurs\nAAPL,05.01.2026,1,10\n")
    assert (unknown["status"], unknown["table"]["header"]) == ("NEEDS_MAPPING", ["Ticker", "Wann", "Menge", "Kurs"])
    assert commit(api, unknown).status_code == 409
    stranger = new_user().api
    assert stranger.get(f"/imports/{sheet['importId']}").status_code == 404
    assert [each["fileName"] for each in api.get("/imports").json()["items"]] == ["fills.csv"] * 2
