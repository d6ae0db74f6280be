"""Every script of `docs/examples` runs, and prints what it should.

`third_party_plugin.py` needs its plugin: it runs where a new one is installed, in
`tests/acceptance/test_new_plugin.py`.
"""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import polars as pl
import pytest

from glacier.demo_tables import read_table
from tests.docs.pages import ROOT
from tests.rigs.spark import spark_config

if TYPE_CHECKING:
    from tests.rigs.aws.server import AwsServer
    from tests.rigs.azure.azurite import Azurite
    from tests.rigs.gcp.server import GcpServer

EXAMPLES = ROOT / "docs" / "examples"
NAMES = [path.name for path in sorted(EXAMPLES.glob("*.py"))]
TESTS = [Path(__file__), ROOT / "tests" / "acceptance" / "test_new_plugin.py"]
LOADED = """\
three days, the second one cut short:
  2013-01-01   831 flights  new
  2013-01-02   498 flights  new
  2013-01-03   900 flights  new
2013-01-02 again, now whole:
  2013-01-01   831 flights  as before
  2013-01-02   928 flights  new
  2013-01-03   900 flights  as before
"""
COUNTED = "  150 rows; most were built by BOEING in 2001: 142 planes with 24,383 seats"


def printed(name: str, directory: Path, **environment: str) -> str:
    """Run an example in a directory and return what it has printed."""
    ran = subprocess.run(
        [sys.executable, "-W", "error", str(EXAMPLES / name)],
        cwd=directory,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.stderr == ""
    return ran.stdout


def command(directory: Path, *arguments: str) -> str:
    """Run the `glacier` command in a directory and return what it has printed."""
    return subprocess.run(
        [sys.executable, "-c", "from glacier.cli import main; main()", *arguments],
        cwd=directory,
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def test_every_example_is_run() -> None:
    tests = "".join(path.read_text(encoding="utf-8") for path in TESTS)

    assert [name for name in NAMES if f'"{name}"' not in tests] == []


@pytest.mark.parametrize("name", NAMES)
def test_example_says_how_it_is_run(name: str) -> None:
    docstring = ast.get_docstring(ast.parse((EXAMPLES / name).read_text(encoding="utf-8")))

    assert docstring is not None
    assert f"\n    python docs/examples/{name}\n" in docstring
    assert "\nShows " in docstring


def test_page_lists_every_example_once() -> None:
    page = (EXAMPLES / "README.md").read_text(encoding="utf-8")

    assert sorted(re.findall(r"^\| \[`(\w+\.py)`\]\(\1\) \|", page, re.MULTILINE)) == NAMES


def test_daily_report_prints_both_reports(tmp_path: Path) -> None:
    lines = [" ".join(line.split()) for line in printed("daily_report.py", tmp_path).splitlines()]

    assert "Friday, 08 February 2013: by_airline.csv" in lines
    assert "| Delta Air Lines Inc. | 126 | 77 | 22.8 |" in lines
    assert "| 17 | 68 | 68 | null | 25.3 | 0.1 | 0.8 |" in lines


def test_daily_report_counts_every_flight_of_its_day_in_both_reports(tmp_path: Path) -> None:
    example = str(EXAMPLES / "daily_report.py")

    command(tmp_path, "run", example, "-p", "day=2013-07-10", "-p", "base_path=elsewhere")

    reports = tmp_path / "elsewhere" / "reports" / "2013-07-10"
    by_airline = pl.read_csv(reports / "by_airline.csv")
    by_hour = pl.read_parquet(reports / "by_hour.parquet")
    flights = pl.from_pandas(read_table("flights")).filter(month=7, day=10)
    counted = (flights.height, flights["dep_time"].null_count())
    assert tuple(by_airline["flights", "cancelled"].sum().row(0)) == counted
    assert tuple(by_hour["flights", "cancelled"].sum().row(0)) == counted


def test_daily_report_writes_both_reports_with_one_query(tmp_path: Path) -> None:
    planned = command(tmp_path, "plan", str(EXAMPLES / "daily_report.py"))

    (query,) = [line for line in planned.splitlines() if "by_hour" in line and "query" in line]
    assert "by_airline" in query
    assert not (tmp_path / "data").exists()


def test_incremental_load_replaces_the_day_that_is_loaded_again(tmp_path: Path) -> None:
    assert printed("incremental_load.py", tmp_path) == LOADED


def test_incremental_load_keeps_the_last_row_of_a_flight_that_was_delivered_twice(
    tmp_path: Path,
) -> None:
    row = {"carrier": "UA", "flight": 1, "origin": "EWR", "dest": "IAH", "hour": 5}
    delivery = pl.DataFrame([row | {"arr_delay": float(delay)} for delay in range(1000)])
    (tmp_path / "data" / "inbox").mkdir(parents=True)
    delivery.write_csv(tmp_path / "data" / "inbox" / "flights-2013-01-01.csv")

    command(tmp_path, "run", str(EXAMPLES / "incremental_load.py"))

    loaded = pl.read_parquet(tmp_path / "data" / "lake" / "flights" / "date=2013-01-01")
    assert loaded["arr_delay"].to_list() == [999.0]


@pytest.fixture
def spark(java: None, tmp_path: Path) -> dict[str, str]:
    """The environment of an example that finds a Spark which starts fast."""
    directory = tmp_path / "spark"
    directory.mkdir()
    lines = [f"{name} {value}" for name, value in spark_config().spark_conf.items()]
    (directory / "spark-defaults.conf").write_text("\n".join(lines), encoding="utf-8")
    return {"SPARK_CONF_DIR": str(directory), "SPARK_LOCAL_IP": "127.0.0.1"}


def test_two_executors_find_the_same_without_spark(tmp_path: Path, spark: dict[str, str]) -> None:
    with_spark = printed("two_executors.py", tmp_path, **spark).splitlines()

    without = printed("two_executors.py", tmp_path, PATH="", JAVA_HOME="").splitlines()

    assert with_spark[:-2] == without[:-2]
    assert without[0] == "Hawaiian Airlines Inc.       +16.9 min  Honolulu Intl"
    assert len(without) == 16 + 2
    process = "favourites ran on process: SUCCEEDED"
    assert set(with_spark[-2:]) == {process, "made_good ran on spark: SUCCEEDED"}
    assert set(without[-2:]) == {process, "made_good ran on second-process: SUCCEEDED"}


def test_four_stores_hold_the_same(
    tmp_path: Path, aws_server: "AwsServer", azurite: "Azurite", gcp_server: "GcpServer"
) -> None:
    lake = f"four-stores-{uuid4().hex[:8]}"
    clouds = {**aws_server.environment, **azurite.environment, **gcp_server.environment}

    lines = printed(
        "four_stores.py", tmp_path, **clouds, AWS_REGION="us-east-1", LAKE=lake
    ).splitlines()

    account = azurite.environment["AZURE_STORAGE_ACCOUNT"]
    assert lines == [
        f"LocalConfig {(tmp_path / 'data' / lake / 'fleet.parquet').as_uri()}",
        COUNTED,
        f"AwsConfig s3://{lake}/fleet.parquet",
        COUNTED,
        f"AzureConfig abfs://{lake}@{account}.dfs.core.windows.net/fleet.parquet",
        COUNTED,
        f"GcpConfig gs://{lake}/fleet.parquet",
        COUNTED,
    ]


def test_four_stores_are_one_where_no_cloud_is_named(tmp_path: Path) -> None:
    lines = printed("four_stores.py", tmp_path).splitlines()

    assert [line.split()[0] for line in lines[::2]] == ["LocalConfig"]
