"""Interactive Brokers: a Flex query's report as CSV that has cash transactions, and no trades among its first lines."""

from __future__ import annotations

from handlers.imports.format import Format, Kind, Need
from handlers.imports.formats.ibkr_flex_csv import rows

FORMAT = Format(
    id="ibkr_flex_cash",
    broker="Interactive Brokers",
    kind=Kind.MIXED,
    columns=("CurrencyPrimary", "Type", "Amount", "DateTime|Date/Time|SettleDate|ReportDate"),
    rows=rows,
    how_to_export="Performance & Reports > Flex Queries > Activity Flex Query with Cash Transactions > Run, as CSV",
    needs=(Need.TIME_ZONE,),
    family="ibkr",
    ragged=True,
    own_headers=True,
)
