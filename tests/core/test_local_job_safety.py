"""Where the jobs of this machine lie, and what never gets into them or out of them."""

import hashlib
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from pydantic import SecretStr

from glacier import Executor, Provider
from glacier.config import LocalConfig, ProviderConfig
from glacier.errors import JobNotFoundError
from glacier.job_status import JobStatus
from glacier.local import job_runner
from tests.core.local_jobs import LIMIT_SECONDS, QUICK, finish


class RemoteConfig(ProviderConfig):
    """A platform elsewhere, with a secret."""

    token: SecretStr | None = None

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> "RemoteConfig":
        return cls()


@pytest.fixture
def executor(tmp_path: Path) -> Executor:
    return Provider(LocalConfig(base_path=tmp_path / "base")).executor("local jobs")


@pytest.mark.parametrize(
    "job_id",
    ["0123456789abcdef", "", ".", "..", "../jobs", "/etc", "0123456789ABCDEF", "job\n", "\0"],
)
@pytest.mark.parametrize("method", ["get_job_status", "cancel_job", "get_job_logs", "wait"])
def test_unknown_job_is_not_found(executor: Executor, method: str, job_id: str) -> None:
    with pytest.raises(
        JobNotFoundError,
        match=re.escape(f"Executor('local jobs') has no job {job_id!r} in ")
        + r".* Use an id that its submit_job returned, and a provider with the same base path\.",
    ) as caught:
        getattr(executor, method)(job_id)

    assert caught.value.job_id == job_id  # type: ignore[attr-defined]


def test_job_id_that_is_a_path_to_a_real_job_is_not_found(tmp_path: Path) -> None:
    provider = Provider(LocalConfig(base_path=tmp_path))
    one, other = provider.executor("one"), provider.executor("other")
    job_id = one.submit_job(QUICK)
    one.wait(job_id, timeout_seconds=LIMIT_SECONDS)

    with pytest.raises(JobNotFoundError, match="has no job"):
        other.get_job_status(f"../one/{job_id}")


@pytest.mark.parametrize("name", ["../../outside", "a/b", "..", "", "na\0me", "é", "x" * 300])
def test_executor_name_never_leaves_the_base_path(tmp_path: Path, name: str) -> None:
    base = tmp_path / "deep" / "base"
    executor = Provider(LocalConfig(base_path=base)).executor(name)

    status, _ = finish(executor, QUICK)

    assert status is JobStatus.SUCCEEDED
    assert [entry.name for entry in tmp_path.iterdir()] == ["deep"]
    assert [entry.name for entry in base.iterdir()] == [".glacier"]
    assert len(list((base / ".glacier" / "jobs").iterdir())) == 1


def test_executors_of_similar_names_do_not_share_jobs(tmp_path: Path) -> None:
    provider = Provider(LocalConfig(base_path=tmp_path))
    one, other = provider.executor("a/b"), provider.executor("a b")
    job_id = one.submit_job(QUICK)
    one.wait(job_id, timeout_seconds=LIMIT_SECONDS)

    with pytest.raises(JobNotFoundError, match="has no job"):
        other.get_job_status(job_id)


def test_executor_with_a_config_of_its_own_keeps_jobs_there(tmp_path: Path) -> None:
    provider = Provider(LocalConfig(base_path=tmp_path / "data"))
    executor = provider.executor("jobs", config=LocalConfig(base_path=tmp_path / "own"))

    finish(executor, QUICK)

    assert [entry.name for entry in tmp_path.iterdir()] == ["own"]


def test_executor_of_another_platform_runs_jobs_from_a_temporary_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    executor = Provider(RemoteConfig()).executor("jobs")

    status, log = finish(executor, lambda: print("here"))

    assert (status, log) == (JobStatus.SUCCEEDED, "here\n")
    assert [entry.name[:13] for entry in tmp_path.iterdir()] == ["glacier-jobs-"]


def test_payload_holds_no_secret_of_a_provider_that_the_job_uses(tmp_path: Path) -> None:
    config = RemoteConfig(token=SecretStr("hunter2-hunter2"))
    provider = Provider(config)
    executor = provider.executor("jobs", config=LocalConfig(base_path=tmp_path))

    def use_provider() -> None:
        print(provider.config, config, executor.provider.config)

    status, log = finish(executor, use_provider)

    assert (status, log) == (JobStatus.SUCCEEDED, "token=None token=None token=None\n")
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert job_runner.PAYLOAD in {file.name for file in files}
    assert not [file for file in files if b"hunter2" in file.read_bytes()]


@pytest.mark.parametrize("changed", [job_runner.HEADER, job_runner.PAYLOAD])
def test_runner_unpickles_nothing_whose_digest_differs(tmp_path: Path, changed: str) -> None:
    witness = tmp_path / "witness"
    payload = b"cos\nsystem\n(S'touch " + str(witness).encode() + b"'\ntR."
    header = (
        b'{"sys_path": [], "payload_sha256": "%s"}' % hashlib.sha256(payload).hexdigest().encode()
    )
    (tmp_path / job_runner.PAYLOAD).write_bytes(payload)
    (tmp_path / job_runner.HEADER).write_bytes(header)
    (tmp_path / changed).write_bytes((tmp_path / changed).read_bytes() + b" ")

    ran = run_runner(tmp_path, hashlib.sha256(header).hexdigest())

    assert ran.returncode == 1
    assert f"{tmp_path / changed} was changed after the job was submitted" in ran.stderr
    assert (tmp_path / job_runner.STATUS).read_text() == "FAILED"
    assert not witness.exists()


def test_runner_unpickles_what_has_the_digest(tmp_path: Path) -> None:
    witness = tmp_path / "witness"
    payload = b"cos\nsystem\n(S'touch " + str(witness).encode() + b"'\ntR."
    header = (
        b'{"sys_path": [], "payload_sha256": "%s"}' % hashlib.sha256(payload).hexdigest().encode()
    )
    (tmp_path / job_runner.PAYLOAD).write_bytes(payload)
    (tmp_path / job_runner.HEADER).write_bytes(header)

    run_runner(tmp_path, hashlib.sha256(header).hexdigest())

    assert witness.exists()


def run_runner(directory: Path, sha256: str) -> subprocess.CompletedProcess[str]:
    with (directory / "lock").open("wb") as lock:
        return subprocess.run(
            [sys.executable, "-P", job_runner.__file__, directory, sha256, str(lock.fileno())],
            pass_fds=[lock.fileno()],
            capture_output=True,
            text=True,
            check=False,
        )
