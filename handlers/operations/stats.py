"""The operations that read statistics: read the days in question, fold the entries that the filters select, reply."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar

from starlette.responses import Response

from handlers.documents.fields import as_json
from handlers.documents.stats import Frame, stats_document
from handlers.documents.stats_views import breakdown_document, calendar_document, curve_document
from handlers.faults import Fault, FieldCode
from handlers.journal.groups import Group
from handlers.journal.stats import calendar as calendars
from handlers.journal.stats.breakdown import breakdown
from handlers.journal.stats.entries import in_place_of_stored
from handlers.journal.stats.equity import EquityCurve, GroupBy, equity_curve
from handlers.journal.stats.folding import fold
from handlers.journal.stats.questions import Attribute, CountAs, Question, Selected, Tolerance
from handlers.journal.trade import Trade
from handlers.journal.trading_accounts import SettingsAndAccounts
from handlers.operations.clocks import clock_of, included_trades
from handlers.operations.filters import wanted_tags
from handlers.storage import groups, trades
from handlers.usecases import statistics
from handlers.web.etags import digest_etag, has_tag
from handlers.web.problems import BadField, rule_broken
from handlers.web.responses import reply, reply_text

T = TypeVar("T")

# Lambda limits an answer to 6 MB. A point has about 190 bytes. A drawdown has about 140, and there are at most half as
# many drawdowns as points.
MOST_POINTS = 20_000

_FILTERS = {
    "symbol": Attribute.SYMBOL,
    "side": Attribute.SIDE,
    "setup_type": Attribute.SETUP_TYPE,
    "trading_session": Attribute.TRADING_SESSION,
    "trade_grade": Attribute.TRADE_GRADE,
    "weekday": Attribute.WEEKDAY,
    "hour": Attribute.HOUR,
    "close_weekday": Attribute.CLOSE_WEEKDAY,
    "close_hour": Attribute.CLOSE_HOUR,
    "month": Attribute.MONTH,
    "result": Attribute.RESULT,
    "risk": Attribute.RISK,
    "group_id": Attribute.GROUP,
    "account_id": Attribute.ACCOUNT,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StatisticsRequest:
    """The parameters that all four operations share. `ask` adds the user's settings and accounts to them."""

    first: date | None
    last: date | None
    ask: Callable[[SettingsAndAccounts], tuple[Question, str]]
    opening_balance: Decimal | None
    included: frozenset[str]


async def get_stats(user: str, parameters: Mapping[str, Any], if_none_match: str | None = None) -> Response:
    """Answer all figures of the trades that the filters select."""
    asked = _asked(parameters)
    return _answer(
        user,
        asked,
        if_none_match,
        lambda selected, _: fold(selected),
        lambda journal, frame: stats_document(journal, asked.opening_balance, frame),
    )


async def get_equity_curve(user: str, parameters: Mapping[str, Any], if_none_match: str | None = None) -> Response:
    """Answer the equity curve by day, week or month, with its drawdowns."""
    asked, group_by = _asked(parameters), GroupBy(parameters["group_by"])
    if group_by is not GroupBy.WEEK and parameters.get("week_starts_on") not in (None, "MONDAY"):
        fault = Fault(FieldCode.CONFLICTS_WITH, "needs groupBy=WEEK", {"properties": ["groupBy"]})
        raise rule_broken([BadField("query", "/weekStartsOn", fault)])

    def curve(selected: Iterable[Selected], question: Question) -> EquityCurve:
        found = equity_curve(selected, asked.opening_balance, group_by, question.clock)
        if len(found.points) > MOST_POINTS:
            detail = f"makes more than {MOST_POINTS} points; group by WEEK or MONTH, or ask for fewer days"
            fault = Fault(FieldCode.TOO_MANY_POINTS, detail, {"maxPoints": MOST_POINTS})
            raise rule_broken([BadField("query", "/groupBy", fault)])
        return found

    return _answer(
        user,
        asked,
        if_none_match,
        curve,
        lambda found, frame: curve_document(found, asked.opening_balance, group_by, frame),
    )


async def get_calendar(user: str, parameters: Mapping[str, Any], if_none_match: str | None = None) -> Response:
    """Answer a month or a range with its days and weeks."""
    first, last = _calendar_range(parameters)
    asked = _asked({**parameters, "from_": first.isoformat(), "to": last.isoformat(), "month": None})
    return _answer(
        user,
        asked,
        if_none_match,
        lambda selected, question: calendars.calendar(selected, first, last, question.clock),
        calendar_document,
    )


async def get_breakdown(user: str, parameters: Mapping[str, Any], if_none_match: str | None = None) -> Response:
    """Answer the figures of trades by one attribute or two."""
    asked, by = _asked(parameters), [Attribute(name) for name in parameters["by"]]
    return _answer(
        user,
        asked,
        if_none_match,
        lambda selected, question: breakdown(by, question, selected),
        breakdown_document,
    )


def _answer(
    user: str,
    asked: StatisticsRequest,
    if_none_match: str | None,
    compute: Callable[[Iterable[Selected], Question], T],
    document: Callable[[T, Frame], dict[str, Any]],
) -> Response:
    """Compute an answer from the user's entries that the filters select; 304 if the client has the same answer.

    The entity tag is a digest of the answer, not the version of the statistics: the books are read with eventual
    consistency, so the version that is read may be newer than the books.
    """
    included = trades.several(user, asked.included) if asked.included else []
    opened = statistics.opened(
        user, asked.first, asked.last, lambda settings_and_accounts: asked.ask(settings_and_accounts)[0]
    )
    question = opened.question
    selected = opened.selected()
    if asked.included:
        stored = iter(()) if question.is_empty else iter(opened.reading)
        of_groups = _groups_of(user, question, included)
        selected = opened.selected(in_place_of_stored(stored, asked.included, included, of_groups))
    computed = compute(selected, question)
    frame = Frame(
        question=question,
        tolerance=asked.ask(opened.settings_and_accounts)[1],
        as_of=opened.reading.last_updated,
        conversion=opened.conversion,
    )
    text = as_json(document(computed, frame))
    headers = {"ETag": digest_etag(text.encode())}
    if if_none_match is not None and has_tag(if_none_match, headers["ETag"]):
        return reply(304, headers=headers)
    return reply_text(200, text, headers)


def _groups_of(user: str, question: Question, included: Iterable[Trade]) -> list[tuple[Group, list[Trade]]]:
    """The present groups of the trades, each with all of its trades; none if the question counts single trades."""
    ids = {trade.group_id for trade in included if trade.group_id is not None}
    if question.count_as is CountAs.TRADES or not ids:
        return []
    found = groups.several(user, ids)
    of_groups = trades.several(user, {trade_id for group in found for trade_id in group.trade_ids})
    return [(group, [trade for trade in of_groups if trade.group_id == group.group_id]) for group in found]


def _asked(parameters: Mapping[str, Any]) -> StatisticsRequest:
    """Parse the parameters. Raises Problem for an unknown time zone."""
    given = {name: value for name, value in parameters.items() if value is not None}
    for name in ("group_id", "account_id"):
        if name in given:
            given[name] = [each.lower() for each in given[name]]
    clock_of(given.get("time_zone"), given.get("day_starts_at", "00:00"))
    first = date.fromisoformat(given["from_"]) if "from_" in given else None
    last = date.fromisoformat(given["to"]) if "to" in given else None
    tags = {
        name: frozenset(wanted_tags(*of))
        for name, of in {
            "all_tags": ("tag", given.get("tag", ())),
            "no_tags": ("excludeTag", given.get("exclude_tag", ())),
        }.items()
    }

    def ask(settings_and_accounts: SettingsAndAccounts) -> tuple[Question, str]:
        """The question, with these settings as defaults, and the text of its break-even tolerance."""
        settings = settings_and_accounts.settings
        tolerance: str = given.get("breakeven_tolerance", settings.breakeven_tolerance)
        question = Question(
            first=first,
            last=last,
            clock=clock_of(
                given.get("time_zone", settings.time_zone),
                given.get("day_starts_at", settings.day_starts_at),
                given.get("week_starts_on", settings.week_starts_on),
            ),
            tolerance=Tolerance.of(tolerance),
            any_of={_FILTERS[name]: frozenset(given[name]) for name in _FILTERS.keys() & given.keys()},
            no_accounts=frozenset() if "account_id" in given else settings_and_accounts.left_out(),
            count_as=CountAs(given["count_as"]),
            **tags,
        )
        return question, tolerance

    return StatisticsRequest(
        first=first,
        last=last,
        ask=ask,
        opening_balance=Decimal(given["opening_balance"]) if "opening_balance" in given else None,
        included=included_trades(given.get("includes", ())),
    )


def _calendar_range(parameters: Mapping[str, Any]) -> tuple[date, date]:
    """The first and the last day of the calendar. Raises Problem unless either a month or a range is given."""
    month, first, last = (parameters.get(name) for name in ("month", "from_", "to"))
    if month is not None:
        if wrong := [name for name, value in (("/from", first), ("/to", last)) if value is not None]:
            fault = Fault(FieldCode.CONFLICTS_WITH, "cannot be given together with month", {"properties": ["month"]})
            raise rule_broken([BadField("query", name, fault) for name in wrong])
        return calendars.month_around(date.fromisoformat(f"{month}-01"))
    if first is None and last is None:
        either = {"properties": ["from", "to"]}
        fault = Fault(FieldCode.REQUIRED_WITHOUT, "is required, or else from and to", either)
        raise rule_broken([BadField("query", "/month", fault)])
    if first is None or last is None:
        missing, given = ("/from", "to") if first is None else ("/to", "from")
        fault = Fault(FieldCode.REQUIRED_WITH, f"is required with {given}", {"properties": [given]})
        raise rule_broken([BadField("query", missing, fault)])
    from_day, to_day = date.fromisoformat(first), date.fromisoformat(last)
    if to_day < from_day:
        fault = Fault(FieldCode.END_BEFORE_START, "comes before from", {"property": "from"})
        raise rule_broken([BadField("query", "/to", fault)])
    if (to_day - from_day).days >= calendars.MOST_DAYS:
        detail = f"makes a range of more than {calendars.MOST_DAYS} days"
        fault = Fault(FieldCode.RANGE_TOO_LONG, detail, {"maxDays": calendars.MOST_DAYS})
        raise rule_broken([BadField("query", "/to", fault)])
    return from_day, to_day
