"""What the columns of an unknown table probably are: a mapping to begin with, which its user corrects."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from handlers.imports.mapping import ColumnMapping, RowKind
from handlers.imports.records import Columns, plain
from handlers.imports.values import date_order_of, decimal_mark_of

# Names of columns in English, German, French, Spanish, Italian, Portuguese, Dutch, Polish, Swedish, Danish and
# Norwegian, Finnish, and Czech, the likelier ones first. A field takes the first of its names that the header has.
_NAMES: dict[str, str] = {
    "entry_time": "entry time|open time|entry date|open date|opened|date opened|opening time|buy time|time open|"
    "eröffnungszeit|heure d'ouverture|fecha de apertura|data di apertura|data de abertura|openingstijd|czas otwarcia",
    "exit_time": "exit time|close time|exit date|close date|closed|date closed|closing time|sell time|time close|"
    "schlusszeit|heure de clôture|fecha de cierre|data di chiusura|data de fechamento|sluitingstijd|czas zamknięcia",
    "entry_price": "entry price|open price|entry|opening price|avg entry price|average entry price|price open|"
    "eröffnungskurs|prix d'entrée|precio de entrada|prezzo di apertura|preço de abertura|openingskoers|cena otwarcia",
    "exit_price": "exit price|close price|exit|closing price|avg exit price|average exit price|price close|"
    "schlusskurs|prix de sortie|precio de salida|prezzo di chiusura|preço de fechamento|slotkoers|cena zamknięcia",
    "profit": "profit|pnl|p&l|p/l|profit/loss|net pnl|net p&l|net profit|gross p&l|realized p&l|realized pnl|result|"
    "gewinn|ergebnis|résultat|ganancia|resultado|profitto|lucro|winst|zysk|resultat|tulos|zisk",
    "time": "date/time|datetime|date time|timestamp|time|executed at|execution time|fill time|filled time|exec time|"
    "trade time|transaction time|created at|date(utc)|zeitpunkt|horodatage|fecha y hora|data e ora|data e hora|"
    "tijdstip",
    "date": "date|trade date|activity date|transaction date|execution date|run date|datum|handelstag|buchungstag|"
    "valuta|date d'opération|fecha|data|data operazione|data transakcji|handelsdatum|dato|päivämäärä|päivä|affärsdag",
    "clock": "clock|time|uhrzeit|zeit|heure|hora|ora|tijd|czas|tid|aika|čas",
    "symbol": "symbol|ticker|instrument|contract|market|pair|security|stock|asset|underlying|product|isin|wertpapier|"
    "titel|valeur|titre|valor|activo|titolo|strumento|ativo|produkt|product|papier|walor|värdepapper|aktie|verdipapir|"
    "arvopaperi|cenný papír|name",
    "side": "side|action|b/s|buy/sell|direction|market pos.|type|transaction type|trans code|seite|kauf/verkauf|"
    "richtung|"
    "sens|operación|lado|sentido|operazione|segno|direção|operação|richting|koop/verkoop|kierunek|strona|köp/sälj|"
    "retning|suunta|osto/myynti|směr",
    "quantity": "quantity|qty|shares|size|volume|units|filled qty|filled|lots|contracts|no. of shares|executed|menge|"
    "anzahl|stück|stückzahl|quantité|cantidad|quantità|quantidade|aantal|ilość|liczba|antal|antall|määrä|"
    "množství|počet",
    "price": "price|fill price|avg price|average price|execution price|trade price|rate|preis|kurs|ausführungskurs|"
    "prix|cours|precio|prezzo|preço|koers|prijs|cena|kurs|pris|hinta|kurssi",
    "commission": "commission|commissions|comm|commission fee|provision|courtage|comisión|commissione|comissão|"
    "corretagem|commissie|prowizja|kurtage|kurtasje|välityspalkkio|poplatek",
    "amount": "amount|net amount|total|value|gross amount|total amount|betrag|wert|montant|importe|monto|importo|"
    "controvalore|valor|bedrag|totaal|kwota|wartość|belopp|beløb|beløp|summa|částka",
    "currency": "currency|ccy|währung|devise|moneda|divisa|valuta|moeda|valuta|waluta|valuutta|měna",
    "external_id": "execution id|trade id|transaction id|fill id|exec id|deal|ticket|id|reference|transaktions-id|"
    "référence|referencia|riferimento|referência|transactie-id|numer",
    "order_id": "order id|order number|order #|order|auftragsnummer|n° d'ordre|orden|ordine|ordem|ordernummer|zlecenie",
    "note": "note|notes|comment|description|notiz|beschreibung|remarque|nota|descripción|descrizione|descrição|"
    "omschrijving|opis",
    "multiplier": "multiplier|point value|contract size|multiplikator|multiplicateur|multiplicador|moltiplicatore",
}
_FEES = frozenset(
    [
        "fee",
        "fees",
        "ecn fee",
        "ecnfee",
        "transfee",
        "trans fee",
        "taxes",
        "tax",
        "regulatory fees",
        "exchange fee",
        "sec fee",
        "misc fees",
        "other fees",
        "swap",
        "gebühr",
        "gebühren",
        "steuer",
        "frais",
        "taxe",
        "comisiones",
        "tasas",
        "spese",
        "imposta",
        "taxas",
        "kosten",
        "opłata",
        "avgift",
        "gebyr",
    ]
)
_PUNCTUATION = re.compile(r"[_\-:()\[\]]+")
# Fields that a table of whole trades has in two columns.
_OF_TRADES = ("entry_price", "exit_price")


def proposal(header: Sequence[str], sample: Sequence[Sequence[str]]) -> ColumnMapping:
    """A mapping of the table's columns as far as their names are known; it can lack fields that it needs.

    header: the names of the columns. sample: the first rows, from which the notation of numbers and days is learnt.
    """
    columns = Columns(header)
    found = dict(_found(columns))
    if not all(name in found for name in _OF_TRADES):
        for name in (*_OF_TRADES, "entry_time", "exit_time", "profit"):
            found.pop(name, None)
    if "date" in found and "clock" in found:
        found.pop("time", None)
    elif "time" in found:
        found.pop("date", None)
    if "date" not in found:
        found.pop("clock", None)
    fees = tuple(name for name in columns.names if _bare(name) in _FEES and name not in found.values())
    cells = [cell for row in sample for cell in row]
    return ColumnMapping(
        name="",
        row_kind=_kind(found),
        columns=found,
        fees=fees,
        date_order=date_order_of(cells),
        decimal_mark=decimal_mark_of(cells),
    )


def _kind(found: dict[str, str]) -> RowKind:
    if "entry_price" in found:
        return RowKind.TRADE
    return RowKind.FILL if "quantity" in found or "amount" not in found else RowKind.CASH


def _found(columns: Columns) -> Iterator[tuple[str, str]]:
    """Each field whose name, in any of the languages, is that of a column; a column is one field alone."""
    by_name = {_bare(name): name for name in reversed(columns.names)}
    taken: set[str] = set()
    for field, names in _NAMES.items():
        for name in map(_bare, names.split("|")):
            column = by_name.get(name)
            shared = field == "clock"
            if column is not None and (column not in taken or shared):
                taken.add(column)
                yield field, column
                break


def _bare(name: str) -> str:
    """The name without the signs that programs write between words."""
    return plain(_PUNCTUATION.sub(" ", re.sub(r"(?<=[a-z])(?=[A-Z][a-z])", " ", name)))
