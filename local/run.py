"""`make run`: runs the back end on this machine, with demo data, until Ctrl-C. The data is kept for the next run.

Settings: API_PORT (8000), AWS_PORT (4566), WEB_PORT (8001), LAMBDA_WORKERS, LOGS=1; docs/local.md describes them. It
needs the output of `make build-local`.
"""

import fcntl
import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from local import web
from local.demo import EMAIL, PASSWORD, DemoError, create_demo_account
from local.deploy import DeployError
from local.embedded_aws import (
    REGION,
    ROOT_KEY,
    EmbeddedAws,
    EmulatorError,
    PortTaken,
    embedded_aws,
    free_ports,
    is_free,
)
from local.places import BUILD, ENDPOINTS, KEPT
from local.stack import Stack, deploy

DEMO_MARK = "/local/demo-account"  # a parameter in the embedded AWS, so that it is deleted with the data


def main() -> int:
    for wish in (signal.SIGINT, signal.SIGTERM):
        # SIGINT too: shell scripts start background jobs with SIGINT ignored, and Python does not change that.
        signal.signal(wish, _stop)
    if not (BUILD / "template.yaml").is_file():
        say(f"There is no build in {BUILD}; run: make build-local")
        return 1
    try:
        with only_one_run():
            api_port, aws_port = _port("API_PORT", 8000), _port("AWS_PORT", 4566)
            run(api_port, aws_port, web_port(api_port, aws_port))
    except KeyboardInterrupt:
        say("Stopped; the data is kept in .local (make reset deletes it).")
    except EmulatorError as error:
        say(str(error))
        return 1
    except DeployError as error:
        say(f"{error}\nIf the template is right, `make reset` starts over, without the local data.")
        return 1
    return 0


def run(api_port: int, aws_port: int, pages_port: int) -> None:
    say("Starting the embedded AWS ...")
    with web.reserved(pages_port), embedded_aws(KEPT, aws_port, api_port, keep=True) as aws:
        say("Deploying the stack ...")
        with no_interruption():
            stack = deploy(aws, BUILD, {"AllowedOrigins": web.allowed_origins(pages_port)})
        add_demo_account(stack)
        demo = {"email": EMAIL, "password": PASSWORD}
        with web.running(web.server(pages_port, stack.api, stack.endpoint, demo)), endpoints_file(stack, pages_port):
            say(welcome(stack, pages_port))
            watch(aws)
        raise EmulatorError(f"the embedded AWS has ended by itself; see {aws.emulator_log}")


def watch(aws: EmbeddedAws) -> None:
    """Print the mails that are sent and, with LOGS=1, what the functions log, while the embedded AWS runs."""
    log = aws.lambda_log.open(errors="replace")
    log.seek(0, os.SEEK_END)
    seen = len(aws.mails())
    while aws.process.poll() is None:
        time.sleep(0.5)
        if os.environ.get("LOGS") == "1" and (lines := log.read()):
            sys.stdout.write(lines)
            sys.stdout.flush()
        try:
            mails = aws.mails()
        except OSError:
            continue  # the embedded AWS is ending
        for mail in mails[seen:]:
            say(f"Mail to {', '.join(mail.to)}: {mail.text}")
        seen = len(mails)


def add_demo_account(stack: Stack) -> None:
    """Create the demo account at the first start only, so that a deleted one does not come back."""
    parameters = stack.client("ssm")
    if parameters.get_parameters(Names=[DEMO_MARK])["Parameters"]:
        return
    say("Recording the demo account's trades ...")
    try:
        create_demo_account(stack.api, stack.confirmation_code, datetime.now(UTC).date())
    except (DemoError, LookupError, OSError) as error:
        # The API may be broken by a change in progress: run it anyway, so that it can be debugged.
        say(f"The demo account is incomplete; the next start tries again: {error}")
        return
    parameters.put_parameter(Name=DEMO_MARK, Value=EMAIL, Type="String")


@contextmanager
def endpoints_file(stack: Stack, pages_port: int) -> Iterator[None]:
    """Write the file with the endpoints, which exists only while everything is ready."""
    ENDPOINTS.write_text(json.dumps(endpoints(stack, pages_port), indent=2) + "\n")
    try:
        yield
    finally:
        ENDPOINTS.unlink(missing_ok=True)


def endpoints(stack: Stack, pages_port: int) -> dict[str, str]:
    return {
        "api": stack.api,
        "docs": f"{stack.api}/docs",
        "web": f"http://127.0.0.1:{pages_port}/",
        "email": EMAIL,
        "password": PASSWORD,
        "aws": stack.endpoint,
        "region": REGION,
        "accessKeyId": ROOT_KEY,
        "secretAccessKey": ROOT_KEY,
        **{name[0].lower() + name[1:]: value for name, value in stack.outputs.items() if name.startswith("UserPool")},
    }


def welcome(stack: Stack, pages_port: int) -> str:
    login = json.dumps({"email": EMAIL, "password": PASSWORD})
    reading = """python3 -c 'import json,sys; print(json.load(sys.stdin)["accessToken"])'"""
    return f"""
Ready. Ctrl-C stops it and keeps the data.

  Docs   {stack.api}/docs
  API    {stack.api}
  App    http://127.0.0.1:{pages_port}/
  Login  {EMAIL}  {PASSWORD}

  TOKEN=$(curl -s {stack.api}/auth/login -H 'Content-Type: application/json' -d '{login}' | {reading})
  curl -s '{stack.api}/trades?limit=3' -H "Authorization: Bearer $TOKEN"

Sign-up codes appear here. The functions' logs: LOGS=1 make run, or {stack.aws.lambda_log.relative_to(KEPT.parent)}
"""


@contextmanager
def no_interruption() -> Iterator[None]:
    """Defer Ctrl-C until the block ends: a half-deployed stack can be neither updated nor deleted."""
    wishes = (signal.SIGINT, signal.SIGTERM)
    signal.pthread_sigmask(signal.SIG_BLOCK, wishes)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, wishes)


@contextmanager
def only_one_run() -> Iterator[None]:
    """Lock the folder, since two runs with the same folder would overwrite each other's state."""
    KEPT.mkdir(exist_ok=True)
    with (KEPT / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise EmulatorError("another `make run` of this folder is running (or just stopping)") from None
        ENDPOINTS.unlink(missing_ok=True)  # of a run that was killed
        yield


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def web_port(api_port: int, aws_port: int) -> int:
    """The port of the example front end: WEB_PORT, else the port after the API's, else a free one. Raises PortTaken."""
    port = _port("WEB_PORT", api_port + 1)
    if is_free(port) and port not in (api_port, aws_port):
        return port
    if "WEB_PORT" in os.environ:
        raise PortTaken(port, "WEB_PORT")
    return free_ports(1)[0]


def _port(variable: str, default: int) -> int:
    value = os.environ.get(variable, str(default))
    if not (value.isdecimal() and 0 < int(value) < 65536):
        raise EmulatorError(f"{variable}={value} is not a port")
    return int(value)


def _stop(_signal: int, _frame: object) -> None:
    for wish in (signal.SIGINT, signal.SIGTERM):
        signal.signal(wish, signal.SIG_IGN)  # a second Ctrl-C must not interrupt the saving of the data
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
