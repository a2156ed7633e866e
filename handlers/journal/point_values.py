"""The point values of futures: the money for one point of the quoted price, by the root of the contract's symbol.

They are used when an execution of the kind FUTURE names no multiplier. It must name one if its root is not here, since
a wrong point value makes every figure of a trade wrong.

Each row: root, exchange, money for one point, currency, what a price is quoted in, and where the value was checked:

| source | what it is |
|---|---|
| L | the exchange's contract size, and QuantConnect Lean, Data/symbol-properties/symbol-properties-database.csv |
| A | the exchange's contract size, and ampfutures.com/trading-info/contract-expirations |
| E | eurex.com/ex-en/markets, the product's page, contract values |
| S | the exchange's contract size alone: cmegroup.com/markets, ice.com/products, eurex.com/ex-en/markets |

Lean quotes ICE's softs, and grains in places, in dollars; here a price is as the exchange quotes it, in cents.
"""

import re
from decimal import Decimal
from typing import NamedTuple


class PointValue(NamedTuple):
    """The point value of a contract, and where it was checked."""

    root: str
    exchange: str
    value: Decimal
    currency: str
    quoted_in: str
    source: str


_ROWS = """
ES CME 50 USD points L
MES CME 5 USD points A
NQ CME 20 USD points L
MNQ CME 2 USD points A
RTY CME 50 USD points L
M2K CME 5 USD points A
EMD CME 100 USD points L
NKD CME 5 USD points L
NIY CME 500 JPY points S
YM CBOT 5 USD points L
MYM CBOT 0.5 USD points A
VX CFE 1000 USD points L
VXM CFE 100 USD points A
ZB CBOT 1000 USD points L
UB CBOT 1000 USD points L
ZN CBOT 1000 USD points L
TN CBOT 1000 USD points L
ZF CBOT 1000 USD points L
ZT CBOT 2000 USD points L
TWE CBOT 1000 USD points S
ZQ CBOT 4167 USD points S
SR1 CME 4167 USD points S
SR3 CME 2500 USD points S
GE CME 2500 USD points L
10Y CBOT 1000 USD percent S
2YY CBOT 1000 USD percent S
5YY CBOT 1000 USD percent S
30Y CBOT 1000 USD percent S
6A CME 100000 USD dollars L
6B CME 62500 USD dollars L
6C CME 100000 USD dollars L
6E CME 125000 USD dollars L
6J CME 12500000 USD dollars L
6L CME 100000 USD dollars L
6M CME 500000 USD dollars L
6N CME 100000 USD dollars L
6S CME 125000 USD dollars L
6Z CME 500000 USD dollars L
E7 CME 62500 USD dollars L
J7 CME 6250000 USD dollars L
M6A CME 10000 USD dollars S
M6B CME 6250 USD dollars S
M6E CME 12500 USD dollars S
MCD CME 10000 USD dollars S
MJY CME 1250000 USD dollars S
MSF CME 12500 USD dollars S
RP CME 125000 GBP pounds S
RY CME 125000 JPY yen S
RF CME 125000 CHF francs S
ACD CME 200000 CAD dollars L
AJY CME 200000 JPY yen L
CJY CME 200000 JPY yen L
EAD CME 125000 AUD dollars L
ECD CME 125000 CAD dollars L
BTC CME 5 USD dollars L
MBT CME 0.1 USD dollars S
ETH CME 50 USD dollars S
MET CME 0.1 USD dollars S
SOL CME 500 USD dollars S
MSL CME 25 USD dollars S
XRP CME 50000 USD dollars S
MXP CME 2500 USD dollars S
CL NYMEX 1000 USD dollars L
MCL NYMEX 100 USD dollars S
QM NYMEX 500 USD dollars S
BZ NYMEX 1000 USD dollars L
NG NYMEX 10000 USD dollars L
QG NYMEX 2500 USD dollars S
MNG NYMEX 1000 USD dollars S
HH NYMEX 10000 USD dollars L
HP NYMEX 10000 USD dollars L
HO NYMEX 42000 USD dollars L
RB NYMEX 42000 USD dollars L
PL NYMEX 50 USD dollars L
PA NYMEX 100 USD dollars L
GC COMEX 100 USD dollars L
QO COMEX 50 USD dollars S
MGC COMEX 10 USD dollars S
1OZ COMEX 1 USD dollars S
SI COMEX 5000 USD dollars L
QI COMEX 2500 USD dollars S
SIL COMEX 1000 USD dollars S
HG COMEX 25000 USD dollars L
QC COMEX 12500 USD dollars S
MHG COMEX 2500 USD dollars S
HRC NYMEX 20 USD dollars L
ZC CBOT 50 USD cents L
ZW CBOT 50 USD cents L
ZS CBOT 50 USD cents L
KE CBOT 50 USD cents L
ZO CBOT 50 USD cents L
ZM CBOT 100 USD dollars L
ZL CBOT 600 USD cents L
XC CBOT 10 USD cents S
XK CBOT 10 USD cents S
XW CBOT 10 USD cents S
LE CME 400 USD cents L
HE CME 400 USD cents L
GF CME 500 USD cents L
LBR CME 27.5 USD dollars S
DX ICE 1000 USD points L
CT ICE 500 USD cents L
KC ICE 375 USD cents L
SB ICE 1120 USD cents L
OJ ICE 150 USD cents L
CC ICE 10 USD dollars L
MFS ICE 50 USD points S
MME ICE 50 USD points S
BRN ICE 1000 USD dollars L
Z ICE 10 GBP points A
FDAX EUREX 25 EUR points E
FDXM EUREX 5 EUR points E
FDXS EUREX 1 EUR points E
FDIV EUREX 200 EUR points E
FSMX EUREX 1 EUR points E
FTDX EUREX 10 EUR points E
FESX EUREX 10 EUR points A
FSXE EUREX 1 EUR points A
FXXP EUREX 50 EUR points A
FESB EUREX 50 EUR points A
FVS EUREX 100 EUR points A
FSTX EUREX 10 EUR points S
FSMI EUREX 10 CHF points S
FGBL EUREX 1000 EUR points S
FGBM EUREX 1000 EUR points S
FGBS EUREX 1000 EUR points S
FGBX EUREX 1000 EUR points S
FOAT EUREX 1000 EUR points S
FBTP EUREX 1000 EUR points S
FBTS EUREX 1000 EUR points S
FBON EUREX 1000 EUR points S
CONF EUREX 1000 CHF points S
FEU3 EUREX 2500 EUR points S
"""

POINT_VALUES = {
    root: PointValue(root, exchange, Decimal(value), currency, quoted_in, source)
    for root, exchange, value, currency, quoted_in, source in (row.split() for row in _ROWS.split("\n") if row)
}

# An exchange before it (CME_MINI:), a slash, the root, then a month and year (Z5, Z25, Z2025), a continuous
# contract (1!), or a date (12-25), and an exchange behind it (.CME).
_CONTRACT = re.compile(
    r"^(?:[A-Z_]+:)?/?(?P<root>[A-Z0-9]+?)"
    r"(?:[FGHJKMNQUVXZ](?:\d{1,2}|20\d\d)|[12]!|[ ]\d\d-\d\d|)(?:\.[A-Z]+|@[A-Z]+)?$"
)


def point_value(symbol: str) -> PointValue | None:
    """The point value of the contract that a symbol such as ESZ5, /MESH26, CME_MINI:NQ1! or ES 12-25 names; None when
    its root is not known.
    """
    name = symbol.strip().upper()
    if name in POINT_VALUES:
        return POINT_VALUES[name]
    found = _CONTRACT.match(name)
    return POINT_VALUES.get(found["root"]) if found else None
