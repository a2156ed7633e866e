"""The ends of options in thinkorswim's cash balance, where they are told in words.

`REMOVAL OF OPTION DUE TO EXPIRATION -1.0 SPX 100 (Weeklys) 15 MAY 26 5100 PUT`, and at Schwab `... ASG: 1.0
.UUUU240816P6`. Shares that come or leave by an exercise or an assignment follow in a row of their own.
"""

from __future__ import annotations

import re
from decimal import Decimal

from handlers.imports.formats._cells import quantity_in
from handlers.imports.formats._coins import unit_price
from handlers.imports.instruments import Named, option, option_of_plain_strike, stock
from handlers.imports.records import Record, checked_symbol
from handlers.imports.refusals import Unreadable
from handlers.imports.rows import ReportedFill, RowReason
from handlers.imports.values import Moment, shown
from handlers.journal.executions import ExecutionKind, Right
from handlers.journal.positions import Side

_END = re.compile(
    r"\b(?:REMOVAL OF OPTION DUE TO|REMOVED DUE TO) (?P<why>EXPIRATION|ASSIGNMENT|EXERCISE)|(?P<short>EXP|ASG|EXE): "
)
_KINDS = {"EXP": ExecutionKind.EXPIRY, "ASS": ExecutionKind.ASSIGNMENT, "ASG": ExecutionKind.ASSIGNMENT}
_OPTION = re.compile(
    r" (?P<quantity>[-+]?[0-9][0-9,.]*) (?:(?P<code>\.[A-Z0-9]+[CP][0-9.]+)|(?P<root>\$?[A-Z][A-Z0-9.]*) "
    r"(?P<multiplier>[0-9]+) (?:\([^()]*\) )?(?P<day>[0-9]{1,2} [A-Z]{3} [0-9]{2,4}) (?P<strike>[0-9.]+) "
    r"(?P<right>CALL|PUT))$"
)
_SHARES = re.compile(r"\b(?P<verb>BOT|SOLD) (?P<quantity>[-+]?[0-9][0-9,.]*) (?P<symbol>[A-Z0-9./]+) UPON ")
# The index SPX is `$SPX.X` here, and SPX in the trade history.
_INDEX = re.compile(r"\$(?P<root>[A-Z]+)\.X")


def is_end(description: str) -> bool:
    """Whether a row of the cash balance tells that an option ended, or of the shares that one made."""
    text = description.upper()
    return _END.search(text) is not None or _SHARES.search(text) is not None


def ended(record: Record, description: str, moment: Moment) -> ReportedFill:
    """The end of an option, or the shares that it made at the price that their amount makes.

    Raises Unreadable for an option that is named in an unknown way, such as one on a future.
    """
    text = " ".join(description.upper().split())
    if (shares := _SHARES.search(text)) is not None:
        quantity = quantity_in(record, shares["quantity"])
        return ReportedFill(
            symbol=checked_symbol(shares["symbol"]),
            instrument=stock("USD"),
            side=Side.BUY if shares["verb"] == "BOT" else Side.SELL,
            quantity=quantity,
            price=unit_price(record.amount("AMOUNT"), quantity),
            at=moment.at,
            commission=record.taken("Commissions & Fees"),
            fees=record.taken("Misc Fees"),
            external_id=record.reference("REF #"),
        )
    found, end = _OPTION.search(text), _END.search(text)
    named = None if found is None else _named(record, found)
    if found is None or named is None or end is None:
        raise Unreadable(RowReason.SYMBOL, f"{shown(description)} names no option that is known")
    return ReportedFill(
        symbol=named[0],
        instrument=named[1],
        quantity=quantity_in(record, found["quantity"]),
        at=moment.at,
        kind=_KINDS.get((end["why"] or end["short"])[:3], ExecutionKind.EXERCISE),
        external_id=record.reference("REF #"),
    )


def _named(record: Record, found: re.Match[str]) -> Named | None:
    if found["code"] is not None:
        return option_of_plain_strike(found["code"], "USD")
    index = _INDEX.fullmatch(found["root"])
    root = checked_symbol(index["root"] if index else found["root"])
    return option(
        root,
        record.notation.moment(found["day"]).at.date(),
        quantity_in(record, found["strike"]),
        Right.CALL if found["right"] == "CALL" else Right.PUT,
        "USD",
        multiplier=Decimal(found["multiplier"]),
    )
