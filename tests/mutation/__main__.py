"""Test the tests of the domain: change the code of a module in one place, run its unit tests, and expect a failure.

    python -m tests.mutation [--floor PERCENT] [MODULE ...]

cosmic-ray makes the mutants. Each runs in a fork of this process, which has pytest and hypothesis loaded, so that a
mutant takes a fraction of a second and no source file is changed. Hypothesis is derandomized. A mutant that survives is
printed as a diff, unless `survivors.md` lists it, by the hash of its diff, as one that does the same or harms nobody.
Exits with 1 when there is another, when the list names one that does not survive, and when fewer than `--floor` per
cent of the whole domain's mutants are killed.
"""

from __future__ import annotations

import argparse
import ast
import difflib
import gc
import importlib
import os
import re
import resource
import signal
import sys
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from itertools import islice
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

import hypothesis
import pytest
from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator, operator_names

from tests.mutation.modules import TESTS

ROOT = Path(__file__).parents[2]
JUDGED = Path(__file__).with_name("survivors.md")
# How a class is built, and what is imported for types alone, is judged by mypy.
OF_MYPY = re.compile(r"^- *@|^-if TYPE_CHECKING:", re.MULTILINE)
SECONDS = 20
# A failure is all that is asked of Hypothesis, and no small example of it.
FOUND = (hypothesis.Phase.explicit, hypothesis.Phase.generate)
# Tests that ask for thousands find most in the first of them, and would take as long again for each survivor.
MOST_EXAMPLES = 100
SURVIVED = 7  # the exit code of a process whose mutant no test noticed
MEGABYTES = 2_000
# The first two need to be told names of variables. The others ask for identity in place of equality or the other way
# round, which is the same for enumerations, None and small numbers.
LEFT_OUT = re.compile("VariableInserter|VariableReplacer|_Eq_Is$|_NotEq_IsNot$|_Is_Eq$|_IsNot_NotEq$")


class FewerExamples(hypothesis.settings):
    """The settings of Hypothesis, of which a test that is imported later asks for `MOST_EXAMPLES` at most."""

    def __init__(self, *parent: Any, **given: Any) -> None:
        if "max_examples" in given:
            given["max_examples"] = min(given["max_examples"], MOST_EXAMPLES)
        super().__init__(*parent, **given)


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change of a module: its source, and the lines that differ."""

    module: str
    source: str
    diff: str

    @property
    def name(self) -> str:
        """A short hash of the change, which stays while the changed lines do."""
        return sha256(self.diff.encode()).hexdigest()[:10]


def mutants(module: str) -> Iterator[Mutant]:
    """All changes that cosmic-ray knows for a module."""
    source = (ROOT / module).read_text("utf-8")
    seen = {source}
    nodes = list(ast_nodes(get_ast(source)))
    for operator_name in sorted(operator_names()):
        if LEFT_OUT.search(operator_name):
            continue
        operator = get_operator(operator_name)()
        places = sum(len(list(operator.mutation_positions(node))) for node in nodes)
        for place in range(places):
            changed = mutate_code(source, operator, place)
            if changed is None or changed in seen or not _compiles(changed):
                continue
            seen.add(changed)
            if _runs_alike(source, changed):
                continue
            mutant = Mutant(module, changed, _diff(source, changed))
            if not OF_MYPY.search(mutant.diff):
                yield mutant


def _code(source: str, name: str = "mutant") -> CodeType:
    with warnings.catch_warnings(action="ignore"):  # of mutants such as `text is "-0"`
        return compile(source, name, "exec", dont_inherit=True)


def _compiles(source: str) -> bool:
    try:
        _code(source)
    except SyntaxError:
        return False
    return True


def _runs_alike(before: str, after: str) -> bool:
    """Whether sources differ in nothing but what mypy judges: the annotations that nobody evaluates, and whether a
    parameter is given by its name or by its place.
    """
    return _without_signatures(before) == _without_signatures(after)


@lru_cache(maxsize=2)
def _without_signatures(source: str) -> str:
    tree = ast.parse(source)
    are_texts = "from __future__ import annotations\n" in source  # those of fields, too
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            node.returns = None
        elif isinstance(node, ast.arg):
            node.annotation = None
        elif isinstance(node, ast.AnnAssign) and are_texts:
            node.annotation = ast.Constant(None)
        elif isinstance(node, ast.arguments):
            node.args = [*node.posonlyargs, *node.args, *node.kwonlyargs]
            node.defaults += [default for default in node.kw_defaults if default is not None]
            node.posonlyargs, node.kwonlyargs, node.kw_defaults = [], [], []
    return ast.dump(tree)


def _diff(before: str, after: str) -> str:
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=0)
    return "\n".join(line for line in lines if not line.startswith(("---", "+++", "@@")))


def survives(mutant: Mutant, tests: Sequence[str]) -> bool:
    """Whether all tests pass with the mutant. Runs in a process of its own, which this call ends."""
    _import(mutant)
    devnull = os.open(os.devnull, os.O_WRONLY)
    os.dup2(devnull, 1)
    os.dup2(devnull, 2)
    loaded = "ignore::pytest.PytestAssertRewriteWarning"  # hypothesis is, before pytest could rewrite it
    without = [f"-pno:{plugin}" for plugin in ("cacheprovider", "threadexception", "unraisableexception")]
    return pytest.main(["-x", "-q", "--tb=no", "-W", loaded, *without, *tests]) == 0


def _import(mutant: Mutant) -> None:
    """Import the mutant in place of its module, before any test imports that."""
    name = mutant.module.removesuffix(".py").replace("/", ".")
    module = ModuleType(name)
    module.__file__ = str(ROOT / mutant.module)
    sys.modules[name] = module
    parent, _, own = name.rpartition(".")
    setattr(importlib.import_module(parent), own, module)
    exec(_code(mutant.source, module.__file__), vars(module))  # noqa: S102 our own code, changed in one place


def run(todo: Iterator[tuple[Mutant, Sequence[str]]], jobs: int) -> Iterator[tuple[Mutant, bool]]:
    """Each mutant with whether it survives; `jobs` of them run at a time."""
    running: dict[int, Mutant] = {}
    gc.freeze()
    while True:
        for mutant, tests in islice(todo, jobs - len(running)):
            running[_fork(mutant, tests)] = mutant
        if not running:
            return
        child, status = os.wait()
        yield running.pop(child), os.waitstatus_to_exitcode(status) == SURVIVED


def _fork(mutant: Mutant, tests: Sequence[str]) -> int:
    child = os.fork()
    if child == 0:
        code = 1
        try:
            resource.setrlimit(resource.RLIMIT_AS, (MEGABYTES << 20, MEGABYTES << 20))
            signal.setitimer(signal.ITIMER_PROF, SECONDS)  # of the processor: an endless loop ends by SIGPROF
            code = SURVIVED if survives(mutant, tests) else 1
        finally:
            os._exit(code)
    return child


def judged(module: str) -> set[str]:
    """The hashes that survivors.md lists of a module."""
    _, _, after = JUDGED.read_text("utf-8").partition(f"\n## {module}\n")
    return set(re.findall(r"^### `([0-9a-f]{10})`", after.partition("\n## ")[0], re.MULTILINE))


def main() -> int:
    """Run the mutants of the modules that the command line names, or of all."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument(
        "modules", nargs="*", metavar="MODULE", help="such as handlers/journal/trade.py; all without one"
    )
    parser.add_argument("--floor", type=float, default=95, help="the least share of killed mutants, in per cent")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="mutants that run at a time")
    asked = parser.parse_args()
    hypothesis.settings.register_profile(
        "mutation",
        derandomize=True,
        database=None,
        deadline=None,
        max_examples=60,
        phases=FOUND,
        report_multiple_bugs=False,
    )
    hypothesis.settings.load_profile("mutation")
    hypothesis.settings = FewerExamples  # type: ignore[misc] # a type takes the place of another
    made = left = unjudged = 0
    for module in asked.modules or TESTS:
        tests = [str(ROOT / "tests" / "unit" / "journal" / name) for name in TESTS[module]]
        [(_, passes)] = run(iter([(Mutant(module, (ROOT / module).read_text("utf-8"), ""), tests)]), 1)
        if not passes:
            raise SystemExit(f"the tests of {module} fail without a change")
        of_module = survivors = unknown = 0
        known, seen = judged(module), set[str]()
        for mutant, survived in run(((mutant, tests) for mutant in mutants(module)), asked.jobs):
            of_module += 1
            if survived:
                survivors += 1
                seen.add(mutant.name)
                if mutant.name not in known:
                    unknown += 1
                    _tell(f"\n### `{mutant.name}`\n{mutant.diff}\n")
        made, left, unjudged = made + of_module, left + survivors, unjudged + unknown + len(known - seen)
        _tell(f"{module}: {_share(of_module, survivors)}; {unknown} not judged")
        if known - seen:
            _tell(f"survivors.md lists what no longer survives: {', '.join(sorted(known - seen))}")
    _tell(f"all: {_share(made, left)}")
    return int(unjudged > 0 or (not asked.modules and 100 * (made - left) < asked.floor * made))


def _share(made: int, left: int) -> str:
    return f"{made - left} of {made} killed, {100 * (made - left) / max(made, 1):.1f} %"


def _tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
