"""A standalone Spark on this machine: one master, two workers, from the PySpark package.

They are processes of their own, so what runs on two workers runs in two Pythons. They listen on
ports that the system chooses and tell them in their logs, keep all files in one directory, and die
with the process that started them, however that ends.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from glacier.config import SparkConfig
from glacier.errors import JobError
from glacier_spark.installation import check_java, find_spark
from tests.rigs.spark_classes import class_archive

WORKERS = 2
START_SECONDS = 90.0
STOP_SECONDS = 10.0

_PACKAGE = "org.apache.spark.deploy"
_MASTER = re.compile(r"Starting Spark master at (spark://\S+)")
_REGISTERED = re.compile(r"Successfully registered with master")
# Ends a daemon with the process that started it: Linux' PR_SET_PDEATHSIG, kept by exec.
_TIED = """
import ctypes, os, sys
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, 9)
os.execv(sys.argv[1], sys.argv[1:])
"""
# Most of a small job is Java's start: no second compiler, no collector with threads.
FAST_JAVA = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"


def missing_java() -> str | None:
    """Return why no Spark can run here, or None."""
    try:
        check_java(os.environ)
    except JobError as error:
        return str(error)
    return None


def spark_config(master: str = "local[2]", **fields: Any) -> SparkConfig:
    """Return a config with which jobs start as fast as they can.

    Args:
        master: Where they run.
        **fields: Further fields; properties in `spark_conf` are added to those for speed.
    """
    options = f"{FAST_JAVA} {class_archive(FAST_JAVA)}"
    conf = {
        "spark.driver.host": "127.0.0.1",
        "spark.driver.extraJavaOptions": options,
        "spark.executor.extraJavaOptions": options,
        "spark.executor.memory": "600m",
        # Wait for both workers of a cluster, so that each gets its share of the first query.
        "spark.cores.max": str(WORKERS),
        "spark.scheduler.minRegisteredResourcesRatio": "1.0",
        "spark.sql.shuffle.partitions": "4",
        "spark.ui.enabled": "false",
        **fields.pop("spark_conf", {}),
    }
    return SparkConfig(master=master, spark_conf=conf, **fields)


class SparkCluster:
    """One master and two workers of one core each; a context manager.

    Attributes:
        master: Its address, for `SparkConfig(master=...)` and `SparkSession.builder.master`.
    """

    master: str

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._processes: list[subprocess.Popen[bytes]] = []

    def config(self, **fields: Any) -> SparkConfig:
        """Return a config for jobs on this cluster."""
        return spark_config(self.master, **fields)

    def __enter__(self) -> Self:
        try:
            log = self._start("master", "master.Master", "--port", "0")
            self.master = self._said(log, _MASTER)[1]
            limits = ("--cores", "1", "--memory", "1g", "--work-dir", str(self._directory / "work"))
            logs = [
                self._start(f"worker-{number}", "worker.Worker", *limits, self.master)
                for number in range(WORKERS)
            ]
            for log in logs:
                self._said(log, _REGISTERED)
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stop()

    def _start(self, name: str, kind: str, *arguments: str) -> Path:
        """Start a daemon and return its log."""
        log = self._directory / f"{name}.log"
        environment = {
            n: v for n, v in os.environ.items() if not n.startswith(("SPARK_", "PYSPARK_"))
        }
        spark = find_spark(environment)
        environment |= {
            "SPARK_HOME": str(spark),
            "SPARK_CONF_DIR": str(self._directory),  # not this machine's
            "SPARK_LOCAL_DIRS": str(self._directory / "local"),
            "SPARK_LOCAL_IP": "127.0.0.1",
            "SPARK_DAEMON_MEMORY": "256m",
            "SPARK_DAEMON_JAVA_OPTS": f"{FAST_JAVA} {class_archive(FAST_JAVA)}",
        }
        command = [str(spark / "bin" / "spark-class"), f"{_PACKAGE}.{kind}"]
        places = ["--host", "127.0.0.1", "--webui-port", "0"]
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", _TIED, *command, *places, *arguments],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._processes.append(process)
        return log

    def _said(self, log: Path, pattern: re.Pattern[str]) -> re.Match[str]:
        """Return what a daemon's log says, once it says it."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and all(p.poll() is None for p in self._processes):
            if found := pattern.search(log.read_text(encoding="utf-8", errors="replace")):
                return found
            time.sleep(0.05)
        raise RuntimeError(f"Spark has not started: {log} does not say {pattern.pattern!r}")

    def _stop(self) -> None:
        for number in (signal.SIGTERM, signal.SIGKILL):
            for process in self._processes:
                try:
                    os.killpg(process.pid, number)  # with the executors that a worker started
                except ProcessLookupError:
                    continue
            deadline = time.monotonic() + STOP_SECONDS
            while time.monotonic() < deadline and any(p.poll() is None for p in self._processes):
                time.sleep(0.05)
        shutil.rmtree(self._directory / "work", ignore_errors=True)
