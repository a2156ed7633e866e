"""What can be wrong with a field of a request: one code for each rule, the same for the journal and for the web.

The contract's section "Field codes" says what each code means and which params go with it, and
tests/contract/test_field_codes.py holds the two together. Clients branch on codes: none is ever removed or renamed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum, auto
from typing import Any


class _Named(StrEnum):
    @staticmethod
    def _generate_next_value_(name: str, *_: Any) -> str:
        """The name itself, where StrEnum would take it in lower case."""
        return name


class FieldCode(_Named):
    """The rule that a field breaks."""

    # Which fields there are
    REQUIRED = auto()
    REQUIRED_WITH = auto()
    REQUIRED_WITHOUT = auto()
    CONFLICTS_WITH = auto()
    SAME_AS = auto()
    UNKNOWN_PROPERTY = auto()
    UNKNOWN_PARAMETER = auto()
    DERIVED_PROPERTY = auto()
    GIVEN_TWICE = auto()
    # What a value is
    WRONG_TYPE = auto()
    NOT_ONE_OF = auto()
    OUT_OF_RANGE = auto()
    TOO_SHORT = auto()
    TOO_LONG = auto()
    TOO_LONG_TOGETHER = auto()
    TOO_FEW_ITEMS = auto()
    TOO_MANY_ITEMS = auto()
    TOO_FEW_PROPERTIES = auto()
    DUPLICATE_ITEM = auto()
    INVALID_CHARACTERS = auto()
    NOTHING_VISIBLE = auto()
    NOT_A_UUID = auto()
    MALFORMED = auto()
    # Numbers
    NOT_A_DECIMAL = auto()
    TOO_MANY_DIGITS = auto()
    TOO_MANY_DECIMALS = auto()
    NOT_POSITIVE = auto()
    NEGATIVE = auto()
    NOT_NEGATIVE = auto()
    ZERO = auto()
    FIGURE_TOO_LONG = auto()
    # Times
    NOT_A_DATE = auto()
    NOT_A_MONTH = auto()
    NOT_A_TIME_OF_DAY = auto()
    NOT_A_DATE_TIME = auto()
    OFFSET_MISSING = auto()
    YEAR_OUT_OF_RANGE = auto()
    UNKNOWN_TIME_ZONE = auto()
    # How a request is written
    NOT_UTF_8 = auto()
    NOT_JSON = auto()
    NESTED_TOO_DEEPLY = auto()
    NUMBER_TOO_LARGE = auto()
    DUPLICATE_PROPERTY = auto()
    LONE_SURROGATE = auto()
    # Lists and statistics
    NOT_A_PAGE_TOKEN = auto()
    END_BEFORE_START = auto()
    RANGE_TOO_LONG = auto()
    RANGE_REQUIRED = auto()
    TOO_MANY_POINTS = auto()
    # Trades
    REQUIRED_TO_CLOSE = auto()
    BEFORE_OPEN_DATE = auto()
    AFTER_FIRST_CLOSE = auto()
    AFTER_FIRST_EVENT = auto()
    AFTER_FIRST_SPLIT = auto()
    CANCELLED_WITH_CLOSES = auto()
    CANCELLED_WITH_EVENTS = auto()
    MORE_THAN_HELD = auto()
    LEAVES_TOO_LITTLE = auto()
    LEAVES_NOTHING = auto()
    CLOSED_ALREADY = auto()
    SEVERAL_ENTRIES = auto()
    HAS_SPLITS = auto()
    DIFFERS_FROM_TRADE = auto()
    ALREADY_TAKEN = auto()
    # Trading accounts
    UNKNOWN_ACCOUNT = auto()
    AMOUNTS_DIFFER = auto()
    CURRENCY_IN_USE = auto()
    # Executions
    NOT_FOR_KIND = auto()
    COSTS_DIFFER = auto()
    POINT_VALUE_UNKNOWN = auto()
    DIFFERS_FROM_INSTRUMENT = auto()
    # Imports
    UNKNOWN_FORMAT = auto()
    UNKNOWN_MAPPING = auto()
    MAPPING_RULE = auto()
    # Groups
    UNKNOWN_TRADE = auto()
    IN_ANOTHER_GROUP = auto()
    OTHER_CURRENCY = auto()
    FIXED_IN_GROUP = auto()
    TOO_MANY_CHANGES = auto()
    # Accounts
    AT_SIGN_MISSING = auto()
    LOCAL_PART_MISSING = auto()
    LOCAL_PART_TOO_LONG = auto()
    LOCAL_PART_MALFORMED = auto()
    DOMAIN_MISSING = auto()
    DOMAIN_DOT_MISSING = auto()
    DOMAIN_LABEL_TOO_LONG = auto()
    DOMAIN_MALFORMED = auto()
    ADDRESS_REJECTED = auto()
    NOT_DIGITS = auto()
    CODE_REJECTED = auto()
    LOWER_CASE_MISSING = auto()
    UPPER_CASE_MISSING = auto()
    DIGIT_MISSING = auto()
    SYMBOL_MISSING = auto()
    BLANK_AT_AN_END = auto()
    CONTROL_CHARACTER = auto()
    PASSWORD_REJECTED = auto()
    PASSWORD_WRONG = auto()


@dataclass(frozen=True, slots=True)
class Fault:
    """One broken rule: its code, the words for a person, and what a front end needs to say it in its own language.

    Params hold limits and names of the contract, never what the user sent.
    """

    code: FieldCode
    detail: str
    params: Mapping[str, Any] = field(default_factory=dict, hash=False)


CANNOT_BE_REMOVED = Fault(FieldCode.REQUIRED, "is required and cannot be removed")
UNKNOWN_TIME_ZONE = Fault(
    FieldCode.UNKNOWN_TIME_ZONE, "is no time zone of the IANA database; write it like Europe/Berlin"
)
AT_SIGN_MISSING = Fault(FieldCode.AT_SIGN_MISSING, "has no @")
