"""Compares what a file says with what its account has: which of it is new, there already, changed, or by hand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from handlers.imports.decided import Decision, RowOutcome, Same
from handlers.imports.findings import Finding
from handlers.imports.fingerprints import Fingerprints, content_of
from handlers.imports.moments import Instant
from handlers.imports.rows import Action, CashMove, ReportedFill
from handlers.imports.stock import ManualPart, Parts, Stock, Stored
from handlers.journal.executions import Instrument
from handlers.storage import corporate_actions, import_matches
from handlers.storage.import_matches import StoredCash, StoredExecution

_ANY = Instrument()
_NOON = time(12)
# What a file has on a day may be stored anywhere on it, and a fill by hand a day from the broker's.
_AROUND = timedelta(days=1)
_BEGINNING, _END = datetime.min.replace(tzinfo=UTC) + _AROUND, datetime.max.replace(tzinfo=UTC) - _AROUND


def set_outcomes(user: str, account_id: str, findings: Sequence[Finding], prints: Fingerprints, zone: ZoneInfo) -> None:
    """Set the outcome of each finding, and what it is the same as.

    prints: the fingerprints that gave the findings their ids. zone: that of the file's days. Raises Busy.
    """
    if not findings:
        return
    first = min(one.what.at for one in findings)
    last = max(one.what.at for one in findings)
    until = min(last, _END) + _AROUND
    found = import_matches.between(user, account_id, max(first, _BEGINNING) - _AROUND, until)
    executions, cash = _stocks(found, zone)
    matcher = _Matcher(prints, zone)
    fills = [one for one in findings if isinstance(one.what, ReportedFill)]
    matcher.match(fills, executions)
    matcher.match([one for one in findings if isinstance(one.what, CashMove)], cash)
    if actions := [one for one in findings if isinstance(one.what, Action)]:
        matcher.match(actions, _stock_of_actions(user, account_id, zone))
    new = [(one, one.what) for one in fills if one.outcome is RowOutcome.NEW and isinstance(one.what, ReportedFill)]
    if new:
        _match_by_hand(new, _parts(user, account_id, until))


def _stocks(found: Iterable[StoredExecution | StoredCash], zone: ZoneInfo) -> tuple[Stock, Stock]:
    executions: list[Stored] = []
    cash: list[Stored] = []
    for one in found:
        what: ReportedFill | CashMove
        if isinstance(one, StoredExecution):
            what = ReportedFill(
                symbol=one.symbol,
                instrument=_ANY,
                side=one.side,
                quantity=one.quantity,
                price=one.price,
                at=one.at,
                kind=one.kind,
            )
            executions.append(_stored(one, what, zone))
        else:
            what = CashMove(type=one.type, amount=one.amount, currency=one.currency, at=one.at, symbol=one.symbol)
            cash.append(_stored(one, what, zone))
    return Stock(executions), Stock(cash)


def _stored(one: StoredExecution | StoredCash, what: ReportedFill | CashMove, zone: ZoneInfo) -> Stored:
    return Stored(
        id=one.id,
        content=_content(what, zone, day_only=False),
        day=_content(what, zone, day_only=True),
        external_id=one.external_id,
        import_id=one.import_id,
        at_noon=one.at.astimezone(zone).time() == _NOON,
    )


def _stock_of_actions(user: str, account_id: str, zone: ZoneInfo) -> Stock:
    stored: list[Stored] = []
    for one in corporate_actions.every(user):
        if one.account_id in (None, account_id):
            action = Action(
                type=one.type,
                symbol=one.symbol,
                at=one.effective_at,
                new=one.new,
                old=one.old,
                new_symbol=one.new_symbol,
                cash_per_share=one.cash_per_share,
                cost_share=one.cost_share,
                quantity=one.quantity,
            )
            content = _content(action, zone, day_only=False)
            day = _content(action, zone, day_only=True)
            stored.append(Stored(id=one.action_id, content=content, day=day, import_id=one.import_id))
    return Stock(stored)


def _content(what: ReportedFill | CashMove | Action, zone: ZoneInfo, *, day_only: bool) -> str:
    """What equal things have in common, by time or by the day in the zone."""
    return content_of(what, Instant(what.at.astimezone(zone) if day_only else what.at, not day_only))


class _Matcher:
    """Lets the findings of a file take what they are the same as."""

    def __init__(self, prints: Fingerprints, zone: ZoneInfo) -> None:
        self._prints = prints
        self._zone = zone

    def match(self, findings: Sequence[Finding], stock: Stock) -> None:
        """Those that are named by an id come first, wherever they stand in the file."""
        left = [one for one in findings if not self._is_named(one, stock)]
        for one in left:
            content, day = self._contents(one)
            # Of two things that one broker names by different ids, neither is the other.
            is_other = _nothing if _external_id(one) is None else self._is_of_family
            same = stock.equal(content, day, day_only=one.what.day_only, is_other=is_other)
            if same is not None:
                one.outcome, one.of = RowOutcome.DUPLICATE, _same(one, same)

    def _is_named(self, one: Finding, stock: Stock) -> bool:
        same = stock.named(one.id, _external_id(one))
        if same is None:
            return False
        content, day = self._contents(one)
        is_equal = same.content == content or (same.day == day and (one.what.day_only or same.at_noon))
        one.outcome = RowOutcome.DUPLICATE if is_equal or not _says_all(one) else RowOutcome.CHANGED
        one.of = _same(one, same)
        return True

    def _contents(self, one: Finding) -> tuple[str, str]:
        return _content(one.what, self._zone, day_only=False), _content(one.what, self._zone, day_only=True)

    def _is_of_family(self, stored: Stored) -> bool:
        """Whether it came from a file of the same family of formats, which its id tells."""
        return stored.external_id is not None and self._prints.named(stored.external_id) == stored.id


def _nothing(_: Stored) -> bool:
    return False


def _external_id(one: Finding) -> str | None:
    return None if isinstance(one.what, Action) else one.what.external_id


def _says_all(one: Finding) -> bool:
    """Whether it can differ from what is stored, where a file leaves out what follows from what is open."""
    if isinstance(one.what, ReportedFill):
        return None not in (one.what.side, one.what.quantity, one.what.price)
    return isinstance(one.what, CashMove) or one.what.added is None


def _same(one: Finding, stored: Stored) -> Same:
    if isinstance(one.what, ReportedFill):
        return Same(execution_id=stored.id, import_id=stored.import_id)
    if isinstance(one.what, CashMove):
        return Same(cash_id=stored.id, import_id=stored.import_id)
    return Same(action_id=stored.id, import_id=stored.import_id)


def _parts(user: str, account_id: str, until: datetime) -> Parts:
    """The entries and closes of the account's trades by hand."""
    parts = Parts()
    for trade in import_matches.by_hand(user, account_id, until):
        if trade.cancelled:
            continue
        for entry in trade.entered:
            if entry.price is not None:
                parts.add(
                    trade.symbol, trade.side, entry.quantity, ManualPart(trade.trade_id, entry.entered_at, entry.price)
                )
        for close in trade.closes:
            part = ManualPart(trade.trade_id, close.closed_at, close.price)
            parts.add(trade.symbol, trade.side.opposite, close.quantity, part)
    return parts


def _match_by_hand(fills: Sequence[tuple[Finding, ReportedFill]], parts: Parts) -> None:
    """Let new fills take the parts of trades by hand: first those of the trades that the user names for them."""
    for one, fill in fills:
        if one.wanted is Decision.LINK and one.linked is not None:
            _link(one, parts.of_trade(one.linked, fill))
    for one, fill in fills:
        if one.outcome is RowOutcome.NEW and not one.cannot_link:
            _link(one, parts.matching(fill))


def _link(one: Finding, part: ManualPart | None) -> None:
    if part is not None:
        one.outcome, one.of = RowOutcome.MATCHES_MANUAL, Same(trade_id=part.trade_id)
    else:
        one.cannot_link = one.wanted is Decision.LINK
