"""How the time for settling a position grows with its fills: `python -m benchmarks.fills`.

Prints, for each lot method, the processor time for positions of 1 000, 10 000 and 100 000 fills, and what a fill takes.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from time import process_time

from handlers.journal.positions import Fill, LotMethod, Side, trips_of

BEGUN = datetime(2026, 1, 5, tzinfo=UTC)


def fills(number: int) -> list[Fill]:
    """So many fills of a position that grows: four that open, and one that closes, again and again."""
    return [
        Fill(
            fill_id=str(n),
            side=Side.SELL if n % 5 == 4 else Side.BUY,
            quantity=Decimal(n % 97 + 1).scaleb(-2),
            price=Decimal(10_000 + n % 911).scaleb(-2),
            at=BEGUN + timedelta(seconds=n),
            costs=Decimal("0.37"),
        )
        for n in range(number)
    ]


def main() -> None:
    sys.stdout.write("| method | fills | seconds | microseconds a fill |\n| --- | ---: | ---: | ---: |\n")
    for method in LotMethod:
        for number in (1_000, 10_000, 100_000):
            given = fills(number)
            began = process_time()
            trips_of(given, (), method)
            took = process_time() - began
            sys.stdout.write(f"| {method} | {number:,} | {took:.2f} | {took / number * 1e6:.0f} |\n")


if __name__ == "__main__":
    main()
