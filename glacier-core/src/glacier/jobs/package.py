"""A job's package: everything that its process needs, in a place that it can read.

    header.json       versions, what to run, and the digests of the other two
    code.zip          the sources: of Glacier, of its plugins and of the user's project
    payload.pickle    what to run it with, from `transfer.Outbox`
    in/0/, in/1/ …    the rows of frames that can't be read over there

The header's own digest is on the command line, so that nothing in the place is trusted unread.
"""

import hashlib
import json
import sys
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from glacier.config.base import elsewhere
from glacier.errors import PackageError
from glacier.jobs import entrypoint
from glacier.jobs.archive import archived, glacier_sources
from glacier.jobs.call import Call
from glacier.jobs.errand import Parcel
from glacier.jobs.pins import CORE, pins
from glacier.jobs.sources import is_within, sources_of
from glacier.jobs.staging import discarded_on_failure
from glacier.jobs.tickets import FrameReport
from glacier.jobs.transfer import Outbox, Packed
from glacier.known_secrets import check_no_secret, known_secrets

if TYPE_CHECKING:
    from glacier.resources import Bucket

ENTRYPOINT = Path(entrypoint.__file__)
"""The script that a platform starts, with `Package.args`; it needs nothing installed to start."""


@dataclass(frozen=True, slots=True)
class Package:
    """A job that lies in its place and can be submitted.

    Attributes:
        place: The dataset that holds it.
        header_sha256: The digest of its header.
        requirements: Pins of what has to be importable besides what travels.
        frames: How each frame in it travels.
    """

    place: "Bucket"
    header_sha256: str
    requirements: tuple[str, ...] = ()
    frames: tuple[FrameReport, ...] = field(default=(), repr=False)

    @property
    def args(self) -> tuple[str, ...]:
        """The command line for `ENTRYPOINT`."""
        return (self.place.adapter.location().uri, self.header_sha256)


def write_package(
    place: "Bucket",
    work: object,
    main: str,
    *,
    engine: str = "python",
    name: str | None = None,
    environment: Mapping[str, str] | None = None,
    remote_python: str | None = None,
    keeps_identity: bool = True,
) -> Package:
    """Put a job's package into its place.

    Args:
        place: A new and empty dataset, through which the job travels.
        work: What the main function is called with. Frames may be anywhere in it.
        main: The function that does the work, as `module:function`; it is called with the work
            and an `Errand`, and what it returns is the job's result.
        engine: What the executor offers: `python` or `spark`.
        name: What the job is called in errors, at the start of a sentence.
        environment: Versions for the header in place of this process's (`python`, `polars`).
        remote_python: The minor version of Python that will run it, where that is known.
        keeps_identity: Whether it will run as the caller; else configs leave that behind.

    Raises:
        PackageError: Something in it can't be pickled, has no source file, or is a secret; or it
            holds functions by their value and another Python will run it.
        StorageError: The place can't be written, or a frame not be computed. Nothing is left there.
    """
    outbox = Outbox(place, "in")
    name = name or _name_of(work)
    with nullcontext() if keeps_identity else elsewhere():
        packed = outbox.pack(Parcel(place, work), name=name)
    if packed.by_value and remote_python not in {None, _python()}:
        raise PackageError(
            f"{name} holds Python functions by their value, or in a plan, and the executor runs "
            f"Python {remote_python} while this is {_python()}. Import the functions from a module "
            f"of your project, or run this by Python {remote_python}."
        )
    code, requirements = _code_for(packed, main, engine)
    files = {entrypoint.CODE: code, entrypoint.PAYLOAD: packed.data}
    fields = {
        **_versions(needs_same_python=packed.by_value),
        **(environment or {}),
        "engine": engine,
        "main": main,
        "requirements": requirements,
        "sha256": {path: hashlib.sha256(data).hexdigest() for path, data in files.items()},
    }
    header = json.dumps(fields).encode()
    _refuse_secrets({entrypoint.PAYLOAD: packed.data, entrypoint.HEADER: header})
    with discarded_on_failure(place):
        outbox.send()
        for path, data in {**files, entrypoint.HEADER: header}.items():
            put(place, path, data)
    return Package(place, hashlib.sha256(header).hexdigest(), requirements, packed.frames)


def _versions(*, needs_same_python: bool) -> dict[str, object]:
    return {
        "format": entrypoint.FORMAT,
        "glacier": version(CORE),
        "python": _python(),
        "needs_same_python": needs_same_python,
        "polars": version("polars"),
    }


def _python() -> str:
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def _name_of(work: object) -> str:
    if not isinstance(work, Call):
        return "The job"
    return f"The job {getattr(work.function, '__qualname__', None) or repr(work.function)}"


def put(place: "Bucket", path: str, data: bytes) -> None:
    """Write a plain file into a place.

    Raises:
        StorageError: The store refuses.
    """
    from glacier.resources.translation import translated

    with translated(place):
        location = place.adapter.location()
        if "://" in location.uri:
            place.filesystem.pipe_file(f"{location.path.rstrip('/')}/{path}", data)
        else:  # without fsspec, whose import takes longer than many a job
            entrypoint.write(location.uri, path, data)


def _code_for(packed: Packed, main: str, engine: str) -> tuple[bytes, tuple[str, ...]]:
    """Return the archive of sources that a pickle needs, and the pins of what else it needs."""
    glacier = glacier_sources()
    sources = sources_of(
        {*packed.modules, main.partition(":")[0]},
        functions=packed.functions,
        apart=glacier.packages,
    )
    used = [
        origin
        for package, origin in glacier.packages.items()
        if package != "glacier" and any(is_within(name, [package]) for name in packed.modules)
    ]
    requirements = pins(sources.installed, formats=packed.formats, plugins=used, engine=engine)
    files = {path: file.read_bytes() for path, file in sources.files.items()}
    theirs = {path: data for path, data in glacier.files.items() if not _is_ours(path)}
    _refuse_secrets({**theirs, **files})
    return archived([glacier.files, files]), requirements


def _is_ours(path: str) -> bool:
    # Published as it is: a secret that stands there is a word that others use too.
    return path.startswith("glacier/")


def _refuse_secrets(files: Mapping[str, bytes]) -> None:
    secrets = known_secrets()
    for path, data in files.items():
        check_no_secret(f"The job's file {path}", data, secrets)
