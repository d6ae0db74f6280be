"""Spark's classes as Java has them in memory, in a file that other Javas map in.

Half of the time of a small Spark job is the loading of some ten thousand classes. Java can write
those of one program into an archive (class data sharing), and then a driver, an executor or a
daemon starts in about half the time. Java itself sees to it that an archive is of the same Java and
the same jars, and does without where it is not.
"""

import fcntl
import hashlib
import os
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

from glacier_spark.installation import find_spark

_CACHE = Path(__file__).resolve().parents[2] / ".cache"
_LIMIT_SECONDS = 300.0
# Loads what most jobs load: a query with a shuffle, Parquet out and in, and rows through Arrow.
_PROGRAM = """
import sys
from pyspark.sql import SparkSession

spark = SparkSession.builder.getOrCreate()
rows = spark.range(100).selectExpr("id", "id % 3 AS key", "cast(id AS string) AS text")
rows.write.parquet(sys.argv[1])
rows = spark.read.parquet(sys.argv[1])
rows.groupBy("key").count().collect()
rows = rows.sortWithinPartitions("key")
rows.mapInArrow(lambda batches: batches, "id long, key long, text string").collect()
"""


@cache
def class_archive(java_options: str) -> str:
    """Return the option that makes Java use the archive, which is made where there is none.

    Args:
        java_options: The options with which it will be used. Java takes an archive only for the
            collector that it was made with.

    Returns:
        Nothing where the archive can't be made.
    """
    spark, java = find_spark(os.environ), Path(os.environ.get("JAVA_HOME", ""), "bin", "java")
    command = [str(java) if os.environ.get("JAVA_HOME") else "java", "-version"]
    version = subprocess.run(command, capture_output=True, check=True).stderr
    key = hashlib.sha256(b"\0".join([version, str(spark).encode(), java_options.encode()]))
    archive = _CACHE / f"spark-{key.hexdigest()[:16]}.jsa"
    archive.parent.mkdir(exist_ok=True)
    with archive.with_suffix(".lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # other processes of the run want the same one
        if not archive.exists():
            draft = archive.with_suffix(".draft")
            _dump(spark, f"{java_options} -XX:ArchiveClassesAtExit={draft}")
            if draft.exists():
                draft.replace(archive)
    return f"-XX:SharedArchiveFile={archive}" if archive.exists() else ""


def _dump(spark: Path, java_options: str) -> None:
    with tempfile.TemporaryDirectory(prefix="spark-classes-") as directory:
        program = Path(directory) / "program.py"
        program.write_text(_PROGRAM, encoding="utf-8")
        options = ["--master", "local[1]", "--driver-java-options", java_options]
        subprocess.run(
            [
                str(spark / "bin" / "spark-submit"),
                *options,
                *("--conf", "spark.ui.enabled=false", "--conf", "spark.driver.host=127.0.0.1"),
                str(program),
                str(Path(directory) / "rows"),
            ],
            cwd=directory,
            env={**os.environ, "SPARK_HOME": str(spark), "PYSPARK_PYTHON": sys.executable},
            capture_output=True,
            timeout=_LIMIT_SECONDS,
            check=False,
        )
