"""What tests on a real Spark share."""

import importlib.util
import os
import shutil

import pytest


def spark_is_there(*, needs_java: bool = True) -> None:
    """Skip a test where PySpark or Java is missing; fail it there in CI, which has both."""
    missing = None
    if importlib.util.find_spec("pyspark") is None:
        missing = "PySpark is not installed"
    elif needs_java and shutil.which("java") is None and "JAVA_HOME" not in os.environ:
        missing = "there is no Java"
    if missing and os.environ.get("CI"):
        pytest.fail(missing)
    elif missing:
        pytest.skip(missing)
