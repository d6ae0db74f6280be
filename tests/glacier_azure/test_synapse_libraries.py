"""What a job requires and its pool lacks travels as wheels; the rest does not."""

import logging
import os
from pathlib import Path

import pytest

from glacier import Executor, Provider
from glacier.adapters import ScriptJob
from glacier.errors import JobError
from glacier.job_status import JobStatus
from glacier_azure.job.libraries import lacking
from tests.executors.jobs import LIMIT_SECONDS, written
from tests.glacier_aws.lambda_wheels import make_wheel
from tests.glacier_azure.synapse import batches_of, installed, requests_of, staged, synapse_executor
from tests.rigs.azure.server import AzureServer

SHOWING = """
    import os, sys
    import colours
    print(colours.NAME, os.path.basename(os.path.dirname(colours.__file__)))
    print(os.environ.get("PYTHONPATH", "").split(":")[0])
"""


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory of wheels that is all that the installers know, and an empty cache."""
    directory = tmp_path / "index"
    directory.mkdir()
    (tmp_path / "uv.toml").write_text("no-index = true\n")  # no variable says so to uv
    monkeypatch.setenv("UV_CONFIG_FILE", str(tmp_path / "uv.toml"))
    monkeypatch.setenv("UV_FIND_LINKS", str(directory))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(directory))
    monkeypatch.setenv("GLACIER_CACHE", str(tmp_path / "cache"))
    return directory


def submitted(executor: Executor, script: str, *requirements: str) -> str:
    """Submit a script that requires something, as the entrypoint of a task does."""
    return executor.adapter.submit_job(ScriptJob(Path(script), requirements=requirements))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("", ("polars==2.1.0", "pydantic-core==2.41.5")),
        ("polars==2.1.0\nPydantic_Core==2.41.5  # both\n", ()),
        ("polars==2.1.0 ; python_version > '3'\n", ("pydantic-core==2.41.5",)),
        ("polars[pandas]==2.1.0\npydantic-core==2.4\n", ("pydantic-core==2.41.5",)),
        ("polars>=2.1.0\npydantic-core\n", ("polars==2.1.0", "pydantic-core==2.41.5")),
        ("#polars==2.1.0\n", ("polars==2.1.0", "pydantic-core==2.41.5")),
        (
            "name: pool\ndependencies:\n- polars=2.1.0\n- pip:\n  - pydantic-core==2.41.5\n",
            (),
        ),
    ],
)
def test_pool_has_what_it_names_in_the_same_version(
    content: str, expected: tuple[str, ...]
) -> None:
    assert lacking(("polars==2.1.0", "pydantic-core==2.41.5"), content) == expected


def test_pool_that_has_everything_gets_no_wheels(
    azure: AzureServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "glacier.jobs")
    executor = synapse_executor(azure)

    job_id = executor.submit_job(os.getcwd)

    assert executor.wait(job_id, timeout_seconds=LIMIT_SECONDS) is JobStatus.SUCCEEDED
    request = requests_of(batches_of(azure, executor)[0])
    assert "archives" not in request
    assert request["conf"] == {}
    assert not any("lacks" in record.message for record in caplog.records)


def test_what_the_pool_lacks_travels_once_and_is_found(
    azure: AzureServer, tmp_path: Path, index: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "glacier.jobs")
    make_wheel(
        index,
        "colours",
        {"colours.py": "import shades\nNAME = shades.NAME\n"},
        requires=("shades",),
    )
    make_wheel(index, "shades", {"shades.py": "NAME = 'dark'\n"})
    executor = synapse_executor(azure, content="")
    script = written(tmp_path, SHOWING)

    job_id = submitted(executor, script, "colours==1.0")
    status = executor.wait(job_id, timeout_seconds=LIMIT_SECONDS)
    before = {name for name in staged(azure) if "/wheels/" in name}
    submitted(executor, script, "colours==1.0")

    request = requests_of(batches_of(azure, executor)[0])
    (archive,) = request["archives"]
    assert executor.get_job_logs(job_id) == "dark glacier_wheels\n./glacier_wheels\n"
    assert status is JobStatus.SUCCEEDED
    assert archive.endswith(".zip#glacier_wheels")
    assert {name for name in staged(azure) if "/wheels/" in name} == before
    assert request["conf"] == {
        "spark.yarn.appMasterEnv.PYTHONPATH": "./glacier_wheels",
        "spark.executorEnv.PYTHONPATH": "./glacier_wheels",
    }
    assert "etl: the Spark pool lacks colours==1.0, which travel as wheels." in caplog.messages


def test_pool_that_nobody_can_ask_about_is_sent_everything(
    azure: AzureServer, tmp_path: Path, index: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "glacier.jobs")
    make_wheel(index, "colours", {"colours.py": "NAME = 'dark'\n"})
    provider = Provider(config=azure.config(subscription_id=None))
    executor = synapse_executor(azure, provider, content="colours==1.0\n")

    job_id = submitted(executor, written(tmp_path, SHOWING), "colours==1.0")

    assert "archives" in requests_of(batches_of(azure, executor)[0])
    assert any("not known without AzureConfig(subscription_id" in one for one in caplog.messages)
    executor.cancel_job(job_id)


def test_requirement_without_a_wheel_names_the_alternative(
    azure: AzureServer, tmp_path: Path, index: Path
) -> None:
    executor = synapse_executor(azure, content=installed())
    message = (
        r"A job on 'etl' requires colours==1\.0, and no wheel of colours\S* was found for Python "
        r"3\.11 on x86_64\. Have the pool install it: name it in SynapseConfig\(packages="
    )

    with pytest.raises(JobError, match=message):
        submitted(executor, written(tmp_path, "pass"), "colours==1.0", "polars==2.1.0")

    assert batches_of(azure, executor) == []
