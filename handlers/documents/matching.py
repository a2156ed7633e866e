"""What matchExecutions is asked and answers: executions and actions to settle, and the trades that they make."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from handlers.documents.executions import action_of, execution_from_input, instrument_from_input
from handlers.documents.fields import time_text
from handlers.faults import Fault, FieldCode
from handlers.journal import money
from handlers.journal.errors import FieldError, RuleBroken
from handlers.journal.executions import (
    MAKES_SHARES,
    CorporateAction,
    Execution,
    Instrument,
    action_errors,
    execution_errors,
    instrument_errors,
    share_fill,
    share_fill_errors,
    symbol_key,
    without_costs,
)
from handlers.journal.money import ZERO, canonical
from handlers.journal.positions import Exit, LotMethod, Trip

if TYPE_CHECKING:
    from generated import models
    from handlers.journal.ledger import SettledTrade, Settlement

_STATUS = {True: "CLOSED", False: "OPEN"}


def executions_to_match(given: models.MatchInput) -> list[Execution]:
    """The executions of a request, with the fills in the underlying that assignments and exercises make.

    Raises RuleBroken with everything that is wrong.
    """
    values = [each.model_dump(exclude_none=True) for each in given.executions]
    instruments, errors = _instruments(values)
    made: list[Execution] = []
    fills: list[Execution] = []
    for index, each in enumerate(values):
        name = each.pop("execution_id", str(index + 1))
        with_shares = each.pop("with_shares", True)
        execution = execution_from_input(each, name, instruments[index], sequence=index)
        path = ("executions", index)
        wrong = execution_errors(execution, path)
        if execution.kind in MAKES_SHARES and with_shares:
            wrong += share_fill_errors(execution, path)
            if not wrong:
                fills.append(share_fill(execution, f"{name}:shares"))
                execution = without_costs(execution)
        errors += wrong
        made.append(execution)
    names = [execution.execution_id for execution in made]
    if len(set(names)) < len(names):
        twice = [index for index, name in enumerate(names) if name in names[:index]]
        fault = Fault(FieldCode.DUPLICATE_ITEM, "names another execution, too")
        errors += [FieldError(("executions", index, "execution_id"), fault) for index in twice]
    if errors := errors or instrument_errors(made, ("executions",)):
        raise RuleBroken(errors)
    return [*made, *fills]


def actions_to_match(given: models.MatchInput) -> list[CorporateAction]:
    """The corporate actions of a request. Raises RuleBroken with everything that is wrong."""
    made, errors = [], []
    for index, each in enumerate(given.actions or []):
        action = action_of(each.model_dump(exclude_none=True), f"action-{index + 1}", sequence=index)
        errors += action_errors(action, ("actions", index))
        made.append(action)
    if errors:
        raise RuleBroken(errors)
    return made


def _instruments(values: Sequence[Mapping[str, Any]]) -> tuple[list[Instrument], list[FieldError]]:
    """The instrument of each execution: its own, else that of the first one of its symbol that names one."""
    named: dict[str, Instrument] = {}
    errors: list[FieldError] = []
    own: list[Instrument | None] = []
    for index, each in enumerate(values):
        instrument = None
        if "instrument" in each:
            try:
                instrument = instrument_from_input(each["instrument"], each["symbol"])
            except RuleBroken as error:
                errors += [replace(one, path=("executions", index, *one.path)) for one in error.errors]
        if instrument is not None:
            named.setdefault(symbol_key(each["symbol"]), instrument)
        own.append(instrument)
    return [
        given or named.get(symbol_key(each["symbol"]), Instrument()) for given, each in zip(own, values, strict=True)
    ], errors


def match_document(settlement: Settlement) -> dict[str, Any]:
    """The contract's MatchResult. Raises RuleBroken when a figure is too long to be written down."""
    trades = settlement.trades
    return {
        "trades": [_trade(trade) for trade in trades],
        "matches": [match for number, trade in enumerate(trades) for match in _matches(number, trade)],
        "open": [_position(number, trade) for number, trade in enumerate(trades) if not trade.trip.is_flat],
        "made": [_made(fill) for fill in settlement.made],
        "cash": _cash(trades),
    }


def _trade(trade: SettledTrade) -> dict[str, Any]:
    trip = trade.trip
    return _without_none(
        {
            **_place(trade),
            "currency": trade.instrument.currency,
            "multiplier": _text(trade.instrument.multiplier),
            "status": "PARTIAL" if trip.exits and not trip.is_flat else _STATUS[trip.is_flat],
            "quantity": _text(trip.quantity),
            "maxQuantity": _text(trip.max_quantity),
            "remainingQuantity": _text(trip.open_quantity),
            "entryPrice": _text(trip.entry_price),
            "exitPrice": None if trip.exit_price is None else _text(trip.exit_price),
            "openDate": time_text(trade.opened_at),
            "closeDate": None if trade.closed_at is None else time_text(trade.closed_at),
            "cashBeyondCost": _known(trade, trip.received_beyond_cost) if trip.received_beyond_cost else None,
            "grossPnl": _known(trade, trip.gross),
            "netPnl": _known(trade, trip.net),
            "costs": _text(trade.costs),
            "executionIds": _fills(trip),
            "closes": [_close(trade, exit_) for exit_ in trip.exits],
            "warnings": list(trade.warnings),
        }
    )


def _fills(trip: Trip) -> list[str]:
    """The fills of a trip by time, each once."""
    fills = [(each.at, each.fill_id) for each in trip.openings] + [(each.at, each.fill_id) for each in trip.exits]
    return list(dict.fromkeys(fill_id for _, fill_id in sorted(fills, key=itemgetter(0))))


def _close(trade: SettledTrade, exit_: Exit) -> dict[str, Any]:
    return _without_none(
        {
            "executionId": exit_.fill_id,
            "quantity": _text(exit_.quantity),
            "price": _text(exit_.price),
            "closedAt": time_text(exit_.at),
            "grossPnl": _known(trade, exit_.gross),
            "entryCosts": _text(exit_.entry_costs),
            "exitCosts": _text(exit_.exit_costs),
            "netPnl": _known(trade, exit_.net),
            "remainingQuantity": _text(exit_.open_quantity),
            "openCost": _known(trade, exit_.open_cost),
        }
    )


def _matches(number: int, trade: SettledTrade) -> Iterable[dict[str, Any]]:
    for exit_ in trade.trip.exits:
        for match in exit_.matches:
            net = money.minus(match.gross, match.entry_costs, match.exit_costs)
            yield _without_none(
                {
                    "trade": number,
                    "entryExecutionId": match.entry_id,
                    "exitExecutionId": exit_.fill_id,
                    "quantity": _text(match.quantity),
                    "grossPnl": _known(trade, match.gross),
                    "entryCosts": _text(match.entry_costs),
                    "exitCosts": _text(match.exit_costs),
                    "netPnl": _known(trade, net),
                }
            )


def _position(number: int, trade: SettledTrade) -> dict[str, Any]:
    trip = trade.trip
    units = money.product(trip.open_quantity, trade.instrument.multiplier)
    return _without_none(
        {
            "trade": number,
            **_place(trade),
            "quantity": _text(trip.open_quantity),
            "averagePrice": _known(trade, money.ratio(trip.open_cost, units)),
            "costBasis": _known(trade, trip.open_cost),
            "openCosts": _text(trip.open_costs),
            "lots": [
                _without_none(
                    {
                        "executionId": lot.entry_id,
                        "quantity": _text(lot.quantity),
                        "cost": _known(trade, lot.cost),
                        "costs": _text(lot.costs),
                    }
                )
                for lot in trip.lots
            ],
        }
    )


def _place(trade: SettledTrade) -> dict[str, Any]:
    return {
        "symbol": trade.symbol,
        "accountId": trade.account_id,
        "pairId": trade.pair_id,
        "side": str(trade.trip.side),
    }


def _made(fill: Execution) -> dict[str, Any]:
    return _without_none(
        {
            "executionId": fill.execution_id,
            "kind": str(fill.kind),
            "symbol": fill.symbol,
            "accountId": fill.account_id,
            "side": str(fill.side),
            "quantity": _text(fill.quantity or ZERO),
            "price": None if fill.price is None else _text(fill.price),
            "executedAt": time_text(fill.executed_at),
        }
    )


def _cash(trades: Sequence[SettledTrade]) -> list[dict[str, Any]]:
    by_currency: dict[str | None, list[SettledTrade]] = {}
    for trade in trades:
        if trade.is_known:
            by_currency.setdefault(trade.instrument.currency, []).append(trade)
    sums = []
    for currency, of_it in sorted(by_currency.items(), key=lambda item: item[0] or ""):
        before, costs = money.total(trade.cash for trade in of_it), money.total(trade.costs for trade in of_it)
        sums.append(
            _without_none(
                {
                    "currency": currency,
                    "beforeCosts": _text(before),
                    "costs": _text(costs),
                    "total": _text(money.minus(before, costs)),
                }
            )
        )
    return sums


def _known(trade: SettledTrade, amount: Decimal) -> str | None:
    return _text(amount) if trade.is_known else None


def _text(amount: Decimal) -> str:
    """The amount to 18 decimals. Raises RuleBroken when it has more than 15 digits before the point."""
    shown = money.rounded(amount, money.MOST_DECIMALS)
    if not money.fits(shown):
        detail = f"make a figure that is longer than {money.MOST_DIGITS} digits before the point"
        fault = Fault(FieldCode.FIGURE_TOO_LONG, detail, {"maxDigits": money.MOST_DIGITS})
        raise RuleBroken([FieldError(("executions",), fault)])
    return canonical(shown)


def _without_none(document: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if value is not None}


def lot_method_of(given: models.MatchInput) -> LotMethod:
    """The method of a request; AVERAGE by default."""
    return LotMethod.AVERAGE if given.lot_method is None else LotMethod(given.lot_method)
