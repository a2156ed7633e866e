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
    kraken,
    kraken_ledgers,
    mt4,
    mt5_deals,
    mt5_history,
    mt5_positions,
    schwab,
    topstepx,
    tradenote,
    tradezella,
    tradezella_trades,
    tradingview,
    tradovate_paired,
)

FORMATS: tuple[Format, ...] = tuple(
    module.FORMAT
    for module in (
        binance_spot,
        coinbase_pro,
        coinbase_pro_fills,
        das,
        kraken,
        kraken_ledgers,
        mt4,
        mt5_deals,
        mt5_history,
        mt5_positions,
        schwab,
        topstepx,
        tradenote,
        tradezella,
        tradezella_trades,
        tradingview,
        tradovate_paired,
    )
)
BY_ID = {each.id: each for each in FORMATS}
