"""Whether the values of one schema stay within those of another, and by which rule they do not.

A request may only be taken more widely: each value that the old schema allows, the new one has to allow. An answer may
only become narrower: each value that the new schema allows, the old one has to allow. So one of the two is `narrow` and
the other is `wide`, and each rule asks whether the narrow one is within the wide one. Where that cannot be decided, the
change counts as breaking.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from openapi.breaking import patterns
from openapi.breaking.documents import (
    Document,
    Schema,
    canonical,
    escaped,
    named,
    references,
    unchanged_schemas,
    without_words,
)
from openapi.breaking.shapes import (
    COUNTED,
    MISSING,
    Shape,
    accepts,
    alternatives,
    common_types,
    has_flag,
    shape,
)

# Formats whose values another format takes as well.
_WIDER_FORMATS = {
    "int32": {"int64"},
    "float": {"double"},
    "uri": {"uri-reference", "iri", "iri-reference"},
    "uri-reference": {"iri-reference"},
    "iri": {"iri-reference"},
    "email": {"idn-email"},
    "hostname": {"idn-hostname"},
}
_NUMBER_FORMATS = {"int32", "int64", "float", "double"}


class Direction(Enum):
    """Where a value goes: from the client to the API, or back."""

    REQUEST = "request"
    ANSWER = "answer"

    @property
    def opposite(self) -> Direction:
        """The other direction, for what a schema excludes."""
        return Direction.ANSWER if self is Direction.REQUEST else Direction.REQUEST


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that is broken: a JSON pointer into the old contract, and the rule in words."""

    pointer: str
    why: str


class Inclusion:
    """Compares the schemas of two documents; named schemas that are the same in both are not looked into."""

    def __init__(self, old: Document, new: Document) -> None:
        self._old, self._new = old, new
        self._same = unchanged_schemas(old, new)
        self._known: dict[tuple[str, tuple[str, str, Direction, bool]], list[Finding]] = {}
        self._open: set[tuple[str, str, Direction, bool]] = set()
        self._assumed: set[tuple[str, str, Direction, bool]] = set()

    def broken(
        self, place: str, old: Schema, new: Schema, direction: Direction, *, exact: bool = False
    ) -> list[Finding]:
        """The rules that the new schema breaks.

        Args:
            place: the old schema's JSON pointer.
            old: the schema in the old document.
            new: the schema in the new document.
            direction: where its values go.
            exact: compare sets of values only; else a property that is removed breaks though others are allowed.
        """
        bare = without_words(old)
        if bare == without_words(new) and self._same.issuperset(references(bare)):
            return []
        place, old, new = self._named(place, old, new)
        key = (canonical(old), canonical(new), direction, exact)
        if (place, key) in self._known:
            return self._known[place, key]
        if key in self._open:
            # A schema that holds itself: it is within the other one unless something else says that it is not.
            self._assumed.add(key)
            return []
        self._open.add(key)
        found = list(dict.fromkeys(self._all(place, old, new, direction, exact)))
        self._open.discard(key)
        self._assumed.discard(key)
        if not self._assumed:
            self._known[place, key] = found
        return found

    def _named(self, place: str, old: Schema, new: Schema) -> tuple[str, Schema, Schema]:
        """Two schemas where they are defined, if both are a reference to a schema of the same name."""
        references_of = [_reference(schema) for schema in (old, new)]
        if references_of[0] is None or references_of[0] != references_of[1]:
            return place, old, new
        name = references_of[0]
        return self._named(name.removeprefix("#"), named(self._old, name), named(self._new, name))

    def _all(self, place: str, old: Schema, new: Schema, direction: Direction, exact: bool) -> Iterator[Finding]:
        before, after = shape(self._old, old), shape(self._new, new)
        # What a request means that leaves a value out; without a default that is for the API to say.
        told = direction is Direction.REQUEST and before.default is not MISSING and not exact
        if told and (after.default is MISSING or canonical(before.default) != canonical(after.default)):
            yield Finding(f"{place}/default", _changed("the default", before.default, after.default))
        if not before.unions and not after.unions:
            yield from self._plain(place, before, after, direction, exact)
            return
        yield from self._variants(place, before, after, direction, exact)
        yield from self._discriminator(place, before, after, direction)

    def _variants(
        self, place: str, before: Shape, after: Shape, direction: Direction, exact: bool
    ) -> Iterator[Finding]:
        """Each variant of the narrow side has to be within some variant of the wide side, wherever that stands."""
        request = direction is Direction.REQUEST
        olds, news = alternatives(self._old, before), alternatives(self._new, after)
        narrows, wides = (olds, news) if request else (news, olds)
        narrow_document, wide_document = (self._old, self._new) if request else (self._new, self._old)

        def compared(narrow: Shape, wide: Shape, there: str = place, exact: bool = exact) -> list[Finding]:
            one, other = (narrow, wide) if request else (wide, narrow)
            return list(self._plain(there, one, other, direction, exact))

        unions = before.unions or after.unions
        there = f"{place}/{unions[0].kind}"
        flat_wide = after if request else before
        for narrow in narrows:
            if narrow.values is not None:
                values = [value for value in narrow.values.values() if accepts(narrow_document, narrow, value)]
                null_fits = not narrow.null or any(wide.null for wide in wides)
                if null_fits and all(accepts(wide_document, flat_wide, value) for value in values):
                    continue
            if any(not compared(narrow, wide) for wide in wides) or self._by_type(narrow, wides, compared):
                continue
            alike = next((wide for wide in wides if wide.member and wide.member == narrow.member), None)
            if alike is not None:
                yield from compared(narrow, alike, _place_of(narrow.member) or place)
            elif len(narrows) == len(wides) == 1:
                yield from compared(narrow, wides[0])
            elif request:
                yield Finding(there, "a variant that was accepted is refused")
            else:
                yield Finding(there, "a variant was added that clients do not know")
        yield from self._only_one(there, (before, after), (narrows, wides), compared, request)

    @staticmethod
    def _by_type(narrow: Shape, wides: list[Shape], compared: Any) -> bool:
        """Whether each type that a variant allows is within some variant of the wide side."""
        pieces = [_of_types(narrow, frozenset({name}), null=False) for name in narrow.types]
        if narrow.null:
            pieces.append(_of_types(narrow, frozenset(), null=True))
        return len(pieces) > 1 and all(any(not compared(piece, wide) for wide in wides) for piece in pieces)

    def _only_one(
        self,
        there: str,
        flats: tuple[Shape, Shape],
        sides: tuple[list[Shape], list[Shape]],
        compared: Any,
        request: bool,
    ) -> Iterator[Finding]:
        """A value that matches two variants of a oneOf is refused by it."""
        narrow_flat, wide_flat = flats if request else flats[::-1]
        kinds = [{union.kind for union in flat.unions} for flat in (narrow_flat, wide_flat)]
        if "oneOf" not in kinds[1]:
            return
        narrows, wides = sides
        documents = (self._old, self._new) if request else (self._new, self._old)
        known = {narrow.member for narrow in narrows} if kinds[0] == kinds[1] else set()
        words = "a value can match two variants of the oneOf, which refuses it"
        if not request:
            words = "a value can match two variants, of which clients know that it matches one"
        for narrow in narrows:
            own = [number for number, wide in enumerate(wides) if not compared(narrow, wide, exact=True)]
            others = [number for number, wide in enumerate(wides) if wide.member not in known]
            for number in others:
                contained = number in own and len(own) > 1
                from_any = "anyOf" in kinds[0] and number not in own[:1]
                if contained or (from_any and not self._disjoint(documents, narrow, wides[number])):
                    yield Finding(there, words)
                    return

    def _disjoint(self, documents: tuple[Document, Document], one: Shape, other: Shape, depth: int = 0) -> bool:
        """Whether it is certain that no value has both shapes."""
        if one.null and other.null:
            return False
        shared = common_types(one.types, other.types)
        if not shared:
            return True
        for flat, against, document in ((one, other, documents[1]), (other, one, documents[0])):
            if flat.values is not None:
                return not any(accepts(document, against, value) for value in flat.values.values())
        if shared <= {"number", "integer"}:
            return _beyond(one, other) or _beyond(other, one)
        if shared != {"object"} or depth > 3:
            return False
        for flat, against in ((one, other), (other, one)):
            if against.additional is False and any(name not in against.properties for name in flat.required):
                return True
        return any(
            name in one.properties
            and name in other.properties
            and self._disjoint(
                documents,
                shape(documents[0], one.properties[name]),
                shape(documents[1], other.properties[name]),
                depth + 1,
            )
            for name in one.required & other.required
        )

    def _discriminator(self, place: str, before: Shape, after: Shape, direction: Direction) -> Iterator[Finding]:
        if not before.discriminator or not after.discriminator:
            return
        there = f"{place}/discriminator"
        if before.discriminator.get("propertyName") != after.discriminator.get("propertyName"):
            yield Finding(there, "another property tells the variants apart")
            return
        olds, news = (_mapping(flat) for flat in (before, after))
        narrow, wide = (olds, news) if direction is Direction.REQUEST else (news, olds)
        for name in narrow:
            if name in wide and narrow[name] != wide[name]:
                yield Finding(f"{there}/mapping", f"{name} stands for another variant")
            elif name not in wide:
                words = "is refused" if direction is Direction.REQUEST else "is a name that clients do not know"
                yield Finding(f"{there}/mapping", f"{name} {words}")

    def _plain(self, place: str, before: Shape, after: Shape, direction: Direction, exact: bool) -> Iterator[Finding]:
        """Both shapes without unions."""
        request = direction is Direction.REQUEST
        narrow, wide = (before, after) if request else (after, before)
        documents = (self._old, self._new) if request else (self._new, self._old)
        if narrow.null and not wide.null:
            yield Finding(f"{place}/nullable", "null is refused" if request else "the value may be null")
        if common_types(narrow.types, wide.types) != narrow.types:
            why = f"the type was changed from {_types(before)} to {_types(after)}"
            yield Finding(f"{place}/type", why)
            return
        for keyword, _ in sorted(wide.others - narrow.others):
            yield Finding(f"{place}/{keyword}", f"{keyword} was changed, and what it allows cannot be compared")
        for keyword in sorted(before.widening - after.widening) if request else ():
            yield Finding(f"{place}/{keyword}", f"{keyword} was removed, so less is taken")
        yield from _values(place, documents, narrow, wide, request)
        if narrow.values is not None and not narrow.types & {"array", "object"}:
            return
        yield from _limits(place, before, after, narrow, wide)
        yield from self._excluded(place, narrow, wide, direction, documents)
        if "array" in narrow.types:
            yield from self.broken(f"{place}/items", before.items, after.items, direction, exact=exact)
        if "object" in narrow.types:
            yield from self._properties(place, before, after, direction, exact)

    def _excluded(
        self, place: str, narrow: Shape, wide: Shape, direction: Direction, documents: tuple[Document, Document]
    ) -> Iterator[Finding]:
        """What the wide side excludes by `not`, the narrow side has to exclude too."""
        for schema in wide.excluded:
            excluded = shape(documents[1], schema)
            if any(self._within(place, schema, own, direction) for own in narrow.excluded):
                continue
            swapped = (documents[0], documents[1])
            if not excluded.unions and not excluded.excluded and self._disjoint(swapped, narrow, excluded):
                continue
            words = (
                "values are refused that were accepted"
                if direction is Direction.REQUEST
                else ("values that were excluded can come")
            )
            yield Finding(f"{place}/not", words)

    def _within(self, place: str, excluded: Schema, own: Schema, direction: Direction) -> bool:
        """Whether the narrow side's own `not` excludes all that another one excludes."""
        old, new = (own, excluded) if direction is Direction.REQUEST else (excluded, own)
        return not self.broken(f"{place}/not", old, new, direction.opposite, exact=True)

    def _properties(
        self, place: str, before: Shape, after: Shape, direction: Direction, exact: bool
    ) -> Iterator[Finding]:
        request = direction is Direction.REQUEST
        # What the other direction alone has is no part of this one, and not required in it.
        hidden = "readOnly" if request else "writeOnly"
        olds, old_hidden = _visible(self._old, before, hidden)
        news, new_hidden = _visible(self._new, after, hidden)
        for name, schema in olds.items():
            there = f"{place}/properties/{escaped(name)}"
            if name in news:
                yield from self.broken(there, schema, news[name], direction, exact=exact)
            elif not exact:
                yield Finding(there, _gone(name in new_hidden, request))
            elif after.additional is False:
                if request:
                    yield Finding(there, "the property is refused")
            else:
                yield from self.broken(there, schema, after.additional, direction, exact=True)
        for name, schema in news.items():
            if name not in olds:
                yield from self._added(place, name, schema, before, direction, exact)
        was, became = before.required - old_hidden, after.required - new_hidden
        if request:
            for name in sorted(became - was):
                yield Finding(f"{place}/required", f"{name} became required")
        else:
            for name in sorted(was - became):
                if name in news or name not in olds:
                    yield Finding(f"{place}/required", f"{name} may be absent")
        yield from self._others(place, before, after, direction, exact)

    def _added(
        self, place: str, name: str, schema: Schema, before: Shape, direction: Direction, exact: bool
    ) -> Iterator[Finding]:
        """A property that the old schema did not declare."""
        there = f"{place}/additionalProperties"
        if before.additional is False:
            if direction is Direction.ANSWER:
                yield Finding(there, f"{name} was added to an object that has no other properties than it declares")
        elif before.additional or exact:
            yield from self.broken(there, before.additional, schema, direction, exact=exact)

    def _others(self, place: str, before: Shape, after: Shape, direction: Direction, exact: bool) -> Iterator[Finding]:
        """Properties that are not declared."""
        there = f"{place}/additionalProperties"
        request = direction is Direction.REQUEST
        narrow, wide = (before.additional, after.additional) if request else (after.additional, before.additional)
        if narrow is False:
            return
        if wide is False:
            yield Finding(there, "further properties are refused" if request else "further properties may come")
        else:
            yield from self.broken(there, before.additional, after.additional, direction, exact=exact)


def _reference(schema: Schema) -> str | None:
    """What a schema refers to when it is a reference, by itself or alone in an allOf, and says nothing else."""
    while "$ref" not in schema:
        if len(schema.get("allOf", ())) != 1 or set(without_words(schema)) != {"allOf"}:
            return None
        schema = schema["allOf"][0]
    return str(schema["$ref"])


def _values(
    place: str, documents: tuple[Document, Document], narrow: Shape, wide: Shape, request: bool
) -> Iterator[Finding]:
    """Enumerations, and enumerated values under other rules."""
    there = f"{place}/enum"
    new = "refused" if request else "new to clients"
    possible = narrow.values
    if possible is None and narrow.types == {"boolean"}:
        possible = {"true": True, "false": False}
    open_to_clients = wide.open_values and not request
    if possible is None:
        if wide.values is not None and not open_to_clients:
            yield Finding(there, f"values beside the enumerated ones are {new}")
        return
    for value in possible.values():
        if accepts(documents[0], narrow, value) and not accepts(documents[1], wide, value, any_value=open_to_clients):
            yield Finding(there, f"the value {value} is {new}")


def _limits(place: str, before: Shape, after: Shape, narrow: Shape, wide: Shape) -> Iterator[Finding]:
    """Lengths, counts, bounds, multiples, formats, patterns."""
    for counted, name in COUNTED.items():
        if name not in narrow.types:
            continue
        if narrow.at_least(counted) < wide.lowest.get(counted, 0):
            keyword = f"min{counted}"
            yield Finding(
                f"{place}/{keyword}", _changed(keyword, before.lowest.get(counted), after.lowest.get(counted))
            )
        if narrow.at_most(counted) > wide.highest.get(counted, math.inf):
            keyword = f"max{counted}"
            old, new = before.highest.get(counted), after.highest.get(counted)
            yield Finding(f"{place}/{keyword}", _changed(keyword, old, new))
    if narrow.types & {"number", "integer"}:
        yield from _numbers(place, before, after, narrow, wide)
    if "array" in narrow.types and wide.unique and not narrow.unique and narrow.at_most("Items") > 1:
        yield Finding(f"{place}/uniqueItems", _changed("uniqueItems", before.unique, after.unique))
    for name in sorted(wide.formats):
        concerned = narrow.types & (
            {"number", "integer"} if name in _NUMBER_FORMATS else {"string", "number", "integer"}
        )
        if concerned and not any(name == own or name in _WIDER_FORMATS.get(own, ()) for own in narrow.formats):
            yield Finding(f"{place}/format", _changed("format", _some(before.formats), _some(after.formats)))
    if "string" in narrow.types:
        for pattern in sorted(wide.patterns):
            if not patterns.allows_all(pattern) and not any(patterns.within(own, pattern) for own in narrow.patterns):
                yield Finding(f"{place}/pattern", _changed("pattern", _some(before.patterns), _some(after.patterns)))


def _numbers(place: str, before: Shape, after: Shape, narrow: Shape, wide: Shape) -> Iterator[Finding]:
    for keyword, side, past in (("minimum", "lowest", "past_lowest"), ("maximum", "highest", "past_highest")):
        limit, own = getattr(wide, side).get("imum"), getattr(narrow, side).get("imum")
        if limit is None:
            continue
        further = own is None or (own < limit if keyword == "minimum" else own > limit)
        touching = own == limit and getattr(wide, past) and not getattr(narrow, past)
        if further or touching:
            old, new = (getattr(flat, side).get("imum") for flat in (before, after))
            name = f"exclusive{keyword.capitalize()}" if touching else keyword
            yield Finding(f"{place}/{name}", _changed(keyword, old, new) + (", excluded" if touching else ""))
    whole = narrow.types & {"number", "integer"} == {"integer"}
    for number in sorted(wide.multiples):
        if whole and (1 / number).denominator == 1:
            continue
        if not any((own / number).denominator == 1 for own in narrow.multiples):
            old, new = (_some(frozenset(map(str, flat.multiples))) for flat in (before, after))
            yield Finding(f"{place}/multipleOf", _changed("multipleOf", old, new))


def _place_of(member: tuple[str, ...]) -> str | None:
    """Where the only member of an alternative is defined, when it is a reference."""
    reference = json.loads(member[0]).get("$ref") if len(member) == 1 else None
    return None if reference is None else str(reference).removeprefix("#")


def _of_types(flat: Shape, types: frozenset[str], *, null: bool) -> Shape:
    return replace(flat, types=types, null=null)


def _beyond(one: Shape, other: Shape) -> bool:
    """Whether all numbers of one shape are less than those of the other."""
    highest, lowest = one.highest.get("imum", math.inf), other.lowest.get("imum", -math.inf)
    return highest < lowest or (highest == lowest and (one.past_highest or other.past_lowest))


def _mapping(flat: Shape) -> dict[str, str]:
    """The variants by the names that a discriminator knows them by: those of their schemas, and those it lists."""
    named = {}
    for union in flat.unions:
        for member in union.members:
            if "$ref" in member:
                named[member["$ref"].rpartition("/")[2]] = member["$ref"]
    for name, schema in (flat.discriminator or {}).get("mapping", {}).items():
        named[name] = schema if "/" in schema else f"#/components/schemas/{schema}"
    return named


def _visible(document: Document, flat: Shape, hidden: str) -> tuple[dict[str, Schema], frozenset[str]]:
    names = frozenset(name for name, schema in flat.properties.items() if has_flag(document, schema, hidden))
    return {name: schema for name, schema in flat.properties.items() if name not in names}, names


def _gone(hidden: bool, request: bool) -> str:
    if not hidden:
        return "the property was removed or renamed"
    return "the property became readOnly" if request else "the property became writeOnly"


def _types(flat: Shape) -> str:
    return "any" if len(flat.types) == len(Shape().types) else " or ".join(sorted(flat.types)) or "null"


def _some(values: frozenset[str]) -> str | None:
    return " and ".join(sorted(values)) or None


def _changed(name: str, old: Any, new: Any) -> str:
    words = ["none" if value is None or value is MISSING else str(value) for value in (old, new)]
    return f"{name} was changed from {words[0]} to {words[1]}"
