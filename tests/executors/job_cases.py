"""Jobs on an executor: their logs and states, and how they are stopped."""

import os
from pathlib import Path
from typing import Any, ClassVar

import pytest

from glacier import Executor, Provider
from glacier.errors import JobError, PackageError
from glacier.job_status import JobStatus
from tests.executors.jobs import LIMIT_SECONDS, Staged, ended, until, written

HELLO = "print('hello')"
ENDLESS = """
    import os, threading
    print(f"pid {os.getpid()};")
    threading.Event().wait()
"""
TELLING = """
    import os, pathlib, threading
    pathlib.Path({!r}).write_text(f"{{os.getpid()}};")
    threading.Event().wait()
"""
SHOWING = """
    import os
    print(os.environ.get("OF_THE_CALLER"), os.getcwd(), os.getpid())
    try:
        import glacier
    except ImportError as error:
        print(error)
"""


class JobsOnExecutors:
    """What holds on every executor of a cloud.

    A subclass says how its jobs are found, and binds `server`; `executor`, which has run nothing
    yet; `crowded`, one with room for one job at a time; and `staged`.

    Attributes:
        secret: A secret of the provider's config.
    """

    secret: ClassVar[str]

    def job_ids(self, server: Any, executor: Executor) -> list[str]:  # Any: a rig
        """Return the jobs of the executor, the newest first, by the platform's own client."""
        raise NotImplementedError

    def test_job_runs_nowhere_near_its_caller(
        self, executor: Executor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("OF_THE_CALLER", "1")

        _, log = ended(executor, written(tmp_path, SHOWING))

        where, missing = log.splitlines()[-2:]
        assert where.startswith("None ")
        assert str(Path.cwd()) not in where
        assert not where.endswith(f" {os.getpid()}")
        assert missing == "No module named 'glacier'"

    def test_log_is_read_piece_by_piece_without_loss(
        self, executor: Executor, tmp_path: Path
    ) -> None:
        source = "import time\nfor n in range(200):\n    print('ü', n)\n    time.sleep(0.005)\n"
        job_id = executor.submit_job(written(tmp_path, source))
        text, cursor = "", ""

        def is_read() -> bool:
            nonlocal text, cursor
            has_ended = executor.get_job_status(job_id).is_final
            piece = executor.read_job_logs(job_id, cursor)
            text, cursor = text + piece.text, piece.cursor
            return has_ended and not piece.text

        assert until(is_read)
        assert text == "".join(f"ü {n}\n" for n in range(200))
        assert executor.get_job_logs(job_id) == text
        with pytest.raises(JobError, match="'seven' is no cursor of this log"):
            executor.read_job_logs(job_id, "seven")

    def test_running_job_is_stopped_with_its_process(
        self, executor: Executor, tmp_path: Path
    ) -> None:
        """By another process, which knows the executor's name and the job's id."""
        said = tmp_path / "said"  # not every platform tells of output before the end
        job_id = executor.submit_job(written(tmp_path, TELLING.format(str(said))))
        assert until(lambda: said.exists() and said.read_text().endswith(";"))
        provider = Provider(config=executor.provider.config)
        other = provider.executor(executor.name, config=executor.config)

        other.cancel_job(job_id)

        assert other.wait(job_id, timeout_seconds=LIMIT_SECONDS) is JobStatus.CANCELLED
        assert not Path(f"/proc/{said.read_text().rstrip(';')}").exists()

    def test_job_beyond_the_room_is_pending_and_can_be_stopped_there(
        self, crowded: Executor, tmp_path: Path
    ) -> None:
        first = crowded.submit_job(written(tmp_path, ENDLESS))
        second = crowded.submit_job(written(tmp_path, HELLO, "second.py"))

        waiting = crowded.get_job_status(second)
        crowded.cancel_job(second)
        stopped = crowded.wait(second, timeout_seconds=LIMIT_SECONDS)
        crowded.cancel_job(first)

        assert (waiting, stopped) == (JobStatus.PENDING, JobStatus.CANCELLED)

    @pytest.mark.parametrize("where", ["script", "environment"])
    def test_secret_is_refused_before_anything_is_uploaded(
        self, server: Any, executor: Executor, staged: Staged, tmp_path: Path, where: str
    ) -> None:
        source = f"key = {self.secret!r}" if where == "script" else HELLO
        environment = {"KEY": self.secret} if where == "environment" else {}
        config = type(executor.provider.config).__name__

        with pytest.raises(PackageError, match=rf"{where}.* holds the secret {config}"):
            executor.submit_job({"script": written(tmp_path, source), "environment": environment})

        assert self.job_ids(server, executor) == []
        assert not any(self.secret.encode() in content for content in staged().values())
