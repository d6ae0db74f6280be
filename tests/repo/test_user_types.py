"""A user's program type-checks strictly, without a plugin of the type checker."""

import subprocess
import sys
from pathlib import Path
from textwrap import dedent

from tests.repo.layout import ROOT, distributions

PROGRAM = """
    import polars as pl

    import glacier
    from glacier import Bucket, Provider, pipeline, task
    from glacier.config import AwsConfig, LocalConfig, S3Config

    provider = Provider(config=LocalConfig(base_path="data"))
    elsewhere = Provider(config=AwsConfig(region="eu-central-1"))
    aged = {"id": "archive", "transition": {"days": 30, "storage_class": "GLACIER"}}
    archive = elsewhere.bucket("archive", config=S3Config(lifecycle_rules=[aged]))
    raw_data = provider.bucket(bucket_name="my-data-lake", path="raw/sales.parquet")
    output_bucket = provider.bucket(bucket_name="my-data-lake", path="processed/sales.parquet")


    @task
    def load_data(source: Bucket) -> pl.LazyFrame:
        return source.scan()


    @task(depends_on=[load_data])
    def clean_data(df: pl.LazyFrame) -> pl.LazyFrame:
        return df.filter(pl.col("amount") > 0)


    @task(depends_on=[clean_data])
    def save_data(df: pl.LazyFrame, destination: Bucket) -> None:
        destination.write(df)


    @pipeline(name="sales_pipeline")
    def sales_pipeline() -> None:
        df = load_data(raw_data)
        cleaned = clean_data(df)
        save_data(cleaned, output_bucket)


    run = sales_pipeline.run()
    version: str = glacier.__version__
"""


def complaints(directory: Path, program: str) -> str:
    """Return what a strict mypy without plugins says of a program."""
    script, settings = directory / "program.py", directory / "mypy.ini"
    script.write_text(dedent(program), encoding="utf-8")
    sources = ":".join(str(path / "src") for path in distributions())
    settings.write_text(f"[mypy]\nstrict = true\nmypy_path = {sources}\n", encoding="utf-8")
    cache = ROOT / ".cache" / "mypy-user"
    # `silent`: the library's own sources are checked with the plugin.
    options = ["--follow-imports=silent", "--config-file", str(settings), "--cache-dir", str(cache)]
    ran = subprocess.run(
        [sys.executable, "-m", "mypy", *options, str(script)],
        capture_output=True,
        text=True,
        check=False,
        cwd=directory,
    )
    return ran.stdout + ran.stderr


def test_program_with_annotations_is_accepted(tmp_path: Path) -> None:
    said = complaints(tmp_path, PROGRAM)

    assert said == "Success: no issues found in 1 source file\n"


def test_program_with_a_wrong_path_is_refused(tmp_path: Path) -> None:
    said = complaints(
        tmp_path, "from glacier.config import LocalConfig\n\nLocalConfig(base_path=3)\n"
    )

    assert 'Argument "base_path" to "LocalConfig" has incompatible type "int"' in said


def test_program_with_an_unknown_name_is_refused(tmp_path: Path) -> None:
    said = complaints(tmp_path, "import glacier\n\nglacier.no_such_thing\n")

    assert 'Module has no attribute "no_such_thing"' in said
