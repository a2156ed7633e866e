"""Groups of trades: made, changed, read, deleted.

A change reads the group and the trades that it concerns, and writes all of them on the condition that they are still at
the versions that were read. When another write came first, it is made again to what is stored then.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from handlers.faults import Fault, FieldCode
from handlers.journal.errors import FieldError, RuleBroken, StateForbids
from handlers.journal.groups import Group, members
from handlers.journal.trade import Trade
from handlers.storage import groups as storage
from handlers.storage import trades
from handlers.storage.errors import GroupChanged, GroupNotFound
from handlers.storage.groups import MOST_CHANGES, Membership
from handlers.storage.retry import retry_overtaken

if TYPE_CHECKING:
    from handlers.usecases.trades import Precondition

# A page of groups ends after the group with which their trades reach this number.
ENOUGH_TRADES = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A group with those of its trades that exist."""

    group: Group
    trades: Sequence[Trade]


def put(
    user: str,
    group_id: str,
    *,
    name: str,
    strategy: str | None,
    trade_ids: Sequence[str],
    allowed: Precondition,
    must_exist: bool,
) -> tuple[Shown, bool]:
    """Create a group, or replace the values of one. Returns it, and whether it is new.

    `must_exist`: the client named a version that the group must have. Raises RuleBroken, StateForbids, GroupChanged,
    AccountErased, Busy.
    """
    wanted = tuple(dict.fromkeys(trade_ids))

    def attempt() -> tuple[Group, bool]:
        now = datetime.now(UTC)
        group = _existing(user, group_id)
        if (must_exist and group is None) or (group is not None and not allowed(group.version)):
            raise GroupChanged(group_id)
        named = () if group is None else group.trade_ids
        found = storage.memberships(user, tuple(dict.fromkeys((*wanted, *named))))
        # The group still names a trade that was deleted, so that it is a member again if it is restored.
        _check_trades(user, group_id, wanted, named, found)
        joining = {
            one: found[one].version
            for one in wanted
            if one in found and (one not in named or found[one].group_id != group_id)
        }
        leaving = _leaving(group_id, (one for one in named if one not in wanted), found)
        if len(joining) + len(leaving) > MOST_CHANGES:
            detail = f"lets more than {MOST_CHANGES} trades join and leave at once; send two requests"
            fault = Fault(FieldCode.TOO_MANY_CHANGES, detail, {"maxChanges": MOST_CHANGES})
            raise RuleBroken([FieldError(("trade_ids",), fault)])
        if group is None:
            new = Group(
                user_id=user,
                group_id=group_id,
                name=name,
                strategy=strategy,
                trade_ids=wanted,
                created_at=now,
                updated_at=now,
            )
        else:
            new = group.revised(name=name, strategy=strategy, trade_ids=wanted, now=now)
        if new is not group or joining:
            storage.put(new, None if group is None else group.version, joining=joining, leaving=leaving)
        return new, group is None

    group, is_new = retry_overtaken(attempt)
    return Shown(group=group, trades=members(group, trades.several(user, group.trade_ids))), is_new


def get(user: str, group_id: str) -> Shown:
    """The group with its trades as they are now. Raises GroupNotFound, Busy."""
    group = storage.get(user, group_id)
    return Shown(group=group, trades=members(group, trades.several(user, group.trade_ids)))


def delete(user: str, group_id: str, *, allowed: Precondition) -> None:
    """Delete a group; its trades stay. Raises GroupNotFound, GroupChanged, AccountErased, Busy."""

    def attempt() -> None:
        group = storage.get(user, group_id)
        if not allowed(group.version):
            raise GroupChanged(group_id)
        found = storage.memberships(user, group.trade_ids)
        leaving = _leaving(group_id, group.trade_ids, found)
        storage.delete(group, leaving=leaving, now=datetime.now(UTC))

    retry_overtaken(attempt)


def page(user: str, *, limit: int, after: str | None) -> tuple[list[Shown], str | None]:
    """At most `limit` groups in the order of their ids, and the id behind which the next page begins. Raises Busy."""
    groups, has_more = storage.page(user, limit=limit, after=after)
    some: list[Group] = []
    named = 0
    for group in groups:
        if named >= ENOUGH_TRADES:
            has_more = True
            break
        some.append(group)
        named += len(group.trade_ids)
    found = trades.several(user, [trade_id for group in some for trade_id in group.trade_ids])
    by_group: dict[str | None, list[Trade]] = {}
    for trade in found:
        by_group.setdefault(trade.group_id, []).append(trade)
    shown = [Shown(group=group, trades=members(group, by_group.get(group.group_id, ()))) for group in some]
    return shown, some[-1].group_id if has_more and some else None


def every(user: str) -> Iterator[Shown]:
    """All groups of the user, a page in memory at a time. Raises Busy."""
    after: str | None = None
    while True:
        shown, after = page(user, limit=100, after=after)
        yield from shown
        if after is None:
            return


def _existing(user: str, group_id: str) -> Group | None:
    try:
        return storage.get(user, group_id)
    except GroupNotFound:
        return None


def _leaving(
    group_id: str, trade_ids: Collection[str] | Iterator[str], found: Mapping[str, Membership]
) -> dict[str, int]:
    """Those of the trades that exist and name the group, with their versions."""
    return {one: found[one].version for one in trade_ids if one in found and found[one].group_id == group_id}


def _check_trades(
    user: str, group_id: str, wanted: Sequence[str], named: Collection[str], found: Mapping[str, Membership]
) -> None:
    """Raise RuleBroken for ids that are not trades of the user, StateForbids for trades of other groups.

    named: the ids that the group names already; their trades may be deleted.
    """
    missing = [
        FieldError(("trade_ids", place), Fault(FieldCode.UNKNOWN_TRADE, "is none of your trades"))
        for place, one in enumerate(wanted)
        if one not in found and one not in named
    ]
    if missing:
        raise RuleBroken(missing)
    _check_money(wanted, found)
    there = {one: found[one].group_id for one in wanted if one in found}
    others = set(there.values()) - {None, group_id}
    # A trade that was deleted and came back may name a group that is gone, or that has given it up meanwhile.
    still = {group.group_id: group.trade_ids for group in storage.several(user, [one for one in others if one])}
    taken = [
        FieldError(
            ("trade_ids", place),
            Fault(FieldCode.IN_ANOTHER_GROUP, f"belongs to the group {there[one]}", {"groupId": there[one]}),
        )
        for place, one in enumerate(wanted)
        if one in there and there[one] != group_id and one in still.get(there[one] or "", ())
    ]
    if taken:
        raise StateForbids("A trade belongs to one group at most. Take it out of the other group first.", taken)


_OTHER_MONEY = Fault(FieldCode.OTHER_CURRENCY, "is in another account or currency than the first trade")


def _check_money(wanted: Sequence[str], found: Mapping[str, Membership]) -> None:
    """Raise RuleBroken for trades in another account or currency than the first one: their money cannot be added."""
    of_trades = {one: (found[one].account_id, found[one].currency) for one in wanted if one in found}
    first = next(iter(of_trades.values()), None)
    others = [
        FieldError(("trade_ids", place), _OTHER_MONEY)
        for place, one in enumerate(wanted)
        if one in of_trades and of_trades[one] != first
    ]
    if others:
        raise RuleBroken(others)
