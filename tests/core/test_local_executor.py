"""Jobs on this machine, as users submit them."""

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from pydantic import ValidationError

from glacier import Executor, Provider
from glacier.config import LocalConfig
from glacier.errors import JobTimeoutError
from glacier.job_status import JobStatus
from tests.core.distributions import run_python
from tests.core.local_jobs import LIMIT_SECONDS, Gate, finish, is_alive, write_script


@pytest.fixture
def executor(tmp_path: Path) -> Executor:
    return Provider(LocalConfig(base_path=tmp_path / "base")).executor("local jobs")


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Gate]:
    made = Gate(tmp_path / "gate")
    yield made
    made.release()


@pytest.fixture
def quick(tmp_path: Path) -> Path:
    return write_script(tmp_path, "print('hello')", "quick.py")


def say_hello() -> None:
    print("hello from a module")


def test_function_runs_in_another_process(executor: Executor) -> None:
    status, log = finish(executor, lambda: print(os.getpid()))

    assert status is JobStatus.SUCCEEDED
    assert int(log) != os.getpid()


def test_function_travels_with_its_closure(executor: Executor) -> None:
    greeting = {"text": "guten Tag"}

    status, log = finish(executor, lambda: print(greeting["text"]))

    assert (status, log) == (JobStatus.SUCCEEDED, "guten Tag\n")


def test_function_of_a_module_is_imported_there(executor: Executor) -> None:
    status, log = finish(executor, say_hello)

    assert (status, log) == (JobStatus.SUCCEEDED, "hello from a module\n")


def test_function_with_bound_arguments_runs(executor: Executor) -> None:
    status, log = finish(executor, partial(print, 1, 2, sep="-"))

    assert (status, log) == (JobStatus.SUCCEEDED, "1-2\n")


def test_function_gets_the_environment_of_its_job(executor: Executor) -> None:
    job = {"function": lambda: print(os.environ["REGION"]), "environment": {"REGION": "north"}}

    status, log = finish(executor, job)

    assert (status, log) == (JobStatus.SUCCEEDED, "north\n")


def test_function_that_fails_ends_its_log_with_its_traceback(executor: Executor) -> None:
    def fail() -> None:
        print("before")
        raise ValueError("no amount\N{SNOWMAN}")

    status, log = finish(executor, fail)

    assert status is JobStatus.FAILED
    assert log.startswith("before\nTraceback (most recent call last):\n")
    assert log.endswith("ValueError: no amount\N{SNOWMAN}\n")


def test_script_runs_as_the_main_program(executor: Executor, tmp_path: Path) -> None:
    (tmp_path / "neighbour.py").write_text("NAME = 'neighbour'")
    script = write_script(
        tmp_path,
        "import os, sys, neighbour\n"
        "print(__name__, sys.argv, neighbour.NAME, os.environ['REGION'])\n",
    )

    status, log = finish(
        executor, {"script": script, "args": ["--day", 3], "environment": {"REGION": "north"}}
    )

    assert status is JobStatus.SUCCEEDED
    assert log == f"__main__ {[str(script), '--day', '3']} neighbour north\n"


@pytest.mark.parametrize("kind", [str, Path])
def test_script_may_be_given_by_its_path_alone(
    executor: Executor, quick: Path, kind: Callable[[Path], str | Path]
) -> None:
    status, log = finish(executor, kind(quick))

    assert (status, log) == (JobStatus.SUCCEEDED, "hello\n")


def test_script_of_a_relative_path_is_found(
    executor: Executor, quick: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(quick.parent)

    status, log = finish(executor, {"script": quick.name})

    assert (status, log) == (JobStatus.SUCCEEDED, "hello\n")


def test_script_is_not_hidden_by_glaciers_own_modules(executor: Executor, tmp_path: Path) -> None:
    (tmp_path / "hooks.py").write_text("NAME = 'my own hooks'")
    script = write_script(tmp_path, "import hooks; print(hooks.NAME)")

    status, log = finish(executor, script)

    assert (status, log) == (JobStatus.SUCCEEDED, "my own hooks\n")


def test_script_prints_any_text_whatever_the_locale(
    executor: Executor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", "en_US.ISO-8859-1")
    monkeypatch.setenv("PYTHONIOENCODING", "")
    script = write_script(tmp_path, "import sys; print(sys.argv[1], '数据 🧊')")

    status, log = finish(executor, {"script": script, "args": ["größe"]})

    assert (status, log) == (JobStatus.SUCCEEDED, "größe 数据 🧊\n")


@pytest.mark.parametrize(
    ("code", "status"),
    [("", "SUCCEEDED"), ("0", "SUCCEEDED"), ("3", "FAILED"), ("'no data'", "FAILED")],
)
def test_status_of_a_script_that_exits_goes_by_its_code(
    executor: Executor, tmp_path: Path, code: str, status: str
) -> None:
    script = write_script(tmp_path, f"import sys; sys.exit({code})")

    ended, _ = finish(executor, script)

    assert ended == status


def test_cancel_waits_for_as_long_as_the_executor_says(executor: Executor, tmp_path: Path) -> None:
    stubborn = Gate(
        tmp_path / "stubborn", "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)"
    )
    job_id = executor.submit_job(stubborn.job)
    pid = stubborn.pid()
    executor.adapter.grace_seconds = 0.1  # type: ignore[attr-defined]

    executor.cancel_job(job_id)
    stubborn.release()

    assert executor.get_job_status(job_id) is JobStatus.CANCELLED
    assert not is_alive(pid)


def test_cancelled_function_leaves_no_unpacked_code_behind(
    executor: Executor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary, begun = tmp_path / "tmp", tmp_path / "begun"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))

    def wait_for_ever() -> None:
        begun.touch()
        threading.Event().wait()

    job_id = executor.submit_job(wait_for_ever)
    while not begun.exists():
        assert not executor.get_job_status(job_id).is_final
        time.sleep(0.01)
    during = [path.name for path in temporary.rglob("code.zip")]

    executor.cancel_job(job_id)

    assert during == ["code.zip"]
    assert list(temporary.iterdir()) == []


def test_wait_that_takes_too_long_leaves_the_job_running(executor: Executor, gate: Gate) -> None:
    job_id = executor.submit_job(gate.job)
    gate.pid()

    with pytest.raises(
        JobTimeoutError,
        match=rf"The job {job_id} is still RUNNING after 0\.05 s\. It goes on; wait again, or stop",
    ):
        executor.wait(job_id, timeout_seconds=0.05)

    assert executor.get_job_status(job_id) is JobStatus.RUNNING
    gate.release()
    assert executor.wait(job_id, timeout_seconds=LIMIT_SECONDS) is JobStatus.SUCCEEDED


def test_logs_are_read_piece_by_piece(executor: Executor, quick: Path) -> None:
    job_id = executor.submit_job(quick)
    executor.wait(job_id, timeout_seconds=LIMIT_SECONDS)

    first = executor.read_job_logs(job_id)
    second = executor.read_job_logs(job_id, first.cursor)

    assert (first.text, second.text) == ("hello\n", "")


def test_job_is_known_to_another_process(tmp_path: Path, gate: Gate) -> None:
    executor = Provider(LocalConfig(base_path=tmp_path / "base")).executor("shared")
    job_id = executor.submit_job(gate.job)
    gate.pid()

    ran = run_python(f"""
        from glacier import Provider
        from glacier.config import LocalConfig

        executor = Provider(LocalConfig(base_path={str(tmp_path / "base")!r})).executor("shared")
        print(executor.get_job_status({job_id!r}))
        executor.cancel_job({job_id!r})
        print(executor.get_job_status({job_id!r}))
    """)

    assert (ran.stdout, ran.stderr) == ("RUNNING\nCANCELLED\n", "")
    assert executor.get_job_status(job_id) is JobStatus.CANCELLED


def test_limit_of_concurrent_jobs_holds_for_an_executor(tmp_path: Path, gate: Gate) -> None:
    provider = Provider(LocalConfig(base_path=tmp_path, max_concurrent_jobs=1))
    one, other = provider.executor("one"), provider.executor("other")
    first = one.submit_job(gate.job)
    gate.pid()

    second = one.submit_job(gate.job)
    elsewhere, _ = finish(other, write_script(tmp_path, "print('hello')"))

    assert elsewhere is JobStatus.SUCCEEDED
    assert (one.get_job_status(first), one.get_job_status(second)) == ("RUNNING", "PENDING")
    one.cancel_job(second)


def test_limit_of_concurrent_jobs_is_the_executors_own_first(tmp_path: Path, gate: Gate) -> None:
    provider = Provider(LocalConfig(base_path=tmp_path, max_concurrent_jobs=1))
    executor = provider.executor("jobs", config=LocalConfig(base_path=tmp_path))
    executor.submit_job(gate.job)
    gate.pid()

    status, _ = finish(executor, write_script(tmp_path, "print('hello')"))

    assert status is JobStatus.SUCCEEDED


@pytest.mark.parametrize("limit", [0, -1])
def test_limit_of_concurrent_jobs_is_at_least_one(limit: int) -> None:
    with pytest.raises(ValidationError, match=r"max_concurrent_jobs\n.*greater than or equal to 1"):
        LocalConfig(max_concurrent_jobs=limit)


def test_job_runs_by_the_interpreter_of_its_caller(executor: Executor, tmp_path: Path) -> None:
    script = write_script(tmp_path, "import sys; print(sys.executable)")

    _, log = finish(executor, script)

    assert log == f"{sys.executable}\n"
