"""Mappings of unknown tables as the contract has them, and what a client gives of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from handlers.documents.fields import columns_of, contract_name, document, time_text
from handlers.imports.mapping import CellComparison, ColumnMapping, CostSign, RowKind, SkipWhen
from handlers.imports.notation import DateOrder, DecimalMark
from handlers.journal.executions import InstrumentKind

if TYPE_CHECKING:
    from generated import models
    from handlers.storage.mappings import StoredMapping

_SKIP_WHEN = columns_of(SkipWhen)
_MAPPING = columns_of(
    ColumnMapping,
    writers={
        "columns": lambda columns: {contract_name(name): column for name, column in columns.items()},
        "sides": lambda sides: [{"side": side, "words": list(words)} for side, words in sides.items()] or None,
        "types": lambda types: [{"type": type_, "words": list(words)} for type_, words in types.items()] or None,
        "skip_when": lambda rules: [document(_SKIP_WHEN, rule) for rule in rules] or None,
    },
)
# How the values of a body become those of a mapping.
_TYPES: dict[str, Any] = {
    "row_kind": RowKind,
    "fees": tuple,
    "match": tuple,
    "date_formats": tuple,
    "date_order": DateOrder,
    "decimal_mark": DecimalMark,
    "cost_sign": CostSign,
    "instrument_kind": InstrumentKind,
    "sides": lambda given: {str(each["side"]): tuple(each["words"]) for each in given},
    "types": lambda given: {str(each["type"]): tuple(each["words"]) for each in given},
    "skip_when": lambda given: tuple(
        SkipWhen(column=each["column"], comparison=CellComparison(each["comparison"]), text=each["text"])
        for each in given
    ),
}


def mapping_of(given: models.ImportMappingInput) -> ColumnMapping:
    """The mapping that a client gives."""
    return mapping_from(given.model_dump(exclude_none=True))


def mapping_from(values: Mapping[str, Any]) -> ColumnMapping:
    """The mapping of a model's values. Raises ValueError for a value of a list that is not known."""
    return ColumnMapping(**{name: _TYPES[name](value) if name in _TYPES else value for name, value in values.items()})


def draft_document(mapping: ColumnMapping) -> dict[str, Any]:
    """The contract's ImportMappingDraft."""
    return document(_MAPPING, mapping)


def mapping_document(stored: StoredMapping) -> dict[str, Any]:
    """The contract's ImportMapping."""
    return {
        "mappingId": stored.mapping_id,
        **draft_document(stored.mapping),
        "version": stored.version,
        "createdAt": time_text(stored.created_at),
        "updatedAt": time_text(stored.updated_at),
    }
