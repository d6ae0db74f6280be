"""The driver of a job as a process: its Python, its files, its identity and its output.

It runs in a directory with what Dataproc's agent puts there. Spark itself is started by the script,
or by `spark-submit` where its properties have a `spark.master`, which Dataproc sets by itself.
"""

import atexit
import os
import shutil
import sys
import tempfile
import threading
import zipfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.rigs.gcp import machines
from tests.rigs.gcp.access import Access
from tests.rigs.gcp.answers import ApiError
from tests.rigs.job_process import KEPT, JobProcess
from tests.rigs.python_image import InstallError, make_image
from tests.rigs.spark import spark_config

PROVIDED = ("pandas", "pyarrow", "pyspark")
"""What Dataproc itself has, of what matters here; with all that these need."""


class Images:
    """The Pythons of clusters and containers, each made for the first who asks."""

    def __init__(self) -> None:
        self._directory = Path(tempfile.mkdtemp(prefix="dataproc-images-"))
        atexit.register(shutil.rmtree, self._directory, ignore_errors=True)
        self._made: dict[tuple[str, ...], Path] = {}
        self._containers: dict[str, list[str]] = {"": []}
        self._lock = threading.Lock()

    def of(self, requirements: Iterable[str]) -> Path:
        """Return the directory of a Python that has some requirements.

        Raises:
            InstallError: They can't be met.
        """
        key = tuple(sorted(requirements))
        with self._lock:
            if key not in self._made:
                image = Path(tempfile.mkdtemp(dir=self._directory))
                make_image(image, [*PROVIDED, *key])
                self._made[key] = image
            return self._made[key]

    def define(self, name: str, requirements: list[str]) -> None:
        """Have a container image of a name."""
        self._containers[name] = requirements

    def of_container(self, name: str) -> Path:
        """Return the directory of a container's Python; Google's own has no name.

        Raises:
            InstallError: There is no such image.
        """
        if name not in self._containers:
            raise InstallError(f"Failed to pull image {name}: not found")
        return self.of(self._containers[name])


@dataclass(frozen=True, slots=True)
class Work:
    """What a driver is started with.

    Attributes:
        pyspark: The files and arguments, as jobs and batches have them.
        properties: Spark's.
        image: The directory of the Python; empty for that of a container.
        endpoint: The rig's address.
        account: Whom it runs as.
        container: The container image.
    """

    pyspark: Mapping[str, Any]
    properties: Mapping[str, str]
    image: str
    endpoint: str
    account: str
    container: str = ""


class DriverProcess:
    """The process of one job.

    Args:
        work: What it is started with.
        access: The store, as its account may use it.
        say: Takes what it prints, line by line.
    """

    def __init__(self, work: Work, access: Access, say: Callable[[str], None]) -> None:
        self._work = work
        self._access = access
        self._job = JobProcess(lambda _, line: say(line))

    @property
    def is_stopped(self) -> bool:
        """Whether somebody has ended it."""
        return self._job.is_stopped

    def stop(self) -> None:
        """End the process, and all that it has started."""
        self._job.stop()

    def run(self, images: Images, started: Callable[[], None]) -> str:
        """Run to the end; return what went wrong, nothing where nothing did."""
        home = Path(tempfile.mkdtemp(prefix="dataproc-job-"))
        try:
            work = self._work
            image = Path(work.image) if work.image else images.of_container(work.container)
            self._fetch(home)
            environment = self._environment(image, home)
            code = self._job.run(self._command(image, home), home, environment, started)
        except (ApiError, InstallError, OSError, ValueError) as error:
            return f"Job failed before its driver was started: {error}"
        finally:
            shutil.rmtree(home, ignore_errors=True)
        if code == 0:
            return ""
        return f"Google Cloud Dataproc Agent reports job failure: the driver exited with {code}."

    def _fetch(self, home: Path) -> None:
        """Put what the job names beside its script, as whom it runs as."""
        pyspark = self._work.pyspark
        names = [pyspark["mainPythonFileUri"]]
        for kind in ("pythonFileUris", "fileUris"):
            names += pyspark.get(kind, ())
        for uri in names:
            (home / uri.rpartition("/")[2]).write_bytes(self._read(uri))
        if "spark.master" not in self._work.properties:
            return  # archives are the executors', which are no part of the driver here
        for entry in pyspark.get("archiveUris", ()):
            uri, _, name = entry.partition("#")
            packed = home / f"{name}.zip"
            packed.write_bytes(self._read(uri))
            with zipfile.ZipFile(packed) as archive:
                archive.extractall(home / name)

    def _read(self, uri: str) -> bytes:
        bucket, _, name = uri.removeprefix("gs://").partition("/")
        return self._access.read(bucket, name).data

    def _command(self, image: Path, home: Path) -> list[str]:
        # Without `site`, whose .pth files lead to this repository's own sources.
        python = [sys.executable, "-S"]
        pyspark, properties = self._work.pyspark, self._work.properties
        words = [pyspark["mainPythonFileUri"].rpartition("/")[2], *pyspark.get("args", ())]
        master = properties.get("spark.master")
        if master is None:
            return [*python, *words]
        bare = home / "python"
        bare.write_text(f'#!/bin/sh\nexec {sys.executable} -S "$@"\n', encoding="utf-8")
        bare.chmod(0o755)
        submit = str((image / "pyspark").resolve() / "bin" / "spark-submit")
        settings = {
            **spark_config(master).spark_conf,
            **properties,
            "spark.pyspark.python": str(bare),
        }
        options = [word for pair in settings.items() for word in ("--conf", "=".join(pair))]
        return [submit, *options, *words]

    def _environment(self, image: Path, home: Path) -> dict[str, str]:
        host = self._work.endpoint.removeprefix("http://")
        return {
            **{name: os.environ[name] for name in KEPT if name in os.environ},
            **machines.variables(host, self._work.account),
            "HOME": str(home),
            "PYTHONPATH": str(image),
            "SPARK_LOCAL_IP": "127.0.0.1",
            "STORAGE_EMULATOR_HOST": self._work.endpoint,
            "TMPDIR": str(home),
        }
