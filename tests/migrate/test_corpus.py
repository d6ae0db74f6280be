"""Modules of V2 and what becomes of each: `before.py`, `after.py` and, if need be, `report.txt`."""

import runpy
from pathlib import Path

import pytest

from glacier.migrate import migrate_module

CASES = sorted(path for path in (Path(__file__).parent / "corpus").iterdir() if path.is_dir())


def cases(*paths: Path) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", [pytest.param(path, id=path.name) for path in paths])


def report_of(case: Path) -> str:
    report = case / "report.txt"
    return report.read_text(encoding="utf-8") if report.exists() else ""


def can_run(case: Path) -> bool:
    """Tell whether nothing of V2 is left in a case, nor a package that isn't there."""
    after = (case / "after.py").read_text(encoding="utf-8")
    return not report_of(case) and not after.startswith("# not run: ")


def test_corpus_has_cases() -> None:
    assert len(CASES) >= 40
    assert len([case for case in CASES if can_run(case)]) >= 20


@cases(*CASES)
def test_module_becomes_what_is_expected(case: Path) -> None:
    migration = migrate_module((case / "before.py").read_bytes())

    assert migration.error is None
    assert migration.after.decode() == (case / "after.py").read_text(encoding="utf-8")
    assert "".join(f"{finding}\n" for finding in migration.findings) == report_of(case)


@cases(*CASES)
def test_second_migration_changes_nothing_and_reports_the_same(case: Path) -> None:
    after = (case / "after.py").read_bytes()

    again = migrate_module(after)

    assert again.after == after
    messages = [finding.message for finding in again.findings]
    assert messages == [line.split(": ", 1)[1] for line in report_of(case).splitlines()]


@cases(*filter(can_run, CASES))
def test_migrated_module_runs(case: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    runpy.run_path(str(case / "after.py"), run_name="__main__")


def test_pipeline_of_v2_runs_once_it_is_migrated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    case = next(case for case in CASES if case.name == "whole_pipeline")

    names = runpy.run_path(str(case / "after.py"), run_name="__main__")

    assert names["output"].read()["amount"].to_list() == [120, 80]
    assert (tmp_path / "lake" / "my-data-lake" / "processed" / "sales.parquet").is_file()
