import json
import subprocess
import sys
from copy import deepcopy

import pytest

from handlers.web.connexion import app
from handlers.web.connexion.lean import LATER, UNUSED, Unloaded, without
from handlers.web.contract import slice_of

NEW_PROCESS = """
import os, sys
os.environ["OPERATIONS"] = "logIn"
import handlers.entry.http
from handlers.web.connexion.lean import LATER, UNUSED
print(*sorted(sys.modules.keys() & {*UNUSED, *LATER, "boto3", "click", "flask", "s3transfer"}))
from tests.events import event
body = b'{"email": 5}'
headers = {"content-type": "application/json", "content-length": str(len(body))}
asked = event("POST", "/v1/auth/login", route_key="POST /auth/login", headers=headers, body=body)
answer = handlers.entry.http.handler(asked, None)
print(*sorted(sys.modules.keys() & {*LATER}))
print(answer["body"])
"""


@pytest.fixture(scope="module")
def new_process() -> list[str]:
    """What a new process loads at its start, what a request with two faults loads, and its answer."""
    done = subprocess.run([sys.executable, "-c", NEW_PROCESS], capture_output=True, text=True, check=True)
    return [line for line in done.stdout.splitlines() if not line.startswith("{") or "errors" in line]


def test_a_new_process_loads_nothing_that_no_function_uses(new_process: list[str]) -> None:
    assert new_process[0] == ""


def test_what_lists_the_faults_of_a_request_is_loaded_by_the_first_that_has_one(new_process: list[str]) -> None:
    assert new_process[1].split() == sorted(LATER)
    errors = json.loads(new_process[2])["errors"]
    assert {(error["pointer"], error["code"]) for error in errors} == {
        ("/email", "WRONG_TYPE"),
        ("/password", "REQUIRED"),
    }


def test_connexion_leaves_the_contract_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    served = slice_of(["createTrade", "listTrades"])
    before = deepcopy(served)
    monkeypatch.setattr(app, "slice_of", lambda _: served)
    app.create_app(["createTrade", "listTrades"])
    assert served == before


def test_what_is_not_loaded_can_be_named_but_not_made() -> None:
    module = Unloaded("absent")
    assert type("Mine", (module.Theirs,), {}).__mro__[1].__name__ == "Theirs"
    with pytest.raises(ImportError, match=r"absent\.Theirs is not loaded"):
        module.Theirs()
    with pytest.raises(AttributeError):
        _ = module.__path__


def test_others_find_the_real_module_afterwards() -> None:
    with without("wave", "sys"):
        assert isinstance(sys.modules["wave"], Unloaded)
        assert not isinstance(sys.modules["sys"], Unloaded)
    assert "wave" not in sys.modules
    assert UNUSED
