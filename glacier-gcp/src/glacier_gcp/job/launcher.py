"""What Dataproc starts for a job: it fetches the job's script and runs it as plain Python would.

What Dataproc is told of a job it shows to many, so that the arguments name a file in staging, which
says the rest: the script, its arguments, and its variables. Nothing runs before the digests of all
were checked. A machine of Dataproc has no part of Glacier, and perhaps none of Google's clients:
this file needs the standard library, and its syntax is that of older Pythons.
"""

from __future__ import annotations

import atexit
import hashlib
import json
import os
import shutil
import sys
import tempfile
import time
import types
import zipfile
from http.client import HTTPException
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import Request, urlopen

if TYPE_CHECKING:
    from collections.abc import Callable

RUN = "--glacier-run"
"""The argument with the URI of the run's file."""

SHA256 = "--glacier-sha256"
"""The argument with the digest of that file."""

STORAGE = "--glacier-storage"
"""The argument with the address of Cloud Storage."""

TOKEN = "--glacier-token"  # noqa: S105 - the name of an argument
"""The argument with the submission's own name."""

WHEELS = "glacier_wheels"
"""The directory of what the platform lacks, where executors have unpacked it."""

FORMAT = 1
METADATA_HOST = "GCE_METADATA_HOST"
"""The variable by which Google's clients find another metadata server."""

GOOGLE = "https://storage.googleapis.com"
_TOKENS = "http://{}/computeMetadata/v1/instance/service-accounts/default/token"
_PAUSES_SECONDS = (0.5, 1.0, 2.0, 4.0, None)
_TIMEOUT_SECONDS = 60.0
_PIECE_BYTES = 1 << 20
_BUSY = (408, 429)
_FIRST_SERVER_ERROR = 500


class RunRefusedError(RuntimeError):
    """The run was not begun: what it consists of was changed on its way."""


def main(argv: list[str]) -> None:
    """Run the script that a run's arguments lead to; what it raises is raised."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace", line_buffering=True)
    own = dict(zip(argv[::2], argv[1::2]))  # noqa: B905 - of newer Pythons
    home = tempfile.mkdtemp(prefix="glacier-run-")
    atexit.register(_remove, home, os.getpid())  # tracebacks show the script's lines until then
    run = json.loads(fetched(own[STORAGE], own[RUN], own[SHA256], home))
    if run["format"] != FORMAT:
        raise RunRefusedError(
            f"The run in {own[RUN]} has format {run['format']} and this launcher reads {FORMAT}. "
            "Submit it with the Glacier that this launcher is of."
        )
    source = fetched(own[STORAGE], run["script"], run["sha256"], home)
    if run["wheels"]:
        use_wheels(own[STORAGE], run["wheels"], run["wheels_sha256"], home)
    os.environ.update(run["environment"])
    prepare_clients(own[STORAGE])
    try:
        run_script(home, run["name"], source, run["args"])
    except SystemExit as error:
        if error.code not in (None, 0):
            raise
    discard(own[STORAGE], own[RUN])


def fetched(storage: str, uri: str, sha256: str, home: str) -> bytes:
    """Return the content of an object that has a digest."""
    with open(downloaded(storage, uri, sha256, home), "rb") as file:  # noqa: PTH123 - no paths
        return file.read()


def downloaded(storage: str, uri: str, sha256: str, home: str) -> str:
    """Return the path of a new file with the content of an object, if that has a digest."""
    path = os.path.join(home, sha256)  # noqa: PTH118 - nothing else of paths is needed
    found = _tried(f"GET {uri}", lambda: _saved(_answer("GET", storage, uri, "?alt=media"), path))
    if found != sha256:
        raise RunRefusedError(
            f"{uri} was changed after the run was submitted: its sha256 is {found} and should be "
            f"{sha256}. The run was not begun; submit it again."
        )
    return path


def use_wheels(storage: str, uri: str, sha256: str, home: str) -> None:
    """Have this process and those that it starts find what the platform lacks first."""
    directory = os.path.join(home, WHEELS)  # noqa: PTH118 - as above
    packed = downloaded(storage, uri, sha256, home)
    with zipfile.ZipFile(packed) as archive:
        archive.extractall(directory)
    os.remove(packed)  # noqa: PTH107 - as above
    sys.path.insert(0, directory)
    others = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join([directory, others] if others else [directory])


def prepare_clients(storage: str) -> None:
    """Have gcsfs reach Cloud Storage as this launcher does.

    By itself it asks for every bucket, by an API of its own, whether it is a zonal one: what has no
    such API has it wait for a minute.
    """
    os.environ.setdefault("GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT", "false")
    if storage != GOOGLE:
        os.environ.setdefault("STORAGE_EMULATOR_HOST", storage)


def run_script(home: str, name: str, source: bytes, args: list[str]) -> None:
    """Run a script as `__main__`, beside no other module, with its arguments."""
    directory = os.path.join(home, "script")  # noqa: PTH118 - as above
    os.mkdir(directory)  # noqa: PTH102 - as above
    path = os.path.join(directory, name)  # noqa: PTH118 - as above
    with open(path, "wb") as file:  # noqa: PTH123 - as above
        file.write(source)
    sys.argv = [path, *args]
    sys.path.insert(0, directory)
    module = types.ModuleType("__main__")
    module.__file__ = path
    sys.modules["__main__"] = module
    try:
        exec(compile(source, path, "exec", dont_inherit=True), module.__dict__)  # noqa: S102
    except BaseException as error:
        _forget_launcher(error)
        raise


def discard(storage: str, uri: str) -> None:
    """Remove the file of a run that has succeeded; it stays where that is refused."""
    try:
        _tried(f"DELETE {uri}", lambda: _answer("DELETE", storage, uri, "").close())
    except OSError as error:
        print(f"{uri} can't be removed: {error}", file=sys.stderr)  # noqa: T201 - the job's log


def _tried(what: str, action: Callable[[], Any]) -> Any:
    """Return what an action does, which is tried again where that may help."""
    for pause in _PAUSES_SECONDS:
        try:
            return action()
        except (OSError, HTTPException) as error:
            code = error.code if isinstance(error, HTTPError) else 0
            is_final = 0 < code < _FIRST_SERVER_ERROR and code not in _BUSY
            if is_final or pause is None:
                raise OSError(f"{what}: {error}") from error
            time.sleep(pause)
    return None


def _answer(method: str, storage: str, uri: str, query: str) -> Any:
    """Return the answer to a request for an object."""
    bucket, _, name = uri.partition("://")[2].partition("/")
    url = f"{storage}/storage/v1/b/{bucket}/o/{quote(name, safe='')}{query}"
    headers = {"Authorization": f"Bearer {_token()}"}
    request = Request(url, headers=headers, method=method)  # noqa: S310 - http or https
    return urlopen(request, timeout=_TIMEOUT_SECONDS)  # noqa: S310 - as above


def _saved(answer: Any, path: str) -> str:
    """Write what is answered to a file and return its digest."""
    digest, length = hashlib.sha256(), 0
    with answer, open(path, "wb") as file:  # noqa: PTH123 - as above
        while True:
            piece = answer.read(_PIECE_BYTES)
            if not piece:
                break
            digest.update(piece)
            length += len(piece)
            file.write(piece)
    if length != int(answer.headers.get("Content-Length", length)):
        raise ConnectionError("the answer was cut short")
    return digest.hexdigest()


def _token() -> str:
    """Return a token of the service account that this machine runs as."""
    url = _TOKENS.format(os.environ.get(METADATA_HOST) or "metadata.google.internal")
    request = Request(url, headers={"Metadata-Flavor": "Google"})  # noqa: S310 - http
    with urlopen(request, timeout=_TIMEOUT_SECONDS) as answer:  # noqa: S310 - as above
        return str(json.loads(answer.read())["access_token"])


def _forget_launcher(error: BaseException) -> None:
    """Have a traceback begin in the script, as it does without a launcher."""
    shown = sys.excepthook

    def show(kind: Any, raised: Any, trace: Any) -> None:  # Any: the hook's own arguments
        if raised is error:
            while trace is not None and trace.tb_frame.f_code.co_filename == __file__:
                trace = trace.tb_next
            raised.__traceback__ = trace
        shown(kind, raised, trace)

    sys.excepthook = show


def _remove(directory: str, process_id: int) -> None:
    if os.getpid() == process_id:  # a forked child has to leave its parent's alone
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main(sys.argv[1:])
