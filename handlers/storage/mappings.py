"""Mappings of unknown tables, in the ledger: an item each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from handlers.imports.mapping import ColumnMapping
from handlers.storage import ledger
from handlers.storage.codec import Codec
from handlers.storage.dynamo import CONDITION_FAILED, at_version, is_absent
from handlers.storage.errors import MappingNotFound, VersionMismatch
from handlers.storage.trade_items import KeptAnswer

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

MOST_MAPPINGS = 50


class TooManyMappings(Exception):
    """The user has as many mappings as one may have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredMapping:
    """A mapping as its user keeps it. `version` rises with every change."""

    user_id: str
    mapping_id: str
    mapping: ColumnMapping
    version: int = 1
    created_at: datetime
    updated_at: datetime


_MAPPINGS = Codec(StoredMapping, maps={"mapping"})


def get(user_id: str, mapping_id: str) -> StoredMapping:
    """The mapping as it stands now. Raises MappingNotFound, Busy."""
    item = ledger.get(user_id, ledger.mapping(mapping_id))
    if not item:
        raise MappingNotFound(mapping_id)
    return _MAPPINGS.instance(item)


def every(user_id: str) -> list[StoredMapping]:
    """All mappings of the user, in the order they were made. Raises Busy."""
    found = map(_MAPPINGS.instance, ledger.below(user_id, ledger.mapping()))
    return sorted(found, key=lambda one: (one.created_at, one.mapping_id))


def create(made: StoredMapping, answer: KeptAnswer | None, now: datetime) -> KeptAnswer | None:
    """Store a new mapping, unless the same request did. Returns the answer kept for that request, if it did.

    Raises TooManyMappings, KeyReused, AccountErased, Busy; VersionMismatch when another mapping is being made.
    """
    earlier, reasons = ledger.write_once(made.user_id, _new(made), answer, now)
    if earlier is not None:
        return earlier
    if reasons[0].get("Code") == CONDITION_FAILED:
        raise TooManyMappings
    if any(reasons):
        raise VersionMismatch(made.mapping_id)
    return None


def restore(made: StoredMapping) -> None:
    """Store a mapping of an archive. Raises VersionMismatch when there are too many; AccountErased, Busy."""
    if any(ledger.write(made.user_id, _new(made), retry_conflicts=True)):
        raise VersionMismatch(made.mapping_id)


def replace(changed: StoredMapping, former: StoredMapping) -> None:
    """Store a changed mapping in place of the former one. Raises VersionMismatch, AccountErased, Busy."""
    if any(ledger.write(changed.user_id, [ledger.put(_item(changed), **at_version(former.version))])):
        raise VersionMismatch(changed.mapping_id)


def delete(former: StoredMapping) -> None:
    """Delete the mapping, as it was read. Raises VersionMismatch, AccountErased, Busy."""
    counted: dict[str, Any] = {
        "Key": ledger.key(former.user_id, ledger.MAPPINGS_MADE),
        "UpdateExpression": "ADD #total :one",
        "ExpressionAttributeValues": {":one": {"N": "-1"}},
    }
    gone = ledger.delete(former.user_id, ledger.mapping(former.mapping_id), **at_version(former.version))
    if any(ledger.write(former.user_id, [gone, ledger.counting(counted)])):
        raise VersionMismatch(former.mapping_id)


def _new(made: StoredMapping) -> list[TransactWriteItemTypeDef]:
    """The writes of a new mapping: its counting, if it is not one too many, and itself."""
    counted: dict[str, Any] = {
        "Key": ledger.key(made.user_id, ledger.MAPPINGS_MADE),
        "UpdateExpression": "ADD #total :one",
        "ConditionExpression": f"{is_absent('#total')} OR #total < :most",
        "ExpressionAttributeValues": {":one": {"N": "1"}, ":most": {"N": str(MOST_MAPPINGS)}},
    }
    return [ledger.counting(counted), ledger.put_new(_item(made))]


def _item(one: StoredMapping) -> ledger.Item:
    return {**_MAPPINGS.item(one), **ledger.key(one.user_id, ledger.mapping(one.mapping_id))}
