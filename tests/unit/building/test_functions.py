"""A built function contains the modules that it needs, and no others."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from copy import deepcopy
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from building import functions
from building.layer import UNLOADED, services, trim_botocore
from building.models import models_for, named_in
from building.sources import cut, without_docstrings
from handlers.imports.formats import FORMATS
from handlers.web.connexion.lean import UNUSED
from handlers.web.contract import METHODS, contract, slice_of
from handlers.web.deprecation import announcement
from local.artifacts import read_template, zipped

OPERATIONS = [
    item[method]["operationId"] for item in contract()["paths"].values() for method in METHODS if method in item
]
# The largest restores: it checks, converts, compares and writes all that a journal has, with the engine of trades.
MOST_KILOBYTES = 800
# These hold all formats of brokers' files besides, of 10 kB each at most in the mean.
WITH_FORMATS = {"ReadFormatsFunction", "ReadImportFilesFunction", "ChangeImportsFunction"}
MOST_WITH_FORMATS = MOST_KILOBYTES + 10 * len(FORMATS)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The functions' folders, for this interpreter."""
    folder = tmp_path_factory.mktemp("built") / "functions"
    functions.write_once(folder, sys.executable)
    return folder


def folders(built: Path) -> list[Path]:
    return [path for path in built.iterdir() if path.is_dir()]


def test_every_function_of_the_template_is_given_its_entry(built: Path) -> None:
    template = read_template(functions.ROOT / "template.yaml")
    wanted = {name: entry for name, entry, _ in functions.functions(template)}
    assert {folder.name for folder in folders(built)} == wanted.keys()
    for name, entry in wanted.items():
        assert (built / name / Path(*entry.split("."))).with_suffix(".py").is_file()


def test_no_bundle_is_large_and_none_holds_tests_or_tools(built: Path) -> None:
    for folder in folders(built):
        most = MOST_WITH_FORMATS if folder.name in WITH_FORMATS else MOST_KILOBYTES
        assert len(zipped(folder)) < most * 1000, folder.name
        assert {path.name for path in folder.iterdir()} <= {"handlers", "generated"}
        assert not [path for path in folder.rglob("*") if "test" in path.name or path.name == "gateway.json"]


def test_every_source_has_its_byte_code(built: Path) -> None:
    for folder in folders(built):
        sources = list(folder.rglob("*.py"))
        assert sources
        for source in sources:
            assert list(source.parent.glob(f"__pycache__/{source.stem}.*.pyc"))


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_function_serves_its_operation_as_the_whole_contract_has_it(
    operation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = functions._without_prose(slice_of([operation]))
    cut = functions.contract_for([operation])
    monkeypatch.setattr("handlers.web.contract.contract", lambda: cut)
    [(path, item)] = slice_of([operation])["paths"].items()
    assert {path: functions._without_prose(item)} == whole["paths"]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_function_knows_every_route_and_who_may_come(operation: str) -> None:
    cut = functions.contract_for([operation])
    for path, item in contract()["paths"].items():
        for method in METHODS:
            if method in item:
                known = cut["paths"][path][method]
                assert known["operationId"] == item[method]["operationId"]
                assert known.get("security") == item[method].get("security")


def test_a_function_knows_that_its_operation_comes_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    ending = deepcopy(contract())
    operation = ending["paths"]["/trades"]["get"]
    operation |= {"deprecated": True, "x-deprecated-at": "2027-01-01", "x-sunset": "2027-07-01"}
    monkeypatch.setattr(functions, "contract", lambda: ending)
    told = announcement(functions.contract_for(["listTrades"])["paths"]["/trades"]["get"])
    assert told == announcement(operation)
    assert told.keys() == {"Deprecation", "Sunset"}


def test_the_models_are_those_in_use_and_read_as_the_whole_ones_do(monkeypatch: pytest.MonkeyPatch) -> None:
    made: Any = ModuleType("models_of_one_function")
    monkeypatch.setitem(sys.modules, made.__name__, made)
    exec(models_for({"CloseInput"}), vars(made))  # noqa: S102 our own source
    assert not hasattr(made, "TradeInput")
    assert not made.CloseInput.__doc__
    close = made.CloseInput.model_validate({"price": "1.5", "closedAt": "2026-01-05T09:31:04Z"})
    assert json.loads(close.model_dump_json(by_alias=True, exclude_none=True)) == {
        "price": "1.5",
        "closedAt": "2026-01-05T09:31:04Z",
    }


@pytest.mark.parametrize(
    ("operation", "models"),
    [
        ("create_trade", {"TradeInput"}),
        ("create_trades", {"TradeInput"}),
        ("close_trade", {"CloseInput"}),
        ("get_trade", set()),
    ],
)
def test_an_operation_is_given_the_models_that_it_leads_to(operation: str, models: set[str]) -> None:
    file = Path(functions.ROOT, "handlers", "operations", "trades.py")
    assert named_in(cut(file.read_text(), [operation])) == models


@pytest.mark.parametrize(
    ("operation", "needed", "others"),
    [
        ("closeTrade", {"usecases/closes.py", "usecases/ledger_trades.py"}, {"storage/trade_queries.py"}),
        ("listTrades", {"storage/trade_queries.py", "usecases/list_by_close.py"}, {"usecases/closes.py"}),
        ("listImports", {"storage/imports.py"}, {"imports/formats/__init__.py"}),
        ("logOutAll", {"storage/accounts.py"}, {"usecases/export_account.py", "usecases/erase_account.py"}),
    ],
)
def test_a_function_has_the_modules_of_its_own_operations_only(
    operation: str, needed: set[str], others: set[str]
) -> None:
    files = {path.as_posix().removeprefix("handlers/") for path in functions.sources(functions.HTTP_ENTRY, [operation])}
    assert needed <= files
    assert not others & files


MODULE = '''"""What it is for."""
from __future__ import annotations
import json, re
from places import (
    near,
    far as distant,
)
ALWAYS = models.Always
KINDS = {"trade": _of_trade}

@wrapped(1)
async def one(given: Named) -> Result:
    """Do one thing."""
    return helper(near, json)

@wrapped(
    re,
)
def other():
    return distant(models.Other)

def helper(near, json):
    """Help."""

def _of_trade(): return models.ByTable

class Kind:
    """A kind."""

    def is_it(self):
        """Say so."""
        return True
'''


def test_what_only_other_operations_need_is_cut_and_lines_keep_their_numbers() -> None:
    lines = cut(MODULE, ["one"]).splitlines()
    assert len(lines) == len(MODULE.splitlines())
    assert lines[2] == "import json"
    assert lines[3:7] == ["from places import near", "", "", ""]
    assert lines[14:20] == [""] * 6
    kept = [number for number, line in enumerate(lines) if line == MODULE.splitlines()[number]]
    assert {0, 1, 7, 8, 10, 11, 12, 13, 21, 22, 24, 26} <= set(kept)
    assert named_in("\n".join(lines)) == {"Always", "ByTable"}


def test_a_module_loses_all_docstrings_but_those_of_classes() -> None:
    lines = without_docstrings(MODULE).splitlines()
    assert len(lines) == len(MODULE.splitlines())
    assert [line for line in lines if '"""' in line] == ['    """A kind."""']
    assert lines[22] == "    pass"
    assert lines[12] == ""
    compile("\n".join(lines), "module.py", "exec")


def test_a_dataclass_of_a_bundle_need_not_write_its_docstring(built: Path) -> None:
    made = subprocess.run(
        [sys.executable, "-c", "from handlers.journal.trade import Trade; print(Trade.__doc__)"],
        env={"PYTHONPATH": str(built / "CloseTradeFunction"), "PYTHONSAFEPATH": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert made.stdout
    assert not made.stdout.startswith("Trade(")


def test_what_connexion_does_not_load_is_not_in_the_layer() -> None:
    libraries = {name.split(".")[0] for name in UNUSED} - sys.stdlib_module_names
    assert libraries - {"starlette", "werkzeug"} <= set(UNLOADED)


def test_botocore_keeps_the_services_in_use(tmp_path: Path) -> None:
    for service in ("dynamodb", "ec2"):
        for version in ("2011-01-01", "2012-08-10"):
            (tmp_path / service / version).mkdir(parents=True)
    kept = tmp_path / "dynamodb" / "2012-08-10"
    shape = {"type": "structure", "documentation": "<p>prose</p>", "members": {"documentation": {"shape": "Text"}}}
    (kept / "service-2.json.gz").write_bytes(gzip.compress(json.dumps({"shapes": {"Item": shape}}).encode()))
    (kept / "examples-1.json").write_text("{}")
    endpoints = {"partitions": [{"partition": "aws", "services": {"dynamodb": {}, "ec2": {}}}]}
    (tmp_path / "endpoints.json").write_text(json.dumps(endpoints))
    trim_botocore(tmp_path, services())
    assert sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.glob("*/*")) == ["dynamodb/2012-08-10"]
    assert json.loads((tmp_path / "endpoints.json").read_text())["partitions"][0]["services"] == {"dynamodb": {}}
    assert [file.name for file in kept.iterdir()] == ["service-2.json"]
    shape["documentation"] = ""
    assert json.loads((kept / "service-2.json").read_text()) == {"shapes": {"Item": shape}}
    assert services() == {"cognito-idp", "dynamodb", "s3", "secretsmanager", "ses", "sqs"}
