"""`make reset`: deletes all accounts and trades of local runs, and keeps the build and the tools."""

import shutil

from local.embedded_aws import EmulatorError
from local.places import KEPT
from local.run import only_one_run, say


def main() -> int:
    try:
        with only_one_run():
            for name in ("state", "s3", "logs", "tmp"):
                shutil.rmtree(KEPT / name, ignore_errors=True)
    except EmulatorError as error:
        say(f"{error}; stop it first")
        return 1
    say("The local data is gone; the next `make run` starts with a new demo account.")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
