"""Compares the patched Query and Scan with ministack's own, on random tables and requests.

Runs in the interpreter of the emulator (test_emulator.py starts it), since ministack is installed nowhere else.
"""

import json
import sys
from collections.abc import Callable
from random import Random
from typing import Any

from local.emulator import tables
from local.emulator.patching import take

Json = dict[str, Any]

TABLE: Json = {
    "TableName": "journal",
    "BillingMode": "PAY_PER_REQUEST",
    "KeySchema": [{"AttributeName": "holder", "KeyType": "HASH"}, {"AttributeName": "id", "KeyType": "RANGE"}],
    "AttributeDefinitions": [
        *({"AttributeName": name, "AttributeType": "S"} for name in ("holder", "id", "date")),
        {"AttributeName": "amount", "AttributeType": "N"},
    ],
    "GlobalSecondaryIndexes": [
        {
            "IndexName": f"by-{name}",
            "KeySchema": [
                {"AttributeName": partition, "KeyType": "HASH"},
                *([{"AttributeName": name, "KeyType": "RANGE"}] if name != "day" else []),
            ],
            "Projection": {"ProjectionType": "ALL"},
        }
        for partition, name in (("holder", "date"), ("holder", "amount"), ("date", "day"))
    ],
}
KEYS = {
    None: ("holder", "id"),
    "by-date": ("holder", "date"),
    "by-amount": ("holder", "amount"),
    "by-day": ("date", None),
}
CONDITIONS = ("= :a", "< :a", "<= :a", "> :a", ">= :a", "BETWEEN :a AND :b", "begins_with", None)


class Comparison:
    """Writes at random, and asks both."""

    def __init__(self, seed: int) -> None:
        self.chance = Random(seed)
        self.own = {name: take(f"{tables.DYNAMODB}:_{name}") for name in ("query", "scan")}
        for patch in tables.PATCHES:
            patch.apply()
        self.do("create_table", TABLE)
        self.compared = 0

    def do(self, name: str, request: Json) -> tuple[int, Json]:
        """Ask the patched ministack."""
        return self.answer(take(f"{tables.DYNAMODB}:_{name}"), request)

    @staticmethod
    def answer(function: Callable[[Json], Any], request: Json) -> tuple[int, Json]:
        status, _headers, body = function(json.loads(json.dumps(request)))
        return status, json.loads(body)

    def text(self) -> Json:
        return {"S": "".join(self.chance.choices("abc|é\U0001f4c8", k=self.chance.randint(1, 4)))}

    def value(self, name: str) -> Json:
        """A value of this attribute."""
        if name == "amount":
            return {"N": self.chance.choice(["-1", "0", "2", "10", "10.5", "1e2", "007"])}
        return {"S": self.chance.choice("uvw")} if name == "holder" else self.text()

    def write(self) -> None:
        """Put, change or delete an item; some lack the attributes of an index."""
        key = {"holder": self.value("holder"), "id": self.text()}
        if self.chance.random() < 0.3:
            self.do("delete_item", {"TableName": "journal", "Key": key})
            return
        item = {**key, "note": {"S": "x" * self.chance.choice([1, 100, 100_000])}}
        item.update({name: self.value(name) for name in ("date", "amount") if self.chance.random() < 0.8})
        status, said = self.do("put_item", {"TableName": "journal", "Item": item})
        assert status == 200, said

    def query(self) -> Json:
        """A Query of any form."""
        index = self.chance.choice(list(KEYS))
        partition, sort = KEYS[index]
        values = {":p": self.value(partition)}
        condition = f"{partition} = :p" if self.chance.random() < 0.9 else f":p = {partition}"
        form = self.chance.choice(CONDITIONS) if sort else None
        if form == "begins_with":
            condition += f" AND begins_with({sort}, :a)"
        elif form:
            condition += f" AND {sort} {form}"
        for name in (":a", ":b"):
            if name in condition or (form == "begins_with" and name == ":a"):
                values[name] = self.value(str(sort))
        request = {"KeyConditionExpression": condition, "ExpressionAttributeValues": values}
        if "date" in condition:
            request["KeyConditionExpression"] = condition.replace("date", "#d")
            request["ExpressionAttributeNames"] = {"#d": "date"}
        if index:
            request["IndexName"] = index
        return request

    def compare(self) -> None:
        """One request, page by page to its end, of both."""
        name = "query" if self.chance.random() < 0.8 else "scan"
        request = {"TableName": "journal", **(self.query() if name == "query" else {})}
        if name == "query" and self.chance.random() < 0.5:
            request["ScanIndexForward"] = self.chance.random() < 0.5
        if self.chance.random() < 0.6:
            request["Limit"] = self.chance.randint(1, 7)
        if self.chance.random() < 0.2:
            request["FilterExpression"] = "attribute_exists(amount)"
        while True:
            expected, found = self.answer(self.own[name], request), self.do(name, request)
            assert expected == found, f"{name} {request}\nministack: {expected}\npatched: {found}"
            self.compared += 1
            if "LastEvaluatedKey" not in found[1]:
                return
            request["ExclusiveStartKey"] = found[1]["LastEvaluatedKey"]


def main() -> None:
    comparison = Comparison(int(sys.argv[1]))
    for _ in range(int(sys.argv[2])):
        for _ in range(comparison.chance.randint(0, 5)):
            comparison.write()
        comparison.compare()
    sys.stdout.write(f"{comparison.compared}\n")


if __name__ == "__main__":
    main()
