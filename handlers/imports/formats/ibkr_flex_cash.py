"""Interactive Brokers: a Flex query's report as CSV that has cash transactions, and no trades among its first lines."""

from __future__ import annotations

from dataclasses import replace

from handlers.imports.formats.ibkr_flex_csv import FORMAT as WITH_TRADES

FORMAT = replace(
    WITH_TRADES,
    id="ibkr_flex_cash",
    columns=("CurrencyPrimary", "Type", "Amount", "DateTime|Date/Time|SettleDate|ReportDate"),
    how_to_export="Performance & Reports > Flex Queries > Activity Flex Query with Cash Transactions > Run, as CSV",
    version=1,
)
