"""What watches over one job of this machine: `python -I -S -u process_runner.py DIRECTORY LOCK_FD`.

It waits for a free slot, starts the job's command in a process group of its own, passes signals on
to that group, and writes down how the command ended. It needs the standard library alone, so that
a job costs little more than its own command.
"""

import contextlib
import ctypes
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import FrameType

if sys.platform != "win32":
    import fcntl

JOB = "job.json"
STATUS = "status"
CANCELLED = "cancelled"
SLOTS = "slots"

_PASSED_ON = (signal.SIGTERM, signal.SIGINT)
_LEFTOVERS_GRACE_SECONDS = 1.0
_PAUSE_SECONDS = 0.05
_SCRATCH = "GLACIER_SCRATCH"  # `entrypoint.SCRATCH`
_SET_SIGNAL_OF_PARENTS_DEATH = 1  # PR_SET_PDEATHSIG of prctl(2)


def main(directory: Path, lock: int) -> int:
    """Run the command of a job's directory, keep its status there, and return an exit code."""
    # The lock's life is how others know that this process lives; its children must not have it.
    os.set_inheritable(lock, False)  # noqa: FBT003 - it takes no keywords
    # A signal that comes before the command is started ends this process: nothing is lost.
    _heed_signals()
    job = json.loads((directory / JOB).read_bytes())
    _take_slot(directory.parent / SLOTS, job["most_at_once"])
    try:
        code = _run_with_scratch(directory, job["command"])
    except (OSError, ValueError) as error:
        problem: str | None = f"can't be started: {error}"
    else:
        problem = _problem_of(code)
    if problem and not (directory / CANCELLED).exists():
        print(f"The job's process {problem}.")  # noqa: T201 - the end of the job's log
    write_status(directory, "FAILED" if problem is not None else "SUCCEEDED")
    return 0


def write_status(directory: Path, status: str) -> None:
    """Replace the status at once, so that no reader sees half a word."""
    draft = directory / f"{STATUS}.draft"
    draft.write_text(status, encoding="ascii")
    draft.replace(directory / STATUS)


def _heed_signals() -> None:
    """Undo what this process has inherited: its caller may ignore signals, or hold them back."""
    for number in _PASSED_ON:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _PASSED_ON)


def _take_slot(slots: Path, most_at_once: int | None) -> None:
    """Return once fewer than `most_at_once` other jobs run; the slot is held until the end."""
    if most_at_once is None:
        return
    slots.mkdir(mode=0o700, exist_ok=True)
    queue = os.open(slots / "queue", os.O_RDWR | os.O_CREAT, 0o600)
    # Those that wait for this lock get it in the order in which they came; its holder is next.
    fcntl.flock(queue, fcntl.LOCK_EX)
    while True:
        for number in range(most_at_once):
            slot = os.open(slots / str(number), os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(slot, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(slot)
            else:
                os.close(queue)
                return
        time.sleep(_PAUSE_SECONDS)


def _run_with_scratch(directory: Path, command: list[str]) -> int:
    """Run the command with a directory for what it can't remove itself when it is killed."""
    scratch = tempfile.mkdtemp(prefix="glacier-job-")
    try:
        return _run(directory, command, scratch)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _run(directory: Path, command: list[str], scratch: str) -> int:
    """Return the exit code of the command; minus the number of the signal that ended it."""
    # From here on signals wait until there is a process to pass them on to.
    signal.pthread_sigmask(signal.SIG_BLOCK, _PASSED_ON)
    write_status(directory, "RUNNING")
    if (directory / CANCELLED).exists():
        return -signal.SIGTERM
    child = subprocess.Popen(  # noqa: S603 - the user's own code is what a job is
        command,
        stdin=subprocess.DEVNULL,
        env={**os.environ, _SCRATCH: scratch},
        process_group=0,
        preexec_fn=_before_command,  # noqa: PLW1509 - this process has one thread
    )
    _pass_signals_on(directory, child.pid)
    code = child.wait()
    if (directory / CANCELLED).exists():
        _end_leftovers(child.pid, min(_grace_seconds(directory), _LEFTOVERS_GRACE_SECONDS))
    return code


def _before_command() -> None:
    """Prepare the command's process, between fork and exec."""
    _heed_signals()
    if sys.platform == "linux":
        # A job whose runner was killed counts as failed: it must not go on behind one's back.
        ctypes.CDLL(None).prctl(_SET_SIGNAL_OF_PARENTS_DEATH, signal.SIGKILL)


def _pass_signals_on(directory: Path, group: int) -> None:
    """Pass on what arrives, from before too; kill the group when a cancelled job's grace ends."""

    def pass_on(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        _signal_group(group, signal.Signals(number))
        if (directory / CANCELLED).exists():
            left, grace = signal.getitimer(signal.ITIMER_REAL)[0], _grace_seconds(directory)
            signal.setitimer(signal.ITIMER_REAL, min(left or grace, grace) or _PAUSE_SECONDS)

    def kill(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        _signal_group(group, signal.SIGKILL)

    signal.signal(signal.SIGALRM, kill)
    for number in _PASSED_ON:
        signal.signal(number, pass_on)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _PASSED_ON)


def _grace_seconds(directory: Path) -> float:
    return float((directory / CANCELLED).read_text(encoding="ascii"))


def _end_leftovers(group: int, grace_seconds: float) -> None:
    """Give the command's children a little longer than itself, then kill them."""
    deadline = time.monotonic() + grace_seconds
    while _group_exists(group) and time.monotonic() < deadline:
        time.sleep(_PAUSE_SECONDS)
    _signal_group(group, signal.SIGKILL)


def _group_exists(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def _signal_group(group: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, number)


def _problem_of(code: int) -> str | None:
    """Return what the log says of an exit code; nothing for 1, before which Python has spoken."""
    if code < 0:
        name = signal.Signals(-code).name
        return f"was ended by {name}: it was killed (for want of memory, perhaps), or it crashed"
    if code > 1:
        return f"ended with the exit code {code}"
    return "" if code else None


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2])))
