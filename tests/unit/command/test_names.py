"""Naming mappings and accounts with the command."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from openapi.clients.command.api import Refused
from openapi.clients.command.names import account_named, mapping_named
from tests.unit.command.fake_journal import FakeJournal


@pytest.fixture
def fake() -> FakeJournal:
    return FakeJournal()


def test_a_mapping_is_named_or_comes_from_a_file(fake: FakeJournal, tmp_path: Path) -> None:
    kept = {"mappingId": "m-1", "name": "Mine"}
    fake.on("GET /import-mappings", {"items": [kept]})
    fake.on("POST /import-mappings", httpx.Response(201, json={"mappingId": "m-2"}))
    fake.on("PUT /import-mappings/m-1", kept)
    own = tmp_path / "mapping.json"
    journal = fake.journal()
    assert [mapping_named(journal, given) for given in ("Mine", "m-1")] == ["m-1", "m-1"]
    own.write_text('{"name": "New"}')
    assert mapping_named(journal, str(own)) == "m-2"
    own.write_text('{"name": "Mine"}')
    assert mapping_named(journal, str(own)) == "m-1"
    own.write_text("no")
    with pytest.raises(Refused, match="is no JSON"):
        mapping_named(journal, str(own))
    with pytest.raises(Refused, match="'Other' is neither a file nor one of your mappings: Mine"):
        mapping_named(journal, "Other")


def test_an_account_is_named_by_its_name_or_its_id(fake: FakeJournal) -> None:
    items = [
        {"accountId": "a-1", "name": "Main"},
        {"accountId": "a-2", "name": "Two"},
        {"accountId": "a-3", "name": "Two"},
    ]
    fake.on("GET /accounts", {"items": items})
    journal = fake.journal()
    assert [account_named(journal, given) for given in ("Main", "a-3")] == ["a-1", "a-3"]
    for given, words in (
        ("Two", "are several accounts 'Two'"),
        ("No", "is no account 'No'. There are: Main, Two, Two."),
    ):
        with pytest.raises(Refused, match=words):
            account_named(journal, given)
