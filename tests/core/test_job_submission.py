"""What an executor refuses to submit."""

import threading
from pathlib import Path
from typing import Any

import pytest
from glacier_toy import ToyConfig
from pydantic import SecretStr

from glacier import Executor, Provider
from glacier.config import LocalConfig, ResourceConfig
from glacier.errors import JobError, PackageError, StorageError
from glacier.jobs import JobDefinition
from tests.core.local_jobs import finish, write_script


class TokenConfig(ResourceConfig):
    """Something behind a token."""

    token: SecretStr


@pytest.fixture
def executor(tmp_path: Path) -> Executor:
    return Provider(LocalConfig(base_path=tmp_path / "base")).executor("local jobs")


def files_of(directory: Path) -> list[Path]:
    return [path for path in directory.rglob("*") if path.is_file()]


def test_submission_of_what_cannot_be_pickled_leaves_nothing(
    executor: Executor, tmp_path: Path
) -> None:
    lock = threading.Lock()

    with pytest.raises(PackageError, match="the variable 'lock' is a lock, which can't be pickled"):
        executor.submit_job(lambda: print(lock.locked()))

    assert files_of(tmp_path) == []


def test_submission_that_the_platform_refuses_leaves_nothing_in_staging(
    executor: Executor, tmp_path: Path
) -> None:
    job = {"function": print, "environment": {"NAME": "a\0b"}}

    with pytest.raises(JobError, match=r"can't be started in .*: embedded null byte"):
        executor.submit_job(job)

    assert files_of(tmp_path / "base" / "glacier-staging") == []


@pytest.mark.parametrize(
    ("job", "message"),
    [
        (42, r"Expected a job; got int\. Pass a function, the path of a Python script, or"),
        ("no/such/script.py", r"script .*/no/such/script\.py is not there\. Pass the path of an"),
        ({"script": "nowhere.py"}, r"script .*/nowhere\.py is not there"),
        ({"args": []}, "has both a 'script' and a 'function', or neither; expected one of them"),
        ({"script": __file__, "function": print}, "has both a 'script' and a 'function', or"),
        ({"script": __file__, "kwargs": {"day": 3}}, "script takes 'args' only"),
        ({"script": __file__, "env": {}}, r"The job has unknown fields env; its fields are script"),
        ({"script": __file__, "args": "-v"}, r"args: .*they are one str; expected a list"),
        ({"script": __file__, "environment": {"N": 1}}, r"environment\.N: .*valid string"),
        ({"script": __file__, "args": ["a\0b"]}, r"can't be started in .*: an argument has a NUL"),
    ],
)
def test_submission_of_what_is_no_job_is_refused(
    executor: Executor, job: Any, message: str
) -> None:
    with pytest.raises(JobError, match=message):
        executor.submit_job(job)


def test_submission_error_shows_no_value_of_the_environment(executor: Executor) -> None:
    job = {"script": __file__, "environment": {"TOKEN": ["hunter2-hunter2"]}}

    with pytest.raises(JobError, match=r"environment\.TOKEN") as failure:
        executor.submit_job(job)

    assert "hunter2" not in str(failure.value)


def test_submission_error_shows_no_value_of_the_arguments(executor: Executor) -> None:
    with pytest.raises(JobError) as caught:
        executor.submit_job({"script": __file__, "args": "--token hunter2-hunter2"})

    assert "hunter2" not in str(caught.value)


def test_submission_of_a_script_with_a_secret_among_its_arguments_is_refused(
    executor: Executor, tmp_path: Path
) -> None:
    config = TokenConfig(token=SecretStr("kept-from-command-lines"))
    job = {"script": __file__, "args": ["--token", config.token.get_secret_value()]}

    with pytest.raises(PackageError, match=r"argument .* secret TokenConfig\.token") as caught:
        executor.submit_job(job)

    assert "kept-from" not in str(caught.value)
    assert files_of(tmp_path) == []


def test_submission_of_a_definition_is_as_good_as_of_its_fields(
    executor: Executor, tmp_path: Path
) -> None:
    script = write_script(tmp_path, "import sys; print(sys.argv[1:])")

    _, log = finish(executor, JobDefinition(script=script, args=("--day", 3)))

    assert log == "['--day', '3']\n"


def test_submission_where_nothing_can_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "base").write_text("a file, no directory")
    executor = Provider(LocalConfig(base_path=tmp_path / "base")).executor("jobs")

    with pytest.raises(
        JobError, match=r"can't be started in .*Not a directory.*Check that this directory can be"
    ):
        executor.submit_job(write_script(tmp_path, "print('hello')"))


def test_submission_of_a_function_needs_staging(tmp_path: Path) -> None:
    homeless = ToyConfig(region="attic", staging=None)
    executor = Provider(homeless).executor("jobs", config=LocalConfig(base_path=tmp_path))

    with pytest.raises(
        JobError, match=r"this provider on ToyConfig names none\. Say which: Provider\(config="
    ):
        executor.submit_job(print)

    assert files_of(tmp_path) == []


def test_submission_of_a_function_whose_staging_is_in_the_way_is_an_error(
    executor: Executor, tmp_path: Path
) -> None:
    (tmp_path / "base").mkdir()
    (tmp_path / "base" / "glacier-staging").write_text("a file, no directory")

    with pytest.raises(StorageError, match="glacier-staging"):
        executor.submit_job(print)

    assert not (tmp_path / "base" / ".glacier").exists()
