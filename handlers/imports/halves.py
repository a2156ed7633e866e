"""Corporate actions of two rows: what goes out, and what comes in."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from handlers.imports.records import Skipped, checked_symbol
from handlers.imports.rows import Action
from handlers.imports.values import Moment
from handlers.journal.executions import ActionType
from handlers.journal.money import ZERO


@dataclass(frozen=True, slots=True)
class Half:
    """One row of an action: the symbol, and the units that come in (above 0) or go out."""

    symbol: str
    units: Decimal


@dataclass(slots=True)
class Halves:
    """Keeps the first row of each action until the second one comes; they are in either order."""

    _waiting: dict[str, Half] = field(default_factory=dict)

    def joined(self, key: str, half: Half) -> tuple[Half, Half]:
        """What goes out and what comes in. Raises Skipped for the first row of the key's two."""
        other = self._waiting.pop(key, None)
        if other is None or (other.units > ZERO) is (half.units > ZERO):
            self._waiting[key] = half
            raise Skipped("the first row of a corporate action, which has two")
        return (half, other) if half.units < ZERO else (other, half)

    def split(self, key: str, half: Half, moment: Moment) -> Action:
        """The split of two rows; a change of the symbol alone if as many units come in as go out."""
        out, come = self.joined(key, half)
        at, day_only = moment
        if out.units.copy_abs() == come.units and out.symbol != come.symbol:
            symbol = checked_symbol(come.symbol)
            return Action(type=ActionType.RENAME, symbol=out.symbol, at=at, day_only=day_only, new_symbol=symbol)
        new, old = come.units, out.units.copy_abs()
        return Action(type=ActionType.SPLIT, symbol=come.symbol, at=at, day_only=day_only, new=new, old=old)
