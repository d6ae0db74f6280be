"""What a job leaves in its place: `result.pickle`, and `result.json` when all else is there."""

import hashlib
import json
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from glacier.config.base import at_home
from glacier.errors import JobError, RemoteError
from glacier.job_status import JobStatus
from glacier.jobs.entrypoint import RESULT, read
from glacier.jobs.package import put
from glacier.jobs.transfer import Outbox, unpack
from glacier.known_secrets import check_no_secret

if TYPE_CHECKING:
    from glacier.resources import Bucket

VALUE = "result.pickle"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a job has ended, by its own account.

    Attributes:
        state: `SUCCEEDED` or `FAILED`.
        value: What its main function returned; frames are lazy or eager as they were returned.
        error: What it raised; None if it succeeded.
        duration_seconds: How long the main function and the writing of its result took.
    """

    state: JobStatus
    value: Any = None  # Any: whatever the user's function returns
    error: RemoteError | None = None
    duration_seconds: float | None = None


def write_value(place: "Bucket", value: object, *, is_users: bool) -> dict[str, Any]:
    """Put what a job returns into its place, and return what there is to say of it as JSON.

    Args:
        place: The dataset through which the job travels.
        value: What its main function returned.
        is_users: Whether that is the user's own value, which may not be too large; others hold
            what was packed, and limited, before.

    Raises:
        PackageError: It can't be pickled, holds a secret, or is too large and neither a frame
            nor a JSON value.
        StorageError: A frame can't be computed, or the place not be written.
    """
    outbox = Outbox(place, "out")
    packed = outbox.pack(value, name="The result", largest_bytes=None if is_users else sys.maxsize)
    check_no_secret("The job's result", packed.data)
    outbox.send()
    put(place, VALUE, packed.data)
    return {
        "sha256": hashlib.sha256(packed.data).hexdigest(),
        "python": _python(),
        "needs_same_python": packed.by_value,
    }


def read_result(place: "Bucket") -> Outcome | None:
    """Return how a job has ended; None as long as it has not, and for one that was killed.

    Raises:
        JobError: The result was changed on its way, or needs another Python to be read.
        StorageError: The place can't be read.
    """
    try:
        found = json.loads(_get(place, RESULT))
    except (FileNotFoundError, json.JSONDecodeError):
        return None
    duration_seconds = found.get("duration_seconds")
    if found["state"] != JobStatus.SUCCEEDED:
        return Outcome(JobStatus.FAILED, None, _remote_error(found["error"]), duration_seconds)
    data = _get(place, VALUE)
    digest = hashlib.sha256(data).hexdigest()
    if digest != found["sha256"]:
        raise JobError(
            f"The result in {place.get_uri()} was changed after the job had written it: its "
            f"sha256 is {digest} and should be {found['sha256']}. Run the job again."
        )
    if found["needs_same_python"] and found["python"] != _python():
        raise JobError(
            f"The result in {place.get_uri()} holds functions or classes by their value, written "
            f"by Python {found['python']}, and this is Python {_python()}. Define them in a module."
        )
    with at_home(place.provider.config):
        value = unpack(data)
    return Outcome(JobStatus.SUCCEEDED, value, None, duration_seconds)


def _remote_error(error: dict[str, str]) -> RemoteError:
    return RemoteError(
        f"{error['type']}: {error['message']}\n\nThe traceback where the job ran:\n"
        f"{error['traceback']}".rstrip(),
        remote_type=error["type"],
        remote_traceback=error["traceback"],
    )


def _get(place: "Bucket", path: str) -> bytes:
    from glacier.resources.translation import translated

    with translated(place):
        location = place.adapter.location()
        if "://" in location.uri:
            return bytes(place.filesystem.cat_file(f"{location.path.rstrip('/')}/{path}"))
        return read(location.uri, path)


def _python() -> str:
    return f"{sys.version_info.major}.{sys.version_info.minor}"
