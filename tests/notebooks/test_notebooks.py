"""Glacier's objects in a real notebook, executed by a kernel of its own."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from tests.report.reading import read_html

Outputs = list[dict[str, Any]]  # Any: what cells put out, as JSON
Execute = Callable[..., list[Outputs]]

SETUP = """
import polars as pl
from pydantic import SecretStr
from glacier import Provider, pipeline, task
from glacier.config import LocalConfig

class GuardedConfig(LocalConfig):
    token: SecretStr | None = None

provider = Provider(config=GuardedConfig(base_path="data", token=SecretStr("canary-token")))
sales = provider.bucket("lake", "sales.parquet", schema={"amount": pl.Int64})
copy = provider.bucket("lake", "<b>copy</b>.parquet")

@task
def load():
    return sales.scan()

@task
def save(frame, is_good=True):
    copy.write(frame if is_good else frame.with_columns(x=pl.lit("canary-token").cast(pl.Int64)))

@pipeline
def daily(is_good: bool = True):
    "Copy the <sales>."
    save(load(), is_good)
"""
WRITE = 'sales.write(pl.DataFrame({"amount": [1, 2]}))'


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the notebook lies."""
    return tmp_path_factory.mktemp("notebook")


@pytest.fixture(scope="module")
def execute(directory: Path) -> Iterator[Execute]:
    """Executes cells in one kernel after the set-up, and returns what each has put out."""
    notebook = nbformat.v4.new_notebook()  # type: ignore[no-untyped-call]
    resources = {"metadata": {"path": str(directory)}}
    client = NotebookClient(notebook, timeout=60, kernel_name="python3", resources=resources)

    def run(*sources: str) -> list[Outputs]:
        start = len(notebook.cells)
        for number, source in enumerate(sources, start=start):
            cell = nbformat.v4.new_code_cell(source)  # type: ignore[no-untyped-call]
            notebook.cells.append(cell)
            client.execute_cell(cell, number)
        return [cell.outputs for cell in notebook.cells[start:]]

    environment = {**os.environ, "IPYTHONDIR": str(directory / "ipython")}
    with client.setup_kernel(env=environment):
        assert run(SETUP) == [[]]
        yield run


def html_of(outputs: Outputs) -> str:
    """Return the HTML of a cell's one output, which is well formed and has no secret."""
    (output,) = outputs
    html = str(output["data"]["text/html"])
    read_html(html)
    assert "canary" not in html
    assert "canary" not in str(output["data"]["text/plain"])
    return html


def test_resources_and_pipelines_show_themselves_and_ask_for_nothing(
    execute: Execute, directory: Path
) -> None:
    bucket, escaped, provider, pipeline = execute(
        "sales",
        "copy",
        'Provider(GuardedConfig(base_path="untouched", token=provider.config.token))',
        "daily",
    )

    assert "lake/sales.parquet" in html_of(bucket)
    assert "amount: Int64" in html_of(bucket)
    assert bucket[0]["data"]["text/plain"] == "Bucket('lake', path='sales.parquet')"
    assert "&lt;b&gt;copy&lt;/b&gt;.parquet" in html_of(escaped)
    assert "GuardedConfig" in html_of(provider)
    assert "base_path" in html_of(provider)
    assert "is_good: bool" in html_of(pipeline)
    assert "Copy the &lt;sales&gt;." in html_of(pipeline)
    assert not (directory / "untouched").exists()


def test_run_puts_out_nothing_but_its_card(execute: Execute) -> None:
    _, ran = execute(WRITE, "daily.run()")

    html = html_of(ran)
    assert ran[0]["output_type"] == "execute_result"
    assert "2 succeeded" in html
    assert "(rows: 2, size: " in html
    assert ran[0]["data"]["text/plain"] == "<Run of 'daily': SUCCEEDED, 2 succeeded>"


def test_failed_run_is_an_error_whose_run_shows_what_failed(execute: Execute) -> None:
    _, _, ran = execute(
        WRITE,
        "from glacier.errors import RunError",
        "try:\n    daily.run(is_good=False)\nexcept RunError as error:\n    bad = error.run\nbad",
    )

    html = html_of(ran)
    assert "failed: save" in html
    assert "(hidden)" in html


def test_progress_is_one_bar_that_ends_with_the_runs_state(execute: Execute) -> None:
    _, ran = execute(
        WRITE,
        "from glacier.cli.progress import shown_progress\n\n"
        "with shown_progress():\n    daily.run()",
    )

    html = html_of(ran)
    assert ran[0]["output_type"] == "display_data"
    assert '<progress value="2" max="2"' in html
    assert ran[0]["data"]["text/plain"].startswith("daily: 2/2 tasks, ")
    assert ran[0]["data"]["text/plain"].endswith(", succeeded")


def test_progress_of_a_failed_run_says_so(execute: Execute) -> None:
    _, ran = execute(
        WRITE,
        "from contextlib import suppress\n"
        "from glacier.cli.progress import shown_progress\n"
        "from glacier.errors import RunError\n\n"
        "with suppress(RunError), shown_progress():\n    daily.run(is_good=False)",
    )

    html_of(ran)
    assert ran[0]["data"]["text/plain"].endswith(", 1 failed, failed")


def test_progress_of_many_tasks_and_of_two_blocks_is_a_bar_for_each_block(execute: Execute) -> None:
    (ran,) = execute(
        "@task\ndef count(number):\n    pass\n\n"
        "@pipeline\ndef many():\n    for number in range(2000):\n        count(number)\n\n"
        "from glacier.cli.progress import shown_progress\n\n"
        "for _ in range(2):\n    with shown_progress():\n        many.run()",
    )

    told = [output["data"]["text/plain"] for output in ran]
    assert len(told) == 2
    assert all(text.startswith("many: 2000/2000 tasks, ") for text in told)


def test_report_can_be_written_from_a_notebook(execute: Execute, directory: Path) -> None:
    execute(WRITE, 'daily.run().report("run.html")')

    assert "daily" in (directory / "run.html").read_text(encoding="utf-8")
