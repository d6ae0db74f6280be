"""The file of a run: it runs what it carries as plain Python would, and nothing else."""

import base64
import io
import re
from pathlib import Path

from glacier import Provider
from glacier.job_status import JobStatus
from tests.executors.jobs import LIMIT_SECONDS, ended, written
from tests.glacier_databricks.databricks import client, executor_on
from tests.rigs.databricks.server import VOLUME, DatabricksWorkspace


def test_script_is_a_main_module_with_a_file_and_arguments_of_its_own(
    workspace: DatabricksWorkspace, provider: Provider, tmp_path: Path
) -> None:
    source = "import sys; print(__name__, __file__ == sys.argv[0], sys.argv[1:])"
    job = {"script": written(tmp_path, source), "args": ["--glacier-token", "ü"]}

    status, log = ended(executor_on(workspace, provider), job)

    assert status is JobStatus.SUCCEEDED
    assert log == "__main__ True ['--glacier-token', 'ü']\n"


def test_script_that_exits_without_an_error_has_succeeded(
    workspace: DatabricksWorkspace, provider: Provider, tmp_path: Path
) -> None:
    """Though for Databricks every exit is an error."""
    source = "import sys; print('done'); sys.exit(0)"

    status, log = ended(executor_on(workspace, provider), written(tmp_path, source))

    assert (status, log) == (JobStatus.SUCCEEDED, "done\n")


def test_file_that_was_changed_on_its_way_runs_nothing(
    workspace: DatabricksWorkspace, provider: Provider, tmp_path: Path
) -> None:
    executor = executor_on(workspace, provider, volume=VOLUME)
    workspace.hold()
    job_id = executor.submit_job({"script": written(tmp_path, "print('ran')"), "args": ["a"]})
    (run,) = workspace.runs()
    path = run["request"]["tasks"][0]["spark_python_task"]["python_file"]
    content = client(workspace).files.download(path).contents
    assert content is not None

    changed = _with_other_arguments(content.read())
    client(workspace).files.upload(path, io.BytesIO(changed), overwrite=True)
    workspace.go()

    status = executor.wait(job_id, timeout_seconds=LIMIT_SECONDS)
    log = executor.get_job_logs(job_id)
    assert status is JobStatus.FAILED
    assert "this file was changed after the run was submitted" in log
    assert "ran\n" not in log


def _with_other_arguments(content: bytes) -> bytes:
    found = re.search(rb'CARRIED = "(.+)"', content)
    assert found is not None
    carried = base64.b64decode(found[1]).replace(b'["a"]', b'["b"]')
    return content.replace(found[1], base64.b64encode(carried))
