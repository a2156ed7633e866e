"""The values by which a journal can be filtered: symbols, tags, setup types and accounts, with the number of trades."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """The values of one trade by which filters find it."""

    symbol: str | None
    tags: tuple[str, ...]
    setup_type: str | None
    account_id: str


@dataclass(frozen=True, slots=True)
class Facet:
    """A value, and how many trades have it."""

    value: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Facets:
    """The values, the most frequent first, equal ones by their letters."""

    symbols: tuple[Facet, ...]
    tags: tuple[Facet, ...]
    setup_types: tuple[Facet, ...]
    accounts: tuple[Facet, ...]


def facets(trades: Iterable[Labels]) -> Facets:
    """The values that these trades have. Symbols and setup types that differ in case alone are one, as filters take
    them; the spelling that most trades have is shown.
    """
    symbols: Counter[str] = Counter()
    tags: Counter[str] = Counter()
    setup_types: Counter[str] = Counter()
    accounts: Counter[str] = Counter()
    for trade in trades:
        for counter, value in ((symbols, trade.symbol), (setup_types, trade.setup_type)):
            if value is not None:
                counter[value] += 1
        tags.update(trade.tags)
        accounts[trade.account_id] += 1
    return Facets(
        symbols=_caseless(symbols),
        tags=_sorted(tags),
        setup_types=_caseless(setup_types),
        accounts=_sorted(accounts),
    )


def _caseless(counts: Counter[str]) -> tuple[Facet, ...]:
    spellings: dict[str, Counter[str]] = {}
    for value, count in counts.items():
        spellings.setdefault(value.casefold(), Counter())[value] = count
    return _sorted({max(sorted(own), key=own.__getitem__): own.total() for own in spellings.values()})


def _sorted(counts: Mapping[str, int]) -> tuple[Facet, ...]:
    return tuple(Facet(value, count) for value, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])))
