"""How a job becomes a command line of `spark-submit`."""

import socket
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from glacier.adapters import ScriptJob
from glacier.errors import JobError
from glacier_spark.config import SparkConfig

CONNECT_SECONDS = 5.0
"""How long each master of a standalone cluster has to accept a connection."""

_QUIET_LOG = Path(__file__).with_name("log4j2.properties")
_ELSEWHERE = ("k8s://", "yarn")


def submit_command(spark: Path, config: SparkConfig, job: ScriptJob) -> list[str]:
    """Return the command that runs a job.

    Args:
        spark: The directory of Spark.
        config: Where and how.
        job: What.

    Raises:
        JobError: Spark would not take the job's script for Python.
    """
    if job.script.suffix != ".py":
        raise JobError(
            f"The job's script is {job.script}; spark-submit knows Python by the suffix '.py' and "
            "takes other files for Java. Rename it.",
            script=job.script,
        )
    options: dict[str, object] = {
        "--master": config.master,
        "--deploy-mode": config.deploy_mode,
        "--name": job.name,
        "--packages": ",".join(config.packages) or None,
        **config.overrides,
        "--conf": [*_properties(config), *_values(config.overrides.get("--conf"))],
    }
    words = [word for option, value in options.items() for word in _words(option, value)]
    return [str(spark / "bin" / "spark-submit"), *words, str(job.script), *job.args]


def submit_environment(
    spark: Path, config: SparkConfig, job: ScriptJob, ambient: Mapping[str, str]
) -> dict[str, str]:
    """Return the variables that a job gets beside those of this process.

    The driver's Python is the caller's, unless the job's own environment names another one; so is
    the workers', where they share this machine's files. Spark's properties `spark.pyspark.python`
    and `spark.pyspark.driver.python` go before all of them.

    Args:
        spark: The directory of Spark.
        config: Where the job runs.
        job: The job.
        ambient: The variables of this process.
    """
    # So that it can print any text, whatever the locale; a job may decide otherwise.
    environment = {"SPARK_HOME": str(spark), "PYTHONUTF8": "1"}
    if not _is_utf8(ambient):
        # Java reads its command line by the locale, and would make question marks of the rest.
        environment["LC_ALL"] = "C.UTF-8"
    if config.master.startswith("local") and "SPARK_LOCAL_IP" not in ambient:
        # Nobody else is to reach it; and Spark would warn of host names that lead to no network.
        environment["SPARK_LOCAL_IP"] = "127.0.0.1"
    if config.deploy_mode == "client":
        own = job.environment.get("PYSPARK_PYTHON")
        environment["PYSPARK_DRIVER_PYTHON"] = own or sys.executable
    if not config.master.startswith(_ELSEWHERE) and "PYSPARK_PYTHON" not in ambient:
        environment["PYSPARK_PYTHON"] = sys.executable
    return {**environment, **job.environment}


def check_master(master: str) -> None:
    """See that a standalone cluster answers; of several masters, one.

    `spark-submit` itself would try for a minute, and end in the job's log.

    Raises:
        JobError: None accepts a connection within 5 s.
    """
    scheme, _, addresses = master.partition("://")
    if scheme != "spark":
        return
    problems = []
    for address in addresses.split(","):
        host, _, port = address.rpartition(":")
        try:
            place = (host.strip("[]"), int(port))
            socket.create_connection(place, timeout=CONNECT_SECONDS).close()
        except (OSError, OverflowError) as error:
            problems.append(f"{address}: {error}")
        else:
            return
    raise JobError(
        f"The Spark master {master} does not answer ({'; '.join(problems)}). Check that it runs, "
        f"that this machine reaches it, and that SparkConfig(master=...) has its address.",
        master=master,
    )


def _is_utf8(environment: Mapping[str, str]) -> bool:
    names = ("LC_ALL", "LC_CTYPE", "LANG")
    locale = next((environment[name] for name in names if environment.get(name)), "")
    return locale.lower().replace("-", "").endswith("utf8")


def _properties(config: SparkConfig) -> Iterator[str]:
    defaults = {}
    if config.deploy_mode == "client":
        # Stands before `spark.driver.extraJavaOptions`, which may thus name another file.
        option = f"-Dlog4j2.configurationFile={_QUIET_LOG.as_uri()}"
        defaults["spark.driver.defaultJavaOptions"] = option
    for name, value in {**defaults, **config.spark_conf}.items():
        yield f"{name}={value}"


def _words(option: str, value: object) -> Iterator[str]:
    for one in _values(value):
        yield option
        if one is not True:
            yield str(one)


def _values(value: object) -> list[object]:
    """Return the values of an option that may be repeated, or left out."""
    if isinstance(value, list | tuple):
        return list(value)
    return [] if value is None or value is False else [value]
