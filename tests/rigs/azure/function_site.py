"""One function app: its code, its processes, its keys, and what it answers to callers."""

import base64
import json
import secrets
import shutil
import threading
import traceback
from pathlib import Path
from typing import Any
from uuid import uuid4

from werkzeug.wrappers import Request, Response

from tests.rigs.azure.function_process import FunctionProcess, ProcessEndedError
from tests.rigs.function_builds import BuildError, install, unpack

BUILDING, FAILED, SUCCEEDED = 1, 3, 4
_MOST_IDLE = 2


class Site:
    """A function app.

    Args:
        name: Its name.
        directory: Where its files lie.
        images: Where what is installed lies, shared by all apps.
        environment: What Azure sets in its processes beside the app settings.

    Attributes:
        principal: The id of its identity.
        keys: Its keys, `default` and `master`.
        settings: Its app settings.
        body: What Resource Manager keeps of it.
        listed: The functions that it lists.
        deployments: How the deployments of its code went, by their ids.
    """

    def __init__(
        self, name: str, directory: Path, images: Path, environment: dict[str, str]
    ) -> None:
        self.name = name
        self.principal = str(uuid4())
        self.keys = {"default": secrets.token_urlsafe(40), "master": secrets.token_urlsafe(40)}
        self.settings: dict[str, str] = {}
        self.body: dict[str, Any] = {}
        self.listed: list[dict[str, Any]] = []
        self.deployments: dict[str, dict[str, Any]] = {}
        self._directory = directory
        self._images = images
        self._environment = environment
        self._code: tuple[Path, Path] | None = None
        self._functions: list[dict[str, Any]] = []
        self._idle: list[FunctionProcess] = []
        self._lock = threading.Lock()

    @property
    def is_flex(self) -> bool:
        """Whether it is on Flex Consumption."""
        return "functionAppConfig" in self.body.get("properties", {})

    def set(self, settings: dict[str, str]) -> None:
        """Replace the app settings; processes start anew with them."""
        self.settings = settings
        self._end_processes()

    def deploy(self, package: bytes, problem: str | None, *, builds: bool) -> str:
        """Take new code, build it meanwhile, and return the deployment's id."""
        deployment = str(uuid4())
        self.deployments[deployment] = self.deployments["latest"] = {
            "id": deployment,
            "status": BUILDING,
            "log": ["Preparing deployment."],
        }
        args = (self.deployments[deployment], package, problem, builds)
        threading.Thread(target=self._build, args=args, daemon=True).start()
        return deployment

    def list_functions(self) -> None:
        """List the functions of the code that is there."""
        self.listed = list(self._functions)

    def answer(self, request: Request) -> Response:
        """Answer a request to the app's own host."""
        given = request.headers.get("x-functions-key") or request.args.get("code")
        if request.path.startswith("/admin/functions/"):
            if given != self.keys["master"]:
                return Response(status=401)
            name = request.path.rpartition("/")[2]
            threading.Thread(target=self._call, args=({"name": name},), daemon=True).start()
            return Response(status=202)
        found = self._routed(request)
        if found is None:
            return Response(status=404)
        if found["authLevel"] != "ANONYMOUS" and given not in self.keys.values():
            return Response(status=401)
        asked = {
            "name": found["function"],
            "method": request.method,
            "url": request.url,
            "headers": dict(request.headers),
            "params": dict(request.args),
            "body": base64.b64encode(request.get_data()).decode(),
        }
        answer = self._call(asked)
        if answer is None or "error" in answer:
            return Response(status=500)
        body = base64.b64decode(answer.get("body", ""))
        return Response(body, answer.get("status", 204), answer.get("headers"))

    def close(self) -> None:
        """End all processes and remove the files."""
        self._end_processes()
        shutil.rmtree(self._directory, ignore_errors=True)

    def _build(
        self, deployment: dict[str, Any], package: bytes, problem: str | None, builds: bool
    ) -> None:
        app = self._directory / deployment["id"]
        try:
            if problem is not None:
                raise BuildError(problem)
            unpack(package, app)
            image = install(app, self._images) if builds else app
        except BuildError as error:
            deployment["log"] += str(error).splitlines()
            deployment["status"] = FAILED
            return
        except Exception:
            deployment["log"] += traceback.format_exc().splitlines()
            deployment["status"] = FAILED
            raise
        with self._lock:
            self._code = (app, image)
        self._end_processes()
        process = self._started()
        try:
            self._functions = process.functions().get("functions", [])
            self._give_back(process)
        except ProcessEndedError:
            self._functions = []
        deployment["log"].append("Deployment successful.")
        deployment["status"] = SUCCEEDED

    def _routed(self, request: Request) -> dict[str, Any] | None:
        for function in self._functions:
            trigger = function["bindings"][0]
            if trigger["type"] == "httpTrigger":
                is_there = request.path == f"/api/{trigger['route']}"
                if is_there and request.method in trigger["methods"]:
                    return {**trigger, "function": function["name"]}
        return None

    def _call(self, asked: dict[str, Any]) -> dict[str, Any] | None:
        """Return what a function answers; None where it took too long or its process died."""
        with self._lock:
            process = self._idle.pop() if self._idle else None
        try:
            if process is None:
                process = self._started()
                process.functions()
            answer = process.call(asked, self._timeout_seconds())
        except ProcessEndedError:
            return None
        self._give_back(process)
        return answer

    def _started(self) -> FunctionProcess:
        assert self._code is not None
        environment = {**self._environment, "WEBSITE_SITE_NAME": self.name, **self.settings}
        return FunctionProcess(*self._code, environment, self._directory / "log")

    def _give_back(self, process: FunctionProcess) -> None:
        with self._lock:
            if len(self._idle) < _MOST_IDLE:
                self._idle.append(process)
                return
        process.close()

    def _end_processes(self) -> None:
        with self._lock:
            ended, self._idle = self._idle, []
        for process in ended:
            process.close()

    def _timeout_seconds(self) -> float:
        assert self._code is not None
        text = json.loads((self._code[0] / "host.json").read_text())["functionTimeout"]
        days, _, clock = text.rpartition(".")
        hours, minutes, seconds = (int(one) for one in clock.split(":"))
        return ((int(days or 0) * 24 + hours) * 60 + minutes) * 60 + seconds
