"""Jobs on Spark: scripts with and without a session, their logs, and how they are stopped."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from glacier.config import SparkConfig
from glacier.job_status import JobStatus
from tests.executors.jobs import LIMIT_SECONDS, ended, until, written
from tests.glacier_spark.spark_jobs import is_alive, jobs_directory, spark_executor
from tests.rigs.spark import SparkCluster, spark_config

QUERY = """
    import os, sys, time
    from pyspark.sql import SparkSession

    spark = SparkSession.builder.getOrCreate()
    print("master:", spark.sparkContext.master)
    rows, word = int(sys.argv[1]), sys.argv[2]
    total = spark.range(rows).selectExpr("sum(id) AS total").collect()[0].total
    print("total of", word, total)

    def pid(batches):
        time.sleep(1)  # long enough for the other worker to get its share
        yield os.getpid()

    workers = set(spark.sparkContext.parallelize(range(4), 4).mapPartitions(pid).collect())
    print("workers:", len(workers), os.getpid() in workers)
"""
ENDLESS_QUERY = """
    import os, threading
    from pyspark.sql import SparkSession

    spark = SparkSession.builder.getOrCreate()
    pids = {os.getpid(), os.getppid()}
    pids |= set(spark.sparkContext.parallelize(range(2), 2).map(lambda _: os.getpid()).collect())
    print(f"pids: {' '.join(map(str, pids))};", flush=True)
    threading.Event().wait()
"""


@pytest.fixture(params=["standalone", "local-cluster[2,1,1024]"])
def distributed(request: pytest.FixtureRequest) -> SparkConfig:
    """The config of a Spark of two workers."""
    if request.param == "standalone":
        cluster: SparkCluster = request.getfixturevalue("spark_cluster")
        return cluster.config()
    request.getfixturevalue("java")
    return spark_config(request.param)


def test_script_runs_a_query_on_two_workers(distributed: SparkConfig, tmp_path: Path) -> None:
    executor = spark_executor(tmp_path, distributed)

    status, logs = ended(executor, {"script": written(tmp_path, QUERY), "args": [1000, "größe 🧊"]})

    assert status is JobStatus.SUCCEEDED, logs
    assert f"master: {distributed.master}\n" in logs
    assert "total of größe 🧊 499500\n" in logs
    assert "workers: 2 False\n" in logs


@pytest.mark.parametrize("kind", ["local", "standalone"])
def test_cancel_ends_java_and_every_python(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    request.getfixturevalue("java")
    config = spark_config("local[2]")
    if kind == "standalone":
        config = request.getfixturevalue("spark_cluster").config()
    executor = spark_executor(tmp_path, config)
    job_id = executor.submit_job({"script": written(tmp_path, ENDLESS_QUERY)})
    assert until(lambda: "pids:" in executor.get_job_logs(job_id))
    (listed,) = re.findall(r"pids: ([\d ]+);", executor.get_job_logs(job_id))
    pids = [int(pid) for pid in listed.split()]
    assert len(pids) >= 3
    assert all(is_alive(pid) for pid in pids)

    executor.cancel_job(job_id)

    assert executor.get_job_status(job_id) is JobStatus.CANCELLED
    assert until(lambda: not any(is_alive(pid) for pid in pids), limit_seconds=10)


@pytest.mark.usefixtures("java")
def test_log_holds_what_the_job_says_and_little_else(tmp_path: Path) -> None:
    script = written(
        tmp_path,
        """
        import sys
        from pyspark.sql import SparkSession

        print("grüß dich, 数据 🧊")
        print("to errors: ж", file=sys.stderr)
        print(SparkSession.builder.getOrCreate().range(3).count(), "rows")
        raise ValueError("größer als 🧊")
        """,
    )

    status, logs = ended(spark_executor(tmp_path, spark_config("local[2]")), {"script": script})

    assert status is JobStatus.FAILED
    lines = logs.splitlines()
    assert {"grüß dich, 数据 🧊", "to errors: ж", "3 rows"} <= set(lines)
    assert "ValueError: größer als 🧊" in lines
    assert " INFO " not in logs
    assert len(lines) < 20, logs


@pytest.mark.usefixtures("java")
def test_environment_is_on_no_command_line_and_in_no_file(tmp_path: Path) -> None:
    script = written(
        tmp_path,
        """
        import os, threading
        assert os.environ["PASSWORD"] == "canary-" + "in-a-coal-mine"
        print("begun", flush=True)
        threading.Event().wait()
        """,
    )
    executor = spark_executor(tmp_path / "base", spark_config("local[2]"))
    job_id = executor.submit_job(
        {"script": script, "environment": {"PASSWORD": "canary-in-a-coal-mine"}}
    )
    assert until(lambda: "begun" in executor.get_job_logs(job_id))

    commands = subprocess.run(
        ["ps", "-A", "-ww", "-o", "args="], capture_output=True, check=True, text=True
    ).stdout
    files = [path for path in jobs_directory(tmp_path / "base").rglob("*") if path.is_file()]
    executor.cancel_job(job_id)

    assert "spark-submit" in commands or "SparkSubmit" in commands
    assert "canary-in-a-coal-mine" not in commands
    assert files
    assert not any(b"canary-in-a-coal-mine" in path.read_bytes() for path in files)


@pytest.mark.usefixtures("java")
def test_job_is_known_to_another_process(tmp_path: Path) -> None:
    executor = spark_executor(tmp_path, spark_config("local[2]"))
    job_id = executor.submit_job({"script": written(tmp_path, "print('größe 🧊')")})
    executor.wait(job_id, timeout_seconds=LIMIT_SECONDS)
    program = written(
        tmp_path,
        f"""
        from glacier import Provider
        from glacier.config import LocalConfig, SparkConfig

        provider = Provider(config=LocalConfig(base_path={str(tmp_path)!r}))
        executor = provider.executor("spark", config=SparkConfig(master="local[2]"))
        print(executor.get_job_status({job_id!r}), executor.get_job_logs({job_id!r}))
        """,
        "other.py",
    )

    said = subprocess.run(
        [sys.executable, program], capture_output=True, check=True, text=True, encoding="utf-8"
    ).stdout

    assert said.startswith("SUCCEEDED ")
    assert "größe 🧊" in said


@pytest.mark.usefixtures("java")
def test_arguments_and_paths_arrive_in_any_locale(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", "C")
    directory = tmp_path / "größe 100% #1"
    directory.mkdir()
    script = written(directory, "import sys; print(sys.argv[1:])")
    args = ["größe 🧊", "", "--conf", "1 & 2", "two\nlines", "'\"$HOME`"]

    status, logs = ended(
        spark_executor(tmp_path, spark_config("local[2]")), {"script": script, "args": args}
    )

    assert status is JobStatus.SUCCEEDED, logs
    assert repr(args) in logs


@pytest.mark.usefixtures("java")
def test_interpreter_is_the_callers(tmp_path: Path) -> None:
    script = written(tmp_path, "import sys; print(sys.executable)")

    _, logs = ended(spark_executor(tmp_path, spark_config("local[2]")), {"script": script})

    assert f"{sys.executable}\n" in logs


@pytest.mark.usefixtures("java")
def test_job_that_is_killed_has_failed(tmp_path: Path) -> None:
    script = written(tmp_path, "import os, signal; os.kill(os.getpid(), signal.SIGKILL)")

    status, logs = ended(spark_executor(tmp_path, spark_config("local[2]")), {"script": script})

    assert status is JobStatus.FAILED
    assert "137" in logs
