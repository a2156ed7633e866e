"""Rows of cash: the types of money's movements by the words of brokers, and rows that the journal can take."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from handlers.imports.names import names
from handlers.imports.records import Skipped
from handlers.imports.rows import CashMove
from handlers.imports.values import Moment
from handlers.journal.cash import CashType
from handlers.journal.money import ZERO

# Parts of what brokers call the movement, in small letters; the first one that is found counts.
_WORDS: Sequence[tuple[str, CashType]] = tuple(
    (word, kind)
    for kind, words in (
        (CashType.TAX, "withholding,nra tax,foreign tax,stamp duty,tax"),
        (CashType.INTEREST, "interest,lending,staking"),
        (
            CashType.DIVIDEND,
            (
                "dividend,div adj,qual div,qualified div,special div,yr div,div reinvest,cash div,cdiv,cap gain,"
                "payment in lieu,return of capital,distribution,in lieu"
            ),
        ),
        (CashType.FUNDING, "funding,swap,rollover,overnight"),
        (CashType.CONVERSION, "conversion,exchange,forex trade,convert"),
        (CashType.FEE, "fee,commission,charge,subscription,market data"),
        (CashType.PAYOUT, "payout"),
        (
            CashType.DEPOSIT,
            (
                "deposit,withdraw,top-up,top up,transfer,wire,ach,funds,journal,moneylink,electronic fund,"
                "cash receipt,cash disbursement,eft paid,eft received,check"
            ),
        ),
    )
    for word in names(words)
)
_OWNERS = frozenset({CashType.DEPOSIT, CashType.WITHDRAWAL})


def cash_type(text: str) -> CashType:
    """The type of a movement by a broker's word for it; ADJUSTMENT for a word that is not known."""
    low = text.casefold()
    return next((kind for word, kind in _WORDS if word in low), CashType.ADJUSTMENT)


def cash_move(
    kind: CashType,
    amount: Decimal | None,
    moment: Moment,
    *,
    currency: str | None = None,
    symbol: str | None = None,
    external_id: str | None = None,
    note: str | None = None,
) -> CashMove:
    """Money that moved; a deposit of less than 0 is a withdrawal, and the other way round.

    Raises Skipped if none moved.
    """
    if not amount:
        raise Skipped("no money moved")
    if kind in _OWNERS:
        kind = CashType.DEPOSIT if amount > ZERO else CashType.WITHDRAWAL
    elif kind is CashType.PAYOUT and amount > ZERO:
        kind = CashType.DEPOSIT
    return CashMove(
        type=kind,
        amount=amount,
        currency=currency,
        at=moment.at,
        day_only=moment.day_only,
        symbol=symbol,
        external_id=external_id,
        note=note,
    )
