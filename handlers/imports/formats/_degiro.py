"""The columns of DEGIRO's transactions, whose names are in the language of their owner.

Those of currencies have no names: each stands behind its amount.
"""

from __future__ import annotations

from decimal import Decimal

from handlers.imports.formats._cells import beginning_with
from handlers.imports.names import names
from handlers.imports.records import Record, plain
from handlers.imports.values import Moment
from handlers.journal.money import total

_DAY = ("Date", "Datum", "Fecha", "Data", "Dato", "Päivämäärä")
_CLOCK = ("Time", "Tijd", "Uhrzeit", "Zeit", "Hora", "Heure", "Ora", "Orario", "Czas", "Tid", "Aika", "Čas")
_PRODUCT = ("Product", "Produkt", "Producto", "Produto", "Produit", "Prodotto", "Tuote")
_ISIN = ("ISIN", "Code ISIN", "Código ISIN", "Codice ISIN", "Kod ISIN")
_QUANTITY = names("Quantity,Aantal,Anzahl,Número,Quantidade,Quantité,Quantità,Liczba,Number,Antal,Cantidad,Määrä,Počet")
_PRICE = (
    "Price",
    "Koers",
    "Kurs",
    "Precio",
    "Preços",
    "Preço",
    "Cours",
    "Quotazione",
    "Prezzo",
    "Pris",
    "Hinta",
    "Cena",
)
_ORDER = names(
    "Order ID,Order-ID,OrderID,ID Orden,ID da Ordem,ID Ordre,ID Ordine,ID ordine,Identyfikator zlecenia,Ordre ID,"
    "ID objednávky"
)
# The beginnings of names that go on with a currency, or are cut in some files.
_FEES = names(
    "transaction and,transaction cost,transaction fee,transactiekosten,transaktion,transaksjon,costes de trans,"
    "custos de trans,frais de courtage,frais de trans,costi di trans,commissioni di trans,opłata trans"
)
_FOREIGN_EXCHANGE = names(
    "autofx,taxa autofx,comision autofx,comisión autofx,frais conversion autofx,commissione autofx,opłata autofx"
)
_RATE = names(
    "exchange r,wisselkoers,wechselkurs,tipo de cambio,taxa de câm,taux de ch,tasso di c,kurs wym,vekselkurs,växelkurs,"
    "vaihtokurssi,směnný"
)

# The columns by which a header is recognized.
COLUMNS = tuple(map("|".join, (_DAY, _CLOCK, _PRODUCT, _ISIN, _QUANTITY, _PRICE, _ORDER)))


def moment_of(record: Record) -> Moment:
    """The day and the minute."""
    return record.notation.at(record.text(*_DAY), record.text(*_CLOCK))


def symbol_of(record: Record) -> str:
    """The ISIN; of a product without one, its name."""
    return record.symbol(*_ISIN, *_PRODUCT)


def product_of(record: Record) -> str | None:
    """The name of the product."""
    return record.note(*_PRODUCT)


def units_of(record: Record) -> Decimal:
    """The quantity: above 0 of a purchase, below 0 of a sale."""
    return record.amount(*_QUANTITY)


def price_of(record: Record) -> Decimal:
    """The price of a unit."""
    return record.amount(*_PRICE)


def rate_of(record: Record) -> Decimal | None:
    """How much of the price's currency a unit of the account's currency is."""
    return record.number(beginning_with(record.columns, *_RATE))


def beside_price(record: Record) -> tuple[str | None, Decimal | None, str | None]:
    """The price's currency, and the value with its own, which stand in the next three columns."""
    place = next(found for name in _PRICE if (found := record.columns.place(name)) is not None)
    value = record.columns.names[place + 2 : place + 3]
    return _currency_at(record, place + 1), record.number(*value), _currency_at(record, place + 3)


def _currency_at(record: Record, place: int) -> str | None:
    """The currency in a column, if that has no name."""
    name = record.columns.names[place : place + 1]
    return record.currency(*name) if name and plain(name[0]).startswith("column ") else None


def fees_of(record: Record) -> tuple[Decimal, str | None]:
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


def order_of(record: Record) -> str | None:
    """The id of the order, which in rows of 18 cells stands one column behind its name."""
    place = next((found for name in _ORDER if (found := record.columns.place(name)) is not None), None)
    cells = [] if place is None else [cell for cell in record.cells[place : place + 2] if cell.strip()]
    return cells[0].strip() if cells and cells[0].isascii() and len(cells[0]) <= 64 else None
