"""What the command says and asks."""

from __future__ import annotations

from openapi.clients.command.terminal import bar
from tests.unit.command.fake_journal import Said


def test_a_bar_shows_how_much_is_done() -> None:
    assert bar("Reading", 0, None) == "Reading ..."
    assert bar("Reading", 40, None) == "Reading 40"
    assert bar("Reading", 50, 200) == f"Reading [{'#' * 7}{'.' * 23}]  25 %"
    assert bar("Reading", 300, 200) == f"Reading [{'#' * 30}] 100 %"


def test_progress_is_drawn_on_a_terminal_and_taken_away_before_the_next_line() -> None:
    said = Said(seen=True)
    said.terminal.progress("Reading", 1, 2)
    said.terminal.progress("Reading", 0, None)
    said.terminal.say("done")
    assert said.text.startswith("\rReading [")
    assert said.text.endswith("\rdone\n")
    assert said.text.rpartition("\r")[0].endswith(" ")


def test_a_pipe_gets_no_progress() -> None:
    said = Said()
    said.terminal.progress("Reading", 1, 2)
    said.terminal.say("done")
    assert said.text == "done\n"


def test_text_of_a_file_cannot_steer_the_terminal() -> None:
    said = Said()
    said.terminal.say("\x1b[2Jcleared")
    said.terminal.complain("bell\a")
    said.terminal.table(["cell"], [["two\nlines\x9b"]])
    assert "\x1b" not in said.text + said.complaints
    assert "\a" not in said.complaints
    assert said.text.splitlines()[-1] == "two lines\N{REPLACEMENT CHARACTER}"


def test_a_table_has_columns_of_the_width_of_their_cells() -> None:
    said = Said()
    said.terminal.table(["a", "long head"], [["cell", "b"]])
    assert said.text == "a     long head\ncell  b\n"


def test_only_a_yes_agrees_and_nobody_to_ask_is_a_no() -> None:
    assert [Said(f"{answer}\n").terminal.agrees("Sure?") for answer in ("y", "YES", "", "no")] == [
        *(True, True),
        *(False, False),
    ]
    nobody = Said()
    assert not nobody.terminal.agrees("Sure?")
    assert nobody.text == ""
