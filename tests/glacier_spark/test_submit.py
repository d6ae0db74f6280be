"""The command line and the variables with which a job is submitted."""

import os
import socket
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from glacier.adapters import ScriptJob
from glacier.errors import JobError
from glacier_spark.config import SparkConfig
from glacier_spark.submit import check_master, submit_command, submit_environment

SPARK = Path("/opt/spark")


def options(**fields: Any) -> list[str]:
    """Return the words between `spark-submit` and the script."""
    job = ScriptJob(Path("/srv/job.py"), ("--day", "1"), name="daily sales")
    program, *words = submit_command(SPARK, SparkConfig(**fields), job)
    assert program == "/opt/spark/bin/spark-submit"
    assert words[-3:] == ["/srv/job.py", "--day", "1"]
    return words[:-3]


def values(words: list[str], option: str) -> list[str]:
    return [value for name, value in pairwise(words) if name == option]


def test_command_names_the_master_and_the_job() -> None:
    words = options(master="local[2]")

    assert values(words, "--master") == ["local[2]"]
    assert values(words, "--deploy-mode") == ["client"]
    assert values(words, "--name") == ["daily sales"]
    assert "--packages" not in words


def test_command_has_properties_and_packages() -> None:
    words = options(spark_conf={"spark.a": "1 & 2=3"}, packages=["a:b:1", "c:d:2"])

    assert "spark.a=1 & 2=3" in values(words, "--conf")
    assert values(words, "--packages") == ["a:b:1,c:d:2"]


def test_overrides_come_last() -> None:
    overrides: dict[str, Any] = {
        "--driver-memory": "2g",
        "--executor-cores": 2,
        "--verbose": True,
        "--name": "other",
        "--deploy-mode": None,
        "--conf": ["spark.a=2", "spark.b=3"],
    }

    words = options(spark_conf={"spark.a": "1"}, overrides=overrides)

    assert values(words, "--driver-memory") == ["2g"]
    assert values(words, "--executor-cores") == ["2"]
    assert words.count("--verbose") == 1
    assert values(words, "--name") == ["other"]
    assert "--deploy-mode" not in words
    # Of one property's values Spark takes the last.
    assert values(words, "--conf")[-3:] == ["spark.a=1", "spark.a=2", "spark.b=3"]


def test_log_is_quiet_unless_the_user_says_otherwise() -> None:
    name = "spark.driver.defaultJavaOptions"
    (quiet,) = values(options(), "--conf")
    own = values(options(spark_conf={name: "-Xss4m"}), "--conf")

    file = Path(quiet.removeprefix(f"{name}=-Dlog4j2.configurationFile=file://"))
    assert "rootLogger.level = warn" in file.read_text(encoding="utf-8")
    assert own == [f"{name}=-Xss4m"]


def test_log_of_a_driver_elsewhere_names_no_file_of_this_machine() -> None:
    words = options(master="k8s://https://host:6443", deploy_mode="cluster")

    assert values(words, "--conf") == []


def test_script_that_spark_takes_for_java_is_refused() -> None:
    with pytest.raises(JobError, match=r"/srv/job\.txt; spark-submit knows Python by the suffix"):
        submit_command(SPARK, SparkConfig(), ScriptJob(Path("/srv/job.txt")))


def environment(
    ambient: dict[str, str] | None = None, own: dict[str, str] | None = None, **fields: Any
) -> dict[str, str]:
    job = ScriptJob(Path("/srv/job.py"), environment=own or {})
    return submit_environment(SPARK, SparkConfig(**fields), job, ambient or {})


@pytest.mark.parametrize("master", ["local[2]", "local-cluster[2,1,1024]", "spark://host:7077"])
def test_python_is_the_callers(master: str) -> None:
    found = environment(master=master)

    assert found["PYSPARK_PYTHON"] == sys.executable
    assert found["PYSPARK_DRIVER_PYTHON"] == sys.executable


@pytest.mark.parametrize("master", ["k8s://https://host:6443", "yarn"])
def test_python_of_workers_on_other_machines_is_theirs(master: str) -> None:
    found = environment(master=master)

    assert "PYSPARK_PYTHON" not in found
    assert found["PYSPARK_DRIVER_PYTHON"] == sys.executable


def test_python_of_a_driver_on_other_machines_is_its_own() -> None:
    assert "PYSPARK_DRIVER_PYTHON" not in environment(master="yarn", deploy_mode="cluster")


def test_python_of_the_jobs_environment_goes_first() -> None:
    found = environment(ambient={"PYSPARK_PYTHON": "/old"}, own={"PYSPARK_PYTHON": "/new"})

    assert found["PYSPARK_PYTHON"] == found["PYSPARK_DRIVER_PYTHON"] == "/new"


def test_python_of_workers_may_be_ambient() -> None:
    found = environment(ambient={"PYSPARK_PYTHON": "/theirs", "PYSPARK_DRIVER_PYTHON": "jupyter"})

    assert "PYSPARK_PYTHON" not in found
    assert found["PYSPARK_DRIVER_PYTHON"] == sys.executable


@pytest.mark.parametrize(
    ("ambient", "locale"),
    [
        ({"LANG": "de_DE.UTF-8"}, None),
        ({"LANG": "C", "LC_CTYPE": "C.utf8"}, None),
        ({"LANG": "de_DE.UTF-8", "LC_ALL": "C"}, "C.UTF-8"),
        ({}, "C.UTF-8"),
    ],
)
def test_locale_holds_any_text(ambient: dict[str, str], locale: str | None) -> None:
    assert environment(ambient=ambient).get("LC_ALL") == locale


@pytest.fixture
def closed_port() -> int:
    """A port of this machine on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


@pytest.fixture
def open_port() -> Iterator[int]:
    """A port of this machine on which somebody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_master_that_does_not_answer_is_named(closed_port: int) -> None:
    master = f"spark://127.0.0.1:{closed_port}"

    with pytest.raises(JobError, match=f"{master} does not answer .*refused") as error:
        check_master(master)

    assert error.value.__dict__["master"] == master


def test_master_of_no_known_host_is_named() -> None:
    with pytest.raises(JobError, match=r"spark://no-such-host\.invalid:7077 does not answer"):
        check_master("spark://no-such-host.invalid:7077")


def test_master_of_an_impossible_port_is_named() -> None:
    with pytest.raises(JobError, match=r"127\.0\.0\.1:70000.*does not answer"):
        check_master("spark://127.0.0.1:70000")


def test_one_master_of_several_that_answers_is_enough(closed_port: int, open_port: int) -> None:
    check_master(f"spark://127.0.0.1:{closed_port},127.0.0.1:{open_port}")


def test_masters_of_which_none_answers_are_all_named(closed_port: int) -> None:
    others = f"127.0.0.1:{closed_port},localhost:{closed_port}"

    with pytest.raises(JobError, match=f"127.0.0.1:{closed_port}: .*; localhost:{closed_port}: "):
        check_master(f"spark://{others}")


@pytest.mark.parametrize("master", ["local[2]", "yarn", "k8s://https://no-such-host.invalid:6443"])
def test_master_of_another_kind_is_not_asked(master: str) -> None:
    check_master(master)


def test_no_variable_of_this_process_is_repeated() -> None:
    # They are inherited; what the job gets beside them would hide a later change.
    assert not environment(ambient=dict(os.environ)).keys() & {"PATH", "HOME"}
