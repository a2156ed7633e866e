"""Statistics as DynamoDB items: their keys, and how summaries and shares are packed into text.

A user's partition of the table holds, by statKey:

share|<day>|<tradeId>                      what one trade contributes to one day, and to which rows of it
row|<dimension>|<value>|<YYYY-MM>          the summaries of one dimension's value, an attribute a day: "01" ... "31"
day|<day>                                  a version: it rises with every write of the day's shares or rows
year|<YYYY>, decade|<YYY>                  the journal's summaries of the months of a year, of the years of a decade
totals                                     the base set, the decades' summaries, and a version that rises with every
                                           write of a row or of what is folded from the rows

A value is written "=" and the value, in which "%" is "%25" and "|" is "%7C"; none is "-". So no value runs into what
follows it, and the months of a value, or the values of a dimension, are one range of keys.

A summary is packed as `1;` and its fields, in the order of DaySummary, joined by `;`: whole numbers as such, amounts in
their one spelling, nothing for None. Text, since sums of squares have more digits than DynamoDB's numbers.
A share is packed as JSON, beginning with the number of its packing too. What is packed by another number is not read.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from handlers.journal.money import canonical
from handlers.journal.rows import Dimension, RowKey
from handlers.journal.summaries import DaySummary, Gain, Result, Share

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

Item = dict[str, "AttributeValueTypeDef"]
Place = tuple[Dimension, str | None]

PACKING = 1
TOTALS = "totals"
SHARES = "share|"
ROWS = "row|"
YEARS = "year|"
DECADES = "decade|"

_FIELDS = fields(DaySummary)
_WHOLE = {field.name for field in _FIELDS if field.type in (int, "int")}
_SEPARATOR = ";"


@dataclass(frozen=True, slots=True)
class StoredShare:
    """What one trade contributes to one day, and the dimensions and values to whose rows it does."""

    trade_id: str
    day: date
    share: Share
    places: frozenset[Place]


def key(user_id: str, stat_key: str) -> Item:
    """The key of an item of the statistics' table."""
    return {"userId": {"S": user_id}, "statKey": {"S": stat_key}}


def share_key(day: date, trade_id: str) -> str:
    """Where a trade's share of a day is kept."""
    return f"{SHARES}{day}|{trade_id}"


def lock_key(day: date) -> str:
    """Where a day's version is kept."""
    return f"day|{day}"


def months_of(dimension: Dimension, value: str | None) -> str:
    """What the keys of all months of one value begin with."""
    written = "-" if value is None else "=" + value.replace("%", "%25").replace("|", "%7C")
    return f"{ROWS}{dimension}|{written}|"


def row_key(dimension: Dimension, value: str | None, month: str) -> str:
    """Where the summaries of one value's days of a month are kept."""
    return months_of(dimension, value) + month


def place_of(stat_key: str) -> tuple[Dimension, str | None, str]:
    """The dimension, the value and the month that such a key is of."""
    _, dimension, written, month = stat_key.split("|")
    value = None if written == "-" else written[1:].replace("%7C", "|").replace("%25", "%")
    return Dimension(dimension), value, month


def month_of(day: date) -> str:
    """The month, as keys have it: 2026-01."""
    return day.isoformat()[:7]


def day_name(day: date) -> str:
    """The attribute that holds the day in its month's item."""
    return day.isoformat()[8:]


def days_in(item: Item) -> dict[date, str]:
    """The packed summaries in the item of a month, by day."""
    month = item["statKey"]["S"][-7:]
    return {date.fromisoformat(f"{month}-{name}"): value["S"] for name, value in item.items() if name.isdecimal()}


def rows_in(item: Item) -> dict[RowKey, str]:
    """The packed summaries in the item of a month, by row."""
    dimension, value, _ = place_of(item["statKey"]["S"])
    return {RowKey(dimension, value, day): packed for day, packed in days_in(item).items()}


def pack(summary: DaySummary) -> str:
    """The summary as text; equal summaries are equal texts."""
    return _SEPARATOR.join([str(PACKING), *(_packed(getattr(summary, field.name)) for field in _FIELDS)])


def unpack(packed: str) -> DaySummary:
    """The summary in the text. Raises ValueError for what is packed otherwise."""
    packing, *values = packed.split(_SEPARATOR)
    if packing != str(PACKING):
        raise ValueError(f"a summary packed by {packing}")
    read: dict[str, Any] = {
        field.name: (int(value) if field.name in _WHOLE else Decimal(value)) if value else None
        for field, value in zip(_FIELDS, values, strict=True)
    }
    return DaySummary(**read)


def pack_share(share: Share, places: Iterable[Place]) -> str:
    """The share as text; equal shares are equal texts."""
    result = share.result
    return json.dumps(
        [
            PACKING,
            [[gain.at.isoformat(), gain.position, canonical(gain.amount)] for gain in share.gains],
            None
            if result is None
            else [result.at.isoformat(), canonical(result.net), None if result.r is None else canonical(result.r)],
            sorted(
                ([str(dimension), value] for dimension, value in places), key=lambda place: (place[0], place[1] or "")
            ),
        ],
        ensure_ascii=False,
        separators=(",", ":"),
    )


def stored_share(item: Item) -> StoredShare:
    """The share that the item holds. Raises ValueError for what is packed otherwise."""
    _, day, trade_id = item["statKey"]["S"].split("|", 2)
    packing, gains, result, places = json.loads(item["share"]["S"])
    if packing != PACKING:
        raise ValueError(f"a share packed by {packing}")
    share = Share(
        gains=tuple(
            Gain(at=datetime.fromisoformat(at), trade_id=trade_id, position=position, amount=Decimal(amount))
            for at, position, amount in gains
        ),
        result=None
        if result is None
        else Result(
            at=datetime.fromisoformat(result[0]),
            trade_id=trade_id,
            net=Decimal(result[1]),
            r=None if result[2] is None else Decimal(result[2]),
        ),
    )
    return StoredShare(
        trade_id=trade_id,
        day=date.fromisoformat(day),
        share=share,
        places=frozenset((Dimension(dimension), value) for dimension, value in places),
    )


def _packed(value: Decimal | int | None) -> str:
    if value is None:
        return ""
    return str(value) if isinstance(value, int) else canonical(value)
