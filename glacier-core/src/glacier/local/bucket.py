"""Buckets on this machine's disk: directories below the config's base path."""

import builtins
import errno
import glob
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote

import polars as pl

from glacier.adapters import BucketAdapter
from glacier.errors import GlacierError, PathError
from glacier.local.commit import add_files, replace_directory, replace_file
from glacier.local.stage import new_stage
from glacier.local.tree import Tree
from glacier.storage import GLOB_CHARACTERS, Location, Stage, WriteMode, is_glob, new_token

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem
    from polars._typing import SchemaDict

    from glacier.config.local import LocalConfig
    from glacier.formats import Format
    from glacier.provider import Provider
    from glacier.resources.bucket import Bucket

_STAGED_DATASET = "data"
_REMOVALS = 3
"""How often a stage is removed: the writer of a query that failed may make a file meanwhile."""


class LocalBucketAdapter(BucketAdapter):
    """A bucket is the directory `base_path/bucket_name`, made on the first write.

    Symlinks are followed where they stay below the base path, and refused where they leave it.
    Writes are staged in `base_path/.glacier`, on the same file system, and renamed from there.
    """

    def __init__(self, resource: "Bucket", provider: "Provider") -> None:
        super().__init__(resource, provider)
        # Made absolute once, so that a later change of directory moves no bucket.
        self._base = Path(os.path.abspath(cast("LocalConfig", provider.config).base_path))  # noqa: PTH100 - keeps symlinks
        self._tree = Tree(self._base)
        self._root = self._base / resource.bucket_name

    @classmethod
    def default_staging(cls, provider: "Provider") -> str | None:  # noqa: ARG003
        """Return the name of a directory below the base path."""
        return "glacier-staging"

    def location(self) -> Location:
        """Return where the path lies on disk, with symlinks followed.

        Raises:
            PathError: A symlink on the way leads out of the base path.
        """
        if is_glob(self.resource.path):
            directory, pattern = self._glob
            below = "/".join(pattern)
            return Location(
                uri=f"{glob.escape(directory)}/{below}",
                path=f"{directory}/{below}",
                filesystem=_filesystem,
                is_glob=True,
            )
        real = self._tree.resolve(self._path)
        uri = f"{real}/" if self.resource.is_dataset else real
        return Location(uri=uri, path=uri, filesystem=_filesystem)

    def scan(
        self, chosen: "Format", schema: "SchemaDict | None", options: Mapping[str, Any]
    ) -> pl.LazyFrame:
        """Return a lazy frame over the data, after a look at every name that it would open.

        Raises:
            PathError: The path is of another kind than its name says, or a symlink among the
                files leads out of the base path.
        """
        location = self.location()
        real = Path(location.path)
        if location.is_dataset:
            self._refuse(real.is_file(), "a file; leave the trailing '/' out to read it")
            files = sum(1 for _ in self._files())  # raises at a symlink that leads out
            if schema is not None and not files and not self._is_table:
                return pl.LazyFrame(schema=schema)
        elif not self._is_table:
            self._refuse(real.is_dir(), "a directory; end the path in '/' to read it")
        return chosen.scan(location, schema, options)

    def get_uri(self) -> str:
        """Return the path as a percent-encoded `file://` URI."""
        uri = self._path.as_uri() + ("/" if self.resource.path.endswith("/") else "")
        if is_glob(self.resource.path):  # encoded, a pattern would read as a name
            for character in f"{GLOB_CHARACTERS}]":
                uri = uri.replace(quote(character), character)
        return uri

    @property
    def filesystem(self) -> "AbstractFileSystem":
        """The local filesystem, which makes parent directories when it writes."""
        return _filesystem()

    def deploy(self) -> None:
        """Make the bucket's directory."""
        Path(self._tree.resolve(self._root)).mkdir(parents=True, exist_ok=True)

    def exists(self) -> bool:
        """Return whether the path holds data: a file, or for a dataset at least one.

        Raises:
            PathError: A symlink leads out of the base path.
            PermissionError: A directory on the way can't be read.
        """
        if not self.resource.path:
            return _is(Path.is_dir, self._tree.resolve(self._root))
        if self.resource.is_dataset:
            return any(True for _ in self._files())
        return _is(Path.is_file, self._tree.resolve(self._path))

    def list(self) -> list[str]:
        """Return the paths of all visible files, relative to the bucket, sorted."""
        if is_glob(self.resource.path):
            directory, pattern = self._glob
            named = self.resource.path.split("/")[: -len(pattern)]
        else:
            directory, named = self._tree.resolve(self._path), [self.resource.path.rstrip("/")]
            if _is(Path.is_file, directory):
                return [self.resource.path]
        # What a symlink in the path leads to has its name below the link.
        prefix = "".join(f"{name}/" for name in named if name)
        return sorted({prefix + path[len(directory) + 1 :] for path in self._files()})

    def delete(self) -> None:
        """Delete what the path holds; of a symlink, the link alone.

        Raises:
            PathError: The path is a directory and does not say so, or leads out of the base path.
        """
        if is_glob(self.resource.path):
            for file in tuple(self._files()):
                Path(file).unlink(missing_ok=True)
            return
        path = Path(self._tree.resolve(self._path.parent)) / self._path.name
        real = Path(self._tree.resolve(path))
        if path.is_symlink() or not real.is_dir():
            self._refuse(real.is_file() and self.resource.is_dataset, "a file, not a dataset")
            path.unlink(missing_ok=True)
            return
        is_whole = self.resource.is_dataset or self._is_table
        self._refuse(not is_whole, "a directory; end the path in '/' to delete it")
        # Moved away at once, so that nobody sees half of it.
        stage = new_stage(self._base, new_token())
        real.rename(stage / _STAGED_DATASET)
        shutil.rmtree(stage)

    def stage(self, mode: WriteMode) -> Stage:  # noqa: ARG002 - it is asked at the commit
        """Return a new place on the same file system, hidden from every bucket."""
        self.location()  # refuses a path that leads outside before anything is written
        token = new_token()
        directory = new_stage(self._base, token)
        if self.resource.is_dataset:
            (directory / _STAGED_DATASET).mkdir()
            uri = f"{directory}/{_STAGED_DATASET}/"
        else:
            # The same name, since text formats see from its suffix how to compress.
            uri = f"{directory}/{self._path.name}"
        return Stage(Location(uri=uri, path=uri, filesystem=_filesystem), token)

    def commit(self, stage: Stage, mode: WriteMode) -> None:
        """Make a stage visible: a file or a whole dataset in one step, an append file by file.

        Raises:
            ObjectExistsError: `mode` is `error` or `ignore` and data has appeared meanwhile.
            PathError: A file is where a directory is needed, or the reverse.
        """
        staged = Path(stage.location.path)
        target = Path(self._tree.resolve(self._path))
        is_exclusive = mode in {"error", "ignore"}
        if not self.resource.is_dataset:
            replace_file(staged, target, is_exclusive=is_exclusive)
        elif mode == "append":
            add_files(self._tree.files(str(staged)), staged, target)
        else:
            replace_directory(staged, target, is_exclusive=is_exclusive)

    def discard(self, stage: Stage) -> None:
        """Remove what a stage holds; what can't be removed now is swept later."""
        directory = Path(stage.location.path).parent
        for _ in range(_REMOVALS):
            shutil.rmtree(directory, ignore_errors=True)
            if not directory.exists():
                return

    def translate(self, error: Exception) -> GlacierError | None:
        """Return a `PathError` for names that the disk refuses."""
        if not isinstance(error, OSError):
            return None
        # Polars' errors carry the number in their text alone.
        found = re.search(r"os error (\d+)\)", str(error))
        code = error.errno or (int(found[1]) if found else None)
        if code == errno.EXDEV:
            return PathError(
                f"{str(self._path)!r} is on another file system than the base path "
                f"{str(self._base)!r}, so that nothing can be put there in one step. Set "
                "base_path to a directory on that file system."
            )
        if code in {errno.ENAMETOOLONG, errno.ELOOP, errno.ENOTDIR, errno.EISDIR}:
            return PathError(f"The disk refuses the path {str(self._path)!r}: {error}.")
        return None

    @cached_property
    def _path(self) -> Path:
        return self._root / self.resource.path

    @property
    def _is_table(self) -> bool:
        return self.resource.is_table

    @property
    def _glob(self) -> tuple[str, builtins.list[str]]:
        """The resolved directory in which a glob starts, and the components of its pattern."""
        parts = self.resource.path.split("/")
        fixed = next(index for index, part in enumerate(parts) if is_glob(part))
        directory = self._tree.resolve(self._root.joinpath(*parts[:fixed]))
        return directory, [part for part in parts[fixed:] if part]

    def _files(self) -> Iterator[str]:
        """Yield the files that the path stands for; nothing where nothing is."""
        try:
            if is_glob(self.resource.path):
                yield from self._tree.matches(*self._glob)
            else:
                yield from self._tree.files(self._tree.resolve(self._path))
        except (FileNotFoundError, NotADirectoryError):
            return

    def _refuse(self, condition: Any, what: str) -> None:  # Any: truth is all that counts
        if condition:
            raise PathError(f"{str(self._path)!r} is {what}.", path=self.resource.path)


def _filesystem() -> "AbstractFileSystem":
    import fsspec

    return fsspec.filesystem("file", auto_mkdir=True)


def _is(kind: Any, path: str) -> bool:  # Any: an unbound test of Path
    """Return whether a path is there and of a kind; unlike `Path`, never hide a denied access."""
    try:
        Path(path).stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return bool(kind(Path(path)))
