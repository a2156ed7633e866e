"""The formats of brokers' files: a module for each, named by its id, with its `FORMAT`.

An artifact holds the modules that are imported by name, so each is imported here; a test fails for one that is not.
Modules whose name begins with an underscore have what several formats share.
"""

from __future__ import annotations

from handlers.imports.format import Format
from handlers.imports.formats import (
    ibkr_activity,
    ibkr_flex_csv,
    ibkr_flex_xml,
    ibkr_transaction_history,
    ninjatrader_grid,
    ninjatrader_trades,
    own_closes,
    own_trades,
    revolut,
    robinhood,
    schwab,
    tastytrade,
    tastytrade_legacy,
    thinkorswim,
    tradervue,
    tradervue_trades,
    trading212,
    tradovate_orders,
    tradovate_paired,
    tradovate_performance,
    webull,
)

_MODULES = (
    ibkr_activity,
    ibkr_flex_csv,
    ibkr_flex_xml,
    ibkr_transaction_history,
    ninjatrader_grid,
    ninjatrader_trades,
    own_closes,
    own_trades,
    revolut,
    robinhood,
    schwab,
    tastytrade,
    tastytrade_legacy,
    thinkorswim,
    tradervue,
    tradervue_trades,
    trading212,
    tradovate_orders,
    tradovate_paired,
    tradovate_performance,
    webull,
)
FORMATS: tuple[Format, ...] = tuple(module.FORMAT for module in _MODULES)
BY_ID = {each.id: each for each in FORMATS}
