"""The few calls of DynamoDB that the statistics make, in memory: fast enough for thousands of stories.

It knows only the expressions that are used, and raises for any other. Pages and batches are cut short, as DynamoDB may
at any time. `tests/statistics/test_fake_dynamodb.py` holds it against moto.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from botocore.exceptions import ClientError

from tests.untraced import untraced

Item = dict[str, Any]
INDEX_KEYS = ("userId", "statKey", "dueList", "dueSince")
KEYS = {"trades": ("userId", "tradeId"), "stats": ("userId", "statKey"), "ledger": ("userId", "item")}


class TransactionCanceledException(ClientError):
    pass


class ConditionalCheckFailedException(ClientError):
    pass


class TransactionInProgressException(ClientError):
    pass


class FakeDynamoDB:
    """`around` is called before and after every call, with its name; what it raises comes out of the call."""

    exceptions = SimpleNamespace(
        TransactionCanceledException=TransactionCanceledException,
        ConditionalCheckFailedException=ConditionalCheckFailedException,
        TransactionInProgressException=TransactionInProgressException,
    )

    def __init__(self, *, page: int = 7, batch: int = 5) -> None:
        self.tables: dict[str, dict[str, dict[str, Item]]] = {name: {} for name in KEYS}
        self.stream: list[Item] = []
        self.around: Callable[[str], None] = lambda _: None
        self.page = page
        self.batch = batch

    def get_item(self, *, TableName: str, Key: Item, ConsistentRead: bool) -> Item:
        assert ConsistentRead
        return self._call("GetItem", lambda: _present("Item", self._at(TableName, Key)))

    def batch_get_item(self, *, RequestItems: Mapping[str, Any]) -> Item:
        def read() -> Item:
            asked = [(table, key) for table, of_table in RequestItems.items() for key in of_table["Keys"]]
            assert all(of_table["ConsistentRead"] and of_table["Keys"] for of_table in RequestItems.values())
            assert 1 <= len(asked) <= 100
            assert len({str(one) for one in asked}) == len(asked)
            responses: Item = {table: [] for table, _ in asked[: self.batch]}
            for table, key in asked[: self.batch]:
                if (item := self._at(table, key)) is not None:
                    responses[table].append(item)
            rest: Item = {}
            for table, key in asked[self.batch :]:
                rest.setdefault(table, {**RequestItems[table], "Keys": []})["Keys"].append(key)
            return {"Responses": responses, "UnprocessedKeys": rest}

        return self._call("BatchGetItem", read)

    def query(
        self,
        *,
        TableName: str,
        KeyConditionExpression: str,
        ExpressionAttributeValues: Item,
        ExpressionAttributeNames: Item | None = None,
        ConsistentRead: bool = False,  # noqa: ARG002 it makes no difference here
        ScanIndexForward: bool = True,
        IndexName: str | None = None,
        ExclusiveStartKey: Item | None = None,
    ) -> Item:
        def read() -> Item:
            _, sort = KEYS[TableName]
            values = {name: value["S"] for name, value in ExpressionAttributeValues.items()}
            if IndexName is not None:
                assert KeyConditionExpression == "dueList = :list"
                return self._page_of_index(values[":list"], ExclusiveStartKey)
            of_user, _, within = KeyConditionExpression.partition(" AND ")
            assert of_user == "userId = :user"
            assert ScanIndexForward
            for name, meant in (ExpressionAttributeNames or {}).items():
                within = within.replace(name, meant)
            after = "" if ExclusiveStartKey is None else ExclusiveStartKey[sort]["S"]
            names = [
                name
                for name in sorted(self.tables[TableName].get(values[":user"], {}), key=str.encode)
                if name.encode() > after.encode() and _is_within(within, sort, name, values)
            ]
            items = [self.tables[TableName][values[":user"]][name] for name in names[: self.page]]
            if len(names) <= self.page:
                return {"Items": items}
            return {"Items": items, "LastEvaluatedKey": _key_of(TableName, items[-1])}

        return self._call("Query", read)

    def _page_of_index(self, due_list: str, after: Item | None) -> Item:
        due = [item for of_user in self.tables["stats"].values() for item in of_user.values() if "dueSince" in item]
        found = sorted(
            ({name: item[name] for name in INDEX_KEYS} for item in due if item["dueList"]["S"] == due_list),
            key=lambda item: (item["dueSince"]["S"], item["userId"]["S"]),
        )
        rest = found if after is None else found[found.index(after) + 1 :]
        page = rest[: self.page]
        return {"Items": page} | ({"LastEvaluatedKey": page[-1]} if len(rest) > self.page else {})

    def transact_write_items(self, *, TransactItems: list[Any], ClientRequestToken: str = "") -> Item:  # noqa: ARG002 no call is repeated
        def write() -> Item:
            actions = [next(iter(action.items())) for action in TransactItems]
            assert 1 <= len(actions) <= 100
            places = [
                (action["TableName"], str(action.get("Key") or _key_of(action["TableName"], action["Item"])))
                for _, action in actions
            ]
            assert len(set(places)) == len(places), "an item twice in one transaction"
            reasons = [{"Code": "None" if self._holds(action) else "ConditionalCheckFailed"} for _, action in actions]
            if any(reason["Code"] != "None" for reason in reasons):
                response: Any = {
                    "Error": {"Code": "TransactionCanceledException", "Message": ""},
                    "CancellationReasons": reasons,
                }
                raise TransactionCanceledException(response, "TransactWriteItems")
            for kind, action in actions:
                self._write(kind, action)
            return {}

        return self._call("TransactWriteItems", write)

    def put_item(self, **action: Any) -> Item:
        return self._call("PutItem", lambda: self._alone("Put", action))

    def delete_item(self, **action: Any) -> Item:
        return self._call("DeleteItem", lambda: self._alone("Delete", action))

    def update_item(self, **action: Any) -> Item:
        return self._call("UpdateItem", lambda: self._alone("Update", action))

    def items(self, table: str, user_id: str) -> dict[str, Item]:
        """All items of a user, by sort key."""
        return dict(self.tables[table].get(user_id, {}))

    def _call(self, name: str, work: Callable[[], Item]) -> Item:
        self.around(name)
        answer = untraced(work)()
        self.around(name)
        return answer

    def _alone(self, kind: str, action: Item) -> Item:
        if not self._holds(action):
            response: Any = {"Error": {"Code": "ConditionalCheckFailedException", "Message": ""}}
            raise ConditionalCheckFailedException(response, kind)
        self._write(kind, action)
        return {}

    def _at(self, table: str, key: Item) -> Item | None:
        partition, sort = KEYS[table]
        return self.tables[table].get(key[partition]["S"], {}).get(key[sort]["S"])

    def _holds(self, action: Item) -> bool:
        condition = action.get("ConditionExpression")
        if condition is None:
            return True
        item = self._at(action["TableName"], action.get("Key") or action["Item"]) or {}
        names = action.get("ExpressionAttributeNames", {})
        values = action.get("ExpressionAttributeValues", {})
        return all(_test(part, item, names, values) for part in condition.split(" AND "))

    def _write(self, kind: str, action: Item) -> None:
        if kind == "ConditionCheck":
            return
        table = action["TableName"]
        key = _key_of(table, action.get("Key") or action["Item"])
        partition, sort = KEYS[table]
        before = self._at(table, key)
        of_user = self.tables[table].setdefault(key[partition]["S"], {})
        if kind == "Delete":
            of_user.pop(key[sort]["S"], None)
        else:
            of_user[key[sort]["S"]] = action["Item"] if kind == "Put" else _updated(before or key, action)
        after = self._at(table, key)
        if table == "trades" and before != after:
            number = str(len(self.stream) + 1)
            images = {**_present("OldImage", before), **_present("NewImage", after)}
            self.stream.append({"dynamodb": {"Keys": key, "SequenceNumber": number, **images}})


def _present(name: str, item: Item | None) -> Item:
    return {} if item is None else {name: item}


def _key_of(table: str, item: Item) -> Item:
    return {name: item[name] for name in KEYS[table]}


def _is_within(within: str, sort: str, name: str, values: Mapping[str, str]) -> bool:
    if within == "":
        return True
    if within == f"begins_with({sort}, :prefix)":
        return name.startswith(values[":prefix"])
    assert within == f"{sort} BETWEEN :low AND :high"
    if values[":low"].encode() > values[":high"].encode():
        message = "The BETWEEN operator requires upper bound to be greater than or equal to lower bound"
        raise ClientError({"Error": {"Code": "ValidationException", "Message": message}}, "Query")
    return values[":low"].encode() <= name.encode() <= values[":high"].encode()


def _test(part: str, item: Item, names: Mapping[str, str], values: Item) -> bool:
    if found := re.fullmatch(r"attribute_(not_)?exists\((#?\w+)\)", part):
        absent, name = found.groups()
        return (names.get(name, name) in item) != bool(absent)
    found = re.fullmatch(r"(#?\w+) = (:\w+)", part)
    assert found, part
    return bool(item.get(names.get(found[1], found[1])) == values[found[2]])


def _updated(item: Item, action: Item) -> Item:
    names = action.get("ExpressionAttributeNames", {})
    values = action.get("ExpressionAttributeValues", {})
    updated = dict(item)
    _, *clauses = re.split(r"\b(SET|REMOVE|ADD) ", action["UpdateExpression"])
    for verb, clause in zip(clauses[::2], clauses[1::2], strict=True):
        for part in re.split(r", (?![^(]*\))", clause.strip()):
            words = part.split(" ", 2)
            name = names.get(words[0], words[0])
            if verb == "SET" and (found := re.fullmatch(r"if_not_exists\((\w+), (:\w+)\)", words[2])):
                assert found[1] == name
                updated.setdefault(name, values[found[2]])
            elif verb == "SET":
                assert words[1] == "="
                updated[name] = values[words[2]]
            elif verb == "REMOVE":
                assert len(words) == 1
                updated.pop(name, None)
            else:
                assert len(words) == 2
                total = Decimal(updated.get(name, {"N": "0"})["N"]) + Decimal(values[words[1]]["N"])
                updated[name] = {"N": str(total)}
    return updated
