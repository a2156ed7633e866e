"""What generated sources declare, read by a parser of the language, where no compiler comes from a registry.

`python -m openapi.clients.reading LANGUAGE FOLDER` prints the faults of the syntax and each declaration as JSON, one a
line. It runs with the Python of `.tools/clients`, which has the grammars.
"""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

Node = Any  # tree_sitter.Node, which only the other environment knows


@dataclass(frozen=True)
class Declaration:
    """Something with a name. `scope` is what the name has to be unique in."""

    file: str
    scope: Sequence[str]
    kind: str  # type, field, value (of an enumeration), function, parameter, export
    name: str
    type: str = ""  # as it is written; of a function: the types of its parameters


@dataclass(frozen=True)
class Fault:
    """Where a source is not of its language."""

    file: str
    line: int
    source: str


def text(node: Node) -> str:
    """The source of a node, on one line."""
    return " ".join(node.text.decode().split())


def named(node: Node) -> str:
    """The name that a node has for its grammar."""
    name = node.child_by_field_name("name")
    return text(name) if name else ""


def between(node: Node, first: int, last: Node) -> str:
    """The source from the child of this number to before another child."""
    return " ".join(
        node.text[node.children[first].start_byte - node.start_byte : last.start_byte - node.start_byte]
        .decode()
        .split()
    )


def signature(node: Node, *parameters: str) -> str:
    """The source of all parameters of a function."""
    return ", ".join(text(each) for each in _within(node, parameters))


def _within(node: Node, types: Sequence[str]) -> Iterator[Node]:
    for child in node.children:
        if child.type in types:
            yield child
        elif "body" not in child.type and child.type != "block":
            yield from _within(child, types)


def csharp(node: Node) -> Iterator[tuple[str, str, str]]:
    """C#."""
    match node.type:
        case (
            "class_declaration"
            | "interface_declaration"
            | "struct_declaration"
            | "enum_declaration"
            | "delegate_declaration"
        ):
            yield "type", named(node), ""
        case "property_declaration" | "parameter":
            kind = "parameter" if node.type == "parameter" else "field"
            written = node.child_by_field_name("type")
            # A property that an interface asks for has the interface in its name.
            if not any(child.type == "explicit_interface_specifier" for child in node.children):
                yield kind, named(node), text(written) if written else ""
        case "variable_declaration" if node.parent.type in ("field_declaration", "event_field_declaration"):
            for child in node.children:
                if child.type == "variable_declarator":
                    yield "field", named(child), text(node.child_by_field_name("type"))
        case "method_declaration" | "constructor_declaration":
            if not any(child.type == "explicit_interface_specifier" for child in node.children):
                yield "function", named(node), signature(node, "parameter")
        case "enum_member_declaration":
            yield "value", named(node), ""


def kotlin(node: Node) -> Iterator[tuple[str, str, str]]:
    """Kotlin."""
    match node.type:
        case "class_declaration" | "object_declaration":
            yield "type", named(node), ""
        case "class_parameter" | "parameter":
            name, *after = [child for child in node.children if child.is_named and child.type != "modifiers"]
            kept = any(child.type in ("val", "var") for child in node.children)
            yield "field" if kept else "parameter", text(name), text(after[0]) if after else ""
        case "property_declaration" if node.parent.type == "class_body":
            for child in node.children:
                if child.type == "variable_declaration":
                    name, *after = [each for each in child.children if each.is_named]
                    yield "field", text(name), text(after[0]) if after else ""
        case "function_declaration":
            receiver = [child for child in node.children if child.type in ("user_type", "nullable_type")]
            of = (
                text(receiver[0]) + "."
                if receiver and receiver[0].start_byte < node.child_by_field_name("name").start_byte
                else ""
            )
            yield "function", of + named(node), signature(node, "parameter")
        case "enum_entry":
            yield "value", next(text(child) for child in node.children if child.type == "identifier"), ""


def rust(node: Node) -> Iterator[tuple[str, str, str]]:
    """Rust."""
    match node.type:
        case "struct_item" | "enum_item" | "trait_item" | "mod_item" | "type_item":
            yield "type", named(node), ""
        case "field_declaration":
            yield "field", named(node), text(node.child_by_field_name("type"))
        case "parameter":
            yield "parameter", text(node.child_by_field_name("pattern")), text(node.child_by_field_name("type"))
        case "enum_variant":
            yield "value", named(node), text(node.child_by_field_name("body") or node)
        case "function_item" | "function_signature_item":
            yield "function", named(node), ""
        case "use_declaration" if any(child.type == "visibility_modifier" for child in node.children):
            yield "export", text(node.child_by_field_name("argument")).rsplit("::", 1)[-1], ""


def dart(node: Node) -> Iterator[tuple[str, str, str]]:
    """Dart."""
    match node.type:
        case "class_definition" | "enum_declaration" | "mixin_declaration" | "extension_declaration":
            yield "type", named(node), ""
        case "formal_parameter" if node.child_by_field_name("name"):
            name = node.child_by_field_name("name")
            yield "parameter", text(name), between(node, 0, name).removeprefix("required ")
        case "declaration" | "top_level_variable_declaration":
            for number, child in enumerate(node.children):
                if child.type in ("initialized_identifier_list", "static_final_declaration_list"):
                    for each in child.children:
                        if each.is_named:
                            yield "field", text(each.children[0]), between(node, 0, node.children[number])
        case "function_signature" | "getter_signature" | "setter_signature":
            yield "function", ("=" if node.type == "setter_signature" else "") + named(node), ""
        case "enum_constant":
            yield "value", named(node), ""


def swift(node: Node) -> Iterator[tuple[str, str, str]]:
    """Swift."""
    match node.type:
        case "class_declaration" | "protocol_declaration" | "typealias_declaration":
            if not any(child.type == "extension" for child in node.children):
                yield "type", named(node), ""
        case "property_declaration" if "body" in node.parent.type or node.parent.type == "source_file":
            written = [text(child.children[-1]) for child in node.children if child.type == "type_annotation"]
            yield "field", named(node), "".join(written)
        case "parameter":
            *_, name, written = [child for child in node.children if child.is_named]
            yield "parameter", text(name), text(written)
        case "function_declaration" | "init_declaration" | "protocol_function_declaration":
            where = "".join(text(child) for child in node.children if child.type == "type_constraints")
            yield "function", named(node) or "init", signature(node, "parameter") + where
        case "enum_entry":
            for child in node.children_by_field_name("name"):
                yield "value", text(child), ""


@dataclass(frozen=True)
class Language:
    """How a language is parsed, and what its names have to be unique in."""

    grammar: str
    suffix: str
    declarations: Callable[[Node], Iterator[tuple[str, str, str]]]  # kind, name and type of what a node declares
    scope: str  # of what no class holds: "file", "folder" (a package, a namespace) or "" (the whole client)


LANGUAGES: Mapping[str, Language] = {
    "csharp": Language("tree_sitter_c_sharp", ".cs", csharp, "folder"),
    "kotlin": Language("tree_sitter_kotlin", ".kt", kotlin, "folder"),
    "rust": Language("tree_sitter_rust", ".rs", rust, "file"),
    "dart": Language("tree_sitter_dart_orchard", ".dart", dart, ""),
    "swift": Language("tree_sitter_swift", ".swift", swift, ""),
}


def read(language: Language, folder: Path) -> Iterator[Declaration | Fault]:
    """All that the sources in a folder declare, and where they are not of the language."""
    # The grammars and the parser have an environment of their own.
    tree_sitter = importlib.import_module("tree_sitter")
    parser = tree_sitter.Parser(tree_sitter.Language(importlib.import_module(language.grammar).language()))
    for path in sorted(folder.rglob(f"*{language.suffix}")):
        file = path.relative_to(folder)
        root = parser.parse(path.read_bytes()).root_node
        yield from (Fault(str(file), *place) for place in _faults(root))
        outer = {"file": str(file), "folder": str(file.parent), "": ""}[language.scope]
        yield from _declarations(language, str(file), root, (outer,))


def _faults(node: Node) -> Iterator[tuple[int, str]]:
    if node.type == "ERROR" or node.is_missing:
        yield node.start_point[0] + 1, text(node)
    elif node.has_error:
        for child in node.children:
            yield from _faults(child)


def _declarations(language: Language, file: str, node: Node, scope: tuple[str, ...]) -> Iterator[Declaration]:
    inner = scope
    for kind, name, type_ in language.declarations(node):
        yield Declaration(file, scope, kind, name, type_)
        if kind in ("type", "function"):
            inner = (*scope, f"{name}({type_})" if kind == "function" else name)
    if (of := _extended(node)) is not None:
        inner = (*scope, of)
    for child in node.children:
        if not _is_code(child):
            yield from _declarations(language, file, child, inner)


def _extended(node: Node) -> str | None:
    """What a block adds members to, which may be one of several: Rust's impl, Swift's extension."""
    if node.type == "impl_item":
        return " ".join(text(part) for name in ("trait", "type") if (part := node.child_by_field_name(name)))
    if node.type == "class_declaration" and any(child.type == "extension" for child in node.children):
        return f"extension {text(node)[:200]}"
    return None


def _is_code(node: Node) -> bool:
    """Whether a node is what a function does: its names are nobody else's."""
    return node.type in (
        "block",
        "function_body",
        "code_block",
        "computed_property",
        "arrow_expression_clause",
        "lambda_literal",
    )


def main() -> None:
    language, folder = sys.argv[1:]
    for each in read(LANGUAGES[language], Path(folder)):
        print(json.dumps({"fault": isinstance(each, Fault), **asdict(each)}))


if __name__ == "__main__":
    main()
