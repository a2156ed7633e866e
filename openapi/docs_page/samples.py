"""How an operation is called: with curl, and with the published clients in TypeScript and Python."""

from __future__ import annotations

import json
import keyword
import shlex
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import inflection

HOST = "https://host/v1"  # the page puts its own address in this place


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A parameter with the value of its example; a sample leaves out those that are not shown."""

    name: str
    place: str
    value: Any
    is_shown: bool
    is_exploded: bool = True  # a list repeats the parameter, or has commas in one


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request that follows the contract's examples."""

    operation_id: str
    tag: str
    method: str
    path: str
    parameters: tuple[Parameter, ...]
    body: Any
    body_schema: str | None
    media_type: str | None
    is_public: bool

    def shown(self, place: str) -> dict[str, Any]:
        """The parameters at that place, by name."""
        return {each.name: each.value for each in self.parameters if each.place == place and each.is_shown}


def all_of(request: Request) -> tuple[tuple[str, str, str], ...]:
    """The samples: the language's name, its short name, the code."""
    return (
        ("curl", "bash", curl(request)),
        ("TypeScript", "typescript", typescript(request)),
        ("Python", "python", python(request)),
    )


def curl(request: Request) -> str:
    """For a shell in which TOKEN holds an access token."""
    path = request.path
    for name, value in request.shown("path").items():
        path = path.replace(f"{{{name}}}", quote(str(value), safe=""))
    query = "&".join(
        f"{each.name}={quote(str(one), safe=',:')}"
        for each in request.parameters
        if each.place == "query" and each.is_shown
        for one in _values(each)
    )
    parts = [f"curl {_quoted(HOST + path + ('?' + query if query else ''))}"]
    if request.method not in ("GET", "POST") or (request.method == "POST" and request.body is None):
        parts[0] = f"curl -X {request.method} {parts[0].removeprefix('curl ')}"
    if not request.is_public:
        parts.append('-H "Authorization: Bearer $TOKEN"')
    parts += [f"-H {_quoted(f'{name}: {value}')}" for name, value in request.shown("header").items()]
    if request.body is not None:
        parts.append(f'-H "Content-Type: {request.media_type}"')
        parts.append(f"-d {shlex.quote(json.dumps(request.body, indent=2, ensure_ascii=False))}")
    return " \\\n  ".join(parts)


def _values(parameter: Parameter) -> list[Any]:
    if not isinstance(parameter.value, list):
        return [parameter.value]
    return parameter.value if parameter.is_exploded else [",".join(map(str, parameter.value))]


def _quoted(text: str) -> str:
    return f'"{text}"' if not set(text) & set('"$`\\') else shlex.quote(text)


def typescript(request: Request) -> str:
    """With trading-journal-client of npm."""
    given = {
        "path": request.shown("path"),
        "query": request.shown("query"),
        "headers": request.shown("header"),
        "body": request.body,
    }
    options = [f"{name}: {_script(value, 1)}" for name, value in given.items() if value]
    call = f"{request.operation_id}({{\n  " + ",\n  ".join(options) + ",\n}" if options else f"{request.operation_id}("
    token = "" if request.is_public else ", auth: token"
    return (
        f'import {{ {request.operation_id} }} from "trading-journal-client";\n'
        'import { client } from "trading-journal-client/client";\n\n'
        f'client.setConfig({{ baseUrl: "{HOST}"{token} }});\n'
        f"const {{ data, error }} = await {call});"
    )


def _script(value: Any, depth: int) -> str:
    """The value as TypeScript is written by hand: names without quotes where they can be."""
    pad, end = "  " * (depth + 1), "  " * depth
    if isinstance(value, dict) and value:
        names = [name if name.isidentifier() else json.dumps(name) for name in value]
        lines = [f"{pad}{name}: {_script(one, depth + 1)}," for name, one in zip(names, value.values(), strict=True)]
        return "{\n" + "\n".join(lines) + f"\n{end}}}"
    if isinstance(value, list) and any(isinstance(one, dict | list) for one in value):
        return "[\n" + "\n".join(f"{pad}{_script(one, depth + 1)}," for one in value) + f"\n{end}]"
    if isinstance(value, list):
        return "[" + ", ".join(_script(one, depth) for one in value) + "]"
    return json.dumps(value, ensure_ascii=False)


def python(request: Request) -> str:
    """With trading-journal-client of PyPI."""
    name, package = inflection.underscore(request.operation_id), inflection.underscore(request.tag)
    kind, token = ("Client", "") if request.is_public else ("AuthenticatedClient", ", token=token")
    lines = [
        f"from trading_journal_client import {kind}",
        f"from trading_journal_client.api.{package} import {name}",
    ]
    arguments = [_python(value, 1) for value in request.shown("path").values()]
    arguments.append("client=client")
    if request.body is not None and request.body_schema is not None:
        lines.append(f"from trading_journal_client.models import {request.body_schema}")
        arguments.append(f"body={request.body_schema}.from_dict({_python(request.body, 1)})")
    for place in ("query", "header"):
        for parameter, value in request.shown(place).items():
            argument = inflection.underscore(parameter.replace("-", "_"))
            argument += "_" if keyword.iskeyword(argument) else ""
            arguments.append(f"{argument}={_python(value, 1)}")
    return (
        "\n".join(lines) + f'\n\nclient = {kind}("{HOST}"{token})\n'
        f"answer = {name}.sync(\n    " + ",\n    ".join(arguments) + ",\n)"
    )


def _python(value: Any, depth: int) -> str:
    pad, end = "    " * (depth + 1), "    " * depth
    if isinstance(value, dict) and value:
        lines = [f"{pad}{json.dumps(name)}: {_python(one, depth + 1)}," for name, one in value.items()]
        return "{\n" + "\n".join(lines) + f"\n{end}}}"
    if isinstance(value, list) and any(isinstance(one, dict | list) for one in value):
        return "[\n" + "\n".join(f"{pad}{_python(one, depth + 1)}," for one in value) + f"\n{end}]"
    if isinstance(value, list):
        return "[" + ", ".join(_python(one, depth) for one in value) + "]"
    if value is None or isinstance(value, bool):
        return str(value)
    return json.dumps(value, ensure_ascii=False)
