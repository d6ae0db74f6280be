"""The Spark session in which a job's tasks run, and what it can reach."""

import os
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from glacier.errors import JobError, MissingPackageError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from glacier.resources import Bucket

SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    # Polars' names differ by case; Spark's do only if it is told so.
    "spark.sql.caseSensitive": "true",
    # The default is INT96, which Polars reads as nanoseconds without a time zone.
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    # Dates before 1582 as they are, in place of an error that asks which calendar is meant.
    "spark.sql.parquet.datetimeRebaseModeInRead": "CORRECTED",
    "spark.sql.parquet.datetimeRebaseModeInWrite": "CORRECTED",
    # What can't be computed is an error, as it is by Polars and by Spark 4's default, and no null.
    "spark.sql.ansi.enabled": "true",
}
"""What crossing to Spark and back without a change needs; set on a session that is there too."""

_added: dict[str, set[Path]] = {}
# EMR and Glue have a connector of their own for `s3`; Hadoop's is for `s3a`.
_HADOOP_SCHEMES = {"s3": ("s3", "s3a")}
_lock = threading.RLock()


def spark_session(code: Path | None = None) -> "SparkSession":
    """Return the process's Spark session; on `local[*]` where nothing names a master.

    Args:
        code: A zip of modules that the workers are to find too.

    Raises:
        MissingPackageError: PySpark is not installed.
        JobError: Spark can't start, mostly for want of Java.
    """
    # Tasks ask from threads; two that add code at once break Python's cache of importers.
    with _lock, quiet():
        session = _start()
        for key, value in SETTINGS.items():
            session.conf.set(key, value)
        if code is not None:
            _add_code(session, code)
    return session


@contextmanager
def quiet() -> Iterator[None]:
    """Keep PySpark from warning of a pandas that nothing here uses."""
    # Filters belong to the whole process: two threads would restore each other's.
    with _lock, warnings.catch_warnings():
        warnings.filterwarnings("ignore", "PySpark does not yet fully support", FutureWarning)
        yield


def spark_uri(bucket: "Bucket", session: "SparkSession") -> str:
    """Return a bucket's path as a Spark's Hadoop takes it, which is not percent-encoded.

    Of several schemes for one store it is the first that this Spark has a connector for. It is no
    pattern, even where it has `*` in it: read it with `__globPaths__` switched off.
    """
    uri = bucket.adapter.location().uri
    scheme, separator, rest = uri.partition("://")
    if not separator:
        return f"file://{uri}"
    uris = [f"{one}://{rest}" for one in _HADOOP_SCHEMES.get(scheme, (scheme,))]
    return next((one for one in uris if why_unreachable(session, one) is None), uris[-1])


def why_unreachable(session: "SparkSession", uri: str) -> str | None:
    """Return why a Spark can't open a URI; None where it has a connector for its scheme."""
    from py4j.protocol import Py4JJavaError

    scheme = uri.partition("://")[0]
    gateway: Any = session.sparkContext._jvm  # noqa: SLF001 - PySpark has no public way to Hadoop
    configuration = session.sparkContext._jsc.hadoopConfiguration()  # noqa: SLF001
    try:
        gateway.org.apache.hadoop.fs.FileSystem.getFileSystemClass(scheme, configuration)
    except Py4JJavaError:
        return f"this Spark has no connector for {scheme}://"
    return None


def _start() -> "SparkSession":
    try:
        from pyspark.errors import PySparkRuntimeError
        from pyspark.sql import SparkSession
    except ImportError as error:
        raise MissingPackageError(
            'A task on Spark needs PySpark. Run: pip install "glacier-core[spark]"', extra="spark"
        ) from error
    builder = SparkSession.builder
    if not {"PYSPARK_GATEWAY_PORT", "PYSPARK_SUBMIT_ARGS"} & os.environ.keys():
        builder = builder.config("spark.ui.enabled", "false")
    is_set = "PYSPARK_PYTHON" in os.environ
    try:
        # Else the workers are whatever `python3` is on the PATH; read once, when Spark starts.
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
        return builder.getOrCreate()
    except PySparkRuntimeError as error:
        if "JAVA_GATEWAY_EXITED" not in str(error):  # Spark 3.5 and 4 tell it by other methods
            raise
        raise JobError(
            "Spark can't start: its Java process has ended before it was up. Spark needs Java 17 "
            "or later: install it, or set JAVA_HOME to where it is."
        ) from error
    finally:
        if not is_set:
            os.environ.pop("PYSPARK_PYTHON", None)


def _add_code(session: "SparkSession", code: Path) -> None:
    context = session.sparkContext
    added = _added.setdefault(str(context.applicationId), set())
    if code not in added:
        context.addPyFile(str(code))
        added.add(code)
