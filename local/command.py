"""`make import`: runs the Python client's command for the demo user of what `make run` runs.

The arguments are the command's own. It needs the package in .build/python-client, which the Makefile makes.
"""

import json
import os
import sys

from local.places import ENDPOINTS, ROOT

PACKAGE = ROOT / ".build" / "python-client"
PYTHON = ROOT / ".tools" / "clients" / "bin" / "python"


def main() -> None:
    try:
        told = json.loads(ENDPOINTS.read_text("utf-8"))
    except FileNotFoundError:
        sys.exit("Start the back end first, in another terminal: make run")
    own = {
        "PYTHONPATH": str(PACKAGE),
        "TRADING_JOURNAL_API": told["api"],
        "TRADING_JOURNAL_EMAIL": told["email"],
        "TRADING_JOURNAL_PASSWORD": told["password"],
    }
    arguments = [str(PYTHON), "-m", "trading_journal_client.command", *sys.argv[1:]]
    os.execve(PYTHON, arguments, {**os.environ, **own})  # noqa: S606 our own program


if __name__ == "__main__":
    main()
