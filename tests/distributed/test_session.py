"""How Spark starts in a process that nothing has started it in."""

import os
import subprocess
import sys
from pathlib import Path

from tests.distributed.spark import spark_is_there


def python(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run code in a fresh Python, which no `spark-submit` has started."""
    inherited = {key: value for key, value in os.environ.items() if "SPARK" not in key}
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**inherited, **environment},
    )


def test_session_that_nothing_configures_is_on_this_machine() -> None:
    spark_is_there()

    ended = python(
        "from glacier.jobs.spark_session import spark_session; import os\n"
        "context = spark_session().sparkContext\n"
        "print(context.master, context.uiWebUrl, context.pythonExec)\n"
        "print('PYSPARK_PYTHON' in os.environ)"
    )

    assert ended.stdout.split() == ["local[*]", "None", sys.executable, "False"], ended.stderr


def test_session_without_java_says_what_to_install(tmp_path: Path) -> None:
    spark_is_there(needs_java=False)

    ended = python(
        "from glacier.jobs.spark_session import spark_session; spark_session()",
        JAVA_HOME=str(tmp_path),
    )

    assert ended.returncode == 1
    assert "JobError: Spark can't start: its Java process has ended" in ended.stderr
    assert "Spark needs Java 17 or later" in ended.stderr


def test_session_without_pyspark_says_what_to_install() -> None:
    ended = python(
        "import sys; sys.modules['pyspark'] = None\n"
        "from glacier.jobs.spark_session import spark_session; spark_session()"
    )

    assert "MissingPackageError: A task on Spark needs PySpark" in ended.stderr
    assert 'pip install "glacier-core[spark]"' in ended.stderr
