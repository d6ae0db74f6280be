"""Jobs on this machine."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from glacier import Executor, Provider
from glacier.config import LocalConfig
from glacier.errors import JobTimeoutError
from glacier.job_status import JobStatus
from tests.core.distributions import run_python
from tests.core.local_jobs import LIMIT_SECONDS, QUICK, Gate, finish


@pytest.fixture
def executor(tmp_path: Path) -> Executor:
    return Provider(LocalConfig(base_path=tmp_path / "base")).executor("local jobs")


@pytest.fixture
def gate(tmp_path: Path, executor: Executor) -> Iterator[Gate]:
    made = Gate(tmp_path)
    yield made
    made.close()


def is_alive(pid: int) -> bool:
    """Return whether there is a process, were it a zombie."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def say_hello() -> None:
    print("hello from a module")


def test_callable_runs_in_another_process(executor: Executor) -> None:
    status, log = finish(executor, lambda: print(os.getpid()))

    assert status is JobStatus.SUCCEEDED
    assert int(log) != os.getpid()


def test_callable_travels_with_its_closure(executor: Executor) -> None:
    greeting = {"text": "guten Tag"}

    status, log = finish(executor, lambda: print(greeting["text"]))

    assert (status, log) == (JobStatus.SUCCEEDED, "guten Tag\n")


def test_callable_of_a_module_is_imported_there(executor: Executor) -> None:
    status, log = finish(executor, say_hello)

    assert (status, log) == (JobStatus.SUCCEEDED, "hello from a module\n")


def test_callable_with_bound_arguments_runs(executor: Executor) -> None:
    status, log = finish(executor, partial(print, 1, 2, sep="-"))

    assert (status, log) == (JobStatus.SUCCEEDED, "1-2\n")


def test_script_runs_as_the_main_program(executor: Executor, tmp_path: Path) -> None:
    (tmp_path / "neighbour.py").write_text("NAME = 'neighbour'")
    script = tmp_path / "report.py"
    script.write_text(
        "import os, sys, neighbour\n"
        "print(__name__, sys.argv, neighbour.NAME, os.environ['REGION'])\n"
    )

    status, log = finish(
        executor, {"script": script, "args": ["--day", 3], "environment": {"REGION": "north"}}
    )

    assert status is JobStatus.SUCCEEDED
    assert log == f"__main__ {[str(script), '--day', '3']} neighbour north\n"


@pytest.mark.parametrize("kind", [str, Path])
def test_script_may_be_given_by_its_path_alone(
    executor: Executor, tmp_path: Path, kind: Callable[[Path], str | Path]
) -> None:
    (tmp_path / "report.py").write_text("print('done')")

    status, log = finish(executor, kind(tmp_path / "report.py"))

    assert (status, log) == (JobStatus.SUCCEEDED, "done\n")


def test_script_is_not_hidden_by_glaciers_own_modules(executor: Executor, tmp_path: Path) -> None:
    (tmp_path / "hooks.py").write_text("NAME = 'my own hooks'")
    (tmp_path / "report.py").write_text("import hooks; print(hooks.NAME)")

    status, log = finish(executor, tmp_path / "report.py")

    assert (status, log) == (JobStatus.SUCCEEDED, "my own hooks\n")


def test_status_is_running_until_the_process_ends(executor: Executor, gate: Gate) -> None:
    job_id = executor.submit_job(gate.job())
    gate.pid()

    during = executor.get_job_status(job_id)
    gate.release()
    after = executor.wait(job_id, timeout_seconds=LIMIT_SECONDS)

    assert (during, after) == (JobStatus.RUNNING, JobStatus.SUCCEEDED)


def test_status_of_a_failed_job_comes_with_its_traceback(executor: Executor) -> None:
    def fail() -> None:
        print("before")
        raise ValueError("no amount\N{SNOWMAN}")

    status, log = finish(executor, fail)

    assert status is JobStatus.FAILED
    assert log.startswith("before\nTraceback (most recent call last):\n")
    assert log.endswith("ValueError: no amount\N{SNOWMAN}\n")


@pytest.mark.parametrize(
    ("code", "status"),
    [(None, "SUCCEEDED"), (0, "SUCCEEDED"), (3, "FAILED"), ("no data", "FAILED")],
)
def test_status_of_a_job_that_exits_goes_by_its_code(
    executor: Executor, code: int | str | None, status: str
) -> None:
    ended, log = finish(executor, partial(sys.exit, code))

    assert ended == status
    assert (log.rstrip().endswith(f"SystemExit: {code}")) is (status == "FAILED")


def test_status_of_a_killed_job_is_failed_and_its_log_says_so(
    executor: Executor, gate: Gate
) -> None:
    job_id = executor.submit_job(gate.job(partial(print, "loading")))
    os.kill(gate.pid(), signal.SIGKILL)

    status = executor.wait(job_id, timeout_seconds=LIMIT_SECONDS)

    assert status is JobStatus.FAILED
    assert executor.get_job_logs(job_id) == (
        "loading\nThe job's process ended without a result: it was killed (for want of memory, "
        "perhaps), it crashed, or it left through os._exit.\n"
    )


def test_status_leaves_no_zombie(executor: Executor, gate: Gate) -> None:
    job_id = executor.submit_job(gate.job())
    pid = gate.pid()
    gate.release()

    executor.wait(job_id, timeout_seconds=LIMIT_SECONDS)

    assert not is_alive(pid)


def test_submission_leaves_no_zombie_of_jobs_that_nobody_asked_for(
    executor: Executor, gate: Gate, tmp_path: Path
) -> None:
    executor.submit_job(gate.job())
    pid = gate.pid()
    gate.release()
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)

    finish(executor, QUICK)

    assert not is_alive(pid)


def test_job_is_known_to_another_process(tmp_path: Path, gate: Gate) -> None:
    executor = Provider(LocalConfig(base_path=tmp_path / "base")).executor("shared")
    job_id = executor.submit_job(gate.job(partial(print, "hi")))
    gate.pid()

    ran = run_python(f"""
        from glacier import Provider
        from glacier.config import LocalConfig

        executor = Provider(LocalConfig(base_path={str(tmp_path / "base")!r})).executor("shared")
        print(executor.get_job_status({job_id!r}), executor.get_job_logs({job_id!r}), end="")
        executor.cancel_job({job_id!r})
        print(executor.get_job_status({job_id!r}))
    """)

    assert (ran.stdout, ran.stderr) == ("RUNNING hi\nCANCELLED\n", "")
    assert executor.get_job_status(job_id) is JobStatus.CANCELLED


def test_job_outlives_the_process_that_submitted_it(tmp_path: Path, gate: Gate) -> None:
    job = {"script": write_script(tmp_path), "args": [gate.started, gate.released]}

    ran = run_python(f"""
        from pathlib import PosixPath
        from glacier import Provider
        from glacier.config import LocalConfig

        executor = Provider(LocalConfig(base_path={str(tmp_path / "base")!r})).executor("shared")
        job_id = executor.submit_job({job!r})
        print(job_id, end="")
    """)

    assert ran.stderr == ""
    executor = Provider(LocalConfig(base_path=tmp_path / "base")).executor("shared")
    gate.pid()
    assert executor.get_job_status(ran.stdout) is JobStatus.RUNNING
    gate.release()
    assert executor.wait(ran.stdout, timeout_seconds=LIMIT_SECONDS) is JobStatus.SUCCEEDED


def write_script(directory: Path) -> Path:
    script = directory / "gate.py"
    script.write_text(
        "import os, sys\n"
        "open(sys.argv[1], 'w').write(str(os.getpid()))\n"
        "open(sys.argv[2]).readline()\n"
    )
    return script


def test_cancel_ends_the_job(executor: Executor, gate: Gate) -> None:
    job_id = executor.submit_job(gate.job())
    pid = gate.pid()

    executor.cancel_job(job_id)

    assert executor.get_job_status(job_id) is JobStatus.CANCELLED
    assert not is_alive(pid)


def test_cancel_before_the_job_has_begun_ends_it(executor: Executor, gate: Gate) -> None:
    job_id = executor.submit_job(gate.job())

    executor.cancel_job(job_id)

    assert executor.get_job_status(job_id) is JobStatus.CANCELLED


def test_cancel_kills_a_job_that_does_not_want_to_end(executor: Executor, gate: Gate) -> None:
    ignore = partial(signal.signal, signal.SIGTERM, signal.SIG_IGN)
    job_id = executor.submit_job(gate.job(ignore))
    pid = gate.pid()
    executor.adapter.grace_seconds = 0.1  # type: ignore[attr-defined]

    executor.cancel_job(job_id)

    assert executor.get_job_status(job_id) is JobStatus.CANCELLED
    assert not is_alive(pid)


def test_cancel_ends_the_jobs_own_children(executor: Executor, gate: Gate) -> None:
    def run_child() -> None:
        subprocess.run([sys.executable, "-c", child, str(started), str(released)], check=True)

    child = (
        "import os, sys\n"
        "pipe = open(sys.argv[1], 'w')\n"
        "print(os.getpid(), file=pipe, flush=True)\n"
        "open(sys.argv[2]).readline()\n"
    )
    started, released = gate.started, gate.released
    job_id = executor.submit_job(run_child)
    gate.pid()
    before = gate.is_left()

    executor.cancel_job(job_id)

    assert (before, gate.is_left()) == (False, True)


def test_cancel_of_a_job_that_leaves_in_good_order_is_still_cancelled(
    executor: Executor, gate: Gate
) -> None:
    def leave_quietly() -> None:
        signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(0))

    job_id = executor.submit_job(gate.job(leave_quietly))
    gate.pid()

    executor.cancel_job(job_id)

    assert executor.get_job_status(job_id) is JobStatus.CANCELLED


def test_cancel_twice_is_as_good_as_once(executor: Executor, gate: Gate) -> None:
    job_id = executor.submit_job(gate.job())
    executor.cancel_job(job_id)

    executor.cancel_job(job_id)

    assert executor.get_job_status(job_id) is JobStatus.CANCELLED


def test_cancel_leaves_an_ended_job_as_it_is(executor: Executor) -> None:
    job_id = executor.submit_job(QUICK)
    executor.wait(job_id, timeout_seconds=LIMIT_SECONDS)

    executor.cancel_job(job_id)

    assert executor.get_job_status(job_id) is JobStatus.SUCCEEDED


def test_wait_that_takes_too_long_leaves_the_job_running(executor: Executor, gate: Gate) -> None:
    job_id = executor.submit_job(gate.job())
    gate.pid()

    with pytest.raises(
        JobTimeoutError,
        match=rf"The job {job_id} is still RUNNING after 0\.05 s\. It goes on; wait again, or stop",
    ):
        executor.wait(job_id, timeout_seconds=0.05)

    assert executor.get_job_status(job_id) is JobStatus.RUNNING
    gate.release()
    assert executor.wait(job_id, timeout_seconds=LIMIT_SECONDS) is JobStatus.SUCCEEDED


def test_logs_hold_what_a_running_job_has_printed_so_far(executor: Executor, gate: Gate) -> None:
    def speak() -> None:
        print("out")
        print("err", file=sys.stderr)

    job_id = executor.submit_job(gate.job(speak))
    gate.pid()

    log = executor.get_job_logs(job_id)

    assert log == "out\nerr\n"
    gate.release()
    executor.wait(job_id, timeout_seconds=LIMIT_SECONDS)


def test_logs_replace_bytes_that_are_no_text(executor: Executor) -> None:
    _, log = finish(executor, lambda: os.write(1, b"caf\xe9\n"))

    assert log == "caf\N{REPLACEMENT CHARACTER}\n"


def test_job_ids_differ(executor: Executor) -> None:
    ids = [executor.submit_job(QUICK) for _ in range(3)]

    statuses = {executor.wait(job_id, timeout_seconds=LIMIT_SECONDS) for job_id in ids}

    assert len(set(ids)) == len(ids)
    assert statuses == {JobStatus.SUCCEEDED}
