"""A user's settings: the defaults for what requests do not name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields, replace
from datetime import datetime
from typing import Any

from handlers.journal.positions import LotMethod
from handlers.journal.stats.clock import Weekday

# The account that every user has, without an item of its own as long as nobody changes it.
MAIN = "00000000-0000-4000-8000-000000000001"
DOLLAR = "USD"

_FIXED = {"user_id", "version", "updated_at"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings. The defaults are those of a user who has set nothing.

    `time_zone` is a name of the IANA database, None for each time's own UTC offset; `day_starts_at` is HH:MM;
    `breakeven_tolerance` is an amount, or a part of the risk as in 0.05R.
    """

    user_id: str
    base_currency: str = DOLLAR
    time_zone: str | None = None
    day_starts_at: str = "00:00"
    week_starts_on: Weekday = Weekday.MONDAY
    breakeven_tolerance: str = "0"
    default_account_id: str = MAIN
    lot_method: LotMethod = LotMethod.AVERAGE
    version: int = 1
    updated_at: datetime | None = None

    def revised(self, changes: Mapping[str, Any], now: datetime) -> Settings:
        """The settings with some changed; None takes one back to its default. The same ones when nothing differs."""
        wanted = {name: _DEFAULTS[name] if value is None else value for name, value in changes.items()}
        changed = replace(self, **wanted)
        if changed == self:
            return self
        return replace(changed, version=self.version + 1, updated_at=now)


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeDefaults:
    """Account and lot method for a new trade whose request names none, from the settings. `of_account` is the account's
    lot method, if it has one, and comes before that of the settings.
    """

    account_id: str = MAIN
    lot_method: LotMethod = LotMethod.AVERAGE
    of_account: LotMethod | None = None


_DEFAULTS = {
    field.name: field.default for field in fields(Settings) if field.name not in _FIXED and field.default is not MISSING
}
