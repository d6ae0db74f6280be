"""Where the jobs of this machine lie."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from glacier import Provider
from glacier.config import LocalConfig, ProviderConfig
from glacier.errors import JobNotFoundError
from glacier.job_status import JobStatus
from tests.core.local_jobs import LIMIT_SECONDS, finish, write_script


class RemoteConfig(ProviderConfig):
    """A platform elsewhere."""

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> "RemoteConfig":
        return cls()


@pytest.fixture
def quick(tmp_path: Path) -> Path:
    return write_script(tmp_path, "print('hello')", "quick.py")


def test_job_id_that_is_a_path_to_a_real_job_is_not_found(tmp_path: Path, quick: Path) -> None:
    provider = Provider(LocalConfig(base_path=tmp_path))
    one, other = provider.executor("one"), provider.executor("other")
    job_id = one.submit_job(quick)
    one.wait(job_id, timeout_seconds=LIMIT_SECONDS)

    with pytest.raises(JobNotFoundError, match="There is no job"):
        other.get_job_status(f"../one/{job_id}")


@pytest.mark.parametrize("name", ["../../outside", "a/b", "..", "", "na\0me", "é", "x" * 300])
def test_executor_name_never_leaves_the_base_path(tmp_path: Path, name: str) -> None:
    base = tmp_path / "deep" / "base"
    executor = Provider(LocalConfig(base_path=base)).executor(name)

    status, _ = finish(executor, write_script(tmp_path, "print('hello')"))

    assert status is JobStatus.SUCCEEDED
    assert {entry.name for entry in tmp_path.iterdir()} == {"deep", "job.py"}
    assert [entry.name for entry in base.iterdir()] == [".glacier"]
    assert len(list((base / ".glacier" / "jobs").iterdir())) == 1


def test_executors_of_similar_names_do_not_share_jobs(tmp_path: Path, quick: Path) -> None:
    provider = Provider(LocalConfig(base_path=tmp_path))
    one, other = provider.executor("a/b"), provider.executor("a b")
    job_id = one.submit_job(quick)
    one.wait(job_id, timeout_seconds=LIMIT_SECONDS)

    with pytest.raises(JobNotFoundError, match="There is no job"):
        other.get_job_status(job_id)


def test_executor_with_a_config_of_its_own_keeps_jobs_there(tmp_path: Path, quick: Path) -> None:
    provider = Provider(LocalConfig(base_path=tmp_path / "data"))
    executor = provider.executor("jobs", config=LocalConfig(base_path=tmp_path / "own"))

    finish(executor, quick)

    assert {entry.name for entry in tmp_path.iterdir()} == {"own", quick.name}


def test_executor_of_another_platform_keeps_jobs_in_the_state_directory(
    state_directory: Path, quick: Path
) -> None:
    first, second = (Provider(RemoteConfig()).executor("jobs") for _ in range(2))

    job_id = first.submit_job(quick)
    status = second.wait(job_id, timeout_seconds=LIMIT_SECONDS)

    assert (status, second.get_job_logs(job_id)) == (JobStatus.SUCCEEDED, "hello\n")
    assert (state_directory / "jobs" / "RemoteConfig-jobs" / job_id).is_dir()
