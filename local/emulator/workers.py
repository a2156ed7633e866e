"""Patches of the processes that run Lambda functions."""

import hashlib
import logging
import os
import tempfile
import threading
import time
import zipfile
from contextvars import ContextVar
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from local.emulator.patching import Patch, put, take
from local.emulator.worker_queue import (
    CALLER,
    REQUESTS,
    SENT_BY_A_FUNCTION,
    CallerLeft,
    Invocation,
    Worker,
    WorkerQueue,
)

log = logging.getLogger("local.emulator")

RUNTIME = "ministack.core.lambda_runtime"
LAMBDA = "ministack.services.lambda_svc"
LOGS = "ministack.services.cloudwatch_logs"
LOG_STREAMS = 2000  # the streams to keep of a log group; ministack begins one with every invocation

# Settings of this process that must not be visible to a function. ministack passes its whole environment on.
OWN_SETTINGS: tuple[str, ...] = (
    "AUTH",
    "BIND_HOST",
    "GATEWAY_PORT",
    "API_PORT",
    "IOT_MTLS_ENABLED",
    "SFTP_ENABLED",
    "SERVICES",
)
OWN_SETTINGS += ("PERSIST_STATE", "S3_PERSIST", "STATE_DIR", "S3_DATA_DIR", "LAMBDA_PYTHON", "LAMBDA_LOG")
OWN_SETTINGS += ("LAMBDA_WORKERS", "LAMBDA_STARTS", "LAMBDA_ACCOUNT_CONCURRENCY", "THROTTLE")

# Seconds after which a process is killed that does not finish its start. AWS allows 10 seconds and then repeats the
# start; concurrent starts on a busy machine take longer. Without a limit such a process would keep its slot for ever.
START_LIMIT = 60.0

# Parts added to ministack's worker script, each after a line of it: the one where print() starts to go to the log, and
# the one where the function's variables are set.
START = "    sys.stdout = sys.stderr\n"
VARIABLES_SET = "    os.environ.update(env)\n"
PREPARATION = f"""
    import logging, threading
    for _name in {OWN_SETTINGS!r}:
        os.environ.pop(_name, None)
    os.environ.setdefault("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/" + os.environ["AWS_LAMBDA_FUNCTION_NAME"])
    os.environ.setdefault("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand")
    os.environ.setdefault("AWS_EXECUTION_ENV", "AWS_Lambda_python%d.%d" % sys.version_info[:2])
    # The runtime of AWS installs a handler, so that logging works without any configuration.
    _handler = logging.StreamHandler(sys.stderr)
    _handler.setFormatter(logging.Formatter("[%(levelname)s]\\t%(asctime)s\\t%(message)s"))
    logging.getLogger().addHandler(_handler)
    # An idle worker ends when its pipe closes; a busy one must not outlive an emulator that was killed either.
    def _end_with_the_emulator(parent=os.getppid()):
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)
    threading.Thread(target=_end_with_the_emulator, daemon=True).start()
"""


# On AWS all layers are unpacked into /opt; here each is in a folder of its own, so variables with a path in /opt are
# changed to the actual path.
LAYER_PATHS = """
    for _name, _value in list(os.environ.items()):
        for _folder in filter(None, os.environ.get("_LAMBDA_LAYERS_DIRS", "").split(os.pathsep)):
            if _value.startswith("/opt/") and os.path.exists(_folder + _value[4:]):
                os.environ[_name] = _folder + _value[4:]
"""


def _prepare_script() -> None:
    script: str = take(f"{RUNTIME}:_PYTHON_WORKER_SCRIPT")
    for line, addition in ((START, PREPARATION), (VARIABLES_SET, LAYER_PATHS)):
        if line not in script:
            raise SystemExit(f"ministack's Lambda worker script has no line {line.strip()!r}: another version?")
        script = script.replace(line, line + addition, 1)
    put(f"{RUNTIME}:_PYTHON_WORKER_SCRIPT", script)


def _unpack_once() -> None:
    """Links all workers of a function to one unpacked copy, in which compiled byte code is kept."""
    unpacking = threading.Lock()

    class SharedArchive(zipfile.ZipFile):
        def extractall(self, path: Any = None, *_args: Any, **_named: Any) -> None:
            content = hashlib.sha256(Path(str(self.filename)).read_bytes()).hexdigest()[:32]
            shared = Path(tempfile.gettempdir()) / "unpacked" / content
            with unpacking:
                if not shared.exists():
                    unfinished = shared.with_suffix(".unfinished")
                    super().extractall(unfinished)
                    unfinished.rename(shared)
            for entry in shared.iterdir():
                (Path(path) / entry.name).symlink_to(entry)

    put(f"{RUNTIME}:zipfile", SimpleNamespace(**{**vars(zipfile), "ZipFile": SharedArchive}))


def _use_own_interpreter() -> None:
    detect = take(f"{RUNTIME}:_detect_runtime_binary")

    def detect_python(runtime: str) -> Any:
        binary, script = detect(runtime)
        return (os.environ["LAMBDA_PYTHON"] if runtime.startswith("python") else binary), script

    put(f"{RUNTIME}:_detect_runtime_binary", detect_python)


def _shorten_log_wait() -> None:
    # Seconds to wait for a first line, for each further line, and in total.
    take(f"{RUNTIME}:Worker._drain_stderr_bounded").__defaults__ = (0.003, 0.002, 0.250)


def _bound_logs() -> None:
    emit = take(f"{LAMBDA}:_emit_lambda_logs")

    def emit_and_forget(function: dict[str, Any], *rest: Any, **named: Any) -> None:
        emit(function, *rest, **named)
        config = function.get("config") or function
        name = (config.get("LoggingConfig") or {}).get("LogGroup") or f"/aws/lambda/{config.get('FunctionName')}"
        streams = take(f"{LOGS}:_log_groups").get(name, {}).get("streams", {})
        for oldest in list(streams)[: max(0, len(streams) - LOG_STREAMS)]:
            streams.pop(oldest, None)

    put(f"{LAMBDA}:_emit_lambda_logs", emit_and_forget)


def _copy_logs() -> None:
    emit = take(f"{LAMBDA}:_emit_lambda_logs")
    log = Path(os.environ["LAMBDA_LOG"])

    def emit_and_copy(function: dict[str, Any], request_id: str, text: str, *rest: Any, **named: Any) -> None:
        emit(function, request_id, text, *rest, **named)
        name = (function.get("config") or function).get("FunctionName", "?")
        with log.open("a") as file:
            file.writelines(f"{name}: {line}\n" for line in (text or "").splitlines())

    put(f"{LAMBDA}:_emit_lambda_logs", emit_and_copy)


# The worker that the invocation of this thread runs on.
_leased: ContextVar[Worker | None] = ContextVar("leased", default=None)


def _limit_workers() -> None:
    queue = WorkerQueue(
        int(os.environ["LAMBDA_WORKERS"]),
        int(os.environ["LAMBDA_STARTS"]),
        take(f"{RUNTIME}:_workers"),
        take(f"{RUNTIME}:_lock"),
    )
    end, start = take(f"{RUNTIME}:kill_workers"), take(f"{RUNTIME}:ensure_spawned")
    worker_key, worker_class = take(f"{RUNTIME}:_worker_key"), take(f"{RUNTIME}:_worker_class_for")
    dispatch, invalidate = take(f"{LAMBDA}:_execute_function_dispatch"), take(f"{LAMBDA}:invalidate_worker")
    invoke_async = take(f"{LAMBDA}:invoke_async_with_retry")

    def lease(name: str, config: dict[str, Any], code: bytes, qualifier: str) -> Any:
        function = worker_key(name, config, qualifier)
        caller = CALLER.get()
        source = function if caller is None else REQUESTS
        invocation = Invocation(function, source, partial(worker_class(config), name, config, code))
        worker = queue.lease(invocation, caller, nested=SENT_BY_A_FUNCTION.get())
        if invocation.is_new:
            try:
                end(invocation.to_end)
                start(worker)
            except Exception:
                # ministack starts it again for the invocation, as AWS does, and reports if that fails too.
                log.info("the start of %s failed", name, exc_info=True)
            finally:
                queue.started(worker)
        return worker

    def give_back(worker: Any) -> None:
        end(queue.give_back(worker, broken=worker._proc is None))

    def dispatch_in_turn(
        function: dict[str, Any], config: dict[str, Any], event: Any, request_id: str, started: float
    ) -> Any:
        code = function.get("code_zip")
        if not code or not str(config.get("Runtime", "")).startswith("python"):
            return dispatch(function, config, event, request_id, started)
        try:
            worker = lease(config["FunctionName"], config, code, config.get("Version", "$LATEST"))
        except CallerLeft:
            return {"error": True, "body": {"errorMessage": "the caller has left"}}
        token = _leased.set(worker)
        try:
            # Waiting counts neither for the function's timeout nor for the duration in its log.
            return dispatch(function, config, event, request_id, time.time())
        finally:
            _leased.reset(token)
            give_back(worker)

    def acquire(name: str, config: dict[str, Any], code: bytes, qualifier: str = "$LATEST", **_named: Any) -> Any:
        # Without a lease this is SnapStart, which starts a worker when a version is published.
        return _leased.get() or lease(name, config, code, qualifier), "reused"

    def release(worker: Any) -> None:
        if worker is not None and _leased.get() is None:
            give_back(worker)

    def invalidate_only_own(*function: Any, **named: Any) -> None:
        # Only this worker has failed. ministack would end all workers of the function, with their invocations.
        worker: Any = _leased.get()
        if worker is None:
            invalidate(*function, **named)
        else:
            worker.kill()

    def invoke_async_in_turn(*request: Any) -> None:
        SENT_BY_A_FUNCTION.set(False)  # nobody waits for it
        invoke_async(*request)

    put(f"{LAMBDA}:_execute_function_dispatch", dispatch_in_turn)
    put(f"{LAMBDA}:acquire_worker", acquire)
    put(f"{LAMBDA}:release_worker", release)
    put(f"{LAMBDA}:invalidate_worker", invalidate_only_own)
    put(f"{LAMBDA}:invoke_async_with_retry", invoke_async_in_turn)


def _limit_starts() -> None:
    worker_class = take(f"{RUNTIME}:Worker")
    spawn = worker_class._spawn

    def spawn_within_limit(worker: Any) -> None:
        def give_up() -> None:
            if worker._proc is not None:
                worker._proc.kill()

        timer = threading.Timer(START_LIMIT, give_up)
        timer.daemon = True
        timer.start()
        try:
            spawn(worker)
        finally:
            timer.cancel()

    worker_class._spawn = spawn_within_limit


PATCHES = [
    Patch(
        "number of Lambda workers",
        ministack="starts a process for every concurrent invocation: a hundred requests at once, a hundred processes",
        aws="does so too, but with unlimited machines; here invocations wait for a worker",
        needs=(
            f"{RUNTIME}:_workers",
            f"{RUNTIME}:_lock",
            f"{RUNTIME}:kill_workers",
            f"{RUNTIME}:ensure_spawned",
            f"{RUNTIME}:_worker_key",
            f"{RUNTIME}:_worker_class_for",
            f"{LAMBDA}:_execute_function_dispatch",
            f"{LAMBDA}:acquire_worker",
            f"{LAMBDA}:release_worker",
            f"{LAMBDA}:invalidate_worker",
            f"{LAMBDA}:invoke_async_with_retry",
        ),
        apply=_limit_workers,
    ),
    Patch(
        "start of a Lambda worker",
        ministack="waits for ever for a start that does not finish",
        aws="ends the start after 10 seconds and repeats it",
        needs=(f"{RUNTIME}:Worker._spawn",),
        apply=_limit_starts,
    ),
    Patch(
        "preparation of a Lambda worker",
        ministack="loses logging.info, shows its own environment, has no /opt; a busy worker outlives it",
        aws="installs a log handler, sets AWS_LAMBDA_* and nothing else, has the layers in /opt",
        needs=(f"{RUNTIME}:_PYTHON_WORKER_SCRIPT",),
        apply=_prepare_script,
    ),
    Patch(
        "unpacking a function",
        ministack="unpacks code and layers anew for each worker, and each compiles them anew: seconds with 20 MB",
        aws="has them unpacked already",
        needs=(f"{RUNTIME}:zipfile",),
        apply=_unpack_once,
    ),
    Patch(
        "interpreter of a Lambda worker",
        ministack="runs functions with its own interpreter, where its own dependencies hide a missing requirement",
        aws="has the function, its layers and boto3",
        needs=(f"{RUNTIME}:_detect_runtime_binary",),
        apply=_use_own_interpreter,
    ),
    Patch(
        "waiting for log lines",
        ministack="waits 50 ms for a first log line after each call of a function that prints none",
        aws="collects logs beside the call",
        needs=(f"{RUNTIME}:Worker._drain_stderr_bounded",),
        apply=_shorten_log_wait,
    ),
    Patch(
        "length of the functions' logs",
        ministack="keeps in memory what every invocation has ever logged, each in a stream of its own",
        aws="keeps logs for as long as the log group says",
        needs=(f"{LAMBDA}:_emit_lambda_logs", f"{LOGS}:_log_groups"),
        apply=_bound_logs,
    ),
    Patch(
        "copy of the functions' logs",
        ministack="keeps them in its CloudWatch Logs only",
        aws="likewise; here a developer wants to read along",
        needs=(f"{LAMBDA}:_emit_lambda_logs",),
        apply=_copy_logs,
    ),
]
