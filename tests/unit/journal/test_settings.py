"""Settings: the defaults, and changes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from handlers.journal.positions import LotMethod
from handlers.journal.settings import MAIN, Settings
from handlers.journal.stats.clock import Weekday

NOW, LATER = datetime(2026, 2, 1, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC)

DEFAULTS: dict[str, Any] = {
    "base_currency": "USD",
    "time_zone": None,
    "day_starts_at": "00:00",
    "week_starts_on": Weekday.MONDAY,
    "breakeven_tolerance": "0",
    "default_account_id": "00000000-0000-4000-8000-000000000001",
    "lot_method": LotMethod.AVERAGE,
}
OTHERS: dict[str, Any] = {
    "base_currency": "EUR",
    "time_zone": "Asia/Tokyo",
    "day_starts_at": "17:00",
    "week_starts_on": Weekday.SUNDAY,
    "breakeven_tolerance": "0.05R",
    "default_account_id": "7e1d0c9b-8a7f-4e6d-b5c4-3a2b1c0d9e8f",
    "lot_method": LotMethod.FIFO,
}


def test_a_user_who_sets_nothing_has_dollars_mean_prices_and_days_from_midnight() -> None:
    settings = Settings(user_id="dana")
    assert {name: getattr(settings, name) for name in DEFAULTS} == DEFAULTS
    assert (settings.version, settings.updated_at) == (1, None)
    assert settings.default_account_id == MAIN


@pytest.mark.parametrize("name", DEFAULTS)
def test_a_setting_is_changed_and_taken_back_to_its_default(name: str) -> None:
    settings = Settings(user_id="dana")
    changed = settings.revised({name: OTHERS[name]}, NOW)
    assert changed == Settings(user_id="dana", version=2, updated_at=NOW, **{name: OTHERS[name]})
    assert changed.revised({name: None}, LATER) == Settings(user_id="dana", version=3, updated_at=LATER)


def test_several_settings_change_together() -> None:
    before = replace(Settings(user_id="dana"), time_zone="Asia/Tokyo", version=7)
    changed = before.revised({"base_currency": "EUR", "time_zone": None}, NOW)
    assert changed == Settings(user_id="dana", base_currency="EUR", version=8, updated_at=NOW)


@pytest.mark.parametrize("changes", [{}, {"base_currency": "EUR"}, {"time_zone": None, "day_starts_at": "00:00"}])
def test_a_change_that_changes_nothing_leaves_the_settings_at_their_version(changes: dict[str, Any]) -> None:
    settings = Settings(user_id="dana", base_currency="EUR", version=3, updated_at=NOW)
    assert settings.revised(changes, LATER) is settings


@pytest.mark.parametrize("name", ["user_id", "version", "updated_at"])
def test_what_no_user_sets_has_no_default_to_go_back_to(name: str) -> None:
    with pytest.raises(KeyError):
        Settings(user_id="dana").revised({name: None}, NOW)
