"""The documents of a lossless export as the journal's objects: what `exported` wrote is read back, and nothing else.

A document is taken if it follows the contract's schema, breaks no rule of the journal, and is written as an export
writes it, to the byte. So whatever is restored is exported equally.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum, StrEnum
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from pydantic import BaseModel, ValidationError

from generated import models
from handlers.documents import exported
from handlers.documents.fields import Column, as_json, document, pointer
from handlers.documents.import_mappings import mapping_document, mapping_from
from handlers.documents.ledger import cash_document, rate_document, reconciliation_document, settings_document
from handlers.faults import Fault
from handlers.imports.mapping import mapping_errors
from handlers.journal.cash import Cash, checked
from handlers.journal.errors import FieldError, RuleBroken
from handlers.journal.executions import (
    COMES_IN,
    RecordedAction,
    RecordedExecution,
    action_errors,
    execution_errors,
)
from handlers.journal.groups import Group
from handlers.journal.money import ZERO
from handlers.journal.rates import DayRate
from handlers.journal.reconciling import Amount, Reconciliation
from handlers.journal.restoring import Annotations, recorded_by_hand
from handlers.journal.rules import wrong_amount, wrong_time
from handlers.journal.settings import Settings
from handlers.journal.stats.clock import wrong_zone
from handlers.journal.tags import tag_errors, unique
from handlers.journal.trade import JournalNotes, Trade, TradeSource
from handlers.journal.trading_accounts import TradingAccount
from handlers.storage.mappings import StoredMapping

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Made = TypeVar("Made", bound="DataclassInstance")

_NOTES = tuple(note.name for note in fields(JournalNotes))
_IN_UTC = {"created_at", "updated_at"}
# Integers up to this one are the same in every language.
_MOST = 2**53 - 1
# These have sums of many amounts, which may have more digits than one.
_OF_SUMS = {Reconciliation, Amount}
# pydantic's names of what the contract has codes for; anything else is MALFORMED.
_CODES = {"missing": "REQUIRED", "extra_forbidden": "UNKNOWN_PROPERTY", "json_invalid": "NOT_JSON"}


class BadDocument(Exception):
    """Raised for a document that cannot be restored: the code of the rule that it breaks, and why in words.

    The words name the field and repeat nothing of its value.
    """

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


def trade(line: bytes, user_id: str) -> Trade | Annotations:
    """An ExportedTrade: a trade that was recorded by hand, or what was written about one of executions. Images have no
    version of a file yet, and the trade no group. Raises BadDocument.
    """
    values = _values(models.ExportedTrade, line)
    notes = _made(JournalNotes, {name: values.pop(name) for name in _NOTES if name in values})
    values["images"] = [{**image, "file_version": ""} for image in values.get("images", ())]
    if unique(notes.tags) != notes.tags or any(tag_errors(notes.tags)):
        raise BadDocument("MALFORMED", "/tags are not in their one form")
    if values.get("source") == TradeSource.LEDGER:
        del values["source"]
        if unknown := values.keys() - {own.name for own in fields(Annotations)}:
            raise BadDocument("UNKNOWN_PROPERTY", f"{pointer(sorted(unknown)[:1])} follows from executions")
        annotations = _made(Annotations, {**values, "notes": notes})
        return _canonical(annotations, line, _annotations_document)
    for name in ("symbol", "side", "multiplier", "entries"):
        if name not in values:
            raise BadDocument("REQUIRED", f"/{name} is required")
    status = values.pop("status", None)
    if status not in (None, "CANCELLED"):
        raise BadDocument("NOT_ONE_OF", "/status is CANCELLED or absent")
    first = values["entries"][0]
    own = {"quantity": first["quantity"], "open_date": first["entered_at"], "cancelled": status is not None}
    given = _made(Trade, {**values, **own, "notes": notes, "user_id": user_id})
    return _canonical(_kept(recorded_by_hand, given), line, exported.exported_trade)


def execution(line: bytes, user_id: str) -> RecordedExecution:
    """An ExportedExecution. Raises BadDocument."""
    values = _values(models.ExportedExecution, line)
    if "price" not in values:
        if values["kind"] not in COMES_IN:
            raise BadDocument("REQUIRED", "/price is required")
        values |= {"price": ZERO, "basis_unknown": True}
    made = _made(RecordedExecution, {**values, "user_id": user_id})
    if unique(made.tags) != made.tags:
        raise BadDocument("MALFORMED", "/tags are not in their one form")
    _raise_first(execution_errors(made))
    return _canonical(made, line, exported.exported_execution)


def action(line: bytes, user_id: str) -> RecordedAction:
    """An ExportedAction. Raises BadDocument."""
    made = _made(RecordedAction, {**_values(models.ExportedAction, line), "user_id": user_id})
    _raise_first(action_errors(made))
    return _canonical(made, line, exported.exported_action)


def account(line: bytes, user_id: str) -> TradingAccount:
    """An ExportedAccount. Raises BadDocument."""
    made = _made(TradingAccount, {**_values(models.ExportedAccount, line), "user_id": user_id})
    _check_zone(made.time_zone)
    if made.dust_value < ZERO:
        raise BadDocument("NEGATIVE", "/dustValue must not be below 0")
    return _canonical(made, line, exported.exported_account)


def settings(content: bytes, user_id: str) -> Settings:
    """The Settings. Raises BadDocument."""
    made = _made(Settings, {**_values(models.Settings, content), "user_id": user_id})
    _check_zone(made.time_zone)
    return _canonical(made, content, settings_document)


def group(line: bytes, user_id: str) -> Group:
    """An ExportedGroup. Raises BadDocument."""
    made = _made(Group, {**_values(models.ExportedGroup, line), "user_id": user_id})
    return _canonical(
        made, line, lambda each: exported.exported_group(each, dict.fromkeys(each.trade_ids, each.group_id))
    )


def cash(line: bytes, user_id: str) -> Cash:
    """A Cash row. Raises BadDocument."""
    made = _made(Cash, {**_values(models.Cash, line), "user_id": user_id})
    return _canonical(_kept(checked, made), line, cash_document)


def reconciliation(line: bytes, user_id: str) -> Reconciliation:
    """A Reconciliation. Raises BadDocument."""
    made = _made(Reconciliation, {**_values(models.Reconciliation, line), "user_id": user_id})
    return _canonical(made, line, reconciliation_document)


def rate(line: bytes, _: str) -> DayRate:
    """A Rate. Raises BadDocument."""
    made = _made(DayRate, _values(models.Rate, line))
    if made.rate <= ZERO:
        raise BadDocument("NOT_POSITIVE", "/rate must be more than 0")
    if made.from_ == made.to:
        raise BadDocument("SAME_AS", "/to is the same as from")
    return _canonical(made, line, rate_document)


def mapping(line: bytes, user_id: str) -> StoredMapping:
    """An ImportMapping. Raises BadDocument."""
    values = _values(models.ImportMapping, line)
    own = {name: values.pop(name) for name in ("mapping_id", "version", "created_at", "updated_at")}
    try:
        given = mapping_from(values)
    except ValueError:
        raise BadDocument("NOT_ONE_OF", "has a value that is not known") from None
    for path, detail in mapping_errors(given):
        raise BadDocument("MAPPING_RULE", f"{pointer(path)} {detail}")
    _check_zone(given.time_zone)
    made = _made(StoredMapping, {**own, "mapping": given, "user_id": user_id})
    return _canonical(made, line, mapping_document)


def manifest(content: bytes) -> models.ExportManifest:
    """The ExportManifest. Raises BadDocument."""
    return _validated(models.ExportManifest, content)


def _values(model: type[BaseModel], line: bytes) -> dict[str, Any]:
    """What the document says, by the journal's names."""
    return _validated(model, line).model_dump(exclude_none=True)


Model = TypeVar("Model", bound=BaseModel)


def _validated(model: type[Model], line: bytes) -> Model:
    try:
        return model.model_validate_json(line, extra="forbid")
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = "".join(f"/{part}" for part in first["loc"])
        code = _CODES.get(first["type"], "MALFORMED")
        raise BadDocument(code, f"{where}: {first['msg']}".removeprefix(": ")) from None


def _made(cls: type[Made], values: Mapping[str, Any]) -> Made:
    """The dataclass of a model's values. Raises BadDocument for a value of a list to which values may be added."""
    hints = _hints(cls)
    made = {}
    for name, value in values.items():
        _check(cls, name, value)
        try:
            made[name] = _typed(hints[name], value)
        except ValueError:
            raise BadDocument("NOT_ONE_OF", f"{pointer([name])} has a value that is not known") from None
    return cls(**made)


def _check(cls: type, name: str, value: Any) -> None:
    """Raise BadDocument for a value that its type alone allows."""
    fault: Fault | None = None
    if isinstance(value, datetime):
        fault = wrong_time(value)
        if name in _IN_UTC and value.utcoffset() != timedelta(0):
            raise BadDocument("MALFORMED", f"{pointer([name])} is not in UTC")
    elif isinstance(value, Decimal) and cls not in _OF_SUMS:
        fault = wrong_amount(value, positive=False)
    elif type(value) is int and value > _MOST:
        raise BadDocument("OUT_OF_RANGE", f"{pointer([name])} is too large")
    if fault is not None:
        raise BadDocument(str(fault.code), f"{pointer([name])} {fault.detail}")


@cache
def _hints(cls: type) -> dict[str, Any]:
    return get_type_hints(cls)


def _typed(hint: Any, value: Any) -> Any:
    """The value of a model as the journal has it."""
    if get_origin(hint) in (Union, types.UnionType):
        [hint] = [kind for kind in get_args(hint) if kind is not types.NoneType]
    kind = get_origin(hint) or hint
    if isinstance(value, Enum) and kind is not type(value):
        value = value.value
    if kind is tuple:
        return tuple(_typed(get_args(hint)[0], each) for each in value)
    if is_dataclass(kind) and isinstance(value, Mapping):
        return _made(cast("Any", kind), value)
    if kind is str or issubclass(kind, StrEnum):
        return kind(str(value))
    if kind is date:
        return value if isinstance(value, date) else date.fromisoformat(str(value))
    return value


def _canonical(made: Made, line: bytes, document: Callable[[Made], Mapping[str, Any]]) -> Made:
    """The object itself. Raises BadDocument unless an export writes it as this line."""
    if as_json(document(made)).encode() != line:
        raise BadDocument("NOT_CANONICAL", "is not written as an export writes it")
    return made


def _kept(check: Callable[[Made], Made], given: Made) -> Made:
    """What the check returns. Raises BadDocument for the first rule that it finds broken."""
    try:
        return check(given)
    except RuleBroken as error:
        raise BadDocument(*_first(error.errors)) from None


def _raise_first(errors: Sequence[FieldError]) -> None:
    if errors:
        raise BadDocument(*_first(errors))


def _first(errors: Iterable[FieldError]) -> tuple[str, str]:
    error = next(iter(errors))
    return str(error.fault.code), f"{pointer(error.path)} {error.fault.detail}"


def _check_zone(name: str | None) -> None:
    if (fault := wrong_zone(name)) is not None:
        raise BadDocument(str(fault.code), f"/timeZone {fault.detail}")


def _annotations_document(annotations: Annotations) -> dict[str, Any]:
    """The contract's ExportedTrade of a trade that follows from executions, by what was written about it."""
    return document(_ANNOTATIONS, annotations)


# The same, read from annotations alone: whose trade they are follows from executions.
_ANNOTATIONS: list[Column] = [
    (name, (lambda _: TradeSource.LEDGER) if name == "source" else read, write)
    for name, read, write in exported.OF_LEDGER
    if name != "events"
]
_ANNOTATIONS.append(("events", lambda annotations: annotations.events, exported.EVENTS[2]))
