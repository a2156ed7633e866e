"""What the generators make badly of answers without content, mended in what they wrote.

- @hey-api/openapi-ts leaves a 304 out of the types, and its client takes it for an error.
- openapi-python-client types a 204 and a 304 as Any, which hides the other answers' types.

Each change is made where the generator's own text is found, and raises GeneratorError where it is not: a new version of
a generator then fails here, and not in an application.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from openapi.clients.generators import GeneratorError
from openapi.generate import operations

# The client that comes with the generated code, before it looks for an error in an answer.
_SUCCESS = "      if (response.ok) {\n"
_UNCHANGED = """      if (response.status === 304) {
        return opts.responseStyle === 'data' ? undefined : { data: undefined, ...result };
      }

"""
_ANSWERS = r"(export type {name}Responses = \{{\n(?:    .*\n)+)(\}};)"
_OPERATION = (
    r"export const {name} = <ThrowOnError extends boolean = false>"
    r"\((?P<options>options\??): (?P<type>Options<\w+, ThrowOnError>)\): "
    r"RequestResult<(?P<answers>\w+), (?P<errors>\w+), ThrowOnError> => "
)
# Who sends no If-None-Match is answered in full, and does not have to look for a 304.
_OVERLOADS = """export const {name}: {{
    <ThrowOnError extends boolean = false>({options}: {type} & {{ headers?: {{ 'If-None-Match'?: never }} }}): \
RequestResult<Omit<{answers}, 304>, {errors}, ThrowOnError>;
    <ThrowOnError extends boolean = false>({options}: {type}): RequestResult<{answers}, {errors}, ThrowOnError>;
}} = <ThrowOnError extends boolean = false>({options}: {type}): any => """


def type_unchanged(source: Path, document: dict[str, Any]) -> None:
    """Give each 304 of the contract its type, in the folder of TypeScript sources that @hey-api/openapi-ts wrote.

    An operation that is sent an If-None-Match may answer without data; without one it has data, as before.
    """
    _replace(source / "client" / "client.gen.ts", re.escape(_SUCCESS), lambda found: _UNCHANGED + found[0])
    for _, _, operation in operations(document):
        if unchanged := operation["responses"].get("304"):
            name = operation["operationId"]
            typed = f"    /**\n     * {unchanged['description'].strip()}\n     */\n    304: undefined;\n"
            _replace(source / "types.gen.ts", _ANSWERS.format(name=name[0].upper() + name[1:]), partial(_add, typed))
            _replace(source / "sdk.gen.ts", _OPERATION.format(name=name), partial(_overload, name))


def _add(line: str, answers: re.Match[str]) -> str:
    return f"{answers[1]}{line}{answers[2]}"


def _overload(name: str, operation: re.Match[str]) -> str:
    return _OVERLOADS.format(name=name, **operation.groupdict())


def type_nothing(package: Path) -> None:
    """Type answers without content as None, in the Python package that openapi-python-client wrote."""
    for module in package.glob("api/*/*.py"):
        text = module.read_text("utf-8")
        if "cast(Any, None)" in text:
            text, unions = re.subn(r"\bAny \| ", "", text.replace("cast(Any, None)", "None"))
            if not unions:
                raise GeneratorError(f"{module}: no union with Any to mend")
            module.write_text(text, "utf-8")


def _replace(file: Path, pattern: str, better: Callable[[re.Match[str]], str]) -> None:
    text, found = re.subn(pattern, better, file.read_text("utf-8"))
    if found != 1:
        raise GeneratorError(f"{file}: {found} places instead of one match {pattern}")
    file.write_text(text, "utf-8")
