"""What has to be on a machine before a Spark job is started on it."""

import sys
from pathlib import Path

import pytest

from glacier import Executor
from glacier.config import SparkConfig
from glacier.errors import JobError, MissingPackageError
from glacier.job_status import JobStatus
from tests.executors.jobs import ended, written
from tests.glacier_spark.spark_jobs import jobs_directory, spark_executor


@pytest.fixture
def executor(tmp_path: Path) -> Executor:
    return spark_executor(tmp_path, SparkConfig(master="local[1]"))


@pytest.fixture
def script(tmp_path: Path) -> str:
    return written(tmp_path, "print('hello')")


@pytest.fixture
def no_spark_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SPARK_HOME", raising=False)


def refused(executor: Executor, script: str, base_path: Path, error: type[Exception]) -> str:
    """Return why a job was refused, of which nothing is left."""
    with pytest.raises(error) as refusal:
        executor.submit_job({"script": script})
    assert not jobs_directory(base_path).exists()
    return str(refusal.value)


def test_java_that_is_nowhere_is_asked_for(
    executor: Executor, script: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))

    text = refused(executor, script, tmp_path, JobError)

    assert text == (
        "Spark needs Java 17 or later; JAVA_HOME is not set and there is no java on PATH. "
        "Install one (such as OpenJDK 17) and set JAVA_HOME to its directory."
    )


def test_java_that_is_not_in_java_home_is_asked_for(
    executor: Executor, script: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))

    text = refused(executor, script, tmp_path, JobError)

    assert f"JAVA_HOME is {str(tmp_path)!r}, where there is no {tmp_path}/bin/java" in text


@pytest.mark.usefixtures("no_spark_home")
def test_spark_that_is_not_installed_is_asked_for(
    executor: Executor, script: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # None in `sys.modules` is a module that can't be imported.
    monkeypatch.setitem(sys.modules, "pyspark", None)

    text = refused(executor, script, tmp_path, MissingPackageError)

    assert text == (
        "Spark jobs need the package pyspark, and there is none. "
        'Run: pip install "pyspark[sql]>=4.0", or set SPARK_HOME to a Spark of your own.'
    )


@pytest.mark.usefixtures("no_spark_home")
def test_spark_that_is_only_a_client_is_not_enough(
    executor: Executor, script: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = tmp_path / "packages" / "pyspark"
    client.mkdir(parents=True)
    (client / "__init__.py").touch()
    monkeypatch.delitem(sys.modules, "pyspark", raising=False)
    monkeypatch.syspath_prepend(client.parent)

    text = refused(executor, script, tmp_path, MissingPackageError)

    assert f"the pyspark in {client} is a client without Spark" in text


def test_spark_that_is_not_in_spark_home_is_asked_for(
    executor: Executor, script: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPARK_HOME", str(tmp_path))

    text = refused(executor, script, tmp_path, JobError)

    assert f"SPARK_HOME is {str(tmp_path)!r}, where there is no bin/spark-submit" in text


@pytest.mark.usefixtures("java")
def test_spark_in_spark_home_goes_first(executor: Executor, script: str, tmp_path: Path) -> None:
    submit = tmp_path / "spark" / "bin" / "spark-submit"
    submit.parent.mkdir(parents=True)
    submit.write_text('#!/bin/sh\necho "my own Spark, in $SPARK_HOME: $2"\n', encoding="ascii")
    submit.chmod(0o700)
    home = str(tmp_path / "spark")

    status, logs = ended(executor, {"script": script, "environment": {"SPARK_HOME": home}})

    assert (status, logs) == (JobStatus.SUCCEEDED, f"my own Spark, in {home}: local[1]\n")


@pytest.mark.usefixtures("java")
def test_master_that_does_not_answer_is_named(script: str, tmp_path: Path) -> None:
    executor = spark_executor(tmp_path, SparkConfig(master="spark://127.0.0.1:1"))

    text = refused(executor, script, tmp_path, JobError)

    assert "The Spark master spark://127.0.0.1:1 does not answer" in text


@pytest.mark.usefixtures("java")
def test_script_that_spark_takes_for_java_is_refused(executor: Executor, tmp_path: Path) -> None:
    text = refused(executor, written(tmp_path, "print()", "job.txt"), tmp_path, JobError)

    assert "job.txt; spark-submit knows Python by the suffix '.py'" in text
