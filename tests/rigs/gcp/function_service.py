"""The Cloud Run service of one function: its code, its instance, and what it answers to callers."""

import shutil
import tempfile
import threading
from collections import OrderedDict
from pathlib import Path
from typing import Any

from starlette.responses import Response

from tests.rigs.function_builds import BuildError, install, unpack
from tests.rigs.gcp.function_process import FunctionInstance, InstanceError
from tests.rigs.gcp.machines import variables

_MOST_RUNNING = 4


class Running:
    """The services that have an instance: so many, and those that were called last."""

    def __init__(self) -> None:
        self._services: OrderedDict[FunctionService, None] = OrderedDict()
        self._lock = threading.Lock()

    def note(self, service: "FunctionService") -> None:
        """Note that a service has an instance; one that was called long ago loses its own."""
        with self._lock:
            self._services[service] = None
            self._services.move_to_end(service)
            given_up = [
                self._services.popitem(last=False)[0]
                for _ in range(len(self._services) - _MOST_RUNNING)
            ]
        for one in given_up:
            one.stop()


class FunctionService:
    """A service.

    Args:
        name: The function's name.
        directory: Where its files lie.
        images: Where what is installed lies, shared by all.
        host: The rig's own.
        running: The services that have an instance.
    """

    def __init__(
        self, name: str, directory: Path, images: Path, host: str, running: Running
    ) -> None:
        self.name = name
        self.revision = 0
        self._directory, self._images = directory, images
        self._host, self._running = host, running
        self._code: tuple[Path, Path] | None = None
        self._config: dict[str, Any] = {}
        self._instance: FunctionInstance | None = None
        self._lock = threading.RLock()
        directory.mkdir(parents=True)

    def build(self, package: bytes) -> tuple[Path, Path]:
        """Return the source that a zip holds, and what it asks for.

        Raises:
            BuildError: A requirement can't be met.
        """
        source = Path(tempfile.mkdtemp(dir=self._directory)) / "workspace"
        unpack(package, source)
        image = install(source, self._images)
        with _lock:
            _untangle(image)
        return source, image

    def serve(self, config: dict[str, Any], code: tuple[Path, Path] | None = None) -> None:
        """Have new calls answered by another revision.

        Raises:
            BuildError: Its container does not start; the one before stays.
        """
        with self._lock:
            former = self._code, self._config
            self.stop()
            self._code, self._config = code or self._code, config
            try:
                self._started()
            except InstanceError:
                self._code, self._config = former
                raise BuildError(_UNHEALTHY.format(name=self.name)) from None
            self.revision += 1

    def answer(self, method: str, body: bytes, headers: dict[str, str]) -> Response:
        """Answer a call that was let in."""
        seconds = float(self._config["serviceConfig"]["timeoutSeconds"])
        try:
            with self._lock:
                instance = self._instance or self._started()
            self._running.note(self)
            status, found, content = instance.call(method, body, headers, seconds)
        except TimeoutError:
            return Response("upstream request timeout", 504)
        except InstanceError:
            self.stop()
            text = "The request failed because the HTTP connection to the instance had an error."
            return Response(text, 503)
        return Response(content, status, found)

    def stop(self) -> None:
        """Have no instance until the next call."""
        with self._lock:
            instance, self._instance = self._instance, None
            if instance is not None:
                instance.close()

    def close(self) -> None:
        """End the instance and remove the files."""
        self.stop()
        shutil.rmtree(self._directory, ignore_errors=True)

    def _started(self) -> FunctionInstance:
        if self._code is None:
            raise InstanceError
        service = self._config["serviceConfig"]
        target = self._config["buildConfig"]["entryPoint"]
        environment = {
            "FUNCTION_TARGET": target,
            "K_SERVICE": self.name,
            **variables(self._host, service["serviceAccountEmail"]),
            **service["environmentVariables"],
        }
        log = self._directory / "log"
        self._instance = FunctionInstance(*self._code, target, environment, log)
        return self._instance


def _untangle(image: Path) -> None:
    """Give the framework its own part of `google.cloud` back.

    The client of Cloud Functions has packages of the same names, and the files that begin them here
    are the client's, which need all of it.
    """
    for name in ("functions", "functions_v1"):
        package = image / "google" / "cloud" / name
        if package.is_symlink() and not (package.with_name("functions_v2")).exists():
            files = package.resolve()
            package.unlink()
            package.mkdir()
            (package / "__init__.py").touch()
            (package / "context.py").symlink_to(files / "context.py")


_lock = threading.Lock()
_UNHEALTHY = (
    "Could not create or update Cloud Run service {name}, Container Healthcheck failed. The "
    "user-provided container failed to start and listen on the port defined provided by the "
    "PORT=8080 environment variable within the allocated timeout."
)
