"""Importing a file with the command."""

from __future__ import annotations

import json
import re
from pathlib import Path

import httpx
import pytest

from openapi.clients.command.api import Refused
from openapi.clients.command.importing import MOST_ATTEMPTS, Wishes, import_file, key_of
from tests.unit.command.fake_journal import FILES, FakeJournal, Said, import_of, problem

READ = {"formatId": "tradervue", "timeZone": "America/New_York", "currencies": ["USD"], "dateOrder": "MDY"}
TWO = {"rows": 3, "new": 2, "error": 1, "trades": 11}
TRADE = {
    "symbol": "AAPL",
    "side": "BUY",
    "quantity": "1",
    "openDate": "2026-01-05T09:31:04-05:00",
    "status": "CLOSED",
    "netPnl": "12.5",
}
TRADES = {
    "items": [{"change": "CREATE", "trade": TRADE}],
    "totals": [{"currency": "USD", "trades": 11, "grossPnl": "13", "netPnl": "12.5", "costs": "0.5", "byDay": [{}]}],
}
BAD = {"line": 7, "outcome": "ERROR", "reason": "DATE", "detail": "is no date", "raw": {"Date": "soon", "Note": ""}}
PREVIEW = import_of("PREVIEW", reading=READ, counts=TWO)
COMMITTED = import_of(
    "COMMITTED",
    counts={"rows": 2, "new": 2},
    applied={"executions": 2, "present": 1},
    remarks=[{"line": 2, "detail": "as it is"}],
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / 'fi"lls.csv'
    path.write_text("Date,Symbol\n")
    return path


def made(*, replayed: bool = False, expires_at: str = "2999-01-05T10:15:00Z", max_bytes: int = 1000) -> httpx.Response:
    form = {"url": FILES, "fields": {"key": "k"}, "maxBytes": max_bytes, "expiresAt": expires_at}
    headers = {"Idempotent-Replayed": "true"} if replayed else {}
    return httpx.Response(201, json={"import": import_of("AWAITING_FILE"), "upload": form}, headers=headers)


@pytest.fixture
def fake() -> FakeJournal:
    """A journal that takes a file and commits it."""
    fake = FakeJournal()
    fake.on("POST /imports", made())
    fake.on("POST files", httpx.Response(204))
    fake.on("GET /imports/i-1", import_of("PARSING", progress={"phase": "READING", "done": 1}), PREVIEW, COMMITTED)
    fake.on("GET /imports/i-1/rows", {"items": [BAD]})
    fake.on("GET /imports/i-1/trades", TRADES)
    fake.on("POST /imports/i-1/commit", httpx.Response(202, json=import_of("COMMITTING")))
    fake.on("DELETE /imports/i-1", httpx.Response(204))
    return fake


def test_a_file_is_sent_shown_and_recorded_once_somebody_agrees(fake: FakeJournal, file: Path) -> None:
    said = Said("y\n")
    assert import_file(fake.journal(), said.terminal, file, Wishes({"timeZone": "America/New_York"}))
    assert fake.bodies("POST /imports") == [{"fileName": "fi_lls.csv", "timeZone": "America/New_York"}]
    [commit] = fake.sent("POST /imports/i-1/commit")
    assert commit.headers["If-Match"] == '"3"'
    assert commit.headers["Idempotency-Key"] == "commit-i-1-3-REFUSE"
    assert json.loads(commit.content) == {"undecided": "REFUSE"}
    for told in (
        "fills.csv: format tradervue, times of America/New_York, USD, dates as MDY",
        "3 rows: 2 new executions, 1 cannot be read",
        "  line 7: DATE: is no date (Date=soon)",
        "CREATE  AAPL    BUY   1         2026-01-05 09:31  CLOSED  12.5",
        "... and 10 more",
        "+11 closed trades on 1 days: net 12.5 USD, gross 13, costs 0.5",
        "Recorded: 2 executions, 1 there already. To take it back: trading-journal undo i-1",
        "  line 2: as it is",
    ):
        assert told in said.text


def test_rows_that_cannot_be_read_are_told_at_the_end(fake: FakeJournal, file: Path) -> None:
    fake.on("GET /imports/i-1", PREVIEW, import_of("COMMITTED", counts=TWO))
    said = Said()
    assert not import_file(fake.journal(), said.terminal, file, Wishes(yes=True))
    assert "Recorded: nothing." in said.text
    assert said.complaints == "1 rows of fills.csv cannot be read and are not in the journal.\n"


def test_nothing_is_recorded_without_a_yes(fake: FakeJournal, file: Path) -> None:
    said = Said()
    assert not import_file(fake.journal(), said.terminal, file, Wishes())
    assert fake.sent("POST /imports/i-1/commit") == []
    assert "Nothing is recorded. The preview i-1 is kept until 2026-01-12" in said.complaints


def test_a_preview_that_has_changed_is_shown_again(fake: FakeJournal, file: Path) -> None:
    later = import_of("PREVIEW", counts=TWO, version=4)
    fake.on("GET /imports/i-1", PREVIEW, later, COMMITTED)
    fake.on("POST /imports/i-1/commit", problem(412, "precondition-failed"), httpx.Response(202, json=later))
    assert import_file(fake.journal(), Said().terminal, file, Wishes(yes=True))
    assert [each.headers["If-Match"] for each in fake.sent("POST /imports/i-1/commit")] == ['"3"', '"4"']


def test_another_refusal_of_the_commit_is_told(fake: FakeJournal, file: Path) -> None:
    fake.on("POST /imports/i-1/commit", problem(409, "import-not-ready"))
    with pytest.raises(Refused, match="import-not-ready"):
        import_file(fake.journal(), Said().terminal, file, Wishes(yes=True))


def test_a_file_with_nothing_new_leaves_no_import_behind(fake: FakeJournal, file: Path) -> None:
    fake.on("GET /imports/i-1", import_of("PREVIEW", counts={"rows": 2, "duplicate": 2}))
    fake.on("GET /imports/i-1/trades", {"items": []})
    said = Said()
    assert import_file(fake.journal(), said.terminal, file, Wishes(yes=True))
    assert "2 rows: 2 there already\nThere is nothing to record" in said.text
    assert len(fake.sent("DELETE /imports/i-1")) == 1


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (import_of("PREVIEW", reading={"needs": ["TIME_ZONE", "NEW"]}, counts={"new": 1}), "give --zone.*; NEW"),
        (
            import_of("PREVIEW", counts={"new": 1, "undecided": 1}, undecided=[4]),
            "1 rows wait for a decision, as in line 4",
        ),
        (import_of("FAILED", failure={"reason": "EMPTY", "detail": "is empty."}), r"it is empty \(EMPTY\)"),
        (import_of("EXPIRED"), "is EXPIRED"),
    ],
)
def test_what_keeps_a_file_from_being_recorded_is_said(
    fake: FakeJournal, file: Path, one: dict[str, object], words: str
) -> None:
    fake.on("GET /imports/i-1", one)
    said = Said()
    assert not import_file(fake.journal(), said.terminal, file, Wishes(yes=True))
    assert fake.sent("POST /imports/i-1/commit") == []
    assert re.search(words, said.complaints)


def test_rows_without_a_decision_are_left_out_where_that_is_said(fake: FakeJournal, file: Path) -> None:
    fake.on("GET /imports/i-1", import_of("PREVIEW", counts={"new": 1, "undecided": 1}), COMMITTED)
    said = Said("yes\n")
    assert import_file(fake.journal(), said.terminal, file, Wishes(skip_undecided=True))
    assert "Record this, leaving out 1 rows without a decision?" in said.text
    assert fake.bodies("POST /imports/i-1/commit") == [{"undecided": "SKIP"}]


def test_a_commit_that_fails_is_told(fake: FakeJournal, file: Path) -> None:
    failure = {"reason": "NO_SUCH_ACCOUNT", "detail": "has no account"}
    fake.on("GET /imports/i-1", PREVIEW, import_of("FAILED", failure=failure))
    said = Said()
    assert not import_file(fake.journal(), said.terminal, file, Wishes(yes=True))
    assert "has no account (NO_SUCH_ACCOUNT)" in said.complaints


def test_a_repeated_run_goes_on_with_the_import_that_was_begun(fake: FakeJournal, file: Path) -> None:
    fake.on("POST /imports", made(replayed=True))
    fake.on("GET /imports/i-1", import_of("COMMITTING"), import_of("COMMITTING"), COMMITTED)
    said = Said()
    assert import_file(fake.journal(), said.terminal, file, Wishes(yes=True))
    assert fake.sent("POST files") == []
    assert fake.sent("POST /imports/i-1/commit") == []
    assert "going on with its import" in said.text


@pytest.mark.parametrize(
    "before",
    [
        httpx.Response(200, json=COMMITTED),
        httpx.Response(200, json=import_of("UNDONE")),
        httpx.Response(200, json=import_of("AWAITING_FILE")),  # whose form has expired
        problem(404, "not-found"),
    ],
)
def test_an_import_that_is_over_is_followed_by_another_one(
    fake: FakeJournal, file: Path, before: httpx.Response
) -> None:
    fake.on("POST /imports", made(replayed=True, expires_at="2026-01-05T10:15:00Z"), made())
    fake.on("GET /imports/i-1", before, PREVIEW, COMMITTED)
    assert import_file(fake.journal(), Said().terminal, file, Wishes(yes=True))
    keys = [each.headers["Idempotency-Key"] for each in fake.sent("POST /imports")]
    assert keys == [key_of(file.read_bytes(), {"fileName": "fi_lls.csv"}, attempt) for attempt in (1, 2)]


def test_attempts_end(fake: FakeJournal, file: Path) -> None:
    fake.on("POST /imports", made(replayed=True))
    fake.on("GET /imports/i-1", COMMITTED)
    with pytest.raises(Refused, match=f"imported {MOST_ATTEMPTS} times"):
        import_file(fake.journal(), Said().terminal, file, Wishes(yes=True))


def test_a_refused_look_at_an_earlier_import_is_told(fake: FakeJournal, file: Path) -> None:
    fake.on("POST /imports", made(replayed=True))
    fake.on("GET /imports/i-1", problem(403, "forbidden"))
    with pytest.raises(Refused, match="forbidden"):
        import_file(fake.journal(), Said().terminal, file, Wishes())


def test_a_file_that_is_too_large_is_not_sent(fake: FakeJournal, file: Path) -> None:
    fake.on("POST /imports", made(max_bytes=3))
    with pytest.raises(Refused, match="12 bytes; up to 3"):
        import_file(fake.journal(), Said().terminal, file, Wishes())
    assert fake.sent("POST files") == []
    assert len(fake.sent("DELETE /imports/i-1")) == 1


def test_the_key_follows_from_the_bytes_and_from_how_they_are_read() -> None:
    keys = {
        key_of(content, given, attempt)
        for content in (b"a", b"b")
        for given in ({"x": 1}, {"x": 2})
        for attempt in (1, 2)
    }
    assert len(keys) == 8
    assert key_of(b"a", {"x": 1, "y": 2}, 1) == key_of(b"a", {"y": 2, "x": 1}, 1)


def test_a_table_of_no_known_format_gets_a_mapping_to_correct(fake: FakeJournal, file: Path, tmp_path: Path) -> None:
    proposal = {"name": "fills", "rowKind": "FILL", "columns": {"symbol": "Ticker"}}
    table = {"header": ["Ticker", "When"], "rows": [], "proposal": proposal}
    fake.on("GET /imports/i-1", import_of("NEEDS_MAPPING", table=table))
    said, target = Said(), tmp_path / "mapping.json"
    assert not import_file(fake.journal(), said.terminal, file, Wishes())
    assert "Its columns: Ticker, When.\nThey look like: symbol = Ticker." in said.complaints
    assert "--propose mapping.json" in said.complaints
    assert not import_file(fake.journal(), said.terminal, file, Wishes(mapping_file=target))
    assert json.loads(target.read_text("utf-8")) == proposal
    with pytest.raises(FileExistsError):
        import_file(fake.journal(), said.terminal, file, Wishes(mapping_file=target))
    proposal["columns"] = {}
    fake.on("GET /imports/i-1", import_of("NEEDS_MAPPING", table=table))
    unknown = Said()
    assert not import_file(fake.journal(), unknown.terminal, file, Wishes())
    assert "They look like" not in unknown.complaints
