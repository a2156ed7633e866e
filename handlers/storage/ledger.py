"""LedgerTable: what lies beside the trades, such as accounts, settings, executions and cash.

A user's items, by their sort key `item`. Symbols are folded, so that a key is found whatever the case; ids are
lower-case UUIDs, instants are in UTC and always as wide (trade_items.instant).

| item | what it is |
|---|---|
| settings | the user's settings |
| accounts | how many accounts the user has made |
| account|<accountId> | a trading account |
| fill|<accountId>|<symbol>|<pairId or ->|<instant>|<sequence>|<fillId> | an execution, in the engine's order |
| ref|<id> | where the execution, corporate action or reconciliation of that id lies |
| position|<accountId>|<symbol>|<pairId or -> | a position |
| action|<symbol>|<instant>|<actionId> | a corporate action |
| actions|<symbol> | how many corporate actions of the symbol there are |
| cash|<accountId>|<cashId> | a deposit, dividend or other cash row |
| external|<accountId>|<externalId> | which cash row of the account has that id |
| reconciliation|<accountId>|<instant>|<reconciliationId> | a comparison with a statement |
| cashday|<accountId>|<day> | the sums of a day's cash, derived by the stream's reader |
| fx|<from>|<to>|<day> | an exchange rate |
| restore|<restoreId> | a restore of an archive, for a day |
| import|<importId> | an import; its id sorts by the time when it was made |
| edited|<importId>|<fill or cash>|<id> | an execution or cash row of the import that was edited since |
| lock|<accountId> | the import that is being committed or undone in the account, for how long |
| mapping|<mappingId> | how to read a table of no known format |
| mappings | how many mappings the user has |
| imports | how many imports the user has made |

Executions and cash rows also have `at`, the sort key of the index by time, which is read for lists only: it lags.
Everything is written in transactions that check that the user's erasure has not begun.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

from handlers.storage import dynamo, erasure_marks, kept_answers
from handlers.storage.clients import ledger_table
from handlers.storage.errors import AccountErased, Contended
from handlers.storage.trade_items import KeptAnswer, instant

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef, TransactWriteItemTypeDef

Item = dict[str, "AttributeValueTypeDef"]

BY_TIME = "by-time-gsi"
# A transaction has 100 actions at most. One checks that the erasure has not begun.
MOST_ACTIONS = 99

SETTINGS = "settings"
ACCOUNTS_MADE = "accounts"
IMPORTS_MADE = "imports"
MAPPINGS_MADE = "mappings"
# Behind every item whose key begins with a prefix and a bar: symbols have characters up to "~".
_END = "|\x7f"


def key(user_id: str, item: str) -> Item:
    """The key of an item of the ledger."""
    return {"userId": {"S": user_id}, "item": {"S": item}}


def account(account_id: str = "") -> str:
    """The sort key of an account; without an id, the prefix of all."""
    return f"account|{account_id}"


def fills(account_id: str, symbol: str | None = None, pair_id: str | None = None) -> str:
    """The prefix of the executions of an account, or of a position."""
    return f"fill|{account_id}|" + ("" if symbol is None else f"{folded(symbol)}|{pair_id or '-'}|")


def fill(account_id: str, symbol: str, pair_id: str | None, at: datetime, sequence: int, fill_id: str) -> str:
    """The sort key of an execution. Sequences sort as numbers up to ten digits."""
    return f"{fills(account_id, symbol, pair_id)}{instant(at)}|{sequence:010}|{fill_id}"


def position_of_fill(fill: str) -> str:
    """The sort key of the position of the execution with that sort key."""
    of_position, *_ = fill.rsplit("|", 3)
    return "position|" + of_position.removeprefix("fill|")


def ref(of_id: str) -> str:
    """The sort key of the item that says where the thing of that id lies."""
    return f"ref|{of_id}"


def position(account_id: str, symbol: str, pair_id: str | None = None) -> str:
    """The sort key of a position."""
    return f"{positions(account_id)}{folded(symbol)}|{pair_id or '-'}"


def positions(account_id: str | None = None) -> str:
    """The prefix of all positions, or of an account's."""
    return "position|" if account_id is None else f"position|{account_id}|"


def actions(symbol: str | None = None) -> str:
    """The prefix of all corporate actions, or of a symbol's."""
    return "action|" if symbol is None else f"action|{folded(symbol)}|"


def action(symbol: str, effective_at: datetime, action_id: str) -> str:
    """The sort key of a corporate action."""
    return f"{actions(symbol)}{instant(effective_at)}|{action_id}"


def actions_count(symbol: str) -> str:
    """The sort key of what counts the corporate actions of a symbol."""
    return f"actions|{folded(symbol)}"


def cash(account_id: str, cash_id: str = "") -> str:
    """The sort key of a cash row; without an id, the prefix of an account's rows."""
    return f"cash|{account_id}|{cash_id}"


def reconciliations(account_id: str | None = None) -> str:
    """The prefix of all reconciliations, or of an account's."""
    return "reconciliation|" if account_id is None else f"reconciliation|{account_id}|"


def reconciliation(account_id: str, at: datetime, reconciliation_id: str) -> str:
    """The sort key of a reconciliation."""
    return f"{reconciliations(account_id)}{instant(at)}|{reconciliation_id}"


def external(account_id: str, external_id: str = "") -> str:
    """The sort key of what says which cash row of an account has an external id; without one, the prefix of all."""
    return f"external|{account_id}|{external_id}"


def cash_day(account_id: str, day: date | None = None) -> str:
    """The sort key of the sums of a day's cash; without a day, the prefix of an account's."""
    return f"cashday|{account_id}|{'' if day is None else day.isoformat()}"


def rate(from_: str, to: str, day: date | None = None) -> str:
    """The sort key of an exchange rate; without a day, the prefix of a pair's."""
    return f"fx|{from_}|{to}|{'' if day is None else day.isoformat()}"


def lock(account_id: str) -> str:
    """The sort key of the lease on an account."""
    return f"lock|{account_id}"


def import_(import_id: str = "") -> str:
    """The sort key of an import; without an id, the prefix of all."""
    return f"import|{import_id}"


def edited(import_id: str, kind: str = "", of_id: str = "") -> str:
    """The sort key of what says that a thing of an import was edited; without a kind, the prefix of all."""
    return f"edited|{import_id}|" + (f"{kind}|{of_id}" if kind else "")


def mapping(mapping_id: str = "") -> str:
    """The sort key of a mapping; without an id, the prefix of all."""
    return f"mapping|{mapping_id}"


def by_time(account_id: str, at: datetime, of_id: str) -> str:
    """The sort key `at` of the index by time."""
    return f"{account_id}|{instant(at)}|{of_id}"


def days_in_utc(first: date | None, last: date | None) -> tuple[str, str]:
    """What comes before all instants of the days from the first to the last in UTC, and what comes behind them."""
    return _midnight(first) or "0", _midnight(last, 1) or ":"


def _midnight(day: date | None, days_later: int = 0) -> str | None:
    """The instant at which the day, moved by `days_later`, begins in UTC; None without one, and at the end of time."""
    try:
        return None if day is None else instant(datetime.combine(day + timedelta(days_later), time.min, UTC))
    except OverflowError:
        return None


def folded(symbol: str) -> str:
    """The symbol as keys have it."""
    return symbol.upper()


def get(user_id: str, item: str) -> dict[str, Any]:
    """The item as it stands now; empty if there is none. Raises Busy."""
    return dynamo.get_item(ledger_table(), key(user_id, item))


def several(user_id: str, items: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Those of the items that exist, as they stand now, by their sort keys. Raises Busy."""
    found = dynamo.batch_get(ledger_table(), [key(user_id, item) for item in items], ConsistentRead=True)
    return {item["item"]["S"]: item for item in found}


def between(
    user_id: str, low: str, high: str, *, newest_first: bool = False, limit: int | None = None
) -> Iterator[dict[str, Any]]:
    """The items with sort keys from `low` to `high`, as they stand now, in the order of their keys.

    Each page, of up to `limit` items, is read when it is needed. Raises Busy.
    """
    query: dict[str, Any] = {
        "TableName": ledger_table(),
        "KeyConditionExpression": "userId = :user AND #item BETWEEN :low AND :high",
        "ExpressionAttributeNames": {"#item": "item"},
        "ExpressionAttributeValues": {":user": {"S": user_id}, ":low": {"S": low}, ":high": {"S": high}},
        "ScanIndexForward": not newest_first,
        "ConsistentRead": True,
        **({} if limit is None else {"Limit": limit}),
    }
    return dynamo.all_items(query)


def below(user_id: str, prefix: str, *, limit: int | None = None) -> Iterator[dict[str, Any]]:
    """The items whose sort keys begin with the prefix, as they stand now, in the order of their keys.

    Each page, of up to `limit` items, is read when it is needed. Raises Busy.
    """
    return between(user_id, prefix, prefix.removesuffix("|") + _END, limit=limit)


def has_any(user_id: str, prefix: str) -> bool:
    """Whether there is an item whose sort key begins with the prefix. Raises Busy."""
    query = {
        "TableName": ledger_table(),
        "KeyConditionExpression": "userId = :user AND begins_with(#item, :prefix)",
        "ExpressionAttributeNames": {"#item": "item"},
        "ExpressionAttributeValues": {":user": {"S": user_id}, ":prefix": {"S": prefix}},
        "Limit": 1,
        "ConsistentRead": True,
    }
    return bool(dynamo.one_page(query).items)


def delete_below(user_id: str, prefixes: Sequence[str]) -> None:
    """Delete the items whose sort keys begin with one of the prefixes; nothing else writes such items meanwhile.

    Raises AccountErased, Busy.
    """
    for prefix in prefixes:
        rest = iter([item["item"]["S"] for item in below(user_id, prefix)])
        while some := list(islice(rest, MOST_ACTIONS)):
            write(user_id, [delete(user_id, item) for item in some], retry_conflicts=True)


def put(item: Item, **condition: Any) -> TransactWriteItemTypeDef:
    """The write of an item, with its key, as part of a transaction."""
    written: Any = {"TableName": ledger_table(), "Item": item, **condition}
    return {"Put": written}


def put_new(item: Item) -> TransactWriteItemTypeDef:
    """The write of an item that must not exist yet."""
    return put(item, **dynamo.absent("#item"), ReturnValuesOnConditionCheckFailure="ALL_OLD")


def counting(update: dict[str, Any]) -> TransactWriteItemTypeDef:
    """The change of a number, `#total`, that counts items, as part of a transaction."""
    counted: Any = {"TableName": ledger_table(), "ExpressionAttributeNames": {"#total": "total"}, **update}
    return {"Update": counted}


def delete(user_id: str, item: str, **condition: Any) -> TransactWriteItemTypeDef:
    """The deletion of an item as part of a transaction."""
    deleted: Any = {"TableName": ledger_table(), "Key": key(user_id, item), **condition}
    return {"Delete": deleted}


def write(
    user_id: str,
    actions: Sequence[TransactWriteItemTypeDef],
    *,
    retry_conflicts: bool = False,
    marks: Sequence[TransactWriteItemTypeDef] = (),
) -> Sequence[dict[str, Any]]:
    """Write all of it or nothing, as `dynamo.transact` does, unless the user's erasure has begun.

    marks: writes of the user's marks, each on the condition that it has not. Returns for each action the reason why it
    failed, as `dynamo.transact` does. Raises AccountErased, Busy.
    """
    first = marks or [{"ConditionCheck": erasure_marks.not_begun(user_id)}]
    reasons = dynamo.transact([*first, *actions], retry_conflicts=retry_conflicts)
    of_user, others = reasons[: len(first)], reasons[len(first) :]
    if any(one.get("Code") == dynamo.CONDITION_FAILED for one in of_user):
        raise AccountErased(user_id)
    if in_conflict := next(filter(None, of_user), None):  # over a mark
        return [in_conflict for _ in actions]
    return others


def write_once(
    user_id: str, actions: Sequence[TransactWriteItemTypeDef], answer: KeptAnswer | None, now: datetime
) -> tuple[KeptAnswer | None, Sequence[dict[str, Any]]]:
    """Write all of it and, in the same transaction, the answer kept for the request's idempotency key, or nothing.

    Returns the answer that the same request was given earlier, in which case nothing is written; and for each action
    the reason why it failed, as `write` does. Raises KeyReused, AccountErased, Busy.
    """
    if answer is None:
        return None, write(user_id, actions)
    try:
        *reasons, of_answer = write(user_id, [*actions, kept_answers.keep(user_id, answer, now)])
    except AccountErased:
        if (earlier := kept_answers.kept(user_id, answer, now)) is None:
            raise
        return earlier, []
    if (any(reasons) or of_answer) and (earlier := kept_answers.kept(user_id, answer, now)) is not None:
        # Equal to this very answer, it was written by an attempt of this call whose own answer was lost.
        return (None, [{} for _ in actions]) if earlier == answer else (earlier, reasons)
    if of_answer and not any(reasons):
        raise Contended  # the kept answer expired between the write and the read, or is being written
    return None, reasons
