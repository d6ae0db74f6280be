"""The entrypoint, started for real in processes of their own."""

import ast
import json
import os
import subprocess
import sys
import textwrap
import zipfile
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

import glacier
from glacier import Bucket, Provider, task
from glacier.config import LocalConfig
from glacier.errors import JobError, RemoteError
from glacier.job_status import JobStatus
from glacier.jobs.call import CALL_MAIN, Call
from glacier.jobs.errand import Errand
from glacier.jobs.package import ENTRYPOINT, Package, write_package
from glacier.jobs.result import read_result
from glacier.resources.scans import scan_of
from tests.core.packaged_jobs import (
    Ended,
    directory_of,
    packed_job,
    place_in,
    run_there,
    start,
)

ROWS = pl.DataFrame({"x": [1, 2, 3], "part": ["a", "b", "a"]})
NEEDED = {
    "annotated_types",
    "cloudpickle",
    "fsspec",
    "pluggy",
    "polars",
    "_polars_runtime_32",
    "pydantic",
    "pydantic_core",
    "tenacity",
    "typing_extensions.py",
    "typing_inspection",
}


def add(x: int, y: int = 1) -> int:
    return x + y


@task
def doubled(frame: pl.LazyFrame) -> pl.LazyFrame:
    return frame.with_columns(pl.col("x") * 2)


def files_of_glacier() -> list[str]:
    return sorted(
        module.__file__ or "" for name, module in sys.modules.items() if name.startswith("glacier")
    )


def plugin_names() -> list[str]:
    from glacier.plugins import load_plugins

    return sorted(plugin.name for plugin in load_plugins().installed if plugin.error is None)


def what_the_main_function_gets(work: object, errand: Errand) -> dict[str, Any]:
    with zipfile.ZipFile(errand.code) as archive:
        has_glacier = "glacier/__init__.py" in archive.namelist()
    return {
        "work": work,
        "place": errand.place.path,
        "engine": errand.engine,
        "has_glacier": has_glacier,
    }


def test_function_runs_there_and_its_value_returns(provider: Provider) -> None:
    ended = run_there(provider, add, 20, y=22)

    assert (ended.exit_code, ended.value) == (0, 42)
    assert ended.outcome.state is JobStatus.SUCCEEDED
    assert 0 <= (ended.outcome.duration_seconds or -1) < 60


def test_job_runs_the_sources_that_travelled(provider: Provider) -> None:
    found = run_there(provider, files_of_glacier).value

    assert glacier.__file__ not in found
    assert all("/glacier-job-" in path for path in found)


def test_job_finds_the_plugins_that_travelled(provider: Provider) -> None:
    here = plugin_names()

    assert run_there(provider, plugin_names).value == here
    assert "toy" in here


def test_job_leaves_no_unpacked_code_behind(provider: Provider) -> None:
    (directory,) = {
        path.partition("/code/")[0] for path in run_there(provider, files_of_glacier).value
    }

    assert "/glacier-job-" in directory
    assert not Path(directory).exists()


def test_job_needs_nothing_of_ours_installed(provider: Provider, tmp_path: Path) -> None:
    site = Path(pl.__file__).parents[1]
    bare = tmp_path / "bare"
    bare.mkdir()
    for name in NEEDED:
        (bare / name).symlink_to(site / name)
        for info in site.glob(f"{name.strip('_')}-*.dist-info"):
            (bare / info.name).symlink_to(info)
    package = packed_job(provider, lambda frame: frame.sum().collect()["x"].item(), ROWS.lazy())
    command = (sys.executable, "-S", "-P")
    environment = {"PYTHONPATH": str(bare)}
    without = subprocess.run(
        [*command, "-c", "import polars, glacier"],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )

    ended = start(package, *command, **environment)

    assert "No module named 'glacier'" in without.stderr
    assert ended.value == 6


def test_entrypoint_by_its_path_is_not_misled_by_its_neighbours(provider: Provider) -> None:
    package = packed_job(provider, add, 1)

    ended = start(package, sys.executable)

    assert ended.value == 2


def test_entrypoint_copied_elsewhere_runs(provider: Provider, tmp_path: Path) -> None:
    copied = tmp_path / "uploaded.py"
    copied.write_bytes(ENTRYPOINT.read_bytes())
    package = packed_job(provider, add, 1)

    subprocess.run([sys.executable, "-I", str(copied), *package.args], check=True)

    outcome = read_result(package.place)
    assert outcome is not None
    assert outcome.value == 2


def test_main_function_is_given_its_work_and_an_errand(provider: Provider) -> None:
    place = place_in(provider)
    main = f"{__name__}:what_the_main_function_gets"

    ended = start(write_package(place, ["work"], main, engine="spark"))

    assert ended.value == {
        "work": ["work"],
        "place": place.path,
        "engine": "spark",
        "has_glacier": True,
    }


def test_job_travels_through_another_store() -> None:
    from glacier_toy import ToyConfig

    package = packed_job(Provider(ToyConfig(region="cellar")), doubled, ROWS.lazy())

    ended = start(package, TOY_HOME=os.environ["TOY_HOME"])

    assert package.args[0].startswith("toy://cellar/")
    assert_frame_equal(ended.value.collect(), ROWS.with_columns(pl.col("x") * 2))


@pytest.fixture
def bucket(provider: Provider) -> Bucket:
    made = provider.bucket("sales", "rows.parquet")
    made.write(ROWS)
    return made


def test_task_gets_lazy_frames_and_returns_them(provider: Provider, bucket: Bucket) -> None:
    for frame in (bucket.scan(), bucket.scan().filter(pl.col("x") > 0), ROWS.lazy()):
        value = run_there(provider, doubled, frame).value

        assert isinstance(value, pl.LazyFrame)
        assert_frame_equal(value.collect(), ROWS.with_columns(pl.col("x") * 2))


def test_scan_is_untouched_there_too(provider: Provider, bucket: Bucket) -> None:
    assert run_there(provider, lambda frame: scan_of(frame) is not None, bucket.scan()).value


def test_frames_return_as_they_were(provider: Provider) -> None:
    value = run_there(provider, lambda: {"eager": ROWS, "lazy": [ROWS.lazy()]}).value

    assert_frame_equal(value["eager"], ROWS)
    assert isinstance(value["lazy"][0], pl.LazyFrame)
    assert_frame_equal(value["lazy"][0].collect(), ROWS)


def test_lazy_result_is_computed_there(provider: Provider) -> None:
    def failing() -> pl.LazyFrame:
        return ROWS.lazy().select(pl.col("part").cast(pl.Int64))

    ended = run_there(provider, failing)

    assert ended.exit_code == 1
    assert "conversion from `str` to `i64` failed" in str(ended.outcome.error)


class Point:
    def __init__(self, x: int) -> None:
        self.x = x


@pytest.mark.parametrize(
    "value", [None, "ünïcödé-数据 \ud800", {"a": [1, 2.5, True]}, (1, {2}), b"\0", "x" * 10_000_000]
)
def test_values_return_as_they_were(provider: Provider, value: object) -> None:
    assert run_there(provider, lambda: value).value == value


def test_object_of_the_projects_own_class_returns(provider: Provider) -> None:
    value = run_there(provider, Point, 7).value

    assert type(value) is Point
    assert value.x == 7


def test_closure_and_what_it_imports_inside_travel(provider: Provider) -> None:
    offset = 10

    def shifted(x: int) -> int:
        from tests.core.test_jobs_entrypoint import add

        return add(x, offset)

    assert run_there(provider, shifted, 1).value == 11


def run_script(source: str, directory: Path) -> Package:
    """Run a program that prints the arguments of a package, and return the package."""
    script = directory / "script.py"
    script.write_text(textwrap.dedent(source), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, cwd=directory, check=False
    )
    assert done.returncode == 0, done.stderr
    place, digest, path = json.loads(done.stdout)
    provider = Provider(LocalConfig(base_path=directory / "data"))
    bucket = provider.bucket("glacier-staging", path)
    assert bucket.adapter.location().uri == place
    return Package(bucket, digest)


def test_task_of_a_script_travels_by_its_value(tmp_path: Path) -> None:
    (tmp_path / "beside.py").write_text("def two():\n    return 2\n")
    source = """
        import json
        from glacier import Provider, task
        from glacier.config import LocalConfig
        from glacier.jobs.call import CALL_MAIN, Call
        from glacier.jobs.package import write_package
        from glacier.jobs.staging import new_place, staging_of

        provider = Provider(LocalConfig(base_path="data"))
        OFFSET = 5

        class Box:
            def __init__(self, x):
                self.x = x

        @task(executor=provider.executor("jobs"))
        def helper(x):
            return Box(x + OFFSET)

        @task
        def work(x):
            import beside
            return helper(x * beside.two()).x

        place = new_place(staging_of(provider))
        package = write_package(place, Call(work, (3,)), CALL_MAIN)
        print(json.dumps([*package.args, place.path]))
    """

    ended = start(run_script(source, tmp_path))

    assert ended.value == 11


def raise_from() -> None:
    try:
        raise KeyError("inner")
    except KeyError as error:
        raise ValueError("outer\nsecond line") from error


def test_error_returns_with_its_traceback_and_cause(provider: Provider) -> None:
    ended = run_there(provider, raise_from)

    error = ended.outcome.error
    assert isinstance(error, RemoteError)
    assert ended.exit_code == 1
    assert error.remote_type == "ValueError"
    assert str(error).startswith("ValueError: outer\nsecond line\n\nThe traceback where the job")
    assert "KeyError: 'inner'" in error.remote_traceback
    assert 'raise ValueError("outer\\nsecond line") from error' in error.remote_traceback
    assert error.remote_traceback in ended.errors
    assert ended.outcome.value is None


def raise_long() -> None:
    raise ValueError("start " + "x" * 10_000_000 + " end")


def test_error_of_endless_text_returns_without_its_middle(provider: Provider) -> None:
    error = run_there(provider, raise_long).outcome.error

    assert isinstance(error, RemoteError)
    assert len(str(error)) < 1_000_000
    assert str(error).startswith("ValueError: start xxx")
    assert "characters left out ...]" in str(error)
    assert error.remote_traceback.endswith("xxx end\n")


class OddError(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text")


def raise_odd() -> None:
    raise OddError


def test_error_without_a_message_returns(provider: Provider) -> None:
    error = run_there(provider, raise_odd).outcome.error

    assert error is not None
    assert error.remote_type == f"{__name__}.OddError"
    assert str(error).startswith(f"{__name__}.OddError: (its message can't be shown)")


def close_output() -> str:
    sys.stdout.close()
    return "closed"


def test_function_may_close_its_output(provider: Provider) -> None:
    assert run_there(provider, close_output).value == "closed"


@pytest.mark.parametrize("code", [None, 0, 3, "enough"])
def test_exit_inside_a_function_is_a_failure(provider: Provider, code: object) -> None:
    ended = run_there(provider, sys.exit, code)

    shown = "" if code is None else repr(code)
    assert ended.exit_code == 1
    assert str(ended.outcome.error).startswith(
        f"SystemExit: the function called sys.exit({shown}); a job ends when its function returns"
    )


def test_result_that_cannot_be_pickled_names_it(provider: Provider) -> None:
    def lock() -> object:
        import threading

        return {"guard": threading.Lock()}

    error = run_there(provider, lock).outcome.error

    assert "The result can't be sent to another process: the item 'guard' is a lock" in str(error)


def test_result_that_is_too_large_is_an_error(provider: Provider) -> None:
    error = run_there(provider, lambda: b"x" * (65 * 1024 * 1024)).outcome.error

    assert "The result is a bytes of 65 MiB, and what is no frame and no JSON" in str(error)


def test_killed_job_has_no_result(provider: Provider) -> None:
    package = packed_job(provider, os.abort)

    ended = start(package)

    assert ended.exit_code < 0
    assert read_result(package.place) is None


def test_half_a_result_is_none(provider: Provider) -> None:
    ended = run_there(provider, add, 1)
    file = directory_of(ended.place) / "result.json"
    file.write_bytes(file.read_bytes()[:-5])

    assert read_result(ended.place) is None


def canary(path: str) -> None:
    Path(path).touch()


class Bomb:
    """Leaves a trace when it is unpickled."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> Any:
        return canary, (str(self.trace),)


def refused(provider: Provider, trace: Path, **versions: Any) -> Ended:
    """Run a job that other versions have packed."""
    place, work = place_in(provider), Call(print, (Bomb(trace), lambda: 1))
    return start(write_package(place, work, CALL_MAIN, environment=versions))


@pytest.mark.parametrize(
    ("versions", "message"),
    [
        (
            {"python": "3.9"},
            "was packed by Python 3.9 and this is Python {python}; it holds Python functions by",
        ),
        (
            {"polars": "0.20.1"},
            "The job was packed with Polars 0.20.1 and this is {polars}; plans are not stable acr",
        ),
        ({"format": 99}, "is packed in format 99 and this entrypoint reads format 1. Submit the"),
    ],
    ids=["python", "polars", "format"],
)
def test_job_of_other_versions_is_refused_before_it_is_unpickled(
    provider: Provider, tmp_path: Path, versions: dict[str, Any], message: str
) -> None:
    trace = tmp_path / "unpickled"

    ended = refused(provider, trace, **versions)

    here = {
        "python": f"{sys.version_info.major}.{sys.version_info.minor}",
        "polars": pl.__version__,
    }
    assert ended.exit_code == 1
    assert ended.outcome.error is not None
    assert ended.outcome.error.remote_type == "JobRefusedError"
    assert message.format(**here) in str(ended.outcome.error)
    assert not trace.exists()


def test_function_of_a_module_runs_where_python_differs(provider: Provider) -> None:
    place, work = place_in(provider), Call(add, (1,))

    ended = start(write_package(place, work, CALL_MAIN, environment={"python": "3.99"}))

    assert ended.value == 2


def test_job_without_polars_is_refused(provider: Provider) -> None:
    ended = start(packed_job(provider, add, 1), sys.executable, "-I", "-S")

    assert "packed with Polars" in ended.errors
    assert "this is a Python without Polars" in ended.errors
    assert ended.exit_code == 1


@pytest.mark.parametrize("name", ["header.json", "code.zip", "payload.pickle"])
def test_tampered_package_is_refused_before_it_is_unpickled(
    provider: Provider, tmp_path: Path, name: str
) -> None:
    trace = tmp_path / "unpickled"
    package = packed_job(provider, print, Bomb(trace))
    file = directory_of(package.place) / name
    file.write_bytes(file.read_bytes() + b" ")

    ended = start(package)

    assert ended.exit_code == 1
    assert str(ended.outcome.error).startswith(f"JobRefusedError: {name} in ")
    assert "was changed after the job was submitted: its sha256 is" in str(ended.outcome.error)
    assert not trace.exists()


def test_tampered_result_is_refused(provider: Provider) -> None:
    ended = run_there(provider, add, 1)
    file = directory_of(ended.place) / "result.pickle"
    file.write_bytes(file.read_bytes() + b" ")

    with pytest.raises(JobError, match=r"was changed after the job had written it: its sha256 is"):
        read_result(ended.place)


def test_result_of_another_python_is_refused(provider: Provider) -> None:
    ended = run_there(provider, lambda: lambda: 1)
    file = directory_of(ended.place) / "result.json"
    file.write_text(json.dumps({**json.loads(file.read_bytes()), "python": "3.99"}))

    with pytest.raises(JobError, match=r"by their value, written by Python 3\.99, and this is P"):
        read_result(ended.place)


def test_payload_that_cannot_be_unpickled_leaves_an_error(provider: Provider) -> None:
    def explode() -> None:
        raise RuntimeError("exploded on arrival")

    class Fragile:
        def __reduce__(self) -> Any:
            return explode, ()

    ended = run_there(provider, print, Fragile())

    assert str(ended.outcome.error).startswith("RuntimeError: exploded on arrival")


def test_output_of_any_text_reaches_the_log(provider: Provider) -> None:
    package = packed_job(provider, print, "ünïcödé-数据 \ud800")

    ended = start(package, sys.executable, "-I", "-u", LC_ALL="C", PYTHONIOENCODING="ascii")

    assert ended.output == "ünïcödé-数据 \\ud800\n"


def test_entrypoint_is_readable_to_older_pythons() -> None:
    ast.parse(ENTRYPOINT.read_text(encoding="utf-8"), feature_version=(3, 7))


@pytest.mark.parametrize("version", [(3, 9, 18), (3, 10, 1)])
def test_older_python_is_refused_with_words(
    monkeypatch: pytest.MonkeyPatch, version: tuple[int, int, int]
) -> None:
    from glacier.jobs.entrypoint import JobRefusedError, check_versions

    monkeypatch.setattr(sys, "version_info", version)
    header = {"python": "3.11", "needs_same_python": False, "polars": pl.__version__}

    with pytest.raises(
        JobRefusedError,
        match=rf"packed by Python 3\.11 and this is Python 3\.{version[1]}; Glacier needs 3\.11",
    ):
        check_versions(header)
