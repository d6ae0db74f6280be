"""One run of a Glue job as a process: its script, its Python, its identity and its log."""

import os
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3

from tests.rigs.job_process import KEPT, JobProcess
from tests.rigs.python_image import InstallError, make_image

PROVIDED = ("boto3", "pandas", "pyarrow", "pyspark", "setuptools")
"""What Glue itself has, of what matters here; with all that these need."""


@dataclass(slots=True)
class GlueProcess:
    """What a run is started with, and its process.

    Attributes:
        endpoint: Where all of AWS is.
        region: The run's region.
        role_arn: Whom it runs as.
        name: Its job's name.
        run_id: Its own id.
        arguments: What Glue passes to the script.
        script: The script's URI.
        timeout_seconds: When it is ended.
        say: Takes the log, line by line, with the stream that it was printed to.
    """

    endpoint: str
    region: str
    role_arn: str
    name: str
    run_id: str
    arguments: Mapping[str, str]
    script: str
    timeout_seconds: float
    say: Callable[[str, str], None]
    _job: JobProcess = field(init=False)

    def __post_init__(self) -> None:
        self._job = JobProcess(self.say)

    def run(self, started: Callable[[], None]) -> tuple[str, str]:
        """Run to the end; return the state that Glue has for it then, and its message."""
        with tempfile.TemporaryDirectory(prefix="glue-run-") as directory:
            image, home = Path(directory) / "image", Path(directory) / "home"
            image.mkdir()
            home.mkdir()
            modules = self.arguments.get("--additional-python-modules", "")
            try:
                make_image(image, [*PROVIDED, *filter(None, modules.split(","))])
                keys = self._assumed()
                script = self._script(Path(directory), keys)
            except InstallError as error:
                return "FAILED", f"LAUNCH ERROR | pip: {error}. Please refer logs for details."
            except Exception as error:  # noqa: BLE001 - whatever it is, the run has failed
                return "FAILED", f"LAUNCH ERROR | {error} Please refer logs for details."
            return self._run(script, home, self._environment(image, home, keys), started)

    def stop(self) -> None:
        """End the process, and all that it has started."""
        self._job.stop()

    def _assumed(self) -> dict[str, str]:
        """Return credentials of the job's role, as Glue gets them."""
        sts = self._client("sts", {})
        found = sts.assume_role(RoleArn=self.role_arn, RoleSessionName="GlueJobRunnerSession")
        keys = found["Credentials"]
        return {
            "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
            "AWS_SESSION_TOKEN": keys["SessionToken"],
        }

    def _script(self, directory: Path, keys: Mapping[str, str]) -> Path:
        bucket, _, key = self.script.removeprefix("s3://").partition("/")
        file = directory / "script" / key.rpartition("/")[2]
        file.parent.mkdir()
        self._client("s3", keys).download_file(bucket, key, str(file))
        return file

    def _client(self, service: str, keys: Mapping[str, str]) -> Any:
        return boto3.client(
            service,  # type: ignore[call-overload] # any service
            region_name=self.region,
            endpoint_url=self.endpoint,
            aws_access_key_id=keys.get("AWS_ACCESS_KEY_ID", "glue"),
            aws_secret_access_key=keys.get("AWS_SECRET_ACCESS_KEY", "glue"),
            aws_session_token=keys.get("AWS_SESSION_TOKEN"),
        )

    def _environment(self, image: Path, home: Path, keys: Mapping[str, str]) -> dict[str, str]:
        return {
            **{name: os.environ[name] for name in KEPT if name in os.environ},
            **keys,
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_EC2_METADATA_DISABLED": "true",
            "HOME": str(home),
            "PYTHONPATH": str(image),
            "SPARK_LOCAL_IP": "127.0.0.1",
            "TMPDIR": str(home),
        }

    def _run(
        self, script: Path, home: Path, environment: Mapping[str, str], started: Callable[[], None]
    ) -> tuple[str, str]:
        # Without `site`, whose .pth files lead to this repository's own sources.
        command = [sys.executable, "-S", str(script)]
        for key, value in self.arguments.items():
            command += [key, value]
        command += ["--JOB_ID", f"j_{self.name}", "--JOB_RUN_ID", self.run_id]
        command += ["--JOB_NAME", self.name]
        begin = time.monotonic()
        code = self._job.run(command, home, environment, started, self.timeout_seconds)
        if self._job.is_stopped and code is not None:
            return "STOPPED", ""
        if code is None:
            return "TIMEOUT", f"Job run timed out after {time.monotonic() - begin:.0f} s"
        return ("SUCCEEDED", "") if code == 0 else ("FAILED", f"Exit code {code}")
