"""Interactive Brokers: a Flex query's report of trade confirmations as CSV.

Its columns have other names than those of the activity report: `Price`, `Commission` and `ExecID`. As these are names
of many files, the account's number must be there, too.
"""

from __future__ import annotations

from handlers.imports.format import Format, Kind, Need
from handlers.imports.formats.ibkr_flex_csv import rows

FORMAT = Format(
    id="ibkr_flex_confirms",
    broker="Interactive Brokers",
    kind=Kind.FILLS,
    columns=("ClientAccountID", "Buy/Sell", "Quantity", "Price", "DateTime|Date/Time|TradeDate", "Commission"),
    rows=rows,
    how_to_export="Performance & Reports > Flex Queries > Trade Confirmation Flex Query > Run, as CSV",
    needs=(Need.TIME_ZONE,),
    family="ibkr",
    ragged=True,
    own_headers=True,
)
