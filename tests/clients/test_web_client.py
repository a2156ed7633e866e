"""The modules that the example front end loads are those of the published client."""

from __future__ import annotations

from pathlib import Path

from openapi.clients.browser import TARGET, compile_to, contents


def test_the_modules_in_generated_are_what_the_client_compiles_to(tmp_path: Path) -> None:
    compile_to(tmp_path / "made")
    assert contents(tmp_path / "made") == contents(TARGET), "run: make web-client"
