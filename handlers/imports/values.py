"""The values in the cells of a file: numbers, days and times, sides. All raise Unreadable for what they cannot read."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo

# Formats find here all that values have to do with.
from handlers.imports.notation import DateOrder as DateOrder
from handlers.imports.notation import DecimalMark as DecimalMark
from handlers.imports.notation import Moment as Moment
from handlers.imports.notation import shown as shown
from handlers.imports.refusals import Unreadable
from handlers.imports.rows import RowReason
from handlers.journal import money
from handlers.journal.executions import PositionEffect
from handlers.journal.positions import Side
from handlers.journal.rules import wrong_time

# Patterns take a time that grows with the square of a text, so longer texts are no numbers and no dates.
LONGEST_VALUE = 64
# What brokers write for "nothing".
NOTHING = frozenset({"", "-", "--", "---", "n/a", "na", "nan", "null", "none", "not available"})


def in_utc(moment: Moment) -> Moment:
    """The moment, of a file or a column whose times are UTC."""
    return moment if moment.at.tzinfo else Moment(moment.at.replace(tzinfo=UTC), moment.day_only)


@dataclass(frozen=True, slots=True)
class Notation:
    """How a file writes numbers and days that could be read in two ways, and the day of times that have none."""

    decimal_mark: DecimalMark = DecimalMark.POINT
    date_order: DateOrder = DateOrder.MDY
    day: date | None = None

    def number(self, text: str) -> Decimal | None:
        """The number in a cell, at most 15 digits before the point; None for what stands for nothing, such as "--".

        `1.234` and `1,234` are read by the file's decimal mark; other numbers show theirs. Parentheses, a minus behind
        the number and the minus of mathematics make it negative; a currency beside it says nothing. A number of more
        than 18 decimals is rounded to them.
        """
        if _PLAIN.fullmatch(text) and (self.decimal_mark is DecimalMark.POINT or "." not in text):
            return Decimal(text)
        bare = text[: LONGEST_VALUE + 1].translate(_NO_WEIGHT)
        if len(text) > LONGEST_VALUE:
            raise Unreadable(RowReason.NUMBER, f"{shown(text)} is too long for a number")
        if bare.casefold() in NOTHING or text.strip().casefold() in NOTHING:
            return None
        negative = bare.startswith("(") and bare.endswith(")")
        found = _NUMBER.fullmatch(bare[1:-1] if negative else bare)
        if found is None:
            raise Unreadable(RowReason.NUMBER, f"{shown(text)} is not a number")
        digits = self._digits(found["body"], text)
        minus = negative or "-" in (found["sign"], found["behind"])
        amount = Decimal(f"{'-' if minus else ''}{digits}{found['exponent'] or ''}")
        if not money.has_few_digits(amount):
            raise Unreadable(RowReason.NUMBER, f"{shown(text)} has more than {money.MOST_DIGITS} digits")
        return amount if money.fits(amount) else money.rounded(amount, money.MOST_DECIMALS)

    def _digits(self, body: str, text: str) -> str:
        """The number's digits with a point before its decimals."""
        points, commas = body.count("."), body.count(",")
        if not points and not commas:
            return body
        if points and commas:
            mark = "." if body.rfind(".") > body.rfind(",") else ","
        elif points + commas > 1:
            mark = "," if points else "."
        else:
            own = "." if points else ","
            by_file = "." if self.decimal_mark is DecimalMark.POINT else ","
            mark = by_file if _COULD_BE_GROUPS.fullmatch(body) else own
        whole, _, decimals = body.partition(mark)
        groups = re.split("[.,]", whole)
        if len(groups) > 1 and not (1 <= len(groups[0]) <= 3 and all(len(group) in (2, 3) for group in groups[1:])):
            raise Unreadable(RowReason.NUMBER, f"{shown(text)} is not a number")
        if "." in decimals or "," in decimals or not (whole or decimals):
            raise Unreadable(RowReason.NUMBER, f"{shown(text)} is not a number")
        return f"{''.join(groups) or '0'}.{decimals or '0'}"

    def moment(self, text: str) -> Moment:
        """The time, or the day, that a cell names. A zone or an offset behind the time is kept as an offset."""
        bare = text.strip()
        if len(bare) >= 10 and bare[4] == "-" == bare[7]:
            try:
                return _checked(Moment(datetime.fromisoformat(bare), len(bare) == 10), text)
            except ValueError:
                pass  # another notation of a time behind the day
        if len(bare) > LONGEST_VALUE:
            raise Unreadable(RowReason.DATE, f"{shown(text)} is too long for a date")
        found = _DAY_AND_REST.match(bare)
        if found is None:
            if self.day is not None and _CLOCK.fullmatch(bare):
                return _checked(Moment(_with_clock(self.day, bare), False), text)
            raise Unreadable(RowReason.DATE, f"{shown(text)} is not a date")
        day = _day(found["day"], self.date_order)
        rest = bare[found.end() :].lstrip(" ,;T\t\n-")
        if not rest:
            return Moment(datetime.combine(day, time.min), True)
        return _checked(Moment(_with_clock(day, rest), False), text)

    def at(self, day: str, clock: str) -> Moment:
        """The time that two cells name, of which the second may be empty: then it is a day alone."""
        found = self.moment(day)
        if clock.strip().casefold() in NOTHING:
            return found
        return _checked(Moment(_with_clock(found.at.date(), clock.strip()), False), f"{day} {clock}")


# Numbers -------------------------------------------------------------------------------------------------------------

_PLAIN = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,18})?")
_CODES = (
    "USD EUR GBP GBX CHF JPY AUD CAD NZD SEK NOK DKK PLN CZK HUF RON BGN HKD SGD CNY INR ZAR TRY MXN BRL ILS KRW THB"
)
_CODE = f"(?:{'|'.join(_CODES.split())})?"
_NUMBER = re.compile(
    rf"{_CODE}(?P<sign>[-+]?){_CODE}(?P<body>[0-9.,]*[0-9][0-9.,]*)"
    rf"(?P<exponent>[eE][-+]?[0-9]{{1,3}})?(?P<behind>-?){_CODE}"
)
_COULD_BE_GROUPS = re.compile(r"[1-9][0-9]{0,2}[.,][0-9]{3}")
# Spaces, apostrophes and signs of currencies say nothing; the minus of mathematics and the dashes are one.
_NO_WEIGHT = {
    **dict.fromkeys(map(ord, " \t\n\r\u00a0\u2007\u2009\u202f'\u2019$\u20ac\u00a3\u00a5\u20b9\ufeff")),
    **dict.fromkeys(map(ord, "\u2212\u2013\u2014"), "-"),
}
_AMOUNT_AND_UNIT = re.compile(r"\s*(?P<amount>[-+(]?[0-9.,\s'eE+-]*[0-9)])\s*(?P<unit>[^\W\d_][\w.-]*)\s*")


def amount_and_unit(notation: Notation, text: str) -> tuple[Decimal | None, str | None]:
    """The number in a cell such as `0.18SOL` and what it counts; None for a number alone."""
    found = _AMOUNT_AND_UNIT.fullmatch(text) if len(text) <= LONGEST_VALUE else None
    if found is None:
        return notation.number(text), None
    return notation.number(found["amount"]), found["unit"]


def decimal_mark_of(cells: Iterable[str]) -> DecimalMark | None:
    """The decimal mark of most of the cells that show one; None when none does."""
    votes: Counter[DecimalMark] = Counter()
    for cell in cells:
        if len(cell) > LONGEST_VALUE:
            continue
        found = _NUMBER.fullmatch(cell.translate(_NO_WEIGHT).strip("()"))
        body = found["body"] if found else ""
        points, commas = body.count("."), body.count(",")
        if points + commas == 0 or _COULD_BE_GROUPS.fullmatch(body):
            continue
        if points and commas:
            last_is_point = body.rfind(".") > body.rfind(",")
        elif points + commas == 1:
            last_is_point = points == 1
        elif all(len(group) == 3 for group in re.split("[.,]", body)[1:]):
            last_is_point = commas > 1
        else:
            continue
        votes[DecimalMark.POINT if last_is_point else DecimalMark.COMMA] += 1
    points, commas = votes[DecimalMark.POINT], votes[DecimalMark.COMMA]
    return None if points == commas else DecimalMark.POINT if points > commas else DecimalMark.COMMA


# Days and times ------------------------------------------------------------------------------------------------------

_MONTH = r"[^\W\d_]{3,10}"
_DAY_AND_REST = re.compile(
    rf"(?:{_MONTH}\.?,?\s+(?=[0-9]{{1,2}}[-/. ]|{_MONTH}\s+[0-9]{{1,2}},))?"
    r"(?P<day>[0-9]{4}[-/.][0-9]{1,2}[-/.][0-9]{1,2}(?![0-9])|[0-9]{8}(?![0-9])"
    r"|[0-9]{1,2}([-/.])[0-9]{1,2}\2(?:[0-9]{4}|[0-9]{2})(?![0-9])"
    rf"|[0-9]{{1,2}}[-/. ]{{0,2}}{_MONTH}\.?[-/., ]{{0,2}}(?:[0-9]{{4}}|[0-9]{{2}})(?![0-9:])"
    rf"|{_MONTH}\.?[- ]{{1,2}}[0-9]{{1,2}}(?:st|nd|rd|th)?,?[- ]{{1,2}}[0-9]{{4}}(?![0-9]))"
)
_PARTS = re.compile(r"[0-9]+|[^\W\d_]+")
_CLOCK = re.compile(
    r"(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:[.,:](?P<fraction>[0-9]{1,9}))?)?"
    r"\s*(?P<half>[AaPp]\.?[Mm]\.?)?\s*(?P<zone>[A-Za-z]{1,5}|(?:UTC|GMT)?\s*[-+][0-9]{1,2}(?::?[0-9]{2})?)?"
)
_COMPACT_CLOCK = re.compile(r"(?P<hour>[0-9]{2})(?P<minute>[0-9]{2})(?P<second>[0-9]{2})")
_OFFSET = re.compile(r"(?:UTC|GMT)?\s*(?P<sign>[-+])(?P<hours>[0-9]{1,2}):?(?P<minutes>[0-9]{2})?")
# The hours from UTC of zones by the names that brokers write. Names that stand for several zones are left out.
_HOURS = {
    "Z": 0, "UTC": 0, "GMT": 0, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7,
    "WET": 0, "WEST": 1, "CET": 1, "CEST": 2, "BST": 1, "EET": 2, "EEST": 3, "MSK": 3, "SGT": 8, "HKT": 8, "JST": 9,
    "AEST": 10, "AEDT": 11,
}  # fmt: skip  # a table, several to a line
_ZONES = {"ET": "America/New_York", "CT": "America/Chicago", "MT": "America/Denver", "PT": "America/Los_Angeles"}
# The beginnings of the months' names in English, German, French, Spanish, Italian, Portuguese, Dutch and Polish.
_MONTHS = (
    ("jan", "jän", "ene", "gen", "sty", "sti"),
    ("feb", "fév", "fev", "lut"),
    ("mar", "mär", "mrz", "maa", "mrt"),
    ("apr", "avr", "abr", "kwi"),
    ("may", "mai", "mag", "mei", "maj"),
    ("jun", "juin", "giu", "cze"),
    ("jul", "juil", "lug", "lip"),
    ("aug", "aoû", "aou", "ago", "sie"),
    ("sep", "set", "wrz"),
    ("oct", "okt", "ott", "out", "paź", "paz"),
    ("nov", "lis"),
    ("dec", "dez", "déc", "dic", "gru"),
)


@lru_cache(maxsize=4096)
def _day(text: str, order: DateOrder) -> date:
    """The day that a text names which _DAY_AND_REST has found. Days repeat in a file, so they are kept."""
    parts = _PARTS.findall(text)
    if len(parts) == 1:
        parts = [text[:4], text[4:6], text[6:]]
    named = next((index for index, part in enumerate(parts[:2]) if not part[0].isdigit()), None)
    if named is not None:
        month, others = _month(parts[named], text), [part for part in parts if part.isdigit()]
        day, year = others[0], others[1]
    elif len(parts[0]) == 4 or order is DateOrder.YMD:
        year, month, day = parts[0], int(parts[1]), parts[2]
    elif order is DateOrder.MDY:
        month, day, year = int(parts[0]), parts[1], parts[2]
    else:
        day, month, year = parts[0], int(parts[1]), parts[2]
    try:
        return date(int(year) + (2000 if len(year) == 2 else 0), month, int(day))
    except ValueError:
        raise Unreadable(RowReason.DATE, f"{shown(text)} is not a day in the order {order}") from None


def _month(name: str, text: str) -> int:
    low = name.casefold()
    for number, beginnings in enumerate(_MONTHS, 1):
        if low.startswith(beginnings):
            return number
    raise Unreadable(RowReason.DATE, f"{shown(text)} names no known month")


def _with_clock(day: date, text: str) -> datetime:
    found = _CLOCK.fullmatch(text) or _COMPACT_CLOCK.fullmatch(text)
    if found is None:
        raise Unreadable(RowReason.DATE, f"{shown(text)} is not a time")
    parts = found.groupdict()
    hour, half = int(parts["hour"]), (parts.get("half") or "").casefold()
    if half:
        if not 1 <= hour <= 12:
            raise Unreadable(RowReason.DATE, f"{shown(text)} is not a time")
        hour = hour % 12 + (12 if half.startswith("p") else 0)
    micro = int((parts.get("fraction") or "0").ljust(6, "0")[:6])
    try:
        at = datetime.combine(day, time(hour, int(parts["minute"]), int(parts["second"] or 0), micro))
    except ValueError:
        raise Unreadable(RowReason.DATE, f"{shown(text)} is not a time") from None
    return _in_zone(at, parts.get("zone") or "", text)


def _in_zone(at: datetime, name: str, text: str) -> datetime:
    zone = name.strip().upper()
    if not zone:
        return at
    if zone in _ZONES:
        offset = at.replace(tzinfo=ZoneInfo(_ZONES[zone])).utcoffset()
        return at.replace(tzinfo=timezone(offset or timedelta()))
    if zone in _HOURS:
        return at.replace(tzinfo=timezone(timedelta(hours=_HOURS[zone])))
    found = _OFFSET.fullmatch(zone)
    hours, minutes = (int(found["hours"]), int(found["minutes"] or 0)) if found else (24, 0)
    if found is None or hours > 14 or minutes > 59:
        raise Unreadable(RowReason.DATE, f"{shown(text)} has an unknown time zone")
    offset = timedelta(hours=hours, minutes=minutes)
    return at.replace(tzinfo=timezone(-offset if found["sign"] == "-" else offset))


def _checked(moment: Moment, text: str) -> Moment:
    """The moment. Raises Unreadable if UTC has no such year."""
    if moment.at.tzinfo is not None and wrong_time(moment.at) is not None:
        raise Unreadable(RowReason.DATE, f"{shown(text)} is outside the years 1 to 9999")
    return moment


_TWO_NUMBERS = re.compile(r"\s*([0-9]{1,2})([-/.])([0-9]{1,2})\2(?:[0-9]{4}|[0-9]{2})(?![0-9.])")


def date_order_of(cells: Iterable[str]) -> DateOrder | None:
    """The order that the cells' days show, where a number above 12 is a day; None when none shows one, or both do.

    Days that do not show it and have points or hyphens between their numbers begin with the day: those who begin with
    the month write slashes.
    """
    first = second = slashes = others = False
    for cell in cells:
        found = _TWO_NUMBERS.match(cell)
        if found is None:
            continue
        slashes |= found[2] == "/"
        others |= found[2] != "/" and 1 <= int(found[1]) <= 12 and 1 <= int(found[3]) <= 12
        first |= 12 < int(found[1]) <= 31 and 1 <= int(found[3]) <= 12
        second |= 12 < int(found[3]) <= 31 and 1 <= int(found[1]) <= 12
    if first is second:
        return DateOrder.DMY if others and not slashes and not first else None
    return DateOrder.DMY if first else DateOrder.MDY


# Sides ---------------------------------------------------------------------------------------------------------------

_BUY = "b l cover buy bot bought long kauf kaufen achat compra comprar acquisto koop aankoop kupno køb kjøp köp osto"
_SELL = "s sell sld sold short ss verkauf verkaufen vente venta vender vendita verkoop sprzedaż salg sälj myynti"
SIDES = {**dict.fromkeys(_BUY.split(), Side.BUY), **dict.fromkeys(_SELL.split(), Side.SELL)}
_OPEN, _CLOSE, _AUTO = PositionEffect.OPEN, PositionEffect.CLOSE, PositionEffect.AUTO
_WITH_EFFECT = {
    "bto": (Side.BUY, _OPEN), "sto": (Side.SELL, _OPEN), "btc": (Side.BUY, _CLOSE), "stc": (Side.SELL, _CLOSE),
    "buy to open": (Side.BUY, _OPEN), "sell to open": (Side.SELL, _OPEN), "buy to close": (Side.BUY, _CLOSE),
    "sell to close": (Side.SELL, _CLOSE), "buy to cover": (Side.BUY, _CLOSE), "buytocover": (Side.BUY, _CLOSE),
    "sell short": (Side.SELL, _OPEN), "sellshort": (Side.SELL, _OPEN), "short sell": (Side.SELL, _OPEN),
    "sell_short": (Side.SELL, _OPEN), "buy_to_cover": (Side.BUY, _CLOSE), "short sale": (Side.SELL, _OPEN),
}  # fmt: skip  # a table, several to a line


def side_and_effect(text: str) -> tuple[Side, PositionEffect]:
    """What a word such as `Sold`, `SLD`, `BTO` or `Sell to Close` says, in the languages of brokers."""
    word = " ".join(text.casefold().replace("_", " ").split())
    if word in SIDES:
        return SIDES[word], _AUTO
    if word in _WITH_EFFECT:
        return _WITH_EFFECT[word]
    raise Unreadable(RowReason.SIDE, f"{shown(text)} is neither a purchase nor a sale")
