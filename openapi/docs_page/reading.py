"""The contract as the docs page shows it: sections of the guide, operations by tag, fields of schemas."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import inflection

from openapi.docs_page import samples

METHODS = ("get", "post", "put", "patch", "delete")
# A section of info.description begins with a name in bold.
_SECTION = re.compile(r"^\*\*(?P<name>[^*]+?)\.?\*\*\s*", re.MULTILINE)
_MOST_VALUES = 12

Json = dict[str, Any]


# The refusals that mean the same at every operation; a 401 does at those that want a token.
_EVERYWHERE = {"400", "413", "415", "429", "500", "503"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A part of the guide."""

    id: str
    name: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A property, a parameter or a header. `depth` counts the objects around a property."""

    name: str
    type: str
    text: str
    required: bool = False
    place: str = ""
    rules: tuple[str, ...] = ()
    schema: str | None = None  # the named schema that it has, which the page shows by itself
    depth: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A status that an operation answers."""

    status: str
    text: str
    type: str = ""
    schema: str | None = None
    headers: tuple[Field, ...] = ()
    examples: tuple[tuple[str, str], ...] = ()  # what an example shows, and its JSON
    is_everywhere: bool = False  # whether it means the same at every operation: the guide explains it


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """An operation with all that its article shows."""

    id: str
    tag: str
    method: str
    path: str
    summary: str
    text: str
    is_public: bool
    is_deprecated: bool
    parameters: tuple[Field, ...]
    body: tuple[Field, ...]
    body_schema: str | None
    bodies: tuple[tuple[str, str], ...]
    media_type: str | None
    answers: tuple[Answer, ...]
    # For each body, or once without one: the language's name, its short name, the code.
    samples: tuple[tuple[tuple[str, str, str], ...], ...]
    form: Json  # what the form of "Try it" is made of


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """A tag with its operations."""

    name: str
    text: str
    operations: tuple[Operation, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    """A named schema and its fields."""

    name: str
    type: str
    text: str
    fields: tuple[Field, ...] = ()
    rules: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """All that the page shows."""

    title: str
    version: str
    introduction: str
    guide: tuple[Section, ...]
    tags: tuple[Tag, ...]
    schemas: tuple[Schema, ...]

    def place_of(self, schema: str) -> str:
        """Where the page shows a named schema: by itself, or with the one operation whose body it is."""
        if any(each.name == schema for each in self.schemas):
            return f"schema-{schema}"
        return next(each.id for tag in self.tags for each in tag.operations if each.body_schema == schema)


@dataclass(frozen=True)
class Reader:
    """Reads the document, with its references resolved where that is asked."""

    document: Json

    def contract(self) -> Contract:
        """The whole of it."""
        info = self.document["info"]
        introduction, guide = _sections(info["description"])
        operations = [self._operation(*each) for each in self._operations()]
        tags = tuple(
            Tag(
                name=tag["name"],
                text=tag.get("description", ""),
                operations=tuple(operation for operation in operations if operation.tag == tag["name"]),
            )
            for tag in self.document["tags"]
        )
        named = self.document["components"]["schemas"]
        bodies = Counter(operation.body_schema for operation in operations)
        schemas = tuple(
            self._schema(name, schema)
            for name, schema in sorted(named.items())
            # The body of one operation is shown there.
            if self.resolved(schema).get("properties") and bodies[name] != 1
        )
        return Contract(
            title=info["title"],
            version=info["version"],
            introduction=introduction,
            guide=guide,
            tags=tags,
            schemas=schemas,
        )

    def resolved(self, node: Json) -> Json:
        """The node that a reference leads to, or the node itself; the members of allOf as one."""
        while "$ref" in node:
            found: Any = self.document
            for part in node["$ref"].removeprefix("#/").split("/"):
                found = found[part.replace("~1", "/").replace("~0", "~")]
            node = found
        if "allOf" not in node:
            return node
        merged: Json = {}
        for part in (*node["allOf"], {name: value for name, value in node.items() if name != "allOf"}):
            whole = self.resolved(part)
            properties = {**merged.get("properties", {}), **whole.get("properties", {})}
            required = [*merged.get("required", []), *whole.get("required", [])]
            merged = {**merged, **whole}
            if properties:
                merged |= {"properties": properties, "required": required}
        return merged

    def _operations(self) -> Iterator[tuple[str, str, Json, Json]]:
        for path, item in self.document["paths"].items():
            for method in item:
                if method in METHODS:
                    yield path, method, item, item[method]

    def _operation(self, path: str, method: str, item: Json, operation: Json) -> Operation:
        parameters = [self.resolved(each) for each in (*item.get("parameters", ()), *operation.get("parameters", ()))]
        media_type, content = _first_content(operation.get("requestBody", {}))
        bodies = self._examples(content)
        is_public = operation.get("security", self.document.get("security")) == []
        examples = {each["name"]: self._example_of(each) for each in parameters}
        name = operation["operationId"]
        key = inflection.dasherize(inflection.underscore(name))
        request = partial(
            samples.Request,
            operation_id=name,
            tag=operation["tags"][0],
            method=method.upper(),
            path=path,
            body_schema=_name_of(content.get("schema", {})),
            media_type=media_type,
            is_public=is_public,
        )
        body_schema = content.get("schema", {})
        return Operation(
            id=operation["operationId"],
            tag=operation["tags"][0],
            method=method.upper(),
            path=path,
            summary=operation["summary"],
            text=operation.get("description", ""),
            is_public=is_public,
            is_deprecated=bool(operation.get("deprecated")),
            parameters=tuple(self._parameter(each) for each in parameters),
            body=tuple(self._fields(body_schema)),
            body_schema=self._shown(body_schema),
            bodies=bodies,
            media_type=media_type,
            answers=tuple(
                self._answer(status, each, is_public=is_public) for status, each in operation["responses"].items()
            ),
            samples=tuple(
                samples.all_of(
                    request(
                        body=json.loads(body) if body else None,
                        parameters=tuple(
                            _shown(each, examples[each["name"]], f"{key}-{number}") for each in parameters
                        ),
                    )
                )
                for number, (_, body) in enumerate(bodies or [("", "")], 1)
            ),
            form={
                "method": method.upper(),
                "path": path,
                "secured": not is_public,
                "media": media_type,
                "bodies": [body for _, body in bodies],
                "parameters": [
                    {
                        "name": each["name"],
                        "in": each["in"],
                        "required": bool(each.get("required")),
                        "list": self.resolved(each["schema"]).get("type") == "array",
                        "exploded": each.get("explode", True),
                        "example": _as_text(examples[each["name"]]),
                    }
                    for each in parameters
                ],
            },
        )

    def _parameter(self, parameter: Json) -> Field:
        schema = parameter["schema"]
        return Field(
            name=parameter["name"],
            type=self._type(schema),
            text=parameter.get("description") or self.resolved(schema).get("description", ""),
            required=bool(parameter.get("required")),
            place=parameter["in"],
            rules=self._rules(schema),
        )

    def _answer(self, status: str, node: Json, *, is_public: bool) -> Answer:
        answer = self.resolved(node)
        media, content = _first_content(answer)
        headers = tuple(
            Field(
                name=name,
                type=self._type(self.resolved(header)["schema"]),
                text=self.resolved(header).get("description", ""),
                required=bool(self.resolved(header).get("required")),
            )
            for name, header in answer.get("headers", {}).items()
        )
        return Answer(
            status=status,
            text=answer["description"],
            type=media or "",
            schema=self._shown(content.get("schema", {})),
            headers=headers,
            examples=self._examples(content),
            is_everywhere=status in _EVERYWHERE or (status == "401" and not is_public),
        )

    def _schema(self, name: str, schema: Json) -> Schema:
        whole = self.resolved(schema)
        return Schema(
            name=name,
            type=self._type(schema, by_name=False),
            text=whole.get("description", ""),
            fields=tuple(self._fields(schema)),
            rules=self._rules(schema),
        )

    def _fields(self, schema: Json, depth: int = 0) -> Iterator[Field]:
        """The properties of an object, each followed by those of an object in it that has no name."""
        whole = self.resolved(schema)
        for name, given in whole.get("properties", {}).items():
            inner = self.resolved(given)
            of_items: Json = inner.get("items", {}) if inner.get("type") == "array" else given
            yield Field(
                name=name,
                type=self._type(given),
                text=given.get("description") or inner.get("description", ""),
                required=name in whole.get("required", ()),
                rules=self._rules(given),
                schema=self._shown(of_items),
                depth=depth,
            )
            if _name_of(of_items) is None and depth < 3:
                yield from self._fields(of_items, depth + 1)

    def _shown(self, schema: Json) -> str | None:
        """The name of an object's schema, which the page shows by itself."""
        return _name_of(schema) if self.resolved(schema).get("properties") else None

    def _type(self, schema: Json, *, by_name: bool = True) -> str:
        whole = self.resolved(schema)
        if by_name and (name := _name_of(schema)) is not None and whole.get("properties"):
            return name
        if whole.get("type") == "array":
            return f"array of {self._type(whole.get('items', {}))}"
        for several in ("oneOf", "anyOf"):
            if several in whole:
                return " or ".join(self._type(each) for each in whole[several])
        text = str(whole.get("type", "any"))
        text = f"{text}, {whole['format']}" if "format" in whole else text
        return f"{text} or null" if whole.get("nullable") else text

    def _rules(self, schema: Json) -> tuple[str, ...]:
        """What limits a value, in words."""
        whole = self.resolved(schema)
        whole = self.resolved(whole["items"]) | whole if whole.get("type") == "array" else whole
        rules = []
        if "enum" in whole:
            values = [str(value) for value in whole["enum"] if value is not None]
            rules.append("one of " + ", ".join(values[:_MOST_VALUES]) + (", …" if len(values) > _MOST_VALUES else ""))
        bounds = {
            "minimum": "at least {}",
            "maximum": "at most {}",
            "minLength": "at least {} characters",
            "maxLength": "at most {} characters",
            "minItems": "at least {} items",
            "maxItems": "at most {} items",
        }
        rules += [words.format(whole[name]) for name, words in bounds.items() if name in whole]
        if "default" in whole:
            rules.append(f"default {_as_text(whole['default'])}")
        return tuple(rules)

    def _examples(self, content: Json) -> tuple[tuple[str, str], ...]:
        shown = []
        for node in content.get("examples", {}).values():
            example = self.resolved(node)
            value = example.get("value")
            text = value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)
            shown.append((example.get("summary", ""), text))
        return tuple(shown)

    def _example_of(self, parameter: Json) -> Any:
        if "example" in parameter:
            return parameter["example"]
        schema = self.resolved(parameter["schema"])
        return parameter["schema"].get("example", schema.get("example", schema.get("default", "")))


def _name_of(schema: Mapping[str, Any]) -> str | None:
    """The name of the schema that a reference leads to, also through an allOf of one."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    members = schema.get("allOf", ())
    return _name_of(members[0]) if len(members) == 1 else None


def _first_content(node: Json) -> tuple[str | None, Json]:
    """The first media type of a body or an answer, and what it has."""
    content: dict[str, Json] = node.get("content", {})
    return next(iter(content.items()), (None, {}))


def _as_text(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_as_text, value))
    return value if isinstance(value, str) else json.dumps(value)


def _sections(description: str) -> tuple[str, tuple[Section, ...]]:
    """What stands before the first section, and the sections."""
    found = list(_SECTION.finditer(description))
    ends = [match.start() for match in found[1:]] + [len(description)]
    sections = tuple(
        Section(
            id="guide-" + re.sub(r"[^a-z0-9]+", "-", match["name"].lower()).strip("-"),
            name=match["name"],
            text=description[match.end() : end].strip(),
        )
        for match, end in zip(found, ends, strict=True)
    )
    return description[: found[0].start()].strip() if found else description, sections


def _shown(parameter: Json, example: Any, key: str) -> samples.Parameter:
    """The parameter in a sample. Each sample has an Idempotency-Key of its own: a key counts for one request."""
    is_key = parameter["name"] == "Idempotency-Key"
    return samples.Parameter(
        name=parameter["name"],
        place=parameter["in"],
        value=key if is_key else example,
        is_shown=bool(parameter.get("required")) or is_key,
        is_exploded=parameter.get("explode", True),
    )
