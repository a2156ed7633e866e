"""Interactive Brokers: a Flex query's report of trade confirmations as CSV.

Its columns have other names than those of the activity report: `Price`, `Commission` and `ExecID`. As these are names
of many files, the account's number must be there, too.
"""

from __future__ import annotations

from dataclasses import replace

from handlers.imports.format import FormatKind
from handlers.imports.formats.ibkr_flex_csv import FORMAT as WITH_TRADES

FORMAT = replace(
    WITH_TRADES,
    id="ibkr_flex_confirms",
    kind=FormatKind.FILLS,
    columns=("ClientAccountID", "Buy/Sell", "Quantity", "Price", "DateTime|Date/Time|TradeDate", "Commission"),
    how_to_export="Performance & Reports > Flex Queries > Trade Confirmation Flex Query > Run, as CSV",
    version=1,
)
