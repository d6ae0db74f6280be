"""Cases of scripts: they get their arguments, and fail with the cause in their logs."""

from pathlib import Path

import pytest

from glacier.errors import JobError
from glacier.job_status import JobStatus
from glacier.resources import Executor
from glacier.testing.executor_base import ExecutorBase, finished, script
from glacier.testing.rig import Rig

SCRIPT = """
import os, sys
print("arguments:", *sys.argv[1:])
print("greeting:", os.environ.get("GREETING"))
"""


class ScriptCases(ExecutorBase):
    """Python files with arguments."""

    def test_script_gets_its_arguments_and_environment(
        self, rig: Rig, executor: Executor, tmp_path: Path
    ) -> None:
        job = {
            "script": script(tmp_path, SCRIPT),
            "args": ["--day", "1 & 2", "größe 数据"],
            "environment": {"GREETING": "grüß dich 🧊"},
            "name": "für alle 🧊",
        }

        job_id, status = finished(rig, executor, job)

        assert status is JobStatus.SUCCEEDED
        logs = executor.get_job_logs(job_id)
        assert "arguments: --day 1 & 2 größe 数据" in logs
        assert "greeting: grüß dich 🧊" in logs

    def test_script_leaves_its_status_as_its_result(
        self, rig: Rig, executor: Executor, tmp_path: Path
    ) -> None:
        job_id, _ = finished(rig, executor, {"script": script(tmp_path, SCRIPT)})

        result = executor.get_job_result(job_id)

        assert (result.job_id, result.status, result.value) == (job_id, JobStatus.SUCCEEDED, None)

    def test_script_that_raises_fails_with_the_cause_in_the_logs(
        self, rig: Rig, executor: Executor, tmp_path: Path
    ) -> None:
        job_id, status = finished(
            rig, executor, {"script": script(tmp_path, "open('/no/such/file')")}
        )

        assert status is JobStatus.FAILED
        assert "FileNotFoundError" in executor.get_job_logs(job_id)

    def test_script_that_exits_with_an_error_fails(
        self, rig: Rig, executor: Executor, tmp_path: Path
    ) -> None:
        job_id, status = finished(
            rig, executor, {"script": script(tmp_path, "raise SystemExit(3)")}
        )

        assert status is JobStatus.FAILED
        assert executor.get_job_status(job_id) is JobStatus.FAILED

    def test_script_that_is_missing_is_refused(self, executor: Executor, tmp_path: Path) -> None:
        with pytest.raises(JobError, match=r"missing\.py is not there"):
            executor.submit_job({"script": str(tmp_path / "missing.py")})

    def test_job_of_unknown_fields_is_refused(self, executor: Executor, tmp_path: Path) -> None:
        with pytest.raises(JobError, match="unknown fields scrpt"):
            executor.submit_job({"scrpt": script(tmp_path, SCRIPT)})

    def test_job_that_is_neither_callable_nor_mapping_is_refused(self, executor: Executor) -> None:
        with pytest.raises(JobError, match="Expected a job; got int"):
            executor.submit_job(7)
