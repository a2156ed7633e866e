import subprocess
import sys

import pytest

from handlers.web.connexion.lean import UNUSED, Unloaded, without

NEW_PROCESS = """
import os, sys
os.environ["OPERATIONS"] = "createTrade"
import handlers.entry.http
from handlers.web.connexion.lean import UNUSED
print(*sorted(sys.modules.keys() & {*UNUSED, "boto3", "click", "flask", "s3transfer"}))
"""


def test_a_new_process_loads_nothing_that_no_function_uses() -> None:
    done = subprocess.run([sys.executable, "-c", NEW_PROCESS], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


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
