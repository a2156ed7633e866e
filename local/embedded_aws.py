"""Runs the embedded AWS as a process with an environment of its own, and ends it with all processes that it started."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import boto3
import httpx

from local.places import EMULATOR_PYTHON, LAMBDA_PYTHON, ROOT

REGION = "us-east-1"
ROOT_KEY = "test"  # ministack's root user, to whom no policy applies: for deployments and tests only
STOP_TIMEOUT = 20  # seconds
WORKERS_PER_PROCESSOR = 4  # functions spend most of their time waiting for AWS
MOST_WORKERS = 1000  # AWS's default concurrency of an account

SERVICES = (
    "apigateway,cloudformation,cloudwatch,cognito-idp,dynamodb,dynamodbstreams,events,iam,kms,lambda,logs,s3,"
    "scheduler,secretsmanager,ses,sns,sqs,ssm,sts"
)


class EmulatorError(Exception):
    """The embedded AWS did not start, or ended unexpectedly."""


class BadSetting(EmulatorError):
    """An environment variable has an invalid value."""


class PortTaken(EmulatorError):
    """Another program listens on a port that is needed."""

    def __init__(self, port: int, variable: str) -> None:
        super().__init__(
            f"port {port} is taken; choose another one with {variable}, as in: {variable}={port + 1} make run"
        )


@dataclass(frozen=True)
class Mail:
    to: tuple[str, ...]
    subject: str
    text: str

    @property
    def code(self) -> str | None:
        """The confirmation or reset code in the mail, if there is one."""
        found = re.search(r"\b\d{6}\b", self.text)
        return found.group() if found else None


@dataclass
class EmbeddedAws:
    folder: Path
    aws_port: int
    api_port: int
    process: "subprocess.Popen[bytes]"

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.aws_port}"

    @property
    def api_origin(self) -> str:
        return f"http://127.0.0.1:{self.api_port}"

    @property
    def lambda_log(self) -> Path:
        return self.folder / "logs" / "lambda.log"

    @property
    def emulator_log(self) -> Path:
        return self.folder / "logs" / "emulator.log"

    @cached_property
    def session(self) -> boto3.Session:
        return boto3.Session(aws_access_key_id=ROOT_KEY, aws_secret_access_key=ROOT_KEY, region_name=REGION)

    def client(self, service: Any) -> Any:
        """A boto3 client with the root user's rights. Annotate the variable with its type from boto3-stubs."""
        return self.session.client(service, endpoint_url=self.endpoint)

    def publish(self, api_id: str) -> None:
        """Serve this HTTP API at the API port, its stage `v1` at /v1."""
        self._request("PUT", "/_local/api", json.dumps({"apiId": api_id}).encode())

    def mails(self) -> list[Mail]:
        """All mails that Cognito has sent since the start, oldest first."""
        accounts = json.loads(self._request("GET", "/_ministack/ses/messages"))["messages"].values()
        return [
            Mail(tuple(mail["To"]), mail["Subject"] or "", mail["BodyText"] or "")
            for mails in accounts
            for mail in mails
        ]

    def confirmation_code(self, email: str) -> str:
        """The newest code that was sent to this address."""
        for mail in reversed(self.mails()):
            if email in mail.to and mail.code:
                return mail.code
        raise LookupError(f"no mail with a code was sent to {email}")

    def memory(self) -> tuple[int, dict[int, int]]:
        """Resident memory in bytes of the embedded AWS and, by process id, of each Lambda worker."""
        listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid=,rss="], capture_output=True, text=True, check=True)  # noqa: S607 wherever it is
        rows = [[int(number) for number in line.split()] for line in listed.stdout.splitlines()]
        own = sum(rss for pid, _parent, rss in rows if pid == self.process.pid)
        return own * 1024, {pid: rss * 1024 for pid, parent, rss in rows if parent == self.process.pid}

    def _request(self, method: str, path: str, body: bytes | None = None) -> bytes:
        answer = httpx.request(method, self.endpoint + path, content=body, timeout=10, trust_env=False)
        return answer.raise_for_status().content


@contextmanager
def embedded_aws(folder: Path, aws_port: int, api_port: int, *, keep: bool) -> Iterator[EmbeddedAws]:
    """Run the embedded AWS with state, logs and temporary files in `folder`; with `keep`, save the state at the end."""
    for port, variable in ((aws_port, "AWS_PORT"), (api_port, "API_PORT")):
        if not is_free(port):
            raise PortTaken(port, variable)
    environment = settings(folder, aws_port, api_port, keep=keep)
    shutil.rmtree(folder / "tmp", ignore_errors=True)  # left by a run that was killed
    for name in ("logs", "tmp"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / "logs" / "lambda.log").write_bytes(b"")
    log = (folder / "logs" / "emulator.log").open("wb")
    process = subprocess.Popen(
        [EMULATOR_PYTHON, "-m", "local.emulator"],
        cwd=ROOT,
        env=environment,
        # The emulator ends when this pipe closes, also when this process is killed.
        stdin=subprocess.PIPE,
        stdout=log,
        stderr=subprocess.STDOUT,
        # Ctrl-C signals the terminal's whole process group, but the emulator must end after its clients.
        start_new_session=True,
    )
    aws = EmbeddedAws(folder, aws_port, api_port, process)
    try:
        _wait_until_ready(aws)
        yield aws
    finally:
        _stop(process)
        log.close()
        shutil.rmtree(folder / "tmp", ignore_errors=True)


def settings(folder: Path, aws_port: int, api_port: int, *, keep: bool) -> dict[str, str]:
    """The environment of the emulator. It inherits only PATH from the caller: no profile and no proxy."""
    temporary = str(folder / "tmp")
    return {
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
        "HOME": temporary,  # so that no ~/.aws is read
        "TMPDIR": temporary,  # ministack unpacks every function there and leaves it behind
        "GATEWAY_PORT": str(aws_port),
        "API_PORT": str(api_port),
        "BIND_HOST": "127.0.0.1",
        "IOT_MTLS_ENABLED": "0",  # it would listen on every interface
        "SFTP_ENABLED": "0",
        "SERVICES": SERVICES,
        "ANSWER_STEP_SECONDS": "0.2",  # handlers/web/even_timing.py; functions inherit it
        "THROTTLE": os.environ.get("THROTTLE", ""),  # local/emulator/throttling.py
        "AUTH": "true",  # check signatures, IAM policies and Cognito's codes
        "AWS_ACCESS_KEY_ID": ROOT_KEY,
        "AWS_SECRET_ACCESS_KEY": ROOT_KEY,
        "AWS_EC2_METADATA_DISABLED": "true",
        "MINISTACK_REGION": REGION,
        "PERSIST_STATE": "1" if keep else "0",
        "S3_PERSIST": "1" if keep else "0",
        "STATE_DIR": str(folder / "state"),
        "S3_DATA_DIR": str(folder / "s3"),
        "LAMBDA_WORKERS": str(lambda_workers()),
        "LAMBDA_STARTS": str(_processors()),  # concurrent starts; each keeps a processor busy
        "LAMBDA_ACCOUNT_CONCURRENCY": str(MOST_WORKERS),  # running and queued; more are throttled, as on AWS
        "LAMBDA_PYTHON": str(LAMBDA_PYTHON),
        "LAMBDA_LOG": str(folder / "logs" / "lambda.log"),
    }


def lambda_workers() -> int:
    """The number of Lambda workers that may run at once: LAMBDA_WORKERS, or four for each processor."""
    given = os.environ.get("LAMBDA_WORKERS", "")
    if not given:
        return WORKERS_PER_PROCESSOR * _processors()
    if not (given.isascii() and given.isdecimal() and 0 < int(given) <= MOST_WORKERS):
        raise BadSetting(f"LAMBDA_WORKERS={given} is not a number from 1 to {MOST_WORKERS}")
    return int(given)


def _processors() -> int:
    """The number of processors that this process may use; on macOS, of all processors."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_ports(count: int) -> list[int]:
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()


def _wait_until_ready(aws: EmbeddedAws) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if aws.process.poll() is not None:
            raise EmulatorError(f"the embedded AWS ended at once:\n{tail(aws.emulator_log)}")
        try:
            aws._request("GET", "/_ministack/health")
        except httpx.HTTPError:
            time.sleep(0.1)
        else:
            return
    raise EmulatorError(f"the embedded AWS did not answer within a minute:\n{tail(aws.emulator_log)}")


def tail(log: Path, lines: int = 20) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])


def _stop(process: "subprocess.Popen[bytes]") -> None:
    """Ask it to end, so that it saves its state; then kill the workers that are left."""
    process.terminate()
    if process.stdin:
        process.stdin.close()
    try:
        process.wait(STOP_TIMEOUT)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
