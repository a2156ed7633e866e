"""A trade's fields are listed once, in the journal; contract, item and answer have all of them."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from enum import StrEnum
from types import NoneType
from typing import Any, Literal, get_args, get_origin, get_type_hints

import pytest

from generated import models
from handlers.documents.fields import columns_of, contract_name, pointer, time_text
from handlers.documents.inputs import trade_from_values
from handlers.documents.trades import trade_document
from handlers.journal.changes import revisable_fields
from handlers.journal.errors import RuleBroken
from handlers.journal.trade import Close, Entry, Image, JournalNotes, Trade
from handlers.storage.codec import Codec
from handlers.storage.trade_items import trade_item, trade_of
from handlers.web.contract import contract

SCHEMAS: dict[str, Any] = contract()["components"]["schemas"]
NOW = datetime(2026, 1, 5, 14, 30, tzinfo=UTC)


def properties(schema: str) -> set[str]:
    return set(SCHEMAS[schema]["properties"])


def sample(hint: Any, name: str) -> Any:
    """A value of a field's type that is not its default."""
    if NoneType in get_args(hint):
        [hint] = [kind for kind in get_args(hint) if kind is not NoneType]
    if get_origin(hint) is tuple:
        return (sample(get_args(hint)[0], name),)
    if isinstance(get_origin(hint), type) and issubclass(get_origin(hint), Mapping):
        return {"fear": True}
    if isinstance(hint, type) and is_dataclass(hint):
        return hint(**{inner: sample(kind, inner) for inner, kind in get_type_hints(hint).items()})
    if issubclass(hint, StrEnum):
        return list(hint)[-1]
    return {
        str: f"of-{name}",
        bool: True,
        int: 7,
        Decimal: Decimal("2.5"),
        datetime: datetime(2026, 1, 2, 23, 30, tzinfo=timezone(timedelta(hours=-5))),
    }[hint]


def whole_trade() -> Trade:
    """A trade with a value in each field, made from the fields' types, so that a new field has one too."""
    values = {field.name: sample(get_type_hints(Trade)[field.name], field.name) for field in fields(Trade)}
    return Trade(**values)


def test_each_field_of_a_trade_is_stored_and_read_back() -> None:
    trade = whole_trade()
    assert trade_of(trade_item(trade)) == trade


@pytest.mark.parametrize("name", [field.name for field in (*fields(Trade), *fields(JournalNotes))])
def test_a_field_that_is_lost_on_its_way_through_the_table_is_noticed(name: str) -> None:
    trade = whole_trade()
    item = trade_item(trade)
    if name == "notes":
        return  # its own fields are in this list
    attribute = "openedAt" if name == "open_date" else contract_name_of_item(name)
    assert attribute in item
    without = {key: value for key, value in item.items() if key != attribute}
    with suppress(TypeError):  # a field without a default
        assert trade_of(without) != trade


def contract_name_of_item(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)


def test_a_trades_answer_has_the_contracts_properties() -> None:
    flat = replace(whole_trade(), cancelled=False, initial_stop_loss=Decimal(3), take_profit=Decimal(2))
    assert flat.is_flat
    assert set(trade_document(flat)) == properties("Trade") - {"base"}  # what `include` adds


def test_what_a_client_may_give_of_a_trade_is_what_the_journal_lets_it_revise_and_its_closes() -> None:
    given = {contract_name(name) for name in revisable_fields()}
    assert properties("TradeInput") == given | {"entries", "closes", "exitPrice", "closeDate"}
    assert properties("TradeUpdateInput") == given


def test_the_generated_models_have_the_journals_names() -> None:
    assert set(models.TradeInput.model_fields) == {
        *(set(revisable_fields()) - {"cancelled"}),
        "status",
        "entries",
        "closes",
        "exit_price",
        "close_date",
    }


def test_a_closes_answer_and_what_a_client_may_give_of_it_are_the_journals_fields() -> None:
    own = {contract_name(field.name) for field in fields(Close)} - {"sequence"}  # the engine's, of executions
    assert properties("Close") == own | {"realizedPnl"}
    assert properties("CloseInput") == own - {"closeId", "money"}


def test_an_entrys_answer_and_what_a_client_may_give_of_it_are_the_journals_fields() -> None:
    own = {contract_name(field.name) for field in fields(Entry)} - {"sequence"}
    assert properties("Entry") == own
    assert properties("EntryInput") == properties("EntryUpdateInput") == own - {"entryId", "money"}
    assert properties("CloseUpdateInput") == properties("CloseInput")


def test_an_images_answer_has_the_journals_fields() -> None:
    own = {contract_name(field.name) for field in fields(Image)} - {"fileVersion"}
    assert own | {"status"} <= properties("Image")


def test_pointers_lead_into_the_request() -> None:
    assert pointer(("closes", 0, "closed_at")) == "/closes/0/closedAt"
    assert pointer(("cancelled",)) == "/status"
    assert pointer(()) == ""


def test_errors_of_a_short_exit_point_to_its_own_fields() -> None:
    given = {
        "symbol": "AAPL",
        "side": "BUY",
        "quantity": Decimal(0),
        "open_date": NOW,
        "entry_price": Decimal(10),
        "exit_price": Decimal("1E15"),
        "close_date": NOW - timedelta(hours=1),
    }
    with pytest.raises(RuleBroken) as error:
        trade_from_values(given, user="user-1", idempotency_key=None, now=NOW)
    assert [pointer(field.path) for field in error.value.errors] == ["/quantity", "/exitPrice", "/closeDate"]


def test_times_keep_their_offset_and_utc_is_z() -> None:
    assert time_text(NOW) == "2026-01-05T14:30:00Z"
    assert time_text(NOW.astimezone(timezone(timedelta(hours=-5)))) == "2026-01-05T09:30:00-05:00"


@dataclass(frozen=True)
class Unwritable:
    """A dataclass with a type that the codec does not know."""

    weight: float = 0.5


def test_a_field_of_an_unknown_type_cannot_be_forgotten() -> None:
    with pytest.raises(TypeError, match="float"):
        Codec(Unwritable)
    with pytest.raises(TypeError, match="float"):
        columns_of(Unwritable)


@pytest.mark.parametrize(
    ("given", "pointers"),
    [
        ({"exit_price": Decimal(11)}, ["/closeDate"]),
        ({"close_date": NOW}, ["/exitPrice"]),
        (
            {
                "exit_price": Decimal(11),
                "close_date": NOW,
                "closes": [{"quantity": Decimal(1), "price": Decimal(11), "closed_at": NOW}],
            },
            ["/closes"],
        ),
    ],
)
def test_a_short_exit_has_a_price_and_a_time_and_no_closes_beside_it(
    given: dict[str, Any], pointers: list[str]
) -> None:
    values = {"symbol": "AAPL", "side": "BUY", "quantity": Decimal(1), "open_date": NOW, "entry_price": Decimal(10)}
    with pytest.raises(RuleBroken) as error:
        trade_from_values({**values, **given}, user="user-1", idempotency_key=None, now=NOW)
    assert [pointer(field.path) for field in error.value.errors] == pointers


@dataclass(frozen=True)
class Choosing:
    """A dataclass with a type that is no class."""

    choice: Literal["a"] = "a"


def test_a_field_whose_type_is_no_class_cannot_be_written() -> None:
    with pytest.raises(TypeError, match="Literal"):
        columns_of(Choosing)
