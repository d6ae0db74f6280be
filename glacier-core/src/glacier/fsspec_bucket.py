"""A bucket adapter over any fsspec filesystem: a new store in a dozen lines.

    class MemoryBucketAdapter(FilesystemBucketAdapter):
        scheme = "memory"

        @property
        def filesystem(self) -> AbstractFileSystem:
            return MemoryFileSystem()

        @property
        def root(self) -> str:
            return f"/{self.resource.bucket_name}"

It suits stores that Polars can't reach by itself: a scan fetches the files to this machine
first, and a write sinks to this machine and uploads. Where Polars does reach the store,
implement `BucketAdapter` directly; `publishing` has the ordering of its commit.
"""

import atexit
import os
import shutil
import tempfile
import time
from abc import abstractmethod
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import polars as pl
from fsspec.implementations.local import LocalFileSystem
from polars.io.plugins import register_io_source

from glacier.adapters import BucketAdapter
from glacier.errors import FormatError, ObjectExistsError
from glacier.fsspec_tree import FileTree, fixed_directory
from glacier.publishing import publish_dataset
from glacier.storage import RESERVED_PREFIX, Location, Stage, WriteMode, is_glob, new_token

if TYPE_CHECKING:
    from polars._typing import SchemaDict

    from glacier.formats import Format
    from glacier.provider import Provider
    from glacier.resources import Bucket

_STAGE_LIFETIME_SECONDS = 24 * 60 * 60


class FilesystemBucketAdapter(BucketAdapter):
    """Serves a bucket from a filesystem whose `cp_file` makes a file visible whole, at once.

    Object stores and fsspec's memory filesystem do that. Where a copy grows under the eyes of
    readers (SFTP, SMB), override `publish` with the filesystem's atomic rename.
    """

    scheme: ClassVar[str]
    """What URIs start with."""

    def __init__(self, resource: "Bucket", provider: "Provider") -> None:
        super().__init__(resource, provider)
        if resource.is_table:
            # Their libraries take a URI of a scheme they don't know for a relative local path.
            raise FormatError(
                f"{resource!r} lies in a store that {resource.format} tables can't be kept in. "
                "Use a file format, such as format='parquet', or another store.",
                format=resource.format,
            )

    @property
    @abstractmethod
    def root(self) -> str:
        """The path of the bucket itself on the filesystem, without a `/` at its end."""

    def publish(self, staged: str, target: str) -> None:
        """Make a file visible at `target`, replacing what is there; never half of it."""
        self.filesystem.makedirs(target.rpartition("/")[0], exist_ok=True)
        self.filesystem.cp_file(staged, target)

    def location(self) -> Location:
        """Return where the bucket's path lies; touches no data."""
        return Location(
            uri=self.get_uri(),
            path=self._absolute_path,
            filesystem=lambda: self.filesystem,
            is_glob=is_glob(self.resource.path),
        )

    def get_uri(self) -> str:
        """Return the URI of the bucket's path."""
        return f"{self.scheme}://{self._absolute_path.lstrip('/')}"

    def exists(self) -> bool:
        """Return whether the path holds data, or for an empty path whether the bucket is there."""
        if self.resource.path == "":
            return self._tree.kind("") is not None
        return any(True for _ in self._tree.files(self.resource.path))

    def list(self) -> list[str]:
        """Return the paths of all visible files below the path, relative to the bucket, sorted."""
        return sorted(self._tree.files(self.resource.path))

    def delete(self) -> None:
        """Delete every visible file of the path."""
        for path in self.list():
            self._tree.remove(path)

    def scan(
        self, chosen: "Format", schema: "SchemaDict | None", options: Mapping[str, Any]
    ) -> pl.LazyFrame:
        """Return a lazy frame over a copy of the data on this machine.

        The copy is made now and lives as long as this process; with a declared schema it is
        made each time the frame is collected, and removed when its rows have been read.
        """
        if schema is None:
            directory = _workspace() / new_token()
            directory.mkdir()
            return chosen.scan(self._fetch_to(directory), None, options)

        def fetch_and_scan(
            with_columns: list[str] | None,
            predicate: pl.Expr | None,
            n_rows: int | None,
            batch_size: int | None,
        ) -> Iterator[pl.DataFrame]:
            with tempfile.TemporaryDirectory(dir=_workspace()) as copies:
                frame = chosen.scan(self._fetch_to(Path(copies)), schema, options)
                frame = frame if predicate is None else frame.filter(predicate)
                frame = frame if with_columns is None else frame.select(with_columns)
                frame = frame if n_rows is None else frame.head(n_rows)
                yield from frame.collect_batches(chunk_size=batch_size, maintain_order=True)

        return register_io_source(fetch_and_scan, schema=dict(schema))

    def stage(self, mode: WriteMode) -> Stage:  # noqa: ARG002 - it is asked at the commit
        """Return a new directory on this machine, or a file in one."""
        token = new_token()
        directory = _workspace() / token
        directory.mkdir()
        name = "" if self.resource.is_dataset else self.resource.path.rpartition("/")[2]
        return Stage(_local(f"{directory}/{name}"), token)

    def commit(self, stage: Stage, mode: WriteMode) -> None:
        """Upload a stage to keys outside every dataset, then copy it to the bucket's path.

        Raises:
            ObjectExistsError: `mode` is `error` or `ignore` and data has appeared meanwhile.
        """
        if mode in {"error", "ignore"} and self.exists():
            raise ObjectExistsError(f"{self.get_uri()} was written by somebody else meanwhile.")
        tree = self._tree
        self._sweep(tree)
        staged: dict[str, str] = {}
        try:
            for number, (file, target) in enumerate(self._targets(stage).items()):
                key = f"{RESERVED_PREFIX}/{int(time.time())}-{stage.token}-{number}"
                staged[key] = target
                self.filesystem.put_file(str(file), tree.absolute(key))
            self._publish_all(tree, staged, mode)
        finally:
            for key in staged:
                # Whatever this filesystem raises: what is committed can't fail any more, as where
                # a rename has moved the upload, and what a lost connection leaves is swept.
                with suppress(Exception):
                    tree.remove(key)

    def discard(self, stage: Stage) -> None:
        """Remove what a stage holds on this machine."""
        place = Path(stage.location.path)
        shutil.rmtree(place if stage.location.is_dataset else place.parent, ignore_errors=True)

    def _publish_all(self, tree: FileTree, staged: Mapping[str, str], mode: WriteMode) -> None:
        def publish() -> None:
            for key, target in staged.items():
                self.publish(tree.absolute(key), tree.absolute(target))

        def remove(paths: Collection[str]) -> None:
            for path in paths:
                tree.remove(path)

        if not self.resource.is_dataset:
            publish()
            return
        old = self.list() if mode == "overwrite" else []
        publish_dataset(staged.values(), superseded=old, publish=publish, remove=remove)

    def _targets(self, stage: Stage) -> dict[Path, str]:
        """Return the path in the bucket for every file of a stage."""
        if not self.resource.is_dataset:
            return {Path(stage.location.path): self.resource.path}
        directory = Path(stage.location.path)
        return {
            file: self.resource.path + file.relative_to(directory).as_posix()
            for file in sorted(directory.rglob("*"))
            if file.is_file()
        }

    def _sweep(self, tree: FileTree) -> None:
        """Remove the uploads of writers that died more than a day ago."""
        # Who may write may perhaps not list, and what that raises is the filesystem's own affair;
        # somebody else sweeps then.
        with suppress(Exception):
            for name, kind in tree.entries(f"{RESERVED_PREFIX}/"):
                started = name.partition("-")[0]
                age_seconds = time.time() - int(started) if started.isdecimal() else 0
                if kind == "file" and age_seconds > _STAGE_LIFETIME_SECONDS:
                    tree.remove(f"{RESERVED_PREFIX}/{name}")

    def _fetch_to(self, directory: Path) -> Location:
        """Copy the bucket's files below a directory and return where Polars finds them."""
        is_single = not self.resource.is_dataset
        fixed = self.resource.path if is_single else fixed_directory(self.resource.path)
        (directory / fixed).parent.mkdir(parents=True, exist_ok=True)
        if not is_single:
            (directory / fixed).mkdir(exist_ok=True)  # An empty dataset is an empty directory.
        for path in [fixed] if is_single else self.list():
            copy = directory / path
            copy.parent.mkdir(parents=True, exist_ok=True)
            self._fetch(path, copy)
        return _local(f"{directory}/{self.resource.path}", is_glob=is_glob(self.resource.path))

    def _fetch(self, path: str, copy: Path) -> None:
        try:
            self.filesystem.get_file(self._tree.absolute(path), str(copy))
        except FileNotFoundError:
            # fsspec's local filesystem takes a file that it may not see for one that is missing.
            self._tree.kind(path)
            raise

    @property
    def _absolute_path(self) -> str:
        # Not by `_tree`: making the filesystem of some stores connects to them.
        return f"{self.root}/{self.resource.path}"

    @property
    def _tree(self) -> FileTree:
        return FileTree(self.filesystem, self.root)


def _workspace() -> Path:
    """Return this process's own directory for stages and copies, removed at its end.

    What a killed process leaves there is the system's to clear, as all temporary files are.
    """
    return _workspace_of(os.getpid())


@cache
def _workspace_of(process_id: int) -> Path:
    directory = Path(tempfile.mkdtemp(prefix="glacier-"))
    atexit.register(_remove_workspace, directory, process_id)
    return directory


def _remove_workspace(directory: Path, process_id: int) -> None:
    if os.getpid() == process_id:  # A forked child has to leave its parent's alone.
        shutil.rmtree(directory, ignore_errors=True)


def _local(path: str, *, is_glob: bool = False) -> Location:
    return Location(uri=path, path=path, filesystem=LocalFileSystem, is_glob=is_glob)
