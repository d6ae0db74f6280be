"""Buckets on this machine's disk."""

import os
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl
import pytest

from glacier import Provider
from glacier.config import LocalConfig
from glacier.errors import (
    AccessDeniedError,
    EmptyDatasetError,
    ObjectExistsError,
    ObjectNotFoundError,
    PathError,
)
from glacier.local.stage import MAX_AGE_SECONDS, new_stage, sweep
from glacier.local.swap import exchange
from glacier.storage import new_token
from tests.core.distributions import run_python

FRAME = pl.DataFrame({"part": ["a", "b"], "x": [1, 2]})
NOBODY = 65534

ODD_NAMES = [
    "with space",
    "ünïcödé-数据",
    "tab\there",
    "100%",
    "a%20b",
    "#fragment",
    "a+b",
    "a&b=c",
    "~tilde",
    "'quotes\"",
    "x" * 200,
]


@contextmanager
def as_nobody() -> Iterator[None]:
    """Act without root's rights, which no permission would stop."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def open_path() -> Iterator[Path]:
    """A base path that every user may enter, which pytest's own is not."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name)
        path.chmod(0o755)
        yield path


@pytest.mark.parametrize("name", ODD_NAMES)
@pytest.mark.parametrize("suffix", ["parquet", "csv", "ndjson", "ipc"])
def test_odd_file_name_round_trips(provider: Provider, name: str, suffix: str) -> None:
    bucket = provider.bucket("b", f"{name}/{name}.{suffix}")

    bucket.write(FRAME)

    assert bucket.read().equals(FRAME)
    assert bucket.exists()
    assert bucket.list() == [f"{name}/{name}.{suffix}"]


@pytest.mark.parametrize("name", ODD_NAMES)
@pytest.mark.parametrize("format_name", ["parquet", "csv", "ndjson", "ipc"])
def test_odd_dataset_name_round_trips(provider: Provider, name: str, format_name: str) -> None:
    bucket = provider.bucket("b", f"{name}/", format_name)

    bucket.write(FRAME)

    assert bucket.read().equals(FRAME)
    assert bucket.list()[0].startswith(f"{name}/")


@pytest.mark.parametrize("path", ["f.parquet", "f.csv", "f.ndjson", "f.ipc", "ds/", "ds/*.parquet"])
def test_base_path_with_glob_characters_is_taken_literally(tmp_path: Path, path: str) -> None:
    (tmp_path / "a1b").mkdir()
    provider = Provider(config=LocalConfig(base_path=tmp_path / "a[1]*?b"))
    provider.bucket("b", path.replace("*.parquet", "")).write(FRAME)

    assert provider.bucket("b", path).read().equals(FRAME)
    assert provider.bucket("b", path).exists()


def test_name_that_is_too_long_is_refused(provider: Provider) -> None:
    with pytest.raises(PathError, match=r"The disk refuses the path .*: File name too long"):
        provider.bucket("b", f"{'x' * 300}.parquet").write(FRAME)


@pytest.mark.parametrize(
    ("path", "tail"),
    [("a b#%.parquet", "a%20b%23%25.parquet"), ("ü/", "%C3%BC/"), ("", "")],
)
def test_get_uri_is_percent_encoded(provider: Provider, path: str, tail: str) -> None:
    uri = provider.bucket("b", path).get_uri()

    assert uri.startswith("file:///")
    assert uri.endswith(f"/data/b/{tail}".rstrip("/") + ("/" if path.endswith("/") else ""))


def test_location_is_the_plain_path(provider: Provider, base_path: Path) -> None:
    file, dataset = provider.bucket("b", "a b.csv"), provider.bucket("b", "ds/")

    assert file.adapter.location().uri == str(base_path / "b" / "a b.csv")
    assert dataset.adapter.location().uri == f"{base_path}/b/ds/"


def test_write_makes_the_bucket(provider: Provider, base_path: Path) -> None:
    provider.bucket("b", "deep/er/f.parquet").write(FRAME)

    assert (base_path / "b" / "deep" / "er" / "f.parquet").is_file()


def test_deploy_makes_the_bucket_and_again_changes_nothing(provider: Provider) -> None:
    bucket = provider.bucket("b")

    bucket.deploy()
    bucket.deploy()

    assert bucket.exists()
    assert bucket.list() == []


@pytest.mark.skipif(sys.platform == "win32", reason="no permission bits there")
@pytest.mark.parametrize("path", ["f.parquet", "ds/"])
def test_written_data_have_the_usual_permissions(
    provider: Provider, base_path: Path, path: str
) -> None:
    mask = os.umask(0o022)
    try:
        provider.bucket("b", path).write(FRAME)
    finally:
        os.umask(mask)

    written = provider.bucket("b", path).list()[0]
    assert stat.S_IMODE((base_path / "b" / written).stat().st_mode) == 0o644
    assert stat.S_IMODE((base_path / "b" / written).parent.stat().st_mode) == 0o755


def test_exists_asks_for_the_file_itself(provider: Provider) -> None:
    provider.bucket("b", "ds/f.parquet").write(FRAME)

    assert provider.bucket("b", "ds/f.parquet").exists()
    assert not provider.bucket("b", "ds/other.parquet").exists()
    assert not provider.bucket("b", "ds").exists()
    assert not provider.bucket("b", "ds/f.parquet/below.parquet").exists()


def test_exists_asks_for_one_file_of_a_dataset(provider: Provider, base_path: Path) -> None:
    (base_path / "b" / "empty" / "sub").mkdir(parents=True)
    provider.bucket("b", "full/sub/f.parquet").write(FRAME)

    assert provider.bucket("b", "full/").exists()
    assert provider.bucket("b", "full/**/*.parquet").exists()
    assert not provider.bucket("b", "empty/").exists()
    assert not provider.bucket("b", "missing/").exists()
    assert not provider.bucket("b", "missing/*.parquet").exists()


def test_exists_without_a_path_asks_for_the_bucket(provider: Provider, base_path: Path) -> None:
    (base_path / "empty").mkdir(parents=True)

    assert provider.bucket("empty").exists()
    assert not provider.bucket("missing").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="no permission bits there")
@pytest.mark.parametrize("path", ["shut/f.parquet", "shut/", "shut/*.parquet", "**/*.parquet"])
@pytest.mark.parametrize("operation", ["exists", "read", "list"])
def test_unreadable_directory_is_denied_and_not_missing(
    open_path: Path, path: str, operation: str
) -> None:
    provider = Provider(config=LocalConfig(base_path=open_path))
    provider.bucket("b", "shut/f.parquet").write(FRAME)
    bucket = provider.bucket("b", path)
    (open_path / "b" / "shut").chmod(0)

    with as_nobody(), pytest.raises(AccessDeniedError, match=r"Access to file://.* is denied"):
        getattr(bucket, operation)()

    (open_path / "b" / "shut").chmod(0o755)


@pytest.mark.skipif(sys.platform == "win32", reason="no permission bits there")
def test_unwritable_base_path_is_denied(open_path: Path) -> None:
    bucket = Provider(config=LocalConfig(base_path=open_path / "base")).bucket("b", "f.parquet")

    open_path.chmod(0o555)
    with as_nobody(), pytest.raises(AccessDeniedError, match=r"Access to file://.*/b/f\.parquet"):
        bucket.write(FRAME)
    open_path.chmod(0o755)


def test_list_is_sorted_and_relative_to_the_bucket(provider: Provider) -> None:
    for path in ["b.csv", "ds/z.csv", "ds/a/y.csv", "a.csv"]:
        provider.bucket("b", path).write(FRAME)

    assert provider.bucket("b").list() == ["a.csv", "b.csv", "ds/a/y.csv", "ds/z.csv"]
    assert provider.bucket("b", "ds/").list() == ["ds/a/y.csv", "ds/z.csv"]
    assert provider.bucket("b", "ds/z.csv").list() == ["ds/z.csv"]
    assert provider.bucket("b", "*.csv").list() == ["a.csv", "b.csv"]
    assert provider.bucket("b", "**/[yz].csv").list() == ["ds/a/y.csv", "ds/z.csv"]
    assert provider.bucket("b", "missing/").list() == []


@pytest.mark.parametrize(
    "pattern", ["ds/*.parquet", "ds/**/*.parquet", "ds/part=?/*", "**/*a*/*", "ds/part=[!a]/*"]
)
def test_glob_lists_what_it_reads(provider: Provider, pattern: str) -> None:
    provider.bucket("b", "ds/").write(FRAME, partition_by="part")
    provider.bucket("b", "ds/a.parquet").write(FRAME.select("x"))
    bucket = provider.bucket("b", pattern, "parquet")

    read = bucket.scan(include_file_paths="path", hive_partitioning=False).collect()

    root = provider.bucket("b").adapter.location().path
    assert sorted({path.removeprefix(root) for path in read["path"]}) == bucket.list()


def test_delete_removes_what_the_path_holds(provider: Provider) -> None:
    for path in ["f.csv", "g.csv", "ds/x.csv", "other/x.csv"]:
        provider.bucket("b", path).write(FRAME)

    provider.bucket("b", "f.csv").delete()
    provider.bucket("b", "ds/").delete()
    provider.bucket("b", "oth*/*.csv").delete()

    assert provider.bucket("b").list() == ["g.csv"]


@pytest.mark.parametrize("path", ["f.csv", "ds/", "x*.csv"])
def test_delete_of_nothing_does_nothing(provider: Provider, path: str) -> None:
    provider.bucket("b", path).delete()

    assert not provider.bucket("b", path).exists()


def test_delete_of_a_directory_has_to_say_so(provider: Provider) -> None:
    provider.bucket("b", "ds/x.csv").write(FRAME)

    with pytest.raises(PathError, match="is a directory; end the path in '/' to delete it"):
        provider.bucket("b", "ds").delete()

    assert provider.bucket("b").list() == ["ds/x.csv"]


def test_append_adds_and_overwrite_replaces(provider: Provider) -> None:
    bucket = provider.bucket("b", "ds/")

    bucket.write(FRAME)
    bucket.write(FRAME, mode="append")
    appended = bucket.read().height
    bucket.write(FRAME.head(1))

    assert appended == 4
    assert bucket.read().height == 1


@pytest.mark.parametrize("path", ["f.parquet", "ds/"])
def test_error_mode_refuses_and_ignore_keeps_what_is_there(provider: Provider, path: str) -> None:
    bucket = provider.bucket("b", path)
    bucket.write(FRAME, mode="error")

    with pytest.raises(ObjectExistsError, match="already holds data, and mode='error' refuses"):
        bucket.write(FRAME.head(1), mode="error")
    bucket.write(FRAME.head(1), mode="ignore")

    assert bucket.read().equals(FRAME)


@pytest.mark.parametrize("mode", ["overwrite", "append", "error", "ignore"])
def test_empty_partitioned_frame_writes_nothing(provider: Provider, mode: str) -> None:
    bucket = provider.bucket("b", "ds/")

    bucket.write(FRAME.clear(), mode=mode, partition_by="part")  # type: ignore[arg-type]

    assert not bucket.exists()
    with pytest.raises(EmptyDatasetError, match="holds no file, so it has no columns either"):
        bucket.read()


def test_empty_partitioned_frame_overwrites(provider: Provider) -> None:
    bucket = provider.bucket("b", "ds/")
    bucket.write(FRAME, partition_by="part")

    bucket.write(FRAME.clear(), partition_by="part")

    assert bucket.list() == []


def test_file_in_place_of_a_directory_is_refused(provider: Provider) -> None:
    provider.bucket("b", "f.parquet").write(FRAME)

    with pytest.raises(PathError, match=r"is a file\. Leave the trailing '/' out"):
        provider.bucket("b", "f.parquet/").write(FRAME)
    with pytest.raises(PathError, match="is a file; leave the trailing '/' out to read it"):
        provider.bucket("b", "f.parquet/").scan()
    with pytest.raises(PathError, match="can't be made, since a file is in its place or above it"):
        provider.bucket("b", "f.parquet/g.parquet").write(FRAME)
    with pytest.raises(PathError, match="can't be made, since a file is in its place or above it"):
        provider.bucket("b", "f.parquet/").write(FRAME, mode="append")

    assert provider.bucket("b", "f.parquet").read().equals(FRAME)


def test_directory_in_place_of_a_file_is_refused(provider: Provider) -> None:
    provider.bucket("b", "ds.parquet/").write(FRAME)

    with pytest.raises(PathError, match=r"is a directory\. End the path in '/' to replace"):
        provider.bucket("b", "ds.parquet").write(FRAME)
    with pytest.raises(PathError, match="is a directory; end the path in '/' to read it"):
        provider.bucket("b", "ds.parquet").scan()

    assert provider.bucket("b", "ds.parquet/").read().equals(FRAME)


@pytest.mark.parametrize("path", ["f.parquet", "f.csv", "f.ndjson", "f.ipc"])
def test_missing_file_is_not_found(provider: Provider, path: str) -> None:
    with pytest.raises(ObjectNotFoundError, match=r"Nothing is at file://.*\. Check the bucket's"):
        provider.bucket("b", path).read()


@pytest.mark.parametrize("path", ["ds/", "ds/*.parquet"])
def test_missing_dataset_is_not_found(provider: Provider, path: str) -> None:
    with pytest.raises(ObjectNotFoundError, match=r"The dataset file://.* holds no file"):
        provider.bucket("b", path).read()


def test_open_reads_and_writes_bytes(provider: Provider) -> None:
    bucket = provider.bucket("b", "new/notes.csv")

    with bucket.open("wb") as file:
        file.write(b"x\n1\n")

    assert bucket.read()["x"].to_list() == [1]
    with bucket.open("rb") as file:
        assert file.read() == b"x\n1\n"


def test_stage_is_hidden_from_every_bucket(provider: Provider, base_path: Path) -> None:
    bucket = provider.bucket("b", "ds/")
    stage = bucket.adapter.stage("overwrite")
    FRAME.write_parquet(f"{stage.location.uri}x.parquet")

    assert not bucket.exists()
    assert provider.bucket("b").list() == []
    assert Provider(config=LocalConfig(base_path=base_path.parent)).bucket("data").list() == []
    bucket.adapter.discard(stage)
    bucket.adapter.discard(stage)
    assert list(base_path.glob(".glacier/stages/*/*/*")) == []


def test_process_that_staged_leaves_no_directory_behind(tmp_path: Path) -> None:
    program = (
        "from glacier import Provider\n"
        "from glacier.config import LocalConfig\n"
        "import polars as pl\n"
        f"provider = Provider(config=LocalConfig(base_path={str(tmp_path)!r}))\n"
        "provider.bucket('b', 'f.parquet').write(pl.DataFrame({'x': [1]}))\n"
    )

    finished = run_python(program)

    assert finished.returncode == 0, finished.stderr
    assert list(tmp_path.glob(".glacier/stages/*")) == []
    assert (tmp_path / "b" / "f.parquet").is_file()


def test_sweep_leaves_the_stages_of_a_living_process(tmp_path: Path) -> None:
    stage = new_stage(tmp_path, new_token())
    old = time.time() - 2 * MAX_AGE_SECONDS
    os.utime(stage.parent, (old, old))

    sweep(tmp_path)

    assert stage.is_dir()


@pytest.mark.parametrize(("age_seconds", "is_left"), [(MAX_AGE_SECONDS / 2, True), (90_000, False)])
def test_sweep_takes_stages_that_can_prove_nothing_after_a_day(
    tmp_path: Path, age_seconds: float, is_left: bool
) -> None:
    elsewhere = tmp_path / ".glacier" / "stages" / "another.machine-1-abc"
    elsewhere.mkdir(parents=True)
    (elsewhere / "lock").touch()
    then = time.time() - age_seconds
    os.utime(elsewhere, (then, then))

    sweep(tmp_path)

    assert elsewhere.exists() == is_left


def test_base_path_that_was_removed_is_staged_in_anew(tmp_path: Path) -> None:
    provider = Provider(config=LocalConfig(base_path=tmp_path / "data"))
    provider.bucket("b", "f.parquet").write(FRAME)
    (tmp_path / "data").rename(tmp_path / "gone")

    provider.bucket("b", "f.parquet").write(FRAME)

    assert provider.bucket("b", "f.parquet").read().equals(FRAME)


def test_exchange_swaps_two_directories(tmp_path: Path) -> None:
    for name in ["one", "other"]:
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}.txt").touch()

    exchange(tmp_path / "one", tmp_path / "other")

    assert [path.name for path in (tmp_path / "one").iterdir()] == ["other.txt"]
    assert [path.name for path in (tmp_path / "other").iterdir()] == ["one.txt"]


DIE_BETWEEN_TWO_RENAMES = """
import os, sys
from pathlib import Path
from glacier.local.stage import new_stage
from glacier.local.swap import put_aside
put_aside(new_stage(Path(sys.argv[1]), "0123456789abcdef"), Path(sys.argv[1]) / "lake/ds")
os._exit(1)
"""


def test_dataset_put_aside_by_a_dead_process_comes_back(
    provider: Provider, base_path: Path
) -> None:
    dataset = provider.bucket("lake", "ds/")
    dataset.write(pl.DataFrame({"a": [1, 2]}))
    subprocess.run([sys.executable, "-c", DIE_BETWEEN_TWO_RENAMES, str(base_path)], check=False)
    assert not dataset.exists()

    sweep(base_path)

    assert dataset.read()["a"].to_list() == [1, 2]


def test_dataset_put_aside_does_not_replace_a_newer_one(
    provider: Provider, base_path: Path
) -> None:
    dataset = provider.bucket("lake", "ds/")
    dataset.write(pl.DataFrame({"a": [1, 2]}))
    subprocess.run([sys.executable, "-c", DIE_BETWEEN_TWO_RENAMES, str(base_path)], check=False)
    dataset.write(pl.DataFrame({"a": [3]}))

    sweep(base_path)

    assert dataset.read()["a"].to_list() == [3]


def test_uri_of_a_glob_shows_the_pattern(provider: Provider, base_path: Path) -> None:
    uri = provider.bucket("lake", "a b/*.par[qk]uet").get_uri()

    assert uri == f"{base_path.as_uri()}/lake/a%20b/*.par[qk]uet"


@pytest.mark.parametrize("format_name", ["parquet", "csv", "ndjson", "ipc"])
def test_missing_dataset_with_a_declared_schema_is_empty(
    provider: Provider, format_name: str
) -> None:
    schema = {"a": pl.Int64, "b": pl.String}

    frame = provider.bucket("lake", "none/", format_name, schema=schema).read()

    assert frame.schema == schema
    assert frame.is_empty()


def test_error_mode_names_the_modes_that_the_path_takes(provider: Provider) -> None:
    provider.bucket("lake", "x.parquet").write(pl.DataFrame({"a": [1]}))
    provider.bucket("lake", "ds/").write(pl.DataFrame({"a": [1]}))

    with pytest.raises(ObjectExistsError, match=r"Use mode='overwrite' or 'ignore'\.$"):
        provider.bucket("lake", "x.parquet").write(pl.DataFrame({"a": [2]}), mode="error")
    with pytest.raises(ObjectExistsError, match=r"Use mode='overwrite', 'append' or 'ignore'\.$"):
        provider.bucket("lake", "ds/").write(pl.DataFrame({"a": [2]}), mode="error")
