"""Makes moto's DynamoDB quick: it stands behind most tests, and takes most of their time.

What it stores and answers stays the same. Left out is what moto does for services of every protocol and for objects of
every kind, and copies that are made in case somebody changes an item in place.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from copy import copy, deepcopy
from functools import cache, wraps
from types import SimpleNamespace
from typing import Any

from botocore import parsers, useragent
from moto.core import responses
from moto.core import serialize as serializing
from moto.core.base_backend import BaseBackend
from moto.core.parse import BaseJSONParser
from moto.core.serialize import BaseJSONSerializer, XFormedAttributePicker
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType, Item, LimitedSizeDict
from moto.dynamodb.models.table import Table
from moto.s3 import models as files

ATTRIBUTE_VALUE = "AttributeValue"
# The most bytes of an item that moto takes.
LARGEST_ITEM = 405_000


@cache
def hasten_moto() -> None:
    """Replace what is slow in moto."""
    _pass_attribute_values_on()
    _share_items()
    _measure_items_once()
    _list_files_as_they_are()
    _work_out_once()


def _pass_attribute_values_on() -> None:
    """Attribute values are JSON in requests and answers, and DynamoDB's model says no more about them."""
    parser: Any = BaseJSONParser
    serializer: Any = BaseJSONSerializer
    parse, serialize = parser._parse_structure, serializer._serialize_type_structure

    @wraps(parse)
    def quick_parse(self: Any, shape: Any, value: Any) -> Any:
        if shape.name == ATTRIBUTE_VALUE and not _is_binary(value):
            return value
        return parse(self, shape, value)

    @wraps(serialize)
    def quick_serialize(self: Any, serialized: Any, value: Any, shape: Any, key: str) -> None:
        if shape.name == ATTRIBUTE_VALUE and not _is_binary(value):
            serialized[key] = value
        else:
            serialize(self, serialized, value, shape, key)

    parser._parse_structure = quick_parse
    serializer._serialize_type_structure = quick_serialize


def _is_binary(value: Mapping[str, Any]) -> bool:
    """Whether an attribute value is binary or holds a value that is: it is not JSON for moto."""
    for kind, held in value.items():
        if kind in ("B", "BS"):
            return True
        if kind == "M" and any(map(_is_binary, held.values())):
            return True
        if kind == "L" and any(map(_is_binary, held)):
            return True
    return False


def _share_items() -> None:
    """An update changes a copy of the item, so that nothing else needs one: no query, and no transaction, for which
    moto copies the whole table once for every item that it writes.
    """
    backend: Any = DynamoDBBackend
    update = backend.update_item

    @wraps(update)
    def update_of_a_copy(self: Any, table_name: str, key: Mapping[str, Any], *args: Any, **kwargs: Any) -> Any:
        table = self.tables.get(table_name)
        if table and (ranges := table.items.get(DynamoType(key[table.hash_key_attr]))):
            assert table.stream_shard is None, "a stream would get the changed item for the old one"
            range_key = DynamoType(key[table.range_key_attr])
            if range_key in ranges:
                ranges[range_key] = _copy_of_item(ranges[range_key])
        return update(self, table_name, key, *args, **kwargs)

    def same_item(self: Any, _: Any) -> Any:
        return self

    def copy_of_table(self: Any, _: Any) -> Any:
        copied: Any = Table.__new__(Table)
        vars(copied).update(vars(self))
        copied.items = defaultdict(dict, {key: dict(ranges) for key, ranges in self.items.items()})
        return copied

    backend.update_item = update_of_a_copy
    changed: Any
    for changed, copies in ((Item, same_item), (Table, copy_of_table)):
        changed.__deepcopy__ = copies


def _copy_of_item(item: Any) -> Any:
    """An item that shares no value with the other one."""
    copied: Any = Item.__new__(Item)
    copied.hash_key, copied.range_key = item.hash_key, item.range_key
    attrs = LimitedSizeDict.__new__(LimitedSizeDict)
    dict.update(attrs, deepcopy(dict(item.attrs)))
    copied.attrs = attrs
    return copied


def _measure_items_once() -> None:
    """moto measures a new item again for each of its attributes."""
    item: Any = Item
    slow = item.__init__

    @wraps(slow)
    def init(self: Any, hash_key: Any, range_key: Any, attrs: Mapping[str, Any]) -> None:
        try:
            # JSON has each byte of a name or a value once at least.
            is_small = len(json.dumps(attrs)) < LARGEST_ITEM
        except TypeError:
            is_small = False
        if not is_small:
            slow(self, hash_key, range_key, attrs)
            return
        self.hash_key, self.range_key = hash_key, range_key
        self.attrs = LimitedSizeDict.__new__(LimitedSizeDict)
        dict.update(self.attrs, {name: DynamoType(value) for name, value in attrs.items()})

    item.__init__ = init


def _list_files_as_they_are() -> None:
    """moto copies all files of a bucket, with their content, to write into the copies which version is the latest.

    That is written anew for each list, and only lists say it.
    """
    changed: Any = files
    changed.copy = SimpleNamespace(copy=copy, deepcopy=lambda versions: versions)


def _work_out_once() -> None:
    """What is the same for every call: the addresses of a service, the methods of a class, names in another form."""
    addresses: dict[type, Any] = {}
    backend: Any = BaseBackend
    slow = backend.urls.fget

    def urls(self: Any) -> Any:
        kind = type(self)
        if kind not in addresses:
            addresses[kind] = slow(self)
        return addresses[kind]

    backend.urls = property(urls)

    # What an answer's field may be called follows from its place in the model and from the class that has it.
    names: dict[tuple[Any, ...], tuple[str, ...]] = {}
    picker: Any = XFormedAttributePicker
    slow_names = picker.get_possible_keys

    def possible_keys(self: Any, context: Any) -> tuple[str, ...]:
        place = (context.shape, context.key, type(context.obj))
        if place not in names:
            names[place] = tuple(slow_names(self, context))
        return names[place]

    picker.get_possible_keys = possible_keys
    pure: tuple[tuple[Any, str], ...] = (
        (responses, "method_names_from_class"),
        (responses, "camelcase_to_underscores"),
        (serializing, "parse_to_aware_datetime"),
        (useragent, "sanitize_user_agent_string_component"),
        (parsers, "DEFAULT_TIMESTAMP_PARSER"),
    )
    for module, name in pure:
        setattr(module, name, cache(getattr(module, name)))
