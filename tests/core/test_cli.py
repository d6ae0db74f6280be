"""The `glacier` command: running pipelines, looking into them, and listing plugins."""

from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import polars as pl
import pytest

from tests.core.cli_project import installed, invoke, project_in
from tests.core.distributions import write_distribution

SECOND_STORE = """
    from glacier import Bucket
    from glacier.config import LocalConfig
    from glacier.hookspecs import hookimpl
    from glacier.registry import AdapterSpec

    @hookimpl
    def glacier_register_adapters():
        return [AdapterSpec(Bucket, LocalConfig, "second_store:Adapter")]
"""


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    with project_in(tmp_path, monkeypatch) as directory:
        yield directory


def test_run_writes_and_prints_a_line_for_each_task(project: Path) -> None:
    done = installed("run", "flows.py:daily", "-p", "base_path=data")

    lines = [line.split() for line in done.stdout.splitlines()]
    assert done.returncode == 0, done.stderr
    assert [line[:2] for line in lines] == [
        ["SUCCEEDED", "source"],
        ["SUCCEEDED", "double"],
        ["SUCCEEDED", "save"],
        ["SUCCEEDED", "after"],
        ["SUCCEEDED", "daily"],
    ]
    assert done.stderr == ""
    assert pl.read_parquet(project / "data" / "out" / "x.parquet")["a"].to_list() == [2, 4]


def test_run_ends_with_a_summary() -> None:
    result = invoke("run", "flows.py:daily", "-p", "base_path=data")

    summary = result.stdout.splitlines()[-1]
    assert summary.startswith("SUCCEEDED  daily  4 succeeded in ")
    assert summary.endswith(" s writing")


def test_failed_run_exits_with_1_and_names_task_and_cause() -> None:
    done = installed("run", "flows.py:daily", "-p", "base_path=data", "-p", "column=b")

    assert done.returncode == 1
    assert done.stderr.splitlines()[0] == "Pipeline 'daily' failed."
    assert done.stderr.splitlines()[1].startswith("  Task 'save' failed: Writing file://")
    assert done.stderr.splitlines()[1].endswith(" The frame that fails is made by 'double'.")
    assert 'ColumnNotFoundError: unable to find column "b"' in done.stderr.splitlines()[1]
    assert done.stderr.splitlines()[2:] == [
        "  skipped: after",
    ]


def test_run_writes_a_report_on_request(project: Path) -> None:
    result = invoke("run", "flows.py:daily", "-p", "base_path=data", "--report", "out/run.html")

    assert result.exit_code == 0
    assert result.stdout.splitlines()[-1] == "Report: out/run.html"
    assert "✓</span> Succeeded" in (project / "out/run.html").read_text(encoding="utf-8")


def test_failed_run_has_a_report_too(project: Path) -> None:
    arguments = ["-p", "base_path=data", "-p", "column=b", "--report", "run.html"]

    result = invoke("run", "flows.py:daily", *arguments)

    assert result.exit_code == 1
    assert result.stdout.splitlines()[-1] == "Report: run.html"
    assert "✕</span> Failed" in (project / "run.html").read_text(encoding="utf-8")


def test_failed_run_tells_its_failure_where_the_report_cannot_be_written(project: Path) -> None:
    arguments = ["-p", "base_path=data", "-p", "column=b", "--report", "flows.py/run.html"]

    result = invoke("run", "flows.py:daily", *arguments)

    assert result.exit_code == 1
    assert (
        "Error: The report can't be written to 'flows.py/run.html': 'flows.py' is a file and not a "
        "directory. Name a file in a directory that can be written to."
    ) in result.stderr
    assert "Task 'save' failed" in result.stderr


def test_failed_run_prints_its_tasks() -> None:
    result = invoke("run", "flows.py:daily", "-p", "base_path=data", "-p", "column=b")

    lines = result.stdout.splitlines()
    assert any(line.startswith("FAILED     save  ") for line in lines)
    assert "SKIPPED    after" in lines
    assert lines[-1].startswith("FAILED     daily  2 succeeded, 1 failed, 1 skipped in ")


def test_traceback_is_printed_on_request() -> None:
    arguments = ["run", "flows.py:daily", "-p", "base_path=data", "-p", "column=b"]

    without, asked_for = invoke(*arguments), invoke(*arguments, "--traceback")

    assert "Traceback (most recent call last)" not in without.stderr
    assert "Traceback (most recent call last)" in asked_for.stderr


def test_run_of_a_wrong_graph_exits_with_2() -> None:
    result = invoke("run", "flows.py:circular")

    assert result.exit_code == 2
    assert result.stderr.startswith(
        "Error: Task 'after' depends on 'save', which pipeline 'circular' never calls"
    )


def test_check_reports_every_task(project: Path) -> None:
    result = invoke("check", "flows.py:daily", "-p", "base_path=data")

    assert result.exit_code == 0
    assert result.stdout.splitlines()[0] == "Check of 'daily': no error found"
    assert not (project / "data").exists()


def test_check_exits_with_1_when_something_is_wrong() -> None:
    result = invoke("check", "flows.py:daily", "-p", "base_path=data", "-p", "column=b")

    assert result.exit_code == 1
    assert 'FAILED        double: ColumnNotFoundError: unable to find column "b"' in result.stdout


def test_plan_shows_what_settles(project: Path) -> None:
    result = invoke("plan", "flows.py:daily", "-p", "base_path=data")

    assert result.exit_code == 0
    assert result.stdout.startswith("Plan of 'daily'\n")
    assert "settle  (after depends on save)" in result.stdout
    assert not (project / "data").exists()


def test_graph_is_mermaid() -> None:
    result = invoke("graph", "flows.py:daily", "-p", "base_path=data")

    assert result.stdout.splitlines() == [
        "flowchart TD",
        '    t0["source"]',
        '    t1["double"]',
        '    t2["save"]',
        '    t3["after"]',
        "    t0 --> t1",
        "    t1 --> t2",
        "    t2 -.-> t3",
    ]


def test_version_is_that_of_core() -> None:
    done = installed("--version")

    assert done.stdout == f"glacier {version('glacier-core')}\n"


def test_plugins_are_listed_with_what_they_register() -> None:
    result = invoke("plugins")

    assert result.exit_code == 0, result.stdout
    assert f"glacier-core {version('glacier-core')}" in result.stdout
    assert "Bucket with LocalConfig" in result.stdout
    assert "configs: LocalConfig" in result.stdout


def test_broken_plugin_is_listed_with_its_reason(tmp_path: Path) -> None:
    write_distribution(tmp_path, "glacier-worn", "raise ZeroDivisionError('no disk')")

    done = installed("plugins", PYTHONPATH=str(tmp_path))

    assert done.returncode == 1
    assert done.stdout.splitlines()[-1] == (
        "BROKEN    The plugin 'glacier-worn' of glacier-worn 1.0 could not be loaded: "
        "ZeroDivisionError: no disk. Update or uninstall it; the other plugins work."
    )


def test_plugins_that_claim_the_same_are_listed(tmp_path: Path) -> None:
    write_distribution(tmp_path, "second-store", SECOND_STORE)

    done = installed("plugins", PYTHONPATH=str(tmp_path))

    assert done.returncode == 1
    conflict = done.stdout.splitlines()[-1]
    assert conflict.startswith("CONFLICT  Bucket with LocalConfig is claimed by ")
    assert "second-store 1.0" in conflict


def test_plugin_whose_config_does_not_exist_is_listed(tmp_path: Path) -> None:
    source = """
        from glacier.hookspecs import hookimpl

        @hookimpl
        def glacier_register_configs():
            return {"LostConfig": "lost_store:LostConfig"}
    """
    write_distribution(tmp_path, "lost-store", source)

    done = installed("plugins", PYTHONPATH=str(tmp_path))

    assert done.returncode == 1
    assert done.stdout.splitlines()[-1] == (
        "CONFLICT  The config 'LostConfig' can't be used: Module 'lost_store' has no 'LostConfig'."
    )


def test_demo_prints_its_findings(tmp_path: Path) -> None:
    done = installed("demo", "--base-path", str(tmp_path / "data"))

    assert done.returncode == 0, done.stderr
    assert "336,776 flights left New York City in 2013: 73.4% arrived on time" in done.stdout
    assert "Hawaiian Airlines Inc." in done.stdout
    assert "4 reports, written by one query" in done.stdout
    assert "2,313 rows" in done.stdout
