"""What a platform starts for a job: `python entrypoint.py PLACE SHA256`, or by `spark-submit`.

It needs the standard library alone until the code that travels is unpacked, and its syntax is that
of older Pythons, so that one of them says what is wrong and not that it can't read this file.
Nothing is unpickled before versions and digests were checked: the command line has the header's
digest, the header has those of the code and the payload.
"""

from __future__ import annotations

import os
import sys

if __name__ == "__main__":
    # A script's directory comes first, and modules beside this one are called like Python's own.
    _directory = os.path.realpath(os.path.dirname(__file__))  # noqa: PTH120 - an older Python's
    sys.path[:] = [entry for entry in sys.path if os.path.realpath(entry or ".") != _directory]

import atexit
import contextlib
import hashlib
import importlib
import json
import shutil
import tempfile
import time
import traceback
import zipfile
from pathlib import Path
from typing import Any

FORMAT = 1
HEADER = "header.json"
CODE = "code.zip"
PAYLOAD = "payload.pickle"
RESULT = "result.json"

SCRATCH = "GLACIER_SCRATCH"
"""The variable with a directory that is removed when the job has ended, were it killed."""

OLDEST_PYTHON = (3, 11)
LONGEST_TEXT = 100_000


class JobRefusedError(RuntimeError):
    """The job was not run: it was changed on its way, or this is not the place for it."""


def main(argv: list[str]) -> int:
    """Run the job that lies in a place, leave its result there, and return the exit code."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # notebooks and test runners put others in their place
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    place, sha256 = argv
    outcome: dict[str, Any] = {"format": FORMAT}
    try:
        header = read_header(place, sha256)
        check_versions(header)
        outcome.update(run(place, header), state="SUCCEEDED")
    except BaseException as error:  # noqa: BLE001 - a job may raise anything
        traceback.print_exc()
        outcome.update(state="FAILED", error=described(error))
    with contextlib.suppress(ValueError, OSError, AttributeError):  # the job may have closed it
        sys.stdout.flush()
    write(place, RESULT, json.dumps(outcome).encode())
    return 0 if outcome["state"] == "SUCCEEDED" else 1


def read_header(place: str, sha256: str) -> dict[str, Any]:
    """Return a job's header, if it is the one that the command line speaks of."""
    header: dict[str, Any] = json.loads(checked(place, HEADER, sha256))
    if header["format"] != FORMAT:
        raise JobRefusedError(
            f"The job in {place} is packed in format {header['format']} and this entrypoint reads "
            f"format {FORMAT}. Submit the entrypoint of the Glacier that packed the job."
        )
    return header


def check_versions(header: dict[str, Any]) -> None:
    """Refuse a job that other versions of Python or Polars have packed than those here."""
    here = "{}.{}".format(*sys.version_info)
    if sys.version_info < OLDEST_PYTHON:
        oldest = "{}.{}".format(*OLDEST_PYTHON)
        raise JobRefusedError(
            f"The job was packed by Python {header['python']} and this is Python {here}; Glacier "
            f"needs {oldest} or newer. Choose a runtime of the executor that has it."
        )
    if header["needs_same_python"] and header["python"] != here:
        raise JobRefusedError(
            f"The job was packed by Python {header['python']} and this is Python {here}; it holds "
            "Python functions by their value, or in a plan, which other versions can't run. Choose "
            f"a runtime of the executor with Python {header['python']}, or import the functions "
            "from a module."
        )
    found = polars_version()
    if found != header["polars"]:
        raise JobRefusedError(
            f"The job was packed with Polars {header['polars']} and this is {found}; plans are "
            f"not stable across versions. Have the executor install polars=={header['polars']}."
        )


def polars_version() -> str:
    """Return the version of Polars that is installed here, or words for none."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("polars")
    except PackageNotFoundError:
        return "a Python without Polars"


def run(place: str, header: dict[str, Any]) -> dict[str, Any]:
    """Unpack the code, do the work, keep its result, and return what there is to say of it."""
    archive = unpack_code(place, header)
    payload = checked(place, PAYLOAD, header["sha256"][PAYLOAD])

    from glacier.jobs.call import CALL_MAIN
    from glacier.jobs.errand import Errand
    from glacier.jobs.import_scope import ImportScope
    from glacier.jobs.result import write_value
    from glacier.jobs.transfer import unpack
    from glacier.scope import current_scope

    token = current_scope.set(ImportScope())
    parcel = unpack(payload)
    current_scope.reset(token)
    module, _, name = header["main"].partition(":")
    function = getattr(importlib.import_module(module), name)
    started = time.monotonic()
    value = function(parcel.work, Errand(parcel.place, header["engine"], archive))
    written = write_value(parcel.place, value, is_users=header["main"] == CALL_MAIN)
    return {**written, "duration_seconds": time.monotonic() - started}


def unpack_code(place: str, header: dict[str, Any]) -> Path:
    """Make the job's code importable, before anything that is installed, and return the archive."""
    content = checked(place, CODE, header["sha256"][CODE])
    directory = Path(tempfile.mkdtemp(prefix="glacier-job-", dir=scratch_directory()))
    atexit.register(_remove, directory, os.getpid())
    archive = directory / CODE
    archive.write_bytes(content)
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(directory / "code")
    _put_first(directory / "code")
    return archive


def scratch_directory() -> str | None:
    """Return the directory that goes with this job, however that ends; None where none does."""
    directory = os.environ.get(SCRATCH)
    return directory if directory and Path(directory).is_dir() else None


def _put_first(directory: Path) -> None:
    """Have modules imported from a directory, also those that were from elsewhere already."""
    sys.path.insert(0, str(directory))
    travelled = {path.stem for path in directory.iterdir()}
    for name in list(sys.modules):  # reading the place may have loaded a plugin's filesystem
        if name.partition(".")[0] in travelled:
            del sys.modules[name]
    importlib.invalidate_caches()


def described(error: BaseException) -> dict[str, str]:
    """Return an exception as text."""
    kind = type(error)
    try:
        message = str(error)
    except Exception:  # noqa: BLE001 - it is the user's class
        message = "(its message can't be shown)"
    if isinstance(error, SystemExit):
        code = "" if error.code is None else repr(error.code)
        message = f"the function called sys.exit({code}); a job ends when its function returns"
    is_builtin = kind.__module__ in {"builtins", "__main__"}
    return {
        "type": kind.__qualname__ if is_builtin else f"{kind.__module__}.{kind.__qualname__}",
        "message": shortened(message),
        "traceback": shortened(
            "".join(traceback.format_exception(kind, error, error.__traceback__))
        ),
    }


def shortened(text: str) -> str:
    """Return a text without its middle, if it is too long for an error."""
    if len(text) <= LONGEST_TEXT:
        return text
    half = LONGEST_TEXT // 2
    left_out = len(text) - 2 * half
    return f"{text[:half]}\n[... {left_out} characters left out ...]\n{text[-half:]}"


def checked(place: str, name: str, sha256: str) -> bytes:
    """Return a file of the place that has a digest."""
    content = read(place, name)
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise JobRefusedError(
            f"{name} in {place} was changed after the job was submitted: its sha256 is {found} "
            f"and should be {sha256}. The job was not run; submit it again."
        )
    return content


def read(place: str, name: str) -> bytes:
    """Return a file of the place."""
    if "://" not in place:
        return (Path(place) / name).read_bytes()
    import fsspec

    with fsspec.open(place.rstrip("/") + "/" + name, "rb") as file:
        return bytes(file.read())


def write(place: str, name: str, content: bytes) -> None:
    """Write a file of the place, which nobody can see before it is whole."""
    if "://" not in place:
        draft = Path(place) / (name + ".draft")
        draft.parent.mkdir(parents=True, exist_ok=True)
        draft.write_bytes(content)
        draft.replace(Path(place) / name)
        return
    from fsspec.core import url_to_fs

    # Not `fsspec.open`, which looks for the bucket before, and may not be allowed to.
    filesystem, path = url_to_fs(place.rstrip("/") + "/" + name)
    filesystem.pipe_file(path, content)


def _remove(directory: Path, process_id: int) -> None:
    if os.getpid() == process_id:  # a forked child has to leave its parent's alone
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
