"""What launchers have in common: the files that platforms start to run a job's script.

A platform starts one file, so the text of each launcher is sent with this one's in it
(`glacier.jobs.launchers.standalone`). Nothing of Glacier is there: both need the standard library
alone, and have the syntax of older Pythons, which some platforms run.
"""

from __future__ import annotations

import atexit
import hashlib
import json
import os
import shutil
import sys
import tempfile
import types
from typing import Any

FORMAT = 1


class RunRefusedError(RuntimeError):
    """The run was not begun: what it consists of was changed on its way."""


def print_at_once() -> None:
    """Have what is printed appear at once, whatever characters it holds."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace", line_buffering=True)


def divided(argv: list[str], names: tuple[str, ...]) -> tuple[dict[str, str], list[str]]:
    """Return a launcher's own arguments, as `--key value` or `--key=value`, and all others."""
    own: dict[str, str] = {}
    others: list[str] = []
    rest = iter(argv)
    for word in rest:
        key, separator, value = word.partition("=")
        if key in names:
            own[key] = value if separator else next(rest)
        else:
            others.append(word)
    return own, others


def checked(content: bytes, name: str, sha256: str) -> bytes:
    """Return what was fetched, if it has a digest.

    Raises:
        RunRefusedError: It has another one.
    """
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise RunRefusedError(
            f"{name} was changed after the run was submitted: its sha256 is {found} and should be "
            f"{sha256}. The run was not begun; submit it again."
        )
    return content


def run_in(content: bytes, name: str, sha256: str) -> dict[str, Any]:
    """Return what a run's file says, if the file has a digest.

    Raises:
        RunRefusedError: It has another one, or was written by another version of Glacier.
    """
    run: dict[str, Any] = json.loads(checked(content, name, sha256))
    if run["format"] != FORMAT:
        raise RunRefusedError(
            f"The run in {name} has format {run['format']} and this launcher reads {FORMAT}. "
            "Deploy the executor again, with the Glacier that submits the run."
        )
    return run


def run_script(name: str, source: bytes, args: list[str]) -> None:
    """Run a script as `__main__`, beside no other module; what it raises is raised.

    A script that exits without an error ends here.
    """
    directory = temporary_directory()  # tracebacks show the file's lines as long as it is there
    path = os.path.join(directory, name)  # noqa: PTH118 - nothing else of paths is needed
    with open(path, "wb") as file:  # noqa: PTH123 - as above
        file.write(source)
    sys.argv = [path, *args]
    sys.path.insert(0, directory)
    module = types.ModuleType("__main__")
    module.__file__ = path
    sys.modules["__main__"] = module
    try:
        exec(compile(source, path, "exec", dont_inherit=True), module.__dict__)  # noqa: S102
    except SystemExit as error:
        if error.code not in (None, 0):
            _forget_launcher(error)
            raise
    except BaseException as error:
        _forget_launcher(error)
        raise


def temporary_directory() -> str:
    """Return a new directory that goes with this process."""
    directory = tempfile.mkdtemp(prefix="glacier-run-")
    atexit.register(_remove, directory, os.getpid())
    return directory


def _forget_launcher(error: BaseException) -> None:
    """Have a traceback begin in the script, as it does without a launcher."""
    shown = sys.excepthook
    here = _forget_launcher.__code__.co_filename  # not every platform sets `__file__`

    def show(kind: Any, raised: Any, trace: Any) -> None:  # Any: the hook's own arguments
        if raised is error:
            while trace is not None and trace.tb_frame.f_code.co_filename == here:
                trace = trace.tb_next
            raised.__traceback__ = trace
        shown(kind, raised, trace)

    sys.excepthook = show


def _remove(directory: str, process_id: int) -> None:
    if os.getpid() == process_id:  # a forked child has to leave its parent's alone
        shutil.rmtree(directory, ignore_errors=True)
