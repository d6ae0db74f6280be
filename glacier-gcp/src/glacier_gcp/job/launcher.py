"""What Dataproc starts for a job: it fetches the job's script and runs it as plain Python would.

What Dataproc is told of a job it shows to many, so that the arguments name a file in staging, which
says the rest: the script, its arguments, and its variables. Nothing runs before the digests of all
were checked. A machine of Dataproc has no part of Glacier, and perhaps none of Google's clients:
this file, which is sent with the text of what it imports of Glacier, needs the standard library
alone, and its syntax is that of older Pythons.
"""

from __future__ import annotations

import io
import json
import os
import sys
import time
import zipfile
from http.client import HTTPException
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import Request, urlopen

from glacier.jobs.launching import (
    checked,
    print_at_once,
    run_in,
    run_script,
    temporary_directory,
)

if TYPE_CHECKING:
    from collections.abc import Callable

RUN = "--glacier-run"
"""The argument with the URI of the run's file."""

SHA256 = "--glacier-sha256"
"""The argument with the digest of that file."""

STORAGE = "--glacier-storage"
"""The argument with the address of Cloud Storage."""

WHEELS = "glacier_wheels"
"""The directory of what the platform lacks, where it was unpacked."""

METADATA_HOST = "GCE_METADATA_HOST"
"""The variable by which Google's clients find another metadata server."""

GOOGLE = "https://storage.googleapis.com"
_TOKENS = "http://{}/computeMetadata/v1/instance/service-accounts/default/token"
_PAUSES_SECONDS = (0.5, 1.0, 2.0, 4.0, None)
_TIMEOUT_SECONDS = 60.0
_BUSY = (408, 429)
_FIRST_SERVER_ERROR = 500


def main(argv: list[str]) -> None:
    """Run the script that a run's arguments lead to; what it raises is raised."""
    print_at_once()
    own = dict(zip(argv[::2], argv[1::2]))  # noqa: B905 - of newer Pythons
    storage = own[STORAGE]
    run = run_in(fetched(storage, own[RUN]), own[RUN], own[SHA256])
    source = checked(fetched(storage, run["script"]), run["script"], run["sha256"])
    if run["wheels"]:
        use_wheels(checked(fetched(storage, run["wheels"]), run["wheels"], run["wheels_sha256"]))
    os.environ.update(run["environment"])
    prepare_clients(storage)
    run_script(run["name"], source, run["args"])
    discard(storage, own[RUN])


def fetched(storage: str, uri: str) -> bytes:
    """Return the content of an object."""

    def fetch() -> bytes:
        with _answer("GET", storage, uri, "?alt=media") as answer:
            return bytes(answer.read())

    return bytes(_tried(f"GET {uri}", fetch))


def use_wheels(packed: bytes) -> None:
    """Have this process and those that it starts find what the platform lacks first."""
    directory = os.path.join(temporary_directory(), WHEELS)  # noqa: PTH118 - no more of paths
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        archive.extractall(directory)
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


def _token() -> str:
    """Return a token of the service account that this machine runs as."""
    url = _TOKENS.format(os.environ.get(METADATA_HOST) or "metadata.google.internal")
    request = Request(url, headers={"Metadata-Flavor": "Google"})  # noqa: S310 - http
    with urlopen(request, timeout=_TIMEOUT_SECONDS) as answer:  # noqa: S310 - as above
        return str(json.loads(answer.read())["access_token"])


if __name__ == "__main__":
    main(sys.argv[1:])
