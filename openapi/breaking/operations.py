"""What can break the clients of an operation: its address, access, parameters, body and answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from openapi.breaking import access, addresses, catalog, media_types, xml
from openapi.breaking.documents import Document, canonical, dangling, escaped, schemas, target
from openapi.breaking.inclusion import Direction, Inclusion
from openapi.breaking.shapes import shape

METHODS = ("get", "put", "post", "delete", "patch", "head", "options", "trace")
# Our own word for an operation that ignores query parameters that it does not know (handlers/web/contract.py).
_UNKNOWN_PARAMETERS = "x-unknown-query-parameters"
# Parameters that OpenAPI says are ignored when they are declared, since it describes them otherwise.
_IGNORED_HEADERS = {"accept", "content-type", "authorization"}
# Headers of answers whose value a client chooses by a header of its request: by Accept-Encoding (RFC 9110, 12.5.3).
_ASKED_FOR = {"content-encoding"}
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


@dataclass(frozen=True, slots=True)
class Break:
    """Something that can break a client.

    Attributes:
        pointer: a JSON pointer into the old contract.
        why: the rule in words.
        direction: "request" or "answer"; empty where it concerns neither alone.
        operation: the operationId of an operation that it is seen in; empty where it concerns the whole contract.
    """

    pointer: str
    why: str
    direction: str = ""
    operation: str = ""

    def __str__(self) -> str:
        where = " of ".join(part for part in (self.direction, self.operation) if part)
        return f"{self.pointer}: {self.why}" + (f" ({where})" if where else "")


@dataclass(frozen=True, slots=True)
class Placed:
    """An operation with the path and the path item that it stands in."""

    path: str
    method: str
    item: Document
    operation: Document


def breaks(old: Document, new: Document) -> list[Break]:
    """Everything in the new contract that can break a client of the old one, each once, in the old one's order."""
    found: dict[tuple[str, str, str], Break] = {}
    for one in _all(old, new):
        found.setdefault((one.pointer, one.why, one.direction), one)
    return list(found.values())


def _all(old: Document, new: Document) -> Iterator[Break]:
    for reference in dangling(new):
        if reference not in dangling(old):
            yield Break(reference.removeprefix("#"), "the new contract refers to it and does not have it")
    for name in schemas(old):
        if name not in schemas(new):
            why = "the schema was removed or renamed, and generated clients name a type by it"
            yield Break(f"/components/schemas/{escaped(name)}", why)
    after = access.schemes(new)
    for name, scheme in access.schemes(old).items():
        if name in after and not access.still_taken(scheme, after[name]):
            yield Break(
                f"/components/securitySchemes/{escaped(name)}", "credentials are shown in another way", "request"
            )
    for pointer, name in catalog.removed(old, new):
        yield Break(pointer, f"{name} was removed, and clients branch on it", "answer")
    for pointer, why in catalog.changed_params(old, new):
        yield Break(pointer, why, "answer")
    comparison = _Operations(old, new)
    for placed in _operations(old):
        yield from comparison.compare(placed)
    for broken in comparison.sent("", {"webhooks": _webhooks(old)}, {"webhooks": _webhooks(new)}):
        yield Break(*broken)


def _webhooks(document: Document) -> Document:
    """The webhooks of OpenAPI 3.1, by the name that many contracts of 3.0 give them too."""
    found: Document = document.get("webhooks", document.get("x-webhooks", {}))
    return found


def _operations(document: Document) -> Iterator[Placed]:
    for path, written in document.get("paths", {}).items():
        item = target(document, written)
        for method in METHODS:
            if method in item:
                yield Placed(path, method, item, item[method])


class _Operations:
    def __init__(self, old: Document, new: Document) -> None:
        self._old, self._new = old, new
        self._inclusion = Inclusion(old, new)
        self._scheme_names = access.new_names(old, new)
        self._by_route: dict[tuple[str, str], Placed] = {}
        for placed in _operations(new):
            for route in addresses.routes(new, placed.path, placed.item, placed.operation):
                self._by_route.setdefault((placed.method, route), placed)
        self._paths = {addresses.template(path) for path in new.get("paths", {})}

    def compare(self, old: Placed) -> Iterator[Break]:
        place = f"/paths/{escaped(old.path)}/{old.method}"
        name = old.operation.get("operationId", f"{old.method.upper()} {old.path}")
        routes = addresses.routes(self._old, old.path, old.item, old.operation)
        found = [self._by_route.get((old.method, route)) for route in sorted(routes)]
        kept = next((one for one in found if one is not None), None)
        if kept is None:
            kept = self._at_path(old)
        if kept is None:
            if addresses.template(old.path) in self._paths:
                yield Break(place, "the operation was removed", "request", name)
            else:
                yield Break(f"/paths/{escaped(old.path)}", "the path was removed or renamed", "request")
            return
        if None in found:
            level, _ = addresses.servers(self._old, old.item, old.operation)
            there = {"document": "", "path": f"/paths/{escaped(old.path)}", "operation": place}[level]
            yield Break(f"{there}/servers", "an address was removed", "request")
        yield from self._names(place, old, kept)
        yield from self._access(place, old, kept)
        inside = (*self._parameters(place, old, kept), *self._body(place, old, kept), *self._answers(place, old, kept))
        for pointer, why, direction in inside:
            yield Break(pointer, why, direction.value, name)
        for pointer, why, way in self.sent(f"{place}/callbacks", self._callbacks(0, old), self._callbacks(1, kept)):
            yield Break(pointer, why, way, name)

    def _at_path(self, old: Placed) -> Placed | None:
        """The operation of the same path and method where no address was kept: only its servers changed."""
        for placed in _operations(self._new):
            same = addresses.template(placed.path) == addresses.template(old.path)
            if same and placed.method == old.method:
                return placed
        return None

    @staticmethod
    def _names(place: str, old: Placed, new: Placed) -> Iterator[Break]:
        """Names that generated clients call things by."""
        before, after = old.operation, new.operation
        if "operationId" in before and before["operationId"] != after.get("operationId"):
            why = "the operationId was changed, and generated clients name a function by it"
            yield Break(f"{place}/operationId", why, "", before["operationId"])
        # Generated clients put the operation into a module or class of its first tag, some into one of each tag.
        tags = [operation.get("tags", []) for operation in (before, after)]
        if tags[0] and tags[0][:1] != tags[1][:1]:
            why = "the first tag was changed, and generated clients name a module by it"
            yield Break(f"{place}/tags", why, "", before.get("operationId", ""))
        elif not set(tags[0]) <= set(tags[1]):
            why = "a tag was removed, and some generated clients have a module for each"
            yield Break(f"{place}/tags", why, "", before.get("operationId", ""))

    def _access(self, place: str, old: Placed, new: Placed) -> Iterator[Break]:
        wanted = access.alternatives(self._new, new.operation)
        for shown in access.alternatives(self._old, old.operation):
            if not any(access.enough(shown, one, self._scheme_names) for one in wanted):
                words = " and ".join(sorted(shown)) or "a request without credentials"
                yield Break(
                    f"{place}/security", f"{words} is not let in", "request", old.operation.get("operationId", "")
                )

    # Parameters

    def _parameters(self, place: str, old: Placed, new: Placed) -> Iterator[tuple[str, str, Direction]]:
        before, after = _parameters(self._old, old), _parameters(self._new, new)
        if old.operation.get(_UNKNOWN_PARAMETERS) == "ignored" != new.operation.get(_UNKNOWN_PARAMETERS):
            yield f"{place}/{_UNKNOWN_PARAMETERS}", "unknown query parameters are no longer ignored", Direction.REQUEST
        for key, parameter in before.items():
            where, name = key[0], parameter.get("name", "")
            there = f"{place}/parameters/{escaped(name)}"
            if key not in after:
                yield there, f"the {where} parameter was removed or renamed", Direction.REQUEST
                continue
            changed = after[key]
            if changed.get("required") and not parameter.get("required"):
                yield there, "the parameter became required", Direction.REQUEST
            yield from self._written(there, parameter, changed, Direction.REQUEST)
        for key, parameter in after.items():
            if key not in before and parameter.get("required") and key[0] != "path":
                there = f"{place}/parameters/{escaped(key[1])}"
                yield there, f"a {key[0]} parameter was added that is required", Direction.REQUEST

    def _written(
        self, there: str, old: Document, new: Document, direction: Direction
    ) -> Iterator[tuple[str, str, Direction]]:
        """How a parameter or header is written, and which values it has."""
        if ("content" in old) != ("content" in new):
            yield f"{there}/content", "the value is written in another way", direction
            return
        if "content" in old:
            yield from self._content(there, old, new, direction)
            return
        schemas_of = old.get("schema", {}), new.get("schema", {})
        # Among single values `explode` makes no difference.
        shapes = shape(self._old, schemas_of[0]), shape(self._new, schemas_of[1])
        parts = any(flat.unions or flat.types & {"array", "object"} for flat in shapes)
        ways = _way(old), _way(new)
        if ways[0][0] != ways[1][0]:
            yield f"{there}/style", f"the style was changed from {ways[0][0]} to {ways[1][0]}", direction
        elif parts and ways[0][1] != ways[1][1]:
            yield f"{there}/explode", f"explode was changed from {ways[0][1]} to {ways[1][1]}", direction
        for name in ("allowReserved", "allowEmptyValue"):
            narrow, wide = (old, new) if direction is Direction.REQUEST else (new, old)
            if narrow.get(name) and not wide.get(name):
                yield f"{there}/{name}", f"{name} was changed", direction
        yield from self._schema(f"{there}/schema", schemas_of[0], schemas_of[1], direction)

    # Bodies

    def _body(self, place: str, old: Placed, new: Placed) -> Iterator[tuple[str, str, Direction]]:
        place, request = f"{place}/requestBody", Direction.REQUEST
        if "requestBody" not in old.operation:
            if target(self._new, new.operation.get("requestBody", {})).get("required"):
                yield place, "a body was added that is required", request
            return
        if "requestBody" not in new.operation:
            yield place, "the body was removed", request
            return
        before = target(self._old, old.operation["requestBody"])
        after = target(self._new, new.operation["requestBody"])
        if after.get("required") and not before.get("required"):
            yield place, "the body became required", request
        yield from self._content(place, before, after, request)

    def _content(
        self, place: str, old: Document, new: Document, direction: Direction
    ) -> Iterator[tuple[str, str, Direction]]:
        before, after = old.get("content", {}), new.get("content", {})
        for media_type, content in before.items():
            there = f"{place}/content/{escaped(media_type)}"
            kept = media_types.covering(media_type, after)
            if kept is None:
                # A range of an answer may give way to some of its types.
                narrowed = [one for one in after if media_types.covering(one, [media_type])]
                if direction is Direction.REQUEST or not narrowed:
                    yield there, "the media type was removed", direction
                continue
            schemas_of = content.get("schema", {}), after[kept].get("schema", {})
            yield from self._schema(f"{there}/schema", *schemas_of, direction)
            if media_types.is_xml(media_type):
                for pointer in xml.changed(self._old, schemas_of[0], self._new, schemas_of[1]):
                    yield f"{there}/schema{pointer}/xml", "the value is written in another way as XML", direction
            if media_types.normal(media_type) in _FORMS and _encoding(content) != _encoding(after[kept]):
                yield f"{there}/encoding", "the parts of the form are written in another way", direction
        if direction is Direction.ANSWER:
            for media_type, content in after.items():
                known = media_types.covering(media_type, before)
                if known is None:
                    there = f"{place}/content/{escaped(media_type)}"
                    yield there, "a media type was added that clients do not know", direction
                elif media_types.normal(known) != media_types.normal(media_type):
                    there = f"{place}/content/{escaped(known)}/schema"
                    yield from self._schema(
                        there, before[known].get("schema", {}), content.get("schema", {}), direction
                    )

    def _schema(
        self, place: str, old: Document, new: Document, direction: Direction
    ) -> Iterator[tuple[str, str, Direction]]:
        for finding in self._inclusion.broken(place, old, new, direction):
            yield finding.pointer, finding.why, direction

    # Answers

    def _answers(self, place: str, old: Placed, new: Placed) -> Iterator[tuple[str, str, Direction]]:
        before, after = (
            {str(key).upper(): value for key, value in one.operation.get("responses", {}).items()} for one in (old, new)
        )
        answer = Direction.ANSWER
        for status, response in before.items():
            there = f"{place}/responses/{_spelled(status)}"
            kept = _covering(status, after)
            if kept == "DEFAULT" and status[0] in "123":
                yield there, "the success gave way to the default, which can be any status", answer
            if kept is not None:
                yield from self._answer(there, target(self._old, response), target(self._new, after[kept]))
            elif not _narrowed(status, after):
                yield there, "the status was removed, and clients may wait for it", answer
        for status, response in after.items():
            if status in before:
                continue
            known = _covering(status, before)
            if known == "DEFAULT" and status[0] in "123":
                yield f"{place}/responses/default", f"the success {status} was added beside the default", answer
            elif known is not None:
                there = f"{place}/responses/{_spelled(known)}"
                yield from self._answer(there, target(self._old, before[known]), target(self._new, response))
            elif _surprises(status, _parameters(self._old, old)):
                yield f"{place}/responses/{_spelled(status)}", "a status was added that clients do not know", answer

    # What the API sends to the client: callbacks and webhooks

    def _callbacks(self, side: int, placed: Placed) -> Document:
        """The path items of an operation's callbacks by their addresses; the names of callbacks are nowhere seen."""
        document = (self._old, self._new)[side]
        written = placed.operation.get("callbacks", {}).values()
        return {"callbacks": {address: item for one in written for address, item in target(document, one).items()}}

    def sent(self, place: str, old: Document, new: Document) -> Iterator[tuple[str, str, str]]:
        """What breaks a client that the API sends requests to: its pointer, the rule, the direction.

        Requests go to the client here, so their bodies are judged as answers are, and its answers as requests.

        Args:
            place: the pointer of the old callbacks.
            old: what is sent: a word for its kind, and path items by their names or addresses.
            new: the same of the new contract.
        """
        [(kind, before)] = old.items()
        [after] = new.values()
        for address, written in before.items():
            item = target(self._old, written)
            items = target(self._new, after.get(address, {}))
            there = f"{place or '/' + kind}/{escaped(address)}"
            for method in METHODS:
                if method not in item:
                    continue
                if method not in items:
                    yield f"{there}/{method}", "the API no longer sends it", Direction.ANSWER.value
                    continue
                found = (*self._sent_body(f"{there}/{method}", item[method], items[method]),)
                found += (*self._taken_back(f"{there}/{method}", item[method], items[method]),)
                yield from ((pointer, why, direction.value) for pointer, why, direction in found)

    def _sent_body(self, place: str, old: Document, new: Document) -> Iterator[tuple[str, str, Direction]]:
        before = target(self._old, old.get("requestBody", {}))
        after = target(self._new, new.get("requestBody", {}))
        if before.get("required") and not after.get("required"):
            yield f"{place}/requestBody", "the body may be absent", Direction.ANSWER
        yield from self._content(f"{place}/requestBody", before, after, Direction.ANSWER)

    def _taken_back(self, place: str, old: Document, new: Document) -> Iterator[tuple[str, str, Direction]]:
        after = {str(status).upper(): value for status, value in new.get("responses", {}).items()}
        for status, response in old.get("responses", {}).items():
            there, kept = f"{place}/responses/{status}", _covering(str(status).upper(), after)
            if kept is None:
                yield there, "the status is no longer taken", Direction.REQUEST
            else:
                before, now = target(self._old, response), target(self._new, after[kept])
                if before.get("content") or now.get("content"):
                    yield from self._content(there, before, now, Direction.REQUEST)

    def _answer(self, place: str, old: Document, new: Document) -> Iterator[tuple[str, str, Direction]]:
        answer = Direction.ANSWER
        after = {name.lower(): target(self._new, header) for name, header in new.get("headers", {}).items()}
        for name, written in old.get("headers", {}).items():
            if name.lower() == "content-type":
                continue
            there, header = f"{place}/headers/{escaped(name)}", target(self._old, written)
            if name.lower() not in after:
                yield there, "the header was removed", answer
                continue
            changed = after[name.lower()]
            if header.get("required") and not changed.get("required"):
                yield there, "the header became optional", answer
            if name.lower() in _ASKED_FOR:
                continue
            yield from self._written(there, {"in": "header", **header}, {"in": "header", **changed}, answer)
        yield from self._content(place, old, new, answer)


def _parameters(document: Document, placed: Placed) -> dict[tuple[str, str], Document]:
    """The parameters of an operation, which override those of its path, by where they are and what they are called."""
    found: dict[tuple[str, str], Document] = {}
    for level in (placed.item, placed.operation):
        for written in level.get("parameters", []):
            parameter = target(document, written)
            where, name = parameter.get("in", ""), parameter.get("name", "")
            key = name.lower() if where == "header" else name
            if where != "header" or key not in _IGNORED_HEADERS:
                found[where, key] = parameter
    return found


def _way(parameter: Document) -> tuple[str, bool]:
    """Style and explode of a parameter or header, with their defaults."""
    style = parameter.get("style", "form" if parameter.get("in") in ("query", "cookie") else "simple")
    return style, parameter.get("explode", style == "form")


def _encoding(content: Mapping[str, Any]) -> str:
    parts = {
        name: {key: value for key, value in part.items() if key in ("contentType", "style", "explode", "allowReserved")}
        for name, part in content.get("encoding", {}).items()
    }
    return canonical({name: part for name, part in parts.items() if part})


def _covering(status: str, statuses: Mapping[str, Any]) -> str | None:
    """The one of some statuses that describes this one: itself, its range or the default."""
    candidates = [status] if status == "DEFAULT" else [status, f"{status[0]}XX", "DEFAULT"]
    return next((one for one in candidates if one in statuses), None)


def _narrowed(status: str, after: Sequence[str] | Mapping[str, Any]) -> bool:
    """Whether a range or the default gave way to single statuses of it."""
    if status == "DEFAULT":
        return any(one[0] in "45" for one in after)
    return status.endswith("XX") and any(one[0] == status[0] for one in after)


def _surprises(status: str, parameters: Mapping[tuple[str, str], Any]) -> bool:
    """Whether a client that does not know a status can meet it. Errors may be added: clients expect others to come."""
    if status == "304":
        return ("header", "if-none-match") in parameters or ("header", "if-modified-since") in parameters
    return status[0] in "123"


def _spelled(status: str) -> str:
    return "default" if status == "DEFAULT" else status
