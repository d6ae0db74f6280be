"""What a job's package is made of."""

import hashlib
import io
import json
import sys
import threading
import zipfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from glacier import Bucket, Provider
from glacier.config import LocalConfig
from glacier.errors import PackageError, WriteError
from glacier.jobs.archive import archived, glacier_sources
from glacier.jobs.call import CALL_MAIN, Call
from glacier.jobs.package import ENTRYPOINT, write_package
from glacier.plugins import load_plugins
from tests.core.distributions import run_python, write_distribution
from tests.core.packaged_jobs import directory_of, packed_job, place_in


def double(x: Any) -> Any:
    import duckdb

    return duckdb.__version__ and x * 2


def header_of(place: Bucket) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((directory_of(place) / "header.json").read_bytes())
    return found


def names_in(place: Bucket) -> list[str]:
    with zipfile.ZipFile(directory_of(place) / "code.zip") as archive:
        return archive.namelist()


def test_package_names_its_place_and_the_digest_of_its_header(provider: Provider) -> None:
    package = packed_job(provider, double, 1)

    header = (directory_of(package.place) / "header.json").read_bytes()
    assert package.args == (
        f"{directory_of(package.place)}/",
        hashlib.sha256(header).hexdigest(),
    )


def test_header_says_what_runs_where(provider: Provider) -> None:
    package = packed_job(provider, double, 1)

    header = header_of(package.place)

    directory = directory_of(package.place)
    assert header == {
        "format": 1,
        "glacier": version("glacier-core"),
        "python": f"{sys.version_info.major}.{sys.version_info.minor}",
        "needs_same_python": False,
        "polars": pl.__version__,
        "engine": "python",
        "main": "glacier.jobs.call:call",
        "requirements": list(package.requirements),
        "sha256": {
            name: hashlib.sha256((directory / name).read_bytes()).hexdigest()
            for name in ("code.zip", "payload.pickle")
        },
    }


def test_package_pins_what_its_sources_import(provider: Provider) -> None:
    package = packed_job(provider, double, 1)

    assert f"polars=={pl.__version__}" in package.requirements
    assert f"duckdb=={version('duckdb')}" in package.requirements


def test_package_pins_what_the_plugins_in_use_need(provider: Provider) -> None:
    from glacier_toy import ToyConfig

    elsewhere = Provider(ToyConfig(region="cellar"))

    package = packed_job(provider, print, elsewhere.bucket("b", "x.parquet"))

    names = [pin.partition("==")[0] for pin in package.requirements]
    assert "fsspec" in names
    assert not [name for name in names if name.startswith("glacier")]
    assert "typer" not in names


def test_function_of_a_module_runs_on_any_python(provider: Provider) -> None:
    by_name = packed_job(provider, double, 1)
    by_value = packed_job(provider, lambda: 1)

    assert not header_of(by_name.place)["needs_same_python"]
    assert header_of(by_value.place)["needs_same_python"]


def test_code_holds_glacier_and_its_plugins(provider: Provider) -> None:
    package = packed_job(provider, double, 1)

    names = names_in(package.place)

    assert {"glacier/__init__.py", "glacier/py.typed", "glacier_toy/hooks.py"} <= set(names)
    core = f"glacier_core-{version('glacier-core')}.dist-info"
    assert {f"{core}/METADATA", f"{core}/entry_points.txt"} <= set(names)
    assert not [name for name in names if "__pycache__" in name]


def test_code_holds_the_functions_module_and_not_its_neighbours(provider: Provider) -> None:
    package = packed_job(provider, double, 1)

    names = [name for name in names_in(package.place) if name.startswith("tests/")]

    # With entries for the namespace packages, without which nothing is imported from a zip.
    assert names == [
        "tests/",
        "tests/core/",
        "tests/core/distributions.py",
        "tests/core/packaged_jobs.py",
        "tests/core/test_jobs_package.py",
    ]


def test_function_by_its_value_leaves_its_module_behind(provider: Provider) -> None:
    package = packed_job(provider, lambda: 1)

    assert not [name for name in names_in(package.place) if name.startswith("tests/")]


def test_code_can_be_imported_from_its_archive(provider: Provider) -> None:
    package = packed_job(provider, double, 1)
    program = f"""
        import sys
        sys.path.insert(0, {str(directory_of(package.place) / "code.zip")!r})
        import glacier, glacier_toy
        import tests.core.packaged_jobs
        from glacier.plugins import load_plugins
        print(sorted(plugin.name for plugin in load_plugins().installed))
        modules = (glacier, glacier_toy, tests.core.packaged_jobs)
        print(all("code.zip" in module.__file__ for module in modules))
    """

    done = run_python(program)

    here = sorted(plugin.name for plugin in load_plugins().installed)
    assert done.stdout.splitlines() == [str(here), "True"], done.stderr


def test_archive_of_the_same_files_is_the_same() -> None:
    files = {"b/x.py": b"1", "a.py": b"2"}

    first, second = archived([files]), archived([dict(reversed(files.items()))])

    assert first == second
    assert zipfile.ZipFile(io.BytesIO(first)).namelist() == ["a.py", "b/", "b/x.py"]


def test_plugin_of_one_module_travels(tmp_path: Path) -> None:
    write_distribution(tmp_path, "flat-plugin", "NAME = 'flat'")
    program = """
        from glacier.jobs.archive import glacier_sources
        sources = glacier_sources()
        print(sources.files["flat_plugin.py"])
        print("flat_plugin-1.0.dist-info/entry_points.txt" in sources.files)
        print(sources.packages["flat_plugin"].name)
    """

    done = run_python(program, tmp_path)

    assert done.stdout.splitlines() == ["b\"NAME = 'flat'\"", "True", "flat-plugin"], done.stderr


def test_sources_of_glacier_are_read_once() -> None:
    assert glacier_sources() is glacier_sources()


def test_frames_of_a_package_are_reported(provider: Provider) -> None:
    bucket = provider.bucket("sales", "rows.parquet")
    bucket.write(pl.DataFrame({"x": [1]}))

    package = packed_job(provider, print, bucket.scan(), pl.DataFrame({"y": [1]}))

    assert [frame.travels_as for frame in package.frames] == ["scan", "staged"]
    assert package.frames[0].uri == bucket.adapter.location().uri
    assert package.frames[1].uri == f"{directory_of(package.place)}/in/0/"


def test_package_that_cannot_be_packed_leaves_nothing(provider: Provider) -> None:
    place, lock = place_in(provider), threading.Lock()

    with pytest.raises(
        PackageError, match=r"^The job print can't be sent to another process: argument 1 is a lo"
    ):
        write_package(place, Call(print, (pl.DataFrame({"x": [1]}), lock)), CALL_MAIN)

    assert not directory_of(place).exists()


def test_package_names_the_job_as_it_is_told(provider: Provider) -> None:
    with pytest.raises(PackageError, match=r"^Task 'load' can't be sent to another process: item"):
        write_package(place_in(provider), [threading.Lock()], "somewhere:main", name="Task 'load'")


def test_package_with_code_is_refused_where_python_is_another(provider: Provider) -> None:
    place = place_in(provider)

    with pytest.raises(PackageError, match=r"^The job .*<lambda> holds .* runs Python 3\.99 while"):
        write_package(place, Call(lambda: 1), CALL_MAIN, remote_python="3.99")
    write_package(place, Call(print, ("hello",)), CALL_MAIN, remote_python="3.99")

    assert header_of(place)["needs_same_python"] is False


def test_package_has_no_header_when_a_frame_cannot_be_computed(provider: Provider) -> None:
    place = place_in(provider)
    broken = pl.LazyFrame({"x": ["a"]}).select(pl.col("x").cast(pl.Int64))

    with pytest.raises(WriteError, match=r"conversion from `str` to `i64` failed"):
        write_package(place, Call(print, (broken,)), CALL_MAIN)

    assert not (directory_of(place) / "header.json").exists()


def test_package_that_cannot_be_sent_whole_leaves_nothing(provider: Provider) -> None:
    place = place_in(provider)
    frames = (pl.LazyFrame({"x": ["1"]}), pl.LazyFrame({"x": ["a"]}))
    numbers = tuple(frame.select(pl.col("x").cast(pl.Int64)) for frame in frames)

    with pytest.raises(WriteError, match=r"conversion from `str` to `i64` failed"):
        write_package(place, Call(print, numbers), CALL_MAIN)

    assert not directory_of(place).exists()


def test_frames_of_several_sources_are_reported_with_all_of_them(tmp_path: Path) -> None:
    provider = Provider(LocalConfig(base_path=tmp_path / "one, two"))
    buckets = [provider.bucket("b", f"{name}.parquet") for name in ("x", "y")]
    for bucket in buckets:
        bucket.write(pl.DataFrame({"x": [1]}))
    both = pl.concat([bucket.scan() for bucket in buckets])

    package = write_package(place_in(provider), Call(print, (both,)), CALL_MAIN)

    uris = {bucket.adapter.location().uri for bucket in buckets}
    assert set(package.frames[0].uris) == uris


def test_entrypoint_is_a_file_that_can_be_sent_alone() -> None:
    assert Path(ENTRYPOINT).is_file()
    assert "import glacier" not in ENTRYPOINT.read_text().partition("def run(")[0]
