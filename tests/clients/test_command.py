"""The command of the Python client as it is installed, against a deployed stack."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Timer

import httpx
import pytest

from local.stack import Stack
from openapi.clients.generators import PACKAGE
from tests.fuzz.__main__ import new_user

# Four fills of two trades, which make 100 + 45.5 less costs of 4.
STATEMENT = """Date,Time,Symbol,Quantity,Price,Side,Commission
03/02/2026,09:41:07,AMD,40,151.20,B,1
03/02/2026,11:26:15,AMD,40,153.70,S,1
03/03/2026,13:05:44,KO,50,71.36,SS,1
03/03/2026,15:12:09,KO,50,70.45,B,1
"""
ZONE = ("--zone", "America/New_York")


@dataclass(frozen=True)
class Command:
    """`trading-journal`, for a user of its own."""

    folder: Path  # in which the wheel is installed
    home: Path
    api: str
    user: dict[str, str]
    own: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """Nothing of the environment here: a proxy that is set there does not know the embedded AWS."""
        given = {"PYTHONPATH": str(self.folder), "PYTHONWARNINGS": "error", "HOME": str(self.home), "PATH": ""}
        return {**given, "TRADING_JOURNAL_API": self.api, **self.own}

    def start(self, *arguments: str | Path) -> subprocess.Popen[str]:
        """Begin to run it, with nobody at its input."""
        return subprocess.Popen(
            [self.folder / "bin" / "trading-journal", *arguments],
            cwd=self.home,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *arguments: str | Path, code: int = 0) -> str:
        """What it says; it ends with this exit code."""
        with self.start(*arguments) as running:
            said, _ = running.communicate(timeout=120)
        assert running.returncode == code, said
        assert self.user["PASSWORD"] not in said
        return said

    def journal(self) -> httpx.Client:
        """The API for the same user."""
        credentials = {"email": self.user["EMAIL"], "password": self.user["PASSWORD"]}
        tokens = httpx.post(f"{self.api}/auth/login", json=credentials, timeout=30, trust_env=False).json()
        headers = {"Authorization": f"Bearer {tokens['accessToken']}"}
        return httpx.Client(base_url=self.api, headers=headers, timeout=30, trust_env=False)


@pytest.fixture
def command(stack: Stack, python: Path, tmp_path: Path) -> Command:
    """The command for a new user, whom its environment names."""
    user = new_user(stack)
    own = {"TRADING_JOURNAL_EMAIL": user["EMAIL"], "TRADING_JOURNAL_PASSWORD": user["PASSWORD"]}
    return Command(python, tmp_path, stack.api, user, own)


@pytest.fixture
def statement(tmp_path: Path) -> Path:
    """A broker's file."""
    path = tmp_path / "fills.csv"
    path.write_text(STATEMENT, "utf-8")
    return path


def trades(journal: httpx.Client) -> list[tuple[str, str]]:
    """Symbol and result of each trade."""
    return sorted((each["symbol"], each["netPnl"]) for each in journal.get("/trades").json()["items"])


def test_a_file_is_shown_recorded_known_again_undone_and_recorded_anew(command: Command, statement: Path) -> None:
    with command.journal() as journal:
        said = command.run("import", statement, *ZONE, code=1)
        assert "4 rows: 4 new executions" in said
        assert "+2 closed trades on 2 days: net 141.5" in said
        assert trades(journal) == []

        said = command.run("import", statement, *ZONE, "--yes")
        assert "going on with its import" in said
        [found] = re.findall(r"Recorded: 4 executions\. To take it back: trading-journal undo (\S+)", said)
        recorded = [("AMD", "98"), ("KO", "43.5")]
        assert trades(journal) == recorded

        said = command.run("import", statement, *ZONE, "--yes")
        assert "4 rows: 4 there already\nThere is nothing to record" in said
        assert trades(journal) == recorded

        assert "Undone: fills.csv" in command.run("undo", found, "--yes")
        assert trades(journal) == []
        assert "Undone: fills.csv" in command.run("undo", found)
        assert f"{found}  " in command.run("imports")

        assert "Recorded: 4 executions" in command.run("import", statement, *ZONE, "--yes")
        assert trades(journal) == recorded


def test_a_file_without_a_zone_or_of_no_format_says_what_is_missing(command: Command, tmp_path: Path) -> None:
    other = tmp_path / "other.csv"
    other.write_text("Ticker,Wann,Menge,Kurs,Richtung\nAAPL,05.01.2026 15:00,1,10,Kauf\n", "utf-8")
    said = command.run("import", other, "--propose", tmp_path / "mapping.json", "--yes", code=1)
    assert "other.csv has no format that the journal knows" in said
    proposal = json.loads((tmp_path / "mapping.json").read_text("utf-8"))
    assert proposal["columns"]["symbol"] == "Ticker"
    command.run("formats", other, code=1)
    assert "tradervue: Tradervue" in command.run("formats")
    assert "usage: trading-journal" in command.run("import", tmp_path / "none.csv", code=2)


def test_a_session_is_logged_in_once_kept_from_others_and_ended(command: Command, statement: Path) -> None:
    kept = Command(command.folder, command.home, command.api, command.user)
    assert "You are not logged in" in kept.run("imports", code=1)
    wrong = {"TRADING_JOURNAL_PASSWORD": "Wrong-password-1"}
    refused = Command(command.folder, command.home, command.api, command.user, wrong)
    refused.run("login", "--email", command.user["EMAIL"], code=1)
    assert "Logged in as" in command.run("login")
    [file] = (command.home / ".config" / "trading-journal").iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    assert "Recorded: 4 executions" in kept.run("import", statement, *ZONE, "--yes", "--account", "Main")
    tokens = json.loads(file.read_text("utf-8"))
    assert set(tokens) == {"api", "id", "accessToken", "refreshToken"}
    elsewhere = Command(command.folder, command.home, "http://127.0.0.1:1/v1", command.user)
    assert "You are not logged in" in elsewhere.run("imports", code=1)
    assert kept.run("logout") == "Logged out.\n"
    assert not file.exists()
    assert "You are not logged in" in kept.run("imports", code=1)


@contextmanager
def ended(running: subprocess.Popen[str]) -> Iterator[None]:
    """Kill it after two minutes, or when the block breaks off."""
    end = Timer(120, running.kill)
    end.start()
    try:
        yield
    finally:
        end.cancel()
        running.kill()


@pytest.fixture
def ctrl_c() -> Iterator[None]:
    """A program that is started here can be interrupted, also where a script runs the tests in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("ctrl_c")
def test_a_watched_folder_is_imported_file_by_file_until_ctrl_c(command: Command, tmp_path: Path) -> None:
    folder = tmp_path / "broker"
    folder.mkdir()
    with command.start("import", "--watch", folder, *ZONE, "--yes") as running, ended(running):
        assert running.stdout
        assert running.stdout.readline().startswith("Watching ")
        for name, more in (("first.csv", ""), ("second.csv", "03/04/2026,10:00:00,DIS,1,100,B,0\n")):
            (folder / name).write_text(STATEMENT + more, "utf-8")
            for line in running.stdout:
                if line.startswith("Recorded: "):
                    assert line.startswith("Recorded: 4 executions" if not more else "Recorded: 1 executions")
                    break
        running.send_signal(signal.SIGINT)
        assert "Not watching any more." in running.stdout.read()
        assert running.wait() == 0


def test_a_journal_is_exported_checked_and_not_written_over_another_file(
    command: Command, statement: Path, tmp_path: Path
) -> None:
    command.run("import", statement, *ZONE, "--yes")
    archive, table = tmp_path / "mine.zip", tmp_path / "mine.csv"
    assert "checked: 4 executions" in command.run("export", "--output", archive).replace("2 trades, ", "")
    assert zipfile.ZipFile(archive).read("executions.ndjson").count(b"\n") == 4
    assert "exists already" in command.run("export", "--output", archive, code=1)
    assert "a table of closes" in command.run("export", "--format", "csv", "--output", table)
    assert table.read_bytes().count(b"\r\n") == 3


def test_an_archive_is_restored_into_an_empty_journal(stack: Stack, command: Command, tmp_path: Path) -> None:
    fill = {"symbol": "AMD", "side": "BUY", "quantity": "1", "price": "10", "executedAt": "2026-01-05T15:00:00Z"}
    with command.journal() as journal:
        assert journal.post("/executions", json=fill).status_code == 201
    before, after = tmp_path / "before.zip", tmp_path / "after.zip"
    command.run("export", "--output", before)
    user = new_user(stack)
    own = {"TRADING_JOURNAL_EMAIL": user["EMAIL"], "TRADING_JOURNAL_PASSWORD": user["PASSWORD"]}
    other = Command(command.folder, tmp_path, stack.api, user, own)
    assert "It can be restored." in other.run("restore", before, "--check")
    assert "Nothing is sent" in other.run("restore", before, code=1)
    said = other.run("restore", before, "--yes")
    assert "Restored." in said
    restore = said.rpartition("undo ")[2].strip()
    other.run("export", "--output", after)
    first, second = zipfile.ZipFile(before), zipfile.ZipFile(after)
    for name in {*first.namelist(), *second.namelist()} - {"manifest.json"}:
        assert first.read(name) == second.read(name), name
    assert "not empty" in other.run("restore", before, "--yes", code=1)
    assert re.search(rf"{restore} .* RESTORED .* EMPTY_ONLY", other.run("restores"))
    with other.journal() as journal:
        [one] = journal.get("/executions").json()["items"]
        path = f"/executions/{one['executionId']}"
        assert journal.patch(path, json={"note": "edited"}).status_code == 200
        assert "Nothing is changed" in other.run("undo", restore, code=1)
        assert "--edited KEEP" in other.run("undo", restore, "--yes", code=1)
        assert "out of the journal" in other.run("undo", restore, "--yes", "--edited", "remove")
        assert journal.get("/executions").json()["items"] == []
    assert "Undone" in other.run("undo", restore)


def test_the_wheel_has_the_command_and_asks_for_nothing_more(python: Path) -> None:
    [told] = python.glob(f"{PACKAGE}-*.dist-info")
    assert f"trading-journal = {PACKAGE}.command.__main__:main" in (told / "entry_points.txt").read_text("utf-8")
    needs = re.findall(r"^Requires-Dist: (\w+)", (told / "METADATA").read_text("utf-8"), flags=re.MULTILINE)
    assert sorted(needs) == ["attrs", "httpx"]
