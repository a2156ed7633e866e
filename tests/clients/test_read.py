"""Clients in C#, Kotlin, Rust, Dart and Swift by openapi-generator, which a parser reads instead of a compiler.

No registry has all that compiles them. Money has to be text in them, each type has to exist, no name may stand twice in
one scope, and no file may be empty.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from openapi.clients.generators import COMPILED, PYTHON, PYTHONS, READ, TYPESCRIPT, run
from openapi.generate import ROOT, contract, is_decimal, operations

CONTRACT = contract()
SCHEMAS = CONTRACT["components"]["schemas"]
Read = dict[str, Any]  # a declaration, or a fault of the syntax, as openapi.clients.reading prints it


@dataclass(frozen=True)
class Rules:
    """What the sources of one language have to be."""

    suffix: str
    text: str  # the types that hold text, once nothing says that they may be absent
    own: str  # where the files are that follow from the contract; the others are the generator's own
    platform: str  # the types that the language or its libraries bring
    overloads: bool = False  # whether functions of one name may differ in their parameters
    by_kind: bool = False  # whether a field and a function of a struct may have one name


RULES = {
    "csharp": Rules(
        ".cs",
        r"string",
        r"/(Model|Api)/",
        "CancellationToken DateOnly DateTime Dictionary Exception Guid HttpClient HttpRequestMessage "
        "HttpResponseMessage HttpStatusCode ILogger JsonSerializerOptions List Object Stream Type Utf8JsonReader "
        "Utf8JsonWriter ValidationContext bool double int long string",
        overloads=True,
    ),
    "kotlin": Rules(
        ".kt",
        r"kotlin\.String",
        r"/(models|apis)/",
        "Any Boolean Double Factory Int List LocalDate Long Map OffsetDateTime Set String URI UUID",
        overloads=True,
    ),
    "rust": Rules(
        ".rs",
        r"String|&str",
        r"/(models|apis)/",
        "Box Client DateTime FixedOffset Formatter HashMap NaiveDate Option StatusCode String T Uuid Value Vec _ bool "
        "f64 i32 i64 mut str",
        by_kind=True,
    ),
    "dart": Rules(
        ".dart",
        r"String",
        r"^lib/(model|api)/",
        "DateTime Future List Map Object Set String bool const double dynamic final int static void",
    ),
    "swift": Rules(
        ".swift",
        r"String",
        r"/(Models|APIs)/",
        "Bool Date Double Encoder Int Int64 Set String UUID",
        overloads=True,
    ),
}
NUMBER = re.compile(r"\b(double|float|decimal|bigdecimal|number|num|f32|f64|i32|i64|int|int32|int64|long|usize)\b")
# What a generator puts around a type whose value may be absent.
ABSENT = re.compile(r"(?:static |const |final )*(?:Option<(?P<inner>.*)>|(?P<nullable>[^?]*)\?)")
# What a generator puts before a name that its language has already, and behind a name of its own use.
RENAMED = re.compile(r"^(?:var|property|model)(?=.)|(?:option|rule)$")


def plain(name: str) -> str:
    """A name without what languages do to it: upper case, underscores, marks of words that they have themselves."""
    return re.sub(r"^r#|[^a-z0-9]", "", name.lower())


def names(name: str) -> set[str]:
    """What this generated name can be in the contract."""
    return {plain(name), RENAMED.sub("", plain(name)), RENAMED.sub("", RENAMED.sub("", plain(name)))}


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    while reference := schema.get("$ref") or (len(schema.get("allOf", [])) == 1 and schema["allOf"][0].get("$ref")):
        schema = SCHEMAS[reference.rsplit("/", 1)[-1]]
    return schema


def properties() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Each schema's name with each of its properties."""
    for name, schema in SCHEMAS.items():
        for each, of in schema.get("properties", {}).items():
            yield name, each, resolved(of)


def parameters() -> Iterator[tuple[str, dict[str, Any]]]:
    """Each parameter."""
    for _, _, operation in operations(CONTRACT):
        for given in operation.get("parameters", []):
            name = given.get("$ref", "").rsplit("/", 1)[-1]
            parameter = CONTRACT["components"]["parameters"][name] if name else given
            yield parameter["name"], resolved(parameter["schema"])


MONEY = {(plain(schema), plain(name)) for schema, name, of in properties() if is_decimal(of)}
MONEY_PARAMETERS = {plain(name) for name, of in parameters() if is_decimal(of)}
NUMBERS = {
    plain(name)
    for name, of in [*((name, of) for _, name, of in properties()), *parameters()]
    if of.get("type") in ("number", "integer")
}


def read(language: str, folder: Path) -> list[Read]:
    """All that a client's sources declare, and the faults of their syntax."""
    printed = run([PYTHON / "python", ROOT / "openapi" / "clients" / "reading.py", language, folder], folder)
    return [json.loads(line) for line in printed.splitlines()]


def faults(language: str, folder: Path, everything: Sequence[Read]) -> list[str]:
    """All that is wrong with a client's sources, each fault with its kind in front."""
    rules = RULES[language]
    declared = [each for each in everything if not each["fault"]]
    own = [each for each in declared if re.search(rules.own, each["file"])]
    types = {each["name"] for each in declared if each["kind"] == "type"} | set(rules.platform.split())
    return [
        *(f"syntax: {each}" for each in everything if each["fault"] and re.search(rules.own, each["file"])),
        *(f"empty: {file}" for file in empty(rules, folder, {each["file"] for each in declared})),
        *(f"collision: {place}" for place in collisions(rules, declared)),
        *(f"type: {each}" for each in own if is_typed(each) and not types_of(each) <= types),
        *(f"number: {each}" for each in own if is_number(each) and not names(each["name"]) & NUMBERS),
        *(f"money: {each}" for each in own if is_money(each) and not is_text(rules, each["type"])),
    ]


def types_of(declared: Read) -> set[str]:
    words = re.findall(r"[A-Za-z_]\w*(?:(?:\.|::)\w+)*", declared["type"])
    return {re.split(r"\.|::", word)[-1] for word in words}


def is_number(declared: Read) -> bool:
    return is_typed(declared) and NUMBER.search(declared["type"].lower()) is not None


def is_typed(declared: Read) -> bool:
    return declared["kind"] in ("field", "parameter") and declared["type"] != ""


def is_money(declared: Read) -> bool:
    if declared["kind"] == "parameter":
        return bool(names(declared["name"]) & MONEY_PARAMETERS)
    return is_typed(declared) and not MONEY.isdisjoint(held_by(declared))


def held_by(field: Read) -> set[tuple[str, str]]:
    """The properties that a field can be in the contract, each with its schema."""
    return {(schema, name) for scope in field["scope"] for schema in names(scope) for name in names(field["name"])}


def is_text(rules: Rules, type_: str) -> bool:
    while found := ABSENT.fullmatch(type_):
        type_ = found["inner"] or found["nullable"]
    return bool(re.fullmatch(rules.text, type_.strip()))


def empty(rules: Rules, folder: Path, filled: set[str]) -> list[str]:
    """The sources in which nothing is, and of those that follow from the contract the ones that declare nothing."""
    files = {str(path.relative_to(folder)): path.stat().st_size for path in folder.rglob(f"*{rules.suffix}")}
    return [file for file, size in files.items() if not size or (re.search(rules.own, file) and file not in filled)]


def collisions(rules: Rules, declared: Sequence[Read]) -> list[str]:
    """The names that stand twice in one scope, and the files whose names differ in case alone."""

    def place(each: Read) -> tuple[str, ...]:
        kind = each["kind"] if rules.by_kind or each["kind"] == "parameter" else ""
        overload = each["type"] if rules.overloads and each["kind"] == "function" else ""
        return (*each["scope"], kind, each["name"], overload)

    counted = Counter(map(place, declared))
    twice = {place(each) for each in declared if counted[place(each)] > 1 and re.search(rules.own, each["file"])}
    files = Counter(file.lower() for file in {each["file"] for each in declared})
    return [*map(str, sorted(twice)), *(file for file, count in files.items() if count > 1)]


@pytest.mark.parametrize("language", RULES)
def test_a_client_that_nothing_compiles_reads_well_and_holds_money_as_text(language: str, tmp_path: Path) -> None:
    READ[language](tmp_path)
    everything = read(language, tmp_path)
    assert faults(language, tmp_path, everything) == []
    # All that the contract has is there: nothing can be found wrong with what is missing.
    declared: dict[str, list[Read]] = {}
    for each in everything:
        declared.setdefault("fault" if each["fault"] else each["kind"], []).append(each)
    assert MONEY - set().union(*map(held_by, declared["field"])) == set()
    assert MONEY_PARAMETERS - set().union(*(names(each["name"]) for each in declared["parameter"])) == set()
    functions = {plain(each["name"]) for each in declared["function"]}
    asked = [plain(operation["operationId"]) for _, _, operation in operations(CONTRACT)]
    assert [name for name in asked if not any(function.startswith(name) for function in functions)] == []


# A trade with a number of money, a type that nobody declares and a name that stands twice, in the file that each
# language would have it in; and beside it a file that is no source.
WRONG = {
    "csharp": (
        "src/Model/Trade.cs",
        "class Trade { public double? NetPnl { get; set; } public Side Side { get; set; } string A; int A; }",
    ),
    "kotlin": (
        "src/models/Trade.kt",
        "data class Trade (val netPnl: kotlin.Double?, val side: Side) {}\nclass Trade\n",
    ),
    "rust": ("src/models/trade.rs", "struct Trade { net_pnl: Option<f64>, side: Side }\nenum E { A, A }\n"),
    "dart": (
        "lib/model/trade.dart",
        "class Trade { double? netPnl; Side side; static String? f() {} static int f() {} }\n",
    ),
    "swift": (
        "S/Models/Trade.swift",
        "struct Trade { var netPnl: Double?\n var side: Side }\nenum E { case a\n case a }\n",
    ),
}


@pytest.mark.parametrize("language", RULES)
def test_each_fault_of_a_client_is_found(language: str, tmp_path: Path) -> None:
    file, source = WRONG[language]
    path = tmp_path / file
    path.parent.mkdir(parents=True)
    path.write_text(source, "utf-8")
    (path.parent / f"Broken{path.suffix}").write_text("class Broken {{ (", "utf-8")
    (path.parent / f"Empty{path.suffix}").touch()
    found = faults(language, tmp_path, read(language, tmp_path))
    kinds = {each.partition(":")[0] for each in found}
    assert kinds == {"syntax", "empty", "collision", "type", "number", "money"}


def test_the_generators_are_at_least_twelve_and_each_is_checked() -> None:
    every = [*TYPESCRIPT, *PYTHONS, *COMPILED, *READ]
    assert len(every) >= 12
    assert list(READ) == list(RULES)
    listed = (ROOT / "openapi" / "README.md").read_text("utf-8")
    assert [name for name in every if f"| {name} |" not in listed] == []
