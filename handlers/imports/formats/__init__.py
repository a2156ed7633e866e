"""The formats of brokers' files: a module for each, named by its id, with its `FORMAT`.

An artifact holds the modules that are imported by name, so each is imported here; a test fails for one that is not.
Modules whose name begins with an underscore have what several formats share.
"""

from __future__ import annotations

from handlers.imports.format import Format
from handlers.imports.formats import (
    binance_spot,
    coinbase_pro,
    coinbase_pro_fills,
    das,
    ibkr_activity,
    ibkr_flex_csv,
    ibkr_flex_xml,
    ibkr_transaction_history,
    kraken,
    kraken_ledgers,
    mt4,
    mt5_deals,
    mt5_history,
    mt5_positions,
    revolut,
    robinhood,
    schwab,
    tastytrade,
    tastytrade_legacy,
    topstepx,
    tradenote,
    tradervue,
    tradezella,
    tradezella_trades,
    trading212,
    tradingview,
    tradovate_orders,
    tradovate_paired,
    tradovate_performance,
)

FORMATS: tuple[Format, ...] = tuple(
    module.FORMAT
    for module in (
        binance_spot,
        coinbase_pro,
        coinbase_pro_fills,
        das,
        ibkr_activity,
        ibkr_flex_csv,
        ibkr_flex_xml,
        ibkr_transaction_history,
        kraken,
        kraken_ledgers,
        mt4,
        mt5_deals,
        mt5_history,
        mt5_positions,
        revolut,
        robinhood,
        schwab,
        tastytrade,
        tastytrade_legacy,
        topstepx,
        tradenote,
        tradervue,
        tradezella,
        tradezella_trades,
        trading212,
        tradingview,
        tradovate_orders,
        tradovate_paired,
        tradovate_performance,
    )
)
BY_ID = {each.id: each for each in FORMATS}
