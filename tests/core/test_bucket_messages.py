"""What buckets say where something is amiss, so that a user finds the way out."""

from pathlib import Path, PurePosixPath
from typing import Any

import polars as pl
import pytest

from glacier import Bucket, Provider, pipeline, task
from glacier.config import LocalConfig
from glacier.errors import (
    ConfigError,
    ConfigMismatchError,
    FormatError,
    ObjectNotFoundError,
    PathError,
    RunError,
    SchemaMismatchError,
    UnboundResourceError,
    WriteError,
)

FRAME = pl.DataFrame({"x": [1, 2]})


@pytest.mark.parametrize("path", ["model.pkl", "x.json", "notes.txt"])
def test_file_of_unknown_suffix_is_opened_found_and_deleted(provider: Provider, path: str) -> None:
    file = provider.bucket("lake") / path

    with file.open("wb") as stream:
        stream.write(b"bytes")
    found, listed = file.exists(), file.list()
    file.delete()

    assert (file.format, file.is_table) == (None, False)
    assert (found, listed, file.exists()) == (True, [path], False)


@pytest.mark.parametrize(
    "use", [Bucket.scan, Bucket.read, lambda file: file.write(FRAME), Bucket.get_format]
)
def test_file_of_unknown_suffix_is_no_frame(provider: Provider, use: Any) -> None:
    file = provider.bucket("lake", "model.pkl")

    with pytest.raises(FormatError, match=r"'model\.pkl' ends in no known suffix; name the format"):
        use(file)


def test_file_of_unknown_suffix_is_used_inside_a_run(provider: Provider, base_path: Path) -> None:
    file = provider.bucket("lake", "model.pkl")

    @task
    def save() -> None:
        with file.open("wb") as stream:
            stream.write(b"bytes")

    @pipeline
    def training() -> None:
        save()

    training.run()

    assert (base_path / "lake/model.pkl").read_bytes() == b"bytes"


@pytest.mark.parametrize("format", ["parqet", 3])
def test_format_of_unknown_name_is_refused_at_once(provider: Provider, format: Any) -> None:
    with pytest.raises(FormatError, match=rf"Unknown format {format!r}; installed: csv, "):
        provider.bucket("lake", "model.pkl", format)


def test_delete_of_a_whole_bucket_is_refused(provider: Provider) -> None:
    bucket = provider.bucket("lake")
    (bucket / "x.parquet").write(FRAME)

    with pytest.raises(PathError, match=r"is a whole bucket; delete a path such as 'data/'\."):
        bucket.delete()

    assert bucket.list() == ["x.parquet"]


def test_path_object_is_taken_as_text(provider: Provider) -> None:
    bucket = provider.bucket("lake", PurePosixPath("raw"))

    below = bucket / Path("2024") / PurePosixPath("x.csv")

    assert (bucket.path, below.path, below.format) == ("raw", "raw/2024/x.csv", "csv")


@pytest.mark.parametrize(("path", "kind"), [(None, "NoneType"), (3, "int"), (b"raw", "bytes")])
def test_path_that_is_no_text_is_refused(provider: Provider, path: Any, kind: str) -> None:
    message = rf"A path is text, such as 'raw/x\.parquet'; got {kind}\."

    with pytest.raises(PathError, match=message):
        provider.bucket("lake", path)
    with pytest.raises(PathError, match=message):
        provider.bucket("lake", "raw/") / path


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        (3, r"The bucket name 3 is not legal: it is an int; expected text\."),
        (None, r"The bucket name None is not legal: it is a NoneType; expected text\."),
        ("", r"it names no bucket; expected a name such as 'sales'\."),
        (".", r"it names no bucket; expected a name such as 'sales'\."),
    ],
)
def test_bucket_name_that_is_none_says_what_is_expected(
    provider: Provider, name: Any, problem: str
) -> None:
    with pytest.raises(PathError, match=problem):
        provider.bucket(name)


def test_provider_that_is_none_says_who_makes_buckets() -> None:
    given: Any = "local"

    with pytest.raises(
        UnboundResourceError,
        match=r"provider= takes a Provider; use provider\.bucket\(\.\.\.\)\. Got str\.",
    ):
        Bucket("lake", "x.parquet", provider=given)


def test_config_class_says_how_to_make_a_config() -> None:
    given: Any = LocalConfig

    with pytest.raises(
        ConfigMismatchError, match=r"got the class LocalConfig; make one: LocalConfig\(\)\."
    ):
        Provider(config=given)


def test_config_of_a_provider_says_where_it_belongs(provider: Provider) -> None:
    with pytest.raises(
        ConfigMismatchError,
        match=r"LocalConfig is a provider's config: Provider\(config=LocalConfig\(\.\.\.\)\)\.",
    ):
        provider.bucket("lake", config=LocalConfig())


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        (["a", "b"], "schema= takes a mapping of column names to Polars types; got list"),
        ("a", "schema= takes a mapping of column names to Polars types; got str"),
        ({"a": pl.Int64, "b": "int"}, "schema= has no Polars type for the column 'b': got 'int'"),
        ({"a": pl.List}, "schema= has no Polars type for the column 'a': got List"),
        ({1: pl.Int64}, "one name is 1, which is no text"),
    ],
)
def test_schema_that_is_none_is_refused(provider: Provider, schema: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        provider.bucket("lake", "x.parquet", schema=schema)


@pytest.mark.parametrize(
    ("format", "other", "problem"),
    [
        ("parquet", pl.DataFrame({"x": [1]}), r"did not find column y"),
        ("ipc", pl.DataFrame({"x": [1]}), r"did not find column y"),
        ("parquet", pl.DataFrame({"x": [1], "y": [2], "z": [3]}), r"extra column .*: z"),
        ("parquet", pl.DataFrame({"x": [1], "y": ["a"]}), r"data type mismatch for column y"),
        ("csv", pl.DataFrame({"x": [1]}), r"schema lengths differ"),
    ],
)
def test_read_of_files_that_differ_says_so_without_advice_of_polars(
    provider: Provider, format: str, other: pl.DataFrame, problem: str
) -> None:
    (provider.bucket("lake") / f"d/1.{format}").write(pl.DataFrame({"x": [1], "y": [2]}))
    (provider.bucket("lake") / f"d/2.{format}").write(other)

    with pytest.raises(
        SchemaMismatchError,
        match=rf"The files of \S+ do not have the same columns: {problem}.*Rewrite those",
    ) as caught:
        provider.bucket("lake", "d/", format).read()

    assert all(noise not in str(caught.value) for noise in ["hint:", "consider", ".."])


@pytest.mark.parametrize("source", ["gone.parquet", "gone.csv", "gone/*.parquet"])
@pytest.mark.parametrize("schema", [None, FRAME.schema])
def test_write_of_a_missing_source_names_it(
    provider: Provider, source: str, schema: pl.Schema | None
) -> None:
    target = provider.bucket("lake", "target.parquet", schema=schema)
    rows = provider.bucket("lake", source).scan()

    with pytest.raises(
        ObjectNotFoundError,
        match=r"Writing \S+/target\.parquet failed and left it as it was: a file that its rows "
        r"come from is not there: \S+/lake/gone\S+( \(set POLARS_VERBOSE=1 to see full path\))?"
        r"\. Check that bucket's name and path",
    ):
        target.write(rows)


def test_run_with_a_missing_source_names_it(provider: Provider) -> None:
    @task
    def copy() -> None:
        provider.bucket("lake", "target.parquet").write(
            provider.bucket("lake", "gone.parquet").scan()
        )

    @pipeline
    def copying() -> None:
        copy()

    with pytest.raises(RunError, match=r"rows come from is not there: \S+/lake/gone\.parquet"):
        copying.run()


def test_write_of_a_corrupt_source_says_that_it_is_one(provider: Provider) -> None:
    source = provider.bucket("lake", "source.parquet")
    with source.open("wb") as stream:
        stream.write(b"this is no parquet at all")

    with pytest.raises(
        WriteError, match=r"a file that its rows come from can't be read: .* must end with PAR1"
    ):
        provider.bucket("lake", "target.parquet").write(source.scan())


def test_write_of_an_unknown_column_leaves_the_plan_out(provider: Provider) -> None:
    with pytest.raises(
        WriteError, match=r'unable to find column "nope"; valid columns: \["x"\]$'
    ) as caught:
        provider.bucket("lake", "d/").write(FRAME, partition_by="nope")

    assert "\n" not in str(caught.value)


def test_write_of_none_asks_for_the_return(provider: Provider) -> None:
    nothing: Any = None

    with pytest.raises(WriteError, match=r"Did the task that made it forget to return it\?$"):
        provider.bucket("lake", "x.parquet").write(nothing)


@pytest.mark.parametrize(
    ("below", "problem"),
    [("", "is a file"), ("/deeper", r"can't be made: .*Not a directory.*")],
)
def test_write_below_a_base_path_that_is_no_directory_names_it(
    tmp_path: Path, below: str, problem: str
) -> None:
    (tmp_path / "file").touch()
    provider = Provider(config=LocalConfig(base_path=f"{tmp_path}/file{below}"))

    with pytest.raises(
        PathError, match=rf"The base path '\S+/file{below}' {problem}; expected a directory\."
    ):
        provider.bucket("lake", "x.parquet").write(FRAME)


def test_read_passes_its_options_on(provider: Provider) -> None:
    bucket = provider.bucket("lake", "x.csv")
    bucket.write(FRAME)

    @task
    def count() -> int:
        return bucket.read(n_rows=1).height

    @pipeline
    def counting() -> int:
        return count()

    assert bucket.read(n_rows=1).height == 1
    assert counting.run().result == 1
