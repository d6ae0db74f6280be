"""Jobs that are processes of this machine: their states, their ends, and what others see."""

import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from glacier.errors import JobError, JobNotFoundError
from glacier.job_status import JobStatus
from glacier.jobs.process import KEPT_SECONDS, ProcessJobs
from tests.core.distributions import run_python
from tests.core.local_jobs import Gate, end_of, is_alive, is_dead_soon, python, run, runner_of

QUICK = ["echo", "hello"]


@pytest.fixture
def jobs(tmp_path: Path) -> ProcessJobs:
    return ProcessJobs(tmp_path / "jobs")


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Gate]:
    made = Gate(tmp_path / "gate")
    yield made
    made.release()


def test_job_runs_its_command_here_with_its_environment(
    jobs: ProcessJobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("INHERITED", "yes")
    source = "import os, sys; print(os.getcwd(), os.environ['INHERITED'], os.environ['OWN'])"

    job_id = jobs.start(python(source), {"OWN": "ä"})

    assert end_of(jobs, job_id) is JobStatus.SUCCEEDED
    assert jobs.log(job_id) == f"{tmp_path} yes ä\n"


def test_job_gets_its_arguments_as_they_are(jobs: ProcessJobs) -> None:
    source = "import sys; print(ascii(sys.argv[1:]))"

    status, log = run(jobs, *python(source), "", "a b", "größe 🧊", "$HOME", "new\nline")

    assert status is JobStatus.SUCCEEDED
    assert log == ascii(["", "a b", "größe 🧊", "$HOME", "new\nline"]) + "\n"


def test_job_reads_nothing_from_the_terminal(jobs: ProcessJobs) -> None:
    status, log = run(jobs, *python("print(repr(input()))"))

    assert status is JobStatus.FAILED
    assert "EOFError" in log


def test_job_runs_until_its_process_ends(jobs: ProcessJobs, gate: Gate) -> None:
    job_id = jobs.start(gate.command, {})
    gate.pid()

    during = jobs.status(job_id)
    gate.release()

    assert (during, end_of(jobs, job_id)) == (JobStatus.RUNNING, JobStatus.SUCCEEDED)


@pytest.mark.parametrize(
    ("script", "log"),
    [
        ("exit 1", ""),
        ("exit 3", "The job's process ended with the exit code 3.\n"),
        (
            "kill -9 $$",
            "The job's process was ended by SIGKILL: it was killed (for want of memory, perhaps)",
        ),
        ("kill -9 $PPID; sleep 60", "The job ended without a result: it was killed together with"),
    ],
    ids=["fails", "exits", "killed", "runner killed"],
)
def test_job_that_fails_says_why_at_the_end_of_its_log(
    jobs: ProcessJobs, script: str, log: str
) -> None:
    status, printed = run(jobs, "sh", "-c", f"echo working; {script}")

    assert status is JobStatus.FAILED
    assert printed.startswith(f"working\n{log}")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children of the death")
def test_job_does_not_go_on_without_its_runner(jobs: ProcessJobs, gate: Gate) -> None:
    job_id = jobs.start(gate.command, {})
    pid = gate.pid()

    os.kill(runner_of(jobs, job_id), signal.SIGKILL)

    assert end_of(jobs, job_id) is JobStatus.FAILED
    assert is_dead_soon(pid)


def test_job_whose_program_is_missing_fails(jobs: ProcessJobs) -> None:
    status, log = run(jobs, "no-such-program")

    assert status is JobStatus.FAILED
    assert log.startswith("The job's process can't be started: ")
    assert "no-such-program" in log


@pytest.mark.parametrize(
    ("command", "environment", "problem"),
    [
        (["echo", "a\0b"], {}, "an argument has a NUL byte in it"),
        (["echo"], {"NAME": "a\0b"}, "embedded null byte"),
    ],
    ids=["argument", "environment"],
)
def test_job_that_no_process_can_be_is_refused(
    jobs: ProcessJobs, command: list[str], environment: dict[str, str], problem: str
) -> None:
    with pytest.raises(JobError, match=rf"can't be started in .*: {problem}\. Check that"):
        jobs.start(command, environment)

    assert not jobs.directory.exists() or list(jobs.directory.iterdir()) == []


def test_job_of_an_id_that_is_there_is_not_started_again(jobs: ProcessJobs, gate: Gate) -> None:
    first = jobs.start(gate.command, {}, job_id="0123456789abcdef")
    gate.pid()

    second = jobs.start(QUICK, {}, job_id="0123456789abcdef")
    gate.release()

    assert (first, second) == ("0123456789abcdef", "0123456789abcdef")
    assert end_of(jobs, second) is JobStatus.SUCCEEDED
    assert jobs.log(second) == ""


@pytest.mark.parametrize(
    "job_id",
    ["0123456789abcdef", "", ".", "..", "../jobs", "/etc", "0123456789ABCDEF", "job\n", "\0"],
)
def test_job_that_is_unknown_is_not_found(jobs: ProcessJobs, job_id: str) -> None:
    run(jobs, *QUICK)

    with pytest.raises(JobNotFoundError, match=r"There is no job .* in .*Use an id that") as caught:
        jobs.status(job_id)

    assert caught.value.job_id == job_id  # type: ignore[attr-defined]


def test_job_leaves_no_zombie_when_it_is_asked_for(jobs: ProcessJobs) -> None:
    job_id = jobs.start(QUICK, {})
    runner = runner_of(jobs, job_id)

    end_of(jobs, job_id)

    assert not is_alive(runner)


def test_job_that_nobody_asks_for_leaves_no_zombie_after_the_next_one(jobs: ProcessJobs) -> None:
    runner = runner_of(jobs, jobs.start(QUICK, {}))
    os.waitid(os.P_PID, runner, os.WEXITED | os.WNOWAIT)

    run(jobs, *QUICK)

    assert not is_alive(runner)


def test_job_ends_though_a_fork_of_its_caller_goes_on(tmp_path: Path) -> None:
    # The fork is made while the job is started, so that it holds the job's lock too.
    ran = run_python(f"""
        import os, subprocess, time
        from pathlib import Path
        from glacier.jobs.process import ProcessJobs

        popen = subprocess.Popen
        forks = []

        def start_and_fork(*args, **options):
            subprocess.Popen = popen
            started = popen(*args, **options)
            forks.append(os.fork())
            if not forks[-1]:
                time.sleep(60)
            return started

        subprocess.Popen = start_and_fork
        jobs = ProcessJobs(Path({str(tmp_path)!r}))
        job_id = jobs.start(["true"], {{}})
        deadline = time.monotonic() + 30
        while not jobs.status(job_id).is_final and time.monotonic() < deadline:
            time.sleep(0.01)
        print(jobs.status(job_id))
        os.kill(forks[0], 9)
    """)

    assert (ran.stdout, ran.stderr) == ("SUCCEEDED\n", "")


def test_job_is_known_to_a_fork_of_its_caller(jobs: ProcessJobs, gate: Gate) -> None:
    job_id = jobs.start(gate.command, {})
    gate.pid()

    fork = os.fork()
    if not fork:
        os._exit(0 if jobs.status(job_id) is JobStatus.RUNNING else 1)
    _, code = os.waitpid(fork, 0)

    assert code == 0


def test_job_is_known_to_another_process(jobs: ProcessJobs, gate: Gate) -> None:
    job_id = jobs.start(gate.command, {})
    gate.pid()

    ran = run_python(f"""
        from pathlib import Path
        from glacier.jobs.process import ProcessJobs

        jobs = ProcessJobs(Path({str(jobs.directory)!r}))
        print(jobs.status({job_id!r}))
        jobs.cancel({job_id!r})
        print(jobs.status({job_id!r}))
    """)

    assert (ran.stdout, ran.stderr) == ("RUNNING\nCANCELLED\n", "")
    assert jobs.status(job_id) is JobStatus.CANCELLED


def test_job_outlives_the_process_that_started_it(jobs: ProcessJobs, gate: Gate) -> None:
    ran = run_python(f"""
        from pathlib import Path
        from glacier.jobs.process import ProcessJobs

        print(ProcessJobs(Path({str(jobs.directory)!r})).start({gate.command!r}, {{}}), end="")
    """)

    gate.pid()
    during = jobs.status(ran.stdout)
    gate.release()

    assert ran.stderr == ""
    assert (during, end_of(jobs, ran.stdout)) == (JobStatus.RUNNING, JobStatus.SUCCEEDED)


def age(directory: Path, seconds: float) -> None:
    """Make a job's directory and log as old as if nothing had happened for so long."""
    then = time.time() - seconds
    for path in (directory / "output.log", directory):
        os.utime(path, (then, then))


def test_sweep_removes_jobs_that_ended_more_than_seven_days_ago(jobs: ProcessJobs) -> None:
    old, young = (jobs.start(QUICK, {}) for _ in range(2))
    for job_id, seconds in ((old, KEPT_SECONDS + 60), (young, KEPT_SECONDS - 60)):
        end_of(jobs, job_id)
        age(jobs.directory / job_id, seconds)

    jobs.start(QUICK, {})

    assert not (jobs.directory / old).exists()
    assert jobs.log(young) == "hello\n"
    with pytest.raises(JobNotFoundError, match="ended more than 7 days ago are gone"):
        jobs.status(old)


def test_sweep_keeps_a_job_that_still_runs(jobs: ProcessJobs, gate: Gate) -> None:
    job_id = jobs.start(gate.command, {})
    gate.pid()
    age(jobs.directory / job_id, 2 * KEPT_SECONDS)

    run(jobs, *QUICK)
    gate.release()

    assert end_of(jobs, job_id) is JobStatus.SUCCEEDED


def test_sweep_leaves_other_files_alone(jobs: ProcessJobs) -> None:
    other = jobs.directory / "notes"
    other.mkdir(parents=True)
    os.utime(other, (0, 0))

    run(jobs, *QUICK)

    assert other.exists()
