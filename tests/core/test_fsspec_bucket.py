"""The adapter over any fsspec filesystem: what the shared cases can't see from outside."""

import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import polars as pl
import pytest
from glacier_toy import ToyConfig
from glacier_toy.bucket import ToyBucketAdapter
from glacier_toy.filesystem import ToyFileSystem

from glacier.errors import AccessDeniedError, FormatError
from glacier.formats import FileFormat
from glacier.provider import Provider
from glacier.resources import Bucket
from glacier.storage import Stage, WriteMode, WriteRequest
from tests.core.distributions import run_python

ROWS = pl.DataFrame({"number": [1, 2, 3], "year": [2023, 2024, 2025]})


class FlakyFileSystem(ToyFileSystem):
    """Loses its connection at the second call of one of its methods, and perhaps for good."""

    cachable = False

    def __init__(self, flaky: str, *, stays_lost: bool) -> None:
        super().__init__()
        self._flaky, self._stays_lost, self._calls = flaky, stays_lost, 0

    def put_file(self, lpath: str, rpath: str, **kwargs: Any) -> None:
        self._count("put_file")
        super().put_file(lpath, rpath, **kwargs)

    def cp_file(self, path1: str, path2: str, **kwargs: Any) -> None:
        self._count("cp_file")
        super().cp_file(path1, path2, **kwargs)

    def rm_file(self, path: str, **kwargs: Any) -> None:
        self._count("rm_file")
        super().rm_file(path, **kwargs)

    def _count(self, method: str) -> None:
        self._calls += method == self._flaky
        is_lost = self._calls > 1 and (method == self._flaky or self._stays_lost)
        if is_lost:
            raise ConnectionError(f"{method} was cut off")


class FlakyBucketAdapter(ToyBucketAdapter):
    """A bucket of the toy platform behind a bad connection."""

    def __init__(self, resource: Bucket, flaky: str, *, stays_lost: bool = False) -> None:
        super().__init__(resource, resource.provider)
        self._filesystem = FlakyFileSystem(flaky, stays_lost=stays_lost)

    @property
    def filesystem(self) -> ToyFileSystem:
        return self._filesystem


@pytest.fixture
def bucket() -> Bucket:
    return Provider(config=ToyConfig(region="cellar")).bucket(f"b-{uuid4().hex}", "sales/")


def everything(bucket: Bucket) -> dict[str, bytes]:
    """Return all that the store holds of a bucket, hidden or not."""
    store = ToyFileSystem()
    return {path: store.cat_file(path) for path in store.find(f"cellar/{bucket.bucket_name}")}


def fill(stage: Stage, bucket: Bucket) -> None:
    chosen = bucket.get_format()
    assert isinstance(chosen, FileFormat)
    chosen.sink(ROWS.lazy(), stage, WriteRequest(partition_by=("year",))).collect(
        engine="streaming"
    )


@pytest.mark.parametrize("flaky", ["put_file", "cp_file"])
def test_commit_that_is_cut_off_leaves_the_store_as_it_was(bucket: Bucket, flaky: str) -> None:
    bucket.write(ROWS)
    before = everything(bucket)
    adapter = FlakyBucketAdapter(bucket, flaky)
    stage = adapter.stage("overwrite")
    fill(stage, bucket)

    with pytest.raises(ConnectionError, match=f"{flaky} was cut off"):
        adapter.commit(stage, "overwrite")

    assert everything(bucket) == before


def test_commit_that_is_cut_off_for_good_leaves_only_hidden_files(bucket: Bucket) -> None:
    adapter = FlakyBucketAdapter(bucket, "put_file", stays_lost=True)
    stage = adapter.stage("overwrite")
    fill(stage, bucket)

    with pytest.raises(ConnectionError, match="put_file was cut off"):
        adapter.commit(stage, "overwrite")

    assert everything(bucket)
    assert bucket.provider.bucket(bucket.bucket_name).list() == []


class CrowdedFileSystem(ToyFileSystem):
    """Somebody else writes to it while something is uploaded."""

    cachable = False

    def __init__(self, path: str) -> None:
        super().__init__()
        self._path = path

    def put_file(self, lpath: str, rpath: str, **kwargs: Any) -> None:
        super().pipe_file(self._path, b"of somebody else")
        super().put_file(lpath, rpath, **kwargs)


class CrowdedBucketAdapter(ToyBucketAdapter):
    """A bucket of the toy platform in which somebody else writes too."""

    def __init__(self, resource: Bucket, path: str) -> None:
        super().__init__(resource, resource.provider)
        self._filesystem = CrowdedFileSystem(path)

    @property
    def filesystem(self) -> ToyFileSystem:
        return self._filesystem


@pytest.mark.parametrize("mode", ["error", "ignore"])
def test_commit_that_may_replace_nothing_deletes_nothing_that_comes_late(
    bucket: Bucket, mode: WriteMode
) -> None:
    theirs = f"cellar/{bucket.bucket_name}/sales/theirs.parquet"
    adapter = CrowdedBucketAdapter(bucket, theirs)
    stage = adapter.stage("overwrite")
    fill(stage, bucket)

    adapter.commit(stage, mode)

    assert everything(bucket)[theirs] == b"of somebody else"


def test_commit_leaves_no_upload_behind(bucket: Bucket) -> None:
    bucket.write(ROWS, partition_by="year")

    assert not any(".glacier" in path for path in everything(bucket))


def test_commit_sweeps_uploads_that_are_a_day_old(bucket: Bucket) -> None:
    now = int(time.time())
    young, old = (f"cellar/{bucket.bucket_name}/.glacier/{now - age}-0f-0" for age in (60, 90_000))
    for path in (young, old):
        ToyFileSystem().pipe_file(path, b"left by a dead writer")

    bucket.write(ROWS)

    assert young in everything(bucket)
    assert old not in everything(bucket)


class ProtocolError(Exception):
    """An error of a client's own, as those of `ftplib` are: no OSError."""


class RenamingFileSystem(ToyFileSystem):
    """Tells what is missing, and what may not be listed, by errors of its own."""

    cachable = False

    def rm_file(self, path: str, **kwargs: Any) -> None:
        if not self.isfile(path):
            raise ProtocolError(f"550 {path} is not there")
        super().rm_file(path, **kwargs)

    def ls(self, path: str, detail: bool = True, **kwargs: Any) -> list[Any]:
        if path.endswith(".glacier"):
            raise ProtocolError(f"550 {path} is not for you")
        found: list[Any] = super().ls(path, detail=detail, **kwargs)
        return found


class RenamingBucketAdapter(ToyBucketAdapter):
    """A bucket of the toy platform where a file becomes visible by a rename."""

    @property
    def filesystem(self) -> ToyFileSystem:
        return RenamingFileSystem()

    def publish(self, staged: str, target: str) -> None:
        super().publish(staged, target)
        self.filesystem.rm_file(staged)


def test_commit_by_renames_has_nothing_left_to_remove(bucket: Bucket) -> None:
    adapter = RenamingBucketAdapter(bucket, bucket.provider)
    stage = adapter.stage("overwrite")
    fill(stage, bucket)

    adapter.commit(stage, "overwrite")

    assert bucket.read().height == 3
    assert not any(".glacier" in path for path in everything(bucket))


class UnreachableBucketAdapter(ToyBucketAdapter):
    """A bucket of the toy platform, to whose server nobody can connect."""

    @property
    def filesystem(self) -> ToyFileSystem:
        raise ConnectionError("nobody answers")


def test_location_is_known_without_the_store(bucket: Bucket) -> None:
    adapter = UnreachableBucketAdapter(bucket, bucket.provider)

    location = adapter.location()

    assert location.uri == adapter.get_uri() == bucket.get_uri()


class BlindFileSystem(ToyFileSystem):
    """Takes a file that it may not see for one that is missing, as fsspec's local one does."""

    cachable = False

    def get_file(self, rpath: str, lpath: str, **kwargs: Any) -> None:
        raise FileNotFoundError(rpath)


class BlindBucketAdapter(ToyBucketAdapter):
    """A bucket of the toy platform, locked, on a filesystem that doesn't say so of a file."""

    @property
    def filesystem(self) -> ToyFileSystem:
        return BlindFileSystem(locked=(f"cellar/{self.resource.bucket_name}",))


def test_file_that_is_locked_is_not_taken_for_missing(bucket: Bucket) -> None:
    file = bucket / "rows.parquet"
    file.write(ROWS)
    adapter = BlindBucketAdapter(file, file.provider)

    with pytest.raises(PermissionError, match="is locked"):
        adapter.scan(file.get_format(), None, {})


def test_directory_that_is_locked_is_not_taken_for_empty(bucket: Bucket) -> None:
    name = bucket.bucket_name
    bucket.write(ROWS, partition_by="year")
    locked = ToyConfig(region="cellar", locked_buckets=(f"{name}/sales/year=2024",))

    with pytest.raises(AccessDeniedError, match="year=2024 is locked"):
        Provider(config=locked).bucket(name, "sales/").list()


@pytest.mark.parametrize("format", ["delta", "iceberg"])
def test_table_is_refused(bucket: Bucket, format: str) -> None:
    table = bucket.provider.bucket(bucket.bucket_name, "table", format)

    with pytest.raises(FormatError, match=f"a store that {format} tables can't be kept in"):
        table.write(ROWS)


def test_process_leaves_no_temporary_file(tmp_path: Path) -> None:
    program = """
        import polars as pl
        from glacier.config import ToyConfig
        from glacier.provider import Provider

        bucket = Provider(config=ToyConfig(region="attic")).bucket("b", "rows/")
        bucket.write(pl.DataFrame({"number": [1]}))
        print(bucket.scan().collect().item())
    """

    done = run_python(program, TMPDIR=str(tmp_path))

    assert (done.stdout, done.stderr) == ("1\n", "")
    assert list(tmp_path.iterdir()) == []
