import json
from typing import Any

from local.emulator.persistence import Writes, pieces, restored, state_without_copies


class Scoped:
    """Stands in for ministack's dictionaries by account and region, which JSON cannot represent."""

    def __init__(self, data: dict[str, Any]) -> None:
        self.data = data


def plain(value: Any) -> Any:
    if isinstance(value, Scoped):
        return {"__scoped__": True, "data": value.data}
    if isinstance(value, bytes):
        return {"__bytes__": value.decode()}
    raise TypeError(value)


def hook(value: dict[str, Any]) -> Any:
    if "__scoped__" in value:
        return Scoped(value["data"])
    return value["__bytes__"].encode() if "__bytes__" in value else value


ITEM = {"userId": {"S": "dana"}, "statKey": {"S": 'a "quoted" é'}, "count": {"N": "1"}}
STATE: dict[str, Any] = {
    "tables": Scoped({"table": {"pk_name": "userId", "sk_name": None, "items": {"dana": {"a": ITEM, "b": {}}}}}),
    "tags": [{"Key": "a"}, Scoped({})],
    "secret": b"x",
    "none": {},
}


def test_a_state_is_written_as_json_item_by_item() -> None:
    document = {"__ministack_format__": 2, "payload": STATE}
    found = list(pieces(document, plain))
    assert json.loads("".join(found)) == json.loads(json.dumps(document, default=plain))
    assert json.dumps(ITEM) in found


def test_what_is_read_has_its_objects_back() -> None:
    read = restored(json.loads("".join(pieces(STATE, plain))), hook)
    assert read["tables"].data == STATE["tables"].data
    assert isinstance(read["tags"][1], Scoped)
    assert read["secret"] == b"x"


def test_items_are_shared_with_the_state_and_partitions_are_not() -> None:
    tables: dict[str, Any] = {"key": {"items": {"dana": {"a": ITEM}}, "_index_members": object(), "KeySchema": [{}]}}
    state = state_without_copies(tables)
    assert set(state["key"]) == {"items", "KeySchema"}
    assert state["key"]["items"]["dana"]["a"] is ITEM
    tables["key"]["items"]["dana"]["b"] = {}
    tables["key"]["KeySchema"][0]["new"] = 1
    assert state["key"] == {"items": {"dana": {"a": ITEM}}, "KeySchema": [{}]}


def test_only_what_has_changed_is_saved_again() -> None:
    writes = Writes()
    assert not writes.are_saved("settings")
    assert writes.are_saved("settings")
    writes.count += 1
    assert not writes.are_saved("settings")
    assert writes.are_saved("settings")
    assert not writes.are_saved("other settings")
