"""The logs of this machine's jobs stay small in memory, however much a job prints."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from glacier.errors import JobError
from glacier.jobs.process import ProcessJobs
from glacier.jobs.process_log import read_piece
from tests.core.distributions import run_python
from tests.core.local_jobs import Gate, end_of, python, run

MEBIBYTE = 1 << 20
PRINT_100_MB = """
for first in range(0, 1_000_000, 1000):
    print(*(f"{number:099}" for number in range(first, first + 1000)), sep="\\n")
"""


@pytest.fixture
def jobs(tmp_path: Path) -> ProcessJobs:
    return ProcessJobs(tmp_path / "jobs")


@pytest.fixture(scope="module")
def chatty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[ProcessJobs, str]]:
    """A job that has printed 100 MB."""
    made = ProcessJobs(tmp_path_factory.mktemp("chatty"))
    job_id = made.start([sys.executable, "-c", PRINT_100_MB], {})
    end_of(made, job_id)
    yield made, job_id
    (made.directory / job_id / "output.log").unlink()


def test_log_holds_output_and_errors_in_order(jobs: ProcessJobs) -> None:
    _, log = run(jobs, *python("import os; os.write(1, b'out\\n'); os.write(2, b'err\\n')"))

    assert log == "out\nerr\n"


def test_log_of_a_running_job_is_what_it_has_printed_so_far(
    jobs: ProcessJobs, tmp_path: Path
) -> None:
    gate = Gate(tmp_path / "gate", "print('begun')")
    job_id = jobs.start(gate.command, {})
    gate.pid()

    log = jobs.log(job_id)
    gate.release()

    assert log == "begun\n"


def test_log_replaces_bytes_that_are_no_text(jobs: ProcessJobs) -> None:
    _, log = run(jobs, *python("import os; os.write(1, b'caf\\xe9\\n')"))

    assert log == "caf\N{REPLACEMENT CHARACTER}\n"


def test_log_of_100_mb_is_its_start_and_its_end(chatty: tuple[ProcessJobs, str]) -> None:
    jobs, job_id = chatty

    log = jobs.log(job_id)

    file = jobs.directory / job_id / "output.log"
    start, _, rest = log.partition("\n[")
    note, _, end = rest.partition("]\n")
    left_out = 100_000_000 - len(start) - len(end)
    assert note == f"{left_out} bytes were left out here; the whole log is {file}"
    assert 15 * MEBIBYTE < len(log) <= 16 * MEBIBYTE
    assert start.splitlines() == [f"{number:099}" for number in range(len(start) // 100)]
    assert end.splitlines() == [
        f"{number:099}" for number in range(1_000_000 - len(end) // 100, 1_000_000)
    ]


def test_log_of_100_mb_takes_little_memory(chatty: tuple[ProcessJobs, str]) -> None:
    jobs, job_id = chatty
    program = """
        import resource
        from pathlib import Path
        from glacier.jobs.process import ProcessJobs

        def peak():
            return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

        jobs = ProcessJobs(Path({directory!r}))
        before = peak()
        jobs.{read}({job_id!r})
        print((peak() - before) // 1024)
    """

    peaks = {
        read: run_python(program.format(directory=str(jobs.directory), job_id=job_id, read=read))
        for read in ("log", "read_log")
    }

    assert {read: ran.stderr for read, ran in peaks.items()} == {"log": "", "read_log": ""}
    assert int(peaks["log"].stdout) < 70
    assert int(peaks["read_log"].stdout) < 10


def test_log_pieces_follow_one_another(jobs: ProcessJobs) -> None:
    job_id = jobs.start(python("print('x' * 2_500_000); print('grüße')"), {})
    end_of(jobs, job_id)

    pieces, cursor = [], ""
    while text := (piece := jobs.read_log(job_id, cursor)).text:
        pieces.append(text)
        cursor = piece.cursor

    assert [len(piece) for piece in pieces] == [MEBIBYTE, MEBIBYTE, 2_500_007 - 2 * MEBIBYTE]
    assert "".join(pieces) == jobs.log(job_id)


def test_log_piece_holds_what_came_since_the_last_one(jobs: ProcessJobs, tmp_path: Path) -> None:
    gate = Gate(
        tmp_path / "gate", "import atexit; atexit.register(print, 'after'); print('before')"
    )
    job_id = jobs.start(gate.command, {})
    gate.pid()

    first = jobs.read_log(job_id)
    nothing = jobs.read_log(job_id, first.cursor)
    gate.release()
    end_of(jobs, job_id)
    last = jobs.read_log(job_id, nothing.cursor)

    assert (first.text, nothing.text, last.text) == ("before\n", "", "after\n")


def test_log_piece_of_a_killed_job_says_so_once(jobs: ProcessJobs) -> None:
    job_id = jobs.start(["sh", "-c", "echo working; kill -9 $PPID; sleep 60"], {})
    end_of(jobs, job_id)

    first = jobs.read_log(job_id)
    second = jobs.read_log(job_id, first.cursor)

    assert first.text == jobs.log(job_id)
    assert first.text.startswith("working\nThe job ended without a result: it was killed")
    assert second.text == ""


def test_log_reader_who_is_far_behind_gets_the_end(chatty: tuple[ProcessJobs, str]) -> None:
    jobs, job_id = chatty

    piece = jobs.read_log(job_id, "200")

    note, _, end = piece.text.lstrip("\n").partition("\n")
    assert note == (
        f"[{100_000_000 - 200 - len(end)} bytes were left out here; the whole log is "
        f"{jobs.directory / job_id / 'output.log'}]"
    )
    assert MEBIBYTE - 100 <= len(end) <= MEBIBYTE
    assert end.splitlines()[-1] == f"{999_999:099}"
    assert jobs.read_log(job_id, piece.cursor).text == ""


def test_log_piece_does_not_cut_a_character(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes("grü".encode()[:-1])

    first = read_piece(log, "", is_ended=False, closing="")
    log.write_bytes("grüße".encode())
    second = read_piece(log, first.cursor, is_ended=False, closing="")

    assert (first.text, second.text) == ("gr", "üße")


def test_log_piece_ends_with_half_a_character_where_its_job_does(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes("grü".encode()[:-1])

    piece = read_piece(log, "", is_ended=True, closing="killed\n")

    assert piece.text == "gr\N{REPLACEMENT CHARACTER}killed\n"


@pytest.mark.parametrize("cursor", ["-1", "next", "1.5", "²"])
def test_log_cursor_that_is_none_is_refused(jobs: ProcessJobs, cursor: str) -> None:
    job_id = jobs.start(["echo", "hello"], {})
    end_of(jobs, job_id)

    with pytest.raises(JobError, match=f"The cursor '{cursor}' is of no log. Pass the cursor"):
        jobs.read_log(job_id, cursor)
