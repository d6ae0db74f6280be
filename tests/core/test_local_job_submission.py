"""What the executor of this machine refuses to submit."""

import sys
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from glacier import Executor, Provider
from glacier.config import LocalConfig
from glacier.errors import JobError
from tests.core.local_jobs import QUICK


@pytest.fixture
def executor(tmp_path: Path) -> Executor:
    return Provider(LocalConfig(base_path=tmp_path / "base")).executor("local jobs")


def a_lock() -> Callable[[], object]:
    lock = threading.Lock()

    def job() -> None:
        print(lock.locked())

    return job


@pytest.mark.parametrize(
    ("make_job", "blame"),
    [
        (a_lock, r"The job a_lock\.<locals>\.job .*: the variable 'lock' is a lock, which"),
        (lambda: partial(print, threading.Lock()), r": argument 0 is a lock, which can't be pick"),
        (lambda: partial(print, end=threading.Lock()), r": argument 'end' is a lock, which can't"),
        (lambda: Holder().run, r"The job Holder\.run .*: its object's 'file' is a TextIOWrapper"),
    ],
)
def test_submission_of_what_cannot_be_pickled_names_what_is_to_blame(
    executor: Executor, tmp_path: Path, make_job: Callable[[], Callable[[], object]], blame: str
) -> None:
    job = make_job()

    with pytest.raises(JobError, match=blame):
        executor.submit_job(job)

    assert not (tmp_path / "base").exists()


class Holder:
    def __init__(self) -> None:
        self.name = "holder"
        self.file = sys.__stdout__

    def run(self) -> None:
        print(self.name)


@pytest.mark.parametrize(
    ("job", "message"),
    [
        (
            lambda day, *, region: None,
            r"takes arguments \(day, region\) and a job gets none\. Bind",
        ),
        (
            42,
            r"Expected a job; got int\. Pass a callable without arguments, the path of a ",
        ),
        ("no/such/script.py", r"script .*/no/such/script\.py is not there\. Pass the path of an"),
        ({"script": "nowhere.py"}, r"script .*/nowhere\.py is not there"),
        (
            {"args": []},
            r"The job has no field 'script'; its fields are script, args, environment\.",
        ),
        ({"script": __file__, "env": {}}, r"The job has unknown fields env; its fields are"),
        ({"script": __file__, "args": "-v"}, r"The job's args are '-v'; expected a list"),
        ({"script": __file__, "environment": {"N": 1}}, r"is not a mapping of text to text"),
        (
            {"script": __file__, "environment": {"N": "a\0b"}},
            r"can't be started in .*: embedded nu",
        ),
    ],
)
def test_submission_of_what_is_no_job_is_refused(
    executor: Executor, job: Any, message: str
) -> None:
    with pytest.raises(JobError, match=message):
        executor.submit_job(job)


def test_submission_where_nothing_can_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "base").write_text("a file, no directory")
    executor = Provider(LocalConfig(base_path=tmp_path / "base")).executor("jobs")

    with pytest.raises(
        JobError, match=r"can't be started in .*Not a directory.*Check the base path"
    ):
        executor.submit_job(QUICK)
