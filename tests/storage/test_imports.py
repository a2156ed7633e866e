"""Imports and mappings in the ledger: what was changed meanwhile is not overwritten."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from handlers.imports.mapping import ColumnMapping, RowKind
from handlers.imports.record import Import, ImportOptions, new_import_id
from handlers.storage import imports, ledger, mappings
from handlers.storage.clients import dynamodb
from handlers.storage.errors import NoSuchAccount, VersionMismatch
from handlers.storage.mappings import StoredMapping
from handlers.storage.trade_items import KeptAnswer

NOW = datetime(2026, 1, 7, 21, tzinfo=UTC)
pytestmark = pytest.mark.usefixtures("table")


def an_import(account_id: str = "00000000-0000-4000-8000-000000000001", now: datetime = NOW) -> Import:
    return Import(
        user_id="dana",
        import_id=new_import_id(now),
        file_name="a.csv",
        options=ImportOptions(account_id=account_id),
        created_at=now,
        updated_at=now,
        expires_at=now + timedelta(days=1),
    )


def a_mapping() -> StoredMapping:
    mapping = ColumnMapping(name="m", row_kind=RowKind.FILL, columns={"time": "T"})
    return StoredMapping(user_id="dana", mapping_id="m", mapping=mapping, created_at=NOW, updated_at=NOW)


def test_ids_sort_by_the_time_at_which_they_were_made() -> None:
    made = [new_import_id(NOW + timedelta(milliseconds=number)) for number in range(50)]
    assert made == sorted(made)
    assert len(set(made)) == 50
    assert all(each[14] == "7" for each in made)


def test_an_import_that_was_changed_meanwhile_is_neither_replaced_nor_deleted() -> None:
    one = an_import()
    assert imports.create(one, None, NOW) is None
    changed = replace(one, version=2)
    imports.replace(changed, one)
    with pytest.raises(VersionMismatch):
        imports.replace(changed, one)
    with pytest.raises(VersionMismatch):
        imports.delete(one)
    with pytest.raises(VersionMismatch):
        imports.replace_once(changed, one, None, NOW)
    assert imports.get("dana", one.import_id) == changed


def test_an_import_into_an_account_that_is_not_there_is_refused() -> None:
    with pytest.raises(NoSuchAccount):
        imports.create(an_import(account_id="none"), None, NOW)


def test_of_two_imports_that_are_made_at_once_one_begins_again(monkeypatch: pytest.MonkeyPatch) -> None:
    check = imports.check_limits

    def overtaken(user_id: str, now: datetime) -> None:
        monkeypatch.setattr(imports, "check_limits", check)
        imports.create(an_import(), None, NOW)
        check(user_id, now)

    monkeypatch.setattr(imports, "check_limits", overtaken)
    with pytest.raises(VersionMismatch):
        imports.create(an_import(), None, NOW)
    assert len(list(imports.newest_first("dana"))) == 1


def test_an_import_that_the_same_request_made_meanwhile_is_answered_again() -> None:
    answer = KeptAnswer(key="key-1", fingerprint="fingerprint", body="{}")
    now = datetime.now(UTC)
    assert imports.create(an_import(now=now), answer, now) is None
    another = replace(answer, body='{"importId": "another"}')
    assert imports.create(an_import(now=now), another, now) == answer
    assert len(list(imports.newest_first("dana"))) == 1


def test_only_an_import_that_was_deleted_is_gone() -> None:
    one = an_import()
    imports.create(one, None, NOW)
    item = dynamodb().get_item(TableName="ledger", Key=ledger.key("dana", ledger.import_(one.import_id)))["Item"]
    assert imports.gone(item, {}) == ("dana", one.import_id)
    assert imports.gone(item, item) is None
    assert imports.gone({}, {}) is None


def test_a_mapping_that_was_changed_meanwhile_is_neither_replaced_nor_deleted() -> None:
    one = a_mapping()
    assert mappings.create(one, None, NOW) is None
    with pytest.raises(VersionMismatch):
        mappings.create(one, None, NOW)
    changed = replace(one, version=2)
    mappings.replace(changed, one)
    with pytest.raises(VersionMismatch):
        mappings.replace(changed, one)
    with pytest.raises(VersionMismatch):
        mappings.delete(one)
    assert mappings.get("dana", "m") == changed
