"""Where data lies and how it gets there: locations, stages and write requests.

A store never sees a half-written object: every attempt writes to a stage of its own, and only
a stage that was written whole is committed (see `adapters.BucketAdapter`).
"""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import IO, TYPE_CHECKING, Any, Literal, Protocol, get_args, runtime_checkable

from glacier.errors import PathError, StorageError

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

WriteMode = Literal["overwrite", "append", "error", "ignore"]
WRITE_MODES: tuple[str, ...] = get_args(WriteMode)
GLOB_CHARACTERS = "*?["
RESERVED_PREFIX = ".glacier"
"""Names that start like this belong to Glacier's stages; no bucket or path may."""


@dataclass(frozen=True, slots=True)
class Location:
    """One place in a store, as Polars and as fsspec see it.

    Attributes:
        uri: What Polars scans and sinks; a plain path on local disks.
        path: The same place as `filesystem` names it.
        filesystem: Makes the fsspec filesystem, when bytes or listings are needed.
        storage_options: Polars' object-store options; never a secret.
        credential_provider: Polars' source of credentials, where the store needs any.
        is_glob: Whether `uri` is a pattern over many files.
        table_options: Makes the options with which a format of tables, called by its name, reaches
            the place, credentials among them, where those of `credential_provider` do not serve
            the format's library. It pickles without secrets, as the provider of credentials does.
    """

    uri: str
    path: str
    filesystem: "Callable[[], AbstractFileSystem]" = field(repr=False)
    storage_options: Mapping[str, Any] | None = field(default=None, repr=False)
    credential_provider: Callable[[], Any] | None = field(default=None, repr=False)
    is_glob: bool = False
    table_options: Callable[[str], Mapping[str, Any]] | None = field(default=None, repr=False)

    @property
    def is_dataset(self) -> bool:
        """Whether this place stands for many files: a directory, a prefix or a glob."""
        return self.is_glob or self.uri.endswith("/")


@dataclass(frozen=True, slots=True)
class WriteRequest:
    """How data is to be written.

    Attributes:
        mode: `overwrite` replaces, `append` adds files to a dataset or rows to a table,
            `error` refuses and `ignore` does nothing where data already is.
        partition_by: Columns whose values become hive directories (`year=2024/`).
        options: Passed on to the format's sink.
    """

    mode: WriteMode = "overwrite"
    partition_by: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)


class StageFiles(Protocol):
    """The files of a stage where Polars does not write them itself, by their URIs."""

    def open(self, path: str) -> IO[bytes]:
        """Return a new file that Polars writes from its start to its end, and leaves open.

        Args:
            path: The file's name in a dataset, with directories; empty for a single file.
        """

    @property
    def error(self) -> Exception | None:
        """The first error of the store, which a sink's own error says little of."""


@runtime_checkable
class MeasuredFiles(Protocol):
    """Files of a stage that know, without asking the store, what was written to them."""

    def sizes(self) -> list[int]:
        """Return how many bytes were written to each file that was opened."""

    def ends(self, most: int) -> list[bytes]:
        """Return the last bytes of each file, as far as they wait in memory for the commit.

        Args:
            most: How many of each at most.
        """


@dataclass(frozen=True, slots=True)
class Stage:
    """The private place of one attempt to write.

    Attributes:
        location: Where the attempt's sink writes: one file, or with a trailing `/` many.
        token: The attempt's name, which nobody can guess; becomes part of file names.
        files: What opens the stage's files; None where Polars writes below `location` itself.
    """

    location: Location
    token: str
    files: StageFiles | None = None

    def own_error(self, error: BaseException) -> BaseException:
        """Return why the sink into this stage failed: what the store said, else its own error."""
        found = None if self.files is None else self.files.error
        return error if found is None else found


def new_token() -> str:
    """Return a name that no other attempt has and nobody can guess."""
    return secrets.token_hex(8)


def checked_bucket_name(name: object) -> str:
    """Return a bucket name that is one legal path component.

    Raises:
        PathError: It is no text, empty, `.`, `..`, has a separator, a NUL byte or a drive.
    """
    if not isinstance(name, str):
        kind = type(name).__name__
        article = "an" if kind[0].lower() in "aeiou" else "a"
        raise _illegal_name(name, f"it is {article} {kind}; expected text")
    problem = None
    if not name or name in {".", ".."}:
        problem = "it names no bucket; expected a name such as 'sales'"
    elif "://" in name:
        bucket_name, _, path = name.partition("://")[2].partition("/")
        path_too = f", path={path!r}" if path else ""
        problem = f"it is a URI; expected the name alone: {bucket_name!r}{path_too}"
    elif "/" in name or "\\" in name:
        problem = "it holds a path separator; put what follows it into path="
    elif name.startswith(RESERVED_PREFIX):
        problem = f"names that start with {RESERVED_PREFIX!r} are reserved"
    else:
        problem = _illegal_part(name)
    if problem:
        raise _illegal_name(name, problem)
    return name


def _illegal_name(name: object, problem: str) -> PathError:
    return PathError(f"The bucket name {name!r} is not legal: {problem}.", bucket_name=name)


def path_text(path: str | PurePath) -> str:
    """Return a path as text with `/` between its components.

    Raises:
        PathError: It is neither text nor a `PurePath`.
    """
    if isinstance(path, PurePath):
        return path.as_posix()
    if not isinstance(path, str):
        raise PathError(f"A path is text, such as 'raw/x.parquet'; got {type(path).__name__}.")
    return path


def checked_path(path: str | PurePath) -> str:
    """Return a path, as text, that stays inside its bucket.

    Raises:
        PathError: It is no text, is absolute, climbs with `..`, or holds a NUL byte or a drive
            letter.
    """
    path = path_text(path)
    problem = None
    if path.startswith(("/", "\\")):
        problem = "it is absolute; paths are relative to their bucket"
    parts = path.replace("\\", "/").split("/")
    if "://" in path:
        problem = "it is a URI; expected what follows the bucket's name there"
    elif ".." in parts or "." in parts:
        problem = problem or "it has a '.' or '..' component"
    elif "" in parts[:-1]:
        problem = problem or "it has an empty component ('//')"
    elif parts[0].startswith(RESERVED_PREFIX):
        problem = f"paths that start with {RESERVED_PREFIX!r} are reserved"
    problem = problem or next(filter(None, map(_illegal_part, parts)), None)
    if problem:
        raise PathError(
            f"The path {path!r} would leave its bucket or is not legal: {problem}.", path=path
        )
    return path


def _illegal_part(part: str) -> str | None:
    if "\0" in part:
        return "it holds a NUL byte"
    if len(part) >= 2 and part[1] == ":" and part[0].isascii() and part[0].isalpha():
        return "it starts with a drive letter"
    return None


def checked_mode(mode: str) -> None:
    """Raise `StorageError` if `mode` is not a write mode."""
    if mode not in WRITE_MODES:
        raise StorageError(
            f"Unknown write mode {mode!r}; expected one of {', '.join(WRITE_MODES)}."
        )


def is_glob(path: str) -> bool:
    """Return whether a path is a pattern rather than a name."""
    return any(character in path for character in GLOB_CHARACTERS)


def fixed_part(path: str) -> str:
    """Return the start of all names that a path, which may be a pattern, can mean."""
    for character in GLOB_CHARACTERS:
        path = path.partition(character)[0]
    return path


def place_of(location: Location) -> str:
    """Return the key under which the engine tracks a location; a prefix ends in `/`."""
    if not location.is_glob:
        return location.path
    fixed = fixed_part(location.path)
    return fixed[: fixed.rfind("/") + 1]


def overlaps(one: str, other: str) -> bool:
    """Return whether two places can hold the same bytes."""
    return (
        one == other
        or (one.endswith("/") and other.startswith(one))
        or (other.endswith("/") and one.startswith(other))
    )
