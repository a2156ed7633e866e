"""Mappings of unknown tables: made, replaced and deleted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import uuid4

from handlers.faults import Fault, FieldCode
from handlers.imports.mapping import ColumnMapping, mapping_errors
from handlers.journal.errors import FieldError, RuleBroken, StateForbids
from handlers.journal.stats.clock import wrong_zone
from handlers.storage import mappings as storage
from handlers.storage.errors import LedgerChanged
from handlers.storage.mappings import MOST_MAPPINGS, StoredMapping, TooManyMappings
from handlers.storage.retry import retry_overtaken
from handlers.storage.trade_items import KeptAnswer

if TYPE_CHECKING:
    from handlers.usecases.trades import Precondition


def create(
    user: str, mapping: ColumnMapping, keep: Callable[[StoredMapping], KeptAnswer] | None
) -> tuple[StoredMapping, KeptAnswer | None]:
    """Keep a mapping, unless the same request did before.

    Returns it, and the answer kept for the earlier request, if there was one. Raises RuleBroken, StateForbids when
    there are too many, KeyReused, AccountErased, Busy.
    """
    _check(mapping)
    now = datetime.now(UTC)
    made = StoredMapping(user_id=user, mapping_id=str(uuid4()), mapping=mapping, created_at=now, updated_at=now)
    try:
        return made, retry_overtaken(lambda: storage.create(made, None if keep is None else keep(made), now))
    except TooManyMappings:
        raise StateForbids(f"There are {MOST_MAPPINGS} mappings already: delete one.") from None


def change(user: str, mapping_id: str, mapping: ColumnMapping, allowed: Precondition) -> StoredMapping:
    """Replace a mapping. Raises RuleBroken, MappingNotFound, LedgerChanged, AccountErased, Busy."""
    _check(mapping)

    def attempt() -> StoredMapping:
        former = _read(user, mapping_id, allowed)
        changed = replace(former, mapping=mapping, version=former.version + 1, updated_at=datetime.now(UTC))
        storage.replace(changed, former)
        return changed

    return retry_overtaken(attempt)


def delete(user: str, mapping_id: str, allowed: Precondition) -> None:
    """Delete a mapping. Raises MappingNotFound, LedgerChanged, AccountErased, Busy."""
    retry_overtaken(lambda: storage.delete(_read(user, mapping_id, allowed)))


def _read(user: str, mapping_id: str, allowed: Precondition) -> StoredMapping:
    found = storage.get(user, mapping_id)
    if not allowed(found.version):
        raise LedgerChanged("mapping")
    return found


def _check(mapping: ColumnMapping) -> None:
    errors = [FieldError(path, Fault(FieldCode.MAPPING_RULE, detail)) for path, detail in mapping_errors(mapping)]
    if (fault := wrong_zone(mapping.time_zone)) is not None:
        errors.append(FieldError(("time_zone",), fault))
    if errors:
        raise RuleBroken(errors)
