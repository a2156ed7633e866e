"""Fingerprints: what tells that a fill, money or an action of a file is there already. All are those of one account.

external: the id by which a broker names it, among the formats of one family.
content: what it is, and which equal one of its file it is. So two equal fills of a file are two, the same file again
    adds nothing, and the same day from another export, without ids or with others, is found.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC
from decimal import Decimal
from hashlib import blake2b
from uuid import UUID, uuid5

from handlers.imports.moments import Instant
from handlers.imports.rows import Action, CashMove, ReportedFill
from handlers.imports.text import MOST_BYTES
from handlers.journal.executions import ExecutionKind, symbol_key
from handlers.journal.money import canonical

# The root of the ids of what was imported; any constant would do.
_IMPORTS = UUID("5f0f4f1e-6f0c-5c0a-9d8e-7a1b2c3d4e5f")


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """The keys of one finding, and the id that follows from them: from the external key, else from the content.

    `k` is which equal one of its file it is, from 1; the content's key ends with it.
    """

    external: str | None
    content: str
    k: int
    id: str


@dataclass(slots=True)
class Fingerprints:
    """Makes the fingerprints of a file's findings, in the order of the file.

    account: what names the account, unlike all others of all users.
    family: that of the file's format.
    """

    account: str
    family: str
    _contents: Counter[bytes] = field(default_factory=Counter)
    _externals: dict[bytes, tuple[bytes, ...]] = field(default_factory=dict)

    def of(self, found: ReportedFill | CashMove | Action, instant: Instant) -> Fingerprint:
        """The fingerprint of the next finding; `instant` is when it was. Times count to the second.

        An external id that comes again in a file with another content, which brokers let happen, has a number behind
        it; with the same content it is the same fill again.
        """
        base = content_of(found, instant)
        k = _next(self._contents, base)
        content = f"{base}|{k}"
        external_id = None if isinstance(found, Action) else found.external_id
        external = None
        if external_id is not None:
            external = f"x|{self.family}|{external_id}"
            again = self._number_of(external, base)
            if again > 1:
                external = f"{external}|{again}"
        return Fingerprint(external, content, k, self._id(external or content))

    def named(self, external_id: str) -> str:
        """The id of what a format of the family names so."""
        return self._id(f"x|{self.family}|{external_id}")

    def _id(self, key: str) -> str:
        return str(uuid5(uuid5(_IMPORTS, self.account), key))

    def _number_of(self, external: str, content: str) -> int:
        """Which content of its external id this is, from 1."""
        key, own = _digest(external), _digest(content)
        known = self._externals.get(key, ())
        if own not in known:
            known = self._externals[key] = (*known, own)
        return known.index(own) + 1


def content_of(found: ReportedFill | CashMove | Action, instant: Instant) -> str:
    """The content's key without its number: equal for equal findings, whatever their format and its spelling."""
    when = instant.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if instant.known else f"{instant.at.date()}"
    if isinstance(found, ReportedFill):
        side = found.side if found.kind is ExecutionKind.TRADE else f"{found.kind} {found.side}"
        parts = ["c", when, symbol_key(found.symbol), str(side), _plain(found.quantity), _plain(found.price)]
    elif isinstance(found, CashMove):
        symbol = symbol_key(found.symbol or "")
        parts = ["m", when, str(found.type), _plain(found.amount), found.currency or "", symbol]
    else:
        numbers = (found.new, found.old, found.cash_per_share, found.cost_share, found.quantity, found.added)
        symbols = (symbol_key(found.symbol), symbol_key(found.new_symbol or ""))
        parts = ["a", when, str(found.type), *symbols, *map(_plain, numbers)]
    return "|".join(parts)


def _plain(amount: Decimal | None) -> str:
    return "" if amount is None else canonical(amount)


def _next(counter: Counter[bytes], key: str) -> int:
    """Which one this is of its key. Keys are kept as digests, since a file can have 200 000."""
    digest = _digest(key)
    counter[digest] += 1
    return counter[digest]


def _digest(key: str) -> bytes:
    return blake2b(key.encode(), digest_size=16).digest()


def place_in_file(line: int, part: int, *, newest_first: bool) -> int:
    """The order of a finding among those of one instant, at least 0: `part` is which of its row it is, from 0.

    A row of a file that is newest first comes before the row above it; the parts of a row keep their order.
    """
    return (MOST_BYTES - line if newest_first else line) * 4 + part
