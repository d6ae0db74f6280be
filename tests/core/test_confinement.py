"""No bucket name, path or symlink leads out of the base path of a `LocalConfig`."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from glacier import Bucket, Provider
from glacier.config import LocalConfig
from glacier.errors import PathError

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="symlinks need a privilege there")

FRAME = pl.DataFrame({"x": [1, 2]})

OPERATIONS: dict[str, Callable[[Bucket], object]] = {
    "scan": Bucket.scan,
    "read": Bucket.read,
    "write": lambda bucket: bucket.write(FRAME),
    "exists": Bucket.exists,
    "list": Bucket.list,
    "open": lambda bucket: bucket.open("wb"),
}


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A directory beside the base path, with a file and a dataset in it."""
    directory = tmp_path / "outside"
    (directory / "ds").mkdir(parents=True)
    FRAME.write_parquet(directory / "f.parquet")
    FRAME.write_parquet(directory / "ds" / "f.parquet")
    return directory


def everything(directory: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in directory.rglob("*") if path.is_file()}


def link(base_path: Path, name: str, target: Path) -> None:
    place = base_path / "b" / name
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(target)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_file_behind_a_symlink_outside_is_refused(
    provider: Provider, base_path: Path, outside: Path, operation: str
) -> None:
    link(base_path, "f.parquet", outside / "f.parquet")
    before = everything(outside)

    with pytest.raises(PathError, match=r"leads through a symlink to '.*/outside/f\.parquet'"):
        OPERATIONS[operation](provider.bucket("b", "f.parquet"))

    assert everything(outside) == before


@pytest.mark.parametrize("operation", OPERATIONS)
def test_path_below_a_symlink_outside_is_refused(
    provider: Provider, base_path: Path, outside: Path, operation: str
) -> None:
    link(base_path, "link", outside)
    before = everything(outside)

    with pytest.raises(PathError, match=r"which is outside the base path '.*/data'\. Remove the"):
        OPERATIONS[operation](provider.bucket("b", "link/new.parquet"))

    assert everything(outside) == before


@pytest.mark.parametrize("operation", sorted(OPERATIONS.keys() - {"open"}))
def test_dataset_behind_a_symlink_outside_is_refused(
    provider: Provider, base_path: Path, outside: Path, operation: str
) -> None:
    link(base_path, "ds", outside / "ds")
    before = everything(outside)

    with pytest.raises(PathError, match="leads through a symlink"):
        OPERATIONS[operation](provider.bucket("b", "ds/"))

    assert everything(outside) == before


@pytest.mark.parametrize("operation", ["scan", "read", "list"])
@pytest.mark.parametrize("path", ["ds/", "ds/*", "ds/**/*.parquet"])
def test_dataset_with_a_file_that_leads_outside_is_refused(
    provider: Provider, base_path: Path, outside: Path, path: str, operation: str
) -> None:
    link(base_path, "ds/f.parquet", outside / "f.parquet")

    with pytest.raises(PathError, match="leads through a symlink"):
        OPERATIONS[operation](provider.bucket("b", path, "parquet"))


@pytest.mark.parametrize("path", ["ds/", "ds/*/*.parquet", "ds/**/*.parquet"])
def test_dataset_with_a_directory_that_leads_outside_is_refused(
    provider: Provider, base_path: Path, outside: Path, path: str
) -> None:
    link(base_path, "ds/sub", outside / "ds")

    with pytest.raises(PathError, match="leads through a symlink"):
        provider.bucket("b", path).scan()


@pytest.mark.parametrize("operation", ["write", "deploy"])
def test_bucket_that_leads_outside_is_refused(
    provider: Provider, base_path: Path, outside: Path, operation: str
) -> None:
    base_path.mkdir()
    (base_path / "b").symlink_to(outside)
    before = everything(outside)

    with pytest.raises(PathError, match="leads through a symlink"):
        {**OPERATIONS, "deploy": Bucket.deploy}[operation](provider.bucket("b", "f.parquet"))

    assert everything(outside) == before


@pytest.mark.parametrize("path", ["link", "link/"])
def test_delete_of_a_symlink_removes_nothing_outside(
    provider: Provider, base_path: Path, outside: Path, path: str
) -> None:
    link(base_path, "link", outside)
    before = everything(outside)

    with pytest.raises(PathError, match="leads through a symlink"):
        provider.bucket("b", path).delete()

    assert everything(outside) == before


def test_symlink_back_to_its_own_directory_is_refused(provider: Provider, base_path: Path) -> None:
    provider.bucket("b", "ds/").write(FRAME)
    link(base_path, "ds/loop", base_path / "b")

    with pytest.raises(PathError, match=r"is a symlink back to '.*/data/b', in which it lies"):
        provider.bucket("b", "ds/").read()


def test_symlink_to_itself_is_refused(provider: Provider, base_path: Path) -> None:
    link(base_path, "f.parquet", base_path / "b" / "f.parquet")

    with pytest.raises(PathError, match="The disk refuses the path"):
        provider.bucket("b", "f.parquet").read()


def test_symlink_inside_the_base_path_is_followed(provider: Provider, base_path: Path) -> None:
    provider.bucket("a", "ds/").write(FRAME)
    link(base_path, "ds", base_path / "a" / "ds")

    provider.bucket("b", "ds/").write(FRAME * 10)

    assert (base_path / "b" / "ds").is_symlink()
    assert provider.bucket("a", "ds/").read()["x"].to_list() == [10, 20]
    assert len(provider.bucket("b", "ds/").list()) == 1
    assert provider.bucket("b", "ds/").list()[0].startswith("ds/")


def test_delete_of_a_symlink_inside_the_base_path_keeps_what_it_leads_to(
    provider: Provider, base_path: Path
) -> None:
    provider.bucket("a", "ds/").write(FRAME)
    link(base_path, "ds", base_path / "a" / "ds")

    provider.bucket("b", "ds/").delete()

    assert not provider.bucket("b", "ds/").exists()
    assert provider.bucket("a", "ds/").exists()


def test_base_path_may_be_a_symlink(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "base").symlink_to(tmp_path / "real")
    bucket = Provider(config=LocalConfig(base_path=tmp_path / "base")).bucket("b", "f.parquet")

    bucket.write(FRAME)

    assert bucket.read().equals(FRAME)
    assert (tmp_path / "real" / "b" / "f.parquet").is_file()


def test_relative_base_path_is_taken_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    bucket = Provider(config=LocalConfig(base_path=Path("data"))).bucket("b", "f.parquet")
    bucket.write(FRAME)

    monkeypatch.chdir(os.sep)

    assert bucket.read().equals(FRAME)
    assert bucket.get_uri() == (tmp_path / "data" / "b" / "f.parquet").as_uri()
