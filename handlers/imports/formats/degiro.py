"""DEGIRO: the transactions of an account, with a header in the language of its owner.

The columns of currencies have no names: each stands behind its amount. The sign of the quantity is the side. Fees are
in the account's currency, of which the exchange rate is the price. Times are minutes, and several fills of an order may
have one. Rows are of 17 or 18 cells. There is no ticker: the ISIN is the symbol. Prices in pence are told in pounds.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from handlers.imports.checks import check_amount
from handlers.imports.format import Format, Kind, Need
from handlers.imports.formats._cells import beginning_with
from handlers.imports.instruments import stock
from handlers.imports.records import Found, Record, Records, each, plain
from handlers.imports.refusals import Unreadable
from handlers.imports.rows import Action, Fill, Row, RowReason
from handlers.imports.values import DateOrder
from handlers.journal.executions import ActionType, ExecutionKind
from handlers.journal.money import MOST_DECIMALS, ZERO, product, rounded, total
from handlers.journal.positions import Side

_DAY = ("Date", "Datum", "Fecha", "Data", "Dato", "Päivämäärä")
_CLOCK = ("Time", "Tijd", "Uhrzeit", "Zeit", "Hora", "Heure", "Ora", "Orario", "Czas", "Tid", "Aika")
_PRODUCT = ("Product", "Produkt", "Producto", "Produto", "Produit", "Prodotto", "Tuote")
_ISIN = ("ISIN", "Code ISIN", "Código ISIN", "Codice ISIN", "Kod ISIN")
_QUANTITY = ("Quantity", "Aantal", "Anzahl", "Número", "Quantidade", "Quantité", "Quantità", "Liczba", "Number",
             "Antal", "Cantidad", "Määrä")  # fmt: skip  # names, several to a line
_PRICE = ("Price", "Koers", "Kurs", "Precio", "Preços", "Preço", "Cours", "Quotazione", "Prezzo", "Pris", "Hinta")
_ORDER = ("Order ID", "Order-ID", "OrderID", "ID Orden", "ID da Ordem", "ID Ordre", "ID Ordine", "ID ordine",
          "Identyfikator zlecenia", "Ordre ID")  # fmt: skip  # names, several to a line
# The beginnings of names that go on with a currency, or are cut in some files.
_FEES = ("transaction and", "transactiekosten", "transaktion", "costes de trans", "custos de trans",
         "frais de courtage", "costi di trans", "commissioni di trans", "opłata trans")  # fmt: skip  # names
_FOREIGN_EXCHANGE = ("autofx", "taxa autofx", "comision autofx", "comisión autofx", "frais conversion autofx",
                     "commissione autofx", "opłata autofx")  # fmt: skip  # names, several to a line
_RATE = ("exchange r", "wisselkoers", "wechselkurs", "tipo de cambio", "taxa de câm", "taux de ch", "tasso di c",
         "kurs wym")  # fmt: skip  # names, several to a line
_HUNDREDTH = Decimal("0.01")


def rows(records: Records) -> Iterator[Row]:
    """A row for each transaction."""
    return each(records, _row)


def _row(record: Record) -> Found:
    moment = record.notation.at(record.text(*_DAY), record.text(*_CLOCK))
    symbol, quantity, price = record.symbol(*_ISIN), record.amount(*_QUANTITY), record.amount(*_PRICE)
    if not quantity:
        raise Unreadable(RowReason.NUMBER, "the quantity is 0")
    if not price and quantity > ZERO:
        # Shares that a split, a bonus or a spin-off brought; the file does not say which.
        return Action(
            type=ActionType.SHARE_DIVIDEND, symbol=symbol, at=moment.at, day_only=moment.day_only, quantity=quantity
        )
    currency, value, value_currency = _beside_price(record)
    fees, fee_currency = _fees(record)
    rate = record.number(beginning_with(record.columns, *_RATE))
    is_foreign = bool(fees) and fee_currency not in (None, currency)
    in_pence = currency == "GBX"
    fill = Fill(
        symbol=symbol,
        instrument=stock("GBP" if in_pence else currency),
        side=Side.BUY if quantity > ZERO else Side.SELL,
        quantity=quantity.copy_abs(),
        price=(_pounds(price) if in_pence else price) or None,
        at=moment.at,
        day_only=moment.day_only,
        fees=fees,
        fee_currency=fee_currency if is_foreign else None,
        fee_price=rate and (_pounds(rate) if in_pence else rate) if is_foreign else None,
        kind=ExecutionKind.TRADE if price else ExecutionKind.TRANSFER_OUT,
        order_id=_order(record),
        note=record.note(*_PRODUCT),
    )
    if is_foreign and not rate:
        record.notice(RowReason.UNPRICED_COST, f"the fee is in {fee_currency}, and there is no exchange rate")
    if value is None or value_currency != currency:
        return fill
    return check_amount(record, fill, _pounds(value) if in_pence else value, with_costs=False)


def _pounds(pence: Decimal) -> Decimal:
    return rounded(product(pence, _HUNDREDTH), MOST_DECIMALS)


def _beside_price(record: Record) -> tuple[str | None, Decimal | None, str | None]:
    """The price's currency, and the value with its own, which stand in the next three columns."""
    place = next(found for name in _PRICE if (found := record.columns.place(name)) is not None)
    value = record.columns.names[place + 2 : place + 3]
    return _currency_at(record, place + 1), record.number(*value), _currency_at(record, place + 3)


def _currency_at(record: Record, place: int) -> str | None:
    """The currency in a column, if that has no name."""
    name = record.columns.names[place : place + 1]
    return record.currency(*name) if name and plain(name[0]).startswith("column ") else None


def _fees(record: Record) -> tuple[Decimal, str | None]:
    """The fees, which the file shows below 0, and their currency.

    It stands in the next column, or is the last word of a column's name.
    """
    own, exchange = (beginning_with(record.columns, *names) for names in (_FEES, _FOREIGN_EXCHANGE))
    fees = total(record.taken(name) for name in (own, exchange))
    place = record.columns.place(own)
    beside = None if place is None else _currency_at(record, place + 1)
    # The name may be cut; those of the value and the total go on with the same currency.
    words = (name.rpartition(" ")[2] for name in (own, *record.columns.names))
    return fees, beside or next((word for word in words if len(word) == 3 and word.isupper()), None)


def _order(record: Record) -> str | None:
    """The id of the order, which in rows of 18 cells stands one column behind its name."""
    place = next((found for name in _ORDER if (found := record.columns.place(name)) is not None), None)
    cells = [] if place is None else [cell for cell in record.cells[place : place + 2] if cell.strip()]
    return cells[0].strip() if cells and cells[0].isascii() and len(cells[0]) <= 64 else None


FORMAT = Format(
    id="degiro",
    broker="DEGIRO",
    kind=Kind.MIXED,
    columns=tuple(map("|".join, (_DAY, _CLOCK, _PRODUCT, _ISIN, _QUANTITY, _PRICE, _ORDER))),
    rows=rows,
    how_to_export="Inbox > Transactions > choose the dates > Export > CSV",
    needs=(Need.TIME_ZONE,),
    date_order=DateOrder.DMY,
    newest_first=True,
    ragged=True,
)
