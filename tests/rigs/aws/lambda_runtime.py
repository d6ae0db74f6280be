"""Lambda's data plane: runs the very zip that a function was deployed with.

moto keeps functions and their code; here `POST /functions/NAME/invocations` is answered by AWS's
own runtime client, in a process that sees the unpacked zip, the layers and nothing else of this
repository.
"""

import base64
import io
import json
import re
import shutil
import tempfile
import threading
import uuid
import zipfile
from collections.abc import Iterable
from importlib.metadata import distribution
from pathlib import Path
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

from moto.awslambda.exceptions import UnknownFunctionException
from moto.awslambda.models import LambdaFunction, lambda_backends

from tests.rigs.aws.lambda_sandbox import Outcome, Sandbox

ACCOUNT = "123456789012"
LARGEST_REQUEST = 6_291_456
LARGEST_ANSWER = 6_291_556  # what Lambda's own message says
_LOG_TAIL = 4096
_MOST_IDLE = 8
_RUNTIME_CLIENT = ("awslambdaric", "simplejson", "snapshot-restore-py")
_INVOCATION = re.compile(r"/2015-03-31/functions/([^/]+)/invocations")
_REGION = re.compile(r"Credential=[^/]+/\d+/([^/]+)/lambda/")


class LambdaRuntime:
    """Answers calls of functions, and refuses requests where a test asks for it; a `Part`.

    `PUT /rig/lambda/refusals` takes a list of refusals, each for one request: `method` and `path`
    are patterns of it, `status`, `type`, `message` and further fields make up the answer.

    Args:
        port: Where moto is reached, by functions too.
    """

    def __init__(self, port: int) -> None:
        self._endpoint = f"http://127.0.0.1:{port}"
        self._directory = Path(tempfile.mkdtemp(prefix="glacier-lambda-"))
        self._client = self._directory / "runtime"
        self._idle: list[tuple[str, Sandbox]] = []
        self._busy: dict[str, int] = {}
        self._refusals: list[dict[str, Any]] = []
        self._lock = threading.Lock()

    def answer(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes] | None:
        """Answer a call of a function."""
        from tests.rigs.aws.app import read_body

        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        if path == "/rig/lambda/refusals":
            with self._lock:
                self._refusals = json.loads(read_body(environ))
            return _reply(start, 200, {})
        refusal = self._refusal(method, path)
        if refusal is not None:
            kind, more = refusal["type"], refusal.get("fields", {})
            fields = {"Type": "User", "message": refusal["message"], **more}
            return _reply(start, refusal["status"], fields, {"x-amzn-ErrorType": kind})
        found = _INVOCATION.fullmatch(path)
        if method != "POST" or found is None:
            return None
        region = _REGION.search(environ.get("HTTP_AUTHORIZATION", ""))
        backend = lambda_backends[ACCOUNT][region[1] if region else "us-east-1"]
        try:
            function = backend.get_function(found[1])
        except UnknownFunctionException:
            return None  # moto says so in AWS's words
        return self._invoked(function, environ, read_body(environ), start)

    def close(self) -> None:
        """End all processes."""
        with self._lock:
            for _, sandbox in self._idle:
                sandbox.close()
            self._idle.clear()
        shutil.rmtree(self._directory, ignore_errors=True)

    def _refusal(self, method: str, path: str) -> dict[str, Any] | None:
        with self._lock:
            for refusal in self._refusals:
                if refusal["method"] == method and re.fullmatch(refusal["path"], path):
                    self._refusals.remove(refusal)
                    return refusal
        return None

    def _invoked(
        self,
        function: LambdaFunction,
        environ: WSGIEnvironment,
        event: bytes,
        start: StartResponse,
    ) -> Iterable[bytes]:
        if len(event) > LARGEST_REQUEST:
            text = f"Request must be smaller than {LARGEST_REQUEST} bytes for the InvokeFunction"
            fields = {"Type": "User", "message": f"{text} operation"}
            kind = {"x-amzn-ErrorType": "RequestTooLargeException"}
            return _reply(start, 413, fields, kind)
        limit = function.reserved_concurrency
        with self._lock:
            busy = self._busy.get(function.function_arn, 0)
            if limit is not None and busy >= int(limit):
                reason = "ReservedFunctionConcurrentInvocationLimitExceeded"
                fields = {"Reason": reason, "Type": "User", "message": "Rate Exceeded."}
                kind = {"x-amzn-ErrorType": "TooManyRequestsException"}
                return _reply(start, 429, fields, kind)
            self._busy[function.function_arn] = busy + 1
        try:
            outcome = self._run(function, event)
        finally:
            with self._lock:
                self._busy[function.function_arn] -= 1
        headers = {"x-amzn-RequestId": outcome.request_id, "X-Amz-Executed-Version": "$LATEST"}
        if environ.get("HTTP_X_AMZ_LOG_TYPE") == "Tail":
            tail = outcome.log[-_LOG_TAIL:]
            headers["X-Amz-Log-Result"] = base64.b64encode(tail).decode()
        content = outcome.content
        if outcome.error is None and len(content) > LARGEST_ANSWER:
            text = f"Response payload size exceeded maximum allowed payload size ({LARGEST_ANSWER}"
            outcome.error = "Unhandled"
            fields = {"errorType": "Function.ResponseSizeTooLarge"}
            content = json.dumps({**fields, "errorMessage": f"{text} bytes)."}).encode()
        if outcome.error is not None:
            headers["X-Amz-Function-Error"] = outcome.error
        return _reply(start, 200, content, headers)

    def _run(self, function: LambdaFunction, event: bytes) -> Outcome:
        settings = function.get_configuration()
        del settings["LastModified"]
        key = json.dumps([settings, function.code_sha_256], sort_keys=True, default=str)
        sandbox = self._taken(key) or self._started(function)
        outcome = sandbox.invoke(str(uuid.uuid4()), event, function.function_arn)
        if sandbox.is_alive:
            with self._lock:
                self._idle.append((key, sandbox))
                surplus = self._idle[:-_MOST_IDLE]
                del self._idle[:-_MOST_IDLE]
            for _, oldest in surplus:
                oldest.close()
        return outcome

    def _taken(self, key: str) -> Sandbox | None:
        """Return an idle process of the same code and settings, which is nobody else's now."""
        with self._lock:
            for index, (name, sandbox) in enumerate(self._idle):
                if name == key:
                    del self._idle[index]
                    return sandbox
        return None

    def _started(self, function: LambdaFunction) -> Sandbox:
        """Return a new process in the function's unpacked code."""
        with self._lock:
            if not self._client.exists():
                _copy_distributions(self._client)
        place = Path(tempfile.mkdtemp(dir=self._directory))
        _unpack(function.code_bytes, place / "task")
        backend = lambda_backends[function.account_id][function.region]
        for layer in function.layers:
            version = backend.layers_versions_by_arn(layer["Arn"])
            assert version is not None
            _unpack(version.code_bytes, place / "opt")
        name, memory = function.function_name, str(function.memory_size)
        environment = {
            "AWS_ACCESS_KEY_ID": "AKIDLAMBDA",
            "AWS_SECRET_ACCESS_KEY": "of-the-sandbox",
            "AWS_ENDPOINT_URL": self._endpoint,
            "AWS_REGION": function.region,
            "AWS_DEFAULT_REGION": function.region,
            "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.run_time}",
            "AWS_LAMBDA_FUNCTION_NAME": name,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": memory,
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "LAMBDA_TASK_ROOT": str(place / "task"),
            "_HANDLER": function.handler,
            "PYTHONPATH": f"{place / 'opt' / 'python'}:{self._client}",
            **function.environment_vars,
        }
        return Sandbox(place, environment, float(function.timeout), int(function.memory_size))


def _unpack(code: bytes, directory: Path) -> None:
    directory.mkdir(exist_ok=True)
    with zipfile.ZipFile(io.BytesIO(code)) as archive:
        for entry in archive.infolist():
            path = Path(archive.extract(entry, directory))
            path.chmod(entry.external_attr >> 16 & 0o777)  # as the zip says, as Lambda does


def _copy_distributions(target: Path) -> None:
    """Copy the runtime client, and what it needs, out of this environment."""
    for name in _RUNTIME_CLIENT:
        origin = distribution(name)
        for file in origin.files or ():
            if ".." not in file.parts and "__pycache__" not in file.parts:
                path = target / file
                path.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(str(origin.locate_file(file)), path)


def _reply(
    start: StartResponse,
    status: int,
    content: dict[str, Any] | bytes,
    headers: dict[str, str] | None = None,
) -> Iterable[bytes]:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    fields = {"Content-Type": "application/json", "Content-Length": str(len(body))}
    start(f"{status} rig", list({**fields, **(headers or {})}.items()))
    return [body]
