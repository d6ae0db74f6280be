"""The Spark and the Java of this machine."""

import os
import shutil
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from glacier.errors import JobError, MissingPackageError

_SUBMIT = Path("bin") / "spark-submit"


def find_spark(environment: Mapping[str, str]) -> Path:
    """Return the directory of Spark: `SPARK_HOME` where it is set, else the PySpark package.

    Args:
        environment: The variables that the job will see.

    Raises:
        JobError: `SPARK_HOME` leads to no Spark.
        MissingPackageError: It is not set, and PySpark is not installed.
    """
    home = environment.get("SPARK_HOME")
    if home:
        if not (Path(home) / _SUBMIT).is_file():
            raise JobError(
                f"SPARK_HOME is {home!r}, where there is no {_SUBMIT}. Set it to the directory of "
                "a Spark 3.5 or later, or unset it to use the one that comes with PySpark.",
                spark_home=home,
            )
        return Path(home).absolute()
    # Looked for without importing it, which takes longer than all the rest.
    spec = find_spec("pyspark")
    places = [Path(place) for place in (spec.submodule_search_locations or ())] if spec else []
    for place in places:
        if (place / _SUBMIT).is_file():
            return place.absolute()
    found = f"the pyspark in {places[0]} is a client without Spark" if places else "there is none"
    raise MissingPackageError(
        f"Spark jobs need the package pyspark, and {found}. "
        'Run: pip install "pyspark[sql]>=4.0", or set SPARK_HOME to a Spark of your own.'
    )


def check_java(environment: Mapping[str, str]) -> None:
    """See that there is a Java, where `spark-submit` looks for it.

    Args:
        environment: The variables that the job will see.

    Raises:
        JobError: There is none.
    """
    home = environment.get("JAVA_HOME")
    if home:
        java = Path(home) / "bin" / "java"
        if not os.access(java, os.X_OK):
            raise JobError(
                f"Spark needs Java 17 or later, and JAVA_HOME is {home!r}, where there is no "
                f"{java}. Set it to the directory of a JDK or JRE.",
                java_home=home,
            )
    elif shutil.which("java", path=environment.get("PATH", "")) is None:
        raise JobError(
            "Spark needs Java 17 or later; JAVA_HOME is not set and there is no java on PATH. "
            "Install one (such as OpenJDK 17) and set JAVA_HOME to its directory."
        )
