"""Executors whose runtime can't run tasks."""

from pathlib import Path

import pytest

from glacier import Executor, Provider, pipeline, task
from glacier.config import LocalConfig
from glacier.errors import JobError
from glacier.local.executor import LocalExecutorAdapter


class OldAdapter(LocalExecutorAdapter):
    """Offers a Python that is too old."""

    def check_runtime(self) -> None:
        raise JobError(f"{self.resource!r} runs Python 3.8. Choose another one.")


@pytest.fixture
def old(tmp_path: Path) -> Executor:
    executor = Provider(LocalConfig(base_path=tmp_path / "data")).executor("old")
    executor._adapter = OldAdapter(executor, executor.provider)
    return executor


def test_run_is_refused_before_its_first_task(old: Executor, tmp_path: Path) -> None:
    begun = tmp_path / "begun"

    @task
    def first() -> int:
        begun.touch()
        return 1

    @task(executor=old)
    def second(value: int) -> int:
        return value + 1

    @pipeline
    def both() -> int:
        return second(first())

    with pytest.raises(JobError, match=r"Executor\('old'\) runs Python 3\.8"):
        both.run()

    assert not begun.exists()
    assert not (tmp_path / "data").exists()
    assert "JobError: Executor('old') runs Python 3.8" in str(both.check())


def test_function_is_refused_before_it_is_packed(old: Executor, tmp_path: Path) -> None:
    with pytest.raises(JobError, match=r"Executor\('old'\) runs Python 3\.8"):
        old.submit_job(print)

    assert not (tmp_path / "data").exists()


def test_script_runs_all_the_same(old: Executor, tmp_path: Path) -> None:
    script = tmp_path / "job.py"
    script.write_text("print('hello')")

    job_id = old.submit_job(script)
    old.wait(job_id, timeout_seconds=60)

    assert old.get_job_logs(job_id) == "hello\n"
