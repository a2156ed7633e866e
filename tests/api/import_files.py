"""Imports with a preview, made without a file: a test says what its rows are decided to become."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid5

from handlers.imports.decided import DecidedAction, DecidedCash, DecidedFill, DecidedRow, Decision, RowOutcome
from handlers.imports.record import Counts, Import, ImportOptions, ImportStatus, new_import_id
from handlers.imports.rows import Action, CashMove, ReportedFill
from handlers.journal.cash import CashType
from handlers.journal.executions import ActionType, Instrument
from handlers.journal.positions import Side
from handlers.journal.settings import MAIN
from handlers.storage import import_files, imports

Part = DecidedFill | DecidedCash | DecidedAction
_NAMES = UUID("0f8fad5b-d9cb-469f-a165-70867728950e")


def an_id(name: object) -> str:
    """An id that is the same for the same name."""
    return str(uuid5(_NAMES, str(name)))


def at(minute: int) -> datetime:
    """A minute of the day on which all of it happens."""
    return datetime(2026, 1, 5, 10, tzinfo=UTC) + timedelta(minutes=minute)


def a_fill(
    side: str, quantity: str, price: str | None, minute: int, *, name: object = None, sequence: int = 0, **others: Any
) -> DecidedFill:
    """A decided fill; its id follows from its name, or else from what it says."""
    decided = {key: others.pop(key) for key in ("of", "opening") if key in others}
    outcome = others.pop("outcome", RowOutcome.NEW)
    symbol = others.get("symbol", "AAPL")
    fill = ReportedFill(
        **{
            "symbol": symbol,
            "instrument": Instrument(),
            "side": Side(side),
            "quantity": Decimal(quantity),
            "price": None if price is None else Decimal(price),
            "at": at(minute),
            **others,
        }
    )
    own = (symbol, side, quantity, price, minute, sequence) if name is None else name
    return DecidedFill(outcome=outcome, execution_id=an_id(own), sequence=sequence, fill=fill, **decided)


def some_cash(kind: str, amount: str, minute: int, *, name: object = None, **others: Any) -> DecidedCash:
    """A decided cash row."""
    move = CashMove(type=CashType(kind), amount=Decimal(amount), at=at(minute), **{"currency": None, **others})
    return DecidedCash(outcome=RowOutcome.CASH, cash_id=an_id((kind, amount, minute, name)), cash=move)


def an_action(kind: str, minute: int, **others: Any) -> DecidedAction:
    """A decided corporate action."""
    values: dict[str, Any] = {
        name: Decimal(value) if name != "new_symbol" else value for name, value in others.items() if name != "symbol"
    }
    action = Action(type=ActionType(kind), symbol=others.get("symbol", "AAPL"), at=at(minute), **values)
    return DecidedAction(outcome=RowOutcome.ACTION, action_id=an_id((kind, minute, *others.items())), action=action)


def rows_of(parts: Iterable[Part], decisions: Mapping[int, Decision | None] | None = None) -> list[DecidedRow]:
    """A row of a file for each part; with decisions, those of some lines."""
    rows = []
    for line, part in enumerate(parts, start=2):
        decision = (decisions or {}).get(
            line, Decision.LINK if part.outcome is RowOutcome.MATCHES_MANUAL else Decision.IMPORT
        )
        given: Any = {"line": line, "outcome": part.outcome, "decision": decision}
        if isinstance(part, DecidedFill):
            rows.append(DecidedRow(fills=(part,), **given))
        elif isinstance(part, DecidedCash):
            rows.append(DecidedRow(cash=(part,), **given))
        else:
            rows.append(DecidedRow(actions=(part,), **given))
    return rows


def a_preview(
    user: str, rows: Iterable[DecidedRow], *, account_id: str = MAIN, in_a_file: int = 5_000, **others: Any
) -> Import:
    """An import whose file was read: its rows are as given."""
    now = datetime.now(UTC)
    one = Import(
        user_id=user,
        import_id=new_import_id(now),
        file_name="fills.csv",
        options=ImportOptions(account_id=account_id),
        created_at=now,
        updated_at=now,
        expires_at=now + timedelta(days=7),
    )
    imports.create(one, None, now)
    made = list(rows)
    numbers = range(0, len(made), in_a_file)
    place = import_files.ImportFolder(user, one.import_id)
    for number, first in enumerate(numbers):
        import_files.write_rows(place, "report-1", number, made[first : first + in_a_file])
    waiting = tuple(row.line for row in made if row.waits)
    read = replace(
        one,
        status=ImportStatus.PREVIEW,
        version=2,
        report="report-1",
        rows_files=len(numbers),
        counts=Counts(rows=len(made), undecided=len(waiting)),
        undecided=waiting,
        **others,
    )
    imports.replace(read, one)
    return read
