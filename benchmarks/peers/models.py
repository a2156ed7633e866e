"""The contract's TradeInput and the parameters of listTrades as hand-written pydantic models.

An optional field must not be null, so None is its default but not part of its type: pydantic does not check defaults.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel

from benchmarks.peers.journal import bad_field
from handlers.web.problems import BadField

DECIMAL = re.compile(r"-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,18})?")
TIME = re.compile(
    r"[12][0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"
    r"(\.[0-9]{1,6})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])"
)
DAY = re.compile(r"[12][0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])")


def _written(pattern: re.Pattern[str]) -> BeforeValidator:
    """Check that a value is a text of this form. pydantic itself accepts further forms, and numbers."""

    def check(value: Any) -> Any:
        if not isinstance(value, str) or not pattern.fullmatch(value):
            raise ValueError("is malformed")
        return value

    return BeforeValidator(check)


def _text(longest: int, shortest: int = 0, pattern: str | None = None) -> Any:
    return Annotated[str, StringConstraints(min_length=shortest, max_length=longest, pattern=pattern, strict=True)]


Price = Annotated[Decimal, _written(DECIMAL)]
Positive = Annotated[Decimal, Field(gt=0), _written(DECIMAL)]
Time = Annotated[AwareDatetime, _written(TIME)]
Day = Annotated[date, _written(DAY)]
AccountId: Any = _text(36, 36, r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$")
Currency: Any = _text(10, 3, r"^[A-Z0-9]{3,10}$")
Symbol: Any = _text(32, 1, r"^[!-{}~]([ -{}~]*[!-{}~])?$")
Key: Any = _text(255, 1, r"^[!-~]+$")
ExternalId: Any = _text(255, 1, r"^[!-~]([ -~]*[!-~])?$")
Tags: Any = _text(2000, 1, r'^(\*|(W/)?"[!#-~]*"( *, *(W/)?"[!#-~]*")*)$')
Word: Any = _text(50, 1)
Token: Any = _text(2048, 1)
Notes: Any = _text(10_000)
Score: Any = Annotated[int, Field(ge=0, le=10, strict=True)]
Truth: Any = Annotated[bool, Field(strict=True)]
Events: Any = Annotated[list[_text(200, 1)], Field(max_length=20)]  # type: ignore[misc] # made by a function
Side = Literal["BUY", "SELL"]
Status = Literal["OPEN", "PARTIAL", "CLOSED", "CANCELLED"]


class Model(BaseModel):
    """The base of the models: the contract's names outside, snake_case inside, no undeclared properties."""

    model_config = ConfigDict(extra="forbid", alias_generator=to_camel)


class CloseInput(Model):
    quantity: Positive
    price: Price
    closed_at: Time
    commission: Price = None
    fees: Price = None


class EntryInput(Model):
    quantity: Positive
    price: Price
    entered_at: Time
    commission: Price = None
    fees: Price = None


class Psychology(Model):
    greed: Truth = None
    fear: Truth = None
    fomo: Truth = None
    revenge: Truth = None
    overconfidence: Truth = None
    patience: Truth = None


class TradeInput(Model):
    account_id: AccountId = None
    currency: Currency = None
    external_id: ExternalId = None
    symbol: Symbol
    side: Side
    quantity: Positive = None
    open_date: Time = None
    entry_price: Price = None
    stop_loss: Price = None
    take_profit: Price = None
    multiplier: Positive = None
    commission: Price = None
    fees: Price = None
    risk_amount: Positive = None
    initial_stop_loss: Price = None
    initial_risk_amount: Positive = None
    lot_method: Literal["FIFO", "LIFO", "AVERAGE"] = None
    entries: Annotated[list[EntryInput], Field(max_length=200)] = None
    setup_type: Word = None
    timeframe: Word = None
    market_condition: Word = None
    trading_session: Word = None
    trade_grade: Literal["A", "B", "C", "D", "E", "F"] = None
    confidence: Score = None
    setup_quality: Score = None
    execution: Score = None
    emotional_state: Word = None
    psychology: Psychology = None
    pre_trade_notes: Notes = None
    post_trade_notes: Notes = None
    mistakes: Notes = None
    lessons: Notes = None
    news_events: Events = None
    economic_events: Events = None
    tags: Annotated[list[Word], Field(max_length=30)] = None
    status: Literal["CANCELLED"] = None
    closes: Annotated[list[CloseInput], Field(max_length=200)] = None
    exit_price: Price = None
    close_date: Time = None

    def values(self) -> dict[str, Any]:
        """The given values, by the journal's names."""
        return self.model_dump(exclude_unset=True)


class Asked(Model):
    """The parameters of listTrades."""

    symbol: Symbol = None
    status: Annotated[list[Status], Field(max_length=4)] = []
    side: Side = None
    tag: Annotated[list[Word], Field(max_length=10)] = []
    setup_type: Word = None
    open_from: Day = None
    open_to: Day = None
    has_images: Literal["true", "false"] = None
    external_id: ExternalId = None
    idempotency_key: Key = None
    order: Literal["asc", "desc"] = "desc"
    limit: Annotated[int, Field(ge=1, le=100)] = 50
    next_token: Token = None


def bad_fields(errors: Sequence[Any]) -> list[BadField]:
    """pydantic's errors as the contract's field errors, one for each field."""
    found = {}
    for error in errors:
        place, *steps = error["loc"]
        named = steps if place == "body" else steps[:1]
        field = bad_field(place, "".join(f"/{step}" for step in named), error["msg"])
        found[field.place, field.pointer] = field
    return list(found.values())
