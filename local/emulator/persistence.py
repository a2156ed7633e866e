"""Patch of how ministack saves DynamoDB's state: saving a long journal must not block requests or copy its memory."""

import copy
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FunctionType
from typing import Any

from local.emulator.patching import Patch, put, take

Json = dict[str, Any]

DYNAMODB = "ministack.services.dynamodb"
PERSISTENCE = "ministack.core.persistence"
SERVICE = "dynamodb"
ITEMS, MEMBERS = "items", "_index_members"  # a table's items, and the index that ministack derives from them
# The depth of an item in the saved file: payload, tables, data, table, items, partition, item.
DEPTH_OF_AN_ITEM = 7


def pieces(value: Any, plain: Callable[[Any], Any], depth: int = 0) -> Iterator[str]:
    """Yield the JSON text of a state item by item, so that other threads can run in between.

    `plain` converts an object that JSON cannot represent.
    """
    if not isinstance(value, dict | list | str | int | float | None):
        value = plain(value)
    if isinstance(value, dict) and depth < DEPTH_OF_AN_ITEM:
        yield "{"
        for number, (name, member) in enumerate(list(value.items())):
            yield f"{', ' if number else ''}{json.dumps(name)}: "
            yield from pieces(member, plain, depth + 1)
        yield "}"
    else:
        yield json.dumps(value, default=plain)


def restored(value: Any, hook: Callable[[Json], Any]) -> Any:
    """A loaded state in which converted objects are restored."""
    if isinstance(value, dict):
        return hook({name: restored(member, hook) for name, member in value.items()})
    return [restored(member, hook) for member in value] if isinstance(value, list) else value


def state_without_copies(tables: Json) -> Json:
    """A state that shares the tables' items: items are replaced, never changed, so they need not be copied."""
    return {
        key: {
            **{name: copy.deepcopy(value) for name, value in table.items() if name not in (ITEMS, MEMBERS)},
            ITEMS: {partition: dict(items) for partition, items in list(table[ITEMS].items())},
        }
        for key, table in tables.items()
    }


class Writes:
    """Counts the writes of items, to decide whether there is anything to save."""

    def __init__(self) -> None:
        self.count = 0
        self._saved: object = None

    def are_saved(self, settings: str) -> bool:
        """Whether the last save had the same items and `settings` (everything else). Remembers them as saved."""
        found = (self.count, settings)
        if found == self._saved:
            return True
        self._saved = found
        return False


def _apply() -> None:
    folder = Path(os.environ["STATE_DIR"])
    hook, plain = take(f"{PERSISTENCE}:_json_object_hook"), take(f"{PERSISTENCE}:_json_default")
    save, load = take(f"{PERSISTENCE}:save_state"), take(f"{PERSISTENCE}:load_state")
    get_state = take(f"{DYNAMODB}:get_state")
    all_tables, scoped = take(f"{DYNAMODB}:_tables"), take("ministack.core.responses:AccountRegionScopedDict")
    version = take(f"{PERSISTENCE}:_state_format_version")(SERVICE)
    writes = Writes()

    def counted(function: Callable[..., Any]) -> Callable[..., Any]:
        def run(*given: Any) -> Any:
            writes.count += 1
            return function(*given)

        return run

    def get_state_quickly() -> Json:
        # The same function without the tables: it would copy every item of them.
        state: Json = FunctionType(get_state.__code__, {**get_state.__globals__, "_tables": scoped()})()
        state["tables"]._data.update(state_without_copies(dict(all_tables._data)))
        return state

    def save_state(service: str, state: Json) -> None:
        if service != SERVICE:
            save(service, state)
            return
        settings = json.dumps(
            {
                **{name: value for name, value in state.items() if name != "tables"},
                "tables": {str(key): {**table, ITEMS: None} for key, table in state["tables"]._data.items()},
            },
            default=plain,
            sort_keys=True,
        )
        if writes.are_saved(settings):
            return
        folder.mkdir(parents=True, exist_ok=True)
        unfinished = folder / f"{service}.json.tmp"
        with unfinished.open("w") as file:
            file.writelines(pieces({"__ministack_format__": version, "payload": state}, plain))
        unfinished.replace(folder / f"{service}.json")

    def load_state(service: str) -> Any:
        file = folder / f"{service}.json"
        if service != SERVICE or not file.is_file():
            return load(service)
        document = json.loads(file.read_bytes())
        if document.get("__ministack_format__") != version:
            return load(service)
        # ministack would visit each of the millions of objects in the items.
        tables = document["payload"].pop("tables")
        state: Json = restored(document["payload"], hook)
        return {**state, "tables": hook(tables)}

    put(f"{DYNAMODB}:get_state", get_state_quickly)
    for name in ("_set_item", "_remove_item"):
        put(f"{DYNAMODB}:{name}", counted(take(f"{DYNAMODB}:{name}")))
    put(f"{PERSISTENCE}:save_state", save_state)
    for module in (PERSISTENCE, "ministack.app"):
        put(f"{module}:load_state", load_state)


PATCHES = [
    Patch(
        "saving and reading of tables",
        ministack="copies every item for each save, writes all of them again though nothing has changed, and looks at"
        " each object of the file when it starts: minutes and gigabytes for a long journal",
        aws="keeps its data",
        needs=(
            f"{DYNAMODB}:get_state",
            f"{DYNAMODB}:_tables",
            f"{DYNAMODB}:_set_item",
            f"{DYNAMODB}:_remove_item",
            f"{PERSISTENCE}:_json_object_hook",
            f"{PERSISTENCE}:_json_default",
            f"{PERSISTENCE}:_state_format_version",
            f"{PERSISTENCE}:save_state",
            f"{PERSISTENCE}:load_state",
            "ministack.app:load_state",
            "ministack.core.responses:AccountRegionScopedDict",
        ),
        apply=_apply,
    )
]
