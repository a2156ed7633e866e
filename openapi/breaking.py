"""What in a new contract can break the clients of an old one.

`python -m openapi.breaking BASE` compares `openapi.yaml` with the one at that git revision and exits 1 when a client
can break, unless the major version was raised. Additions pass: operations, optional input, properties and headers of
answers, statuses. What a client sends may only be taken more widely, what it receives may only become narrower.

Whoever generates a client also relies on names: operationIds, tags and schemas are compared too.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

import yaml

from openapi.generate import CONTRACT, METHODS, ROOT, contract

Document = Mapping[str, Any]


class Way(Enum):
    """Where a value goes: what is sent may only be widened, what is received may only be narrowed."""

    SENT = "sent"
    RECEIVED = "received"


@dataclass(frozen=True, slots=True)
class Break:
    """Something that can break a client: a JSON pointer into the old contract, and why."""

    pointer: str
    why: str

    def __str__(self) -> str:
        return f"{self.pointer}: {self.why}"


def breaks(old: Document, new: Document) -> list[Break]:
    """Everything in the new contract that can break a client of the old one, each once, in the old one's order."""
    return list(dict.fromkeys(_Comparison(old, new).all()))


class _Comparison:
    def __init__(self, old: Document, new: Document) -> None:
        self.old, self.new = old, new
        self._seen: set[tuple[str, str, Way]] = set()

    def all(self) -> Iterator[Break]:
        if _addresses(self.old) - _addresses(self.new):
            yield Break("/servers", "an address was removed")
        for name in _removed(self.old["components"].get("schemas", {}), self.new["components"].get("schemas", {})):
            yield Break(f"/components/schemas/{name}", "the schema was removed or renamed")
        schemes = [document["components"].get("securitySchemes", {}) for document in (self.old, self.new)]
        for name, scheme in schemes[0].items():
            if _without_words(scheme) != _without_words(schemes[1].get(name, {})):
                yield Break(f"/components/securitySchemes/{name}", "the security was changed")
        for path, item in self.old["paths"].items():
            place = f"/paths/{_escaped(path)}"
            if path not in self.new["paths"]:
                yield Break(place, "the path was removed or renamed")
                continue
            for method in METHODS:
                if method in item:
                    yield from self._operation(f"{place}/{method}", path, method)

    def _operation(self, place: str, path: str, method: str) -> Iterator[Break]:
        old_item, new_item = self.old["paths"][path], self.new["paths"][path]
        old, new = old_item[method], new_item.get(method)
        if new is None:
            yield Break(place, "the operation was removed")
            return
        for name, words in (("operationId", "the operationId was changed"), ("tags", "the tags were changed")):
            if old.get(name) != new.get(name):
                yield Break(f"{place}/{name}", words)
        if old.get("security", self.old.get("security")) != new.get("security", self.new.get("security")):
            yield Break(f"{place}/security", "the security was changed")
        yield from self._parameters(place, (old_item, old), (new_item, new))
        yield from self._request_body(f"{place}/requestBody", old, new)
        for status, response in old["responses"].items():
            there = f"{place}/responses/{status}"
            if status not in new["responses"]:
                yield Break(there, "the status was removed")
                continue
            yield from self._response(there, response, new["responses"][status])

    def _parameters(self, place: str, old: Sequence[Document], new: Sequence[Document]) -> Iterator[Break]:
        before, after = self._by_name(self.old, old), self._by_name(self.new, new)
        for (where, name), parameter in before.items():
            there = f"{place}/parameters/{name}"
            if (where, name) not in after:
                yield Break(there, f"the {where} parameter was removed or renamed")
                continue
            changed = after[where, name]
            if changed.get("required") and not parameter.get("required"):
                yield Break(there, "the parameter became required")
            for setting in ("style", "explode"):
                if parameter.get(setting) != changed.get(setting):
                    yield Break(f"{there}/{setting}", "the way in which it is written was changed")
            yield from self._schema(f"{there}/schema", parameter["schema"], changed["schema"], Way.SENT)
        for where, name in after.keys() - before.keys():
            if after[where, name].get("required"):
                yield Break(f"{place}/parameters/{name}", f"a {where} parameter was added that is required")

    @staticmethod
    def _by_name(document: Document, levels: Sequence[Document]) -> dict[tuple[str, str], Document]:
        parameters = [_target(document, one) for level in levels for one in level.get("parameters", [])]
        return {(parameter["in"], parameter["name"]): parameter for parameter in parameters}

    def _request_body(self, place: str, old: Document, new: Document) -> Iterator[Break]:
        if "requestBody" not in old:
            if "requestBody" in new and _target(self.new, new["requestBody"]).get("required"):
                yield Break(place, "a body was added that is required")
            return
        if "requestBody" not in new:
            yield Break(place, "the body was removed")
            return
        before, after = _target(self.old, old["requestBody"]), _target(self.new, new["requestBody"])
        if after.get("required") and not before.get("required"):
            yield Break(place, "the body became required")
        yield from self._content(place, before, after, Way.SENT)

    def _response(self, place: str, old: Document, new: Document) -> Iterator[Break]:
        before, after = _target(self.old, old), _target(self.new, new)
        headers = after.get("headers", {})
        for name, header in before.get("headers", {}).items():
            there = f"{place}/headers/{name}"
            if name not in headers:
                yield Break(there, "the header was removed")
                continue
            was, became = _target(self.old, header), _target(self.new, headers[name])
            if was.get("required") and not became.get("required"):
                yield Break(there, "the header became optional")
            yield from self._schema(f"{there}/schema", was["schema"], became["schema"], Way.RECEIVED)
        yield from self._content(place, before, after, Way.RECEIVED)
        for media_type in after.get("content", {}).keys() - before.get("content", {}).keys():
            yield Break(f"{place}/content/{_escaped(media_type)}", "a media type was added that clients do not expect")

    def _content(self, place: str, old: Document, new: Document, way: Way) -> Iterator[Break]:
        for media_type, content in old.get("content", {}).items():
            there = f"{place}/content/{_escaped(media_type)}"
            if media_type not in new.get("content", {}):
                yield Break(there, "the media type was removed")
                continue
            became = new["content"][media_type]
            yield from self._schema(f"{there}/schema", content["schema"], became["schema"], way)

    def _schema(self, place: str, old: Document, new: Document, way: Way) -> Iterator[Break]:
        # A named schema is reported where it is defined, and compared once for each pair of names and each way.
        if "$ref" in old:
            place = old["$ref"].removeprefix("#")
            pair = (old["$ref"], str(new.get("$ref", new)), way)
            if pair in self._seen:
                return
            self._seen.add(pair)
        before, after = self._flat(self.old, old), self._flat(self.new, new)
        yield from _values(place, before, after, way)
        yield from self._properties(place, before, after, way)
        if "items" in before and "items" in after:
            yield from self._schema(f"{place}/items", before["items"], after["items"], way)
        both = before.get("additionalProperties"), after.get("additionalProperties")
        if isinstance(both[0], dict) and isinstance(both[1], dict):
            yield from self._schema(f"{place}/additionalProperties", both[0], both[1], way)
        elif way is Way.SENT and both[0] is not False and both[1] is False:
            yield Break(f"{place}/additionalProperties", "further properties are refused now")
        yield from self._variants(place, before, after, way)

    def _properties(self, place: str, old: Document, new: Document, way: Way) -> Iterator[Break]:
        before, after = old.get("properties", {}), new.get("properties", {})
        for name, schema in before.items():
            there = f"{place}/properties/{_escaped(name)}"
            if name not in after:
                yield Break(there, "the property was removed or renamed")
            else:
                yield from self._schema(there, schema, after[name], way)
        was, became = set(old.get("required", [])), set(new.get("required", []))
        if way is Way.SENT:
            for name in sorted(became - was):
                yield Break(f"{place}/required", f"{name} is required now")
        else:
            for name in sorted((was - became) & after.keys()):
                yield Break(f"{place}/required", f"{name} may be absent now")

    def _variants(self, place: str, old: Document, new: Document, way: Way) -> Iterator[Break]:
        for key in ("oneOf", "anyOf"):
            before, after = old.get(key, []), new.get(key, [])
            if way is Way.SENT and after and len(after) < len(before):
                yield Break(f"{place}/{key}", "a variant is refused now")
            if way is Way.SENT and after and not before:
                yield Break(f"{place}/{key}", "only certain variants are taken now")
            if way is Way.RECEIVED and before and (len(after) > len(before) or not after):
                yield Break(f"{place}/{key}", "a variant was added that clients do not expect")
            for number, (was, became) in enumerate(zip(before, after, strict=False)):
                yield from self._schema(f"{place}/{key}/{number}", was, became, way)

    @staticmethod
    def _flat(document: Document, schema: Document) -> dict[str, Any]:
        """The schema with its reference resolved and its allOf merged into it."""
        schema = _target(document, schema)
        flat: dict[str, Any] = {key: value for key, value in schema.items() if key != "allOf"}
        for part in schema.get("allOf", []):
            other = _Comparison._flat(document, part)
            flat = {
                **other,
                **flat,
                "properties": {**other.get("properties", {}), **flat.get("properties", {})},
                "required": [*other.get("required", []), *flat.get("required", [])],
            }
        return flat


# Bounds that hold from below and from above; absent, everything is allowed.
_LOWER = ("minLength", "minimum", "minItems", "minProperties")
_UPPER = ("maxLength", "maximum", "maxItems", "maxProperties")


def _values(place: str, old: Document, new: Document, way: Way) -> Iterator[Break]:
    """The constraints of a single value."""
    # Whoever takes a number takes an integer; nothing else goes together.
    narrow, wide = (old, new) if way is Way.SENT else (new, old)
    if narrow.get("type") != wide.get("type") and (narrow.get("type"), wide.get("type")) != ("integer", "number"):
        yield Break(f"{place}/type", f"the type was changed from {old.get('type')} to {new.get('type')}")
        return
    if narrow.get("nullable", False) and not wide.get("nullable", False):
        yield Break(f"{place}/nullable", "null is refused now" if way is Way.SENT else "it may be null now")
    # From here on: everything that the narrow one allows, the wide one has to allow.
    if "enum" in wide and ("enum" not in narrow or set(map(str, narrow["enum"])) - set(map(str, wide["enum"]))):
        words = "values are refused now" if way is Way.SENT else "values were added that clients do not expect"
        yield Break(f"{place}/enum", words)
    for bound in _LOWER:
        if bound in wide and narrow.get(bound, float("-inf")) < wide[bound]:
            yield Break(f"{place}/{bound}", _changed(old, new, bound))
    for bound in _UPPER:
        if bound in wide and narrow.get(bound, float("inf")) > wide[bound]:
            yield Break(f"{place}/{bound}", _changed(old, new, bound))
    for name in ("pattern", "format", "multipleOf", "uniqueItems", "exclusiveMinimum", "exclusiveMaximum"):
        # Of two patterns nobody can tell which is the wider: another one counts as a change.
        if wide.get(name, False) and wide[name] != narrow.get(name):
            yield Break(f"{place}/{name}", _changed(old, new, name))
    if way is Way.SENT and "default" in old and old["default"] != new.get("default"):
        yield Break(f"{place}/default", _changed(old, new, "default"))


def _changed(old: Document, new: Document, name: str) -> str:
    return f"{name} was changed from {old.get(name, 'none')} to {new.get(name, 'none')}"


def _target(document: Document, node: Document) -> Document:
    while "$ref" in node:
        found: Any = document
        for step in node["$ref"].removeprefix("#/").split("/"):
            found = found[step.replace("~1", "/").replace("~0", "~")]
        node = found
    return node


def _without_words(scheme: Document) -> Document:
    return {name: value for name, value in scheme.items() if name not in ("description", "bearerFormat")}


def _addresses(document: Document) -> set[str]:
    return {server["url"] for server in document.get("servers", [])}


def _removed(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    return [name for name in old if name not in new]


def _escaped(step: str) -> str:
    return step.replace("~", "~0").replace("/", "~1")


def contract_at(revision: str) -> Document:
    """The contract as it was at a git revision."""
    path = CONTRACT.relative_to(ROOT)
    command = ["git", "show", f"{revision}:{path}"]
    shown = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)  # noqa: S603 our own arguments
    document: Document = yaml.load(shown.stdout, yaml.CSafeLoader)
    return document


def _major(document: Document) -> int:
    return int(document["info"]["version"].split(".")[0])


def main() -> int:
    parser = argparse.ArgumentParser(description="Tell what can break the clients of a released contract.")
    parser.add_argument("base", help="the git revision of the released contract, for instance its tag")
    base = parser.parse_args().base
    try:
        old = contract_at(base)
    except subprocess.CalledProcessError as error:
        print(f"There is no contract at {base}: {error.stderr.strip()}", file=sys.stderr)
        return 2
    new = contract()
    found = breaks(old, new)
    for broken in found:
        print(broken)
    if found and _major(new) > _major(old):
        print(f"{len(found)} changes can break a client; the major version was raised for them.")
        return 0
    print(f"{len(found)} changes since {base} can break a client.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
