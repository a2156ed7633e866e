"""What the command finds on the user's system, and its arguments."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from openapi.clients.command.api import Refused
from openapi.clients.command.arguments import parser
from openapi.clients.command.environment import API, api_of, session_file


@pytest.mark.parametrize(
    "address",
    ["http://journal.example.com/v1", "ftp://localhost/v1", "journal.example.com", "http://localhost.example.com/v1"],
)
def test_an_address_without_https_is_refused(address: str) -> None:
    with pytest.raises(Refused, match="https://"):
        api_of(address, {})


def test_the_address_is_given_or_of_the_environment_or_of_the_last_log_in(tmp_path: Path) -> None:
    environment = {"XDG_CONFIG_HOME": str(tmp_path)}
    with pytest.raises(Refused, match="Which journal"):
        api_of(None, environment)
    kept = session_file(environment)
    kept.parent.mkdir()
    kept.write_text("[]")
    with pytest.raises(Refused, match="Which journal"):
        api_of(None, environment)
    kept.write_text(json.dumps({"api": "https://kept.example.com/v1"}))
    assert api_of(None, environment) == "https://kept.example.com/v1"
    environment[API] = "http://127.0.0.1:8000/v1/"
    assert api_of(None, environment) == "http://127.0.0.1:8000/v1"
    assert api_of("https://given.example.com/v1", environment) == "https://given.example.com/v1"


def test_a_session_is_kept_in_the_folder_for_settings() -> None:
    assert session_file({}) == Path.home() / ".config" / "trading-journal" / "session.json"


@pytest.mark.parametrize(
    "arguments",
    [[], ["import", "none.csv"], ["import", "--watch", "none"], ["restore"], ["undo", "i", "--edited", "x"]],
)
def test_wrong_arguments_end_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parser().parse_args(arguments)
    assert ended.value.code == 2
    assert "usage: trading-journal" in capsys.readouterr().err


def test_values_are_taken_in_any_case(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.touch()
    given = parser().parse_args(["import", str(file), "--orphans", "opening", "--watch", str(tmp_path), "--yes"])
    assert (given.files, given.orphans, given.watch, given.yes) == ([file], "OPENING", tmp_path, True)
