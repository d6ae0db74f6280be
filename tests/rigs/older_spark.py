"""Spark 3.5, which `make setup` installs beside the Spark of the tests."""

import sys
from pathlib import Path

HOME = Path(__file__).resolve().parents[2] / ".cache" / "spark-3.5" / "pyspark"
"""Its directory, for `SPARK_HOME`."""

LAST_PYTHON = (3, 11)
"""The last Python with all that PySpark 3.5 imports."""


def missing_older_spark() -> str | None:
    """Return why no Spark 3.5 is there, or None."""
    return None if (HOME / "bin" / "spark-submit").is_file() else f"no Spark 3.5 is in {HOME}"


def is_too_new() -> bool:
    """Return whether this Python can't run Spark 3.5."""
    return sys.version_info[:2] > LAST_PYTHON
