"""Cash rows, in the ledger: an item each, and an index by time for lists."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from handlers.journal.cash import Cash, CashType
from handlers.journal.settings import MAIN
from handlers.storage import import_edits, ledger, trading_accounts
from handlers.storage.clients import ledger_table
from handlers.storage.codec import Codec
from handlers.storage.dynamo import CONDITION_FAILED, MOST_QUERIES, at_version, pages
from handlers.storage.errors import CashIdTaken, CashNotFound, VersionMismatch
from handlers.storage.import_edits import EditedKind
from handlers.storage.trade_items import KeptAnswer
from handlers.storage.trade_queries import TradeFilter

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

# The most items that a query reads if filters may discard many of them.
_MOST_ITEMS = 500

# "at" is the sort key of the index by time: the instant with its own offset is beside it.
_CASH = Codec(Cash, renamed={"at": "happenedAt"}, maps={"counter"})


def get(user_id: str, account_id: str, cash_id: str) -> Cash:
    """The row as it is now. Raises CashNotFound, Busy."""
    item = ledger.get(user_id, ledger.cash(account_id, cash_id))
    if not item:
        raise CashNotFound(cash_id)
    return _CASH.instance(item)


def with_other_side(user_id: str, account_id: str, cash_id: str) -> tuple[Cash, Cash | None]:
    """The row as it is now and, if it has one, the row of a transfer's other account. Raises CashNotFound, Busy."""
    cash = get(user_id, account_id, cash_id)
    other = cash.counter
    if other is None or other.account_id is None or other.cash_id is None:
        return cash, None
    item = ledger.get(user_id, ledger.cash(other.account_id, other.cash_id))
    return cash, _CASH.instance(item) if item else None


def every(user_id: str, account_id: str | None = None) -> Iterator[Cash]:
    """All rows of an account, or of all, as they are now, in no order. Raises Busy."""
    prefix = "cash|" if account_id is None else ledger.cash(account_id)
    return map(_CASH.instance, ledger.below(user_id, prefix))


def several(user_id: str, account_id: str, cash_ids: Sequence[str]) -> dict[str, Cash]:
    """Those of the account's rows that exist, as they are now, by id. Raises Busy."""
    found = ledger.several(user_id, [ledger.cash(account_id, cash_id) for cash_id in cash_ids])
    return {cash.cash_id: cash for cash in map(_CASH.instance, found.values())}


def holders(user_id: str, account_id: str, external_ids: Sequence[str]) -> dict[str, str]:
    """The ids of the account's rows that have these external ids now, by external id. Raises Busy."""
    prefix = ledger.external(account_id)
    found = ledger.several(user_id, [f"{prefix}{external_id}" for external_id in external_ids])
    return {item.removeprefix(prefix): named["ofCash"]["S"] for item, named in found.items()}


def putting(cash: Cash) -> list[TransactWriteItemTypeDef]:
    """The writes of a new row and of its external id, on the condition that neither is there."""
    actions = [ledger.put_new(cash_item(cash))]
    if cash.external_id is not None:
        actions.append(ledger.put_new(external_item(cash)))
    return actions


class CashChange(NamedTuple):
    """A row to store in place of the former one, which has to be stored at its version. Without a former one it is new;
    without a new one the former is deleted.
    """

    new: Cash | None
    former: Cash | None = None


def write(
    user_id: str,
    changes: Sequence[CashChange],
    answer: KeptAnswer | None = None,
    now: datetime | None = None,
    *,
    first_of: frozenset[str] = frozenset(),
) -> KeptAnswer | None:
    """Make all of the changes or none, unless the same request did. Returns the answer kept for it, if it did.

    answer, now: the answer to keep for the request's idempotency key, and when. first_of: accounts in which nothing
    lies yet. Raises NoSuchAccount, AccountClosing, CashIdTaken, KeyReused, AccountErased, Busy; VersionMismatch when
    another write is in the way.
    """
    actions: list[TransactWriteItemTypeDef] = []
    into: dict[int, str] = {}  # where the checks of accounts are among the actions
    taken: dict[int, Cash] = {}
    for new, former in changes:
        actions += _marks(new, former)
        if new is None:
            if former is None:
                raise AssertionError("a change has a row")
            deleted = ledger.cash(former.account_id, former.cash_id)
            actions.append(ledger.delete(user_id, deleted, **at_version(former.version)))
        elif former is not None:
            actions.append(ledger.put(cash_item(new), **at_version(former.version)))
        else:
            actions.append(ledger.put_new(cash_item(new)))
            if new.account_id != MAIN:
                into[len(actions)] = new.account_id
                is_first = new.account_id in first_of
                actions.append(trading_accounts.lies_in(user_id, new.account_id, is_first=is_first))
        held = None if former is None else former.external_id
        wanted = None if new is None else new.external_id
        if held == wanted:
            continue
        if former is not None and held is not None:
            actions.append(ledger.delete(user_id, ledger.external(former.account_id, held)))
        if new is not None and wanted is not None:
            taken[len(actions)] = new
            actions.append(ledger.put_new(external_item(new)))
    earlier, reasons = ledger.write_once(user_id, actions, answer, now or datetime.now(UTC))
    if earlier is not None:
        return earlier
    failed = {number: reason for number, reason in enumerate(reasons) if reason.get("Code") == CONDITION_FAILED}
    unused = set()
    for number, account_id in into.items():
        if number in failed:
            if (error := trading_accounts.refusal(account_id, failed[number].get("Item"))) is not None:
                raise error
            unused.add(account_id)
    for number, cash in taken.items():
        if number in failed:
            raise CashIdTaken(cash.account_id, failed[number]["Item"]["ofCash"]["S"])
    if unused:
        return write(user_id, changes, answer, now, first_of=first_of | unused)
    if any(reasons):
        raise VersionMismatch("cash")
    return None


def _marks(new: Cash | None, former: Cash | None) -> Iterator[TransactWriteItemTypeDef]:
    """The write that says that a row of an import was edited, or forgets it with the row."""
    if former is None or former.import_id is None:
        return
    if new is not None:
        yield import_edits.mark(new.user_id, former.import_id, EditedKind.CASH, new.cash_id, new.updated_at)
    elif former.version > 1:
        yield import_edits.unmark(former.user_id, former.import_id, EditedKind.CASH, former.cash_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class CashFilter(TradeFilter):
    """The filters of a list of an account's cash; the days from `open_from` to `open_to` are those of UTC."""

    types: tuple[CashType, ...] = ()
    trade_id: str | None = None


def page(
    user_id: str, wanted: CashFilter, *, limit: int, newest_first: bool, after: tuple[str, str] | None
) -> tuple[list[Cash], tuple[str, str] | None]:
    """At most `limit` rows of an account by time, from behind a position, and the position behind which the next page
    begins; None at the end. Reads the index, which may lag behind a write by a moment. Raises Busy.

    wanted: names the one account. A page that has read enough is answered with what it has.
    """
    [account_id] = wanted.account_ids
    low, high = ledger.days_in_utc(wanted.open_from, wanted.open_to)
    if low > high:
        return [], None
    query: Any = {
        "TableName": ledger_table(),
        "IndexName": ledger.BY_TIME,
        "KeyConditionExpression": "userId = :user AND #at BETWEEN :low AND :high",
        "ScanIndexForward": not newest_first,
        **_conditions(account_id, wanted),
    }
    query["ExpressionAttributeValues"] |= {
        ":user": {"S": user_id},
        ":low": {"S": f"{account_id}|{low}"},
        ":high": {"S": f"{account_id}|{high}"},
    }
    found: list[Any] = []

    def next_limit(_: int = 0) -> int:
        # What is read and fits is shown, so a query reads no more than the page lacks, however much filters discard.
        return limit - len(found) if not _discards(wanted) else max(limit, _MOST_ITEMS)

    query["Limit"] = next_limit()
    behind = None if after is None else {**ledger.key(user_id, after[1]), "at": {"S": after[0]}}
    last: Any = None
    for some in islice(pages(query, after=behind, next_limit=next_limit), MOST_QUERIES):
        found += some.items
        last = some.last
        if len(found) >= limit:
            break
    if len(found) > limit:
        found = found[:limit]
        last = found[-1]
    return [_CASH.instance(item) for item in found], None if last is None else (last["at"]["S"], last["item"]["S"])


def _discards(wanted: CashFilter) -> bool:
    """Whether filters may discard most of what is read."""
    return bool(wanted.types or wanted.symbol or wanted.trade_id)


def _conditions(account_id: str, wanted: CashFilter) -> dict[str, Any]:
    """The filter expression, with its names and values. Executions are in the index, too."""
    tests, names = ["begins_with(#item, :cash)"], {"#at": "at", "#item": "item"}
    values = {":cash": {"S": ledger.cash(account_id)}}
    if wanted.types:
        types = {f":type{number}": {"S": str(each)} for number, each in enumerate(wanted.types)}
        tests.append(f"#type IN ({', '.join(types)})")
        names["#type"] = "type"
        values |= types
    if wanted.symbol is not None:
        tests.append("#symbol = :symbol")
        names["#symbol"], values[":symbol"] = "symbolKey", {"S": ledger.folded(wanted.symbol)}
    if wanted.trade_id is not None:
        tests.append("#trade = :trade")
        names["#trade"], values[":trade"] = "tradeId", {"S": wanted.trade_id}
    return {
        "FilterExpression": " AND ".join(tests),
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": values,
    }


def external_item(cash: Cash) -> ledger.Item:
    """The item that says which row of the account has the external id of this one."""
    key = ledger.key(cash.user_id, ledger.external(cash.account_id, str(cash.external_id)))
    return {**key, "ofCash": {"S": cash.cash_id}}


def cash_item(cash: Cash) -> ledger.Item:
    """The row as an item of the ledger."""
    folded = {} if cash.symbol is None else {"symbolKey": {"S": ledger.folded(cash.symbol)}}
    return {
        **_CASH.item(cash),
        **folded,
        **ledger.key(cash.user_id, ledger.cash(cash.account_id, cash.cash_id)),
        "at": {"S": ledger.by_time(cash.account_id, cash.at, cash.cash_id)},
    }
