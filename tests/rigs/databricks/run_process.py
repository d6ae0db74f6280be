"""One run as a process: its file, its Python, its cluster's identity and its output."""

import json
import os
import shlex
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import fsspec

from tests.rigs.databricks import driver
from tests.rigs.job_process import KEPT, JobProcess
from tests.rigs.python_image import Images, InstallError
from tests.rigs.spark import spark_config

PROVIDED = ("boto3", "pandas", "pyarrow", "pyspark")
"""What a runtime itself has, of what matters here; with all that these need."""

SCHEMES = {"aws": "s3", "azure": "abfss", "gcp": "gs"}
"""What a cloud's storage is called by a cluster there."""

_IDENTITY = ("AWS_", "AZURE_", "GCE_METADATA_", "GOOGLE_", "STORAGE_EMULATOR_HOST")


@dataclass(frozen=True, slots=True)
class End:
    """How a run has ended.

    Attributes:
        code: Databricks' code of it.
        message: What it says of that.
        trace: The traceback of the file, where it raised something.
        is_late: Whether it was ended for taking too long.
    """

    code: str
    message: str = ""
    trace: str = ""
    is_late: bool = False


@dataclass(slots=True)
class RunProcess:
    """What a run is started with, and its process.

    Attributes:
        cloud: The workspace's cloud.
        python_file: The URI or path of its file.
        parameters: What the file gets.
        requirements: What is installed before.
        environment: The variables of its cluster.
        has_identity: Whether it runs as the cluster's identity in its cloud.
        files: What lies in the workspace and its volumes.
        timeout_seconds: When it is ended; never where None.
        say: Takes the output, line by line, with its stream.
    """

    cloud: str
    python_file: str
    parameters: Sequence[str]
    requirements: Sequence[str]
    environment: Mapping[str, str]
    has_identity: bool
    files: Mapping[str, bytes]
    timeout_seconds: float | None
    say: Callable[[str, str], None]
    _job: JobProcess = field(init=False)

    def __post_init__(self) -> None:
        self._job = JobProcess(self.say)

    @property
    def is_stopped(self) -> bool:
        """Whether somebody has ended it."""
        return self._job.is_stopped

    def stop(self) -> None:
        """End the process, and all that it has started."""
        self._job.stop()

    def run(self, images: Images, started: Callable[[], None]) -> End:
        """Run to the end."""
        with tempfile.TemporaryDirectory(prefix="databricks-run-") as directory:
            home = Path(directory)
            try:
                image = images.of(self.requirements)
                script = home / "script.py"
                script.write_bytes(self._content())
            except InstallError as error:
                message = f"Library installation failed: {error}"
                return End("LIBRARY_INSTALLATION_ERROR", message)
            except Exception as error:  # noqa: BLE001 - whatever it is, the run has failed
                message = f"Cannot read the python file {self.python_file}: {error}"
                return End("STORAGE_ACCESS_ERROR", message)
            report = home / "report.json"
            # Without `site`, whose .pth files lead to this repository's own sources.
            command = [sys.executable, "-S", driver.__file__, str(report), str(script)]
            environment = self._environment(image, home)
            code = self._job.run(
                [*command, *self.parameters], home, environment, started, self.timeout_seconds
            )
            return self._end(code, report)

    def _end(self, code: int | None, report: Path) -> End:
        if code is None:
            return End("CANCELED", "The run took longer than its timeout.", is_late=True)
        if self._job.is_stopped:
            return End("USER_CANCELED", "Run cancelled.")
        if not report.exists():
            return End("RUN_EXECUTION_ERROR", "Fatal error: The Python kernel is unresponsive.")
        told = json.loads(report.read_text(encoding="utf-8"))
        if told["error"]:
            return End("RUN_EXECUTION_ERROR", told["error"], told["trace"])
        return End("SUCCESS")

    def _content(self) -> bytes:
        """Return the file, as the cluster reads it."""
        if self.python_file.startswith("/"):
            return self.files[self.python_file.removeprefix("/Workspace")]
        with fsspec.open(self.python_file, "rb", skip_instance_cache=True) as file:
            content: bytes = file.read()
        return content

    def _environment(self, image: Path, home: Path) -> dict[str, str]:
        identity = {k: v for k, v in os.environ.items() if k.startswith(_IDENTITY)}
        fast = spark_config("local[1]").spark_conf
        options = ["--master", "local[1]"]
        for key, value in fast.items():
            options += ["--conf", f"{key}={value}"]
        return {
            **{name: os.environ[name] for name in KEPT if name in os.environ},
            **(identity if self.has_identity else {}),
            "DATABRICKS_RUNTIME_VERSION": "rig",
            "HOME": str(home),
            "PYSPARK_SUBMIT_ARGS": shlex.join([*options, "pyspark-shell"]),
            "PYTHONPATH": str(image),
            "SPARK_LOCAL_IP": "127.0.0.1",
            "TMPDIR": str(home),
            **self.environment,
        }
